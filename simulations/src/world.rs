//! The world: virtual time, a heap of events, and the nodes they happen to.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    entry::Entry,
    genesis::Genesis,
    key::{PublicKey, SecretKey},
};
use federation::{Act, Core, Input, message::Message};

use crate::{
    archive::Archive,
    broken::Broken,
    distort::Hearers,
    ledger::{Deed, Ledger},
    meetings::Post,
    member::Member,
    network::Network,
    node::Node,
    random::Random,
    trace::Trace,
};

/// What happens to a node.
#[derive(Debug)]
pub enum Event {
    Wake {
        incarnation: u64,
    },
    Deliver {
        from: usize,
        connection: u64,
        bytes: Vec<u8>,
    },
    Persisted {
        incarnation: u64,
        number: u64,
    },
    Up {
        peer: usize,
        connection: u64,
    },
    Down {
        peer: usize,
        connection: u64,
    },
    Dial {
        peer: usize,
        tries: u32,
    },
    Introduce {
        entries: Vec<Vec<u8>>,
    },
    LiarTurn,
    /// The power fails, and soon comes back.
    Blackout {
        incarnation: u64,
    },
    Return,
    PuppetWake,
    PuppetSays {
        message: Vec<u8>,
        hearers: Hearers,
    },
    /// Something the driver of this world planned.
    Planned(usize),
}

/// Who plans what happens in a world.
pub trait Driver {
    fn happen(&mut self, world: &mut World, plan: usize);
}

/// A driver that plans nothing.
pub struct Nobody;

impl Driver for Nobody {
    fn happen(&mut self, _world: &mut World, _plan: usize) {}
}

/// Something that must never happen, and did.
#[derive(Debug, Clone)]
pub struct Failure {
    pub time: u64,
    pub node: Option<usize>,
    pub what: String,
}

#[derive(Debug)]
pub struct World {
    pub now: u64,
    heap: BTreeMap<(u64, u64), (usize, Event)>,
    events: u64,
    pub genesis: Genesis,
    pub charter: Charter,
    pub members: Vec<Member>,
    pub nodes: Vec<Node>,
    pub index: BTreeMap<PublicKey, usize>,
    pub network: Network,
    pub disks: Random,
    pub people: Random,
    pub ledger: Ledger,
    /// What the register decided, where there is one.
    pub archive: Option<Archive>,
    pub trace: Trace,
    /// Whether everything is hashed into the trace.
    pub tracing: bool,
    pub failure: Option<Failure>,
    pub(crate) connections: u64,
    pub(crate) dialing: BTreeSet<(usize, usize)>,
    tickets: u64,
    pub handled: u64,
    /// Where there are meetings: what cores want of servers and front ends.
    pub post: Option<Post>,
}

impl World {
    /// A world of members; the home of each must be a node below `homes`.
    pub fn new(seed: u64, charter: Charter, members: Vec<Member>, homes: usize) -> Self {
        let genesis = crate::member::genesis(&members, &charter);
        let mut network = Network::new(seed);
        let mut nodes = Vec::new();
        for home in 0..homes {
            let member = members.iter().position(|member| member.home == home);
            let member = member.unwrap_or_default();
            nodes.push(Node::new(seed, member, members[member].node.public()));
            network.add_node();
        }
        let index = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.key, at))
            .collect();
        Self {
            now: 0,
            heap: BTreeMap::new(),
            events: 0,
            ledger: Ledger::new(),
            genesis,
            charter,
            members,
            nodes,
            index,
            network,
            disks: Random::new(seed, "disks"),
            people: Random::new(seed, "people"),
            archive: None,
            trace: Trace::default(),
            tracing: true,
            failure: None,
            connections: 0,
            dialing: BTreeSet::new(),
            tickets: 0,
            handled: 0,
            post: None,
        }
    }

    pub fn fail(&mut self, node: Option<usize>, what: impl Into<String>) {
        if self.failure.is_none() {
            self.failure = Some(Failure {
                time: self.now,
                node,
                what: what.into(),
            });
        }
    }

    pub fn push(&mut self, time: u64, node: usize, event: Event) {
        self.events += 1;
        let time = time.max(self.now);
        self.heap.insert((time, self.events), (node, event));
    }

    /// Runs until `time`, or until something fails.
    pub fn run_until(&mut self, time: u64, driver: &mut dyn Driver) {
        while self.failure.is_none() {
            let Some(first) = self.heap.first_entry() else {
                break;
            };
            if first.key().0 > time {
                break;
            }
            let ((at, _), (node, event)) = first.remove_entry();
            self.now = at;
            match event {
                Event::Planned(plan) => driver.happen(self, plan),
                event => self.happen(node, event),
            }
        }
        self.now = self.now.max(time);
    }

    fn happen(&mut self, node: usize, event: Event) {
        match event {
            Event::Wake { incarnation } => self.wake(node, incarnation),
            Event::Deliver {
                from,
                connection,
                bytes,
            } => self.deliver(node, from, connection, &bytes),
            Event::Persisted {
                incarnation,
                number,
            } => {
                if self.nodes[node].incarnation == incarnation && self.nodes[node].is_up() {
                    self.nodes[node].disk.sync(number);
                    if self.nodes[node].broken != Some(Broken::EarlyAnswer) {
                        self.give(node, Input::Persisted(number));
                    }
                }
            }
            Event::Up { peer, connection } => {
                let is_current = self.nodes[node].connections.get(&peer) == Some(&connection);
                if is_current && self.nodes[node].is_up() {
                    let key = self.nodes[peer].key;
                    self.give(node, Input::Connected(key));
                }
            }
            Event::Down { peer, connection } => self.lose(node, peer, connection),
            Event::Dial { peer, tries } => self.dial(node, peer, tries),
            Event::Introduce { entries } => {
                if self.nodes[node].is_up() {
                    let entries = entries
                        .iter()
                        .filter_map(|bytes| Entry::from_bytes(bytes).ok());
                    let entries = entries.collect();
                    self.give(node, Input::Introduce(entries));
                }
            }
            Event::LiarTurn => self.liar_turn(node),
            Event::Blackout { incarnation } => {
                if self.nodes[node].is_up() && self.nodes[node].incarnation == incarnation {
                    self.crash(node);
                    let down = 2_000 + self.disks.exponential(20_000);
                    self.push(self.now + down, node, Event::Return);
                }
            }
            Event::Return => self.start(node),
            Event::PuppetWake => self.wake_puppets(node),
            Event::PuppetSays { message, hearers } => self.puppet_says(node, &message, hearers),
            Event::Planned(_) => {}
        }
    }

    fn wake(&mut self, node: usize, incarnation: u64) {
        let now = self.now;
        let current = &mut self.nodes[node];
        if current.incarnation == incarnation && current.wake_at == Some(now) {
            current.wake_at = None;
            current.idle_wakes += 1;
            let idle = current.idle_wakes;
            if idle > 10_000 {
                self.fail(
                    Some(node),
                    "the core asks to be woken again and again and does nothing",
                );
            }
            self.give(node, Input::Wake);
        }
    }

    fn deliver(&mut self, node: usize, from: usize, connection: u64, bytes: &[u8]) {
        let current = &self.nodes[node];
        if !current.is_up() || current.connections.get(&from) != Some(&connection) {
            return;
        }
        // What cannot be decoded never reaches the core: the transport ends there.
        let Ok(message) = Message::from_bytes(bytes) else {
            if self.nodes[from].is_honest() {
                self.fail(
                    Some(from),
                    "an honest node sent a message that does not decode",
                );
            }
            return;
        };
        let message = match self.nodes[node].broken {
            Some(broken) => broken.filter(&self.nodes[node], &self.genesis, self.now, message),
            None => message,
        };
        self.nodes[node].idle_wakes = 0;
        let key = self.nodes[from].key;
        let number = match &message {
            Message::Entries { number, .. } => Some(*number),
            _ => None,
        };
        self.give(node, Input::Message(key, message));
        // What was refused may come another way later; the acknowledgement is not about that.
        let flight = number.map(|number| (from, node, connection, number));
        if let (Some(flight), Some(core)) = (flight, &self.nodes[node].core)
            && let Some(ids) = self.ledger.flights.get_mut(&flight)
        {
            ids.retain(|id| core.replica().find(id).is_some());
        }
    }

    /// Gives an input to a node's core and does what it asks.
    pub fn give(&mut self, node: usize, input: Input) {
        let local = self.nodes[node].clock.show(self.now);
        let elapsed_ms = self.now.saturating_sub(self.nodes[node].told_at);
        self.nodes[node].told_at = self.now;
        let Some(core) = self.nodes[node].core.as_mut() else {
            return;
        };
        core.pass(elapsed_ms);
        if self.tracing {
            self.trace.input(self.now, node, &input);
        }
        let acting = match &input {
            Input::Act { key, .. } => Some(key.public()),
            _ => None,
        };
        self.handled += 1;
        let outputs = core.handle(local, input);
        if self.tracing {
            self.trace.outputs(&outputs);
        }
        self.perform(node, outputs, acting);
        self.plan_wake(node);
    }

    fn plan_wake(&mut self, node: usize) {
        let now = self.now;
        let current = &mut self.nodes[node];
        let Some(wakeup) = current.core.as_ref().and_then(Core::next_wakeup) else {
            current.wake_at = None;
            return;
        };
        let at = current.clock.when(now, wakeup).max(now + 1);
        if current.wake_at != Some(at) {
            current.wake_at = Some(at);
            let incarnation = current.incarnation;
            self.push(at, node, Event::Wake { incarnation });
        }
    }

    /// Sends a message over the connection there is.
    pub fn transmit(&mut self, from: usize, to: usize, message: &Message) {
        self.transmit_bytes(from, to, message.to_bytes());
    }

    pub fn transmit_bytes(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let Some(connection) = self.nodes[from].connections.get(&to).copied() else {
            return;
        };
        for at in self.network.send(self.now, from, to, bytes.len()) {
            let bytes = bytes.clone();
            let event = Event::Deliver {
                from,
                connection,
                bytes,
            };
            self.push(at, to, event);
        }
    }

    /// A person acts at the home node of its member. Returns the ticket, if the node is up.
    pub fn act(&mut self, member: usize, key: SecretKey, act: Act) -> Option<u64> {
        self.act_on(self.members[member].home, member, key, act)
    }

    /// The same at any node: a second device, or a thief's.
    pub fn act_on(&mut self, node: usize, member: usize, key: SecretKey, act: Act) -> Option<u64> {
        if !self.nodes[node].is_up() {
            return None;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        let deed = Deed {
            member,
            node,
            at: self.now,
            key: key.public(),
            act: act.clone(),
        };
        self.ledger.begin(ticket, deed);
        let random = self.people.bytes();
        self.give(
            node,
            Input::Act {
                ticket,
                key,
                act,
                random,
            },
        );
        Some(ticket)
    }

    pub fn member_of_name(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }
}
