//! Four nodes with the register: a vote becomes final on all of them, through stored entries alone,
//! and a node that starts again goes on where it was.

#![expect(
    clippy::unwrap_used,
    reason = "a node that cannot go on has failed the test"
)]

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    decision::{Choice, Verdict},
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted},
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Custody, Delegate, Founding, Grant, Purpose, Record, Roles},
};
use federation::{Act, Core, Input, Output, Refused, Settings, Write, message::Message};
use register::{
    begin::{Begin, Beginning, First},
    chain::Ending,
};

const START: Timestamp = Timestamp(1_790_000_000_000);
const MINUTE_MS: u64 = 60_000;
const MEMBERS: u8 = 4;

fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

fn id(member: u8) -> MemberId {
    MemberId(key(member, 1).public().0)
}

fn genesis() -> Genesis {
    let mut founders: Vec<Founder> = (1..=MEMBERS)
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

/// A node with all it has stored, in the order of storing.
struct Node {
    core: Core,
    member: u8,
    entries: Vec<(Vec<u8>, Timestamp)>,
    heights: BTreeMap<u64, Vec<u8>>,
    journal: Vec<Vec<u8>>,
    answers: Vec<Result<EntryId, Refused>>,
}

struct World {
    now: Timestamp,
    nodes: Vec<Node>,
    /// What is on its way: to whom, which entry.
    under_way: Vec<(usize, Vec<u8>)>,
}

fn core(member: u8) -> Core {
    let settings = Settings {
        node: key(member, 2).public(),
        seed: [member; 32],
    };
    let mut core = Core::new(genesis(), settings).unwrap();
    core.validate_with(key(member, 6));
    core
}

impl World {
    fn new() -> Self {
        let mut world = Self::before_the_register();
        let begin = world.begin();
        for founders in [&[1, 2][..], &[3]] {
            let node = usize::from(founders[0]) - 1;
            let beginning = world.signed(&begin, founders).to_bytes();
            world.act(node, &key(founders[0], 4), Act::BeginRegister { beginning });
        }
        world
    }

    fn before_the_register() -> Self {
        let nodes = (1..=MEMBERS).map(|member| Node {
            core: core(member),
            member,
            entries: Vec::new(),
            heights: BTreeMap::new(),
            journal: Vec::new(),
            answers: Vec::new(),
        });
        let mut world = Self {
            now: START,
            nodes: nodes.collect(),
            under_way: Vec::new(),
        };
        for node in 0..world.nodes.len() {
            let (clean, alone) = (true, true);
            world.give(node, Input::Start { clean, alone });
        }
        for member in 1..=MEMBERS {
            world.set_up(member);
        }
        world
    }

    fn give(&mut self, node: usize, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let outputs = self.nodes[node].core.handle(self.now, input);
            for output in outputs {
                match output {
                    Output::Persist { number, writes } => {
                        for write in writes {
                            self.keep(node, write);
                        }
                        inputs.push(Input::Persisted(number));
                    }
                    Output::Answer { result, .. } => self.nodes[node].answers.push(result),
                    _ => {}
                }
            }
        }
    }

    fn keep(&mut self, node: usize, write: Write) {
        let now = self.now;
        let count = self.nodes.len();
        let own = &mut self.nodes[node];
        match write {
            Write::Entry { bytes, .. } => {
                own.entries.push((bytes.clone(), now));
                let others = (0..count).filter(|other| *other != node);
                self.under_way
                    .extend(others.map(|other| (other, bytes.clone())));
            }
            Write::Height { height, batch, .. } => drop(own.heights.insert(height, batch)),
            Write::Journal { number, bytes } => {
                own.journal.push(bytes);
                assert_eq!(number, own.journal.len() as u64);
            }
            _ => {}
        }
    }

    /// Everything on its way arrives, and what follows from it.
    fn deliver(&mut self) {
        while !self.under_way.is_empty() {
            let (node, bytes) = self.under_way.remove(0);
            let entry = Entry::from_bytes(&bytes).unwrap();
            self.give(node, Input::Introduce(vec![entry]));
        }
    }

    /// Time passes, and every node is woken when it wants.
    fn run(&mut self, until: Timestamp) {
        self.deliver();
        loop {
            let wakes = self.nodes.iter().enumerate();
            let wakes = wakes.filter_map(|(at, node)| Some((node.core.next_wakeup()?, at)));
            let Some((time, node)) = wakes.min().filter(|(time, _)| *time <= until) else {
                break;
            };
            self.now = self.now.max(time);
            self.give(node, Input::Wake);
            self.deliver();
            // Wakes that lie in the past are over with this.
            self.now = self.now.plus_ms(1);
        }
        self.now = self.now.max(until);
    }

    fn act(&mut self, node: usize, by: &SecretKey, act: Act) -> EntryId {
        let random = [self.nodes[node].entries.len() as u8; 32];
        let (ticket, key) = (1, by.clone());
        let input = Input::Act {
            ticket,
            key,
            act,
            random,
        };
        self.give(node, input);
        let answer = self.nodes[node].answers.pop().unwrap();
        self.deliver();
        answer.unwrap()
    }

    fn set_up(&mut self, member: u8) {
        let (root, person) = (key(member, 1), PersonId([member; 16]));
        let node = usize::from(member) - 1;
        let federation = self.nodes[node].core.federation();
        let grant = |purpose, what, person, roles| Act::Grant {
            purpose,
            key: key(member, what).public(),
            person,
            roles,
            custody: Custody::Node,
            proof: Some(Grant::prove(
                &key(member, what),
                &federation,
                &id(member),
                purpose,
                person,
            )),
        };
        let delegates = vec![Delegate {
            key: key(member, 3).public(),
            person,
        }];
        let acts = [
            Act::Found,
            grant(Purpose::Node, 2, None, Roles::none()),
            grant(Purpose::Person, 4, Some(person), Roles::STEWARD),
            grant(Purpose::Validator, 6, None, Roles::none()),
            Act::Mandate { delegates },
        ];
        for act in acts {
            self.act(node, &root, act);
        }
    }

    fn begin(&self) -> Begin {
        let mut members: Vec<First> = (1..=MEMBERS)
            .map(|member| {
                let known = &self.nodes[0].core.view().members[&id(member)];
                First {
                    member: id(member),
                    name: known.name.clone(),
                    class: "producer".to_owned(),
                    root: known.root,
                    record: known.record,
                    host: id(member),
                    validator: Some(key(member, 6).public()),
                }
            })
            .collect();
        members.sort_by_key(|first| first.member);
        Begin {
            time: self.now,
            members,
        }
    }

    fn signed(&self, begin: &Begin, founders: &[u8]) -> Beginning {
        let federation = self.nodes[0].core.federation();
        let founding = |member: &u8| begin.sign(&federation, &key(*member, 1));
        let mut signatures: Vec<_> = founders.iter().map(founding).collect();
        signatures.sort_by_key(|founding| founding.root);
        let begin = begin.clone();
        Beginning { begin, signatures }
    }

    /// What a lying steward writes, past all that its own node would check.
    fn lies(&mut self, member: u8, record: &Record) {
        let by = key(member, 4);
        let core = &self.nodes[usize::from(member) - 1].core;
        let tip = core.replica().tip(&by.public());
        let body = Salted::new(&[member; SALT_BYTES], &record.to_bytes());
        let header = Header {
            author: by.public(),
            grant: core.view().keys[&by.public()].grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time: self.now,
            address: Address::parse("register").unwrap(),
            audience: Audience::Public,
            kind: record.kind(),
            critical: false,
            body: body.seal(),
            note: None,
            references: Vec::new(),
        };
        let entry = Entry {
            signature: header.sign(&core.federation(), &by),
            header,
            body: Some(body),
            note: None,
        };
        self.give(usize::from(member) - 1, Input::Introduce(vec![entry]));
        self.deliver();
    }

    fn restart(&mut self, node: usize) {
        let old = &self.nodes[node];
        let mut core = core(old.member);
        for (bytes, received) in &old.entries {
            core.restore(bytes, *received).unwrap();
        }
        for batch in old.heights.values() {
            core.restore_height(batch).unwrap();
        }
        for record in &old.journal {
            core.restore_journal(record).unwrap();
        }
        self.nodes[node].core = core;
        let (clean, alone) = (true, true);
        self.give(node, Input::Start { clean, alone });
        self.deliver();
    }

    fn heights(&self) -> Vec<u64> {
        let height = |node: &Node| node.core.registrar().map_or(0, |one| one.chain().height());
        self.nodes.iter().map(height).collect()
    }

    fn propose(&mut self, member: u8) -> EntryId {
        let node = usize::from(member) - 1;
        let propose = Act::Propose {
            title: "Meet on Tuesdays".to_owned(),
            text: "We meet on Tuesdays.".to_owned(),
            rule: String::new(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
        };
        let by = key(member, 3);
        let proposal = self.act(node, &by, propose);
        self.act(node, &by, Act::Open { proposal });
        proposal
    }

    fn vote(&mut self, member: u8, proposal: EntryId) {
        let node = usize::from(member) - 1;
        let core = &self.nodes[node].core;
        let version = core.decision(&proposal, self.now).unwrap().version.hash;
        let vote = Act::Vote {
            proposal,
            version,
            choice: Choice::Agree,
            aim: None,
            reason: String::new(),
        };
        self.act(node, &key(member, 3), vote);
    }
}

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

#[test]
fn a_node_whose_clock_is_off_asks_for_the_time_until_it_is_right() {
    let mut world = World::new();
    let hear = |world: &mut World, ahead_ms: u64| {
        let now = world.now.plus_ms(ahead_ms);
        for member in [1, 2] {
            let peer = key(member, 2).public();
            world.give(2, Input::Connected(peer));
            let incarnation = u64::from(member);
            world.give(2, Input::Message(peer, Message::Hello { now, incarnation }));
        }
    };
    let asks = |world: &mut World| {
        world.now = world.now.plus_ms(11 * MINUTE_MS);
        let outputs = world.nodes[2].core.handle(world.now, Input::Wake);
        let asks_time = |output: &&Output| match output {
            Output::Send(_, Message::Digests { parts, .. }) => parts[0].digest.0 == [0; 32],
            _ => false,
        };
        outputs.iter().filter(asks_time).count()
    };
    hear(&mut world, 90_000);
    assert_eq!(asks(&mut world), 2);
    assert_eq!(asks(&mut world), 2);
    hear(&mut world, 0);
    assert_eq!(asks(&mut world), 0);
}
