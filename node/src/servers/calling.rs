//! One call to one server.

use bigbluebutton::{
    Body, Call, Client, Error, Failure, Parameters,
    answer::{self, Meetings, Outcome, Recordings},
    client::Payload,
    create::leave_out_breakout_rooms,
    request::{RecordingFilter, record_ids},
};
use domain::id::{ServerId, TenantId};
use federation::meetings::{
    Served,
    call::{self, CallFault, Method},
    scoped_id, whose,
    wire::PART_BYTES_MAX,
};

use web::gateway::callback;

use super::{Callers, lists::LIST_BYTES_MAX};
use crate::driver::Serve;

/// The largest answer about one meeting that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Calls a server for the core.
pub(super) async fn call(callers: &Callers, serve: Serve) -> Served {
    let answer_bytes = answer_bytes_max(serve.call.method);
    let Some(client) = callers.client(serve.server, serve.within, answer_bytes) else {
        return Served::Fault(CallFault::OwnerAway);
    };
    if !may_bring(serve.call.method, serve.call.body.as_ref()) {
        return Served::Fault(CallFault::NotAllowed);
    }
    let Ok(mut parameters) = Parameters::from_query(&serve.call.query) else {
        return Served::Fault(CallFault::Server);
    };
    // Not every home is honest: one odd character would be in all that the server says of its meetings.
    parameters.leave_out_what_xml_cannot_carry();
    let Some(room) = serve.room else {
        return match serve.call.method.gathers() {
            true => {
                let _place = callers.0.lists.place(serve.server).await;
                gather(callers, &client, &serve, parameters).await
            }
            false => Served::Fault(CallFault::NotAllowed),
        };
    };
    let id = scoped_id(serve.tenant, room);
    let with_id = || {
        let mut all = parameters.clone();
        all.set("meetingID", &id);
        all
    };
    let name = match serve.call.method {
        Method::Join => return Served::Done(client.join_url(&with_id()).into_bytes()),
        Method::End if serve.call.query.is_empty() => return end(&client, &id).await,
        Method::Create => {
            let of = (serve.server, serve.tenant);
            let all = creating(&callers.0.address, of, with_id());
            return pass(&client, Call::Create, &all, serve.call.body).await;
        }
        Method::IsMeetingRunning => Call::IsMeetingRunning,
        Method::End => Call::End,
        Method::GetMeetingInfo => Call::GetMeetingInfo,
        Method::InsertDocument => Call::InsertDocument,
        Method::SendChatMessage => Call::SendChatMessage,
        _ => return Served::Fault(CallFault::NotAllowed),
    };
    pass(&client, name, &with_id(), serve.call.body).await
}

/// What a server is asked to create: what comes of it is told to this node, and it is no part of another
/// meeting, whatever its home left in.
fn creating(
    address: &str,
    (server, tenant): (ServerId, TenantId),
    mut parameters: Parameters,
) -> Parameters {
    leave_out_breakout_rooms(&mut parameters);
    callback::direct(address, server, tenant, &mut parameters);
    parameters
}

/// What a server has against a create that no other server would take either.
const CREATE_REFUSALS: [&str; 7] = [
    "idNotUnique",
    "nonUniqueVoiceBridge",
    "nullError",
    "emptyError",
    "sizeError",
    "validationError",
    "Params required",
];

/// The most that a server may answer to a call, in bytes: lists are long, what is said of one meeting is
/// not, and what is said of a create goes to its home in one message.
fn answer_bytes_max(method: Method) -> usize {
    match method {
        Method::Create => PART_BYTES_MAX,
        method if method.gathers() => LIST_BYTES_MAX,
        _ => ANSWER_BYTES_MAX,
    }
}

/// Whether a body may come with a call. A server reads parameters from forms, also from those in parts, and
/// these would be none that were checked here: only documents and uploads go on.
fn may_bring(method: Method, body: Option<&call::Body>) -> bool {
    let Some(body) = body else { return true };
    let kind = Call::Create.accepts(bigbluebutton::Method::Post, Some(&body.media_type), true);
    match kind {
        Ok(Body::Xml) => matches!(method, Method::Create | Method::InsertDocument),
        Ok(Body::Multipart) => method == Method::PutRecordingTextTrack,
        _ => false,
    }
}

/// Ends a meeting that no home is bound to: whatever its password is.
async fn end(client: &Client, id: &str) -> Served {
    let password = match client.meeting_info(id).await {
        Ok(meeting) => meeting.moderator_password,
        Err(error) => return fault(&error),
    };
    match client.end(id, password.as_deref()).await {
        Ok(_) => Served::Done(Vec::new()),
        Err(error) => fault(&error),
    }
}

/// Passes a call on as it is.
async fn pass(
    client: &Client,
    name: Call,
    parameters: &Parameters,
    body: Option<call::Body>,
) -> Served {
    let payload = body.map(|body| Payload::new(body.media_type, body.bytes));
    let reply = match client.call_raw(name, parameters, payload).await {
        Ok(reply) => reply,
        Err(error) => return fault(&error),
    };
    if name.answers_in_json() {
        return Served::Done(reply.body.to_vec());
    }
    match answer::read(&reply.body) {
        Ok(Outcome::Success(_)) => Served::Done(reply.body.to_vec()),
        Ok(Outcome::Failed(failure)) if is_about_the_call(name, &failure.key) => {
            Served::Refused(reply.body.to_vec())
        }
        Ok(Outcome::Failed(failure)) => {
            tracing::warn!(endpoint = %client.endpoint(), key = %failure.key, "a server refuses all calls");
            Served::Fault(CallFault::Server)
        }
        Err(error) => {
            tracing::warn!(endpoint = %client.endpoint(), %error, "a server's answer cannot be read");
            Served::Fault(CallFault::Server)
        }
    }
}

/// Whether what a server refused is the caller's to mend. That it does not take this node's secret is not;
/// and where the server is what is wrong, another one may do what is asked of a create.
fn is_about_the_call(name: Call, key: &str) -> bool {
    match name {
        Call::Create => CREATE_REFUSALS.contains(&key) || key.starts_with("missingParam"),
        _ => key != Failure::checksum().key,
    }
}

/// What went wrong on the way to a server, as the core tells it on.
fn fault(error: &Error) -> Served {
    match error {
        Error::Failed { failure, .. } => Served::Refused(failure.to_xml().into_bytes()),
        Error::Timeout { .. } => Served::Fault(CallFault::TimeOver),
        Error::AnswerTooLarge { .. } => Served::Fault(CallFault::TooLarge),
        error => {
            tracing::warn!(%error, "a server gave no usable answer");
            Served::Fault(CallFault::Server)
        }
    }
}

/// Calls about all that a tenant has on this server, and about nothing else.
async fn gather(
    callers: &Callers,
    client: &Client,
    serve: &Serve,
    parameters: Parameters,
) -> Served {
    let is_own = |id: &str| whose(id).is_some_and(|(of, _)| of == serve.tenant);
    match serve.call.method {
        Method::GetMeetings => match client.meetings().await {
            Ok(Meetings(mut all)) => {
                all.retain(|meeting| is_own(&meeting.meeting_id));
                Served::Done(Meetings(all).to_xml().into_bytes())
            }
            Err(error) => fault(&error),
        },
        Method::GetRecordings => {
            let filter = RecordingFilter::read(parameters);
            match client.recordings(filter).await {
                Ok(mut all) => {
                    all.recordings.retain(|one| is_own(&one.meeting_id));
                    Served::Done(all.to_xml().into_bytes())
                }
                Err(error) => fault(&error),
            }
        }
        _ => change(callers, client, serve, parameters).await,
    }
}

/// A call that changes recordings, or reads what belongs to one: of those that are the tenant's alone.
async fn change(
    callers: &Callers,
    client: &Client,
    serve: &Serve,
    mut parameters: Parameters,
) -> Served {
    let name = match serve.call.method {
        Method::PublishRecordings => Call::PublishRecordings,
        Method::DeleteRecordings => Call::DeleteRecordings,
        Method::UpdateRecordings => Call::UpdateRecordings,
        Method::GetRecordingTextTracks => Call::GetRecordingTextTracks,
        Method::PutRecordingTextTrack => Call::PutRecordingTextTrack,
        _ => return Served::Fault(CallFault::NotAllowed),
    };
    let refused = |failure: Failure| Served::Refused(failure.to_xml().into_bytes());
    let asked = match record_ids(&mut parameters) {
        Ok(asked) => asked,
        Err(failure) => return refused(failure),
    };
    let filter = RecordingFilter {
        record_ids: asked.clone(),
        states: vec!["any".to_owned()],
        ..RecordingFilter::default()
    };
    let found = match client.recordings(filter).await {
        Ok(Recordings { recordings, .. }) => recordings,
        Err(error) => return fault(&error),
    };
    // A server takes the beginning of an id for an id; to change something it has to be whole.
    let own = found.into_iter().filter(|recording| {
        let of = whose(&recording.meeting_id);
        of.is_some_and(|(of, _)| of == serve.tenant) && asked.contains(&recording.record_id)
    });
    let own: Vec<String> = own.map(|recording| recording.record_id).collect();
    if own.is_empty() {
        return Served::Fault(CallFault::NoMeeting);
    }
    parameters.set("recordID", own.join(","));
    let address = &callers.0.address;
    callback::direct(address, serve.server, serve.tenant, &mut parameters);
    pass(client, name, &parameters, serve.call.body.clone()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_can_have_a_server_read_documents_and_uploads_and_no_further_parameters() {
        let body = |media_type: &str| call::Body {
            media_type: media_type.to_owned(),
            bytes: b"meta_bbb-recording-ready-url=https://elsewhere.example"[..].into(),
        };
        let xml = body("text/xml; charset=utf-8");
        let parts = body("multipart/form-data; boundary=x");
        for method in Method::ALL {
            assert!(may_bring(method, None));
            let takes_documents = matches!(method, Method::Create | Method::InsertDocument);
            assert_eq!(may_bring(method, Some(&xml)), takes_documents);
            let takes_uploads = method == Method::PutRecordingTextTrack;
            assert_eq!(may_bring(method, Some(&parts)), takes_uploads);
            for odd in ["application/x-www-form-urlencoded", "text/plain", ""] {
                assert!(!may_bring(method, Some(&body(odd))), "{method:?} {odd}");
            }
        }
    }

    #[test]
    fn no_home_joins_a_meeting_to_another() {
        let asked = Parameters::new()
            .with("name", "Weekly")
            .with("isBreakout", "true")
            .with("parentMeetingID", "another-tenants")
            .with("parentMeetingId", "another-tenants")
            .with("sequence", "1")
            .with("freeJoin", "true")
            .with("meetingID", "own");
        let of = (ServerId([1; 16]), TenantId([2; 16]));
        let sent = creating("https://a.example", of, asked);
        assert_eq!(sent.encode(), "name=Weekly&meetingID=own");
    }

    #[test]
    fn what_is_said_of_a_create_fits_into_a_message() {
        for method in Method::ALL {
            let most = answer_bytes_max(method);
            assert!(method != Method::Create || most <= PART_BYTES_MAX);
            assert_eq!(most > ANSWER_BYTES_MAX, method.gathers());
        }
    }

    #[test]
    fn a_server_that_is_broken_or_knows_another_secret_says_nothing_against_a_call() {
        for (call, key, expected) in [
            (Call::Create, "idNotUnique", true),
            (Call::Create, "missingParamMeetingID", true),
            (Call::Create, "checksumError", false),
            (Call::Create, "internalError", false),
            (Call::Create, "somethingElse", false),
            (Call::GetMeetingInfo, "notFound", true),
            (Call::GetMeetingInfo, "checksumError", false),
        ] {
            assert_eq!(is_about_the_call(call, key), expected, "{key}");
        }
    }
}
