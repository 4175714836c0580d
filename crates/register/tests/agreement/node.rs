//! A node of the world: the engine, what it has made durable, and how it behaves.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    id::Hash,
};
use register::agreement::{
    Agreement, AgreementError, Certificate, Engine, Identity, Input, Message, Output, Reaction,
    Record, Refusal, Timer, Verdict,
};

use register::validators::ValidatorIndex;

use crate::{
    attack,
    world::{EPOCH, Event, FEDERATION, MINUTE_MS, Packet, Remembered, Value, World},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    Honest,
    /// Honest, but away: not counted when all are to have decided.
    Away,
    /// Proposes values that break the rules.
    BadProposer,
    /// Tells one half of the nodes one thing and the other half another.
    Equivocator,
}

impl Conduct {
    pub fn is_honest(self) -> bool {
        self == Conduct::Honest
    }
}

pub struct Node {
    pub index: usize,
    pub conduct: Conduct,
    pub online: bool,
    /// After how many more acts it dies in the middle of one.
    dies_in: Option<u64>,
    engine: Option<Engine<Remembered>>,
    verification: Remembered,
    timers: BTreeMap<Timer, u64>,
    settings: u64,
    /// What a restart leaves: the journal of the open height, byte for byte.
    pub journal: Vec<Vec<u8>>,
    started: u64,
    /// The replicated store: messages by height, values, certificates.
    store: BTreeMap<u64, Vec<Message>>,
    stored: BTreeSet<Vec<u8>>,
    values: BTreeMap<Hash, Value>,
    certificates: BTreeMap<u64, Certificate>,
    asked: BTreeSet<Hash>,
    ahead: Vec<Message>,
    pub decided: Vec<Certificate>,
    pub decided_at_ms: Vec<u64>,
    pub restarts: usize,
    pub round: u32,
    pub halted: Option<AgreementError>,
    pub sent: usize,
    pub refusals: Vec<Refusal>,
}

impl Node {
    pub fn new(index: usize, conduct: Conduct, verification: &Remembered) -> Self {
        let mut node = Self {
            index,
            conduct,
            online: conduct != Conduct::Away,
            dies_in: None,
            engine: None,
            verification: verification.clone(),
            timers: BTreeMap::new(),
            settings: 0,
            journal: Vec::new(),
            started: 0,
            store: BTreeMap::new(),
            stored: BTreeSet::new(),
            values: BTreeMap::new(),
            certificates: BTreeMap::new(),
            asked: BTreeSet::new(),
            ahead: Vec::new(),
            decided: Vec::new(),
            decided_at_ms: Vec::new(),
            restarts: 0,
            round: 0,
            halted: None,
            sent: 0,
            refusals: Vec::new(),
        };
        node.boot();
        node
    }

    fn boot(&mut self) {
        // An equivocator follows with an engine that signs nothing, and signs itself.
        let key = (self.conduct != Conduct::Equivocator).then(|| World::key(self.index));
        let identity = Identity {
            federation: FEDERATION,
            epoch: EPOCH,
            key,
        };
        let next = self.decided.len() as u64 + 1;
        let verification = self.verification.clone();
        let engine = Engine::with_verification(identity, World::timeouts(), next, verification);
        self.engine = Some(engine);
    }

    pub fn height(&self) -> u64 {
        self.decided.len() as u64 + 1
    }

    fn keep(&mut self, message: &Message) -> bool {
        let new = self.stored.insert(message.to_bytes());
        if new {
            let height = message.height();
            self.store.entry(height).or_default().push(message.clone());
        }
        new
    }
}

/// A height becomes due at a node.
pub fn start(world: &mut World, index: usize, height: u64) {
    let node = &mut world.nodes[index];
    if !node.online || node.engine.is_none() || node.height() != height {
        return;
    }
    if node.started == height || height > world.setup.heights {
        return;
    }
    begin(world, index, height);
}

fn begin(world: &mut World, index: usize, height: u64) {
    let set = world.set(height);
    if world.setup.crashes && world.nodes[index].started != height {
        world.nodes[index].dies_in = Some(world.random.below(20));
    }
    let node = &mut world.nodes[index];
    node.started = height;
    let records = node.journal.iter();
    let journal = records
        .map(|bytes| Record::from_bytes(bytes).unwrap())
        .collect();
    give(
        world,
        index,
        Input::Start {
            height,
            set,
            journal,
        },
    );
    offer(world, index);
}

/// Gives the engine all the store has of the open height.
fn offer(world: &mut World, index: usize) {
    let node = &world.nodes[index];
    let height = node.height();
    let messages = node.store.get(&height).cloned().unwrap_or_default();
    let certificate = node.certificates.get(&height).cloned();
    for message in messages {
        give(world, index, Input::Message(message));
    }
    if let Some(certificate) = certificate {
        give(world, index, Input::Certificate(certificate));
    }
}

pub fn switch(world: &mut World, index: usize, online: bool) {
    world.nodes[index].online = online;
    if online {
        restart(world, index);
    } else {
        let node = &mut world.nodes[index];
        node.engine = None;
        node.timers.clear();
    }
}

/// A node comes back with what was durable.
pub fn restart(world: &mut World, index: usize) {
    let node = &mut world.nodes[index];
    if node.halted.is_some() || !node.online {
        return;
    }
    node.boot();
    let height = node.height();
    if height <= world.setup.heights {
        begin(world, index, height);
    }
    pull_from_all(world, index);
}

fn pull_from_all(world: &mut World, index: usize) {
    let height = world.nodes[index].height();
    let packet = Packet::Pull {
        from: index,
        height,
    };
    world.send_all(index, &packet);
}

pub fn pull(world: &mut World, index: usize) {
    world.after(MINUTE_MS, Event::Pull(index));
    let count = world.nodes.len() as u64;
    let peer = usize::try_from(world.random.below(count)).unwrap();
    let height = world.nodes[index].height();
    if world.nodes[index].online {
        let packet = Packet::Pull {
            from: index,
            height,
        };
        world.send(index, peer, packet);
    }
}

pub fn fire(world: &mut World, index: usize, timer: Timer, setting: u64) {
    let node = &mut world.nodes[index];
    if node.online && node.timers.get(&timer) == Some(&setting) {
        node.timers.remove(&timer);
        give(world, index, Input::Fired(timer));
    }
}

pub fn receive(world: &mut World, index: usize, packet: Packet) {
    if !world.nodes[index].online {
        return;
    }
    match packet {
        Packet::Message(message) => {
            let node = &mut world.nodes[index];
            let new = node.keep(&message);
            let height = message.height();
            if node.conduct == Conduct::Equivocator && new {
                attack::on_message(world, index, &message);
            }
            if height == world.nodes[index].height() {
                // A message of this height tells that there is something to decide.
                start(world, index, height);
            }
            give(world, index, Input::Message(message));
        }
        Packet::Value(value) => {
            let node = &mut world.nodes[index];
            let hash = value.hash();
            node.values.insert(hash, value);
            if node.asked.contains(&hash) {
                judge(world, index, hash);
            }
        }
        Packet::Certificate(certificate) => {
            let node = &mut world.nodes[index];
            let height = certificate.height;
            let known = node.certificates.entry(height);
            known.or_insert_with(|| certificate.clone());
            start(world, index, height);
            give(world, index, Input::Certificate(certificate));
        }
        Packet::Pull { from, height } => answer(world, index, from, height),
    }
}

/// Sends all it has of that height, and of it only: who is behind goes one by one.
fn answer(world: &mut World, index: usize, to: usize, height: u64) {
    let node = &world.nodes[index];
    let of_height = node.values.values().filter(|value| value.height == height);
    let values = of_height.copied().map(Packet::Value);
    let messages = node.store.get(&height).into_iter().flatten().cloned();
    let certificate = node.certificates.get(&height).cloned();
    let packets: Vec<Packet> = values
        .chain(messages.map(Packet::Message))
        .chain(certificate.map(Packet::Certificate))
        .collect();
    for packet in packets {
        world.send(index, to, packet);
    }
}

fn judge(world: &mut World, index: usize, value: Hash) {
    let node = &mut world.nodes[index];
    node.asked.insert(value);
    let verdict = match node.values.get(&value) {
        Some(value) if value.valid && value.height == node.height() => Verdict::Valid,
        Some(_) => Verdict::Invalid,
        None => Verdict::NotYet,
    };
    give(world, index, Input::Judged { value, verdict });
}

/// Gives an input to the engine and does what follows, or dies in the middle of it.
fn give(world: &mut World, index: usize, input: Input) {
    let node = &mut world.nodes[index];
    let Some(engine) = &mut node.engine else {
        return;
    };
    let result = engine.handle(input);
    node.round = engine.round().unwrap_or_default();
    world.rounds = world.rounds.max(node.round);
    match result {
        Ok(reaction) => react(world, index, reaction),
        Err(error) => {
            node.engine = None;
            node.halted = Some(error);
        }
    }
}

fn react(world: &mut World, index: usize, reaction: Reaction) {
    let mut written = reaction.journal.len();
    let node = &mut world.nodes[index];
    let dies = node.dies_in == Some(0);
    node.dies_in = node.dies_in.and_then(|acts| acts.checked_sub(1));
    if dies {
        // Any part of what was to be written may have reached the disk; nothing was sent.
        written = usize::try_from(world.random.below(written as u64 + 1)).unwrap();
    }
    let node = &mut world.nodes[index];
    for record in &reaction.journal[..written] {
        node.journal.push(record.to_bytes());
    }
    if dies {
        node.engine = None;
        node.timers.clear();
        node.restarts += 1;
        if world.setup.forgets {
            node.journal.clear();
        }
        if world.random.chance(30) {
            world.nodes[index].dies_in = Some(world.random.below(10));
        }
        let after_ms = world.random.below(5 * MINUTE_MS);
        world.after(after_ms, Event::Return(index));
        return;
    }
    for output in reaction.outputs {
        act(world, index, output);
    }
}

fn act(world: &mut World, index: usize, output: Output) {
    match output {
        Output::Round { round, proposer } => round_begins(world, index, round, proposer),
        Output::Publish(message) => {
            if world.nodes[index].conduct.is_honest() {
                world.watch(index, &message);
            }
            world.nodes[index].keep(&message);
            world.nodes[index].sent += 1;
            world.send_all(index, &Packet::Message(message));
        }
        Output::NeedValue { round } => {
            let conduct = world.nodes[index].conduct;
            let value = make(world, index, 0, conduct != Conduct::BadProposer);
            let value = value.hash();
            give(world, index, Input::Propose { round, value });
        }
        Output::Judge { value, .. } => judge(world, index, value),
        Output::SetTimer { timer, after_ms } => {
            let node = &mut world.nodes[index];
            node.settings += 1;
            let setting = node.settings;
            node.timers.insert(timer, setting);
            let node = index;
            world.after(
                after_ms,
                Event::Timer {
                    node,
                    timer,
                    setting,
                },
            );
        }
        Output::CancelTimer(timer) => {
            world.nodes[index].timers.remove(&timer);
        }
        Output::CancelTimers => world.nodes[index].timers.clear(),
        Output::Decided(certificate) => decide(world, index, certificate),
        Output::Evidence(evidence) => world.watch_evidence(evidence),
        Output::Refused(refusal) => world.nodes[index].refusals.push(refusal),
    }
}

/// Makes a value and sends its bytes.
pub fn make(world: &mut World, index: usize, salt: u64, valid: bool) -> Value {
    let value = Value {
        height: world.nodes[index].height(),
        maker: index,
        salt: salt + 10 * world.random.below(1000),
        valid,
    };
    world.values.insert(value.hash(), value);
    world.nodes[index].values.insert(value.hash(), value);
    world.send_all(index, &Packet::Value(value));
    value
}

fn round_begins(world: &mut World, index: usize, round: u32, proposer: ValidatorIndex) {
    let height = world.nodes[index].height();
    if world.nodes[index].conduct == Conduct::Equivocator {
        attack::on_round(world, index, height, round, proposer);
    }
    // Later rounds may now be near enough.
    let node = &mut world.nodes[index];
    let ahead = std::mem::take(&mut node.ahead);
    for message in ahead {
        give(world, index, Input::Message(message));
    }
    let node = &mut world.nodes[index];
    if node.refusals.iter().any(is_ahead) {
        node.refusals.retain(|refusal| !is_ahead(refusal));
        offer(world, index);
    }
}

fn is_ahead(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Ahead { .. })
}

fn decide(world: &mut World, index: usize, certificate: Certificate) {
    if world.nodes[index].conduct.is_honest() {
        world.watch_decision(&certificate);
    }
    let now_ms = world.now_ms;
    let node = &mut world.nodes[index];
    node.certificates
        .insert(certificate.height, certificate.clone());
    node.decided.push(certificate.clone());
    node.decided_at_ms.push(now_ms);
    node.journal.clear();
    node.asked.clear();
    node.refusals.clear();
    world.send_all(index, &Packet::Certificate(certificate));
    let height = world.nodes[index].height();
    let pause_ms = 1000 + world.random.below(1000);
    world.after(
        pause_ms,
        Event::Start {
            node: index,
            height,
        },
    );
    // What was missed of the next height, if others are ahead.
    let behind = world
        .nodes
        .iter()
        .any(|other| other.decided.len() as u64 >= height);
    if behind {
        pull_from_all(world, index);
    }
}
