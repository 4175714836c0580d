//! Who voted what and why: seats by class, who is missing, blocks, reasons, every ballot.

use domain::decision::{Choice, Why};
use maud::{Markup, html};

use super::super::frame::Frame;
use super::super::parts::{
    choice_family, choice_mark, choice_shape, choice_word, icon, member_link,
};
use super::finality::{counted_how, of_vote};
use super::talk::{replies, reply_form, words};
use super::{Class, Decision, Mark, Phase, Seat, Vote, Words};
use crate::catalogue::Language;

/// Above this many voters a class is shown as a bar in proportion.
const SEATS_MAX: usize = 24;

pub(super) fn seats(say: Language, view: &Decision, phase: &Phase) -> Markup {
    html! {
        section.col aria-labelledby="seats-title" data-live="seats" {
            div.section-head {
                h2 id="seats-title" { (say.votes_by_class()) }
                p.small.muted { (say.fixed_when_opened(phase.electors())) }
            }
            @for class in &phase.classes { (class_bar(say, class)) }
            (counted_how(say, view))
        }
    }
}

fn class_bar(say: Language, class: &Class) -> Markup {
    let of = |choices: &[Choice]| {
        let chosen = |seat: &&Seat| seat.choice.is_some_and(|choice| choices.contains(&choice));
        class.seats.iter().filter(chosen).count() as u64
    };
    let (agree, abstain) = (
        of(&[Choice::Agree]),
        of(&[Choice::Abstain, Choice::StandAside]),
    );
    let (disagree, block) = (of(&[Choice::Disagree]), of(&[Choice::Block]));
    let total = class.seats.len() as u64;
    let cast = agree + abstain + disagree + block;
    let bar = [
        ("agree", agree),
        ("abstain", abstain),
        ("disagree", disagree),
        ("block", block),
    ];
    html! {
        div.class {
            header {
                h3 { (class.name) }
                p.small.muted { (say.some_of_voted(total, cast)) }
            }
            @if class.seats.is_empty() { p.empty { (say.class_is_empty()) } }
            @else if class.seats.len() > SEATS_MAX { (proportional(&bar, total)) }
            @else {
                ul.seats aria-label=(class.name) {
                    @for seat in &class.seats { (seat_item(say, seat)) }
                }
            }
            ul.legend {
                li.k-agree { (icon("agree")) (say.n_agree(agree)) }
                li.k-rest { (icon("abstain")) (say.n_abstain(abstain)) }
                @if disagree > 0 { li.k-wait { (icon("disagree")) (say.n_disagree(disagree)) } }
                li.k-block { (icon("block")) (say.n_block(block)) }
                li.k-rest { (icon("none")) (say.n_not_voted(total - cast)) }
            }
        }
    }
}

fn seat_item(say: Language, seat: &Seat) -> Markup {
    let (kind, shape) = match seat.choice {
        Some(choice @ Choice::Agree) => (choice_family(choice), "yes"),
        Some(choice) => (choice_family(choice), choice_shape(choice)),
        None => ("open", "none"),
    };
    html! {
        li class=(kind) {
            span.seat { (icon(shape)) }
            span.who {
                (seat.member.name)
                span.vh {
                    ": "
                    @match seat.choice {
                        Some(choice) => (choice_word(say, choice)),
                        None => (say.not_voted()),
                    }
                }
            }
        }
    }
}

fn proportional(parts: &[(&str, u64)], total: u64) -> Markup {
    let width = |count: u64| count * 1000 / total.max(1);
    let start = |number: usize| {
        parts[..number]
            .iter()
            .map(|(_, count)| width(*count))
            .sum::<u64>()
    };
    html! {
        svg.bar viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true" {
            rect.rest x="0" y="0" width="1000" height="24" {}
            @for (number, (kind, count)) in parts.iter().enumerate() {
                rect class=(kind) x=(start(number)) y="0" width=(width(*count)) height="24" {}
            }
        }
    }
}

pub(super) fn missing(frame: &Frame, phase: &Phase) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section.col aria-labelledby="missing-title" data-live="missing" {
            h2 id="missing-title" { (say.have_not_voted(phase.missing.len() as u64)) }
            @if phase.missing.is_empty() { p.empty { (say.everyone_voted()) } }
            @else {
                ul.rows {
                    @for missing in &phase.missing {
                        li {
                            strong { (member_link(&missing.member)) }
                            @if missing.own { span.meta { (say.that_is_you()) } }
                            @if let Some(since) = missing.silent_since {
                                span.meta { (say.may_have_voted(clock.past(since))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Blocks first, then who stands aside, then the other reasons, then every ballot.
pub(super) fn voices(frame: &Frame, view: &Decision, phase: &Phase) -> Markup {
    let say = frame.language;
    let with = |choices: &[Choice], silent_too: bool| -> Vec<&Vote> {
        let wanted = |vote: &&Vote| {
            choices.contains(&vote.choice) && (silent_too || vote.reason != Words::None)
        };
        phase.votes.iter().filter(wanted).collect()
    };
    let blocks = with(&[Choice::Block], true);
    let asides = with(&[Choice::StandAside], true);
    let reasons = with(&[Choice::Disagree, Choice::Abstain, Choice::Agree], false);
    html! {
        div data-live="voices" {
            @if !blocks.is_empty() {
                section aria-labelledby="blocks-title" {
                    h2 id="blocks-title" { (say.blocks_heading(blocks.len() as u64)) }
                    @for vote in blocks { (voice(frame, view, vote)) }
                }
            }
            @if !asides.is_empty() {
                section aria-labelledby="asides-title" {
                    h2 id="asides-title" { (say.asides_heading(asides.len() as u64)) }
                    @for vote in asides { (voice(frame, view, vote)) }
                }
            }
            @if !reasons.is_empty() {
                section aria-labelledby="reasons-title" {
                    h2 id="reasons-title" { (say.reasons_heading()) }
                    @for vote in reasons { (voice(frame, view, vote)) }
                }
            }
        }
        section aria-labelledby="votes-title" data-live="votes" {
            h2 id="votes-title" { (say.every_vote()) }
            @if phase.votes.is_empty() { p.empty { (say.no_votes()) } }
            @else { (table(frame, phase)) }
        }
    }
}

fn voice(frame: &Frame, view: &Decision, vote: &Vote) -> Markup {
    let say = frame.language;
    html! {
        article.voice.is-block[vote.choice == Choice::Block] id={ "e-" (vote.entry) } {
            header {
                h3 { (member_link(&vote.member)) }
                (choice_mark(say, vote.choice))
                span.meta { (vote.class) " · " (frame.clock().past(vote.at)) }
            }
            (words(frame, &vote.reason))
            @if let Some(aim) = &vote.aim {
                p.small { span.muted { (say.aim_it_protects()) } " " (aim) }
            }
            (replies(frame, &vote.replies))
            @if view.may.comment && vote.reason != Words::None {
                (reply_form(frame, &view.id, &vote.entry))
            }
        }
    }
}

fn table(frame: &Frame, phase: &Phase) -> Markup {
    let say = frame.language;
    html! {
        table.cards {
            caption { (say.votes_caption()) }
            thead {
                tr {
                    th scope="col" { (say.co_op()) }
                    th scope="col" { (say.vote()) }
                    th scope="col" { (say.when()) }
                    th scope="col" { (say.remarks()) }
                }
            }
            tbody { @for vote in &phase.votes { (table_row(frame, vote)) } }
        }
    }
}

fn table_row(frame: &Frame, vote: &Vote) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        tr {
            th scope="row" {
                (member_link(&vote.member)) span.sub { (vote.class) }
            }
            td data-label=(say.vote()) { (choice_mark(say, vote.choice)) }
            td data-label=(say.when()) { (clock.past(vote.at)) }
            td data-label=(say.remarks()) {
                @if let Some(delegate) = &vote.delegate { span.sub { (delegate) } }
                @if vote.own_device { span.sub { (say.signed_on_own_device()) } }
                @if let Some(witnessed) = &vote.witnessed {
                    span.sub { (of_vote(say, witnessed)) }
                }
                @for mark in &vote.marks {
                    span.remark { (icon("wait")) span { (mark_words(frame, mark)) } }
                }
                @for (choice, at) in &vote.earlier {
                    span.sub { (say.before_that(choice_word(say, *choice), clock.past(*at))) }
                }
            }
        }
    }
}

fn mark_words(frame: &Frame, mark: &Mark) -> Markup {
    let say = frame.language;
    match mark {
        Mark::Late { arrived } => say.mark_late(frame.clock().past(*arrived)),
        Mark::Conflicting => say.mark_conflicting(),
        Mark::NotCounted(Why::NotEligible) => say.not_counted_not_eligible(),
        Mark::NotCounted(Why::OtherVersion) => say.not_counted_other_version(),
        Mark::NotCounted(Why::BeforeOpening) => say.not_counted_before_opening(),
        Mark::NotCounted(Why::AfterDeadline) => say.not_counted_after_deadline(),
        Mark::NotCounted(Why::Superseded) => say.not_counted_superseded(),
        Mark::NotCounted(Why::Repeated) => say.not_counted_repeated(),
    }
}
