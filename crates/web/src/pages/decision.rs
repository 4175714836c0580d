//! One decision, for ever: its state in a sentence, what this co-op does, what decides, who voted
//! and why, the text, the way here, and what can be checked.

mod archive;
mod ballot;
mod finality;
mod history;
mod mediation;
mod review;
mod rule;
mod talk;
mod text;
mod view;
mod votes;

use domain::charter::RuleName;
use domain::decision::{Cause, Choice};
use domain::id::Timestamp;
use maud::{Markup, html};

use super::effect;
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{
    Outcome, State, circle_link, crumbs, icon, member_link, note, page_head, short,
};
pub use finality::{Closing, Final, Finality, Open, Witnessed};
pub use view::*;

/// The page of one decision; each form that came back is given with what was typed.
#[must_use]
pub fn page(frame: &Frame, view: &Decision, forms: &Forms) -> Markup {
    let title = html! { (view.state.word(frame.language)) ": " (view.version.title) };
    // The ballot has a field of the same name.
    let withdraw = forms.withdraw.clone().with_prefix("withdraw-");
    // So has the comment.
    let report = forms.report.clone().with_prefix("report-");
    let forms = Forms {
        withdraw,
        report,
        ..forms.clone()
    };
    let head = Head {
        filled: forms.sent(),
        ..Head::live(title, Area::Decide)
    };
    document(frame, &head, body(frame, view, &forms))
}

/// The same for anyone, in the archive: no forms, and nothing that only members may read.
#[must_use]
pub fn archived(frame: &Frame, view: &Decision) -> Markup {
    let view = archive::public_part(view);
    let title = html! { (view.state.word(frame.language)) ": " (view.version.title) };
    let head = Head::new(title, Area::Archive);
    document(frame, &head, body(frame, &view, &Forms::default()))
}

/// The forms of the page, as they came back if they did.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// `/decide/{id}/vote`
    pub vote: Filled,
    /// `/decide/{id}/comment`
    pub comment: Filled,
    /// `/decide/{id}/withdraw`
    pub withdraw: Filled,
    /// The form that sets the day of review.
    pub review: Filled,
    /// `/decide/{id}/report`
    pub report: Filled,
    /// Show the ballot again though a vote stands (`?change=1`).
    pub change: bool,
}

impl Forms {
    fn sent(&self) -> Option<&Filled> {
        let all = [
            &self.vote,
            &self.comment,
            &self.withdraw,
            &self.review,
            &self.report,
        ];
        all.into_iter().find(|filled| filled.has_errors())
    }
}

fn body(frame: &Frame, view: &Decision, forms: &Forms) -> Markup {
    let say = frame.language;
    let reader = frame.session.is_some();
    let above = match reader {
        true => [("/decide", say.decide())],
        false => [("/archive", say.archive())],
    };
    html! {
        (page_head(
            crumbs(say, &above, html! { (short(&view.id)) }),
            html! { span lang=(view.language) { (view.version.title) } },
            proposed_by(frame, view),
        ))
        (state_sentence(frame, view))
        @if let Some(what) = &view.effect {
            section.box aria-labelledby="effect-title" {
                h2.h3 id="effect-title" {
                    @if matches!(view.state, State::Closed(_) | State::Final(_) | State::UnderReview) { (say.what_it_did()) }
                    @else { (say.if_it_passes()) }
                }
                (effect::words(frame, what))
                p.small.muted { (say.effect_explained()) }
            }
        }
        div.split {
            div.col {
                (ballot::section(frame, view, forms))
                (finality::section(frame, view))
                (mediation::section(frame, view, &forms.report))
                (process(frame, view, &forms.withdraw))
                (review::section(frame, view, &forms.review))
                @if reader { (review::actions(frame, view)) }
            }
            div.col { (rule::section(frame, view)) (honesty(frame, view)) }
        }
        @if let Some(phase) = &view.phase {
            div.split.area {
                (votes::seats(say, view, phase))
                (votes::missing(frame, phase))
            }
        }
        div.split.area {
            div.col {
                @if let Some(phase) = &view.phase { (votes::voices(frame, view, phase)) }
                (text::section(frame, view))
            }
            div.col {
                (history::timeline(frame, view))
                (history::proof(frame, view))
            }
        }
        @if reader { (talk::discussion(frame, view, &forms.comment)) }
    }
}

fn proposed_by(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    let by = member_link(&view.proposer);
    html! {
        @match &view.circle {
            Some(circle) => (say.proposed_by_for(by, circle_link(circle), view.version.number)),
            None => (say.proposed_by(by, view.version.number)),
        }
        @if let Some(why) = &view.urgent { " " (say.urgent_because(why)) }
    }
}

/// The sentence everything else explains.
fn state_sentence(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="state-title" data-live="state" {
            h2.vh id="state-title" { (say.state()) }
            div class={ "sentence " (view.state.family()) } {
                (icon(view.state.shape()))
                div { (sentence(frame, view)) }
            }
            p.vh data-say-now {
                (view.state.word(say)) ". "
                @if let Some(phase) = &view.phase {
                    (say.blocks_sentence(phase.count(&[Choice::Block])))
                }
            }
            @if let Some(phase) = &view.phase {
                p.vh data-say-later { (say.have_voted(phase.electors(), phase.cast())) }
            }
        }
    }
}

fn sentence(frame: &Frame, view: &Decision) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let version = view.version.number;
    if let Finality::Final(done) = &view.finality {
        let phase = view.phase.as_ref();
        return html! {
            p.say {
                (finality::sentence(frame, version, done)) " "
                @if let Some(phase) = phase { (say.have_voted(phase.electors(), phase.cast())) }
            }
            (finality::effect(say, done))
        };
    }
    let Some(phase) = &view.phase else {
        return html! {
            @if view.state == State::Withdrawn { p.say { (say.sentence_withdrawn(version)) } }
            @else {
                p.say { (say.sentence_deliberation(version)) }
                p.then { (say.then_deliberation(member_link(&view.proposer))) }
            }
        };
    };
    let share = say.have_voted(phase.electors(), phase.cast());
    let blocks = phase.count(&[Choice::Block]);
    html! {
        @match view.state {
            State::Withdrawn => p.say { (say.sentence_withdrawn(version)) },
            State::Voting => {
                p.say {
                    @if let Some(left) = clock.left(phase.deadline) {
                        (say.sentence_voting(version, clock.deadline(phase.deadline), left))
                    } @else { (say.sentence_voting_closing(version)) }
                    " " (share)
                    @if blocks > 0 { " " strong { (say.blocks_sentence(blocks)) } }
                }
                (extensions(frame, phase))
                p.then { (if_closed_now(frame, view, phase)) }
            }
            State::Integration(until) => {
                p.say {
                    @if let Some(left) = clock.left(until) {
                        (say.sentence_integration(version, clock.deadline(until), left))
                    } @else { (say.sentence_integration_ending(version)) }
                    " " (share)
                }
                p.then { (say.then_integration(member_link(&view.proposer))) }
            }
            State::Counting => {
                p.say { (say.sentence_counting(version, clock.past(phase.deadline))) " " (share) }
                p.then { (say.counted_so_far(phase.outcome.word(say))) }
            }
            _ => {
                p.say {
                    (say.sentence_closed(version, clock.past(phase.deadline)))
                    " " strong { (say.provisional(phase.outcome.word(say))) }
                    " " (share)
                }
                p.then {
                    @match view.finality {
                        Finality::NoRegister => (say.then_provisional()),
                        _ => (say.then_provisional_here()),
                    }
                }
            }
        }
    }
}

fn extensions(frame: &Frame, phase: &Phase) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let words = |(cause, from): &(Cause, Timestamp)| match cause {
        Cause::LateBlock => say.extended_late_block(clock.deadline_short(*from)),
        Cause::LacksBallots => say.extended_lacks_ballots(clock.deadline_short(*from)),
    };
    html! { @for extension in &phase.extensions { p.then { (words(extension)) } } }
}

fn if_closed_now(frame: &Frame, view: &Decision, phase: &Phase) -> Markup {
    let say = frame.language;
    let integrates = view.rule.kind == RuleName::ConsentThenVote && !phase.fallback;
    match phase.outcome {
        Outcome::NoQuorum if phase.may_be_extended => say.if_closed_extended(),
        Outcome::Blocked if integrates => say.if_closed_integration(),
        Outcome::Passed => say.if_closed_passed(),
        Outcome::Blocked => say.if_closed_blocked(),
        Outcome::NoQuorum => say.if_closed_no_quorum(),
        Outcome::Rejected => say.if_closed_rejected(),
    }
}

/// What the proposer's side does: open voting, amend, withdraw.
fn process(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
    let say = frame.language;
    let May {
        open,
        open_again,
        fall_back,
        amend,
        withdraw,
        ..
    } = view.may;
    if !(open || open_again || fall_back || amend || withdraw) {
        return Markup::default();
    }
    let path = format!("/decide/{}", view.id);
    html! {
        section.stack aria-labelledby="process-title" {
            h2.h3 id="process-title" { (say.move_it_on()) }
            div.buttons {
                @if open {
                    form method="post" action={ (path) "/open" } {
                        (csrf(frame.csrf()))
                        button.btn.primary { (say.open_voting(view.version.number)) }
                    }
                }
                @if open_again {
                    form method="post" action={ (path) "/open" } {
                        (csrf(frame.csrf()))
                        button.btn.primary { (say.open_voting_again()) }
                    }
                }
                @if amend {
                    a.btn href={ (path) "/amend" } { (say.write_new_version()) }
                    (next_draft(say, view))
                }
                @if fall_back {
                    form method="post" action={ (path) "/open" } {
                        (csrf(frame.csrf()))
                        button.btn { (say.call_the_vote()) }
                    }
                }
            }
            @if open_again { p.hint { (say.opening_again_explained()) } }
            @if fall_back { p.hint { (say.calling_explained()) } }
            @if amend && view.phase.is_some() { p.hint { (say.amending_reopens()) } }
            @if withdraw {
                details open[filled.has_errors()] {
                    summary { (say.withdraw_it()) }
                    form method="post" action={ (path) "/withdraw" } {
                        (csrf(frame.csrf()))
                        (Field::new(say, filled, "reason", say.reason_for_withdrawing())
                            .hint(say.every_member_sees_it()).required().area(2))
                        div.buttons { button.btn { (say.withdraw_now()) } }
                    }
                }
            }
        }
    }
}

/// Where the next version is written together, and how it becomes one.
fn next_draft(say: crate::catalogue::Language, view: &Decision) -> Markup {
    match &view.next_draft {
        Some(draft) => html! {
            a.btn href={ "/documents/" (draft.id) "/edit" } { (say.go_on_in_draft()) }
            a.btn href={ "/decide/" (view.id) "/amend?draft=" (draft.id) } {
                (say.make_next_version())
            }
        },
        None => html! {
            a.btn href={ "/documents/new?proposal=" (view.id) } { (say.begin_draft_of_next()) }
        },
    }
}

/// Shown only when it is true: nodes not heard from may hold votes.
fn honesty(frame: &Frame, view: &Decision) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let (connected, all) = view.connected;
    let since = |silent: &Silent| match silent.since {
        Some(at) => say.silent_since(&silent.member.name, clock.past(at)),
        None => say.never_heard_from(&silent.member.name),
    };
    html! {
        div data-live="honesty" {
            @if !view.silent.is_empty() {
                (note(
                    say.nodes_not_heard_from(view.silent.len() as u64),
                    html! {
                        p { (say.list(view.silent.iter().map(since).collect())) "." }
                        p { (say.they_may_have_voted(connected, all)) }
                    },
                ))
            }
        }
    }
}
