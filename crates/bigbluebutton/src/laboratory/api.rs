//! The API of the laboratory: from a request to an answer.

use hyper::body::Bytes;

use super::world::World;
use crate::{
    answer::{self, Done, Index, Meetings, Message, Running, TextTrackStored, TextTracks},
    call::{Body, Call, Method, Proof},
    checksum::{self, Algorithm},
    create::Create,
    failure::Failure,
    join::Join,
    query::Parameters,
    request::{self, End, OneMeeting, RecordingFilter, SendChatMessage},
    xml::Element,
};

/// The version of the API the laboratory speaks.
const API_VERSION: &str = "2.0";

/// A request whose body was read.
pub(super) struct ApiRequest<'a> {
    pub(super) call: Option<Call>,
    pub(super) method: Method,
    pub(super) query: &'a str,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a Bytes,
}

/// An answer before it is put on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) content_type: &'static str,
    pub(super) body: String,
    /// Where a browser is sent, with status 302.
    pub(super) location: Option<String>,
    /// The session of a person who joined.
    pub(super) session: Option<String>,
}

impl Answer {
    fn xml(body: String) -> Self {
        Self {
            content_type: answer::CONTENT_TYPE,
            body,
            location: None,
            session: None,
        }
    }

    fn json(body: String) -> Self {
        Self {
            content_type: answer::JSON_CONTENT_TYPE,
            ..Self::xml(body)
        }
    }

    fn redirect(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::xml(String::new())
        }
    }

    fn refused(failure: &Failure) -> Self {
        Self::xml(failure.to_xml())
    }
}

/// A call whose checksum is right.
struct Checked {
    parameters: Parameters,
    kind: Body,
}

/// Answers a request, which may change the world.
pub(super) fn answer(
    world: &mut World,
    now_ms: u64,
    algorithms: &[Algorithm],
    request: &ApiRequest<'_>,
) -> Answer {
    let Some(call) = request.call else {
        return Answer::refused(&Failure::unsupported_request());
    };
    let checked = match check(world, algorithms, call, request) {
        Ok(checked) => checked,
        // A wrong checksum is shown to the person who joins as XML; there is nowhere to send
        // somebody who cannot prove where they come from.
        Err(failure) => return Answer::refused(&failure),
    };
    let parameters = checked.parameters.clone();
    let result = match call {
        Call::Join => return join(world, now_ms, parameters),
        Call::GetRecordingTextTracks | Call::PutRecordingTextTrack => {
            let has_file = !request.body.is_empty() && checked.kind == Body::Multipart;
            return text_tracks(world, call, &parameters, has_file);
        }
        _ if call.proof() == Proof::Session => {
            return session_call(world, now_ms, call, &parameters);
        }
        Call::Create => create(world, now_ms, parameters, checked.kind, request.body),
        Call::IsMeetingRunning
        | Call::End
        | Call::GetMeetingInfo
        | Call::GetMeetings
        | Call::InsertDocument
        | Call::SendChatMessage => {
            meetings(world, now_ms, call, parameters, checked.kind, request.body)
        }
        Call::HooksCreate => world
            .create_hook(&parameters)
            .map(|created| created.to_xml()),
        Call::HooksDestroy => world
            .destroy_hook(&parameters)
            .map(|()| Done::Removed(true).to_xml()),
        Call::HooksList => Ok(world.list_hooks(&parameters).to_xml()),
        Call::Index => Ok(index(world)),
        Call::GetSessions => Ok(no_sessions()),
        _ => recordings(world, call, parameters),
    };
    result.map_or_else(|failure| Answer::refused(&failure), Answer::xml)
}

/// Checks method, body and checksum, and reads the parameters.
fn check(
    world: &World,
    algorithms: &[Algorithm],
    call: Call,
    request: &ApiRequest<'_>,
) -> Result<Checked, Failure> {
    let has_body = !request.body.is_empty();
    let kind = call.accepts(request.method, request.content_type, has_body)?;
    let secrets = std::slice::from_ref(&world.secret);
    let refusal = |error: crate::Error| error.failure();
    let mut parameters = Parameters::from_query(request.query).map_err(refusal)?;
    if call.proof() == Proof::Checksum {
        let verified = if request.query.is_empty() && kind == Body::Form {
            checksum::verify_form(call.name(), request.body, secrets, algorithms)
        } else {
            checksum::verify(call.name(), request.query, secrets, algorithms)
        };
        verified.map_err(refusal)?;
    }
    if kind == Body::Form {
        parameters.merge(Parameters::from_form(request.body).map_err(refusal)?);
    }
    parameters.take(checksum::PARAMETER);
    Ok(Checked { parameters, kind })
}

fn index(world: &World) -> String {
    Index {
        version: API_VERSION.to_owned(),
        server_version: "3.0.0-laboratory".to_owned(),
        api_url: Some(format!("{}/bigbluebutton/api", world.base_url)),
        ..Index::default()
    }
    .to_xml()
}

/// Nobody asks a laboratory for its sessions; it says that there are none.
fn no_sessions() -> String {
    let leaf = |name, text| Element::known(name).with_text(text);
    Element::known("response")
        .with(leaf("returncode", "SUCCESS"))
        .with(Element::known("sessions"))
        .with(leaf("messageKey", "noSessions"))
        .with(leaf("message", "no sessions were found on this server"))
        .to_string()
}

fn create(
    world: &mut World,
    now_ms: u64,
    parameters: Parameters,
    kind: Body,
    body: &Bytes,
) -> Result<String, Failure> {
    let create = Create::read(parameters)?;
    let documents = documents(kind, body)?;
    let meeting_id = create.meeting_id.clone();
    let created = world.create(now_ms, create)?;
    if !created.is_duplicate()
        && let Some(room) = world.rooms.get_mut(&meeting_id)
    {
        room.received += documents;
    }
    Ok(created.to_xml())
}

/// How many documents a body carries.
fn documents(kind: Body, body: &Bytes) -> Result<u64, Failure> {
    if kind != Body::Xml {
        return Ok(0);
    }
    let modules = Element::read(body).map_err(|_| Failure::malformed())?;
    let count = modules
        .children()
        .filter(|module| module.attribute("name") == Some("presentation"))
        .flat_map(Element::children)
        .filter(|document| document.name() == "document")
        .count();
    Ok(count as u64)
}

fn meetings(
    world: &mut World,
    now_ms: u64,
    call: Call,
    parameters: Parameters,
    kind: Body,
    body: &Bytes,
) -> Result<String, Failure> {
    match call {
        Call::GetMeetings => {
            let mut rooms: Vec<_> = world.rooms.values().collect();
            rooms.sort_by_key(|room| room.sequence);
            Ok(Meetings(rooms.into_iter().map(|room| room.meeting()).collect()).to_xml())
        }
        Call::IsMeetingRunning => {
            let asked = OneMeeting::read(parameters)?;
            let room = world.rooms.get(&asked.meeting_id);
            Ok(Running(room.is_some_and(|room| !room.people.is_empty())).to_xml())
        }
        Call::End => {
            let end = End::read(parameters)?;
            let room = world
                .rooms
                .get(&end.meeting_id)
                .ok_or_else(Failure::meeting_not_found)?;
            let right = room.create.moderator_password.as_ref();
            if right.is_some() && end.password.is_some() && end.password.as_ref() != right {
                return Err(Failure::wrong_moderator_password());
            }
            world.begin_end(now_ms, &end.meeting_id);
            Ok(Message::end_requested().to_xml())
        }
        Call::InsertDocument => {
            let asked = OneMeeting::read(parameters)?;
            let documents = documents(kind, body)?;
            let room = world.rooms.get_mut(&asked.meeting_id);
            room.ok_or_else(Failure::meeting_not_found)?.received += documents;
            Ok(Message::document_inserted().to_xml())
        }
        Call::SendChatMessage => {
            let message = SendChatMessage::read(parameters)?;
            let room = world.rooms.get_mut(&message.meeting_id);
            room.ok_or_else(Failure::meeting_not_found)?.received += 1;
            Ok(Message::default().to_xml())
        }
        _ => {
            let asked = OneMeeting::read(parameters)?;
            let room = world
                .rooms
                .get(&asked.meeting_id)
                .ok_or_else(Failure::meeting_not_found)?;
            Ok(room.meeting().to_xml())
        }
    }
}

/// Sends a browser in, or away with the reason.
fn join(world: &mut World, now_ms: u64, parameters: Parameters) -> Answer {
    let wants_xml = parameters.get("redirect") == Some("false");
    let joined = Join::read(parameters.clone()).and_then(|join| world.join(now_ms, &join));
    match joined {
        Ok(joined) if wants_xml => Answer::xml(joined.to_xml()),
        Ok(joined) => {
            let session = Some(joined.session_token.clone());
            Answer {
                session,
                ..Answer::redirect(joined.url)
            }
        }
        // These are answered as XML by servers too, unlike every other reason.
        Err(failure) if wants_xml || failure.key == "Params required" => Answer::refused(&failure),
        Err(failure) => {
            let target = Join::error_redirect(&parameters, &failure).unwrap_or_else(|| {
                let own = Parameters::new().with("logoutURL", format!("{}/", world.base_url));
                Join::error_redirect(&own, &failure).unwrap_or_default()
            });
            Answer::redirect(target)
        }
    }
}

fn recordings(
    world: &mut World,
    call: Call,
    mut parameters: Parameters,
) -> Result<String, Failure> {
    if call == Call::GetRecordings {
        return Ok(world
            .find_recordings(&RecordingFilter::read(parameters))
            .to_xml());
    }
    let ids = request::record_ids(&mut parameters)?;
    match call {
        Call::PublishRecordings => {
            let publish = parameters
                .filled("publish")
                .ok_or_else(Failure::missing_publish)?;
            let publish = publish == "true";
            let state = if publish { "published" } else { "unpublished" };
            world.change_recordings(&ids, |recording| {
                recording.published = publish;
                recording.state = state.to_owned();
            })?;
            Ok(Done::Published(publish).to_xml())
        }
        Call::DeleteRecordings => {
            world.change_recordings(&ids, |recording| {
                recording.published = false;
                recording.state = "deleted".to_owned();
            })?;
            Ok(Done::Deleted(true).to_xml())
        }
        _ => {
            let meta = parameters.take_where(|name| name.starts_with("meta_"));
            world.change_recordings(&ids, |recording| {
                for (name, value) in &meta {
                    let name = name["meta_".len()..].to_ascii_lowercase();
                    if value.is_empty() {
                        recording.metadata.remove(&name);
                    } else {
                        recording.metadata.set(&name, value.as_str());
                    }
                }
            })?;
            Ok(Done::Updated(true).to_xml())
        }
    }
}

fn text_tracks(world: &mut World, call: Call, parameters: &Parameters, has_file: bool) -> Answer {
    let result = if call == Call::PutRecordingTextTrack {
        let stored = world.put_text_track(parameters, has_file);
        stored.map(|record_id| TextTrackStored { record_id }.to_json())
    } else {
        let asked = parameters
            .filled("recordID")
            .ok_or_else(Failure::missing_parameter);
        asked
            .and_then(|id| world.text_tracks(id))
            .map(|tracks| TextTracks(tracks).to_json())
    };
    Answer::json(result.unwrap_or_else(|failure| failure.to_json()))
}

/// The calls of a client in a meeting: whoever has the session's token may make them.
fn session_call(world: &mut World, now_ms: u64, call: Call, parameters: &Parameters) -> Answer {
    let token = parameters.get("sessionToken").unwrap_or_default();
    let Some(session) = world.sessions.get(token).cloned() else {
        return Answer::json(Failure::new("missingSession", "Session not found.").to_json());
    };
    if call == Call::SignOut {
        world.leave(now_ms, &session.meeting_id, &session.internal_user_id);
    }
    Answer::json(serde_json::json!({"response": {"returncode": "SUCCESS"}}).to_string())
}
