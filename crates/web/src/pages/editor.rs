//! Writing in a document: a field that works without script, and what the script needs beside it.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::document::{in_words, present};
use super::documents::Writer;
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, crumbs, page_head};
use crate::catalogue::Language;

/// How many lines of the field are seen at once.
const ROWS: u8 = 22;

/// What the editor starts from.
#[derive(Debug, Clone)]
pub struct Editor {
    /// The document's id and title.
    pub document: Name,
    /// The reader's person, so that what is kept in the browser is kept for nobody else.
    pub person: String,
    /// The edits the text was read from, with commas between.
    pub basis: String,
    /// The text.
    pub text: String,
    /// Who else writes now.
    pub present: Vec<Writer>,
    /// When it was saved just now, without script.
    pub saved: Option<Timestamp>,
}

/// The page of the editor.
#[must_use]
pub fn page(frame: &Frame, view: &Editor, filled: &Filled) -> Markup {
    let say = frame.language;
    let path = format!("/documents/{}", view.document.id);
    let basis = if filled.is_sent() {
        filled.value("basis")
    } else {
        &view.basis
    };
    let body = html! {
        (page_head(
            crumbs(
                say,
                &[("/decide", say.decide()), ("/documents", say.documents()), (&path, html! { (view.document.name) })],
                say.write_here(),
            ),
            html! { (view.document.name) },
            Markup::default(),
        ))
        form.editor method="post" action={ (path) "/edit" } id="editor" autocomplete="off"
            data-document=(view.document.id) data-person=(view.person)
            data-unsaved=[filled.is_sent().then_some("yes")]
            data-say-saved=(sentence(say.saved_at(TIME)))
            data-say-saving=(sentence(say.saving_now()))
            data-say-unsaved=(sentence(say.not_saved_yet()))
            data-say-apart=(sentence(say.kept_not_connected(TIME)))
            data-say-signed-out=(sentence(say.kept_signed_out()))
            data-say-other=(sentence(say.kept_other_person()))
            data-say-refused=(sentence(say.kept_refused("{why}")))
            data-say-only-here=(sentence(say.kept_only_here()))
            data-say-restored=(sentence(say.restored()))
            data-say-merged=(sentence(say.merged_with_others())) {
            (csrf(frame.csrf()))
            input type="hidden" name="basis" value=(basis);
            p.writers id="present" { (present(say, &view.present)) }
            p.save-state role="status" id="save-state" {
                @if let (Some(at), false) = (view.saved, filled.has_errors()) {
                    (say.saved_at(frame.clock().past(at)))
                }
            }
            p.hint id="save-pending" hidden { (say.not_saved_yet()) }
            (Field::new(say, filled, "text", say.text())
                .hint(html! {
                    span data-with-script hidden { (say.editor_hint()) }
                    span data-without-script { (say.editor_hint_plain()) }
                })
                .initial(&view.text).area(ROWS))
            div.buttons {
                button.btn.primary { (say.save_now()) }
                a href=(path) { (say.done_writing()) }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        script: Some("/assets/editor.js"),
        ..Head::new(say.editing(&view.document.name), Area::Decide)
    };
    document(frame, &head, body)
}

/// Where the script puts a time.
const TIME: &str = "{time}";

/// A message as plain text: the script shows it as such.
fn sentence(words: Markup) -> String {
    words.into_string()
}

/// Who writes now, as plain text for the script to put in.
pub(crate) fn present_words(say: Language, people: &[Writer]) -> String {
    let names: Vec<Markup> = people.iter().map(|writer| writer.unescaped(say)).collect();
    in_words(say, names).into_string()
}
