//! Figures: how long a vote takes to be seen everywhere, how fast virtual time passes.

use std::{collections::BTreeMap, time::Instant};

use domain::{charter::Charter, decision::Choice, id::EntryId};
use federation::Act;
use serde::Serialize;

use crate::{
    decisions::{DecisionFigures, decisions},
    member::Member,
    network::Weather,
    options::{HOUR, MINUTE},
    random::{MILLION, Random},
    world::{Driver, Event, Nobody, World},
};

/// The mean of the tail, so that with a base of 60 ms the median one-way latency is 85 ms.
const TAIL_MS: u64 = 36;
const BASE_MS: u64 = 60;
/// A virtual year, in milliseconds.
const YEAR: u64 = 365 * 24 * HOUR;

/// What a benchmark found.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Time from vote to visibility, by nodes and loss.
    pub votes: Vec<VoteFigures>,
    /// What a decision of the register takes.
    pub decisions: Vec<DecisionFigures>,
    /// Virtual time.
    pub year: Option<YearFigures>,
}

/// Time from an accepted vote to its being in the view of all nodes.
#[derive(Debug, Serialize)]
pub struct VoteFigures {
    /// Nodes.
    pub nodes: usize,
    /// Messages lost, in per cent.
    pub loss_percent: u64,
    /// Votes measured.
    pub votes: usize,
    /// Median over the votes of the time until the last node has it, in milliseconds.
    pub median_ms: u64,
    /// The worst of them.
    pub worst_ms: u64,
    /// Messages per vote, over all nodes.
    pub messages_per_vote: u64,
    /// Bytes per vote and node.
    pub bytes_per_vote_and_node: u64,
}

/// How fast virtual time passes.
#[derive(Debug, Serialize)]
pub struct YearFigures {
    /// Nodes.
    pub nodes: usize,
    /// Virtual days.
    pub days: u64,
    /// Entries at the end.
    pub entries: usize,
    /// Inputs handled.
    pub inputs: u64,
    /// Messages sent.
    pub messages: u64,
    /// Megabytes sent.
    pub megabytes: u64,
    /// Seconds of this machine, in milliseconds.
    pub took_ms: u64,
    /// Simulated node-days per second.
    pub node_days_per_second: u64,
}

struct Setup {
    plans: Vec<usize>,
}

impl Driver for Setup {
    fn happen(&mut self, world: &mut World, plan: usize) {
        let member = self.plans[plan];
        if !world.set_up(member) {
            let at = world.now + 1_000;
            self.plans.push(member);
            world.push(at, 0, Event::Planned(self.plans.len() - 1));
        }
    }
}

/// A federation of this many nodes, up to twelve of them founders, set up and at rest.
fn federation(nodes: usize, seed: u64, charter: &str) -> World {
    federation_with(nodes, seed, charter, 0)
}

/// The same, with as many validators of a register that has not begun.
pub(crate) fn federation_with(nodes: usize, seed: u64, charter: &str, validators: usize) -> World {
    let charter = Charter::from_toml(charter).expect("the charter of benchmarks is valid");
    let members = (0..nodes).map(|number| {
        let name = format!("Coop{}", number + 1);
        Member::new(seed, &name, "producer", number < 12, number)
    });
    let mut world = World::new(seed, charter, members.collect(), nodes);
    world.tracing = false;
    world.network.base_ms = Some(BASE_MS);
    world.network.tail_ms = TAIL_MS;
    if validators > 0 {
        world.with_validators(validators);
    }
    // All is set up on one node and copied: what is measured comes afterwards.
    for member in 0..nodes {
        world.members[member].home = 0;
    }
    world.start(0);
    let mut setup = Setup { plans: Vec::new() };
    for member in 0..nodes {
        setup.plans.push(member);
        world.push(1_000, 0, Event::Planned(member));
    }
    world.run_until(HOUR, &mut setup);
    for node in 1..nodes {
        world.nodes[node].disk = world.nodes[0].disk.clone();
        world.members[node].home = node;
        world.start(node);
    }
    world.run_until(HOUR + 30 * MINUTE, &mut Nobody);
    world
}

/// Opens voting on a new proposal and waits until everyone knows.
fn open(world: &mut World) -> Option<EntryId> {
    let steward = world.members[0].steward.clone();
    let act = Act::Propose {
        title: "Measured".to_owned(),
        text: "A text.".to_owned(),
        rule: String::new(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let ticket = world.act(0, steward.clone(), act)?;
    world.run_until(world.now + MINUTE, &mut Nobody);
    let proposal = match world.ledger.done.get(&ticket) {
        Some((_, Ok(id))) => *id,
        _ => return None,
    };
    world.act(0, steward, Act::Open { proposal })?;
    world.run_until(world.now + 10 * MINUTE, &mut Nobody);
    Some(proposal)
}

fn has_everywhere(world: &World, id: &EntryId) -> bool {
    let mut cores = world.nodes.iter().filter_map(|node| node.core.as_ref());
    cores.all(|core| core.replica().find(id).is_some())
}

fn votes(nodes: usize, loss_percent: u64, wanted: usize) -> VoteFigures {
    let mut world = federation(nodes, 7, "[rule.consent]\nelectorate = \"all\"\n");
    world.network.weather = Weather {
        loss: loss_percent * MILLION / 100,
        ..Weather::default()
    };
    let proposal = open(&mut world);
    let (mut times, mut random) = (Vec::new(), Random::new(7, "votes"));
    let mut used: BTreeMap<usize, u32> = BTreeMap::new();
    let (messages, bytes) = (world.network.messages, world.network.bytes);
    let (mut pushed, mut pushed_bytes) = (0, 0);
    while let (Some(proposal), true) = (proposal, times.len() < wanted) {
        let member = random.below(nodes as u64) as usize;
        let uses = used.entry(member).or_default();
        if *uses >= 8 {
            let act = world.members[member].new_delegate();
            let root = world.members[member].root.clone();
            world.act(member, root, act);
            world.run_until(world.now + 3 * MINUTE, &mut Nobody);
            *uses = 0;
        }
        *uses += 1;
        let choice = if random.coin() {
            Choice::Agree
        } else {
            Choice::Abstain
        };
        let Some(act) = world.vote_on(member, &proposal, choice) else {
            break;
        };
        let (from, before, before_bytes) = (world.now, world.network.messages, world.network.bytes);
        let key = world.members[member].delegate.clone();
        let Some(ticket) = world.act(member, key, act) else {
            break;
        };
        while !world.ledger.done.contains_key(&ticket) && world.now < from + MINUTE {
            world.run_until(world.now + 1, &mut Nobody);
        }
        let Some((_, Ok(id))) = world.ledger.done.get(&ticket) else {
            break;
        };
        let id = *id;
        while !has_everywhere(&world, &id) && world.now < from + 10 * MINUTE {
            world.run_until(world.now + 1, &mut Nobody);
        }
        times.push(world.now - from);
        world.run_until(from + 10_000, &mut Nobody);
        pushed += world.network.messages - before;
        pushed_bytes += world.network.bytes - before_bytes;
        world.run_until(world.now + 20_000, &mut Nobody);
    }
    debug_assert!(world.network.messages >= messages && world.network.bytes >= bytes);
    times.sort_unstable();
    let number = times.len().max(1) as u64;
    VoteFigures {
        nodes,
        loss_percent,
        votes: times.len(),
        median_ms: times.get(times.len() / 2).copied().unwrap_or_default(),
        worst_ms: times.last().copied().unwrap_or_default(),
        messages_per_vote: pushed / number,
        bytes_per_vote_and_node: pushed_bytes / number / nodes as u64,
    }
}

struct Year {
    setup: Setup,
}

impl Driver for Year {
    fn happen(&mut self, world: &mut World, plan: usize) {
        match self.setup.plans.get(plan) {
            Some(_) => self.setup.happen(world, plan),
            None => world.random_deed(),
        }
    }
}

/// A year of twelve co-ops that do about sixteen things a day.
fn year() -> YearFigures {
    let nodes = 12;
    let mut world = federation(nodes, 11, "");
    let begin = world.now;
    let mut random = Random::new(11, "year");
    for _ in 0..6_000 {
        let at = begin + random.below(YEAR);
        world.push(at, 0, Event::Planned(usize::MAX));
    }
    let (messages, bytes, inputs) = (world.network.messages, world.network.bytes, world.handled);
    let began = Instant::now();
    let setup = Setup { plans: Vec::new() };
    world.run_until(begin + YEAR, &mut Year { setup });
    let took_ms = began.elapsed().as_millis() as u64;
    YearFigures {
        nodes,
        days: 365,
        entries: world.nodes[0].disk.len(),
        inputs: world.handled - inputs,
        messages: world.network.messages - messages,
        megabytes: (world.network.bytes - bytes) / 1_000_000,
        took_ms,
        node_days_per_second: nodes as u64 * 365 * 1_000 / took_ms.max(1),
    }
}

/// Measures federations of these sizes, without loss and with 5 %, registers of so many members of whom
/// so many validate, and a virtual year if asked.
#[must_use]
pub fn bench(sizes: &[usize], registers: &[(usize, usize)], with_year: bool) -> Figures {
    let measure = |nodes: usize, loss| votes(nodes, loss, if nodes <= 20 { 200 } else { 20 });
    Figures {
        votes: sizes
            .iter()
            .flat_map(|nodes| [measure(*nodes, 0), measure(*nodes, 5)])
            .collect(),
        decisions: registers
            .iter()
            .flat_map(|(members, validators)| decisions(*members, *validators))
            .collect(),
        year: with_year.then(year),
    }
}
