//! Derives the Automerge document of one generation from its edits.
//!
//! An edit runs on a document that holds exactly its ancestors. So its change is a function of the
//! edit and its ancestors, and all nodes derive the same changes whatever the order of arrival.
//! Automerge's own way to write at earlier heads is not used: the numbers of its operations depend
//! on the whole document.

use std::collections::BTreeMap;

use automerge::{Automerge, Change, ChangeHash, ObjId, ReadDoc, TextEncoding};
use domain::id::EntryId;

use super::{
    bits::Bits,
    item::{Fault, Item},
    run::{self, Made, Objects},
};

/// How many documents at different edits are kept while deriving, for branches to go on from.
const STATES_MAX: usize = 16;
/// How many are kept afterwards, beside the one in force.
const STATES_KEPT: usize = 2;

/// An edit that has its effect.
#[derive(Debug)]
struct Taken {
    id: EntryId,
    /// Its ancestors and itself.
    covers: Bits,
    hash: ChangeHash,
    /// The change, while documents without it may still need it.
    change: Option<Change>,
}

/// A document that holds some edits and all their ancestors.
#[derive(Debug, Clone)]
struct State {
    /// The edits that no other of its edits builds on, ascending.
    heads: Vec<usize>,
    covers: Bits,
    document: Automerge,
}

/// One generation of a document.
#[derive(Debug)]
pub(super) struct Derived {
    taken: Vec<Taken>,
    index: BTreeMap<EntryId, usize>,
    objects: Objects,
    text: ObjId,
    states: Vec<State>,
    heads: Vec<usize>,
}

impl Derived {
    /// Begins with the edit that starts the generation and its text.
    pub fn start(item: &Item, text: &str) -> Self {
        let mut document = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
        let (object, hash) = run::start(&mut document, item, text);
        let mut covers = Bits::default();
        covers.insert(0);
        let change = document.get_change_by_hash(&hash);
        let state = State {
            heads: vec![0],
            covers: covers.clone(),
            document,
        };
        let taken = Taken {
            id: item.id,
            covers,
            hash,
            change,
        };
        Self {
            taken: vec![taken],
            index: BTreeMap::from([(item.id, 0)]),
            objects: BTreeMap::new(),
            text: object,
            states: vec![state],
            heads: vec![0],
        }
    }

    /// Derives the change of an edit whose parents were all looked at. `is_branched` tells whether
    /// other edits build on exactly what this one builds on.
    ///
    /// # Errors
    /// Says why the edit has no effect.
    pub fn add(&mut self, item: &Item, is_branched: bool) -> Result<(), Fault> {
        let mut parents = Vec::new();
        for parent in &item.parents {
            match self.index.get(parent) {
                Some(place) => parents.push(*place),
                None => return Err(Fault::Parent(*parent)),
            }
        }
        let heads = self.greatest(&parents);
        let mut state = self.state_at(&heads, is_branched);
        let ran = {
            let find = |entry: EntryId, operation: u64| -> Option<Made> {
                let place = self.index.get(&entry)?;
                let made = self.objects.get(&(entry, operation))?;
                state.covers.contains(*place).then(|| made.clone())
            };
            run::run(&mut state.document, item, &self.text, find)
        };
        let ran = match ran {
            Ok(ran) => ran,
            Err(fault) => {
                self.keep(state);
                return Err(fault);
            }
        };
        let place = self.taken.len();
        for (operation, made) in ran.made {
            self.objects.insert((item.id, operation), made);
        }
        state.covers.insert(place);
        state.heads = vec![place];
        self.taken.push(Taken {
            id: item.id,
            covers: state.covers.clone(),
            hash: ran.change,
            change: state.document.get_change_by_hash(&ran.change),
        });
        self.index.insert(item.id, place);
        self.heads.retain(|head| !state.covers.contains(*head));
        self.heads.push(place);
        self.keep(state);
        Ok(())
    }

    /// Brings the document in force up to date and drops what only deriving needed.
    pub fn finish(&mut self) {
        let heads = self.heads.clone();
        let state = self.state_at(&heads, false);
        let spare = self.states.len().saturating_sub(STATES_KEPT);
        self.states.drain(..spare);
        self.states.push(state);
        for taken in &mut self.taken {
            taken.change = None;
        }
    }

    /// Those of some edits that no other of them builds on, ascending.
    fn greatest(&self, places: &[usize]) -> Vec<usize> {
        let is_below = |place: usize| {
            let mut others = places.iter().filter(|other| **other != place);
            others.any(|other| self.taken[*other].covers.contains(place))
        };
        let mut greatest: Vec<usize> = places.iter().copied().filter(|p| !is_below(*p)).collect();
        greatest.sort_unstable();
        greatest.dedup();
        greatest
    }

    fn covers(&self, heads: &[usize]) -> Bits {
        let mut covers = Bits::default();
        for head in heads {
            covers.extend(&self.taken[*head].covers);
        }
        covers
    }

    /// A document that holds these edits and their ancestors.
    fn state_at(&mut self, heads: &[usize], keep: bool) -> State {
        if let Some(at) = self.states.iter().rposition(|state| state.heads == heads) {
            return if keep {
                self.states[at].clone()
            } else {
                self.states.remove(at)
            };
        }
        let covers = self.covers(heads);
        let below = self.states.iter().filter(|s| s.covers.is_within(&covers));
        let nearest = below.max_by_key(|state| state.covers.len());
        let (held, mut document) = match nearest {
            Some(state) => (state.covers.clone(), state.document.clone()),
            None => (
                Bits::default(),
                Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint),
            ),
        };
        let missing = covers.iter().filter(|place| !held.contains(*place));
        let changes: Vec<Change> = missing.filter_map(|place| self.change(place)).collect();
        document
            .apply_changes(changes)
            .expect("changes derived here fit together");
        let state = State {
            heads: heads.to_vec(),
            covers,
            document,
        };
        if keep {
            self.keep(state.clone());
        }
        state
    }

    fn change(&self, place: usize) -> Option<Change> {
        let taken = &self.taken[place];
        taken.change.clone().or_else(|| {
            let mut holding = self.states.iter().filter(|s| s.covers.contains(place));
            holding.find_map(|state| state.document.get_change_by_hash(&taken.hash))
        })
    }

    fn keep(&mut self, state: State) {
        if self.states.len() >= STATES_MAX {
            self.states.remove(0);
        }
        self.states.push(state);
    }

    /// The document in force, after [`Self::finish`].
    pub fn document(&self) -> &Automerge {
        let state = self.states.last();
        &state.expect("a generation has at least its start").document
    }

    /// The text of the document in force.
    pub fn whole_text(&self) -> Option<String> {
        self.document().text(&self.text).ok()
    }

    /// The text's object.
    pub fn text(&self) -> &ObjId {
        &self.text
    }

    /// What operations made.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The edits that no other builds on, ascending by id.
    pub fn heads(&self) -> Vec<EntryId> {
        let mut heads: Vec<EntryId> = self.heads.iter().map(|h| self.taken[*h].id).collect();
        heads.sort_unstable();
        heads
    }

    /// The changes of these edits, leaving out those that others of them build on; `None` if one
    /// has no effect here.
    pub fn hashes(&self, edits: &[EntryId]) -> Option<Vec<ChangeHash>> {
        let places = edits.iter().map(|id| self.index.get(id).copied());
        let places: Vec<usize> = places.collect::<Option<_>>()?;
        let greatest = self.greatest(&places);
        Some(greatest.iter().map(|p| self.taken[*p].hash).collect())
    }

    /// Whether an edit has its effect.
    pub fn has(&self, id: &EntryId) -> bool {
        self.index.contains_key(id)
    }
}
