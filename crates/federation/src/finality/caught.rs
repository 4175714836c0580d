//! Evidence that somebody signed two things of which an honest validator signs one: what this node found
//! itself, and what validators wrote down for all.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    id::{FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::EVIDENCE_BYTES_MAX,
};
use register::contradiction::Contradiction;
use replica::view::View;

/// The most pieces of evidence against one member that are kept: who lies once is known, and nobody's lies
/// hide another's. Of more, those with the smallest hashes, so that all nodes come to keep the same.
const OF_MEMBER_MAX: usize = 8;
/// The most pieces that wait for it to be known whose key it is,
const PENDING_MAX: usize = 256;
/// and the most of those that one key wrote down.
const PENDING_OF_KEY_MAX: usize = 16;

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

/// Whose key it is, or was: a key that was revoked since has lied all the same.
fn member_of(view: &View, key: &PublicKey) -> Option<MemberId> {
    let granted = view.keys.get(key).map(|known| known.member);
    granted.or_else(|| view.member_of(key))
}

impl Evidence {
    /// Takes note of what a record shows; nothing that it does not prove.
    pub fn hear(
        &mut self,
        federation: &FederationId,
        (by, time): (PublicKey, Timestamp),
        bytes: &[u8],
    ) {
        let of_key = self.pending.iter().filter(|told| told.by == by);
        if self.pending.len() >= PENDING_MAX || of_key.count() >= PENDING_OF_KEY_MAX {
            return;
        }
        let Ok(contradiction) = Contradiction::from_bytes(bytes) else {
            return;
        };
        // Forks of logs are evidence that every node has as it is.
        let is_carried = !matches!(contradiction, Contradiction::InLog(_));
        if is_carried && contradiction.verify(federation).is_ok() {
            self.pending.push(Told {
                by,
                time,
                contradiction,
            });
        }
    }

    /// Keeps what was heard of members; whether there was anything.
    pub fn settle(&mut self, view: &View) -> bool {
        let mut is_new = false;
        for told in std::mem::take(&mut self.pending) {
            let key = told.contradiction.key();
            let Some(member) = member_of(view, &key) else {
                self.pending.push(told);
                continue;
            };
            self.written.insert(told.contradiction.hash());
            is_new |= self.keep(Caught {
                member,
                key,
                seen: told.time,
                contradiction: told.contradiction,
            });
        }
        is_new
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

    /// It stands in a record now.
    pub fn is_written(&mut self, bytes: &[u8]) {
        self.written.insert(Hash::of(&[bytes]));
    }

    pub fn all(&self) -> &BTreeMap<Hash, Caught> {
        &self.kept
    }
}
