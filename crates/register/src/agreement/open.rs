//! An open height: what comes in is checked, given to the engine, and what follows is collected.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
};

use arc_malachitebft_core_consensus::{
    Error, Input as EngineInput, LocallyProposedValue, MAX_FUTURE_ROUND_LOOKAHEAD,
    MisbehaviorEvidence, ProposedValue, State, process,
};
use arc_malachitebft_core_types::{Round, Validity, ValueOrigin};
use domain::id::Hash;

use super::{
    AgreementError, Input, Output, Verdict,
    certificate::Certificate,
    context::{Address, Context, Height, Value, Voices, number},
    convert::{engine_input, response, timeout},
    desk::{Desk, Office},
    error::Refusal,
    statement::{Message, ROUND_MAX, Signed, Statement, Step, signed_bytes},
    verification::Verification,
};

/// An open height.
pub(super) struct Open {
    pub state: State<Context>,
    pub desk: Desk,
    pub voices: Voices,
}

impl Open {
    pub(super) fn take<V: Verification>(
        &mut self,
        office: &Office<V>,
        input: Input,
    ) -> Result<(), AgreementError> {
        match input {
            Input::Message(message) => match self.check(&message) {
                Ok(()) => self.message(office, &message),
                Err(refusal) => {
                    self.desk.push(Output::Refused(refusal));
                    Ok(())
                }
            },
            Input::Propose { round, value } => self.propose(office, round, value),
            Input::Judged { value, verdict } => self.judged(office, value, verdict),
            Input::Fired(timer) if timer.height == self.desk.place.height => {
                self.drive(office, EngineInput::TimeoutElapsed(timeout(&timer)))
            }
            Input::Certificate(certificate) => self.certificate(office, &certificate),
            // A timer of another height; a start was handled before.
            Input::Fired(_) | Input::Start { .. } => Ok(()),
        }
    }

    /// The checks that cost nothing, before a signature is verified.
    pub(super) fn check(&self, message: &Message) -> Result<(), Refusal> {
        let (place, round) = (&self.desk.place, message.round());
        let (open, found) = (Some(place.height), message.height());
        if open != Some(found) {
            return Err(Refusal::Height { open, found });
        }
        if message.epoch() != place.epoch {
            let (expected, found) = (place.epoch, message.epoch());
            return Err(Refusal::Epoch { expected, found });
        }
        if round > ROUND_MAX {
            return Err(Refusal::Round { found: round });
        }
        let own = number(self.state.round());
        let validator = match message {
            Message::Proposal(signed) => signed.validator,
            Message::Vote(signed) => signed.validator,
            // A quorum is believed however far ahead it is; its signers are checked with it.
            Message::Polka(_) => return Ok(()),
        };
        if self.desk.set.get(validator).is_none() {
            let (size, found) = (self.desk.set.sizes().all(), validator);
            return Err(Refusal::Unknown { size, found });
        }
        if let Message::Proposal(signed) = message {
            let (expected, found) = (self.voices.proposer(round), signed.validator);
            if expected != found {
                return Err(Refusal::NotProposer { expected, found });
            }
            if let Some(lock) = signed.statement.lock.filter(|lock| *lock >= round) {
                return Err(Refusal::Lock { round, lock });
            }
        }
        // The journal holds what was taken in before, at whatever round the node was then.
        if !self.state.is_replaying_wal() && round > own.saturating_add(MAX_FUTURE_ROUND_LOOKAHEAD)
        {
            return Err(Refusal::Ahead { own, found: round });
        }
        Ok(())
    }

    fn message<V: Verification>(
        &mut self,
        office: &Office<V>,
        message: &Message,
    ) -> Result<(), AgreementError> {
        match message {
            Message::Proposal(signed) if Some(signed.validator) == self.desk.me => {
                let own = self.desk.proposals.get(&signed.statement.round).copied();
                self.own(office, signed, own)
            }
            Message::Vote(signed) if Some(signed.validator) == self.desk.me => {
                let slot = (signed.statement.round, signed.statement.step);
                let own = self.desk.votes.get(&slot).copied();
                self.own(office, signed, own)
            }
            _ => self.drive(office, engine_input(message)),
        }
    }

    /// A message signed with this node's own key comes back: it is in the journal, or somebody
    /// else has the key, or the journal is not whole.
    fn own<V: Verification, S: Statement>(
        &mut self,
        office: &Office<V>,
        signed: &Signed<S>,
        own: Option<Signed<S>>,
    ) -> Result<(), AgreementError> {
        if own.is_some_and(|own| own.statement == signed.statement) {
            return Ok(());
        }
        let place = &self.desk.place;
        let bytes = signed_bytes(&place.federation, &signed.statement);
        let (validator, verification) = (signed.validator, &office.verification);
        let known = self.desk.set.get(validator);
        if known.is_some_and(|known| verification.verify(&known.key, &bytes, &signed.signature)) {
            let (height, round) = (place.height, signed.statement.round());
            return Err(AgreementError::NotOurs { height, round });
        }
        let validator = signed.validator;
        self.desk
            .push(Output::Refused(Refusal::Signature { validator }));
        Ok(())
    }

    fn propose<V: Verification>(
        &mut self,
        office: &Office<V>,
        round: u32,
        value: Hash,
    ) -> Result<(), AgreementError> {
        let own = number(self.state.round());
        let late = round != own || !self.state.driver.step_is_propose();
        let not_me = Some(self.voices.proposer(own)) != self.desk.me;
        let invalid = self.desk.judged.get(&value) == Some(&false);
        // Once a value is put forward the step of proposing is over, so there is never a second.
        if late || not_me || invalid {
            return Ok(());
        }
        self.desk.asked.entry(value).or_insert(round);
        if self.desk.judged.insert(value, true).is_none() {
            // The same value may have been put forward for a later round by somebody else. The
            // library looks for that when it is told of a value, but not when it is given one to
            // propose; a restart tells it, and would vote otherwise than it did before.
            self.hand_over(office, value, round, true)?;
        }
        let (height, round) = (Height(self.desk.place.height), Round::new(round));
        let value = LocallyProposedValue::new(height, round, Value(value));
        self.drive(office, EngineInput::Propose(value))
    }

    fn judged<V: Verification>(
        &mut self,
        office: &Office<V>,
        value: Hash,
        verdict: Verdict,
    ) -> Result<(), AgreementError> {
        let valid = match verdict {
            Verdict::Valid => true,
            Verdict::Invalid => false,
            Verdict::NotYet => return Ok(()),
        };
        // Only what was asked, and once: a verdict follows from the bytes and cannot change.
        let Some(round) = self.desk.asked.get(&value).copied() else {
            return Ok(());
        };
        if self.desk.judged.contains_key(&value) {
            return Ok(());
        }
        self.desk.judged.insert(value, valid);
        self.hand_over(office, value, round, valid)
    }

    fn hand_over<V: Verification>(
        &mut self,
        office: &Office<V>,
        value: Hash,
        round: u32,
        valid: bool,
    ) -> Result<(), AgreementError> {
        let certified = self.desk.certified.filter(|(_, other)| *other == value);
        if certified.is_some() && !valid {
            let height = self.desk.place.height;
            return Err(AgreementError::DecidedInvalid { height, value });
        }
        let origin = match certified {
            Some(_) => ValueOrigin::Sync,
            None => ValueOrigin::Consensus,
        };
        let round = certified.map_or(round, |(round, _)| round);
        let value = self.proposed(value, round, valid);
        self.drive(office, EngineInput::ProposedValue(value, origin))
    }

    pub(super) fn proposed(&self, value: Hash, round: u32, valid: bool) -> ProposedValue<Context> {
        ProposedValue {
            height: Height(self.desk.place.height),
            round: Round::new(round),
            valid_round: Round::Nil,
            proposer: Address(self.voices.proposer(round)),
            value: Value(value),
            validity: Validity::from_bool(valid),
        }
    }

    fn certificate<V: Verification>(
        &mut self,
        office: &Office<V>,
        certificate: &Certificate,
    ) -> Result<(), AgreementError> {
        let place = self.desk.place;
        let refused = if certificate.height != place.height {
            let (open, found) = (Some(place.height), certificate.height);
            Some(Refusal::Height { open, found })
        } else if certificate.epoch != place.epoch {
            let (expected, found) = (place.epoch, certificate.epoch);
            Some(Refusal::Epoch { expected, found })
        } else if certificate.round > ROUND_MAX {
            let found = certificate.round;
            Some(Refusal::Round { found })
        } else {
            None
        };
        if let Some(refused) = refused {
            self.desk.push(Output::Refused(refused));
            return Ok(());
        }
        let value = certificate.value;
        let known = Some((certificate.round, value)) == self.desk.certified;
        if !known {
            let response = response(certificate);
            self.drive(office, EngineInput::SyncValueResponse(response))?;
        }
        self.follow_certificate(office)
    }

    /// Decides by the certificate if the value was judged, else asks for it.
    pub(super) fn follow_certificate<V: Verification>(
        &mut self,
        office: &Office<V>,
    ) -> Result<(), AgreementError> {
        let Some((round, value)) = self.desk.certified else {
            // Refused, or decided already.
            return Ok(());
        };
        match self.desk.judged.get(&value).copied() {
            Some(valid) => self.hand_over(office, value, round, valid),
            None => {
                self.desk.ask(value, round);
                Ok(())
            }
        }
    }

    /// Lets the engine work through one input.
    pub(super) fn drive<V: Verification>(
        &mut self,
        office: &Office<V>,
        input: EngineInput<Context>,
    ) -> Result<(), AgreementError> {
        if self.desk.decided.is_some() {
            return Ok(());
        }
        let height = self.desk.place.height;
        let from = self.desk.reaction.outputs.len();
        let (state, desk) = (&mut self.state, &mut self.desk);
        // The state is given up if this fails, so nothing half done is looked at.
        let result = catch_unwind(AssertUnwindSafe(|| {
            let result: Result<(), Error<Context>> = process!(
                input: input,
                state: state,
                metrics: &(),
                with: effect => Ok::<_, Infallible>(desk.answer(office, effect))
            );
            result.map_err(|error| stopped(height, &error))
        }));
        if let Some(fault) = self.desk.fault.take() {
            return Err(fault);
        }
        result.map_err(|_| AgreementError::Failed(height))??;
        if let Some(refused) = self.desk.refused.take() {
            self.desk.push(Output::Refused(refused));
        }
        self.report();
        self.prove_locks(from);
        Ok(())
    }

    fn report(&mut self) {
        let driver = &self.state.driver;
        let evidence = MisbehaviorEvidence {
            proposals: driver.proposals().evidence().clone(),
            votes: driver.votes().evidence().clone(),
        };
        if !evidence.is_empty() {
            self.desk.report(&evidence);
        }
    }

    /// Whoever locks a value after the first round publishes the prevotes that made it. The
    /// library does this from round 10 on, which is hours away here; without it a lock that only
    /// one node knows of costs a round for each proposer.
    fn prove_locks(&mut self, from: usize) {
        let outputs = &self.desk.reaction.outputs[from..];
        let locks: Vec<(u32, Hash)> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Publish(Message::Vote(signed)) => Some(signed.statement),
                _ => None,
            })
            .filter(|vote| vote.step == Step::Precommit && vote.round > 0)
            .filter_map(|vote| Some((vote.round, vote.value?)))
            .collect();
        for (round, value) in locks {
            if let Some(polka) = self.state.polka_certificate(Round::new(round), &value) {
                let polka = self.desk.polka(polka);
                self.desk.push(Output::Publish(Message::Polka(polka)));
            }
        }
    }
}

fn stopped(height: u64, error: &Error<Context>) -> AgreementError {
    match error {
        Error::ReplayDivergence(_, _, round) => {
            let round = number(*round);
            AgreementError::Divergence { height, round }
        }
        error => AgreementError::Engine(error.to_string()),
    }
}
