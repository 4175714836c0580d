//! Which validator key a node signs with, and which one its member declared.

use domain::key::SecretKey;
use federation::{Office, Successor};

use super::*;

fn office(world: &World, node: usize) -> Office {
    world.nodes[node].core.office().unwrap()
}

fn named(world: &World, member: u8, number: u64, validator: &SecretKey) -> Declaration {
    let federation = world.nodes[0].core.federation();
    let who = (id(member), number);
    Declaration::of_validator(&federation, &key(member, 1), who, validator)
}

fn declare(world: &mut World, member: u8, declaration: &Declaration) {
    let node = usize::from(member) - 1;
    let declaration = declaration.to_bytes();
    world.act(node, &key(member, 4), Act::Declare { declaration });
}

#[test]
fn a_newcomer_that_declares_the_key_it_has_closes_votes_without_starting_again() {
    let mut world = World::new();
    let newcomer = applicant(&world.nodes[0].core, 5);
    world.act(1, &key(2, 2), Act::ApplyToAll(Box::new(newcomer.clone())));
    world.decide("", Effect::Admission(newcomer));
    world.enter(5);
    let own = key(5, 6);
    let before = office(&world, 4);
    assert_eq!((before.key, before.named), (Some(own.public()), None));
    assert_eq!((before.has_signed, before.is_lost), (false, false));
    let declaration = named(&world, 5, 1, &own);
    declare(&mut world, 5, &declaration);
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    let after = office(&world, 4);
    assert_eq!((after.named, after.successor()), (Some(own.public()), None));
    let proposal = world.propose(1);
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    let tip = world.nodes[4].core.replica().tip(&own.public());
    assert!(tip.is_some(), "{proposal} is witnessed");
}

#[test]
fn a_key_that_was_declared_waits_for_a_height_and_then_for_a_start() {
    let mut world = World::new();
    for node in [1, 2, 3] {
        world.nodes[node].is_up = false;
    }
    let next = key(1, 7);
    let declaration = named(&world, 1, 1, &next);
    assert_eq!(office(&world, 0).waiting, []);
    declare(&mut world, 1, &declaration);
    let waits = office(&world, 0);
    let declared = std::slice::from_ref(&declaration.matter);
    assert_eq!(waits.waiting, declared);
    assert_eq!(waits.successor(), Some(Successor::Waiting(next.public())));
    // Nobody else's is told as its own, and nothing is told of what cannot be decided.
    assert!(world.nodes[0].core.waiting_declarations(&id(2)).is_empty());
    world.restart(0);
    assert_eq!(office(&world, 0).waiting, declared);
    for node in 1..4 {
        world.nodes[node].is_up = true;
        let all = world.nodes[0].entries.iter();
        let all = all.map(|(bytes, _)| (node, bytes.clone()));
        let all: Vec<_> = all.collect();
        world.under_way.extend(all);
    }
    let later = world.now.plus_ms(60 * MINUTE_MS);
    world.run(later);
    let after = office(&world, 0);
    assert_eq!(
        (after.key, &after.waiting[..]),
        (Some(key(1, 6).public()), &[][..])
    );
    assert_eq!(after.successor(), Some(Successor::Named(next.public())));
}

#[test]
fn what_was_declared_at_a_node_that_takes_no_part_any_more_is_still_known_to_wait() {
    let mut world = World::before_the_register();
    let begin = world.begin();
    let mut other = begin.clone();
    other.time = begin.time.plus_ms(1);
    let beginning = world.signed(&begin, &[1, 2, 3]).to_bytes();
    world.act(0, &key(1, 4), Act::BeginRegister { beginning });
    for node in [1, 2, 3] {
        world.nodes[node].is_up = false;
    }
    let declaration = named(&world, 1, 1, &key(1, 7));
    declare(&mut world, 1, &declaration);
    let beginning = world.signed(&other, &[1, 2, 3]).to_bytes();
    world.lies(1, &Record::Founding(Founding { beginning }));
    assert!(world.nodes[0].core.register_trouble().is_some());
    assert!(world.nodes[0].core.registrar().is_none());
    assert_eq!(office(&world, 0).waiting, [declaration.matter]);
}
