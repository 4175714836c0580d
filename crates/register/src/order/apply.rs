//! What each effect does, and why it may do nothing.

use domain::{
    charter::{Charter, ClassId, RuleName},
    effect::{
        Applicant, COMMITTEE, Effect, EffectError, FORCE_MAJEURE_MS_MAX, Someone, root_message,
    },
    id::{EntryId, FederationId, MemberId, Timestamp},
    key::PublicKey,
    record::VOTERS_MAX,
};

use super::{
    Commission, Departure, ForceMajeure, Former, Holder, Ineffective, Mediation, Member, Order,
    Rules,
};
use crate::declaration::{Declaration, Matter};

/// Where in the register an effect is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The federation.
    pub federation: FederationId,
    /// The height that decides it.
    pub height: u64,
    /// When the vote ended.
    pub time: Timestamp,
    /// What an admission rests on from then on: the phase that decided it.
    pub record: EntryId,
}

impl Order {
    /// Whether an effect may be voted on by a rule at this place of the register, as the order is
    /// now.
    ///
    /// # Errors
    /// Says why it would do nothing.
    pub fn check(&self, place: &Place, rule: RuleName, effect: &Effect) -> Result<(), Ineffective> {
        effect.check(rule)?;
        self.clone().apply(place, effect)
    }

    /// Changes all or nothing, and never so that nobody is left who decides.
    fn changed(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<(), Ineffective>,
    ) -> Result<(), Ineffective> {
        let mut next = self.clone();
        change(&mut next)?;
        if next.electorate(RuleName::Charter).is_empty() {
            return Err(Ineffective::NobodyLeft);
        }
        if next.validators().is_none() && self.validators().is_some() {
            return Err(Ineffective::NoValidators);
        }
        *self = next;
        Ok(())
    }

    /// Does what was decided, or nothing.
    ///
    /// # Errors
    /// Says why it does nothing; then nothing has changed.
    pub fn apply(&mut self, place: &Place, effect: &Effect) -> Result<(), Ineffective> {
        self.changed(|order| order.carry_out(place, effect))
    }

    fn carry_out(&mut self, place: &Place, effect: &Effect) -> Result<(), Ineffective> {
        match effect {
            Effect::Admission(applicant) => self.admit(place, applicant),
            Effect::Expulsion { member } => self.depart(place.height, member, Departure::Expelled),
            Effect::Class { member, class } => self.reclass(member, class),
            Effect::Host { member, host } => self.rehost(member, host),
            Effect::Office {
                circle,
                title,
                holder,
                until,
            } => {
                let key = (*circle, title.clone());
                match holder {
                    Some(who) => {
                        self.known(&who.member)?;
                        let (who, until) = (*who, *until);
                        self.offices.insert(key, Holder { who, until });
                    }
                    None => drop(self.offices.remove(&key)),
                }
                Ok(())
            }
            Effect::Commission {
                name,
                powers,
                people,
                until,
            } => {
                self.all_known(people)?;
                let (until, ended) = (*until, place.time);
                if name == COMMITTEE && until <= ended {
                    return Err(Ineffective::TermOver { until, ended });
                }
                let commission = Commission {
                    powers: powers.clone(),
                    people: people.clone(),
                    until,
                };
                self.commissions.insert(name.clone(), commission);
                Ok(())
            }
            Effect::Charter { charter } => self.recharter(charter),
            Effect::Rules {
                version,
                from_height,
            } => self.follow(place.height, *version, *from_height),
            Effect::ForceMajeure { times, until } => {
                let most = place.time.plus_ms(FORCE_MAJEURE_MS_MAX);
                let (times, until) = (*times, *until);
                if until > most {
                    return Err(Ineffective::TooLong { until, most });
                }
                self.force_majeure = Some(ForceMajeure { times, until });
                Ok(())
            }
            Effect::Mediation {
                proposal,
                people,
                until,
            } => {
                self.all_known(people)?;
                let (people, until) = (people.clone(), *until);
                self.mediations
                    .insert(*proposal, Mediation { people, until });
                Ok(())
            }
            Effect::ServerPolicy {
                member,
                server,
                policy,
            } => {
                self.known(member)?;
                self.policies
                    .insert((*member, server.clone()), policy.clone());
                Ok(())
            }
            Effect::Settlement { period, digest } => {
                if self.settlements.contains_key(period) {
                    return Err(Ineffective::Settled(period.clone()));
                }
                self.settlements.insert(period.clone(), *digest);
                Ok(())
            }
            Effect::Root {
                member,
                root,
                proof,
            } => {
                self.known(member)?;
                self.root_is_free(root)?;
                let message = root_message(&place.federation, member);
                let signed = root.verify(&message, proof);
                signed.map_err(|_| Ineffective::Signature(*root))?;
                if let Some(known) = self.members.get_mut(member) {
                    known.root = *root;
                    // Whoever had the key before may have used its numbers up.
                    known.declared = 0;
                }
                Ok(())
            }
        }
    }

    /// Does what a member declares with its root key. An objection only counts as declared: what it
    /// is about is for who keeps the phases.
    ///
    /// # Errors
    /// When the member is none or did not sign it, it was declared before, or cannot be.
    pub fn declare(
        &mut self,
        federation: &FederationId,
        height: u64,
        declaration: &Declaration,
    ) -> Result<(), Ineffective> {
        let Declaration { member, number, .. } = declaration;
        let known = self.known(member)?;
        let (root, found, known) = (known.root, *number, known.declared);
        if found <= known {
            return Err(Ineffective::Declared { found, known });
        }
        let signed = declaration.verify(federation, &root);
        signed.map_err(|_| Ineffective::Signature(root))?;
        self.changed(|order| {
            if let Some(member) = order.members.get_mut(member) {
                member.declared = found;
            }
            match &declaration.matter {
                Matter::Validator { key, .. } => order.name_validator(member, Some(*key)),
                Matter::NoValidator => order.name_validator(member, None),
                Matter::Leave => order.depart(height, member, Departure::Left),
                Matter::Objection { .. } => Ok(()),
            }
        })
    }

    fn name_validator(
        &mut self,
        member: &MemberId,
        key: Option<PublicKey>,
    ) -> Result<(), Ineffective> {
        let is_taken = |key: &PublicKey| {
            let mut others = self.members.iter().filter(|(id, _)| *id != member);
            others.any(|(_, other)| other.validator == Some(*key))
        };
        if let Some(key) = key.filter(is_taken) {
            return Err(Ineffective::KeyTaken(key));
        }
        if let Some(known) = self.members.get_mut(member) {
            known.validator = key;
        }
        Ok(())
    }

    fn known(&self, member: &MemberId) -> Result<&Member, Ineffective> {
        let known = self.members.get(member);
        known.ok_or(Ineffective::NoMember(*member))
    }

    fn all_known(&self, people: &[Someone]) -> Result<(), Ineffective> {
        let mut people = people.iter();
        people.try_for_each(|one| self.known(&one.member).map(drop))
    }

    fn root_is_free(&self, root: &PublicKey) -> Result<(), Ineffective> {
        match self.members.values().any(|member| member.root == *root) {
            true => Err(Ineffective::KeyTaken(*root)),
            false => Ok(()),
        }
    }

    fn class(&self, class: &str) -> Result<ClassId, Ineffective> {
        let id = class.parse::<ClassId>().ok();
        let known = id.filter(|id| self.charter.class(id).is_some());
        known.ok_or_else(|| Ineffective::NoClass(class.to_owned()))
    }

    fn has_node(&self, host: &MemberId) -> Result<(), Ineffective> {
        match self.known(host)?.host == *host {
            true => Ok(()),
            false => Err(Ineffective::NoHost(*host)),
        }
    }

    fn admit(&mut self, place: &Place, applicant: &Applicant) -> Result<(), Ineffective> {
        let id = applicant.member();
        let root = applicant.newcomer.root;
        if self.members.contains_key(&id) {
            return Err(Ineffective::AlreadyMember(id));
        }
        if self.former.contains_key(&id) {
            return Err(Ineffective::WasMember(id));
        }
        // A vote has so many voters at most: with one more, none by the charter's rule could be opened.
        let (found, most) = (self.members.len(), VOTERS_MAX);
        if found >= most {
            return Err(Ineffective::Full { found, most });
        }
        self.root_is_free(&root)?;
        let signed = applicant.verify(&place.federation);
        signed.map_err(|_| Ineffective::Signature(root))?;
        let (accepted, in_force) = (applicant.terms, self.charter.hash());
        if accepted != in_force {
            return Err(Ineffective::Terms { accepted, in_force });
        }
        let class = self.class(&applicant.newcomer.class)?;
        if let Some(host) = &applicant.host {
            self.has_node(host)?;
        }
        let member = Member {
            name: applicant.newcomer.name.clone(),
            class,
            root,
            record: place.record,
            host: applicant.host.unwrap_or(id),
            validator: None,
            since: place.height,
            declared: 0,
        };
        self.members.insert(id, member);
        Ok(())
    }

    fn depart(
        &mut self,
        height: u64,
        member: &MemberId,
        departure: Departure,
    ) -> Result<(), Ineffective> {
        let name = self.known(member)?.name.clone();
        let mut others = self.members.iter().filter(|(id, _)| *id != member);
        if let Some((served, _)) = others.find(|(_, other)| other.host == *member) {
            let (host, member) = (*member, *served);
            return Err(Ineffective::StillHosts { host, member });
        }
        self.members.remove(member);
        self.offices
            .retain(|_, holder| holder.who.member != *member);
        for commission in self.commissions.values_mut() {
            commission.people.retain(|one| one.member != *member);
        }
        self.commissions.retain(|_, one| !one.people.is_empty());
        let since = height;
        let former = Former {
            name,
            departure,
            since,
        };
        self.former.insert(*member, former);
        Ok(())
    }

    fn reclass(&mut self, member: &MemberId, class: &str) -> Result<(), Ineffective> {
        let id = self.class(class)?;
        if self.known(member)?.class == id {
            return Err(Ineffective::SameClass(class.to_owned()));
        }
        if let Some(known) = self.members.get_mut(member) {
            known.class = id;
        }
        Ok(())
    }

    fn rehost(&mut self, member: &MemberId, host: &MemberId) -> Result<(), Ineffective> {
        self.known(member)?;
        if host != member {
            self.has_node(host)?;
            let mut others = self.members.iter().filter(|(id, _)| *id != member);
            if let Some((served, _)) = others.find(|(_, other)| other.host == *member) {
                let (host, member) = (*member, *served);
                return Err(Ineffective::StillHosts { host, member });
            }
        }
        if let Some(known) = self.members.get_mut(member) {
            known.host = *host;
        }
        Ok(())
    }

    fn recharter(&mut self, bytes: &[u8]) -> Result<(), Ineffective> {
        let charter = Charter::decode(bytes).map_err(EffectError::Charter)?;
        if charter == self.charter {
            return Err(Ineffective::SameCharter);
        }
        let mut members = self.members.iter();
        if let Some((id, member)) = members.find(|(_, one)| charter.class(&one.class).is_none()) {
            return Err(Ineffective::ClassHasMembers {
                class: member.class.as_str().to_owned(),
                member: *id,
            });
        }
        self.charter = charter;
        Ok(())
    }

    fn follow(&mut self, height: u64, version: u64, from: u64) -> Result<(), Ineffective> {
        // One that has not begun can still be put off or brought forward.
        let known = self.rules.at(height);
        if version != known + 1 {
            let found = version;
            return Err(Ineffective::RulesVersion { found, known });
        }
        if from <= height {
            let found = from;
            return Err(Ineffective::RulesHeight { found, height });
        }
        self.rules = Rules {
            version,
            from_height: from,
        };
        Ok(())
    }
}
