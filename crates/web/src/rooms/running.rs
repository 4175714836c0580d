//! Meetings in rooms: begun, entered, ended.

use std::{sync::Arc, time::Duration};

use bigbluebutton::{Failure, Parameters, answer::Meeting};
use domain::{id::Timestamp, record::Standing};

use super::{Entrance, Room, failed::Failed, links::Role, tenancy};
use crate::{
    error::{FieldFault, WebError},
    gateway::inside,
    meetings::{overview, tenants::TenantAccess},
    site::Site,
};

/// The longest name with which somebody enters, in characters.
pub const NAME_CHARACTERS_MAX: usize = 80;
/// So long it is said that a meeting has ended.
const ENDED_LATELY_MS: u64 = 12 * 3_600_000;
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
        return Err(Failed::Closed.error(site, room));
    }
    let tenant = tenancy::tenant_of(site, room.member).await?;
    let begun = site.now();
    let started = inside::begin(site, &tenant, creating(room, after)).await;
    started.map_err(|failure| Failed::of(site, room, begun, &failure).error(site, room))
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
    let begun = begun.map_err(|failure| refused(site, room, &failure))?;
    let mut parameters = Parameters::new()
        .with("meetingID", room.meeting_id())
        .with("fullName", name)
        .with("role", word)
        .with("createTime", begun.to_string());
    if role == Role::Guest && room.entrance == Entrance::Asked {
        parameters.push("guest", "true");
    }
    let entered = inside::link(site, &tenant, parameters).await;
    entered.map_err(|failure| refused(site, room, &failure))
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
    ended.map_err(|failure| refused(site, room, &failure))
}

/// What a front end is told of a meeting that was begun before, as a person is told it.
fn refused(site: &Site, room: &Room, failure: &Failure) -> WebError {
    tracing::info!(room = %room.id, key = %failure.key, "a room's call failed");
    Failed::of(site, room, site.now(), failure).error(site, room)
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

/// When the last meeting in a room that has none ended, if that was lately: whoever comes then has missed
/// it, and is not early.
pub(crate) fn ended(site: &Site, room: &Room) -> Option<Timestamp> {
    let tenant = tenancy::find(site, room.member)?.id;
    let room = room.of_tenant(tenant);
    let (standing, at) = site.node.read(|core| {
        let kept = core.room(&tenant, &room)?;
        Some((kept.standing, kept.at))
    })?;
    match standing {
        // Its server says that it is gone, and its owner has not yet said so.
        Standing::Placed => Some(site.now()),
        Standing::Ended => Some(at).filter(|at| at.plus_ms(ENDED_LATELY_MS) > site.now()),
        Standing::Released => None,
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
