//! Plays a scenario.

use std::collections::BTreeMap;

use domain::{
    charter::Charter,
    decision::Choice,
    id::{DocumentId, Hash, MemberId, ProposalId},
};
use federation::{Act, Keep};
use register::declaration::Matter;
use replica::document::Basis;

use crate::{
    disk::Disk,
    network::Weather,
    options::{HOUR, MINUTE},
    random::Random,
    report::Report,
    roll::{check_names, members, named},
    scenario::{ActLine, Doing, Scenario, ScenarioError, parse},
    world::{Driver, Event, World},
};

#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Begin,
    Start(usize),
    SetUp(usize),
    Act(usize, usize),
    Fault(usize),
    Mend(usize),
    Crash(usize),
    Expect(usize),
}

pub(crate) struct Play {
    pub(crate) scenario: Scenario,
    plans: Vec<Plan>,
    pub(crate) proposals: BTreeMap<String, ProposalId>,
    pub(crate) documents: BTreeMap<String, DocumentId>,
    versions: BTreeMap<String, Hash>,
    pub(crate) tickets: Vec<(u64, usize, String)>,
    pub(crate) random: Random,
    /// Disks that were copied.
    pub(crate) saved: BTreeMap<usize, Disk>,
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
        documents: BTreeMap::new(),
        versions: BTreeMap::new(),
        tickets: Vec::new(),
        random: Random::new(seed, "faults"),
        saved: BTreeMap::new(),
    };
    if play.scenario.register.is_some() {
        world.with_register();
        world.network.adversary_ms = play.scenario.adversary.0;
    }
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
    if let Err((node, what)) = world.check_register(play.scenario.may_stall) {
        world.fail(node, what);
    }
    play.check_switchable(&mut world);
    Ok(Report::of(&world, 0))
}

impl Play {
    pub(crate) fn plan(&mut self, world: &mut World, at: u64, plan: Plan) {
        self.plans.push(plan);
        world.push(at, 0, Event::Planned(self.plans.len() - 1));
    }

    fn plan_all(&mut self, world: &mut World) {
        if let Some(register) = self.scenario.register {
            self.plan(world, register.0, Plan::Begin);
        }
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
            (Doing::Begin | Doing::Write | Doing::BeginAnew, _) => who.worker,
            // The register takes what is written under a mandate.
            (Doing::Open | Doing::Withdraw, _) if world.archive.is_some() => who.delegate,
            (_, Act::Vote { .. } | Act::Propose { .. }) => who.delegate,
            _ => who.steward,
        };
        let key = match act {
            Act::Propose { .. } => world.members[member].steward.clone(),
            _ => key,
        };
        match world.act_on(node, member, key, act) {
            Some(ticket) => {
                let label = match line.what {
                    Doing::Begin => line.document,
                    _ => line.proposal,
                };
                self.tickets.push((ticket, index, label));
            }
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
                draft: Vec::new(),
                effect: match &line.effect {
                    Some(effect) => Some(Box::new(world.effect(node, effect)?)),
                    None => None,
                },
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
                draft: Vec::new(),
                effect: None,
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
            Doing::ValidateNoMore => world.declare(member, Matter::NoValidator)?,
            Doing::Validate => world.declare_validator(member)?,
            Doing::Leave => world.declare(member, Matter::Leave)?,
            Doing::AnnounceRecovery | Doing::ConfirmRecovery | Doing::ObjectToRecovery => {
                world.voice(line, node, member)?
            }
            Doing::Host => Act::Host {
                host: named_member(world, line)?,
            },
            Doing::Accept => Act::Hosting {
                member: named_member(world, line)?,
                accepts: true,
            },
            Doing::Begin | Doing::Write | Doing::BeginAnew => {
                self.writing(world, line, node, member)?
            }
        })
    }

    fn writing(&self, world: &World, line: &ActLine, node: usize, member: usize) -> Option<Act> {
        let words = format!("{} {}\n", world.members[member].name, line.text);
        if line.what == Doing::Begin {
            return Some(Act::CreateDocument {
                title: line.document.clone(),
                text: words,
            });
        }
        let document = world.document_at(node, self.documents.get(&line.document)?);
        let Basis { parents, text } = document.basis();
        if line.what == Doing::BeginAnew {
            return Some(Act::Restart {
                document: document.id(),
                parents,
                title: document.title(),
                text,
            });
        }
        let basis = document.basis();
        let member = world.members[member].id();
        world.rewriting(&member, &document, &basis, &format!("{text}{words}"))
    }

    /// Learns the proposals' and documents' ids from the answers so far.
    pub(crate) fn learn(&mut self, world: &World) {
        for (ticket, index, label) in &self.tickets {
            let known = match self.scenario.act[*index].what {
                Doing::Propose => &mut self.proposals,
                Doing::Begin => &mut self.documents,
                _ => continue,
            };
            if let Some((_, Ok(id))) = world.ledger.done.get(ticket) {
                known.entry(label.clone()).or_insert(*id);
            }
        }
    }

    pub(crate) fn nodes(&self, world: &World, names: &[String]) -> Vec<usize> {
        let members = names.iter().flat_map(|name| named(name, &world.members));
        members.map(|member| world.members[member].home).collect()
    }
}

/// The member that an act is about.
fn named_member(world: &World, line: &ActLine) -> Option<MemberId> {
    let member = world.member_of_name(line.whom.as_deref()?)?;
    Some(world.members[member].id())
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
            Plan::Begin => {
                if !world.begin_register() && now < self.scenario.ends.0 {
                    self.plan(world, now + 5_000, Plan::Begin);
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
