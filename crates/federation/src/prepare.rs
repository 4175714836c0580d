//! Turns an act into an unsigned entry, or says what is wrong with it.

mod attachment;
mod circle;
mod document;
mod effect;
mod grants;
mod hosts;
mod mediation;
mod meeting;
mod proposal;
mod rights;
mod text;

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    effect::Effect,
    entry::{Address, Audience, Header, SALT_BYTES, Salted},
    id::{EntryId, ProposalId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{self, Kind, PersonNote, Record},
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::Rng;
use register::{begin::Beginning, declaration::Declaration, recovery::Voice};

use self::text::{block, decode_error, line, note, text_error};
use crate::{
    act::{Act, Prepared},
    core::Core,
    error::Refused,
};

/// What an entry says, before it has a place in a log.
struct Draft {
    grant: EntryId,
    area: String,
    audience: Audience,
    record: Record,
    note: Option<Vec<u8>>,
    references: Vec<EntryId>,
    /// What it follows: its time must not be before.
    after: Option<EntryId>,
    /// The time of what it takes the place of: its own must be later, however coarse the clock.
    replaces: Option<Timestamp>,
    chunks: Vec<Vec<u8>>,
}

impl Core {
    /// The entry an act would make, without its signature.
    ///
    /// # Errors
    /// When the act does not fit the rules; the error says what to do.
    pub(crate) fn prepare(
        &self,
        now: Timestamp,
        key: &PublicKey,
        act: &Act,
        random: [u8; 32],
    ) -> Result<Prepared, Refused> {
        // First of all: a node whose member has left waits for nobody, and never will be ready.
        if let Some(member) = self.view().former_of(key) {
            let member = member.name.clone();
            return Err(Refused::Departed { member });
        }
        self.check_ready(act)?;
        let draft = self.draft(now, key, act)?;
        self.address(now, key, draft, random)
    }

    /// Says something of the register with a validator's or a node's key.
    pub(crate) fn say(
        &mut self,
        now: Timestamp,
        key: &SecretKey,
        record: Record,
    ) -> Result<EntryId, Refused> {
        let known = self.view().keys.get(&key.public());
        let grant = known.map(|known| known.grant).ok_or(Refused::UnknownKey)?;
        let area = match record {
            Record::Witness(_) => "receipts",
            _ => "register",
        };
        let mut random = [0; 32];
        self.generator().fill_bytes(&mut random);
        let prepared = self.address(now, &key.public(), Draft::new(grant, area, record), random)?;
        let signature = prepared.header.sign(&self.federation(), key);
        self.take_own(now, prepared.signed(signature), Vec::new())
    }

    /// Places a draft at the end of the key's log.
    fn address(
        &self,
        now: Timestamp,
        key: &PublicKey,
        draft: Draft,
        random: [u8; 32],
    ) -> Result<Prepared, Refused> {
        let tip = self.replica().tip(key);
        if self.replica().forks().iter().any(|fork| fork.key == *key) {
            return Err(Refused::Forked);
        }
        let time_of = |id: &EntryId| self.replica().find(id).map(|stored| stored.time);
        let earliest = [
            tip.and_then(|(_, id)| time_of(&id)),
            time_of(&draft.grant),
            draft.after.and_then(|id| time_of(&id)),
            draft.replaces.map(|time| time.plus_ms(1)),
            Some(self.genesis().created),
        ];
        let time = earliest.into_iter().flatten().fold(now, Timestamp::max);
        let mut generator = ChaCha8Rng::from_seed(random);
        let mut salt = || {
            let mut salt = [0; SALT_BYTES];
            generator.fill_bytes(&mut salt);
            salt
        };
        let mut record = draft.record;
        if let Record::Opening(opening) = &mut record {
            // The period counts from the entry's own time, which a clock set back moves.
            opening.deadline = opening.deadline.plus_ms(time.since_ms(now));
        }
        if let Record::Ballot(ballot) = &record {
            // The clock was set back and the key's last entry is later: the ballot would not count.
            let opening = self.replica().opening(&ballot.phase);
            let voting = opening.and_then(|opening| self.decision(&opening.proposal, now));
            let phase = voting.and_then(|decision| decision.phase);
            if let Some(phase) = phase.filter(|phase| time > phase.deadline) {
                return Err(Refused::Closed(phase.deadline));
            }
        }
        let bytes = record.to_bytes();
        // Whatever is signed can be read again: no node would show what cannot.
        let read = Record::from_bytes(record.kind(), &bytes);
        read.map_err(|error| decode_error(&error))?;
        let body = Salted::new(&salt(), &bytes);
        let note = draft.note.map(|note| Salted::new(&salt(), &note));
        let address = Address::parse(&draft.area).expect("areas are made of the letters allowed");
        let header = Header {
            author: *key,
            grant: draft.grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time,
            address,
            audience: draft.audience,
            kind: record.kind(),
            critical: false,
            body: body.seal(),
            note: note.as_ref().map(Salted::seal),
            references: draft.references,
        };
        Ok(Prepared {
            header,
            body,
            note,
            chunks: draft.chunks,
        })
    }

    fn check_ready(&self, act: &Act) -> Result<(), Refused> {
        if let Some(seconds) = self.clock_trouble() {
            return Err(Refused::Clock(seconds));
        }
        if !self.is_caught_up() {
            return Err(Refused::NotCaughtUp);
        }
        let founding = matches!(
            act,
            Act::Found
                | Act::Join(_)
                | Act::Enter(_)
                | Act::Grant { .. }
                | Act::Mandate { .. }
                | Act::Endpoint(_)
                | Act::Person { .. }
        );
        if !founding && !self.view().is_founded(self.genesis()) {
            let founders = self.genesis().founders.len();
            let missing = founders - self.view().members.values().filter(|m| m.founder).count();
            return Err(Refused::NotFounded { missing, founders });
        }
        Ok(())
    }

    fn draft(&self, now: Timestamp, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        match act {
            Act::Found | Act::Join(_) | Act::Enter(_) | Act::Admit(_) => {
                self.draft_membership(key, act)
            }
            Act::Grant { .. } | Act::Mandate { .. } | Act::Revoke { .. } => {
                self.draft_right(key, act)
            }
            Act::Person {
                person,
                name,
                contact,
            } => {
                let note = PersonNote {
                    name: line("name", name, record::LINE_BYTES_MAX)?,
                    contact: block("contact", contact, record::LINE_BYTES_MAX)?,
                };
                let (grant, _) = self.person_grant(key)?;
                let record = Record::Person(record::Person { person: *person });
                let mut draft = Draft::new(grant, "persons", record);
                draft.audience = Audience::Members;
                draft.note = Some(note.to_bytes());
                Ok(draft)
            }
            Act::Host { .. } | Act::Hosting { .. } => self.draft_host(key, act),
            Act::BeginRegister { beginning } => {
                let (found, most) = (beginning.len(), record::PART_BYTES_MAX);
                if found > most {
                    let problem = format!("{found} bytes, {most} fit: begin with fewer members");
                    return Err(text_error("beginning", problem));
                }
                let found = Beginning::from_bytes(beginning);
                let found = found.map_err(|error| text_error("beginning", error.to_string()))?;
                let checked = found.check_signed(self.genesis());
                checked.map_err(|error| text_error("beginning", error.to_string()))?;
                let grant = self.granting_grant(key)?;
                let beginning = beginning.clone();
                let record = Record::Founding(record::Founding { beginning });
                Ok(Draft::new(grant, "register", record))
            }
            Act::Declare { declaration } => {
                let found = Declaration::from_bytes(declaration);
                let found = found.map_err(|error| text_error("declaration", error.to_string()))?;
                let waiting = self.waiting_declaration(&found.member);
                if waiting.is_some_and(|number| found.number <= number) {
                    let member = self.view().member_name(&found.member);
                    return Err(Refused::DeclarationWaits { member });
                }
                let grant = self.granting_grant(key)?;
                let declaration = declaration.clone();
                let record = Record::Declaring(record::Declaring { declaration });
                Ok(Draft::new(grant, "register", record))
            }
            Act::Recover { voice } => {
                let found = Voice::from_bytes(voice);
                let found = found.map_err(|error| text_error("recovery", error.to_string()))?;
                let signed = found.verify(&self.federation());
                signed.map_err(|error| text_error("recovery", error.to_string()))?;
                // Whoever's node brings it in writes it: nobody knows whether the log of a root key that is
                // kept elsewhere is whole here, and a fork of it would end it.
                let node = self.node_grant(key);
                let grant = node.or_else(|_| self.granting_grant(key))?;
                let voice = voice.clone();
                let record = Record::Recovering(record::Recovering { voice });
                Ok(Draft::new(grant, "register", record))
            }
            Act::Role(role) => {
                if !self.view().circles.contains_key(&role.circle) {
                    return Err(Refused::UnknownCircle);
                }
                line("role", &role.title, 64)?;
                let (grant, _) = self.steward_or_delegate(key)?;
                Ok(Draft::new(grant, "circles", Record::Role(role.clone())))
            }
            Act::Profile(profile) => {
                let profile = record::Profile {
                    name: line("name", &profile.name, domain::genesis::NAME_BYTES_MAX)?,
                    region: block("region", &profile.region, record::LINE_BYTES_MAX)?,
                    description: block(
                        "description",
                        &profile.description,
                        record::BLOCK_BYTES_MAX,
                    )?,
                    website: block("website", &profile.website, record::LINE_BYTES_MAX)?,
                };
                let (grant, _) = self.steward_or_delegate(key)?;
                Ok(Draft::new(grant, "profile", Record::Profile(profile)))
            }
            Act::Circle(circle) => {
                let circle = record::Circle {
                    name: line("name", &circle.name, domain::genesis::NAME_BYTES_MAX)?,
                    domain: block("domain", &circle.domain, record::BLOCK_BYTES_MAX)?,
                    rhythm: block("rhythm", &circle.rhythm, record::LINE_BYTES_MAX)?,
                    ..circle.clone()
                };
                let (grant, member) = self.steward_or_delegate(key)?;
                self.check_circle_name(&circle, circle.id(member))?;
                Ok(Draft::new(grant, "circles", Record::Circle(circle)))
            }
            Act::Endpoint(endpoint) => {
                let grant = self.node_grant(key)?;
                Ok(Draft::new(
                    grant,
                    "nodes",
                    Record::Endpoint(endpoint.clone()),
                ))
            }
            Act::Server(_) | Act::Tenant(_) | Act::Placing(_) | Act::Usage(_) => {
                self.draft_meeting(key, act)
            }
            Act::Apply {
                application,
                request,
            } => {
                if self.register_chain().is_some() {
                    return Err(Refused::ByDecision);
                }
                let grant = match self.node_grant(key) {
                    Ok(grant) => grant,
                    Err(_) => self.steward_or_delegate(key)?.0,
                };
                self.check_newcomer(&application.root, &application.class)?;
                let record = Record::Application(application.clone());
                let mut draft = Draft::new(grant, "applications", record);
                draft.audience = Audience::Members;
                draft.note = note(&block("request", request, record::BLOCK_BYTES_MAX)?);
                Ok(draft)
            }
            Act::ApplyToAll(applicant) => {
                let grant = match self.node_grant(key) {
                    Ok(grant) => grant,
                    Err(_) => self.steward_or_delegate(key)?.0,
                };
                let admission = Effect::Admission((**applicant).clone());
                let rule = self.charter().terms().default_rule;
                self.check_effect(now, rule, Some(&admission))?;
                let applicant = (**applicant).clone();
                let record = Record::Applying(record::Applying { applicant });
                Ok(Draft::new(grant, "applications", record))
            }
            Act::CreateDocument { .. }
            | Act::Edit { .. }
            | Act::Edits { .. }
            | Act::Restart { .. } => self.draft_edit(key, act),
            Act::Attach { .. } | Act::Detach { .. } => self.draft_attachment(now, key, act),
            Act::File(filing) => self.draft_filing(key, filing),
            Act::Membership(_) | Act::Action { .. } | Act::Gathering(_) | Act::Review(_) => {
                self.draft_circle(now, key, act)
            }
            Act::Report { .. } => self.draft_report(key, act),
            Act::FallBack { proposal } => self.draft_fallback(now, key, proposal),
            _ => self.draft_proposal(now, key, act),
        }
    }
}

impl Draft {
    fn new(grant: EntryId, area: &str, record: Record) -> Self {
        debug_assert!(record.kind().word().is_some());
        Self {
            grant,
            area: area.to_owned(),
            audience: Audience::Public,
            record,
            note: None,
            references: Vec::new(),
            after: None,
            replaces: None,
            chunks: Vec::new(),
        }
    }

    /// A draft in the area of one proposal.
    fn of(grant: EntryId, proposal: &ProposalId, record: Record) -> Self {
        let digits: String = proposal.to_string().chars().take(32).collect();
        Self::new(grant, &format!("proposals/{digits}"), record)
    }
}

/// The kinds whose arrival changes what people see, and how it is told.
pub(crate) fn change_of(
    kind: Kind,
    record: Option<&Record>,
    id: EntryId,
    phases: &BTreeMap<EntryId, ProposalId>,
) -> Option<crate::io::Change> {
    use crate::io::Change;
    Some(match (kind, record) {
        (Kind::Proposal | Kind::Measure, _) => Change::Proposal(id),
        (_, Some(Record::AmendedMeasure(record))) => Change::Proposal(record.amendment.proposal),
        (_, Some(Record::Amendment(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Withdrawal(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Opening(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Comment(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Report(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Review(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Edit(record))) => Change::Document(record.document.unwrap_or(id)),
        (_, Some(Record::Attachment(record))) => Change::Document(record.document),
        (_, Some(Record::Filing(record))) => Change::Document(record.document),
        (_, Some(Record::Ballot(record))) => Change::Proposal(*phases.get(&record.phase)?),
        (Kind::Circle | Kind::Role | Kind::Membership | Kind::Action | Kind::Gathering, _) => {
            Change::Circles
        }
        (Kind::Application | Kind::Admit, _) => Change::Applications,
        (
            Kind::Witness | Kind::Founding | Kind::Declaring | Kind::Recovering | Kind::Evidence,
            _,
        ) => Change::Register,
        (Kind::Endpoint, _) => Change::Peers,
        (Kind::Server | Kind::Tenant | Kind::Placing | Kind::Usage, _) => Change::Meetings,
        _ => Change::Members,
    })
}
