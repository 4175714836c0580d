//! What people do, on its way to the core: which key signs, and what needs no signature at all.

use domain::{
    id::{EntryId, MemberId},
    key::SecretKey,
    record::{Purpose, Roles},
};
use federation::Act;

use crate::{auth::Actor, error::WebError, site::Site, texts::Texts};

/// The roles that the person's own member's grants give a person now. Any member can grant any person a
/// role; here only this member's word counts.
pub(crate) fn roles(site: &Site, actor: &Actor) -> Roles {
    actor.read(site, |core| {
        let own = core.member();
        own.map_or_else(Roles::none, |member| {
            core.view().roles_of(&member, &actor.person())
        })
    })
}

/// Refuses people who are no stewards.
pub(crate) fn need_steward(site: &Site, actor: &Actor) -> Result<(), WebError> {
    if roles(site, actor).has(Roles::STEWARD) {
        Ok(())
    } else {
        Err(WebError::Role { needed: "steward" })
    }
}

/// The member's root key, for a person whom that very key made a steward.
pub(crate) fn root_key(site: &Site, actor: &Actor) -> Result<SecretKey, WebError> {
    need_steward(site, actor)?;
    let key = match actor.hosted() {
        Some(_) => actor.hosted_root()?,
        None => site.node.root_key()?,
    };
    let roles = site.node.read(|core| {
        let member = core.view().member_of(&key.public());
        member.map_or_else(Roles::none, |member| {
            core.view().roles_of(&member, &actor.person())
        })
    });
    if roles.has(Roles::STEWARD) {
        Ok(key)
    } else {
        Err(WebError::Role { needed: "steward" })
    }
}

/// Whether the root key of the person's member can be used here.
pub(crate) fn has_root_key(site: &Site, actor: &Actor) -> bool {
    match actor.hosted() {
        Some(_) => actor.account.has_root(),
        None => site.node.has_root_key(),
    }
}

/// Refuses people who are no stewards of the member whose node this is.
pub(crate) fn need_host(site: &Site, actor: &Actor) -> Result<(), WebError> {
    if actor.hosted().is_some() {
        return Err(WebError::Role { needed: "steward" });
    }
    need_steward(site, actor)
}

/// Does what a person asks for, with the person's key, or the member's root key for what only that
/// may sign and a steward asks for.
pub(crate) async fn perform(site: &Site, actor: &Actor, act: Act) -> Result<EntryId, WebError> {
    if let Some(done) = same_vote(site, actor, &act).await? {
        return Ok(done);
    }
    let key = signer(site, actor, &act)?;
    site.node.act(key, act).await
}

fn signer(site: &Site, actor: &Actor, act: &Act) -> Result<SecretKey, WebError> {
    if !needs_root(site, actor, act) {
        return actor.key();
    }
    root_key(site, actor)
}

/// Whether only the member's root key may sign: who is a member, who votes, who is a steward.
fn needs_root(site: &Site, actor: &Actor, act: &Act) -> bool {
    match act {
        Act::Found | Act::Join(_) | Act::Admit(_) | Act::Mandate { .. } => true,
        Act::Grant { purpose, roles, .. } => {
            *purpose == Purpose::Validator || roles.has(Roles::STEWARD)
        }
        Act::Revoke { key, .. } => actor.read(site, |core| {
            let own = core.member();
            let known = own.and_then(|member| core.view().granted_by(&member, key));
            known.is_some_and(|known| {
                known.purpose == Purpose::Validator || known.roles.has(Roles::STEWARD)
            })
        }),
        _ => false,
    }
}

/// The ballot that counts already, if it says just what is asked for: voting the same again would
/// only use up a revision.
async fn same_vote(site: &Site, actor: &Actor, act: &Act) -> Result<Option<EntryId>, WebError> {
    let Act::Vote {
        proposal,
        version,
        choice,
        aim,
        reason,
    } = act
    else {
        return Ok(None);
    };
    let now = site.now();
    let counted = actor.read(site, |core| {
        let member: MemberId = core.member()?;
        let decision = core.settled(proposal, now)?;
        let phase = decision.phase.as_ref()?;
        let counted = phase.count.counted.get(&member)?;
        let seen = phase.ballots.get(&counted.ballot)?;
        let same = counted.conflicting.is_empty()
            && counted.choice == *choice
            && seen.record.aim == *aim
            && seen.record.version == *version
            && now <= phase.deadline;
        same.then_some(counted.ballot)
    });
    let Some(ballot) = counted else {
        return Ok(None);
    };
    let texts = Texts::load(&site.node, [ballot], []).await?;
    let note = texts.note(&ballot);
    Ok((note.text().unwrap_or("") == reason.trim()).then_some(ballot))
}
