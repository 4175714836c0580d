//! One document: its text, who wrote what, and what can be done with it.

use domain::{id::Timestamp, record::Sort};
use maud::{Markup, html};

use super::attachments::{self, Attached};
use super::documents::{Writer, sort_name};
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, circle_link, crumbs, icon, note, page_head, paragraphs};
use crate::catalogue::Language;

/// Words that one person wrote, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Who.
    pub writer: Writer,
    /// The words.
    pub text: String,
}

/// Why a change of the reader's has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It does not fit what it builds on.
    Faulty(String),
    /// The document was full.
    Full,
    /// Something is not here yet.
    Waits,
    /// The document began anew.
    LeftBehind,
}

/// A change of the reader's that is not in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// When it was made.
    pub at: Timestamp,
    /// Why it has no effect.
    pub why: Why,
    /// The words it put in.
    pub words: String,
}

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its id and title.
    pub document: Name,
    /// Its text; none while what it begins with is not here.
    pub text: Option<String>,
    /// The version that is shown, as it stands in addresses.
    pub version: String,
    /// Who wrote what of it, if the reader wants to see that.
    pub passages: Option<Vec<Passage>>,
    /// Everybody who wrote in it.
    pub writers: Vec<Writer>,
    /// Who changed it last.
    pub changed: Option<(Timestamp, Writer)>,
    /// Changes wait for something that is not here.
    pub waiting: bool,
    /// Little room is left.
    pub nearly_full: bool,
    /// It began anew with another text than it had.
    pub began_otherwise: bool,
    /// Changes of the reader's without effect.
    pub lost: Vec<Lost>,
    /// Who else writes now.
    pub present: Vec<Writer>,
    /// What it is for.
    pub sort: Sort,
    /// The circle it belongs to.
    pub circle: Option<Name>,
    /// The proposal it is to become the next version of.
    pub proposal: Option<Name>,
    /// That proposal was withdrawn or has passed, so there is no next version of it.
    pub is_decided: bool,
    /// The reader's co-op may make it that version.
    pub may_amend: bool,
    /// It is finished or given up.
    pub closed: bool,
    /// The circles it can belong to.
    pub circles: Vec<Name>,
    /// What is attached to it.
    pub attached: Vec<Attached>,
}

impl Document {
    pub(super) fn path(&self) -> String {
        format!("/documents/{}", self.document.id)
    }
}

/// The page of one document; `filled` is what was wrong with a form of it.
#[must_use]
pub fn page(frame: &Frame, view: &Document, filled: &Filled) -> Markup {
    let say = frame.language;
    let path = view.path();
    let (is_about_filing, untouched) = (!filled.is_wrong("file"), Filled::default());
    let body = html! {
        (page_head(
            crumbs(say, &[("/decide", say.decide()), ("/documents", say.documents())], html! { (view.document.name) }),
            html! { (view.document.name) },
            below(frame, view),
        ))
        div.split {
            div.col {
                (lost(frame, view))
                section aria-labelledby="text-title" {
                    div.section-head {
                        h2 id="text-title" { (say.text()) }
                        @if view.text.is_some() {
                            a.btn.primary href={ (path) "/edit" } { (say.write_here()) }
                        }
                    }
                    div.stack data-live="text" { (text(say, view)) }
                }
                (attachments::section(frame, &path, &view.attached, filled))
            }
            div.col {
                (aside(frame, view))
                (filing(frame, view, if is_about_filing { filled } else { &untouched }))
                (anew(frame, view))
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::live(html! { (view.document.name) }, Area::Decide)
    };
    document(frame, &head, body)
}

fn below(frame: &Frame, view: &Document) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        span data-live="changed" {
            @if let Some((at, writer)) = &view.changed {
                (say.changed_by(clock.past(*at), writer.words(say)))
            }
        }
    }
}

fn text(say: Language, view: &Document) -> Markup {
    html! {
        @match (&view.text, &view.passages) {
            (None, _) => p.empty { (say.document_not_here()) },
            (Some(text), _) if text.trim().is_empty() => p.empty { (say.document_is_empty()) },
            (_, Some(passages)) => {
                p.hint { (say.who_wrote_explained()) }
                div.text { (marked(say, passages)) }
            }
            (Some(text), None) => div.text { (paragraphs(text)) },
        }
        @if view.waiting { p.hint { (say.document_waiting()) } }
        @if view.began_otherwise { p.hint { (say.began_with_another_text()) } }
    }
}

/// The text in paragraphs, each writer's name before the words that are theirs.
fn marked(say: Language, passages: &[Passage]) -> Markup {
    let mut lines: Vec<Vec<(&Writer, &str)>> = vec![Vec::new()];
    for passage in passages {
        for (number, line) in passage.text.split('\n').enumerate() {
            if number > 0 {
                lines.push(Vec::new());
            }
            if let (Some(last), false) = (lines.last_mut(), line.is_empty()) {
                last.push((&passage.writer, line));
            }
        }
    }
    let is_blank = |line: &[(&Writer, &str)]| line.iter().all(|(_, words)| words.trim().is_empty());
    let mut before: Option<&Writer> = None;
    let mut is_new = |writer| before.replace(writer) != Some(writer);
    html! {
        @for paragraph in lines.split(|line| is_blank(line)).filter(|lines| !lines.is_empty()) {
            p {
                @for (number, line) in paragraph.iter().enumerate() {
                    @if number > 0 { br; }
                    @for (number, (writer, words)) in line.iter().enumerate() {
                        // Spaces alone are nobody's.
                        @if !words.trim().is_empty() && is_new(*writer) {
                            @if number > 0 { " " }
                            span.by { (writer.plain(say)) span.vh { " " (say.wrote_aloud()) } } " "
                        }
                        (words)
                    }
                }
            }
        }
    }
}

fn lost(frame: &Frame, view: &Document) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        @if !view.lost.is_empty() {
            section.box aria-labelledby="lost-title" {
                h2 id="lost-title" { (icon("wait")) " " (say.own_words_lost()) }
                p { (say.own_words_lost_explained()) }
                ul {
                    @for lost in &view.lost {
                        li.voice {
                            p.meta { (clock.past(lost.at)) " · " (why(say, &lost.why)) }
                            @if !lost.words.trim().is_empty() {
                                div.text { (paragraphs(&lost.words)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn why(say: Language, why: &Why) -> Markup {
    match why {
        Why::Faulty(fault) => say.why_faulty(fault),
        Why::Full => say.why_full(),
        Why::Waits => say.why_waiting(),
        Why::LeftBehind => say.why_left_behind(),
    }
}

/// Who writes now, in words.
pub(crate) fn present(say: Language, present: &[Writer]) -> Markup {
    let names = present.iter().map(|writer| writer.plain(say)).collect();
    in_words(say, names)
}

pub(super) fn in_words(say: Language, names: Vec<Markup>) -> Markup {
    match names.len() {
        0 => say.nobody_else_writes(),
        1 => say.is_writing_here(say.list(names)),
        _ => say.are_writing_here(say.list(names)),
    }
}

fn aside(frame: &Frame, view: &Document) -> Markup {
    let say = frame.language;
    let path = view.path();
    html! {
        section aria-labelledby="about-title" {
            h2 id="about-title" { (say.about_document()) }
            p data-live="present" { (present(say, &view.present)) }
            p {
                (sort_name(say, view.sort))
                @if let Some(circle) = &view.circle { " · " (circle_link(circle)) }
            }
            @if let Some(proposal) = &view.proposal {
                p {
                    (say.next_version_of(html! {
                        a href={ "/decide/" (proposal.id) } { (proposal.name) }
                    }))
                }
            }
            @if !view.writers.is_empty() {
                @let writers = view.writers.iter().map(|writer| writer.words(say)).collect();
                p data-live="writers" { (say.written_by_people(say.list(writers))) }
            }
            ul.links {
                li { a href={ (path) "/history" } { (say.history()) } }
                @if view.passages.is_some() {
                    li { a href=(path) { (say.show_text_alone()) } }
                } @else if view.text.is_some() {
                    li { a href={ (path) "?who=1" } { (say.show_who_wrote()) } }
                }
            }
            (propose(say, view))
        }
    }
}

/// From a draft to a proposal.
fn propose(say: Language, view: &Document) -> Markup {
    let is_ready = view
        .text
        .as_ref()
        .is_some_and(|text| !text.trim().is_empty());
    html! {
        @if view.sort == Sort::Draft && is_ready && !view.closed {
            p {
                @match &view.proposal {
                    Some(proposal) if !view.is_decided => {
                        @if view.may_amend {
                            a.btn href={ "/decide/" (proposal.id) "/amend?draft=" (view.document.id) } {
                                (say.make_next_version())
                            }
                        }
                    }
                    _ => {
                        a.btn href={ "/decide/new?draft=" (view.document.id) } {
                            (say.propose_this_text())
                        }
                    }
                }
            }
        }
    }
}

fn filing(frame: &Frame, view: &Document, filled: &Filled) -> Markup {
    let say = frame.language;
    let sorts: Vec<(String, Markup)> = Sort::ALL
        .iter()
        .map(|sort| (sort.as_str().to_owned(), sort_name(say, *sort)))
        .collect();
    let circles: Vec<(String, Markup)> = view
        .circles
        .iter()
        .map(|circle| (circle.id.clone(), html! { (circle.name) }))
        .collect();
    let circle = view.circle.as_ref().map_or("", |circle| &circle.id);
    let closed = if view.closed { "yes" } else { "" };
    html! {
        section.area {
            details open[filled.has_errors()] {
                summary { (say.where_it_belongs()) }
                form method="post" action={ (view.path()) "/file" } {
                    (csrf(frame.csrf()))
                    (Field::new(say, filled, "sort", say.sort_of_document())
                        .initial(view.sort.as_str()).select(None, &sorts))
                    @if !circles.is_empty() {
                        (Field::new(say, filled, "circle", say.circle()).initial(circle)
                            .select(Some(say.all_members()), &circles))
                    }
                    (Field::new(say, filled, "closed", say.it_is_closed()).initial(closed).check())
                    div.buttons { button.btn { (say.file_it()) } }
                }
            }
        }
    }
}

fn anew(frame: &Frame, view: &Document) -> Markup {
    let say = frame.language;
    html! {
        @if view.text.is_some() {
            section.area {
                @if view.nearly_full { (note(say.document_nearly_full(), Markup::default())) }
                details open[view.nearly_full] {
                    summary { (say.begin_anew()) }
                    p { (say.begin_anew_explained()) }
                    form method="post" action={ (view.path()) "/restart" } {
                        (csrf(frame.csrf()))
                        button.btn { (say.begin_anew()) }
                    }
                }
            }
        }
    }
}
