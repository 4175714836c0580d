//! Bodies of requests, read before a handler sees them: little of strangers, more of people who are known
//! here, and of all together no more than may be held at one time.

use std::{net::IpAddr, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{header, request::Parts},
};
use domain::{blob::BLOB_BYTES_MAX, text::TEXT_BYTES_MAX};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    auth,
    budget::{Budget, Share},
    error::WebError,
    rate::Whose,
    site::Site,
};

/// The largest body of a request.
const BODY_BYTES_MAX: usize = 1 << 20;
/// The largest body of somebody who is not signed in: the pages for everybody have small forms.
const STRANGER_BYTES_MAX: usize = 64 << 10;
/// How much longer the form around a file may be than the file.
const FORM_AROUND_BYTES_MAX: usize = 16 << 10;
const BODY_DEADLINE_SECONDS: u64 = 60;
/// How long the rest of a body that is refused is read and thrown away: a browser that is cut off while it
/// sends shows its own error instead of our page.
const DISCARD_DEADLINE: Duration = Duration::from_secs(5);
/// The most bytes of strangers' bodies that are held at one time, and those of one address.
const STRANGERS_BYTES_MAX: usize = 16 << 20;
const ADDRESS_BYTES_MAX: usize = 1 << 20;
/// The most bytes of signed-in people's bodies that are held at one time, and those of one person.
const PEOPLE_BYTES_MAX: usize = 64 << 20;
const PERSON_BYTES_MAX: usize = 16 << 20;

/// Bodies that are held now. What strangers hold takes nothing from people who are signed in.
pub(crate) struct Bodies {
    strangers: Budget<Whose>,
    people: Budget<Whose>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            strangers: Budget::new(STRANGERS_BYTES_MAX, ADDRESS_BYTES_MAX),
            people: Budget::new(PEOPLE_BYTES_MAX, PERSON_BYTES_MAX),
        }
    }
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

fn busy() -> WebError {
    WebError::NotReady {
        why: "it reads as much as it can at one time; try again in a moment",
    }
}

/// A body as far as it has arrived, and its part of what may be held.
struct Gathering<'a> {
    site: &'a Site,
    head: &'a Parts,
    most: usize,
    bytes: Vec<u8>,
    share: Share<Whose>,
    is_known: bool,
}

impl<'a> Gathering<'a> {
    fn new(site: &'a Site, head: &'a Parts, address: IpAddr) -> Self {
        Self {
            site,
            head,
            most: body_bytes_max(head.uri.path()),
            bytes: Vec::new(),
            share: site.bodies.strangers.share(Whose::address(address)),
            is_known: false,
        }
    }

    /// Refuses at once what says itself that it is too much.
    async fn check_announced(&mut self) -> Result<(), WebError> {
        let length = self.head.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let exceeds = |most: usize| length.is_some_and(|length| length > most as u64);
        if exceeds(self.most) {
            return Err(self.too_large());
        }
        if exceeds(STRANGER_BYTES_MAX) {
            self.know_sender().await?;
        }
        Ok(())
    }

    fn too_large(&self) -> WebError {
        WebError::TooLarge {
            limit_bytes: self.most,
        }
    }

    /// Finds out who sends it, and counts it as theirs.
    async fn know_sender(&mut self) -> Result<(), WebError> {
        let person = auth::person_of(self.site, &self.head.headers, &self.head.uri).await?;
        let mut share = self.site.bodies.people.share(Whose::Person(person));
        if !share.add(self.bytes.len()) {
            return Err(busy());
        }
        self.share = share;
        self.is_known = true;
        Ok(())
    }

    async fn add(&mut self, data: &[u8]) -> Result<(), WebError> {
        let length = self.bytes.len() + data.len();
        if length > self.most {
            return Err(self.too_large());
        }
        if !self.is_known {
            let is_little = length <= STRANGER_BYTES_MAX;
            if is_little && self.share.add(data.len()) {
                self.bytes.extend_from_slice(data);
                return Ok(());
            }
            match self.know_sender().await {
                Err(WebError::SignedOut) if is_little => return Err(busy()),
                known => known?,
            }
        }
        if !self.share.add(data.len()) {
            return Err(busy());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    async fn read(&mut self, body: &mut Body) -> Result<(), WebError> {
        self.check_announced().await?;
        let deadline = Instant::now() + Duration::from_secs(BODY_DEADLINE_SECONDS);
        loop {
            let frame = timeout_at(deadline, body.frame()).await;
            let frame = frame.map_err(|_| WebError::Slow {
                limit_seconds: BODY_DEADLINE_SECONDS,
            })?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|_| WebError::Malformed("it was cut off".to_owned()))?;
            if let Ok(data) = frame.into_data() {
                self.add(&data).await?;
            }
        }
    }
}

/// Reads the whole body, within its limits. The share is to be kept until the request is answered.
pub(super) async fn gather(
    site: &Site,
    address: IpAddr,
    request: Request,
) -> Result<(Request, Share<Whose>), WebError> {
    let (head, mut body) = request.into_parts();
    let mut gathering = Gathering::new(site, &head, address);
    let read = gathering.read(&mut body).await;
    let Gathering { bytes, share, .. } = gathering;
    match read {
        Ok(()) => {
            let request = Request::from_parts(head, Body::from(Bytes::from(bytes)));
            Ok((request, share))
        }
        Err(error) => {
            drop((bytes, share));
            if !matches!(error, WebError::Slow { .. } | WebError::Malformed(_)) {
                discard(body).await;
            }
            Err(error)
        }
    }
}

async fn discard(mut body: Body) {
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    // What is not sent by then is not waited for.
    let _ = timeout(DISCARD_DEADLINE, all).await;
}
