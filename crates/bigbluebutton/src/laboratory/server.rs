//! The laboratory on the wire.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Shared,
    api::{self, Answer, ApiRequest},
    body::AnswerBody,
    control, page,
};
use crate::{
    call::{Call, Method},
    query::Parameters,
};

/// Connections open at once.
const MAX_CONNECTIONS: usize = 2_048;
/// How long a connection may take to send the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// How long the TLS handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// How long a request may hang that is never to be answered.
const HANG: Duration = Duration::from_secs(600);
/// The longest address, in bytes: what the web server before a real one takes.
const MAX_ADDRESS_BYTES: usize = 8 * 1024;
/// Where the API is.
const API_PATH: &str = "/bigbluebutton/api";

type Answered = Response<AnswerBody>;

/// Takes connections until the laboratory stops.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // The machine has no file left to give; others will close theirs.
                tracing::debug!(%error, "the laboratory cannot take a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if shared.misbehaviour().refuse_connections {
            continue;
        }
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        tokio::spawn(async move {
            let _place = place;
            let mut stopped = shared.stopped();
            tokio::select! {
                () = converse(shared, stream, peer, tls) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }
}

async fn converse(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => exchange(shared, stream, peer).await,
        Some(tls) => {
            let shaken = tokio::time::timeout(HANDSHAKE_DEADLINE, tls.accept(stream)).await;
            if let Ok(Ok(stream)) = shaken {
                exchange(shared, stream, peer).await;
            }
        }
    }
}

async fn exchange<S>(shared: Arc<Shared>, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move {
            let (calling, mut stopped) = (Arc::clone(&shared), shared.stopped());
            // A task of its own: a server goes on with a call whose caller has gone.
            let answered = tokio::spawn(async move {
                tokio::select! {
                    answered = respond(&calling, peer, request) => Some(answered),
                    _ = stopped.wait_for(|stopped| *stopped) => None,
                }
            });
            let Ok(Some(answered)) = answered.await else {
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            };
            // Also for connections that were made before.
            if shared.misbehaviour().refuse_connections {
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            Ok(answered)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the laboratory broke");
    }
}

async fn respond(shared: &Shared, peer: SocketAddr, request: Request<Incoming>) -> Answered {
    let (head, body) = request.into_parts();
    let method = match head.method {
        hyper::Method::GET | hyper::Method::HEAD => Method::Get,
        hyper::Method::POST => Method::Post,
        _ => {
            return plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "This method is not used here.",
            );
        }
    };
    if head
        .uri
        .path_and_query()
        .is_some_and(|asked| asked.as_str().len() > MAX_ADDRESS_BYTES)
    {
        return plain(StatusCode::URI_TOO_LONG, "The address is too long.");
    }
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let Ok(body) = Limited::new(body, Parameters::MAX_FORM_BYTES)
        .collect()
        .await
    else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.");
    };
    let body = body.to_bytes();
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let api_path = match path {
        "/bigbluebutton" | "/bigbluebutton/" => Some(""),
        path => path.strip_prefix(API_PATH),
    };
    if let Some(path) = api_path {
        let call = Call::from_path(path);
        let request = ApiRequest {
            call,
            method,
            query,
            content_type,
            body: &body,
        };
        return respond_to_call(shared, &request).await;
    }
    match (path, method) {
        ("/laboratory", _) if !is_this_machine(peer.ip()) => {
            plain(StatusCode::FORBIDDEN, "Only this machine may ask.")
        }
        ("/laboratory", Method::Get) => json(control::status(shared)),
        // A page of somebody else cannot send this content type without being asked first.
        ("/laboratory", Method::Post) if content_type == Some("application/json") => {
            match control::obey(shared, &body) {
                Ok(()) => json("{}".to_owned()),
                Err(reason) => plain(StatusCode::BAD_REQUEST, &reason),
            }
        }
        ("/laboratory", Method::Post) => plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send JSON with the header Content-Type: application/json.",
        ),
        ("/html5client/" | "/html5client", Method::Get) => {
            html(page::meeting(&shared.world(), query).unwrap_or_else(page::left))
        }
        ("/leave", Method::Post) => leave(shared, &body),
        ("/", Method::Get) => html(page::front(query)),
        (path, Method::Get) if path.starts_with("/playback/") => html(page::playback(path)),
        _ => plain(StatusCode::NOT_FOUND, "There is nothing here."),
    }
}

/// Answers a call, as well or as badly as the laboratory is told to.
async fn respond_to_call(shared: &Shared, request: &ApiRequest<'_>) -> Answered {
    let name = request.call.map_or("unknown", |call| match call {
        Call::Index => "index",
        other => other.name(),
    });
    shared.count(name);
    let fault = Some(shared.misbehaviour()).filter(|fault| fault.concerns(name));
    let fault = fault.unwrap_or_default();
    let jitter_ms = if fault.jitter_ms > 0 {
        shared.random() % fault.jitter_ms
    } else {
        0
    };
    let create_ms = if request.call == Some(Call::Create) {
        fault.create_ms
    } else {
        0
    };
    let wait_ms = fault.latency_ms + jitter_ms + create_ms;
    if wait_ms > 0 {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
    let answer =
        shared.change(|world, now_ms| api::answer(world, now_ms, shared.algorithms(), request));
    if fault.hang {
        tokio::time::sleep(HANG).await;
    }
    if let Some(status) = fault.status {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        return plain(
            status,
            "<html><body>The laboratory misbehaves.</body></html>",
        );
    }
    if fault.wrong_xml {
        return html("<html><body><p>Welcome to nginx!</body></html>".to_owned());
    }
    let padding = fault.oversized_body_bytes;
    respond_with(answer, |body| match padding {
        _ if fault.truncated_body => AnswerBody::truncated(body),
        Some(bytes) => AnswerBody::oversized(body, bytes),
        None => AnswerBody::whole(body),
    })
}

/// Whether a peer is on the same machine, also where it is written as an address of version 6.
fn is_this_machine(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}

fn respond_with(answer: Answer, body: impl FnOnce(String) -> AnswerBody) -> Answered {
    let mut response = Response::builder()
        .header(header::CACHE_CONTROL, crate::answer::CACHE_CONTROL)
        .header(header::CONTENT_TYPE, answer.content_type);
    if let Some(location) = &answer.location {
        response = response
            .status(StatusCode::FOUND)
            .header(header::LOCATION, location);
    }
    if let Some(session) = &answer.session {
        let cookie = format!("JSESSIONID={session}; Path=/bigbluebutton; HttpOnly");
        response = response.header(header::SET_COOKIE, cookie);
    }
    let response = response.body(body(answer.body));
    response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "No such place."))
}

fn leave(shared: &Shared, body: &Bytes) -> Answered {
    let token = Parameters::from_form(body)
        .ok()
        .and_then(|mut parameters| parameters.take("sessionToken"))
        .unwrap_or_default();
    shared.change(|world, now_ms| {
        if let Some(session) = world.sessions.get(&token).cloned() {
            world.leave(now_ms, &session.meeting_id, &session.internal_user_id);
        }
    });
    html(page::left())
}

fn of_type(status: StatusCode, content_type: &'static str, body: String) -> Answered {
    let mut response = Response::new(AnswerBody::whole(body));
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

fn plain(status: StatusCode, text: &str) -> Answered {
    of_type(status, "text/plain;charset=utf-8", text.to_owned())
}

fn html(body: String) -> Answered {
    of_type(StatusCode::OK, "text/html;charset=utf-8", body)
}

fn json(body: String) -> Answered {
    of_type(StatusCode::OK, "application/json", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_steers_the_laboratory() {
        for (peer, is_here) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.168.1.2", false),
            ("::ffff:192.168.1.2", false),
        ] {
            assert_eq!(is_this_machine(peer.parse().unwrap()), is_here, "{peer}");
        }
    }
}
