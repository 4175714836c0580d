//! What is attached to a document.

use crate::{
    blob::Blob,
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::DocumentId,
    text::decode_line,
};

/// The longest name of an attachment, in bytes.
pub const ATTACHMENT_NAME_BYTES_MAX: usize = 120;
/// The longest media type, in bytes.
pub const MEDIA_TYPE_BYTES_MAX: usize = 80;

/// Something is attached to a document under a name, or taken away; the last one of a name counts,
/// whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The document.
    pub document: DocumentId,
    /// What it is called: a name for people, never a place on a disk. It has no `/` and no `\`.
    pub name: String,
    /// What its author says it is, as in `image/png`. Only a claim: nobody compares it with the
    /// bytes, so whoever shows them must treat them as bytes of unknown sort.
    pub media_type: String,
    /// The bytes; `None` takes it away.
    pub content: Option<Blob>,
}

/// Whether a line can be the name of an attachment.
#[must_use]
pub fn is_attachment_name(name: &str) -> bool {
    !name.contains(['/', '\\']) && name != "." && name != ".."
}

impl Encode for Attachment {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.document)
            .text(&self.name)
            .text(&self.media_type)
            .optional(self.content.as_ref());
    }
}

impl Decode for Attachment {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let attachment = Self {
            document: decoder.value()?,
            name: decode_line(decoder, "attachment name", ATTACHMENT_NAME_BYTES_MAX)?,
            media_type: decode_line(decoder, "media type", MEDIA_TYPE_BYTES_MAX)?,
            content: decoder.optional()?,
        };
        if is_attachment_name(&attachment.name) {
            Ok(attachment)
        } else {
            Err(DecodeError::Invalid("the name of an attachment is no path"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EntryId;

    fn named(name: &str) -> Attachment {
        Attachment {
            document: EntryId([1; 32]),
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            content: None,
        }
    }

    #[test]
    fn an_attachment_comes_back_with_and_without_its_bytes() {
        let mut attachment = named("plan of the garden.png");
        for content in [None, Some(Blob::of(b"bytes").unwrap().0)] {
            attachment.content = content;
            let bytes = attachment.to_bytes();
            assert_eq!(Attachment::from_bytes(&bytes), Ok(attachment.clone()));
        }
    }

    #[test]
    fn a_name_is_one_line_and_no_path() {
        for name in ["", "..", "a/b", "a\\b", "a\nb", &"x".repeat(121)] {
            let bytes = named(name).to_bytes();
            assert!(Attachment::from_bytes(&bytes).is_err(), "{name:?}");
        }
    }
}
