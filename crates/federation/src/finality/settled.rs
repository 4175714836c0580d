//! A decision as the register has it, wherever it has it: what a node counts is provisional, and what
//! the register says holds.

use domain::{
    charter::ClassId,
    decision::{self, Cause, Conflict, Extension},
    id::{ProposalId, Timestamp},
};
use register::{
    file::Turn,
    outcome::Outcome,
    says::{Says, Standing},
};

use super::{Counted, Finality, Told, Vote};
use crate::{Core, Decision, Phase};

impl Core {
    /// How a proposal stands at `now`: as [`Core::decision`], with deadlines, extensions, outcome and
    /// what counted as the register has them, as far as it does.
    #[must_use]
    pub fn settled(&self, id: &ProposalId, now: Timestamp) -> Option<Decision<'_>> {
        let mut decision = self.decision(id, now)?;
        let vote = match self.finality(&decision) {
            Finality::Open(open) => Some(open.vote),
            Finality::Final(vote, _) => Some(vote),
            _ => None,
        };
        if let Some(vote) = vote {
            self.settle(&mut decision, vote);
        }
        Some(decision)
    }

    fn settle(&self, decision: &mut Decision<'_>, vote: &Vote) {
        let phase = decision.phase.as_mut();
        let phase = phase.filter(|phase| vote.named.last() == Some(&phase.opening.id));
        let Some(phase) = phase else {
            return;
        };
        phase.extensions = self.extensions(vote);
        if let Some(ended) = &vote.ended {
            phase.deadline = ended.deadline;
            if let Some(counted) = &vote.counted {
                count(phase, counted);
            }
        }
    }

    /// How the register has extended a vote.
    fn extensions(&self, vote: &Vote) -> Vec<Extension> {
        let heights = self.annals().heights();
        let since = vote.heights.iter().filter(|height| **height > vote.since);
        let told = since.filter_map(|height| heights.get(height));
        let told = told.flat_map(|height| &height.told);
        let extended = told.filter_map(|told| match told {
            Told::Vote {
                opening,
                turn:
                    Turn::Closed(Outcome::Extended {
                        late_block, span, ..
                    }),
            } if *opening == vote.opening => Some(Extension {
                cause: match late_block {
                    true => Cause::LateBlock,
                    false => Cause::LacksBallots,
                },
                from: span.from,
                to: span.to,
            }),
            _ => None,
        });
        extended.collect()
    }
}

/// Puts what a closing counted in the place of what this node counts.
fn count(phase: &mut Phase<'_>, counted: &Counted) {
    let (ballots, deadline) = (&phase.ballots, phase.deadline);
    let of = |class: &ClassId, standing: &Standing| {
        let sides = standing.sides().iter();
        let sides = sides.filter_map(|(said, ballot)| match said {
            Says::Choice(choice) => Some(Conflict {
                choice: *choice,
                ballot: *ballot,
            }),
            Says::Act(_) => None,
        });
        let sides: Vec<Conflict> = sides.collect();
        let ballot = sides.iter().map(|side| side.ballot).min()?;
        Some(decision::Counted {
            class: class.clone(),
            slot: standing.slot(),
            choice: standing.choice(),
            ballot,
            time: ballots.get(&ballot).map_or(deadline, |seen| seen.time),
            conflicting: if sides.len() > 1 { sides } else { Vec::new() },
        })
    };
    let votes = counted.votes.iter().filter_map(|(member, standing)| {
        let class = phase.electorate.class_of(member)?;
        Some((*member, of(class, standing)?))
    });
    phase.count.counted = votes.collect();
    let counted_ballots = phase.count.counted.values();
    for ballot in counted_ballots.map(|counted| counted.ballot) {
        phase.count.left_out.remove(&ballot);
    }
    phase.outcome = counted.judged.clone();
}
