//! All evidence that a node has, as it is listed and handed out: of validators that contradicted themselves,
//! and of logs that forked.

use domain::{
    entry::Entry,
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::Kind,
};
use register::contradiction::{Contradiction, EvidenceFile};
use replica::view::Fork;

use super::Caught;
use crate::Core;

/// The most grants that are looked at on the way from a key to its member's root key.
const GRANTS_MAX: usize = 2;

/// Evidence in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it is known by: its hash, or of a fork the larger id of its two entries.
    pub hash: Hash,
    /// Whose key it is.
    pub member: MemberId,
    /// The key that signed both.
    pub key: PublicKey,
    /// The word of what was signed twice.
    pub word: &'static str,
    /// The phase in which it was signed, if in one.
    pub phase: Option<PhaseId>,
    /// When it was seen; of a fork, what the later of its entries says.
    pub seen: Timestamp,
}

/// Evidence with what else its file is made of.
#[derive(Debug, Clone)]
pub struct Found {
    member: MemberId,
    grants: Vec<EntryId>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Caught(Box<Contradiction>),
    Fork([EntryId; 2]),
}

impl Found {
    /// The entries of the store that its file needs.
    #[must_use]
    pub fn needed(&self) -> Vec<EntryId> {
        let fork = match &self.what {
            What::Caught(_) => &[][..],
            What::Fork(entries) => &entries[..],
        };
        self.grants.iter().chain(fork).copied().collect()
    }

    /// The file, with the entries that are needed; none if it would prove nothing.
    #[must_use]
    pub fn file(&self, federation: &FederationId, entries: Vec<Entry>) -> Option<EvidenceFile> {
        let mut entries = entries;
        let fork = entries.split_off(self.grants.len().min(entries.len()));
        let contradiction = match &self.what {
            What::Caught(contradiction) => (**contradiction).clone(),
            What::Fork(_) => Contradiction::in_log(federation, fork.try_into().ok()?),
        };
        let file = EvidenceFile::new(federation, self.member, &contradiction, &entries);
        file.verify(Some(federation)).is_ok().then_some(file)
    }
}

fn of_fork(fork: &Fork) -> Hash {
    Hash(fork.entries[1].0)
}

impl Core {
    /// All evidence that this node has: who signed two things that exclude each other.
    #[must_use]
    pub fn evidence(&self) -> Vec<Shown> {
        let caught = self.caught().iter().map(|(hash, caught)| Shown {
            hash: *hash,
            member: caught.member,
            key: caught.key,
            word: caught.word(),
            phase: caught.phase(),
            seen: caught.seen,
        });
        let forks = self.replica().forks();
        let time = |id: &EntryId| self.replica().find(id).map(|stored| stored.time);
        let forks = forks.iter().map(|fork| Shown {
            hash: of_fork(fork),
            member: fork.member,
            key: fork.key,
            word: "entries",
            phase: None,
            seen: fork
                .entries
                .iter()
                .filter_map(time)
                .max()
                .unwrap_or_default(),
        });
        caught.chain(forks).collect()
    }

    /// Evidence by what it is known by.
    #[must_use]
    pub fn evidence_of(&self, hash: &Hash) -> Option<Found> {
        if let Some(caught) = self.caught().get(hash) {
            let Caught {
                member,
                contradiction,
                ..
            } = caught.clone();
            return Some(Found {
                member,
                grants: self.grants_to(&contradiction.key()),
                what: What::Caught(Box::new(contradiction)),
            });
        }
        let forks = self.replica().forks();
        let fork = forks.iter().find(|fork| of_fork(fork) == *hash)?;
        Some(Found {
            member: fork.member,
            grants: self.grants_to(&fork.key),
            what: What::Fork(fork.entries),
        })
    }

    /// The grants that lead from a root key to a key, the root's first.
    fn grants_to(&self, key: &PublicKey) -> Vec<EntryId> {
        let mut grants = Vec::new();
        let mut key = *key;
        while grants.len() < GRANTS_MAX
            && let Some(known) = self.view().keys.get(&key)
            && let Some(stored) = self.replica().find(&known.grant)
            && stored.kind == Kind::Grant
        {
            grants.push(stored.id);
            key = stored.author;
        }
        grants.reverse();
        grants
    }
}
