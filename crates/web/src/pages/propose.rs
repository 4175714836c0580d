//! Writing: a proposal, a new version of one, and two versions side by side.

use maud::{Markup, html};

use super::decision::Version;
use super::difference;
use super::draft::Draft;
use super::effect::{self, Choices};
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, crumbs, page_head};
use super::parts::{rule_means, rule_name};
use domain::charter::RuleName;

/// What the form of a new proposal offers.
#[derive(Debug, Clone)]
pub struct Propose {
    /// Rules by name in the charter and kind; the first is chosen unless the form says otherwise.
    pub rules: Vec<(String, RuleName)>,
    /// How long voting takes, in seconds.
    pub regular_seconds: u64,
    /// How long an urgent vote takes, in seconds.
    pub urgent_seconds: u64,
    /// The circles a proposal can be for.
    pub circles: Vec<Name>,
    /// The draft with the text.
    pub draft: Option<Draft>,
    /// What it does to the federation by itself.
    pub choices: Choices,
    /// Whether decisions can change the federation.
    pub has_register: bool,
}

/// The form of a new proposal.
#[must_use]
pub fn new(frame: &Frame, view: &Propose, filled: &Filled) -> Markup {
    let say = frame.language;
    let clock = frame.clock();
    let rules: Vec<(&str, Markup, Markup, &str)> = view
        .rules
        .iter()
        .map(|(name, rule)| {
            (
                name.as_str(),
                rule_name(say, *rule),
                rule_means(say, *rule),
                "",
            )
        })
        .collect();
    let circles: Vec<(String, Markup)> = view
        .circles
        .iter()
        .map(|circle| (circle.id.clone(), html! { (circle.name) }))
        .collect();
    let first = view.rules.first().map_or("", |(name, _)| name.as_str());
    let first = if view.choices.does == "charter" {
        "charter"
    } else {
        first
    };
    let circle = view
        .draft
        .as_ref()
        .and_then(|draft| draft.circle.as_deref());
    let (regular, urgent) = (view.regular_seconds, view.urgent_seconds);
    let body = html! {
        (page_head(
            crumbs(say, &[("/decide", say.decide())], say.propose_something()),
            say.propose_something(),
            say.proposing_opens_deliberation(),
        ))
        @match &view.draft {
            Some(draft) => (draft.text(say)),
            None => {
                p.stack {
                    a.btn href="/documents/new?sort=draft" { (say.write_draft_together()) }
                    span.hint { " " (say.write_draft_hint()) }
                }
            }
        }
        @if view.choices.does.is_empty() { (effect::doors(frame, view.has_register)) }
        form.narrow.area method="post" action="/decide" {
            (csrf(frame.csrf()))
            @if let Some(draft) = &view.draft { (draft.hidden()) }
            (Field::new(say, filled, "title", say.title()).hint(say.title_hint())
                .initial(view.draft.as_ref().map_or("", |draft| &draft.document.name)).required()
                .line("text", None))
            @if view.draft.is_none() {
                (Field::new(say, filled, "text", say.text()).hint(say.text_hint()).required()
                    .area(12))
            }
            @if !view.choices.does.is_empty() { (effect::fields(frame, &view.choices, filled)) }
            (Field::new(say, filled, "rule", say.how_it_is_decided()).initial(first).required()
                .rows("radio", &rules))
            @if !circles.is_empty() {
                (Field::new(say, filled, "circle", say.circle())
                    .initial(circle.unwrap_or("")).select(Some(say.all_members()), &circles))
            }
            (Field::new(say, filled, "urgent", say.it_is_urgent())
                .hint(say.urgent_hint(clock.length(urgent), clock.length(regular))).check())
            (Field::new(say, filled, "justification", say.why_urgent())
                .hint(say.only_if_urgent()).area(2))
            (Field::new(say, filled, "language", say.language_of_text())
                .hint(say.language_hint()).initial(say.tag()).line("text", None))
            div.buttons { button.btn.primary { (say.propose_it()) } a href="/decide" { (say.leave()) } }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.propose_something(), Area::Decide)
    };
    document(frame, &head, body)
}

/// What the form of a new version starts from.
#[derive(Debug, Clone)]
pub struct Amend {
    /// The proposal's id and title.
    pub proposal: Name,
    /// The version to change.
    pub version: Version,
    /// Voting is open and starts afresh with the new version.
    pub voting: bool,
    /// What it does to the federation by itself, where the form can say another thing.
    pub choices: Choices,
    /// The draft with the text.
    pub draft: Option<Draft>,
}

/// The form of a new version.
#[must_use]
pub fn amend(frame: &Frame, view: &Amend, filled: &Filled) -> Markup {
    let say = frame.language;
    let path = format!("/decide/{}", view.proposal.id);
    let heading = say.write_version(view.version.number + 1);
    let body = html! {
        (page_head(
            crumbs(
                say,
                &[("/decide", say.decide()), (&path, html! { (view.proposal.name) })],
                heading.clone(),
            ),
            heading.clone(),
            if view.voting { say.amending_reopens() } else { Markup::default() },
        ))
        @if let Some(draft) = &view.draft {
            (draft.against(say, view.version.text.as_deref()))
        }
        form.narrow.area[view.draft.is_some()] method="post" action={ (path) "/amend" } {
            (csrf(frame.csrf()))
            @if let Some(draft) = &view.draft { (draft.hidden()) }
            (Field::new(say, filled, "title", say.title()).initial(&view.version.title).required()
                .line("text", None))
            @if view.draft.is_none() {
                (Field::new(say, filled, "text", say.text())
                    .initial(view.version.text.as_deref().unwrap_or("")).required().area(14))
            }
            @if !view.choices.does.is_empty() { (effect::fields(frame, &view.choices, filled)) }
            (Field::new(say, filled, "what_changed", say.what_changed())
                .hint(say.what_changed_hint()).required().area(2))
            div.buttons {
                button.btn.primary { (say.write_it(view.version.number + 1)) }
                a href=(path) { (say.leave()) }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(heading, Area::Decide)
    };
    document(frame, &head, body)
}

/// Two versions of one proposal.
#[derive(Debug, Clone)]
pub struct Compare {
    /// The proposal's id and title.
    pub proposal: Name,
    /// Language of the text, as a tag.
    pub language: String,
    /// The older version.
    pub older: Version,
    /// The newer version.
    pub newer: Version,
}

/// What changed between two versions.
#[must_use]
pub fn compare(frame: &Frame, view: &Compare) -> Markup {
    let say = frame.language;
    let path = format!("/decide/{}", view.proposal.id);
    let (older, newer) = (&view.older, &view.newer);
    let heading = say.changed_between(older.number, newer.number);
    let body = html! {
        (page_head(
            crumbs(
                say,
                &[("/decide", say.decide()), (&path, html! { (view.proposal.name) })],
                heading.clone(),
            ),
            heading.clone(),
            say.marked_against(older.number),
        ))
        @if older.title != newer.title {
            section {
                h2 { (say.title()) }
                div.text lang=(view.language) {
                    (difference::marked(say, &older.title, &newer.title))
                }
            }
        }
        section {
            h2 { (say.text()) }
            @match (&older.text, &newer.text) {
                (Some(old), Some(new)) if old == new => p.empty { (say.nothing_changed()) },
                (Some(old), Some(new)) => {
                    div.text lang=(view.language) { (difference::marked(say, old, new)) }
                }
                _ => p.empty { (say.text_not_here()) },
            }
        }
        p.area { a href=(path) { (say.back_to_decision()) } }
    };
    document(frame, &Head::new(heading, Area::Decide), body)
}
