//! The order of the federation in force: its charter, members, offices and what else decisions have
//! made of it. A function of the register: effects are applied once each, in its order.

mod apply;
mod encoding;
mod error;
mod reading;

use std::collections::BTreeMap;

use domain::{
    charter::{Charter, ClassId, ClassKind, RuleName},
    effect::{COMMITTEE, Someone},
    id::{CircleId, EntryId, Hash, MemberId, ProposalId, Timestamp},
    key::PublicKey,
    record::Elector,
};

pub(crate) use self::reading::Roots;
pub use self::{apply::Place, error::Ineffective};
use crate::{
    sizes::VALIDATORS_MAX,
    validators::{Validator, ValidatorSet},
};

/// A member, as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name it was admitted under.
    pub name: String,
    /// Its class.
    pub class: ClassId,
    /// The key that gives all others their rights.
    pub root: PublicKey,
    /// What made it a member: its `found` or `join` entry, or the phase that decided its admission.
    pub record: EntryId,
    /// The member whose node serves it; itself if it has one.
    pub host: MemberId,
    /// The key that its node witnesses and closes votes with, if it has named one.
    pub validator: Option<PublicKey>,
    /// The height from which it is a member.
    pub since: u64,
    /// The number of the last declaration with its root key.
    pub declared: u64,
}

/// What of a member says whether it is an organisation with a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Organisation<'a> {
    pub member: MemberId,
    pub class: Option<&'a ClassId>,
    pub root: PublicKey,
    pub host: MemberId,
}

/// Why a member is one no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It left.
    Left = 0,
    /// It was expelled.
    Expelled = 1,
}

/// A member that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The name it had.
    pub name: String,
    /// Why.
    pub departure: Departure,
    /// The height from which it is none.
    pub since: u64,
}

/// Who holds an office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub who: Someone,
    /// When the term ends.
    pub until: Option<Timestamp>,
}

/// People who may act for the federation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commission {
    /// What it may do.
    pub powers: String,
    /// Its people.
    pub people: Vec<Someone>,
    /// When its term ends.
    pub until: Timestamp,
}

/// People who mediate in a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mediation {
    /// The mediators.
    pub people: Vec<Someone>,
    /// When their report is due.
    pub until: Timestamp,
}

/// The last version of the rules that this release knows. A register is at version 1 when it begins.
pub const RULES_VERSION: u64 = 1;

/// A version of the rules of this program and when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The version.
    pub version: u64,
    /// The first height that follows it; those before follow the version before.
    pub from_height: u64,
}

impl Rules {
    /// The version that a height follows.
    #[must_use]
    pub fn at(&self, height: u64) -> u64 {
        match height < self.from_height {
            true => self.version.saturating_sub(1),
            false => self.version,
        }
    }
}

/// A time in which votes take longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForceMajeure {
    /// How many times as long.
    pub times: u64,
    /// Until when.
    pub until: Timestamp,
}

/// The order in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    charter: Charter,
    members: BTreeMap<MemberId, Member>,
    former: BTreeMap<MemberId, Former>,
    offices: BTreeMap<(Option<CircleId>, String), Holder>,
    commissions: BTreeMap<String, Commission>,
    mediations: BTreeMap<ProposalId, Mediation>,
    policies: BTreeMap<(MemberId, String), String>,
    settlements: BTreeMap<String, Hash>,
    rules: Rules,
    force_majeure: Option<ForceMajeure>,
    /// The latest deadline of the votes that were closed: real time is later for sure. It follows from
    /// the heights and is no part of what is hashed.
    time: Timestamp,
}

impl Order {
    /// The order with which a register begins.
    #[must_use]
    pub fn new(charter: Charter, members: BTreeMap<MemberId, Member>) -> Self {
        Self {
            charter,
            members,
            former: BTreeMap::new(),
            offices: BTreeMap::new(),
            commissions: BTreeMap::new(),
            mediations: BTreeMap::new(),
            policies: BTreeMap::new(),
            settlements: BTreeMap::new(),
            rules: Rules {
                version: 1,
                from_height: 1,
            },
            force_majeure: None,
            time: Timestamp(0),
        }
    }

    /// A vote with this deadline was closed.
    pub(crate) fn comes_to(&mut self, deadline: Timestamp) {
        self.time = self.time.max(deadline);
    }

    /// The charter.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The members, by id.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// Those who were members, by id.
    #[must_use]
    pub fn former(&self) -> &BTreeMap<MemberId, Former> {
        &self.former
    }

    /// Who holds an office of a circle, or of the federation.
    #[must_use]
    pub fn holder(&self, circle: Option<CircleId>, title: &str) -> Option<&Holder> {
        self.offices.get(&(circle, title.to_owned()))
    }

    /// The offices that somebody holds: of which circle, or of the federation, by title.
    #[must_use]
    pub fn offices(&self) -> &BTreeMap<(Option<CircleId>, String), Holder> {
        &self.offices
    }

    /// The mediations, by the proposal in conflict.
    #[must_use]
    pub fn mediations(&self) -> &BTreeMap<ProposalId, Mediation> {
        &self.mediations
    }

    /// What servers are offered for, by owner and server.
    #[must_use]
    pub fn policies(&self) -> &BTreeMap<(MemberId, String), String> {
        &self.policies
    }

    /// The time in which votes take longer, the last that was decided.
    #[must_use]
    pub fn force_majeure(&self) -> Option<ForceMajeure> {
        self.force_majeure
    }

    /// The commissions, by name.
    #[must_use]
    pub fn commissions(&self) -> &BTreeMap<String, Commission> {
        &self.commissions
    }

    /// The mediation in the conflict about a proposal.
    #[must_use]
    pub fn mediation(&self, proposal: &ProposalId) -> Option<&Mediation> {
        self.mediations.get(proposal)
    }

    /// The policy of a member's server.
    #[must_use]
    pub fn policy(&self, member: &MemberId, server: &str) -> Option<&str> {
        let policy = self.policies.get(&(*member, server.to_owned()));
        policy.map(String::as_str)
    }

    /// The settlements that bind, by period.
    #[must_use]
    pub fn settlements(&self) -> &BTreeMap<String, Hash> {
        &self.settlements
    }

    /// The rules' version decided last, and the height from which it is followed.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// How many times as long a vote takes that begins at this time.
    #[must_use]
    pub fn times_as_long(&self, begins: Timestamp) -> u64 {
        let longer = self.force_majeure.filter(|longer| begins < longer.until);
        longer.map_or(1, |longer| longer.times)
    }

    /// Who may vote by a rule now, ascending by member.
    #[must_use]
    pub fn electorate(&self, rule: RuleName) -> Vec<Elector> {
        let eligible = &self.charter.rule(rule).eligible;
        let members = self.members.iter().filter(|(_, member)| {
            let class = self.charter.class(&member.class);
            class.is_some_and(|class| eligible.includes(class))
        });
        members
            .map(|(id, member)| Elector {
                member: *id,
                class: member.class.as_str().to_owned(),
                root: member.root,
                record: member.record,
            })
            .collect()
    }

    /// The nodes of these members no longer witness and close votes: they are gone for good.
    pub(crate) fn drop_validators(&mut self, gone: &[MemberId]) {
        for member in gone {
            if let Some(known) = self.members.get_mut(member) {
                known.validator = None;
            }
        }
    }

    /// Who witnesses and closes votes: every organisation with a node that has named a validator
    /// key, or those of them with somebody in the commission [`COMMITTEE`] if there is one whose term has
    /// not ended. `None` while there is none, or more than a set may have. A committee whose term has
    /// ended stays where there would be none without it: votes have to be closed to choose another one.
    #[must_use]
    pub fn validators(&self) -> Option<ValidatorSet> {
        let Some(committee) = self.commissions.get(COMMITTEE) else {
            return self.validators_among(|_| true);
        };
        let sits = |id: &MemberId| committee.people.iter().any(|one| one.member == *id);
        let all = match self.time < committee.until {
            true => None,
            false => self.validators_among(|_| true),
        };
        all.or_else(|| self.validators_among(sits))
    }

    fn validators_among(&self, sits: impl Fn(&MemberId) -> bool) -> Option<ValidatorSet> {
        let members = self.members.iter().filter(|(id, member)| {
            let class = self.charter.class(&member.class);
            let is_organisation = class.is_some_and(|class| class.kind == ClassKind::Organisation);
            is_organisation && member.host == **id && sits(id)
        });
        let validators: Vec<Validator> = members
            .filter_map(|(id, member)| {
                let key = member.validator?;
                Some(Validator { member: *id, key })
            })
            .take(VALIDATORS_MAX + 1)
            .collect();
        ValidatorSet::new(validators).ok()
    }
}

#[cfg(test)]
mod tests;
