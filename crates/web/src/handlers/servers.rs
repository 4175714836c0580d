//! Servers: those of all members, and those of this node's for its stewards.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{ServerId, Timestamp},
    record::{self, Service},
};

use super::{
    submit::{again, submit},
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    fields::Fields,
    meetings::{
        check, cost,
        described::Described,
        inventory, overview,
        servers::{Reach, algorithm_word},
    },
    pages::{
        form::Filled,
        parts::Name,
        servers::{self as pages, Answered, Server, Typed},
    },
    site::Site,
    standpoint::Standpoint,
};

fn shown(
    core: &Standpoint<'_>,
    now: Timestamp,
    (id, known): (&ServerId, &replica::view::Server),
) -> Server {
    let record = &known.record;
    Server {
        server: Name::new(id.to_string(), record.name.clone()),
        owner: views::member(core, &known.owner),
        region: record.region.to_string(),
        service: record.service,
        users: record.capability.users,
        rooms: record.capability.rooms,
        room_users: record.capability.room_users,
        features: record.features.iter().cloned().collect(),
        share_percent: record.share_percent,
        energy: record.energy.clone(),
        cost: record
            .cost
            .as_ref()
            .map(|sum| (cost::amount(sum), sum.currency.as_str().to_owned())),
        secret: None,
        meetings: inventory::running_on(core, *id) as u64,
        now: overview::server(core, now, *id, known),
    }
}

/// The servers that are not removed, by region and name.
fn servers(site: &Site, actor: &Actor, own_only: bool) -> Vec<Server> {
    let (snapshot, now) = (site.servers.snapshot(), site.now());
    let mut all: Vec<Server> = actor.read(site, |core| {
        let own = core.member();
        let all = core.view().meetings.servers.iter();
        let wanted = all.filter(|(_, known)| {
            known.record.service != Service::Removed && (!own_only || Some(known.owner) == own)
        });
        wanted
            .map(|one| Server {
                secret: own_only.then(|| snapshot.state(*one.0)),
                ..shown(core, now, one)
            })
            .collect()
    });
    all.sort_by(|a, b| (&a.region, &a.server.name).cmp(&(&b.region, &b.server.name)));
    all
}

/// `GET /meet/servers`
pub(crate) async fn all(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    Ok(pages::all(&frame, &servers(&site, &actor, false)).into_response())
}

async fn list(
    site: &Site,
    actor: &Actor,
    place: &Place,
    filled: &Filled,
) -> Result<Response, WebError> {
    acts::need_host(site, actor)?;
    let frame = views::frame(site, Some(actor), place)?;
    Ok(pages::own(&frame, &servers(site, actor, true), filled).into_response())
}

/// `GET /node/servers`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    list(&site, &actor, &place, &Filled::default()).await
}

/// `POST /node/servers`
pub(crate) async fn add(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        acts::need_host(&site, &form.actor)?;
        let said = Described::of_form(&form.fields)?;
        let id = inventory::add(&site, &form.actor, said).await?;
        Ok(format!("/node/servers/{id}?done=saved"))
    };
    let page = async |filled| list(&site, &form.actor, &form.place, &filled).await;
    submit(&site, &form, work, page).await
}

fn id_of(text: &str) -> Result<ServerId, WebError> {
    let missing = |_| WebError::NotFound { what: "server" };
    text.parse().map_err(missing)
}

/// One of the own servers, as it stands.
fn typed(site: &Site, id: ServerId) -> Result<(record::Server, Typed), WebError> {
    let record = inventory::own(site, id)?;
    let access = site.servers.secret_of(id);
    let reach = access.map_or_else(Reach::default, |access| access.reach);
    let typed = Typed {
        url: record.url.clone(),
        cpu_units: record.capability.cpu_units.to_string(),
        net_out_kbit_s: record.capability.net_out_kbit_s.to_string(),
        algorithm: algorithm_word(reach.algorithm).to_owned(),
        allow_private: reach.allow_private,
        allow_http: reach.allow_http,
    };
    Ok((record, typed))
}

async fn show(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: ServerId,
    (answered, filled): (Option<&Answered>, &Filled),
) -> Result<Response, WebError> {
    acts::need_host(site, actor)?;
    let (_, typed) = typed(site, id)?;
    let frame = views::frame(site, Some(actor), place)?;
    let snapshot = site.servers.snapshot();
    let server = actor.read(site, |core| {
        let known = core.view().meetings.servers.get_key_value(&id)?;
        let secret = Some(snapshot.state(id));
        Some(Server {
            secret,
            ..shown(core, frame.now, known)
        })
    });
    let server = server.ok_or(WebError::NotFound { what: "server" })?;
    Ok(pages::edit(&frame, (&server, &typed), answered, filled).into_response())
}

/// `GET /node/servers/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let nothing = (None, &Filled::default());
    show(&site, (&actor, &place), id_of(&id)?, nothing).await
}

/// `POST /node/servers/{id}`
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        acts::need_host(&site, &form.actor)?;
        let (known, _) = typed(&site, id)?;
        let said = Described::of_form(&form.fields)?.beside(&known);
        inventory::change(&site, &form.actor, id, said).await?;
        Ok(format!("/node/servers/{id}?done=saved"))
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}

async fn refilled(
    site: &Site,
    form: &Form,
    id: ServerId,
    filled: Filled,
) -> Result<Response, WebError> {
    show(site, (&form.actor, &form.place), id, (None, &filled)).await
}

/// `POST /node/servers/{id}/service`: `service`
pub(crate) async fn service(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        let said = Described {
            service: Some(form.fields.get("service").to_owned()),
            ..Described::default()
        };
        inventory::change(&site, &form.actor, id, said).await?;
        Ok(format!("/node/servers/{id}?done=saved"))
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}

/// `POST /node/servers/{id}/check`: the page has what the server said.
pub(crate) async fn check(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    match check::check(&site, &form.actor, id).await {
        Ok(found) => {
            let answered = Answered {
                version: found.version,
                release: found.server_version,
                round_trip_ms: found.round_trip_ms,
                clock_ahead_ms: found.clock_ahead_ms,
            };
            let shown = (Some(&answered), &Filled::default());
            show(&site, (&form.actor, &form.place), id, shown).await
        }
        Err(error) => {
            // The form of the check has no fields: those of the server stay as they stand.
            again(&Fields::default(), error, async |filled| {
                refilled(&site, &form, id, filled).await
            })
            .await
        }
    }
}

/// `POST /node/servers/{id}/remove`: `force`? (`yes`, while meetings run on it)
pub(crate) async fn remove(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        inventory::remove(&site, &form.actor, id, form.fields.is_ticked("force")).await?;
        Ok("/node/servers?done=server-removed".to_owned())
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}
