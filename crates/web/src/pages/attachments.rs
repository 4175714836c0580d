//! What is attached to a document, on its page.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{
    documents::Writer,
    form::{Field, Filled, csrf},
    frame::Frame,
    parts::bytes,
};

/// Something that is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// What it is called.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// Who attached it.
    pub writer: Writer,
    /// When.
    pub at: Timestamp,
    /// All of it is on this node.
    pub is_here: bool,
}

/// The section of a document's page; `path` is that of the document.
pub(super) fn section(frame: &Frame, path: &str, attached: &[Attached], filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section id="attachments" aria-labelledby="attachments-title" {
            h2 id="attachments-title" { (say.attachments()) }
            div data-live="attachments" {
                @if attached.is_empty() { p.empty { (say.nothing_attached()) } }
                @else {
                    ul.rows {
                        @for one in attached {
                            li {
                                @if one.is_here {
                                    a href={ (path) "/attachments/" (in_address(&one.name)) } { (one.name) }
                                } @else {
                                    strong { (one.name) }
                                }
                                span.meta {
                                    (bytes(one.bytes)) " · "
                                    (say.changed_by(clock.past(one.at), one.writer.words(say)))
                                    @if !one.is_here { " " (say.attachment_not_here()) }
                                }
                                form.go method="post" action={ (path) "/attachments/remove" } {
                                    (csrf(frame.csrf()))
                                    input type="hidden" name="name" value=(one.name);
                                    button.btn { (say.take_away()) span.vh { " " (one.name) } }
                                }
                            }
                        }
                    }
                }
            }
            form method="post" action={ (path) "/attachments" } enctype="multipart/form-data" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "file", say.attach_a_file()).hint(say.attach_hint()).file())
                div.buttons { button.btn { (say.attach()) } }
            }
        }
    }
}

/// A name as a part of an address.
pub(crate) fn in_address(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
