//! Comparing what two nodes hold: the height of every log, and a digest of what is kept beside it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{EntryId, Timestamp},
    key::PublicKey,
};

use crate::{
    replica::Replica,
    rule::{BYTES_A_DAY_MAX, ENTRIES_A_DAY_MAX},
    stored::{Position, Usage},
};

/// The first half of a hash: enough to compare what honest nodes hold.
pub type Tag = [u8; 16];
/// The most heights in one message; over more logs digests of parts are compared.
pub const HEIGHTS_MAX: usize = 512;
/// The most places of a locator.
pub const LOCATOR_MAX: usize = 40;

pub(crate) fn tag(bytes: &[u8; 32]) -> Tag {
    bytes[..16].try_into().expect("half of 32 bytes")
}

/// How far one log stands on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Height {
    /// The author key.
    pub key: PublicKey,
    /// How many entries stand.
    pub sequence: u64,
    /// The last of them; zeros if none stands.
    pub tip: Tag,
    /// The digest of what is kept beside.
    pub aside: Option<Tag>,
}

impl Encode for Height {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.key)
            .uint(self.sequence)
            .bytes(&self.tip);
        match &self.aside {
            Some(aside) => encoder.bytes(aside),
            None => encoder.null(),
        };
    }
}

impl Decode for Height {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            key: decoder.value()?,
            sequence: decoder.uint_to("height", u64::from(u32::MAX))?,
            tip: decoder.bytes_of("tip")?,
            aside: if decoder.is_null() {
                None
            } else {
                Some(decoder.bytes_of("aside")?)
            },
        })
    }
}

/// A request for the part of one log that the asking node lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The author key.
    pub key: PublicKey,
    /// Places of the asking node's log, highest first and ever further apart.
    pub locator: Vec<(u64, Tag)>,
    /// Whether what is kept beside the log is asked for too.
    pub aside: bool,
    /// An entry above the log's end that a revocation picked.
    pub wanted: Option<EntryId>,
}

impl Encode for Ask {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).value(&self.key).array(self.locator.len());
        for (sequence, tip) in &self.locator {
            encoder.array(2).uint(*sequence).bytes(tip);
        }
        encoder
            .uint(u64::from(self.aside))
            .optional(self.wanted.as_ref());
    }
}

impl Decode for Ask {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let key = decoder.value()?;
        let length = decoder.array_to("locator", LOCATOR_MAX)?;
        let mut locator = Vec::with_capacity(length);
        for _ in 0..length {
            decoder.array(2)?;
            locator.push((decoder.uint()?, decoder.bytes_of("tip")?));
        }
        let aside = decoder.uint_to("aside", 1)? == 1;
        Ok(Self {
            key,
            locator,
            aside,
            wanted: decoder.optional()?,
        })
    }
}

/// What two nodes differ in, seen from one of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What the other lacks, in this node's order of storing.
    pub send: BTreeSet<Position>,
    /// What this node lacks.
    pub ask: Vec<Ask>,
}

impl Replica {
    pub(crate) fn height(&self, key: &PublicKey) -> Option<Height> {
        let log = self.logs.get(key)?;
        let aside = self.aside_digest(key).map(|digest| tag(&digest.0));
        if log.main.is_empty() && aside.is_none() {
            return None;
        }
        let tip = log
            .main
            .last()
            .map_or([0; 16], |position| tag(&self.at(*position).id.0));
        Some(Height {
            key: *key,
            sequence: log.main.len() as u64,
            tip,
            aside,
        })
    }

    /// The sequence and id of the last standing entry of a key.
    #[must_use]
    pub fn tip(&self, key: &PublicKey) -> Option<(u64, EntryId)> {
        let log = self.logs.get(key)?;
        let position = log.main.last()?;
        Some((log.main.len() as u64, self.at(*position).id))
    }

    /// How many entries and bytes a key may still sign on the day of `now`, or of its last entry if
    /// that is later.
    #[must_use]
    pub fn left_today(&self, key: &PublicKey, now: Timestamp) -> (u64, u64) {
        let log = self.logs.get(key);
        let tip = log.and_then(|log| log.main.last());
        let last = tip.map(|position| self.at(*position));
        let last = last.filter(|last| last.time.day() >= now.day());
        let used = last.map_or_else(Usage::default, |last| last.usage);
        (
            u64::from(ENTRIES_A_DAY_MAX.saturating_sub(used.entries)),
            BYTES_A_DAY_MAX.saturating_sub(used.bytes),
        )
    }

    /// Compares another node's heights with this node's. Heights of keys outside `range` are not
    /// compared, so that heights can come in several messages.
    #[must_use]
    pub fn compare(
        &self,
        theirs: &[Height],
        range: std::ops::RangeInclusive<PublicKey>,
    ) -> Difference {
        if range.is_empty() {
            return Difference::default();
        }
        // What nodes mostly find when they compare.
        if self.heights_in(&range) == theirs {
            return Difference::default();
        }
        let theirs: BTreeMap<PublicKey, &Height> = theirs
            .iter()
            .filter(|height| range.contains(&height.key))
            .map(|height| (height.key, height))
            .collect();
        let ours = self.logs.range(range).map(|(key, _)| *key);
        let keys: BTreeSet<PublicKey> = theirs.keys().copied().chain(ours).collect();
        let mut difference = Difference::default();
        for key in keys {
            self.compare_log(&key, theirs.get(&key).copied(), &mut difference);
        }
        difference
    }

    fn compare_log(&self, key: &PublicKey, theirs: Option<&Height>, difference: &mut Difference) {
        let ours = self
            .logs
            .contains_key(key)
            .then(|| self.height(key))
            .flatten();
        let (ours, theirs) = match (ours, theirs) {
            (None, None) => return,
            (None, Some(_)) => {
                difference.ask.push(self.ask(key, true));
                return;
            }
            (Some(_), None) => {
                difference.send.extend(&self.logs[key].main);
                difference.send.extend(self.aside(key));
                return;
            }
            (Some(ours), Some(theirs)) => (ours, theirs),
        };
        let main = &self.logs[key].main;
        let is_ours = |sequence: u64, tip: &Tag| match sequence {
            0 => true,
            _ => main
                .get(sequence as usize - 1)
                .is_some_and(|position| tag(&self.at(*position).id.0) == *tip),
        };
        let differs_aside = ours.aside != theirs.aside;
        if is_ours(theirs.sequence, &theirs.tip) {
            difference.send.extend(&main[theirs.sequence as usize..]);
            if differs_aside && theirs.aside.is_some() {
                difference.ask.push(self.ask(key, true));
            }
        } else {
            difference.ask.push(self.ask(key, differs_aside));
        }
        if differs_aside {
            difference.send.extend(self.aside(key));
        }
    }

    /// A request for what this node lacks of a log.
    #[must_use]
    pub fn ask(&self, key: &PublicKey, aside: bool) -> Ask {
        let (mut locator, mut wanted) = (Vec::new(), None);
        if let Some(log) = self.logs.get(key) {
            wanted = log.wanted;
            let (mut sequence, mut step) = (log.main.len(), 1);
            while sequence > 0 && locator.len() < LOCATOR_MAX {
                let id = self.at(log.main[sequence - 1]).id;
                locator.push((sequence as u64, tag(&id.0)));
                sequence = sequence.saturating_sub(step);
                step *= 2;
            }
        }
        Ask {
            key: *key,
            locator,
            aside,
            wanted,
        }
    }

    /// The logs of which a revocation picked a branch that is not here.
    pub fn wanted_branches(&self) -> impl Iterator<Item = PublicKey> {
        self.logs
            .iter()
            .filter(|(_, log)| log.wanted.is_some())
            .map(|(key, _)| *key)
    }

    /// What answers a request, and whether the asking node has entries of that log which this node
    /// does not have.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> (BTreeSet<Position>, bool) {
        let Some(log) = self.logs.get(&ask.key) else {
            return (BTreeSet::new(), !ask.locator.is_empty());
        };
        let is_ours = |(sequence, tip): &(u64, Tag)| {
            let position = sequence
                .checked_sub(1)
                .and_then(|index| log.main.get(index as usize));
            position.is_some_and(|position| tag(&self.at(*position).id.0) == *tip)
        };
        let common = ask.locator.iter().find(|place| is_ours(place));
        let from = common.map_or(0, |(sequence, _)| *sequence as usize);
        let mut send: BTreeSet<Position> = log.main[from..].iter().copied().collect();
        if ask.aside {
            send.extend(self.aside(&ask.key));
        }
        let mut at = ask.wanted.and_then(|wanted| self.position(&wanted));
        while let Some(position) = at {
            let stored = self.at(position);
            if stored.author != ask.key
                || log.main.get(stored.sequence as usize - 1) == Some(&position)
            {
                break;
            }
            send.insert(position);
            at = stored.previous;
        }
        let has_more = ask
            .locator
            .first()
            .is_some_and(|first| common != Some(first));
        (send, has_more)
    }
}
