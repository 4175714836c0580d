//! What happened in the register, in words.

use ::register::{chain::Ending, file::Turn, outcome::Outcome, says::Act};
use domain::decision::Verdict;
use maud::Markup;

use super::super::{frame::Frame, parts::State};
use crate::catalogue::Language;

/// What happened to a vote at a height.
pub(crate) fn turn_words(frame: &Frame, turn: Turn) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    match turn {
        Turn::Opened => say.turn_opened(),
        Turn::Closed(Outcome::Decided(verdict)) => match verdict {
            Verdict::Passed => say.turn_passed(),
            Verdict::Blocked => say.turn_blocked(),
            Verdict::NoQuorum => say.turn_no_quorum(),
            Verdict::Rejected => say.turn_rejected(),
        },
        Turn::Closed(Outcome::Extended {
            late_block,
            lacks_ballots,
            span,
        }) => {
            let until = clock.deadline_short(span.to);
            match (late_block, lacks_ballots) {
                (true, true) => say.turn_extended_both(until),
                (true, false) => say.turn_extended_late_block(until),
                _ => say.turn_extended_lacks_ballots(until),
            }
        }
        Turn::Closed(Outcome::Repeated(span)) => say.turn_repeated(clock.deadline_short(span.to)),
        Turn::Closed(Outcome::Blocked(span)) => say.turn_integrates(clock.deadline_short(span.to)),
        Turn::Closed(Outcome::Answered(act, _)) | Turn::Answered(act) => match act {
            Act::Amend { .. } => say.turn_amended_after_block(),
            Act::CallVote => say.turn_called_vote(),
            Act::Withdraw => say.turn_withdrawn(),
        },
        Turn::Closed(Outcome::Lapsed) => say.turn_lapsed(),
        Turn::Withdrawn => say.turn_withdrawn(),
        Turn::Stalled => say.turn_stalled(),
        Turn::Recovered => say.turn_recovered(),
        Turn::Amended => say.turn_amended(),
    }
}

/// The shape that goes with it.
pub(crate) fn turn_shape(turn: Turn) -> &'static str {
    let ending = match turn {
        Turn::Closed(Outcome::Decided(verdict)) => Ending::Judged(verdict),
        Turn::Closed(Outcome::Lapsed) => Ending::Lapsed,
        Turn::Amended => Ending::Amended,
        Turn::Withdrawn
        | Turn::Answered(Act::Withdraw)
        | Turn::Closed(Outcome::Answered(Act::Withdraw, _)) => Ending::Withdrawn,
        Turn::Closed(Outcome::Blocked(_)) => return "wait",
        Turn::Closed(Outcome::Extended { .. } | Outcome::Repeated(_))
        | Turn::Stalled
        | Turn::Recovered => return "clock",
        Turn::Opened | Turn::Answered(_) | Turn::Closed(Outcome::Answered(..)) => return "voting",
    };
    State::Final(ending).shape()
}

/// What a decision did by itself, or why it did not.
pub(crate) fn effect_words(say: Language, word: &str, failed: Option<&str>) -> Markup {
    let what = match word {
        "admission" => say.did_admission(),
        "expulsion" => say.did_expulsion(),
        "class" => say.did_class(),
        "host" => say.did_host(),
        "office" => say.did_office(),
        "commission" => say.did_commission(),
        "charter" => say.did_charter(),
        "rules" => say.did_rules(),
        "force-majeure" => say.did_force_majeure(),
        "mediation" => say.did_mediation(),
        "server-policy" => say.did_server_policy(),
        "settlement" => say.did_settlement(),
        _ => say.did_root(),
    };
    match failed {
        None => say.effect_done(what),
        Some(why) => say.effect_failed(what, why),
    }
}
