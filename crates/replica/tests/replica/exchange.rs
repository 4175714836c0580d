//! Comparing heights and exchanging what differs, and what waits meanwhile.

use std::collections::BTreeMap;

use crate::scene::{Player, Scene};
use crate::{history::Chance, meeting::synchronise};
use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    id::{EntryId, Timestamp},
    key::PublicKey,
    record::Roles,
};
use replica::{
    AHEAD_SECONDS_MAX, HELD_MAX, Offer, Replica,
    heights::{Ask, Height},
    testing::{grant_person, mandate, proposal, revocation},
};

/// Two replicas of one federation and all that was ever written.
struct Pair {
    scene: Scene,
    other: Replica,
    archive: BTreeMap<EntryId, Entry>,
}

impl Pair {
    fn new() -> Self {
        let mut scene = Scene::new();
        let (mut other, mut archive) = (Replica::new(scene.cast.genesis.clone()), BTreeMap::new());
        for (_, entry) in scene.replica.take_changes().stored {
            archive.insert(entry.id(&scene.cast.federation()), entry.clone());
            let _ = other.offer(scene.cast.now(), entry);
        }
        Self {
            scene,
            other,
            archive,
        }
    }

    fn write(&mut self, player: &mut Player, title: &str) -> Entry {
        let cast = &mut self.scene.cast;
        let entry = cast.by(&mut player.author, player.grant, &proposal(title));
        self.keep(&entry);
        entry
    }

    fn by_root(&mut self, record: &domain::record::Record) -> Entry {
        let entry = self.scene.cast.by_root(0, record);
        self.keep(&entry);
        entry
    }

    fn keep(&mut self, entry: &Entry) {
        let id = entry.id(&self.scene.cast.federation());
        self.archive.insert(id, entry.clone());
    }

    fn worker(&mut self) -> Player {
        let author = self.scene.cast.newcomer();
        let member = self.scene.cast.member(0);
        let entry = self.by_root(&grant_person(&author, member, Roles::WORKER));
        let grant = entry.id(&self.scene.cast.federation());
        self.here(&entry);
        self.there(&entry);
        Player { author, grant }
    }

    fn here(&mut self, entry: &Entry) -> Offer {
        self.scene.offer(entry.clone())
    }

    fn there(&mut self, entry: &Entry) -> Offer {
        self.other.offer(self.scene.cast.now(), entry.clone())
    }

    fn rounds(&mut self) -> usize {
        let now = self.scene.cast.now();
        let rounds = synchronise(
            &mut self.scene.replica,
            &mut self.other,
            now,
            &self.archive,
            &mut Chance::new(1),
            0,
        );
        assert_eq!(self.scene.replica.digest(), self.other.digest());
        rounds
    }
}

#[test]
fn what_one_lacks_comes_in_one_round() {
    let mut pair = Pair::new();
    let mut worker = pair.worker();
    for number in 0..100 {
        let entry = pair.write(&mut worker, &format!("Proposal {number}"));
        pair.here(&entry);
        if number < 50 {
            pair.there(&entry);
        }
    }
    assert_eq!(pair.rounds(), 1);
    assert_eq!(pair.other.tip(&worker.author.key()).unwrap().0, 100);
}

#[test]
fn a_fork_split_over_two_nodes_is_found_in_two_rounds() {
    let mut pair = Pair::new();
    let mut worker = pair.worker();
    for number in 0..20 {
        let entry = pair.write(&mut worker, &format!("Proposal {number}"));
        pair.here(&entry);
        pair.there(&entry);
    }
    let mut traitor = worker.clone();
    traitor.author = worker.author.fork_after(10);
    for number in 0..30 {
        let entry = pair.write(&mut worker, &format!("More {number}"));
        pair.here(&entry);
    }
    let mut other = Replica::new(pair.scene.cast.genesis.clone());
    let below = worker.author.id(10);
    for entry in pair.archive.values().cycle().take(2_000) {
        let is_below = entry.header.sequence <= 10 || entry.header.author != worker.author.key();
        if is_below {
            let _ = other.offer(pair.scene.cast.now(), entry.clone());
        }
    }
    pair.other = other;
    for number in 0..40 {
        let entry = pair.write(&mut traitor, &format!("Other {number}"));
        pair.there(&entry);
    }
    assert!(pair.rounds() <= 2);
    assert_eq!(pair.other.tip(&worker.author.key()), Some((10, below)));
    assert_eq!(pair.other.forks().len(), 1);
}

#[test]
fn a_picked_branch_is_fetched_whole_by_a_node_that_refused_it() {
    let mut pair = Pair::new();
    let mut worker = pair.worker();
    let first = pair.write(&mut worker, "First");
    let mut thief = worker.clone();
    thief.author = worker.author.fork_after(0);
    for number in 0..200 {
        let entry = pair.write(&mut worker, &format!("Honest {number}"));
        if number == 0 {
            pair.here(&first);
        }
        pair.here(&entry);
    }
    let (one, other) = (pair.write(&mut thief, "Thief"), first);
    pair.there(&one);
    pair.there(&other);
    let key = worker.author.key();
    assert!(pair.rounds() <= 2);
    assert_eq!(pair.other.tip(&key), None, "the fork at 1 voids all");
    let pick = pair.by_root(&revocation(key, worker.author.tip()));
    pair.there(&pick);
    assert!(pair.rounds() <= 3);
    assert_eq!(pair.other.tip(&key), worker.author.tip());
    assert_eq!(pair.scene.replica.tip(&key), worker.author.tip());
    assert_eq!(pair.other.forks().len(), 1, "the theft stays visible");
}

#[test]
fn a_branch_of_more_than_256_is_picked_by_no_node() {
    let mut pair = Pair::new();
    let mut worker = pair.worker();
    let mut thief = worker.clone();
    for number in 0..300 {
        let entry = pair.write(&mut worker, &format!("Honest {number}"));
        pair.here(&entry);
    }
    let theft = pair.write(&mut thief, "Thief");
    pair.there(&theft);
    let key = worker.author.key();
    let pick = pair.by_root(&revocation(key, worker.author.tip()));
    pair.here(&pick);
    pair.rounds();
    assert_eq!(pair.scene.replica.tip(&key), None);
    assert_eq!(pair.other.tip(&key), None);
}

#[test]
fn heights_and_asks_come_back_from_their_bytes() {
    let mut pair = Pair::new();
    let mut worker = pair.worker();
    let entry = pair.write(&mut worker, "First");
    pair.here(&entry);
    for height in pair.scene.replica.heights() {
        assert_eq!(Height::from_bytes(&height.to_bytes()), Ok(height.clone()));
    }
    let ask = pair.scene.replica.ask(&worker.author.key(), true);
    assert_eq!(Ask::from_bytes(&ask.to_bytes()), Ok(ask));
}

#[test]
fn heights_outside_the_range_are_not_compared_and_a_range_backwards_is_empty() {
    let pair = Pair::new();
    let (low, high) = (PublicKey([0; 32]), PublicKey([0xff; 32]));
    let empty = pair.other.compare(&[], high..=low);
    assert!(empty.send.is_empty() && empty.ask.is_empty());
    let theirs = pair.other.heights();
    let none = Replica::new(pair.scene.cast.genesis.clone()).compare(theirs, low..=low);
    assert!(none.ask.is_empty());
    assert_eq!(pair.other.compare(&[], low..=high).send.len(), 3);
}

#[test]
fn entries_wait_for_their_ancestors_and_the_oldest_give_way() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let entries: Vec<Entry> = (0..600)
        .map(|n| {
            let record = proposal(&format!("Proposal {n}"));
            scene.cast.by(&mut worker.author, worker.grant, &record)
        })
        .collect();
    for entry in entries.iter().skip(1) {
        assert!(matches!(scene.offer(entry.clone()), Offer::Waits(_)));
    }
    assert_eq!(scene.replica.pending_len(), 512);
    assert_eq!(scene.offer(entries[0].clone()), Offer::Stored);
    for entry in entries.iter().take(100) {
        let _ = scene.offer(entry.clone());
    }
    assert_eq!(scene.replica.pending_len(), 0);
    assert_eq!(scene.replica.tip(&worker.author.key()).unwrap().0, 600);
}

#[test]
fn what_is_ahead_of_time_is_held_bounded_and_released_when_due() {
    let mut scene = Scene::new();
    let now = scene.cast.now();
    let mut soonest = None;
    for number in (0..HELD_MAX as u64 + 100).rev() {
        let mut root = scene.cast.roots[0].clone();
        let time = now.plus_seconds(AHEAD_SECONDS_MAX + 1 + number);
        let entry = root.write(root.id(1), time, &mandate(number + 1, &[]));
        let due = Timestamp(time.0 - AHEAD_SECONDS_MAX * 1000);
        assert_eq!(scene.replica.offer(now, entry.clone()), Offer::Ahead(due));
        soonest = Some((due, entry.id(&scene.cast.federation())));
    }
    let (due, id) = soonest.unwrap();
    assert_eq!(scene.replica.held_len(), HELD_MAX);
    assert_eq!(scene.replica.next_due(), Some(due));
    assert!(scene.replica.release_due(Timestamp(due.0 - 1)).is_empty());
    assert_eq!(scene.replica.release_due(due), [(id, Offer::Stored)]);
    assert!(scene.stands(&id));
    assert_eq!(scene.replica.held_len(), HELD_MAX - 1);
}
