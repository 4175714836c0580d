//! The tenant that the rooms of a member are to the rest of the node.
//!
//! Its number follows from the member, so that each member has one. It is among the front ends of the
//! node, where stewards set its limits. Its secret is shown to nobody and can be set by nobody, and the
//! gateway takes no call with it.

use std::sync::Arc;

use domain::{
    id::{Hash, MemberId, TenantId},
    record::{self, Purpose, TENANT_NAME_BYTES_MAX},
};
use federation::{Act, Core};

use crate::{
    catalogue::{Language, Plain},
    error::WebError,
    hosted,
    meetings::{limits::Rules, tenants::TenantAccess},
    site::Site,
    vault::new_secret,
};

/// The number that the tenant's id comes from.
fn nonce(member: MemberId) -> [u8; 16] {
    let hash = Hash::of(&[b"folkmoot/web/rooms/1\0", &member.0]);
    std::array::from_fn(|at| hash.0[at])
}

/// The tenant of the rooms of a member that this node serves.
pub(crate) fn id_of(core: &Core, member: MemberId) -> Option<TenantId> {
    let host = Core::member(core)?;
    Some(record::Tenant::id_of(host, &nonce(member)))
}

/// Whether a tenant is that of its member's rooms.
pub(crate) fn is_of_rooms(core: &Core, id: TenantId) -> bool {
    let known = core.view().meetings.tenants.get(&id);
    known.is_some_and(|known| record::Tenant::id_of(known.host, &nonce(known.record.member)) == id)
}

/// What is kept of the tenant of a member's rooms; none until the first of them was used.
pub(crate) fn find(site: &Site, member: MemberId) -> Option<Arc<TenantAccess>> {
    let id = site.node.read(|core| id_of(core, member))?;
    site.tenants.snapshot().get(id).cloned()
}

/// Whether this node serves a member: its own, or one that it hosts.
pub(crate) fn serves(core: &Core, member: MemberId) -> bool {
    let own = Core::member(core);
    own == Some(member) || hosted::serves(core.view(), own, &member)
}

/// Whether a record stands by which meetings of the tenant can be placed.
fn stands(core: &Core, id: TenantId) -> bool {
    let view = core.view();
    view.meetings.tenants.get(&id).is_some_and(|known| {
        let home = view.keys.get(&known.record.home);
        // A node that was set up anew has another key: nobody places meetings under the old one.
        let is_served = home.is_some_and(|key| key.purpose == Purpose::Node && !key.revoked);
        Some(known.host) == Core::member(core) && !known.record.ended && is_served
    })
}

/// The tenant of a member's rooms. It is made when it is needed first, and again after a steward has
/// removed it from the front ends.
///
/// # Errors
/// When the node has as many front ends as it may, or the store fails.
pub(crate) async fn tenant_of(
    site: &Site,
    member: MemberId,
) -> Result<Arc<TenantAccess>, WebError> {
    let missing = || WebError::NotFound { what: "member" };
    let id = site
        .node
        .read(|core| id_of(core, member))
        .ok_or_else(missing)?;
    if site.node.read(|core| stands(core, id))
        && let Some(access) = find(site, member)
    {
        return Ok(access);
    }
    if !site.node.read(|core| serves(core, member)) {
        return Err(WebError::Conflict {
            code: "not-served",
            message: "This node does not serve your co-op any more. Make a room at your host."
                .to_owned(),
        });
    }
    let _making = site.rooms.making.lock().await;
    let name = site.node.read(|core| name_of(core, member, id));
    if site.tenants.snapshot().get(id).is_none() {
        let named = (nonce(member), name.as_str());
        site.tenants
            .add(id, named, Rules::default(), &new_secret()?)
            .await?;
    }
    if !site.node.read(|core| stands(core, id)) {
        let record = record::Tenant {
            nonce: nonce(member),
            name,
            member,
            home: site.node.key.public(),
            region: None,
            ended: false,
        };
        let act = Act::Tenant(record);
        site.node.act(site.node.key.clone(), act).await?;
        tracing::info!(%member, tenant = %id, "a member's rooms became a front end");
    }
    find(site, member).ok_or_else(missing)
}

/// What it is called among the front ends: what it was called, or a name that no other has.
fn name_of(core: &Core, member: MemberId, id: TenantId) -> String {
    let view = core.view();
    let tenants = &view.meetings.tenants;
    if let Some(known) = tenants.get(&id) {
        return known.record.name.clone();
    }
    let say = Language::default();
    let plain = match Core::member(core) == Some(member) {
        true => say.rooms_tenant().into_string(),
        false => {
            let name = view.member_name(&member);
            say.rooms_tenant_of(Plain(name)).into_string()
        }
    };
    let host = Core::member(core);
    let is_free = |name: &str| {
        let mut others = tenants.iter().filter(|(other, known)| {
            **other != id && Some(known.host) == host && !known.record.ended
        });
        !others.any(|(_, known)| known.record.name == name)
    };
    let mut names = (1_u32..).map(|number| match number {
        1 => cut(&plain, TENANT_NAME_BYTES_MAX),
        _ => format!("{} {number}", cut(&plain, TENANT_NAME_BYTES_MAX - 12)),
    });
    names.find(|name| is_free(name)).unwrap_or(plain)
}

/// As much of a text as fits, cut between characters.
fn cut(text: &str, bytes_max: usize) -> String {
    let fits = |(at, character): &(usize, char)| at + character.len_utf8() <= bytes_max;
    let kept = text.char_indices().take_while(fits);
    kept.map(|(_, character)| character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_its_own_and_a_long_name_is_cut_between_characters() {
        assert_ne!(nonce(MemberId([1; 32])), nonce(MemberId([2; 32])));
        assert_eq!(cut("Rooms", 80), "Rooms");
        assert_eq!(cut("éé", 3), "é");
    }
}
