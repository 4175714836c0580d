//! The documents of a circle: agendas, minutes, drafts and texts.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::super::{form::csrf, frame::Frame, parts::Name};

/// The documents of a circle by sort, each with when it was last edited.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// Agendas.
    pub agendas: Vec<(Name, Timestamp)>,
    /// Minutes.
    pub minutes: Vec<(Name, Timestamp)>,
    /// Drafts of proposals.
    pub drafts: Vec<(Name, Timestamp)>,
    /// All else.
    pub texts: Vec<(Name, Timestamp)>,
}

/// The documents with the buttons that begin one; `gathering` is the one they are for.
pub(crate) fn section(
    frame: &Frame,
    circle: &str,
    gathering: Option<&str>,
    documents: &Documents,
    may_begin: bool,
) -> Markup {
    let say = frame.language;
    let sorts = [
        (say.sort_agendas(), &documents.agendas),
        (say.sort_minutes(), &documents.minutes),
        (say.sort_drafts(), &documents.drafts),
        (say.sort_texts(), &documents.texts),
    ];
    let is_empty = sorts.iter().all(|(_, documents)| documents.is_empty());
    let new = [
        ("agenda", say.new_agenda()),
        ("minutes", say.new_minutes()),
        ("text", say.new_text()),
    ];
    html! {
        section id="documents" aria-labelledby="documents-title" {
            h2 id="documents-title" { (say.circle_documents()) }
            div.stack data-live="documents" {
                @if is_empty { p.empty { (say.no_circle_documents()) } }
                @for (name, documents) in &sorts {
                    @if !documents.is_empty() {
                        h3 { (name) }
                        ul.rows {
                            @for (document, edited) in documents.iter() {
                                li {
                                    a href={ "/documents/" (document.id) } { (document.name) }
                                    span.meta { (frame.clock().past(*edited)) }
                                }
                            }
                        }
                    }
                }
            }
            @if may_begin {
                div.buttons {
                    @for (sort, words) in new {
                        form method="post" action={ "/circles/" (circle) "/documents" } {
                            (csrf(frame.csrf()))
                            input type="hidden" name="sort" value=(sort);
                            @if let Some(gathering) = gathering {
                                input type="hidden" name="gathering" value=(gathering);
                            }
                            button.btn { (words) }
                        }
                    }
                }
            }
        }
    }
}
