//! How final a vote is said to be, from its opening to its end, and what is shown of the register.

#![expect(
    clippy::unwrap_used,
    reason = "a node that cannot go on has failed the test"
)]

mod support;

use domain::{
    cbor::Encode,
    decision::Verdict,
    id::EntryId,
    record::{self, Record},
};
use federation::{
    Act, Core,
    finality::{Finality, Told, Witnessed},
};
use register::{
    chain::Ending, closing::SignedManifest, contradiction::Contradiction, file::Turn,
    manifest::Manifest, outcome::Outcome, registrar::Message, statement::Statement,
    validators::ValidatorIndex, witness,
};
use support::{MINUTE_MS, World, id, key, propose};

fn finality<'a>(core: &'a Core, world: &World, proposal: &EntryId) -> Finality<'a> {
    core.finality(&core.decision(proposal, world.now).unwrap())
}

/// How far the vote of a member is on a node.
fn witnessed(world: &World, node: usize, member: u8, proposal: &EntryId) -> Witnessed {
    let core = &world.nodes[node].core;
    let decision = core.decision(proposal, world.now).unwrap();
    let counted = &decision.phase.as_ref().unwrap().count.counted;
    let Finality::Open(open) = core.finality(&decision) else {
        panic!("it is not open");
    };
    open.witnessed(&counted[&id(member)].ballot).unwrap()
}

#[test]
fn without_a_register_and_from_before_it_a_vote_stays_provisional() {
    let mut world = World::before_the_register();
    let proposal = world.propose(1);
    let core = &world.nodes[1].core;
    let before = finality(core, &world, &proposal);
    assert!(matches!(before, Finality::NoRegister), "{before:?}");
    world.now = world.now.plus_ms(MINUTE_MS);
    let begin = world.begin();
    let beginning = world.signed(&begin, &[1, 2, 3]).to_bytes();
    world.lies(1, &Record::Founding(record::Founding { beginning }));
    let core = &world.nodes[1].core;
    let after = finality(core, &world, &proposal);
    assert!(matches!(after, Finality::Before), "{after:?}");
}

#[test]
fn a_vote_is_followed_from_its_opening_through_its_closing_to_its_end() {
    let mut world = World::new();
    let proposal = world.act(0, &key(1, 3), propose("", None));
    let talked_about = finality(&world.nodes[0].core, &world, &proposal);
    assert!(matches!(talked_about, Finality::NotOpened));
    world.act_alone(0, &key(1, 3), Act::Open { proposal });
    let awaited = finality(&world.nodes[0].core, &world, &proposal);
    assert!(matches!(awaited, Finality::Awaited));
    world.deliver();
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let sent = witnessed(&world, 3, 1, &proposal);
    assert_eq!((sent.receipts_needed, sent.holds_needed), (2, 3));
    assert!(sent.receipts < 4 && !sent.is_secured());
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    let secured = witnessed(&world, 3, 1, &proposal);
    assert_eq!((secured.receipts, secured.validators), (4, 4));
    assert!(secured.is_secured());

    let Finality::Open(open) = finality(&world.nodes[2].core, &world, &proposal) else {
        panic!("it is not open");
    };
    assert_eq!(open.closing(world.now), None);
    let deadline = open.phase().deadline;
    world.run(deadline.plus_ms(1));
    let Finality::Open(open) = finality(&world.nodes[2].core, &world, &proposal) else {
        panic!("it is not open");
    };
    let closing = open.closing(world.now).unwrap();
    assert_eq!(closing.without_manifest.len(), 4);
    assert_eq!((closing.seals, closing.needed, closing.height), (0, 3, 3));
    assert!(deadline < closing.manifests_from && closing.manifests_from < closing.seals_from);

    world.run(deadline.plus_ms(60 * MINUTE_MS));
    for node in &world.nodes {
        let Finality::Final(vote, ended) = finality(&node.core, &world, &proposal) else {
            panic!("it is not final");
        };
        assert_eq!((vote.title.as_str(), ended.height), ("Meet on Tuesdays", 3));
        assert_eq!(ended.ending, Ending::Judged(Verdict::Passed));
        assert!(ended.time >= deadline);
    }
}

#[test]
fn the_annals_tell_what_each_height_did_and_the_same_after_a_restart() {
    let mut world = World::new();
    let proposal = world.propose(2);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    for member in 1..=4 {
        world.vote(member, proposal);
    }
    let deadline = world.nodes[0]
        .core
        .decision(&proposal, world.now)
        .and_then(|decision| Some(decision.phase?.deadline))
        .unwrap();
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    let annals = world.nodes[0].core.annals();
    let told: Vec<&[Told]> = annals.heights().values().map(|one| &*one.told).collect();
    let [
        [
            Told::Vote {
                turn: first,
                opening,
            },
        ],
        [Told::Vote { turn: last, .. }],
    ] = told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(*first, Turn::Opened);
    assert_eq!(*last, Turn::Closed(Outcome::Decided(Verdict::Passed)));
    let vote = annals.vote(opening).unwrap();
    assert_eq!(vote.heights, [2, 3]);
    assert!(world.nodes[0].core.charter_of(&vote.charter).is_some());
    assert!(annals.last_sealed(&id(3)).is_some());
    let chain = world.nodes[0].core.register_chain().unwrap();
    assert_eq!(annals.heights()[&3].hash, chain.last());
    let begun = world.nodes[0].core.beginning().unwrap();
    assert_eq!(annals.began(), Some(begun.begin.hash(&chain.federation())));
    let set = world.nodes[0]
        .core
        .validators_of(&chain.validators().hash());
    assert_eq!(set.as_ref(), Some(chain.validators()));

    let before = annals.heights().clone();
    world.restart(0);
    assert_eq!(*world.nodes[0].core.annals().heights(), before);
    let ended: Vec<EntryId> = world.nodes[0]
        .core
        .annals()
        .ended()
        .map(|(vote, _)| vote.proposal)
        .collect();
    assert_eq!(ended, [proposal]);
}

#[test]
fn who_signs_two_manifests_is_shown_by_every_node() {
    let mut world = World::new();
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    let core = &world.nodes[0].core;
    let federation = core.federation();
    let chain = core.register_chain().unwrap();
    let phase = chain.open_phase(&proposal, &id(1)).unwrap();
    let author = phase.validators.index_of(&key(4, 6).public()).unwrap();
    let phase = phase.id;
    for opened_final in [world.now, world.now.plus_ms(1)] {
        let said = two_faced((4, author), phase, opened_final, &federation);
        for part in record::Witness::parts_of(&said.to_bytes()) {
            world.writes(4, 6, "receipts", &Record::Witness(part));
        }
    }
    for node in &world.nodes {
        let caught: Vec<_> = node.core.caught().values().collect();
        let [caught] = caught[..] else {
            panic!("{caught:?}");
        };
        assert_eq!((caught.member, caught.word()), (id(4), "manifests"));
        let Contradiction::InPhase {
            phase: of,
            evidence,
            ..
        } = &caught.contradiction
        else {
            panic!("{caught:?}");
        };
        let case = node.core.register_chain().unwrap().case(of).unwrap();
        assert_eq!((*of, evidence.verify(&case)), (phase, Ok(())));
    }
}

fn two_faced(
    (member, author): (u8, ValidatorIndex),
    phase: EntryId,
    opened_final: domain::id::Timestamp,
    federation: &domain::id::FederationId,
) -> Message {
    let manifest = Manifest {
        phase,
        author,
        opened_final,
        rows: Vec::new(),
        early: Vec::new(),
    };
    let bytes = manifest.to_bytes();
    let manifest = Manifest::hash_of(federation, &bytes);
    let statement = Statement::Manifest { phase, manifest };
    let signature = statement.sign(federation, &key(member, 6));
    let said = witness::Message::Manifest(SignedManifest { bytes, signature });
    Message::Phase { phase, said }
}
