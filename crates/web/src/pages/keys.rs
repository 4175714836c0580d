//! The keys of this member.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::frame::{Area, Frame, Head, document};
use super::node::tabs;
use super::parts::{crumbs, icon, page_head, short};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The member's root key.
    Root,
    /// The node's own key.
    Node,
    /// A person's key.
    Person,
    /// A validator's key.
    Validator,
}

/// A key of this member.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub key: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose, for persons.
    pub person: Option<String>,
    /// Its secret half is on this node.
    pub here: bool,
    /// Granted then.
    pub granted: Option<Timestamp>,
    /// Entries it signed.
    pub entries: u64,
    /// Revoked then.
    pub revoked: Option<Timestamp>,
    /// It signed two histories.
    pub forked: bool,
}

/// The keys of this member: read only; changing them needs the command line.
#[must_use]
pub fn page(frame: &Frame, keys: &[Key]) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.keys()),
            say.keys_of(&frame.member),
            say.keys_explained(),
        ))
        (tabs(say, "/node/keys"))
        table.cards {
            caption.vh { (say.keys()) }
            thead {
                tr {
                    th scope="col" { (say.key()) }
                    th scope="col" { (say.purpose()) }
                    th scope="col" { (say.where_it_is()) }
                    th scope="col" { (say.state()) }
                }
            }
            tbody { @for key in keys { (key_row(frame, key)) } }
        }
        section.area {
            h2 { (say.changing_keys()) }
            p { (say.keys_by_command()) }
            code.command { "folkmoot key grant | mandate | revoke | export" }
        }
    };
    document(frame, &Head::new(say.keys(), Area::Node), body)
}

fn key_row(frame: &Frame, key: &Key) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let purpose = match key.purpose {
        Purpose::Root => say.purpose_root(),
        Purpose::Node => say.purpose_node(),
        Purpose::Person => say.purpose_person(),
        Purpose::Validator => say.purpose_validator(),
    };
    html! {
        tr {
            th scope="row" { (short(&key.key)) }
            td data-label=(say.purpose()) {
                span { (purpose) }
                @if let Some(person) = &key.person { span.sub { (person) } }
            }
            td data-label=(say.where_it_is()) {
                span { @if key.here { (say.on_this_node()) } @else { (say.not_on_this_node()) } }
            }
            td data-label=(say.state()) {
                @match key.revoked {
                    Some(at) => span.word.k-rest { (icon("no")) span { (say.revoked_at(clock.past(at))) } },
                    None if key.forked => span.word.k-wait { (icon("wait")) span { (say.key_forked()) } },
                    None => span.word.k-agree { (icon("yes")) span { (say.key_stands()) } },
                }
                @if let Some(at) = key.granted { span.sub { (say.granted_at(clock.past(at))) } }
                span.sub { (say.entries_signed(key.entries)) }
            }
        }
    }
}
