//! The engine's view of our types. Nothing of it leaves this module's parent.

use std::{convert::Infallible, fmt, sync::Arc};

use arc_malachitebft_core_types::{
    self as core, LinearTimeouts, NilOrVal, Round, SignedExtension, VoteType, VotingPower,
};
use domain::id::Hash;

use super::statement::{Proposal, Signed, Step, Vote};
use crate::validators::ValidatorIndex;

/// The types that the engine works with.
#[derive(Debug, Clone)]
pub(super) struct Context;

/// A height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Height(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// A validator's index in the set; for an observer a number that no validator has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address(pub ValidatorIndex);

impl Address {
    pub(super) const OBSERVER: Address = Address(ValidatorIndex(u8::MAX));
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(f)
    }
}

impl core::Address for Address {}

/// A value is known to the engine by its hash only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value(pub Hash);

impl core::Value for Value {
    type Id = Hash;

    fn id(&self) -> Hash {
        self.0
    }
}

/// A signature's bytes. Only the host looks at them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(pub [u8; 64]);

/// The engine never signs or verifies by itself, so the scheme names types only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scheme;

impl core::SigningScheme for Scheme {
    type DecodingError = Infallible;
    type Signature = Mark;
    type PublicKey = ();
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Mark, Infallible> {
        // Only for the engine's own network formats, which are not used.
        let mut mark = [0; 64];
        for (to, from) in mark.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(Mark(mark))
    }

    fn encode_signature(signature: &Mark) -> Vec<u8> {
        signature.0.to_vec()
    }

    fn decode_public_key(_: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn encode_public_key(_: &()) -> Vec<u8> {
        Vec::new()
    }
}

/// A validator: an index with one voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voice(Address);

impl core::Validator<Context> for Voice {
    fn address(&self) -> &Address {
        &self.0
    }

    fn public_key(&self) -> &() {
        &()
    }

    fn voting_power(&self) -> VotingPower {
        1
    }
}

/// The set, with the order in which its validators propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voices {
    voices: Arc<[Voice]>,
    proposers: Arc<[ValidatorIndex]>,
}

impl Voices {
    /// The validators who propose in this order: each index once.
    pub(super) fn new(proposers: Vec<ValidatorIndex>) -> Self {
        let mut voices: Vec<Voice> = proposers
            .iter()
            .map(|index| Voice(Address(*index)))
            .collect();
        voices.sort_unstable_by_key(|voice| voice.0);
        Self {
            voices: voices.into(),
            proposers: proposers.into(),
        }
    }

    /// Who proposes in a round.
    pub(super) fn proposer(&self, round: u32) -> ValidatorIndex {
        self.proposers[round as usize % self.proposers.len()]
    }
}

impl core::ValidatorSet<Context> for Voices {
    fn count(&self) -> usize {
        self.voices.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.voices.len() as VotingPower
    }

    fn get_by_address(&self, address: &Address) -> Option<&Voice> {
        self.voices.get(usize::from(address.0.0))
    }

    fn get_by_index(&self, index: usize) -> Option<&Voice> {
        self.voices.get(index)
    }
}

/// Values travel through the replicated store, never as parts through the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoPart;

impl core::ProposalPart<Context> for NoPart {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

/// A proposal as the engine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposed {
    height: Height,
    round: Round,
    value: Value,
    lock: Round,
    proposer: Address,
}

impl core::Proposal<Context> for Proposed {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.lock
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

/// A vote as the engine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voted {
    height: Height,
    round: Round,
    step: VoteType,
    value: NilOrVal<Hash>,
    voter: Address,
}

impl core::Vote<Context> for Voted {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<Hash> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Hash> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.step
    }

    fn validator_address(&self) -> &Address {
        &self.voter
    }

    // Votes carry nothing else.
    fn extension(&self) -> Option<&SignedExtension<Context>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Context>> {
        None
    }

    fn extend(self, _: SignedExtension<Context>) -> Self {
        self
    }
}

impl core::Context for Context {
    type Address = Address;
    type Height = Height;
    type ProposalPart = NoPart;
    type Proposal = Proposed;
    type Validator = Voice;
    type ValidatorSet = Voices;
    type Timeouts = LinearTimeouts;
    type Value = Value;
    type Vote = Voted;
    type Extension = ();
    type SigningScheme = Scheme;

    fn select_proposer<'a>(&self, set: &'a Voices, _: Height, round: Round) -> &'a Voice {
        let proposer = set.proposer(number(round));
        &set.voices[usize::from(proposer.0)]
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: Value,
        lock: Round,
        proposer: Address,
    ) -> Proposed {
        Proposed {
            height,
            round,
            value,
            lock,
            proposer,
        }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Hash>,
        voter: Address,
    ) -> Voted {
        let step = VoteType::Prevote;
        Voted {
            height,
            round,
            step,
            value,
            voter,
        }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Hash>,
        voter: Address,
    ) -> Voted {
        let step = VoteType::Precommit;
        Voted {
            height,
            round,
            step,
            value,
            voter,
        }
    }
}

/// The number of a round that the engine has begun.
pub(super) fn number(round: Round) -> u32 {
    round.as_u32().unwrap_or_default()
}

impl Voted {
    /// As a statement of that epoch.
    pub(super) fn statement(&self, epoch: u64) -> Vote {
        Vote {
            epoch,
            height: self.height.0,
            round: number(self.round),
            step: match self.step {
                VoteType::Prevote => Step::Prevote,
                VoteType::Precommit => Step::Precommit,
            },
            value: match self.value {
                NilOrVal::Nil => None,
                NilOrVal::Val(value) => Some(value),
            },
        }
    }

    /// Who cast it.
    pub(super) fn voter(&self) -> ValidatorIndex {
        self.voter.0
    }
}

impl Proposed {
    /// As a statement of that epoch.
    pub(super) fn statement(&self, epoch: u64) -> Proposal {
        Proposal {
            epoch,
            height: self.height.0,
            round: number(self.round),
            value: self.value.0,
            lock: self.lock.as_u32(),
        }
    }

    /// Who made it.
    pub(super) fn proposer(&self) -> ValidatorIndex {
        self.proposer.0
    }
}

/// A signed vote, for the engine.
pub(super) fn vote(signed: &Signed<Vote>) -> core::SignedVote<Context> {
    let vote = &signed.statement;
    let message = Voted {
        height: Height(vote.height),
        round: Round::new(vote.round),
        step: match vote.step {
            Step::Prevote => VoteType::Prevote,
            Step::Precommit => VoteType::Precommit,
        },
        value: vote.value.map_or(NilOrVal::Nil, NilOrVal::Val),
        voter: Address(signed.validator),
    };
    core::SignedMessage::new(message, Mark(signed.signature.0))
}

/// A signed proposal, for the engine.
pub(super) fn proposal(signed: &Signed<Proposal>) -> core::SignedProposal<Context> {
    let proposal = &signed.statement;
    let message = Proposed {
        height: Height(proposal.height),
        round: Round::new(proposal.round),
        value: Value(proposal.value),
        lock: proposal.lock.map_or(Round::Nil, Round::new),
        proposer: Address(signed.validator),
    };
    core::SignedMessage::new(message, Mark(signed.signature.0))
}
