//! Acts on what is attached to documents.

use domain::{
    blob::{Blob, BlobError},
    entry::Audience,
    id::{DocumentId, Timestamp},
    key::PublicKey,
    record::{
        ATTACHMENT_NAME_BYTES_MAX, Attachment, MEDIA_TYPE_BYTES_MAX, Record, is_attachment_name,
    },
    text::CHUNK_BYTES_MAX,
};
use replica::view::ATTACHMENTS_MAX;

use super::{
    Draft,
    text::{line, text_error},
};
use crate::{act::Act, core::Core, error::Refused};

impl Core {
    pub(super) fn draft_attachment(
        &self,
        now: Timestamp,
        key: &PublicKey,
        act: &Act,
    ) -> Result<Draft, Refused> {
        let (grant, member) = self.person_grant(key)?;
        let (attachment, chunks) = match act {
            Act::Attach {
                document,
                name,
                media_type,
                bytes,
            } => attach(document, name, media_type, bytes)?,
            Act::Detach { document, name } => (self.detach(document, name)?, Vec::new()),
            _ => return Err(Refused::UnknownDocument),
        };
        let view = self.view().documents.get(&attachment.document);
        let document = view.filter(|document| !document.edits.is_empty());
        let document = document.ok_or(Refused::UnknownDocument)?;
        if attachment.content.is_some() {
            let known = document.attachments().into_iter();
            let others = known.filter(|a| a.member == member && a.record.name != attachment.name);
            if others.count() >= ATTACHMENTS_MAX {
                let problem = format!(
                    "your member has {ATTACHMENTS_MAX} attachments here already; take one away"
                );
                return Err(text_error("attachment", problem));
            }
            let bytes = (chunks.len() * CHUNK_BYTES_MAX) as u64;
            if !self.may_attach(now, member, key, bytes) {
                let problem = "your member has attached as much as the nodes keep of it by today; \
                               each day there is room for more";
                return Err(text_error("attachment", problem));
            }
        }
        let last = document.last_of(&attachment.name).map(|last| last.time);
        let mut draft = Draft::new(grant, "documents", Record::Attachment(attachment));
        draft.replaces = last;
        draft.audience = Audience::Members;
        draft.chunks = chunks;
        Ok(draft)
    }

    fn detach(&self, document: &DocumentId, name: &str) -> Result<Attachment, Refused> {
        let known = self.view().documents.get(document);
        let known = known.and_then(|known| known.attachment(name));
        let known = known.ok_or_else(|| text_error("name", "there is nothing of this name"))?;
        Ok(Attachment {
            content: None,
            ..known.record.clone()
        })
    }
}

fn attach(
    document: &DocumentId,
    name: &str,
    media_type: &str,
    bytes: &[u8],
) -> Result<(Attachment, Vec<Vec<u8>>), Refused> {
    let name = line("name", name, ATTACHMENT_NAME_BYTES_MAX)?;
    if !is_attachment_name(&name) {
        return Err(text_error("name", "a name, not a path: without / and \\"));
    }
    let media_type = line("media type", media_type, MEDIA_TYPE_BYTES_MAX)?;
    let unfit = |error: BlobError| text_error("attachment", error.to_string());
    let (content, chunks) = Blob::of(bytes).map_err(unfit)?;
    let attachment = Attachment {
        document: *document,
        name,
        media_type,
        content: Some(content),
    };
    Ok((attachment, chunks))
}
