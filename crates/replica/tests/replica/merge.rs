//! Merging is union: whoever meets whom first, in the end all hold the same, and meeting again
//! changes nothing.

use std::collections::BTreeSet;

use domain::{entry::Entry, id::EntryId};
use replica::Replica;

use crate::{
    history::{Chance, History},
    meeting::{difference, synchronise},
};

/// A random part of a history with all that its entries rest on, as one node would have seen it.
fn part(history: &History, chance: &mut Chance) -> Vec<Entry> {
    let (federation, archive) = (history.cast.federation(), history.archive());
    let mut wanted: Vec<EntryId> = archive.keys().copied().collect();
    wanted.retain(|_| chance.one_in(4));
    let mut closed = BTreeSet::new();
    while let Some(id) = wanted.pop() {
        let Some(entry) = archive.get(&id) else {
            continue;
        };
        if closed.insert(id) {
            wanted.extend(entry.header.previous);
            wanted.push(entry.header.grant);
        }
    }
    let there = |entry: &&Entry| closed.contains(&entry.id(&federation));
    history.entries.iter().filter(there).cloned().collect()
}

/// Three nodes with these parts meet in pairs, in this order, until nothing changes.
fn meet(history: &History, parts: &[Vec<Entry>; 3], pairs: [(usize, usize); 3]) -> Vec<Replica> {
    let (now, archive) = (history.cast.now(), history.archive());
    let mut chance = Chance::new(0);
    let mut nodes: Vec<Replica> = parts
        .iter()
        .map(|part| {
            let mut node = Replica::new(history.cast.genesis.clone());
            for entry in part {
                let _ = node.offer(now, entry.clone());
            }
            node
        })
        .collect();
    for _ in 0..12 {
        let before: Vec<_> = nodes.iter().map(Replica::digest).collect();
        for (one, other) in pairs {
            let [one, other] = nodes
                .get_disjoint_mut([one, other])
                .expect("a pair is of two");
            synchronise(one, other, now, &archive, &mut chance, 0);
        }
        let after: Vec<_> = nodes.iter().map(Replica::digest).collect();
        if before == after && after.iter().all(|digest| *digest == after[0]) {
            return nodes;
        }
    }
    panic!(
        "three nodes do not come to rest: {}",
        difference(&nodes[0], &nodes[1])
    );
}

#[test]
fn whoever_meets_first_all_come_to_hold_the_same() {
    for seed in 0..20 {
        let history = History::random(seed, 40);
        let mut chance = Chance::new(seed);
        let parts: [Vec<Entry>; 3] = std::array::from_fn(|_| part(&history, &mut chance));
        let first = meet(&history, &parts, [(0, 1), (1, 2), (0, 2)]);
        for pairs in [[(1, 2), (0, 2), (1, 0)], [(2, 0), (1, 0), (2, 1)]] {
            let other = meet(&history, &parts, pairs);
            assert!(
                first[0].digest() == other[0].digest(),
                "history {seed}: {}",
                difference(&first[0], &other[0])
            );
        }
    }
}

#[test]
fn offering_what_is_held_again_changes_nothing() {
    for seed in 0..20 {
        let history = History::random(seed, 40);
        let mut node = Replica::new(history.cast.genesis.clone());
        for entry in &history.entries {
            let _ = node.offer(history.cast.now(), entry.clone());
        }
        let _ = node.take_changes();
        let (digest, length) = (node.digest(), node.len());
        for (id, entry) in history.archive() {
            if node.find(&id).is_some() {
                let _ = node.offer(history.cast.now(), entry);
            }
        }
        assert_eq!((node.digest(), node.len()), (digest, length));
        assert_eq!(node.take_changes(), replica::Changes::default());
    }
}
