//! The answers of one or two elements.

use super::{flag, success};
use crate::{error::Error, xml::Element};

/// The answer to the address of the API itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Version of the API, twice in the answer.
    pub version: String,
    /// Version of the server.
    pub server_version: String,
    /// The address of the API, where the server says it.
    pub api_url: Option<String>,
    /// Where clients read and write, where the server says it.
    pub graphql_websocket_url: Option<String>,
    /// Where plugins read and write, where the server says it.
    pub graphql_api_url: Option<String>,
}

impl Index {
    /// Writes the answer.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            writer.leaf("version", &self.version);
            writer.leaf("apiVersion", &self.version);
            writer.leaf("bbbVersion", &self.server_version);
            for (name, value) in [
                ("apiUrl", &self.api_url),
                ("graphqlWebsocketUrl", &self.graphql_websocket_url),
                ("graphqlApiUrl", &self.graphql_api_url),
            ] {
                if let Some(value) = value {
                    writer.leaf(name, value);
                }
            }
        })
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When there is no version.
    pub fn from_response(response: &Element) -> Result<Self, Error> {
        let text = |name| {
            response
                .child(name)
                .map(Element::text)
                .filter(|text| !text.is_empty())
        };
        Ok(Self {
            version: text("version").ok_or(Error::Missing { element: "version" })?,
            server_version: text("bbbVersion").unwrap_or_default(),
            api_url: text("apiUrl"),
            graphql_websocket_url: text("graphqlWebsocketUrl"),
            graphql_api_url: text("graphqlApiUrl"),
        })
    }
}

/// The answer to `isMeetingRunning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running(pub bool);

impl Running {
    /// Writes the answer.
    pub fn to_xml(self) -> String {
        success(|writer| writer.plain("running", self.0))
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When the answer does not say.
    pub fn from_response(response: &Element) -> Result<Self, Error> {
        let element = response
            .child("running")
            .ok_or(Error::Missing { element: "running" })?;
        flag(element, "running").map(Self)
    }
}

/// The answers that say in one word that something was done to recordings or hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// `publishRecordings`: whether they are published now.
    Published(bool),
    /// `deleteRecordings`.
    Deleted(bool),
    /// `updateRecordings`.
    Updated(bool),
    /// `hooks/destroy`.
    Removed(bool),
}

impl Done {
    fn parts(self) -> (&'static str, bool) {
        match self {
            Self::Published(value) => ("published", value),
            Self::Deleted(value) => ("deleted", value),
            Self::Updated(value) => ("updated", value),
            Self::Removed(value) => ("removed", value),
        }
    }

    /// Writes the answer.
    pub fn to_xml(self) -> String {
        let (name, value) = self.parts();
        success(|writer| writer.plain(name, value))
    }

    /// Reads a successful answer, whichever of them it is.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn from_response(response: &Element) -> Result<Self, Error> {
        const KINDS: [fn(bool) -> Done; 4] =
            [Done::Published, Done::Deleted, Done::Updated, Done::Removed];
        for kind in KINDS {
            let (name, _) = kind(false).parts();
            if let Some(element) = response.child(name) {
                return flag(element, name).map(kind);
            }
        }
        Err(Error::Missing {
            element: "published, deleted, updated or removed",
        })
    }
}

/// The answers that are only a message: `end`, `insertDocument`, `sendChatMessage`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The key; empty for `sendChatMessage`.
    pub key: String,
    /// For people.
    pub message: String,
}

impl Message {
    /// What `end` answers: the meeting ends a few seconds later.
    pub fn end_requested() -> Self {
        Self {
            key: "sentEndMeetingRequest".to_owned(),
            message: "A request to end the meeting was sent.  Please wait a few seconds, and then \
                      use the getMeetingInfo or isMeetingRunning API calls to verify that it was \
                      ended."
                .to_owned(),
        }
    }

    /// What `insertDocument` answers.
    pub fn document_inserted() -> Self {
        Self {
            key: "insertDocumentSuccess".to_owned(),
            message: "Presentation is being uploaded".to_owned(),
        }
    }

    /// Writes the answer.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            writer.leaf("messageKey", &self.key);
            writer.leaf("message", &self.message);
        })
    }

    /// Reads a successful answer.
    pub fn from_response(response: &Element) -> Self {
        let text = |name| response.child(name).map(Element::text).unwrap_or_default();
        Self {
            key: text("messageKey"),
            message: text("message"),
        }
    }
}
