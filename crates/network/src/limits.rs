//! What bounds every size, rate and wait.
//!
//! What the network itself holds is bounded here, piece by piece. The size of the whole process is no
//! limit: what elsewhere used memory for a moment would cut members off, and for good, because an
//! allocator does not always give back what it was once given.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::NetworkError;

/// Bytes in a mebibyte.
const MEBIBYTE: usize = 1024 * 1024;
/// Nothing larger is ever framed, whatever the settings say.
const FRAME_BYTES_CEILING: usize = 2 * MEBIBYTE;
const NANOSECONDS: i128 = 1_000_000_000;

/// The limits of one node's network. The defaults suit a federation of up to 500 nodes.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest member frame, at most 2 MiB. Lower it on no node alone: members that send
    /// larger ones are cut off.
    pub frame_bytes_max: usize,
    /// Connections being set up, in each direction.
    pub connections_pending_max: u32,
    /// Established connections in all.
    pub connections_max: u32,
    /// Established connections with one peer.
    pub connections_per_peer_max: u32,
    /// Events waiting to be taken.
    pub events_max: usize,
    /// Bytes of frames that were read and not yet taken, over all peers.
    pub received_bytes_max: usize,
    /// Bytes waiting to be sent to one peer.
    pub queue_bytes_max: usize,
    /// Frames waiting to be sent to one peer.
    pub queue_frames_max: usize,
    /// Bytes waiting to be sent, over all peers.
    pub queues_bytes_max: usize,
    /// Frames a second from one peer. More is a fault: an honest node sends half of this.
    pub frames_per_second: u32,
    /// Frames a peer may send at once after a pause.
    pub frames_burst: u32,
    /// Bytes a second read from one peer. More is delayed.
    pub bytes_per_second: u32,
    /// Bytes read at once after a pause.
    pub bytes_burst: u32,
    /// Member streams a peer may open in a minute.
    pub streams_per_minute: u32,
    /// Nodes that are on no roster.
    pub applicants: Applicants,
    /// The whole of a request: dialling, asking, answer.
    pub request_timeout: Duration,
    /// From the first byte of a frame to its last.
    pub frame_timeout: Duration,
    /// A write that makes no progress for so long ends the connection.
    pub stall_timeout: Duration,
    /// How often a peer is pinged.
    pub ping_interval: Duration,
    /// A connection on which nothing answers for so long is closed.
    pub silence_timeout: Duration,
    /// How long a peer that broke the protocol is kept out.
    pub cool_down: Duration,
    /// The first wait before dialling again.
    pub redial_min: Duration,
    /// The longest wait before dialling again.
    pub redial_max: Duration,
}

/// The small quota of nodes that are on no roster.
#[derive(Debug, Clone)]
pub struct Applicants {
    /// Connections in all; beyond it the oldest that asks nothing makes room.
    pub connections_max: usize,
    /// Connections from one IP address, or one /64 of IPv6.
    pub connections_per_host_max: usize,
    /// Requests a minute in all.
    pub requests_per_minute: u32,
    /// Requests a minute of one peer. More is a fault. Holds for members too.
    pub requests_per_minute_per_peer: u32,
    /// The largest request in bytes.
    pub request_bytes_max: usize,
    /// The largest answer in bytes.
    pub response_bytes_max: usize,
    /// An unused connection is closed after this.
    pub idle_timeout: Duration,
    /// A connection is closed after this, used or not.
    pub lifetime: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: FRAME_BYTES_CEILING,
            connections_pending_max: 64,
            connections_max: 1_024,
            connections_per_peer_max: 4,
            events_max: 256,
            received_bytes_max: 32 * MEBIBYTE,
            queue_bytes_max: 16 * MEBIBYTE,
            queue_frames_max: 16_384,
            queues_bytes_max: 256 * MEBIBYTE,
            frames_per_second: 4_000,
            frames_burst: 200_000,
            bytes_per_second: 16 * 1024 * 1024,
            bytes_burst: 64 * 1024 * 1024,
            streams_per_minute: 30,
            applicants: Applicants::default(),
            request_timeout: Duration::from_secs(10),
            frame_timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(45),
            ping_interval: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(45),
            cool_down: Duration::from_secs(60),
            redial_min: Duration::from_secs(1),
            redial_max: Duration::from_secs(60),
        }
    }
}

impl Default for Applicants {
    fn default() -> Self {
        Self {
            connections_max: 16,
            connections_per_host_max: 8,
            requests_per_minute: 60,
            requests_per_minute_per_peer: 10,
            request_bytes_max: 64 * 1024,
            response_bytes_max: MEBIBYTE,
            idle_timeout: Duration::from_secs(10),
            lifetime: Duration::from_secs(60),
        }
    }
}

impl Limits {
    pub(crate) fn check(&self) -> Result<(), NetworkError> {
        let rules = [
            (
                (1..=FRAME_BYTES_CEILING).contains(&self.frame_bytes_max),
                "frame_bytes_max",
                "1 to 2097152",
            ),
            (
                self.received_bytes_max >= self.frame_bytes_max
                    && self.received_bytes_max <= 4_096 * MEBIBYTE,
                "received_bytes_max",
                "frame_bytes_max to 4294967296",
            ),
            (self.events_max > 0, "events_max", "1 or more"),
            (self.frames_per_second > 1, "frames_per_second", "2 or more"),
            (self.frames_burst > 1, "frames_burst", "2 or more"),
            (self.bytes_per_second > 0, "bytes_per_second", "1 or more"),
            (
                !self.redial_min.is_zero() && self.redial_min <= self.redial_max,
                "redial_min",
                "more than nothing and at most redial_max",
            ),
            (
                !self.ping_interval.is_zero() && self.ping_interval < self.silence_timeout,
                "ping_interval",
                "more than nothing and less than silence_timeout",
            ),
        ];
        for (holds, name, expected) in rules {
            if !holds {
                return Err(NetworkError::Setting { name, expected });
            }
        }
        Ok(())
    }
}

/// A rate with a burst, in integers.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// What there is, in billionths; less than nothing is a debt.
    level: i128,
    capacity: i128,
    per_second: i128,
    last: Instant,
}

impl Bucket {
    pub(crate) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let capacity = i128::from(burst) * NANOSECONDS;
        Self {
            level: capacity,
            capacity,
            per_second: i128::from(per_second),
            last: now,
        }
    }

    /// A rate for a minute, all of it available at once.
    pub(crate) fn per_minute(count: u32, now: Instant) -> Self {
        let mut bucket = Self::new(count, count, now);
        // Billionths a nanosecond are whole numbers only for whole rates a second, so the unit of
        // this bucket is a sixtieth.
        bucket.capacity *= 60;
        bucket.level = bucket.capacity;
        bucket
    }

    fn refill(&mut self, now: Instant) {
        let gained = self.gain(now.saturating_duration_since(self.last));
        self.last = self.last.max(now);
        if self.level < self.capacity {
            self.level = self.capacity.min(self.level + gained);
        }
    }

    fn gain(&self, elapsed: Duration) -> i128 {
        i128::try_from(elapsed.as_nanos())
            .unwrap_or(i128::from(u64::MAX))
            .saturating_mul(self.per_second)
    }

    /// Takes `count`, or nothing if there is not so much.
    pub(crate) fn take(&mut self, now: Instant, count: u32) -> bool {
        self.refill(now);
        let wanted = i128::from(count) * NANOSECONDS;
        if self.level < wanted {
            return false;
        }
        self.level -= wanted;
        true
    }

    /// Takes one of a [`Bucket::per_minute`].
    pub(crate) fn take_one_of_minute(&mut self, now: Instant) -> bool {
        self.take(now, 60)
    }

    /// Takes `count` on credit and says how long to wait until the debt is paid.
    pub(crate) fn charge(&mut self, now: Instant, count: u32) -> Duration {
        self.refill(now);
        self.level -= i128::from(count) * NANOSECONDS;
        let wait = (-self.level).max(0) / self.per_second.max(1);
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// Credits a time in which this node did not read, so that what piled up meanwhile is not
    /// held against the peer.
    pub(crate) fn forgive(&mut self, waited: Duration) {
        let ceiling = self.capacity.saturating_mul(4);
        self.level = ceiling.min(self.level.saturating_add(self.gain(waited)));
    }

    /// Whether it is as full as at the beginning, so that forgetting it changes nothing.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.level >= self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(2, 3, start);
        assert!((0..3).all(|_| bucket.take(start, 1)));
        assert!(!bucket.take(start, 1));
        let later = start + Duration::from_millis(500);
        assert!(bucket.take(later, 1));
        assert!(!bucket.take(later, 1));
        assert!(bucket.is_full(start + Duration::from_secs(10)));
    }

    #[test]
    fn a_debt_is_paid_by_waiting() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 10, start);
        assert_eq!(bucket.charge(start, 10), Duration::ZERO);
        assert_eq!(bucket.charge(start, 5), Duration::from_millis(500));
    }

    #[test]
    fn a_minute_bucket_gives_its_count_and_one_more_after_its_share_of_the_minute() {
        let start = Instant::now();
        let mut bucket = Bucket::per_minute(10, start);
        assert!((0..10).all(|_| bucket.take_one_of_minute(start)));
        assert!(!bucket.take_one_of_minute(start + Duration::from_millis(5_999)));
        assert!(bucket.take_one_of_minute(start + Duration::from_secs(6)));
    }

    #[test]
    fn what_piled_up_while_we_did_not_read_is_forgiven() {
        let start = Instant::now();
        let mut bucket = Bucket::new(1, 1, start);
        assert!(bucket.take(start, 1));
        bucket.forgive(Duration::from_secs(2));
        assert!(bucket.take(start, 2));
        assert!(!bucket.take(start, 1));
    }

    #[test]
    fn a_frame_limit_above_two_mebibytes_is_refused() {
        let limits = Limits {
            frame_bytes_max: 3 * MEBIBYTE,
            ..Limits::default()
        };
        assert!(matches!(
            limits.check(),
            Err(NetworkError::Setting {
                name: "frame_bytes_max",
                ..
            })
        ));
        assert!(Limits::default().check().is_ok());
    }
}
