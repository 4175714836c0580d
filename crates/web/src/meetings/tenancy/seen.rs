//! The tenants that somebody may see.

use std::collections::BTreeMap;

use domain::id::{MemberId, TenantId, Timestamp};
use federation::Core;

use crate::{
    acts,
    auth::Actor,
    error::WebError,
    meetings::{SecretState, limits::Rules, tenants::Kept},
    rooms,
    site::Site,
};

/// A tenant as its people and the stewards of its home see it, without its secrets.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub id: TenantId,
    pub name: String,
    pub member: MemberId,
    pub member_name: String,
    pub region: Option<String>,
    /// Whether this node says where its meetings are.
    pub is_home: bool,
    pub secret: SecretState,
    /// Until when each old secret works.
    pub old_until: Vec<Timestamp>,
    /// What is set for it; none where this node has nothing of it.
    pub rules: Option<Rules>,
    /// It is the rooms of its member: nothing outside of this node calls for it.
    pub is_of_rooms: bool,
    /// When the record was written.
    pub at: Timestamp,
}

/// The tenants that the actor may see: those of its member, and for stewards of this node's member
/// all that its nodes serve. By name.
///
/// # Errors
/// When the store fails.
pub(crate) async fn seen(site: &Site, actor: &Actor) -> Result<Vec<Seen>, WebError> {
    let is_steward = acts::need_host(site, actor).is_ok();
    let rows: BTreeMap<TenantId, Kept> = site.tenants.all().await?.into_iter().collect();
    let (snapshot, now) = (site.tenants.snapshot(), site.now());
    let here = site.node.read(Core::member);
    let mut all: Vec<Seen> = actor.read(site, |core| {
        let (view, own) = (core.view(), core.member());
        let tenants = view.meetings.tenants.iter().filter(|(_, tenant)| {
            let is_served = is_steward && Some(tenant.host) == here;
            !tenant.record.ended && (is_served || Some(tenant.record.member) == own)
        });
        tenants
            .map(|(id, tenant)| {
                let row = rows.get(id);
                Seen {
                    id: *id,
                    name: tenant.record.name.clone(),
                    member: tenant.record.member,
                    member_name: view.member_name(&tenant.record.member),
                    region: tenant.record.region.as_ref().map(ToString::to_string),
                    is_home: tenant.record.home == core.node(),
                    secret: match row {
                        None => SecretState::Missing,
                        Some(_) if snapshot.is_shut(*id) => SecretState::Shut,
                        Some(_) => SecretState::Here,
                    },
                    old_until: row.map(|row| row.old_until(now)).unwrap_or_default(),
                    rules: row.map(|row| row.rules.clone()),
                    is_of_rooms: rooms::tenancy::is_of_rooms(core, *id),
                    at: tenant.time,
                }
            })
            .collect()
    });
    all.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(all)
}
