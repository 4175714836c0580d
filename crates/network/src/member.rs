//! A roster member's link: one task that reports it and its frames in order, one that sends.
//!
//! The driver decides when a *session* begins and ends; the receiving task turns that into
//! `Connected`, frames and `Disconnected`, so that their order holds however slowly events are
//! taken. While nobody takes them, nothing is read.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::key::PublicKey;
use libp2p::{PeerId, Stream, swarm::ConnectionId};
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    error::NetworkError,
    event::{Event, Parcel},
    fault::Fault,
    frame::{self, Unreadable},
    limits::{Bucket, Limits},
    outbox::Outbox,
};

/// What tasks tell the driver.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A peer broke the protocol.
    Fault { peer: PeerId, fault: Fault },
    /// The sending task of a connection ended.
    SendingEnded {
        peer: PublicKey,
        connection: ConnectionId,
        /// The peer stopped reading.
        stalled: bool,
    },
    /// A request on a connection was answered or failed.
    RequestEnded {
        connection: ConnectionId,
        /// Who is told once the connection is gone.
        reply: oneshot::Sender<Result<Vec<u8>, NetworkError>>,
        answer: Result<Vec<u8>, NetworkError>,
    },
}

/// The state a receiving task is to bring about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wanted {
    session: Option<u64>,
    /// Counts inbound streams, so that a new one wakes the task.
    streams: u64,
    /// Off the roster for good.
    gone: bool,
}

/// The link to one roster member.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) key: PublicKey,
    pub(crate) peer: PeerId,
    pub(crate) outbox: Outbox,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    wanted: watch::Sender<Wanted>,
    inbound: Mutex<Option<Stream>>,
    rates: Mutex<Rates>,
}

/// The member's rates. They outlive connections, so that reconnecting fills no bucket.
#[derive(Debug)]
struct Rates {
    frames: Bucket,
    bytes: Bucket,
}

impl Link {
    pub(crate) fn new(key: PublicKey, peer: PeerId, outbox: Outbox, limits: &Limits) -> Self {
        let now = Instant::now();
        Self {
            key,
            peer,
            outbox,
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            wanted: watch::Sender::default(),
            inbound: Mutex::default(),
            rates: Mutex::new(Rates {
                frames: Bucket::new(limits.frames_per_second, limits.frames_burst, now),
                bytes: Bucket::new(limits.bytes_per_second, limits.bytes_burst, now),
            }),
        }
    }

    /// Whether frames can be sent.
    pub(crate) fn has_session(&self) -> bool {
        self.wanted.borrow().session.is_some()
    }

    /// Begins a session if there is none; `number` differs from all before.
    pub(crate) fn begin(&self, number: u64) {
        self.wanted.send_if_modified(|wanted| {
            let begins = wanted.session.is_none() && !wanted.gone;
            if begins {
                wanted.session = Some(number);
            }
            begins
        });
    }

    /// Ends the session and forgets what waits to be sent.
    pub(crate) fn end(&self) {
        self.wanted.send_modify(|wanted| wanted.session = None);
        self.slot().take();
        self.outbox.clear();
    }

    /// Ends the session for good.
    pub(crate) fn remove(&self) {
        self.wanted.send_modify(|wanted| wanted.gone = true);
        self.end();
    }

    /// Hands over the stream to read from now on; the one before is dropped.
    pub(crate) fn read_from(&self, stream: Stream) {
        *self.slot() = Some(stream);
        self.wanted.send_modify(|wanted| wanted.streams += 1);
    }

    fn slot(&self) -> MutexGuard<'_, Option<Stream>> {
        self.inbound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all receiving tasks share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) limits: Arc<Limits>,
    pub(crate) events: mpsc::Sender<Parcel>,
    /// Memory for received frames, in [`SHARE_BYTES`].
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) notices: mpsc::Sender<Notice>,
}

/// The unit in which memory for received frames is given out.
pub(crate) const SHARE_BYTES: usize = 1_024;

/// Runs a link's receiving side until the member is off the roster or nobody takes events.
pub(crate) async fn receive(link: Arc<Link>, shared: Shared, before: Option<JoinHandle<()>>) {
    if let Some(before) = before {
        // The same member's former link: its Disconnected comes before our Connected.
        let _ = before.await;
    }
    let peer = link.key;
    let mut wanted = link.wanted.subscribe();
    let mut announced = None;
    loop {
        let now = *wanted.borrow_and_update();
        if announced.is_some() && announced != now.session {
            announced = None;
            if shared
                .events
                .send(Event::Disconnected { peer }.into())
                .await
                .is_err()
            {
                return;
            }
            continue;
        }
        if now.gone {
            return;
        }
        if announced != now.session {
            announced = now.session;
            if shared
                .events
                .send(Event::Connected { peer }.into())
                .await
                .is_err()
            {
                return;
            }
            continue;
        }
        let stream = announced.and_then(|_| link.slot().take());
        let changed = wanted.changed();
        let Some(stream) = stream else {
            if changed.await.is_err() {
                return;
            }
            continue;
        };
        let fault = tokio::select! {
            biased;
            _ = changed => None,
            fault = read(&link, &shared, stream) => fault,
        };
        if let Some(fault) = fault {
            let notice = Notice::Fault {
                peer: link.peer,
                fault,
            };
            if shared.notices.send(notice).await.is_err() {
                return;
            }
        }
    }
}

/// Reads frames until the stream ends or the peer breaks a rule.
async fn read(link: &Link, shared: &Shared, mut stream: Stream) -> Option<Fault> {
    let limits = &shared.limits;
    loop {
        let length =
            match frame::read_length(&mut stream, limits.frame_bytes_max, limits.frame_timeout)
                .await
            {
                Ok(length) => length,
                Err(Unreadable::Ended) => return None,
                Err(Unreadable::Empty) => return Some(Fault::Garbage),
                Err(Unreadable::Oversized) => return Some(Fault::Oversized),
            };
        let bytes = u32::try_from(length).unwrap_or(u32::MAX);
        let wait = {
            let now = Instant::now();
            let mut rates = link.rates();
            if !rates.frames.take(now, 1) {
                return Some(Fault::Flood);
            }
            rates.bytes.charge(now, bytes)
        };
        if !wait.is_zero() {
            pause(link, wait).await;
        }
        let before = Instant::now();
        let shares = u32::try_from(length.div_ceil(SHARE_BYTES)).unwrap_or(u32::MAX);
        let share = Arc::clone(&shared.memory)
            .acquire_many_owned(shares)
            .await
            .ok()?;
        link.rates().frames.forgive(before.elapsed());

        let body = frame::read_body(&mut stream, length, limits.frame_timeout)
            .await
            .ok()?;
        link.bytes_in.fetch_add(u64::from(bytes), Ordering::Relaxed);
        let parcel = Parcel {
            event: Event::Frame {
                from: link.key,
                bytes: body,
            },
            _share: Some(share),
        };
        let before = Instant::now();
        shared.events.send(parcel).await.ok()?;
        link.rates().frames.forgive(before.elapsed());
    }
}

/// Waits for the byte rate; the frames that pile up meanwhile are our doing, not a flood.
async fn pause(link: &Link, wait: Duration) {
    sleep(wait).await;
    link.rates().frames.forgive(wait);
}

/// Sends what is in the outbox until the stream breaks; true when the peer stopped reading.
///
/// It keeps to half of the frame rate of its own limits, so that an honest node whose frames
/// bunch up on the way is never taken for a flood.
pub(crate) async fn send(link: &Link, limits: &Limits, mut stream: Stream) -> bool {
    let mut rate = Bucket::new(
        limits.frames_per_second / 2,
        (limits.frames_burst / 10).max(1),
        Instant::now(),
    );
    let stalled = |error: std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
    loop {
        let Some(body) = link.outbox.try_take() else {
            if let Err(error) = frame::flush(&mut stream, limits.stall_timeout).await {
                return stalled(error);
            }
            link.outbox.filled().await;
            continue;
        };
        keep_to(&mut rate).await;
        if let Err(error) = frame::write(&mut stream, &body, limits.stall_timeout).await {
            return stalled(error);
        }
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        link.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Waits until one more frame keeps to the rate. While it does, not at all: even the shortest sleep lasts
/// to the timer's next millisecond, and would be on the way of each frame.
async fn keep_to(rate: &mut Bucket) {
    let wait = rate.charge(Instant::now(), 1);
    if !wait.is_zero() {
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_frame_within_the_rate_is_sent_without_a_pause() {
        // Between two milliseconds of the timer.
        tokio::time::advance(Duration::from_micros(300)).await;
        let begun = Instant::now();
        let mut rate = Bucket::new(1_000, 10, begun);
        for _ in 0..10 {
            keep_to(&mut rate).await;
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        keep_to(&mut rate).await;
        keep_to(&mut rate).await;
        assert!(begun.elapsed() >= Duration::from_millis(1));
    }
}
