//! Objections of members to getting another root key.

use super::*;

fn replacing(chain: &Chain, number: usize, new: &SecretKey) -> (MemberId, Motion) {
    let electors: Vec<MemberId> = chain.order.members().keys().copied().collect();
    let member = electors[number];
    let effect = Effect::Root {
        member,
        root: new.public(),
        proof: new.sign(&root_message(&FEDERATION, &member)),
    };
    (member, motion(1, Some(effect)))
}

#[test]
fn nobody_but_the_member_itself_objects_to_its_new_root_key() {
    let cast = cast();
    let chain = register(&cast);
    let new = root(50);
    let (member, motion) = replacing(&chain, 2, &new);
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &motion);
    let closes = closes(&voting, &[Choice::Agree; 3], Some(&motion));
    let (phase, other) = (voting.phase.id, cast.phase.electorate[3].member);
    let matter = Matter::Objection { phase };
    let meddling = Declaration::sign(&FEDERATION, &root(3), (other, 1), matter);
    let (batch, _) = chain.draft(declared(vec![meddling]));
    let chain = match batch.items.is_empty() {
        true => chain,
        false => chain.after(&batch).unwrap().0,
    };
    let (after, happened) = goes_on(&chain, closing(closes));
    let [Happened::Closed { effect, .. }] = &happened[..] else {
        panic!("{happened:?}");
    };
    assert_eq!(effect, &Some(Ok(())));
    assert_eq!(after.order.members()[&member].root, new.public());
}

#[test]
fn an_objection_goes_on_with_a_vote_that_is_extended() {
    let cast = cast();
    let chain = register(&cast);
    let new = root(50);
    let (member, motion) = replacing(&chain, 2, &new);
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &motion);
    let phase = voting.phase.id;
    let matter = Matter::Objection { phase };
    let objection = Declaration::sign(&FEDERATION, &root(2), (member, 1), matter);
    let (chain, _) = goes_on(&chain, declared(vec![objection]));
    assert!(chain.objects(&phase));
    // Too few take part at first: the vote is extended.
    let (chain, happened) = goes_on(&chain, closing(closes(&voting, &[], None)));
    let [
        Happened::Closed {
            next: Some(next), ..
        },
    ] = &happened[..]
    else {
        panic!("{happened:?}");
    };
    let voting = voting.within(chain.phases[next].clone());
    assert_eq!(voting.phase.cause, Cause::Extended);
    let closes = closes(&voting, &[Choice::Agree; 3], Some(&motion));
    let (after, happened) = goes_on(&chain, closing(closes));
    let [Happened::Closed { effect, .. }] = &happened[..] else {
        panic!("{happened:?}");
    };
    assert_eq!(effect, &Some(Err(Ineffective::Objected)));
    assert_eq!(after.order.members()[&member].root, root(2).public());
}

#[test]
fn who_still_holds_a_root_key_keeps_it_from_being_replaced() {
    let cast = cast();
    let chain = register(&cast);
    let member = cast.phase.electorate[2].member;
    let new = root(50);
    let effect = Effect::Root {
        member,
        root: new.public(),
        proof: new.sign(&root_message(&FEDERATION, &member)),
    };
    let motion = motion(1, Some(effect));
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &motion);
    let closes = closes(&voting, &[Choice::Agree; 3], Some(&motion));
    let (replaced, _) = goes_on(&chain, closing(closes.clone()));
    assert_eq!(replaced.order.members()[&member].root, new.public());
    let phase = voting.phase.id;
    let objection = Declaration::sign(
        &FEDERATION,
        &root(2),
        (member, 1),
        Matter::Objection { phase },
    );
    let (chain, _) = goes_on(
        &chain,
        Items {
            declarations: vec![objection],
            ..Items::default()
        },
    );
    let (kept, happened) = goes_on(&chain, closing(closes));
    let [Happened::Closed { effect, .. }] = &happened[..] else {
        panic!("{happened:?}");
    };
    assert_eq!(effect, &Some(Err(Ineffective::Objected)));
    assert_eq!(kept.order.members()[&member].root, root(2).public());
}

/// What a member declares against a vote.
fn objection(number: usize, member: MemberId, phase: PhaseId) -> Items {
    let matter = Matter::Objection { phase };
    let objection = Declaration::sign(&FEDERATION, &root(number), (member, 1), matter);
    declared(vec![objection])
}

#[test]
fn an_objection_that_comes_as_the_vote_is_extended_holds_for_the_extension() {
    let cast = cast();
    let chain = register(&cast);
    let (member, motion) = replacing(&chain, 2, &root(50));
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &motion);
    let late = objection(2, member, voting.phase.id);
    let both = Items {
        closings: vec![closes(&voting, &[], None)],
        ..late.clone()
    };
    // Its phase is closed at the height that could have had it.
    let (chain, _) = goes_on(&chain, both);
    let extension = chain.phases().values().next().unwrap();
    assert_eq!(extension.cause, Cause::Extended);
    assert!(!chain.objects(&extension.id));
    let (chain, _) = goes_on(&chain, late);
    assert!(chain.objects(chain.phases().keys().next().unwrap()));
}

#[test]
fn an_objection_goes_on_with_an_amendment_that_replaces_the_same_key() {
    for (amends, is_kept) in [(2, true), (3, false)] {
        let cast = cast();
        let chain = register(&cast);
        let rule = RuleName::ConsentThenVote;
        let (member, motion) = replacing(&chain, 2, &root(50));
        let (voting, chain) = open(&cast, &chain, rule, &motion);
        let (chain, _) = goes_on(&chain, objection(2, member, voting.phase.id));
        let said = [Choice::Agree, Choice::Agree, Choice::Block, Choice::Agree];
        let (chain, _) = goes_on(&chain, closing(closes(&voting, &said, None)));
        let window = cast.within(chain.phases().values().next().unwrap().clone());
        assert!(chain.objects(&window.phase.id));
        let (_, amended) = replacing(&chain, amends, &root(51));
        let act = Act::Amend {
            version: EntryId([7; 32]),
            text: amended.hash(),
        };
        let answer = Mandated {
            entry: window.answer(1, act),
            mandate: window.mandate(0, 1),
        };
        let answers = vec![Answers {
            answer,
            motion: Some(amended),
        }];
        let (chain, _) = goes_on(
            &chain,
            Items {
                answers,
                ..Items::default()
            },
        );
        let phase = chain.phases().values().next().unwrap();
        assert_eq!(phase.cause, Cause::Amended);
        assert_eq!(chain.objects(&phase.id), is_kept, "{amends}");
    }
}

#[test]
fn an_objection_goes_on_with_a_vote_that_todays_validators_hold_again() {
    let cast = cast();
    let chain = register(&cast);
    let (member, motion) = replacing(&chain, 2, &root(50));
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &motion);
    let phase = voting.phase.id;
    let mut wanted = objection(2, member, phase);
    let other = cast.phase.electorate[3].member;
    let gone = Declaration::sign(&FEDERATION, &root(3), (other, 1), Matter::NoValidator);
    wanted.declarations.push(gone);
    let (chain, _) = goes_on(&chain, wanted);
    let notes = [0, 1, 2].map(|number| {
        let says = Statement::Stalled {
            phase,
            validators: chain.validators.hash(),
            seals: 2,
        };
        let (validator, key) = cast.validator(number);
        StallNote {
            validator,
            seals: 2,
            signature: says.sign(&FEDERATION, key),
        }
    });
    let notes = notes.into();
    let (chain, happened) = goes_on(
        &chain,
        Items {
            stalls: vec![Stall { phase, notes }],
            ..Items::default()
        },
    );
    let [Happened::Stalled { next, .. }] = &happened[..] else {
        panic!("{happened:?}");
    };
    assert!(chain.objects(next));
}
