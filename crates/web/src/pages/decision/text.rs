//! The text with its changes marked against the version before.

use maud::{Markup, html};

use super::super::difference;
use super::super::frame::Frame;
use super::super::parts::paragraphs;
use super::Decision;

pub(super) fn section(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    let version = view.version.number;
    let before = view.previous.as_ref().and_then(|previous| {
        previous
            .text
            .as_ref()
            .map(|text| (previous.number, text.as_str()))
    });
    html! {
        section id="text" aria-labelledby="text-title" {
            div.section-head {
                h2 id="text-title" { (say.the_text(version)) }
                @if let (Some(previous), true) = (&view.previous, frame.session.is_some()) {
                    p.small {
                        a href={ "/decide/" (view.id) "/diff/" (previous.number) ".." (version) } {
                            (say.changes_alone())
                        }
                    }
                }
            }
            @if let (Some(origin), true) = (&view.origin, frame.session.is_some()) {
                p.small { (origin.sentence(frame)) }
            }
            @match (&view.version.text, before) {
                (None, _) => p.empty { (say.text_not_here()) },
                (Some(text), Some((number, old))) => {
                    p.small.muted { (say.marked_against(number)) }
                    div.text lang=(view.language) { (difference::marked(say, old, text)) }
                }
                (Some(text), None) => {
                    div.text lang=(view.language) { (paragraphs(text)) }
                }
            }
        }
    }
}
