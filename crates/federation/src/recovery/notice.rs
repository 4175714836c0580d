//! Whether this node has had the notice of a recovery by its own clock. The dates of announcements are
//! their signers' own: two thirds of the organisations could sign both stages at once, dated back, and
//! nobody who is said to be gone could show itself in time. So a node waits a notice from when it heard
//! the announcement itself.
//!
//! A node that was away hears everything late. It follows at once when those who remain went on, unless it
//! was in contact with others at a time when it would have heard of the announcement, had there been one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{Hash, MemberId, Timestamp},
    key::PublicKey,
};
use register::recovery::Recovered;

const HOUR_MS: u64 = 3_600_000;
/// How long after its date an announcement has reached everyone who is in contact with others; what comes
/// within as long was written just now.
const REACHES_MS: u64 = 24 * HOUR_MS;
/// Of how many hours it is kept that this node heard from somebody, the last ones.
const HOURS_MAX: usize = 2_048;

/// What this node heard when.
#[derive(Default)]
pub(super) struct Notices {
    /// When it heard first that a key announced a recovery.
    announced: BTreeMap<(Hash, PublicKey), Timestamp>,
    /// The hours at which it had something of a member that was written just then,
    wrote: BTreeMap<MemberId, BTreeSet<u64>>,
    /// and at which it talked with a peer since it was started.
    met: BTreeSet<u64>,
}

/// How this node heard of a recovery that is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Notice {
    /// When its own notice is over.
    pub until: Timestamp,
    /// Whether it was in contact with others between the announcement's dates and when it heard of it.
    pub is_backdated: bool,
}

fn keep(hours: &mut BTreeSet<u64>, time: Timestamp) {
    hours.insert(time.0 / HOUR_MS);
    if hours.len() > HOURS_MAX {
        hours.pop_first();
    }
}

impl Notices {
    pub fn announced(&mut self, hash: Hash, key: PublicKey, received: Timestamp) {
        self.announced.entry((hash, key)).or_insert(received);
    }

    pub fn wrote(&mut self, member: MemberId, time: Timestamp, received: Timestamp) {
        if time <= received && received.since_ms(time) <= REACHES_MS {
            keep(self.wrote.entry(member).or_default(), received);
        }
    }

    pub fn met(&mut self, now: Timestamp) {
        keep(&mut self.met, now);
    }

    /// What this node, which is a member's, had of the notice.
    pub fn of(
        &self,
        own: Option<MemberId>,
        hash: &Hash,
        (recovered, notice_ms): (&Recovered, u64),
    ) -> Option<Notice> {
        let keys = recovered.announced.iter();
        let heard = keys.filter_map(|one| self.announced.get(&(*hash, one.root)));
        let heard = heard.max()?;
        let dated = recovered.announced.iter().map(|one| one.time).max()?;
        let (from, to) = (
            dated.plus_ms(REACHES_MS).0 / HOUR_MS + 1,
            heard.0.saturating_sub(REACHES_MS) / HOUR_MS,
        );
        let others = self
            .wrote
            .iter()
            .filter(|(member, _)| Some(**member) != own);
        let mut hours = others.map(|(_, hours)| hours).chain([&self.met]);
        let is_backdated = from < to && hours.any(|hours| hours.range(from..to).next().is_some());
        Some(Notice {
            until: heard.plus_ms(notice_ms),
            is_backdated,
        })
    }
}
