//! Servers, tenants, where meetings were placed, and what was used (`specs/meetings.md`).

use std::collections::BTreeMap;

use domain::{
    id::{EntryId, MemberId, ServerId, TenantId, Timestamp},
    key::PublicKey,
    record::{self, Room, Standing},
};

use super::View;
use crate::stored::Stored;

/// A server as its owner last described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The member that owns it.
    pub owner: MemberId,
    /// What it says of it.
    pub record: record::Server,
    /// When.
    pub time: Timestamp,
    latest: (u64, EntryId),
}

/// A tenant as it was last described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The member whose node it goes through.
    pub host: MemberId,
    /// What is known of it.
    pub record: record::Tenant,
    /// When that was said.
    pub time: Timestamp,
    latest: (u64, EntryId),
}

/// Where a room's meeting was last placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The server.
    pub server: ServerId,
    /// Since when.
    pub at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// The node that said so.
    pub by: PublicKey,
    order: (Timestamp, EntryId),
}

/// What was used in one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Meetings that began.
    pub meetings: u64,
    /// Minutes of people in meetings.
    pub participant_minutes: u64,
    /// The most people at one time in one stretch that was measured.
    pub peak: u64,
}

/// Whose usage of what, on which UTC day counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// The day on which the measured stretch began.
    pub day: u64,
    /// The owner of the server, which measured it.
    pub owner: MemberId,
    /// The server.
    pub server: ServerId,
    /// The tenant.
    pub tenant: TenantId,
    /// The member the tenant belonged to.
    pub member: MemberId,
}

/// All that is recorded of meetings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meetings {
    /// The servers, removed ones included.
    pub servers: BTreeMap<ServerId, Server>,
    /// The tenants, those that have gone included.
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// Where rooms were placed, as nodes of each member said. Only what the tenant's host says
    /// counts: see [`Meetings::placed`].
    placements: BTreeMap<(MemberId, TenantId, Room), Placed>,
    /// What was used.
    pub usage: BTreeMap<UsageKey, Used>,
}

impl Meetings {
    /// Where a room of a tenant was last placed, as its host says.
    #[must_use]
    pub fn placed(&self, tenant: &TenantId, room: &Room) -> Option<&Placed> {
        let host = self.tenants.get(tenant)?.host;
        self.placements.get(&(host, *tenant, *room))
    }

    /// Every room whose meeting is on a server now, as the hosts of the tenants say.
    pub fn running(&self) -> impl Iterator<Item = (TenantId, Room, &Placed)> {
        let hosted = self
            .placements
            .iter()
            .filter(|((host, tenant, _), placed)| {
                let known = self.tenants.get(tenant);
                placed.standing == Standing::Placed
                    && known.is_some_and(|known| known.host == *host)
            });
        hosted.map(|((_, tenant, room), placed)| (*tenant, *room, placed))
    }

    /// The servers of an owner that are not removed.
    pub fn servers_of(&self, owner: MemberId) -> impl Iterator<Item = (ServerId, &Server)> {
        let of = self.servers.iter().filter(move |(_, server)| {
            server.owner == owner && server.record.service != record::Service::Removed
        });
        of.map(|(id, server)| (*id, server))
    }
}

impl View {
    pub(super) fn add_server(&mut self, stored: &Stored, record: &record::Server) {
        let server = Server {
            owner: stored.member,
            record: record.clone(),
            time: stored.time,
            latest: (stored.sequence, stored.id),
        };
        let servers = self.meetings.servers.entry(record.id(stored.member));
        let known = servers.or_insert_with(|| server.clone());
        if (known.time, known.latest) < (server.time, server.latest) {
            *known = server;
        }
    }

    pub(super) fn add_tenant(&mut self, stored: &Stored, record: &record::Tenant) {
        let tenant = Tenant {
            host: stored.member,
            record: record.clone(),
            time: stored.time,
            latest: (stored.sequence, stored.id),
        };
        let tenants = self.meetings.tenants.entry(record.id(stored.member));
        let known = tenants.or_insert_with(|| tenant.clone());
        if (known.time, known.latest) < (tenant.time, tenant.latest) {
            *known = tenant;
        }
    }

    pub(super) fn add_placing(&mut self, stored: &Stored, record: &record::Placing) {
        for placement in &record.placements {
            let placed = Placed {
                server: placement.server,
                at: placement.at,
                standing: placement.standing,
                by: stored.author,
                order: (stored.time, stored.id),
            };
            let key = (stored.member, placement.tenant, placement.room);
            let known = self.meetings.placements.entry(key).or_insert(placed);
            // A home gives what it says of one room ascending times; that an end and what it ends
            // fall into one millisecond is told by the standing.
            let order = |placed: &Placed| (placed.at, placed.standing, placed.order, placed.server);
            if order(known) < order(&placed) {
                *known = placed;
            }
        }
    }

    pub(super) fn add_usage(&mut self, stored: &Stored, record: &record::Usage) {
        for row in &record.rows {
            let key = UsageKey {
                day: record.from.day(),
                owner: stored.member,
                server: row.server,
                tenant: row.tenant,
                member: row.member,
            };
            let used = self.meetings.usage.entry(key).or_default();
            used.meetings = used.meetings.saturating_add(row.meetings);
            used.participant_minutes = used
                .participant_minutes
                .saturating_add(row.participant_minutes);
            used.peak = used.peak.max(row.peak);
        }
    }
}
