//! What must hold though members lie, through stored entries.

use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted},
    id::EntryId,
    key::SecretKey,
    record::{AnswerAct, Ballot, Delegate, Kind, Profile, Witness},
};
use register::{
    chain::OPEN_VOTES_MAX, closing::SignedManifest, phase::Question, registrar, witness,
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

/// Every node has the first member's vote ended for ever.
fn assert_final(world: &World, proposal: EntryId) {
    let proposer = id(1);
    for node in 0..4 {
        let mut votes = world.nodes[node]
            .core
            .annals()
            .votes_on(&proposal, &proposer);
        let is_final = votes.any(|vote| vote.ended.is_some());
        assert!(is_final, "node {node} at height {}", world.heights()[node]);
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
    assert_final(&world, proposal);
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
    assert_final(&world, proposal);
}

/// The first member's vote is blocked when its time is over.
fn blocked() -> (World, EntryId) {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    world.choose(2, proposal, Choice::Block);
    for member in [1, 3] {
        world.vote(member, proposal);
    }
    (world, proposal)
}

/// The window of the first member's blocked vote.
fn window(world: &World, proposal: &EntryId) -> EntryId {
    let chain = world.nodes[1].core.register_chain().unwrap();
    let window = chain.open_phase(proposal, &id(1)).unwrap();
    assert_eq!(window.question, Question::Answer);
    window.id
}

/// An answer to a block that amends, and the version that it names, as another release may write them: the
/// answer comes first, and the node of their member is away.
fn amends(world: &mut World, proposal: EntryId, window: EntryId) -> (Entry, Entry, Hash) {
    let by = key(1, 3);
    let amend = Act::Amend {
        proposal,
        title: "Meet on Fridays".to_owned(),
        text: "We meet on Fridays.".to_owned(),
        what_changed: String::new(),
        draft: Vec::new(),
        effect: None,
    };
    let tip = world.nodes[1].core.replica().tip(&by.public());
    world.act_alone(0, &by, amend);
    world.nodes[0].is_up = false;
    world.under_way.clear();
    let own = &world.nodes[0];
    let written = own.entries.iter().rev();
    let mut written = written.map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    let amendment = written.find(|one| one.header.kind == Kind::Amendment);
    let amendment = amendment.unwrap().record().unwrap();
    let text = own.core.view().proposals[&proposal].current().unwrap().hash;
    let answer = Record::Answer(record::Answer {
        phase: window,
        revision: 1,
        act: AnswerAct::Amend {
            version: EntryId([9; 32]),
            text,
        },
    });
    let grant = mandate_of(world, 1);
    let answer = entry(world, &by, grant, (tip, 1), ("ballots", &answer));
    let tip = Some((answer.header.sequence, answer.id(&own.core.federation())));
    let amendment = entry(world, &by, grant, (tip, 2), ("proposals", &amendment));
    (answer, amendment, text)
}

fn hears(world: &mut World, entry: &Entry) {
    for node in 1..4 {
        world.give(node, Input::Introduce(vec![entry.clone()]));
    }
}

#[test]
fn an_answer_that_amends_is_taken_once_the_version_it_names_is_there() {
    let (mut world, proposal) = blocked();
    world.end_of(proposal);
    let window = window(&world, &proposal);
    let (answer, amendment, text) = amends(&mut world, proposal, window);
    hears(&mut world, &answer);
    let later = world.now.plus_ms(20 * MINUTE_MS);
    world.run(later);
    assert_eq!(world.heights()[1..], [3; 3], "nobody has the version");
    hears(&mut world, &amendment);
    let later = world.now.plus_ms(20 * MINUTE_MS);
    world.run(later);
    let chain = world.nodes[1].core.register_chain().unwrap();
    let open = chain.open_phase(&proposal, &id(1)).unwrap();
    assert_eq!((open.question, open.text), (Question::Vote, text));
}

#[test]
fn an_answer_that_came_before_its_window_is_taken_with_it() {
    let (mut elsewhere, proposal) = blocked();
    elsewhere.end_of(proposal);
    let window = window(&elsewhere, &proposal);
    let (mut world, _) = blocked();
    let (answer, amendment, text) = amends(&mut world, proposal, window);
    hears(&mut world, &answer);
    hears(&mut world, &amendment);
    let chain = world.nodes[1].core.register_chain().unwrap();
    let deadline = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
    world.run(deadline.plus_ms(120 * MINUTE_MS));
    let chain = world.nodes[1].core.register_chain().unwrap();
    let open = chain.open_phase(&proposal, &id(1)).unwrap();
    assert_eq!((open.question, open.text), (Question::Vote, text));
}

#[test]
fn who_has_as_many_votes_open_as_it_may_is_told_so_before_it_opens_another() {
    let mut world = World::new();
    let mut proposed: Vec<EntryId> = (0..33)
        .map(|_| world.act(0, &key(1, 3), propose("", None)))
        .collect();
    let last = proposed.pop().unwrap();
    for proposal in proposed {
        world.act(0, &key(1, 3), Act::Open { proposal });
    }
    let soon = world.now.plus_ms(60 * MINUTE_MS);
    world.run(soon);
    let open = world.nodes[3].core.register_chain().unwrap().phases().len();
    assert_eq!(open, OPEN_VOTES_MAX);
    let refused = world.refused(0, &key(1, 3), Act::Open { proposal: last });
    let (found, most) = (OPEN_VOTES_MAX, OPEN_VOTES_MAX);
    assert_eq!(refused, Refused::OpenVotes { found, most });
}

/// A validator says much of phases that never were, until nothing more fits in between.
fn floods(world: &mut World, member: u8) {
    let message = |number: usize, bytes: usize| registrar::Message::Phase {
        phase: EntryId([number as u8; 32]),
        said: witness::Message::Manifest(SignedManifest {
            bytes: vec![number as u8; bytes],
            signature: key(member, 6).sign(b"anything"),
        }),
    };
    for (count, bytes) in [(50, 50_000), (50, 1_000), (20, 1)] {
        for number in 0..count {
            for part in Witness::parts_of(&message(number, bytes).to_bytes()) {
                world.writes(member, 6, "receipts", &Record::Witness(part));
            }
        }
    }
}

#[test]
fn an_opening_that_came_before_its_proposal_is_opened_once_that_is_here() {
    // What one member's node writes alone, in a world that is the same as the other.
    let mut elsewhere = World::new();
    let proposal = elsewhere.act_alone(0, &key(1, 4), propose("", None));
    elsewhere.act_alone(0, &key(1, 3), Act::Open { proposal });
    let written = elsewhere.nodes[0].entries.iter();
    let written: Vec<Entry> = written
        .map(|(bytes, _)| Entry::from_bytes(bytes).unwrap())
        .collect();
    let of_kind = |kind: Kind| written.iter().find(|one| one.header.kind == kind).unwrap();
    let (opening, proposed) = (of_kind(Kind::Opening), of_kind(Kind::Proposal).clone());
    let mut world = World::new();
    let opening = ("proposals", &opening.record().unwrap());
    let opening = entry(
        &world,
        &key(1, 3),
        mandate_of(&world, 1),
        (None, 1),
        opening,
    );
    for node in 0..4 {
        world.give(node, Input::Introduce(vec![opening.clone()]));
    }
    let later = world.now.plus_ms(20 * MINUTE_MS);
    world.run(later);
    assert_eq!(world.heights(), [1; 4], "nobody knows what it opens");
    world.give(0, Input::Introduce(vec![proposed]));
    world.open_up(proposal);
}

#[test]
fn what_honest_validators_said_is_found_again_by_a_node_that_was_away_though_others_flooded() {
    let mut world = World::new();
    world.nodes[3].is_up = false;
    // More than is kept of one member: all that the first says from here on stays in the store of a node
    // that does not know yet what it speaks of.
    floods(&mut world, 1);
    let proposal = world.propose(1);
    world.open_up(proposal);
    for member in 1..=2 {
        world.vote(member, proposal);
    }
    world.end_of(proposal);
    assert_eq!(world.heights()[..3], [3; 3]);
    // Without the first there is no quorum. Its log comes before the others'.
    world.nodes[3].is_up = true;
    let mut all: Vec<Vec<u8>> = world.nodes[0]
        .entries
        .iter()
        .map(|(one, _)| one.clone())
        .collect();
    let validators: Vec<_> = (1..=3).map(|member| key(member, 6).public()).collect();
    all.sort_by_key(|bytes| {
        let author = Entry::from_bytes(bytes).unwrap().header.author;
        validators.iter().position(|key| *key == author)
    });
    world
        .under_way
        .extend(all.into_iter().map(|bytes| (3, bytes)));
    world.deliver();
    let later = world.now.plus_ms(60 * MINUTE_MS);
    world.run(later);
    assert_eq!(world.heights(), [3; 4]);
    assert!(world.nodes[3].recalled > 0);
    // The same for one that starts again while a vote is open: nothing that was said of it is lost.
    let proposal = world.propose(1);
    world.open_up(proposal);
    for member in 1..=2 {
        world.vote(member, proposal);
    }
    let later = world.now.plus_ms(MINUTE_MS);
    world.run(later);
    let recalled = world.nodes[3].recalled;
    world.restart(3);
    assert!(world.nodes[3].recalled > recalled);
    assert_eq!(world.heights(), [4; 4]);
    world.nodes[2].is_up = false;
    world.end_of(proposal);
    assert_eq!((world.heights()[0], world.heights()[3]), (5, 5));
}
