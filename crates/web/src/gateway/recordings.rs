//! Recordings: found wherever they are, changed by the owners that have them.

use axum::response::Response;
use bigbluebutton::{
    Call, Failure,
    answer::{Done, Recording, Recordings, TextTrackStored, TextTracks},
    request::{RecordingFilter, record_ids},
};
use domain::id::TenantId;
use federation::meetings::{
    Part,
    call::{CallFault, Method},
    scoped_id,
};

use super::{
    callback,
    create::OWN_ID,
    failed, json,
    meeting::own_room,
    read, refusal,
    request::{Checked, room},
    unreadable,
};
use crate::site::Site;

/// Every recording of the tenant that fits, from every server that can be reached.
pub(super) async fn all(site: &Site, checked: Checked) -> String {
    found(site, checked).await.0.to_xml()
}

/// The recordings themselves.
pub(super) async fn found(site: &Site, checked: Checked) -> (Recordings, bool) {
    let tenant = checked.tenant.id;
    let mut filter = RecordingFilter::read(checked.parameters.clone());
    let (offset, limit) = (filter.offset.take(), filter.limit.take());
    for meeting_id in &mut filter.meeting_ids {
        *meeting_id = scoped_id(tenant, room(tenant, meeting_id));
    }
    let checked = Checked {
        parameters: filter.into_parameters(),
        ..checked
    };
    let parts = site.node.call(checked.of_all(Method::GetRecordings)).await;
    let mut all = Recordings::default();
    let mut is_whole = true;
    for part in parts {
        let Ok(bytes) = part.result else {
            is_whole = false;
            continue;
        };
        if bytes.is_empty() {
            continue;
        }
        let Ok(found) = read(&bytes).map(Recordings::from_response) else {
            is_whole = false;
            continue;
        };
        let own = found.recordings.into_iter();
        all.recordings
            .extend(own.filter_map(|one| given_back(site, tenant, one)));
    }
    // The newest first, as servers answer.
    all.recordings.sort_by(|one, other| {
        let order = |recording: &Recording| (recording.started_at_ms, recording.record_id.clone());
        order(other).cmp(&order(one))
    });
    let page = all.recordings.into_iter().skip(offset.unwrap_or_default());
    all.recordings = page.take(limit.unwrap_or(usize::MAX)).collect();
    (all, is_whole)
}

/// A recording as its front end knows it; none if it is of no meeting of the tenant's.
fn given_back(site: &Site, tenant: TenantId, mut recording: Recording) -> Option<Recording> {
    let (_, own_id) = own_room(tenant, &recording.meeting_id, &recording.metadata)?;
    recording.metadata.remove(OWN_ID);
    callback::give_back(site, tenant, &mut recording.metadata);
    recording.replace_meeting_id(&own_id);
    Some(recording)
}

/// Publishes, deletes or changes recordings: the owners that have them do it.
pub(super) async fn change(site: &Site, checked: Checked) -> Result<String, Failure> {
    let call = checked.call;
    let mut parameters = checked.parameters.clone();
    record_ids(&mut parameters)?;
    let (method, done) = match call {
        Call::PublishRecordings => {
            let publish = parameters
                .filled("publish")
                .ok_or_else(Failure::missing_publish)?;
            let publish = publish.eq_ignore_ascii_case("true");
            (Method::PublishRecordings, Done::Published(publish))
        }
        Call::DeleteRecordings => (Method::DeleteRecordings, Done::Deleted(true)),
        _ => (Method::UpdateRecordings, Done::Updated(true)),
    };
    let parts = site.node.call(checked.of_all(method)).await;
    some_did(&parts, |bytes| read(bytes).map(|_| ()))?;
    Ok(done.to_xml())
}

/// At least one server did it; else the failure that says most: that a server is away before that none
/// knows of it.
fn some_did<T>(parts: &[Part], read: impl Fn(&[u8]) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut failure = Failure::recordings_not_found();
    let mut away = None;
    for part in parts {
        match &part.result {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => match read(bytes) {
                Ok(did) => return Ok(did),
                Err(said) => failure = said,
            },
            Err(CallFault::NoMeeting) => {}
            Err(fault) => away = Some(refusal(fault)),
        }
    }
    Err(away.unwrap_or(failure))
}

/// Subtitles of a recording; answered in JSON.
pub(super) async fn text_tracks(site: &Site, checked: Checked) -> Response {
    let call = checked.call;
    if checked.parameters.filled("recordID").is_none() {
        return failed(Some(call), &Failure::missing_parameter());
    }
    let read = |bytes: &[u8]| -> Result<String, Failure> {
        if call == Call::GetRecordingTextTracks {
            let tracks = TextTracks::read(bytes).map_err(|error| unreadable(&error))?;
            return tracks.map(|tracks| tracks.to_json());
        }
        let stored = TextTrackStored::read(bytes).map_err(|error| unreadable(&error))?;
        stored.map(|stored| stored.to_json())
    };
    let method = match call {
        Call::GetRecordingTextTracks => Method::GetRecordingTextTracks,
        _ => Method::PutRecordingTextTrack,
    };
    let parts = site.node.call(checked.of_all(method)).await;
    match some_did(&parts, read) {
        Ok(document) => json(document),
        Err(failure) if failure == Failure::recordings_not_found() => {
            failed(Some(call), &Failure::no_recording_for_tracks())
        }
        Err(failure) => failed(Some(call), &failure),
    }
}
