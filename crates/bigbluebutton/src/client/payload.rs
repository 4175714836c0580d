//! The body of a call.

use std::fmt;

use hyper::body::Bytes;

/// A body and its content type. Never printed: it may be a person's documents.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    content_type: String,
    bytes: Bytes,
}

impl Payload {
    /// A body of any type, such as an upload in several parts.
    pub fn new(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type.into(),
            bytes: bytes.into(),
        }
    }

    /// The modules of a meeting: presentations and settings.
    pub fn xml(document: impl Into<Bytes>) -> Self {
        Self::new("application/xml", document)
    }

    /// Parameters as a form.
    pub fn form(encoded: impl Into<Bytes>) -> Self {
        Self::new("application/x-www-form-urlencoded", encoded)
    }

    /// The content type.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The body.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Payload({}, {} bytes)",
            self.content_type,
            self.bytes.len()
        )
    }
}
