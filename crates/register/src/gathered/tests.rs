use domain::{charter::RuleName, decision::Choice, id::FederationId};

use super::*;
use crate::{
    testing::{Cast, FEDERATION, HOUR_MS, MINUTE_MS, Sent},
    witness::Message,
};

fn consent() -> Cast {
    Cast::new(4, 2, RuleName::Consent, "")
}

#[test]
fn a_flood_under_a_stolen_key_hides_no_ballot_under_a_newer_mandate() {
    let (cast, mut gathered) = (consent(), Gathered::new());
    let case = cast.case();
    let stolen = cast.mandate(0, 1);
    let mut kept = 0;
    for revision in 1..=8 {
        for choice in [
            Choice::Agree,
            Choice::Abstain,
            Choice::StandAside,
            Choice::Block,
        ] {
            for elsewhere in 0..2 {
                let mut ballot = cast.ballot_under(&stolen, 0, revision, choice);
                ballot.header.sequence += elsewhere;
                let (key, header) = (cast.delegate(0), &ballot.header);
                ballot.signature = header.sign(&FEDERATION, &key);
                kept += usize::from(
                    gathered
                        .take_ballot(&case, &ballot, &stolen)
                        .unwrap()
                        .is_some(),
                );
            }
        }
    }
    assert_eq!(kept, 8 * BALLOTS_OF_SLOT_MAX);
    let newer = cast.mandate(0, 2);
    let ballot = cast.ballot_under(&newer, 0, 1, Choice::Abstain);
    assert!(
        gathered
            .take_ballot(&case, &ballot, &newer)
            .unwrap()
            .is_some()
    );
}

#[test]
fn of_a_voter_the_ballots_of_sixteen_mandates_are_kept() {
    let (cast, mut gathered) = (consent(), Gathered::new());
    let mut take = |number| {
        let mandate = cast.mandate(0, number);
        let ballot = cast.ballot_under(&mandate, 0, 1, Choice::Agree);
        gathered
            .take_ballot(&cast.case(), &ballot, &mandate)
            .unwrap()
            .is_some()
    };
    assert!((1..=16).all(&mut take));
    assert!(!take(17));
    assert!(!take(1), "known, so not new");
}

#[test]
fn a_ballot_is_held_with_receipts_of_f_and_1_that_are_in_time() {
    let cast = consent();
    let ballot = (cast.ballot(0, 1, Choice::Agree), cast.mandate(0, 1));
    let leaf = cast.leaf(&ballot.0, &ballot.1);
    let receipt = |validator, after_ms| {
        let leaves = cast.leaves(Claim::Receipts, validator, after_ms, &[leaf]);
        Message::Leaves(leaves)
    };
    let length_ms = cast.phase.length_ms();
    let held = |things: &[Message]| {
        let things = [&[Message::Ballot(Box::new(ballot.clone()))], things].concat();
        let gathered = cast.gather(&things);
        gathered.is_held(&cast.case(), &leaf)
    };
    assert!(!held(&[receipt(0, HOUR_MS)]));
    assert!(!held(&[receipt(0, HOUR_MS), receipt(0, 2 * HOUR_MS)]));
    assert!(!held(&[receipt(0, HOUR_MS), receipt(1, length_ms + 1)]));
    assert!(held(&[receipt(0, HOUR_MS), receipt(1, length_ms)]));
}

#[test]
fn a_manifest_pins_the_earliest_receipts_and_the_early_rows_those_before_a_block_is_late() {
    let cast = consent();
    let length_ms = cast.phase.length_ms();
    let first = Sent::new(0, Choice::Agree, &[3, 1, 0]);
    let second = Sent {
        revision: 2,
        after_ms: length_ms - MINUTE_MS,
        ..Sent::new(0, Choice::Block, &[2, 1])
    };
    let seen = cast.gather(&cast.sent(&[first, second]));
    let manifest = seen.manifest(&cast.case(), ValidatorIndex(2), cast.phase.opened);
    let validators = |row: &crate::manifest::Row| -> Vec<u8> {
        let receipts = row.ballots[0].receipts.iter();
        receipts.map(|receipt| receipt.validator.0).collect()
    };
    assert_eq!(manifest.rows[0].slot.revision, 2);
    assert_eq!(validators(&manifest.rows[0]), [1, 2]);
    assert_eq!(manifest.early[0].slot.revision, 1);
    assert_eq!(validators(&manifest.early[0]), [0, 1]);
    assert_eq!(manifest.judge(&cast.case(), &seen), Ok(()));
}

#[test]
fn of_an_author_two_manifests_are_kept_and_those_that_others_vouch_for() {
    let cast = consent();
    let case = cast.case();
    let mut gathered = Gathered::new();
    let manifests: Vec<_> = (0..4)
        .map(|late| {
            let opened_final = cast.phase.opened.plus_ms(late);
            let manifest = Gathered::new().manifest(&case, ValidatorIndex(3), opened_final);
            cast.sign_manifest(&manifest)
        })
        .collect();
    let have = |validator, named| {
        let (phase, (validator, key)) = (cast.phase.id, cast.validator(validator));
        SignedHave {
            validator,
            named,
            signature: Statement::Have { phase, named }.sign(&FEDERATION, key),
        }
    };
    let take = |gathered: &mut Gathered, at: usize| {
        gathered
            .take_manifest(&case, &manifests[at].0)
            .unwrap()
            .is_some()
    };
    assert!(take(&mut gathered, 0) && take(&mut gathered, 1));
    assert!(!take(&mut gathered, 2));
    let own = have(3, manifests[2].1);
    assert_eq!(gathered.take_have(&case, &own), Ok(false));
    assert!(!take(&mut gathered, 2));
    let others = have(1, manifests[2].1);
    assert_eq!(gathered.take_have(&case, &others), Ok(true));
    assert_eq!(gathered.haves(&manifests[2].1), 1);
    assert!(take(&mut gathered, 2));
    // A validator accepts two of an author at most, so its word for more is not kept.
    assert_eq!(
        gathered.take_have(&case, &have(1, manifests[0].1)),
        Ok(true)
    );
    assert_eq!(
        gathered.take_have(&case, &have(1, manifests[3].1)),
        Ok(false)
    );
}

#[test]
fn what_is_of_another_phase_or_federation_or_signed_by_a_stranger_is_refused() {
    let cast = consent();
    let leaf = cast.leaf(&cast.ballot(0, 1, Choice::Agree), &cast.mandate(0, 1));
    let good = cast.leaves(Claim::Receipts, 0, HOUR_MS, &[leaf]);
    let refused = |leaves: &SignedLeaves| {
        let mut gathered = Gathered::new();
        gathered.take_leaves(&cast.case(), leaves).unwrap_err()
    };
    let mut other = good.clone();
    other.phase.0[0] ^= 1;
    let (named, judged) = (other.phase, cast.phase.id);
    assert_eq!(refused(&other), Fault::Phase { named, judged });
    let mut other = good.clone();
    other.validator = ValidatorIndex(1);
    assert!(matches!(refused(&other), Fault::Signature { .. }));
    other.validator = ValidatorIndex(4);
    assert_eq!(refused(&other), Fault::Stranger(ValidatorIndex(4)));
    let elsewhere = FederationId([0; 32]);
    let case = Case {
        federation: &elsewhere,
        ..cast.case()
    };
    let refused = Gathered::new().take_leaves(&case, &good);
    assert!(matches!(refused, Err(Fault::Signature { .. })));
}
