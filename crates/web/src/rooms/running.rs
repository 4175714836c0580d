//! Meetings in rooms: begun, entered, ended.

use std::{sync::Arc, time::Duration};

use bigbluebutton::{Failure, Parameters, answer::Meeting};
use domain::id::Timestamp;
use routing::Reason;

use super::{Entrance, Room, links::Role, tenancy};
use crate::{
    error::{FieldFault, WebError},
    gateway::inside,
    meetings::{overview, tenants::TenantAccess},
    site::Site,
};

/// The longest name with which somebody enters, in characters.
pub const NAME_CHARACTERS_MAX: usize = 80;
/// How long a page waits for what a server says of a meeting.
const LOOK_DEADLINE: Duration = Duration::from_millis(1_500);

/// How a room stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    /// Nobody can be in it.
    Idle,
    /// A meeting runs since then; what its server says of it, if it answers.
    Runs(Timestamp, Option<Box<Meeting>>),
}

/// The parameters that begin a room's meeting; people who leave it come to `after`.
pub(super) fn creating(room: &Room, after: &str) -> Parameters {
    let mut all = Parameters::new()
        .with("name", room.title.as_str())
        .with("meetingID", room.meeting_id())
        .with("record", room.record.to_string())
        .with("guestPolicy", room.entrance.guest_policy())
        .with("logoutURL", after)
        .with("meta_bbb-meeting-size-hint", room.people.to_string());
    if room.record {
        // Whoever moderates says when; nobody is recorded by surprise.
        all.push("autoStartRecording", "false");
        all.push("allowStartStopRecording", "true");
    }
    if let Some(region) = &room.region {
        all.push("meta_server-tag", region.to_string());
    }
    all
}

/// Has the room's meeting run; one that runs goes on.
///
/// # Errors
/// When there is no place for it, or something is away; the message says what to do.
pub(crate) async fn start(site: &Site, room: &Room, after: &str) -> Result<(), WebError> {
    if room.closed {
        return Err(closed());
    }
    let tenant = tenancy::tenant_of(site, room.member).await?;
    let begun = site.now();
    let started = inside::begin(site, &tenant, creating(room, after)).await;
    started.map_err(|failure| in_words(site, (room, &tenant), begun, &failure))
}

pub(super) fn closed() -> WebError {
    WebError::Conflict {
        code: "room-closed",
        message: "This room is closed. Whoever made it, a steward or a delegate can open it again."
            .to_owned(),
    }
}

/// The address that lets one person into the running meeting of a room, and into no later one.
///
/// # Errors
/// When it does not run, or something is away; the message says what to do.
pub(crate) async fn enter(
    site: &Site,
    room: &Room,
    (role, name): (Role, &str),
) -> Result<String, WebError> {
    let tenant = tenancy::tenant_of(site, room.member).await?;
    let word = match role {
        Role::Moderator => "MODERATOR",
        Role::Guest => "VIEWER",
    };
    let begun = begun_at(site, room, &tenant).await;
    let begun = begun.map_err(|failure| in_words(site, (room, &tenant), site.now(), &failure))?;
    let mut parameters = Parameters::new()
        .with("meetingID", room.meeting_id())
        .with("fullName", name)
        .with("role", word)
        .with("createTime", begun.to_string());
    if role == Role::Guest && room.entrance == Entrance::Asked {
        parameters.push("guest", "true");
    }
    let entered = inside::link(site, &tenant, parameters).await;
    entered.map_err(|failure| in_words(site, (room, &tenant), site.now(), &failure))
}

/// When the meeting that runs in a room was created, as its server counts, in milliseconds since 1970. An
/// address that says so is refused by the server for any other meeting: else who was let in once would get
/// into each later one, whatever has become of the room's links.
async fn begun_at(site: &Site, room: &Room, tenant: &Arc<TenantAccess>) -> Result<u64, Failure> {
    match inside::find(site, tenant, &room.meeting_id()).await? {
        Some(meeting) if meeting.created_at_ms > 0 => Ok(meeting.created_at_ms),
        Some(_) => Err(Failure::server_unavailable()),
        None => Err(Failure::invalid_meeting_identifier()),
    }
}

/// Ends the room's meeting.
///
/// # Errors
/// When it does not run, or something is away; the message says what to do.
pub(crate) async fn end(site: &Site, room: &Room) -> Result<(), WebError> {
    let tenant = tenancy::tenant_of(site, room.member).await?;
    let ended = inside::end(site, &tenant, &room.meeting_id()).await;
    ended.map_err(|failure| in_words(site, (room, &tenant), site.now(), &failure))
}

/// How a room stands, by what its server says where it answers in time.
pub(crate) async fn state(site: &Site, room: &Room) -> State {
    let Some(tenant) = tenancy::find(site, room.member) else {
        return State::Idle;
    };
    let key = (tenant.id, room.of_tenant(tenant.id));
    let placed = site.node.read(|core| overview::placed_one(core, &key));
    let Some((_, since)) = placed else {
        return State::Idle;
    };
    let meeting_id = room.meeting_id();
    let look = inside::find(site, &tenant, &meeting_id);
    match tokio::time::timeout(LOOK_DEADLINE, look).await {
        // It has ended, and its owner has not yet said so.
        Ok(Ok(None)) => State::Idle,
        Ok(Ok(Some(meeting))) => State::Runs(since, Some(Box::new(meeting))),
        Ok(Err(_)) | Err(_) => State::Runs(since, None),
    }
}

/// A name as others in the meeting see it.
///
/// # Errors
/// When it is empty, too long or no line.
pub(crate) fn name_of(typed: &str) -> Result<String, WebError> {
    let fault = |message: String| WebError::Form(vec![FieldFault::new("name", message)]);
    let name = typed.trim();
    if domain::text::visible_characters(name) == 0 {
        return Err(fault("Enter the name that others are to see.".to_owned()));
    }
    if name.chars().count() > NAME_CHARACTERS_MAX || !domain::text::is_line(name) {
        return Err(fault(format!(
            "A name has one line of at most {NAME_CHARACTERS_MAX} characters."
        )));
    }
    Ok(name.to_owned())
}

/// What a front end is told, as a person is told it.
fn in_words(
    site: &Site,
    (room, tenant): (&Room, &Arc<TenantAccess>),
    begun: Timestamp,
    failure: &Failure,
) -> WebError {
    if let Some(message) = no_place(site, (room, tenant), begun) {
        return WebError::Conflict {
            code: "no-room",
            message,
        };
    }
    let (code, message) = match &*failure.key {
        "meetingLimitReached" | "maxParticipantsReached" => {
            ("room-limit", failure.message.to_string())
        }
        "notFound" | "invalidMeetingIdentifier" | "meetingForciblyEnded" => (
            "not-running",
            "The meeting does not run. Start it, or wait until a moderator does.".to_owned(),
        ),
        _ => (
            "no-answer",
            "The server, or the node of the co-op that owns it, gave no answer. A meeting that \
             runs goes on. Try again in a moment."
                .to_owned(),
        ),
    };
    tracing::info!(room = %room.id, key = %failure.key, "a room's call failed");
    WebError::Conflict { code, message }
}

/// That no server had a place, if that was so, and for how many people there is one.
fn no_place(
    site: &Site,
    (room, tenant): (&Room, &Arc<TenantAccess>),
    begun: Timestamp,
) -> Option<String> {
    let people = room.people;
    let (free, lacks) = site.node.read(|core| {
        let why = core.why(&tenant.id, &room.of_tenant(tenant.id))?;
        let is_this = why.server.is_none() && why.at >= begun;
        let lacks = |(_, reason): &(_, Reason)| matches!(reason, Reason::Feature { .. });
        let lacks = room.record && why.reasons.iter().any(lacks);
        let servers = &core.view().meetings.servers;
        let of = |server, reason: &Reason| match reason {
            Reason::RoomTooLarge { limit_users, .. } => Some(*limit_users),
            Reason::OverLimit { .. } | Reason::RefusedFull { .. } => {
                let capability = &servers.get(server)?.record.capability;
                let now = core.server_now(server)?;
                // As full as it is in what it has least of, that share of its places is left.
                let left_ppm = 1_000_000_u64.saturating_sub(now.utilisation_ppm);
                let left = u128::from(capability.users) * u128::from(left_ppm) / 1_000_000;
                Some(u64::try_from(left).ok()?.min(capability.room_users))
            }
            _ => None,
        };
        let free = why.reasons.iter().filter_map(|(id, why)| of(id, why)).max();
        is_this.then_some((free.unwrap_or_default(), lacks))
    })?;
    if lacks {
        let message = "No server that records takes this meeting now. Try again later, or change the \
                       room so that it is not recorded.";
        return Some(message.to_owned());
    }
    // A little less than what is left, as what is left changes; fewer than a few is no meeting.
    let rounded = free.saturating_sub(free / 10) / 5 * 5;
    Some(match rounded {
        5.. if rounded < u64::from(people) => {
            format!("No room for {people} now. Try again later, or try {rounded}.")
        }
        _ => format!("No room for {people} now. Try again later."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::tests::room;

    #[test]
    fn what_a_room_is_goes_into_the_call() {
        let plain = creating(&room(1), "https://a.example/").encode();
        assert!(plain.contains("record=false"), "{plain}");
        assert!(plain.contains("guestPolicy=ALWAYS_ACCEPT"), "{plain}");
        assert!(!plain.contains("server-tag"), "{plain}");
        let room = Room {
            record: true,
            entrance: Entrance::Asked,
            region: Some("eu-west".parse().unwrap()),
            ..room(1)
        };
        let all = creating(&room, "https://a.example/").encode();
        for said in [
            "record=true",
            "autoStartRecording=false",
            "guestPolicy=ASK_MODERATOR",
            "meta_server-tag=eu-west",
            "meta_bbb-meeting-size-hint=12",
        ] {
            assert!(all.contains(said), "{said}: {all}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_others_can_read() {
        assert_eq!(name_of(" Ada Lovelace ").unwrap(), "Ada Lovelace");
        let long = "a".repeat(NAME_CHARACTERS_MAX + 1);
        for wrong in ["", "  ", "a\nb", "a\u{7}", &long, "\u{200b}"] {
            assert!(name_of(wrong).is_err(), "{wrong:?}");
        }
    }
}
