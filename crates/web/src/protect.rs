//! What every request passes before a handler sees it, and every answer after.

mod body;

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

pub(crate) use self::body::Bodies;
use crate::{
    budget::Share,
    edge,
    error::WebError,
    origin::{self, Peer},
    rate::{Limit, Whose},
    site::Site,
};

const ANSWER_DEADLINE: Duration = Duration::from_secs(45);

/// The address a request came from, as far as it can be trusted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub IpAddr);

/// A request that a handler may see, and its part of the bytes that may be held.
struct Admitted {
    request: Request,
    held: Option<Share<Whose>>,
}

/// Runs the handler. What changes something is done to its end, even when whoever asked is gone: a
/// browser whose user clicks twice drops the first request and sends it again, and the second must
/// find what the first one did. What is held of its body is given back when it is done.
async fn answer(admitted: Admitted, next: Next) -> Response {
    let Admitted { request, held } = admitted;
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let work = async move {
        let response = next.run(request).await;
        drop(held);
        response
    };
    match tokio::spawn(work).await {
        Ok(response) => response,
        Err(failed) => WebError::Library(Box::new(failed)).into_response(),
    }
}

/// The outermost layer: checks, deadline, error page, headers.
pub(crate) async fn protect(State(site): State<Site>, request: Request, next: Next) -> Response {
    let asker = edge::Asker::of(&request);
    let answer = match admit(&site, request).await {
        Ok(admitted) => match tokio::time::timeout(ANSWER_DEADLINE, answer(admitted, next)).await {
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

async fn admit(site: &Site, mut request: Request) -> Result<Admitted, WebError> {
    let headers = request.headers();
    let peer = request.extensions().get::<Peer>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let address = origin::client(peer, headers, &site.settings.trusted_proxies);
    site.rates
        .count(site.now(), Limit::Requests, Whose::address(address))?;
    let host = origin::check_host(headers, site.settings.public_url.as_ref())?;
    let mut held = None;
    if origin::is_unsafe(request.method()) {
        let cookies = headers
            .get(header::COOKIE)
            .and_then(|value| value.to_str().ok());
        let has_session = cookies.is_some_and(|cookies| site.cookie.read(cookies).is_some());
        origin::check_site(headers, &host, has_session)?;
        let (gathered, share) = body::gather(site, address, request).await?;
        (request, held) = (gathered, Some(share));
    }
    request.extensions_mut().insert(ClientAddress(address));
    Ok(Admitted { request, held })
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
