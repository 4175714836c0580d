//! How a document came to be: its changes, its versions, and the difference between two of them.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::difference;
use super::documents::Writer;
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, crumbs, page_head, paragraphs};
use crate::catalogue::Language;

/// The word for the text as it is, where an address names a version.
pub const NOW: &str = "now";

/// How a generation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// The document itself.
    Document,
    /// The same document anew.
    Anew,
}

/// What one person changed within a while.
#[derive(Debug, Clone)]
pub struct Group {
    /// Who.
    pub writer: Writer,
    /// The first of the changes.
    pub from: Timestamp,
    /// The last of them.
    pub to: Timestamp,
    /// How many.
    pub changes: u64,
    /// Whether it began something.
    pub begins: Option<Begins>,
    /// The version before, as it stands in addresses.
    pub before: Option<String>,
    /// The version after; none if more stood side by side than an address can name.
    pub after: Option<String>,
}

/// The history of a document, the newest first.
#[derive(Debug, Clone)]
pub struct History {
    /// The document.
    pub document: Name,
    /// What is on this page.
    pub groups: Vec<Group>,
    /// Which page, from 1.
    pub page: usize,
    /// Whether there are older ones.
    pub more: bool,
    /// The version to compare with, if one was chosen.
    pub chosen: Option<Point>,
}

/// A point in the history.
#[derive(Debug, Clone)]
pub struct Point {
    /// Its version, as it stands in addresses.
    pub version: String,
    /// Whose change it comes after, and when; none if it is what is there now, or comes after
    /// several.
    pub after: Option<(Timestamp, Writer)>,
}

impl Point {
    fn words(&self, frame: &Frame) -> Markup {
        let (say, clock) = (frame.language, frame.clock());
        match &self.after {
            _ if self.version == NOW => say.text_that_is_now(),
            Some((at, _)) => say.text_of_time(clock.past(*at)),
            None => html! { code { (self.version) } },
        }
    }
}

fn head(say: Language, name: &Name, here: Markup, below: Markup) -> Markup {
    let path = format!("/documents/{}", name.id);
    let above = [
        ("/decide", say.decide()),
        ("/documents", say.documents()),
        (&*path, html! { (name.name) }),
    ];
    page_head(crumbs(say, &above, here.clone()), here, below)
}

/// The page of a document's history.
#[must_use]
pub fn history(frame: &Frame, view: &History) -> Markup {
    let say = frame.language;
    let path = format!("/documents/{}", view.document.id);
    let heading = say.history_of(&view.document.name);
    let address = |page: usize| format!("{path}/history?page={page}");
    let body = html! {
        (head(say, &view.document, say.history(), say.history_explained()))
        @if let Some(chosen) = &view.chosen {
            p.hint { (say.comparing_with(chosen.words(frame))) }
        }
        ol.rows {
            @for group in &view.groups { (row(frame, view, &path, group)) }
        }
        p.links.area {
            @if view.page > 1 {
                a rel="prev" href=(address(view.page - 1)) { (say.newer_changes()) }
            }
            @if view.more { a rel="next" href=(address(view.page + 1)) { (say.older_changes()) } }
            a href=(path) { (say.back_to_document()) }
        }
    };
    document(frame, &Head::new(heading, Area::Decide), body)
}

fn row(frame: &Frame, view: &History, path: &str, group: &Group) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        li {
            span {
                strong { (group.writer.words(say)) } " "
                @match group.begins {
                    Some(Begins::Document) => (say.began_document()),
                    Some(Begins::Anew) => (say.began_anew()),
                    None => (say.made_changes(group.changes)),
                }
                " · " (clock.past(group.from))
                @if group.to != group.from { " – " (clock.past(group.to)) }
            }
            span.links.go {
                @if let (Some(chosen), Some(after)) = (&view.chosen, &group.after) {
                    a href={ (path) "/diff/" (chosen.version) ".." (after) } {
                        (say.compare_to_here())
                    }
                } @else if let Some(after) = &group.after {
                    @if let Some(before) = &group.before {
                        a href={ (path) "/diff/" (before) ".." (after) } {
                            (say.show_what_changed())
                        }
                    }
                    a href={ (path) "/versions/" (after) } { (say.read_it_then()) }
                    a href={ (path) "/history?from=" (after) } { (say.compare_from_here()) }
                }
            }
        }
    }
}

/// One version of a document.
#[derive(Debug, Clone)]
pub struct Version {
    /// The document.
    pub document: Name,
    /// Which.
    pub point: Point,
    /// Its text.
    pub text: String,
}

/// The page of one version.
#[must_use]
pub fn version(frame: &Frame, view: &Version) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let path = format!("/documents/{}", view.document.id);
    let heading = say.version_of(&view.document.name);
    let below = match &view.point.after {
        _ if view.point.version == NOW => say.version_now(),
        Some((at, writer)) => say.version_then(clock.past(*at), writer.words(say)),
        None => Markup::default(),
    };
    let body = html! {
        (head(say, &view.document, heading.clone(), below))
        div.text {
            @if view.text.trim().is_empty() { p.empty { (say.document_is_empty()) } }
            @else { (paragraphs(&view.text)) }
        }
        p.links.area {
            a href={ (path) "/diff/" (view.point.version) ".." (NOW) } { (say.compare_with_now()) }
            a href={ (path) "/history" } { (say.history()) }
            a href=(path) { (say.back_to_document()) }
        }
    };
    document(frame, &Head::new(heading, Area::Decide), body)
}

/// Two versions of a document.
#[derive(Debug, Clone)]
pub struct Compare {
    /// The document.
    pub document: Name,
    /// The older one and its text.
    pub older: (Point, String),
    /// The newer one and its text.
    pub newer: (Point, String),
}

/// What changed between two versions.
#[must_use]
pub fn compare(frame: &Frame, view: &Compare) -> Markup {
    let say = frame.language;
    let path = format!("/documents/{}", view.document.id);
    let heading = say.difference_of(&view.document.name);
    let ((older, old), (newer, new)) = (&view.older, &view.newer);
    let body = html! {
        (head(
            say,
            &view.document,
            heading.clone(),
            say.between_points(older.words(frame), newer.words(frame)),
        ))
        @if old == new { p.empty { (say.nothing_changed()) } }
        @else { div.text { (difference::marked(say, old, new)) } }
        p.links.area {
            a href={ (path) "/history" } { (say.history()) }
            a href=(path) { (say.back_to_document()) }
        }
    };
    document(frame, &Head::new(heading, Area::Decide), body)
}
