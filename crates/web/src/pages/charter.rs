//! The charter: the rules in force, in words.

use domain::charter::RuleName;
use maud::{Markup, html};

use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{crumbs, page_head, rule_name, short};
use crate::catalogue::Language;

/// A rule as the charter sets it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What kind of rule.
    pub kind: RuleName,
    /// Names of the classes that vote under it.
    pub classes: Vec<String>,
    /// Numerator and denominator of its quorum.
    pub quorum: (u64, u64),
    /// How many must vote today, and of how many members.
    pub quorum_today: (u64, u64),
    /// Whether the quorum counts classes and strengths, and not members.
    pub by_strength: bool,
    /// The power of each class with members, where it can be computed.
    pub power: Option<Vec<Power>>,
    /// The rule of a proposal that chooses none.
    pub is_default: bool,
}

/// The power of one class under one rule: Banzhaf shares in millionths.
#[derive(Debug, Clone)]
pub struct Power {
    /// The class's name.
    pub class: String,
    /// Its members that may vote.
    pub voters: u64,
    /// Of the class, if each class votes as one.
    pub as_one: u32,
    /// Of all its members together, if each votes alone.
    pub together: u32,
    /// Of one of its members.
    pub each: u32,
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
    /// Numerator and denominator of the majority under the charter's rule,
    pub majority: (u64, u64),
    /// of the assent,
    pub assent: (u64, u64),
    /// and of the assent after an extension.
    pub assent_extended: (u64, u64),
    /// How long a block can be integrated, in seconds.
    pub integration_seconds: u64,
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

/// How another charter differs from the one in force.
#[derive(Debug, Clone)]
pub struct Differences {
    /// Each key that differs, with what stands before and after; nothing where it has no meaning.
    pub changes: Vec<(String, Option<String>, Option<String>)>,
    /// The other charter's hash.
    pub hash: String,
    /// The address of this comparison, for a proposal's text; none if it would be too long.
    pub link: Option<String>,
    /// The power under each rule that either offers.
    pub power: Vec<Compared>,
}

/// The power of classes under one rule, before and after.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The rule.
    pub rule: RuleName,
    /// By the charter in force; empty where it cannot be computed.
    pub before: Vec<Power>,
    /// By the other.
    pub after: Vec<Power>,
}

/// The page that compares another charter with the one in force, `ours`.
#[must_use]
pub fn compare(
    frame: &Frame,
    ours: &str,
    filled: &Filled,
    differences: Option<&Differences>,
) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(
                say,
                &[("/federation", say.federation()), ("/charter", say.charter())],
                say.compare_charters(),
            ),
            say.compare_charters(),
            say.compare_explained(),
        ))
        (filled.summary(say))
        @if let Some(differences) = differences {
            section aria-labelledby="differences-title" {
                h2 id="differences-title" { (say.what_differs()) }
                @if differences.changes.is_empty() { p { (say.charters_are_the_same()) } }
                @else { (changes(say, differences)) }
                p.small.muted { (say.charter_hash()) " " (short(&differences.hash)) }
                @if let Some(link) = differences.link.as_deref().filter(|_| !differences.changes.is_empty()) {
                    p { a href=(link) { (say.link_to_comparison()) } }
                    p.small { (say.comparison_for_a_proposal()) " " code { (link) } }
                }
            }
            @for compared in &differences.power { (power_compared(say, compared)) }
        }
        form method="post" action="/charter/compare" {
            (csrf(frame.csrf()))
            (Field::new(say, filled, "charter", say.another_charter())
                .hint(say.another_charter_hint()).initial(ours).required().area(16))
            div.buttons { button.btn.primary { (say.compare_now()) } }
        }
    };
    document(
        frame,
        &Head::new(say.compare_charters(), Area::Federation),
        body,
    )
}

fn changes(say: Language, differences: &Differences) -> Markup {
    let value = |value: &Option<String>| match value {
        Some(value) => html! { code { (value) } },
        None => html! { span.muted { (say.has_no_meaning()) } },
    };
    html! {
        table.cards {
            caption.vh { (say.what_differs()) }
            thead {
                tr {
                    th scope="col" { (say.setting()) }
                    th scope="col" { (say.in_force_now()) }
                    th scope="col" { (say.then()) }
                }
            }
            tbody {
                @for (key, before, after) in &differences.changes {
                    tr {
                        th scope="row" { code { (key) } }
                        td data-label=(say.in_force_now()) { (value(before)) }
                        td data-label=(say.then()) { (value(after)) }
                    }
                }
            }
        }
    }
}

fn power_compared(say: Language, compared: &Compared) -> Markup {
    let mut classes: Vec<&str> = Vec::new();
    for power in compared.before.iter().chain(&compared.after) {
        if !classes.contains(&&*power.class) {
            classes.push(&power.class);
        }
    }
    let of = |powers: &[Power], class: &str, part: fn(&Power) -> u32| {
        let power = powers.iter().find(|power| power.class == class);
        power.map_or_else(|| "–".to_owned(), |power| percent(part(power)))
    };
    let pair = |class: &str, part: fn(&Power) -> u32| {
        let (before, after) = (
            of(&compared.before, class, part),
            of(&compared.after, class, part),
        );
        html! {
            @if before == after { span { (before) } }
            @else { span { (before) " → " strong { (after) } } }
        }
    };
    html! {
        @if !classes.is_empty() {
            section.area {
                h2.h3 { (say.power_under(rule_name(say, compared.rule))) }
                table.cards {
                    caption.vh { (say.power_under(rule_name(say, compared.rule))) }
                    thead {
                        tr {
                            th scope="col" { (say.class()) }
                            th scope="col" { (say.power_as_one()) }
                            th scope="col" { (say.power_together()) }
                            th scope="col" { (say.power_each()) }
                        }
                    }
                    tbody {
                        @for class in classes {
                            tr {
                                th scope="row" { (class) }
                                td data-label=(say.power_as_one()) { (pair(class, |power| power.as_one)) }
                                td data-label=(say.power_together()) { (pair(class, |power| power.together)) }
                                td data-label=(say.power_each()) { (pair(class, |power| power.each)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn percent(millionths: u32) -> String {
    let hundredths = (millionths + 50) / 100;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
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
        p.links {
            a href="/charter/compare" { (say.compare_charters()) }
            a href="/decide/new?does=charter" { (say.propose_charter()) }
            a href="/charters" { (say.charter_history()) }
        }
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
    let (say, clock) = (frame.language, frame.clock());
    let classes = rule.classes.iter().map(|class| html! { (class) }).collect();
    let ((part, whole), (needed, electors)) = (rule.quorum, rule.quorum_today);
    let consent = || {
        html! {
            (say.consent_in_words(view.minimum_agrees)) " " (say.blocks_that_stop(view.minimum_blocks))
        }
    };
    let in_words = match rule.kind {
        RuleName::Consent => consent(),
        RuleName::OneMemberOneVote => say.one_member_one_vote_in_words(),
        RuleName::ConsentThenVote => html! {
            (consent()) " "
            (say.consent_then_vote_in_words(clock.length(view.integration_seconds)))
        },
        RuleName::ClassWeighted => say.class_weighted_in_words(),
        RuleName::Charter => {
            let ((part, whole), (half, of)) = (view.majority, view.assent);
            let (later, of_later) = view.assent_extended;
            say.charter_rule_in_words(part, whole, half, of, later, of_later)
        }
    };
    html! {
        article.stack {
            h3 {
                (rule_name(say, rule.kind))
                @if rule.is_default { " " span.meta { (say.default_rule()) } }
            }
            p { (in_words) }
            p.muted {
                (say.who_votes(say.list(classes))) " "
                @if rule.by_strength { (say.quorum_by_strength(part, whole)) }
                @else { (say.quorum_in_words(electors, part, whole, needed)) }
            }
            @match &rule.power {
                Some(power) if power.len() > 1 => (power_table(say, rule.kind, power)),
                Some(_) => {},
                None => p.small.muted { (say.power_not_computed()) },
            }
        }
    }
}

/// Who has how much power under a rule: strength alone does not say it.
fn power_table(say: Language, rule: RuleName, power: &[Power]) -> Markup {
    html! {
        details {
            summary { (say.power_under(rule_name(say, rule))) }
            p.small.muted { (say.power_explained()) }
            table.cards {
                caption.vh { (say.power_under(rule_name(say, rule))) }
                thead {
                    tr {
                        th scope="col" { (say.class()) }
                        th scope="col" { (say.members()) }
                        th scope="col" { (say.power_as_one()) }
                        th scope="col" { (say.power_together()) }
                        th scope="col" { (say.power_each()) }
                    }
                }
                tbody {
                    @for class in power {
                        tr {
                            th scope="row" { (class.class) }
                            td data-label=(say.members()) { span { (class.voters) } }
                            td data-label=(say.power_as_one()) { span { (percent(class.as_one)) } }
                            td data-label=(say.power_together()) { span { (percent(class.together)) } }
                            td data-label=(say.power_each()) { span { (percent(class.each)) } }
                        }
                    }
                }
            }
        }
    }
}
