//! Acts about who serves whom (`specs/hosts.md`).

use domain::{
    id::{EntryId, MemberId},
    key::PublicKey,
    record::{self, HOST_NUMBER_MAX, Purpose, Record},
};

use super::Draft;
use crate::{act::Act, core::Core, error::Refused};

impl Core {
    pub(super) fn draft_host(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        match act {
            Act::Host { host } => {
                let (grant, member) = self.member_grant(key)?;
                self.check_host(&member, host)?;
                let last = self.view().hosted(&member);
                let again = last
                    .as_ref()
                    .is_some_and(|last| last.host == Some(*host) && last.choice.host == *host);
                if again {
                    return Err(Refused::AlreadyHost(self.view().member_name(host)));
                }
                let record = record::Host {
                    host: *host,
                    number: next(last.map_or(0, |last| last.number)),
                };
                Ok(Draft::new(grant, "hosts", Record::Host(record)))
            }
            Act::Hosting { member, accepts } => {
                let (grant, host) = match self.node_grant(key) {
                    Ok(grant) => (grant, self.member_of_key(key)?),
                    Err(_) => self.member_grant(key)?,
                };
                let hosted = self.view().hosted(member);
                let is_decided = hosted
                    .is_some_and(|hosted| hosted.decided.is_some() && hosted.host == Some(host));
                if is_decided && !accepts {
                    let member = self.view().member_name(member);
                    return Err(Refused::HostByDecision { member });
                }
                let number = self.answered(&host, member, *accepts)?;
                let record = record::Hosting {
                    member: *member,
                    number,
                    accepts: *accepts,
                };
                Ok(Draft::new(grant, "hosts", Record::Hosting(record)))
            }
            _ => Err(Refused::UnknownKey),
        }
    }

    /// The grant of a root key or a steward's, and its member.
    fn member_grant(&self, key: &PublicKey) -> Result<(EntryId, MemberId), Refused> {
        let grant = self.granting_grant(key)?;
        Ok((grant, self.member_of_key(key)?))
    }

    fn member_of_key(&self, key: &PublicKey) -> Result<MemberId, Refused> {
        self.view().member_of(key).ok_or(Refused::UnknownKey)
    }

    /// A host is a member that has a node. A member may name itself: others find out whether it
    /// answers.
    fn check_host(&self, member: &MemberId, host: &MemberId) -> Result<(), Refused> {
        let view = self.view();
        if !view.members.contains_key(host) {
            return Err(Refused::UnknownMember(host.to_string()));
        }
        if self.has_node(host) {
            return Ok(());
        }
        Err(Refused::NoNode(match member == host {
            true => "your co-op".to_owned(),
            false => view.member_name(host),
        }))
    }

    fn has_node(&self, member: &MemberId) -> bool {
        let mut keys = self.view().keys.values();
        keys.any(|key| key.member == *member && key.purpose == Purpose::Node && !key.revoked)
    }

    /// The number of the choice that a host answers: the last one that names it, so that a host
    /// can also end what a later choice has not replaced yet.
    fn answered(&self, host: &MemberId, member: &MemberId, accepts: bool) -> Result<u64, Refused> {
        let view = self.view();
        let choices = view.choices.get(member);
        let naming = choices.and_then(|choices| {
            let mut choices = choices.iter().rev();
            choices.find(|(_, choice)| choice.host == *host)
        });
        match (naming, choices.and_then(|choices| choices.last_key_value())) {
            (Some((number, _)), Some((last, _))) if number == last || !accepts => Ok(*number),
            // It has chosen nobody yet: the first choice is offered to it.
            (None, None) => Ok(1),
            // An offer that was not taken up can be taken back.
            (None, Some(_)) if !accepts => Ok(1),
            (_, last) => Err(Refused::NotChosen {
                member: view.member_name(member),
                chosen: last.map_or_else(
                    || "nobody".to_owned(),
                    |(_, choice)| view.member_name(&choice.host),
                ),
            }),
        }
    }
}

fn next(last: u64) -> u64 {
    last.saturating_add(1).min(HOST_NUMBER_MAX)
}
