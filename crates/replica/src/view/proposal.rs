//! Proposals with their versions, openings and comments, and the small descriptive views.

use std::collections::BTreeMap;

use domain::{
    effect::{Effect, Motion},
    id::{CircleId, EntryId, Hash, MemberId, PersonId, Timestamp},
    key::PublicKey,
    record,
    text::Content,
};
use thiserror::Error;

use super::{Circle, Mandate, Node, Role, View};
use crate::stored::{Right, Stored};

/// A version of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: u64,
    /// Its entry.
    pub entry: EntryId,
    /// The version it follows.
    pub previous: Option<EntryId>,
    /// The title.
    pub title: String,
    /// What names the text; the text itself is in the store.
    pub content: Content,
    /// What it does by itself once it is passed.
    pub effect: Option<Effect>,
    /// The hash of title, text and effect that ballots name.
    pub hash: Hash,
    /// When.
    pub time: Timestamp,
    /// The key that wrote it.
    pub by: PublicKey,
    /// The edits of the draft it was read from, ascending, and whatever else it speaks of;
    /// [`crate::Replica::draft_of`] tells them apart.
    pub references: Box<[EntryId]>,
}

/// Why an opening opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpeningFault {
    /// It was not written for the member that proposed.
    #[error("only the member that proposed can open voting")]
    NotTheProposer,
    /// It names a version this proposal does not have, or other words than that version's.
    #[error("it names no version of this proposal")]
    Version,
    /// The proposal's rule is another.
    #[error("the proposal names the rule {proposal} and the opening {opening}")]
    Rule {
        /// The proposal's.
        proposal: String,
        /// The opening's.
        opening: String,
    },
    /// It rests on another charter.
    #[error("it rests on another charter than the one in force")]
    Charter,
    /// The deadline is not the charter's period after the opening.
    #[error("the deadline is {found} seconds after the opening, the charter says {expected}")]
    Deadline {
        /// Seconds found.
        found: u64,
        /// Seconds the charter gives.
        expected: u64,
    },
    /// The extensions are not those of the charter.
    #[error("it extends the vote by other lengths than the charter says")]
    Extensions,
    /// It lists someone who may not vote under this rule, or in the wrong class.
    #[error("it lists {0}, who may not vote under this rule as listed")]
    NotEligible(MemberId),
    /// It leaves out a founder.
    #[error("it leaves out {0}, a founder who may vote under this rule")]
    LeftOut(MemberId),
    /// It calls a fallback vote where none can be called.
    #[error("a fallback vote follows a block, while it can be integrated, and only once")]
    NoFallback,
    /// The rule is not known to this release.
    #[error("this release does not know the rule {0}")]
    UnknownRule(String),
}

/// An opening as it stands in a log. Whether it follows the charter is for the core to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The phase it begins: its entry's id.
    pub id: EntryId,
    /// The member it was written for.
    pub member: MemberId,
    /// When.
    pub time: Timestamp,
    /// The key that wrote it.
    pub by: PublicKey,
    /// What it says.
    pub record: record::Opening,
}

/// A proposal taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its entry; the reason is the note.
    pub entry: EntryId,
    /// When.
    pub time: Timestamp,
    /// The key that wrote it.
    pub by: PublicKey,
}

/// Someone's words about a proposal; the words are the entry's note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its entry.
    pub entry: EntryId,
    /// The member it was written for.
    pub member: MemberId,
    /// The key that wrote it.
    pub by: PublicKey,
    /// When.
    pub time: Timestamp,
    /// The comment or ballot it answers.
    pub answers: Option<EntryId>,
}

/// What somebody reports on the conflict about a proposal; the words are the entry's note. Who
/// mediates is for the order to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its entry.
    pub entry: EntryId,
    /// The member it was written for.
    pub member: MemberId,
    /// The person who wrote it.
    pub person: PersonId,
    /// The key that wrote it.
    pub by: PublicKey,
    /// When.
    pub time: Timestamp,
    /// Whether it recommends the fallback vote.
    pub recommends_vote: bool,
}

/// A proposal and all that belongs to it, whoever wrote it: readers filter by member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The proposal itself, once it is here.
    pub first: Option<First>,
    amendments: Vec<(MemberId, Version)>,
    withdrawals: Vec<(MemberId, Withdrawal)>,
    openings: Vec<Opening>,
    comments: BTreeMap<(Timestamp, EntryId), Comment>,
    reports: BTreeMap<(MemberId, PersonId), Report>,
}

/// The entry that made a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First {
    /// The member that proposes.
    pub member: MemberId,
    /// The key that wrote it.
    pub by: PublicKey,
    /// The person who wrote it.
    pub person: Option<PersonId>,
    /// When.
    pub time: Timestamp,
    /// The first version.
    pub version: Version,
    /// The rule's name.
    pub rule: String,
    /// Why it is urgent, if it is.
    pub urgent: Option<String>,
    /// The circle it belongs to.
    pub circle: Option<CircleId>,
    /// The language it is written in.
    pub language: String,
}

impl Version {
    /// It as far as it is decided.
    #[must_use]
    pub fn motion(&self) -> Motion {
        Motion {
            title: self.title.clone(),
            text: self.content.hash(),
            effect: self.effect.clone(),
        }
    }
}

fn version_hash(title: &str, content: &Content, effect: Option<&Effect>) -> Hash {
    let motion = Motion {
        title: title.to_owned(),
        text: content.hash(),
        effect: effect.cloned(),
    };
    motion.hash()
}

impl Proposal {
    /// The versions, ascending; of two with one number the one with the smaller id comes last and
    /// is the current one.
    #[must_use]
    pub fn versions(&self) -> Vec<&Version> {
        let Some(first) = &self.first else {
            return Vec::new();
        };
        let own = self
            .amendments
            .iter()
            .filter(|(member, _)| *member == first.member);
        let mut versions: Vec<&Version> = own.map(|(_, version)| version).collect();
        versions.sort_by_key(|version| (version.number, std::cmp::Reverse(version.entry)));
        versions.insert(0, &first.version);
        versions
    }

    /// The current version.
    #[must_use]
    pub fn current(&self) -> Option<&Version> {
        self.versions().last().copied()
    }

    /// The version of an entry.
    #[must_use]
    pub fn version(&self, entry: &EntryId) -> Option<&Version> {
        self.versions()
            .into_iter()
            .find(|version| version.entry == *entry)
    }

    /// The earliest withdrawal by the proposing member.
    #[must_use]
    pub fn withdrawal(&self) -> Option<&Withdrawal> {
        let first = self.first.as_ref()?;
        let own = self
            .withdrawals
            .iter()
            .filter(|(member, _)| *member == first.member);
        own.map(|(_, withdrawal)| withdrawal)
            .min_by_key(|w| (w.time, w.entry))
    }

    /// Every opening that names this proposal, by time and id, valid or not.
    #[must_use]
    pub fn openings(&self) -> Vec<&Opening> {
        let mut openings: Vec<&Opening> = self.openings.iter().collect();
        openings.sort_by_key(|opening| (opening.time, opening.id));
        openings
    }

    /// The comments, by time and id.
    pub fn comments(&self) -> impl Iterator<Item = &Comment> {
        self.comments.values()
    }

    /// The last report of each person that wrote one, whether it mediates or not.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.reports.values()
    }
}

impl View {
    pub(super) fn add_mandate(&mut self, stored: &Stored, mandate: &record::Mandate) {
        for delegate in &mandate.delegates {
            let known = self
                .persons
                .entry((stored.member, delegate.person))
                .or_default();
            known.keys.insert(delegate.key);
        }
        if let Some(member) = self.members.get_mut(&stored.member) {
            let newer = member.mandate.as_ref().is_none_or(|known| {
                (known.number, std::cmp::Reverse(known.entry))
                    < (mandate.number, std::cmp::Reverse(stored.id))
            });
            if newer {
                member.mandate = Some(Mandate {
                    entry: stored.id,
                    number: mandate.number,
                    delegates: mandate.delegates.clone(),
                    time: stored.time,
                });
            }
        }
    }

    pub(super) fn add_person(&mut self, stored: &Stored, person: &record::Person) {
        let known = self
            .persons
            .entry((stored.member, person.person))
            .or_default();
        if known.latest < Some((stored.time, stored.id)) {
            known.name = stored.person.as_ref().map(|note| note.name.clone());
            known.contact = stored.person.as_ref().map(|note| note.contact.clone());
            known.latest = Some((stored.time, stored.id));
        }
    }

    pub(super) fn add_role(&mut self, stored: &Stored, role: &record::Role) {
        let entry = Role {
            person: role.person,
            member: stored.member,
            title: role.title.clone(),
            until: role.until,
            since: stored.time,
            by_decision: false,
            latest: stored.id,
        };
        let roles = self.roles.entry(role.circle).or_default();
        let known = roles
            .entry((stored.member, role.person, role.title.clone()))
            .or_insert_with(|| entry.clone());
        if (known.since, known.latest) < (entry.since, entry.latest) {
            *known = entry;
        }
    }

    pub(super) fn add_profile(&mut self, stored: &Stored, profile: &record::Profile) {
        let rank = (stored.time, stored.id);
        let known = self.profiles.get(&stored.member);
        if known.is_some_and(|(time, id, _)| (*time, *id) >= rank) {
            return;
        }
        let latest = (stored.time, stored.id, profile.clone());
        self.profiles.insert(stored.member, latest);
        self.settle_profile(&stored.member);
    }

    /// Describes a member as its last profile does; either may come first.
    pub(super) fn settle_profile(&mut self, member: &MemberId) {
        if let (Some(member), Some((_, _, profile))) =
            (self.members.get_mut(member), self.profiles.get(member))
        {
            member.name.clone_from(&profile.name);
            member.profile = Some(profile.clone());
        }
    }

    pub(super) fn add_circle(&mut self, stored: &Stored, record: &record::Circle) {
        let id = record.id(stored.member);
        let circle = Circle {
            id,
            member: stored.member,
            record: record.clone(),
            time: stored.time,
            latest: stored.id,
        };
        let known = self.circles.entry(id).or_insert_with(|| circle.clone());
        if (known.time, known.latest) < (circle.time, circle.latest) {
            *known = circle;
        }
    }

    pub(super) fn add_node(&mut self, stored: &Stored, endpoint: &record::Endpoint) {
        let node = Node {
            member: stored.member,
            endpoint: endpoint.clone(),
            time: stored.time,
            latest: stored.id,
        };
        let known = self
            .nodes
            .entry(stored.author)
            .or_insert_with(|| node.clone());
        if (known.time, known.latest) < (node.time, node.latest) {
            *known = node;
        }
    }

    pub(super) fn add_proposal(
        &mut self,
        stored: &Stored,
        record: &record::Proposal,
        effect: Option<&Effect>,
        person: Option<PersonId>,
    ) {
        let version = Version {
            number: 1,
            entry: stored.id,
            previous: None,
            title: record.title.clone(),
            content: record.content.clone(),
            hash: version_hash(&record.title, &record.content, effect),
            effect: effect.cloned(),
            time: stored.time,
            by: stored.author,
            references: stored.references.clone(),
        };
        self.proposals.entry(stored.id).or_default().first = Some(First {
            member: stored.member,
            by: stored.author,
            person,
            time: stored.time,
            version,
            rule: record.rule.clone(),
            urgent: record.urgent.clone(),
            circle: record.circle,
            language: record.language.clone(),
        });
    }

    pub(super) fn add_amendment(
        &mut self,
        stored: &Stored,
        record: &record::Amendment,
        effect: Option<&Effect>,
    ) {
        let version = Version {
            number: record.number,
            entry: stored.id,
            previous: Some(record.previous),
            title: record.title.clone(),
            content: record.content.clone(),
            hash: version_hash(&record.title, &record.content, effect),
            effect: effect.cloned(),
            time: stored.time,
            by: stored.author,
            references: stored.references.clone(),
        };
        let proposal = self.proposals.entry(record.proposal).or_default();
        let place = proposal
            .amendments
            .partition_point(|(_, known)| known.entry < version.entry);
        proposal.amendments.insert(place, (stored.member, version));
    }

    pub(super) fn add_withdrawal(&mut self, stored: &Stored, record: &record::Withdrawal) {
        let withdrawal = Withdrawal {
            entry: stored.id,
            time: stored.time,
            by: stored.author,
        };
        let proposal = self.proposals.entry(record.proposal).or_default();
        let place = proposal
            .withdrawals
            .partition_point(|(_, known)| known.entry < stored.id);
        proposal
            .withdrawals
            .insert(place, (stored.member, withdrawal));
    }

    pub(super) fn add_opening(&mut self, stored: &Stored, record: &record::Opening) {
        debug_assert!(stored.right.is_steward() || matches!(stored.right, Right::Delegate { .. }));
        self.phases.insert(stored.id, record.proposal);
        let proposal = self.proposals.entry(record.proposal).or_default();
        let place = proposal
            .openings
            .partition_point(|known| known.id < stored.id);
        let opening = Opening {
            id: stored.id,
            member: stored.member,
            time: stored.time,
            by: stored.author,
            record: record.clone(),
        };
        proposal.openings.insert(place, opening);
    }

    pub(super) fn add_comment(&mut self, stored: &Stored, record: &record::Comment) {
        let comment = Comment {
            entry: stored.id,
            member: stored.member,
            by: stored.author,
            time: stored.time,
            answers: record.answers,
        };
        let proposal = self.proposals.entry(record.proposal).or_default();
        proposal.comments.insert((stored.time, stored.id), comment);
    }

    /// A key of no person reports nothing: nobody could tell who mediates.
    pub(super) fn add_report(
        &mut self,
        stored: &Stored,
        record: &record::Report,
        person: Option<PersonId>,
    ) {
        let Some(person) = person else {
            return;
        };
        let report = Report {
            entry: stored.id,
            member: stored.member,
            person,
            by: stored.author,
            time: stored.time,
            recommends_vote: record.recommends_vote,
        };
        let proposal = self.proposals.entry(record.proposal).or_default();
        let known = proposal.reports.entry((stored.member, person));
        let known = known.or_insert_with(|| report.clone());
        if (known.time, known.entry) < (report.time, report.entry) {
            *known = report;
        }
    }

    /// The roles in a circle whose term has not ended: those that decisions gave, and of other titles
    /// those that members say of their people.
    #[must_use]
    pub fn circle_people(&self, circle: &CircleId, now: Timestamp) -> Vec<&Role> {
        let said = self
            .roles
            .get(circle)
            .into_iter()
            .flat_map(BTreeMap::values);
        let said = said.filter(|role| !self.is_decided(circle, &role.title, now));
        self.offices_of(circle)
            .chain(said)
            .filter(|role| role.until.is_none_or(|until| until > now))
            .collect()
    }
}
