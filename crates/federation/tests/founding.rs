//! Three founders found a federation, vote, and see the same.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, VecDeque};

use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    decision::{Choice, Verdict},
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Custody, Delegate, Grant, Purpose, Roles},
};
use federation::{
    Act, Change, Core, Input, Output, Refused, Settings, State, Write, message::Message,
};

const START: Timestamp = Timestamp(1_800_000_000_000);

/// One node with its keys and its disk, which makes every write durable at once.
struct Node {
    core: Core,
    root: SecretKey,
    node: SecretKey,
    delegate: SecretKey,
    disk: BTreeMap<EntryId, Vec<u8>>,
    chunks: BTreeMap<domain::id::Hash, Vec<u8>>,
}

/// Nodes that hear each other at once.
struct World {
    nodes: Vec<Node>,
    now: Timestamp,
    tickets: u64,
}

fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

fn genesis(members: u8) -> Genesis {
    let mut founders: Vec<Founder> = (1..=members)
        .map(|member| Founder {
            root: key(member, 1).public(),
            name: format!("Co-op {member}"),
            class: "producer".to_owned(),
        })
        .collect();
    founders.sort();
    Genesis {
        name: "Test".to_owned(),
        created: START,
        founders,
        charter: Charter::default().to_bytes(),
        nonce: [1; 32],
        requires: Vec::new(),
    }
}

impl World {
    fn new(members: u8) -> Self {
        let genesis = genesis(members);
        let node = |member: u8| {
            let node = key(member, 2);
            let settings = Settings {
                node: node.public(),
                seed: [member; 32],
            };
            let mut core = Core::new(genesis.clone(), settings).unwrap();
            core.handle(
                START,
                Input::Start {
                    clean: true,
                    alone: false,
                },
            );
            Node {
                core,
                root: key(member, 1),
                node,
                delegate: key(member, 3),
                disk: BTreeMap::new(),
                chunks: BTreeMap::new(),
            }
        };
        let mut world = Self {
            nodes: (1..=members).map(node).collect(),
            now: START.plus_seconds(1),
            tickets: 0,
        };
        for index in 0..world.nodes.len() {
            world.set_up(index);
        }
        world.connect();
        world
    }

    fn set_up(&mut self, index: usize) {
        let person = PersonId([index as u8; 16]);
        let (root, node, delegate) = {
            let node = &self.nodes[index];
            (node.root.clone(), node.node.clone(), node.delegate.clone())
        };
        let (federation, id) = (
            self.nodes[index].core.federation(),
            MemberId(root.public().0),
        );
        self.act(index, &root, Act::Found).unwrap();
        let roles = Roles::STEWARD.with(Roles::DELEGATE);
        let grant = |purpose, key: &SecretKey, person, roles| Act::Grant {
            purpose,
            key: key.public(),
            person,
            roles,
            custody: Custody::Node,
            proof: Some(Grant::prove(key, &federation, &id, purpose, person)),
        };
        self.act(
            index,
            &root,
            grant(Purpose::Person, &delegate, Some(person), roles),
        )
        .unwrap();
        self.act(
            index,
            &root,
            grant(Purpose::Node, &node, None, Roles::none()),
        )
        .unwrap();
        let delegates = vec![Delegate {
            key: delegate.public(),
            person,
        }];
        self.act(index, &root, Act::Mandate { delegates }).unwrap();
    }

    fn connect(&mut self) {
        let keys: Vec<PublicKey> = self.nodes.iter().map(|node| node.node.public()).collect();
        let mut events = VecDeque::new();
        for index in 0..self.nodes.len() {
            for (other, key) in keys.iter().enumerate() {
                if other != index {
                    events.push_back((index, Input::Connected(*key)));
                }
            }
        }
        self.run(events);
    }

    fn act(&mut self, index: usize, key: &SecretKey, act: Act) -> Result<EntryId, Refused> {
        self.tickets += 1;
        let ticket = self.tickets;
        let random = [ticket as u8; 32];
        let input = Input::Act {
            ticket,
            key: key.clone(),
            act,
            random,
        };
        let answers = self.run(VecDeque::from([(index, input)]));
        answers
            .into_iter()
            .find(|(found, _)| *found == ticket)
            .expect("an answer")
            .1
    }

    fn delegate(&mut self, index: usize, act: Act) -> Result<EntryId, Refused> {
        let key = self.nodes[index].delegate.clone();
        self.act(index, &key, act)
    }

    fn run(
        &mut self,
        mut events: VecDeque<(usize, Input)>,
    ) -> Vec<(u64, Result<EntryId, Refused>)> {
        let mut answers = Vec::new();
        while let Some((index, input)) = events.pop_front() {
            let outputs = self.nodes[index].core.handle(self.now, input);
            for output in outputs {
                self.carry_out(index, output, &mut events, &mut answers);
            }
        }
        answers
    }

    fn carry_out(
        &mut self,
        index: usize,
        output: Output,
        events: &mut VecDeque<(usize, Input)>,
        answers: &mut Vec<(u64, Result<EntryId, Refused>)>,
    ) {
        let from = self.nodes[index].node.public();
        let send = |to: PublicKey, message: Message, events: &mut VecDeque<_>| {
            let message = Message::from_bytes(&message.to_bytes()).unwrap();
            if let Some(to) = self.nodes.iter().position(|node| node.node.public() == to) {
                events.push_back((to, Input::Message(from, message)));
            }
        };
        match output {
            Output::Send(to, message) => send(to, message, events),
            Output::SendEntries { to, number, ids } => {
                let disk = &self.nodes[index].disk;
                let entries = ids.iter().map(|id| disk[id].clone()).collect();
                send(to, Message::Entries { number, entries }, events);
            }
            Output::SendChunks { to, hashes } => {
                for hash in hashes {
                    let bytes = self.nodes[index].chunks[&hash].clone();
                    send(to, Message::Chunk { bytes }, events);
                }
            }
            Output::Persist { number, writes } => {
                for write in writes {
                    let node = &mut self.nodes[index];
                    match write {
                        Write::Entry { id, bytes, .. } => drop(node.disk.insert(id, bytes)),
                        Write::Remove { id } => drop(node.disk.remove(&id)),
                        Write::Chunk { hash, bytes } => drop(node.chunks.insert(hash, bytes)),
                        Write::Height { .. } | Write::Journal { .. } | Write::Room { .. } => {}
                    }
                }
                events.push_back((index, Input::Persisted(number)));
            }
            Output::Recall { ids } => {
                let disk = &self.nodes[index].disk;
                let entries = ids.iter().map(|id| disk[id].clone()).collect();
                events.push_back((index, Input::Recalled { ids, entries }));
            }
            Output::Answer { ticket, result } => answers.push((ticket, result)),
            Output::Fault(peer, fault) => panic!("{peer:?}: {fault:?}"),
            Output::Roster(_) | Output::Changed(_) | Output::Prepared { .. } => {}
            Output::Serve { .. } | Output::Called { .. } => {}
            Output::Notice(_) | Output::Wish(_) => {}
        }
    }

    fn assert_same(&self) {
        let digests: Vec<_> = self
            .nodes
            .iter()
            .map(|node| node.core.replica().digest())
            .collect();
        assert!(
            digests.windows(2).all(|pair| pair[0] == pair[1]),
            "{digests:?}"
        );
        for node in &self.nodes {
            assert_eq!(*node.core.view(), node.core.replica().view());
        }
    }
}

fn propose(text: &str) -> Act {
    Act::Propose {
        title: "Three circles".to_owned(),
        text: text.to_owned(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    }
}

#[test]
fn founders_vote_and_every_node_shows_the_same_outcome() {
    let mut world = World::new(3);
    let proposal = world
        .delegate(0, propose("Let there be three circles."))
        .unwrap();
    world.delegate(0, Act::Open { proposal }).unwrap();
    for index in 0..3 {
        let (now, core) = (world.now, &world.nodes[index].core);
        let decision = core.decision(&proposal, now).unwrap();
        assert_eq!(decision.state, State::Voting);
        let version = decision.version.hash;
        let (choice, aim, reason) = match index {
            2 => (
                Choice::Block,
                Some(0),
                "This would harm the smallest of our members.",
            ),
            _ => (Choice::Agree, None, ""),
        };
        let vote = Act::Vote {
            proposal,
            version,
            choice,
            aim,
            reason: reason.to_owned(),
        };
        world.delegate(index, vote).unwrap();
    }
    world.assert_same();
    let version = world.nodes[0]
        .core
        .decision(&proposal, world.now)
        .unwrap()
        .version
        .hash;
    let agree = Act::Vote {
        proposal,
        version,
        choice: Choice::Agree,
        aim: None,
        reason: String::new(),
    };
    let short = Act::Vote {
        proposal,
        version,
        choice: Choice::Block,
        aim: Some(0),
        reason: "no".to_owned(),
    };
    assert!(matches!(
        world.delegate(1, short),
        Err(Refused::ReasonTooShort { found: 2, .. })
    ));
    let verdict = |world: &World, at| {
        let core = &world.nodes[0].core;
        core.decision(&proposal, at)
            .unwrap()
            .phase
            .unwrap()
            .outcome
            .verdict
    };
    assert_eq!(verdict(&world, world.now), Verdict::Blocked);
    world.delegate(2, agree.clone()).unwrap();
    assert_eq!(verdict(&world, world.now), Verdict::Passed);
    world.assert_same();
    world.now = world.now.plus_seconds(604_802);
    assert!(matches!(world.delegate(2, agree), Err(Refused::Closed(_))));
    let state = world.nodes[1]
        .core
        .decision(&proposal, world.now)
        .unwrap()
        .state;
    assert_eq!(state, State::Closed(Verdict::Passed));
}

#[test]
fn an_amendment_during_voting_opens_voting_anew_and_old_ballots_do_not_count() {
    let mut world = World::new(3);
    let proposal = world.delegate(0, propose("Version one.")).unwrap();
    world.delegate(0, Act::Open { proposal }).unwrap();
    let old = world.nodes[1]
        .core
        .decision(&proposal, world.now)
        .unwrap()
        .version
        .hash;
    let agree = |version| Act::Vote {
        proposal,
        version,
        choice: Choice::Agree,
        aim: None,
        reason: String::new(),
    };
    world.delegate(1, agree(old)).unwrap();
    world.now = world.now.plus_seconds(60);
    let amend = Act::Amend {
        proposal,
        title: "Three circles".to_owned(),
        text: "Version two, longer.".repeat(3_000),
        what_changed: "Everything.".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    world.delegate(0, amend.clone()).unwrap();
    // What changes nothing would only open the vote anew.
    let refused = world.delegate(0, amend);
    assert!(matches!(refused, Err(Refused::Text { field: "text", .. })));
    assert!(matches!(
        world.delegate(1, agree(old)),
        Err(Refused::OldVersion { .. })
    ));
    world.assert_same();
    for node in &world.nodes {
        let decision = node.core.decision(&proposal, world.now).unwrap();
        assert_eq!(
            (decision.state, decision.version.number),
            (State::Voting, 2)
        );
        assert_eq!(decision.phase.unwrap().count.counted.len(), 0);
        assert_eq!(decision.earlier.len(), 1);
        assert_eq!(node.core.missing_chunks(), 0);
    }
}

#[test]
fn a_ninth_revision_needs_a_new_mandate() {
    let mut world = World::new(3);
    let proposal = world.delegate(0, propose("Text.")).unwrap();
    world.delegate(0, Act::Open { proposal }).unwrap();
    let version = world.nodes[1]
        .core
        .decision(&proposal, world.now)
        .unwrap()
        .version
        .hash;
    let vote = |choice| Act::Vote {
        proposal,
        version,
        choice,
        aim: None,
        reason: String::new(),
    };
    for round in 0..8 {
        let choice = if round % 2 == 0 {
            Choice::Agree
        } else {
            Choice::Abstain
        };
        world.delegate(1, vote(choice)).unwrap();
    }
    assert_eq!(
        world.delegate(1, vote(Choice::Agree)),
        Err(Refused::NoRevisionLeft)
    );
    let root = world.nodes[1].root.clone();
    let key = world.nodes[1].delegate.public();
    let delegates = vec![Delegate {
        key,
        person: PersonId([1; 16]),
    }];
    world.act(1, &root, Act::Mandate { delegates }).unwrap();
    world.delegate(1, vote(Choice::Agree)).unwrap();
    world.assert_same();
    let decision = world.nodes[0].core.decision(&proposal, world.now).unwrap();
    let counted = decision
        .phase
        .unwrap()
        .count
        .counted
        .into_values()
        .next()
        .unwrap();
    assert_eq!((counted.slot.mandate, counted.choice), (2, Choice::Agree));
}

/// What makes a key another member's, if its holder agrees.
fn claim(purpose: Purpose, key: PublicKey, person: Option<PersonId>, proof: Proof) -> Act {
    let roles = person.map_or(Roles::none(), |_| Roles::STEWARD);
    Act::Grant {
        purpose,
        key,
        person,
        roles,
        custody: Custody::Node,
        proof,
    }
}

type Proof = Option<domain::key::Signature>;

#[test]
fn a_grant_of_a_key_whose_holder_did_not_agree_is_refused_with_what_to_do() {
    let mut world = World::new(3);
    let (victim, attacker) = (world.nodes[0].delegate.clone(), world.nodes[1].root.clone());
    let (federation, member) = (
        world.nodes[1].core.federation(),
        MemberId(attacker.public().0),
    );
    let person = Some(PersonId([0; 16]));
    let refused = world
        .act(
            1,
            &attacker,
            claim(Purpose::Person, victim.public(), person, None),
        )
        .unwrap_err();
    assert_eq!(refused, Refused::ProofMissing { federation, member });
    let words = refused.to_string();
    let command = format!("folkmoot key prove FILE --federation {federation} --member {member}");
    assert!(words.contains(&command), "{words}");
    let owner = MemberId(world.nodes[0].root.public().0);
    for proof in [
        Grant::prove(&attacker, &federation, &member, Purpose::Person, person),
        Grant::prove(&victim, &federation, &owner, Purpose::Person, person),
        Grant::prove(&victim, &federation, &member, Purpose::Person, None),
    ] {
        let act = claim(Purpose::Person, victim.public(), person, Some(proof));
        let refused = world.act(1, &attacker, act).unwrap_err();
        assert_eq!(refused, Refused::Proof { federation, member });
    }
    let person = Some(PersonId([7; 16]));
    let proof = Grant::prove(&victim, &federation, &member, Purpose::Person, person);
    let agreed = claim(Purpose::Person, victim.public(), person, Some(proof));
    world.act(1, &attacker, agreed).unwrap();
}

#[test]
fn a_later_grant_shows_the_proof_of_the_one_before() {
    let mut world = World::new(3);
    let (root, key) = (
        world.nodes[0].root.clone(),
        world.nodes[0].delegate.public(),
    );
    let person = Some(PersonId([0; 16]));
    let again = claim(Purpose::Person, key, person, None);
    world.act(0, &root, again).unwrap();
    let known = &world.nodes[2].core.view().keys[&key];
    assert_eq!((known.number, known.roles), (2, Roles::STEWARD));
    let other = claim(Purpose::Person, key, Some(PersonId([9; 16])), None);
    let refused = world.act(0, &root, other).unwrap_err();
    assert_eq!(refused.code(), "proof-missing", "it is another person's");
}

#[test]
fn a_key_whose_holder_agrees_with_a_second_member_stays_with_the_member_of_its_log() {
    let mut world = World::new(3);
    let victim = world.nodes[0].delegate.public();
    // The person's key has signed before; of the node's key the first grant counts.
    world.delegate(0, propose("Before.")).unwrap();
    world.now = world.now.plus_seconds(60);
    let attacker = world.nodes[1].root.clone();
    let federation = world.nodes[1].core.federation();
    let by = MemberId(attacker.public().0);
    for (purpose, key, person) in [
        (
            Purpose::Person,
            world.nodes[0].delegate.clone(),
            Some(PersonId([0; 16])),
        ),
        (Purpose::Node, world.nodes[0].node.clone(), None),
    ] {
        let proof = Grant::prove(&key, &federation, &by, purpose, person);
        let act = claim(purpose, key.public(), person, Some(proof));
        world.act(1, &attacker, act).unwrap();
    }
    let revoke = Act::Revoke {
        key: victim,
        keep: federation::Keep::Nothing,
        reason: String::new(),
    };
    world.act(1, &attacker, revoke).unwrap();
    let member = world.nodes[0].core.member().unwrap();
    world.delegate(0, propose("After.")).unwrap();
    world.assert_same();
    for (index, known) in world.nodes.iter().enumerate() {
        let view = known.core.view();
        assert_eq!(view.member_of(&victim), Some(member), "on node {index}");
        assert_eq!(view.proposals.len(), 2);
    }
}

#[test]
fn a_profile_is_shown_whichever_log_comes_first() {
    let mut world = World::new(3);
    for index in 0..3 {
        let profile = domain::record::Profile {
            name: format!("New name {index}"),
            region: String::new(),
            description: String::new(),
            website: String::new(),
        };
        world.delegate(index, Act::Profile(profile)).unwrap();
    }
    world.assert_same();
    let view = world.nodes[0].core.replica().view();
    assert!(
        view.members
            .values()
            .all(|member| member.name.starts_with("New name"))
    );
}

/// Proposes and opens by a rule; gives the proposal.
fn put_to_the_vote(world: &mut World, rule: &str) -> EntryId {
    let act = Act::Propose {
        title: "Servers".to_owned(),
        text: "We share them.".to_owned(),
        rule: rule.to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let proposal = world.delegate(0, act).unwrap();
    world.delegate(0, Act::Open { proposal }).unwrap();
    proposal
}

fn vote(
    world: &mut World,
    who: usize,
    proposal: EntryId,
    choice: Choice,
) -> Result<EntryId, Refused> {
    let decision = world.nodes[who]
        .core
        .decision(&proposal, world.now)
        .unwrap();
    let version = decision.version.hash;
    let reason = "It would harm what we all want, and this is how.".to_owned();
    let aim = (choice == Choice::Block).then_some(0);
    world.delegate(
        who,
        Act::Vote {
            proposal,
            version,
            choice,
            aim,
            reason,
        },
    )
}

fn state(world: &World, who: usize, proposal: &EntryId) -> State {
    world.nodes[who]
        .core
        .decision(proposal, world.now)
        .unwrap()
        .state
}

#[test]
fn a_block_can_be_integrated_for_a_while_and_the_vote_that_may_follow_is_called_once() {
    let mut world = World::new(4);
    let proposal = put_to_the_vote(&mut world, "consent-then-vote");
    for who in 0..3 {
        vote(&mut world, who, proposal, Choice::Agree).unwrap();
    }
    vote(&mut world, 3, proposal, Choice::Block).unwrap();
    let call = Act::Open { proposal };
    assert!(matches!(
        world.delegate(0, call.clone()),
        Err(Refused::AlreadyOpen)
    ));
    world.now = world.now.plus_seconds(7 * 86_400 + 60);
    assert!(matches!(state(&world, 1, &proposal), State::Integration(_)));
    let late = vote(&mut world, 3, proposal, Choice::Agree);
    assert!(matches!(late, Err(Refused::Closed(_))), "{late:?}");
    assert!(matches!(
        world.delegate(1, call.clone()),
        Err(Refused::NotTheProposer { .. })
    ));
    world.delegate(0, call.clone()).unwrap();
    for who in 0..3 {
        assert_eq!(state(&world, who, &proposal), State::Voting);
        vote(&mut world, who, proposal, Choice::Agree).unwrap();
    }
    vote(&mut world, 3, proposal, Choice::Block).unwrap();
    world.assert_same();
    world.now = world.now.plus_seconds(7 * 86_400 + 60);
    for node in &world.nodes {
        let decision = node.core.decision(&proposal, world.now).unwrap();
        assert_eq!(decision.state, State::Closed(Verdict::Passed));
        assert!(decision.phase.unwrap().fallback);
        assert_eq!(decision.earlier.len(), 1);
        assert!(decision.invalid.is_empty());
    }
    assert!(world.delegate(0, call).is_err(), "it was decided");
}

#[test]
fn a_block_that_nobody_integrates_stays_one_and_a_new_version_begins_anew() {
    let mut world = World::new(3);
    let (first, second) = (
        put_to_the_vote(&mut world, "consent-then-vote"),
        put_to_the_vote(&mut world, "consent-then-vote"),
    );
    for proposal in [first, second] {
        vote(&mut world, 1, proposal, Choice::Agree).unwrap();
        vote(&mut world, 2, proposal, Choice::Block).unwrap();
    }
    world.now = world.now.plus_seconds(8 * 86_400);
    let amend = Act::Amend {
        proposal: second,
        title: "Servers".to_owned(),
        text: "We share some of them.".to_owned(),
        what_changed: "Some.".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    world.delegate(0, amend).unwrap();
    assert_eq!(state(&world, 2, &second), State::Voting);
    world.now = world.now.plus_seconds(3 * 86_400);
    assert_eq!(state(&world, 2, &first), State::Closed(Verdict::Blocked));
    let call = Act::Open { proposal: first };
    assert!(matches!(world.delegate(0, call), Err(Refused::Closed(_))));
    let withdraw = Act::Withdraw {
        proposal: first,
        reason: String::new(),
    };
    assert!(matches!(
        world.delegate(0, withdraw),
        Err(Refused::OverAlready)
    ));
}

#[test]
fn a_vote_without_quorum_is_extended_once_and_whoever_looks_is_told() {
    let mut world = World::new(4);
    let proposal = put_to_the_vote(&mut world, "consent");
    vote(&mut world, 0, proposal, Choice::Agree).unwrap();
    let opened = world.now;
    world.now = opened.plus_seconds(7 * 86_400 + 60);
    let told = |world: &mut World| {
        let outputs = world.nodes[1].core.handle(world.now, Input::Wake);
        outputs.contains(&Output::Changed(Change::Proposal(proposal)))
    };
    assert!(told(&mut world));
    assert_eq!(state(&world, 1, &proposal), State::Voting);
    assert!(!told(&mut world));
    vote(&mut world, 1, proposal, Choice::Agree).unwrap();
    world.now = opened.plus_seconds(10 * 86_400 + 86_400 / 2 + 60);
    assert!(told(&mut world));
    assert_eq!(state(&world, 1, &proposal), State::Closed(Verdict::Passed));
}
