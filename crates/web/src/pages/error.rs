//! The one page for what went wrong: what happened, what is safe, what next, a reference.

use maud::{Markup, html};

use super::federation::Role;
use super::frame::{Area, Frame, Head, document};
use super::parts::page_head;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// 404: no such page or thing.
    NotFound,
    /// 403: the reader lacks a role.
    Forbidden {
        /// The role that is needed.
        role: Role,
    },
    /// 403: the form's token is not this session's.
    Expired,
    /// 429: too many requests.
    TooMany {
        /// Let in again after so many seconds.
        retry_seconds: u64,
    },
    /// 413: the request is too large.
    TooLarge {
        /// What the page takes, in KiB.
        limit_kib: u64,
    },
    /// 400, 409 or 422: the core refused the act, with its own sentence that says what to do.
    Refused {
        /// The sentence.
        because: String,
    },
    /// 404 or 410: the link of an invitation was used or is too old.
    Invitation,
    /// 503: no answer in time.
    Busy,
    /// 500: a fault of the node.
    Broken,
}

/// The page; `reference` finds the request in the node's log.
#[must_use]
pub fn page(frame: &Frame, failure: &Failure, reference: &str) -> Markup {
    let say = frame.language;
    let (title, what, safe, next) = match failure {
        Failure::NotFound => (
            say.error_not_found(),
            say.error_not_found_what(),
            say.safe_nothing_changed(),
            say.next_go_home(),
        ),
        Failure::Forbidden { role } => (
            say.error_forbidden(role.word(say)),
            say.error_forbidden_what(&frame.member, role.word(say)),
            say.safe_nothing_changed(),
            say.next_go_home(),
        ),
        Failure::Expired => (
            say.error_expired(),
            say.error_expired_what(),
            say.safe_text_kept(),
            say.next_sign_in(),
        ),
        Failure::TooMany { retry_seconds } => (
            say.error_too_many(),
            say.error_too_many_what(frame.clock().length(*retry_seconds)),
            say.safe_nothing_changed(),
            say.next_wait(),
        ),
        Failure::TooLarge { limit_kib } => (
            say.error_too_large(),
            say.error_too_large_what(format!("{limit_kib} KiB")),
            say.safe_text_kept(),
            say.next_shorten(),
        ),
        Failure::Refused { because } => (
            say.error_refused(),
            html! { (because) },
            say.safe_text_kept(),
            say.next_go_back(),
        ),
        Failure::Invitation => (
            say.error_invitation(),
            say.error_invitation_what(),
            say.safe_nothing_changed(),
            say.next_ask_invitation(),
        ),
        Failure::Busy => (
            say.error_busy(),
            say.error_busy_what(),
            say.safe_text_kept(),
            say.next_try_again(),
        ),
        Failure::Broken => (
            say.error_broken(),
            say.error_broken_what(),
            say.safe_nothing_changed(),
            say.next_try_again(),
        ),
    };
    let body = html! {
        (page_head(Markup::default(), title.clone(), Markup::default()))
        div.narrow.stack {
            p { (what) }
            h2.h3 { (say.what_is_safe()) }
            p { (safe) }
            h2.h3 { (say.what_next()) }
            p { (next) }
            @if !reference.is_empty() { p.small.muted { (say.reference(reference)) } }
        }
    };
    let title = html! { (say.error_before_title()) " " (title) };
    document(frame, &Head::new(title, Area::None), body)
}
