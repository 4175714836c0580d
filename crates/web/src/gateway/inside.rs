//! Calls that this node makes for the rooms of its own people: what a front end may, they may, and no
//! more.

use std::{collections::BTreeMap, sync::Arc};

use bigbluebutton::{
    Call, Failure, Parameters,
    answer::{Meeting, Recording},
};
use domain::record::Room;
use federation::meetings::call::{CallFault, Method, Terms};

use super::{
    create, meeting,
    passwords::password,
    read, recordings, refusal,
    request::{Checked, MEETING_ID, room},
    single, unreadable,
};
use crate::{meetings::tenants::TenantAccess, site::Site};

fn checked(call: Call, tenant: &Arc<TenantAccess>, parameters: Parameters) -> Checked {
    Checked {
        call,
        tenant: Arc::clone(tenant),
        parameters,
        document: None,
    }
}

fn of_meeting(meeting_id: &str) -> Parameters {
    Parameters::new().with(MEETING_ID, meeting_id)
}

/// Has a meeting run; one that runs goes on.
///
/// # Errors
/// Why not, as a front end is told.
pub(crate) async fn begin(
    site: &Site,
    tenant: &Arc<TenantAccess>,
    parameters: Parameters,
) -> Result<(), Failure> {
    let checked = checked(Call::Create, tenant, parameters);
    create::create(site, checked).await.map(|_| ())
}

/// Where a meeting may go that is begun with these parameters.
///
/// # Errors
/// Why it cannot be begun, as a front end is told.
pub(crate) fn terms(
    site: &Site,
    tenant: &TenantAccess,
    parameters: Parameters,
) -> Result<Terms, Failure> {
    create::terms_of(site, tenant, parameters)
}

/// The link of one person into a meeting.
///
/// # Errors
/// Why there is none, as a front end is told.
pub(crate) async fn link(
    site: &Site,
    tenant: &Arc<TenantAccess>,
    parameters: Parameters,
) -> Result<String, Failure> {
    meeting::link(site, checked(Call::Join, tenant, parameters)).await
}

/// That a tenant has as many meetings as it may.
pub(crate) fn meeting_limit(most: Option<u32>) -> String {
    create::meeting_limit(most)
}

/// That a tenant has as many people in its meetings as it may.
pub(crate) fn people_limit(most: Option<u32>) -> String {
    super::people::people_limit(most)
}

/// Ends a meeting.
///
/// # Errors
/// Why not, as a front end is told.
pub(crate) async fn end(
    site: &Site,
    tenant: &Arc<TenantAccess>,
    meeting_id: &str,
) -> Result<(), Failure> {
    let secret = password("moderator", room(tenant.id, meeting_id));
    let parameters = of_meeting(meeting_id).with("password", secret);
    let checked = checked(Call::End, tenant, parameters);
    meeting::about_one(site, checked).await.map(|_| ())
}

/// A meeting as its server has it; none where it has ended.
///
/// # Errors
/// When nobody can say.
pub(crate) async fn find(
    site: &Site,
    tenant: &Arc<TenantAccess>,
    meeting_id: &str,
) -> Result<Option<Meeting>, Failure> {
    let checked = checked(Call::GetMeetingInfo, tenant, Parameters::new());
    let asked = checked.of_room(Method::GetMeetingInfo, meeting_id, None);
    let bytes = match single(site.node.call(asked).await) {
        Ok((_, bytes)) => bytes,
        Err(CallFault::NoMeeting | CallFault::Gone) => return Ok(None),
        Err(fault) => return Err(refusal(&fault)),
    };
    match read(&bytes) {
        Ok(response) => {
            let found = Meeting::from_response(response).map_err(|error| unreadable(&error))?;
            Ok(Some(found).filter(|meeting| !meeting.forcibly_ended))
        }
        // Servers word it in their own ways.
        Err(failure) if failure.key == Failure::meeting_not_found().key => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// How many people are in each room of the tenant, as far as servers answer.
pub(crate) async fn people(site: &Site, tenant: &Arc<TenantAccess>) -> BTreeMap<Room, u64> {
    let asked = checked(Call::GetMeetings, tenant, Parameters::new()).of_all(Method::GetMeetings);
    let all = meeting::gathered(site, asked).await.into_iter();
    all.map(|one| (one.room, one.meeting.participant_count))
        .collect()
}

/// The recordings of one room, the newest first, and whether all servers have said theirs.
pub(crate) async fn found(
    site: &Site,
    tenant: &Arc<TenantAccess>,
    meeting_id: &str,
) -> (Vec<Recording>, bool) {
    let parameters = of_meeting(meeting_id).with("state", "any");
    let checked = checked(Call::GetRecordings, tenant, parameters);
    let (found, is_whole) = recordings::found(site, checked).await;
    (found.recordings, is_whole)
}

/// Publishes or deletes a recording of the tenant.
///
/// # Errors
/// Why not, as a front end is told.
pub(crate) async fn change_recording(
    site: &Site,
    tenant: &Arc<TenantAccess>,
    (call, record_id): (Call, &str),
    publish: bool,
) -> Result<(), Failure> {
    let mut parameters = Parameters::new().with("recordID", record_id);
    if call == Call::PublishRecordings {
        parameters.push("publish", publish.to_string());
    }
    recordings::change(site, checked(call, tenant, parameters))
        .await
        .map(|_| ())
}
