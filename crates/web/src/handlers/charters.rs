//! Every charter that was in force.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::id::Hash;
use federation::Core;

use super::{effect::charter_changes, views};
use crate::{
    auth::Visitor,
    error::WebError,
    pages::charters::{self, InForce},
    site::Site,
};

/// The charters in force, the first one first. Without a register there is that of the genesis.
fn all(core: &Core) -> Vec<InForce> {
    let known = core.charters_in_force();
    if known.is_empty() {
        return vec![InForce {
            hash: core.charter().hash().to_string(),
            title: core.charter().terms().title.clone(),
            since: None,
            until: None,
            changes: Vec::new(),
        }];
    }
    let places = known.iter().enumerate();
    let charters = places.filter_map(|(place, one)| {
        let charter = core.charter_of(&one.charter)?;
        let before = place.checked_sub(1).map(|place| known[place].charter);
        let before = before.and_then(|before| core.charter_of(&before));
        Some(InForce {
            hash: one.charter.to_string(),
            title: charter.terms().title.clone(),
            since: Some((one.height, one.since)),
            until: known.get(place + 1).map(|next| next.since),
            changes: before.map_or_else(Vec::new, |before| {
                charter_changes(before, &charter.to_bytes())
            }),
        })
    });
    charters.collect()
}

/// `GET /charters`: anyone may read what was decided.
pub(crate) async fn list(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let mut charters = site.node.read(all);
    charters.reverse();
    Ok(charters::list(&frame, &charters).into_response())
}

/// `GET /charters/{hash}`
pub(crate) async fn one(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(hash): Path<String>,
) -> Result<Response, WebError> {
    let missing = || WebError::NotFound { what: "charter" };
    let hash: Hash = hash.parse().map_err(|_| missing())?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let found = site.node.read(|core| {
        let toml = core.charter_of(&hash)?.to_toml();
        // In force twice: the last time.
        let mut charters = all(core).into_iter().rev();
        let charter = charters.find(|one| one.hash == hash.to_string())?;
        Some((charter, toml))
    });
    let (charter, toml) = found.ok_or_else(missing)?;
    Ok(charters::one(&frame, &charter, &toml).into_response())
}
