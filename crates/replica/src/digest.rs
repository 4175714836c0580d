//! The heights of all logs, kept up to date log by log, and digests over them: what a node at rest
//! compares again and again must not be computed anew each time.

use std::{collections::BTreeSet, ops::RangeInclusive, sync::OnceLock};

use domain::{
    cbor::Encode,
    id::{Hash, MemberId, PhaseId},
    key::PublicKey,
    record::Record,
};

use crate::{
    heights::{Height, Tag, tag},
    replica::Replica,
    stored::Position,
};

/// The heights as they are, with what digests are made of.
#[derive(Debug, Default)]
pub(crate) struct Heights {
    /// Ascending by key.
    list: Vec<Height>,
    /// The first half of the hash of each of them.
    marks: Vec<Tag>,
    /// The digest over all, since the last change.
    whole: OnceLock<Hash>,
    /// The logs whose height may have changed.
    touched: BTreeSet<PublicKey>,
    /// Whether that of any log may have changed.
    all_touched: bool,
}

impl Heights {
    fn set(&mut self, key: &PublicKey, height: Option<Height>) {
        let at = self.list.binary_search_by_key(key, |height| height.key);
        match (at, height) {
            (Ok(index), Some(height)) if self.list[index] == height => return,
            (Err(_), None) => return,
            (Ok(index), Some(height)) => {
                self.marks[index] = mark(&height);
                self.list[index] = height;
            }
            (Err(index), Some(height)) => {
                self.marks.insert(index, mark(&height));
                self.list.insert(index, height);
            }
            (Ok(index), None) => {
                self.marks.remove(index);
                self.list.remove(index);
            }
        }
        self.whole.take();
    }

    fn places(&self, range: &RangeInclusive<PublicKey>) -> std::ops::Range<usize> {
        let first = self.list.partition_point(|h| h.key < *range.start());
        let after = self.list.partition_point(|h| h.key <= *range.end());
        first..after.max(first)
    }
}

fn mark(height: &Height) -> Tag {
    tag(&Hash::of(&[&height.to_bytes()]).0)
}

fn digest_of(marks: &[Tag]) -> Hash {
    Hash::of(&[marks.as_flattened()])
}

impl Replica {
    /// The height of every log, ascending by key.
    #[must_use]
    pub fn heights(&self) -> &[Height] {
        &self.heights.list
    }

    /// The heights of the logs whose keys lie in a range.
    #[must_use]
    pub fn heights_in(&self, range: &RangeInclusive<PublicKey>) -> &[Height] {
        &self.heights.list[self.heights.places(range)]
    }

    /// A digest over the heights of the logs whose keys lie in a range.
    #[must_use]
    pub fn digest_in(&self, range: &RangeInclusive<PublicKey>) -> Hash {
        let places = self.heights.places(range);
        if places.len() == self.heights.marks.len() {
            return self.digest();
        }
        digest_of(&self.heights.marks[places])
    }

    /// A digest of everything this node holds that counts: equal on two nodes that agree.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let compute = || digest_of(&self.heights.marks);
        *self.heights.whole.get_or_init(compute)
    }

    /// Notes that every height may have changed: what stands was computed anew.
    pub(crate) fn touch_all(&mut self) {
        self.heights.all_touched = true;
    }

    /// Notes whose heights may change because an entry is stored, dropped or begins to stand: that
    /// of its log, and those of logs beside which ballots are kept that are judged together with
    /// it or by it.
    pub(crate) fn touch(&mut self, position: Position) {
        let stored = self.at(position);
        let mut touched = BTreeSet::from([stored.author]);
        match stored.record.as_deref() {
            Some(Record::Ballot(ballot)) => {
                let grant = stored.grant.map(|grant| self.at(grant).author);
                touched.extend(grant);
                let group = self.ballots.get(&(ballot.phase, stored.member));
                touched.extend(group.into_iter().flat_map(|group| self.beside_keys(group)));
            }
            Some(Record::Opening(_)) => {
                let phase: PhaseId = stored.id;
                let groups = (phase, MemberId([0; 32]))..=(phase, MemberId([0xff; 32]));
                let groups = self.ballots.range(groups);
                touched.extend(groups.flat_map(|(_, group)| self.beside_keys(group)));
            }
            _ => {}
        }
        self.heights.touched.append(&mut touched);
    }

    /// The logs beside which ballots or their mandates may be kept.
    fn beside_keys(&self, ballots: &BTreeSet<Position>) -> impl Iterator<Item = PublicKey> {
        ballots.iter().flat_map(|position| {
            let stored = self.at(*position);
            let mandate = stored.grant.map(|grant| self.at(grant).author);
            [Some(stored.author), mandate].into_iter().flatten()
        })
    }

    /// Brings the heights up to date.
    pub(crate) fn refresh_heights(&mut self) {
        let mut touched = std::mem::take(&mut self.heights.touched);
        if std::mem::take(&mut self.heights.all_touched) {
            touched = self.logs.keys().copied().collect();
        }
        for key in touched {
            let height = self.height(&key);
            self.heights.set(&key, height);
        }
    }
}
