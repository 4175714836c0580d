//! The charter: the rules in force, in words.

use maud::{Markup, html};

use super::decision::RuleKind;
use super::frame::{Area, Frame, Head, document};
use super::parts::{crumbs, page_head, short};

/// A rule as the charter sets it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What kind of rule.
    pub kind: RuleKind,
    /// Names of the classes that vote under it.
    pub classes: Vec<String>,
    /// Numerator and denominator of its quorum.
    pub quorum: (u64, u64),
    /// How many must vote today, and of how many members.
    pub quorum_today: (u64, u64),
    /// The rule of a proposal that chooses none.
    pub is_default: bool,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Charter {
    /// Its title.
    pub title: String,
    /// Its hash.
    pub hash: String,
    /// The numbered aims.
    pub aims: Vec<(u64, String)>,
    /// Each class: name, strength in per cent, members today.
    pub classes: Vec<(String, u64, u64)>,
    /// The rules a proposal can choose.
    pub rules: Vec<Rule>,
    /// How many agree at least under consent.
    pub minimum_agrees: u64,
    /// How many blocks stop a proposal under consent.
    pub minimum_blocks: u64,
    /// Visible characters the reason of a block must have.
    pub reason_characters_min: u64,
    /// A ballot may say “disagree”.
    pub allows_disagree: bool,
    /// How long a vote is open, in seconds.
    pub regular_seconds: u64,
    /// How long an urgent vote is open, in seconds.
    pub urgent_seconds: u64,
    /// How far a clock may be off, in seconds.
    pub clock_bound_seconds: u64,
    /// Everything else in force: key and value.
    pub others: Vec<(String, String)>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &Charter) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let body = html! {
        (page_head(
            crumbs(say, &[("/federation", say.federation())], say.charter()),
            html! { (view.title) },
            say.charter_explained(),
        ))
        div.split {
            div.col {
                section {
                    h2 { (say.how_we_decide()) }
                    @for rule in &view.rules { (rule_words(frame, view, rule)) }
                    @if view.allows_disagree { p { (say.disagree_is_allowed()) } }
                    @else { p { (say.disagree_is_not_allowed()) } }
                    p { (say.block_needs(view.reason_characters_min)) }
                }
                section {
                    h2 { (say.how_long_we_vote()) }
                    p {
                        (say.periods(
                            clock.length(view.regular_seconds), clock.length(view.urgent_seconds),
                        ))
                    }
                    p { (say.deadline_is_data()) }
                    p { (say.clock_bound(clock.length(view.clock_bound_seconds))) }
                }
                @if !view.others.is_empty() {
                    details {
                        summary { (say.everything_in_force()) }
                        dl.facts {
                            @for (key, value) in &view.others { dt { code { (key) } } dd { (value) } }
                        }
                    }
                }
            }
            div.col {
                section {
                    h2 { (say.aims()) }
                    ol.stack { @for (number, aim) in &view.aims { li { (number) ". " (aim) } } }
                }
                section {
                    h2 { (say.classes()) }
                    ul.rows {
                        @for (name, strength, members) in &view.classes {
                            li {
                                strong { (name) }
                                span.meta { (say.class_line(*members, *strength)) }
                            }
                        }
                    }
                    p.small.muted { (say.strength_not_used()) }
                }
                p.small.muted { (say.charter_hash()) " " (short(&view.hash)) }
            }
        }
    };
    document(frame, &Head::new(say.charter(), Area::Federation), body)
}

fn rule_words(frame: &Frame, view: &Charter, rule: &Rule) -> Markup {
    let say = frame.language;
    let name = match rule.kind {
        RuleKind::Consent => say.consent(),
        RuleKind::OneMemberOneVote => say.one_member_one_vote(),
    };
    let classes = rule.classes.iter().map(|class| html! { (class) }).collect();
    let ((part, whole), (needed, electors)) = (rule.quorum, rule.quorum_today);
    html! {
        article.stack {
            h3 { (name) @if rule.is_default { " " span.meta { (say.default_rule()) } } }
            @match rule.kind {
                RuleKind::Consent => {
                    p { (say.consent_in_words(view.minimum_agrees)) " " (say.blocks_that_stop(view.minimum_blocks)) }
                }
                RuleKind::OneMemberOneVote => p { (say.one_member_one_vote_in_words()) },
            }
            p.muted {
                (say.who_votes(say.list(classes))) " "
                (say.quorum_in_words(electors, part, whole, needed))
            }
        }
    }
}
