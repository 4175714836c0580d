//! Circles at work: who is in them, what is to be done, when they gather. Whether a record counts
//! depends on whether its author was of the circle then, so all of them are kept and judged when
//! they are read: whichever came first to this node.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{CircleId, EntryId, MemberId, PersonId, ProposalId, Timestamp},
    record::{self, ActionState, COORDINATOR},
};

use super::{Circle, Role, View};
use kept::ReviewSaid;

mod kept;

pub(super) use kept::Circles;

/// A person of a member.
pub type Someone = (MemberId, PersonId);

/// One of a circle's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant<'a> {
    /// The member the person acts for.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
    /// The roles it has there now, the coordinator's first.
    pub roles: Vec<&'a Role>,
    /// Whether it joined by itself.
    pub joined: bool,
}

impl Participant<'_> {
    /// Whether the person coordinates the circle.
    #[must_use]
    pub fn coordinates(&self) -> bool {
        self.roles.iter().any(|role| role.is_coordinator())
    }
}

impl Role {
    /// Whether this is the role of who coordinates a circle.
    #[must_use]
    pub fn is_coordinator(&self) -> bool {
        self.title.eq_ignore_ascii_case(COORDINATOR)
    }
}

/// An action point as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its id: that of the entry that began it.
    pub id: EntryId,
    /// What its last record says.
    pub record: record::Action,
    /// The entry whose note has the words.
    pub words: EntryId,
    /// Who began it.
    pub begun_by: Someone,
    /// When.
    pub begun: Timestamp,
    /// Who last changed it.
    pub changed_by: Someone,
    /// When.
    pub changed: Timestamp,
}

impl Action {
    /// Whether it is still to be done.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.record.state == ActionState::Open
    }

    /// Whether it is still to be done though its day has passed.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.is_open() && self.record.due.is_some_and(|due| due < now)
    }
}

/// A gathering as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// Its id: that of the entry that began it.
    pub id: EntryId,
    /// What its last record says.
    pub record: record::Gathering,
    /// Who began it.
    pub begun_by: Someone,
    /// When it was last changed.
    pub changed: Timestamp,
    /// How often it was changed.
    pub changes: u64,
}

/// When a decision is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// The day.
    pub date: Timestamp,
    /// When it was set.
    pub set: Timestamp,
    /// For which member.
    pub member: MemberId,
}

/// How the term of a circle's coordinator ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermEnd<'a> {
    /// The role.
    pub role: &'a Role,
    /// When it ends or has ended.
    pub until: Timestamp,
}

impl View {
    /// Whether somebody acts for its member now: has a key that is not revoked, or is listed in the
    /// mandate in force. Who does not is in no circle, whatever was said before.
    fn acts_for_member(&self, (member, person): &Someone) -> bool {
        let keys = self.persons.get(&(*member, *person)).map(|p| &p.keys);
        let mut keys = keys.into_iter().flatten();
        let has_key = keys.any(|key| {
            let granted = self.granted_by(member, key);
            granted.is_some_and(|key| !key.revoked)
        });
        has_key || self.is_delegate(member, person)
    }

    /// Whether a person is one of a circle's people: it joined, or has a role there, and acts for
    /// its member still.
    #[must_use]
    pub fn is_in_circle(&self, circle: &CircleId, who: &Someone, now: Timestamp) -> bool {
        // A word that is a little ahead of this node's clock counts now too.
        let said = self.work.is_in(circle, who, Timestamp::MAX, now);
        (said || self.held_office(circle, who, now)) && self.acts_for_member(who)
    }

    /// Whether somebody was one of a circle's people at a time, by what was said up to then.
    fn was_in_circle(&self, circle: &CircleId, who: &Someone, at: Timestamp) -> bool {
        self.work.was_in(circle, who, at) || self.held_office(circle, who, at)
    }

    /// The people of a circle: who joined and who has a role, of those that act for their members
    /// still; the coordinator first.
    #[must_use]
    pub fn participants(&self, circle: &CircleId, now: Timestamp) -> Vec<Participant<'_>> {
        let mut people: BTreeMap<Someone, Participant<'_>> = BTreeMap::new();
        let new = |(member, person): Someone| Participant {
            member,
            person,
            roles: Vec::new(),
            joined: false,
        };
        for role in self.circle_people(circle, now) {
            let who = (role.member, role.person);
            let known = people.entry(who).or_insert_with(|| new(who));
            known.roles.push(role);
        }
        let memberships = self.work.memberships.get(circle).into_iter().flatten();
        for (who, said) in memberships {
            if said.values().next_back() == Some(&true) {
                people.entry(*who).or_insert_with(|| new(*who)).joined = true;
            }
        }
        let mut people: Vec<Participant<'_>> = people.into_values().collect();
        people.retain(|each| self.acts_for_member(&(each.member, each.person)));
        for each in &mut people {
            each.roles.sort_by_key(|role| !role.is_coordinator());
        }
        people.sort_by_key(|each| (!each.coordinates(), each.roles.is_empty()));
        people
    }

    /// The circles a person is in now.
    #[must_use]
    pub fn circles_of(&self, member: &MemberId, person: &PersonId, now: Timestamp) -> Vec<&Circle> {
        let who = (*member, *person);
        let circles = self.circles.values();
        circles
            .filter(|circle| self.is_in_circle(&circle.id, &who, now))
            .collect()
    }

    /// How the term of a circle's coordinator ends, if it ends by `soon` or has ended and nobody
    /// else coordinates for longer.
    #[must_use]
    pub fn coordinator_term(&self, circle: &CircleId, soon: Timestamp) -> Option<TermEnd<'_>> {
        let said = self
            .roles
            .get(circle)
            .into_iter()
            .flat_map(BTreeMap::values);
        let roles = said.chain(self.offices_of(circle));
        let coordinates = |role: &&Role| {
            role.is_coordinator() && self.acts_for_member(&(role.member, role.person))
        };
        let ends = |role: &&Role| role.until.unwrap_or(Timestamp::MAX);
        let last = roles.filter(coordinates).max_by_key(ends)?;
        let until = last.until.filter(|until| *until <= soon)?;
        Some(TermEnd { role: last, until })
    }

    /// An action point as it stands. It was begun by one of the circle's people, and is changed by
    /// those, by who began it, and by the person who is to do it; what others say has no effect.
    #[must_use]
    pub fn action(&self, id: &EntryId) -> Option<Action> {
        let series = self.work.actions.get(id)?;
        let first = series.first.as_ref()?;
        let circle = first.record.circle;
        if !self.was_in_circle(&circle, &first.by, first.time) {
            return None;
        }
        let mut action = Action {
            id: *id,
            record: first.record.clone(),
            words: first.entry,
            begun_by: first.by,
            begun: first.time,
            changed_by: first.by,
            changed: first.time,
        };
        for later in series.later.values() {
            let assigned = action.record.person;
            let assigned = assigned.map(|person| (action.record.member, person));
            let may = later.by == first.by
                || assigned == Some(later.by)
                || self.was_in_circle(&circle, &later.by, later.time);
            if !may || later.record.circle != circle || later.time < first.time {
                continue;
            }
            action.record = later.record.clone();
            action.changed_by = later.by;
            action.changed = later.time;
            if later.has_note {
                action.words = later.entry;
            }
        }
        Some(action)
    }

    /// Every action point that counts: open ones first, by the day they are due, then the rest, the
    /// last changed first.
    #[must_use]
    pub fn actions(&self) -> Vec<Action> {
        let all = self.work.actions.keys();
        let mut all: Vec<Action> = all.filter_map(|id| self.action(id)).collect();
        all.sort_by_key(|action| {
            let rank = match action.is_open() {
                true => action.record.due.unwrap_or(Timestamp::MAX).0,
                false => u64::MAX - action.changed.0,
            };
            (!action.is_open(), rank, action.begun, action.id)
        });
        all
    }

    /// A gathering as it stands. One of the circle's people began it; those and who began it change
    /// it.
    #[must_use]
    pub fn gathering(&self, id: &EntryId) -> Option<Gathering> {
        let series = self.work.gatherings.get(id)?;
        let first = series.first.as_ref()?;
        let circle = first.record.circle;
        if !self.was_in_circle(&circle, &first.by, first.time) {
            return None;
        }
        let mut gathering = Gathering {
            id: *id,
            record: first.record.clone(),
            begun_by: first.by,
            changed: first.time,
            changes: 0,
        };
        for later in series.later.values() {
            let may = later.by == first.by || self.was_in_circle(&circle, &later.by, later.time);
            if !may || later.record.circle != circle || later.time < first.time {
                continue;
            }
            gathering.record = later.record.clone();
            gathering.changed = later.time;
            gathering.changes += 1;
        }
        Some(gathering)
    }

    /// Every gathering that counts.
    #[must_use]
    pub fn gatherings(&self) -> Vec<Gathering> {
        let all = self.work.gatherings.keys();
        all.filter_map(|id| self.gathering(id)).collect()
    }

    /// When a decision is looked at again. Stewards, delegates and the proposer say so; the last
    /// one counts.
    #[must_use]
    pub fn review(&self, proposal: &ProposalId) -> Option<Review> {
        let said = self.work.reviews.get(proposal)?;
        let first = self.proposals.get(proposal)?.first.as_ref()?;
        let may = |review: &ReviewSaid| {
            let same_person = review.person.is_some()
                && (review.member, review.person) == (first.member, first.person);
            review.by_role || review.key == first.by || same_person
        };
        let mut said = said.iter().rev();
        let ((set, _), review) = said.find(|(_, review)| may(review))?;
        Some(Review {
            date: review.date?,
            set: *set,
            member: review.member,
        })
    }

    /// The proposals that somebody said something of the review of.
    #[must_use]
    pub fn reviewed(&self) -> BTreeSet<ProposalId> {
        self.work.reviews.keys().copied().collect()
    }
}
