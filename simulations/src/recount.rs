//! A second, simpler model of counting: from the ballots on the disks, without the replica's
//! standing and without the domain's count. Both must agree.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    charter::Charter,
    decision::Choice,
    id::{EntryId, MemberId, Timestamp},
    record::{Opening, Record},
};
use federation::{Core, State};

use crate::{broken::Broken, ledger::Known};

/// What a node says of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub state: &'static str,
    pub verdict: Option<&'static str>,
    pub opening: Option<EntryId>,
    pub counted: BTreeMap<MemberId, Choice>,
    pub eligible: usize,
    /// Ballots that claim to be in time and came late; each node has its own view of this.
    pub late: usize,
}

/// What a node says of a proposal at a time.
pub fn seen(core: &Core, id: &EntryId, now: Timestamp, broken: Option<Broken>) -> Option<Seen> {
    let decision = core.decision(id, now)?;
    let mut state = decision.state.as_str();
    let mut verdict = None;
    let mut counted = BTreeMap::new();
    if let Some(phase) = &decision.phase {
        let own = broken.and_then(|broken| broken.count(phase));
        let count = own.as_ref().unwrap_or(&phase.count);
        let judged = domain::decision::judge(phase.rule, core.charter(), &phase.electorate, count);
        let found = judged.map_or(phase.outcome.verdict, |outcome| outcome.verdict);
        verdict = Some(found.as_str());
        if matches!(decision.state, State::Closed(_)) {
            state = found.as_str();
        }
        counted = count
            .counted
            .iter()
            .map(|(member, counted)| (*member, counted.choice))
            .collect();
    }
    Some(Seen {
        state,
        verdict,
        opening: decision.phase.as_ref().map(|phase| phase.opening.id),
        counted,
        eligible: decision
            .phase
            .as_ref()
            .map_or(0, |phase| phase.electorate.len()),
        late: decision.phase.as_ref().map_or(0, |phase| {
            phase.ballots.values().filter(|ballot| ballot.late).count()
        }),
    })
}

/// Counts one phase from entries.
pub fn recount(
    opening_id: EntryId,
    opening: &Opening,
    opened: Timestamp,
    entries: &BTreeMap<EntryId, &Known>,
) -> BTreeMap<MemberId, Choice> {
    let mut highest: BTreeMap<MemberId, ((u64, u8), BTreeSet<Choice>)> = BTreeMap::new();
    for known in entries.values() {
        let Some(Record::Ballot(ballot)) = &known.record else {
            continue;
        };
        let in_time = known.time >= opened && known.time <= opening.deadline;
        if ballot.phase != opening_id || ballot.version != opening.text || !in_time {
            continue;
        }
        let Some(grant) = entries.get(&known.grant) else {
            continue;
        };
        let Some(Record::Mandate(mandate)) = &grant.record else {
            continue;
        };
        let member = MemberId(grant.author.0);
        let votes_here = opening
            .elector(&member)
            .is_some_and(|elector| elector.root == grant.author);
        if !votes_here || mandate.delegate(&known.author).is_none() {
            continue;
        }
        let slot = (mandate.number, ballot.revision);
        let best = highest
            .entry(member)
            .or_insert_with(|| (slot, BTreeSet::new()));
        if slot > best.0 {
            *best = (slot, BTreeSet::new());
        }
        if slot == best.0 {
            best.1.insert(ballot.choice);
        }
    }
    let choice = |choices: BTreeSet<Choice>| match choices.len() {
        1 => choices.into_iter().next().unwrap_or(Choice::Abstain),
        _ => Choice::Abstain,
    };
    highest
        .into_iter()
        .map(|(member, (_, choices))| (member, choice(choices)))
        .collect()
}

/// What the counted choices decide: the two rules in a few lines.
pub fn verdict(
    rule: &str,
    charter: &Charter,
    eligible: usize,
    counted: &BTreeMap<MemberId, Choice>,
) -> &'static str {
    let number =
        |wanted: Choice| counted.values().filter(|choice| **choice == wanted).count() as u64;
    let name = rule.parse().unwrap_or(charter.terms().default_rule);
    let quorum = charter.rule(name).quorum;
    let needed = quorum.ceiling_of(eligible as u64);
    if (counted.len() as u64) < needed {
        return "no-quorum";
    }
    let (agree, block) = (number(Choice::Agree), number(Choice::Block));
    if name.as_str() == "consent" {
        if block >= charter.terms().minimum_blocks {
            return "blocked";
        }
        return if agree >= charter.terms().minimum_agrees {
            "passed"
        } else {
            "rejected"
        };
    }
    let disagree = if charter.terms().disagree_allowed {
        number(Choice::Disagree)
    } else {
        0
    };
    if agree > block + disagree {
        "passed"
    } else {
        "rejected"
    }
}
