//! Four nodes with the register: a vote becomes final on all of them, through stored entries alone,
//! and a node that starts again goes on where it was.

#![expect(
    clippy::unwrap_used,
    reason = "a node that cannot go on has failed the test"
)]

#[path = "register/recovery.rs"]
mod recovery;

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    decision::{Choice, Verdict},
    effect::{Applicant, Effect},
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted},
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Custody, Delegate, Enter, Founding, Grant, Purpose, Record, Roles},
};
use federation::{
    Act, Core, Input, Output, Refused, Settings, Standing, State, Write, message::Message,
};
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
        charter: Charter::from_toml("recovery.notice-seconds = 600")
            .unwrap()
            .to_bytes(),
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
    is_up: bool,
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

    fn give(&mut self, node: usize, input: Input) {
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

    /// A newcomer whom the register has admitted starts its node and takes up its membership.
    fn enter(&mut self, member: u8) {
        let (root, person) = (key(member, 1), PersonId([member; 16]));
        let federation = self.nodes[0].core.federation();
        let mut newcomer = Node {
            core: core(member),
            member,
            entries: Vec::new(),
            heights: BTreeMap::new(),
            journal: Vec::new(),
            is_up: true,
            answers: Vec::new(),
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
        let (node, by) = (usize::from(member) - 1, key(member, 3));
        let proposal = self.act(node, &by, propose("", None));
        self.act(node, &by, Act::Open { proposal });
        proposal
    }

    /// The first member proposes it, and the first three agree.
    fn decide(&mut self, rule: &str, effect: Effect) -> EntryId {
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
    fn open_up(&mut self, proposal: EntryId) {
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
    fn end_of(&mut self, proposal: EntryId) {
        let chain = self.nodes[0].core.register_chain().unwrap();
        let deadline = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
        self.run(deadline.plus_ms(60 * MINUTE_MS));
    }

    fn state(&self, node: usize, proposal: EntryId) -> State {
        self.nodes[node]
            .core
            .decision(&proposal, self.now)
            .unwrap()
            .state
    }

    fn refused(&mut self, node: usize, by: &SecretKey, act: Act) -> Refused {
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

    fn vote(&mut self, member: u8, proposal: EntryId) {
        self.choose(member, proposal, Choice::Agree);
    }

    fn choose(&mut self, member: u8, proposal: EntryId, choice: Choice) {
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

fn propose(rule: &str, effect: Option<Effect>) -> Act {
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

fn applicant(core: &Core, member: u8) -> Applicant {
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
fn other_charter(edit: impl Fn(&str) -> String) -> Effect {
    let text = Charter::default_toml().to_owned();
    let charter = Charter::from_toml(&edit(&text)).unwrap();
    let charter = charter.to_bytes();
    Effect::Charter { charter }
}

#[test]
fn an_amended_charter_holds_on_every_node_and_for_later_votes_only() {
    let mut world = World::new();
    let old = world.nodes[0].core.charter().hash();
    let effect =
        other_charter(|text| text.replace("regular-seconds = 604800", "regular-seconds = 86400"));
    let amendment = world.decide("charter", effect);
    for node in 0..4 {
        assert_eq!(world.state(node, amendment), State::Closed(Verdict::Passed));
        let charter = world.nodes[node].core.charter();
        assert_ne!(charter.hash(), old);
    }
    let [first, second] = world.nodes[3].core.charters_in_force() else {
        panic!("two charters");
    };
    assert_eq!((first.charter, first.height), (old, 1));
    assert_eq!(second.height, world.heights()[3]);
    assert!(world.nodes[3].core.charter_of(&old).is_some());
    // A vote by the new one.
    let next = world.propose(1);
    world.open_up(next);
    let chain = world.nodes[2].core.register_chain().unwrap();
    let phase = chain.open_phase(&next, &id(1)).unwrap();
    assert_eq!(phase.deadline.since_ms(phase.opened), 24 * 60 * MINUTE_MS);
    world.vote(2, next);
    world.vote(1, next);
    world.end_of(next);
    assert_eq!(world.state(3, next), State::Closed(Verdict::Passed));
    // Nothing of it is lost by starting again.
    world.restart(2);
    assert_eq!(world.nodes[2].core.charters_in_force().len(), 2);
    assert_eq!(world.state(2, amendment), State::Closed(Verdict::Passed));
    assert_eq!(world.state(2, next), State::Closed(Verdict::Passed));
}

#[test]
fn an_applicant_is_admitted_by_decision_and_takes_part() {
    let mut world = World::new();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply);
    let known = &world.nodes[0].core.view().candidates[&key(5, 1).public()];
    assert_eq!((&known.applicant, known.through), (&applicant, id(2)));
    world.decide("", Effect::Admission(applicant));
    let order = world.nodes[3].core.order().unwrap();
    assert!(order.members().contains_key(&id(5)));
    world.enter(5);
    for node in 0..5 {
        let members = &world.nodes[node].core.view().members;
        assert_eq!(members[&id(5)].name, "Co-op 5", "node {node}");
    }
    // What it says is heard, and its vote counts like any other.
    let proposal = world.act(4, &key(5, 3), propose("", None));
    world.act(4, &key(5, 3), Act::Open { proposal });
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    world.vote(5, proposal);
    world.vote(1, proposal);
    let chain = world.nodes[0].core.register_chain().unwrap();
    let phase = chain.open_phase(&proposal, &id(5)).unwrap();
    assert_eq!(phase.electorate.len(), 5);
    let deadline = phase.deadline;
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    assert_eq!(world.state(4, proposal), State::Closed(Verdict::Passed));
    assert_eq!(world.heights(), [world.heights()[0]; 5]);
}

#[test]
fn an_applicant_hears_how_far_its_application_is() {
    let world = World::before_the_register();
    let (now, root) = (world.now, key(5, 1).public());
    let before = world.nodes[0].core.standing(&root, now);
    assert_eq!(before, Standing::NoRegister);
    let mut world = World::new();
    let standing = |world: &World| world.nodes[3].core.standing(&root, world.now);
    assert_eq!(standing(&world), Standing::Unknown);
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply);
    assert_eq!(standing(&world), Standing::Waiting);
    let effect = Effect::Admission(applicant.clone());
    let proposal = world.act(0, &key(1, 3), propose("", Some(effect)));
    assert_eq!(standing(&world), Standing::Proposed(proposal));
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    let chain = world.nodes[3].core.register_chain().unwrap();
    let until = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
    assert_eq!(standing(&world), Standing::Voting { proposal, until });
    (1..=3).for_each(|member| world.vote(member, proposal));
    world.end_of(proposal);
    let (member, newcomer) = (id(5), applicant.newcomer);
    let admitted = Standing::Admitted { member, newcomer };
    assert_eq!(standing(&world), admitted);
    let listed = world.nodes[3].core.candidates(world.now);
    assert_eq!(listed.len(), 1, "it has not entered yet");
    world.enter(5);
    assert!(world.nodes[3].core.candidates(world.now).is_empty());
}

#[test]
fn who_was_refused_hears_why_and_waits_again_once_it_applies_again() {
    let mut world = World::new();
    let root = key(5, 1).public();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply.clone());
    let proposal = world.act(
        0,
        &key(1, 3),
        propose("consent", Some(Effect::Admission(applicant))),
    );
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    (1..=3).for_each(|member| world.choose(member, proposal, Choice::Block));
    world.end_of(proposal);
    let standing = |world: &World| world.nodes[3].core.standing(&root, world.now);
    let Standing::Refused { proposal: by, why } = standing(&world) else {
        panic!("{:?}", standing(&world));
    };
    assert_eq!(by, proposal);
    assert!(why.contains("blocked"), "{why}");
    world.now = world.now.plus_ms(MINUTE_MS);
    world.act(1, &key(2, 2), apply);
    assert_eq!(standing(&world), Standing::Waiting);
}

#[test]
fn an_application_on_the_terms_of_an_earlier_charter_is_outdated() {
    let mut world = World::new();
    let root = key(5, 1).public();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply.clone());
    world.act(
        0,
        &key(1, 3),
        propose("", Some(Effect::Admission(applicant))),
    );
    let change = other_charter(|text| text.replace("604800", "86400"));
    world.decide("charter", change);
    let core = &world.nodes[3].core;
    let charter = core.charter().hash();
    let outdated = Standing::Outdated { charter };
    assert_eq!(core.standing(&root, world.now), outdated);
    let refused = world.refused(1, &key(2, 2), apply);
    assert!(matches!(refused, Refused::Effect(_)), "{refused}");
}

#[test]
fn nobody_enters_whom_the_register_has_not_admitted() {
    let mut world = World::new();
    world.enter(5);
    for node in 0..4 {
        let view = world.nodes[node].core.view();
        assert!(!view.members.contains_key(&id(5)), "node {node}");
    }
}

#[test]
fn who_is_expelled_signs_nothing_more_and_is_let_go_of() {
    let mut world = World::new();
    let member = id(4);
    world.decide("", Effect::Expulsion { member });
    let core = &world.nodes[0].core;
    assert!(!core.view().members.contains_key(&member));
    assert_eq!(core.view().member_name(&member), "Co-op 4");
    assert!(!core.roster().contains_key(&key(4, 2).public()));
    assert!(core.roster().contains_key(&key(3, 2).public()));
    let refused = world.refused(3, &key(4, 3), propose("", None));
    assert!(matches!(refused, Refused::Departed { .. }), "{refused}");
}

#[test]
fn a_blocked_proposal_is_decided_by_the_fallback_vote_that_its_proposer_calls() {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    world.vote(1, proposal);
    world.vote(2, proposal);
    world.choose(3, proposal, Choice::Block);
    world.end_of(proposal);
    assert!(matches!(world.state(2, proposal), State::Integration(_)));
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    assert_eq!(world.state(3, proposal), State::Voting);
    let core = &world.nodes[3].core;
    let decision = core.decision(&proposal, world.now).unwrap();
    assert!(decision.phase.unwrap().fallback);
    world.vote(1, proposal);
    world.vote(2, proposal);
    world.choose(3, proposal, Choice::Block);
    world.end_of(proposal);
    for node in 0..4 {
        assert_eq!(world.state(node, proposal), State::Closed(Verdict::Passed));
    }
}

#[test]
fn what_cannot_be_done_is_refused_before_anybody_votes_on_it() {
    let mut world = World::before_the_register();
    let class = |class: &str| Effect::Class {
        member: id(2),
        class: class.to_owned(),
    };
    let by = key(1, 3);
    let early = world.refused(0, &by, propose("", Some(class("consumer"))));
    assert_eq!(early, Refused::NoRegister);
    let mut world = World::new();
    let refusals = [
        (class("emperor"), "", "emperor"),
        (class("producer"), "", "producer"),
        (
            other_charter(|text| {
                text.replace("regular-seconds = 604800", "regular-seconds = 86400")
            }),
            "consent",
            "charter",
        ),
        (
            Effect::Charter {
                charter: vec![1, 2, 3],
            },
            "charter",
            "charter",
        ),
        (Effect::Expulsion { member: id(9) }, "", "member"),
    ];
    for (effect, rule, word) in refusals {
        let refused = world.refused(0, &by, propose(rule, Some(effect)));
        let Refused::Effect(why) = &refused else {
            panic!("{refused}");
        };
        assert!(why.contains(word), "{why}");
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
