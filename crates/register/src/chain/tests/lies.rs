//! What must hold though members lie.

use domain::{
    effect::{COMMITTEE, Someone},
    id::PersonId,
};

use super::*;

#[test]
fn a_forged_declaration_of_a_number_does_not_keep_out_the_true_one() {
    let cast = cast();
    let chain = register(&cast);
    let member = cast.phase.electorate[2].member;
    let sign = |key: SecretKey| Declaration::sign(&FEDERATION, &key, (member, 1), Matter::Leave);
    // Whoever has a node may store bytes that say they are member 2's.
    let (forged, honest) = (sign(root(3)), sign(root(2)));
    let (batch, _) = chain.draft(declared(vec![forged, honest.clone()]));
    assert_eq!(batch.items.declarations, [honest]);
}

#[test]
fn there_are_never_more_members_than_may_vote_by_the_charter_rule() {
    let cast = cast();
    let chain = register(&cast);
    let mut members = chain.order.members().clone();
    let host = *members.keys().next().unwrap();
    for number in members.len()..domain::record::VOTERS_MAX {
        let root = root(1_000 + number);
        let mut id = [0xaa; 32];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let one = Member {
            name: format!("Person {number}"),
            class: "individual".parse().unwrap(),
            root: root.public(),
            record: EntryId(id),
            host,
            validator: None,
            since: 1,
            declared: 0,
        };
        members.insert(MemberId(id), one);
    }
    let order = Order::new(cast.charter.clone(), members);
    let mut chain = Chain { order, ..chain };
    let place = Place {
        federation: FEDERATION,
        height: 2,
        time: OPENED,
        record: EntryId([3; 32]),
    };
    let effect = Effect::Admission(applicant(&chain, 40));
    let _ = chain.order.apply(&place, &effect);
    // Otherwise no vote by the charter rule can ever be opened again, nor the register be recovered.
    let amended = cast.charter.with_changes([("title", "\"Ours\"")]).unwrap();
    let charter = Effect::Charter {
        charter: amended.to_bytes(),
    };
    let motion = motion(1, Some(charter));
    let opened = opened(&cast, &chain, RuleName::Charter, &motion);
    let (batch, _) = chain.draft(Items {
        openings: vec![opened],
        ..Items::default()
    });
    assert_eq!(batch.items.openings.len(), 1);
}

#[test]
fn a_member_with_a_new_root_key_opens_votes_under_its_first_mandate() {
    let cast = cast();
    let chain = register(&cast);
    let member = cast.phase.electorate[0].member;
    // A thief has the root key of member 0 and has opened something under the highest mandate.
    let mut members = chain.order.members().clone();
    members.get_mut(&member).unwrap().root = root(50).public();
    let order = Order::new(cast.charter.clone(), members);
    let mut chain = Chain { order, ..chain };
    chain.mandates.insert(member, u64::MAX);
    // The members give it another one.
    let effect = Effect::Root {
        member,
        root: root(0).public(),
        proof: root(0).sign(&root_message(&FEDERATION, &member)),
    };
    let (rule, replacing) = (RuleName::Consent, motion(1, Some(effect)));
    let opened_by_1 = Opened {
        opening: mandated(&cast, 1, Kind::Opening, &opening(&chain, rule, &replacing)),
        motion: replacing.clone(),
    };
    let wanted = Items {
        openings: vec![opened_by_1],
        ..Items::default()
    };
    let (chain, _) = goes_on(&chain, wanted);
    let voting = cast.within(chain.phases.values().next().unwrap().clone());
    let sent: Vec<Sent> = (1..4)
        .map(|voter| Sent::new(voter, Choice::Agree, &ALL))
        .collect();
    let closes = closes_with(&voting, voting.sent(&sent), Some(&replacing));
    let (chain, _) = goes_on(&chain, closing(closes));
    assert_eq!(chain.order.members()[&member].root, root(0).public());
    // Its first vote under its new root key's first mandate.
    let opened = opened(&cast, &chain, rule, &motion(2, None));
    let (batch, _) = chain.draft(Items {
        openings: vec![opened],
        ..Items::default()
    });
    assert_eq!(batch.items.openings.len(), 1);
}

/// Those with these numbers close votes.
fn committee(chain: &Chain, numbers: &[usize], until: Timestamp) -> Effect {
    let members: Vec<MemberId> = chain.order.members().keys().copied().collect();
    let people = numbers.iter().map(|number| Someone {
        member: members[*number],
        person: PersonId([1; 16]),
    });
    Effect::Commission {
        name: COMMITTEE.to_owned(),
        powers: "They close votes.".to_owned(),
        people: people.collect(),
        until,
    }
}

#[test]
fn nobody_takes_over_the_closing_of_votes_by_a_usual_decision_or_for_a_term_that_is_over() {
    let cast = cast();
    let chain = register(&cast);
    let late = OPENED.plus_ms(365 * 24 * 3_600_000);
    for (rule, until, is_possible) in [
        (RuleName::Consent, late, false),
        (RuleName::Charter, OPENED, false),
        (RuleName::Charter, late, true),
    ] {
        let motion = motion(1, Some(committee(&chain, &[0], until)));
        let (batch, _) = chain.draft(Items {
            openings: vec![opened(&cast, &chain, rule, &motion)],
            ..Items::default()
        });
        assert_eq!(!batch.items.is_empty(), is_possible, "{rule} {until:?}");
    }
}

#[test]
fn all_close_votes_again_from_the_height_that_shows_that_the_term_of_the_committee_is_over() {
    let cast = cast();
    let chain = register(&cast);
    let (voting, mut chain) = open(&cast, &chain, RuleName::Consent, &motion(1, None));
    let place = Place {
        federation: FEDERATION,
        height: 2,
        time: OPENED,
        record: EntryId([3; 32]),
    };
    let effect = committee(&chain, &[0, 1, 2], voting.phase.deadline);
    chain.order.apply(&place, &effect).unwrap();
    chain.validators = chain.order.validators().unwrap();
    assert_eq!(chain.validators.sizes().all(), 3);
    let member = cast.phase.electorate[3].member;
    let says = Declaration::of_validator(&FEDERATION, &root(3), (member, 1), &root(60));
    let (chain, _) = goes_on(&chain, declared(vec![says]));
    assert_eq!(chain.validators.sizes().all(), 3);
    let closes = closes(&voting, &[Choice::Agree; 3], Some(&motion(1, None)));
    let (after, _) = goes_on(&chain, closing(closes));
    assert_eq!(after.validators.sizes().all(), 4);
}
