//! A decision as the register has it, wherever it has it: what a node counts is provisional, and what
//! the register says holds.

use domain::{
    charter::ClassId,
    decision::{self, Cause, Conflict, Extension, Verdict},
    id::{ProposalId, Timestamp},
};
use register::{
    chain::Ending,
    file::Turn,
    outcome::Outcome,
    phase::Question,
    says::{Says, Standing},
};

use super::{Counted, Ended, Finality, Open, Told, Vote};
use crate::{Core, Decision, Phase, State};

impl Core {
    /// How a proposal stands at `now`: as [`Core::decision`], with deadlines, extensions, outcome and
    /// what counted as the register has them, as far as it does.
    #[must_use]
    pub fn settled(&self, id: &ProposalId, now: Timestamp) -> Option<Decision<'_>> {
        let mut decision = self.decision(id, now)?;
        match self.finality(&decision) {
            Finality::Open(open) => self.settle_open(&mut decision, open, now),
            Finality::Final(vote, ended) => self.settle_ended(&mut decision, vote, ended),
            _ => {}
        }
        Some(decision)
    }

    fn settle_open(&self, decision: &mut Decision<'_>, open: Open<'_>, now: Timestamp) {
        let (phase, is_over) = (open.phase(), now > open.phase().deadline);
        if let Some(of) = self.phase_of(decision, open.vote) {
            if phase.question != Question::Answer {
                of.deadline = phase.deadline;
            }
            of.fallback |= phase.question == Question::FallbackVote;
            let verdict = of.outcome.verdict;
            decision.state = match (phase.question, is_over) {
                (Question::Answer, false) => State::Integration(phase.deadline),
                (Question::Answer, true) => State::Closed(Verdict::Blocked),
                (_, false) => State::Voting,
                (_, true) => State::Closed(verdict),
            };
        }
    }

    fn settle_ended(&self, decision: &mut Decision<'_>, vote: &Vote, ended: &Ended) {
        if let Some(of) = self.phase_of(decision, vote) {
            of.deadline = ended.deadline;
        }
        decision.state = match ended.ending {
            Ending::Judged(verdict) => State::Closed(verdict),
            Ending::Lapsed => State::Closed(Verdict::Blocked),
            Ending::Withdrawn => State::Withdrawn,
            Ending::Amended => decision.state,
        };
    }

    /// The phase of that vote, with what its last closing counted and how it was extended.
    fn phase_of<'d, 'a>(
        &self,
        decision: &'d mut Decision<'a>,
        vote: &Vote,
    ) -> Option<&'d mut Phase<'a>> {
        let phase = decision.phase.as_mut();
        let phase = phase.filter(|phase| phase.opening.id == vote.opening)?;
        phase.extensions = self.extensions(vote);
        if let Some(counted) = &vote.counted
            && vote.ended.is_some()
        {
            count(phase, counted);
        }
        Some(phase)
    }

    /// How the register has extended a vote.
    fn extensions(&self, vote: &Vote) -> Vec<Extension> {
        let heights = self.annals().heights();
        let told = vote.heights.iter().filter_map(|height| heights.get(height));
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
