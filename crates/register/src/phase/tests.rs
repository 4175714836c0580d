use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    record::Opening,
};

use super::*;
use crate::{
    says::Says,
    testing::{Cast, FEDERATION, OPENED},
};

fn cast() -> Cast {
    Cast::new(4, 3, RuleName::ConsentThenVote, "")
}

fn opening(cast: &Cast) -> Opening {
    let phase = &cast.phase;
    Opening {
        proposal: phase.proposal,
        version: phase.version,
        text: phase.text,
        rule: phase.rule.to_string(),
        charter: phase.charter,
        deadline: phase.deadline,
        late_block_ms: phase.late_block_ms,
        extension_ms: phase.extension_ms,
        electorate: phase.electorate.clone(),
    }
}

fn refused(change: impl Fn(&mut Opening)) -> PhaseError {
    let cast = cast();
    let mut opening = opening(&cast);
    change(&mut opening);
    open(&cast, &opening).unwrap_err()
}

fn open(cast: &Cast, opening: &Opening) -> Result<Phase, PhaseError> {
    let phase = &cast.phase;
    let (proposer, validators) = (phase.proposer.clone(), phase.validators.clone());
    let entry = (phase.id, OPENED);
    Phase::of_opening(entry, opening, proposer, validators, (&cast.charter, 1))
}

#[test]
fn an_opening_that_does_not_follow_from_the_charter_opens_nothing() {
    let (named, found) = (Hash([9; 32]), cast().charter.hash());
    let charter = refused(|opening| opening.charter = named);
    assert_eq!(charter, PhaseError::Charter { named, found });
    let rule = refused(|opening| opening.rule = "dice".to_owned());
    assert_eq!(rule, PhaseError::Rule("dice".to_owned()));
    let period = refused(|opening| opening.deadline.0 += 1);
    let (found_ms, regular_ms, urgent_ms) = (604_800_001, 604_800_000, 259_200_000);
    let expected = PhaseError::Period {
        found_ms,
        regular_ms,
        urgent_ms,
    };
    assert_eq!(period, expected);
    let extensions = refused(|opening| opening.late_block_ms = 1);
    assert!(matches!(extensions, PhaseError::Extensions { .. }));
}

#[test]
fn an_electorate_is_neither_empty_nor_out_of_order_nor_shares_a_root() {
    let nobody = refused(|opening| opening.electorate.clear());
    assert_eq!(nobody, PhaseError::Voters(0));
    let turned = refused(|opening| opening.electorate.swap(0, 1));
    assert_eq!(turned, PhaseError::Unsorted);
    let shared = refused(|opening| opening.electorate[2].root = opening.electorate[0].root);
    assert_eq!(shared, PhaseError::SharedRoot(2));
    let class = refused(|opening| opening.electorate[1].class = "Any Class".to_owned());
    assert!(matches!(class, PhaseError::Class { at: 1, .. }));
}

#[test]
fn an_urgent_opening_gives_the_urgent_time_of_integration() {
    let cast = cast();
    assert_eq!(cast.phase.integration_ms, 259_200_000);
    let mut urgent = opening(&cast);
    urgent.deadline = OPENED.plus_ms(259_200_000);
    urgent.extension_ms = 129_600_000;
    let phase = open(&cast, &urgent).unwrap();
    assert_eq!(phase.integration_ms, 86_400_000);
}

#[test]
fn a_phase_comes_back_with_what_is_pinned() {
    let mut phase = cast().phase;
    let slot = domain::decision::Slot {
        mandate: 1,
        revision: 2,
    };
    let side = (Says::Choice(Choice::Block), EntryId([7; 32]));
    let standing = Standing::new(slot, [side]).unwrap();
    phase.pinned.insert(VoterIndex(2), standing.clone());
    assert_eq!(Phase::from_bytes(&phase.to_bytes()), Ok(phase.clone()));
    phase.pinned.insert(VoterIndex(3), standing);
    let stranger = Err(PhaseError::Pinned(VoterIndex(3)));
    assert_eq!(phase.check(), stranger);
    assert!(Phase::from_bytes(&phase.to_bytes()).is_err());
}

#[test]
fn the_id_of_a_phase_that_follows_depends_on_federation_phase_height_and_cause() {
    let before = cast().phase.id;
    let id = Phase::id_after(&FEDERATION, &before, 7, Cause::Extended);
    let elsewhere = FederationId([0; 32]);
    let others = [
        Phase::id_after(&elsewhere, &before, 7, Cause::Extended),
        Phase::id_after(&FEDERATION, &id, 7, Cause::Extended),
        Phase::id_after(&FEDERATION, &before, 8, Cause::Extended),
        Phase::id_after(&FEDERATION, &before, 7, Cause::Repeated),
    ];
    assert!(!others.contains(&id));
}

#[test]
fn no_block_is_late_in_a_window_or_once_one_was_answered() {
    let cast = cast();
    let tenth_ms = cast.phase.period_ms / 10;
    let early = cast.phase.early(&cast.charter).unwrap();
    assert_eq!(cast.phase.deadline.since_ms(early), tenth_ms);
    let answered = Phase {
        answered_late_block: true,
        ..cast.phase.clone()
    };
    assert_eq!(answered.early(&cast.charter), None);
    let window = Phase {
        question: Question::Answer,
        ..cast.phase.clone()
    };
    assert_eq!(window.early(&cast.charter), None);
}
