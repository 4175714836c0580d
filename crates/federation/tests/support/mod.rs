//! Nodes in memory with the register, which hear of everything that one of them stores.

#![allow(dead_code)]

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    decision::Choice,
    effect::{Applicant, Effect},
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted},
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Custody, Delegate, Enter, Grant, Purpose, Record, Roles},
};
use federation::{Act, Core, Input, Output, Refused, Settings, State, Write};
use register::begin::{Begin, Beginning, First};

pub const START: Timestamp = Timestamp(1_790_000_000_000);
pub const MINUTE_MS: u64 = 60_000;
pub const MEMBERS: u8 = 4;

pub fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

pub fn id(member: u8) -> MemberId {
    MemberId(key(member, 1).public().0)
}

pub fn genesis() -> Genesis {
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
        charter: Charter::from_toml("recovery.notice-seconds = 600")
            .unwrap()
            .to_bytes(),
        nonce: [1; 32],
        requires: Vec::new(),
    }
}

/// A node with all it has stored, in the order of storing.
pub struct Node {
    pub core: Core,
    pub member: u8,
    pub entries: Vec<(Vec<u8>, Timestamp)>,
    /// Batch and certificate.
    pub heights: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
    pub journal: Vec<Vec<u8>>,
    pub answers: Vec<Result<EntryId, Refused>>,
    /// How many entries it read from its store to know what validators said.
    pub recalled: usize,
    pub is_up: bool,
}

pub struct World {
    pub now: Timestamp,
    pub nodes: Vec<Node>,
    /// What is on its way: to whom, which entry.
    pub under_way: Vec<(usize, Vec<u8>)>,
}

pub fn core(member: u8) -> Core {
    let settings = Settings {
        node: key(member, 2).public(),
        seed: [member; 32],
    };
    let mut core = Core::new(genesis(), settings).unwrap();
    core.validate_with(key(member, 6));
    core
}

impl World {
    pub fn new() -> Self {
        let mut world = Self::before_the_register();
        let begin = world.begin();
        for founders in [&[1, 2][..], &[3]] {
            let node = usize::from(founders[0]) - 1;
            let beginning = world.signed(&begin, founders).to_bytes();
            world.act(node, &key(founders[0], 4), Act::BeginRegister { beginning });
        }
        world
    }

    pub fn before_the_register() -> Self {
        let nodes = (1..=MEMBERS).map(|member| Node {
            core: core(member),
            member,
            entries: Vec::new(),
            heights: BTreeMap::new(),
            journal: Vec::new(),
            answers: Vec::new(),
            recalled: 0,
            is_up: true,
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

    pub fn give(&mut self, node: usize, input: Input) {
        if !self.nodes[node].is_up {
            return;
        }
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
                    Output::Recall { ids } => inputs.push(self.recall(node, ids)),
                    _ => {}
                }
            }
        }
    }

    fn recall(&mut self, node: usize, ids: Vec<EntryId>) -> Input {
        let node = &mut self.nodes[node];
        node.recalled += ids.len();
        let federation = node.core.federation();
        let stored = node.entries.iter().map(|(bytes, _)| bytes);
        let is_asked = |bytes: &&Vec<u8>| {
            let entry = Entry::from_bytes(bytes).unwrap();
            ids.contains(&entry.id(&federation))
        };
        let entries = stored.filter(is_asked).cloned().collect();
        Input::Recalled { ids, entries }
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
            Write::Height {
                height,
                batch,
                certificate,
            } => drop(own.heights.insert(height, (batch, certificate))),
            Write::Journal { number, bytes } => {
                own.journal.push(bytes);
                assert_eq!(number, own.journal.len() as u64);
            }
            _ => {}
        }
    }

    /// Everything on its way arrives, and what follows from it.
    pub fn deliver(&mut self) {
        while !self.under_way.is_empty() {
            let (node, bytes) = self.under_way.remove(0);
            let entry = Entry::from_bytes(&bytes).unwrap();
            self.give(node, Input::Introduce(vec![entry]));
        }
    }

    /// Time passes, and every node is woken when it wants.
    pub fn run(&mut self, until: Timestamp) {
        self.deliver();
        loop {
            let wakes = self.nodes.iter().enumerate().filter(|(_, node)| node.is_up);
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

    pub fn act(&mut self, node: usize, by: &SecretKey, act: Act) -> EntryId {
        let done = self.act_alone(node, by, act);
        self.deliver();
        done
    }

    /// Acts, and nobody else hears of it yet.
    pub fn act_alone(&mut self, node: usize, by: &SecretKey, act: Act) -> EntryId {
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

    /// A newcomer whom the register has admitted starts its node and takes up its membership.
    pub fn enter(&mut self, member: u8) {
        let (root, person) = (key(member, 1), PersonId([member; 16]));
        let federation = self.nodes[0].core.federation();
        let mut newcomer = Node {
            core: core(member),
            member,
            entries: Vec::new(),
            heights: BTreeMap::new(),
            journal: Vec::new(),
            answers: Vec::new(),
            recalled: 0,
            is_up: true,
        };
        let (clean, alone) = (true, true);
        newcomer
            .core
            .handle(self.now, Input::Start { clean, alone });
        self.nodes.push(newcomer);
        let node = self.nodes.len() - 1;
        let enter = Act::Enter(Enter {
            member: id(member),
            newcomer: applicant(&self.nodes[0].core, member).newcomer,
        });
        self.act(node, &root, enter);
        let grants = [
            (Purpose::Node, 2, None, Roles::none()),
            (Purpose::Person, 4, Some(person), Roles::STEWARD),
            (Purpose::Validator, 6, None, Roles::none()),
        ];
        for (purpose, what, person, roles) in grants {
            let proof = Grant::prove(
                &key(member, what),
                &federation,
                &id(member),
                purpose,
                person,
            );
            let grant = Act::Grant {
                purpose,
                key: key(member, what).public(),
                person,
                roles,
                custody: Custody::Node,
                proof: Some(proof),
            };
            self.act(node, &root, grant);
        }
        let key = key(member, 3).public();
        let delegates = vec![Delegate { key, person }];
        self.act(node, &root, Act::Mandate { delegates });
        // It takes what the others have.
        let all: Vec<Vec<u8>> = self.nodes[0]
            .entries
            .iter()
            .map(|one| one.0.clone())
            .collect();
        self.under_way
            .extend(all.into_iter().map(|bytes| (node, bytes)));
        self.deliver();
    }

    pub fn begin(&self) -> Begin {
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

    pub fn signed(&self, begin: &Begin, founders: &[u8]) -> Beginning {
        let federation = self.nodes[0].core.federation();
        let founding = |member: &u8| begin.sign(&federation, &key(*member, 1));
        let mut signatures: Vec<_> = founders.iter().map(founding).collect();
        signatures.sort_by_key(|founding| founding.root);
        let begin = begin.clone();
        Beginning { begin, signatures }
    }

    /// What a lying steward writes, past all that its own node would check.
    pub fn lies(&mut self, member: u8, record: &Record) {
        self.writes(member, 4, "register", record);
    }

    /// What a key of a member writes, past all that its own node would check.
    pub fn writes(&mut self, member: u8, what: u8, address: &str, record: &Record) {
        let node = usize::from(member) - 1;
        self.writes_at(node, member, (what, address), record);
        self.deliver();
    }

    /// The same, brought in at another's node; nobody else hears of it yet.
    pub fn writes_at(
        &mut self,
        node: usize,
        member: u8,
        (what, address): (u8, &str),
        record: &Record,
    ) {
        let entry = self.signed_entry(node, member, (what, address), record);
        self.give(node, Input::Introduce(vec![entry]));
    }

    fn signed_entry(
        &self,
        node: usize,
        member: u8,
        (what, address): (u8, &str),
        record: &Record,
    ) -> Entry {
        let by = key(member, what);
        let core = &self.nodes[node].core;
        let tip = core.replica().tip(&by.public());
        let body = Salted::new(&[member; SALT_BYTES], &record.to_bytes());
        let header = Header {
            author: by.public(),
            grant: core.view().keys[&by.public()].grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time: self.now,
            address: Address::parse(address).unwrap(),
            audience: Audience::Public,
            kind: record.kind(),
            critical: false,
            body: body.seal(),
            note: None,
            references: Vec::new(),
        };
        Entry {
            signature: header.sign(&core.federation(), &by),
            header,
            body: Some(body),
            note: None,
        }
    }

    /// A steward writes twice at the place after the last entry that its own node has.
    pub fn forks(&mut self, member: u8, records: [&Record; 2]) {
        let node = usize::from(member) - 1;
        let entries = records.map(|record| self.signed_entry(node, member, (4, "profile"), record));
        for entry in entries {
            self.give(node, Input::Introduce(vec![entry]));
        }
        self.deliver();
    }

    /// What whoever has a member's root key writes after an entry of its log, past all that a node would
    /// check.
    pub fn steals(&mut self, root: &SecretKey, tip: Option<(u64, EntryId)>, record: &Record) {
        let core = &self.nodes[0].core;
        let (sequence, previous) = tip.unwrap();
        let replica = core.replica();
        let member = replica.find(&previous).unwrap().member;
        let body = Salted::new(&[7; SALT_BYTES], &record.to_bytes());
        let header = Header {
            author: root.public(),
            grant: core.view().members[&member].record,
            sequence: sequence + 1,
            previous: Some(previous),
            time: replica.find(&previous).unwrap().time,
            address: Address::parse("keys").unwrap(),
            audience: Audience::Public,
            kind: record.kind(),
            critical: false,
            body: body.seal(),
            note: None,
            references: Vec::new(),
        };
        let entry = Entry {
            signature: header.sign(&core.federation(), root),
            header,
            body: Some(body),
            note: None,
        };
        for node in 0..self.nodes.len() {
            self.give(node, Input::Introduce(vec![entry.clone()]));
        }
        self.deliver();
    }

    pub fn restart(&mut self, node: usize) {
        let old = &self.nodes[node];
        let mut core = core(old.member);
        for (bytes, received) in &old.entries {
            core.restore(bytes, *received).unwrap();
        }
        for (batch, _) in old.heights.values() {
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

    pub fn heights(&self) -> Vec<u64> {
        let height = |node: &Node| node.core.registrar().map_or(0, |one| one.chain().height());
        self.nodes.iter().map(height).collect()
    }

    pub fn propose(&mut self, member: u8) -> EntryId {
        let (node, by) = (usize::from(member) - 1, key(member, 3));
        let proposal = self.act(node, &by, propose("", None));
        self.act(node, &by, Act::Open { proposal });
        proposal
    }

    /// The first member proposes it, and the first three agree.
    pub fn decide(&mut self, rule: &str, effect: Effect) -> EntryId {
        let proposal = self.act(0, &key(1, 3), propose(rule, Some(effect)));
        self.act(0, &key(1, 3), Act::Open { proposal });
        self.open_up(proposal);
        for member in 1..=3 {
            self.vote(member, proposal);
        }
        self.end_of(proposal);
        proposal
    }

    /// Until a vote is open in the register.
    pub fn open_up(&mut self, proposal: EntryId) {
        let soon = self.now.plus_ms(20 * MINUTE_MS);
        self.run(soon);
        assert!(
            self.nodes[0]
                .core
                .register_chain()
                .unwrap()
                .open_phase(&proposal, &id(1))
                .is_some()
        );
    }

    /// Until a vote has ended and its end is in the register.
    pub fn end_of(&mut self, proposal: EntryId) {
        let chain = self.nodes[0].core.register_chain().unwrap();
        let deadline = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
        self.run(deadline.plus_ms(60 * MINUTE_MS));
    }

    pub fn state(&self, node: usize, proposal: EntryId) -> State {
        self.nodes[node]
            .core
            .decision(&proposal, self.now)
            .unwrap()
            .state
    }

    pub fn refused(&mut self, node: usize, by: &SecretKey, act: Act) -> Refused {
        let (ticket, key, random) = (1, by.clone(), [1; 32]);
        let input = Input::Act {
            ticket,
            key,
            act,
            random,
        };
        self.give(node, input);
        self.nodes[node].answers.pop().unwrap().unwrap_err()
    }

    pub fn vote(&mut self, member: u8, proposal: EntryId) {
        self.choose(member, proposal, Choice::Agree);
    }

    pub fn choose(&mut self, member: u8, proposal: EntryId, choice: Choice) {
        let node = usize::from(member) - 1;
        let core = &self.nodes[node].core;
        let version = core.decision(&proposal, self.now).unwrap().version.hash;
        let vote = Act::Vote {
            proposal,
            version,
            choice,
            aim: (choice == Choice::Block).then_some(0),
            reason: "It is not what we agreed on before.".to_owned(),
        };
        self.act(node, &key(member, 3), vote);
    }
}

pub fn propose(rule: &str, effect: Option<Effect>) -> Act {
    Act::Propose {
        title: "Meet on Tuesdays".to_owned(),
        text: "We meet on Tuesdays.".to_owned(),
        rule: rule.to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: effect.map(Box::new),
    }
}

pub fn applicant(core: &Core, member: u8) -> Applicant {
    Applicant::sign(
        &core.federation(),
        &key(member, 1),
        (&format!("Co-op {member}"), "producer"),
        ("We run a server in Lyon.", "ten hours a month"),
        core.charter().hash(),
        None,
    )
}

/// The default charter with another sentence in it.
pub fn other_charter(edit: impl Fn(&str) -> String) -> Effect {
    let text = Charter::default_toml().to_owned();
    let charter = Charter::from_toml(&edit(&text)).unwrap();
    let charter = charter.to_bytes();
    Effect::Charter { charter }
}
