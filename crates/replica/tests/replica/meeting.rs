//! Replicas that are offered entries, and pairs of them that compare and exchange.

use std::collections::BTreeMap;

use domain::{
    entry::Entry,
    id::{EntryId, Timestamp},
    key::PublicKey,
};
use replica::{Offer, Replica, heights::Difference};

use crate::history::Chance;

/// Offers entries again and again until nothing changes any more: twice, because the first quiet
/// pass may have left a ballot waiting for the mandate that comes before it.
pub fn offer_until_stable(replica: &mut Replica, now: Timestamp, entries: &[Entry]) {
    let mut quiet = 0;
    for _ in 0..20 {
        let before = replica.digest();
        let mut stored = false;
        for entry in entries {
            stored |= replica.offer(now, entry.clone()) == Offer::Stored;
        }
        quiet = if stored || before != replica.digest() {
            0
        } else {
            quiet + 1
        };
        if quiet == 2 {
            return;
        }
    }
    panic!("offering the same entries again keeps changing what is stored");
}

type Archive = BTreeMap<EntryId, Entry>;

/// What one replica holds, as another that holds nothing of it would be given it.
fn bytes_of(
    from: &Replica,
    positions: impl IntoIterator<Item = replica::Position>,
    archive: &Archive,
) -> Vec<Entry> {
    positions
        .into_iter()
        .map(|position| archive[&from.get(position).expect("it is held").id].clone())
        .collect()
}

/// One round of comparing from `one` to `other`: what `other` would do on `one`'s heights.
fn round(
    one: &mut Replica,
    other: &mut Replica,
    now: Timestamp,
    archive: &Archive,
    chance: &mut Chance,
    loss: usize,
) {
    let all = PublicKey([0; 32])..=PublicKey([0xff; 32]);
    let Difference { send, mut ask } = other.compare(one.heights(), all);
    let wanted: Vec<PublicKey> = other.wanted_branches().collect();
    ask.extend(wanted.iter().map(|key| other.ask(key, true)));
    let mut to_one = bytes_of(other, send, archive);
    let (mut to_other, mut back) = (Vec::new(), Vec::new());
    for ask in ask {
        let (positions, they_have_more) = one.answer(&ask);
        to_other.extend(bytes_of(one, positions, archive));
        if they_have_more {
            back.push(one.ask(&ask.key, true));
        }
    }
    for ask in back {
        to_one.extend(bytes_of(other, other.answer(&ask).0, archive));
    }
    for (replica, entries) in [(one, to_one), (other, to_other)] {
        for entry in entries {
            if loss == 0 || !chance.one_in(loss) {
                let _ = replica.offer(now, entry);
            }
        }
    }
}

/// Lets two replicas compare and exchange until they hold the same. Returns the rounds it took.
pub fn synchronise(
    one: &mut Replica,
    other: &mut Replica,
    now: Timestamp,
    archive: &Archive,
    chance: &mut Chance,
    mut loss: usize,
) -> usize {
    for rounds in 0..24 {
        let before = (one.digest(), other.digest());
        if rounds > 6 {
            loss = 0;
        }
        let quiet =
            one.wanted_branches().next().is_none() && other.wanted_branches().next().is_none();
        if before.0 == before.1 && quiet {
            return rounds;
        }
        round(one, other, now, archive, chance, loss);
        round(other, one, now, archive, chance, loss);
        // A picked branch that nobody holds stays wanted: nothing more can come.
        if before.0 == before.1 && (one.digest(), other.digest()) == before {
            return rounds;
        }
    }
    panic!(
        "two replicas did not come to hold the same: {}",
        difference(one, other)
    );
}

/// The logs in which two replicas differ, for messages.
pub fn difference(one: &Replica, other: &Replica) -> String {
    let (one_heights, other_heights) = (one.heights(), other.heights());
    let differing = one_heights
        .iter()
        .filter(|height| !other_heights.contains(height))
        .map(|height| ("one", one, height))
        .chain(
            other_heights
                .iter()
                .filter(|height| !one_heights.contains(height))
                .map(|height| ("other", other, height)),
        );
    let mut text = String::new();
    for (name, replica, height) in differing {
        let aside: Vec<String> = replica
            .aside(&height.key)
            .iter()
            .filter_map(|position| replica.get(*position))
            .map(|s| {
                format!(
                    "{}@{} {:?} {:?} loose={}",
                    s.id.short(),
                    s.sequence,
                    s.kind.word(),
                    s.rank,
                    s.loose
                )
            })
            .collect();
        text += &format!(
            "\n  {name}: {} stands to {} beside {aside:?}",
            height.key.short(),
            height.sequence
        );
    }
    text
}
