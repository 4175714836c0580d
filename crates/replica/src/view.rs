//! Views: what the standing entries say, arranged for reading. Each is a pure function of the set
//! of entries; nothing depends on the order in which they came.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    effect::Applicant,
    id::{CircleId, DocumentId, EntryId, MemberId, PersonId, PhaseId, ProposalId, Timestamp},
    key::PublicKey,
    record::{self, Custody, Delegate, Purpose, Record, Roles},
};

use crate::{
    log::Log,
    replica::Replica,
    stored::{Position, Stored},
};

mod circle;
mod decreed;
mod document;
mod host;
mod meeting;
mod proposal;

pub use circle::{Action, Gathering, Participant, Review, Someone, TermEnd};
pub use decreed::{Decreed, Office};
pub use document::{ATTACHMENTS_MAX, Attached, Begun, Document, Draft, Filed};
pub use host::{Answer, Choice, HostState, Hosted};
pub use meeting::{Meetings, Placed, Server, Tenant, UsageKey, Used};
pub use proposal::{Comment, First, Opening, OpeningFault, Proposal, Report, Version, Withdrawal};

/// A member of the federation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Its root key.
    pub root: PublicKey,
    /// The name it goes by: of its profile, else that of its admission.
    pub name: String,
    /// The class it was admitted in.
    pub class: String,
    /// Whether it founded the federation.
    pub founder: bool,
    /// When it signed the genesis or joined.
    pub since: Timestamp,
    /// Its `found` or `join` entry.
    pub record: EntryId,
    /// How it describes itself; the last profile counts.
    pub profile: Option<record::Profile>,
    /// The mandate in force: the highest number.
    pub mandate: Option<Mandate>,
}

/// The mandate in force of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// The entry.
    pub entry: EntryId,
    /// Its number.
    pub number: u64,
    /// Who votes for the member.
    pub delegates: Vec<Delegate>,
    /// When it was signed.
    pub time: Timestamp,
}

/// A key that was granted a right that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The grant with the highest number.
    pub grant: EntryId,
    /// The member it acts for.
    pub member: MemberId,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub person: Option<PersonId>,
    /// The person's roles.
    pub roles: Roles,
    /// Where it lives.
    pub custody: Custody,
    /// The grant's number.
    pub number: u64,
    /// When it was granted.
    pub since: Timestamp,
    /// Whether a standing revocation ends it.
    pub revoked: bool,
}

/// A person who acts for a member. Another member that uses the same id means somebody else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The name, unless it is not known or was erased.
    pub name: Option<String>,
    /// How to reach the person.
    pub contact: Option<String>,
    /// The person's keys, revoked ones too.
    pub keys: BTreeSet<PublicKey>,
    latest: Option<(Timestamp, EntryId)>,
}

/// A circle as last described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// Its id.
    pub id: CircleId,
    /// The member that began it and may describe it anew.
    pub member: MemberId,
    /// The description.
    pub record: record::Circle,
    /// When it was last described.
    pub time: Timestamp,
    latest: EntryId,
}

/// A person in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The person.
    pub person: PersonId,
    /// The member it acts for.
    pub member: MemberId,
    /// The role, in the circle's words.
    pub title: String,
    /// When the term ends.
    pub until: Option<Timestamp>,
    /// Since when.
    pub since: Timestamp,
    /// A decision filled it; else the person's own member says so.
    pub by_decision: bool,
    latest: EntryId,
}

/// A co-op that asks to be admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The entry; its note is the request in words.
    pub entry: EntryId,
    /// What it says.
    pub record: record::Application,
    /// The member whose node passed it on.
    pub through: MemberId,
    /// When.
    pub time: Timestamp,
}

/// A co-op or person that asks to be admitted by decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The entry.
    pub entry: EntryId,
    /// What it says, with its signature.
    pub applicant: Applicant,
    /// The member whose node passed it on.
    pub through: MemberId,
    /// When.
    pub time: Timestamp,
}

/// A node as it last described itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The member it serves.
    pub member: MemberId,
    /// Where it can be reached.
    pub endpoint: record::Endpoint,
    /// When it said so.
    pub time: Timestamp,
    latest: EntryId,
}

/// Two entries of one key and sequence, or an entry after a revocation: evidence that is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fork {
    /// The key.
    pub key: PublicKey,
    /// The member it acts for.
    pub member: MemberId,
    /// The sequence.
    pub sequence: u64,
    /// The two entries.
    pub entries: [EntryId; 2],
}

/// What the standing entries say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The members, founders that signed and newcomers that joined.
    pub members: BTreeMap<MemberId, Member>,
    /// Those who were members, as the register says.
    pub former: BTreeMap<MemberId, Member>,
    /// The keys with a standing grant, each for one member. A member can grant only a key whose
    /// holder proved it to that member, so two claim one key only if the holder wants it: then it
    /// acts for the member of its log, and while it has signed nothing for the one whose grant is
    /// the oldest that is not revoked.
    pub keys: BTreeMap<PublicKey, Key>,
    /// The persons of each member.
    pub persons: BTreeMap<(MemberId, PersonId), Person>,
    /// The circles.
    pub circles: BTreeMap<CircleId, Circle>,
    /// Who has which role in a circle; the last record for a person and title counts.
    pub roles: BTreeMap<CircleId, BTreeMap<(MemberId, PersonId, String), Role>>,
    /// Who asks to be admitted, by root key. Members are no longer among them.
    pub applications: BTreeMap<PublicKey, Application>,
    /// Who asks to be admitted by decision, by root key; who is a member now is still among them.
    pub candidates: BTreeMap<PublicKey, Candidate>,
    /// The admissions signed so far, by newcomer and founder.
    pub admissions: BTreeMap<record::Newcomer, BTreeMap<PublicKey, record::Admission>>,
    /// The nodes.
    pub nodes: BTreeMap<PublicKey, Node>,
    /// Servers, tenants and meetings.
    pub meetings: Meetings,
    /// The proposals.
    pub proposals: BTreeMap<ProposalId, Proposal>,
    /// The documents. Their text is derived from the bodies of their edits:
    /// [`crate::document::Document`].
    pub documents: BTreeMap<DocumentId, Document>,
    /// What was proposed to which phase: the proposal of every opening.
    pub phases: BTreeMap<PhaseId, ProposalId>,
    /// Whom each member named as its host, by number; of equal numbers the last.
    pub choices: BTreeMap<MemberId, BTreeMap<u64, Choice>>,
    /// What each host last said to a member's choice: by member, number and host.
    pub answers: BTreeMap<MemberId, BTreeMap<(u64, MemberId), Answer>>,
    /// How many entries each member's keys wrote.
    pub entries: BTreeMap<MemberId, u64>,
    /// What was written in and for circles.
    work: circle::Circles,
    /// The hosts that decisions gave members, and when.
    decided_hosts: BTreeMap<MemberId, (MemberId, Timestamp)>,
    /// The offices of circles that decisions filled.
    offices: BTreeMap<CircleId, Vec<decreed::Held>>,
    /// What each member granted to a key, whether or not the key acts for it.
    claims: BTreeMap<PublicKey, BTreeMap<MemberId, Key>>,
    /// The member of each log.
    owners: BTreeMap<PublicKey, MemberId>,
    profiles: BTreeMap<MemberId, (Timestamp, EntryId, record::Profile)>,
    /// The root logs: whose they are, and what they begin with.
    roots: BTreeMap<PublicKey, (MemberId, EntryId)>,
}

impl View {
    /// The name of a member, or the beginning of its id if it is not known.
    #[must_use]
    pub fn member_name(&self, member: &MemberId) -> String {
        let known = self.members.get(member);
        known
            .or_else(|| self.former.get(member))
            .map_or_else(|| member.short(), |member| member.name.clone())
    }

    /// The name of a member's person, if it is known.
    #[must_use]
    pub fn person_name(&self, member: &MemberId, person: &PersonId) -> Option<&str> {
        self.persons.get(&(*member, *person))?.name.as_deref()
    }

    /// What a member granted to a key, even if the key acts for another.
    #[must_use]
    pub fn granted_by(&self, member: &MemberId, key: &PublicKey) -> Option<&Key> {
        self.claims.get(key)?.get(member)
    }

    /// Chooses the member a key acts for.
    fn settle_key(&mut self, key: &PublicKey) {
        let Some(claims) = self.claims.get(key) else {
            return;
        };
        let settled = match self.owners.get(key) {
            Some(owner) => claims.get(owner),
            None => claims
                .values()
                .min_by_key(|claim| (claim.revoked, claim.since, claim.grant)),
        };
        match settled {
            Some(settled) => self.keys.insert(*key, settled.clone()),
            None => self.keys.remove(key),
        };
    }

    /// Whose key this is: of its grant, or of a mandate in force.
    #[must_use]
    pub fn person_of(&self, key: &PublicKey) -> Option<PersonId> {
        let granted = self.keys.get(key).and_then(|key| key.person);
        granted.or_else(|| {
            let owner = self.owners.get(key);
            let members = self
                .members
                .values()
                .filter(|m| owner.is_none_or(|o| *o == m.id));
            let mandates = members.filter_map(|member| member.mandate.as_ref());
            let mut delegates = mandates.flat_map(|mandate| &mandate.delegates);
            let found = delegates.find(|delegate| delegate.key == *key);
            found.map(|delegate| delegate.person)
        })
    }

    /// The member a key acts for now, if its grant stands and is not revoked.
    #[must_use]
    pub fn member_of(&self, key: &PublicKey) -> Option<MemberId> {
        let granted = self
            .keys
            .get(key)
            .filter(|key| !key.revoked)
            .map(|key| key.member)
            .filter(|member| !self.former.contains_key(member));
        granted.or_else(|| self.members.values().find(|m| m.root == *key).map(|m| m.id))
    }

    /// Whose key this is, if that is a member no more.
    #[must_use]
    pub fn former_of(&self, key: &PublicKey) -> Option<&Member> {
        let granted = self.keys.get(key).map(|known| known.member);
        let mut former = self.former.values();
        former.find(|member| {
            let mandate = member.mandate.as_ref();
            let mut delegates = mandate.into_iter().flat_map(|mandate| &mandate.delegates);
            granted == Some(member.id)
                || member.root == *key
                || delegates.any(|delegate| delegate.key == *key)
        })
    }

    /// The member whose root key in force this is, and the entry that its log began with; nothing as
    /// long as a key that took the place of another has not begun its log.
    #[must_use]
    pub fn root_of(&self, key: &PublicKey) -> Option<(&Member, EntryId)> {
        let (member, began) = self.roots.get(key)?;
        let member = self.members.get(member)?;
        (member.root == *key).then_some((member, *began))
    }

    /// The root keys that a member had and has, as far as they have begun a log.
    pub fn roots_of(&self, member: &MemberId) -> impl Iterator<Item = &PublicKey> {
        let own = self.roots.iter().filter(move |(_, (of, _))| of == member);
        own.map(|(key, _)| key)
    }

    /// The roles a person has now, by keys that are not revoked.
    #[must_use]
    pub fn roles_of(&self, member: &MemberId, person: &PersonId) -> Roles {
        let Some(known) = self.persons.get(&(*member, *person)) else {
            return Roles::none();
        };
        let keys = known.keys.iter();
        keys.filter_map(|key| self.granted_by(member, key))
            .filter(|key| !key.revoked)
            .fold(Roles::none(), |roles, key| roles.with(key.roles))
    }

    /// Whether a person is listed in the mandate in force of its member.
    #[must_use]
    pub fn is_delegate(&self, member: &MemberId, person: &PersonId) -> bool {
        let mandate = self
            .members
            .get(member)
            .and_then(|member| member.mandate.as_ref());
        mandate.is_some_and(|mandate| {
            let mut delegates = mandate.delegates.iter();
            delegates.any(|delegate| delegate.person == *person)
        })
    }

    /// Whether every founder has signed the genesis; until then there is no federation yet.
    #[must_use]
    pub fn is_founded(&self, genesis: &domain::genesis::Genesis) -> bool {
        genesis.founders.iter().all(|founder| {
            let member = founder.member();
            self.members.contains_key(&member) || self.former.contains_key(&member)
        })
    }
}

impl Replica {
    /// Builds the view of all that stands.
    #[must_use]
    pub fn view(&self) -> View {
        let mut view = View::default();
        // A member's first: what a root key says that took the place of another is said of a member.
        let (first, others): (Vec<_>, Vec<_>) = self.logs.iter().partition(|(key, log)| {
            let begun = log.main.first().map(|position| self.at(*position));
            begun.is_some_and(|begun| begun.member.0 == key.0)
        });
        let logs = first.into_iter().chain(others);
        for position in logs.flat_map(|(_, log)| &log.main) {
            self.apply(&mut view, *position);
        }
        view
    }

    /// Adds one newly stored entry to a view, if it stands. Gives the same view as building it
    /// anew, as long as nothing that stood before has fallen.
    pub fn apply(&self, view: &mut View, position: Position) {
        let Some(stored) = self.get(position) else {
            return;
        };
        let Some(log) = self.logs.get(&stored.author) else {
            return;
        };
        if !self.stands(position) || !log.is_effective(stored.sequence) {
            return;
        }
        *view.entries.entry(stored.member).or_default() += 1;
        if stored.sequence == 1 {
            view.owners.insert(stored.author, stored.member);
            view.settle_key(&stored.author);
        }
        match stored.record.as_deref() {
            Some(Record::Found(_)) => self.apply_founder(view, stored),
            Some(Record::Join(join)) => view.add_member(stored, &join.newcomer, false),
            Some(Record::Enter(enter)) => view.add_member(stored, &enter.newcomer, false),
            Some(Record::Admit(admit)) => self.apply_admit(view, stored, admit),
            Some(Record::Grant(grant)) => self.apply_grant(view, stored, grant),
            Some(Record::Mandate(mandate)) => view.add_mandate(stored, mandate),
            Some(Record::Person(person)) => view.add_person(stored, person),
            Some(Record::Role(role)) => {
                view.add_role(stored, role);
                view.add_term(stored, role);
            }
            Some(Record::Profile(profile)) => view.add_profile(stored, profile),
            Some(Record::Circle(circle)) => view.add_circle(stored, circle),
            Some(Record::Endpoint(endpoint)) => view.add_node(stored, endpoint),
            Some(Record::Server(server)) => view.add_server(stored, server),
            Some(Record::Tenant(tenant)) => view.add_tenant(stored, tenant),
            Some(Record::Placing(placing)) => view.add_placing(stored, placing),
            Some(Record::Usage(usage)) => view.add_usage(stored, usage),
            Some(Record::Application(application)) => {
                self.apply_application(view, stored, application);
            }
            Some(Record::Applying(applying)) => {
                self.apply_applicant(view, stored, &applying.applicant);
            }
            Some(
                record @ (Record::Membership(_)
                | Record::Action(_)
                | Record::Gathering(_)
                | Record::Review(_)),
            ) => self.apply_circle(view, stored, record),
            Some(Record::Proposal(proposal)) => {
                view.add_proposal(stored, proposal, None, self.person_who_wrote(stored));
            }
            Some(Record::Measure(record::Measure { proposal, effect })) => {
                let person = self.person_who_wrote(stored);
                view.add_proposal(stored, proposal, Some(effect), person);
            }
            Some(Record::Amendment(amendment)) => view.add_amendment(stored, amendment, None),
            Some(Record::AmendedMeasure(record::AmendedMeasure { amendment, effect })) => {
                view.add_amendment(stored, amendment, Some(effect));
            }
            Some(Record::Withdrawal(withdrawal)) => view.add_withdrawal(stored, withdrawal),
            Some(Record::Opening(opening)) => view.add_opening(stored, opening),
            Some(Record::Comment(comment)) => view.add_comment(stored, comment),
            Some(Record::Report(report)) => {
                view.add_report(stored, report, self.person_who_wrote(stored));
            }
            Some(Record::Edit(edit)) => view.add_edit(stored, edit),
            Some(Record::Filing(filing)) => view.add_filing(stored, filing),
            Some(Record::Attachment(attachment)) => view.add_attachment(stored, attachment),
            Some(Record::Host(host)) => view.add_choice(stored, host),
            Some(Record::Hosting(hosting)) => view.add_answer(stored, hosting),
            // Ballots are looked up by phase, and what speaks of the register is not a view.
            Some(
                Record::Ballot(_)
                | Record::Answer(_)
                | Record::Revocation(_)
                | Record::Witness(_)
                | Record::Founding(_)
                | Record::Declaring(_)
                | Record::Recovering(_)
                | Record::Evidence(_),
            )
            | None => {}
        }
    }

    /// Says of every key in a view whether it is revoked now.
    pub fn apply_revocations(&self, view: &mut View) {
        for (key, claims) in &mut view.claims {
            for (member, claim) in claims {
                claim.revoked = self.cuts.contains_key(&(*key, *member));
            }
        }
        let keys: Vec<PublicKey> = view.claims.keys().copied().collect();
        for key in keys {
            view.settle_key(&key);
        }
    }

    fn apply_founder(&self, view: &mut View, stored: &Stored) {
        if let Some(founder) = self.genesis.founder(&stored.author) {
            let newcomer = record::Newcomer {
                root: founder.root,
                class: founder.class.clone(),
                name: founder.name.clone(),
            };
            view.add_member(stored, &newcomer, true);
        }
    }

    fn apply_admit(&self, view: &mut View, stored: &Stored, admit: &record::Admit) {
        let message = admit.newcomer.message(&self.federation);
        let is_founder = self.genesis.founder(&stored.author).is_some();
        if is_founder && stored.author.verify(&message, &admit.signature).is_ok() {
            let admission = record::Admission {
                founder: stored.author,
                signature: admit.signature,
            };
            view.admissions
                .entry(admit.newcomer.clone())
                .or_default()
                .entry(stored.author)
                .or_insert(admission);
        }
    }

    fn apply_grant(&self, view: &mut View, stored: &Stored, grant: &record::Grant) {
        let key = Key {
            grant: stored.id,
            member: stored.member,
            purpose: grant.purpose,
            person: grant.person,
            roles: grant.roles,
            custody: grant.custody,
            number: grant.number,
            since: stored.time,
            revoked: self.cuts.contains_key(&(grant.key, stored.member)),
        };
        if let Some(person) = grant.person {
            let known = view.persons.entry((stored.member, person)).or_default();
            known.keys.insert(grant.key);
        }
        let rank = |key: &Key| (key.number, std::cmp::Reverse(key.grant));
        let claims = view.claims.entry(grant.key).or_default();
        let known = claims.entry(stored.member).or_insert_with(|| key.clone());
        if rank(known) < rank(&key) {
            *known = key;
        }
        view.settle_key(&grant.key);
    }

    fn apply_applicant(&self, view: &mut View, stored: &Stored, applicant: &Applicant) {
        if applicant.verify(&self.federation).is_err() {
            return;
        }
        let candidate = Candidate {
            entry: stored.id,
            applicant: applicant.clone(),
            through: stored.member,
            time: stored.time,
        };
        let known = view.candidates.entry(applicant.newcomer.root);
        let known = known.or_insert_with(|| candidate.clone());
        if (known.time, known.entry) < (candidate.time, candidate.entry) {
            *known = candidate;
        }
    }

    fn apply_application(&self, view: &mut View, stored: &Stored, record: &record::Application) {
        let message = record::Application::message(
            &self.federation,
            &record.root,
            &record.name,
            &record.class,
        );
        if record.root.verify(&message, &record.proof).is_err() {
            return;
        }
        let application = Application {
            entry: stored.id,
            record: record.clone(),
            through: stored.member,
            time: stored.time,
        };
        view.applications
            .entry(record.root)
            .and_modify(|known| {
                if (known.time, known.entry) < (application.time, application.entry) {
                    *known = application.clone();
                }
            })
            .or_insert(application);
    }

    /// Whether this node holds a fork of a key's log, or an entry after its revocation.
    #[must_use]
    pub fn has_forked(&self, key: &PublicKey) -> bool {
        let log = self.logs.get(key);
        log.is_some_and(|log| self.forked_at(log).is_some())
    }

    fn forked_at(&self, log: &Log) -> Option<(Position, Position)> {
        match (&log.next[..], log.evidence) {
            ([one, other, ..], _) => Some((*one, *other)),
            (_, Some(other)) => {
                let sequence = self.at(other).sequence;
                log.main.get(sequence as usize - 1).map(|one| (*one, other))
            }
            _ => None,
        }
    }

    /// The forks and entries after a revocation that this node holds as evidence.
    #[must_use]
    pub fn forks(&self) -> Vec<Fork> {
        let mut forks = Vec::new();
        for (key, log) in &self.logs {
            if let Some((one, other)) = self.forked_at(log) {
                let stored = self.at(one);
                let mut entries = [stored.id, self.at(other).id];
                entries.sort_unstable();
                forks.push(Fork {
                    key: *key,
                    member: stored.member,
                    sequence: stored.sequence,
                    entries,
                });
            }
        }
        forks
    }
}

impl View {
    fn add_member(&mut self, stored: &Stored, newcomer: &record::Newcomer, founder: bool) {
        self.roots.insert(stored.author, (stored.member, stored.id));
        // The log of a root key that took the place of another begins so too.
        if stored.member.0 != stored.author.0 {
            return;
        }
        // A root log begins with this entry, so nothing of the member is older.
        let member = Member {
            id: stored.member,
            root: stored.author,
            name: newcomer.name.clone(),
            class: newcomer.class.clone(),
            founder,
            since: stored.time,
            record: stored.id,
            profile: None,
            mandate: None,
        };
        self.members.insert(stored.member, member);
        self.settle_profile(&stored.member);
    }
}
