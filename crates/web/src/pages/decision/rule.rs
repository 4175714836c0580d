//! What decides: the rule in words and as a list of conditions with their figures.

use maud::{Markup, html};

use super::super::frame::Frame;
use super::super::parts::{State, icon, rule_means, rule_name};
use super::{Check, Condition, Decision, Phase, Silence, Term, Weighed};
use crate::catalogue::Language;

pub(super) fn section(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="rule-title" data-live="rule" {
            h2 id="rule-title" { (say.what_decides()) }
            p.small.muted {
                (rule_name(say, view.rule.kind)) ": " (rule_means(say, view.rule.kind)) " " @if frame.session.is_some() { (say.see_charter()) }
            }
            @if let Some(phase) = &view.phase {
                @if phase.fallback { p.small { (say.this_is_the_fallback()) } }
                ul.rules { @for check in &phase.checks { (line(say, view.state, check)) } }
                @if !matches!(view.state, State::Withdrawn | State::Deliberation) {
                    p.verdict.small { (first_failing(say, view.state, &phase.checks)) }
                }
                (remarks(say, view.state, phase))
            } @else {
                p.small { (say.conditions_when_open()) }
            }
        }
    }
}

/// What is unusual in how it is decided.
fn remarks(say: Language, state: State, phase: &Phase) -> Markup {
    let names = |classes: &[String]| {
        let names = classes.iter().map(|class| html! { (class) });
        say.list(names.collect())
    };
    html! {
        @if !phase.blocking_classes.is_empty() {
            p.small { (say.classes_block(names(&phase.blocking_classes))) }
        }
        @if !phase.empty.is_empty() { p.small { (say.empty_classes(names(&phase.empty))) } }
        @if !phase.silent.is_empty() {
            @match phase.silence() {
                Silence::Waits => {},
                Silence::LeftOut => p.small { (say.silent_left_out(names(&phase.silent))) },
                Silence::Fails if state == State::Voting => {
                    p.small { (say.silent_fails(names(&phase.silent))) }
                },
                Silence::Fails => p.small { (say.silent_failed(names(&phase.silent))) },
            }
        }
        @if phase.decided_by_one_class { p.small { (say.decided_by_one_class()) } }
    }
}

fn line(say: Language, state: State, check: &Check) -> Markup {
    let (what, figures) = condition(say, state, &check.condition);
    html! {
        li.yes[check.met].no[!check.met] {
            (icon(if check.met { "yes" } else { "no" }))
            span {
                strong { @if check.met { (say.met()) } @else { (say.not_met()) } } " " (what)
                span.why { (figures) }
            }
        }
    }
}

fn condition(say: Language, state: State, condition: &Condition) -> (Markup, Markup) {
    match condition {
        Condition::Quorum {
            cast,
            needed,
            electors,
            fraction: (part, whole),
        } => (
            say.condition_quorum(*cast, *needed),
            say.quorum_of(*electors, *part, *whole),
        ),
        Condition::SomeoneAgrees {
            agree,
            abstain,
            needed,
        } => (
            say.condition_agrees(*needed),
            say.agree_and_abstain(*agree, *abstain),
        ),
        Condition::NoBlock { blocking, needed } => {
            let names = blocking.iter().map(|name| html! { (name) }).collect();
            let figures = match blocking.len() as u64 {
                0 => say.nobody_blocks(),
                count => say.blocks_from(count, say.list(names)),
            };
            (say.condition_blocks(*needed), figures)
        }
        Condition::MoreAgreeThanAgainst {
            class,
            agree,
            against,
        } => (
            match class {
                Some(class) => say.condition_more_agree_in(class),
                None => say.condition_more_agree(),
            },
            say.agree_and_against(*agree, *against),
        ),
        Condition::NoSilentClass { silent } => {
            let names = silent.iter().map(|name| html! { (name) }).collect();
            let figures = match silent.len() {
                0 => say.every_class_speaks(),
                _ if state != State::Voting => say.silent_classes_closed(say.list(names)),
                _ => say.silent_classes(say.list(names)),
            };
            (say.condition_no_silent_class(), figures)
        }
        Condition::Supermajority {
            agree,
            heard,
            fraction: (part, whole),
        } => (
            say.condition_supermajority(*part, *whole),
            say.agree_of_heard(*agree, *heard),
        ),
        Condition::Share {
            what,
            terms,
            thousandths,
            is_exact,
            needed: (part, whole),
        } => {
            let condition = match what {
                Weighed::Ballots => say.condition_weighted_quorum(*part, *whole),
                Weighed::Majority => say.condition_weighted_majority(*part, *whole),
                Weighed::Assent => say.condition_assent(*part, *whole),
            };
            (condition, sum(say, terms, *thousandths, *is_exact))
        }
    }
}

/// The arithmetic of a share, class by class.
fn sum(say: Language, terms: &[Term], thousandths: u64, is_exact: bool) -> Markup {
    let strengths: u64 = terms.iter().map(|term| term.strength).sum();
    let percent = format!("{}.{}", thousandths / 10, thousandths % 10);
    html! {
        @if terms.is_empty() { (say.nobody_counts()) }
        @for (index, term) in terms.iter().enumerate() {
            @if index > 0 { " + " }
            span.nowrap { (term.class) " " (term.strength) " × " (term.part) "/" (term.of) }
        }
        @if !terms.is_empty() {
            ", " (say.of_strengths(strengths)) ": "
            strong.nowrap { @if !is_exact { (say.about()) " " } (percent) " %" }
        }
    }
}

/// The first condition that fails decides what the page calls the outcome; while voting is open,
/// what could still change it stands beside.
fn first_failing(say: Language, state: State, checks: &[Check]) -> Markup {
    let Some(check) = checks.iter().find(|check| !check.met) else {
        return say.every_condition_met();
    };
    let voting = state == State::Voting;
    match &check.condition {
        Condition::Quorum { .. }
        | Condition::Share {
            what: Weighed::Ballots,
            ..
        } if voting => say.first_fails_quorum(),
        Condition::SomeoneAgrees { .. } if voting => say.first_fails_agree(),
        Condition::NoBlock { .. } if voting => say.first_fails_block(),
        Condition::NoSilentClass { .. } if voting => say.first_fails_silent(),
        Condition::Share {
            what: Weighed::Assent,
            ..
        } if voting => say.first_fails_assent(),
        Condition::Supermajority {
            fraction: (part, whole),
            ..
        }
        | Condition::Share {
            what: Weighed::Majority,
            needed: (part, whole),
            ..
        } => match voting {
            true => say.first_fails_share(*part, *whole),
            false => say.first_failed_share(*part, *whole),
        },
        _ if voting => say.first_fails_majority(),
        Condition::Quorum { .. }
        | Condition::Share {
            what: Weighed::Ballots,
            ..
        } => say.first_failed_quorum(),
        Condition::SomeoneAgrees { .. } => say.first_failed_agree(),
        Condition::NoBlock { .. } => say.first_failed_block(),
        Condition::NoSilentClass { .. } => say.first_failed_silent(),
        Condition::Share {
            what: Weighed::Assent,
            ..
        } => say.first_failed_assent(),
        Condition::MoreAgreeThanAgainst { .. } => say.first_failed_majority(),
    }
}
