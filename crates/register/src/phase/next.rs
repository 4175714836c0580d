//! The phase that follows from how one was closed (rule R9).

use std::collections::BTreeMap;

use domain::id::{FederationId, Hash, Timestamp};

use super::{Cause, Phase, PhaseError, Question};
use crate::{
    outcome::{Closed, Outcome, Span},
    says::Act,
    validators::ValidatorSet,
};

/// Where a phase begins in the register: at which height, and who validates from then on.
#[derive(Debug, Clone)]
pub struct Beginning<'a> {
    /// The federation.
    pub federation: &'a FederationId,
    /// The height of the batch that opens it.
    pub height: u64,
    /// The validators in force after that height.
    pub validators: ValidatorSet,
}

impl Phase {
    /// The phase that the closing of this one opens.
    ///
    /// # Errors
    /// When nothing follows from that outcome, or no phase can be made of it.
    pub fn after(&self, closed: &Closed, at: Beginning<'_>) -> Result<Self, PhaseError> {
        let phase = match closed.outcome {
            Outcome::Extended {
                late_block,
                lacks_ballots,
                span,
            } => Self {
                answered_late_block: self.answered_late_block || late_block,
                extended: self.extended || lacks_ballots,
                pinned: closed.counted.clone(),
                ..self.moved(Cause::Extended, span, at)
            },
            Outcome::Repeated(span) => Self {
                pinned: closed.counted.clone(),
                ..self.moved(Cause::Repeated, span, at)
            },
            Outcome::Blocked(span) => {
                let phase = self.moved(Cause::Blocked, span, at);
                Self {
                    question: Question::Answer,
                    vote: phase.id,
                    pinned: BTreeMap::new(),
                    ..phase
                }
            }
            Outcome::Answered(act, time) => return self.answered(act, time, at),
            Outcome::Decided(_) | Outcome::Lapsed => return Err(PhaseError::NothingFollows),
        };
        phase.check().map(|()| phase)
    }

    /// The phase that an answer in this window opens, whether a closing counted it or a batch has it
    /// as an act of its own; it begins at `from`, or with the window
    /// if that claims an earlier time.
    ///
    /// # Errors
    /// When this is no window, or the answer withdraws the proposal.
    pub fn answered(
        &self,
        act: Act,
        from: Timestamp,
        at: Beginning<'_>,
    ) -> Result<Self, PhaseError> {
        if self.question != Question::Answer {
            return Err(PhaseError::NothingFollows);
        }
        let from = from.max(self.opened);
        let to = from.plus_ms(self.period_ms).min(Timestamp::MAX);
        let span = Span { from, to };
        let (cause, question) = match act {
            Act::Amend { .. } => (Cause::Amended, Question::Vote),
            Act::CallVote => (Cause::CalledVote, Question::FallbackVote),
            Act::Withdraw => return Err(PhaseError::NothingFollows),
        };
        let moved = self.moved(cause, span, at);
        let mut phase = Self {
            question,
            vote: moved.id,
            answered_late_block: false,
            extended: false,
            pinned: BTreeMap::new(),
            ..moved
        };
        if let Act::Amend { version, text } = act {
            (phase.version, phase.text) = (version, text);
        }
        phase.check().map(|()| phase)
    }

    /// The phase held again by those who remain after a recovery, from the end of its notice for as
    /// long as it was open. What is pinned stays; ballots cast before name its vote and count again as
    /// soon as they are witnessed.
    ///
    /// # Errors
    /// When no phase can be made of it.
    pub fn recovered(
        &self,
        federation: &FederationId,
        recovery: &Hash,
        from: Timestamp,
        validators: ValidatorSet,
    ) -> Result<Self, PhaseError> {
        let from = from.max(self.opened);
        let id = Self::id_recovered(federation, &self.id, recovery);
        let phase = Self {
            id,
            cause: Cause::Recovered,
            validators,
            opened: from,
            deadline: from.plus_ms(self.length_ms()).min(Timestamp::MAX),
            ..self.clone()
        };
        phase.check().map(|()| phase)
    }

    fn moved(&self, cause: Cause, span: Span, at: Beginning<'_>) -> Self {
        Self {
            id: Self::id_after(at.federation, &self.id, at.height, cause),
            cause,
            validators: at.validators,
            opened: span.from,
            deadline: span.to,
            ..self.clone()
        }
    }
}
