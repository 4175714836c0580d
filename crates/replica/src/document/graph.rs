//! Which edits build on which, the order in which they are looked at, and their generations.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use domain::id::EntryId;

use super::item::{Fault, Item};

/// Where an edit belongs, as far as what it builds on says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the generation that this edit began, which is the document's how manieth, from 0.
    In { root: EntryId, number: u64 },
    /// Nowhere.
    Faulty(Fault),
}

/// The edits of a document whose ancestors are all here.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Where each belongs; edits with an ancestor that is not here are missing.
    pub places: BTreeMap<EntryId, Place>,
    /// All of them, after what they build on; else the earliest first, then the smallest id.
    pub order: Vec<EntryId>,
}

impl Graph {
    /// Orders and places edits.
    pub fn of(items: &BTreeMap<EntryId, Item>) -> Self {
        let mut graph = Self::default();
        let mut missing: BTreeMap<EntryId, usize> = BTreeMap::new();
        let mut children: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
        let mut ready = BinaryHeap::new();
        for item in items.values() {
            if item.parents.is_empty() {
                ready.push(Reverse((item.time, item.id)));
            }
            missing.insert(item.id, item.parents.len());
            for parent in &item.parents {
                children.entry(*parent).or_default().push(item.id);
            }
        }
        while let Some(Reverse((_, id))) = ready.pop() {
            graph.add(&items[&id]);
            for child in children.remove(&id).unwrap_or_default() {
                let left = missing.entry(child).or_default();
                *left -= 1;
                if *left == 0 {
                    ready.push(Reverse((items[&child].time, child)));
                }
            }
        }
        graph
    }

    /// Adds an edit whose parents were all added.
    pub fn add(&mut self, item: &Item) -> Place {
        let place = self.place(item);
        self.places.insert(item.id, place);
        self.order.push(item.id);
        place
    }

    fn place(&self, item: &Item) -> Place {
        let begins = item.edit.document.is_none();
        if begins != item.parents.is_empty() {
            return Place::Faulty(Fault::Parents);
        }
        let (mut roots, mut next) = (BTreeSet::new(), 0);
        for parent in &item.parents {
            match self.places[parent] {
                Place::In { root, number } => {
                    roots.insert((root, number));
                    next = next.max(number + 1);
                }
                Place::Faulty(_) => return Place::Faulty(Fault::Parent(*parent)),
            }
        }
        if item.edit.start.is_some() {
            let (root, number) = (item.id, next);
            return Place::In { root, number };
        }
        match roots.first() {
            Some((root, number)) if roots.len() == 1 => Place::In {
                root: *root,
                number: *number,
            },
            _ => Place::Faulty(Fault::Generations),
        }
    }

    /// The edit that began the generation in force: the one begun from the latest generation; of
    /// several the earliest, then the one with the smallest id.
    pub fn root(&self, items: &BTreeMap<EntryId, Item>) -> Option<EntryId> {
        let starts = self.places.iter().filter_map(|(id, place)| match place {
            Place::In { root, number } if root == id => Some((*id, *number)),
            _ => None,
        });
        let first = starts.min_by_key(|(id, number)| (Reverse(*number), items[id].time, *id));
        first.map(|(id, _)| id)
    }
}

/// Of edits in an order in which none comes before what it builds on: which are narrow places, where
/// all that comes later builds on that one edit.
pub(super) fn narrow_places(order: &[EntryId], items: &BTreeMap<EntryId, Item>) -> Vec<bool> {
    let places: BTreeMap<EntryId, usize> =
        order.iter().enumerate().map(|(n, id)| (*id, n)).collect();
    let mut last_children = vec![0; order.len()];
    for (place, id) in order.iter().enumerate() {
        for parent in items[id].parents.iter().filter_map(|id| places.get(id)) {
            last_children[*parent] = place;
        }
    }
    let before = last_children.iter().scan(0, |furthest, last| {
        let before = *furthest;
        *furthest = before.max(*last);
        Some(before)
    });
    before
        .enumerate()
        .map(|(place, furthest)| furthest <= place)
        .collect()
}
