//! Telling a front end what happened: the calls that servers, and gateways for them, make by
//! themselves.

use std::time::Duration;

use hyper::{Method, Request, Uri, body::Bytes, header};

use super::Transport;
use crate::error::Error;

/// The largest answer to a call back that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The longest address called back, in bytes.
const MAX_URL_BYTES: usize = 4 * 1024;
/// Name of the call in messages.
const CALL: &str = "call back";

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallBack {
    /// Nothing but the address: the end of a meeting.
    Get,
    /// An encoded form: a recording is ready, a hook.
    Form(String),
    /// JSON with a bearer token: learning analytics.
    Json {
        /// The document.
        body: String,
        /// The token.
        bearer: String,
    },
}

impl Transport {
    /// Calls an address back; returns the HTTP status, whatever it is. Redirects are not followed.
    ///
    /// # Errors
    /// When the address is none or may not be called, or no answer comes within the deadline.
    pub async fn call_back(
        &self,
        url: &str,
        what: CallBack,
        deadline_ms: u64,
    ) -> Result<u16, Error> {
        let uri: Uri = (url.len() <= MAX_URL_BYTES)
            .then(|| url.parse().ok())
            .flatten()
            .filter(|uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")))
            .ok_or(Error::Address {
                reason: "it is no web address that can be called back",
            })?;
        let host = uri.host().unwrap_or_default().to_owned();
        let request = Request::builder().uri(uri);
        let request = match what {
            CallBack::Get => request.method(Method::GET).body(Bytes::new()),
            CallBack::Form(form) => request
                .method(Method::POST)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.into()),
            CallBack::Json { body, bearer } => request
                .method(Method::POST)
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
                .body(body.into()),
        };
        let request = request.map_err(|_| Error::Address {
            reason: "it cannot be called back",
        })?;
        let exchange = self.exchange(request, CALL, &host, MAX_ANSWER_BYTES);
        let reply = tokio::time::timeout(Duration::from_millis(deadline_ms), exchange).await;
        let late = |_| Error::Timeout {
            call: CALL,
            endpoint: host.clone(),
            deadline_ms,
        };
        Ok(reply.map_err(late)??.status)
    }
}
