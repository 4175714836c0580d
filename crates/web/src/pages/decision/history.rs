//! How a decision came here, and what of it is fixed.

use domain::decision::{Cause, Choice};
use domain::id::Timestamp;
use maud::{Markup, html};
use register::file::Turn;

use super::super::frame::Frame;
use super::super::parts::{State, icon, member_link, short};
use super::super::register::{height_link, turn_shape, turn_words};
use super::{Decision, Finality, Phase, Step, Words};

pub(super) fn timeline(frame: &Frame, view: &Decision) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section aria-labelledby="timeline-title" data-live="timeline" {
            h2 id="timeline-title" { (say.how_it_came_here()) }
            ol.timeline {
                @for (at, step) in &view.steps { (step_line(frame, *at, step)) }
                @if let (State::Voting, Some(phase)) = (view.state, &view.phase) {
                    li.now {
                        (icon("voting"))
                        (say.now_voted(phase.electors(), phase.cast()))
                        span.at { (tally(frame, phase)) }
                    }
                    li.next {
                        (icon("clock")) (say.voting_closes())
                        span.at { (clock.deadline_short(phase.deadline)) }
                    }
                    @match view.finality {
                        Finality::Open(_) | Finality::Awaited => li.next {
                            (icon("passed")) (say.in_register_final())
                            span.at { (say.in_register_soon()) }
                        },
                        Finality::Before => li.next {
                            (icon("provisional")) (say.result_stays_provisional())
                        },
                        _ => li.next {
                            (icon("provisional")) (say.result_stays_provisional())
                            span.at { (say.no_register_yet()) }
                        },
                    }
                }
            }
            @if view.phase.is_some() {
                @let area = if frame.session.is_some() { "decide" } else { "archive" };
                p.small {
                    a href={ "/" (area) "/" (view.id) ".ics" } type="text/calendar" {
                        (say.add_to_calendar())
                    }
                }
            }
        }
    }
}

fn tally(frame: &Frame, phase: &Phase) -> Markup {
    let say = frame.language;
    say.tally(
        phase.count(&[Choice::Agree]),
        phase.count(&[Choice::Abstain, Choice::StandAside]),
        phase.count(&[Choice::Block, Choice::Disagree]),
    )
}

fn step_line(frame: &Frame, at: Timestamp, step: &Step) -> Markup {
    let say = frame.language;
    let (shape, words, more) = match step {
        Step::Proposed { by } => ("draft", say.step_proposed(member_link(by)), None),
        Step::Amended {
            version,
            what_changed,
        } => ("draft", say.step_amended(*version), Some(what_changed)),
        Step::Opened { version, fallback } => {
            let words = match fallback {
                true => say.step_fell_back(*version),
                false => say.step_opened(*version),
            };
            ("voting", words, None)
        }
        Step::Extended { cause, to } => {
            let until = frame.clock().deadline_short(*to);
            let words = match cause {
                Cause::LateBlock => say.step_extended_late_block(until),
                Cause::LacksBallots => say.step_extended_lacks_ballots(until),
            };
            ("clock", words, None)
        }
        Step::Blocked { by } => ("block", say.step_blocked(member_link(by)), None),
        Step::Closed { version, outcome } => (
            "provisional",
            say.step_closed(*version, outcome.word(say)),
            None,
        ),
        Step::Height { height, turn } => return height_line(frame, at, *height, *turn),
        Step::Withdrawn { reason } => ("withdrawn", say.state_withdrawn(), Some(reason)),
    };
    html! {
        li {
            (icon(shape)) (words)
            @if let Some(Words::Here(text)) = more { span.at { "“" (text) "”" } }
            span.at { (frame.clock().past(at)) }
        }
    }
}

fn height_line(frame: &Frame, at: Timestamp, height: u64, turn: Turn) -> Markup {
    let say = frame.language;
    html! {
        li {
            (icon(turn_shape(turn))) (turn_words(frame, turn))
            span.at { (say.at_height(height_link(say, height))) ", " (frame.clock().past(at)) }
        }
    }
}

/// What is fixed and can be compared with any other node.
pub(super) fn proof(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    html! {
        section.area aria-labelledby="proof-title" {
            h2 id="proof-title" { (say.check_it_yourself()) }
            p.small { (say.what_is_fixed()) }
            dl.facts.small {
                dt { (say.text_of_version(view.version.number)) }
                dd { (short(&view.version.hash)) }
                @if let Some(phase) = &view.phase {
                    dt { (say.electorate()) }
                    dd { (say.co_ops(phase.electors())) " " (short(&phase.electorate_hash)) }
                    dt { (say.opening()) }
                    dd { (short(&phase.opening)) }
                    dt { (say.votes_seen()) }
                    dd data-live="votes-seen" { (phase.votes.len()) }
                }
                dt { (say.proposal()) }
                dd { (short(&view.id)) }
            }
            p.small { (say.same_on_every_node()) }
            code.command { "folkmoot show " (view.id) }
        }
    }
}
