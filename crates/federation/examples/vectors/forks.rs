//! Histories that fork and are revoked, with what stands in the end.

use domain::{
    decision::Choice,
    entry::Entry,
    id::EntryId,
    key::{PublicKey, SecretKey},
    record::{Kind, Record, Revocation},
};
use replica::Replica;
use serde_json::{Value, json};

use super::{
    book::Written,
    history::{History, mandate},
    notation::{bytes, encoded},
};

/// Two comments of Bela's delegate at one sequence; after the first another comment and a ballot.
struct Fork {
    one: Written,
    other: Written,
    after: Written,
    ballot: Written,
}

impl Fork {
    fn of(history: &History) -> Self {
        let bela = &history.bela;
        let mut upper = History::new();
        let comment = |history: &History, words: &str| {
            history.comment(words, &bela.delegate, bela.grant, words)
        };
        let other = history.book.sign(comment(history, "the other branch"));
        upper.book.write(comment(&upper, "one branch"));
        upper.book.write(comment(&upper, "after one branch"));
        let ballot = upper.ballot("bela.third", &upper.bela, 3, Choice::Block);
        upper.book.write(ballot);
        let [.., one, after, ballot] = &upper.book.written[..] else {
            unreachable!("three entries were written");
        };
        Self {
            one: one.clone(),
            other,
            after: after.clone(),
            ballot: ballot.clone(),
        }
    }
}

fn revoke(history: &History, name: &str, last: Option<(u64, EntryId)>) -> Written {
    let bela = &history.bela;
    let revocation = Record::Revocation(Revocation {
        key: bela.delegate.public(),
        last,
    });
    let draft = history
        .book
        .draft(name, &bela.root, bela.record, "keys", &revocation);
    history.book.sign(draft)
}

/// Offers entries, and once more for those that became storable later.
fn settle(replica: &mut Replica, history: &History, entries: &[Entry]) {
    let now = history.book.now.plus_seconds(60);
    for _ in 0..2 {
        for entry in entries {
            replica.offer(now, entry.clone());
        }
    }
}

fn case(what: &str, history: &History, key: PublicKey, extra: &[&Written]) -> Value {
    let entries: Vec<Entry> = extra.iter().map(|written| written.entry.clone()).collect();
    let mut replica = history.replica();
    settle(&mut replica, history, &entries);
    let mut backwards = history.replica();
    let reversed: Vec<Entry> = entries.iter().rev().cloned().collect();
    settle(&mut backwards, history, &reversed);
    assert_eq!(replica.digest(), backwards.digest(), "{what}");
    let all = history.book.written.iter().chain(extra.iter().copied());
    let standing: Vec<Value> = all
        .filter(|written| written.entry.header.author == key)
        .filter(|written| {
            let position = replica.position(&written.id);
            position.is_some_and(|position| replica.stands(position))
        })
        .map(|written| bytes(written.id.0))
        .collect();
    let ids = |positions: &mut dyn Iterator<Item = replica::Position>| {
        let mut ids: Vec<String> = positions
            .filter_map(|position| replica.get(position))
            .map(|stored| stored.id.to_string())
            .collect();
        ids.sort();
        ids
    };
    let height = replica.heights().iter().find(|height| height.key == key);
    let height = height.expect("a height");
    let extra: Vec<Value> = extra
        .iter()
        .map(|written| json!({ "name": written.draft.name, "id": bytes(written.id.0), "wire": encoded(&written.entry) }))
        .collect();
    json!({
        "what": what,
        "entries": extra,
        "key": bytes(key.0),
        "standing": standing,
        "aside": ids(&mut replica.aside(&key).into_iter()),
        "ballots": ids(&mut replica.ballots_of(&history.phase, &history.bela.id()).into_iter()),
        "height": {
            "sequence": height.sequence, "tip": bytes(height.tip), "aside": height.aside.map(bytes),
        },
        "digest": bytes(replica.digest().0),
    })
}

/// The file. The entries of a case are offered to a node that holds the history, in any order and
/// as often as something new is stored, a minute after the history's `now`.
pub fn file(history: &History) -> Value {
    let fork = Fork::of(history);
    let Fork {
        one,
        other,
        after,
        ballot,
    } = &fork;
    let (sequence, tip) = history.book.tips[&history.bela.delegate.public()];
    let before = history.book.written.iter().find(|written| {
        written.entry.header.author == history.bela.delegate.public()
            && written.entry.header.sequence == sequence - 1
    });
    let before = before.expect("an earlier entry").id;
    let picked = revoke(history, "pick", Some((sequence + 2, after.id)));
    let at_the_end = revoke(history, "end", Some((sequence, tip)));
    let lower = revoke(history, "lower", Some((sequence - 1, before)));
    let nothing = revoke(history, "nothing", None);
    let cases = [
        ("no fork", vec![one, after]),
        ("a fork", vec![one, other]),
        ("a fork with a ballot above it", vec![one, other, ballot]),
        (
            "a revocation at the end, and an entry after it",
            vec![&at_the_end, one],
        ),
        ("a revocation one entry lower", vec![&lower]),
        ("nothing stands", vec![&nothing]),
        (
            "a revocation picks a branch of a fork",
            vec![one, other, after, ballot, &picked],
        ),
    ]
    .map(|(what, extra)| case(what, history, history.bela.delegate.public(), &extra));
    let cases = [&cases[..], &of_ballots(history), &of_others(history)].concat();
    json!({ "cases": cases })
}

/// Ballots and mandates above a fork.
fn of_ballots(history: &History) -> Vec<Value> {
    let bela = &history.bela;
    let key = bela.delegate.public();
    let ballot = |choice: Choice| {
        let name = format!("bela.third {choice}");
        history.book.sign(history.ballot(&name, bela, 3, choice))
    };
    let (agree, abstain, block) = (
        ballot(Choice::Agree),
        ballot(Choice::Abstain),
        ballot(Choice::Block),
    );
    let mut mandates: Vec<Written> = ["one", "other", "third"]
        .map(|name| {
            let record = mandate(2, bela);
            let draft = history
                .book
                .draft(name, &bela.root, bela.record, "keys", &record);
            history.book.sign(draft)
        })
        .into();
    mandates.sort_by_key(|mandate| mandate.id);
    let mut under = history.ballot("bela.second mandate", bela, 1, Choice::StandAside);
    under.header.grant = mandates[2].id;
    under.header.time = under.header.time.plus_seconds(1);
    let under = history.book.sign(under);
    let [smallest, middle, largest] = &mandates[..] else {
        unreachable!("there are three mandates");
    };
    vec![
        case("two ballots of one slot", history, key, &[&agree, &block]),
        case(
            "three ballots of one slot",
            history,
            key,
            &[&block, &abstain, &agree],
        ),
        case(
            "a ballot under the third mandate of a fork",
            history,
            key,
            &[smallest, middle, largest, &under],
        ),
        case(
            "that root's log",
            history,
            bela.root.public(),
            &[smallest, middle, largest, &under],
        ),
    ]
}

/// Levels of revocation, void grants, an unknown kind.
fn of_others(history: &History) -> Vec<Value> {
    let (anna, book) = (&history.anna, &history.book);
    let worker = history.worker.public();
    let revoke = |name: &str, key: &SecretKey, grant: EntryId, last: Option<(u64, EntryId)>| {
        let record = Record::Revocation(Revocation { key: worker, last });
        book.sign(book.draft(name, key, grant, "keys", &record))
    };
    let by_steward = revoke("steward", &anna.delegate, anna.grant, None);
    let by_root = revoke(
        "root",
        &anna.root,
        anna.record,
        book.tips.get(&worker).copied(),
    );
    let mut first = history.comment("a second beginning", &anna.delegate, anna.grant, "hello");
    first.header.sequence = 1;
    first.header.previous = None;
    let first = book.sign(first);
    let critical = book.draft_of(
        "anna.critical",
        &anna.delegate,
        anna.grant,
        "experiments/2",
        (Kind(100), b"later".to_vec()),
    );
    let critical = book.sign(critical.change(|header| header.critical = true));
    vec![
        case("a steward revokes all", history, worker, &[&by_steward]),
        case(
            "the root's revocation counts, not the steward's",
            history,
            worker,
            &[&by_steward, &by_root],
        ),
        case(
            "a steward's log forks at its beginning",
            history,
            anna.delegate.public(),
            &[&first],
        ),
        case(
            "an unknown critical entry stands",
            history,
            anna.delegate.public(),
            &[&critical],
        ),
    ]
}
