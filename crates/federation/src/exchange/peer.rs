//! What is known of a connected peer, and how long it takes to answer.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, Hash, Timestamp},
    key::PublicKey,
};
use replica::Position;

/// The wait for an acknowledgement while it is not known how long a peer takes, in milliseconds.
const RESEND_MS: u64 = 1_000;
/// The shortest and the longest first wait, in milliseconds.
const RESEND_MS_MIN: u64 = 400;
const RESEND_MS_MAX: u64 = 8_000;
/// How many more bytes under way to a peer make the wait a millisecond longer: a line of one
/// megabit a second.
const BYTES_A_MS: u64 = 128;
/// How often the wait is doubled at most for what is sent after something went unacknowledged.
const PATIENCE_MAX: u32 = 5;
/// How many questions that cost a walk through logs or reads from the disk one peer may ask at
/// once,
const QUESTIONS_MAX: u64 = 256;
/// and after how many milliseconds one more. What is over is not answered: whoever lacks
/// something asks again.
const QUESTION_MS: u64 = 100;

/// Entries on their way to a peer.
#[derive(Debug)]
pub(super) struct Flight {
    pub ids: Vec<EntryId>,
    pub bytes: u64,
    pub sent: Timestamp,
    /// How long it waits for the acknowledgement the first time, in milliseconds.
    pub wait_ms: u64,
    pub due: Timestamp,
    pub tries: u32,
}

/// How long a peer takes to acknowledge, in milliseconds: smoothed, and how far it deviates.
#[derive(Debug, Clone, Copy)]
struct RoundTrip {
    smoothed_ms: u64,
    deviation_ms: u64,
}

impl RoundTrip {
    /// Weighs a new measurement as TCP does (RFC 6298).
    fn with(known: Option<Self>, measured_ms: u64) -> Self {
        match known {
            None => Self {
                smoothed_ms: measured_ms,
                deviation_ms: measured_ms / 2,
            },
            Some(known) => Self {
                smoothed_ms: known.smoothed_ms - known.smoothed_ms / 8 + measured_ms / 8,
                deviation_ms: known.deviation_ms - known.deviation_ms / 4
                    + known.smoothed_ms.abs_diff(measured_ms) / 4,
            },
        }
    }

    fn wait_ms(self) -> u64 {
        let wait = self
            .smoothed_ms
            .saturating_add(self.deviation_ms.saturating_mul(4));
        wait.clamp(RESEND_MS_MIN, RESEND_MS_MAX)
    }
}

/// What is known of a connected peer.
#[derive(Debug, Default)]
pub(super) struct Peer {
    pub incarnation: u64,
    pub since: Timestamp,
    pub heard: Timestamp,
    pub clock_ahead_ms: i64,
    pub clock_known: bool,
    /// What it is to be sent. In this node's order of storing ancestors come first.
    pub queue: BTreeSet<Position>,
    pub flights: BTreeMap<u64, Flight>,
    pub sent: u64,
    pub expected: u64,
    pub awaits_answer: bool,
    pub compared: bool,
    /// The digest over all of which it is known that it has the same.
    pub agreed: Option<Hash>,
    round_trip: Option<RoundTrip>,
    /// How often in a row it took longer than was waited for.
    patience: u32,
    /// When it may ask as many questions as ever again.
    patient_at: Timestamp,
}

impl Peer {
    /// A peer that has just connected.
    pub fn since(now: Timestamp) -> Self {
        Self {
            since: now,
            heard: now,
            ..Self::default()
        }
    }

    /// Counts a question, unless it is one too many.
    pub fn may_ask(&mut self, now: Timestamp) -> bool {
        let next = self.patient_at.max(now).plus_ms(QUESTION_MS);
        let allowed = next.since_ms(now) <= QUESTIONS_MAX * QUESTION_MS;
        if allowed {
            self.patient_at = next;
        }
        allowed
    }

    /// The entries that were sent and not acknowledged yet.
    pub fn under_way(&self) -> impl Iterator<Item = EntryId> + '_ {
        let flights = self.flights.values();
        flights.flat_map(|flight| flight.ids.iter().copied())
    }

    /// Notes that entries are on their way.
    pub fn begin(&mut self, now: Timestamp, ids: Vec<EntryId>, bytes: u64) -> u64 {
        let under_way: u64 = self.flights.values().map(|flight| flight.bytes).sum();
        let usual = self.round_trip.map_or(RESEND_MS, RoundTrip::wait_ms);
        let usual = (usual << self.patience).min(RESEND_MS_MAX);
        let wait_ms = usual + (under_way + bytes) / BYTES_A_MS;
        self.sent += 1;
        let flight = Flight {
            ids,
            bytes,
            sent: now,
            wait_ms,
            due: now.plus_ms(wait_ms),
            tries: 0,
        };
        self.flights.insert(self.sent, flight);
        self.sent
    }

    /// Notes that entries have arrived. What was sent again says nothing about how long it takes,
    /// for nobody knows which one was acknowledged; only that patience may be wanting. Returns
    /// whether nothing is under way any more.
    pub fn end(&mut self, now: Timestamp, number: u64) -> bool {
        let Some(flight) = self.flights.remove(&number) else {
            return false;
        };
        if flight.tries == 0 {
            let measured_ms = now.since_ms(flight.sent);
            self.round_trip = Some(RoundTrip::with(self.round_trip, measured_ms));
            self.patience = 0;
        } else {
            self.patience = flight.tries.min(PATIENCE_MAX);
        }
        self.flights.is_empty()
    }
}

/// A connected peer, for those who look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerState {
    /// Its node key.
    pub key: PublicKey,
    /// Since when it is connected.
    pub since: Timestamp,
    /// When it last said something.
    pub heard: Timestamp,
    /// By how much its clock is ahead of this node's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// How many entries wait to be sent to it.
    pub to_send: usize,
    /// How many entries it has announced to send.
    pub to_come: u64,
    /// Whether logs have been compared since it connected.
    pub compared: bool,
}

impl PeerState {
    pub(super) fn of(key: &PublicKey, peer: &Peer) -> Self {
        let under_way = peer.flights.values().map(|flight| flight.ids.len());
        Self {
            key: *key,
            since: peer.since,
            heard: peer.heard,
            clock_ahead_ms: peer.clock_ahead_ms,
            to_send: peer.queue.len() + under_way.sum::<usize>(),
            to_come: peer.expected,
            compared: peer.compared,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);

    /// A peer that has acknowledged ten small messages, each after so long.
    fn peer(round_trip_ms: u64) -> Peer {
        let mut peer = Peer::since(START);
        for _ in 0..10 {
            let number = peer.begin(START, Vec::new(), 0);
            assert!(peer.end(START.plus_ms(round_trip_ms), number));
        }
        peer
    }

    fn wait_ms(peer: &mut Peer, bytes: u64) -> u64 {
        let number = peer.begin(START, Vec::new(), bytes);
        peer.flights[&number].wait_ms
    }

    #[test]
    fn what_is_lost_is_sent_again_as_soon_as_the_peer_usually_answers() {
        assert_eq!(wait_ms(&mut Peer::since(START), 0), RESEND_MS);
        assert_eq!(wait_ms(&mut peer(20), 0), RESEND_MS_MIN);
        let far = wait_ms(&mut peer(1_500), 0);
        assert!((1_500..2_500).contains(&far), "{far}");
        assert_eq!(wait_ms(&mut peer(60_000), 0), RESEND_MS_MAX);
    }

    #[test]
    fn much_under_way_makes_the_wait_longer() {
        let mut peer = peer(20);
        let quarter = 256 * 1_024;
        assert_eq!(wait_ms(&mut peer, quarter), RESEND_MS_MIN + 2_048);
        assert_eq!(wait_ms(&mut peer, quarter), RESEND_MS_MIN + 4_096);
    }

    #[test]
    fn a_peer_that_became_slow_is_waited_for_longer_until_it_answers_in_time() {
        let mut peer = peer(20);
        let number = peer.begin(START, Vec::new(), 0);
        peer.flights.get_mut(&number).unwrap().tries = 2;
        peer.end(START.plus_ms(1_000), number);
        assert_eq!(wait_ms(&mut peer, 0), 4 * RESEND_MS_MIN);
        let number = peer.begin(START, Vec::new(), 0);
        peer.end(START.plus_ms(20), number);
        assert_eq!(wait_ms(&mut peer, 0), RESEND_MS_MIN);
    }
}
