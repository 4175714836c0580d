//! Registrars over a virtual network that keeps every message, from the opening of a vote to its
//! final outcome.

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    charter::RuleName,
    decision::{Choice, Verdict},
    effect::Effect,
};

use super::*;
use crate::{
    chain::{
        Ending,
        tests::{applicant, cast, motion, opened, register},
    },
    testing::{Cast, OPENED},
    witness::Duty,
};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

enum Event {
    Wake,
    Give(Box<Input>),
}

struct Node {
    registrar: Registrar,
    key: SecretKey,
    is_up: bool,
    group: u8,
    kept: Vec<Message>,
    ballots: Vec<(Entry, Entry)>,
    journal: Vec<Record>,
    decisions: Vec<Decision>,
}

struct World {
    now: Timestamp,
    nodes: Vec<Node>,
    events: BTreeMap<(Timestamp, u64), (usize, Event)>,
    count: u64,
    /// Messages that could not be delivered.
    held: Vec<(usize, usize, Input)>,
    sent: usize,
    /// After how many records of a journal its node crashes and restarts; 0: never.
    crash_every: usize,
}

impl World {
    fn new(cast: &Cast, crash_every: usize) -> Self {
        let nodes = (0..4).map(|number| {
            let key = cast.validator(number).1.clone();
            let chain = register(cast);
            let registrar = Registrar::new(
                OPENED,
                chain,
                Some(key.clone()),
                Timeouts::MINUTES,
                Vec::new(),
            );
            Node {
                registrar,
                key,
                is_up: true,
                group: 0,
                kept: Vec::new(),
                ballots: Vec::new(),
                journal: Vec::new(),
                decisions: Vec::new(),
            }
        });
        Self {
            now: OPENED,
            nodes: nodes.collect(),
            events: BTreeMap::new(),
            count: 0,
            held: Vec::new(),
            sent: 0,
            crash_every,
        }
    }

    fn at(&mut self, after_ms: u64, node: usize, event: Event) {
        self.count += 1;
        let time = self.now.plus_ms(after_ms);
        self.events.insert((time, self.count), (node, event));
    }

    fn give(&mut self, after_ms: u64, node: usize, input: Input) {
        self.at(after_ms, node, Event::Give(Box::new(input)));
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        let [one, other] = [&self.nodes[from], &self.nodes[to]];
        one.is_up && other.is_up && one.group == other.group
    }

    fn send(&mut self, from: usize, input: &Input) {
        for to in 0..self.nodes.len() {
            if to == from {
                self.give(0, to, input.clone());
            } else if self.reaches(from, to) {
                let latency = 40 + (from * 31 + to * 17 + self.sent * 7) as u64 % 160;
                self.give(latency, to, input.clone());
            } else {
                self.held.push((from, to, input.clone()));
            }
            self.sent += 1;
        }
    }

    /// Everything that was held is delivered where the way is free again.
    fn heal(&mut self) {
        for (from, to, input) in std::mem::take(&mut self.held) {
            if self.reaches(from, to) {
                self.give(100, to, input);
            } else {
                self.held.push((from, to, input));
            }
        }
    }

    fn handle(&mut self, node: usize, input: Input) {
        let one = &mut self.nodes[node];
        match &input {
            Input::Message(message) if !one.kept.contains(message) => {
                one.kept.push(message.clone());
            }
            Input::Ballot(pair) if !one.ballots.contains(pair) => {
                one.ballots.push((**pair).clone())
            }
            _ => {}
        }
        let reaction = one.registrar.handle(self.now, input).unwrap();
        let before = one.journal.len();
        one.journal.extend(reaction.journal);
        let crashes = self.crash_every > 0
            && before / self.crash_every != one.journal.len() / self.crash_every;
        if crashes {
            // Nothing of what waited for the journal was sent: it died right after the write.
            self.restart(node);
            return;
        }
        self.act(node, reaction.outputs);
    }

    fn restart(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        let bytes: Vec<Vec<u8>> = one.journal.iter().map(Encode::to_bytes).collect();
        let journal = bytes.iter().map(|bytes| Record::from_bytes(bytes).unwrap());
        let mut chain = one.registrar.chain.clone();
        if let Some(last) = one.decisions.last()
            && last.batch.header.height > chain.height()
        {
            chain = chain.after(&last.batch).unwrap().0;
        }
        let key = Some(one.key.clone());
        let timeouts = Timeouts::MINUTES;
        one.registrar = Registrar::new(self.now, chain, key, timeouts, journal.collect());
        let outputs = one.registrar.start();
        self.act(node, outputs);
        self.at(0, node, Event::Wake);
    }

    fn act(&mut self, node: usize, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Publish(message) => {
                    let bytes = message.to_bytes();
                    assert_eq!(Message::from_bytes(&bytes).as_ref(), Ok(&message));
                    self.send(node, &Input::Message(message));
                }
                Output::Again(topic) => {
                    let kept = self.nodes[node].kept.clone();
                    let about = kept.into_iter().filter(|message| message.topic() == topic);
                    let inputs: Vec<Input> = about.map(Input::Message).collect();
                    for input in inputs {
                        self.give(0, node, input);
                    }
                    if let Topic::Phase(phase) = topic {
                        for pair in self.nodes[node].ballots.clone() {
                            self.give(0, node, Input::Ballot(Box::new(pair)));
                        }
                        self.give(0, node, Input::Told(phase));
                    }
                }
                Output::BallotAgain(_, ballot) => {
                    for pair in self.nodes[node].ballots.clone() {
                        if pair.0.id(&crate::testing::FEDERATION) == ballot {
                            self.give(0, node, Input::Ballot(Box::new(pair)));
                        }
                    }
                }
                Output::Decided(decision) => {
                    let height = Input::Height(Box::new((
                        decision.batch.clone(),
                        decision.certificate.clone(),
                    )));
                    self.nodes[node].decisions.push(*decision);
                    self.send(node, &height);
                }
                Output::Contradiction(_, found) => panic!("{found:?}"),
                Output::Equivocation(found) => panic!("{found:?}"),
            }
        }
    }

    /// Runs until a time, waking each node when it wants.
    fn run(&mut self, until: Timestamp) {
        loop {
            let wakes = self.nodes.iter().enumerate().filter(|(_, node)| node.is_up);
            let wake = wakes
                .filter_map(|(at, node)| Some((node.registrar.next_wakeup()?, at)))
                .min();
            let event = self.events.keys().next().copied();
            let next = [wake.map(|(at, _)| at), event.map(|(at, _)| at)];
            let Some(next) = next
                .into_iter()
                .flatten()
                .min()
                .filter(|next| *next <= until)
            else {
                break;
            };
            self.now = self.now.max(next);
            if let Some(key) = event.filter(|(at, _)| *at <= self.now)
                && let Some((node, event)) = self.events.remove(&key)
            {
                if !self.nodes[node].is_up {
                    if let Event::Give(input) = event {
                        self.held.push((node, node, *input));
                    }
                    continue;
                }
                match event {
                    Event::Wake => self.handle(node, Input::Wake),
                    Event::Give(input) => self.handle(node, *input),
                }
            } else if let Some((_, node)) = wake {
                self.handle(node, Input::Wake);
            }
        }
        self.now = until;
    }

    fn votes(&mut self, cast: &Cast, from: usize, voter: usize, choice: Choice) {
        let pair = (cast.ballot(voter, 1, choice), cast.mandate(voter, 1));
        self.send(from, &Input::Ballot(Box::new(pair)));
    }

    /// Every node that is up has the same register.
    fn agrees(&self) -> &Chain {
        let up: Vec<&Node> = self.nodes.iter().filter(|node| node.is_up).collect();
        for node in &up {
            let chain = node.registrar.chain();
            assert_eq!(
                (chain.height(), chain.state()),
                (
                    up[0].registrar.chain().height(),
                    up[0].registrar.chain().state()
                )
            );
        }
        up[0].registrar.chain()
    }
}

/// A vote that admits a newcomer, opened at all nodes; the cast of its phase.
fn open(world: &mut World, cast: &Cast) -> Cast {
    let chain = register(cast);
    let motion = motion(1, Some(Effect::Admission(applicant(&chain, 40))));
    let openings = vec![opened(cast, &chain, RuleName::ConsentThenVote, &motion)];
    let wanted = Items {
        openings,
        ..Items::default()
    };
    world.send(0, &Input::Want(Box::new(wanted)));
    let until = world.now.plus_ms(30 * MINUTE_MS);
    world.run(until);
    let chain = world.agrees();
    assert_eq!(chain.height(), 2);
    cast.within(chain.phases().values().next().unwrap().clone())
}

/// What a node has signed in a phase: nothing excludes anything else.
fn check_duties(world: &World) {
    for node in &world.nodes {
        let mut seals = Vec::new();
        let mut manifests = Vec::new();
        for record in &node.journal {
            match record {
                Record::Duty {
                    phase,
                    duty: Duty::Seal { names, .. },
                } => seals.push((*phase, names.clone())),
                Record::Duty {
                    phase,
                    duty: Duty::Manifest(bytes),
                } => manifests.push((*phase, bytes.clone())),
                _ => {}
            }
        }
        for list in [seals.len(), manifests.len()] {
            assert!(list <= 1, "one of each in the one phase");
        }
    }
}

#[test]
fn a_vote_becomes_final_on_all_nodes_and_does_what_it_says() {
    let cast = cast();
    let mut world = World::new(&cast, 0);
    let voting = open(&mut world, &cast);
    for voter in 0..3 {
        world.votes(&voting, voter, voter, Choice::Agree);
    }
    let until = world.now.plus_ms(MINUTE_MS);
    world.run(until);
    let witness = world.nodes[3].registrar.witness(&voting.phase.id).unwrap();
    let case = voting.case();
    let ballot = voting.ballot(1, 1, Choice::Agree).id(case.federation);
    let ballot = witness.gathered().ballot_of(&ballot).unwrap();
    assert!(
        witness.gathered().is_secured(&case, ballot),
        "long before the end"
    );
    // (f + 2) × d after the deadline, and what agreement takes.
    world.run(voting.phase.deadline.plus_ms(16 * MINUTE_MS));
    let chain = world.agrees();
    assert_eq!(chain.height(), 3);
    let [decided] = chain.decided(&voting.phase.proposal, &voting.phase.proposer.member) else {
        panic!("one decision");
    };
    assert_eq!(decided.ending, Ending::Judged(Verdict::Passed));
    assert_eq!(chain.order().members().len(), 5);
    check_duties(&world);
    // Between heights nothing runs.
    let sent = world.sent;
    let later = world.now.plus_ms(30 * DAY_MS);
    world.run(later);
    assert_eq!(world.sent, sent);
    assert_eq!(world.nodes[0].registrar.next_wakeup(), None);
}

#[test]
fn one_of_four_may_be_away_and_comes_to_the_same_register_later() {
    let cast = cast();
    let mut world = World::new(&cast, 0);
    world.nodes[2].is_up = false;
    let voting = open(&mut world, &cast);
    for voter in [0, 1, 3] {
        world.votes(&voting, voter, voter, Choice::Agree);
    }
    world.run(voting.phase.deadline.plus_ms(60 * MINUTE_MS));
    assert_eq!(world.agrees().height(), 3);
    world.nodes[2].is_up = true;
    world.restart(2);
    world.heal();
    let until = world.now.plus_ms(60 * MINUTE_MS);
    world.run(until);
    assert_eq!(world.agrees().height(), 3);
}

#[test]
fn two_halves_decide_nothing_alone_and_the_same_together() {
    let cast = cast();
    let mut world = World::new(&cast, 0);
    let voting = open(&mut world, &cast);
    world.votes(&voting, 0, 0, Choice::Agree);
    let until = world.now.plus_ms(DAY_MS);
    world.run(until);
    for number in [2, 3] {
        world.nodes[number].group = 1;
    }
    world.votes(&voting, 2, 2, Choice::Block);
    world.run(voting.phase.deadline.plus_ms(DAY_MS));
    assert_eq!(world.agrees().height(), 2, "no closing below a quorum");
    for node in &mut world.nodes {
        node.group = 0;
    }
    world.heal();
    let until = world.now.plus_ms(3 * 60 * MINUTE_MS);
    world.run(until);
    let chain = world.agrees();
    assert!(chain.height() > 2);
    check_duties(&world);
}

#[test]
fn a_node_that_dies_after_any_write_signs_nothing_twice() {
    for crash_every in [1, 2, 3, 5] {
        let cast = cast();
        let mut world = World::new(&cast, crash_every);
        let chain = register(&cast);
        let motion = motion(1, None);
        let openings = vec![opened(&cast, &chain, RuleName::ConsentThenVote, &motion)];
        let wanted = Input::Want(Box::new(Items {
            openings,
            ..Items::default()
        }));
        // What is wanted is given again after a restart: it lies in the store.
        for _ in 0..40 {
            world.send(0, &wanted);
            let until = world.now.plus_ms(5 * MINUTE_MS);
            world.run(until);
        }
        let chain = world.agrees();
        assert_eq!(chain.height(), 2, "a crash every {crash_every} records");
        let voting = cast.within(chain.phases().values().next().unwrap().clone());
        for voter in 0..3 {
            world.votes(&voting, voter, voter, Choice::Agree);
        }
        for minutes in [0, 30, 60, 120, 240, 480] {
            world.run(voting.phase.deadline.plus_ms(minutes * MINUTE_MS));
        }
        assert_eq!(
            world.agrees().height(),
            3,
            "a crash every {crash_every} records"
        );
        check_duties(&world);
    }
}

#[test]
fn a_forged_declaration_does_not_keep_a_height_from_being_opened_for_the_true_one() {
    use crate::declaration::{Declaration, Matter};
    let cast = cast();
    let key = cast.validator(0).1.clone();
    let chain = register(&cast);
    let mut registrar = Registrar::new(OPENED, chain, Some(key), Timeouts::MINUTES, Vec::new());
    let member = cast.phase.electorate[2].member;
    for signer in [3, 2] {
        let root = crate::testing::root_key(signer);
        let federation = crate::testing::FEDERATION;
        let says = Declaration::sign(&federation, &root, (member, 1), Matter::NoValidator);
        let items = Items {
            declarations: vec![says],
            ..Items::default()
        };
        registrar
            .handle(OPENED, Input::Want(Box::new(items)))
            .unwrap();
    }
    assert_eq!(registrar.open_since(), Some(OPENED));
}

#[test]
fn a_member_that_declares_much_keeps_no_other_from_declaring() {
    use crate::declaration::{Declaration, Matter};
    let cast = cast();
    let key = cast.validator(0).1.clone();
    let chain = register(&cast);
    let mut registrar = Registrar::new(OPENED, chain, Some(key), Timeouts::MINUTES, Vec::new());
    let mut declare = |voter: usize, number: u64| {
        let member = cast.phase.electorate[voter].member;
        let root = crate::testing::root_key(voter);
        let federation = crate::testing::FEDERATION;
        let says = Declaration::sign(&federation, &root, (member, number), Matter::NoValidator);
        let items = Items {
            declarations: vec![says.clone()],
            ..Items::default()
        };
        registrar
            .handle(OPENED, Input::Want(Box::new(items)))
            .unwrap();
        registrar.wanted().declarations.contains(&says)
    };
    for number in 1..=300 {
        declare(3, number);
    }
    // What is not taken now is never offered again.
    assert!(declare(2, 1));
}

#[test]
fn what_a_member_of_the_next_height_declares_waits_for_it_among_much_that_nobody_signed() {
    use super::wishes::Wishes;
    use crate::declaration::{Declaration, Matter};
    let [before, after] = [3, 4].map(|voters| Cast::new(4, voters, RuleName::Consent, ""));
    let newcomer = after.phase.electorate[3].member;
    let [before, after] = [before, after].map(|cast| register(&cast));
    assert!(!before.order().members().contains_key(&newcomer));
    let federation = crate::testing::FEDERATION;
    let items = |number: u64, signer: usize| {
        let root = crate::testing::root_key(signer);
        let by = (newcomer, number);
        Items {
            declarations: vec![Declaration::sign(
                &federation,
                &root,
                by,
                Matter::NoValidator,
            )],
            ..Items::default()
        }
    };
    let mut wishes = Wishes::default();
    for number in 1..200 {
        assert!(!wishes.add(items(number, 9), &before));
    }
    assert!(!wishes.add(items(1, 3), &before));
    assert!(wishes.items().is_empty());
    wishes.forget(&after);
    assert_eq!(wishes.items(), &items(1, 3));
}
