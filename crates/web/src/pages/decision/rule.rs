//! What decides: the rule in words and as a list of conditions with their figures.

use maud::{Markup, html};

use super::super::frame::Frame;
use super::super::parts::{State, icon};
use super::{Check, Condition, Decision, RuleKind};
use crate::catalogue::Language;

pub(super) fn section(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    let in_words = match view.rule.kind {
        RuleKind::Consent => say.rule_consent(),
        RuleKind::OneMemberOneVote => say.rule_one_member_one_vote(),
    };
    html! {
        section aria-labelledby="rule-title" data-live="rule" {
            h2 id="rule-title" { (say.what_decides()) }
            p.small.muted { (in_words) " " @if frame.session.is_some() { (say.see_charter()) } }
            @if let Some(phase) = &view.phase {
                ul.rules { @for check in &phase.checks { (line(say, check)) } }
                @if view.state == State::Voting || matches!(view.state, State::Closed(_)) {
                    p.verdict.small { (first_failing(say, view.state, &phase.checks)) }
                }
            } @else {
                p.small { (say.conditions_when_open()) }
            }
        }
    }
}

fn line(say: Language, check: &Check) -> Markup {
    let (what, figures) = condition(say, &check.condition);
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

fn condition(say: Language, condition: &Condition) -> (Markup, Markup) {
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
        Condition::MoreAgreeThanAgainst { agree, against } => (
            say.condition_more_agree(),
            say.agree_and_against(*agree, *against),
        ),
    }
}

/// The first condition that fails decides what the page calls the outcome; while voting is open,
/// what could still change it stands beside.
fn first_failing(say: Language, state: State, checks: &[Check]) -> Markup {
    let Some(check) = checks.iter().find(|check| !check.met) else {
        return say.every_condition_met();
    };
    match (&check.condition, state) {
        (Condition::Quorum { .. }, State::Voting) => say.first_fails_quorum(),
        (Condition::SomeoneAgrees { .. }, State::Voting) => say.first_fails_agree(),
        (Condition::NoBlock { .. }, State::Voting) => say.first_fails_block(),
        (Condition::MoreAgreeThanAgainst { .. }, State::Voting) => say.first_fails_majority(),
        (Condition::Quorum { .. }, _) => say.first_failed_quorum(),
        (Condition::SomeoneAgrees { .. }, _) => say.first_failed_agree(),
        (Condition::NoBlock { .. }, _) => say.first_failed_block(),
        (Condition::MoreAgreeThanAgainst { .. }, _) => say.first_failed_majority(),
    }
}
