//! Who asks to become a member, for anyone.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{id::Timestamp, key::PublicKey};
use federation::{Core, Standing};
use replica::view::Candidate;

use super::{federation::class_name, views};
use crate::{
    auth::Visitor,
    error::WebError,
    pages::{
        applicants::{self, Applicant, Journey},
        parts::Name,
    },
    site::Site,
};

fn shown(core: &Core, candidate: &Candidate, standing: &Standing) -> Applicant {
    let one = &candidate.applicant;
    Applicant {
        root_key: one.newcomer.root.to_string(),
        name: one.newcomer.name.clone(),
        class: class_name(core, &one.newcomer.class),
        request: one.request.clone(),
        contribution: one.contribution.clone(),
        terms: one.terms.to_string(),
        through: views::member(core, &candidate.through),
        host: one.host.map(|host| views::member(core, &host)),
        at: candidate.time,
        journey: journey(standing),
    }
}

/// How far an application is, as pages show it.
pub(super) fn journey(standing: &Standing) -> Journey {
    match standing {
        Standing::NoRegister | Standing::Unknown | Standing::Waiting => Journey::Waiting,
        Standing::Proposed(id) => Journey::Proposed(id.to_string()),
        Standing::Voting { proposal, until } => Journey::Voting(proposal.to_string(), *until),
        Standing::Refused { proposal, why } => Journey::Refused(proposal.to_string(), why.clone()),
        Standing::Outdated { .. } => Journey::Outdated,
        Standing::Admitted { member, newcomer } => {
            Journey::Admitted(Name::new(member.to_string(), newcomer.name.clone()))
        }
    }
}

fn all(core: &Core, now: Timestamp) -> Vec<Applicant> {
    let mut candidates = core.candidates(now);
    candidates.sort_by_key(|(candidate, _)| (candidate.time, candidate.entry));
    candidates
        .iter()
        .map(|(candidate, standing)| shown(core, candidate, standing))
        .collect()
}

/// `GET /applicants`
pub(crate) async fn list(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let now = site.now();
    let applicants = site.node.read(|core| all(core, now));
    Ok(applicants::list(&frame, &applicants).into_response())
}

/// `GET /applicants/{key}`: a permanent address, also once it is a member.
pub(crate) async fn one(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(key): Path<String>,
) -> Result<Response, WebError> {
    let missing = || WebError::NotFound { what: "applicant" };
    let root: PublicKey = key.parse().map_err(|_| missing())?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let now = site.now();
    let found = site.node.read(|core| {
        let candidate = core.view().candidates.get(&root)?;
        Some(shown(core, candidate, &core.standing(&root, now)))
    });
    let applicant = found.ok_or_else(missing)?;
    let may_propose = actor.as_ref().is_some_and(|actor| {
        actor.read(&site, |core| {
            views::Rights::of(core, &actor.person()).writes()
        })
    });
    Ok(applicants::one(&frame, &applicant, may_propose).into_response())
}
