//! What was recorded in a room: found at the servers, changed by those who may change the room.

use bigbluebutton::{Call, answer::Recording};
use domain::id::Timestamp;

use super::{Room, tenancy};
use crate::{
    error::WebError,
    gateway::inside,
    pages::rooms::recordings::{Recorded, State, Watched},
    site::Site,
};

/// The most recordings of a room on its page, the newest.
const LISTED_MAX: usize = 100;
/// The longest address under which something can be watched.
const ADDRESS_BYTES_MAX: usize = 2_048;

/// What is done with a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Whoever has its link can watch it.
    Publish,
    /// Nobody can watch it for now.
    Unpublish,
    /// It goes for good.
    Delete,
}

impl Change {
    /// The change of a word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "publish" => Some(Self::Publish),
            "unpublish" => Some(Self::Unpublish),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// The recordings of a room that servers tell of now, the newest first.
pub(crate) async fn of(site: &Site, room: &Room) -> Vec<Recorded> {
    let Some(tenant) = tenancy::find(site, room.member) else {
        return Vec::new();
    };
    let (found, _) = inside::found(site, &tenant, &room.meeting_id()).await;
    let found = found.into_iter();
    // A server may tell of more than it was asked for.
    let own = found.filter(|one| one.meeting_id == room.meeting_id());
    let there = own.filter(|one| one.state != "deleted");
    there.take(LISTED_MAX).map(recorded).collect()
}

/// That nothing was recorded in a room, by all servers.
///
/// # Errors
/// When something was, or one of them does not say.
pub(super) async fn need_none(site: &Site, room: &Room) -> Result<(), WebError> {
    let Some(tenant) = tenancy::find(site, room.member) else {
        return Ok(());
    };
    let (found, is_whole) = inside::found(site, &tenant, &room.meeting_id()).await;
    let message = match found.is_empty() {
        true if is_whole => return Ok(()),
        true => {
            "A server gives no answer now, so nobody can say whether something was recorded in this room. \
             Try again later."
        }
        false => "Something was recorded in this room. Delete its recordings first.",
    };
    Err(WebError::Conflict {
        code: "recordings",
        message: message.to_owned(),
    })
}

fn recorded(one: Recording) -> Recorded {
    let state = match &*one.state {
        "published" if one.published => State::Published,
        "published" | "unpublished" => State::Unpublished,
        _ => State::Processing,
    };
    // A server of another member is a stranger: only an address of the web becomes a link.
    let is_address = |url: &str| {
        ["https://", "http://"]
            .iter()
            .any(|start| url.starts_with(start))
            && url.len() <= ADDRESS_BYTES_MAX
    };
    let formats = one.formats().into_iter();
    let watched = formats.filter(|format| is_address(&format.url));
    Recorded {
        started: one.started_at_ms.map(Timestamp),
        state,
        watched: watched
            .map(|format| Watched {
                kind: format.kind,
                url: format.url,
                minutes: format.length_minutes,
            })
            .collect(),
        id: one.record_id,
    }
}

/// Changes a recording of a room.
///
/// # Errors
/// When the room has no such recording, or the server that has it does not do it.
pub(crate) async fn change(
    site: &Site,
    room: &Room,
    id: &str,
    change: Change,
) -> Result<(), WebError> {
    let missing = || WebError::NotFound { what: "recording" };
    let tenant = tenancy::find(site, room.member).ok_or_else(missing)?;
    let known = of(site, room).await;
    let known = known.iter().find(|one| one.id == id).ok_or_else(missing)?;
    let call = match change {
        Change::Publish | Change::Unpublish => Call::PublishRecordings,
        Change::Delete => Call::DeleteRecordings,
    };
    let publish = change == Change::Publish;
    let changed = inside::change_recording(site, &tenant, (call, &known.id), publish).await;
    changed.map_err(|failure| {
        tracing::info!(room = %room.id, key = %failure.key, "a recording was not changed");
        WebError::Conflict {
            code: "recording",
            message: "The server that has the recording did not change it, or is away. Try again \
                      later."
                .to_owned(),
        }
    })
}
