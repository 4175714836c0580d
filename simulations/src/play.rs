//! Plays a scenario.

use std::collections::BTreeMap;

use domain::{
    charter::Charter,
    decision::Choice,
    id::{Hash, ProposalId},
};
use federation::{Act, Keep};

use crate::{
    liar::Liar,
    member::Member,
    network::Weather,
    options::{HOUR, MINUTE},
    random::Random,
    report::Report,
    scenario::{ActLine, Doing, ExpectLine, FaultKind, FaultLine, Scenario, ScenarioError, parse},
    world::{Driver, Event, World},
};

#[derive(Debug, Clone)]
enum Plan {
    Start(usize),
    SetUp(usize),
    Act(usize, usize),
    Fault(usize),
    Mend(usize),
    Crash(usize),
    Expect(usize),
}

struct Play {
    scenario: Scenario,
    plans: Vec<Plan>,
    proposals: BTreeMap<String, ProposalId>,
    versions: BTreeMap<String, Hash>,
    tickets: Vec<(u64, usize, String)>,
    random: Random,
}

/// Plays a scenario with a seed.
///
/// # Errors
/// When the scenario cannot be read or names what there is not.
pub fn play(name: &str, text: &str, seed: u64) -> Result<Report, ScenarioError> {
    let scenario = parse(name, text)?;
    let charter =
        Charter::from_toml(&scenario.charter).map_err(|error| ScenarioError::Charter {
            name: name.to_owned(),
            problem: error.to_string(),
        })?;
    let (members, homes) = members(name, &scenario, seed)?;
    check_names(name, &scenario, &members)?;
    let mut world = World::new(seed, charter, members, homes);
    world.network.weather = Weather {
        loss: scenario.loss_percent * 10_000,
        ..Weather::default()
    };
    let ends = scenario.ends.0;
    let mut play = Play {
        scenario,
        plans: Vec::new(),
        proposals: BTreeMap::new(),
        versions: BTreeMap::new(),
        tickets: Vec::new(),
        random: Random::new(seed, "faults"),
    };
    play.plan_all(&mut world);
    world.run_until(ends, &mut play);
    play.check_tickets(&mut world);
    for index in 0..play.scenario.expect.len() {
        if play.scenario.expect[index].at.is_none() {
            play.expect(&mut world, index);
        }
    }
    if world.failure.is_none() && !world.has_converged() {
        let why = world.why_not();
        world.fail(None, format!("the nodes do not hold the same:\n  {why}"));
    }
    if world.failure.is_none() {
        world.check_rest(&mut Random::new(seed, "checks"));
    }
    Ok(Report::of(&world, 0))
}

/// The members, those with a node first, and how many have one.
fn members(
    name: &str,
    scenario: &Scenario,
    seed: u64,
) -> Result<(Vec<Member>, usize), ScenarioError> {
    let mut with_node: Vec<Member> = Vec::new();
    let mut hosted: Vec<(Member, String)> = Vec::new();
    for lines in &scenario.member {
        for number in 0..lines.count.unwrap_or(1) {
            let own = match lines.count {
                Some(_) => format!("{}{}", lines.name, number + 1),
                None => lines.name.clone(),
            };
            let member = Member::new(seed, &own, &lines.class, lines.founder, 0);
            match lines.homes.len() as u64 {
                0 => with_node.push(member),
                homes => hosted.push((member, lines.homes[(number % homes) as usize].clone())),
            }
        }
    }
    for (home, member) in with_node.iter_mut().enumerate() {
        member.home = home;
    }
    let homes = with_node.len();
    for (mut member, host) in hosted {
        let found = with_node[..homes].iter().find(|other| other.name == host);
        member.home = found.map(|host| host.home).ok_or(ScenarioError::Unknown {
            name: name.to_owned(),
            what: "home",
            found: host,
        })?;
        with_node.push(member);
    }
    Ok((with_node, homes))
}

/// The members that `by` names.
fn named(by: &str, members: &[Member]) -> Vec<usize> {
    let exact = members.iter().position(|member| member.name == by);
    if let Some(exact) = exact {
        return vec![exact];
    }
    let digits = by.find(|character: char| character.is_ascii_digit());
    let Some((prefix, range)) = digits.map(|at| by.split_at(at)) else {
        return Vec::new();
    };
    let Some((first, last)) = range.split_once('-') else {
        return Vec::new();
    };
    let (Ok(first), Ok(last)) = (first.parse::<u64>(), last.parse::<u64>()) else {
        return Vec::new();
    };
    let names = (first..=last).map(|number| format!("{prefix}{number}"));
    names
        .filter_map(|name| members.iter().position(|member| member.name == name))
        .collect()
}

fn check_names(name: &str, scenario: &Scenario, members: &[Member]) -> Result<(), ScenarioError> {
    let acts = scenario.act.iter();
    let by = acts
        .flat_map(|act| [Some(&act.by), act.on.as_ref()])
        .flatten();
    let nodes = scenario
        .fault
        .iter()
        .flat_map(|fault| fault.nodes.iter().chain(&fault.from));
    let on = scenario.expect.iter().flat_map(|expect| &expect.on);
    match by
        .chain(nodes)
        .chain(on)
        .find(|by| named(by, members).is_empty())
    {
        None => Ok(()),
        Some(found) => Err(ScenarioError::Unknown {
            name: name.to_owned(),
            what: "member",
            found: found.clone(),
        }),
    }
}

impl Play {
    fn plan(&mut self, world: &mut World, at: u64, plan: Plan) {
        self.plans.push(plan);
        world.push(at, 0, Event::Planned(self.plans.len() - 1));
    }

    fn plan_all(&mut self, world: &mut World) {
        let mut at = Vec::new();
        for lines in &self.scenario.member {
            let joins = if lines.founder { 0 } else { lines.joins.0 };
            at.extend((0..lines.count.unwrap_or(1)).map(|number| {
                let own = match lines.count {
                    Some(_) => format!("{}{}", lines.name, number + 1),
                    None => lines.name.clone(),
                };
                (own, joins + number * 700)
            }));
        }
        for (name, at) in at {
            let Some(member) = world.member_of_name(&name) else {
                continue;
            };
            let home = world.members[member].home;
            if world.nodes[home].member == member {
                world.nodes[home].present = at == 0 || world.members[member].founder;
                self.plan(world, at, Plan::Start(home));
            }
            self.plan(world, at + 1_000, Plan::SetUp(member));
        }
        for (index, act) in self.scenario.act.clone().into_iter().enumerate() {
            let by = named(&act.by, &world.members);
            for (offset, member) in by.into_iter().enumerate() {
                self.plan(
                    world,
                    act.at.0 + offset as u64 * 500,
                    Plan::Act(index, member),
                );
            }
        }
        for (index, fault) in self.scenario.fault.clone().into_iter().enumerate() {
            self.plan(world, fault.at.0, Plan::Fault(index));
        }
        for (index, expect) in self.scenario.expect.clone().into_iter().enumerate() {
            if let Some(at) = expect.at {
                self.plan(world, at.0, Plan::Expect(index));
            }
        }
    }

    fn act(&mut self, world: &mut World, index: usize, member: usize) {
        let line = self.scenario.act[index].clone();
        let home = world.members[member].home;
        let on = line.on.as_ref().and_then(|name| world.member_of_name(name));
        let node = on.map_or(home, |other| world.members[other].home);
        self.learn(world);
        let who = world.members[member].clone();
        let Some(act) = self.act_of(world, &line, node, member) else {
            world.fail(
                Some(node),
                format!("act {} of the scenario cannot be done", index + 1),
            );
            return;
        };
        let key = match (line.what, &act) {
            (Doing::NewDelegate | Doing::RevokeDelegate, _) => who.root,
            (_, Act::Vote { .. } | Act::Propose { .. }) => who.delegate,
            _ => who.steward,
        };
        let key = match act {
            Act::Propose { .. } => world.members[member].steward.clone(),
            _ => key,
        };
        match world.act_on(node, member, key, act) {
            Some(ticket) => self.tickets.push((ticket, index, line.proposal)),
            None => world.fail(Some(node), "somebody acts on a node that is down"),
        }
    }

    fn act_of(
        &mut self,
        world: &mut World,
        line: &ActLine,
        node: usize,
        member: usize,
    ) -> Option<Act> {
        let known = self.proposals.get(&line.proposal).copied();
        let choice = line.choice.as_deref().and_then(choice_of);
        Some(match line.what {
            Doing::Propose => Act::Propose {
                title: line.proposal.clone(),
                text: format!("The text of {}.", line.proposal),
                rule: line.rule.clone(),
                urgent: line.urgent.then(|| "It cannot wait.".to_owned()),
                circle: None,
                language: "en".to_owned(),
            },
            Doing::Open => {
                let proposal = known?;
                if let Some(Act::Vote { version, .. }) =
                    world.vote_on(node, &proposal, Choice::Agree)
                {
                    self.versions
                        .entry(line.proposal.clone())
                        .or_insert(version);
                }
                Act::Open { proposal }
            }
            Doing::Vote => world.vote_on(node, &known?, choice?)?,
            Doing::VoteOnOldVersion => {
                let mut act = world.vote_on(node, &known?, choice?)?;
                if let Act::Vote { version, .. } = &mut act {
                    *version = *self.versions.get(&line.proposal)?;
                }
                act
            }
            Doing::Amend => Act::Amend {
                proposal: known?,
                title: line.proposal.clone(),
                text: format!("The amended text of {}.", line.proposal),
                what_changed: "All of it.".to_owned(),
            },
            Doing::Withdraw => Act::Withdraw {
                proposal: known?,
                reason: String::new(),
            },
            Doing::Comment => Act::Comment {
                proposal: known?,
                answers: None,
                text: "I like it.".to_owned(),
            },
            Doing::NewDelegate => world.members[member].new_delegate(),
            Doing::RevokeDelegate => Act::Revoke {
                key: world.members[member].delegate.public(),
                keep: Keep::All,
                reason: "It was stolen.".to_owned(),
            },
            Doing::LoseKey => return None,
        })
    }

    /// Learns the proposals' ids from the answers so far.
    fn learn(&mut self, world: &World) {
        for (ticket, index, label) in &self.tickets {
            let is_new = self.scenario.act[*index].what == Doing::Propose;
            if let Some((_, Ok(id))) = world.ledger.done.get(ticket)
                && is_new
            {
                self.proposals.entry(label.clone()).or_insert(*id);
            }
        }
    }

    /// Every act must have been answered as the scenario says.
    fn check_tickets(&mut self, world: &mut World) {
        self.learn(world);
        for (ticket, index, _) in &self.tickets {
            let line = &self.scenario.act[*index];
            let answer = world.ledger.done.get(ticket).map(|(_, result)| result);
            let what = match (answer, &line.refused) {
                (Some(Ok(_)), None) => continue,
                (Some(Err(refused)), Some(words)) if refused.to_string().contains(words) => {
                    continue;
                }
                (Some(Ok(_)), Some(words)) => format!("was not refused with {words:?}"),
                (Some(Err(refused)), _) => format!("was refused: {refused}"),
                (None, _) => "was not answered".to_owned(),
            };
            let what = format!("act {} ({:?} by {}) {what}", index + 1, line.what, line.by);
            world.fail(None, what);
        }
    }

    fn nodes(&self, world: &World, names: &[String]) -> Vec<usize> {
        let members = names.iter().flat_map(|name| named(name, &world.members));
        members.map(|member| world.members[member].home).collect()
    }

    fn pairs(&self, world: &World, fault: &FaultLine) -> Vec<(usize, usize)> {
        let one = self.nodes(world, &fault.nodes);
        let other = match fault.from.is_empty() {
            true => (0..world.nodes.len())
                .filter(|node| !one.contains(node))
                .collect(),
            false => self.nodes(world, &fault.from),
        };
        let mut pairs = Vec::new();
        for from in &one {
            for to in &other {
                pairs.push((*from, *to));
                if fault.kind == FaultKind::Cut {
                    pairs.push((*to, *from));
                }
            }
        }
        pairs
    }

    fn fault(&mut self, world: &mut World, index: usize) {
        let fault = self.scenario.fault[index].clone();
        match fault.kind {
            FaultKind::Cut | FaultKind::CutOneWay => {
                for (from, to) in self.pairs(world, &fault) {
                    world.network.cut(from, to);
                    if let Some(connection) = world.nodes[from].connections.get(&to).copied() {
                        world.break_connection(from, to, connection, 30_000);
                    }
                }
            }
            FaultKind::Crash => {
                for node in self.nodes(world, &fault.nodes) {
                    let spread = self.random.below(2 * MINUTE);
                    self.plan(world, fault.at.0 + spread, Plan::Crash(node));
                }
            }
            FaultKind::Clock => {
                for node in self.nodes(world, &fault.nodes) {
                    let now = world.now;
                    world.nodes[node].clock.jump(now, fault.seconds * 1_000);
                }
            }
            FaultKind::Lie => {
                for node in self.nodes(world, &fault.nodes) {
                    let seed = self.random.below(u64::MAX);
                    world.nodes[node].liar = Some(Liar::new(seed, node, &fault.lies));
                    world.push(world.now + 1_000, node, Event::LiarTurn);
                }
            }
        }
        if let Some(until) = fault.until {
            self.plan(world, until.0, Plan::Mend(index));
        }
    }

    fn mend(&mut self, world: &mut World, index: usize) {
        let fault = self.scenario.fault[index].clone();
        match fault.kind {
            FaultKind::Cut | FaultKind::CutOneWay => {
                for (from, to) in self.pairs(world, &fault) {
                    world.network.heal(from, to);
                }
            }
            FaultKind::Crash => {
                for node in self.nodes(world, &fault.nodes) {
                    world.start(node);
                }
            }
            FaultKind::Clock => {
                for node in self.nodes(world, &fault.nodes) {
                    let now = world.now;
                    world.nodes[node].clock.correct(now, 0);
                }
            }
            FaultKind::Lie => {
                for node in self.nodes(world, &fault.nodes) {
                    world.calm_liar(node);
                }
            }
        }
    }

    fn expect(&mut self, world: &mut World, index: usize) {
        self.learn(world);
        let expect = self.scenario.expect[index].clone();
        let on = match expect.on.is_empty() {
            true => world.honest(),
            false => self.nodes(world, &expect.on),
        };
        for node in on {
            if let Err(what) = self.expect_on(world, node, &expect) {
                world.fail(Some(node), format!("expectation {}: {what}", index + 1));
                return;
            }
        }
    }

    fn expect_on(&self, world: &World, node: usize, expect: &ExpectLine) -> Result<(), String> {
        let Some(core) = &world.nodes[node].core else {
            return Ok(());
        };
        let same = |what: &str, found: usize, expected: Option<usize>| match expected {
            Some(expected) if expected != found => {
                Err(format!("{found} {what} instead of {expected}"))
            }
            _ => Ok(()),
        };
        same("members", core.view().members.len(), expect.members)?;
        same("forks", core.replica().forks().len(), expect.forks)?;
        if expect.proposal.is_empty() {
            return Ok(());
        }
        let id = self.proposals.get(&expect.proposal);
        let now = world.nodes[node].clock.show(world.now);
        let decision = id.and_then(|id| core.decision(id, now));
        let decision = decision.ok_or_else(|| format!("{} is not there", expect.proposal))?;
        let state = decision.state.as_str();
        if expect
            .state
            .as_deref()
            .is_some_and(|expected| expected != state)
        {
            return Err(format!("{} is {state}", expect.proposal));
        }
        let figures = decision.phase.as_ref().map(|phase| phase.outcome.figures);
        let figures = figures.unwrap_or_default();
        let left_out = decision
            .phase
            .as_ref()
            .map_or(0, |phase| phase.count.left_out.len());
        same("agree", figures.agree as usize, expect.agree)?;
        same("abstain", figures.abstain as usize, expect.abstain)?;
        same(
            "stand aside",
            figures.stand_aside as usize,
            expect.stand_aside,
        )?;
        same("block", figures.block as usize, expect.block)?;
        same("ballots counted", figures.cast as usize, expect.cast)?;
        same("eligible", figures.eligible as usize, expect.eligible)?;
        same("ballots left out", left_out, expect.left_out)
    }
}

fn choice_of(word: &str) -> Option<Choice> {
    Choice::ALL
        .into_iter()
        .find(|choice| choice.as_str() == word)
}

impl Driver for Play {
    fn happen(&mut self, world: &mut World, plan: usize) {
        let now = world.now;
        match self.plans[plan].clone() {
            Plan::Start(node) => {
                world.nodes[node].present = true;
                world.start(node);
            }
            Plan::SetUp(member) => {
                let done = world.set_up(member);
                if !done && now < self.scenario.ends.0.saturating_sub(HOUR) {
                    self.plan(world, now + 2_000, Plan::SetUp(member));
                }
            }
            Plan::Act(index, member) => {
                if self.scenario.act[index].what == Doing::LoseKey {
                    let key = world.members[member].delegate.public();
                    world.ledger.stolen.insert(key);
                } else {
                    self.act(world, index, member);
                }
            }
            Plan::Fault(index) => self.fault(world, index),
            Plan::Mend(index) => self.mend(world, index),
            Plan::Crash(node) => {
                world.crash(node);
                let down = self.random.exponential(MINUTE) + 500;
                self.plan(world, now + down, Plan::Start(node));
            }
            Plan::Expect(index) => self.expect(world, index),
        }
    }
}
