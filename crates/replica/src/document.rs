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
mod fit;
mod generation;
mod graph;
mod history;
mod item;
mod rewrite;
mod room;
mod run;
#[cfg(test)]
mod tests;
mod tree;
mod version;

use std::collections::BTreeMap;

use automerge::ReadDoc;
use domain::{
    entry::REFERENCES_MAX,
    id::{DocumentId, EntryId},
    record::Operation,
};

pub use self::{
    blame::Piece,
    fit::Misfit,
    generation::Restart,
    item::{Fault, Item, Outcome},
    rewrite::rewrite,
    room::{EDITS_MAX, REPLAY_MAX, WEIGHT_MAX},
    run::DEPTH_MAX,
    tree::Tree,
    version::{Version, VersionError},
};
use self::{
    derive::Derived,
    graph::{Graph, Place, narrow_places},
    room::Room,
};

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
    /// What was found of edits whose operations were carried out and did not fit.
    faults: BTreeMap<EntryId, Fault>,
    room: Room,
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
            faults: BTreeMap::new(),
            room: Room::default(),
        };
        document.update();
        document
    }

    /// Adds edits. Gives the same document as building it from all of them.
    pub fn apply(&mut self, items: impl IntoIterator<Item = Item>) {
        let mut is_changed = false;
        for item in items {
            let is_known = self.items.get(&item.id).is_some_and(|known| {
                // The same edit may come again with the text it starts with.
                known.text().is_some() || item.text().is_none()
            });
            if item.document() == self.id && !is_known {
                self.items.insert(item.id, item);
                is_changed = true;
            }
        }
        if is_changed {
            self.update();
        }
    }

    /// Brings the document up to date with its edits: goes on from what was derived if that stays
    /// as it is, else derives all anew.
    fn update(&mut self) {
        self.graph = Graph::of(&self.items);
        let root = self.graph.root(&self.items);
        if root != self.root {
            (self.derived, self.root) = (None, root);
            self.faults = BTreeMap::new();
        }
        if self.derived.is_some() && self.look_at_all().is_none() {
            self.derived = None;
        }
        if self.derived.is_none() {
            let whole = self.look_at_all();
            debug_assert!(whole.is_some(), "nothing is in the way of beginning anew");
        }
        if let Some(derived) = &mut self.derived {
            derived.finish();
            // What follows is measured by what it replays itself.
            derived.take_replayed();
        }
    }

    /// Looks at all edits of the generation in force in their order and derives those that were not
    /// derived before. `None` if all must be derived anew: an edit that had its effect is to have
    /// none, or to go on costs more than to begin.
    fn look_at_all(&mut self) -> Option<()> {
        (self.room, self.without) = (Room::default(), BTreeMap::new());
        let Some(place) = self.root.and_then(|root| self.graph.places.get(&root)) else {
            return Some(());
        };
        let places = &self.graph.places;
        let order = self.graph.order.iter();
        let order: Vec<EntryId> = order.filter(|id| places[*id] == *place).copied().collect();
        let begins = self.derived.is_none();
        // What comes later may build on anything, so only when all is here it is known.
        let narrow = if begins {
            narrow_places(&order, &self.items)
        } else {
            vec![false; order.len()]
        };
        let mut replayed = 0;
        for (id, is_narrow) in order.into_iter().zip(narrow) {
            let outcome = self.look_at(&id, is_narrow);
            let is_without = outcome.is_some();
            self.without.extend(outcome.map(|outcome| (id, outcome)));
            let Some(derived) = &mut self.derived else {
                continue;
            };
            if is_without && derived.has(&id) {
                return None;
            }
            if begins {
                derived.retain(|base| self.room.keeps(base));
            } else {
                derived.trim();
                replayed += derived.take_replayed();
                if replayed > REPLAY_MAX {
                    return None;
                }
            }
        }
        Some(())
    }

    /// Looks at one edit, after what it builds on. `is_narrow` tells that all that comes later
    /// builds on it. Returns what became of it if it has no effect.
    fn look_at(&mut self, id: &EntryId, is_narrow: bool) -> Option<Outcome> {
        let item = &self.items[id];
        let outcome = self.outcome_of(item);
        if outcome.is_some() {
            return outcome;
        }
        if !self.room.uses(item) {
            return Some(Outcome::Full);
        }
        let fault = match (&mut self.derived, item.text()) {
            (None, Some(text)) => {
                self.derived = Some(Derived::start(item, text));
                None
            }
            (Some(derived), _) if derived.has(id) => None,
            (Some(derived), _) => match self.faults.get(id) {
                Some(fault) => Some(*fault),
                None => {
                    let is_last = is_narrow && !self.room.is_at_landmark(item);
                    derived.add(item, is_last).err()
                }
            },
            (None, None) => return Some(Outcome::Waits),
        };
        if let Some(fault) = fault {
            self.faults.insert(*id, fault);
            return Some(Outcome::Faulty(fault));
        }
        self.room.take(item);
        None
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
        let first = outcomes.iter().find(is_faulty).or(outcomes.first());
        first.copied()
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

    /// Whether little room is left, for all or for one of those who write, so that a new generation
    /// should begin soon.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        self.room.is_nearly_full()
    }

    /// How much was replayed of the [`REPLAY_MAX`] that may be, for edits that build on older ones
    /// or join branches.
    #[must_use]
    pub fn replayed(&self) -> u64 {
        self.room.replayed()
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
