//! What must hold though members lie, through stored entries.

use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted},
    id::EntryId,
    key::SecretKey,
    record::{Ballot, Delegate, Kind, Profile},
};

use super::*;

/// An entry of a log that the node of its member need not know.
fn entry(
    world: &World,
    by: &SecretKey,
    grant: EntryId,
    (tip, salt): (Option<(u64, EntryId)>, u8),
    (address, record): (&str, &Record),
) -> Entry {
    let body = Salted::new(&[salt; SALT_BYTES], &record.to_bytes());
    let header = Header {
        author: by.public(),
        grant,
        sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
        previous: tip.map(|(_, id)| id),
        time: world.now,
        address: Address::parse(address).unwrap(),
        audience: Audience::Public,
        kind: record.kind(),
        critical: false,
        body: body.seal(),
        note: None,
        references: Vec::new(),
    };
    Entry {
        signature: header.sign(&world.nodes[0].core.federation(), by),
        header,
        body: Some(body),
        note: None,
    }
}

/// The mandate of a member.
fn mandate_of(world: &World, member: u8) -> EntryId {
    let federation = world.nodes[0].core.federation();
    let entries = world.nodes[0].entries.iter();
    let mut entries = entries.map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    let is_it = |entry: &Entry| {
        entry.header.kind == Kind::Mandate && entry.header.author == key(member, 1).public()
    };
    entries.find(is_it).unwrap().id(&federation)
}

/// What member 2's delegate writes at the beginning of one branch of its log.
fn below(world: &World, branch: u8) -> Entry {
    let profile = Profile {
        name: format!("Co-op 2, branch {branch}"),
        region: String::new(),
        description: String::new(),
        website: String::new(),
    };
    let profile = ("profile", &Record::Profile(profile));
    let grant = mandate_of(world, 2);
    entry(world, &key(2, 3), grant, (None, branch), profile)
}

/// Its first ballot, after that entry.
fn ballot(world: &World, proposal: &EntryId, after: &Entry, choice: Choice) -> Entry {
    let core = &world.nodes[0].core;
    let chain = core.register_chain().unwrap();
    let phase = chain.open_phase(proposal, &id(1)).unwrap();
    let ballot = Record::Ballot(Ballot {
        phase: phase.vote,
        revision: 1,
        version: phase.text,
        choice,
        aim: None,
        reason_characters: 0,
    });
    let tip = Some((after.header.sequence, after.id(&core.federation())));
    let grant = mandate_of(world, 2);
    entry(world, &key(2, 3), grant, (tip, 1), ("ballots", &ballot))
}

/// Time for a receipt to be signed.
fn sign(world: &mut World) {
    world.now = world.now.plus_ms(5_000);
    for node in 0..4 {
        world.give(node, Input::Wake);
    }
}

#[test]
fn a_voter_whose_log_forks_below_its_ballots_keeps_no_vote_from_closing() {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    // One branch for each half of the validators, all of them honest; each half signs receipts for what
    // it has before it hears of the other branch.
    let (one, other) = (below(&world, 1), below(&world, 2));
    let aside = ballot(&world, &proposal, &one, Choice::StandAside);
    let agree = ballot(&world, &proposal, &other, Choice::Agree);
    for node in [0, 1] {
        world.give(node, Input::Introduce(vec![one.clone(), aside.clone()]));
    }
    for node in [2, 3] {
        world.give(node, Input::Introduce(vec![other.clone(), agree.clone()]));
    }
    sign(&mut world);
    // A third choice, for which nobody signs: of three choices nodes keep two.
    let abstain = ballot(&world, &proposal, &agree, Choice::Abstain);
    for node in [2, 3] {
        world.give(node, Input::Introduce(vec![abstain.clone()]));
    }
    world.deliver();
    world.vote(1, proposal);
    world.vote(3, proposal);
    world.end_of(proposal);
    for node in 0..4 {
        let proposer = id(1);
        let mut votes = world.nodes[node]
            .core
            .annals()
            .votes_on(&proposal, &proposer);
        let is_final = votes.any(|vote| vote.ended.is_some());
        assert!(is_final, "node {node} at height {}", world.heights()[node]);
    }
}

#[test]
fn a_voter_with_many_delegates_who_vote_at_once_keeps_no_vote_from_closing() {
    let mut world = World::new();
    // Member 2 has eight delegates, each with a key and a log of its own: nothing forks.
    let (federation, keys) = (world.nodes[0].core.federation(), 7..15);
    let delegate = |what: u8| Delegate {
        key: key(2, what).public(),
        person: PersonId([2; 16]),
    };
    let delegates = keys.clone().map(delegate).collect();
    let mandate = world.act(1, &key(2, 1), Act::Mandate { delegates });
    let proposal = world.propose(1);
    world.open_up(proposal);
    let core = &world.nodes[0].core;
    let chain = core.register_chain().unwrap();
    let phase = chain.open_phase(&proposal, &id(1)).unwrap();
    let ballot = Record::Ballot(Ballot {
        phase: phase.vote,
        revision: 1,
        version: phase.text,
        choice: Choice::Agree,
        aim: None,
        reason_characters: 0,
    });
    let cast = |what: u8| {
        let ballot = ("ballots", &ballot);
        entry(&world, &key(2, what), mandate, (None, 1), ballot)
    };
    let ballots: Vec<Entry> = keys.map(cast).collect();
    for node in 0..4 {
        let half = [&ballots[..4], &ballots[4..]][node / 2];
        world.give(node, Input::Introduce(half.to_vec()));
    }
    sign(&mut world);
    world.deliver();
    let stored = |node: usize| {
        let replica = world.nodes[node].core.replica();
        let all = ballots.iter();
        all.filter(|one| replica.find(&one.id(&federation)).is_some())
            .count()
    };
    assert_eq!(
        [0, 1, 2, 3].map(stored),
        [8; 4],
        "everybody has all of them"
    );
    world.vote(1, proposal);
    world.vote(3, proposal);
    world.end_of(proposal);
    for node in 0..4 {
        let proposer = id(1);
        let mut votes = world.nodes[node]
            .core
            .annals()
            .votes_on(&proposal, &proposer);
        let is_final = votes.any(|vote| vote.ended.is_some());
        assert!(is_final, "node {node} at height {}", world.heights()[node]);
    }
}
