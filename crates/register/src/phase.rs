//! A phase: what is asked, of whom, by which rules and until when, pinned in the register.

mod encoding;
mod next;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Encoder,
    charter::{Charter, ClassIdError, RuleName},
    decision::{Electorate, Stage, Voter, extensions, integration, period},
    id::{EntryId, FederationId, Hash, PhaseId, ProposalId, Timestamp},
    record::{Elector, Opening, VOTERS_MAX},
};
use thiserror::Error;

use crate::{
    says::Standing,
    validators::{ValidatorIndex, ValidatorSet},
};
pub use next::Beginning;

const PREFIX: &[u8] = b"folkmoot/phase/1\0";

/// The rule of a fallback vote after a mediation, whatever the charter offers.
pub const FALLBACK_RULE: RuleName = RuleName::OneMemberOneVote;

/// A voter, by its place among the phase's voters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoterIndex(pub u16);

/// How a phase came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// An opening asked for it.
    Opened = 0,
    /// The vote before was extended.
    Extended = 1,
    /// Its opening was final too late, so it is held again.
    Repeated = 2,
    /// Consent was blocked: the proposing member may answer.
    Blocked = 3,
    /// The proposing member called the fallback vote.
    CalledVote = 4,
    /// The proposing member amended.
    Amended = 5,
    /// Too many of its validators are gone for good: those who remain hold it again.
    Recovered = 6,
}

impl Cause {
    pub(crate) const ALL: [Self; 7] = [
        Self::Opened,
        Self::Extended,
        Self::Repeated,
        Self::Blocked,
        Self::CalledVote,
        Self::Amended,
        Self::Recovered,
    ];
}

/// What a phase asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// A vote by the proposal's rule.
    Vote = 0,
    /// The fallback vote after a block.
    FallbackVote = 1,
    /// What the proposing member does about the block: the time of integration.
    Answer = 2,
}

impl Question {
    pub(crate) const ALL: [Self; 3] = [Self::Vote, Self::FallbackVote, Self::Answer];
}

/// Why something is no phase.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhaseError {
    /// The charter is not the one the opening names.
    #[error("the opening is under charter {named}, and this is {found}")]
    Charter {
        /// The charter named.
        named: Hash,
        /// The charter given.
        found: Hash,
    },
    /// The rule is not one the charter offers.
    #[error("the charter offers no rule {0:?}")]
    Rule(String),
    /// The time between opening and deadline is no period of the charter.
    #[error(
        "voting lasts {found_ms} ms, and the charter's periods are {regular_ms} and {urgent_ms} ms"
    )]
    Period {
        /// From the opening to the deadline.
        found_ms: u64,
        /// The regular period.
        regular_ms: u64,
        /// The urgent period.
        urgent_ms: u64,
    },
    /// The opening's extensions are not the charter's.
    #[error("the opening's extensions are {found:?} ms, the charter's {needed:?} ms")]
    Extensions {
        /// For a late block, and for too few ballots.
        found: (u64, u64),
        /// What the charter says.
        needed: (u64, u64),
    },
    /// No voters, or more than a phase may have.
    #[error("{0} voters; a phase has 1 to {VOTERS_MAX}")]
    Voters(usize),
    /// Two electors have one root key: a mandate of it would be of both.
    #[error("two electors have the root key of elector {0}")]
    SharedRoot(usize),
    /// Electors are not ascending by member.
    #[error("electors are not in strictly ascending order")]
    Unsorted,
    /// An elector's class is no class id.
    #[error("elector {at} has no usable class")]
    Class {
        /// The elector's place.
        at: usize,
        /// What is wrong with it.
        #[source]
        source: ClassIdError,
    },
    /// A deadline that is not after the beginning.
    #[error("a phase from {opened:?} to {deadline:?} has no length")]
    Length {
        /// The beginning.
        opened: Timestamp,
        /// The deadline.
        deadline: Timestamp,
    },
    /// What is pinned is of nobody who may vote.
    #[error("voter {0:?} is pinned and may not vote")]
    Pinned(VoterIndex),
    /// What comes after a phase follows from how it was closed, and this does not.
    #[error("the outcome opens no phase")]
    NothingFollows,
}

/// What is asked, of whom, by which rules and until when. Everything said in a phase names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its id: the opening's entry, or for one that a closing opens a hash of where it comes from.
    pub id: PhaseId,
    /// How it came about.
    pub cause: Cause,
    /// What it asks.
    pub question: Question,
    /// The phase that ballots name: this one, or the one that this continues. So a ballot cast
    /// while a closing was on its way counts in the extension that comes of it.
    pub vote: PhaseId,
    /// The proposal.
    pub proposal: ProposalId,
    /// The entry of the version.
    pub version: EntryId,
    /// The hash of the version's title and text.
    pub text: Hash,
    /// The proposal's rule.
    pub rule: RuleName,
    /// The hash of the charter that holds for it.
    pub charter: Hash,
    /// The proposing member.
    pub proposer: Elector,
    /// Who votes on the proposal, ascending by member.
    pub electorate: Vec<Elector>,
    /// Who witnesses and closes it, until it is closed.
    pub validators: ValidatorSet,
    /// When it began.
    pub opened: Timestamp,
    /// The last moment at which a receipt counts.
    pub deadline: Timestamp,
    /// The charter's period of the vote, whatever it was extended by, in milliseconds.
    pub period_ms: u64,
    /// By how much a late block extends it, in milliseconds.
    pub late_block_ms: u64,
    /// By how much too few ballots extend it, in milliseconds.
    pub extension_ms: u64,
    /// How long a block may be answered, in milliseconds.
    pub integration_ms: u64,
    /// Whether a late block extended it before.
    pub answered_late_block: bool,
    /// Whether too few ballots extended it before.
    pub extended: bool,
    /// What the phases before counted.
    pub pinned: BTreeMap<VoterIndex, Standing>,
}

impl Phase {
    /// The phase that an opening begins, with the entry's id and time, the proposing member, and
    /// the validators in force after the height that has it, and the charter with how many times as
    /// long a vote takes (more than once in a time of force majeure). That the electors are the members who
    /// may vote, and that the text is the version's, is for who keeps those to judge; so is whether a vote
    /// by one member, one vote, which a charter may not offer, is a fallback vote after a mediation.
    ///
    /// # Errors
    /// When the opening does not follow from the charter or has an impossible electorate.
    pub fn of_opening(
        (id, opened): (EntryId, Timestamp),
        opening: &Opening,
        proposer: Elector,
        validators: ValidatorSet,
        (charter, times): (&Charter, u64),
    ) -> Result<Self, PhaseError> {
        let (named, found) = (opening.charter, charter.hash());
        if named != found {
            return Err(PhaseError::Charter { named, found });
        }
        let unknown = || PhaseError::Rule(opening.rule.clone());
        let rule: RuleName = opening.rule.parse().map_err(|_| unknown())?;
        if rule != FALLBACK_RULE {
            charter.check_rule(rule).map_err(|_| unknown())?;
        }
        let found_ms = opening.deadline.since_ms(opened);
        let regular_ms = period(rule, false, charter).saturating_mul(1_000 * times);
        let urgent_ms = period(rule, true, charter).saturating_mul(1_000 * times);
        let urgent = match found_ms {
            found if found == regular_ms => false,
            found if found == urgent_ms => true,
            _ => {
                return Err(PhaseError::Period {
                    found_ms,
                    regular_ms,
                    urgent_ms,
                });
            }
        };
        let found = (opening.late_block_ms, opening.extension_ms);
        let needed = extensions(found_ms, charter);
        if found != needed {
            return Err(PhaseError::Extensions { found, needed });
        }
        let phase = Self {
            id,
            cause: Cause::Opened,
            question: Question::Vote,
            vote: id,
            proposal: opening.proposal,
            version: opening.version,
            text: opening.text,
            rule,
            charter: opening.charter,
            proposer,
            electorate: opening.electorate.clone(),
            validators,
            opened,
            deadline: opening.deadline,
            period_ms: found_ms,
            late_block_ms: opening.late_block_ms,
            extension_ms: opening.extension_ms,
            integration_ms: integration(urgent, charter).saturating_mul(1_000 * times),
            answered_late_block: false,
            extended: false,
            pinned: BTreeMap::new(),
        };
        phase.check().map(|()| phase)
    }

    /// The id of a phase that another one leads to at a height.
    #[must_use]
    pub fn id_after(
        federation: &FederationId,
        before: &PhaseId,
        height: u64,
        cause: Cause,
    ) -> PhaseId {
        let mut encoder = Encoder::new();
        encoder
            .array(3)
            .value(before)
            .uint(height)
            .uint(cause as u64);
        EntryId(Hash::of(&[PREFIX, &federation.0, &encoder.into_bytes()]).0)
    }

    /// The id of a phase that a recovery holds again: no phase of the epoch before has it.
    #[must_use]
    pub fn id_recovered(federation: &FederationId, before: &PhaseId, recovery: &Hash) -> PhaseId {
        let mut encoder = Encoder::new();
        encoder
            .array(3)
            .value(before)
            .value(recovery)
            .uint(Cause::Recovered as u64);
        EntryId(Hash::of(&[PREFIX, &federation.0, &encoder.into_bytes()]).0)
    }

    pub(crate) fn check(&self) -> Result<(), PhaseError> {
        let (opened, deadline) = (self.opened, self.deadline);
        if deadline <= opened {
            return Err(PhaseError::Length { opened, deadline });
        }
        let electors = &self.electorate;
        if !(1..=VOTERS_MAX).contains(&electors.len()) {
            return Err(PhaseError::Voters(electors.len()));
        }
        if !electors
            .windows(2)
            .all(|pair| pair[0].member < pair[1].member)
        {
            return Err(PhaseError::Unsorted);
        }
        let mut roots = BTreeSet::new();
        for (at, elector) in electors.iter().enumerate() {
            if !roots.insert(elector.root) {
                return Err(PhaseError::SharedRoot(at));
            }
            let class = elector.class.parse::<domain::charter::ClassId>();
            class.map_err(|source| PhaseError::Class { at, source })?;
        }
        let voters = self.voters().len();
        let stranger = |voter: &&VoterIndex| usize::from(voter.0) >= voters;
        match self.pinned.keys().find(stranger) {
            Some(voter) => Err(PhaseError::Pinned(*voter)),
            None => Ok(()),
        }
    }

    /// Who may say something in this phase.
    #[must_use]
    pub fn voters(&self) -> &[Elector] {
        match self.question {
            Question::Answer => std::slice::from_ref(&self.proposer),
            Question::Vote | Question::FallbackVote => &self.electorate,
        }
    }

    /// A voter.
    #[must_use]
    pub fn voter(&self, index: VoterIndex) -> Option<&Elector> {
        self.voters().get(usize::from(index.0))
    }

    /// The key of a validator.
    #[must_use]
    pub fn key_of(&self, validator: ValidatorIndex) -> Option<&domain::key::PublicKey> {
        self.validators
            .get(validator)
            .map(|validator| &validator.key)
    }

    /// How long it is open, in milliseconds.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        self.deadline.since_ms(self.opened)
    }

    /// The last moment at which a block is not late, or `None` where none would extend.
    #[must_use]
    pub fn early(&self, charter: &Charter) -> Option<Timestamp> {
        if self.question == Question::Answer || self.answered_late_block {
            return None;
        }
        let fraction = charter.terms().periods.late_block_fraction;
        let last_ms = fraction.ceiling_of(self.period_ms);
        Some(before(self.deadline, last_ms))
    }

    /// The last moment at which the opening must have been final at enough validators: a tenth of
    /// the phase has passed. Otherwise it is held again.
    #[must_use]
    pub fn in_time(&self) -> Timestamp {
        let most = u128::from(self.length_ms()) * 9;
        // Nine tenths of a u64 is a u64.
        before(self.deadline, most.div_ceil(10) as u64)
    }

    /// At which point of its course it is judged.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage {
            extended: self.extended,
            fallback: self.question == Question::FallbackVote,
        }
    }

    /// Who votes on the proposal, as the rules of deciding take it.
    ///
    /// # Errors
    /// When a class is no class id; a phase that was checked has none such.
    pub fn judged_electorate(&self) -> Result<Electorate, PhaseError> {
        let voter = |(at, elector): (usize, &Elector)| {
            let class = elector.class.parse();
            let class = class.map_err(|source| PhaseError::Class { at, source })?;
            let member = elector.member;
            Ok(Voter { member, class })
        };
        let voters: Result<Vec<Voter>, PhaseError> =
            self.electorate.iter().enumerate().map(voter).collect();
        Electorate::new(voters?).map_err(|_| PhaseError::Unsorted)
    }
}

fn before(time: Timestamp, milliseconds: u64) -> Timestamp {
    Timestamp(time.0.saturating_sub(milliseconds))
}

/// A phase with all that its ballots are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The federation, which every signature names.
    pub federation: &'a FederationId,
    /// The phase.
    pub phase: &'a Phase,
    /// The charter that the phase names.
    pub charter: &'a Charter,
}

#[cfg(test)]
mod tests;
