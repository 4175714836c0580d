use domain::{
    charter::RuleName,
    decision::{Choice, Verdict, extensions},
    effect::{Applicant, Effect, Motion, root_message},
    id::EntryId,
    key::SecretKey,
    record::{Kind, Opening, Withdrawal},
};

use super::*;
use crate::{
    batch::{Answers, Closes, Mandated, Opened, Stall, StallNote},
    closing::assemble,
    declaration::{Declaration, Matter},
    order::Member,
    outcome::Outcome,
    phase::{Cause, Question},
    says::Act,
    statement::Statement,
    testing::{Cast, FEDERATION, OPENED, Sent},
    validators::ValidatorIndex,
    witness::Message,
};

mod lies;
mod mediation;
mod objections;
mod open_votes;

const ALL: [u8; 4] = [0, 1, 2, 3];
const PROPOSAL: ProposalId = EntryId([1; 32]);

pub(crate) fn cast() -> Cast {
    Cast::new(4, 4, RuleName::ConsentThenVote, "")
}

fn root(voter: usize) -> SecretKey {
    crate::testing::root_key(voter)
}

/// A register in which the cast's voters are members, each with a validator.
pub(crate) fn register(cast: &Cast) -> Chain {
    let electors = cast.phase.electorate.iter().enumerate();
    let members = electors.map(|(number, elector)| {
        let member = Member {
            name: format!("Co-op {number}"),
            class: elector.class.parse().unwrap(),
            root: elector.root,
            record: elector.record,
            host: elector.member,
            validator: Some(cast.validator(number as u8).1.public()),
            since: 1,
            declared: 0,
        };
        (elector.member, member)
    });
    let order = Order::new(cast.charter.clone(), members.collect());
    Chain {
        federation: FEDERATION,
        epoch: 0,
        height: 1,
        last: Hash([9; 32]),
        begun: OPENED,
        validators: order.validators().unwrap(),
        charters: BTreeMap::from([(cast.charter.hash(), cast.charter.clone())]),
        order,
        phases: BTreeMap::new(),
        open: BTreeMap::new(),
        decided: BTreeMap::new(),
        motions: BTreeMap::new(),
        opened: BTreeSet::new(),
        mandates: BTreeMap::new(),
        objected: BTreeSet::new(),
        rules_known: RULES_VERSION,
    }
}

pub(crate) fn motion(number: u8, effect: Option<Effect>) -> Motion {
    Motion {
        title: "A motion".to_owned(),
        text: Hash([number; 32]),
        effect,
    }
}

fn mandated(cast: &Cast, voter: usize, kind: Kind, body: &impl Encode) -> Mandated {
    let mandate = cast.mandate(voter, 1);
    let entry = cast.signed(&mandate, voter, kind, body, false);
    Mandated { entry, mandate }
}

fn opening(chain: &Chain, rule: RuleName, motion: &Motion) -> Opening {
    let charter = chain.order.charter();
    let period_ms = charter.terms().periods.regular_seconds * 1_000;
    let (late_block_ms, extension_ms) = extensions(period_ms, charter);
    Opening {
        proposal: PROPOSAL,
        version: EntryId([2; 32]),
        text: motion.hash(),
        rule: rule.to_string(),
        charter: charter.hash(),
        deadline: OPENED.plus_ms(period_ms),
        late_block_ms,
        extension_ms,
        electorate: chain.order.electorate(rule),
    }
}

pub(crate) fn opened(cast: &Cast, chain: &Chain, rule: RuleName, motion: &Motion) -> Opened {
    Opened {
        opening: mandated(cast, 0, Kind::Opening, &opening(chain, rule, motion)),
        motion: motion.clone(),
    }
}

/// The next height, drafted and judged, with what it did.
fn goes_on(chain: &Chain, wanted: Items) -> (Chain, Vec<Happened>) {
    let (batch, told) = chain.draft(wanted);
    let bytes = batch.to_bytes();
    assert_eq!(Batch::read(&bytes).as_ref(), Ok(&batch));
    let (after, happened) = chain.after(&batch).unwrap();
    assert_eq!(happened, told);
    assert_eq!(
        (after.height, after.last),
        (chain.height + 1, batch.header.hash(&FEDERATION))
    );
    (after, happened)
}

fn declared(declarations: Vec<Declaration>) -> Items {
    Items {
        declarations,
        ..Items::default()
    }
}

fn open(cast: &Cast, chain: &Chain, rule: RuleName, motion: &Motion) -> (Cast, Chain) {
    let openings = vec![opened(cast, chain, rule, motion)];
    let wanted = Items {
        openings,
        ..Items::default()
    };
    let (chain, happened) = goes_on(chain, wanted);
    let [Happened::Opened { phase }] = &happened[..] else {
        panic!("{happened:?}");
    };
    (cast.within(chain.phases[phase].clone()), chain)
}

/// What closes the cast's phase when the voters say this, seen by all.
fn closes(cast: &Cast, says: &[Choice], motion: Option<&Motion>) -> Closes {
    let sent = says.iter().enumerate();
    let sent: Vec<Sent> = sent
        .map(|(voter, choice)| Sent::new(voter, *choice, &ALL))
        .collect();
    closes_with(cast, cast.sent(&sent), motion)
}

fn closes_with(cast: &Cast, things: Vec<Message>, motion: Option<&Motion>) -> Closes {
    let things = cast.whole(things, &ALL);
    let (closing, _) = assemble(&cast.case(), &cast.gather(&things)).unwrap();
    Closes {
        closing,
        motion: motion.cloned(),
    }
}

fn closing(closes: Closes) -> Items {
    Items {
        closings: vec![closes],
        ..Items::default()
    }
}

pub(crate) fn applicant(chain: &Chain, number: usize) -> Applicant {
    let words = ("We ask to join.", "40 hours a year");
    let terms = chain.order.charter().hash();
    let name = ("Newcomer", "producer");
    Applicant::sign(&FEDERATION, &root(number), name, words, terms, None)
}

/// What an item of a batch that has only this is refused for.
fn refused(chain: &Chain, batch: Batch) -> ItemError {
    match chain.after(&batch) {
        Err(BatchError::Item { source, .. }) => *source,
        other => panic!("{other:?}"),
    }
}

/// A batch with these items, though they may be impossible.
fn with(chain: &Chain, items: Items) -> Batch {
    let (mut batch, _) = chain.draft(Items::default());
    batch.header.items = items.hash(&FEDERATION);
    Batch { items, ..batch }
}

/// A batch with one opening, though it may be impossible.
fn with_opening(chain: &Chain, opened: Opened) -> Batch {
    let openings = vec![opened];
    with(
        chain,
        Items {
            openings,
            ..Items::default()
        },
    )
}

#[test]
fn a_vote_is_opened_closed_and_does_what_it_says_once() {
    let cast = cast();
    let chain = register(&cast);
    let effect = Effect::Admission(applicant(&chain, 40));
    let motion = motion(1, Some(effect));
    let rule = RuleName::ConsentThenVote;
    let (voting, chain) = open(&cast, &chain, rule, &motion);
    let before = chain.order.electorate(rule).len();
    let (after, happened) = goes_on(
        &chain,
        closing(closes(&voting, &[Choice::Agree; 3], Some(&motion))),
    );
    let [
        Happened::Closed {
            closed,
            effect,
            next,
            ..
        },
    ] = &happened[..]
    else {
        panic!("{happened:?}");
    };
    assert_eq!(closed.outcome, Outcome::Decided(Verdict::Passed));
    assert_eq!((effect, next), (&Some(Ok(())), &None));
    assert_eq!(after.order.electorate(rule).len(), before + 1);
    let [decided] = after.decided(&PROPOSAL, &voting.phase.proposer.member) else {
        panic!("one decision");
    };
    assert_eq!((decided.height, decided.effective), (3, Some(true)));
    assert!(after.phases().is_empty());
    // It is closed: neither closed nor opened again.
    let (again, _) = after.draft(closing(closes(&voting, &[Choice::Agree; 3], Some(&motion))));
    assert!(again.items.is_empty());
    assert_eq!(after.after(&again), Err(BatchError::Empty));
}

#[test]
fn the_electorate_and_the_charter_of_an_opening_are_those_in_force_at_its_height() {
    let cast = cast();
    let chain = register(&cast);
    let plain = motion(1, None);
    let rule = RuleName::Consent;
    let early = opened(&cast, &chain, rule, &plain);
    let admitting = motion(2, Some(Effect::Admission(applicant(&chain, 40))));
    let (voting, chain) = open(&cast, &chain, rule, &admitting);
    let closes = closes(&voting, &[Choice::Agree; 3], Some(&admitting));
    // In one batch: the opening comes after the admission, and leaves the newcomer out.
    let wanted = Items {
        openings: vec![early.clone()],
        ..closing(closes)
    };
    let (batch, _) = chain.draft(wanted.clone());
    assert!(batch.items.openings.is_empty());
    let items = Items {
        openings: wanted.openings,
        ..batch.items
    };
    let batch = with(&chain, items);
    assert_eq!(refused(&chain, batch), ItemError::Electorate);
    let (after, _) = goes_on(&chain, closing(wanted.closings[0].clone()));
    assert_eq!(
        refused(&after, with_opening(&after, early)),
        ItemError::Electorate
    );
}

#[test]
fn what_is_opened_is_the_motion_shown_and_can_have_its_effect() {
    let cast = cast();
    let chain = register(&cast);
    let rule = RuleName::Consent;
    let mut other = opened(&cast, &chain, rule, &motion(1, None));
    other.motion = motion(2, None);
    assert!(matches!(
        refused(&chain, with_opening(&chain, other)),
        ItemError::OtherMotion { .. }
    ));
    let stranger = Effect::Expulsion {
        member: MemberId([0xee; 32]),
    };
    let impossible = opened(&cast, &chain, rule, &motion(1, Some(stranger)));
    assert!(matches!(
        refused(&chain, with_opening(&chain, impossible)),
        ItemError::Ineffective(Ineffective::NoMember(_))
    ));
    let charter = cast.charter.with_changes([("title", "\"Ours\"")]).unwrap();
    let amendment = Effect::Charter {
        charter: charter.to_bytes(),
    };
    let by_consent = opened(&cast, &chain, rule, &motion(1, Some(amendment)));
    assert!(matches!(
        refused(&chain, with_opening(&chain, by_consent)),
        ItemError::Ineffective(Ineffective::Effect(_))
    ));
}

#[test]
fn an_opening_by_a_stranger_or_under_an_old_mandate_opens_nothing() {
    let cast = cast();
    let mut chain = register(&cast);
    let plain = motion(1, None);
    let rule = RuleName::Consent;
    let body = opening(&chain, rule, &plain);
    let mandate = cast.mandate(0, 2);
    let newer = Mandated {
        entry: cast.signed(&mandate, 0, Kind::Opening, &body, false),
        mandate,
    };
    chain.mandates.insert(cast.phase.proposer.member, 2);
    let old = opened(&cast, &chain, rule, &plain);
    let (known, found) = (2, 1);
    assert_eq!(
        refused(&chain, with_opening(&chain, old.clone())),
        ItemError::OldMandate { known, found }
    );
    let crossed = Mandated {
        mandate: newer.mandate.clone(),
        ..old.opening.clone()
    };
    let crossed = Opened {
        opening: crossed,
        motion: plain.clone(),
    };
    assert!(matches!(
        refused(&chain, with_opening(&chain, crossed)),
        ItemError::Entry(_)
    ));
    let fine = Opened {
        opening: newer,
        motion: plain,
    };
    assert!(
        chain
            .draft(Items {
                openings: vec![fine.clone()],
                ..Items::default()
            })
            .0
            .items
            .openings
            .len()
            == 1
    );
    let gone = Declaration::sign(
        &FEDERATION,
        &root(0),
        (cast.phase.proposer.member, 1),
        Matter::Leave,
    );
    let (after, _) = goes_on(
        &chain,
        Items {
            declarations: vec![gone],
            ..Items::default()
        },
    );
    assert!(matches!(
        refused(&after, with_opening(&after, fine)),
        ItemError::Root(_)
    ));
}

#[test]
fn a_block_opens_a_window_and_the_answer_a_fallback_vote() {
    let cast = cast();
    let chain = register(&cast);
    let plain = motion(1, None);
    let (voting, chain) = open(&cast, &chain, RuleName::ConsentThenVote, &plain);
    let said = [Choice::Agree, Choice::Agree, Choice::Block, Choice::Agree];
    let (chain, happened) = goes_on(&chain, closing(closes(&voting, &said, None)));
    let [
        Happened::Closed {
            next: Some(window), ..
        },
    ] = &happened[..]
    else {
        panic!("{happened:?}");
    };
    let window = cast.within(chain.phases[window].clone());
    assert_eq!(window.phase.question, Question::Answer);
    let answer = Mandated {
        entry: window.answer(1, Act::CallVote),
        mandate: window.mandate(0, 1),
    };
    let (chain, happened) = goes_on(
        &chain,
        Items {
            answers: vec![Answers {
                answer,
                motion: None,
            }],
            ..Items::default()
        },
    );
    let [
        Happened::Answered {
            next: Some(fallback),
            ..
        },
    ] = &happened[..]
    else {
        panic!("{happened:?}");
    };
    let fallback = cast.within(chain.phases[fallback].clone());
    assert_eq!(fallback.phase.cause, Cause::CalledVote);
    let (chain, happened) = goes_on(&chain, closing(closes(&fallback, &said, Some(&plain))));
    assert!(
        matches!(&happened[..], [Happened::Closed { closed, .. }] if closed.outcome == Outcome::Decided(Verdict::Passed))
    );
    assert!(chain.phases().is_empty());
}

#[test]
fn the_proposing_member_takes_its_vote_back_or_opens_it_on_another_version() {
    let cast = cast();
    let chain = register(&cast);
    let (one, two) = (motion(1, None), motion(2, None));
    let rule = RuleName::Consent;
    let (voting, chain) = open(&cast, &chain, rule, &one);
    let again = opened(&cast, &chain, rule, &one);
    assert_eq!(
        refused(&chain, with_opening(&chain, again)),
        ItemError::OpenedBefore(voting.phase.id)
    );
    let (amended, chain) = open(&cast, &chain, rule, &two);
    let member = cast.phase.proposer.member;
    assert_eq!(chain.open_phase(&PROPOSAL, &member), Some(&amended.phase));
    assert_eq!(chain.decided(&PROPOSAL, &member)[0].ending, Ending::Amended);
    let body = Withdrawal { proposal: PROPOSAL };
    let by_another = mandated(&cast, 1, Kind::Withdrawal, &body);
    let (empty, _) = chain.draft(Items {
        withdrawals: vec![by_another],
        ..Items::default()
    });
    assert!(empty.items.is_empty());
    let own = mandated(&cast, 0, Kind::Withdrawal, &body);
    let (chain, _) = goes_on(
        &chain,
        Items {
            withdrawals: vec![own],
            ..Items::default()
        },
    );
    assert_eq!(
        chain.decided(&PROPOSAL, &member)[1].ending,
        Ending::Withdrawn
    );
    assert_eq!(chain.open_phase(&PROPOSAL, &member), None);
}

#[test]
fn an_effect_that_another_decision_overtook_does_nothing() {
    let cast = cast();
    let chain = register(&cast);
    let charter = cast.charter.with_changes([("title", "\"Ours\"")]).unwrap();
    let amendment = motion(
        1,
        Some(Effect::Charter {
            charter: charter.to_bytes(),
        }),
    );
    let admission = motion(2, Some(Effect::Admission(applicant(&chain, 40))));
    let (one, chain) = open(&cast, &chain, RuleName::Charter, &amendment);
    let openings = vec![Opened {
        opening: {
            let body = opening(&chain, RuleName::Consent, &admission);
            mandated(&cast, 1, Kind::Opening, &body)
        },
        motion: admission.clone(),
    }];
    let (chain, happened) = goes_on(
        &chain,
        Items {
            openings,
            ..Items::default()
        },
    );
    let [Happened::Opened { phase }] = &happened[..] else {
        panic!("{happened:?}");
    };
    let other = cast.within(chain.phases[phase].clone());
    let (chain, _) = goes_on(
        &chain,
        closing(closes(&one, &[Choice::Agree; 4], Some(&amendment))),
    );
    assert_eq!(chain.order.charter(), &charter);
    // The vote goes on under the charter it was opened under; the terms that were accepted are gone.
    let (chain, happened) = goes_on(
        &chain,
        closing(closes(&other, &[Choice::Agree; 4], Some(&admission))),
    );
    let [Happened::Closed { effect, .. }] = &happened[..] else {
        panic!("{happened:?}");
    };
    assert!(matches!(effect, Some(Err(Ineffective::Terms { .. }))));
    assert_eq!(chain.order.members().len(), 4);
}

#[test]
fn closings_that_are_too_long_for_one_batch_are_decided_one_after_the_other() {
    let cast = cast();
    let chain = register(&cast);
    let [(one, first), (two, second)] = [0, 1].map(|voter| {
        let motion = motion(1, None);
        let body = opening(&chain, RuleName::Consent, &motion);
        let opening = mandated(&cast, voter, Kind::Opening, &body);
        let id = opening.entry.id(&FEDERATION);
        (id, Opened { opening, motion })
    });
    let mut openings = vec![first, second];
    openings.sort_by_key(|one| one.opening.entry.id(&FEDERATION));
    let wanted = Items {
        openings,
        ..Items::default()
    };
    let (chain, _) = goes_on(&chain, wanted);
    let closings = [one, two].map(|phase| {
        let voting = cast.within(chain.phases[&phase].clone());
        closes(&voting, &[Choice::Agree; 3], Some(&motion(1, None)))
    });
    let wanted = Items {
        closings: closings.to_vec(),
        ..Items::default()
    };
    assert_eq!(chain.draft(wanted.clone()).0.items.closings.len(), 2);
    let (batch, _) = judge::draft_within(&chain, wanted.clone(), 1);
    let [first] = &batch.items.closings[..] else {
        panic!("one closing at a time");
    };
    let (chain, _) = chain.after(&batch).unwrap();
    let (batch, _) = judge::draft_within(&chain, wanted, 1);
    let [second] = &batch.items.closings[..] else {
        panic!("then the other");
    };
    assert_ne!(first.closing.phase, second.closing.phase);
}

#[test]
fn no_height_is_followed_by_rules_that_this_release_does_not_know() {
    let cast = cast();
    let chain = register(&cast);
    let rules = Effect::Rules {
        version: 2,
        from_height: 5,
    };
    let motion = motion(1, Some(rules));
    let (voting, chain) = open(&cast, &chain, RuleName::Charter, &motion);
    let closes = closes(&voting, &[Choice::Agree; 4], Some(&motion));
    let (chain, _) = goes_on(&chain, closing(closes));
    let leaves = |who: usize| {
        let of = (cast.phase.electorate[who].member, 1);
        let declaration = Declaration::sign(&FEDERATION, &root(who), of, Matter::NoValidator);
        Items {
            declarations: vec![declaration],
            ..Items::default()
        }
    };
    // Height 4 still follows the rules before, and it is known in time what comes.
    let unknown = chain.rules_unknown().map(|rules| rules.from_height);
    assert_eq!((unknown, chain.rules_missing()), (Some(5), None));
    let (before, _) = goes_on(&chain, leaves(0));
    let later = before.clone().knowing_rules(2);
    let (next, _) = later.draft(leaves(1));
    let (known, needed) = (1, 2);
    assert_eq!(
        before.after(&next),
        Err(BatchError::Rules { known, needed })
    );
    assert_eq!(later.after(&next).unwrap().0.height(), 5);
}

#[test]
fn a_phase_whose_validators_are_gone_is_held_again_by_those_of_today() {
    let cast = cast();
    let chain = register(&cast);
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &motion(1, None));
    let member = cast.phase.electorate[3].member;
    let gone = Declaration::sign(&FEDERATION, &root(3), (member, 1), Matter::NoValidator);
    let (chain, _) = goes_on(
        &chain,
        Items {
            declarations: vec![gone],
            ..Items::default()
        },
    );
    let phase = voting.phase.id;
    let note = |validator: u8| {
        let says = Statement::Stalled {
            phase,
            validators: chain.validators.hash(),
            seals: 2,
        };
        let (index, key) = cast.validator(validator);
        StallNote {
            validator: ValidatorIndex(index.0),
            seals: 2,
            signature: says.sign(&FEDERATION, key),
        }
    };
    let stall = |validators: &[u8]| Stall {
        phase,
        notes: validators.iter().map(|number| note(*number)).collect(),
    };
    let (found, needed) = (2, 3);
    let stalls = vec![stall(&[0, 1])];
    let few = with(
        &chain,
        Items {
            stalls,
            ..Items::default()
        },
    );
    assert_eq!(refused(&chain, few), ItemError::Stall { found, needed });
    let (chain, happened) = goes_on(
        &chain,
        Items {
            stalls: vec![stall(&[0, 1, 2])],
            ..Items::default()
        },
    );
    let [Happened::Stalled { next, .. }] = &happened[..] else {
        panic!("{happened:?}");
    };
    let again = &chain.phases[next];
    assert_eq!(
        (again.cause, &again.validators),
        (Cause::Repeated, &chain.validators)
    );
    assert_eq!(again.length_ms(), voting.phase.length_ms());
}

#[test]
fn validators_who_want_the_same_draft_the_same() {
    let cast = cast();
    let chain = register(&cast);
    let declare = |voter: usize| {
        let member = cast.phase.electorate[voter].member;
        let who = (member, 1);
        Declaration::of_validator(&FEDERATION, &root(voter), who, &root(60 + voter))
    };
    let rule = RuleName::Consent;
    let openings = [0, 1, 2].map(|voter| {
        let motion = motion(voter as u8, None);
        let body = opening(&chain, rule, &motion);
        let opening = mandated(&cast, voter, Kind::Opening, &body);
        Opened { opening, motion }
    });
    let wanted = |turn: usize| {
        let mut wanted = Items {
            openings: openings.to_vec(),
            declarations: [0, 1, 2, 3].map(declare).to_vec(),
            ..Items::default()
        };
        wanted.openings.rotate_left(turn);
        wanted.declarations.rotate_left(turn);
        wanted
    };
    let (first, _) = chain.draft(wanted(0));
    assert_eq!(
        (first.items.openings.len(), first.items.declarations.len()),
        (3, 4)
    );
    for turn in 1..3 {
        assert_eq!(chain.draft(wanted(turn)).0, first);
    }
    let mut items = first.items.clone();
    items.declarations.reverse();
    let turned = with(&chain, items);
    assert_eq!(chain.after(&turned), Err(BatchError::Order("declarations")));
}

#[test]
fn no_changed_byte_of_a_batch_makes_another_that_follows() {
    let cast = cast();
    let chain = register(&cast);
    let plain = motion(1, None);
    let (voting, chain) = open(&cast, &chain, RuleName::Consent, &plain);
    let sent = [
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Agree, &ALL),
    ];
    let (batch, _) = chain.draft(closing(closes_with(
        &voting,
        voting.sent(&sent),
        Some(&plain),
    )));
    assert!(chain.after(&batch).is_ok());
    let bytes = batch.to_bytes();
    for at in (0..bytes.len()).step_by(13) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let follows = Batch::read(&changed).is_ok_and(|batch| chain.after(&batch).is_ok());
        assert!(!follows, "byte {at} of {}", bytes.len());
    }
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(Batch::read(&bytes[..cut]).is_err());
    }
}
