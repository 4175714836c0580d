//! People who write documents together, and whether all nodes read the same in the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{DocumentId, EntryId, MemberId},
    key::{PublicKey, SecretKey},
    text::TEXT_BYTES_MAX,
};
use federation::Act;
use replica::document::{Basis, Document, Item, Outcome, REPLAY_MAX};

use crate::{broken::Broken, ledger::Deed, world::World};

/// How many documents people begin.
const DOCUMENTS_MAX: usize = 5;
/// What is wrong, and at which node.
type Wrong = (Option<usize>, String);

/// What one node reads in a document.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    heads: Vec<EntryId>,
    automerge_heads: Vec<[u8; 32]>,
    text: String,
    outcomes: BTreeMap<EntryId, Option<Outcome>>,
}

impl Reading {
    fn of(document: &Document) -> Self {
        let ids = document.items().map(|item| item.id);
        Self {
            heads: document.heads(),
            automerge_heads: document.automerge_heads(),
            text: document.text(),
            outcomes: ids.map(|id| (id, document.outcome(&id))).collect(),
        }
    }
}

impl World {
    /// The edits of a document that count at a node, in the order in which they came.
    fn items(&self, node: usize, id: &DocumentId) -> Vec<Item> {
        let current = &self.nodes[node];
        let federation = self.genesis.federation();
        let edits = current.core.as_ref().map(|core| core.edits(id));
        let mut rows: Vec<_> = edits
            .iter()
            .flatten()
            .filter_map(|edit| current.disk.entry(edit))
            .collect();
        rows.sort_unstable_by_key(|row| row.order);
        let item = |row: &crate::disk::Row| {
            let entry = Entry::from_bytes(&row.bytes).ok()?;
            let member = current.core.as_ref()?.replica().writer(&entry.header)?;
            let mut item = Item::read(&federation, member, &entry)?;
            let hashes = item.missing_text().map(|content| content.chunks().to_vec());
            let chunks = hashes
                .iter()
                .flatten()
                .map(|hash| current.disk.chunk(hash).cloned());
            if let Some(chunks) = chunks.collect::<Option<Vec<_>>>() {
                item.assemble(&chunks).ok()?;
            }
            if current.broken == Some(Broken::ArrivalTimes) {
                item.time = row.received;
            }
            Some(item)
        };
        rows.into_iter().filter_map(item).collect()
    }

    /// A document as a node reads it.
    pub(crate) fn document_at(&self, node: usize, id: &DocumentId) -> Document {
        Document::build(*id, self.items(node, id))
    }

    /// Somebody begins a document, writes in one, begins one anew, or attaches something.
    pub(crate) fn writing(&mut self, member: usize) -> Option<(SecretKey, Act)> {
        let (home, key) = (
            self.members[member].home,
            self.members[member].worker.clone(),
        );
        let core = self.nodes[home].core.as_ref()?;
        let known = core.view().documents.iter();
        let known = known.filter(|(_, document)| document.begun.is_some());
        let known: Vec<DocumentId> = known.map(|(id, _)| *id).collect();
        let draw = self.people.below(20);
        if known.is_empty() || draw < 2 && known.len() < DOCUMENTS_MAX {
            let act = Act::CreateDocument {
                title: format!("Notes {}", self.people.below(1_000)),
                text: self.words(),
            };
            return Some((key, act));
        }
        let id = *self.people.pick(&known)?;
        if draw == 19 {
            let length = self.people.between(1, 200) as usize;
            let act = Act::Attach {
                document: id,
                name: format!("sketch {}", self.people.below(4)),
                media_type: "image/png".to_owned(),
                bytes: vec![self.people.below(256) as u8; length],
            };
            return Some((key, act));
        }
        let document = self.document_at(home, &id);
        let heads = document.heads();
        let some = self.people.pick(&heads).copied()?;
        let basis = match draw {
            // Somebody who has not seen what stands beside.
            2..5 => Basis {
                text: document.text_at(&[some]).ok()?,
                parents: vec![some],
            },
            _ => document.basis(),
        };
        if draw == 18 {
            let act = Act::Restart {
                document: id,
                parents: basis.parents,
                title: document.title(),
                text: basis.text,
            };
            return Some((key, act));
        }
        let text = self.changed(&basis.text);
        let member = self.members[member].id();
        self.rewriting(&member, &document, &basis, &text)
            .map(|act| (key, act))
    }

    /// Some words, rarely very many.
    fn words(&mut self) -> String {
        let number = self.people.below(1_000_000);
        let times = if self.people.chance(20_000) { 3_500 } else { 1 };
        format!("words {number}, ").repeat(times)
    }

    fn changed(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let at = self.people.below(letters.len() as u64 + 1) as usize;
        let until = letters.len().min(at + self.people.below(8) as usize);
        let words = self.words();
        letters.splice(at..until, words.chars());
        letters.into_iter().collect()
    }

    /// The act that makes the text of a basis into another, if there is room.
    pub(crate) fn rewriting(
        &self,
        member: &MemberId,
        document: &Document,
        basis: &Basis,
        text: &str,
    ) -> Option<Act> {
        let changes = Document::changes(basis, text);
        let fits = !changes.is_empty() && document.fits(member, basis, &changes).is_ok();
        fits.then(|| Act::Edits {
            document: document.id(),
            parents: basis.parents.clone(),
            changes,
        })
    }

    /// All honest nodes read the same in every document, and nobody's accepted work is lost.
    pub(crate) fn check_documents(&self) -> Result<(), Wrong> {
        let honest = self.honest();
        let Some(core) = honest
            .first()
            .and_then(|node| self.nodes[*node].core.as_ref())
        else {
            return Ok(());
        };
        let forks = core.replica().forks();
        let forked: BTreeSet<PublicKey> = forks.iter().map(|fork| fork.key).collect();
        let keys = &core.view().keys;
        let is_revoked = |key: &&PublicKey| keys.get(*key).is_none_or(|known| known.revoked);
        let revoked: BTreeSet<PublicKey> = forked.iter().filter(is_revoked).copied().collect();
        for id in core.view().documents.keys() {
            let document = self.document_at(honest[0], id);
            let first = Reading::of(&document);
            if document.replayed() > REPLAY_MAX || first.text.len() > 2 * TEXT_BYTES_MAX {
                let what = format!("document {} is beyond its limits", id.short());
                return Err((Some(honest[0]), what));
            }
            for node in &honest[1..] {
                let mut other = Document::build(*id, []);
                for part in self.items(*node, id).chunks(64) {
                    other.apply(part.to_vec());
                }
                let other = Reading::of(&other);
                if other != first {
                    let what = format!(
                        "nodes {} and {node} differ on document {}: {first:?} / {other:?}",
                        honest[0],
                        id.short()
                    );
                    return Err((Some(*node), what));
                }
            }
            self.check_work(&document, &forked, &revoked)?;
        }
        Ok(())
    }

    /// What honest people wrote has its effect, unless the document was full or began anew.
    fn check_work(
        &self,
        document: &Document,
        forked: &BTreeSet<PublicKey>,
        revoked: &BTreeSet<PublicKey>,
    ) -> Result<(), Wrong> {
        for (deed, result) in self.ledger.done.values() {
            let Ok(edit) = result else {
                continue;
            };
            let is_of = match &deed.act {
                Act::CreateDocument { .. } => *edit == document.id(),
                Act::Edits { document: of, .. } | Act::Restart { document: of, .. } => {
                    *of == document.id()
                }
                _ => false,
            };
            if !is_of || !self.counts_for_ever(deed, forked) {
                continue;
            }
            let outcome = document.outcome(edit);
            let is_kept = match outcome {
                Some(Outcome::Applied | Outcome::Earlier | Outcome::Full) => true,
                // Who revoked a forked key said what stays of it, and what builds on the rest waits.
                Some(Outcome::Waits) => self.rests_on(document, edit, revoked),
                _ => false,
            };
            if !is_kept {
                let what = format!(
                    "edit {} of document {}, accepted at {} ms, is {outcome:?}",
                    edit.short(),
                    document.id().short(),
                    deed.at
                );
                return Err((Some(deed.node), what));
            }
        }
        Ok(())
    }

    fn counts_for_ever(&self, deed: &Deed, forked: &BTreeSet<PublicKey>) -> bool {
        let cut = forked.contains(&deed.key) || self.ledger.stolen.contains(&deed.key);
        self.nodes[deed.node].is_honest() && !cut
    }

    /// Whether an ancestor of an edit that is not here is by one of these keys.
    fn rests_on(&self, document: &Document, edit: &EntryId, keys: &BTreeSet<PublicKey>) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*edit]);
        while let Some(id) = next.pop() {
            let Some(item) = document.item(&id) else {
                let author = self.ledger.entries.get(&id).map(|known| known.author);
                if author.is_some_and(|author| keys.contains(&author)) {
                    return true;
                }
                continue;
            };
            if seen.insert(id) {
                next.extend(&item.parents);
            }
        }
        false
    }
}
