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
    room,
    run::{self, Made, Objects},
};

/// How many documents at different edits are kept at most when edits come one by one.
const STATES_MAX: usize = 16;
/// How many are kept afterwards, with the one in force.
const STATES_KEPT: usize = 4;

/// An edit that has its effect.
#[derive(Debug)]
struct Taken {
    id: EntryId,
    /// Its ancestors and itself.
    covers: Bits,
    /// What replaying it counts.
    size: u64,
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
    /// How many bytes its text has, once that was counted.
    bytes: Option<usize>,
}

/// One generation of a document.
#[derive(Debug)]
pub(super) struct Derived {
    taken: Vec<Taken>,
    index: BTreeMap<EntryId, usize>,
    objects: Objects,
    text: ObjId,
    /// Documents at hand; between changes the first is the one in force.
    states: Vec<State>,
    heads: Vec<usize>,
    /// What was replayed, as far as it was counted.
    replayed: u64,
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
            bytes: Some(text.len()),
        };
        let taken = Taken {
            id: item.id,
            covers,
            size: room::size(item),
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
            replayed: 0,
        }
    }

    /// Derives the change of an edit whose parents were all looked at. `is_last` tells that nothing
    /// else will need the document at what it builds on.
    ///
    /// # Errors
    /// Says why the edit has no effect.
    pub fn add(&mut self, item: &Item, is_last: bool) -> Result<(), Fault> {
        let mut parents = Vec::new();
        for parent in &item.parents {
            match self.index.get(parent) {
                Some(place) => parents.push(*place),
                None => return Err(Fault::Parent(*parent)),
            }
        }
        let at = self.reach(&self.greatest(&parents));
        let mut state = if is_last {
            self.states.remove(at)
        } else {
            self.states[at].clone()
        };
        let ran = {
            let find = |entry: EntryId, operation: u64| -> Option<Made> {
                let place = self.index.get(&entry)?;
                let made = self.objects.get(&(entry, operation))?;
                state.covers.contains(*place).then(|| made.clone())
            };
            let (text, bytes) = (&self.text, &mut state.bytes);
            run::run(&mut state.document, item, text, bytes, find)
        };
        let ran = match ran {
            Ok(ran) => ran,
            Err(fault) => {
                if is_last {
                    self.states.push(state);
                }
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
            size: room::size(item),
            hash: ran.change,
            change: state.document.get_change_by_hash(&ran.change),
        });
        self.index.insert(item.id, place);
        self.heads.retain(|head| !state.covers.contains(*head));
        self.heads.push(place);
        self.states.push(state);
        Ok(())
    }

    /// Drops the documents that are no longer needed.
    pub fn retain(&mut self, keeps: impl Fn(&[EntryId]) -> bool) {
        let taken = &self.taken;
        self.states.retain(|state| {
            let heads = state.heads.iter().map(|head| taken[*head].id);
            let mut heads: Vec<EntryId> = heads.collect();
            heads.sort_unstable();
            keeps(&heads)
        });
    }

    /// Drops the oldest documents if there are many, but not the one that was in force, which alone
    /// holds the changes of before.
    pub fn trim(&mut self) {
        self.leave(STATES_MAX);
    }

    fn leave(&mut self, most: usize) {
        let spare = self.states.len().saturating_sub(most);
        self.states.drain(1..=spare);
    }

    /// How much was replayed since it was asked last.
    pub fn take_replayed(&mut self) -> u64 {
        std::mem::take(&mut self.replayed)
    }

    /// Brings the document in force up to date and drops what only deriving needed.
    pub fn finish(&mut self) {
        let heads = self.heads.clone();
        let at = self.reach(&heads);
        let state = self.states.remove(at);
        self.states.insert(0, state);
        self.leave(STATES_KEPT);
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

    /// Where the document is that holds these edits and their ancestors; it is made if need be.
    fn reach(&mut self, heads: &[usize]) -> usize {
        if let Some(at) = self.states.iter().rposition(|state| state.heads == heads) {
            return at;
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
        let sizes = |place: usize| (self.taken[place].size, held.contains(place));
        let (all, missing) = covers
            .iter()
            .map(sizes)
            .fold((0, 0), |sum, (size, is_held)| {
                (sum.0 + size, sum.1 + if is_held { 0 } else { size })
            });
        self.replayed += room::price(all, all - missing);
        document
            .apply_changes(changes)
            .expect("changes derived here fit together");
        self.states.push(State {
            heads: heads.to_vec(),
            covers,
            document,
            bytes: None,
        });
        self.states.len() - 1
    }

    fn change(&self, place: usize) -> Option<Change> {
        let taken = &self.taken[place];
        taken.change.clone().or_else(|| {
            let mut holding = self.states.iter().filter(|s| s.covers.contains(place));
            holding.find_map(|state| state.document.get_change_by_hash(&taken.hash))
        })
    }

    /// The document in force, after [`Self::finish`].
    pub fn document(&self) -> &Automerge {
        let state = self.states.first();
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
