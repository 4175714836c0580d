//! What the register says of members, hosts and offices: it comes before what logs say.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{CircleId, EntryId, MemberId, Timestamp},
    key::PublicKey,
};

use super::{Role, View, circle::Someone};

/// An office of a circle that a decision filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// The circle.
    pub circle: CircleId,
    /// What it is called.
    pub title: String,
    /// Who holds it.
    pub holder: Someone,
    /// When the vote on it ended.
    pub since: Timestamp,
    /// When its term ends.
    pub until: Option<Timestamp>,
    /// When another decision, or the member's departure, ended it before that.
    pub ended: Option<Timestamp>,
}

/// What the register says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Decreed {
    /// The root key and the class of each member.
    pub members: BTreeMap<MemberId, (PublicKey, String)>,
    /// Who is a member no more.
    pub former: BTreeSet<MemberId>,
    /// The host that a decision gave a member last, and when the vote on it ended.
    pub hosts: BTreeMap<MemberId, (MemberId, Timestamp)>,
    /// Every office of a circle that a decision ever filled, in the order of the register.
    pub offices: Vec<Office>,
}

/// An office, as a role that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    role: Role,
    ended: Option<Timestamp>,
}

impl Held {
    fn is_at(&self, time: Timestamp) -> bool {
        self.role.since <= time
            && self.ended.is_none_or(|ended| time < ended)
            && self.role.until.is_none_or(|until| time < until)
    }
}

impl View {
    /// Puts what the register says before what logs say.
    pub fn follow(&mut self, decreed: &Decreed) {
        for (id, (root, class)) in &decreed.members {
            if let Some(member) = self.members.get_mut(id) {
                member.root = *root;
                member.class.clone_from(class);
            }
        }
        for id in &decreed.former {
            if let Some(member) = self.members.remove(id) {
                self.former.insert(*id, member);
            }
        }
        self.decided_hosts.clone_from(&decreed.hosts);
        self.offices.clear();
        for office in &decreed.offices {
            let (member, person) = office.holder;
            let role = Role {
                person,
                member,
                title: office.title.clone(),
                until: office.until,
                since: office.since,
                by_decision: true,
                latest: EntryId([0; 32]),
            };
            let ended = office.ended;
            let held = self.offices.entry(office.circle).or_default();
            held.push(Held { role, ended });
        }
    }

    /// The offices of a circle by decision that nobody has ended, their terms over or not.
    pub(super) fn offices_of(&self, circle: &CircleId) -> impl Iterator<Item = &Role> {
        let offices = self.offices.get(circle).into_iter().flatten();
        let last = offices.filter(|held| held.ended.is_none());
        last.map(|held| &held.role)
    }

    /// Whether a decision had given somebody an office of a circle at a time.
    pub(super) fn held_office(&self, circle: &CircleId, who: &Someone, at: Timestamp) -> bool {
        let mut offices = self.offices.get(circle).into_iter().flatten();
        offices.any(|held| (held.role.member, held.role.person) == *who && held.is_at(at))
    }

    /// Whether an office that is held by decision now takes the place of what a member says itself:
    /// of one title there is one holder then.
    pub(super) fn is_decided(&self, circle: &CircleId, title: &str, now: Timestamp) -> bool {
        let mut offices = self.offices.get(circle).into_iter().flatten();
        offices.any(|held| held.is_at(now) && held.role.title.eq_ignore_ascii_case(title))
    }
}
