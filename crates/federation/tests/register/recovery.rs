//! Recoveries through stored entries: announced, confirmed, objected to, followed after a restart.

use domain::{id::EntryId, record::Recovering};
use register::recovery::{Recovery, Stage, State};

use super::*;
use crate::support::Node;

const NOTICE_MS: u64 = 10 * MINUTE_MS;

/// A vote is open, and the nodes of two members are gone for good.
fn stalled() -> (World, EntryId) {
    let mut world = World::new();
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [2; 4]);
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
