//! What liars and lines do to closings: none of it changes what counts.

use domain::{
    cbor::{Decode, Encode},
    charter::RuleName,
    decision::Choice,
};
use proptest::prelude::*;

use super::*;
use crate::{
    fault::{Fault, Missing, Refused},
    outcome::{Closed, Outcome},
    phase::VoterIndex,
    statement::Named,
    testing::{Cast, HOUR_MS, MINUTE_MS, Sent},
    witness::Message,
};

pub(super) const ALL: [u8; 4] = [0, 1, 2, 3];

pub(super) fn consent() -> Cast {
    Cast::new(4, 3, RuleName::Consent, "")
}

fn story(cast: &Cast) -> Vec<Message> {
    let sent = [
        Sent::new(0, Choice::Agree, &[0, 1, 3]),
        Sent::new(1, Choice::StandAside, &[1, 2]),
        Sent::new(2, Choice::Agree, &[0, 2, 3]),
        Sent::new(2, Choice::Block, &ALL),
    ];
    cast.whole(cast.sent(&sent), &ALL)
}

pub(super) fn close(cast: &Cast, things: &[Message]) -> (Closing, Closed) {
    assemble(&cast.case(), &cast.gather(things)).unwrap()
}

pub(super) fn answer(cast: &Cast, closing: &Closing) -> Result<Closed, Refused> {
    check(&closing.to_bytes(), &cast.case())
}

fn invalid(fault: Fault) -> Result<Closed, Refused> {
    Err(Refused::Invalid(fault))
}

#[test]
fn a_closing_with_one_bit_changed_is_refused() {
    let cast = Cast::new(1, 1, RuleName::Consent, "");
    let sent = [Sent::new(0, Choice::Agree, &[0])];
    let (closing, _) = close(&cast, &cast.whole(cast.sent(&sent), &[0]));
    let mut bytes = closing.to_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let answer = check(&bytes, &cast.case());
            assert!(answer.is_err(), "byte {at}, bit {bit}");
            bytes[at] ^= 1 << bit;
        }
    }
    assert!(check(&bytes, &cast.case()).is_ok());
}

#[test]
fn a_truncated_closing_and_one_with_more_after_it_are_refused() {
    let cast = consent();
    let bytes = close(&cast, &story(&cast)).0.to_bytes();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(check(&bytes[..length], &cast.case()).is_err());
    }
    assert!(check(&[bytes, vec![0]].concat(), &cast.case()).is_err());
    let long = vec![0; CLOSING_BYTES_MAX + 1];
    let (found, most) = (CLOSING_BYTES_MAX + 1, CLOSING_BYTES_MAX);
    let refused = invalid(Fault::TooLong { found, most });
    assert_eq!(check(&long, &cast.case()), refused);
}

#[test]
fn a_closing_without_something_it_needs_is_not_yet_valid() {
    let cast = consent();
    let (closing, _) = close(&cast, &story(&cast));
    let not_yet = |closing: &Closing| matches!(answer(&cast, closing), Err(Refused::NotYet(_)));
    macro_rules! without_each {
        ($($list:ident),*) => {$(
            for at in 0..closing.$list.len() {
                let mut fewer = closing.clone();
                fewer.$list.remove(at);
                assert!(not_yet(&fewer), "{} {at}", stringify!($list));
            }
        )*};
    }
    without_each!(mandates, batches, manifests);
    for at in 0..closing.ballots.len() {
        let mut fewer = closing.clone();
        let ballot = fewer.ballots.remove(at);
        // Its mandate is one too many if no other ballot rests on it.
        let mut others = fewer.ballots.iter();
        let rests = others.any(|other| other.header.grant == ballot.header.grant);
        let unused = invalid(Fault::Unused("a mandate"));
        assert!(if rests {
            not_yet(&fewer)
        } else {
            answer(&cast, &fewer) == unused
        });
    }
}

#[test]
fn without_any_f_seals_above_a_quorum_the_outcome_is_the_same_and_below_there_is_none() {
    let cast = consent();
    let (closing, closed) = close(&cast, &story(&cast));
    assert_eq!(closing.seals.len(), 4);
    for one in 0..4 {
        let mut three = closing.clone();
        three.seals.remove(one);
        assert_eq!(answer(&cast, &three).as_ref(), Ok(&closed));
        for another in 0..3 {
            let mut two = three.clone();
            two.seals.remove(another);
            let (found, needed) = (2, 3);
            let missing = Refused::NotYet(Missing::Seals { found, needed });
            assert_eq!(answer(&cast, &two), Err(missing));
        }
    }
}

#[test]
fn what_nothing_needs_is_not_carried() {
    let cast = consent();
    let (closing, _) = close(&cast, &story(&cast));
    // A ballot that only a liar has witnessed, with its receipt.
    let more = [
        cast.sent(&[Sent::new(0, Choice::Block, &[3])]),
        story(&cast),
    ]
    .concat();
    assert_eq!(close(&cast, &more).0, closing);
    let extra = cast.ballot(0, 8, Choice::Agree);
    let mut with = closing.clone();
    let place = with.ballots.partition_point(|entry| {
        entry.id(&crate::testing::FEDERATION) < extra.id(&crate::testing::FEDERATION)
    });
    with.ballots.insert(place, extra);
    assert_eq!(answer(&cast, &with), invalid(Fault::Unused("a ballot")));
    let mut with = closing.clone();
    with.mandates.push(cast.mandate(0, 2));
    assert_eq!(answer(&cast, &with), invalid(Fault::Unused("a mandate")));
    let mut with = closing.clone();
    let (signed, _) = cast.manifest(3, &[]);
    with.manifests.push(signed);
    assert_eq!(answer(&cast, &with), invalid(Fault::Unused("a manifest")));
    let mut with = closing.clone();
    let mut batch = with.batches[0].clone();
    batch.receipt.time = batch.receipt.time.plus_ms(1);
    with.batches.push(batch);
    assert_eq!(answer(&cast, &with), invalid(Fault::Unused("a receipt")));
}

#[test]
fn lists_out_of_order_or_with_something_twice_are_refused() {
    let cast = consent();
    let (closing, _) = close(&cast, &story(&cast));
    macro_rules! each_list {
        ($($list:ident),*) => {$(
            let mut turned = closing.clone();
            turned.$list.swap(0, 1);
            let unsorted = invalid(Fault::Unsorted(stringify!($list)));
            assert_eq!(answer(&cast, &turned), unsorted);
            let mut twice = closing.clone();
            let first = twice.$list[0].clone();
            twice.$list.insert(0, first);
            assert_eq!(answer(&cast, &twice), unsorted);
        )*};
    }
    each_list!(mandates, ballots, batches, manifests, seals);
}

#[test]
fn another_outcome_another_phase_and_another_charter_are_refused() {
    let cast = consent();
    let (closing, _) = close(&cast, &story(&cast));
    let other = Closing {
        outcome: Outcome::Lapsed,
        ..closing.clone()
    };
    assert_eq!(answer(&cast, &other), invalid(Fault::Outcome));
    let mut elsewhere = cast.clone();
    elsewhere.phase.id.0[0] ^= 1;
    let (named, judged) = (cast.phase.id, elsewhere.phase.id);
    let refused = invalid(Fault::Phase { named, judged });
    assert_eq!(answer(&elsewhere, &closing), refused);
    let mut amended = cast.clone();
    amended.charter =
        domain::charter::Charter::from_toml("ballot.disagree-allowed = true").unwrap();
    assert!(matches!(
        answer(&amended, &closing),
        Err(Refused::Invalid(Fault::Charter { .. }))
    ));
    let other = domain::id::FederationId([0; 32]);
    let case = crate::phase::Case {
        federation: &other,
        ..cast.case()
    };
    let refused = check(&closing.to_bytes(), &case);
    assert!(matches!(
        refused,
        Err(Refused::Invalid(Fault::Signature { .. }))
    ));
}

#[test]
fn a_seal_that_names_less_than_a_quorum_is_none() {
    let cast = consent();
    let (mut closing, _) = close(&cast, &story(&cast));
    let names = closing.seals[0].names[..2].to_vec();
    closing.seals[0] = cast.seal(0, MINUTE_MS, &names);
    let validator = crate::validators::ValidatorIndex(0);
    let (found, needed) = (2, 3);
    let few = Fault::Names {
        validator,
        found,
        needed,
    };
    assert_eq!(answer(&cast, &closing), invalid(few));
}

#[test]
fn ballots_witnessed_together_are_proven_each_by_its_path() {
    let cast = Cast::new(4, 9, RuleName::Consent, "");
    let mut things = Vec::new();
    let mut leaves = Vec::new();
    for voter in 0..9 {
        let pair = (cast.ballot(voter, 1, Choice::Agree), cast.mandate(voter, 1));
        leaves.push(cast.leaf(&pair.0, &pair.1));
        things.push(Message::Ballot(Box::new(pair)));
    }
    let claim = crate::leaves::Claim::Receipts;
    let receipts = ALL.map(|validator| cast.leaves(claim, validator, HOUR_MS, &leaves));
    things.extend(receipts.map(Message::Leaves));
    let (closing, closed) = close(&cast, &cast.whole(things, &ALL));
    assert_eq!((closing.batches.len(), closed.counted.len()), (2, 9));
    assert_eq!(answer(&cast, &closing).as_ref(), Ok(&closed));
    let mut wrong = closing.clone();
    let proof = wrong.batches[0].leaves[1].proof.clone();
    wrong.batches[0].leaves[0].proof = proof;
    let refused = answer(&cast, &wrong);
    assert!(matches!(refused, Err(Refused::Invalid(Fault::Root { .. }))));
}

#[test]
fn a_ballot_held_by_2f_and_1_counts_whatever_the_liar_lists_and_whichever_seals_are_carried() {
    let cast = consent();
    // Validator 3 lies; 0, 1 and 2 hold the ballot, and the line between them was cut: each seals
    // what it has and the liar's manifest.
    let sent = cast.sent(&[Sent::new(0, Choice::Agree, &[0, 1, 2])]);
    let honest: Vec<_> = (0..3).map(|author| cast.manifest(author, &sent)).collect();
    let liars: Vec<_> = (0..3)
        .map(|kind| {
            let empty = cast.gather(&[]);
            let author = crate::validators::ValidatorIndex(3);
            let opened_final = cast.phase.opened.plus_ms(kind);
            cast.sign_manifest(&empty.manifest(&cast.case(), author, opened_final))
        })
        .collect();
    for skipped in 0..3 {
        let mut things = sent.clone();
        let carried: Vec<usize> = (0..3).filter(|at| *at != skipped).collect();
        for at in &carried {
            let mine = [honest[carried[0]].1, honest[carried[1]].1, liars[*at].1];
            things.push(Message::Seal(cast.seal(*at as u8, MINUTE_MS, &mine)));
            things.push(Message::Manifest(honest[*at].0.clone()));
            things.push(Message::Manifest(liars[*at].0.clone()));
        }
        let mine = [
            honest[carried[0]].1,
            honest[carried[1]].1,
            liars[carried[0]].1,
        ];
        things.push(Message::Seal(cast.seal(3, HOUR_MS, &mine)));
        let (closing, closed) = close(&cast, &things);
        assert_eq!(answer(&cast, &closing).as_ref(), Ok(&closed));
        assert_eq!(closed.counted[&VoterIndex(0)].choice(), Choice::Agree);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_order_the_closing_is_the_same_bytes(
        order in Just((0..32usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let cast = consent();
        let things = story(&cast);
        let (expected, closed) = close(&cast, &things);
        let turned: Vec<Message> = order
            .iter()
            .filter_map(|at| things.get(*at).cloned())
            .collect();
        prop_assert_eq!(turned.len(), things.len());
        // And everything twice.
        let (closing, again) = close(&cast, &[turned, things].concat());
        prop_assert_eq!(closing.to_bytes(), expected.to_bytes());
        prop_assert_eq!(again, closed);
    }

    #[test]
    fn a_changed_byte_never_gives_another_closing(
        at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let cast = consent();
        let mut bytes = close(&cast, &story(&cast)).0.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(check(&bytes, &cast.case()).is_err());
    }

    #[test]
    fn what_2f_and_1_of_any_validators_witnessed_and_hold_counts(
        validators in 1usize..8, choice in 0usize..2, seed in any::<u64>(),
    ) {
        let cast = Cast::new(validators, 1, RuleName::Consent, "");
        let sizes = cast.phase.validators.sizes();
        let turn = |at: usize| (at + seed as usize % validators) as u8 % validators as u8;
        let holders: Vec<u8> = (0..sizes.securing()).map(turn).collect();
        let choice = [Choice::Agree, Choice::StandAside][choice];
        let sent = cast.sent(&[Sent::new(0, choice, &holders)]);
        // Who is no holder has seen nothing.
        let manifests: Vec<_> = (0..validators as u8)
            .map(|author| cast.manifest(author, if holders.contains(&author) { &sent } else { &[] }))
            .collect();
        let mut things = sent.clone();
        things.extend(manifests.iter().map(|(signed, _)| Message::Manifest(signed.clone())));
        // Each seals the first quorum of manifests, counted from itself.
        let quorum: Vec<u8> = (0..sizes.quorum()).map(|at| turn(at + 1)).collect();
        for validator in &quorum {
            let from = usize::from(*validator);
            let names: Vec<Named> = (0..sizes.quorum())
                .map(|at| manifests[(from + at) % validators].1)
                .collect();
            things.push(Message::Seal(cast.seal(*validator, MINUTE_MS, &names)));
        }
        let (closing, closed) = close(&cast, &things);
        prop_assert_eq!(answer(&cast, &closing), Ok(closed.clone()));
        let standing = closed.counted.get(&VoterIndex(0));
        prop_assert_eq!(standing.map(|standing| standing.choice()), Some(choice));
        let back = Closing::from_bytes(&closing.to_bytes());
        prop_assert_eq!(back, Ok(closing));
    }
}
