//! A second, simpler model of counting: from the ballots on the disks, without the replica's
//! standing and without the domain's count. Both must agree.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    charter::{Charter, RuleName},
    decision::{Cause, Choice, Extension, Stage, judge},
    id::{EntryId, MemberId, Timestamp},
    record::{Opening, Record},
};
use federation::{Core, State};

use crate::{broken::Broken, ledger::Known};

/// What a node says of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub rule: String,
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
        let lacked = |extension: &Extension| extension.cause == Cause::LacksBallots;
        let stage = Stage {
            extended: phase.extensions.iter().any(lacked),
            fallback: phase.fallback,
        };
        let judged = judge(phase.rule, core.charter(), &phase.electorate, count, stage);
        let found = judged.verdict;
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
        rule: decision.first.rule.clone(),
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

/// Counts one phase from entries, with its extensions: for a late block, and for too few ballots.
pub fn recount(
    rule: &str,
    charter: &Charter,
    (opening_id, opening, opened): (EntryId, &Opening, Timestamp),
    entries: &BTreeMap<EntryId, &Known>,
    now: Timestamp,
) -> (BTreeMap<MemberId, Choice>, &'static str) {
    let (mut late_block, mut extended) = (false, false);
    let tenth_ms = opening.deadline.since_ms(opened).div_ceil(10);
    loop {
        let more = u64::from(late_block) * opening.late_block_ms;
        let more = more + u64::from(extended) * opening.extension_ms;
        let deadline = opening.deadline.plus_ms(more);
        let counted = count((opening_id, opening, opened), deadline, entries);
        let blocked_late = counted
            .values()
            .any(|(choice, time)| *choice == Choice::Block && deadline.since_ms(*time) <= tenth_ms);
        let choices = counted.into_iter();
        let choices = choices
            .map(|(member, (choice, _))| (member, choice))
            .collect();
        let verdict = verdict(rule, charter, opening, &choices);
        if now <= deadline {
            return (choices, verdict);
        }
        if blocked_late && !late_block && opening.late_block_ms > 0 {
            late_block = true;
        } else if verdict == "no-quorum" && !extended && opening.extension_ms > 0 {
            extended = true;
        } else {
            return (choices, verdict);
        }
    }
}

/// What counts of each member up to a deadline, and the time of the smallest of its ballots.
fn count(
    (opening_id, opening, opened): (EntryId, &Opening, Timestamp),
    deadline: Timestamp,
    entries: &BTreeMap<EntryId, &Known>,
) -> BTreeMap<MemberId, (Choice, Timestamp)> {
    type Slot = (u64, u8);
    let mut highest: BTreeMap<MemberId, (Slot, BTreeSet<Choice>, Timestamp)> = BTreeMap::new();
    for known in entries.values() {
        let Some(Record::Ballot(ballot)) = &known.record else {
            continue;
        };
        let in_time = known.time >= opened && known.time <= deadline;
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
            .or_insert_with(|| (slot, BTreeSet::new(), known.time));
        if slot > best.0 {
            *best = (slot, BTreeSet::new(), known.time);
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
        .map(|(member, (_, choices, time))| (member, (choice(choices), time)))
        .collect()
}

/// What the counted choices decide, in a few lines: consent, and one member one vote among members
/// of one class, which are the rules of random runs. Where half of one class blocks, more cannot
/// agree than are against.
fn verdict(
    rule: &str,
    charter: &Charter,
    opening: &Opening,
    counted: &BTreeMap<MemberId, Choice>,
) -> &'static str {
    let number =
        |wanted: Choice| counted.values().filter(|choice| **choice == wanted).count() as u64;
    let name = rule.parse().unwrap_or(charter.terms().default_rule);
    let quorum = charter.rule(name).quorum;
    if (counted.len() as u64) < quorum.ceiling_of(opening.electorate.len() as u64) {
        return "no-quorum";
    }
    let (agree, block) = (number(Choice::Agree), number(Choice::Block));
    let is_fallback = opening.rule != rule;
    if name != RuleName::OneMemberOneVote && !is_fallback {
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
