//! Random phases in time: clocks that err, messages that take their time, ballots shown at the last
//! moment, partitions, and liars that do the worst they can.

mod checks;
mod judge;
mod random;
mod steps;
mod world;

/// The longest that a message takes between connected honest validators (D), in milliseconds.
const GOSSIP_MS: i64 = 60_000;

/// The most that an honest clock errs (e), in milliseconds.
const CLOCK_ERROR_MS: i64 = 30_000;

/// What a step of the seals takes (d = D + 2e), in milliseconds.
const STEP_MS: i64 = GOSSIP_MS + 2 * CLOCK_ERROR_MS;

/// How many ballots are cast in a run.
const BALLOTS: usize = 10;

/// A cut between two groups of honest validators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Partition {
    None,
    /// It outlasts the manifests.
    PastGrace,
    /// It ends by T + e, so that what was sent before T arrives before the manifests.
    WithinGrace,
}

/// What a run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Setting {
    validators: usize,
    liars: usize,
    /// From T to the manifests, in milliseconds of one's own clock.
    grace_ms: i64,
    partition: Partition,
    /// Whether the liars keep all their receipts back until the manifests, as is best for them, or
    /// give some to some.
    kept_back: bool,
    /// How many of the ballots one voter casts, as revisions 1, 2, …
    revisions: usize,
}

impl Setting {
    fn honest(self) -> usize {
        self.validators - self.liars
    }

    /// Whether what one honest validator sends before T reaches all others before the manifests.
    fn is_connected(self) -> bool {
        self.partition != Partition::PastGrace && self.grace_ms >= STEP_MS
    }

    /// Whether the steps of the seals find all honest validators connected.
    fn seals_connected(self) -> bool {
        self.partition != Partition::PastGrace
    }
}
