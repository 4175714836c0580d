//! Four nodes with the register: a vote becomes final on all of them, through stored entries alone,
//! and a node that starts again goes on where it was.

#![expect(
    clippy::unwrap_used,
    reason = "a node that cannot go on has failed the test"
)]

mod support;

use domain::{
    cbor::Encode,
    decision::Verdict,
    record::{Founding, Record},
};
use federation::{Input, message::Message};
use register::chain::Ending;
use support::{MINUTE_MS, World, id, key};

#[test]
fn a_vote_becomes_final_on_every_node_through_stored_entries() {
    let mut world = World::new();
    assert_eq!(world.heights(), [1; 4]);
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [2; 4]);
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    let registrar = world.nodes[3].core.registrar().unwrap();
    let phase = registrar.chain().open_phase(&proposal, &id(1)).unwrap();
    let case = registrar.chain().case(&phase.id).unwrap();
    let (deadline, witness) = (phase.deadline, registrar.witness(&phase.id).unwrap());
    let ballots = &world.nodes[3].core.decision(&proposal, world.now).unwrap();
    let counted = ballots.phase.as_ref().unwrap().count.counted.values();
    for counted in counted {
        let ballot = witness.gathered().ballot_of(&counted.ballot).unwrap();
        assert!(witness.gathered().is_secured(&case, ballot));
    }
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    assert_eq!(world.heights(), [3; 4]);
    let states: Vec<_> = world
        .nodes
        .iter()
        .map(|node| node.core.registrar().unwrap().chain().state())
        .collect();
    assert!(states.iter().all(|state| *state == states[0]));
    let chain = world.nodes[2].core.registrar().unwrap().chain();
    let [decided] = chain.decided(&proposal, &id(1)) else {
        panic!("one decision");
    };
    assert_eq!(decided.ending, Ending::Judged(Verdict::Passed));
}

#[test]
fn a_node_that_starts_again_goes_on_where_it_was() {
    let mut world = World::new();
    let proposal = world.propose(2);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    world.restart(0);
    assert_eq!(world.heights(), [2; 4]);
    for member in [1, 2, 4] {
        world.vote(member, proposal);
    }
    let registrar = world.nodes[3].core.registrar().unwrap();
    let deadline = registrar
        .chain()
        .open_phase(&proposal, &id(2))
        .unwrap()
        .deadline;
    world.run(deadline.plus_ms(6 * MINUTE_MS));
    for node in 0..4 {
        world.restart(node);
    }
    world.run(deadline.plus_ms(90 * MINUTE_MS));
    assert_eq!(world.heights(), [3; 4]);
    world.restart(1);
    assert_eq!(world.heights(), [3; 4]);
}

#[test]
fn a_node_whose_clock_is_off_its_peers_signs_nothing_until_it_is_right() {
    let mut world = World::new();
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    let hear = |world: &mut World, ahead_ms: u64| {
        let now = world.now.plus_ms(ahead_ms);
        for member in [1, 2] {
            let peer = key(member, 2).public();
            world.give(2, Input::Connected(peer));
            let incarnation = u64::from(member);
            world.give(2, Input::Message(peer, Message::Hello { now, incarnation }));
        }
    };
    // More than the charter's bound of a minute, and less than what ends all signing.
    hear(&mut world, 90_000);
    let before: Vec<usize> = world.nodes.iter().map(|node| node.journal.len()).collect();
    world.vote(1, proposal);
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    let signed = |world: &World, node: usize| world.nodes[node].journal.len() - before[node];
    assert_eq!(signed(&world, 2), 0);
    assert!(signed(&world, 0) > 0 && signed(&world, 3) > 0);
    hear(&mut world, 0);
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    assert!(signed(&world, 2) > 0);
}

#[test]
fn a_forged_signature_keeps_no_register_from_beginning() {
    let mut world = World::before_the_register();
    let begin = world.begin();
    // Member 4 says that 1, 2 and 3 signed, and that it is a founder twice over.
    let mut forged = world.signed(&begin, &[1, 2, 3, 4]);
    for founding in &mut forged.signatures {
        founding.signature.0[0] ^= 1;
    }
    let beginning = forged.to_bytes();
    world.lies(4, &Record::Founding(Founding { beginning }));
    for member in [1, 2, 3] {
        let beginning = world.signed(&begin, &[member]).to_bytes();
        world.lies(member, &Record::Founding(Founding { beginning }));
    }
    assert_eq!(world.heights(), [1; 4]);
}

#[test]
fn two_beginnings_stop_every_node_that_has_seen_both_and_are_shown() {
    let mut world = World::new();
    world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [2; 4]);
    let other = world.signed(&world.begin(), &[1, 2, 3]).to_bytes();
    world.lies(1, &Record::Founding(Founding { beginning: other }));
    for restarts in [false, true] {
        if restarts {
            (0..4).for_each(|node| world.restart(node));
        }
        for node in &world.nodes {
            assert_eq!(node.core.beginnings().count(), 2);
            let trouble = node.core.register_trouble().unwrap();
            assert!(trouble.contains("two different beginnings"), "{trouble}");
            assert!(node.core.registrar().is_none());
            // What was shown before stays to be seen.
            assert_eq!(node.core.register_chain().unwrap().height(), 2);
        }
    }
}

#[test]
fn votes_opened_before_the_register_are_not_wanted_in_it() {
    let mut world = World::before_the_register();
    world.propose(1);
    world.now = world.now.plus_ms(MINUTE_MS);
    let begin = world.begin();
    let beginning = world.signed(&begin, &[1, 2, 3]).to_bytes();
    world.lies(1, &Record::Founding(Founding { beginning }));
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    assert_eq!(world.heights(), [1; 4]);
    for node in &world.nodes {
        assert!(node.core.registrar().unwrap().wanted().openings.is_empty());
    }
}
