//! What forms and decisions show of the draft they are read from.

use maud::{Markup, html};

use super::difference;
use super::frame::Frame;
use super::parts::{Name, paragraphs};
use crate::catalogue::Language;

/// A draft that is to become a proposal or its next version.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The document.
    pub document: Name,
    /// The edits it was read from, with commas between.
    pub edits: String,
    /// The text they give; empty while it cannot be read.
    pub text: String,
    /// The circle it belongs to.
    pub circle: Option<String>,
}

impl Draft {
    /// What the form carries beside its fields.
    pub(super) fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="draft" value=(self.document.id);
            input type="hidden" name="edits" value=(self.edits);
        }
    }

    pub(super) fn link(&self) -> Markup {
        link(&self.document)
    }

    /// The text that will be proposed.
    pub(super) fn text(&self, say: Language) -> Markup {
        html! {
            section aria-labelledby="draft-title" {
                h2 id="draft-title" { (say.draft_text()) }
                p.hint { (say.proposing_draft(self.link())) }
                @if !self.text.is_empty() { div.text { (paragraphs(&self.text)) } }
            }
        }
    }

    /// The same against the version that stands.
    pub(super) fn against(&self, say: Language, current: Option<&str>) -> Markup {
        html! {
            section aria-labelledby="draft-title" {
                h2 id="draft-title" { (say.difference_to_current()) }
                p.hint { (say.proposing_draft(self.link())) }
                @match current {
                    // It could not be read just now.
                    _ if self.text.is_empty() => {}
                    Some(current) if current == self.text => p.empty { (say.same_as_current()) },
                    Some(current) => {
                        div.text { (difference::marked(say, current, &self.text)) }
                    }
                    None => div.text { (paragraphs(&self.text)) },
                }
            }
        }
    }
}

fn link(document: &Name) -> Markup {
    html! { a href={ "/documents/" (document.id) } { (document.name) } }
}

/// The version of a document that a version of a proposal was read from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The document.
    pub document: Name,
    /// Its version, as it stands in addresses.
    pub version: String,
    /// Whether that has just the text of the proposal; none if this node cannot tell.
    pub is_same: Option<bool>,
}

impl Origin {
    /// Where the text comes from, in a sentence.
    pub(super) fn sentence(&self, frame: &Frame) -> Markup {
        let say = frame.language;
        let path = format!("/documents/{}/versions/{}", self.document.id, self.version);
        let draft = link(&self.document);
        let version = html! { a href=(path) { (say.that_version()) } };
        match self.is_same {
            Some(true) => say.text_of_draft(draft, version),
            Some(false) => say.not_text_of_draft(draft, version),
            None => say.text_of_draft_unchecked(draft, version),
        }
    }
}
