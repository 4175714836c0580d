//! Acts that make members and give and take rights.

use domain::{
    entry::Audience,
    id::{EntryId, MemberId},
    key::{KeyError, PublicKey},
    record::{self, Record},
};

use super::{
    Draft,
    text::{block, note, text_error},
};
use crate::{
    act::{Act, Keep},
    core::Core,
    error::Refused,
};

impl Core {
    pub(super) fn draft_membership(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
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
            Act::Enter(enter) => Ok(Draft::new(
                federation,
                "members",
                Record::Enter(enter.clone()),
            )),
            Act::Admit(admit) => {
                if self.register_chain().is_some() {
                    return Err(Refused::ByDecision);
                }
                let grant = self.root_grant(key)?;
                if self.genesis().founder(key).is_none() {
                    return Err(Refused::Right {
                        needs: "the root key of a founder",
                    });
                }
                self.check_newcomer(&admit.newcomer.root, &admit.newcomer.class)?;
                let signed = self.view().admissions.get(&admit.newcomer);
                if signed.is_some_and(|signed| signed.contains_key(key)) {
                    return Err(Refused::AdmittedAlready(admit.newcomer.name.clone()));
                }
                Ok(Draft::new(grant, "members", Record::Admit(admit.clone())))
            }
            _ => Err(Refused::UnknownKey),
        }
    }

    pub(super) fn check_newcomer(&self, root: &PublicKey, class: &str) -> Result<(), Refused> {
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

    pub(super) fn draft_right(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
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
                let member = self.view().root_of(key);
                let number = member
                    .and_then(|(member, _)| member.mandate.as_ref())
                    .map_or(0, |mandate| mandate.number);
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
}
