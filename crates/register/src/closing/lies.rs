//! Manifests of a liar, in closings.

use domain::decision::Choice;

use super::{
    tampering::{ALL, answer, close, consent},
    *,
};
use crate::{
    fault::{Fault, Missing, Refused},
    outcome::Closed,
    phase::VoterIndex,
    statement::Named,
    testing::{Cast, HOUR_MS, MINUTE_MS, Sent},
    witness::Message,
};

/// A closing in which validator 3 says what it likes.
fn with_liar(cast: &Cast, change: impl Fn(&mut Manifest)) -> Result<Closed, Refused> {
    let things = cast.sent(&[
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Agree, &ALL),
        Sent::new(1, Choice::StandAside, &ALL),
        Sent::new(2, Choice::Block, &[3]),
    ]);
    let (closing, _) = close(cast, &cast.whole(things.clone(), &ALL));
    let seen = cast.gather(&things);
    let author = crate::validators::ValidatorIndex(3);
    let mut manifest = seen.manifest(&cast.case(), author, cast.phase.opened);
    change(&mut manifest);
    let (signed, liars) = cast.sign_manifest(&manifest);
    let mut names: Vec<Named> = closing.seals[0].names.clone();
    names[3] = liars;
    let mut lying = closing;
    lying.manifests[3] = signed;
    lying.seals = ALL
        .map(|validator| cast.seal(validator, MINUTE_MS, &names))
        .to_vec();
    answer(cast, &lying)
}

#[test]
fn a_manifest_that_breaks_a_rule_is_named_by_its_fault() {
    let cast = consent();
    let fault = |change: fn(&mut Manifest)| match with_liar(&cast, change) {
        Err(Refused::Invalid(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert!(with_liar(&cast, |_| ()).is_ok());
    assert!(with_liar(&cast, |manifest| manifest.rows.clear()).is_err());
    let early = fault(|manifest| manifest.rows.clear());
    assert_eq!(early, Fault::Early(VoterIndex(0)));
    let voter = fault(|manifest| manifest.rows[1].voter = VoterIndex(3));
    assert_eq!(voter, Fault::Voter(VoterIndex(3)));
    let place = fault(|manifest| manifest.rows[0].slot.revision = 2);
    assert!(matches!(place, Fault::Place(_)));
    let receipts = fault(|manifest| {
        manifest.rows[0].ballots[0].receipts.pop();
    });
    assert!(matches!(
        receipts,
        Fault::Receipts {
            found: 1,
            needed: 2,
            ..
        }
    ));
    let time = fault(|manifest| {
        let receipts = &mut manifest.rows[0].ballots[0].receipts;
        receipts[1].time = domain::id::Timestamp::MAX;
    });
    assert!(matches!(time, Fault::Time { .. }));
    let time = fault(|manifest| {
        let receipts = &mut manifest.rows[0].ballots[0].receipts;
        receipts[0].time = domain::id::Timestamp(1);
    });
    assert!(matches!(time, Fault::Time { .. }));
    let stranger = fault(|manifest| {
        let receipts = &mut manifest.rows[0].ballots[0].receipts;
        receipts[1].validator = crate::validators::ValidatorIndex(9);
    });
    let nine = crate::validators::ValidatorIndex(9);
    assert_eq!(stranger, Fault::Stranger(nine));
    let phase = fault(|manifest| manifest.phase.0[0] ^= 1);
    assert!(matches!(phase, Fault::Phase { .. }));
}

#[test]
fn a_receipt_for_one_ballot_is_none_for_another() {
    let cast = consent();
    let things = cast.sent(&[
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Agree, &[0, 1, 2]),
    ]);
    let (closing, _) = close(&cast, &cast.whole(things.clone(), &ALL));
    let seen = cast.gather(&things);
    let author = crate::validators::ValidatorIndex(3);
    let mut manifest = seen.manifest(&cast.case(), author, cast.phase.opened);
    // Both ballots were witnessed by validator 0 in the same moment, each in a batch of its own.
    let stolen = manifest.rows[0].ballots[0].receipts[0];
    let held = &mut manifest.rows[1].ballots[0];
    held.receipts[0] = stolen;
    let mut lying = closing.clone();
    let batch = lying
        .batches
        .iter_mut()
        .find(|batch| batch.receipt == stolen);
    let leaves = &mut batch.unwrap().leaves;
    let proof = leaves[0].proof.clone();
    let ballot = held.ballot;
    leaves.push(UsedLeaf { ballot, proof });
    leaves.sort();
    let (signed, named) = cast.sign_manifest(&manifest);
    let mut names = closing.seals[0].names.clone();
    names[3] = named;
    lying.manifests[3] = signed;
    lying.seals = ALL
        .map(|validator| cast.seal(validator, MINUTE_MS, &names))
        .to_vec();
    let refused = answer(&cast, &lying);
    assert!(
        matches!(refused, Err(Refused::Invalid(Fault::Root { ballot: found, .. })) if found == ballot),
        "{refused:?}"
    );
}

#[test]
fn a_manifest_that_lists_two_ballots_that_say_the_same_is_refused() {
    let cast = consent();
    let mandate = cast.mandate(0, 1);
    let mut another = cast.ballot(0, 1, Choice::Agree);
    another.header.sequence += 1;
    another.signature = another
        .header
        .sign(&crate::testing::FEDERATION, &cast.delegate(0));
    let mut things = Vec::new();
    for ballot in [cast.ballot(0, 1, Choice::Agree), another] {
        let leaf = cast.leaf(&ballot, &mandate);
        let pair = Box::new((ballot, mandate.clone()));
        things.push(Message::Ballot(pair));
        let claim = crate::leaves::Claim::Receipts;
        let receipts = ALL.map(|validator| cast.leaves(claim, validator, HOUR_MS, &[leaf]));
        things.extend(receipts.map(Message::Leaves));
    }
    let (all, mut one) = (cast.gather(&things), Vec::new());
    let author = crate::validators::ValidatorIndex(0);
    let honest = all.manifest(&cast.case(), author, cast.phase.opened);
    assert_eq!(honest.rows[0].ballots.len(), 1);
    for only in [&things[..5], &things[5..]] {
        let manifest = cast
            .gather(only)
            .manifest(&cast.case(), author, cast.phase.opened);
        one.push(manifest.rows[0].ballots[0].clone());
    }
    one.sort_by_key(|held| held.ballot);
    let mut lying = honest.clone();
    lying.rows[0].ballots = one;
    let refused = lying.judge(&cast.case(), &all);
    assert_eq!(refused, Err(Fault::Repeated(VoterIndex(0)).into()));
    assert_eq!(honest.judge(&cast.case(), &all), Ok(()));
}

#[test]
fn a_manifest_that_lists_what_is_not_there_is_not_yet_valid() {
    let cast = consent();
    let missing = with_liar(&cast, |manifest| {
        manifest.rows[0].ballots[0].ballot.0[0] ^= 1;
    });
    assert!(
        matches!(missing, Err(Refused::NotYet(Missing::Ballot(_)))),
        "{missing:?}"
    );
}
