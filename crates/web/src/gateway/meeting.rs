//! Calls about meetings that exist.

use std::collections::BTreeSet;

use axum::response::Response;
use bigbluebutton::{
    Call, Failure, Join, Parameters,
    answer::{Meeting, Meetings, Message, Metadata, Running},
    request::{End, OneMeeting, SendChatMessage},
};
use domain::{
    id::{ServerId, TenantId},
    record::{Room, Standing},
};
use federation::{
    Core,
    meetings::{
        Asked,
        call::{CallFault, Method},
        whose,
    },
};

use super::{
    callback, create::OWN_ID, failed, people, read, redirect, refusal, refused, request::Checked,
    single, unreadable,
};
use crate::site::Site;

/// Sends a person's browser into a meeting, with a link that the server's owner signed.
pub(super) async fn join(site: &Site, checked: Checked) -> Response {
    let parameters = checked.parameters.clone();
    match link(site, checked).await {
        Ok(url) => redirect(&url),
        Err(failure) => not_joined(&parameters, &failure),
    }
}

/// The link into a meeting that the server's owner signed.
pub(super) async fn link(site: &Site, checked: Checked) -> Result<String, Failure> {
    let join = Join::read(checked.parameters.clone())?;
    people::check_total(site, &checked.tenant).await?;
    let meeting_id = join.meeting_id.clone();
    let checked = Checked {
        parameters: join.into_parameters(),
        ..checked
    };
    let asked = checked.of_room(Method::Join, &meeting_id, None);
    match single(site.node.call(asked).await) {
        Ok((_, bytes)) => String::from_utf8(bytes)
            .ok()
            .filter(|url| is_address(url))
            .ok_or_else(Failure::server_unavailable),
        Err(CallFault::NoMeeting | CallFault::Gone) => Err(Failure::invalid_meeting_identifier()),
        Err(fault) => Err(refusal(&fault)),
    }
}

fn is_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// As servers do: back to where the front end said, or the reason itself.
fn not_joined(parameters: &Parameters, failure: &Failure) -> Response {
    let wants_answer = parameters
        .get("redirect")
        .is_some_and(|value| value == "false");
    let elsewhere = Join::error_redirect(parameters, failure).filter(|_| !wants_answer);
    match elsewhere {
        Some(url) => refused(redirect(&url), failure),
        None => failed(Some(Call::Join), failure),
    }
}

/// Whether somebody is in a meeting. What nobody can say is not denied.
pub(super) async fn is_running(site: &Site, checked: Checked) -> Result<String, Failure> {
    let one = OneMeeting::read(checked.parameters.clone())?;
    let asked = checked.of_room(Method::IsMeetingRunning, &one.meeting_id, None);
    match single(site.node.call(asked).await) {
        Ok((_, bytes)) => {
            let running = Running::from_response(&read(&bytes)?);
            Ok(running.map_err(|error| unreadable(&error))?.to_xml())
        }
        Err(CallFault::NoMeeting | CallFault::Gone) => Ok(Running(false).to_xml()),
        Err(fault) => Err(refusal(&fault)),
    }
}

/// A call about one meeting, answered by its server.
pub(super) async fn about_one(site: &Site, checked: Checked) -> Result<String, Failure> {
    let (call, tenant) = (checked.call, checked.tenant.id);
    let parameters = checked.parameters.clone();
    let (method, meeting_id) = match call {
        Call::End => (Method::End, End::read(parameters)?.meeting_id),
        Call::SendChatMessage => {
            let message = SendChatMessage::read(parameters)?;
            (Method::SendChatMessage, message.meeting_id)
        }
        Call::InsertDocument => {
            let one = OneMeeting::read(parameters)?;
            (Method::InsertDocument, one.meeting_id)
        }
        _ => (
            Method::GetMeetingInfo,
            OneMeeting::read(parameters)?.meeting_id,
        ),
    };
    let asked = checked.of_room(method, &meeting_id, None);
    let (_, bytes) = single(site.node.call(asked).await).map_err(|fault| refusal(&fault))?;
    let response = read(&bytes)?;
    if call == Call::GetMeetingInfo {
        let meeting = Meeting::from_response(response).map_err(|error| unreadable(&error))?;
        return Ok(given_back(site, tenant, meeting, &meeting_id).to_xml());
    }
    Ok(Message::from_response(&response).to_xml())
}

/// A tenant's meetings as its front end knows them, the oldest first.
pub(super) fn own_meetings(site: &Site, tenant: TenantId, all: Vec<Gathered>) -> Vec<Meeting> {
    let own = all
        .into_iter()
        .map(|one| given_back(site, tenant, one.meeting, &one.own_id));
    let mut own: Vec<Meeting> = own.collect();
    own.sort_by(|one, other| {
        let order = |meeting: &Meeting| (meeting.created_at_ms, meeting.meeting_id.clone());
        order(one).cmp(&order(other))
    });
    own
}

/// The meetings of a tenant on every server that can be reached. One that is away says nothing of its
/// own; the others' are told all the same. A server is believed of the meetings that are placed on it.
pub(super) async fn gathered(site: &Site, asked: Asked) -> Vec<Gathered> {
    let tenant = asked.tenant;
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for part in site.node.call(asked).await {
        let (Some(server), Ok(bytes)) = (part.server, part.result) else {
            continue;
        };
        let Ok(response) = read(&bytes) else {
            continue;
        };
        let listed = Meetings::from_response(response).0.into_iter();
        let rooms = listed.filter_map(|meeting| {
            let (room, own_id) = own_room(tenant, &meeting.meeting_id, &meeting.metadata)?;
            Some(Gathered {
                room,
                own_id,
                server,
                meeting,
            })
        });
        site.node.read(|core| {
            let on = rooms.filter(|one| is_on(core, tenant, one.room, server));
            all.extend(on.filter(|one| seen.insert(one.room)));
        });
    }
    all
}

/// A meeting as its server has it.
pub(super) struct Gathered {
    /// The room it is of.
    pub room: Room,
    /// What its front end calls it.
    own_id: String,
    /// The server it is on.
    pub server: ServerId,
    /// What the server says of it.
    pub meeting: Meeting,
}

/// Whether the meeting of a room is on a server: by what its home keeps. Elsewhere by the records, which
/// come a moment later: of a meeting that none places yet its server is believed.
fn is_on(core: &Core, tenant: TenantId, room: Room, server: ServerId) -> bool {
    let known = core.view().meetings.tenants.get(&tenant);
    if known.is_some_and(|known| known.record.home == core.node()) {
        let kept = core.room(&tenant, &room);
        return kept.is_some_and(|kept| kept.standing == Standing::Placed && kept.server == server);
    }
    let placed = core.view().meetings.placed(&tenant, &room);
    let placed = placed.filter(|placed| placed.standing == Standing::Placed);
    placed.is_none_or(|placed| placed.server == server)
}

/// The room of what a server says is a tenant's, and what its front end calls it: the two must fit, or a
/// server could put what it likes into the list of any front end.
pub(super) fn own_room(
    tenant: TenantId,
    server_id: &str,
    metadata: &Metadata,
) -> Option<(Room, String)> {
    let (of, room) = whose(server_id)?;
    let own_id = metadata.get(OWN_ID)?;
    (of == tenant && Room::of(tenant, &own_id) == room).then_some((room, own_id))
}

/// A meeting as its front end knows it.
fn given_back(site: &Site, tenant: TenantId, mut meeting: Meeting, own_id: &str) -> Meeting {
    own_id.clone_into(&mut meeting.meeting_id);
    meeting.metadata.remove(OWN_ID);
    callback::give_back(site, tenant, &mut meeting.metadata);
    meeting
}
