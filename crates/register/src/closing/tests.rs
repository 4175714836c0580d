//! What closings decide, and what comes after.

use domain::{
    cbor::{Decode, Encode},
    charter::RuleName,
    decision::{Choice, Verdict},
    id::{EntryId, Hash},
};

use super::*;
use crate::{
    fault::{Missing, Refused},
    outcome::{Closed, Outcome, Span},
    phase::{Beginning, Cause, Phase, PhaseError, Question, VoterIndex},
    says::Act,
    testing::{Cast, FEDERATION, HOUR_MS, MINUTE_MS, Sent},
    witness::Message,
};

pub(super) const ALL: [u8; 4] = [0, 1, 2, 3];
const DAY_MS: u64 = 24 * HOUR_MS;

pub(super) fn consent() -> Cast {
    Cast::new(4, 3, RuleName::ConsentThenVote, "")
}

pub(super) fn close(cast: &Cast, things: &[Message]) -> (Vec<u8>, Closed) {
    let (closing, closed) = assemble(&cast.case(), &cast.gather(things)).unwrap();
    let bytes = closing.to_bytes();
    assert_eq!(check(&bytes, &cast.case()).as_ref(), Ok(&closed));
    (bytes, closed)
}

/// What is closed when all have seen these ballots. With four seals, the second latest is that of
/// validator 2, three minutes after the deadline.
pub(super) fn closed(cast: &Cast, sent: &[Sent]) -> Closed {
    close(cast, &cast.whole(cast.sent(sent), &ALL)).1
}

pub(super) fn span(cast: &Cast, length_ms: u64) -> Span {
    let from = cast.phase.deadline.plus_ms(3 * MINUTE_MS);
    let to = from.plus_ms(length_ms);
    Span { from, to }
}

pub(super) fn at(cast: &Cast) -> Beginning<'static> {
    Beginning {
        federation: &FEDERATION,
        height: 7,
        validators: cast.phase.validators.clone(),
    }
}

fn after(cast: &Cast, closed: &Closed) -> Cast {
    let phase = cast.phase.after(closed, at(cast)).unwrap();
    assert_eq!(Phase::from_bytes(&phase.to_bytes()), Ok(phase.clone()));
    cast.within(phase)
}

#[test]
fn what_enough_have_witnessed_counts_and_passes() {
    let cast = consent();
    let sent = [
        Sent::new(0, Choice::Agree, &[0, 1, 2]),
        Sent::new(1, Choice::StandAside, &[0, 1]),
    ];
    let closed = closed(&cast, &sent);
    assert_eq!(closed.outcome, Outcome::Decided(Verdict::Passed));
    assert_eq!(closed.counted.len(), 2);
    let nothing = cast.phase.after(&closed, at(&cast));
    assert_eq!(nothing, Err(PhaseError::NothingFollows));
}

#[test]
fn what_only_the_faulty_have_witnessed_does_not_count() {
    let cast = consent();
    let sent = [
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Block, &[3]),
    ];
    let closed = closed(&cast, &sent);
    assert_eq!(closed.counted.len(), 1);
    assert_eq!(closed.outcome, Outcome::Decided(Verdict::Passed));
}

#[test]
fn two_choices_in_one_slot_count_as_an_abstention_that_shows_both() {
    let cast = consent();
    let sent = [
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Block, &ALL),
        Sent::new(1, Choice::Agree, &ALL),
    ];
    let closed = closed(&cast, &sent);
    let standing = &closed.counted[&VoterIndex(1)];
    assert_eq!(standing.choice(), Choice::Abstain);
    assert_eq!(standing.sides().len(), 2);
    assert_eq!(closed.outcome, Outcome::Decided(Verdict::Passed));
}

#[test]
fn too_few_ballots_extend_the_vote_once_and_what_was_counted_stays() {
    let cast = consent();
    let first = closed(&cast, &[]);
    let half = span(&cast, cast.phase.period_ms / 2);
    let extended = Outcome::Extended {
        late_block: false,
        lacks_ballots: true,
        span: half,
    };
    assert_eq!(first.outcome, extended);
    let next = after(&cast, &first);
    assert_eq!(next.phase.cause, Cause::Extended);
    assert_eq!(
        (next.phase.opened, next.phase.deadline),
        (half.from, half.to)
    );
    let last = closed(&next, &[]);
    assert_eq!(last.outcome, Outcome::Decided(Verdict::NoQuorum));
}

#[test]
fn a_ballot_cast_before_an_extension_was_final_counts_in_it() {
    let cast = consent();
    let next = after(&cast, &closed(&cast, &[]));
    // It names the phase that was opened first: its voter knew of no other.
    assert_eq!(next.phase.vote, cast.phase.id);
    let ballot = cast.ballot(0, 1, Choice::Agree);
    assert_eq!(next.ballot(0, 1, Choice::Agree), ballot);
    let last = closed(&next, &[Sent::new(0, Choice::Agree, &ALL)]);
    assert_eq!(last.outcome, Outcome::Decided(Verdict::Passed));
}

#[test]
fn an_older_ballot_that_is_witnessed_in_an_extension_does_not_replace_what_was_counted() {
    let cast = Cast::new(4, 9, RuleName::Consent, "");
    let newer = Sent {
        revision: 2,
        ..Sent::new(0, Choice::Agree, &ALL)
    };
    let next = after(&cast, &closed(&cast, &[newer]));
    let older = Sent::new(0, Choice::Block, &ALL);
    let last = closed(&next, &[older]);
    let standing = &last.counted[&VoterIndex(0)];
    assert_eq!(
        (standing.slot().revision, standing.choice()),
        (2, Choice::Agree)
    );
    // Another of the same slot is a conflict across both.
    let other = Sent {
        revision: 2,
        ..Sent::new(0, Choice::StandAside, &ALL)
    };
    let last = closed(&next, &[other]);
    assert_eq!(last.counted[&VoterIndex(0)].sides().len(), 2);
}

#[test]
fn a_late_block_extends_by_a_day_and_may_be_taken_back() {
    let cast = consent();
    let late_ms = cast.phase.length_ms() - HOUR_MS;
    let block = Sent {
        after_ms: late_ms,
        ..Sent::new(1, Choice::Block, &ALL)
    };
    let agree = Sent::new(0, Choice::Agree, &ALL);
    let first = closed(&cast, &[agree.clone(), block.clone()]);
    let extended = Outcome::Extended {
        late_block: true,
        lacks_ballots: false,
        span: span(&cast, DAY_MS),
    };
    assert_eq!(first.outcome, extended);

    let next = after(&cast, &first);
    assert_eq!(next.phase.pinned.len(), 2);
    let back = Sent {
        revision: 2,
        ..Sent::new(1, Choice::Agree, &ALL)
    };
    let last = closed(&next, &[back]);
    assert_eq!(last.outcome, Outcome::Decided(Verdict::Passed));
    assert_eq!(last.counted.len(), 2);
    // Left standing, it blocks: a late block extends once.
    let left = closed(&next, &[]);
    assert!(matches!(left.outcome, Outcome::Blocked(_)));
    // And so does another block that comes late in the extension.
    let another = Sent::new(2, Choice::Block, &ALL);
    let blocked = closed(&next, &[another]);
    assert!(matches!(blocked.outcome, Outcome::Blocked(_)));
}

#[test]
fn a_block_is_late_by_its_receipts_and_not_by_what_it_claims() {
    let cast = consent();
    let last = cast.phase.early(&cast.charter).unwrap();
    let last_ms = last.since_ms(cast.phase.opened);
    let agree = Sent::new(0, Choice::Agree, &ALL);
    let block = |after_ms| Sent {
        after_ms,
        ..Sent::new(1, Choice::Block, &ALL)
    };
    let in_time = closed(&cast, &[agree.clone(), block(last_ms)]);
    assert!(matches!(in_time.outcome, Outcome::Blocked(_)));
    let late = closed(&cast, &[agree, block(last_ms + 1)]);
    assert!(matches!(late.outcome, Outcome::Extended { .. }));
}

#[test]
fn a_late_block_and_too_few_ballots_together_extend_by_the_longer() {
    let cast = Cast::new(4, 9, RuleName::ConsentThenVote, "");
    let block = Sent {
        after_ms: cast.phase.length_ms(),
        ..Sent::new(1, Choice::Block, &ALL)
    };
    let both = Outcome::Extended {
        late_block: true,
        lacks_ballots: true,
        span: span(&cast, cast.phase.period_ms / 2),
    };
    assert_eq!(closed(&cast, &[block]).outcome, both);
}

/// A cast whose proposal was blocked, in the time of integration.
pub(super) fn window() -> (Cast, Cast) {
    let cast = consent();
    let sent = [
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Block, &ALL),
    ];
    let blocked = closed(&cast, &sent);
    let three_days = Outcome::Blocked(span(&cast, 3 * DAY_MS));
    assert_eq!(blocked.outcome, three_days);
    let window = after(&cast, &blocked);
    (cast, window)
}

fn answered(window: &Cast, answers: &[(u8, Act)]) -> Closed {
    let mut things = Vec::new();
    for (revision, act) in answers {
        let pair = (window.answer(*revision, *act), window.mandate(0, 1));
        let leaf = window.leaf(&pair.0, &pair.1);
        things.push(Message::Ballot(Box::new(pair)));
        let claim = crate::leaves::Claim::Receipts;
        let receipts = ALL.map(|validator| window.leaves(claim, validator, HOUR_MS, &[leaf]));
        things.extend(receipts.map(Message::Leaves));
    }
    close(window, &window.whole(things, &ALL)).1
}

#[test]
fn a_block_opens_a_window_in_which_the_proposing_member_calls_the_fallback_vote() {
    let (cast, window) = window();
    assert_eq!(window.phase.question, Question::Answer);
    assert_eq!(window.phase.voters().len(), 1);
    let closed_window = answered(&window, &[(1, Act::CallVote)]);
    let from = span(&window, 0).from;
    let called = Outcome::Answered(Act::CallVote, from);
    assert_eq!(closed_window.outcome, called);

    let vote = after(&window, &closed_window);
    assert_eq!(vote.phase.question, Question::FallbackVote);
    assert_eq!(vote.phase.electorate, cast.phase.electorate);
    assert!(vote.phase.pinned.is_empty());
    assert_eq!(vote.phase.length_ms(), cast.phase.period_ms);
    let sent = [
        Sent::new(0, Choice::Agree, &ALL),
        Sent::new(1, Choice::Block, &ALL),
        Sent::new(2, Choice::Agree, &ALL),
    ];
    let outcome = closed(&vote, &sent).outcome;
    assert_eq!(outcome, Outcome::Decided(Verdict::Passed));
    let outcome = closed(&vote, &sent[..2]).outcome;
    assert_eq!(outcome, Outcome::Decided(Verdict::Rejected));
}

#[test]
fn an_amendment_asks_again_about_its_own_text_with_a_fresh_period() {
    let (_, window) = window();
    let (version, text) = (EntryId([0xa; 32]), Hash([0xb; 32]));
    let amend = Act::Amend { version, text };
    let amended = after(
        &window,
        &answered(&window, &[(1, Act::CallVote), (2, amend)]),
    );
    assert_eq!(amended.phase.question, Question::Vote);
    assert_eq!((amended.phase.version, amended.phase.text), (version, text));
    assert_eq!(amended.phase.vote, amended.phase.id);
    let sent = [Sent::new(2, Choice::Agree, &ALL)];
    let outcome = closed(&amended, &sent).outcome;
    assert_eq!(outcome, Outcome::Decided(Verdict::Passed));
}

#[test]
fn no_answer_two_answers_and_a_withdrawal_lead_nowhere() {
    let (_, window) = window();
    assert_eq!(answered(&window, &[]).outcome, Outcome::Lapsed);
    let both = [(1, Act::CallVote), (1, Act::Withdraw)];
    assert_eq!(answered(&window, &both).outcome, Outcome::Lapsed);
    let withdrawn = answered(&window, &[(1, Act::Withdraw)]);
    assert!(matches!(
        withdrawn.outcome,
        Outcome::Answered(Act::Withdraw, _)
    ));
    let nothing = window.phase.after(&withdrawn, at(&window));
    assert_eq!(nothing, Err(PhaseError::NothingFollows));
}

#[test]
fn a_validator_that_signed_two_seals_is_left_out_and_a_quorum_is_enough() {
    let cast = consent();
    let mut things = cast.whole(cast.sent(&[Sent::new(0, Choice::Agree, &ALL)]), &ALL);
    let Some(Message::Seal(seal)) = things.last().cloned() else {
        panic!("the last thing is a seal");
    };
    let another = cast.seal(3, 9 * MINUTE_MS, &seal.names);
    things.push(Message::Seal(another));
    let (bytes, _) = close(&cast, &things);
    assert_eq!(Closing::from_bytes(&bytes).unwrap().seals.len(), 3);
    let sealed = |things: &[Message]| assemble(&cast.case(), &cast.gather(things)).map(|_| ());
    let without_another_honest = &things[..things.len() - 2];
    assert!(sealed(without_another_honest).is_ok());
    let (found, needed) = (2, 3);
    let too_few = [without_another_honest[..without_another_honest.len() - 1].to_vec()].concat();
    let missing = Refused::NotYet(Missing::Seals { found, needed });
    assert_eq!(sealed(&too_few), Err(missing));
}
