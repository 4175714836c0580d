//! How far a vote is from being final, and what people are shown of the register.

mod annals;
mod caught;
mod settled;
mod shown;
mod waiting;

use std::collections::BTreeMap;

use domain::{
    id::{EntryId, Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};
use register::{
    ballot::ProvenBallot,
    begin::Beginning,
    chain::{Chain, STALLED_AFTER_MS},
    contradiction::Contradiction,
    phase::{Case, Phase},
    registrar::Registrar,
    sizes::Sizes,
    validators::{ValidatorIndex, ValidatorSet},
    witness::{Witness, closes_between},
};

pub(crate) use self::caught::Evidence;
pub use self::{
    annals::{Annals, Counted, Ended, HeightTold, Told, Vote},
    caught::Caught,
    shown::{Found, Shown},
    waiting::{Awaited, Waiting},
};
use crate::{Change, Core, Decision, State};

/// How final the vote on a proposal is.
#[derive(Debug, Clone, Copy)]
pub enum Finality<'a> {
    /// No vote is open on the version that counts now, or was.
    NotOpened,
    /// The federation has no register: whatever comes of the vote is provisional.
    NoRegister,
    /// The vote was opened before the register began: what comes of it stays provisional.
    Before,
    /// The register does not have the opening yet.
    Awaited,
    /// The register has a phase of it open.
    Open(Open<'a>),
    /// It is over, once and for ever.
    Final(&'a Vote, &'a Ended),
}

/// A phase that is open in the register, as this node sees it.
#[derive(Debug, Clone, Copy)]
pub struct Open<'a> {
    /// The vote.
    pub vote: &'a Vote,
    /// The phase, with all that is judged by.
    case: Case<'a>,
    /// What this node has seen of it, if it takes part or looks on.
    witness: Option<&'a Witness>,
    /// The round of the height being decided.
    round: Option<u32>,
    /// The last height.
    height: u64,
    /// Whether those who close it are today's validators.
    is_of_today: bool,
}

/// How sure it is that a ballot will be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witnessed {
    /// How many validators have signed that they saw it in time.
    pub receipts: usize,
    /// How many of them there must be, so that one of them is honest.
    pub receipts_needed: usize,
    /// How many validators have signed that they hold it with enough receipts.
    pub holds: usize,
    /// How many of them there must be, so that it is counted whatever happens.
    pub holds_needed: usize,
    /// How many validators there are.
    pub validators: usize,
}

impl Witnessed {
    /// Whether it is certain to be counted.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        self.holds >= self.holds_needed
    }
}

/// What a vote whose time is over waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When validators write down what they hold.
    pub manifests_from: Timestamp,
    /// When they may seal at last.
    pub seals_from: Timestamp,
    /// How many validators have said what they hold, of as many as are needed for seals,
    pub manifests: usize,
    /// and whose list is not here.
    pub without_manifest: Vec<MemberId>,
    /// Whose seal is not here.
    pub without_seal: Vec<MemberId>,
    /// How many seals are here,
    pub seals: usize,
    /// and how many are needed.
    pub needed: usize,
    /// The round of agreement on the next height, from 0, while there is one.
    pub round: Option<u32>,
    /// The height that would have it.
    pub height: u64,
    /// When today's validators hold it again if it is not closed before: they are others than those who
    /// have to close it.
    pub again_from: Option<Timestamp>,
}

impl<'a> Open<'a> {
    /// The phase.
    #[must_use]
    pub fn phase(&self) -> &'a Phase {
        self.case.phase
    }

    /// Whether this node sees what is said in it.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.witness.is_some()
    }

    fn sizes(&self) -> Sizes {
        self.case.phase.validators.sizes()
    }

    /// How far a ballot is; `None` if this node does not see the phase.
    #[must_use]
    pub fn witnessed(&self, ballot: &EntryId) -> Option<Witnessed> {
        let gathered = self.witness?.gathered();
        let (sizes, deadline) = (self.sizes(), self.case.phase.deadline);
        let known = gathered.ballot_of(ballot);
        let receipts =
            |ballot: &ProvenBallot| gathered.witnessed(&self.case, &ballot.leaf(), deadline);
        Some(Witnessed {
            receipts: known.map_or(0, receipts),
            receipts_needed: sizes.witnesses(),
            holds: known.map_or(0, |ballot| gathered.holders(ballot)),
            holds_needed: sizes.securing(),
            validators: sizes.all(),
        })
    }

    /// What it waits for once its time is over; `None` before.
    #[must_use]
    pub fn closing(&self, now: Timestamp) -> Option<Closing> {
        let phase = self.case.phase;
        if now <= phase.deadline {
            return None;
        }
        let (manifests_from, seals_from) = closes_between(&self.case);
        let gathered = self.witness.map(Witness::gathered);
        let authors: Vec<ValidatorIndex> =
            gathered.map_or_else(Vec::new, |seen| seen.authors().collect());
        let sealers: Vec<ValidatorIndex> =
            gathered.map_or_else(Vec::new, |seen| seen.sealers().collect());
        let without = |those: &[ValidatorIndex]| {
            let all = phase.validators.iter();
            let others = all.filter(|(index, _)| !those.contains(index));
            others.map(|(_, validator)| validator.member).collect()
        };
        Some(Closing {
            manifests_from,
            seals_from,
            manifests: authors.len(),
            without_manifest: without(&authors),
            without_seal: without(&sealers),
            seals: sealers.len(),
            needed: self.sizes().quorum(),
            round: self.round,
            height: self.height + 1,
            again_from: (!self.is_of_today).then(|| phase.deadline.plus_ms(STALLED_AFTER_MS)),
        })
    }
}

impl Core {
    /// A phase that is open, as this node sees it.
    fn open<'a>(&'a self, chain: &'a Chain, phase: &PhaseId) -> Option<Open<'a>> {
        let case = chain.case(phase)?;
        let registrar = self.registrar();
        Some(Open {
            vote: self.annals().vote_of(phase)?,
            case,
            witness: registrar.and_then(|one| one.witness(phase)),
            round: registrar.and_then(Registrar::round),
            height: chain.height(),
            is_of_today: case.phase.validators == *chain.validators(),
        })
    }

    /// How final the vote on a proposal is. Once it is final that holds, whatever this node counts.
    #[must_use]
    pub fn finality(&self, decision: &Decision<'_>) -> Finality<'_> {
        let Some(chain) = self.register_chain() else {
            return match decision.phase {
                Some(_) => Finality::NoRegister,
                None => Finality::NotOpened,
            };
        };
        let (proposal, proposer) = (&decision.id, &decision.first.member);
        let annals = self.annals();
        if let Some(phase) = chain.open_phase(proposal, proposer)
            && let Some(open) = self.open(chain, &phase.id)
        {
            return Finality::Open(open);
        }
        let votes = annals.votes_on(proposal, proposer);
        let ended: Vec<(&Vote, &Ended)> = votes
            .filter_map(|vote| Some((vote, vote.ended.as_ref()?)))
            .collect();
        let passed = ended.iter().find(|(_, ended)| {
            ended.ending == register::chain::Ending::Judged(domain::decision::Verdict::Passed)
        });
        if let Some((vote, ended)) = passed {
            return Finality::Final(vote, ended);
        }
        let Some(phase) = &decision.phase else {
            let last = ended.last();
            return match last.filter(|_| decision.state == State::Withdrawn) {
                Some((vote, ended)) => Finality::Final(vote, ended),
                None => Finality::NotOpened,
            };
        };
        let opening = phase.opening;
        let this = ended
            .iter()
            .find(|(vote, _)| vote.named.contains(&opening.id));
        match this {
            Some((vote, ended)) => Finality::Final(vote, ended),
            None if chain.can_have(&opening.id, opening.time) => Finality::Awaited,
            None => Finality::Before,
        }
    }

    /// The votes of the proposing member on a proposal that the register has, in order.
    pub fn votes_on(&self, decision: &Decision<'_>) -> impl DoubleEndedIterator<Item = &Vote> {
        let annals = self.annals();
        annals.votes_on(&decision.id, &decision.first.member)
    }

    /// What each height did.
    #[must_use]
    pub fn annals(&self) -> &Annals {
        &self.register.annals
    }

    /// Who contradicted itself in the register, by the hash of the evidence: all that is known to this node
    /// or stands in records.
    #[must_use]
    pub fn caught(&self) -> &BTreeMap<Hash, Caught> {
        self.register.evidence.all()
    }

    /// The beginning that the heights of this node follow from.
    #[must_use]
    pub fn beginning(&self) -> Option<&Beginning> {
        let genesis = self.genesis();
        let needed = genesis.admissions_needed();
        let is_valid =
            |one: &&Beginning| one.signatures.len() >= needed && one.check(genesis).is_ok();
        let mut valid = self.beginnings().filter(is_valid);
        match self.annals().began() {
            Some(hash) => valid.find(|one| one.begin.hash(&self.federation()) == hash),
            None => valid.next(),
        }
    }

    /// The validators with this hash, who validate after some height.
    #[must_use]
    pub fn validators_of(&self, hash: &Hash) -> Option<ValidatorSet> {
        let known = self.annals().validators(hash).cloned();
        known.or_else(|| {
            let order = self.beginning()?.check(self.genesis()).ok()?;
            order.validators().filter(|set| set.hash() == *hash)
        })
    }

    /// Keeps that somebody said two things in an open phase.
    pub(crate) fn caught_in_phase(
        &mut self,
        now: Timestamp,
        phase: PhaseId,
        evidence: register::evidence::Evidence,
    ) {
        let Some(index) = evidence.validator() else {
            return;
        };
        let chain = self.register_chain();
        let found = chain.and_then(|chain| chain.phases().get(&phase));
        let Some(validator) = found.and_then(|phase| phase.validators.get(index)) else {
            return;
        };
        let (member, key) = (validator.member, validator.key);
        let contradiction = Contradiction::InPhase {
            key,
            phase,
            evidence,
        };
        self.caught_by(now, member, key, contradiction);
    }

    /// Keeps that somebody said two things in agreement.
    pub(crate) fn caught_in_agreement(
        &mut self,
        now: Timestamp,
        evidence: register::agreement::Evidence,
    ) {
        let key = evidence.key;
        let set = self.register_chain().map(Chain::validators);
        let validator = set.and_then(|set| set.get(set.index_of(&key)?));
        let member = validator.map(|validator| validator.member);
        // A validator that was one until this height is known by its grant.
        let member = member.or_else(|| self.view().member_of(&key));
        if let Some(member) = member {
            self.caught_by(now, member, key, Contradiction::InAgreement(evidence));
        }
    }

    fn caught_by(
        &mut self,
        now: Timestamp,
        member: MemberId,
        key: PublicKey,
        contradiction: Contradiction,
    ) {
        let is_new = self.register.evidence.keep(Caught {
            member,
            key,
            seen: now,
            contradiction,
        });
        if is_new {
            self.note_change(Change::Register);
            self.write_evidence(now);
        }
    }

    /// Writes down for all what this node found out, if it has a validator's key to do so.
    pub(crate) fn write_evidence(&mut self, now: Timestamp) {
        let Some(key) = self.registrar().and_then(|one| one.key()).cloned() else {
            return;
        };
        for contradiction in self.register.evidence.unwritten() {
            // Beyond the limits of a day it is refused, and tried again when the registrar next wakes.
            let record = Record::Evidence(record::Evidence { contradiction });
            let _ = self.say(now, &key, record);
        }
    }
}
