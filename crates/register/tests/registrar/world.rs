//! A federation under a virtual clock: one queue ordered by time, links, disks, clocks and people,
//! each drawn from a stream of their own of one seed.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{EntryId, Hash, PhaseId, Timestamp};
use register::{
    batch::Items,
    chain::Chain,
    registrar::{Input, Topic},
};

use crate::{
    checks::Checks,
    items::{About, Thing, Things},
    node::{Conduct, Node, Remembered},
    people::{Asked, BEGUN, Federation, Vote, validator_key},
    random::Random,
};

pub const SECOND_MS: u64 = 1_000;
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// Votes of a day, so that a world has time for several.
pub const SHORT: &str = "[period]\nregular-seconds = 86400\nurgent-seconds = 43200\n\
    integration-regular-seconds = 43200\nintegration-urgent-seconds = 21600\n\
    [late-block]\nextension-seconds = 21600\n";

/// How a world is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    pub seed: u64,
    /// How many members the register begins with.
    pub members: usize,
    /// How many nodes wait for their member to be admitted.
    pub newcomers: usize,
    pub toml: String,
    /// Tells federations of the same people apart.
    pub nonce: u8,
    pub conducts: Vec<(usize, Conduct)>,
    pub loss_percent: u64,
    pub duplicate_percent: u64,
    /// Of a hundred writes, how many a node does not survive.
    pub crash_percent: u64,
    /// Whether every honest node crashes at every height.
    pub crashes_at_heights: bool,
    /// Clocks are off by up to so much.
    pub skew_ms: u64,
}

impl Setup {
    pub fn new(seed: u64, members: usize) -> Self {
        Self {
            seed,
            members,
            newcomers: 0,
            toml: SHORT.to_owned(),
            nonce: 9,
            conducts: Vec::new(),
            loss_percent: 0,
            duplicate_percent: 2,
            crash_percent: 0,
            crashes_at_heights: false,
            skew_ms: 20 * SECOND_MS,
        }
    }

    pub fn with(mut self, conduct: Conduct, nodes: &[usize]) -> Self {
        self.conducts
            .extend(nodes.iter().map(|node| (*node, conduct)));
        self
    }
}

/// What happens at a time.
#[derive(Debug, Clone)]
pub enum Event {
    /// A thing reaches a node.
    Arrive {
        to: usize,
        thing: Thing,
        again: bool,
    },
    /// A node sends a thing it has to some: what was said later than its registrar said it.
    Say {
        from: usize,
        thing: Thing,
        to: Vec<usize>,
    },
    /// A node gives itself all it has about something.
    Again {
        node: usize,
        topic: Topic,
    },
    /// Every minute each node compares what it has with a random other.
    Gossip,
    Up(usize),
    Down(usize),
    /// Nothing goes from the one to the other.
    Cut(Vec<(usize, usize)>),
    /// All links carry again.
    Heal,
    /// A clock is set so far ahead.
    Clock(usize, i64),
}

pub struct World {
    pub now: u64,
    pub federation: Federation,
    pub nodes: Vec<Node>,
    pub things: Things,
    pub checks: Checks,
    pub setup: Setup,
    pub cut: BTreeSet<(usize, usize)>,
    /// Messages and bytes sent from node to node.
    pub sent: (u64, u64),
    /// How often an honest registrar has said something.
    pub said: u64,
    /// The highest round of any height.
    pub rounds: u32,
    pub restarts: usize,
    pub trace: Hash,
    pub(crate) cache: Remembered,
    queue: BTreeMap<(u64, u64), Event>,
    count: u64,
    pub(crate) again: BTreeSet<(usize, Topic)>,
    pub(crate) net: Random,
    pub(crate) disk: Random,
    pub(crate) lies: Random,
    pub people: Random,
}

impl World {
    pub fn new(setup: Setup) -> Self {
        let federation = Federation::new(setup.members, &setup.toml, setup.nonce);
        let (chain, cache) = (federation.chain(), Remembered::default());
        let mut clocks = Random::of(setup.seed, "clocks");
        let mut checks = Checks::default();
        let nodes = (0..setup.members + setup.newcomers).map(|number| {
            let mut conducts = setup.conducts.iter();
            let conduct = conducts.find(|(node, _)| *node == number);
            let conduct = conduct.map_or(Conduct::Honest, |(_, conduct)| *conduct);
            let key = validator_key(number);
            if conduct != Conduct::Honest {
                checks.liars.insert(key.public());
            }
            let mut node = Node::new(chain.clone(), key, conduct, &cache);
            let skew = clocks.below(2 * setup.skew_ms + 1) as i64;
            node.skew_ms = skew - setup.skew_ms as i64;
            node
        });
        let nodes: Vec<Node> = nodes.collect();
        let stream = |purpose| Random::of(setup.seed, purpose);
        let (net, disk, lies, people) = (
            stream("links"),
            stream("disks"),
            stream("liars"),
            stream("people"),
        );
        let mut world = Self {
            now: BEGUN.0,
            federation,
            nodes,
            things: Things::default(),
            checks,
            cut: BTreeSet::new(),
            sent: (0, 0),
            said: 0,
            rounds: 0,
            restarts: 0,
            trace: Hash([0; 32]),
            cache,
            queue: BTreeMap::new(),
            count: 0,
            again: BTreeSet::new(),
            net,
            disk,
            lies,
            people,
            setup,
        };
        for node in 0..world.nodes.len() {
            world.boot(node);
        }
        world.at(BEGUN.0 + MINUTE_MS, Event::Gossip);
        world
    }

    pub fn at(&mut self, time: u64, event: Event) {
        self.count += 1;
        self.queue.insert((time.max(self.now), self.count), event);
    }

    pub fn after(&mut self, after_ms: u64, event: Event) {
        self.at(self.now + after_ms, event);
    }

    /// The last height of the honest nodes, and a register that stands there.
    pub fn chain(&self) -> &Chain {
        let honest = self.nodes.iter().filter(|node| node.is_honest());
        let chains = honest.map(|node| node.registrar.chain());
        chains
            .max_by_key(|chain| (chain.epoch(), chain.height()))
            .expect("somebody is honest")
    }

    /// A member opens a vote now; its phase, if it comes to be one.
    pub fn opens(&mut self, mut asked: Asked) -> (PhaseId, Hash) {
        asked.time = Timestamp(self.now);
        let (items, phase) = self.federation.opens(&self.chain().clone(), &asked);
        self.wants(asked.proposer, items);
        (phase, asked.motion.hash())
    }

    /// A member's node asks for something.
    pub fn wants(&mut self, member: usize, items: Items) {
        let input = Input::Want(Box::new(items));
        let thing = self.things.wanted(&self.federation.id, input);
        self.says(self.now, member, thing, None);
    }

    /// Organisations recover the register without these, announced and confirmed at these times; the
    /// confirmation is given to a member's node.
    pub fn recover(&mut self, at: usize, gone: &[usize], (announced, confirmed): (u64, u64)) {
        let chain = self.chain().clone();
        let times = (Timestamp(announced), Timestamp(confirmed));
        let recovered = self.federation.recovered(&chain, gone, times);
        let input = Input::Recovered(Box::new(recovered));
        let thing = self.things.wanted(&self.federation.id, input);
        self.says(confirmed, at, thing, None);
    }

    /// A member votes at a time, at its own node or only at those.
    pub fn votes(
        &mut self,
        time: u64,
        vote: (PhaseId, Hash),
        cast: Vote,
        only: Option<Vec<usize>>,
    ) -> EntryId {
        let pair = self.federation.ballot(vote, cast);
        self.ballot(time, vote.0, (cast.voter, only), pair)
    }

    /// A ballot or an answer is handed in.
    pub fn ballot(
        &mut self,
        time: u64,
        vote: PhaseId,
        (voter, only): (usize, Option<Vec<usize>>),
        pair: (domain::entry::Entry, domain::entry::Entry),
    ) -> EntryId {
        let input = Input::Ballot(Box::new(pair));
        let (thing, id) = self.things.ballot(&self.federation.id, vote, input);
        match only {
            None => self.says(time, voter, thing, None),
            Some(nodes) => {
                for to in nodes {
                    let again = false;
                    self.at(time, Event::Arrive { to, thing, again });
                }
            }
        }
        id
    }

    fn says(&mut self, time: u64, from: usize, thing: Thing, only: Option<Vec<usize>>) {
        let to = only.unwrap_or_else(|| (0..self.nodes.len()).collect());
        self.at(time, Event::Say { from, thing, to });
    }

    /// Runs until a time, or until something is broken.
    pub fn run(&mut self, until: u64) {
        let mut busy = 0;
        while self.checks.broken.is_empty() {
            let wakes = self.nodes.iter().enumerate().filter(|(_, node)| node.is_up);
            let wake = wakes.filter_map(|(at, node)| Some((node.wake?, at))).min();
            let event = self.queue.keys().next().copied();
            let times = [wake.map(|(at, _)| at), event.map(|(at, _)| at)];
            let Some(next) = times
                .into_iter()
                .flatten()
                .min()
                .filter(|next| *next <= until)
            else {
                break;
            };
            busy = if next > self.now { 0 } else { busy + 1 };
            if busy > 1_000_000 {
                self.checks.fail(self.now, "time stands still".to_owned());
            }
            self.now = self.now.max(next);
            if let Some(key) = event.filter(|(at, _)| *at <= self.now) {
                let event = self.queue.remove(&key).expect("it was the first");
                self.happens(event);
            } else if let Some((_, node)) = wake {
                self.handle(node, Input::Wake, None);
            }
        }
        self.now = self.now.max(until);
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrive { to, thing, again } => self.arrive(to, thing, again),
            Event::Say { from, thing, to } => {
                // Who finds its node down writes to another member's.
                let mut nodes = (from..self.nodes.len()).chain(0..from);
                let from = nodes.find(|node| self.nodes[*node].is_up).unwrap_or(from);
                self.arrive(from, thing, false);
                for to in to.into_iter().filter(|to| *to != from) {
                    self.send(from, to, thing);
                }
            }
            Event::Again { node, topic } => self.again(node, topic),
            Event::Gossip => {
                self.gossip();
                self.after(MINUTE_MS, Event::Gossip);
            }
            Event::Up(node) => {
                if !self.nodes[node].is_up {
                    self.nodes[node].is_up = true;
                    self.boot(node);
                }
            }
            Event::Down(node) => self.nodes[node].is_up = false,
            Event::Cut(links) => self.cut.extend(links),
            Event::Heal => self.cut.clear(),
            Event::Clock(node, skew_ms) => {
                self.nodes[node].skew_ms = skew_ms;
                self.nodes[node].look_at_clock();
                self.compare_clocks();
            }
        }
    }

    fn arrive(&mut self, to: usize, thing: Thing, again: bool) {
        let (hash, input) = {
            let kept = self.things.get(thing);
            (kept.hash, kept.input.clone())
        };
        let node = &mut self.nodes[to];
        if node.is_up && (node.shelf.put(thing, &hash) || again) {
            self.handle(to, (*input).clone(), Some(thing));
        }
    }

    /// Whether an honest node still asks for a height: it must not while there is nothing to decide.
    pub fn is_idle(&self) -> bool {
        let up = self.nodes.iter().filter(|node| node.is_up);
        let mut honest = up.filter(|node| node.is_honest());
        honest.all(|node| node.wake.is_none() && node.registrar.round().is_none())
    }

    /// Ballots named by a phase are those of its vote.
    pub(crate) fn about(&self, node: usize, topic: Topic) -> Vec<Thing> {
        let mut things = Vec::new();
        if let Topic::Phase(phase) = topic {
            let phases = self.nodes[node].registrar.chain().phases();
            let vote = phases.get(&phase).map_or(phase, |phase| phase.vote);
            things.extend(self.things.about(About::Vote(vote)));
        }
        things.extend(self.things.about(About::Topic(topic)));
        let shelf = &self.nodes[node].shelf;
        things.retain(|thing| shelf.has(*thing));
        things
    }
}
