//! What a server answers, as structures that are written and read.
//!
//! Writing gives the elements of a BigBlueButton 3.0 server in its order. Reading is lenient
//! where servers of other ages differ: what is missing gets the value of an empty meeting, what is
//! unknown is kept in `extra` and written again at the end.

mod created;
mod hook;
mod joined;
mod meeting;
mod metadata;
mod recording;
mod simple;
mod text_track;

pub use created::Created;
pub use hook::{Hook, HookCreated, Hooks};
pub use joined::Joined;
pub use meeting::{Attendee, Breakout, Meeting, Meetings};
pub use metadata::Metadata;
pub use recording::{Format, Image, Recording, Recordings};
pub use simple::{Done, Index, Message, Running};
pub use text_track::{TextTrack, TextTrackStored, TextTracks};

use crate::{
    error::Error,
    failure::Failure,
    xml::{Element, Writer},
};

/// The content type of every answer in XML; the status is 200 even for a refusal.
pub const CONTENT_TYPE: &str = "text/xml;charset=utf-8";
/// The content type of the answers about text tracks.
pub const JSON_CONTENT_TYPE: &str = "application/json;charset=utf-8";
/// The value of `Cache-Control` of every answer.
pub const CACHE_CONTROL: &str = "no-cache";

/// The root element of every answer.
const RESPONSE: &str = "response";

/// An answer that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The call succeeded: the whole `<response>`.
    Success(Element),
    /// The call was refused.
    Failed(Failure),
}

/// Reads an answer and tells success from refusal.
///
/// # Errors
/// One of the XML variants of [`Error`], or [`Error::NotAResponse`].
pub fn read(document: &[u8]) -> Result<Outcome, Error> {
    let response = Element::read(document)?;
    if response.name() != RESPONSE {
        return Err(Error::NotAResponse);
    }
    let code = response
        .child("returncode")
        .ok_or(Error::NotAResponse)?
        .text();
    if code.trim().eq_ignore_ascii_case("SUCCESS") {
        Ok(Outcome::Success(response))
    } else {
        Ok(Outcome::Failed(Failure::from_response(&response)))
    }
}

/// Writes a successful answer around what `body` writes.
fn success(body: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer::new();
    writer.open(RESPONSE);
    writer.leaf("returncode", "SUCCESS");
    body(&mut writer);
    writer.close(RESPONSE);
    writer.finish()
}

/// A number, also as servers write it for people: `1,234`. Nothing is 0, and so is less than nothing:
/// servers take a duration of `-5` and say it again.
fn number(element: &Element, name: &'static str) -> Result<u64, Error> {
    Ok(optional_number(element, name)?.unwrap_or_default())
}

/// A number or nothing.
fn optional_number(element: &Element, name: &'static str) -> Result<Option<u64>, Error> {
    let text = element.text();
    let digits: String = text
        .trim()
        .chars()
        .filter(|character| !matches!(character, ',' | '.' | '\u{a0}' | '\u{202f}'))
        .collect();
    if digits.is_empty() {
        return Ok(None);
    }
    if digits.parse::<i64>().is_ok_and(i64::is_negative) {
        return Ok(Some(0));
    }
    digits.parse().map(Some).map_err(|_| Error::WrongValue {
        element: name,
        expected: "a number",
    })
}

/// `true` or `false`; nothing is false.
fn flag(element: &Element, name: &'static str) -> Result<bool, Error> {
    match element.text().trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(Error::WrongValue {
            element: name,
            expected: "true or false",
        }),
    }
}

/// Text unless it is empty.
fn filled(element: &Element) -> Option<String> {
    Some(element.text()).filter(|text| !text.is_empty())
}
