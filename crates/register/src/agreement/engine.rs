//! The engine: Tendermint by `arc-malachitebft-core-consensus`, one state per height.
//!
//! What the library would panic or misjudge on is checked here before it gets there: heights,
//! epochs, rounds, indices, proposers, locks. Values are judged by the caller only (the library's
//! `ProposalOnly` mode would hold every value to be valid), no target time is set (the library would
//! read a clock), and each height gets a fresh state, since a validator's index may change.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arc_malachitebft_core_consensus::{
    self as library, Error, Input as EngineInput, LocallyProposedValue, MAX_FUTURE_ROUND_LOOKAHEAD,
    MisbehaviorEvidence, Params, PeerId, ProposedValue, State, process,
};
use arc_malachitebft_core_types::{
    CommitCertificate, CommitSignature, ExtendedCommitCertificate, PolkaCertificate,
    PolkaSignature, Round, ThresholdParams, Timeout, TimeoutKind, Validity, ValueOrigin,
    ValuePayload, ValueResponse, VoteExtensionPolicy, VoteExtensions,
};
use domain::{id::FederationId, id::Hash, key::SecretKey};

use super::{
    Agreement, AgreementError, Input, Output, Reaction, Verdict,
    certificate::{Certificate, Polka},
    context::{self, Address, Context, Height, Mark, Value, Voices, number},
    desk::{Desk, Office},
    error::Refusal,
    statement::{Message, Place, ROUND_MAX, Signed, Statement, Step},
    timers::{Timeouts, Timer, Wait},
    validators::{Validators, proposers},
    verification::{Strict, Verification},
};

/// Who takes part in which register.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The federation.
    pub federation: FederationId,
    /// The epoch of the register.
    pub epoch: u64,
    /// The validator key. Without one the node observes; it must be without one when it is not
    /// certain that its journal is whole.
    pub key: Option<SecretKey>,
}

/// An open height.
pub(super) struct Open {
    pub state: State<Context>,
    pub desk: Desk,
    pub voices: Voices,
}

/// Agreement, one height after the other.
pub struct Engine<V = Strict> {
    federation: FederationId,
    epoch: u64,
    pub(super) office: Office<V>,
    next: u64,
    open: Option<Open>,
    /// The last certificate and who was to sign it: a second one for another value is the proof
    /// that agreement is broken.
    last: Option<(Certificate, Validators)>,
    stopped: bool,
}

impl Engine {
    /// An engine whose first height is `next`.
    #[must_use]
    pub fn new(identity: Identity, timeouts: Timeouts, next: u64) -> Self {
        Self::with_verification(identity, timeouts, next, Strict)
    }
}

impl<V: Verification> Agreement for Engine<V> {
    fn handle(&mut self, input: Input) -> Result<Reaction, AgreementError> {
        if self.stopped {
            return Err(AgreementError::Stopped);
        }
        let result = self.take(input);
        if result.as_ref().is_err_and(AgreementError::is_final) {
            self.stopped = true;
            self.open = None;
        }
        result
    }

    fn height(&self) -> u64 {
        self.next
    }

    fn round(&self) -> Option<u32> {
        self.open.as_ref().map(|open| number(open.state.round()))
    }
}

impl<V: Verification> Engine<V> {
    /// As [`Engine::new`], with another way to get the same answers of strict verification.
    #[must_use]
    pub fn with_verification(
        identity: Identity,
        timeouts: Timeouts,
        next: u64,
        verification: V,
    ) -> Self {
        Self {
            federation: identity.federation,
            epoch: identity.epoch,
            office: Office {
                key: identity.key,
                timeouts,
                verification,
            },
            next,
            open: None,
            last: None,
            stopped: false,
        }
    }

    fn take(&mut self, input: Input) -> Result<Reaction, AgreementError> {
        match input {
            Input::Start {
                height,
                set,
                journal,
            } => {
                if let Some(open) = &self.open {
                    return Err(AgreementError::Open(open.desk.place.height));
                }
                if height != self.next {
                    let (expected, found) = (self.next, height);
                    return Err(AgreementError::Sequence { expected, found });
                }
                let mut open = self.begin(set);
                open.start(&self.office, &journal)?;
                self.close(open)
            }
            Input::Certificate(certificate) if self.is_past(&certificate) => {
                self.compare(certificate)
            }
            input => match self.open.take() {
                Some(mut open) => {
                    open.take(&self.office, input)?;
                    self.close(open)
                }
                None => Ok(Self::without_height(&input)),
            },
        }
    }

    fn begin(&self, set: Validators) -> Open {
        let place = Place {
            federation: self.federation,
            epoch: self.epoch,
            height: self.next,
        };
        let key = self.office.key.as_ref().map(SecretKey::public);
        let me = key.and_then(|key| set.index_of(&key));
        let voices = Voices::new(proposers(&place, &set));
        let params = Params {
            address: me.map_or(Address::OBSERVER, Address),
            threshold_params: ThresholdParams::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: me.is_some(),
        };
        let height = Height(place.height);
        // Messages of other heights never reach it, so its queue needs no room.
        let state = State::new(Context, height, voices.clone(), params, 1, 1);
        Open {
            state,
            desk: Desk::new(place, set, me),
            voices,
        }
    }

    /// Hands out what follows, and keeps the height open unless it is decided.
    fn close(&mut self, mut open: Open) -> Result<Reaction, AgreementError> {
        let reaction = std::mem::take(&mut open.desk.reaction);
        match open.desk.decided.take() {
            Some(certificate) => {
                self.next += 1;
                self.last = Some((certificate, open.desk.set));
            }
            None => self.open = Some(open),
        }
        Ok(reaction)
    }

    fn is_past(&self, certificate: &Certificate) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(|(last, _)| last.height == certificate.height)
    }

    /// A certificate of the height that was decided last: for the same value, or proof that
    /// agreement is broken.
    fn compare(&mut self, certificate: Certificate) -> Result<Reaction, AgreementError> {
        let Some((last, set)) = &self.last else {
            return Ok(Reaction::default());
        };
        if last.value == certificate.value {
            return Ok(Reaction::default());
        }
        let place = Place {
            federation: self.federation,
            epoch: self.epoch,
            height: last.height,
        };
        match certificate.verify_with(&place, set, &self.office.verification) {
            Ok(()) => {
                let (ours, theirs) = (Box::new(last.clone()), Box::new(certificate));
                Err(AgreementError::Disagreement(ours, theirs))
            }
            Err(error) => Ok(refusal(error.into())),
        }
    }

    fn without_height(input: &Input) -> Reaction {
        let found = match input {
            Input::Message(message) => message.height(),
            Input::Certificate(certificate) => certificate.height,
            // Late answers and timers of a height that is over.
            _ => return Reaction::default(),
        };
        refusal(Refusal::Height { open: None, found })
    }
}

fn refusal(refusal: Refusal) -> Reaction {
    Reaction {
        journal: Vec::new(),
        outputs: vec![Output::Refused(refusal)],
    }
}

impl Open {
    fn take<V: Verification>(
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
        if validator >= self.desk.set.len() {
            let (size, found) = (self.desk.set.len(), validator);
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
        let bytes = super::signed_bytes(&place.federation, &signed.statement);
        let (set, validator) = (&self.desk.set, signed.validator);
        let verification = &office.verification;
        if verification.verify(set, validator, &bytes, &signed.signature) {
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
        // A second value in a round is never put forward, even if the caller offers one.
        if late || not_me || invalid || self.desk.proposals.contains_key(&round) {
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
        let result = catch_unwind(AssertUnwindSafe(|| -> Result<(), Error<Context>> {
            process!(
                input: input,
                state: state,
                metrics: &(),
                with: effect => desk.answer(office, effect)
            )
        }));
        if let Some(fault) = self.desk.fault.take() {
            return Err(fault);
        }
        match result {
            Err(_) => return Err(AgreementError::Failed(height)),
            Ok(Err(Error::ReplayDivergence(_, _, round))) => {
                let round = number(round);
                return Err(AgreementError::Divergence { height, round });
            }
            Ok(Err(error)) => return Err(AgreementError::Engine(error.to_string())),
            Ok(Ok(())) => {}
        }
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

/// A message as the engine takes it.
pub(super) fn engine_input(message: &Message) -> EngineInput<Context> {
    match message {
        Message::Proposal(signed) => EngineInput::Proposal(context::proposal(signed)),
        Message::Vote(signed) => EngineInput::Vote(context::vote(signed)),
        Message::Polka(polka) => EngineInput::PolkaCertificate(polka_certificate(polka)),
    }
}

fn polka_certificate(polka: &Polka) -> PolkaCertificate<Context> {
    let signatures = polka.signatures.iter();
    PolkaCertificate {
        height: Height(polka.height),
        round: Round::new(polka.round),
        value_id: polka.value,
        polka_signatures: signatures
            .map(|(index, signature)| PolkaSignature::new(Address(*index), Mark(signature.0)))
            .collect(),
    }
}

/// A certificate in the envelope in which the engine takes it. The peer and the bytes in it are
/// for the library's own catch-up, which is not used.
pub(super) fn response(certificate: &Certificate) -> ValueResponse<Context> {
    let signatures = certificate.signatures.iter();
    let commit = CommitCertificate {
        height: Height(certificate.height),
        round: Round::new(certificate.round),
        value_id: certificate.value,
        commit_signatures: signatures
            .map(|(index, signature)| CommitSignature::new(Address(*index), Mark(signature.0)))
            .collect(),
    };
    let none = VoteExtensions::default();
    let certificate =
        ExtendedCommitCertificate::from_commit_certificate_and_extensions(commit, none);
    let peer = PeerId::from_bytes(&[0, 0]).expect("the identity hash of nothing");
    ValueResponse::new(peer, Default::default(), certificate)
}

/// A timer as the engine takes it.
pub(super) fn timeout(timer: &Timer) -> Timeout {
    let kind = match timer.wait {
        Wait::Proposal => TimeoutKind::Propose,
        Wait::Prevotes => TimeoutKind::Prevote,
        Wait::Precommits => TimeoutKind::Precommit,
        Wait::Republish => TimeoutKind::Rebroadcast,
    };
    Timeout::new(Round::new(timer.round), kind)
}

/// The input that starts a height.
pub(super) fn start_input(open: &Open, restart: bool) -> library::Input<Context> {
    // No target time: with one the library would look at a clock.
    let (height, target_time) = (Height(open.desk.place.height), None);
    let policy = VoteExtensionPolicy::Disabled;
    EngineInput::StartHeight(height, open.voices.clone(), restart, target_time, policy)
}
