//! The register: heights one after the other, and what they have made of the federation. Everything
//! here is a function of the batches, so every node that has them has the same register.

mod begun;
mod error;
mod judge;
mod next;
mod opening;
mod recovered;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Encode, Encoder},
    charter::{Charter, RuleName},
    decision::Verdict,
    effect::{Effect, Motion},
    genesis::Genesis,
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, ProposalId, Timestamp},
};

pub use self::{
    begun::STALLED_AFTER_MS,
    error::{BatchError, ItemError},
    opening::OPEN_VOTES_MAX,
};
pub(crate) use self::{
    next::{check_motion, check_stall},
    opening::written_under,
};
use crate::{
    batch::{Batch, Items},
    begin::{BeginError, Beginning},
    order::{Ineffective, Order, Place, RULES_VERSION, Rules},
    outcome::Closed,
    phase::{Case, Phase},
    validators::ValidatorSet,
};

const PREFIX: &[u8] = b"folkmoot/state/1\0";
const REST_PREFIX: &[u8] = b"folkmoot/rest/1\0";

/// The state hash of a register with this order and this rest.
pub(crate) fn state_of(order: &Hash, rest: &Hash) -> Hash {
    Hash::of(&[PREFIX, &order.0, &rest.0])
}

/// Whose proposal: a proposal and the member that opened a vote on it. A vote that another member
/// opens on somebody's proposal is another vote, and stands in the way of nobody's.
pub type Motioned = (ProposalId, MemberId);

/// How a vote ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By a verdict.
    Judged(Verdict),
    /// It was blocked, and the proposing member did not answer in time.
    Lapsed,
    /// The proposing member took it back.
    Withdrawn,
    /// The proposing member opened a vote on another version.
    Amended,
}

impl Ending {
    /// The word in commands and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Judged(verdict) => verdict.as_str(),
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
            Self::Amended => "amended",
        }
    }

    fn code(self) -> u64 {
        match self {
            Self::Judged(verdict) => verdict as u64,
            Self::Lapsed => 16,
            Self::Withdrawn => 17,
            Self::Amended => 18,
        }
    }
}

/// A vote that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The height that ended it.
    pub height: u64,
    /// The phase that ended.
    pub phase: PhaseId,
    /// The version's hash.
    pub text: Hash,
    /// How.
    pub ending: Ending,
    /// Whether what it was to do was done; `None` if it was to do nothing by itself.
    pub effective: Option<bool>,
}

/// What a height did, in its order, for those who show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A phase was closed.
    Closed {
        /// Which.
        phase: PhaseId,
        /// How.
        closed: Box<Closed>,
        /// What became of its effect, if it passed and has one.
        effect: Option<Result<(), Ineffective>>,
        /// The phase it opened.
        next: Option<PhaseId>,
    },
    /// A block was answered.
    Answered {
        /// The window.
        phase: PhaseId,
        /// The phase it opened.
        next: Option<PhaseId>,
    },
    /// A proposal was taken back.
    Withdrawn {
        /// The phase that ended.
        phase: PhaseId,
    },
    /// A phase is held again by today's validators.
    Stalled {
        /// Which.
        phase: PhaseId,
        /// The phase that takes its place.
        next: PhaseId,
    },
    /// A member declared something.
    Declared {
        /// Who.
        member: MemberId,
        /// Its number.
        number: u64,
    },
    /// A vote was opened.
    Opened {
        /// Its phase.
        phase: PhaseId,
    },
}

/// The register up to a height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    federation: FederationId,
    epoch: u64,
    height: u64,
    last: Hash,
    /// Openings of an earlier time are none of this register's.
    begun: Timestamp,
    order: Order,
    validators: ValidatorSet,
    phases: BTreeMap<PhaseId, Phase>,
    /// The open phase of each proposal.
    open: BTreeMap<Motioned, PhaseId>,
    decided: BTreeMap<Motioned, Vec<Decided>>,
    /// The charters that open phases name.
    charters: BTreeMap<Hash, Charter>,
    /// What is voted on in open phases, by its hash.
    motions: BTreeMap<Hash, Motion>,
    /// Every opening there ever was.
    opened: BTreeSet<EntryId>,
    /// The highest mandate of each member's root key that the register has seen: older ones open nothing.
    mandates: BTreeMap<MemberId, u64>,
    /// Phases whose effect an old root key objects to.
    objected: BTreeSet<PhaseId>,
    /// The last version of the rules that whoever holds this knows.
    rules_known: u64,
}

impl Chain {
    /// The register at height 1.
    ///
    /// # Errors
    /// When the beginning is not signed by enough founders or does not fit together.
    pub fn begin(genesis: &Genesis, beginning: &Beginning) -> Result<Self, BeginError> {
        let order = beginning.check(genesis)?;
        let validators = order.validators().ok_or(BeginError::NoValidators)?;
        let federation = genesis.federation();
        Ok(Self {
            federation,
            epoch: 0,
            height: 1,
            last: beginning.begin.hash(&federation),
            begun: beginning.begin.time,
            charters: BTreeMap::from([(order.charter().hash(), order.charter().clone())]),
            order,
            validators,
            phases: BTreeMap::new(),
            open: BTreeMap::new(),
            decided: BTreeMap::new(),
            motions: BTreeMap::new(),
            opened: BTreeSet::new(),
            mandates: BTreeMap::new(),
            objected: BTreeSet::new(),
            rules_known: RULES_VERSION,
        })
    }

    /// The federation.
    #[must_use]
    pub fn federation(&self) -> FederationId {
        self.federation
    }

    /// How often the register was recovered.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last height.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The hash of the last batch.
    #[must_use]
    pub fn last(&self) -> Hash {
        self.last
    }

    /// The order in force.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The validators of the next height.
    #[must_use]
    pub fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// The open phases, by id.
    #[must_use]
    pub fn phases(&self) -> &BTreeMap<PhaseId, Phase> {
        &self.phases
    }

    /// The open phase of a member's vote on a proposal.
    #[must_use]
    pub fn open_phase(&self, proposal: &ProposalId, proposer: &MemberId) -> Option<&Phase> {
        let id = self.open.get(&(*proposal, *proposer))?;
        self.phases.get(id)
    }

    /// How many votes of a member on other proposals are open: it may have [`OPEN_VOTES_MAX`] in all.
    #[must_use]
    pub fn open_votes_beside(&self, proposal: &ProposalId, proposer: &MemberId) -> usize {
        let open = self.open.keys();
        let beside = open.filter(|(of, member)| member == proposer && of != proposal);
        beside.count()
    }

    /// What is voted on in an open phase.
    #[must_use]
    pub fn motion(&self, phase: &Phase) -> Option<&Motion> {
        self.motions.get(&phase.text)
    }

    /// The votes on a proposal that are over, the last one last.
    #[must_use]
    pub fn decided(&self, proposal: &ProposalId, proposer: &MemberId) -> &[Decided] {
        let decided = self.decided.get(&(*proposal, *proposer));
        decided.map_or(&[], Vec::as_slice)
    }

    /// Whether the proposing member can open the fallback vote on a version: the conflict about its
    /// proposal is mediated, and the version was blocked and not decided otherwise.
    #[must_use]
    pub fn can_fall_back(&self, proposal: &ProposalId, proposer: &MemberId, text: &Hash) -> bool {
        let decided: Vec<&Decided> = self.decided(proposal, proposer).iter().collect();
        self.order.mediation(proposal).is_some() && begun::is_in_conflict(&decided, text)
    }

    /// Every vote that is over, by proposal and proposing member, each with its endings.
    #[must_use]
    pub fn decisions(&self) -> &BTreeMap<Motioned, Vec<Decided>> {
        &self.decided
    }

    /// Whether an old root key objects to what that open phase decides.
    #[must_use]
    pub fn objects(&self, phase: &PhaseId) -> bool {
        self.objected.contains(phase)
    }

    /// Whether an entry of this time may still be an item of a height: it was not opened before, and is
    /// not older than the register. Everything else is for the height to judge.
    #[must_use]
    pub fn can_have(&self, entry: &EntryId, time: Timestamp) -> bool {
        time >= self.begun && !self.opened.contains(entry)
    }

    /// Whether a height has this opening.
    #[must_use]
    pub fn has_opened(&self, opening: &EntryId) -> bool {
        self.opened.contains(opening)
    }

    /// When the register began: openings of an earlier time are none of its own.
    #[must_use]
    pub fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Whether an effect may be voted on by a rule, as the order is now.
    ///
    /// # Errors
    /// Says why it would do nothing.
    pub fn check_effect(
        &self,
        now: Timestamp,
        rule: RuleName,
        effect: &Effect,
    ) -> Result<(), Ineffective> {
        let place = Place {
            federation: self.federation,
            height: self.height + 1,
            time: now,
            record: EntryId([0; 32]),
        };
        self.order.check(&place, rule, effect)
    }

    /// An open phase with all that what is said in it is judged by.
    #[must_use]
    pub fn case(&self, phase: &PhaseId) -> Option<Case<'_>> {
        let phase = self.phases.get(phase)?;
        Some(Case {
            federation: &self.federation,
            phase,
            charter: self.charters.get(&phase.charter)?,
        })
    }

    /// The hash of all of it: two nodes with one register have one hash.
    #[must_use]
    pub fn state(&self) -> Hash {
        state_of(&self.order.hash(), &self.rest())
    }

    /// The hash of all but the order: with it whoever has the order can show that a height named it.
    #[must_use]
    pub fn rest(&self) -> Hash {
        let mut encoder = Encoder::new();
        encoder
            .array(7)
            .value(&self.validators)
            .list(self.phases.values());
        encoder.array(self.open.len());
        for ((proposal, member), phase) in &self.open {
            encoder.array(3).value(proposal).value(member).value(phase);
        }
        encoder.array(self.decided.len());
        for ((proposal, member), decided) in &self.decided {
            encoder.array(3).value(proposal).value(member);
            encoder.list(decided.iter());
        }
        encoder.list(self.opened.iter()).list(self.objected.iter());
        encoder.array(self.mandates.len());
        for (member, number) in &self.mandates {
            encoder.array(2).value(member).uint(*number);
        }
        Hash::of(&[REST_PREFIX, &encoder.into_bytes()])
    }

    /// The register after a batch, and what it did.
    ///
    /// # Errors
    /// Says what is wrong with the batch: a function of its bytes and of the register before it.
    pub fn after(&self, batch: &Batch) -> Result<(Self, Vec<Happened>), BatchError> {
        match self.rules_missing() {
            Some(rules) => Err(BatchError::Rules {
                known: self.rules_known,
                needed: rules.version,
            }),
            None => judge::judge(self, batch),
        }
    }

    /// The same in a release that knows the rules up to another version.
    #[must_use]
    pub fn knowing_rules(self, version: u64) -> Self {
        Self {
            rules_known: version,
            ..self
        }
    }

    /// Rules that have been decided and that this release does not know, whenever they begin.
    #[must_use]
    pub fn rules_unknown(&self) -> Option<Rules> {
        let rules = self.order.rules();
        (rules.version > self.rules_known).then_some(rules)
    }

    /// Rules that the next height follows and that this release does not know: it must neither follow
    /// that height nor sign anything, for it would judge by others than the rest.
    #[must_use]
    pub fn rules_missing(&self) -> Option<Rules> {
        let unknown = self.rules_unknown();
        unknown.filter(|rules| rules.at(self.height + 1) > self.rules_known)
    }

    /// The next batch, of what is wanted (in any order) as far as it is possible, and what it does. Validators who
    /// want the same make the same one.
    #[must_use]
    pub fn draft(&self, wanted: Items) -> (Batch, Vec<Happened>) {
        judge::draft(self, wanted)
    }
}

impl Encode for Decided {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .uint(self.height)
            .value(&self.phase)
            .value(&self.text)
            .uint(self.ending.code());
        match self.effective {
            Some(effective) => encoder.uint(u64::from(effective)),
            None => encoder.null(),
        };
    }
}

#[cfg(test)]
pub(crate) mod tests;
