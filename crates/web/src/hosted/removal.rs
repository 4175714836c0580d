//! Removing what a host keeps for others: of newcomers that never were admitted, and of members that it
//! does not host any more.

use domain::{id::MemberId, key::PublicKey};
use federation::{Act, Core, Standing};
use replica::view::View;

use crate::{acts, auth::Actor, error::WebError, people, site::Site};

/// What of one member was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removed {
    /// The member's name, or the newcomer's.
    pub name: String,
    /// How many accounts it had here.
    pub accounts: usize,
}

/// Whether a host serves a member now.
pub(crate) fn serves(view: &View, host: Option<MemberId>, member: &MemberId) -> bool {
    let hosted = view.hosted(member);
    host.is_some() && hosted.is_some_and(|hosted| hosted.host == host)
}

/// Removes what this node keeps of a newcomer or of a former guest: the sign-up with its keys, the
/// accounts with theirs, sessions, tokens, links and rooms. An offer to host it is taken back. With the
/// accounts of a member its only keys may go, so that is asked for by itself.
///
/// # Errors
/// When it is hosted here, when its root key would go unasked, or when nothing of it is here; then
/// nothing is removed.
pub(crate) async fn remove(
    site: &Site,
    actor: &Actor,
    member: MemberId,
    with_keys: bool,
) -> Result<Removed, WebError> {
    acts::need_host(site, actor)?;
    // Nothing is signed for it meanwhile.
    let _joining = site.hosted.joining.lock().await;
    let newcomer = site.hosted.of(member).await?;
    let accounts = site.accounts.all().await?.into_iter();
    let accounts: Vec<_> = accounts
        .filter(|account| account.member == Some(member))
        .collect();
    if newcomer.is_none() && accounts.is_empty() {
        return Err(WebError::NotFound {
            what: "newcomer or former guest",
        });
    }
    let keeps_root = accounts.iter().any(|account| account.has_root());
    if let Some(newcomer) = &newcomer {
        let (root, now) = (PublicKey(member.0), site.now());
        let standing = site.node.read(|core| {
            let is_member = core.view().members.contains_key(&member);
            (!is_member).then(|| core.standing(&root, now))
        });
        if let Some(standing) = standing {
            check_undecided(&newcomer.name, &standing)?;
        }
    }
    let (known, is_offered) = site.node.read(|core| {
        let name = may_go(core, &member, keeps_root && !with_keys)?;
        let own = core.member();
        let offers = core.view().offers_to(&member);
        let is_offered = own.is_some_and(|own| offers.contains_key(&own));
        Ok::<_, WebError>((name, is_offered))
    })?;
    if known.is_none() && is_offered {
        let accepts = false;
        let refuse = Act::Hosting { member, accepts };
        site.node.act(site.node.key.clone(), refuse).await?;
    }
    for invitation in site.invitations.waiting(site.now()).await? {
        if invitation.member == Some(member) {
            site.invitations.take_back(invitation.id()).await?;
        }
    }
    for account in &accounts {
        people::close_account(site, account.person).await?;
    }
    site.rooms.delete_of(member).await?;
    site.hosted.newcomers.delete(&member.0).await?;
    let applied = newcomer.map(|newcomer| newcomer.name);
    Ok(Removed {
        name: known.or(applied).unwrap_or_default(),
        accounts: accounts.len(),
    })
}

/// Refuses while it may become a member: one whose keys are gone is a member for which nobody speaks.
fn check_undecided(name: &str, standing: &Standing) -> Result<(), WebError> {
    let message = match standing {
        Standing::Proposed(proposal) => format!(
            "The admission of {name} is proposed, in {}. Without its keys here nobody could speak for it \
             once it is admitted: the proposing co-op withdraws the proposal first.",
            proposal.short()
        ),
        Standing::Voting { proposal, .. } => format!(
            "The admission of {name} is voted on, in {}. Without its keys here nobody could speak for it \
             once it is admitted: wait for the end of the vote, or ask the proposing co-op to withdraw it.",
            proposal.short()
        ),
        Standing::Admitted { .. } => format!(
            "{name} was admitted and enters by itself. Then end hosting before you remove its accounts."
        ),
        _ => return Ok(()),
    };
    let code = "being-decided";
    Err(WebError::Conflict { code, message })
}

/// The name of a member whose things here may go; none of who is no member.
fn may_go(core: &Core, member: &MemberId, is_unasked: bool) -> Result<Option<String>, WebError> {
    let view = core.view();
    let Some(known) = view.members.get(member) else {
        return Ok(None);
    };
    let name = &known.name;
    if serves(view, core.member(), member) {
        return Err(WebError::Conflict {
            code: "hosted-here",
            message: format!("{name} is hosted here. End hosting before you remove its accounts."),
        });
    }
    if is_unasked {
        return Err(WebError::Conflict {
            code: "keys-here",
            message: format!(
                "The keys of {name} are in an account here, and without a copy it can never sign \
                 again. Ask its people whether they took their keys along; then say that the keys \
                 may go."
            ),
        });
    }
    Ok(Some(name.clone()))
}

#[cfg(test)]
mod tests {
    use domain::{
        id::{EntryId, Timestamp},
        record::Newcomer,
    };

    use super::*;

    #[test]
    fn the_keys_of_whoever_may_become_a_member_stay() {
        let proposal = EntryId([7; 32]);
        let until = Timestamp(0);
        let newcomer = Newcomer {
            root: PublicKey([5; 32]),
            name: "Dora".to_owned(),
            class: "producer".to_owned(),
        };
        let member = MemberId([5; 32]);
        for (standing, word) in [
            (Standing::Proposed(proposal), "withdraws"),
            (Standing::Voting { proposal, until }, "wait"),
            (Standing::Admitted { member, newcomer }, "enters by itself"),
        ] {
            let refused = check_undecided("Dora", &standing).unwrap_err();
            assert!(refused.to_string().contains(word), "{refused}");
        }
        for standing in [Standing::NoRegister, Standing::Unknown, Standing::Waiting] {
            assert!(check_undecided("Dora", &standing).is_ok());
        }
    }
}
