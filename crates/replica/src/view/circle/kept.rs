//! What is kept of the records of circles, in the order in which they follow each other.

use std::collections::BTreeMap;

use domain::{
    id::{CircleId, EntryId, MemberId, PersonId, ProposalId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};

use super::{super::View, Someone};
use crate::{
    replica::Replica,
    stored::{Right, Stored},
};

/// By time, then by id: the order in which records follow each other.
type Moment = (Timestamp, EntryId);

/// All that was said of one thing, in order.
type Said<T> = BTreeMap<Moment, T>;

/// When the term of a role ends.
type Terms = Said<Option<Timestamp>>;

/// Everything up to a time, whatever its id.
fn up_to(time: Timestamp) -> std::ops::RangeToInclusive<Moment> {
    ..=(time, EntryId([u8::MAX; 32]))
}

/// A record with who wrote it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written<T> {
    pub(super) entry: EntryId,
    pub(super) time: Timestamp,
    pub(super) by: Someone,
    pub(super) has_note: bool,
    pub(super) record: T,
}

/// Something that is begun by one record and described anew by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series<T> {
    pub(super) first: Option<Written<T>>,
    pub(super) later: BTreeMap<Moment, Written<T>>,
}

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self {
            first: None,
            later: BTreeMap::new(),
        }
    }
}

impl<T> Series<T> {
    fn add(&mut self, is_first: bool, written: Written<T>) {
        if is_first {
            self.first = Some(written);
        } else {
            let moment = (written.time, written.entry);
            self.later.insert(moment, written);
        }
    }
}

/// What was written in and for circles.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::view) struct Circles {
    pub(super) memberships: BTreeMap<CircleId, BTreeMap<Someone, Said<bool>>>,
    pub(super) terms: BTreeMap<CircleId, BTreeMap<Someone, BTreeMap<String, Terms>>>,
    pub(super) actions: BTreeMap<EntryId, Series<record::Action>>,
    pub(super) gatherings: BTreeMap<EntryId, Series<record::Gathering>>,
    pub(super) reviews: BTreeMap<ProposalId, Said<ReviewSaid>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReviewSaid {
    pub(super) date: Option<Timestamp>,
    pub(super) member: MemberId,
    pub(super) person: Option<PersonId>,
    pub(super) key: PublicKey,
    /// Whether a steward or a delegate says so.
    pub(super) by_role: bool,
}

impl Circles {
    /// Whether somebody was one of a circle's people at a time: joined, or with a role.
    pub(super) fn was_in(&self, circle: &CircleId, who: &Someone, at: Timestamp) -> bool {
        self.is_in(circle, who, at, at)
    }

    /// The same by what was said up to a time, of which terms are over at another.
    pub(super) fn is_in(
        &self,
        circle: &CircleId,
        who: &Someone,
        said_by: Timestamp,
        at: Timestamp,
    ) -> bool {
        let last = |said: &Said<bool>| {
            let mut said = said.range(up_to(said_by));
            said.next_back().is_some_and(|(_, joined)| *joined)
        };
        let memberships = self.memberships.get(circle);
        if memberships.and_then(|all| all.get(who)).is_some_and(last) {
            return true;
        }
        let own = self.terms.get(circle).and_then(|terms| terms.get(who));
        own.into_iter().flatten().any(|(_, said)| {
            let last = said.range(up_to(said_by)).next_back();
            last.is_some_and(|(_, until)| until.is_none_or(|until| until > at))
        })
    }
}

impl Replica {
    /// The person who wrote an entry: that of its grant or mandate.
    pub(in crate::view) fn person_who_wrote(&self, stored: &Stored) -> Option<PersonId> {
        let grant = self.get(stored.grant?)?;
        match grant.record.as_deref()? {
            Record::Grant(grant) => grant.person,
            Record::Mandate(mandate) => mandate
                .delegate(&stored.author)
                .map(|delegate| delegate.person),
            _ => None,
        }
    }

    fn written<T: Clone>(&self, stored: &Stored, record: &T) -> Option<Written<T>> {
        Some(Written {
            entry: stored.id,
            time: stored.time,
            by: (stored.member, self.person_who_wrote(stored)?),
            has_note: stored.has_note,
            record: record.clone(),
        })
    }

    /// Adds what is written in and for circles to a view.
    pub(in crate::view) fn apply_circle(&self, view: &mut View, stored: &Stored, record: &Record) {
        let moment = (stored.time, stored.id);
        match record {
            Record::Membership(record) => {
                let Some(person) = self.person_who_wrote(stored) else {
                    return;
                };
                let circle = view.work.memberships.entry(record.circle).or_default();
                let said = circle.entry((stored.member, person)).or_default();
                said.insert(moment, record.joined);
            }
            Record::Action(record) => {
                if let Some(written) = self.written(stored, record) {
                    let id = record.action.unwrap_or(stored.id);
                    let series = view.work.actions.entry(id).or_default();
                    series.add(record.action.is_none(), written);
                }
            }
            Record::Gathering(record) => {
                if let Some(written) = self.written(stored, record) {
                    let id = record.gathering.unwrap_or(stored.id);
                    let series = view.work.gatherings.entry(id).or_default();
                    series.add(record.gathering.is_none(), written);
                }
            }
            Record::Review(record) => {
                let said = view.work.reviews.entry(record.proposal).or_default();
                let by_role =
                    stored.right.is_steward() || matches!(stored.right, Right::Delegate { .. });
                let review = ReviewSaid {
                    date: record.date,
                    member: stored.member,
                    person: self.person_who_wrote(stored),
                    key: stored.author,
                    by_role,
                };
                said.insert(moment, review);
            }
            _ => {}
        }
    }
}

impl View {
    pub(in crate::view) fn add_term(&mut self, stored: &Stored, role: &record::Role) {
        let circle = self.work.terms.entry(role.circle).or_default();
        let own = circle.entry((stored.member, role.person)).or_default();
        let said = own.entry(role.title.clone()).or_default();
        said.insert((stored.time, stored.id), role.until);
    }
}
