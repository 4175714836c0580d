//! What is done when more servers are gone for good than may be away, for anyone to read.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::id::{MemberId, Timestamp};
use federation::{Core, RecoveryShown, finality::Awaited};
use register::recovery::{Base, State as Stand};

use crate::{
    auth::Visitor,
    error::WebError,
    handlers::views,
    pages::{
        parts::Name,
        register::recovery::{self as pages, Recovering, Recovery, Seen, Stands, Wait},
    },
    site::Site,
};

/// `GET /register/recovery`: anyone may read it, but not which nodes are connected.
pub(crate) async fn page(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let (now, is_signed_in) = (site.now(), actor.is_some());
    let view = site.node.read(|core| view(core, now, is_signed_in));
    let missing = WebError::NotFound { what: "register" };
    Ok(pages::page(&frame, &view.ok_or(missing)?).into_response())
}

/// For whom the register waits.
pub(crate) fn waits(core: &Core, now: Timestamp) -> Vec<Wait> {
    let waiting = core.waiting(now).into_iter().map(|one| Wait {
        what: match one.what {
            Awaited::Closing(vote) => {
                let proposal = vote.proposal.to_string();
                pages::Awaited::Closing(Name::new(proposal, vote.title.clone()))
            }
            Awaited::Height { height, round } => pages::Awaited::Height(height, u64::from(round)),
        },
        since: one.since,
        members: one
            .members
            .iter()
            .map(|id| core.view().member_name(id))
            .collect(),
    });
    waiting.collect()
}

fn view(core: &Core, now: Timestamp, is_signed_in: bool) -> Option<Recovering> {
    let chain = core.register_chain()?;
    let base = Base::of(chain);
    let name = |member: &MemberId| core.view().member_name(member);
    let waiting = core.waiting(now);
    let awaited: BTreeSet<MemberId> = waiting
        .iter()
        .flat_map(|one| one.members.iter().copied())
        .collect();
    let all: Vec<String> = base
        .validators
        .iter()
        .map(|(_, one)| name(&one.member))
        .collect();
    let validators = base.validators.iter().map(|(_, one)| Seen {
        name: name(&one.member),
        typed: typed(&one.member, &name(&one.member), &all),
        awaited: awaited.contains(&one.member),
        signed: core.last_signed(&one.key),
        connection: is_signed_in.then(|| views::connection(core, &one.member)),
    });
    let known = core.recoveries(now);
    let mut known: Vec<Recovery> = known.iter().map(|one| shown(core, one)).collect();
    known.sort_by_key(|one| std::cmp::Reverse(one.at));
    Some(Recovering {
        waits: waits(core, now),
        validators: validators.collect(),
        bearable: base.validators.sizes().faulty() as u64,
        organisations: (base.organisations.len() as u64, base.needed() as u64),
        notice_seconds: base.notice_ms / 1_000,
        known,
    })
}

/// How a command names a member: by its name, if no shell reads anything else into it and nobody else
/// has it.
fn typed(member: &MemberId, name: &str, all: &[String]) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || " -_.,&'".contains(letter);
    let is_own = all.iter().filter(|other| *other == name).count() == 1;
    let begins = name.chars().next().is_some_and(char::is_alphanumeric);
    match is_own && begins && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => member.to_string(),
    }
}

fn shown(core: &Core, one: &RecoveryShown) -> Recovery {
    let name = |member: &MemberId| core.view().member_name(member);
    let names = |members: &[MemberId]| members.iter().map(name).collect();
    let epoch = one.recovery.epoch;
    let in_force = || Stands::InForce(epoch, one.since.unwrap_or(one.recovery.time));
    let stands = match &one.state {
        _ if one.is_followed => in_force(),
        Err(error) => Stands::Refused(error.to_string()),
        Ok(Stand::Announcing { .. }) => Stands::Announcing,
        Ok(Stand::Notice { until }) => Stands::Notice(*until),
        Ok(Stand::Confirming { since, .. }) => Stands::Confirming(*since),
        Ok(Stand::Stopped { member, time }) => Stands::Stopped(name(member), *time),
        Ok(Stand::Disputed { member, time, .. }) => Stands::Disputed(name(member), *time),
        Ok(Stand::InForce(_)) => in_force(),
    };
    Recovery {
        hash: one.hash.to_string(),
        height: one.recovery.height,
        at: one.recovery.time,
        gone: names(&one.recovery.gone),
        stands,
        needed: one.needed as u64,
        announced: names(&one.announced),
        objected: names(&one.objected),
        confirmed: names(&one.confirmed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_run_is_never_in_a_command() {
        let member = MemberId([7; 32]);
        let all = ["Ash & Co.", "Twin", "Twin", "$(reboot)", "-x", "a\"b"].map(str::to_owned);
        let typed = |name: &str| typed(&member, name, &all);
        assert_eq!(typed("Ash & Co."), "Ash & Co.");
        for strange in ["Twin", "$(reboot)", "-x", "a\"b"] {
            assert_eq!(typed(strange), member.to_string());
        }
    }
}
