//! Figures of the register: what a decision takes, in virtual time, messages and bytes.

use std::time::Instant;

use domain::{decision::Choice, id::EntryId};
use federation::Act;
use serde::Serialize;

use crate::{
    bench::federation_with,
    clock::BEGINNING_MS,
    liar::{Liar, Lie},
    options::{HOUR, MINUTE},
    random::Random,
    world::{Driver, Event, World},
};

/// Votes of a day, consent of all members.
const CHARTER: &str = "[period]\nregular-seconds = 86400\nurgent-seconds = 43200\n\
    [rule.consent]\nelectorate = \"all\"\n";
/// The most validators among whom liars are measured too: each liar is a second node.
const LIARS_AMONG_MAX: usize = 12;
/// By how much the timed adversary delays messages at most, in milliseconds.
const ADVERSARY_MS: u64 = 55_000;

/// What one decision took, from its opening to its last message.
#[derive(Debug, Serialize)]
pub struct DecisionFigures {
    /// Members, each with a node and a ballot.
    pub members: usize,
    /// Validators among them.
    pub validators: usize,
    /// How many of these lie while messages are delayed as far as they may be.
    pub liars: usize,
    /// From the deadline until every honest node had the closing, in virtual seconds.
    pub final_after_s: u64,
    /// Messages over all nodes.
    pub messages: u64,
    /// Bytes over all nodes.
    pub bytes: u64,
    /// Entries that came of it.
    pub entries: usize,
    /// On how many ballots liars could decide in the end by the choice of seals.
    pub switchable: usize,
    /// Milliseconds of this machine.
    pub took_ms: u64,
    /// What was broken, if anything was.
    pub failure: Option<String>,
}

/// People who vote at planned times.
struct Voters {
    proposal: EntryId,
}

impl Driver for Voters {
    fn happen(&mut self, world: &mut World, member: usize) {
        let Some(act) = world.vote_on(member, &self.proposal, Choice::Agree) else {
            return;
        };
        let key = world.members[member].delegate.clone();
        world.act(member, key, act);
    }
}

/// A decision of so many members with so many validators; where these are few, also with liars.
pub(crate) fn decisions(members: usize, validators: usize) -> Vec<DecisionFigures> {
    let faulty = validators.div_ceil(3).saturating_sub(1);
    let mut figures = vec![decision(members, validators, 0)];
    if faulty > 0 && validators <= LIARS_AMONG_MAX {
        figures.push(decision(members, validators, faulty));
    }
    figures
}

fn decision(members: usize, validators: usize, liars: usize) -> DecisionFigures {
    let mut world = federation_with(members, 7, CHARTER, validators);
    let nobody = EntryId([0; 32]);
    let mut voters = Voters { proposal: nobody };
    for _ in 0..60 {
        if world.begin_register() {
            break;
        }
        world.run_until(world.now + MINUTE, &mut voters);
    }
    for node in 0..liars {
        let lies = match node % 2 {
            0 => [Lie::LateManifest],
            _ => [Lie::HideReceipts],
        };
        world.corrupt(node, Liar::new(7, node, &lies));
        world.network.adversary_ms = ADVERSARY_MS;
    }
    world.run_until(world.now + HOUR, &mut voters);
    let began = Instant::now();
    let (messages, bytes) = (world.network.messages, world.network.bytes);
    let last = members - 1;
    let entries = world.nodes[last].disk.len();
    if let Some(proposal) = open(&mut world, last, &mut voters) {
        voters.proposal = proposal;
        plan_votes(&mut world, members);
    }
    let ends = world.now + 30 * HOUR;
    world.run_until(ends, &mut voters);
    if let Err((node, what)) = world.check_register(false) {
        world.fail(node, what);
    }
    let archive = world.archive.as_ref();
    let times = archive.map(|archive| archive.times_to_final());
    let last_ms = times.and_then(|times| times.last().copied());
    DecisionFigures {
        members,
        validators,
        liars,
        final_after_s: last_ms.unwrap_or(0) / 1_000,
        messages: world.network.messages - messages,
        bytes: world.network.bytes - bytes,
        entries: world.nodes[last].disk.len() - entries,
        switchable: world.switchable().0,
        took_ms: began.elapsed().as_millis() as u64,
        failure: world.failure.map(|failure| failure.what),
    }
}

fn open(world: &mut World, member: usize, voters: &mut Voters) -> Option<EntryId> {
    let delegate = world.members[member].delegate.clone();
    let act = Act::Propose {
        title: "Measured".to_owned(),
        text: "A text.".to_owned(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let ticket = world.act(member, delegate.clone(), act)?;
    world.run_until(world.now + MINUTE, voters);
    let (_, answer) = world.ledger.done.get(&ticket)?;
    let proposal = *answer.as_ref().ok()?;
    world.act(member, delegate, Act::Open { proposal })?;
    world.run_until(world.now + 30 * MINUTE, voters);
    Some(proposal)
}

/// Everybody votes once, one in five in the last minute.
fn plan_votes(world: &mut World, members: usize) {
    let chain = world.archive.as_ref().and_then(|one| one.chain.as_ref());
    let Some(phase) = chain.and_then(|chain| chain.phases().values().next()) else {
        world.fail(None, "the vote was not opened");
        return;
    };
    let (from, to) = (world.now, phase.deadline.0 - BEGINNING_MS);
    let mut random = Random::new(7, "voters");
    for member in 0..members {
        let at = match random.below(5) {
            0 => to - random.below(MINUTE),
            _ => random.between(from, to),
        };
        world.push(at, 0, Event::Planned(member));
    }
}
