//! Documents: what people edit together, merged by Automerge from their signed edits
//! (`specs/documents.md`).
//!
//! A [`Document`] is a pure function of the set of its edits: the same edits give the same text,
//! the same versions and the same faults on every node, whatever the order of arrival. No Automerge
//! bytes come from outside: every node derives the changes itself from the operations of the
//! edits, so nothing that Automerge would choke on reaches it.

mod bits;
mod blame;
mod derive;
mod generation;
mod graph;
mod history;
mod item;
mod rewrite;
mod run;
mod tree;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use automerge::ReadDoc;
use domain::{
    id::{DocumentId, EntryId, Timestamp},
    record::Operation,
    text::TEXT_BYTES_MAX,
};

pub use self::{
    blame::Piece,
    generation::Restart,
    item::{Fault, Item, Outcome},
    rewrite::rewrite,
    run::DEPTH_MAX,
    tree::Tree,
    version::{Version, VersionError},
};
use self::{
    derive::Derived,
    graph::{Graph, Place},
};
use crate::entry::REFERENCES_MAX;

/// The most edits of one generation; what comes after them has no effect.
pub const EDITS_MAX: usize = 1_000;
/// The most that the edits of one generation may weigh: a character that comes or goes is one.
pub const WEIGHT_MAX: u64 = (TEXT_BYTES_MAX + TEXT_BYTES_MAX / 2) as u64;

/// What an editor works on: the next edit builds on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The edits it builds on, ascending, at most [`REFERENCES_MAX`]: the references of its header.
    pub parents: Vec<EntryId>,
    /// The text as these edits leave it.
    pub text: String,
}

/// A document as its edits leave it.
#[derive(Debug)]
pub struct Document {
    id: DocumentId,
    items: BTreeMap<EntryId, Item>,
    graph: Graph,
    root: Option<EntryId>,
    derived: Option<Derived>,
    /// Edits of the generation in force that were looked at and have no effect.
    without: BTreeMap<EntryId, Outcome>,
    edits: usize,
    weight: u64,
}

impl Document {
    /// Derives a document from its edits; those of other documents are left out.
    #[must_use]
    pub fn build(id: DocumentId, items: impl IntoIterator<Item = Item>) -> Self {
        let items = items.into_iter().filter(|item| item.document() == id);
        let mut document = Self {
            id,
            items: items.map(|item| (item.id, item)).collect(),
            graph: Graph::default(),
            root: None,
            derived: None,
            without: BTreeMap::new(),
            edits: 0,
            weight: 0,
        };
        document.derive();
        document
    }

    /// Adds edits. Gives the same document as building it from all of them.
    pub fn apply(&mut self, items: impl IntoIterator<Item = Item>) {
        let mut fresh = BTreeSet::new();
        for item in items {
            let is_known = self.items.get(&item.id).is_some_and(|known| {
                // The same edit may come again with the text it starts with.
                known.text().is_some() || item.text().is_none()
            });
            if item.document() == self.id && !is_known {
                fresh.insert((item.time, item.id));
                self.items.insert(item.id, item);
            }
        }
        if fresh.is_empty() {
            return;
        }
        if self.follow(&fresh).is_none() {
            self.derive();
        } else if let Some(derived) = &mut self.derived {
            derived.finish();
        }
    }

    /// Adds edits that simply continue the generation in force. `None` if there are others among
    /// them, and all must be derived anew.
    fn follow(&mut self, fresh: &BTreeSet<(Timestamp, EntryId)>) -> Option<()> {
        self.derived.as_ref()?;
        let is_new = |(_, id): &&(Timestamp, EntryId)| !self.graph.places.contains_key(id);
        let mut left: BTreeSet<_> = fresh.iter().filter(is_new).copied().collect();
        let waiting = self.items.len() - self.graph.places.len();
        let ready = |document: &Self, id: &EntryId| {
            let mut parents = document.items[id].parents.iter();
            parents.all(|parent| document.graph.places.contains_key(parent))
        };
        if waiting > left.len() {
            // Something waited before and may have what it waits for now.
            return None;
        }
        while let Some(next) = left.iter().find(|(_, id)| ready(self, id)).copied() {
            left.remove(&next);
            let item = &self.items[&next.1];
            let is_full = self.edits >= EDITS_MAX || self.weight + item.weight() > WEIGHT_MAX;
            if item.edit.start.is_some() || is_full {
                return None;
            }
            if self.graph.add(item) == self.place_in_force()? {
                self.take(&next.1, true);
            }
        }
        Some(())
    }

    fn place_in_force(&self) -> Option<Place> {
        self.graph.places.get(&self.root?).copied()
    }

    fn derive(&mut self) {
        self.graph = Graph::of(&self.items);
        self.root = self.graph.root(&self.items);
        self.derived = None;
        self.without = BTreeMap::new();
        (self.edits, self.weight) = (0, 0);
        let Some(place) = self.place_in_force() else {
            return;
        };
        let places = &self.graph.places;
        let order = self.graph.order.iter();
        let order: Vec<EntryId> = order.filter(|id| places[*id] == place).copied().collect();
        let mut bases: BTreeMap<&[EntryId], usize> = BTreeMap::new();
        for id in &order {
            *bases.entry(&self.items[id].parents).or_default() += 1;
        }
        // Whether others build on the same, so that the document there is still needed.
        let branched: Vec<bool> = order
            .iter()
            .map(|id| bases[&self.items[id].parents[..]] > 1)
            .collect();
        for (id, is_branched) in order.iter().zip(branched) {
            self.take(id, is_branched);
        }
        if let Some(derived) = &mut self.derived {
            derived.finish();
        }
    }

    /// Looks at one edit of the generation in force, after what it builds on.
    fn take(&mut self, id: &EntryId, is_branched: bool) {
        let item = &self.items[id];
        let outcome = self.outcome_of(item).or_else(|| {
            self.edits += 1;
            self.weight += item.weight();
            let Some(derived) = &mut self.derived else {
                self.derived = item.text().map(|text| Derived::start(item, text));
                return None;
            };
            derived.add(item, is_branched).err().map(Outcome::Faulty)
        });
        if let Some(outcome) = outcome {
            self.without.insert(*id, outcome);
        }
    }

    /// What becomes of an edit before its operations are looked at; `None` if they decide.
    fn outcome_of(&self, item: &Item) -> Option<Outcome> {
        if self.root == Some(item.id) {
            return item.text().is_none().then_some(Outcome::Waits);
        }
        let of_parent = |parent| match self.without.get(parent)? {
            Outcome::Faulty(_) => Some(Outcome::Faulty(Fault::Parent(*parent))),
            other => Some(*other),
        };
        let outcomes: Vec<Outcome> = item.parents.iter().filter_map(of_parent).collect();
        let is_faulty = |outcome: &&Outcome| matches!(outcome, Outcome::Faulty(_));
        if let Some(outcome) = outcomes.iter().find(is_faulty).or(outcomes.first()) {
            return Some(*outcome);
        }
        let is_full = self.edits >= EDITS_MAX || self.weight + item.weight() > WEIGHT_MAX;
        is_full.then_some(Outcome::Full)
    }

    /// The document's id.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// Its text; empty while the text it starts with is not here.
    #[must_use]
    pub fn text(&self) -> String {
        let Some(derived) = &self.derived else {
            return String::new();
        };
        let text = derived.document().text(derived.text());
        text.unwrap_or_default()
    }

    /// Its title: what the map says under `title`, else what the generation began with.
    #[must_use]
    pub fn title(&self) -> String {
        let start = self
            .root
            .and_then(|root| self.items[&root].edit.start.as_ref());
        let begun = start.map_or("", |start| &start.title);
        let set = self.derived.as_ref().and_then(|derived| {
            let (value, _) = derived.document().get(automerge::ROOT, "title").ok()??;
            let text = value.as_str()?;
            domain::text::is_line(text).then(|| text.to_owned())
        });
        set.unwrap_or_else(|| begun.to_owned())
    }

    /// Whether there is something to show: it began, and the text it starts with is here.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.derived.is_some()
    }

    /// The edits that no other edit builds on, ascending.
    #[must_use]
    pub fn heads(&self) -> Vec<EntryId> {
        self.derived.as_ref().map_or_else(Vec::new, Derived::heads)
    }

    /// What the next edit builds on: all heads, or if there are more than an entry can name as
    /// many of them.
    #[must_use]
    pub fn basis(&self) -> Basis {
        let mut parents = self.heads();
        if parents.len() <= REFERENCES_MAX {
            let text = self.text();
            return Basis { parents, text };
        }
        parents.truncate(REFERENCES_MAX);
        let text = self.text_at(&parents).unwrap_or_default();
        Basis { parents, text }
    }

    /// What became of an edit; `None` if it is not here.
    #[must_use]
    pub fn outcome(&self, id: &EntryId) -> Option<Outcome> {
        self.items.get(id)?;
        if self.derived.as_ref().is_some_and(|d| d.has(id)) {
            return Some(Outcome::Applied);
        }
        if let Some(outcome) = self.without.get(id) {
            return Some(*outcome);
        }
        Some(match self.graph.places.get(id) {
            None => Outcome::Waits,
            Some(Place::Faulty(fault)) => Outcome::Faulty(*fault),
            Some(Place::In { .. }) => Outcome::Earlier,
        })
    }

    /// All edits that are here, ascending by id.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// The edit with this id.
    #[must_use]
    pub fn item(&self, id: &EntryId) -> Option<&Item> {
        self.items.get(id)
    }

    /// The edit that began the generation in force.
    #[must_use]
    pub fn generation(&self) -> Option<&Item> {
        self.root.map(|root| &self.items[&root])
    }

    /// Whether little room is left, so that a new generation should begin soon.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        self.edits >= EDITS_MAX * 4 / 5 || self.weight >= WEIGHT_MAX * 4 / 5
    }

    /// The operations that make the text of `basis` into `text`, as many edits as they take, each
    /// building on the one before.
    #[must_use]
    pub fn changes(basis: &Basis, text: &str) -> Vec<Vec<Operation>> {
        rewrite(&basis.text, text)
    }

    /// The document as Automerge saves it, for export: no node reads such bytes.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let derived = self.derived.as_ref();
        derived.map_or_else(Vec::new, |derived| derived.document().save())
    }

    /// The heads of the Automerge document, ascending: what implementations compare.
    #[must_use]
    pub fn automerge_heads(&self) -> Vec<[u8; 32]> {
        let Some(derived) = &self.derived else {
            return Vec::new();
        };
        let mut heads: Vec<[u8; 32]> = derived.document().get_heads().iter().map(|h| h.0).collect();
        heads.sort_unstable();
        heads
    }
}
