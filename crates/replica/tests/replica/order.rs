//! Whatever the order of arrival, the same entries give the same standing, the same ballots and
//! the same evidence. `HISTORIES=5000` runs more, `HISTORY=<seed>` one.

use std::collections::BTreeSet;

use crate::{
    history::{Chance, History},
    meeting::{difference, offer_until_stable, synchronise},
};
use domain::{
    entry::Entry,
    id::{EntryId, MemberId, PhaseId},
};
use replica::Replica;

const STEPS: usize = 40;

/// What all orders must agree on.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    standing: BTreeSet<EntryId>,
    ballots: Vec<(PhaseId, MemberId, BTreeSet<EntryId>)>,
    evidence: Vec<replica::view::Fork>,
}

fn outcome(replica: &Replica, history: &History) -> Outcome {
    let id = |position| replica.get(position).expect("it is held").id;
    let standing = history
        .archive()
        .keys()
        .filter_map(|entry| replica.position(entry))
        .filter(|position| replica.stands(*position))
        .map(id)
        .collect();
    let mut ballots = Vec::new();
    for phase in &history.phases {
        for member in &history.members {
            let of = replica.ballots_of(phase, member);
            ballots.push((*phase, *member, of.into_iter().map(id).collect()));
        }
    }
    Outcome {
        standing,
        ballots,
        evidence: replica.forks(),
    }
}

fn same(one: &Replica, other: &Replica, history: &History, what: &str) {
    assert!(
        one.digest() == other.digest(),
        "{what}: what is kept differs: {}",
        difference(one, other)
    );
    assert_eq!(
        outcome(one, history),
        outcome(other, history),
        "{what}: the views differ"
    );
}

fn check(seed: u64) {
    let history = History::random(seed, STEPS);
    let (now, archive) = (history.cast.now(), history.archive());
    let new = || Replica::new(history.cast.genesis.clone());
    let mut chance = Chance::new(seed ^ 0xabcd);
    let mut reference = new();
    offer_until_stable(&mut reference, now, &history.entries);
    for order in 0..3 {
        let mut entries: Vec<Entry> = history.entries.clone();
        entries.extend(history.entries.iter().take(10).cloned());
        chance.shuffle(&mut entries);
        let mut replica = new();
        offer_until_stable(&mut replica, now, &entries);
        same(&reference, &replica, &history, &format!("order {order}"));
    }
    // Two replicas that each got a part, in another order, and lose some of what they exchange.
    for part in 0..3 {
        let (mut one, mut other) = (new(), new());
        let mut entries = history.entries.clone();
        if part > 0 {
            chance.shuffle(&mut entries);
        }
        for entry in &entries {
            match chance.below(5) {
                0 | 1 => drop(one.offer(now, entry.clone())),
                2 | 3 => drop(other.offer(now, entry.clone())),
                _ => {
                    let _ = one.offer(now, entry.clone());
                    let _ = other.offer(now, entry.clone());
                }
            }
        }
        let loss = [0, 0, 5][part];
        synchronise(&mut one, &mut other, now, &archive, &mut chance, loss);
        same(
            &one,
            &other,
            &history,
            &format!("part {part} after exchange"),
        );
        offer_until_stable(&mut one, now, &entries);
        synchronise(&mut one, &mut other, now, &archive, &mut chance, 0);
        same(&reference, &one, &history, &format!("part {part}, one"));
        same(&reference, &other, &history, &format!("part {part}, other"));
    }
    // A restart: what was stored, without what was removed, gives the same again.
    let mut stored: Vec<Entry> = Vec::new();
    let mut first = new();
    for _ in 0..3 {
        for entry in &history.entries {
            let _ = first.offer(now, entry.clone());
            let changes = first.take_changes();
            let federation = first.federation();
            stored.retain(|entry| !changes.removed.contains(&entry.id(&federation)));
            stored.extend(changes.stored.into_iter().map(|(_, entry)| entry));
        }
    }
    assert_eq!(stored.len(), first.len(), "what is written is what is held");
    let mut second = new();
    for entry in stored {
        second.restore(entry, now).expect("what was stored fits");
    }
    same(&first, &second, &history, "restored");
}

fn check_all(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        if let Err(panic) = std::panic::catch_unwind(|| check(seed)) {
            eprintln!(
                "history {seed} failed; again with: HISTORY={seed} cargo test -p replica every_order"
            );
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn every_order_of_arrival_gives_the_same() {
    if let Ok(seed) = std::env::var("HISTORY") {
        return check(seed.parse().expect("HISTORY is a number"));
    }
    let count: u64 = std::env::var("HISTORIES")
        .map_or(300, |count| count.parse().expect("HISTORIES is a number"));
    std::thread::scope(|scope| {
        let half = count / 2;
        let other = scope.spawn(move || check_all(0..half));
        check_all(half..count);
        other.join().expect("the other half failed");
    });
}

#[test]
fn the_histories_reach_every_rule() {
    let mut reached = std::collections::BTreeMap::new();
    for seed in 0..120 {
        let history = History::random(seed, STEPS);
        let mut replica = Replica::new(history.cast.genesis.clone());
        offer_until_stable(&mut replica, history.cast.now(), &history.entries);
        let mut reach = |what: &'static str, count: usize| {
            *reached.entry(what).or_insert(0) += count;
        };
        let forks = replica.forks();
        let picked = forks.iter().filter(|fork| {
            replica
                .tip(&fork.key)
                .is_some_and(|(tip, _)| tip >= fork.sequence)
        });
        reach("picked branches", picked.count());
        reach("forks", forks.len());
        reach("logs", history.keys.len());
        for key in &history.keys {
            let aside = replica.aside(key);
            let aside = aside.iter().filter_map(|position| replica.get(*position));
            for stored in aside {
                match stored.kind.word() {
                    Some("ballot") if stored.loose => reach("ballots alone", 1),
                    Some("mandate") if stored.loose => reach("mandates alone", 1),
                    _ => reach("evidence", 1),
                }
            }
        }
        for (id, entry) in history.archive() {
            match replica.position(&id) {
                Some(position) if replica.stands(position) => {
                    reach("standing", 1);
                    reach(
                        "standing revocations",
                        usize::from(entry.header.kind.0 == 6),
                    );
                }
                Some(_) => reach("kept without standing", 1),
                None => reach("not kept", 1),
            }
        }
    }
    for what in [
        "picked branches",
        "forks",
        "ballots alone",
        "mandates alone",
        "standing revocations",
        "kept without standing",
        "not kept",
    ] {
        let count = reached.get(what).copied().unwrap_or(0);
        assert!(count >= 3, "{what}: {count} in {reached:?}");
    }
}
