//! Acts about servers and meetings (`specs/meetings.md`).

use domain::{
    entry::Audience,
    id::{EntryId, MemberId},
    key::PublicKey,
    record::{self, Purpose, Record, Service},
};

use super::{Draft, text::line};
use crate::{act::Act, core::Core, error::Refused};

/// The most servers of a member that are not removed, and the most tenants that have not gone.
pub const SERVERS_OR_TENANTS_MAX: usize = 256;

impl Core {
    pub(super) fn draft_meeting(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        let (grant, member) = self.node_or_steward(key)?;
        let mut draft = match act {
            Act::Server(server) => {
                let server = self.checked_server(member, server)?;
                Draft::new(grant, "servers", Record::Server(server))
            }
            Act::Tenant(tenant) => {
                let tenant = self.checked_tenant(member, tenant)?;
                Draft::new(grant, "tenants", Record::Tenant(tenant))
            }
            Act::Placing(placing) => Draft::new(
                self.node_grant(key)?,
                "placements",
                Record::Placing(placing.clone()),
            ),
            Act::Usage(usage) => {
                Draft::new(self.node_grant(key)?, "usage", Record::Usage(usage.clone()))
            }
            _ => return Err(Refused::UnknownKey),
        };
        draft.audience = Audience::Organisations;
        Ok(draft)
    }

    fn node_or_steward(&self, key: &PublicKey) -> Result<(EntryId, MemberId), Refused> {
        let member = self.view().member_of(key).ok_or(Refused::UnknownKey)?;
        match self.node_grant(key) {
            Ok(grant) => Ok((grant, member)),
            Err(_) => Ok((self.granting_grant(key)?, member)),
        }
    }

    fn checked_server(
        &self,
        member: MemberId,
        server: &record::Server,
    ) -> Result<record::Server, Refused> {
        let id = server.id(member);
        let is_gone = server.service == Service::Removed;
        let mut others = self.view().meetings.servers_of(member);
        if let Some((_, other)) = others
            .find(|(other, known)| !is_gone && *other != id && known.record.name == server.name)
        {
            return Err(Refused::ServerName(other.record.name.clone()));
        }
        let known = self.view().meetings.servers_of(member);
        let others = known.filter(|(other, _)| *other != id).count();
        if !is_gone && others >= SERVERS_OR_TENANTS_MAX {
            return Err(Refused::TooMany {
                what: "servers",
                most: SERVERS_OR_TENANTS_MAX,
            });
        }
        Ok(record::Server {
            name: line("name", &server.name, record::SERVER_NAME_BYTES_MAX)?,
            url: line("address", &server.url, record::SERVER_URL_BYTES_MAX)?,
            ..server.clone()
        })
    }

    fn checked_tenant(
        &self,
        host: MemberId,
        tenant: &record::Tenant,
    ) -> Result<record::Tenant, Refused> {
        let view = self.view();
        if tenant.member != host && view.host_of(&tenant.member) != host {
            let member = view.member_name(&tenant.member);
            return Err(Refused::NotServed { member });
        }
        let home = view.keys.get(&tenant.home);
        if home.is_none_or(|key| key.member != host || key.purpose != Purpose::Node || key.revoked)
        {
            return Err(Refused::NotOurNode);
        }
        let id = tenant.id(host);
        let others =
            view.meetings.tenants.iter().filter(|(other, known)| {
                **other != id && known.host == host && !known.record.ended
            });
        if !tenant.ended && others.count() >= SERVERS_OR_TENANTS_MAX {
            return Err(Refused::TooMany {
                what: "tenants",
                most: SERVERS_OR_TENANTS_MAX,
            });
        }
        Ok(record::Tenant {
            name: line("name", &tenant.name, record::TENANT_NAME_BYTES_MAX)?,
            ..tenant.clone()
        })
    }
}
