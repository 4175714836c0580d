//! Evidence that somebody signed two things of which an honest validator signs one: what this node found
//! itself, and what validators wrote down for all.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    id::{Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::{EVIDENCE_BYTES_MAX, Kind, Record},
};
use register::contradiction::Contradiction;

use crate::{Change, Core};

/// The most pieces of evidence against one member that are kept: who lies once is known, and nobody's lies
/// hide another's. Of more, those with the smallest hashes, so that all nodes come to keep the same.
const OF_MEMBER_MAX: usize = 8;
/// The most pieces that wait for the log of their key to come,
const PENDING_MAX: usize = 1024;
/// and the most of those that one key wrote down.
const PENDING_OF_KEY_MAX: usize = 64;

/// A validator that contradicted itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// Whose validator it is.
    pub member: MemberId,
    /// The key that signed both.
    pub key: PublicKey,
    /// When it was seen first, as far as is known here: by this node's clock, or by that of the validator
    /// that wrote it down.
    pub seen: Timestamp,
    /// What was signed.
    pub contradiction: Contradiction,
}

impl Caught {
    /// The phase in which it was said, if not in agreement.
    #[must_use]
    pub fn phase(&self) -> Option<PhaseId> {
        self.contradiction.phase()
    }

    /// The word of what was signed twice.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.contradiction.word()
    }
}

/// What was written down by a key, and when.
#[derive(Debug)]
struct Told {
    by: PublicKey,
    time: Timestamp,
    contradiction: Contradiction,
}

/// All evidence that is kept, by its hash.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    kept: BTreeMap<Hash, Caught>,
    /// What stands in records.
    written: BTreeSet<Hash>,
    pending: Vec<Told>,
}

impl Evidence {
    /// Takes note of what a record proves. Whose key it is may not be known yet; whether anything is new.
    fn hear(&mut self, told: Told, member: Option<MemberId>) -> bool {
        let Some(member) = member else {
            let of_key = self.pending.iter().filter(|one| one.by == told.by);
            if self.pending.len() < PENDING_MAX && of_key.count() < PENDING_OF_KEY_MAX {
                self.pending.push(told);
            }
            return false;
        };
        self.written.insert(told.contradiction.hash());
        self.keep(Caught {
            member,
            key: told.contradiction.key(),
            seen: told.time,
            contradiction: told.contradiction,
        })
    }

    /// Keeps evidence, if it is among what is kept of that member; whether anything is new.
    pub fn keep(&mut self, caught: Caught) -> bool {
        let hash = caught.contradiction.hash();
        if let Some(known) = self.kept.get_mut(&hash) {
            known.seen = known.seen.min(caught.seen);
            return false;
        }
        let member = caught.member;
        self.kept.insert(hash, caught);
        let of_member = self.kept.iter().filter(|(_, one)| one.member == member);
        let beyond: Vec<Hash> = of_member
            .map(|(hash, _)| *hash)
            .skip(OF_MEMBER_MAX)
            .collect();
        for one in &beyond {
            self.kept.remove(one);
            self.written.remove(one);
        }
        !beyond.contains(&hash)
    }

    /// What is kept and stands in no record, as records have it.
    pub fn unwritten(&self) -> Vec<Vec<u8>> {
        let kept = self.kept.iter();
        let unwritten = kept.filter(|(hash, _)| !self.written.contains(*hash));
        let bytes = unwritten.map(|(_, caught)| caught.contradiction.to_bytes());
        bytes
            .filter(|bytes| bytes.len() <= EVIDENCE_BYTES_MAX)
            .collect()
    }

    pub fn all(&self) -> &BTreeMap<Hash, Caught> {
        &self.kept
    }
}

impl Core {
    /// Takes note of evidence that somebody wrote down, if it proves anything.
    pub(crate) fn hear_evidence(&mut self, entry: &Entry) {
        let found = (entry.header.kind == Kind::Evidence).then(|| entry.record());
        let Some(Some(Record::Evidence(found))) = found else {
            return;
        };
        let Ok(contradiction) = Contradiction::from_bytes(&found.contradiction) else {
            return;
        };
        // Forks of logs are evidence that every node has as it is.
        let is_carried = !matches!(contradiction, Contradiction::InLog(_));
        if is_carried && contradiction.verify(&self.federation()).is_ok() {
            let (by, time) = (entry.header.author, entry.header.time);
            let told = Told {
                by,
                time,
                contradiction,
            };
            self.take_evidence(told);
        }
    }

    fn take_evidence(&mut self, told: Told) {
        let member = self.who_signs_with(&told.contradiction.key());
        if self.register.evidence.hear(told, member) {
            self.note_change(Change::Register);
        }
    }

    /// Whose key it is, or was, by its log: a key that was revoked since has lied all the same.
    fn who_signs_with(&self, key: &PublicKey) -> Option<MemberId> {
        let (_, last) = self.replica().tip(key)?;
        Some(self.replica().find(&last)?.member)
    }

    /// Looks again at evidence that came before the log of its key.
    pub(crate) fn settle_evidence(&mut self) {
        for told in std::mem::take(&mut self.register.evidence.pending) {
            self.take_evidence(told);
        }
    }
}
