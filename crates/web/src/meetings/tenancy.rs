//! What stewards do with the tenants of their node: add, limit, rotate, remove.

mod said;
mod seen;

use bigbluebutton::Secret;
use domain::{
    id::{MemberId, TenantId, Timestamp},
    record,
    region::{Region, RegionError},
};
use federation::Act;

use self::said::{fault, limits_of};
pub(crate) use self::{
    said::{Changed, Described, NewTenant, secret_of_form},
    seen::{Seen, seen},
};
use super::{
    configuration::{FrontEnd, SECRET_PLACEHOLDER, text},
    inventory::own_member,
    limits::Rules,
    tenants::{OLD_SECRET_SECONDS, SECRET_BYTES_MIN},
};
use crate::{
    acts,
    auth::Actor,
    error::{WebError, sentence},
    rooms,
    seal::random,
    site::Site,
    vault::{new_secret, text_of},
};

/// A tenant whose record stands and has not ended, of this node's member.
fn own(site: &Site, id: TenantId) -> Result<record::Tenant, WebError> {
    let host = own_member(site)?;
    let found = site.node.read(|core| {
        let tenant = core.view().meetings.tenants.get(&id)?;
        let stands = tenant.host == host && !tenant.record.ended;
        stands.then(|| tenant.record.clone())
    });
    found.ok_or(WebError::NotFound { what: "front end" })
}

fn check_length(secret: &Secret) -> Result<(), WebError> {
    let is_plain = secret.expose().iter().all(u8::is_ascii_graphic);
    if secret.expose().len() < SECRET_BYTES_MIN || !is_plain {
        let message = format!(
            "A secret has at least {SECRET_BYTES_MIN} letters, digits and signs, without spaces."
        );
        return Err(fault("secret", message));
    }
    Ok(())
}

/// The secret that was given, or a new one; and again, to be shown once, if it is new.
fn given_or_new(given: Option<Secret>) -> Result<(Secret, Option<Secret>), WebError> {
    match given {
        Some(secret) => check_length(&secret).map(|()| (secret, None)),
        None => {
            let made = new_secret()?;
            Ok((made.clone(), Some(made)))
        }
    }
}

/// Adds a tenant: the secret first, then the record. Gives the secret, to be shown once, if it was
/// made here.
///
/// # Errors
/// When the actor is no steward of this node's member, or what is said does not fit.
pub(crate) async fn add(
    site: &Site,
    actor: &Actor,
    said: NewTenant,
) -> Result<(TenantId, Option<Secret>), WebError> {
    acts::need_host(site, actor)?;
    let host = own_member(site)?;
    let name = said.name.trim();
    let member = match said.member.trim() {
        "" => host,
        text => text
            .parse::<MemberId>()
            .map_err(|_| fault("member", "Choose a member of the list."))?,
    };
    let region = region_of(&said.region)?;
    let mut rules = Rules::default();
    if !said.level.trim().is_empty() {
        rules.limits = limits_of(said.level.trim())?;
        said.level.trim().clone_into(&mut rules.level);
    }
    let (secret, made) = given_or_new(said.secret)?;
    check_name(site, host, name)?;
    let nonce = match unrecorded(site, name).await? {
        Some(nonce) => nonce,
        None => *random()?,
    };
    let record = record::Tenant {
        nonce,
        name: name.to_owned(),
        member,
        home: site.node.key.public(),
        region,
        ended: false,
    };
    let id = record.id(host);
    let act = Act::Tenant(record);
    // Refused before anything is kept.
    site.node
        .prepare(site.node.key.public(), act.clone())
        .await?;
    site.tenants.add(id, (nonce, name), rules, &secret).await?;
    site.node.act(site.node.key.clone(), act).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant was added");
    Ok((id, made))
}

/// The region of a form; none where the field is empty.
fn region_of(text: &str) -> Result<Option<Region>, WebError> {
    let wrong = |error: RegionError| fault("region", sentence(&error.to_string()));
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(wrong),
    }
}

/// Gives a tenant another name, or says where its people are. Its id, its secrets and its meetings stay.
///
/// # Errors
/// When the actor is no steward of this node's member, there is no such tenant, or what is said does not
/// fit.
pub(crate) async fn describe(
    site: &Site,
    actor: &Actor,
    id: TenantId,
    said: Described,
) -> Result<(), WebError> {
    acts::need_host(site, actor)?;
    let known = own(site, id)?;
    let mut record = known.clone();
    if let Some(name) = said.name {
        name.trim().clone_into(&mut record.name);
    }
    if let Some(region) = said.region {
        record.region = region_of(&region)?;
    }
    if record == known {
        return Ok(());
    }
    if record.name != known.name {
        check_name(site, own_member(site)?, &record.name)?;
    }
    site.node
        .act(site.node.key.clone(), Act::Tenant(record))
        .await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant was described anew");
    Ok(())
}

/// Refuses a name that another tenant of this node's member has: commands name tenants by it.
fn check_name(site: &Site, host: MemberId, name: &str) -> Result<(), WebError> {
    let is_taken = site.node.read(|core| {
        let mut all = core.view().meetings.tenants.values();
        all.any(|one| one.host == host && !one.record.ended && one.record.name == name)
    });
    match is_taken {
        true => Err(fault(
            "name",
            "Another front end has this name. Choose another.",
        )),
        false => Ok(()),
    }
}

/// The random number of a tenant that was kept and whose record was never written.
async fn unrecorded(site: &Site, name: &str) -> Result<Option<[u8; 16]>, WebError> {
    let rows = site.tenants.all().await?;
    Ok(site.node.read(|core| {
        let known = &core.view().meetings.tenants;
        let lost = rows
            .iter()
            .find(|(id, kept)| kept.name == name && !known.contains_key(id));
        lost.map(|(_, kept)| kept.nonce)
    }))
}

/// Changes what a tenant may have.
///
/// # Errors
/// When the actor is no steward of this node's member, there is no such tenant here, or what is said
/// does not fit.
pub(crate) async fn limit(
    site: &Site,
    actor: &Actor,
    id: TenantId,
    changed: Changed,
) -> Result<Rules, WebError> {
    acts::need_host(site, actor)?;
    own(site, id)?;
    let kept = site.tenants.of(id).await?;
    let kept = kept.ok_or_else(not_here)?;
    let rules = changed.of(kept.rules)?;
    site.tenants.set_rules(id, rules.clone()).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant's limits were changed");
    Ok(rules)
}

fn not_here() -> WebError {
    WebError::Conflict {
        code: "tenant-elsewhere",
        message:
            "This node has no secret of this front end. Do this at its home, or give this node \
                  the secret first: folkmoot tenant rotate NAME --secret-file FILE."
                .to_owned(),
    }
}

/// Gives a tenant a new secret, and says until when the old one works. The new one, to be shown once, if
/// it was made here.
///
/// # Errors
/// When the actor is no steward of this node's member, there is no such tenant, or it is that of rooms.
pub(crate) async fn rotate(
    site: &Site,
    actor: &Actor,
    id: TenantId,
    (given, ends_now): (Option<Secret>, bool),
) -> Result<(Option<Secret>, Timestamp), WebError> {
    acts::need_host(site, actor)?;
    let known = own(site, id)?;
    check_outer(site, id)?;
    let now = site.now();
    let old_until = match ends_now {
        true => now,
        false => now.plus_seconds(OLD_SECRET_SECONDS),
    };
    if site.tenants.of(id).await?.is_none() {
        // A second node of the member is told the secret that the home has.
        let secret = given.ok_or_else(not_here)?;
        check_length(&secret)?;
        let named = (known.nonce, known.name.as_str());
        site.tenants
            .add(id, named, Rules::default(), &secret)
            .await?;
        tracing::info!(person = %actor.person(), tenant = %id, "a tenant's secret was added");
        return Ok((None, old_until));
    }
    let (secret, made) = given_or_new(given)?;
    site.tenants.rotate(id, now, &secret, old_until).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant's secret was changed");
    Ok((made, old_until))
}

/// Ends a tenant: the record first, then its secrets. Meetings that run go on.
///
/// # Errors
/// When the actor is no steward of this node's member, there is no such tenant, or it is that of rooms.
pub(crate) async fn remove(site: &Site, actor: &Actor, id: TenantId) -> Result<(), WebError> {
    acts::need_host(site, actor)?;
    check_outer(site, id)?;
    match own(site, id) {
        Ok(known) => {
            // It may be another node's: this one says so too, that all know it.
            let ended = true;
            let act = Act::Tenant(record::Tenant { ended, ..known });
            site.node.act(site.node.key.clone(), act).await?;
        }
        // What a stop left: secrets whose record has ended, or was never written.
        Err(_) if site.tenants.of(id).await?.is_some() => {}
        Err(error) => return Err(error),
    }
    site.tenants.remove(id).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant was removed");
    Ok(())
}

/// The newest secret of a tenant, for a steward who sets up its front end.
///
/// # Errors
/// When the actor is no steward of this node's member, the secret is not here or does not open, or the
/// tenant is that of rooms.
pub(crate) async fn reveal(site: &Site, actor: &Actor, id: TenantId) -> Result<Secret, WebError> {
    acts::need_host(site, actor)?;
    own(site, id)?;
    check_outer(site, id)?;
    if site.tenants.of(id).await?.is_none() {
        return Err(not_here());
    }
    let secret = site.tenants.newest(id).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant's secret was shown");
    Ok(secret)
}

/// What to set in a front end, with a word where the secret goes; with the secret only where a steward
/// asks for it.
///
/// # Errors
/// When the tenant is that of rooms, or those of [`reveal`].
pub(crate) async fn configuration(
    site: &Site,
    actor: &Actor,
    seen: &Seen,
    (front_end, with_secret): (FrontEnd, bool),
    address: &str,
) -> Result<String, WebError> {
    check_outer(site, seen.id)?;
    let secret = match with_secret {
        true => Some(text_of(&reveal(site, actor, seen.id).await?)),
        false => None,
    };
    let secret = secret
        .as_ref()
        .map_or(SECRET_PLACEHOLDER, |text| text.as_str());
    let rules = seen.rules.clone().unwrap_or_default();
    Ok(text(front_end, (&seen.name, &rules), address, secret))
}

/// Refuses what is for programs outside of this node: the rooms of a member are none.
fn check_outer(site: &Site, id: TenantId) -> Result<(), WebError> {
    if !site.node.read(|core| rooms::tenancy::is_of_rooms(core, id)) {
        return Ok(());
    }
    Err(WebError::Conflict {
        code: "tenant-of-rooms",
        message: "These are the rooms of the dashboard, no program outside of it: they have no \
                  secret to set anywhere, and are not removed. Their limits can be set."
            .to_owned(),
    })
}
