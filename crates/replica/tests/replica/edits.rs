//! Which edits of a document count, when logs fork and keys are revoked.

use domain::{
    entry::Entry,
    id::EntryId,
    record::{Edit, Object, Operation, Record, Roles, Start},
};
use replica::{
    Offer, Refusal, Replica,
    document::{Document, Item},
    testing::{Draft, revocation},
};

use crate::scene::{Player, Scene};

fn begin() -> Record {
    Record::Edit(Edit {
        document: None,
        start: Some(Start {
            title: "Draft".to_owned(),
            text: None,
        }),
        operations: Vec::new(),
    })
}

fn write(document: EntryId, insert: &str) -> Record {
    Record::Edit(Edit {
        document: Some(document),
        start: None,
        operations: vec![Operation::Splice {
            object: Object::Text,
            position: 0,
            delete: 0,
            insert: insert.to_owned(),
        }],
    })
}

/// The next edit of a player, which builds on the beginning.
fn edit(scene: &mut Scene, player: &mut Player, document: EntryId, insert: &str) -> Entry {
    edit_on(scene, player, document, &[document], insert)
}

fn edit_on(
    scene: &mut Scene,
    player: &mut Player,
    document: EntryId,
    parents: &[EntryId],
    insert: &str,
) -> Entry {
    let record = write(document, insert);
    let mut draft = Draft::new(player.grant, scene.cast.tick(), &record);
    draft.references = parents.to_vec();
    draft.references.sort_unstable();
    player.author.write_draft(&draft)
}

/// What a replica holds that was offered these entries in this order, until nothing changes.
fn offered(scene: &Scene, entries: &[Entry]) -> Replica {
    let mut replica = Replica::new(scene.replica.genesis().clone());
    loop {
        let before = replica.digest();
        for entry in entries {
            let _ = replica.offer(scene.cast.now(), entry.clone());
        }
        if replica.digest() == before {
            return replica;
        }
    }
}

fn shuffle(entries: &mut [Entry], seed: u64) {
    let order = |entry: &Entry| {
        let bytes = [&seed.to_be_bytes()[..], &entry.signature.0].concat();
        domain::id::Hash::of(&[&bytes])
    };
    entries.sort_by_cached_key(order);
}

/// A log forks, its author goes on on both sides, and others build on what is above the fork: what
/// was stored to begin with, and all that follows.
struct Story {
    scene: Scene,
    document: EntryId,
    known: Vec<Entry>,
    entries: Vec<Entry>,
    traitor: Player,
}

fn known(scene: &mut Scene) -> Vec<Entry> {
    let stored = scene.replica.take_changes().stored;
    stored.into_iter().map(|(_, entry)| entry).collect()
}

fn story() -> Story {
    let mut scene = Scene::new();
    let mut anna = scene.person(0, Roles::WORKER);
    let mut bela = scene.person(1, Roles::WORKER);
    let mut carla = scene.person(2, Roles::WORKER);
    let first = scene.cast.by(&mut anna.author, anna.grant, &begin());
    let federation = scene.cast.federation();
    let document = first.id(&federation);
    let mut thief = Player {
        author: bela.author.fork_after(0),
        grant: bela.grant,
    };
    let mut entries = vec![first];
    for (traitor, honest, side) in [
        (&mut bela, &mut anna, "one"),
        (&mut thief, &mut carla, "two"),
    ] {
        let mut last = document;
        for number in 0..5 {
            let words = format!("{side} {number} ");
            let entry = edit_on(&mut scene, traitor, document, &[last], &words);
            last = entry.id(&federation);
            entries.push(entry);
        }
        let words = format!("on {side} ");
        entries.push(edit_on(&mut scene, honest, document, &[last], &words));
        let words = format!("unseen {side} ");
        entries.push(edit_on(&mut scene, traitor, document, &[last], &words));
    }
    Story {
        known: known(&mut scene),
        scene,
        document,
        entries,
        traitor: bela,
    }
}

fn all_of(story: &Story) -> Vec<Entry> {
    let mut all = story.known.clone();
    all.extend(story.entries.iter().cloned());
    all
}

fn text_in(story: &Story, replica: &Replica) -> String {
    let federation = story.scene.cast.federation();
    let edits = replica.edits(&replica.view(), &story.document);
    let counts = |entry: &&Entry| edits.contains(&(entry.header.time, entry.id(&federation)));
    let items = story.entries.iter().filter(counts);
    let items = items.filter_map(|e| Item::read(&federation, replica.writer(&e.header)?, e));
    Document::build(story.document, items).text()
}

#[test]
fn what_others_build_on_above_a_fork_is_kept_on_both_sides_in_any_order() {
    let story = story();
    let expected = offered(&story.scene, &all_of(&story));
    let text = text_in(&story, &expected);
    for side in ["one", "two"] {
        for number in 0..5 {
            assert!(text.contains(&format!("{side} {number} ")), "{text}");
        }
        assert!(text.contains(&format!("on {side} ")), "{text}");
        assert!(!text.contains(&format!("unseen {side} ")), "{text}");
    }
    for seed in 0..40 {
        let mut entries = all_of(&story);
        shuffle(&mut entries, seed);
        let replica = offered(&story.scene, &entries);
        assert_eq!(replica.digest(), expected.digest(), "seed {seed}");
        assert_eq!(text_in(&story, &replica), text, "seed {seed}");
    }
}

#[test]
fn two_nodes_that_each_knew_one_side_come_to_keep_the_same() {
    let story = story();
    let known = story.known.clone();
    let side = |own: std::ops::Range<usize>| {
        let edits = [&story.entries[..1], &story.entries[own]].concat();
        offered(&story.scene, &[known.clone(), edits].concat())
    };
    let (mut one, mut other) = (side(1..8), side(8..15));
    let find = |id: EntryId| {
        let federation = story.scene.cast.federation();
        let all = story.entries.iter().chain(&known);
        let mut all = all.filter(|entry| entry.id(&federation) == id);
        all.next().cloned().unwrap()
    };
    let give = |positions: std::collections::BTreeSet<replica::Position>,
                from: &Replica,
                to: &mut Replica| {
        let ids = positions.iter().filter_map(|p| from.get(*p));
        for id in ids.map(|stored| stored.id) {
            let _ = to.offer(story.scene.cast.now(), find(id));
        }
    };
    // A few rounds of comparing heights suffice, however long the branch is.
    for _ in 0..3 {
        for swap in [false, true] {
            let (from, to) = if swap {
                (&mut other, &mut one)
            } else {
                (&mut one, &mut other)
            };
            let range = domain::key::PublicKey([0; 32])..=domain::key::PublicKey([0xff; 32]);
            let difference = from.compare(to.heights(), range);
            give(difference.send, from, to);
            for ask in difference.ask {
                let (send, more) = to.answer(&ask);
                if more {
                    let (send, _) = from.answer(&to.ask(&ask.key, true));
                    give(send, from, to);
                }
                give(send, to, from);
            }
        }
    }
    assert_eq!(one.digest(), other.digest());
    assert_eq!(text_in(&story, &one), text_in(&story, &other));
    assert!(text_in(&story, &one).contains("on one ") && text_in(&story, &one).contains("on two "));
}

#[test]
fn what_is_kept_above_a_fork_is_there_after_a_restart() {
    let story = story();
    for seed in 0..10 {
        let mut entries = all_of(&story);
        shuffle(&mut entries, seed);
        let mut replica = offered(&story.scene, &entries);
        let mut restored = Replica::new(story.scene.replica.genesis().clone());
        for (_, entry) in replica.take_changes().stored {
            restored.restore(entry, story.scene.cast.now()).unwrap();
        }
        assert_eq!(restored.digest(), replica.digest(), "seed {seed}");
        assert_eq!(text_in(&story, &restored), text_in(&story, &replica));
    }
}

#[test]
fn a_revoked_key_has_nothing_kept_above_its_fork() {
    let mut story = story();
    let last = Some((1, story.traitor.author.id(1)));
    let revoked = revocation(story.traitor.author.key(), last);
    let entry = story.scene.cast.by_root(1, &revoked);
    story.known.push(entry);
    let mut digests = std::collections::BTreeSet::new();
    for seed in 0..10 {
        let mut entries = all_of(&story);
        shuffle(&mut entries, seed);
        let replica = offered(&story.scene, &entries);
        assert_eq!(text_in(&story, &replica), "one 0 ", "seed {seed}");
        digests.insert(replica.digest());
    }
    assert_eq!(digests.len(), 1);
}

#[test]
fn one_key_has_no_more_than_so_many_edits_kept_whatever_it_names() {
    let mut scene = Scene::new();
    let mut anna = scene.person(0, Roles::WORKER);
    let mut bela = scene.person(1, Roles::WORKER);
    let federation = scene.cast.federation();
    let first = scene.cast.by(&mut anna.author, anna.grant, &begin());
    let document = first.id(&federation);
    let twin = Player {
        author: bela.author.fork_after(0),
        grant: bela.grant,
    };
    let mut entries = vec![first, edit(&mut scene, &mut twin.clone(), document, "twin")];
    let mut last = document;
    for _ in 0..300 {
        let entry = edit_on(&mut scene, &mut bela, document, &[last], "x");
        last = entry.id(&federation);
        entries.push(entry);
    }
    entries.push(edit_on(&mut scene, &mut anna, document, &[last], "y"));
    let known = known(&mut scene);
    let forward = offered(&scene, &[known.clone(), entries.clone()].concat());
    let kept = forward.aside(&bela.author.key()).len();
    assert!((256..=258).contains(&kept), "{kept} are kept");
    let mut entries = [known, entries].concat();
    shuffle(&mut entries, 1);
    assert_eq!(offered(&scene, &entries).digest(), forward.digest());
}

fn text(scene: &Scene, document: EntryId, entries: &[Entry]) -> String {
    let federation = scene.cast.federation();
    let edits = scene.replica.edits(&scene.replica.view(), &document);
    let counts = |entry: &&Entry| edits.contains(&(entry.header.time, entry.id(&federation)));
    let items = entries.iter().filter(counts);
    Document::build(
        document,
        items.filter_map(|e| Item::read(&federation, scene.replica.writer(&e.header)?, e)),
    )
    .text()
}

#[test]
fn both_sides_of_a_fork_count_in_any_order_until_the_key_is_revoked() {
    for order in [[0, 1], [1, 0]] {
        let mut scene = Scene::new();
        let mut anna = scene.person(0, Roles::WORKER);
        let mut bela = scene.person(1, Roles::WORKER);
        let first = scene.cast.by(&mut anna.author, anna.grant, &begin());
        let document = scene.stored(first.clone());
        let mut thief = Player {
            author: bela.author.fork_after(0),
            grant: bela.grant,
        };
        let entries = [
            first,
            edit(&mut scene, &mut bela, document, "one "),
            edit(&mut scene, &mut thief, document, "two "),
        ];
        for index in order {
            assert_eq!(scene.offer(entries[index + 1].clone()), Offer::Stored);
        }
        let both = text(&scene, document, &entries);
        assert!(both.contains("one ") && both.contains("two "), "{both}");
        // What follows is not kept as long as nobody builds on it: the log ends at the fork.
        let more = edit(&mut scene, &mut bela, document, "three ");
        assert_eq!(scene.offer(more), Offer::Waits(Vec::new()));
        let last = Some((1, bela.author.id(1)));
        scene.by_root(1, &revocation(bela.author.key(), last));
        assert_eq!(text(&scene, document, &entries), "one ");
    }
}

#[test]
fn only_people_write_documents_and_only_at_their_address() {
    let mut scene = Scene::new();
    let mut anna = scene.person(0, Roles::WORKER);
    let root = scene.cast.by_root(0, &begin());
    assert!(matches!(
        scene.offer(root),
        Offer::Refused(Refusal::Right { .. })
    ));
    let mut draft = Draft::new(anna.grant, scene.cast.tick(), &begin());
    draft.address = "proposals".to_owned();
    let mut elsewhere = anna.author.prepare(&draft);
    anna.author.sign(&mut elsewhere);
    assert!(matches!(
        scene.offer(elsewhere),
        Offer::Refused(Refusal::Right { .. })
    ));
    let document = scene.says(&mut anna, &begin());
    let view = scene.replica.view();
    assert_eq!(view.documents[&document].edits.len(), 1);
    let begun = view.documents[&document].begun.as_ref().unwrap();
    assert_eq!(begun.member, scene.cast.member(0));
}
