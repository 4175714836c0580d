//! A federation of nodes under a virtual clock: one queue ordered by time, latency and loss drawn
//! from a seed, real signatures whose verification is remembered for all nodes together.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use domain::{
    cbor::Encode,
    id::{FederationId, Hash, MemberId},
    key::{PublicKey, SecretKey, Signature},
};
use register::agreement::{
    Certificate, Evidence, Message, Place, Step, Strict, Timeouts, Timer, Verification, verify,
};

use register::validators::{Validator, ValidatorSet};

use crate::node::{Conduct, Node};

pub const FEDERATION: FederationId = FederationId([9; 32]);
pub const EPOCH: u64 = 3;
pub const MINUTE_MS: u64 = 60_000;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Numbers from a seed (splitmix64).
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A signature, the key it should be of, and the hash of what it should be over.
type Question = ([u8; 64], PublicKey, Hash);

/// Strict verification, remembered.
#[derive(Clone, Default)]
pub struct Remembered(Rc<RefCell<BTreeMap<Question, bool>>>);

impl Verification for Remembered {
    fn verify(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        let question = (signature.0, *key, Hash::of(&[bytes]));
        let mut answers = self.0.borrow_mut();
        let strict = || Strict.verify(key, bytes, signature);
        *answers.entry(question).or_insert_with(strict)
    }
}

/// A value: its height, who made it, and whether it follows the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    pub height: u64,
    pub maker: usize,
    pub salt: u64,
    pub valid: bool,
}

impl Value {
    pub fn hash(&self) -> Hash {
        let numbers = [self.height, self.maker as u64, self.salt];
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        Hash::of(&[b"value", &bytes, &[u8::from(self.valid)]])
    }
}

/// What travels.
#[derive(Debug, Clone)]
pub enum Packet {
    Message(Message),
    Value(Value),
    Certificate(Certificate),
    /// Give me what you have of the height I am at.
    Pull {
        from: usize,
        height: u64,
    },
}

impl Packet {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Packet::Message(message) => message.to_bytes(),
            Packet::Value(value) => value.hash().0.to_vec(),
            Packet::Certificate(certificate) => certificate.to_bytes(),
            Packet::Pull { from, height } => [*from as u64, *height]
                .iter()
                .flat_map(|n| n.to_be_bytes())
                .collect(),
        }
    }
}

#[derive(Debug, Clone)]
pub enum Event {
    Packet {
        to: usize,
        packet: Packet,
    },
    Timer {
        node: usize,
        timer: Timer,
        setting: u64,
    },
    /// A node asks another what it missed.
    Pull(usize),
    /// There is something to decide at that height.
    Start {
        node: usize,
        height: u64,
    },
    Online(usize, bool),
    Return(usize),
}

/// How a world is set up.
#[derive(Clone)]
pub struct Setup {
    pub seed: u64,
    pub conducts: Vec<Conduct>,
    pub heights: u64,
    pub loss_percent: u64,
    /// Whether each node crashes at each height, some more than once.
    pub crashes: bool,
    /// Whether a crash takes the journal with it, which must never be.
    pub forgets: bool,
    /// Whether the set changes at every height; else all nodes are in it.
    pub changing: bool,
    /// Whether nodes ask a random other every minute what they missed.
    pub pulls: bool,
    /// Links (from, to) that carry nothing.
    pub cut: BTreeSet<(usize, usize)>,
}

impl Setup {
    pub fn honest(nodes: usize, heights: u64) -> Self {
        Self {
            seed: 1,
            conducts: vec![Conduct::Honest; nodes],
            heights,
            loss_percent: 0,
            crashes: false,
            forgets: false,
            changing: false,
            pulls: true,
            cut: BTreeSet::new(),
        }
    }

    pub fn with(mut self, conduct: Conduct, nodes: &[usize]) -> Self {
        for node in nodes {
            self.conducts[*node] = conduct;
        }
        self
    }
}

/// What two equivocators have agreed to tell each half of the nodes in a round.
pub type Plot = BTreeMap<(u64, u32), [Option<Hash>; 2]>;

pub struct World {
    pub setup: Setup,
    pub now_ms: u64,
    queue: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    pub random: Random,
    pub nodes: Vec<Node>,
    pub plot: Plot,
    /// Everything honest nodes signed, to see that none signs twice.
    signed: BTreeMap<(usize, u64, u32, u8), Vec<u8>>,
    /// The first value decided at each height by an honest node.
    pub decided: BTreeMap<u64, Hash>,
    pub disagreements: Vec<u64>,
    pub evidence: Vec<Evidence>,
    pub values: BTreeMap<Hash, Value>,
    pub published: u64,
    pub rounds: u32,
    /// A running hash over everything that happened.
    pub trace: Hash,
}

impl World {
    pub fn new(setup: Setup) -> Self {
        let verification = Remembered::default();
        let nodes: Vec<Node> = (0..setup.conducts.len())
            .map(|index| Node::new(index, setup.conducts[index], &verification))
            .collect();
        let mut world = Self {
            random: Random(setup.seed),
            setup,
            now_ms: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            nodes,
            plot: Plot::new(),
            signed: BTreeMap::new(),
            decided: BTreeMap::new(),
            disagreements: Vec::new(),
            evidence: Vec::new(),
            values: BTreeMap::new(),
            published: 0,
            rounds: 0,
            trace: Hash([0; 32]),
        };
        for node in 0..world.nodes.len() {
            let after_ms = world.random.below(1000);
            world.after(after_ms, Event::Start { node, height: 1 });
            if world.setup.pulls {
                let after_ms = world.random.below(MINUTE_MS);
                world.after(after_ms, Event::Pull(node));
            }
        }
        world
    }

    pub fn key(index: usize) -> SecretKey {
        SecretKey::from_seed(&[u8::try_from(index).unwrap() + 1; 32])
    }

    /// The validators of a height.
    pub fn set(&self, height: u64) -> ValidatorSet {
        let count = self.nodes.len();
        let mut chosen: Vec<usize> = (0..count).collect();
        if self.setup.changing {
            let mut random = Random(height ^ 0xabcd);
            let size = 3 + usize::try_from(random.below(count as u64 - 2)).unwrap();
            chosen.sort_by_key(|_| random.next());
            chosen.truncate(size);
            chosen.sort_unstable();
        }
        let validator = |index: usize| Validator {
            member: MemberId([u8::try_from(index).unwrap(); 32]),
            key: World::key(index).public(),
        };
        ValidatorSet::new(chosen.into_iter().map(validator).collect()).unwrap()
    }

    pub fn place(height: u64) -> Place {
        Place {
            federation: FEDERATION,
            epoch: EPOCH,
            height,
        }
    }

    pub fn after(&mut self, after_ms: u64, event: Event) {
        self.sequence += 1;
        let at = (self.now_ms + after_ms, self.sequence);
        self.queue.insert(at, event);
    }

    /// Sends to one node, which may lose it.
    pub fn send(&mut self, from: usize, to: usize, packet: Packet) {
        let lost = self.random.chance(self.setup.loss_percent);
        let after_ms = 10 + self.random.below(190);
        if from != to && !lost && !self.setup.cut.contains(&(from, to)) {
            self.after(after_ms, Event::Packet { to, packet });
        }
    }

    pub fn send_all(&mut self, from: usize, packet: &Packet) {
        for to in 0..self.nodes.len() {
            self.send(from, to, packet.clone());
        }
    }

    /// Watches what an honest node publishes.
    pub fn watch(&mut self, node: usize, message: &Message) {
        self.published += 1;
        let (slot, bytes) = match message {
            Message::Proposal(of) => (2, of.statement.to_bytes()),
            Message::Vote(of) => {
                let step = u8::from(of.statement.step == Step::Precommit);
                (step, of.statement.to_bytes())
            }
            Message::Polka(_) => return,
        };
        let place = (node, message.height(), message.round(), slot);
        let before = self.signed.entry(place).or_insert_with(|| bytes.clone());
        assert_eq!(*before, bytes, "node {node} signed twice at {place:?}");
    }

    /// Watches what an honest node holds to be decided.
    pub fn watch_decision(&mut self, certificate: &Certificate) {
        let (height, value) = (certificate.height, certificate.value);
        verify(certificate, &World::place(height), &self.set(height)).unwrap();
        assert!(self.values[&value].valid, "an invalid value was decided");
        if *self.decided.entry(height).or_insert(value) != value {
            self.disagreements.push(height);
        }
    }

    pub fn watch_evidence(&mut self, evidence: Evidence) {
        assert!(evidence.is_valid(&FEDERATION));
        let honest = (0..self.nodes.len())
            .filter(|node| self.nodes[*node].conduct.is_honest())
            .any(|node| World::key(node).public() == evidence.key);
        assert!(!honest, "evidence against an honest node");
        self.evidence.push(evidence);
    }

    /// Whether all honest nodes that are to be live have decided everything.
    pub fn is_done(&self) -> bool {
        let honest = self.nodes.iter().filter(|node| node.conduct.is_honest());
        honest
            .clone()
            .all(|node| node.decided.len() as u64 >= self.setup.heights)
    }

    /// Runs until all is decided, or that time has come.
    pub fn run(&mut self, until_ms: u64) {
        while !self.is_done() && self.step(until_ms) {}
    }

    fn step(&mut self, until_ms: u64) -> bool {
        let Some((&(at, sequence), _)) = self.queue.first_key_value() else {
            return false;
        };
        if at > until_ms {
            self.now_ms = until_ms;
            return false;
        }
        let event = self.queue.remove(&(at, sequence)).unwrap();
        self.now_ms = at;
        self.note(&event);
        self.happen(event);
        true
    }

    fn note(&mut self, event: &Event) {
        let what = match event {
            Event::Packet { to, packet } => [&[*to as u8][..], &packet.bytes()].concat(),
            other => format!("{other:?}").into_bytes(),
        };
        self.trace = Hash::of(&[&self.trace.0, &self.now_ms.to_be_bytes(), &what]);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Packet { to, packet } => crate::node::receive(self, to, packet),
            Event::Timer {
                node,
                timer,
                setting,
            } => crate::node::fire(self, node, timer, setting),
            Event::Pull(node) => crate::node::pull(self, node),
            Event::Start { node, height } => crate::node::start(self, node, height),
            Event::Online(node, online) => crate::node::switch(self, node, online),
            Event::Return(node) => crate::node::restart(self, node),
        }
    }

    pub fn timeouts() -> Timeouts {
        Timeouts::MINUTES
    }

    /// What the world comes to: everything that must hold at the end.
    pub fn assert_done(&self) {
        let seed = self.setup.seed;
        assert_eq!(self.disagreements, [0; 0], "seed {seed}: DISAGREEMENT");
        let heights: Vec<_> = self.nodes.iter().map(|node| node.decided.len()).collect();
        assert!(
            self.is_done(),
            "seed {seed}: stuck at {heights:?} after {} ms",
            self.now_ms
        );
    }
}
