//! What holds by decision.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{effect::Effect, id::Timestamp};
use federation::Core;

use super::{effect::what, views};
use crate::{
    auth::Visitor,
    error::WebError,
    pages::{effect::What, order},
    site::Site,
};

/// Everything that was decided about the federation and has not ended. An office or a commission whose
/// term is over is still held until somebody else is chosen: the day is shown.
fn in_force(core: &Core, now: Timestamp, is_public: bool) -> Vec<What> {
    let Some(order) = core.order() else {
        return Vec::new();
    };
    let longer = order.force_majeure().filter(|longer| now < longer.until);
    let longer = longer.map(|longer| Effect::ForceMajeure {
        times: longer.times,
        until: longer.until,
    });
    let offices = order.offices().iter();
    let offices = offices.map(|((circle, title), holder)| Effect::Office {
        circle: *circle,
        title: title.clone(),
        holder: Some(holder.who),
        until: holder.until,
    });
    let commissions = order.commissions().iter();
    let commissions = commissions.map(|(name, one)| Effect::Commission {
        name: name.clone(),
        powers: one.powers.clone(),
        people: one.people.clone(),
        until: one.until,
    });
    let mediations = order.mediations().iter();
    let mediations = mediations.map(|(proposal, one)| Effect::Mediation {
        proposal: *proposal,
        people: one.people.clone(),
        until: one.until,
    });
    let policies = order.policies().iter();
    let policies = policies.map(|((member, server), policy)| Effect::ServerPolicy {
        member: *member,
        server: server.clone(),
        policy: policy.clone(),
    });
    let settlements = order.settlements().iter();
    let settlements = settlements.map(|(period, digest)| Effect::Settlement {
        period: period.clone(),
        digest: *digest,
    });
    longer
        .into_iter()
        .chain(offices)
        .chain(commissions)
        .chain(mediations)
        .chain(policies)
        .chain(settlements)
        .map(|effect| what(core, &effect, core.charter(), is_public))
        .collect()
}

/// `GET /in-force`
pub(crate) async fn page(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let now = site.now();
    let view = site.node.read(|core| in_force(core, now, actor.is_none()));
    Ok(order::page(&frame, &view).into_response())
}
