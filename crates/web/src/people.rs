//! The people of this member: invited, made delegates, removed.

use domain::{
    id::PersonId,
    record::{Custody, Delegate, Purpose, Roles},
};
use federation::{Act, Keep};

use crate::{
    acts,
    auth::Actor,
    error::{FieldFault, WebError},
    invitation::Invitation,
    seal::Secret,
    site::Site,
};

/// Makes a person with a key, grants the key its roles, and gives the secret of the link. Whoever
/// is to vote is also put on the member's mandate, which only the root key can sign.
pub(crate) async fn invite(
    site: &Site,
    actor: &Actor,
    name: &str,
    roles: Roles,
) -> Result<(Invitation, Secret), WebError> {
    acts::need_steward(site, actor)?;
    if roles == Roles::none() {
        let message = "Choose at least one role.";
        return Err(WebError::Form(vec![FieldFault::new("roles", message)]));
    }
    let needs_root = roles.has(Roles::STEWARD) || roles.has(Roles::DELEGATE);
    if needs_root {
        // Said before anything is signed.
        acts::root_key(site, actor)?;
    }
    let words = roles.words().into_iter().map(str::to_owned).collect();
    let (mut invitation, secret) = Invitation::new(site.now(), name.trim(), words)?;
    invitation.member = actor.hosted();
    let (person, key) = (invitation.person, invitation.key);
    let (federation, member) = actor.read(site, |core| (core.federation(), core.member()));
    let member = member.ok_or(WebError::NotFound { what: "member" })?;
    let grant = Act::Grant {
        purpose: Purpose::Person,
        key,
        person: Some(person),
        roles,
        custody: Custody::Node,
        proof: Some(invitation.proof(&secret, &federation, &member)?),
    };
    acts::perform(site, actor, grant).await?;
    let card = Act::Person {
        person,
        name: name.to_owned(),
        contact: String::new(),
    };
    acts::perform(site, actor, card).await?;
    if roles.has(Roles::DELEGATE) {
        let mut delegates = mandated(site, actor);
        delegates.push(Delegate { key, person });
        acts::perform(site, actor, Act::Mandate { delegates }).await?;
    }
    site.invitations.keep(site.now(), &invitation).await?;
    Ok((invitation, secret))
}

fn mandated(site: &Site, actor: &Actor) -> Vec<Delegate> {
    actor.read(site, |core| {
        let member = core.member().and_then(|id| core.view().members.get(&id));
        let mandate = member.and_then(|member| member.mandate.as_ref());
        mandate
            .map(|mandate| mandate.delegates.clone())
            .unwrap_or_default()
    })
}

/// Ends an account with its sessions, tokens and links.
pub(crate) async fn close_account(site: &Site, person: PersonId) -> Result<(), WebError> {
    site.sessions.end_all(person).await?;
    site.tokens.delete_all(person).await?;
    site.links.delete_all(person).await?;
    site.accounts.remove(person).await
}

/// Ends a person's part in this member: the mandate, its keys, its account, sessions and tokens.
pub(crate) async fn remove(
    site: &Site,
    actor: &Actor,
    person: PersonId,
    reason: &str,
) -> Result<(), WebError> {
    acts::need_steward(site, actor)?;
    if person == actor.person() {
        let message = "Nobody removes themselves. Ask another steward.".to_owned();
        return Err(WebError::Conflict {
            code: "own-account",
            message,
        });
    }
    let keys: Vec<_> = actor.read(site, |core| {
        let own = core.member();
        let known = own.and_then(|own| core.view().persons.get(&(own, person)));
        let keys = known
            .into_iter()
            .flat_map(|known| &known.keys)
            .filter(|key| {
                let granted = own.and_then(|own| core.view().granted_by(&own, key));
                granted.is_some_and(|key| !key.revoked)
            });
        keys.copied().collect()
    });
    // Only of the same member: a hosted member's steward is none of its host's people.
    let account = site.accounts.of(person).await?;
    let account = account.filter(|account| account.member == actor.hosted());
    if keys.is_empty() && account.is_none() {
        return Err(WebError::NotFound { what: "person" });
    }
    // Out of the house first: even if the federation cannot be told now, no session signs again.
    if account.is_some() {
        close_account(site, person).await?;
    }
    for invitation in site.invitations.waiting(site.now()).await? {
        if invitation.person == person && invitation.member == actor.hosted() {
            site.invitations.take_back(invitation.id()).await?;
        }
    }
    for key in keys {
        let revoke = Act::Revoke {
            key,
            keep: Keep::All,
            reason: reason.to_owned(),
        };
        acts::perform(site, actor, revoke).await?;
    }
    // Last, because only the root key can sign it and that may be elsewhere; a revoked key votes no
    // more even while the mandate lists it.
    let mut delegates = mandated(site, actor);
    let before = delegates.len();
    delegates.retain(|delegate| delegate.person != person);
    if delegates.len() < before {
        acts::perform(site, actor, Act::Mandate { delegates }).await?;
    }
    Ok(())
}
