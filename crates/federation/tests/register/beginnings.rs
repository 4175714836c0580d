//! Founders who sign two beginnings of the register.

use domain::{cbor::Decode, entry::Entry, record::Kind};

use super::*;

/// More than half of the founders sign another beginning than the first one.
fn begin_again(world: &mut World) {
    world.now = world.now.plus_ms(MINUTE_MS);
    let beginning = world.signed(&world.begin(), &[1, 2, 3]).to_bytes();
    world.lies(1, &Record::Founding(Founding { beginning }));
}

/// A register at height 2 of which more than half of the founders sign another beginning.
fn begun_again_at_2() -> World {
    let mut world = World::new();
    world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [2; 4]);
    begin_again(&mut world);
    world
}

#[test]
fn two_beginnings_stop_every_node_that_has_seen_both_and_are_shown() {
    let mut world = World::new();
    assert_eq!(world.heights(), [1; 4]);
    begin_again(&mut world);
    for restarts in [false, true] {
        if restarts {
            (0..4).for_each(|node| world.restart(node));
        }
        for node in &world.nodes {
            assert_eq!(node.core.beginnings().count(), 2);
            let trouble = node.core.register_trouble().unwrap();
            assert!(trouble.contains("two different beginnings"), "{trouble}");
            assert!(node.core.registrar().is_none());
        }
    }
}

#[test]
fn another_beginning_is_shown_and_stops_nobody_once_the_register_has_gone_on() {
    let mut world = begun_again_at_2();
    for restarts in [false, true] {
        if restarts {
            (0..4).for_each(|node| world.restart(node));
        }
        assert_eq!(world.heights(), [2; 4]);
        for node in &world.nodes {
            assert_eq!(node.core.beginnings().count(), 2);
            assert_eq!(node.core.register_trouble(), None);
        }
    }
    // Votes go on.
    world.propose(2);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [3; 4]);
}

#[test]
fn a_node_that_comes_later_follows_the_beginning_that_a_quorum_went_on_from() {
    let mut world = begun_again_at_2();
    let last = world.nodes[0].core.register_chain().unwrap().last();
    let newcomer = &mut world.nodes[3];
    newcomer.heights.clear();
    newcomer.journal.clear();
    let is_said = |bytes: &[u8]| Entry::from_bytes(bytes).unwrap().header.kind == Kind::Witness;
    let mut entries = std::mem::take(&mut newcomer.entries);
    let said: Vec<_> = entries
        .extract_if(.., |(bytes, _)| is_said(bytes))
        .collect();
    newcomer.entries = entries;
    // It hears both beginnings before it hears what was said of height 2.
    world.restart(3);
    let trouble = world.nodes[3].core.register_trouble().unwrap();
    assert!(trouble.contains("two different beginnings"), "{trouble}");
    let said = said
        .iter()
        .map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    world.give(3, Input::Introduce(said.collect()));
    world.deliver();
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    assert_eq!(world.heights(), [2; 4]);
    let chain = world.nodes[3].core.register_chain().unwrap();
    assert_eq!(chain.last(), last);
    // It starts again, and has its part in the register.
    world.restart(3);
    assert_eq!(world.heights(), [2; 4]);
}
