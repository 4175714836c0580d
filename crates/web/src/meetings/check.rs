//! Calling a server of one's own, to see whether it can be used: it answers, it accepts the secret,
//! its clock is right.

use std::time::Instant;

use bigbluebutton::{
    Call, Error, Parameters,
    answer::Index,
    client::{Client, Limits, Transport, Trust},
};
use domain::id::{ServerId, Timestamp};

use super::{
    address,
    inventory::own,
    servers::{Access, Reach},
};
use crate::{
    acts,
    auth::Actor,
    error::{WebError, sentence},
    site::Site,
};

/// How long a server may take to answer, in milliseconds.
const CALL_MS: u64 = 5_000;

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The version of its API.
    pub version: String,
    /// Its release; empty where it does not say.
    pub server_version: String,
    /// How many meetings it has.
    pub meetings: usize,
    /// How long it took to answer.
    pub round_trip_ms: u64,
    /// How far its clock is ahead of this node's, to the second; none where it does not say.
    pub clock_ahead_ms: Option<i64>,
}

/// Calls one of the own servers.
///
/// # Errors
/// When the actor is no steward of the owner, or the server cannot be used; the message says why.
pub(crate) async fn check(site: &Site, actor: &Actor, id: ServerId) -> Result<Found, WebError> {
    acts::need_host(site, actor)?;
    let record = own(site, id)?;
    let Some(access) = site.servers.secret_of(id) else {
        return Err(WebError::Conflict {
            code: "server-secret",
            message: format!(
                "This node has no secret of {name} that it can open. Give it: folkmoot server set \
                 {name:?} --secret-file FILE.",
                name = record.name
            ),
        });
    };
    let called = call(&record.url, &access, site.now()).await;
    called.map_err(|error| WebError::Conflict {
        code: "server-check",
        message: words(&error, &access.reach),
    })
}

async fn call(url: &str, access: &Access, now: Timestamp) -> Result<Found, Error> {
    let endpoint = address::endpoint(url, &access.reach)?;
    let trust = Trust {
        native: endpoint.is_secure(),
        roots_pem: Vec::new(),
    };
    let transport = Transport::new(address::guard(&access.reach), &trust)?;
    let limits = Limits {
        call_ms: CALL_MS,
        ..Limits::default()
    };
    let client = Client::new(transport, endpoint, access.secret.clone())
        .with_algorithm(access.reach.algorithm)
        .with_limits(limits);
    let Index {
        version,
        server_version,
        ..
    } = client.index().await?;
    // The connection stands now: this is the way there and back, and what the server needs.
    let begun = Instant::now();
    let reply = client
        .call_raw(Call::Index, &Parameters::default(), None)
        .await?;
    let round_trip_ms = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
    let meetings = client.meetings().await?.0.len();
    Ok(Found {
        version,
        server_version,
        meetings,
        round_trip_ms,
        clock_ahead_ms: reply.date.as_deref().and_then(|date| ahead_ms(date, now)),
    })
}

/// How far a date is ahead of now. It has whole seconds: what lies within one is no difference.
fn ahead_ms(date: &str, now: Timestamp) -> Option<i64> {
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let off = theirs.as_millisecond() - i64::try_from(now.0).ok()?;
    match off {
        -999..=0 => Some(0),
        ..-999 => Some(off + 999),
        _ => Some(off),
    }
}

/// What is wrong, and what to do where that is known.
fn words(error: &Error, reach: &Reach) -> String {
    let mut words = sentence(&error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words += " ";
        words += &sentence(&error.to_string());
        cause = error.source();
    }
    if let Error::Failed { failure, .. } = error
        && failure.key == "checksumError"
    {
        words += &format!(
            " The secret is another than the server's (bbb-conf --secret prints that), or the server \
             does not accept {}: folkmoot server set NAME --secret-file FILE or --algorithm sha1.",
            reach.algorithm
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_within_the_second_a_date_is_cut_to() {
        let date = "Fri, 15 Jan 2027 08:00:00 GMT";
        let at = |ms: u64| ahead_ms(date, Timestamp(1_800_000_000_000 + ms));
        assert_eq!(at(0), Some(0));
        assert_eq!(at(999), Some(0));
        assert_eq!(at(61_000), Some(-60_001));
        assert_eq!(ahead_ms(date, Timestamp(1_799_999_940_000)), Some(60_000));
        assert_eq!(ahead_ms("yesterday", Timestamp(0)), None);
    }
}
