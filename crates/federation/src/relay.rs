//! What a validator whose log forked has said is repeated by those who rest on it.
//!
//! Of a forked log nodes keep one branch, and not all the same one. What a liar says on one branch only
//! some have, and a manifest or a lock that rests on it means nothing to the others: f liars could stall
//! a vote for ever. So whoever has it says it again in its own log, where nobody can part it from the
//! rest. Messages carry their own signatures: who repeats them makes no difference.
//!
//! The same holds of voters: of ballots in a forked log nodes keep only the highest (`specs/entries.md`), and
//! not those that validators witnessed before they heard of the fork.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Decode,
    id::{EntryId, Hash, PhaseId, Timestamp},
    key::PublicKey,
};
use register::{
    manifest::Manifest,
    registrar::{Message, Registrar, Topic},
    validators::ValidatorIndex,
    witness,
};

use crate::core::Core;

/// The most bytes that are repeated of one validator about one topic: more than an honest one says. The
/// smallest messages come first, so that a few large ones crowd nothing out.
const RELAYED_BYTES_MAX: usize = 1 << 20;

/// Who said what in whose log.
#[derive(Debug, Default)]
pub(crate) struct Carriers {
    by: BTreeMap<Hash, (BTreeSet<PublicKey>, usize)>,
    /// Whether there may be something to repeat.
    is_due: bool,
}

impl Carriers {
    /// Takes note that a message came in a log.
    pub fn note(&mut self, message: Hash, author: PublicKey, bytes: usize) {
        let known = self.by.entry(message).or_default();
        known.0.insert(author);
        known.1 = bytes;
        // What rests on it may have come before.
        self.is_due = true;
    }

    /// Lets go of all but these.
    pub fn keep(&mut self, messages: &BTreeMap<Topic, BTreeMap<Hash, Message>>) {
        let kept: BTreeSet<&Hash> = messages.values().flat_map(BTreeMap::keys).collect();
        self.by.retain(|hash, _| kept.contains(hash));
    }

    /// In whose logs a message came.
    pub fn authors(&self, message: &Hash) -> impl Iterator<Item = &PublicKey> {
        self.by
            .get(message)
            .into_iter()
            .flat_map(|(authors, _)| authors)
    }

    fn is_in_log_of(&self, message: &Hash, author: &PublicKey) -> bool {
        let known = self.by.get(message);
        known.is_some_and(|(authors, _)| authors.contains(author))
    }
}

/// The receipts that manifests about a phase rest on: who signed them, and the roots of their batches.
fn pinned(messages: &BTreeMap<Hash, Message>) -> BTreeSet<(ValidatorIndex, Hash)> {
    let manifests = messages.values().filter_map(|message| match message {
        Message::Phase {
            said: witness::Message::Manifest(signed),
            ..
        } => Manifest::from_bytes(&signed.bytes).ok(),
        _ => None,
    });
    let mut pinned = BTreeSet::new();
    for manifest in manifests {
        let rows = manifest.rows.iter().chain(&manifest.early);
        let ballots = rows.flat_map(|row| &row.ballots);
        let receipts = ballots.flat_map(|ballot| &ballot.receipts);
        pinned.extend(receipts.map(|receipt| (receipt.validator, receipt.root)));
    }
    pinned
}

impl Core {
    /// Something may have forked since.
    pub(crate) fn note_forks(&mut self) {
        self.register.carriers.is_due = true;
    }

    /// Says again what rests in a forked log.
    pub(crate) fn relay(&mut self, now: Timestamp) {
        let Some(own) = self.register.own_key() else {
            return;
        };
        if !std::mem::take(&mut self.register.carriers.is_due) {
            return;
        }
        let registrar = self.register.registrar();
        let Some(chain) = registrar.map(Registrar::chain) else {
            return;
        };
        let validators = chain.validators().iter();
        let others = chain
            .phases()
            .values()
            .flat_map(|phase| phase.validators.iter());
        let validators: BTreeSet<PublicKey> =
            validators.chain(others).map(|(_, one)| one.key).collect();
        let forked: Vec<PublicKey> = validators
            .into_iter()
            .filter(|key| *key != own && self.replica().has_forked(key))
            .collect();
        let mut again = Vec::new();
        for (topic, messages) in &self.register.messages {
            let is_open = match topic {
                Topic::Phase(phase) => chain.phases().contains_key(phase),
                Topic::Height(height) => *height == chain.height() + 1,
            };
            if !is_open || forked.is_empty() {
                continue;
            }
            let pinned = pinned(messages);
            for key in &forked {
                let carriers = &self.register.carriers;
                let of_it = messages.iter().filter(|(hash, message)| {
                    carriers.is_in_log_of(hash, key) && is_rested_on(message, &pinned)
                });
                let size = |hash: &Hash| carriers.by.get(hash).map_or(0, |known| known.1);
                let mut of_it: Vec<_> = of_it.map(|(hash, one)| (size(hash), hash, one)).collect();
                of_it.sort_unstable_by_key(|(size, hash, _)| (*size, **hash));
                let mut bytes = 0;
                for (size, hash, message) in of_it {
                    bytes += size;
                    if bytes > RELAYED_BYTES_MAX {
                        break;
                    }
                    if !carriers.is_in_log_of(hash, &own) {
                        again.push(message.clone());
                    }
                }
            }
        }
        again.extend(self.ballots_to_repeat(own));
        for message in again {
            self.publish(now, &message);
        }
    }

    /// Ballots that manifests rest on, of voters whose log forked, which no validator has repeated in a log
    /// that did not fork.
    fn ballots_to_repeat(&self, own: PublicKey) -> Vec<Message> {
        let forks = self.replica().forks();
        let forked: BTreeSet<PublicKey> = forks.iter().map(|fork| fork.key).collect();
        let Some(registrar) = self.register.registrar().filter(|_| !forked.is_empty()) else {
            return Vec::new();
        };
        let (chain, mut again) = (registrar.chain(), Vec::new());
        for (id, phase) in chain.phases() {
            let (Some(case), Some(witness)) = (chain.case(id), registrar.witness(id)) else {
                continue;
            };
            let gathered = witness.gathered();
            let sits = phase.validators.index_of(&own).is_some();
            if !sits || !gathered.signers().any(|key| forked.contains(key)) {
                continue;
            }
            let repeated = self.repeated(id, &forked);
            for (ballot, pair) in gathered.rested_on(&case) {
                let authors = [pair.0.header.author, pair.1.header.author];
                if authors.iter().any(|key| forked.contains(key)) && !repeated.contains(&ballot) {
                    let said = witness::Message::Ballot(Box::new(pair));
                    again.push(Message::Phase { phase: *id, said });
                }
            }
        }
        again
    }

    /// The ballots of a phase that were repeated in logs that did not fork.
    fn repeated(&self, phase: &PhaseId, forked: &BTreeSet<PublicKey>) -> BTreeSet<EntryId> {
        let federation = self.federation();
        let messages = self.register.messages.get(&Topic::Phase(*phase));
        let messages = messages.into_iter().flatten();
        let ballots = messages.filter_map(|(hash, message)| match message {
            Message::Phase {
                said: witness::Message::Ballot(pair),
                ..
            } => Some((hash, pair)),
            _ => None,
        });
        ballots
            .filter(|(hash, _)| {
                let mut authors = self.register.carriers.authors(hash);
                authors.any(|author| !forked.contains(author))
            })
            .map(|(_, pair)| pair.0.id(&federation))
            .collect()
    }
}

/// Whether others need a message to judge what someone says: receipts and ballots that manifests name,
/// manifests that seals name, and all of agreement.
fn is_rested_on(message: &Message, pinned: &BTreeSet<(ValidatorIndex, Hash)>) -> bool {
    match message {
        Message::Phase { said, .. } => match said {
            witness::Message::Leaves(leaves) => pinned.contains(&(leaves.validator, leaves.root())),
            witness::Message::Manifest(_) | witness::Message::Ballot(_) => true,
            _ => false,
        },
        Message::Agreement(_) | Message::Value(_) | Message::Stalled { .. } => true,
    }
}
