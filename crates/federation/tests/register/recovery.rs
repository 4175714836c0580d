//! Recoveries through stored entries: announced, confirmed, objected to, followed after a restart.

use std::collections::BTreeMap;

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, MemberId},
    record::Recovering,
};
use federation::finality::{Awaited, Finality};
use register::recovery::{Recovery, Stage, State};

use super::*;
use crate::support::{Node, core};

const NOTICE_MS: u64 = 10 * MINUTE_MS;

/// A vote is open in the register.
fn opened() -> (World, EntryId) {
    let mut world = World::new();
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [2; 4]);
    (world, proposal)
}

/// The same, and the nodes of two members are gone for good.
fn stalled() -> (World, EntryId) {
    let (mut world, proposal) = opened();
    for member in [1, 2] {
        world.vote(member, proposal);
    }
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    let later = world.now.plus_ms(10 * 24 * 60 * MINUTE_MS);
    world.run(later);
    assert_eq!(world.heights()[..2], [2; 2]);
    (world, proposal)
}

fn recovery(world: &World) -> Recovery {
    let chain = world.nodes[0].core.register_chain().unwrap();
    let mut gone = vec![id(3), id(4)];
    gone.sort_unstable();
    Recovery {
        epoch: chain.epoch() + 1,
        height: chain.height(),
        last: chain.last(),
        gone,
        time: world.now,
    }
}

/// A member says something of it with its root key; the node of the first brings it in.
fn say(world: &mut World, recovery: &Recovery, stage: Stage, member: u8) {
    let federation = world.nodes[0].core.federation();
    let voice = recovery.say(&federation, stage, &key(member, 1), world.now);
    let voice = voice.to_bytes();
    world.act(0, &key(1, 4), Act::Recover { voice });
}

fn announce(world: &mut World, recovery: &Recovery) {
    for member in [1, 2, 3] {
        say(world, recovery, Stage::Announce, member);
    }
}

fn state(world: &World, node: usize) -> &'static str {
    let all = world.nodes[node].core.recoveries(world.now);
    all[0].state.as_ref().map_or("refused", State::word)
}

fn wait(world: &mut World, ms: u64) {
    let until = world.now.plus_ms(ms);
    world.run(until);
    for node in 0..world.nodes.len() {
        world.give(node, Input::Wake);
    }
    world.deliver();
}

fn confirm(world: &mut World, recovery: &Recovery) {
    for member in [1, 2, 3] {
        say(world, recovery, Stage::Confirm, member);
    }
    wait(world, 1_000);
}

/// A node comes back and learns what the others have.
fn comes_back(world: &mut World, node: usize) {
    world.nodes[node].is_up = true;
    world.restart(node);
    for (bytes, _) in world.nodes[0].entries.clone() {
        world.under_way.push((node, bytes));
    }
    world.deliver();
}

fn epochs(world: &World) -> Vec<(u64, u64)> {
    let chain = |node: &Node| {
        node.core
            .register_chain()
            .map(|one| (one.epoch(), one.height()))
    };
    world.nodes.iter().filter_map(chain).collect()
}

/// The annals follow a vote through the recovery to its end.
fn is_told(world: &World, proposal: &EntryId) {
    for node in 0..2 {
        let annals = world.nodes[node].core.annals();
        let [vote] = annals.votes_on(proposal, &id(1)).collect::<Vec<_>>()[..] else {
            panic!("one vote");
        };
        let ended = vote.ended.as_ref().map(|ended| ended.ending);
        assert_eq!(ended, Some(Ending::Judged(Verdict::Passed)));
        assert_eq!(annals.recoveries().len(), 1);
    }
}

#[test]
fn half_of_the_nodes_are_gone_for_good_and_the_others_go_on() {
    let (mut world, proposal) = stalled();
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    assert_eq!(state(&world, 1), "notice");
    confirm(&mut world, &recovery);
    assert_eq!(state(&world, 1), "notice", "confirmed too early");
    wait(&mut world, NOTICE_MS);
    assert_eq!(state(&world, 1), "confirming");
    confirm(&mut world, &recovery);
    assert_eq!(epochs(&world)[..2], [(1, 2); 2]);
    // Every node that starts again is where it was, before and after the first height of the epoch.
    (0..2).for_each(|node| world.restart(node));
    assert_eq!(epochs(&world)[..2], [(1, 2); 2]);
    wait(&mut world, 9 * 24 * 60 * MINUTE_MS);
    assert_eq!(epochs(&world)[..2], [(1, 3); 2]);
    let chain = world.nodes[0].core.register_chain().unwrap();
    let decided = chain.decided(&proposal, &id(1));
    assert_eq!(decided[0].ending, Ending::Judged(Verdict::Passed));
    is_told(&world, &proposal);
    (0..2).for_each(|node| world.restart(node));
    is_told(&world, &proposal);
    assert_eq!(epochs(&world)[..2], [(1, 3); 2]);
    assert!(world.nodes[0].core.register_trouble().is_none());
    assert!(world.nodes[0].core.recoveries(world.now)[0].is_followed);
    // Who was gone comes back years later, follows, and is no validator.
    comes_back(&mut world, 2);
    assert_eq!(epochs(&world)[2], (1, 3));
    assert_eq!(world.nodes[2].core.register_trouble(), None);
    wait(&mut world, MINUTE_MS);
    let members = world.nodes[2].core.register_chain().unwrap();
    assert_eq!(members.validators().sizes().all(), 2);
}

#[test]
fn a_node_that_was_said_to_be_gone_and_is_not_stops_it_by_itself() {
    let (mut world, _) = stalled();
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    assert_eq!(state(&world, 0), "notice");
    comes_back(&mut world, 3);
    wait(&mut world, MINUTE_MS);
    assert_eq!(state(&world, 0), "stopped");
    // Three of four are there again: the register goes on in the epoch it was in.
    wait(&mut world, NOTICE_MS);
    assert_eq!(epochs(&world)[0].0, 0);
    let proposal = world.propose(1);
    wait(&mut world, 60 * MINUTE_MS);
    assert!(epochs(&world)[0].1 > 2, "{proposal}");
    assert_eq!(world.nodes[0].core.register_trouble(), None);
}

#[test]
fn a_node_that_has_nothing_else_to_say_objects_and_says_so_once() {
    let mut world = World::new();
    world.nodes[2].is_up = false;
    world.nodes[3].is_up = false;
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    assert_eq!(state(&world, 0), "notice");
    comes_back(&mut world, 3);
    wait(&mut world, MINUTE_MS);
    assert_eq!(state(&world, 0), "stopped");
    let written = world.nodes[3].entries.len();
    wait(&mut world, MINUTE_MS);
    assert_eq!(world.nodes[3].entries.len(), written);
}

#[test]
fn a_recovery_that_is_confirmed_all_the_same_and_two_of_them_stop_every_node() {
    let (mut world, _) = stalled();
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    say(&mut world, &recovery, Stage::Object, 4);
    assert_eq!(state(&world, 0), "stopped");
    wait(&mut world, NOTICE_MS);
    confirm(&mut world, &recovery);
    for node in &world.nodes[..2] {
        let trouble = node.core.register_trouble().unwrap();
        assert!(trouble.contains("had shown itself"), "{trouble}");
    }
    let (mut world, _) = stalled();
    let first = self::recovery(&world);
    let second = Recovery {
        time: first.time.plus_ms(1_000),
        ..first.clone()
    };
    announce(&mut world, &first);
    wait(&mut world, 5_000);
    announce(&mut world, &second);
    wait(&mut world, NOTICE_MS);
    confirm(&mut world, &first);
    assert_eq!(epochs(&world)[0], (1, 2));
    confirm(&mut world, &second);
    for node in &world.nodes[..2] {
        let trouble = node.core.register_trouble().unwrap();
        assert!(trouble.contains("two different recoveries"), "{trouble}");
    }
}

#[test]
fn a_recovery_is_refused_where_it_is_not_signed_and_means_nothing_from_strangers() {
    let (mut world, _) = stalled();
    let recovery = recovery(&world);
    let federation = world.nodes[0].core.federation();
    let mut forged = recovery.say(&federation, Stage::Announce, &key(1, 1), world.now);
    forged.time = forged.time.plus_ms(1);
    let voice = forged.to_bytes();
    let (ticket, by, random) = (1, key(1, 4), [77; 32]);
    let act = Act::Recover { voice };
    let input = Input::Act {
        ticket,
        key: by,
        act,
        random,
    };
    world.give(0, input);
    assert!(world.nodes[0].answers.pop().unwrap().is_err());
    let voice = forged.to_bytes();
    world.lies(2, &Record::Recovering(Recovering { voice }));
    // A person's key is no root key, whoever holds it.
    let voice = recovery.say(&federation, Stage::Announce, &key(2, 4), world.now);
    let voice = voice.to_bytes();
    world.act(1, &key(2, 4), Act::Recover { voice });
    assert!(world.nodes[0].core.recoveries(world.now).is_empty());
}

/// For whom a node says that the register waits, and for what.
fn waits(world: &World, node: usize) -> Vec<(bool, Vec<MemberId>)> {
    let waiting = world.nodes[node].core.waiting(world.now);
    let waiting = waiting.into_iter().map(|one| {
        let is_closing = matches!(one.what, Awaited::Closing(_));
        (is_closing, one.members)
    });
    waiting.collect()
}

#[test]
fn a_closing_waits_for_those_who_are_gone_and_not_for_those_who_wait_with_it() {
    let mut gone = vec![id(3), id(4)];
    // Validators are named in the order of their members' ids.
    gone.sort_unstable();
    let (world, proposal) = stalled();
    let core = &world.nodes[0].core;
    assert_eq!(waits(&world, 0), [(true, gone.clone())]);
    let waiting = core.waiting(world.now);
    let decision = core.decision(&proposal, world.now).unwrap();
    let Finality::Open(open) = core.finality(&decision) else {
        panic!("still open");
    };
    let closing = open.closing(world.now).unwrap();
    assert_eq!(waiting[0].since, closing.seals_from);
    assert_eq!((closing.manifests, closing.seals), (2, 0));
    // Whoever is there cannot seal before others have said what they hold: nobody waits for it.
    assert_eq!(closing.without_seal.len(), 4);
    assert_eq!(closing.awaited(), gone);
}

#[test]
fn a_height_waits_for_whoever_says_nothing_about_it() {
    let mut world = World::new();
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    world.propose(1);
    wait(&mut world, 3 * 60 * MINUTE_MS);
    assert_eq!(world.heights()[..2], [1; 2]);
    let [(false, members)] = &waits(&world, 0)[..] else {
        panic!("{:?}", waits(&world, 0));
    };
    let mut gone = [id(3), id(4)];
    gone.sort_unstable();
    assert_eq!(members[..], gone, "ascending, as validators are");
}

#[test]
fn people_are_led_to_the_recovery_when_one_is_announced_or_the_register_waited_as_long_as_its_notice()
 {
    let is_due = |world: &World| world.nodes[0].core.is_recovery_due(world.now);
    let mut world = World::new();
    let proposal = world.propose(1);
    wait(&mut world, 20 * MINUTE_MS);
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    let chain = world.nodes[0].core.register_chain().unwrap();
    let deadline = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    let since = world.nodes[0].core.waiting(world.now)[0].since;
    world.run(since.plus_ms(NOTICE_MS - 1));
    assert_eq!(is_due(&world), world.now >= since.plus_ms(NOTICE_MS));
    world.run(since.plus_ms(NOTICE_MS));
    assert!(is_due(&world));
    let mut world = World::new();
    assert!(!is_due(&world));
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    let recovery = recovery(&world);
    say(&mut world, &recovery, Stage::Announce, 1);
    assert!(is_due(&world));
    assert_eq!(world.nodes[0].core.recoveries(world.now)[0].needed, 3);
}

#[test]
fn who_objected_is_shown_and_nobody_else() {
    let (mut world, _) = stalled();
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    // Whoever is not said to be gone cannot object to it.
    say(&mut world, &recovery, Stage::Object, 2);
    let objected = |world: &World| {
        world.nodes[1].core.recoveries(world.now)[0]
            .objected
            .clone()
    };
    assert_eq!((objected(&world), state(&world, 1)), (vec![], "notice"));
    say(&mut world, &recovery, Stage::Object, 4);
    assert_eq!(
        (objected(&world), state(&world, 1)),
        (vec![id(4)], "stopped")
    );
}

/// The first node recovers the register without two of the others, who meanwhile decided a height with
/// the third: people with root keys were wrong about who is gone.
fn two_registers() -> World {
    let (mut world, _) = opened();
    world.nodes[0].is_up = false;
    let proposal = world.act(1, &key(2, 3), propose("", None));
    world.act(1, &key(2, 3), Act::Open { proposal });
    wait(&mut world, 20 * MINUTE_MS);
    assert_eq!(epochs(&world), [(0, 2), (0, 3), (0, 3), (0, 3)]);
    for node in 0..4 {
        world.nodes[node].is_up = node == 0;
    }
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    wait(&mut world, NOTICE_MS);
    confirm(&mut world, &recovery);
    assert_eq!(epochs(&world)[0], (1, 2));
    world
}

/// All nodes hear what the others have.
fn meet(world: &mut World) {
    for node in 0..4 {
        world.nodes[node].is_up = true;
    }
    let all: Vec<Vec<u8>> = world
        .nodes
        .iter()
        .flat_map(|node| &node.entries)
        .map(|(bytes, _)| bytes.clone())
        .collect();
    for node in 0..4 {
        world
            .under_way
            .extend(all.iter().map(|bytes| (node, bytes.clone())));
    }
    world.deliver();
}

/// How much a validator's key has written, as its own node has it.
fn written(world: &World, node: usize) -> u64 {
    let by = key(node as u8 + 1, 6).public();
    let tip = world.nodes[node].core.replica().tip(&by);
    tip.map_or(0, |(sequence, _)| sequence)
}

/// A node says this, signs nothing more, and does not forget it when it starts again.
fn has_stopped(world: &mut World, node: usize, words: &str) {
    let says_so = |world: &World| {
        let core = &world.nodes[node].core;
        let trouble = core.register_trouble().unwrap_or_default();
        assert!(trouble.contains(words), "{node}: {trouble:?}");
        assert!(core.registrar().is_none(), "{node}");
    };
    says_so(world);
    let before = written(world, node);
    world.restart(node);
    wait(world, 60 * MINUTE_MS);
    says_so(world);
    assert_eq!(written(world, node), before, "{node} signs nothing more");
}

#[test]
fn a_validator_whose_register_went_on_stops_when_a_recovery_of_before_is_confirmed() {
    let mut world = two_registers();
    meet(&mut world);
    for node in 1..4 {
        has_stopped(&mut world, node, "of a register that went on");
        // What was decided stays to be seen.
        let chain = world.nodes[node].core.register_chain().unwrap();
        assert_eq!((chain.epoch(), chain.height()), (0, 3));
    }
}

#[test]
fn a_validator_in_the_new_epoch_stops_when_a_quorum_of_the_old_one_decided_the_same_height() {
    let mut world = two_registers();
    meet(&mut world);
    has_stopped(&mut world, 0, "in the epoch before the recovery too");
    assert_eq!(epochs(&world)[0], (1, 2));
}

#[test]
fn a_validator_that_was_away_when_the_epoch_changed_follows_it_when_it_starts_again() {
    let (mut world, proposal) = stalled();
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    wait(&mut world, NOTICE_MS);
    // The second of those who remain hears nothing of the confirmation before it is down.
    world.nodes[1].is_up = false;
    confirm(&mut world, &recovery);
    assert_eq!(epochs(&world)[..2], [(1, 2), (0, 2)]);
    let before = written(&world, 1);
    comes_back(&mut world, 1);
    assert_eq!(epochs(&world)[..2], [(1, 2); 2]);
    wait(&mut world, 9 * 24 * 60 * MINUTE_MS);
    assert_eq!(epochs(&world)[..2], [(1, 3); 2]);
    assert!(written(&world, 1) > before);
    is_told(&world, &proposal);
    assert!(world.nodes[1].core.register_trouble().is_none());
}

#[test]
fn who_floods_with_voices_of_registers_that_are_not_keeps_nobody_from_recovering() {
    let (mut world, _) = stalled();
    let federation = world.nodes[0].core.federation();
    let real = recovery(&world);
    let (liar, mut told) = (2, 0);
    while told < 5_000 {
        // Nobody can say yet whether there will be such a height.
        let later = Recovery {
            height: real.height + 1 + told,
            ..real.clone()
        };
        let voice = later.say(&federation, Stage::Announce, &key(liar, 1), world.now);
        let voice = voice.to_bytes();
        world.lies(liar, &Record::Recovering(Recovering { voice }));
        told += 1;
        if told % 1_000 == 0 {
            world.now = world.now.plus_ms(24 * 60 * MINUTE_MS);
        }
    }
    let real = recovery(&world);
    announce(&mut world, &real);
    let hash = real.hash(&federation);
    let all = world.nodes[0].core.recoveries(world.now);
    let known = all.iter().find(|one| one.hash == hash);
    let announced = known.map_or(0, |one| one.announced.len());
    assert_eq!(announced, 3);
}

/// Three members sign both stages at once, dated fifteen days ago.
fn backdated(world: &mut World) -> Recovery {
    let day_ms = 24 * 60 * MINUTE_MS;
    let federation = world.nodes[0].core.federation();
    let time = Timestamp(world.now.0 - 15 * day_ms);
    let recovery = Recovery {
        time,
        ..recovery(world)
    };
    let stages = [
        (Stage::Announce, time),
        (Stage::Confirm, time.plus_ms(2 * NOTICE_MS)),
    ];
    for (stage, time) in stages {
        for member in [1, 2, 3] {
            let voice = recovery.say(&federation, stage, &key(member, 1), time);
            let voice = voice.to_bytes();
            world.act(0, &key(1, 4), Act::Recover { voice });
        }
    }
    recovery
}

#[test]
fn a_recovery_that_is_dated_back_leaves_those_who_are_said_to_be_gone_their_notice() {
    let day_ms = 24 * 60 * MINUTE_MS;
    let mut world = World::new();
    // All are there, and nobody's validator has anything to sign.
    world.now = world.now.plus_ms(20 * day_ms);
    for member in [1, 2] {
        world.act(usize::from(member) - 1, &key(member, 3), propose("", None));
    }
    world.now = world.now.plus_ms(10 * day_ms);
    backdated(&mut world);
    assert_eq!(epochs(&world), [(0, 1); 4], "nobody heard of it before");
    wait(&mut world, 2 * NOTICE_MS);
    for node in &world.nodes {
        let trouble = node.core.register_trouble().unwrap_or_default();
        assert!(trouble.contains("had shown itself"), "{trouble}");
        assert_eq!(node.core.register_chain().unwrap().epoch(), 0);
    }
}

#[test]
fn a_node_that_nobody_talked_with_enters_a_recovery_a_notice_after_it_heard_of_it() {
    let mut world = World::new();
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    world.now = world.now.plus_ms(30 * 24 * 60 * MINUTE_MS);
    backdated(&mut world);
    assert_eq!(epochs(&world)[..2], [(0, 1); 2]);
    let until = world.now.plus_ms(NOTICE_MS);
    world.run(until);
    assert_eq!(epochs(&world)[..2], [(1, 1); 2]);
}

/// A vote was open, two nodes were gone for good, the register was recovered and went on. The third node
/// has not heard of the height before it either, if it was away earlier.
fn recovered(is_third_behind: bool) -> (World, EntryId) {
    let mut world = World::new();
    world.nodes[2].is_up = !is_third_behind;
    let proposal = world.propose(1);
    wait(&mut world, 20 * MINUTE_MS);
    for member in [1, 2] {
        world.vote(member, proposal);
    }
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    wait(&mut world, 10 * 24 * 60 * MINUTE_MS);
    let recovery = recovery(&world);
    announce(&mut world, &recovery);
    wait(&mut world, NOTICE_MS);
    confirm(&mut world, &recovery);
    wait(&mut world, 9 * 24 * 60 * MINUTE_MS);
    assert_eq!(epochs(&world)[..2], [(1, 3); 2]);
    (world, proposal)
}

/// A node hears at once of everything that the first has, as one that catches up does.
fn catches_up(world: &mut World, node: usize) {
    let all = world.nodes[0].entries.iter();
    let all = all.map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    let all: Vec<Entry> = all.collect();
    world.give(node, Input::Introduce(all));
    world.deliver();
    wait(world, MINUTE_MS);
}

/// A node is where the others are, and so it is when it starts again.
fn has_followed(world: &mut World, node: usize) {
    for _ in 0..2 {
        assert_eq!(world.nodes[node].core.register_trouble(), None);
        assert_eq!(epochs(world)[node], epochs(world)[0]);
        let known = world.nodes[node].core.recoveries(world.now);
        assert!(known[0].is_followed, "{node}");
        world.restart(node);
        wait(world, MINUTE_MS);
    }
}

#[test]
fn a_node_that_was_away_during_the_whole_recovery_follows_it_when_it_catches_up() {
    for is_behind in [false, true] {
        let (mut world, _) = recovered(is_behind);
        assert_eq!(world.nodes[2].heights.contains_key(&2), !is_behind);
        world.nodes[2].is_up = true;
        world.restart(2);
        catches_up(&mut world, 2);
        has_followed(&mut world, 2);
        // It goes on following what is decided later.
        let proposal = world.propose(1);
        wait(&mut world, 20 * MINUTE_MS);
        assert_eq!(epochs(&world)[..3], [(1, 4); 3], "{proposal}");
    }
}

#[test]
fn a_node_follows_a_recovery_in_whatever_order_it_hears_of_it() {
    let (mut world, _) = recovered(true);
    let all = world.nodes[0].entries.iter();
    let all = all.map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    let mut logs: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
    for entry in all {
        logs.entry(entry.header.author).or_default().push(entry);
    }
    let (older, missed) = (
        world.nodes[2].entries.clone(),
        world.nodes[2].heights.clone(),
    );
    let journal = world.nodes[2].journal.clone();
    let logs: Vec<Vec<Entry>> = logs.into_values().collect();
    for first in 0..logs.len() {
        let node = &mut world.nodes[2];
        node.is_up = true;
        (node.entries, node.heights) = (older.clone(), missed.clone());
        node.journal.clone_from(&journal);
        world.restart(2);
        let mut logs = logs.clone();
        logs.rotate_left(first);
        for log in logs {
            world.give(2, Input::Introduce(log));
            world.give(2, Input::Wake);
        }
        world.deliver();
        wait(&mut world, MINUTE_MS);
        assert_eq!(world.nodes[2].core.register_trouble(), None, "{first}");
        assert_eq!(epochs(&world)[2], (1, 3), "{first}");
    }
}

#[test]
fn a_newcomer_that_holds_nothing_follows_a_recovery_of_before() {
    let (mut world, proposal) = recovered(false);
    let mut newcomer = Node {
        core: core(5),
        member: 5,
        entries: Vec::new(),
        heights: BTreeMap::new(),
        journal: Vec::new(),
        answers: Vec::new(),
        recalled: 0,
        is_up: true,
    };
    let (clean, alone) = (true, true);
    let start = Input::Start { clean, alone };
    newcomer.core.handle(world.now, start);
    world.nodes.push(newcomer);
    catches_up(&mut world, 4);
    let chain = world.nodes[4].core.register_chain().unwrap();
    assert_eq!((chain.epoch(), chain.height()), (1, 3));
    let decided = chain.decided(&proposal, &id(1));
    assert_eq!(decided[0].ending, Ending::Judged(Verdict::Passed));
    has_followed(&mut world, 4);
}
