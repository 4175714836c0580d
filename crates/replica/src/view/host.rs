//! Who serves whom: members without a node of their own, and the hosts they chose
//! (`specs/hosts.md`).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, MemberId, Timestamp},
    record,
};

use super::View;
use crate::stored::Stored;

/// A member's word on whose node serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The host.
    pub host: MemberId,
    /// The entry; of no meaning where a decision gave the host.
    pub entry: EntryId,
    /// When.
    pub time: Timestamp,
}

/// A host's last word on one choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Whether it serves the member.
    pub accepts: bool,
    /// The entry.
    pub entry: EntryId,
    /// When.
    pub time: Timestamp,
}

/// How a member's last choice of a host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostState {
    /// The host has said yes: it is in force.
    InForce,
    /// The host has not answered.
    Pending,
    /// The host has said no, or has ended it.
    Refused,
    /// There is no such member, as far as is known here.
    Unknown,
}

impl HostState {
    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// Who serves a member that has chosen a host, or was given one by a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// Whose node serves the member; `None` while no host it ever named says yes.
    pub host: Option<MemberId>,
    /// The last choice.
    pub choice: Choice,
    /// Its number.
    pub number: u64,
    /// How it stands.
    pub state: HostState,
    /// When a decision gave it the host, unless it has chosen anew since: then the choice is that host.
    pub decided: Option<Timestamp>,
    /// Hosts that say they serve the member at a number at which it named another or nobody, each
    /// with the entry that says so: the member's own word decides, and this is shown.
    pub claims: BTreeMap<MemberId, EntryId>,
}

impl View {
    /// Who serves a member; `None` if it never named a host and no decision did, so that its own node
    /// does.
    #[must_use]
    pub fn hosted(&self, member: &MemberId) -> Option<Hosted> {
        let decided = self.decided_hosts.get(member);
        let choices = self.choices.get(member);
        // A decision comes before all that was chosen until then.
        let is_later = |choice: &Choice| decided.is_none_or(|(_, time)| choice.time > *time);
        let last = choices.and_then(BTreeMap::last_key_value);
        let number = last.map_or(0, |(number, _)| *number);
        let last = last.filter(|(_, choice)| is_later(choice));
        let given = decided.map(|(host, time)| Choice {
            host: *host,
            entry: EntryId([0; 32]),
            time: *time,
        });
        let (choice, state) = match (last, given) {
            (Some((number, choice)), _) => (*choice, self.state_of(member, *number, choice)),
            (None, Some(given)) => (given, HostState::InForce),
            (None, None) => return None,
        };
        let mut later = choices.into_iter().flatten().rev();
        let binding = later.find(|(number, choice)| {
            is_later(choice) && self.state_of(member, **number, choice) == HostState::InForce
        });
        let binding = binding.map(|(_, choice)| choice.host);
        Some(Hosted {
            host: binding.or(given.map(|given| given.host)),
            choice,
            number,
            state,
            decided: given.filter(|_| binding.is_none()).map(|given| given.time),
            claims: self.claims_to(member),
        })
    }

    fn state_of(&self, member: &MemberId, number: u64, choice: &Choice) -> HostState {
        if choice.host == *member {
            return HostState::InForce;
        }
        if !self.members.contains_key(&choice.host) {
            return HostState::Unknown;
        }
        let answers = self.answers.get(member);
        match answers.and_then(|answers| answers.get(&(number, choice.host))) {
            Some(answer) if answer.accepts => HostState::InForce,
            Some(_) => HostState::Refused,
            None => HostState::Pending,
        }
    }

    /// The hosts that claim to serve a member that did not name them at that number.
    fn claims_to(&self, member: &MemberId) -> BTreeMap<MemberId, EntryId> {
        let choices = self.choices.get(member);
        let named = |number: &u64, host: &MemberId| {
            let choice = choices.and_then(|choices| choices.get(number));
            choice.is_some_and(|choice| choice.host == *host)
        };
        let answers = self.answers.get(member).into_iter().flatten();
        answers
            .filter(|((number, host), answer)| answer.accepts && !named(number, host))
            .map(|((_, host), answer)| (*host, answer.entry))
            .collect()
    }

    /// Whose node serves a member: its host in force, else its own.
    #[must_use]
    pub fn host_of(&self, member: &MemberId) -> MemberId {
        let hosted = self.hosted(member).and_then(|hosted| hosted.host);
        hosted.unwrap_or(*member)
    }

    /// The members with a host in force, by host; a member that serves itself is not among them.
    #[must_use]
    pub fn hosts(&self) -> BTreeMap<MemberId, BTreeSet<MemberId>> {
        let mut hosts: BTreeMap<MemberId, BTreeSet<MemberId>> = BTreeMap::new();
        let is_named =
            |id: &&MemberId| self.choices.contains_key(*id) || self.decided_hosts.contains_key(*id);
        for member in self.members.keys().filter(is_named) {
            let host = self.host_of(member);
            if host != *member {
                hosts.entry(host).or_default().insert(*member);
            }
        }
        hosts
    }

    /// How many members' votes pass through the node of each member: its own and those it hosts. A
    /// member that is hosted by another holds none.
    #[must_use]
    pub fn votes_held(&self) -> BTreeMap<MemberId, u64> {
        let mut held = BTreeMap::new();
        for member in self.members.keys() {
            *held.entry(self.host_of(member)).or_default() += 1;
        }
        held
    }

    /// The hosts that say they serve who asks to join with this id, with the entry.
    #[must_use]
    pub fn offers_to(&self, newcomer: &MemberId) -> BTreeMap<MemberId, EntryId> {
        self.claims_to(newcomer)
    }

    pub(super) fn add_choice(&mut self, stored: &Stored, record: &record::Host) {
        let choice = Choice {
            host: record.host,
            entry: stored.id,
            time: stored.time,
        };
        let choices = self.choices.entry(stored.member).or_default();
        let known = choices.entry(record.number).or_insert(choice);
        if (known.time, known.entry) < (choice.time, choice.entry) {
            *known = choice;
        }
    }

    pub(super) fn add_answer(&mut self, stored: &Stored, record: &record::Hosting) {
        let answer = Answer {
            accepts: record.accepts,
            entry: stored.id,
            time: stored.time,
        };
        let answers = self.answers.entry(record.member).or_default();
        let known = answers
            .entry((record.number, stored.member))
            .or_insert(answer);
        if (known.time, known.entry) < (answer.time, answer.entry) {
            *known = answer;
        }
    }
}
