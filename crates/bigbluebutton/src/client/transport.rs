//! The connections that clients share, and one exchange over them.

use std::{error::Error as StdError, fmt, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header,
};
use hyper_util::{
    client::legacy::Client as Pool,
    rt::{TokioExecutor, TokioTimer},
};

use super::connector::{ConnectFailure, Connector, Trust};
use crate::{error::Error, guard::Guard};

/// How long making a connection may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Unused connections kept to one server.
const MAX_IDLE_PER_HOST: usize = 16;
/// The longest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most header fields of an answer.
const MAX_HEADER_FIELDS: usize = 64;

/// An answer as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type, where there is one.
    pub content_type: Option<String>,
    /// The server's time as it wrote it (RFC 9110 §6.6.1), where it did.
    pub date: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Reply({}, {} bytes)",
            self.status,
            self.body.len()
        )
    }
}

/// A pool of connections, to any number of servers. Cloning shares it.
#[derive(Clone)]
pub struct Transport {
    pool: Pool<Connector, Full<Bytes>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Transport")
    }
}

impl Transport {
    /// A pool that connects where the guard allows and believes whom the trust names.
    ///
    /// # Errors
    /// [`Error::Certificates`] when the certificates cannot be loaded.
    pub fn new(guard: Guard, trust: &Trust) -> Result<Self, Error> {
        let connector = Connector::new(guard, trust, CONNECT_DEADLINE)?;
        let pool = Pool::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .http1_max_headers(MAX_HEADER_FIELDS)
            .build(connector);
        Ok(Self { pool })
    }

    /// Sends a request and reads its answer whole. The caller sets the deadline.
    pub(super) async fn exchange(
        &self,
        request: Request<Bytes>,
        call: &'static str,
        endpoint: &impl fmt::Display,
        max_bytes: usize,
    ) -> Result<Reply, Error> {
        let broken = |source: Box<dyn StdError + Send + Sync>| Error::Broken {
            call,
            endpoint: endpoint.to_string(),
            source,
        };
        let response = self
            .pool
            .request(request.map(Full::new))
            .await
            .map_err(|error| connect_failure(&error).unwrap_or_else(|| broken(Box::new(error))))?;
        let status = response.status().as_u16();
        let content_type = field(&response, header::CONTENT_TYPE);
        let date = field(&response, header::DATE);
        let body = read_body(response.into_body(), max_bytes).await;
        let body = body.map_err(|error| broken(Box::new(error)))?;
        let body = body.ok_or(Error::AnswerTooLarge {
            call,
            max: max_bytes,
        })?;
        Ok(Reply {
            status,
            content_type,
            date,
            body,
        })
    }
}

fn field(response: &Response<Incoming>, name: header::HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    value.to_str().ok().map(str::to_owned)
}

/// Reads a body; nothing when it is longer than allowed.
async fn read_body(mut body: Incoming, max_bytes: usize) -> Result<Option<Bytes>, hyper::Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if data.len() > max_bytes - read.len() {
            return Ok(None);
        }
        read.extend_from_slice(&data);
    }
    Ok(Some(read.into()))
}

/// Finds our own error among the causes of the pool's.
fn connect_failure(error: &(dyn StdError + 'static)) -> Option<Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<ConnectFailure>() {
            return failure.take();
        }
        cause = error.source();
    }
    None
}
