//! Handlers: parse, call, render. One file per area.

pub(crate) mod account;
pub(crate) mod action;
pub(crate) mod applicants;
pub(crate) mod application;
pub(crate) mod archive;
pub(crate) mod attachments;
pub(crate) mod calendar;
pub(crate) mod charter;
pub(crate) mod charters;
pub(crate) mod circle;
pub(crate) mod circle_documents;
pub(crate) mod common;
pub(crate) mod decide;
pub(crate) mod decision;
pub(crate) mod documents;
pub(crate) mod draft;
pub(crate) mod editor;
pub(crate) mod effect;
pub(crate) mod entrance;
pub(crate) mod federation;
pub(crate) mod feeds;
pub(crate) mod gathering;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod hosted;
pub(crate) mod meet;
pub(crate) mod node;
pub(crate) mod order;
pub(crate) mod propose;
pub(crate) mod register;
pub(crate) mod reminders;
pub(crate) mod rooms;
pub(crate) mod servers;
pub(crate) mod sign_up;
pub(crate) mod submit;
pub(crate) mod tenants;
pub(crate) mod usage;
pub(crate) mod views;
pub(crate) mod work;

use axum::{
    http::HeaderValue,
    response::{IntoResponse, Redirect, Response},
};

/// A path of this site to go on to, if it is one; anything else could lead to another site.
pub(crate) fn own_path(text: &str) -> &str {
    let mut bytes = text.bytes();
    let is_own = bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && text.len() <= 500
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_own { text } else { "/" }
}

/// Goes on to a path after a form was done.
pub(crate) fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// The same with a cookie set.
pub(crate) fn go_with_cookie(path: &str, cookie: &str) -> Response {
    let mut response = go(path);
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response
            .headers_mut()
            .insert(axum::http::header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_led_to_another_site_after_signing_in() {
        for (text, path) in [
            ("/decide/1?change=1", "/decide/1?change=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(text), path);
        }
    }
}
