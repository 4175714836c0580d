//! How much of a generation there is room for: a pure function of its edits in their order
//! (`specs/documents.md`, "Limits"), so that all nodes leave out the same.
//!
//! An edit runs on a document that holds its ancestors and nothing else. Most build on what was
//! written last, and that document is at hand. For others changes must be replayed, which a hostile
//! member could ask for again and again; so replaying has a price, and prices a limit. What is kept
//! at hand here is what deriving keeps, so that the price is what the work is.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, MemberId},
    text::TEXT_BYTES_MAX,
};

use super::{bits::Bits, item::Item};

/// The most edits of one generation; what comes after them has no effect.
pub const EDITS_MAX: usize = 1_000;
/// The most that the edits of one generation may weigh: a character that comes or goes is one.
pub const WEIGHT_MAX: u64 = (TEXT_BYTES_MAX + TEXT_BYTES_MAX / 2) as u64;
/// The most that may be replayed for edits that build on older ones, or join branches.
pub const REPLAY_MAX: u64 = 1 << 20;

/// Which part of each limit the edits of one member may take, whatever they turn out to be: edits can
/// claim to be older than others, and so one member alone leaves those some room.
const OWN_PART: u64 = 2;

/// How many bases that were built on last are kept.
const BASES_KEPT: usize = 16;
/// How much more than the one before a landmark weighs.
const LANDMARK_WEIGHT: u64 = 32 * 1024;
/// The most landmarks beside the start.
const LANDMARKS_MAX: usize = 24;
/// What an edit counts beside its weight when it is replayed.
const EDIT_REPLAYED: u64 = 8;
/// Joining changes to a document reads all of it: which part of its size that counts.
const READING: u64 = 8;

/// Edits, ascending, none an ancestor of another: with their ancestors they are a document.
pub(super) type Base = Vec<EntryId>;

/// What the limits are compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Need {
    edits: usize,
    weight: u64,
    replay: u64,
}

impl Need {
    fn and(self, other: Self) -> Self {
        Self {
            edits: self.edits + other.edits,
            weight: self.weight + other.weight,
            replay: self.replay + other.replay,
        }
    }

    /// Whether it is within one of so many equal parts of the limits.
    fn is_within(self, parts: u64) -> bool {
        self.edits <= EDITS_MAX / parts as usize
            && self.weight <= WEIGHT_MAX / parts
            && self.replay <= REPLAY_MAX / parts
    }

    /// Whether it is more than four fifths of one of these parts.
    fn is_nearly_all(self, parts: u64) -> bool {
        let five_fourths = Self {
            edits: self.edits + self.edits / 4,
            weight: self.weight + self.weight / 4,
            replay: self.replay + self.replay / 4,
        };
        !five_fourths.is_within(parts)
    }
}

/// What an edit counts when it is replayed.
pub(super) fn size(item: &Item) -> u64 {
    item.weight() + EDIT_REPLAYED
}

/// What it counts to make a document of one size from one that holds a part of it.
pub(super) fn price(size: u64, held: u64) -> u64 {
    size - held + size / READING
}

#[derive(Debug)]
struct Taken {
    covers: Bits,
    size: u64,
}

#[derive(Debug)]
struct Kept {
    base: Base,
    size: u64,
}

/// The room that the edits looked at so far have left.
#[derive(Debug, Default)]
pub(super) struct Room {
    used: Need,
    /// What the edits for each member have used; the start is nobody's.
    own: BTreeMap<MemberId, Need>,
    taken: Vec<Taken>,
    index: BTreeMap<EntryId, usize>,
    /// Edits that no other builds on.
    heads: BTreeSet<EntryId>,
    /// The one built on last at the end.
    bases: Vec<Kept>,
    landmarks: Vec<Kept>,
}

impl Room {
    /// What an edit needs whose parents were all taken.
    fn need(&self, item: &Item) -> Need {
        Need {
            edits: 1,
            weight: item.weight(),
            replay: self.price(&self.base(item)),
        }
    }

    /// Whether there is room for so many more edits of a member, each building on the one before and the
    /// first on `parents`, which were taken.
    pub fn fits(&self, member: &MemberId, parents: &[EntryId], edits: usize, weight: u64) -> bool {
        let replay = self.price(&self.greatest(parents));
        let need = Need {
            edits,
            weight,
            replay,
        };
        self.used.and(need).is_within(1) && self.own_after(member, need).is_some()
    }

    /// Uses up what an edit needs, if it is there.
    pub fn uses(&mut self, item: &Item) -> bool {
        let need = self.need(item);
        let used = self.used.and(need);
        if !used.is_within(1) {
            return false;
        }
        if item.edit.start.is_none() {
            let Some(own) = self.own_after(&item.member, need) else {
                return false;
            };
            self.own.insert(item.member, own);
        }
        self.used = used;
        true
    }

    /// What the edits of a member will have used, if they may.
    fn own_after(&self, member: &MemberId, need: Need) -> Option<Need> {
        let own = self.own.get(member).copied().unwrap_or_default();
        let after = own.and(need);
        after.is_within(OWN_PART).then_some(after)
    }

    /// Whether four fifths of something are used, by all or of what one member may use.
    pub fn is_nearly_full(&self) -> bool {
        let mut own = self.own.values();
        self.used.is_nearly_all(1) || own.any(|own| own.is_nearly_all(OWN_PART))
    }

    /// How much of what may be replayed is used.
    pub fn replayed(&self) -> u64 {
        self.used.replay
    }

    /// Takes up an edit that has its effect.
    pub fn take(&mut self, item: &Item) {
        let base = self.base(item);
        let (mut covers, mut size) = self.reach(&base);
        let own = self::size(item);
        covers.insert(self.taken.len());
        size += own;
        for parent in &base {
            self.heads.remove(parent);
        }
        self.heads.insert(item.id);
        if self.taken.is_empty() || self.is_landmark(&covers, size) {
            let base = vec![item.id];
            self.landmarks.push(Kept { base, size });
        }
        self.index.insert(item.id, self.taken.len());
        self.taken.push(Taken { covers, size: own });
        if !base.is_empty() {
            self.keep(base, size - own);
        }
        self.keep(vec![item.id], size);
    }

    fn is_landmark(&self, covers: &Bits, size: u64) -> bool {
        let below = self
            .landmarks
            .iter()
            .filter(|kept| self.is_in(kept, covers));
        let nearest = below.map(|kept| kept.size).max().unwrap_or(0);
        self.landmarks.len() <= LANDMARKS_MAX && size - nearest >= LANDMARK_WEIGHT
    }

    fn keep(&mut self, base: Base, size: u64) {
        self.bases.retain(|kept| kept.base != base);
        self.bases.push(Kept { base, size });
        if self.bases.len() > BASES_KEPT {
            // Where somebody may go on writing is kept before what was built upon.
            let passed = |kept: &Kept| kept.base.iter().all(|id| !self.heads.contains(id));
            let first = self.bases.iter().position(passed).unwrap_or(0);
            self.bases.remove(first);
        }
    }

    /// Whether the document at these edits is to be kept while deriving.
    pub fn keeps(&self, base: &[EntryId]) -> bool {
        let all = self.bases.iter().chain(&self.landmarks);
        all.into_iter().any(|kept| kept.base == base)
    }

    /// Whether the document at what an edit builds on is a landmark, from which others may go on.
    pub fn is_at_landmark(&self, item: &Item) -> bool {
        let base = self.base(item);
        self.landmarks.iter().any(|kept| kept.base == base)
    }

    /// What an edit builds on in its generation: its parents without those that others of them build
    /// on.
    fn base(&self, item: &Item) -> Base {
        if item.edit.start.is_some() {
            return Base::new();
        }
        self.greatest(&item.parents)
    }

    fn greatest(&self, parents: &[EntryId]) -> Base {
        let place = |id: &EntryId| self.index[id];
        let is_below = |id: &EntryId| {
            let mut others = parents.iter().filter(|other| *other != id);
            others.any(|other| self.taken[place(other)].covers.contains(place(id)))
        };
        let mut base: Base = parents.iter().copied().filter(|id| !is_below(id)).collect();
        base.sort_unstable();
        base
    }

    fn price(&self, base: &Base) -> u64 {
        if base.is_empty() || self.keeps(base) {
            return 0;
        }
        let (covers, size) = self.reach(base);
        let kept = self.bases.iter().chain(&self.landmarks);
        let below = kept.filter(|kept| self.is_in(kept, &covers));
        let nearest = below.map(|kept| kept.size).max().unwrap_or(0);
        price(size, nearest)
    }

    fn is_in(&self, kept: &Kept, covers: &Bits) -> bool {
        let mut places = kept.base.iter().map(|id| self.index[id]);
        places.all(|place| covers.contains(place))
    }

    /// All edits of a base and their ancestors, and what replaying them counts.
    fn reach(&self, base: &Base) -> (Bits, u64) {
        let mut covers = Bits::default();
        for id in base {
            covers.extend(&self.taken[self.index[id]].covers);
        }
        let size = covers.iter().map(|place| self.taken[place].size).sum();
        (covers, size)
    }
}
