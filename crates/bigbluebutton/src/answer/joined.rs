//! The answer to `join` with `redirect=false`.

use super::success;
use crate::{error::Error, xml::Element};

/// A person who may enter a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// `successfullyJoined`, `guestWait` or `guestDeny`.
    pub message_key: String,
    /// For people.
    pub message: String,
    /// The server's id of the meeting.
    pub internal_meeting_id: String,
    /// The server's id of the person.
    pub user_id: String,
    /// What the client proves itself with.
    pub auth_token: String,
    /// The session.
    pub session_token: String,
    /// `ALLOW`, `WAIT` or `DENY`.
    pub guest_status: String,
    /// Where the browser goes.
    pub url: String,
    /// What else the server said.
    pub extra: Vec<Element>,
}

impl Joined {
    /// The message key of a person who is in.
    pub const SUCCESS: &str = "successfullyJoined";
    /// The message of a person who is in.
    pub const SUCCESS_MESSAGE: &str = "You have joined successfully.";

    /// Writes the answer.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            for (name, value) in self.fields() {
                writer.leaf(name, value);
            }
            writer.elements(&self.extra);
        })
    }

    fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("messageKey", &self.message_key),
            ("message", &self.message),
            ("meeting_id", &self.internal_meeting_id),
            ("user_id", &self.user_id),
            ("auth_token", &self.auth_token),
            ("session_token", &self.session_token),
            ("guestStatus", &self.guest_status),
            ("url", &self.url),
        ]
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When there is no address to go to.
    pub fn from_response(response: Element) -> Result<Self, Error> {
        let text = |name| response.child(name).map(Element::text).unwrap_or_default();
        let mut joined = Self {
            message_key: text("messageKey"),
            message: text("message"),
            internal_meeting_id: text("meeting_id"),
            user_id: text("user_id"),
            auth_token: text("auth_token"),
            session_token: text("session_token"),
            guest_status: text("guestStatus"),
            url: text("url"),
            extra: Vec::new(),
        };
        if joined.url.is_empty() {
            return Err(Error::Missing { element: "url" });
        }
        let known = joined.fields().map(|(name, _)| name);
        joined.extra = response
            .into_children()
            .filter(|element| element.name() != "returncode" && !known.contains(&element.name()))
            .collect();
        Ok(joined)
    }
}
