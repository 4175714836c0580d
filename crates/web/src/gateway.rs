//! The gateway: to each tenant's front end this node is one BigBlueButton server
//! (`specs/meetings.md`, *Gateway*).
//!
//! A call is checked as a server checks it, cleaned of what the tenant may not ask for, and handed to the
//! core, which knows where the meeting is. What comes back is read again before it is passed on: a server
//! of another member is as much a stranger as any.

mod body;
pub mod callback;
mod create;
pub(crate) mod gathering;
pub(crate) mod inside;
mod meeting;
mod passwords;
mod people;
mod recordings;
mod request;
pub mod telling;

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use bigbluebutton::{
    Call, Failure,
    answer::{self, CACHE_CONTROL, CONTENT_TYPE, JSON_CONTENT_TYPE},
};
use domain::id::ServerId;
use federation::meetings::{Part, call::CallFault};

pub(crate) use self::body::{Forms, Signed};
use self::request::Checked;
use crate::{metrics::Refused, site::Site};

/// The largest body of a call: documents that go into a meeting.
const BODY_BYTES_MAX: usize = federation::meetings::call::BODY_BYTES_MAX;
/// How long a request may take, its body included.
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);
/// The version of the API, which clients look for before all else.
const API_VERSION: &str = "2.0";
/// The release of BigBlueButton whose calls are understood.
const SERVER_VERSION: &str = "3.0";

/// Where the API is found.
///
/// Not behind the site's own protection: nobody is signed in here, and other programs send the forms.
pub(crate) fn routes(site: Site) -> Router {
    Router::new()
        .route("/bigbluebutton", any(index))
        .route("/bigbluebutton/", any(index))
        .route("/bigbluebutton/api", any(index))
        .route("/bigbluebutton/api/", any(index))
        .route("/bigbluebutton/api/{*call}", any(called))
        .route(
            "/bigbluebutton/callback/{kind}/{server}/{tenant}/{token}",
            post(callback::told),
        )
        .layer(middleware::from_fn(in_time))
        .with_state(site)
}

/// No request lasts longer, however slowly it is sent.
async fn in_time(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(REQUEST_DEADLINE, next.run(request)).await;
    answered.unwrap_or_else(|_| failed(None, &Failure::server_unavailable()))
}

async fn index() -> Response {
    let index = answer::Index {
        version: API_VERSION.to_owned(),
        server_version: SERVER_VERSION.to_owned(),
        ..answer::Index::default()
    };
    xml(index.to_xml())
}

async fn called(State(site): State<Site>, Path(path): Path<String>, request: Request) -> Response {
    let begun = Instant::now();
    let call = Call::from_path(&path);
    let response = match call {
        Some(call) => check_and_answer(&site, call, request).await,
        None => failed(None, &Failure::unsupported_request()),
    };
    site.gateway.called(call, &response, begun.elapsed());
    response
}

async fn check_and_answer(site: &Site, call: Call, request: Request) -> Response {
    if call == Call::Index {
        return index().await;
    }
    match request::check(site, call, request).await {
        Ok(checked) => answer_call(site, checked).await,
        Err(failure) => failed(Some(call), &failure),
    }
}

async fn answer_call(site: &Site, checked: Checked) -> Response {
    let call = checked.call;
    let answered = match call {
        Call::Create => create::create(site, checked).await,
        Call::Join => return meeting::join(site, checked).await,
        Call::IsMeetingRunning => meeting::is_running(site, checked).await,
        Call::End | Call::GetMeetingInfo | Call::InsertDocument | Call::SendChatMessage => {
            meeting::about_one(site, checked).await
        }
        Call::GetMeetings => {
            return match gathering::gather(site, checked.tenant.id).await {
                Ok(gathered) => xml(gathered.document.clone()),
                Err(failure) => failed(Some(call), &failure),
            };
        }
        Call::GetRecordings => Ok(recordings::all(site, checked).await),
        Call::PublishRecordings | Call::DeleteRecordings | Call::UpdateRecordings => {
            recordings::change(site, checked).await
        }
        Call::GetRecordingTextTracks | Call::PutRecordingTextTrack => {
            return recordings::text_tracks(site, checked).await;
        }
        _ => Err(Failure::not_implemented()),
    };
    match answered {
        Ok(document) => xml(document),
        Err(failure) => failed(Some(call), &failure),
    }
}

fn xml(document: impl IntoResponse) -> Response {
    let mut response = document.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(CACHE_CONTROL),
    );
    response
}

fn json(document: String) -> Response {
    let mut response = document.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(JSON_CONTENT_TYPE),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(CACHE_CONTROL),
    );
    response
}

/// A refusal: status 200, as servers answer, so that clients read why.
fn failed(call: Option<Call>, failure: &Failure) -> Response {
    let response = match call.is_some_and(Call::answers_in_json) {
        true => json(failure.to_json()),
        false => xml(failure.to_xml()),
    };
    refused(response, failure)
}

/// Keeps with an answer that it is a refusal, for the count.
fn refused(mut response: Response, failure: &Failure) -> Response {
    response.extensions_mut().insert(Refused(failure.clone()));
    response
}

fn too_large(bytes_max: usize) -> Failure {
    Failure::new(
        "documentTooLarge",
        format!(
            "A call like this has at most {bytes_max} bytes; put larger documents where the server can fetch them."
        ),
    )
}

/// What a front end is told when no server answered.
fn refusal(fault: &CallFault) -> Failure {
    match fault {
        CallFault::NoMeeting | CallFault::Gone => Failure::meeting_not_found(),
        CallFault::TooLarge => too_large(BODY_BYTES_MAX),
        CallFault::NotAllowed => Failure::checksum(),
        CallFault::NoRoom => Failure::new(
            "serverUnavailable",
            "No server of the federation has room for this meeting now. Please try again in a moment.",
        ),
        CallFault::HomeAway => Failure::new(
            "serverUnavailable",
            "The node that places this front end's meetings cannot be reached. Meetings that run go on.",
        ),
        CallFault::OwnerAway => Failure::new(
            "serverUnavailable",
            "The co-op whose server has this meeting cannot be reached. The meeting itself may go on.",
        ),
        CallFault::Limit => Failure::new(
            "meetingLimitReached",
            "As many meetings run as may at one time. End one, or wait until one has ended.",
        ),
        CallFault::TimeOver | CallFault::Busy | CallFault::Server => Failure::server_unavailable(),
    }
}

/// What the one server said that was asked.
fn single(parts: Vec<Part>) -> Result<(Option<ServerId>, Vec<u8>), CallFault> {
    match parts.into_iter().next() {
        Some(Part { server, result }) => result.map(|bytes| (server, bytes)),
        None => Err(CallFault::Server),
    }
}

/// A server's answer, if it succeeded. What a server cannot write is not passed on.
fn read(bytes: &[u8]) -> Result<bigbluebutton::xml::Element, Failure> {
    match answer::read(bytes) {
        Ok(answer::Outcome::Success(response)) => Ok(response),
        Ok(answer::Outcome::Failed(failure)) => Err(failure),
        Err(error) => {
            tracing::warn!(%error, "a server gave an answer that cannot be read");
            Err(Failure::server_unavailable())
        }
    }
}

fn unreadable(error: &bigbluebutton::Error) -> Failure {
    tracing::warn!(%error, "a server gave an answer that cannot be read");
    Failure::server_unavailable()
}

/// A browser is sent on.
fn redirect(url: &str) -> Response {
    match HeaderValue::try_from(url) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => failed(None, &Failure::server_unavailable()),
    }
}
