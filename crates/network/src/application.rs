//! The application protocol: one request and one answer on a stream of its own.
//!
//! A request is a frame. An answer is one byte that says how it went and, when it went well, a
//! frame.

use std::{collections::BTreeMap, time::Duration};

use domain::key::PublicKey;
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::Stream;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use crate::{
    event::{Event, Parcel, Reply},
    fault::Fault,
    frame::{self, Unreadable},
    limits::{Applicants, Bucket, Limits},
};

/// The first byte of an answer that follows.
const ANSWERED: u8 = 0;
/// The first and only byte when there is no answer now.
const BUSY: u8 = 1;
/// Peers whose requests are counted at a time. Beyond it the total quota alone holds.
const COUNTED_PEERS_MAX: usize = 4_096;

/// Who asked how often.
#[derive(Debug)]
pub(crate) struct Quota {
    all: Bucket,
    each: BTreeMap<PublicKey, Bucket>,
    each_per_minute: u32,
}

/// What the quota says of one more request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Answer it.
    Granted,
    /// Everybody together asked too much: this peer has done nothing wrong.
    UsedUp,
    /// This peer asked too much.
    Flood,
}

impl Quota {
    pub(crate) fn new(limits: &Applicants, now: Instant) -> Self {
        Self {
            all: Bucket::per_minute(limits.requests_per_minute, now),
            each: BTreeMap::new(),
            each_per_minute: limits.requests_per_minute_per_peer,
        }
    }

    pub(crate) fn ask(&mut self, peer: PublicKey, member: bool, now: Instant) -> Allowance {
        if self.each.len() >= COUNTED_PEERS_MAX {
            self.each.retain(|_, bucket| !bucket.is_full(now));
        }
        if self.each.len() < COUNTED_PEERS_MAX || self.each.contains_key(&peer) {
            let per_minute = self.each_per_minute;
            let bucket = self.each.entry(peer);
            let bucket = bucket.or_insert_with(|| Bucket::per_minute(per_minute, now));
            if !bucket.take_one_of_minute(now) {
                return Allowance::Flood;
            }
        }
        // Members do not use up what strangers have, nor the other way round.
        if member || self.all.take_one_of_minute(now) {
            Allowance::Granted
        } else {
            Allowance::UsedUp
        }
    }
}

/// Reads one request, has it answered, writes the answer.
pub(crate) async fn answer(
    mut stream: Stream,
    from: PublicKey,
    limits: &Limits,
    events: &mpsc::Sender<Parcel>,
) -> Option<Fault> {
    let wait = limits.request_timeout;
    let bytes_max = limits.applicants.request_bytes_max;
    let length = timeout(wait, frame::read_length(&mut stream, bytes_max, wait))
        .await
        .ok()?;
    let length = match length {
        Ok(length) => length,
        Err(Unreadable::Ended) => return None,
        Err(Unreadable::Empty) => return Some(Fault::Garbage),
        Err(Unreadable::Oversized) => return Some(Fault::Oversized),
    };
    let request = frame::read_body(&mut stream, length, wait).await.ok()?;
    let (reply, response) = Reply::new(limits.applicants.response_bytes_max);
    let event = Event::Application {
        from,
        request,
        reply,
    };
    let handed_over = timeout(wait, events.send(event.into())).await;
    let response = match handed_over {
        Ok(Ok(())) => timeout(wait, response).await.ok().and_then(Result::ok),
        _ => None,
    };
    match response {
        Some(response) => {
            timeout(wait, stream.write_all(&[ANSWERED]))
                .await
                .ok()?
                .ok()?;
            frame::write(&mut stream, &response, wait).await.ok()?;
            let _ = timeout(wait, stream.close()).await;
        }
        None => refuse(stream, wait).await,
    }
    None
}

/// Says that there is no answer now.
pub(crate) async fn refuse(mut stream: Stream, wait: Duration) {
    let said = async {
        stream.write_all(&[BUSY]).await?;
        stream.close().await
    };
    let _ = timeout(wait, said).await;
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The other side has too much to do.
    Busy,
    /// The stream broke or the answer breaks the protocol.
    Broken,
}

/// Sends a request and reads its answer.
pub(crate) async fn ask(
    mut stream: Stream,
    request: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, Unanswered> {
    let wait = limits.request_timeout;
    let broken = |_| Unanswered::Broken;
    // A refusal may come before the request is read, and its write may then fail.
    let written = frame::write(&mut stream, request, wait).await;
    let _ = frame::flush(&mut stream, wait).await;
    let mut status = [0];
    timeout(wait, stream.read_exact(&mut status))
        .await
        .map_err(|_| Unanswered::Broken)?
        .map_err(broken)?;
    match status[0] {
        BUSY => return Err(Unanswered::Busy),
        ANSWERED => written.map_err(broken)?,
        _ => return Err(Unanswered::Broken),
    }
    let bytes_max = limits.applicants.response_bytes_max;
    let length = timeout(wait, frame::read_length(&mut stream, bytes_max, wait))
        .await
        .map_err(|_| Unanswered::Broken)?
        .map_err(|_| Unanswered::Broken)?;
    frame::read_body(&mut stream, length, wait)
        .await
        .map_err(|_| Unanswered::Broken)
}

#[cfg(test)]
mod tests {
    use domain::key::SecretKey;

    use super::*;

    fn peer(number: u8) -> PublicKey {
        SecretKey::from_seed(&[number; 32]).public()
    }

    #[test]
    fn one_peer_that_asks_too_often_floods_and_does_not_use_up_the_rest() {
        let now = Instant::now();
        let mut quota = Quota::new(&Applicants::default(), now);
        for _ in 0..10 {
            assert_eq!(quota.ask(peer(1), false, now), Allowance::Granted);
        }
        assert_eq!(quota.ask(peer(1), false, now), Allowance::Flood);
        assert_eq!(quota.ask(peer(2), false, now), Allowance::Granted);
    }

    #[test]
    fn strangers_together_use_up_their_quota_and_members_still_ask() {
        let now = Instant::now();
        let mut quota = Quota::new(&Applicants::default(), now);
        for number in 0..60 {
            assert_eq!(quota.ask(peer(number), false, now), Allowance::Granted);
        }
        assert_eq!(quota.ask(peer(60), false, now), Allowance::UsedUp);
        assert_eq!(quota.ask(peer(61), true, now), Allowance::Granted);
    }
}
