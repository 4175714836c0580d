//! What a decision file proves.

use std::collections::BTreeMap;

use domain::{
    charter::RuleName,
    decision,
    effect::Motion,
    genesis::Founder,
    id::{FederationId, Hash, MemberId, PhaseId, ProposalId, Timestamp},
    record::Elector,
};

use crate::{
    chain::Ending,
    outcome::Outcome,
    phase::{Phase, Question},
    says::{Act, Standing},
    sizes::Sizes,
};

/// What happened to a vote at a height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It was opened.
    Opened,
    /// Its phase was closed.
    Closed(Outcome),
    /// The proposing member answered a block, before its time was over.
    Answered(Act),
    /// The proposing member took the proposal back.
    Withdrawn,
    /// Its validators were too few, and others took over.
    Stalled,
    /// The proposing member opened a vote on another version.
    Amended,
    /// Too many of its validators were gone for good, and those who remained held it again.
    Recovered,
}

/// What counted of one voter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The member.
    pub member: MemberId,
    /// Its class.
    pub class: String,
    /// What counted, if it voted.
    pub standing: Option<Standing>,
}

/// A height at which something happened to the vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The height.
    pub height: u64,
    /// The phase that was open or began.
    pub phase: PhaseId,
    /// What it asked.
    pub question: Question,
    /// The hash of the version it asked about.
    pub version: Hash,
    /// When it began.
    pub opened: Timestamp,
    /// Its deadline.
    pub deadline: Timestamp,
    /// How many validators witnessed and closed it.
    pub validators: Sizes,
    /// What happened.
    pub turn: Turn,
    /// What counted, voter by voter, if it was closed.
    pub votes: Vec<Vote>,
    /// What that came to by the rule, if it was closed and ballots are judged there.
    pub judged: Option<decision::Outcome>,
}

impl Step {
    pub(super) fn new(height: u64, phase: &Phase, turn: Turn) -> Self {
        Self {
            height,
            phase: phase.id,
            question: phase.question,
            version: phase.text,
            opened: phase.opened,
            deadline: phase.deadline,
            validators: phase.validators.sizes(),
            turn,
            votes: Vec::new(),
            judged: None,
        }
    }
}

/// What a decision file proves, of a register of which at most f of the n validators of each set lied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The federation: the hash of its genesis.
    pub federation: FederationId,
    /// The name in the genesis.
    pub name: String,
    /// Whether the reader named the federation.
    pub is_pinned: bool,
    /// The founders, as the genesis names them.
    pub founders: Vec<Founder>,
    /// The hash of the beginning.
    pub began: Hash,
    /// The hash of each header, from height 2 to the one that decides.
    pub hashes: Vec<Hash>,
    /// How often the validators changed before that.
    pub changes: usize,
    /// How often the register was recovered before that.
    pub recoveries: usize,
    /// The validators of the height that decides: a quorum of them signed it.
    pub signatures: Sizes,
    /// The phase with which the vote began.
    pub opening: PhaseId,
    /// The proposal.
    pub proposal: ProposalId,
    /// The proposing member.
    pub proposer: Elector,
    /// The proposal's rule.
    pub rule: RuleName,
    /// The hash of the charter it was decided under.
    pub charter: Hash,
    /// The hash of the version voted on last.
    pub version: Hash,
    /// How many times as long as the charter says the vote took.
    pub times: u64,
    /// The names with which members began.
    pub names: BTreeMap<MemberId, String>,
    /// What happened, from the opening on.
    pub steps: Vec<Step>,
    /// How it ended.
    pub ending: Ending,
    /// Title, text hash and effect of the version voted on last.
    pub motion: Motion,
    /// Whether the file shows the text.
    pub shows_text: bool,
}

impl Proof {
    /// The height that decided.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.hashes.len() as u64 + 1
    }

    /// The hash of that height.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hashes.last().copied().unwrap_or(self.began)
    }

    /// The last closing of a vote: what counted in it, and what that came to.
    #[must_use]
    pub fn counted(&self) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.judged.is_some())
    }

    /// The name of a member, if it has been one from the beginning.
    #[must_use]
    pub fn name_of(&self, member: &MemberId) -> Option<&str> {
        self.names.get(member).map(String::as_str)
    }
}
