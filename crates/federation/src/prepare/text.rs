//! Words as they may be signed, or what is wrong with them.

use domain::{
    cbor::DecodeError,
    text::{Content, is_block, is_line, visible_characters},
};

use crate::error::Refused;

pub(super) fn text_error(field: &'static str, problem: impl Into<String>) -> Refused {
    Refused::Text {
        field,
        problem: problem.into(),
    }
}

/// What could be written and not be read again, in words.
pub(super) fn decode_error(error: &DecodeError) -> Refused {
    match error {
        DecodeError::Range {
            field,
            found,
            allowed,
        } => text_error(
            field,
            format!("{found} is outside what is allowed ({allowed})"),
        ),
        DecodeError::Unsorted(field) => text_error(field, "not in strictly ascending order"),
        error => text_error("record", error.to_string()),
    }
}

pub(super) fn line(field: &'static str, text: &str, most: usize) -> Result<String, Refused> {
    let text = text.trim();
    if visible_characters(text) == 0 {
        return Err(text_error(field, "write something"));
    }
    if text.len() > most {
        return Err(text_error(
            field,
            format!("{} bytes are too long, {most} fit", text.len()),
        ));
    }
    if !is_line(text) {
        return Err(text_error(field, "one line without control characters"));
    }
    Ok(text.to_owned())
}

/// A text of several lines in which something can be seen.
pub(super) fn filled_block(
    field: &'static str,
    text: &str,
    most: usize,
) -> Result<String, Refused> {
    let text = block(field, text, most)?;
    if visible_characters(&text) == 0 {
        return Err(text_error(field, "write something"));
    }
    Ok(text)
}

pub(super) fn block(field: &'static str, text: &str, most: usize) -> Result<String, Refused> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.len() > most {
        return Err(text_error(
            field,
            format!("{} bytes are too long, {most} fit", text.len()),
        ));
    }
    if !is_block(text) {
        return Err(text_error(field, "control characters are not allowed"));
    }
    Ok(text.to_owned())
}

pub(super) fn content(text: &str) -> Result<(Content, Vec<Vec<u8>>), Refused> {
    let text = text.replace("\r\n", "\n");
    Content::of(text.trim_end()).map_err(|error| text_error("text", error.to_string()))
}

pub(super) fn note(text: &str) -> Option<Vec<u8>> {
    (!text.is_empty()).then(|| text.as_bytes().to_vec())
}
