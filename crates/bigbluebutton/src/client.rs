//! Calling a server: every wait has a deadline, every answer a limit, and no call follows a
//! redirect.

mod call_back;
mod connector;
mod payload;
mod transport;
mod typed;

use std::time::Duration;

use hyper::{Request, body::Bytes, header};

pub use call_back::CallBack;
pub use connector::Trust;
pub use payload::Payload;
pub use transport::{Reply, Transport};

use crate::{
    address::Endpoint,
    answer::{self, Outcome},
    call::{Call, Method},
    checksum::{self, Algorithm},
    error::Error,
    query::Parameters,
    secret::Secret,
    xml::{self, Element},
};

/// What a client waits for and reads at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a call is answered whole, in milliseconds.
    pub call_ms: u64,
    /// Until a create is answered whole, in milliseconds.
    pub create_ms: u64,
    /// The largest answer, in bytes.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_ms: 10_000,
            create_ms: 10_000,
            answer_bytes: xml::MAX_BYTES,
        }
    }
}

/// The longest query sent in an address; a longer one goes as a form where the call takes one.
pub const MAX_QUERY_BYTES_IN_ADDRESS: usize = 2_000;

/// A server and what is needed to call it.
#[derive(Debug, Clone)]
pub struct Client {
    endpoint: Endpoint,
    secret: Secret,
    algorithm: Algorithm,
    limits: Limits,
    transport: Transport,
}

impl Client {
    /// A client that signs with SHA-256 and has the default limits. Clients of many servers share
    /// one transport.
    pub fn new(transport: Transport, endpoint: Endpoint, secret: Secret) -> Self {
        Self {
            endpoint,
            secret,
            algorithm: Algorithm::Sha256,
            limits: Limits::default(),
            transport,
        }
    }

    /// The same client signing with another algorithm.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// The same client with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The secret shared with the server, for checking what it sends by itself.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The signed address of a call, for a browser. Nothing is sent.
    pub fn signed_url(&self, call: Call, parameters: &Parameters) -> String {
        let query = parameters.encode();
        self.endpoint.url(
            call,
            &checksum::sign(self.algorithm, call.name(), &query, &self.secret),
        )
    }

    /// The signed address that takes a person's browser into a meeting. Nothing is sent.
    pub fn join_url(&self, parameters: &Parameters) -> String {
        self.signed_url(Call::Join, parameters)
    }

    /// Makes a call and reads its answer in XML.
    ///
    /// # Errors
    /// [`Error::Failed`] when the server refuses; what else can happen on the way otherwise.
    pub async fn call(
        &self,
        call: Call,
        parameters: &Parameters,
        payload: Option<Payload>,
    ) -> Result<Element, Error> {
        let reply = self.call_raw(call, parameters, payload).await?;
        match answer::read(&reply.body).map_err(|source| self.unreadable(call, source))? {
            Outcome::Success(response) => Ok(response),
            Outcome::Failed(failure) => Err(Error::Failed {
                call: named(call),
                failure,
            }),
        }
    }

    /// Makes a call and returns the bytes of its answer.
    ///
    /// # Errors
    /// [`Error::Status`] for any status but 200; what else can happen on the way otherwise.
    pub async fn call_raw(
        &self,
        call: Call,
        parameters: &Parameters,
        payload: Option<Payload>,
    ) -> Result<Reply, Error> {
        let deadline_ms = if call == Call::Create {
            self.limits.create_ms
        } else {
            self.limits.call_ms
        };
        let request = self.request(call, parameters, payload)?;
        let exchange = self.transport.exchange(
            request,
            named(call),
            &self.endpoint,
            self.limits.answer_bytes,
        );
        let reply = tokio::time::timeout(Duration::from_millis(deadline_ms), exchange)
            .await
            .map_err(|_| Error::Timeout {
                call: named(call),
                endpoint: self.endpoint.to_string(),
                deadline_ms,
            })??;
        if reply.status != 200 {
            return Err(Error::Status {
                call: named(call),
                endpoint: self.endpoint.to_string(),
                status: reply.status,
            });
        }
        Ok(reply)
    }

    fn request(
        &self,
        call: Call,
        parameters: &Parameters,
        payload: Option<Payload>,
    ) -> Result<Request<Bytes>, Error> {
        let mut query = parameters.encode();
        let mut payload = payload;
        let takes_form = call.methods().contains(&Method::Post);
        if payload.is_none() && takes_form && query.len() > MAX_QUERY_BYTES_IN_ADDRESS {
            // The checksum stays in the address: servers then hash only the empty rest of the
            // query, which all of them agree about, unlike about how a form is hashed.
            payload = Some(Payload::form(std::mem::take(&mut query)));
        }
        let signed = match call {
            Call::Index => query,
            _ => checksum::sign(self.algorithm, call.name(), &query, &self.secret),
        };
        let mut request = Request::builder()
            .uri(self.endpoint.url(call, &signed))
            .header(
                header::ACCEPT,
                "text/xml, application/xml, application/json",
            );
        let posts = payload.is_some() || !call.methods().contains(&Method::Get);
        request = request.method(if posts {
            hyper::Method::POST
        } else {
            hyper::Method::GET
        });
        if let Some(payload) = &payload {
            request = request.header(header::CONTENT_TYPE, payload.content_type());
        }
        request
            .body(payload.map(Payload::into_bytes).unwrap_or_default())
            .map_err(|_| Error::Address {
                reason: "the query cannot be part of an address",
            })
    }

    fn unreadable(&self, call: Call, source: Error) -> Error {
        Error::Unreadable {
            call: named(call),
            endpoint: self.endpoint.to_string(),
            source: Box::new(source),
        }
    }
}

/// The name of a call in messages; the address of the API itself has none of its own.
fn named(call: Call) -> &'static str {
    if call == Call::Index {
        "index"
    } else {
        call.name()
    }
}
