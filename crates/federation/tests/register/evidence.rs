//! Evidence through stored entries: written down by who found it, kept by all, and derived again at start.

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, Hash, MemberId},
    key::SecretKey,
    record::{self, Kind},
};
use register::{
    agreement::{self, Pair, Signed, Step, Vote},
    closing::SignedManifest,
    contradiction::Contradiction,
    manifest::Manifest,
    registrar::Message as Told,
    statement::Statement,
    validators::ValidatorIndex,
    witness,
};

use super::*;
use crate::support::Node;

/// What a validator's key says about an open phase, in an entry of its log.
fn manifest_of_nothing(world: &World, proposal: &EntryId, opened_ms: u64) -> Record {
    let core = &world.nodes[0].core;
    let (federation, chain) = (core.federation(), core.register_chain().unwrap());
    let phase = chain.open_phase(proposal, &id(1)).unwrap();
    let by = key(4, 6);
    let manifest = Manifest {
        phase: phase.id,
        author: phase.validators.index_of(&by.public()).unwrap(),
        opened_final: world.now.plus_ms(opened_ms),
        rows: Vec::new(),
        early: Vec::new(),
    };
    let bytes = manifest.to_bytes();
    let phase = phase.id;
    let manifest = Manifest::hash_of(&federation, &bytes);
    let statement = Statement::Manifest { phase, manifest };
    let signature = statement.sign(&federation, &by);
    let said = witness::Message::Manifest(SignedManifest { bytes, signature });
    let message = Told::Phase { phase, said };
    let mut parts = Witness::parts_of(&message.to_bytes());
    Record::Witness(parts.remove(0))
}

/// A world in which the last validator has said two things, one of them to the first node alone.
fn two_halves() -> (World, usize) {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    world.nodes[3].is_up = false;
    // Its own node is not the one that lies: whoever has its key does.
    let first = manifest_of_nothing(&world, &proposal, 0);
    world.writes_at(0, 4, (6, "receipts"), &first);
    world.deliver();
    let second = manifest_of_nothing(&world, &proposal, 1);
    world.writes_at(0, 4, (6, "receipts"), &second);
    let other_half = world.nodes[0].entries.iter().rposition(|(bytes, _)| {
        let entry = Entry::from_bytes(bytes).unwrap();
        entry.header.author == key(4, 6).public()
    });
    let other_half = world.nodes[0].entries[other_half.unwrap()].0.clone();
    // Nobody else ever gets it.
    world.under_way.retain(|(_, bytes)| *bytes != other_half);
    world.deliver();
    (world, 3)
}

/// By whom a node knows two things, and what.
fn caught(world: &World, node: usize) -> Vec<(MemberId, &'static str)> {
    let all = world.nodes[node].core.caught().values();
    all.map(|one| (one.member, one.word())).collect()
}

#[test]
fn evidence_reaches_those_who_saw_one_half_and_is_there_after_a_restart() {
    let (mut world, up) = two_halves();
    let convicted = [(id(4), "manifests")];
    let before: Vec<_> = world.nodes[0].core.caught().keys().copied().collect();
    for node in 0..up {
        assert_eq!(caught(&world, node), convicted, "node {node}");
    }
    let later = world.now.plus_ms(100 * 24 * 60 * MINUTE_MS);
    world.run(later);
    for node in 0..up {
        world.restart(node);
        assert_eq!(caught(&world, node), convicted, "node {node}");
        let core = &world.nodes[node].core;
        let after: Vec<_> = core.caught().keys().copied().collect();
        assert_eq!(after, before, "the same on every node");
        for one in core.caught().values() {
            assert_eq!(one.contradiction.verify(&core.federation()), Ok(()));
        }
    }
    // It stands in one record: whoever hears of it does not repeat it.
    let written = |node: &Node| {
        let entries = node
            .entries
            .iter()
            .map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
        entries
            .filter(|entry| entry.header.kind == Kind::Evidence)
            .count()
    };
    assert_eq!(written(&world.nodes[1]), 1);
}

#[test]
fn a_newcomer_to_the_network_learns_of_evidence_from_the_record_alone() {
    let (mut world, _) = two_halves();
    world.nodes[3].is_up = true;
    let entries = world.nodes[1].entries.clone();
    for (bytes, _) in entries {
        world.under_way.push((3, bytes));
    }
    world.deliver();
    assert_eq!(caught(&world, 3), [(id(4), "manifests")]);
}

#[test]
fn what_convicts_nobody_is_not_kept_whoever_writes_it() {
    let (mut world, up) = two_halves();
    let found = world.nodes[0].core.caught().values().next().unwrap();
    let good = found.contradiction.to_bytes();
    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    // Of a key that nobody granted.
    let stranger = Contradiction::InAgreement(votes_of(&world, &key(15, 6)));
    for contradiction in [forged, vec![1, 2, 3], stranger.to_bytes()] {
        let record = Record::Evidence(record::Evidence { contradiction });
        world.writes(2, 6, "register", &record);
    }
    for node in 0..up {
        assert_eq!(caught(&world, node), [(id(4), "manifests")], "node {node}");
    }
}

/// Two votes of one step.
fn votes_of(world: &World, by: &SecretKey) -> agreement::Evidence {
    let federation = world.nodes[0].core.federation();
    let vote = |value: Option<Hash>| {
        let vote = Vote {
            epoch: 0,
            height: 9,
            round: 0,
            step: Step::Prevote,
            value,
        };
        Signed::sign(&federation, ValidatorIndex(0), by, vote)
    };
    let pair = Pair::Votes(vote(None), vote(Some(Hash([by.public().0[0]; 32]))));
    let key = by.public();
    agreement::Evidence { key, pair }
}

#[test]
fn of_one_member_so_much_is_kept_and_the_same_on_every_node_in_any_order() {
    let (mut world, up) = two_halves();
    let federation = world.nodes[0].core.federation();
    let by = key(4, 6);
    let found = (0..20u8).map(|round| {
        let vote = |value: Option<Hash>| {
            let vote = Vote {
                epoch: 0,
                height: 9,
                round: u32::from(round),
                step: Step::Prevote,
                value,
            };
            Signed::sign(&federation, ValidatorIndex(0), &by, vote)
        };
        let pair = Pair::Votes(vote(None), vote(Some(Hash([7; 32]))));
        let key = by.public();
        Contradiction::InAgreement(agreement::Evidence { key, pair })
    });
    let found: Vec<Contradiction> = found.collect();
    for (number, one) in found.iter().enumerate() {
        let contradiction = one.to_bytes();
        let record = Record::Evidence(record::Evidence { contradiction });
        world.writes(2 + number as u8 % 2, 6, "register", &record);
    }
    let hashes = |world: &World, node: usize| -> Vec<Hash> {
        world.nodes[node].core.caught().keys().copied().collect()
    };
    assert_eq!(hashes(&world, 0).len(), 8);
    for node in 1..up {
        assert_eq!(hashes(&world, node), hashes(&world, 0));
    }
    let before = hashes(&world, 0);
    world.restart(0);
    assert_eq!(hashes(&world, 0), before);
}
