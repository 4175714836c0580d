//! How final the vote is: from a ballot that is sent to an outcome that holds for ever.

use domain::{decision::Verdict, id::Timestamp};
pub use federation::finality::Witnessed;
use maud::{Markup, html};
use register::{chain::Ending, phase::Question};

use super::super::{
    frame::Frame,
    parts::{Name, State, icon},
    register::{effect_words, height_link, recovery::look},
};
use super::Decision;
use crate::catalogue::Language;

/// How final a vote is.
#[derive(Debug, Clone)]
pub enum Finality {
    /// No vote was opened.
    NotOpened,
    /// The federation has no register.
    NoRegister,
    /// It was opened before the register began.
    Before,
    /// The register does not have it yet.
    Awaited,
    /// The register has it open.
    Open(Open),
    /// It is over for good.
    Final(Final),
}

/// A vote that is open in the register.
#[derive(Debug, Clone)]
pub struct Open {
    /// What is asked.
    pub question: Question,
    /// Whether this node sees what is said of it.
    pub seen: bool,
    /// The vote of the reader's member, if it voted.
    pub own: Option<Witnessed>,
    /// Of how many votes it is certain that they are counted, of all that count so far.
    pub secured: (u64, u64),
    /// What it waits for, once its time is over.
    pub closing: Option<Closing>,
    /// When today's validators hold it again, if it waits so long for those who have to close it.
    pub again_from: Option<Timestamp>,
    /// The height that would make it final, as far as can be told.
    pub height: u64,
    /// Whether the register waits for servers that may be gone, or is being recovered.
    pub is_recovery_due: bool,
}

/// What a vote whose time is over waits for.
#[derive(Debug, Clone)]
pub enum Closing {
    /// Votes on their way: until then.
    Ballots(Timestamp),
    /// Validators show each other what they hold, and seal it from then on. Whose is missing.
    Manifests(Timestamp, Vec<Name>),
    /// Seals: how many are here, how many are needed, whose are missing.
    Seals(u64, u64, Vec<Name>),
    /// Agreement; in which round, if it has begun.
    Agreement(Option<u64>),
}

/// A vote that is over for good.
#[derive(Debug, Clone)]
pub struct Final {
    /// The height that ended it.
    pub height: u64,
    /// When, as far as can be told.
    pub at: Timestamp,
    /// How.
    pub ending: Ending,
    /// What it was to do by itself, with why it did not.
    pub effect: Option<(&'static str, Option<String>)>,
    /// Where the file is that proves it.
    pub file: String,
}

impl Finality {
    /// Whether this node's count is all there is.
    pub(super) fn is_provisional(&self) -> bool {
        matches!(self, Self::NoRegister | Self::Before | Self::Awaited)
    }
}

/// The sentence of a vote that is over for good.
pub(super) fn sentence(frame: &Frame, version: u64, done: &Final) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let (height, when) = (height_link(say, done.height), clock.past(done.at));
    match done.ending {
        Ending::Judged(Verdict::Passed) => say.sentence_final_passed(version, height, when),
        Ending::Judged(Verdict::Blocked) => say.sentence_final_blocked(version, height, when),
        Ending::Judged(Verdict::NoQuorum) => say.sentence_final_no_quorum(version, height, when),
        Ending::Judged(Verdict::Rejected) => say.sentence_final_rejected(version, height, when),
        Ending::Lapsed => say.sentence_final_lapsed(version, height, when),
        Ending::Withdrawn => say.sentence_final_withdrawn(version, height, when),
        Ending::Amended => say.sentence_final_amended(version, height, when),
    }
}

/// What follows that sentence: what the decision did.
pub(super) fn effect(say: Language, done: &Final) -> Markup {
    html! {
        @if let Some((word, failed)) = &done.effect {
            p.then { (effect_words(say, word, failed.as_deref())) }
        }
    }
}

/// The part of the page that says how final the vote is.
pub(super) fn section(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    if matches!(view.finality, Finality::NotOpened) || view.state == State::Withdrawn {
        return html! { div data-live="finality" {} };
    }
    html! {
        section.stack aria-labelledby="finality-title" data-live="finality" {
            h2.h3 id="finality-title" { (say.how_final()) }
            @match &view.finality {
                Finality::NotOpened => {}
                Finality::NoRegister => p { (say.not_final_no_register()) },
                Finality::Before => p { (say.not_final_before()) },
                Finality::Awaited => p { (say.not_final_awaited()) },
                Finality::Open(open) => (is_open(frame, open)),
                Finality::Final(done) => (is_final(say, view, done)),
            }
        }
    }
}

fn is_final(say: Language, view: &Decision, done: &Final) -> Markup {
    html! {
        p.links {
            (height_link(say, done.height))
            a href={ "/archive/" (view.id) } { (say.permanent_link()) }
            a href=(done.file) download { (say.decision_file()) }
        }
        p.small.muted { (say.decision_file_explained()) }
    }
}

fn is_open(frame: &Frame, open: &Open) -> Markup {
    let say = frame.language;
    if !open.seen {
        return html! { p { (say.not_final_unseen()) } };
    }
    let (secured, cast) = open.secured;
    html! {
        @if let Some(own) = &open.own { (own_vote(say, &frame.member, own)) }
        @if open.question != Question::Answer {
            @if cast == 0 { p { (say.none_cast_yet()) } }
            @else { p { (say.votes_secured(secured, cast)) } }
        }
        @if let Some(closing) = &open.closing {
            (waits(frame, closing, open.height))
            @if let (Closing::Seals(..), Some(from)) = (closing, open.again_from) {
                p { (say.held_again_from(frame.clock().deadline_short(from))) }
            }
            p.muted { (say.then_final(say.height_number(open.height))) }
        }
        @if open.is_recovery_due { (look(say)) }
    }
}

fn own_vote(say: Language, member: &str, own: &Witnessed) -> Markup {
    if own.receipts == 0 && own.holds == 0 {
        return html! { p { (icon("clock")) " " (say.own_vote_sent(member)) } };
    }
    html! {
        p {
            @if own.is_secured() { (icon("agree")) " " } @else { (icon("clock")) " " }
            (say.own_vote_witnessed(member, own.receipts, own.validators)) " "
            @if own.is_secured() { (say.own_vote_secured(own.holds, own.validators)) }
            @else { (say.own_vote_held(own.holds, own.holds_needed)) }
        }
    }
}

fn waits(frame: &Frame, closing: &Closing, height: u64) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let names = |missing: &[Name]| {
        let names = missing.iter().map(|name| html! { (name.name) });
        say.list(names.collect())
    };
    let next = say.height_number(height);
    html! {
        p {
            @match closing {
                Closing::Ballots(until) => (say.waits_for_ballots(clock.deadline_short(*until))),
                Closing::Manifests(from, missing) => {
                    (say.waits_for_manifests(clock.deadline_short(*from))) " "
                    @if missing.is_empty() { (say.lists_complete()) }
                    @else { (say.lists_missing(names(missing))) }
                }
                Closing::Seals(seals, needed, missing) => {
                    (say.waits_for_seals(*seals, *needed)) " "
                    @if !missing.is_empty() { (say.seals_missing(names(missing))) }
                }
                Closing::Agreement(None) => (say.waits_for_agreement(next)),
                Closing::Agreement(Some(round)) => (say.agreeing_in_round(next, *round)),
            }
        }
    }
}

/// How far one vote is, in the table of votes.
pub(super) fn of_vote(say: Language, witnessed: &Witnessed) -> Markup {
    if witnessed.is_secured() {
        say.vote_is_secured(witnessed.holds, witnessed.validators)
    } else if witnessed.receipts > 0 {
        say.vote_is_witnessed(witnessed.receipts, witnessed.validators)
    } else {
        say.vote_is_sent()
    }
}

/// What the page says below the seats about how they were counted.
pub(super) fn counted_how(say: Language, view: &Decision) -> Markup {
    match &view.finality {
        Finality::Final(done) => {
            html! { p.small.muted { (say.counted_by_the_register(height_link(say, done.height))) } }
        }
        finality if finality.is_provisional() && view.state != State::Voting => {
            html! { p.small.muted { (say.counted_by_claimed_time()) } }
        }
        _ => Markup::default(),
    }
}
