//! The desk of an open height: answers what the engine asks, and collects what follows.

use std::collections::{BTreeMap, BTreeSet};

use arc_malachitebft_core_consensus::{
    ConsensusMsg, Effect, Input, LivenessMsg, MisbehaviorEvidence, Resumable, Resume,
    SignedConsensusMsg, VoteExtensionError,
};
use arc_malachitebft_core_types::{
    self as core, CertificateError as EngineRefusal, SignedMessage, Timeout, TimeoutKind,
};
use domain::{
    cbor::Encode,
    id::Hash,
    key::{SecretKey, Signature},
};

use super::{
    AgreementError, Output, Reaction,
    certificate::{Certificate, CertificateError, Polka},
    context::{Context, Mark, Proposed, Voted, number},
    error::Refusal,
    evidence::Evidence,
    journal::Record,
    statement::{Message, Place, Proposal, Signed, Statement, Step, Vote, signed_bytes},
    timers::{Timeouts, Timer, Wait},
    verification::Verification,
};
use crate::validators::{ValidatorIndex, ValidatorSet};

/// What does not change from height to height.
#[derive(Debug)]
pub(super) struct Office<V> {
    pub key: Option<SecretKey>,
    pub timeouts: Timeouts,
    pub verification: V,
}

/// What is known of an open height besides the engine's own state.
#[derive(Debug)]
pub(super) struct Desk {
    pub place: Place,
    pub set: ValidatorSet,
    /// This node's index, if it votes.
    pub me: Option<ValidatorIndex>,
    /// Everything this node signed at this height: the last barrier against signing twice.
    pub votes: BTreeMap<(u32, Step), Signed<Vote>>,
    pub proposals: BTreeMap<u32, Signed<Proposal>>,
    /// While a journal is replayed: its records, which need not be written again.
    pub written: BTreeSet<Vec<u8>>,
    /// Values that were put forward, and the round of it.
    pub asked: BTreeMap<Hash, u32>,
    /// What the caller said of them.
    pub judged: BTreeMap<Hash, bool>,
    /// The certificate that was verified, while its value is not there.
    pub certified: Option<(u32, Hash)>,
    /// How many pairs of statements were reported, by validator: of proposals and of votes.
    reported: BTreeMap<(ValidatorIndex, bool), usize>,
    /// What follows from this call.
    pub reaction: Reaction,
    pub decided: Option<Certificate>,
    pub refused: Option<Refusal>,
    pub fault: Option<AgreementError>,
}

impl Desk {
    pub(super) fn new(place: Place, set: ValidatorSet, me: Option<ValidatorIndex>) -> Self {
        Self {
            place,
            set,
            me,
            votes: BTreeMap::new(),
            proposals: BTreeMap::new(),
            written: BTreeSet::new(),
            asked: BTreeMap::new(),
            judged: BTreeMap::new(),
            certified: None,
            reported: BTreeMap::new(),
            reaction: Reaction::default(),
            decided: None,
            refused: None,
            fault: None,
        }
    }

    pub(super) fn push(&mut self, output: Output) {
        self.reaction.outputs.push(output);
    }

    /// Answers one question of the engine. A signature that must not be made is answered with
    /// something else: the engine stops there, and the fault says why.
    pub(super) fn answer<V: Verification>(
        &mut self,
        office: &Office<V>,
        effect: Effect<Context>,
    ) -> Resume<Context> {
        match effect {
            Effect::SignVote(vote, r) => match self.sign_vote(office, &vote) {
                Some(mark) => r.resume_with(SignedMessage::new(vote, mark)),
                None => Resume::Continue,
            },
            Effect::SignProposal(proposal, r) => match self.sign_proposal(office, &proposal) {
                Some(mark) => r.resume_with(SignedMessage::new(proposal, mark)),
                None => Resume::Continue,
            },
            Effect::VerifySignature(message, (), r) => {
                r.resume_with(self.is_signed(office, &message))
            }
            Effect::VerifyCommitCertificate(certificate, _, _, r) => {
                let certificate = self.certificate(&certificate);
                let result = certificate.verify_with(&self.place, &self.set, &office.verification);
                r.resume_with(self.note(result))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, _, _, _, r) => {
                let certificate = self.certificate(&certificate.trim_vote_extensions());
                let result = certificate.verify_with(&self.place, &self.set, &office.verification);
                if result.is_ok() {
                    // It may carry the node into a later round, where it votes: the library does
                    // not write it down, and would come to another round after a restart.
                    self.record(Record::Certificate(certificate));
                }
                r.resume_with(self.note(result))
            }
            Effect::VerifyPolkaCertificate(polka, _, _, r) => {
                let polka = self.polka(&polka);
                let result = polka.verify_with(&self.place, &self.set, &office.verification);
                r.resume_with(self.note(result))
            }
            // Neither is ever asked: round certificates are not taken in, votes carry nothing.
            Effect::VerifyRoundCertificate(_, _, _, r) => {
                r.resume_with(Err(EngineRefusal::VerificationError(None)))
            }
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => {
                r.resume_with(Err(VoteExtensionError::InvalidVoteExtension))
            }
            other => {
                self.carry_out(office, other);
                Resume::Continue
            }
        }
    }

    /// Takes note of what needs no answer.
    fn carry_out<V>(&mut self, office: &Office<V>, effect: Effect<Context>) {
        match effect {
            Effect::CancelAllTimeouts(_) => self.push(Output::CancelTimers),
            Effect::CancelTimeout(timeout, _) => {
                if let Some(timer) = self.timer(&timeout) {
                    self.push(Output::CancelTimer(timer));
                }
            }
            Effect::ScheduleTimeout(timeout, _) => {
                if let Some(timer) = self.timer(&timeout) {
                    let after_ms = office.timeouts.wait_ms(&timer);
                    self.push(Output::SetTimer { timer, after_ms });
                }
            }
            Effect::StartRound(_, round, proposer, _, _) => {
                let (round, proposer) = (number(round), proposer.0);
                self.push(Output::Round { round, proposer });
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Vote(vote), _)
            | Effect::PublishLivenessMsg(LivenessMsg::Vote(vote), _)
            | Effect::RepublishVote(vote, _) => {
                let vote = self.signed_vote(&vote);
                self.push(Output::Publish(Message::Vote(vote)));
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal), _) => {
                let proposal = self.signed_proposal(&proposal);
                self.push(Output::Publish(Message::Proposal(proposal)));
            }
            Effect::PublishLivenessMsg(LivenessMsg::PolkaCertificate(polka), _) => {
                let polka = self.polka(&polka);
                self.push(Output::Publish(Message::Polka(polka)));
            }
            Effect::GetValue(_, round, _, _) => {
                let round = number(round);
                self.push(Output::NeedValue { round });
            }
            Effect::CertVerifiedSyncValue(response, _, _) => {
                let certificate = &response.certificate;
                self.certified = Some((number(certificate.round), certificate.value_id));
            }
            Effect::Decide(certificate, _, _) => {
                let certificate = self.certificate(&certificate);
                self.decided = Some(certificate.clone());
                self.push(Output::Decided(certificate));
            }
            Effect::Finalize(_, _, evidence, _) => self.report(&evidence),
            Effect::WalAppend(_, input, _) => self.write(&input),
            // Round certificates are votes that everybody gets; values are in the store of all; a
            // certificate that was rejected was refused when it was verified.
            _ => {}
        }
    }

    fn note(&mut self, result: Result<(), CertificateError>) -> Result<(), EngineRefusal<Context>> {
        result.map_err(|error| {
            self.refused = Some(Refusal::Certificate(error));
            EngineRefusal::VerificationError(None)
        })
    }

    /// Signs, unless this node signed another vote for that step before.
    fn sign_vote<V>(&mut self, office: &Office<V>, vote: &Voted) -> Option<Mark> {
        let statement = vote.statement(self.place.epoch);
        let slot = (statement.round, statement.step);
        let before = self.votes.get(&slot).copied();
        let signed = self.sign(office, statement, before)?;
        self.votes.insert(slot, signed);
        Some(Mark(signed.signature.0))
    }

    fn sign_proposal<V>(&mut self, office: &Office<V>, proposal: &Proposed) -> Option<Mark> {
        let statement = proposal.statement(self.place.epoch);
        let before = self.proposals.get(&statement.round).copied();
        let signed = self.sign(office, statement, before)?;
        self.proposals.insert(statement.round, signed);
        Some(Mark(signed.signature.0))
    }

    fn sign<V, S: Statement>(
        &mut self,
        office: &Office<V>,
        statement: S,
        before: Option<Signed<S>>,
    ) -> Option<Signed<S>> {
        let (height, round) = (self.place.height, statement.round());
        match (before, self.me, &office.key) {
            (Some(before), _, _) if before.statement == statement => Some(before),
            (None, Some(me), Some(key)) => {
                Some(Signed::sign(&self.place.federation, me, key, statement))
            }
            _ => {
                self.fault = Some(AgreementError::Divergence { height, round });
                None
            }
        }
    }

    fn is_signed<V: Verification>(
        &mut self,
        office: &Office<V>,
        message: &SignedMessage<Context, ConsensusMsg<Context>>,
    ) -> bool {
        let (validator, bytes) = match &message.message {
            ConsensusMsg::Vote(vote) => {
                let statement = vote.statement(self.place.epoch);
                (
                    vote.voter(),
                    signed_bytes(&self.place.federation, &statement),
                )
            }
            ConsensusMsg::Proposal(proposal) => {
                let statement = proposal.statement(self.place.epoch);
                let bytes = signed_bytes(&self.place.federation, &statement);
                (proposal.proposer(), bytes)
            }
        };
        let signature = Signature(message.signature.0);
        let valid = self.set.get(validator).is_some_and(|known| {
            let verification = &office.verification;
            verification.verify(&known.key, &bytes, &signature)
        });
        if !valid {
            self.refused = Some(Refusal::Signature { validator });
        }
        valid
    }

    /// Writes an input down, and asks about values that are put forward in it.
    fn write(&mut self, input: &Input<Context>) {
        let height = self.place.height;
        let record = match input {
            Input::Vote(vote) => Record::Message(Message::Vote(self.signed_vote(vote))),
            Input::Proposal(proposal) => {
                let proposal = self.signed_proposal(proposal);
                self.ask(proposal.statement.value, proposal.statement.round);
                Record::Message(Message::Proposal(proposal))
            }
            Input::PolkaCertificate(polka) => {
                let polka = self.polka(polka);
                self.ask(polka.value, polka.round);
                Record::Message(Message::Polka(polka))
            }
            Input::ProposedValue(value, _) => Record::Judged {
                height,
                round: number(value.round),
                value: value.value.0,
                valid: value.validity.is_valid(),
            },
            Input::TimeoutElapsed(timeout) => match self.timer(timeout) {
                Some(timer) => Record::Fired(timer),
                None => return,
            },
            _ => return,
        };
        self.record(record);
    }

    fn record(&mut self, record: Record) {
        if !self.written.contains(&record.to_bytes()) {
            self.reaction.journal.push(record);
        }
    }

    /// Asks the caller about a value, unless it has said.
    pub(super) fn ask(&mut self, value: Hash, round: u32) {
        self.asked.entry(value).or_insert(round);
        if !self.judged.contains_key(&value) {
            self.push(Output::Judge { value, round });
        }
    }

    /// Reports each pair of statements that exclude each other once.
    pub(super) fn report(&mut self, evidence: &MisbehaviorEvidence<Context>) {
        for (validator, pairs) in &evidence.proposals {
            let done = self.count(validator.0, true, pairs.len());
            let Some(key) = self.set.get(validator.0).map(|known| known.key) else {
                continue;
            };
            for (one, other) in pairs.iter().skip(done) {
                let (one, other) = (self.signed_proposal(one), self.signed_proposal(other));
                self.push(Output::Evidence(Evidence::of_proposals(key, one, other)));
            }
        }
        for (validator, pairs) in &evidence.votes {
            let done = self.count(validator.0, false, pairs.len());
            let Some(key) = self.set.get(validator.0).map(|known| known.key) else {
                continue;
            };
            for (one, other) in pairs.iter().skip(done) {
                let (one, other) = (self.signed_vote(one), self.signed_vote(other));
                self.push(Output::Evidence(Evidence::of_votes(key, one, other)));
            }
        }
    }

    /// How many pairs were reported before; from now on it is `now`.
    fn count(&mut self, validator: ValidatorIndex, proposals: bool, now: usize) -> usize {
        let before = self.reported.entry((validator, proposals)).or_default();
        std::mem::replace(before, now.max(*before))
    }

    fn timer(&self, timeout: &Timeout) -> Option<Timer> {
        let wait = match timeout.kind {
            TimeoutKind::Propose => Wait::Proposal,
            TimeoutKind::Prevote => Wait::Prevotes,
            TimeoutKind::Precommit => Wait::Precommits,
            TimeoutKind::Rebroadcast => Wait::Republish,
            // Only with a target time, which is never given.
            TimeoutKind::FinalizeHeight(_) => return None,
        };
        Some(Timer {
            height: self.place.height,
            round: number(timeout.round),
            wait,
        })
    }

    fn signed_vote(&self, vote: &core::SignedVote<Context>) -> Signed<Vote> {
        Signed {
            validator: vote.message.voter(),
            statement: vote.message.statement(self.place.epoch),
            signature: Signature(vote.signature.0),
        }
    }

    fn signed_proposal(&self, proposal: &core::SignedProposal<Context>) -> Signed<Proposal> {
        Signed {
            validator: proposal.message.proposer(),
            statement: proposal.message.statement(self.place.epoch),
            signature: Signature(proposal.signature.0),
        }
    }

    fn certificate(&self, certificate: &core::CommitCertificate<Context>) -> Certificate {
        let signatures = certificate.commit_signatures.iter();
        let signatures = signatures.map(|one| (one.address.0, Signature(one.signature.0)));
        Certificate {
            epoch: self.place.epoch,
            height: certificate.height.0,
            round: number(certificate.round),
            value: certificate.value_id,
            signatures: ascending(signatures.collect()),
        }
    }

    pub(super) fn polka(&self, polka: &core::PolkaCertificate<Context>) -> Polka {
        let signatures = polka.polka_signatures.iter();
        let signatures = signatures.map(|one| (one.address.0, Signature(one.signature.0)));
        Polka {
            epoch: self.place.epoch,
            height: polka.height.0,
            round: number(polka.round),
            value: polka.value_id,
            signatures: ascending(signatures.collect()),
        }
    }
}

fn ascending(mut signatures: Vec<(ValidatorIndex, Signature)>) -> Vec<(ValidatorIndex, Signature)> {
    signatures.sort_by_key(|(validator, _)| *validator);
    signatures
}
