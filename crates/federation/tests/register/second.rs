//! A second node of a member where the register has begun: a node that has nothing but the genesis knows by
//! a few entries whose it is.

use domain::{
    cbor::{Decode, Encode},
    effect::{Effect, root_message},
    entry::Entry,
    id::MemberId,
    key::{PublicKey, SecretKey},
    record::{Custody, Grant, Purpose, Roles},
};
use federation::{Act, Core, Input, Settings};

use crate::support::{World, applicant, genesis, id, key};

/// The root key of a member grants another node at one that is there.
fn another(world: &mut World, node: usize, root: &SecretKey) -> PublicKey {
    let (member, other) = (world.nodes[node].member, SecretKey::from_seed(&[99; 32]));
    let federation = world.nodes[node].core.federation();
    let purpose = Purpose::Node;
    let proof = Grant::prove(&other, &federation, &id(member), purpose, None);
    let grant = Act::Grant {
        purpose,
        key: other.public(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        proof: Some(proof),
    };
    world.act(node, root, grant);
    other.public()
}

/// Whose a node finds itself to be that is shown what a node has to show of it and of itself, and whether
/// it lets that one in.
fn shown(world: &World, node: usize, key: PublicKey) -> (Option<MemberId>, bool) {
    let (core, federation) = (&world.nodes[node].core, world.nodes[node].core.federation());
    let ids = [core.introduction_of(&key), core.introduction()].concat();
    let entries = world.nodes[node].entries.iter();
    let entries = entries.map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    let all: Vec<Entry> = entries.collect();
    let shown = ids.iter().filter_map(|id| {
        let mut all = all.iter();
        all.find(|entry| entry.id(&federation) == *id).cloned()
    });
    let settings = Settings {
        node: key,
        seed: [1; 32],
    };
    let mut second = Core::new(genesis(), settings).unwrap();
    for entry in shown {
        second.restore(&entry.to_bytes(), world.now).unwrap();
    }
    let (clean, alone) = (true, false);
    second.handle(world.now, Input::Start { clean, alone });
    let lets_in = second.roster().contains_key(&core.node());
    (second.member(), lets_in)
}

#[test]
fn a_second_node_knows_whose_it_is_before_it_has_the_register() {
    let mut world = World::new();
    let founder = another(&mut world, 2, &key(3, 1));
    assert_eq!(shown(&world, 2, founder), (Some(id(3)), true));
    assert_eq!(
        shown(&world, 2, SecretKey::from_seed(&[98; 32]).public()),
        (None, true)
    );
}

#[test]
fn so_does_one_of_a_member_that_a_decision_admitted() {
    let mut world = World::new();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply);
    world.decide("", Effect::Admission(applicant));
    world.enter(5);
    let second = another(&mut world, 4, &key(5, 1));
    assert_eq!(shown(&world, 4, second), (Some(id(5)), true));
}

#[test]
fn so_does_one_that_a_root_key_granted_which_took_the_place_of_another() {
    let mut world = World::new();
    let (member, new) = (id(4), key(9, 1));
    let federation = world.nodes[0].core.federation();
    let (root, proof) = (new.public(), new.sign(&root_message(&federation, &member)));
    let effect = Effect::Root {
        member,
        root,
        proof,
    };
    world.decide("", effect);
    while let Some(act) = world.nodes[3].core.takes_up(&root) {
        world.act(3, &new, act);
    }
    let second = another(&mut world, 3, &new);
    assert_eq!(shown(&world, 3, second), (Some(member), true));
}
