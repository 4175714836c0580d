//! When what follows a closing begins, and with whom.

use domain::{
    decision::{Choice, Verdict},
    id::Timestamp,
};

use super::{
    tests::{ALL, at, close, closed, consent, span, window},
    *,
};
use crate::{
    outcome::Outcome,
    phase::{Beginning, PhaseError},
    says::Act,
    statement::Named,
    testing::{FEDERATION, MINUTE_MS, Sent},
    validators::{ValidatorIndex, ValidatorSet},
    witness::Message,
};

#[test]
fn an_opening_that_was_final_too_late_is_repeated_in_full_and_keeps_what_was_counted() {
    let cast = consent();
    let things = cast.sent(&[Sent::new(0, Choice::Agree, &ALL)]);
    let seen = cast.gather(&things);
    let seal = |opened_final: [Timestamp; 4]| {
        let manifests = ALL.map(|author| {
            let opened_final = opened_final[usize::from(author)];
            let author = ValidatorIndex(author);
            cast.sign_manifest(&seen.manifest(&cast.case(), author, opened_final))
        });
        let names: Vec<Named> = manifests.iter().map(|(_, named)| *named).collect();
        let seals = ALL.map(|validator| {
            let after_ms = u64::from(validator + 1) * MINUTE_MS;
            Message::Seal(cast.seal(validator, after_ms, &names))
        });
        let mut things = things.clone();
        things.extend(manifests.map(|(signed, _)| Message::Manifest(signed)));
        things.extend(seals);
        close(&cast, &things).1
    };
    let (last, late) = (cast.phase.in_time(), cast.phase.in_time().plus_ms(1));
    let tenth_ms = cast.phase.length_ms() / 10;
    assert_eq!(last, cast.phase.opened.plus_ms(tenth_ms));
    let passed = Outcome::Decided(Verdict::Passed);
    assert_eq!(seal([last, last, late, late]).outcome, passed);
    let stalled = seal([last, late, late, late]);
    let again = span(&cast, cast.phase.length_ms());
    assert_eq!(stalled.outcome, Outcome::Repeated(again));
    let next = cast.within(cast.phase.after(&stalled, at(&cast)).unwrap());
    assert_eq!(closed(&next, &[]).outcome, passed);
}

#[test]
fn the_validators_after_the_height_close_what_an_extension_opens() {
    let cast = consent();
    let first = closed(&cast, &[]);
    let fewer = ValidatorSet::new(
        cast.phase
            .validators
            .iter()
            .take(3)
            .map(|(_, v)| *v)
            .collect(),
    );
    let at = Beginning {
        validators: fewer.unwrap(),
        ..at(&cast)
    };
    let next = cast.within(cast.phase.after(&first, at).unwrap());
    let things = next.whole(next.sent(&[Sent::new(0, Choice::Agree, &[2])]), &[0, 1, 2]);
    let last = close(&next, &things).1;
    assert_eq!(last.outcome, Outcome::Decided(Verdict::Passed));
}

#[test]
fn what_follows_begins_with_the_deadline_at_the_earliest() {
    let cast = consent();
    let names: Vec<_> = ALL.map(|author| cast.manifest(author, &[])).to_vec();
    let mut things: Vec<Message> = Vec::new();
    for (validator, (manifest, _)) in ALL.iter().zip(&names) {
        let named = names.iter().map(|(_, named)| *named).collect();
        let signer = cast.validator(*validator);
        let early = cast.phase.opened;
        let seal = Seal::sign(&FEDERATION, cast.phase.id, signer, early, named);
        things.push(Message::Manifest(manifest.clone()));
        things.push(Message::Seal(seal));
    }
    let Outcome::Extended { span, .. } = close(&cast, &things).1.outcome else {
        panic!("too few have voted");
    };
    assert_eq!(span.from, cast.phase.deadline);
}

#[test]
fn that_an_opening_was_final_in_time_takes_more_seals_than_the_faulty_have() {
    let cast = consent();
    let seen = cast.gather(&[]);
    let late = cast.phase.in_time().plus_ms(1);
    let manifests = ALL.map(|author| {
        let opened_final = if author < 2 { cast.phase.opened } else { late };
        let author = ValidatorIndex(author);
        cast.sign_manifest(&seen.manifest(&cast.case(), author, opened_final))
    });
    let outcome = |named: [[usize; 3]; 3]| {
        let mut things = Vec::from(
            manifests
                .clone()
                .map(|(signed, _)| Message::Manifest(signed)),
        );
        for (validator, named) in (0..).zip(named) {
            let names = named.map(|author| manifests[author].1);
            things.push(Message::Seal(cast.seal(validator, MINUTE_MS, &names)));
        }
        close(&cast, &things).1.outcome
    };
    let one = outcome([[0, 1, 2], [0, 2, 3], [1, 2, 3]]);
    assert!(matches!(one, Outcome::Repeated(_)));
    let two = outcome([[0, 1, 2], [0, 1, 3], [1, 2, 3]]);
    assert!(matches!(two, Outcome::Extended { .. }));
}

#[test]
fn an_answer_that_claims_to_be_older_than_its_window_opens_a_phase_with_the_window() {
    let (_, window) = window();
    let open = |from| {
        let phase = window.phase.answered(Act::CallVote, from, at(&window));
        phase.unwrap().opened
    };
    assert_eq!(open(Timestamp(1)), window.phase.opened);
    let later = window.phase.opened.plus_ms(5);
    assert_eq!(open(later), later);
    let no_window = consent().phase.answered(Act::CallVote, later, at(&window));
    assert_eq!(no_window, Err(PhaseError::NothingFollows));
}
