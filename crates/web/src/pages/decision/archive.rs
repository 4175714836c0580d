//! What of a decision is public: proposals, ballots and outcomes are; comments, reasons and the
//! names of persons are for members, and links to members' pages lead nowhere without a session.

use super::super::parts::Name;
use super::{Decision, May, Mediation, Missing, Own, Person, Phase, Report, Step, Vote, Words};

fn unlinked(name: &Name) -> Name {
    Name::new("", &name.name)
}

/// The part of a decision that anyone may read.
pub(super) fn public_part(view: &Decision) -> Decision {
    Decision {
        proposer: unlinked(&view.proposer),
        circle: view.circle.as_ref().map(unlinked),
        phase: view.phase.as_ref().map(phase),
        own: Own::NoVote,
        may: May::default(),
        steps: view
            .steps
            .iter()
            .map(|(at, each)| (*at, step(each)))
            .collect(),
        mediation: view.mediation.as_ref().map(mediation),
        comments: Vec::new(),
        ..view.clone()
    }
}

/// What mediators report is public, as proposals are; the names of persons are not.
fn mediation(mediation: &Mediation) -> Mediation {
    let unnamed = |(_, member): &Person| (None, unlinked(member));
    Mediation {
        people: mediation.people.iter().map(unnamed).collect(),
        report: mediation.report.as_ref().map(|report| Report {
            by: unnamed(&report.by),
            ..report.clone()
        }),
        ..mediation.clone()
    }
}

fn phase(phase: &Phase) -> Phase {
    let missing = |missing: &Missing| Missing {
        member: unlinked(&missing.member),
        own: false,
        ..missing.clone()
    };
    Phase {
        votes: phase.votes.iter().map(vote).collect(),
        missing: phase.missing.iter().map(missing).collect(),
        ..phase.clone()
    }
}

fn vote(vote: &Vote) -> Vote {
    Vote {
        member: unlinked(&vote.member),
        reason: Words::None,
        delegate: None,
        replies: Vec::new(),
        ..vote.clone()
    }
}

fn step(step: &Step) -> Step {
    match step {
        Step::Proposed { by } => Step::Proposed { by: unlinked(by) },
        Step::Blocked { by } => Step::Blocked { by: unlinked(by) },
        Step::Amended { version, .. } => Step::Amended {
            version: *version,
            what_changed: Words::None,
        },
        Step::Withdrawn { .. } => Step::Withdrawn {
            reason: Words::None,
        },
        other => other.clone(),
    }
}
