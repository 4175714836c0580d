//! The answers about the captions of recordings, which are JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{error::Error, failure::Failure};

/// The longest answer read, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// A caption or subtitle file of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextTrack {
    /// Where it is.
    pub href: String,
    /// `subtitles` or `captions`.
    pub kind: String,
    /// For people.
    pub label: String,
    /// Language tag.
    pub lang: String,
    /// `live`, `automatic` or `upload`.
    pub source: String,
    /// What else the server said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The answer to `getRecordingTextTracks`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextTracks(pub Vec<TextTrack>);

impl TextTracks {
    /// Writes the answer.
    pub fn to_json(&self) -> String {
        json!({"response": {"returncode": "SUCCESS", "tracks": self.0}}).to_string()
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// When it cannot be read; a refusal is no error but the inner result.
    pub fn read(document: &[u8]) -> Result<Result<Self, Failure>, Error> {
        let mut response = match response(document)? {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        let tracks = response
            .remove("tracks")
            .ok_or(Error::Missing { element: "tracks" })?;
        serde_json::from_value(tracks)
            .map(|tracks| Ok(Self(tracks)))
            .map_err(|_| Error::WrongValue {
                element: "tracks",
                expected: "a list of tracks",
            })
    }
}

/// The answer to `putRecordingTextTrack`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTrackStored {
    /// Id of the recording.
    pub record_id: String,
}

impl TextTrackStored {
    /// Writes the answer.
    pub fn to_json(&self) -> String {
        json!({"response": {
            "messageKey": "upload_text_track_success",
            "message": "Text track uploaded successfully",
            "recordId": self.record_id,
            "returncode": "SUCCESS",
        }})
        .to_string()
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// As [`TextTracks::read`].
    pub fn read(document: &[u8]) -> Result<Result<Self, Failure>, Error> {
        let response = match response(document)? {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        let record_id = response
            .get("recordId")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Ok(Ok(Self {
            record_id: record_id.to_owned(),
        }))
    }
}

/// Reads `{"response": {…}}` and tells success from refusal.
fn response(document: &[u8]) -> Result<Result<Map<String, Value>, Failure>, Error> {
    if document.len() > MAX_BYTES {
        return Err(Error::XmlTooLarge {
            found: document.len(),
            max: MAX_BYTES,
        });
    }
    let read: Value = serde_json::from_slice(document).map_err(|_| Error::NotAResponse)?;
    let Some(Value::Object(response)) = read.get("response").cloned() else {
        return Err(Error::NotAResponse);
    };
    let text = |name: &str| {
        response
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    if text("returncode") == "SUCCESS" {
        return Ok(Ok(response));
    }
    let short = |name: &str, max: usize| text(name).chars().take(max).collect::<String>();
    Ok(Err(Failure::new(
        short("messageKey", Failure::MAX_KEY_BYTES),
        short("message", Failure::MAX_MESSAGE_BYTES),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_written_and_read_with_what_is_unknown() {
        let text = r#"{"response":{"returncode":"SUCCESS","tracks":[{"href":"https://a/x.vtt",
            "kind":"subtitles","label":"English","lang":"en-US","source":"upload","new":1}]}}"#;
        let tracks = TextTracks::read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(tracks.0[0].extra["new"], 1);
        assert_eq!(
            TextTracks::read(tracks.to_json().as_bytes())
                .unwrap()
                .unwrap(),
            tracks
        );
    }

    #[test]
    fn a_refusal_in_json_is_read() {
        let failure = Failure::no_recording_for_tracks();
        assert_eq!(
            TextTracks::read(failure.to_json().as_bytes()).unwrap(),
            Err(failure)
        );
        assert!(TextTracks::read(b"[]").is_err());
        assert!(TextTracks::read(b"<response/>").is_err());
    }
}
