//! Turns an act into an unsigned entry, or says what is wrong with it.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    decision::{self, Choice},
    id::{EntryId, MemberId, PersonId, ProposalId, Timestamp},
    key::{KeyError, PublicKey, Signature},
    record::{self, Ballot, Elector, Kind, PersonNote, Purpose, REVISIONS_MAX, Record, VOTERS_MAX},
    text::{Content, is_block, is_line, visible_characters},
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_core::Rng;
use replica::{
    entry::{Address, Audience, Header, SALT_BYTES, Salted},
    view::{Key, Member, Version},
};

use crate::{
    act::{Act, Keep, Prepared},
    core::Core,
    error::Refused,
    state::{Decision, State},
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
    chunks: Vec<Vec<u8>>,
}

fn text_error(field: &'static str, problem: impl Into<String>) -> Refused {
    Refused::Text {
        field,
        problem: problem.into(),
    }
}

fn line(field: &'static str, text: &str, most: usize) -> Result<String, Refused> {
    let text = text.trim();
    if visible_characters(text) == 0 {
        return Err(text_error(field, "write something"));
    }
    if text.len() > most {
        return Err(text_error(
            field,
            format!("{} bytes are too long, {most} fit", text.len()),
        ));
    }
    if !is_line(text) {
        return Err(text_error(field, "one line without control characters"));
    }
    Ok(text.to_owned())
}

fn block(field: &'static str, text: &str, most: usize) -> Result<String, Refused> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.len() > most {
        return Err(text_error(
            field,
            format!("{} bytes are too long, {most} fit", text.len()),
        ));
    }
    if !is_block(text) {
        return Err(text_error(field, "control characters are not allowed"));
    }
    Ok(text.to_owned())
}

fn content(text: &str) -> Result<(Content, Vec<Vec<u8>>), Refused> {
    let text = text.replace("\r\n", "\n");
    Content::of(text.trim_end()).map_err(|error| text_error("text", error.to_string()))
}

fn note(text: &str) -> Option<Vec<u8>> {
    (!text.is_empty()).then(|| text.as_bytes().to_vec())
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
        self.check_ready(act)?;
        let draft = self.draft(now, key, act)?;
        self.address(now, key, draft, random)
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
            if let Some(opening) = opening.filter(|opening| time > opening.deadline) {
                return Err(Refused::Closed(opening.deadline));
            }
        }
        let body = Salted::new(&salt(), &record.to_bytes());
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
            Act::Found | Act::Join(_) | Act::Admit(_) => self.draft_membership(key, act),
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
                let (grant, _) = self.steward_or_delegate(key)?;
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
            Act::Apply {
                application,
                request,
            } => {
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
            _ => self.draft_proposal(now, key, act),
        }
    }

    fn draft_membership(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        let federation = EntryId(self.federation().0);
        match act {
            Act::Found => {
                if self.genesis().founder(key).is_none() {
                    return Err(Refused::Right {
                        needs: "the root key of a founder",
                    });
                }
                Ok(Draft::new(
                    federation,
                    "members",
                    Record::Found(record::Found),
                ))
            }
            Act::Join(join) => {
                let found = join.founders(self.genesis(), &self.federation());
                let needed = self.genesis().admissions_needed();
                if found < needed {
                    return Err(Refused::Admissions { found, needed });
                }
                Ok(Draft::new(
                    federation,
                    "members",
                    Record::Join(join.clone()),
                ))
            }
            Act::Admit(admit) => {
                let grant = self.root_grant(key)?;
                if self.genesis().founder(key).is_none() {
                    return Err(Refused::Right {
                        needs: "the root key of a founder",
                    });
                }
                self.check_newcomer(&admit.newcomer.root, &admit.newcomer.class)?;
                Ok(Draft::new(grant, "members", Record::Admit(admit.clone())))
            }
            _ => Err(Refused::UnknownKey),
        }
    }

    fn check_newcomer(&self, root: &PublicKey, class: &str) -> Result<(), Refused> {
        if let Some(member) = self.view().members.get(&MemberId(root.0)) {
            return Err(Refused::AlreadyMember(member.name.clone()));
        }
        let classes = &self.charter().terms().classes;
        if !classes.iter().any(|known| known.id.as_str() == class) {
            let known: Vec<&str> = classes.iter().map(|class| class.id.as_str()).collect();
            return Err(Refused::Class(class.to_owned(), known.join(", ")));
        }
        Ok(())
    }

    fn draft_right(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        match act {
            Act::Grant {
                purpose,
                key: granted,
                person,
                roles,
                custody,
                proof,
            } => {
                let grant = self.granting_grant(key)?;
                let granting = self.replica().find(&grant).ok_or(Refused::UnknownKey)?;
                let (federation, member) = (self.federation(), granting.member);
                let claim = self.view().granted_by(&member, granted);
                let missing = Refused::ProofMissing { federation, member };
                let record = record::Grant {
                    purpose: *purpose,
                    key: *granted,
                    person: *person,
                    roles: *roles,
                    custody: *custody,
                    number: claim.map_or(1, |known| known.number.saturating_add(1)),
                    proof: proof
                        .or_else(|| self.proof_of(claim?, *purpose, *person))
                        .ok_or(missing)?,
                };
                if record.verify(&federation, &member) == Err(KeyError::Signature) {
                    return Err(Refused::Proof { federation, member });
                }
                Ok(Draft::new(grant, "keys", Record::Grant(record)))
            }
            Act::Mandate { delegates } => {
                let grant = self.root_grant(key)?;
                let member = self.view().members.get(&MemberId(key.0));
                let number = member
                    .and_then(|m| m.mandate.as_ref())
                    .map_or(0, |m| m.number);
                let mut delegates = delegates.clone();
                delegates.sort_unstable();
                delegates.dedup_by_key(|delegate| delegate.key);
                if delegates.len() > record::DELEGATES_MAX {
                    return Err(text_error("delegates", "at most 32 keys"));
                }
                let record = record::Mandate {
                    number: number + 1,
                    delegates,
                };
                Ok(Draft::new(grant, "keys", Record::Mandate(record)))
            }
            Act::Revoke {
                key: revoked,
                keep,
                reason,
            } => {
                let grant = self.granting_grant(key)?;
                if revoked == key {
                    return Err(Refused::Right {
                        needs: "another key than the one revoked",
                    });
                }
                let last = match keep {
                    Keep::All => self.replica().tip(revoked),
                    Keep::Nothing => None,
                    Keep::UpTo(sequence, id) => Some((*sequence, *id)),
                };
                let record = record::Revocation {
                    key: *revoked,
                    last,
                };
                let mut draft = Draft::new(grant, "keys", Record::Revocation(record));
                draft.audience = Audience::Members;
                draft.note = note(&block("reason", reason, record::NOTE_BYTES_MAX)?);
                Ok(draft)
            }
            _ => Err(Refused::UnknownKey),
        }
    }

    fn draft_proposal(&self, now: Timestamp, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        match act {
            Act::Propose {
                title,
                text,
                rule,
                urgent,
                circle,
                language,
            } => {
                let (grant, _) = self.person_grant(key)?;
                let rule = self.rule(rule)?;
                if circle.is_some_and(|circle| !self.view().circles.contains_key(&circle)) {
                    return Err(Refused::UnknownCircle);
                }
                let urgent = match urgent {
                    Some(why) => Some(line("justification", why, record::LINE_BYTES_MAX)?),
                    None => None,
                };
                let (content, chunks) = content(text)?;
                let record = record::Proposal {
                    title: line("title", title, record::LINE_BYTES_MAX)?,
                    content,
                    rule: rule.to_string(),
                    urgent,
                    circle: *circle,
                    language: line("language", language, 35)?,
                };
                let mut draft = Draft::new(grant, "proposals", Record::Proposal(record));
                draft.chunks = chunks;
                Ok(draft)
            }
            Act::Amend {
                proposal,
                title,
                text,
                what_changed,
            } => {
                let decision = self.own_proposal(now, key, proposal)?;
                let (grant, _) = self.person_grant(key)?;
                if decision.state == State::Closed(decision::Verdict::Passed) {
                    return Err(Refused::Decided);
                }
                let (content, chunks) = content(text)?;
                let record = record::Amendment {
                    proposal: *proposal,
                    number: decision.version.number + 1,
                    previous: decision.version.entry,
                    title: line("title", title, record::LINE_BYTES_MAX)?,
                    content,
                };
                let mut draft = Draft::of(grant, proposal, Record::Amendment(record));
                draft.note = note(&block(
                    "what changed",
                    what_changed,
                    record::NOTE_BYTES_MAX,
                )?);
                draft.references = vec![decision.version.entry];
                draft.chunks = chunks;
                Ok(draft)
            }
            Act::Withdraw { proposal, reason } => {
                let decision = self.own_proposal(now, key, proposal)?;
                if let State::Closed(_) = decision.state {
                    return Err(closed(&decision));
                }
                let (grant, _) = self.person_grant(key)?;
                let record = record::Withdrawal {
                    proposal: *proposal,
                };
                let mut draft = Draft::of(grant, proposal, Record::Withdrawal(record));
                draft.note = note(&block("reason", reason, record::NOTE_BYTES_MAX)?);
                Ok(draft)
            }
            Act::Open { proposal } => self.draft_opening(now, key, proposal),
            Act::Vote { .. } => self.draft_ballot(now, key, act),
            Act::Comment {
                proposal,
                answers,
                text,
            } => {
                let (grant, _) = self.person_grant(key)?;
                if self.decision(proposal, now).is_none() {
                    return Err(Refused::UnknownProposal);
                }
                let text = block("comment", text, record::NOTE_BYTES_MAX)?;
                if visible_characters(&text) == 0 {
                    return Err(text_error("comment", "write something"));
                }
                let record = record::Comment {
                    proposal: *proposal,
                    answers: *answers,
                };
                let mut draft = Draft::of(grant, proposal, Record::Comment(record));
                draft.audience = Audience::Members;
                draft.note = note(&text);
                draft.references = answers.iter().copied().collect();
                Ok(draft)
            }
            _ => Err(Refused::UnknownProposal),
        }
    }

    fn rule(&self, name: &str) -> Result<domain::charter::RuleName, Refused> {
        if name.is_empty() {
            return Ok(self.charter().terms().default_rule);
        }
        let rule = name
            .parse()
            .map_err(|error: domain::charter::RuleNameError| Refused::Rule(error.to_string()))?;
        self.charter()
            .check_rule(rule)
            .map_err(|error| Refused::Rule(error.to_string()))?;
        Ok(rule)
    }

    /// A proposal of the key's own member that is not withdrawn.
    fn own_proposal(
        &self,
        now: Timestamp,
        key: &PublicKey,
        proposal: &ProposalId,
    ) -> Result<Decision<'_>, Refused> {
        let decision = self
            .decision(proposal, now)
            .ok_or(Refused::UnknownProposal)?;
        let (_, member) = match self.person_grant(key) {
            Ok(found) => found,
            Err(_) => self.steward_or_delegate(key)?,
        };
        if member != decision.first.member {
            let member = self.view().member_name(&decision.first.member);
            return Err(Refused::NotTheProposer { member });
        }
        if decision.state == State::Withdrawn {
            return Err(Refused::Withdrawn);
        }
        Ok(decision)
    }

    fn draft_opening(
        &self,
        now: Timestamp,
        key: &PublicKey,
        proposal: &ProposalId,
    ) -> Result<Draft, Refused> {
        let decision = self.own_proposal(now, key, proposal)?;
        let (grant, _) = self.steward_or_delegate(key)?;
        match decision.state {
            State::Voting => return Err(Refused::AlreadyOpen),
            State::Closed(_) => return Err(closed(&decision)),
            _ => {}
        }
        let version: &Version = decision.version;
        let rule = self.rule(&decision.first.rule)?;
        let eligible = self.eligible(rule);
        let electorate: Vec<Elector> = eligible
            .iter()
            .filter_map(|(id, class)| {
                let member = self.view().members.get(id)?;
                Some(Elector {
                    member: *id,
                    class: class.as_str().to_owned(),
                    root: member.root,
                    record: member.record,
                })
            })
            .collect();
        if electorate.is_empty() {
            return Err(Refused::EmptyElectorate);
        }
        if electorate.len() > VOTERS_MAX {
            let found = electorate.len();
            return Err(Refused::ElectorateTooLarge {
                found,
                most: VOTERS_MAX,
            });
        }
        let seconds = decision::period(rule, decision.first.urgent.is_some(), self.charter());
        let record = record::Opening {
            proposal: *proposal,
            version: version.entry,
            text: version.hash,
            rule: decision.first.rule.clone(),
            charter: self.charter().hash(),
            deadline: now.plus_seconds(seconds),
            electorate,
        };
        let mut draft = Draft::of(grant, proposal, Record::Opening(record));
        draft.references = vec![version.entry];
        draft.after = Some(version.entry);
        Ok(draft)
    }

    fn draft_ballot(&self, now: Timestamp, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        let Act::Vote {
            proposal,
            version,
            choice,
            aim,
            reason,
        } = act
        else {
            return Err(Refused::UnknownProposal);
        };
        let decision = self
            .decision(proposal, now)
            .ok_or(Refused::UnknownProposal)?;
        let (grant, member, number) = self.mandate_of(key)?;
        match decision.state {
            State::Withdrawn => return Err(Refused::Withdrawn),
            State::Deliberation => return Err(Refused::NotOpen),
            State::Closed(_) => return Err(closed(&decision)),
            State::Voting => {}
        }
        let phase = decision.phase.as_ref().ok_or(Refused::NotOpen)?;
        if phase.version.hash != *version {
            return Err(Refused::OldVersion {
                read: *version,
                current: phase.version.hash,
            });
        }
        if phase.electorate.class_of(&member).is_none() {
            return Err(Refused::NotEligible {
                member: self.view().member_name(&member),
            });
        }
        let reason = block("reason", reason, record::NOTE_BYTES_MAX)?;
        self.check_choice(*choice, *aim, &reason)?;
        let mine = phase
            .ballots
            .values()
            .filter(|ballot| ballot.member == member);
        let under_this = mine.filter(|ballot| ballot.mandate == number);
        let used = under_this
            .map(|ballot| ballot.record.revision)
            .max()
            .unwrap_or(0);
        if used >= REVISIONS_MAX {
            return Err(Refused::NoRevisionLeft);
        }
        let record = Ballot {
            phase: phase.opening.id,
            revision: used + 1,
            version: *version,
            choice: *choice,
            aim: *aim,
            reason_characters: visible_characters(&reason) as u64,
        };
        let mut draft = Draft::new(grant, "ballots", Record::Ballot(record));
        // A clock a little behind the opener's must not make a vote that came before the opening.
        draft.after = Some(phase.opening.id);
        draft.audience = Audience::Members;
        draft.note = note(&reason);
        Ok(draft)
    }

    fn check_choice(&self, choice: Choice, aim: Option<u64>, reason: &str) -> Result<(), Refused> {
        if !choice.is_allowed(self.charter()) {
            return Err(Refused::Choice(choice.as_str()));
        }
        let terms = self.charter().terms();
        let known = |aim: u64| usize::try_from(aim).is_ok_and(|aim| aim < terms.aims.len());
        if (choice == Choice::Block) != aim.is_some() || !aim.is_none_or(known) {
            return Err(Refused::Aim(terms.aims.len()));
        }
        let found = visible_characters(reason);
        let needed = terms
            .minimum_reason_characters
            .max(record::REASON_CHARACTERS_MIN);
        if choice == Choice::Block && (found as u64) < needed {
            return Err(Refused::ReasonTooShort { found, needed });
        }
        Ok(())
    }

    /// The proof of an earlier grant, if it was for this purpose and person.
    fn proof_of(
        &self,
        known: &Key,
        purpose: Purpose,
        person: Option<PersonId>,
    ) -> Option<Signature> {
        let stored = self.replica().find(&known.grant)?;
        match stored.record.as_deref() {
            Some(Record::Grant(grant)) if grant.purpose == purpose && grant.person == person => {
                Some(grant.proof)
            }
            _ => None,
        }
    }

    fn root_grant(&self, key: &PublicKey) -> Result<EntryId, Refused> {
        let own = self
            .view()
            .members
            .get(&MemberId(key.0))
            .filter(|member| member.root == *key);
        own.map(|member| member.record).ok_or(Refused::Right {
            needs: "a member's root key",
        })
    }

    /// The grant a person's key acts under, and its member.
    fn person_grant(&self, key: &PublicKey) -> Result<(EntryId, MemberId), Refused> {
        match self.view().keys.get(key) {
            Some(known) if known.revoked => Err(Refused::Revoked),
            Some(known) if known.purpose == Purpose::Person => Ok((known.grant, known.member)),
            _ => self
                .mandate_of(key)
                .map(|(grant, member, _)| (grant, member))
                .map_err(|_| Refused::Right {
                    needs: "a person's key of a member",
                }),
        }
    }

    fn node_grant(&self, key: &PublicKey) -> Result<EntryId, Refused> {
        match self.view().keys.get(key) {
            Some(known) if known.revoked => Err(Refused::Revoked),
            Some(known) if known.purpose == Purpose::Node => Ok(known.grant),
            _ => Err(Refused::Right {
                needs: "a node's key",
            }),
        }
    }

    /// The mandate in force that lists this key: its entry, member and number.
    fn mandate_of(&self, key: &PublicKey) -> Result<(EntryId, MemberId, u64), Refused> {
        let needs = "a delegate's key, listed in the mandate of your co-op (folkmoot key mandate)";
        let member = match self.view().keys.get(key) {
            Some(known) if known.revoked => return Err(Refused::Revoked),
            Some(known) => self.view().members.get(&known.member),
            None => {
                let lists = |member: &&Member| {
                    let mandate = member.mandate.as_ref();
                    mandate.is_some_and(|m| m.delegates.iter().any(|d| d.key == *key))
                };
                let own = self.member().and_then(|own| self.view().members.get(&own));
                let others = || self.view().members.values().find(lists);
                own.filter(lists).or_else(others)
            }
        };
        let mandate = member.and_then(|member| member.mandate.as_ref().map(|m| (member.id, m)));
        match mandate {
            Some((member, mandate)) if mandate.delegates.iter().any(|d| d.key == *key) => {
                Ok((mandate.entry, member, mandate.number))
            }
            _ => Err(Refused::Right { needs }),
        }
    }

    fn steward_or_delegate(&self, key: &PublicKey) -> Result<(EntryId, MemberId), Refused> {
        match self.view().keys.get(key) {
            Some(known) if known.revoked => return Err(Refused::Revoked),
            Some(known) if known.roles.has(record::Roles::STEWARD) => {
                return Ok((known.grant, known.member));
            }
            _ => {}
        }
        let mandated = self
            .mandate_of(key)
            .map(|(grant, member, _)| (grant, member));
        mandated.map_err(|_| Refused::Right {
            needs: "the role steward or delegate",
        })
    }

    /// The grant of a key that may grant and revoke: a root key or a steward's.
    fn granting_grant(&self, key: &PublicKey) -> Result<EntryId, Refused> {
        if let Ok(grant) = self.root_grant(key) {
            return Ok(grant);
        }
        match self.view().keys.get(key) {
            Some(known) if known.revoked => Err(Refused::Revoked),
            Some(known) if known.roles.has(record::Roles::STEWARD) => Ok(known.grant),
            _ => Err(Refused::Right {
                needs: "the role steward, or the root key",
            }),
        }
    }
}

fn closed(decision: &Decision<'_>) -> Refused {
    let deadline = decision
        .phase
        .as_ref()
        .map(|phase| phase.opening.record.deadline);
    deadline.map_or(Refused::NotOpen, Refused::Closed)
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
        (Kind::Proposal, _) => Change::Proposal(id),
        (_, Some(Record::Amendment(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Withdrawal(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Opening(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Comment(record))) => Change::Proposal(record.proposal),
        (_, Some(Record::Ballot(record))) => Change::Proposal(*phases.get(&record.phase)?),
        (Kind::Circle | Kind::Role, _) => Change::Circles,
        (Kind::Application | Kind::Admit, _) => Change::Applications,
        (Kind::Endpoint, _) => Change::Peers,
        _ => Change::Members,
    })
}
