//! What stewards do with their member's servers: add, change, remove.

use std::collections::BTreeSet;

use domain::{
    id::{MemberId, ServerId},
    record::{self, Service},
};
use federation::{Act, Core, meetings::Key};

use super::{
    address,
    described::{Described, Faults},
    servers::Reach,
};
use crate::{acts, auth::Actor, error::WebError, seal::random, site::Site};

/// The member whose node this is; servers and tenants are said by it.
pub(super) fn own_member(site: &Site) -> Result<MemberId, WebError> {
    let missing = WebError::NotFound { what: "member" };
    site.node.read(Core::member).ok_or(missing)
}

/// Adds a server: the secret first, then the record.
///
/// # Errors
/// When the actor is no steward of this node's member, or what is said does not fit.
pub(crate) async fn add(site: &Site, actor: &Actor, said: Described) -> Result<ServerId, WebError> {
    acts::need_host(site, actor)?;
    let owner = own_member(site)?;
    let mut faults = Faults::default();
    if said.secret.is_none() {
        faults.say(
            "secret",
            "Enter the server's secret: bbb-conf --secret prints it there.",
        );
    }
    let reach = said.reach(Reach::default(), &mut faults);
    let name = said.name.as_deref().unwrap_or_default().trim();
    let nonce = match unrecorded(site, name).await? {
        Some(nonce) => nonce,
        None => *random()?,
    };
    let mut record = said.record((nonce, None), faults)?;
    let checked = address::checked(&record.url, &reach).await;
    record.url = checked.map_err(|fault| WebError::Form(vec![fault]))?;
    let id = record.id(owner);
    let act = Act::Server(record);
    // Refused before anything is kept.
    site.node
        .prepare(site.node.key.public(), act.clone())
        .await?;
    let named = (nonce, name);
    site.servers
        .set(id, named, reach, said.secret.as_ref())
        .await?;
    site.node.act(site.node.key.clone(), act).await?;
    tracing::info!(person = %actor.person(), server = %id, "a server was added");
    Ok(id)
}

/// The random number of a server that was kept and whose record was never written.
async fn unrecorded(site: &Site, name: &str) -> Result<Option<[u8; 16]>, WebError> {
    let rows = site.servers.all().await?;
    Ok(site.node.read(|core| {
        let known = &core.view().meetings.servers;
        let lost = rows
            .iter()
            .find(|(id, kept)| kept.name == name && !known.contains_key(id));
        lost.map(|(_, kept)| kept.nonce)
    }))
}

/// The record of an own server that is not removed.
pub(crate) fn own(site: &Site, id: ServerId) -> Result<record::Server, WebError> {
    let owner = own_member(site)?;
    let found = site.node.read(|core| {
        let server = core.view().meetings.servers.get(&id)?;
        let stands = server.owner == owner && server.record.service != Service::Removed;
        stands.then(|| server.record.clone())
    });
    found.ok_or(WebError::NotFound { what: "server" })
}

/// Changes what is said of a server, its secret, or how it is reached.
///
/// # Errors
/// When the actor is no steward of the owner, there is no such server, or what is said does not fit.
pub(crate) async fn change(
    site: &Site,
    actor: &Actor,
    id: ServerId,
    said: Described,
) -> Result<(), WebError> {
    acts::need_host(site, actor)?;
    let known = own(site, id)?;
    let kept = site.servers.of(id).await?;
    let before = kept.as_ref().map_or_else(Reach::default, |kept| kept.reach);
    let mut faults = Faults::default();
    let reach = said.reach(before, &mut faults);
    let mut record = said.record((known.nonce, Some(&known)), faults)?;
    if record.url != known.url || reach != before {
        let checked = address::checked(&record.url, &reach).await;
        record.url = checked.map_err(|fault| WebError::Form(vec![fault]))?;
    }
    let act = (record != known).then_some(Act::Server(record));
    if let Some(act) = &act {
        let key = site.node.key.public();
        site.node.prepare(key, act.clone()).await?;
    }
    // Another node of the member may have the secret, and this one none.
    if said.secret.is_some() || kept.is_some() && reach != before {
        let named = (known.nonce, known.name.as_str());
        site.servers
            .set(id, named, reach, said.secret.as_ref())
            .await?;
    }
    if let Some(act) = act {
        site.node.act(site.node.key.clone(), act).await?;
    }
    tracing::info!(person = %actor.person(), server = %id, "a server was changed");
    Ok(())
}

/// How many meetings run on a server: those its last answer showed, and those that whoever placed them
/// has there. One that ended just now may still be among them.
pub(crate) fn running_on(core: &Core, id: ServerId) -> usize {
    let recorded = core.view().meetings.running();
    let recorded = recorded.filter(|(_, _, placed)| placed.server == id);
    let recorded = recorded.map(|(tenant, room, _)| (tenant, room));
    let here = core.placed_rooms().filter(|(_, kept)| kept.server == id);
    let seen = core.seen_meetings(&id);
    let known: BTreeSet<Key> = recorded
        .chain(here.map(|(key, _)| *key))
        .chain(seen.iter().filter_map(|seen| seen.whose))
        .collect();
    known.len() + seen.iter().filter(|seen| seen.whose.is_none()).count()
}

/// Removes a server: the record first, then the secret. While meetings run on it that is `forced` or
/// refused.
///
/// # Errors
/// When the actor is no steward of the owner, there is no such server, or meetings run on it.
pub(crate) async fn remove(
    site: &Site,
    actor: &Actor,
    id: ServerId,
    forced: bool,
) -> Result<(), WebError> {
    acts::need_host(site, actor)?;
    match own(site, id) {
        Ok(known) => {
            let count = site.node.read(|core| running_on(core, id));
            if count > 0 && !forced {
                return Err(WebError::MeetingsRun { count });
            }
            let service = Service::Removed;
            let act = Act::Server(record::Server { service, ..known });
            site.node.act(site.node.key.clone(), act).await?;
        }
        // What a stop left: a secret whose record is removed, or was never written.
        Err(_) if site.servers.of(id).await?.is_some() => {}
        Err(error) => return Err(error),
    }
    site.servers.remove(id).await?;
    tracing::info!(person = %actor.person(), server = %id, "a server was removed");
    Ok(())
}
