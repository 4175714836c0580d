//! What every request passes before a handler sees it, and every answer after.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{blob::BLOB_BYTES_MAX, text::TEXT_BYTES_MAX};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::{
    edge,
    error::WebError,
    origin::{self, Peer},
    rate::{Limit, Whose},
    site::Site,
};

/// The largest body of a request.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// How much longer the form around a file may be than the file.
const FORM_AROUND_BYTES_MAX: usize = 16 << 10;
const BODY_DEADLINE_SECONDS: u64 = 60;
/// How long the rest of a body that is too large is read and thrown away: a browser that is cut
/// off while it sends shows its own error instead of our page.
const DISCARD_DEADLINE: Duration = Duration::from_secs(5);
const ANSWER_DEADLINE: Duration = Duration::from_secs(45);

/// The address a request came from, as far as it can be trusted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub IpAddr);

/// Runs the handler. What changes something is done to its end, even when whoever asked is gone: a
/// browser whose user clicks twice drops the first request and sends it again, and the second must
/// find what the first one did.
async fn answer(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(failed) => WebError::Library(Box::new(failed)).into_response(),
    }
}

/// The outermost layer: checks, deadline, error page, headers.
pub(crate) async fn protect(State(site): State<Site>, request: Request, next: Next) -> Response {
    let asker = edge::Asker::of(&request);
    let answer = match admit(&site, request).await {
        Ok(request) => match tokio::time::timeout(ANSWER_DEADLINE, answer(request, next)).await {
            Ok(response) => response,
            Err(_) => WebError::NotReady {
                why: "it did not answer in time",
            }
            .into_response(),
        },
        Err(error) => error.into_response(),
    };
    let mut answer = edge::render(&site, &asker, answer).await;
    add_headers(answer.headers_mut(), site.is_secure());
    answer
}

async fn admit(site: &Site, mut request: Request) -> Result<Request, WebError> {
    let headers = request.headers();
    let peer = request.extensions().get::<Peer>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let address = origin::client(peer, headers, &site.settings.trusted_proxies);
    site.rates
        .count(site.now(), Limit::Requests, Whose::address(address))?;
    let host = origin::check_host(headers, site.settings.public_url.as_ref())?;
    if origin::is_unsafe(request.method()) {
        let cookies = headers
            .get(header::COOKIE)
            .and_then(|value| value.to_str().ok());
        let has_session = cookies.is_some_and(|cookies| site.cookie.read(cookies).is_some());
        origin::check_site(headers, &host, has_session)?;
        request = gather(request).await?;
    }
    request.extensions_mut().insert(ClientAddress(address));
    Ok(request)
}

/// How long a body may be. What is attached to a document is longer than any form; of the text of a
/// document a form makes up to six bytes of one, where a line ends.
fn body_bytes_max(path: &str) -> usize {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let mut parts = path.split('/').skip(1);
    let is_document = parts.next() == Some("documents");
    match (is_document, parts.nth(1)) {
        (true, Some("attachments")) => BLOB_BYTES_MAX + FORM_AROUND_BYTES_MAX,
        (true, Some("edit")) => 6 * TEXT_BYTES_MAX + FORM_AROUND_BYTES_MAX,
        // Keys on people's own devices sign what comes and goes in base64.
        _ if matches!(path, "/acts/prepare" | "/acts/submit") => {
            BLOB_BYTES_MAX / 3 * 4 + (BODY_BYTES_MAX >> 2)
        }
        _ => BODY_BYTES_MAX,
    }
}

/// Reads the whole body, within its limits.
async fn gather(request: Request) -> Result<Request, WebError> {
    let (parts, mut body) = request.into_parts();
    let most = body_bytes_max(parts.uri.path());
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut is_too_large = length.is_some_and(|length| length > most as u64);
    let deadline = Instant::now() + Duration::from_secs(BODY_DEADLINE_SECONDS);
    let mut discard_until = is_too_large.then(|| Instant::now() + DISCARD_DEADLINE);
    let mut bytes = Vec::new();
    loop {
        let frame = timeout_at(discard_until.unwrap_or(deadline), body.frame()).await;
        let frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(_) if is_too_large => break,
            Err(_) => {
                return Err(WebError::Slow {
                    limit_seconds: BODY_DEADLINE_SECONDS,
                });
            }
        };
        let frame = frame.map_err(|_| WebError::Malformed("it was cut off".to_owned()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if !is_too_large && bytes.len() + data.len() > most {
            is_too_large = true;
            discard_until = Some(Instant::now() + DISCARD_DEADLINE);
            bytes = Vec::new();
        }
        if !is_too_large {
            bytes.extend_from_slice(&data);
        }
    }
    if is_too_large {
        return Err(WebError::TooLarge { limit_bytes: most });
    }
    Ok(Request::from_parts(parts, Body::from(Bytes::from(bytes))))
}

fn add_headers(headers: &mut HeaderMap, secure: bool) {
    const ALWAYS: [(&str, &str); 6] = [
        (
            "content-security-policy",
            "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'self'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if secure {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-cache"));
}
