//! Under which grant a key acts.

use domain::{
    id::{EntryId, MemberId, PersonId},
    key::{PublicKey, Signature},
    record::{self, Purpose, Record},
};
use replica::view::{Key, Member};

use crate::{
    act::{Act, Keep},
    core::Core,
    error::Refused,
};

impl Core {
    /// The proof of an earlier grant, if it was for this purpose and person.
    pub(super) fn proof_of(
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

    pub(super) fn root_grant(&self, key: &PublicKey) -> Result<EntryId, Refused> {
        let own = self.view().root_of(key);
        own.map(|(_, began)| began).ok_or(Refused::Right {
            needs: "a member's root key, the one in force",
        })
    }

    /// What a root key that took the place of another signs next to take up its place; nothing of who
    /// has, or is no member's root key in force. It begins its log, ends the key before it, and signs the
    /// mandate anew: the register knows a mandate by the root key in force.
    #[must_use]
    pub fn takes_up(&self, root: &PublicKey) -> Option<Act> {
        let mut members = self.order()?.members().iter();
        let (id, known) = members.find(|(_, known)| known.root == *root)?;
        if root.0 == id.0 {
            return None;
        }
        let Some((member, _)) = self.view().root_of(root) else {
            let newcomer = record::Newcomer {
                root: *root,
                name: known.name.clone(),
                class: known.class.as_str().to_owned(),
            };
            let member = *id;
            return Some(Act::Enter(record::Enter { member, newcomer }));
        };
        let mut before = self.view().roots_of(id);
        if let Some(before) = before.find(|key| *key != root && !self.replica().is_revoked(key)) {
            return Some(Act::Revoke {
                key: *before,
                keep: Keep::All,
                reason: String::new(),
            });
        }
        let mandate = member.mandate.as_ref()?;
        let signed = self.replica().find(&mandate.entry)?;
        (signed.author != *root).then(|| Act::Mandate {
            delegates: mandate.delegates.clone(),
        })
    }

    /// The grant a person's key acts under, and its member.
    pub(super) fn person_grant(&self, key: &PublicKey) -> Result<(EntryId, MemberId), Refused> {
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

    pub(super) fn node_grant(&self, key: &PublicKey) -> Result<EntryId, Refused> {
        match self.view().keys.get(key) {
            Some(known) if known.revoked => Err(Refused::Revoked),
            Some(known) if known.purpose == Purpose::Node => Ok(known.grant),
            _ => Err(Refused::Right {
                needs: "a node's key",
            }),
        }
    }

    /// The mandate in force that lists this key: its entry, member and number.
    pub(crate) fn mandate_of(&self, key: &PublicKey) -> Result<(EntryId, MemberId, u64), Refused> {
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
        let Some((member, mandate)) = member.and_then(|m| Some((m, m.mandate.as_ref()?))) else {
            return Err(Refused::Right { needs });
        };
        if mandate.delegates.iter().any(|d| d.key == *key) {
            return Ok((mandate.entry, member.id, mandate.number));
        }
        Err(Refused::NotInMandate {
            member: member.name.clone(),
            number: mandate.number,
        })
    }

    /// The mandate that lists this key, or another grant: what a delegate writes under its mandate the
    /// register can tell to be its member's without any log.
    pub(super) fn mandate_or(
        &self,
        key: &PublicKey,
        other: impl FnOnce(&Self, &PublicKey) -> Result<(EntryId, MemberId), Refused>,
    ) -> Result<(EntryId, MemberId), Refused> {
        match self.mandate_of(key) {
            Ok((mandate, member, _)) => Ok((mandate, member)),
            Err(_) => other(self, key),
        }
    }

    /// What the register takes is written under a mandate: anything else would never become final, and
    /// nobody would be told. Before the register other rights do, too.
    pub(super) fn deciding_grant(
        &self,
        key: &PublicKey,
        other: impl FnOnce(&Self, &PublicKey) -> Result<(EntryId, MemberId), Refused>,
    ) -> Result<(EntryId, MemberId), Refused> {
        match self.register_chain() {
            Some(_) => self
                .mandate_of(key)
                .map(|(mandate, member, _)| (mandate, member)),
            None => self.mandate_or(key, other),
        }
    }

    pub(super) fn steward_or_delegate(
        &self,
        key: &PublicKey,
    ) -> Result<(EntryId, MemberId), Refused> {
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
    pub(super) fn granting_grant(&self, key: &PublicKey) -> Result<EntryId, Refused> {
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
