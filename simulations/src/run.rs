//! One seed: a safety phase with faults at any time, then a liveness phase in which the links heal,
//! the other faults stay as they are, and everything must come to rest.

use domain::charter::Charter;

use crate::{
    broken::Broken,
    check::break_nodes,
    clock::Clock,
    liar::{Liar, Lie},
    member::Member,
    network::Weather,
    options::{HOUR, MINUTE, Options},
    random::Random,
    report::Report,
    world::{Driver, Event, World},
};

/// Within this time after healing all honest nodes must hold the same.
const CONVERGENCE_MS: u64 = 2 * HOUR;
/// Within this time after healing all votes must be final: each may be extended twice, blocked, and
/// voted on again.
const VOTES_MS: u64 = 36 * HOUR;
/// The most that the timed adversary delays one message: an entry is announced, asked for and sent, and
/// all of it must stay within the charter's bound of three minutes.
const ADVERSARY_MS: u64 = 55_000;
/// The most messages a node may send in an hour in which nothing happens.
const IDLE_MESSAGES_MAX: u64 = 60;
/// The charter of random runs: periods of hours, so that many votes open and close.
const CHARTER: &str = "[period]\nregular-seconds = 14400\nurgent-seconds = 3600\n\
    integration-regular-seconds = 3600\nintegration-urgent-seconds = 1800\n\
    [late-block]\nextension-seconds = 1800\n";

#[derive(Debug, Clone, Copy)]
enum Plan {
    Begin,
    Lie(usize),
    Start(usize),
    SetUp(usize),
    Deed,
    /// Somebody votes as a vote ends.
    LateVote,
    Crash(usize),
    Cut(usize, usize, bool),
    Heal(usize, usize),
    Reset(usize, usize),
    Jump(usize, i64),
    Break(usize, usize, u64),
    Check,
}

struct Faults {
    plans: Vec<Plan>,
    random: Random,
    calm: bool,
    seed: u64,
    lies: Vec<Lie>,
}

impl Faults {
    fn plan(&mut self, world: &mut World, at: u64, plan: Plan) {
        self.plans.push(plan);
        world.push(at, 0, Event::Planned(self.plans.len() - 1));
    }
}

impl Driver for Faults {
    fn happen(&mut self, world: &mut World, plan: usize) {
        let now = world.now;
        match self.plans[plan] {
            Plan::Start(node) => {
                world.nodes[node].present = true;
                world.start(node);
            }
            Plan::SetUp(member) => {
                let done = world.set_up(member);
                let next = if done { 20 * MINUTE } else { 4_000 };
                if !done || !self.calm {
                    self.plan(world, now + next, Plan::SetUp(member));
                }
            }
            Plan::Begin => {
                if !world.begin_register() {
                    self.plan(world, now + 5_000, Plan::Begin);
                }
            }
            Plan::Lie(node) => {
                let lies = &self.lies;
                world.corrupt(node, Liar::new(self.seed, node, lies));
                world.push(now + MINUTE, node, Event::LiarTurn);
            }
            Plan::Deed => {
                world.random_deed();
                if let Some(end) = world.random_end() {
                    let early = self.random.below(2 * MINUTE);
                    let most = if self.random.coin() { 2 } else { 10 };
                    let at = end - early + self.random.below(most * MINUTE);
                    self.plan(world, at, Plan::LateVote);
                }
            }
            Plan::LateVote => world.late_vote(),
            Plan::Crash(node) => {
                world.crash(node);
                let down = self.random.exponential(10 * MINUTE) + 1_000;
                self.plan(world, now + down, Plan::Start(node));
            }
            Plan::Cut(from, to, both) => {
                let length = self.random.exponential(30 * MINUTE) + 1_000;
                let pairs = [(from, to), (to, from)];
                for (from, to) in pairs.into_iter().take(1 + usize::from(both)) {
                    world.network.cut(from, to);
                    self.plan(world, now + length, Plan::Heal(from, to));
                }
                let connection = world.nodes[from].connections.get(&to).copied();
                if let Some(connection) = connection {
                    let after = self.random.between(20_000, 60_000);
                    self.plan(world, now + after, Plan::Break(from, to, connection));
                }
            }
            Plan::Heal(from, to) => world.network.heal(from, to),
            Plan::Reset(one, other) => world.reset(one, other),
            Plan::Jump(node, by) => world.nodes[node].clock.jump(now, by),
            Plan::Break(from, to, connection) => {
                if !world.network.is_open(from, to) {
                    world.break_connection(from, to, connection, 1);
                }
            }
            Plan::Check => world.check_bounds(),
        }
    }
}

fn names(number: usize) -> String {
    let known = ["Anna", "Bruk", "Cinto", "Dorn", "Elm", "Fuga", "Gent"];
    let name = known[number % known.len()];
    match number / known.len() {
        // Keys are made from names, so no two members share one.
        0 => name.to_owned(),
        round => format!("{name} {round}"),
    }
}

fn build(options: &Options) -> World {
    let charter = Charter::from_toml(CHARTER).expect("the charter of random runs is valid");
    let members: Vec<Member> = (0..options.nodes)
        .map(|number| {
            let founder = !(options.newcomer && number == options.nodes - 1);
            Member::new(options.seed, &names(number), "producer", founder, number)
        })
        .collect();
    let mut world = World::new(options.seed, charter, members, options.nodes);
    if options.register {
        world.with_register();
        world.network.adversary_ms = if options.adversary { ADVERSARY_MS } else { 0 };
    }
    world
}

fn plan_faults(options: &Options, world: &mut World, faults: &mut Faults) {
    let nodes = options.nodes as u64;
    let begin = 5 * MINUTE;
    let end = options.safety_ms;
    for node in 0..options.nodes {
        let is_newcomer = options.newcomer && node == options.nodes - 1;
        let at = faults.random.below(MINUTE);
        let at = if is_newcomer { end / 3 + at } else { at };
        world.nodes[node].present = !is_newcomer;
        faults.plan(world, at, Plan::Start(node));
        faults.plan(world, at + 1_000, Plan::SetUp(node));
    }
    let mut deeds_from = begin;
    if options.register {
        faults.plan(world, 4 * MINUTE, Plan::Begin);
        deeds_from = 15 * MINUTE;
    }
    for _ in 0..options.deeds {
        let at = faults.random.between(deeds_from, end);
        faults.plan(world, at, Plan::Deed);
    }
    let times = |a_day: u64| (a_day * options.safety_ms).div_ceil(24 * HOUR);
    for _ in 0..times(options.crashes) {
        let (at, node) = (
            faults.random.between(MINUTE, end),
            faults.random.below(nodes),
        );
        faults.plan(world, at, Plan::Crash(node as usize));
    }
    for _ in 0..times(options.jumps) {
        let at = faults.random.between(begin, end);
        // Where there is a register, only as many clocks may be wrong as nodes may lie.
        let node = match options.register {
            true => nodes - 1,
            false => faults.random.below(nodes),
        };
        let by = faults.random.exponential(4 * MINUTE) as i64;
        let by = if faults.random.coin() { by } else { -by };
        faults.plan(world, at, Plan::Jump(node as usize, by));
    }
    for (count, is_cut) in [(times(options.cuts), true), (times(options.resets), false)] {
        for _ in 0..count {
            let at = faults.random.between(MINUTE, end);
            let (one, other) = (faults.random.below(nodes), faults.random.below(nodes));
            let (one, other) = (one as usize, other as usize);
            if one == other {
                continue;
            }
            let plan = match is_cut {
                true => Plan::Cut(one, other, faults.random.coin()),
                false => Plan::Reset(one, other),
            };
            faults.plan(world, at, plan);
        }
    }
    for check in 1..=options.safety_ms / (30 * MINUTE) {
        faults.plan(world, check * 30 * MINUTE, Plan::Check);
    }
}

fn set_weather(options: &Options, world: &mut World, faults: &mut Faults) {
    world.network.weather = Weather {
        loss: options.loss,
        duplication: options.duplication,
        reordering: options.reordering,
    };
    for node in 0..options.nodes {
        let skew = faults.random.below(options.skew_ms + 1) as i64 - options.skew_ms as i64 / 2;
        let drift = faults.random.below(options.drift + 1) as i64 - options.drift as i64 / 2;
        world.nodes[node].clock = Clock::new(skew, drift);
        world.nodes[node].flush_ms = (3, options.flush_ms);
        world.nodes[node].dies_at = options.dies_at_heights.then_some(0);
    }
    // The last node may be the newcomer, which is none of them.
    let mut candidates: Vec<usize> = (0..options.nodes - 1).collect();
    faults.random.shuffle(&mut candidates);
    for liar in candidates.into_iter().take(options.liars) {
        if options.register {
            // Who lies before has no part in the register at all.
            faults.plan(world, 12 * MINUTE, Plan::Lie(liar));
            continue;
        }
        world.corrupt(liar, Liar::new(options.seed, liar, &options.lies));
        let begin = 10 * MINUTE;
        world.push(begin, liar, Event::LiarTurn);
    }
}

/// Runs one seed.
#[must_use]
pub fn run(options: &Options, broken: Option<Broken>) -> Report {
    let mut world = build(options);
    let mut faults = Faults {
        plans: Vec::new(),
        random: Random::new(options.seed, "faults"),
        calm: false,
        seed: options.seed,
        lies: options.lies.clone(),
    };
    set_weather(options, &mut world, &mut faults);
    plan_faults(options, &mut world, &mut faults);
    if let Some(broken) = broken {
        break_nodes(&mut world, broken);
    }
    world.run_until(options.safety_ms, &mut faults);
    let healed_in_ms = come_to_rest(options, &mut world, &mut faults);
    Report::of(&world, healed_in_ms)
}

/// Every vote that is open in the register ends.
fn end_votes(world: &mut World, faults: &mut Faults) {
    let ends = world.now + VOTES_MS;
    while world.failure.is_none() && world.now < ends {
        let chain = world
            .archive
            .as_ref()
            .and_then(|archive| archive.chain.as_ref());
        if chain.is_none_or(|chain| chain.phases().is_empty()) {
            return;
        }
        world.run_until(world.now + 10 * MINUTE, faults);
    }
    let chain = world
        .archive
        .as_ref()
        .and_then(|archive| archive.chain.as_ref());
    let phase = chain.and_then(|chain| chain.phases().values().next());
    if let (Some(phase), Some(node)) = (phase, world.honest().first()) {
        let why = world.why_open(*node, phase);
        world.fail(None, why);
    }
}

/// Heals the links, sets the clocks roughly right, starts what is down, and demands that all honest
/// nodes come to hold the same in bounded time, that they count the same, and that they fall
/// silent.
fn come_to_rest(options: &Options, world: &mut World, faults: &mut Faults) -> u64 {
    faults.calm = true;
    world.network.heal_all();
    world.network.weather.loss = options.loss.min(50_000);
    for node in 0..options.nodes {
        let ahead = faults.random.below(20_000) as i64 - 10_000;
        world.nodes[node].clock.correct(world.now, ahead);
    }
    for node in 0..options.nodes {
        world.calm_liar(node);
        world.nodes[node].dies_at = None;
        world.start(node);
    }
    let healed = world.now;
    while world.failure.is_none() {
        world.run_until(world.now + MINUTE, faults);
        if world.has_converged() && world.ledger.unanswered() == 0 {
            break;
        }
        if world.now > healed + CONVERGENCE_MS {
            let why = world.why_not();
            let open = world.ledger.unanswered();
            world.fail(
                None,
                format!("no convergence in two hours after healing, {open} unanswered:\n  {why}"),
            );
        }
    }
    let took = world.now - healed;
    end_votes(world, faults);
    world.run_until(world.now + 6 * HOUR, faults);
    world.check_bounds();
    if world.failure.is_none() && !world.has_converged() {
        let why = world.why_not();
        world.fail(None, format!("the nodes drifted apart at rest:\n  {why}"));
    }
    let before = world.network.messages;
    world.run_until(world.now + HOUR, faults);
    let idle = world.network.messages - before;
    if idle > IDLE_MESSAGES_MAX * options.nodes as u64 {
        world.fail(
            None,
            format!("{idle} messages in an hour in which nothing happened"),
        );
    }
    if world.failure.is_none() {
        let mut random = Random::new(options.seed, "checks");
        world.check_rest(&mut random);
    }
    if let Err((node, what)) = world.check_register(false) {
        world.fail(node, what);
    }
    let (switchable, all) = world.switchable();
    if switchable > 0 && options.is_connected() {
        let what = format!("liars could decide on {switchable} of {all} ballots in the end");
        world.fail(None, what);
    }
    took
}
