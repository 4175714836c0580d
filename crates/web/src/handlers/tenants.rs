//! Front ends of this node, for its stewards.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bigbluebutton::Secret;
use domain::id::{MemberId, TenantId};

use super::{
    submit::{again, submit},
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    fields::Fields,
    meetings::{
        configuration::FrontEnd,
        tenancy::{self, Changed, Described, NewTenant, Seen},
    },
    pages::{
        form::Filled,
        parts::Name,
        tenants::{self as pages, Once, Tenant},
    },
    site::Site,
    vault::text_of,
};

fn shown(seen: &Seen) -> Tenant {
    Tenant {
        tenant: Name::new(seen.id.to_string(), seen.name.clone()),
        member: Name::new(seen.member.to_string(), seen.member_name.clone()),
        region: seen.region.clone().unwrap_or_default(),
        secret: seen.secret,
        old_until: seen.old_until.clone(),
        rules: seen.rules.clone(),
        is_of_rooms: seen.is_of_rooms,
    }
}

/// Those that a front end can belong to, this node's own member first.
fn members(site: &Site) -> Vec<(String, String)> {
    site.node.read(|core| {
        let (view, own) = (core.view(), core.member());
        let hosted = view.members.keys().filter(|member| {
            let hosted = view.hosted(member);
            Some(**member) != own && hosted.is_some_and(|hosted| hosted.host == own)
        });
        let all = own.iter().chain(hosted);
        all.map(|member: &MemberId| (member.to_string(), view.member_name(member)))
            .collect()
    })
}

/// A page with a secret on it, which nobody keeps on the way.
fn unkept(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

async fn list(
    site: &Site,
    (actor, place): (&Actor, &Place),
    filled: &Filled,
) -> Result<Response, WebError> {
    acts::need_host(site, actor)?;
    let frame = views::frame(site, Some(actor), place)?;
    let seen = tenancy::seen(site, actor).await?;
    let tenants: Vec<Tenant> = seen.iter().map(shown).collect();
    Ok(pages::list(&frame, &tenants, &members(site), filled).into_response())
}

/// `GET /node/tenants`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    list(&site, (&actor, &place), &Filled::default()).await
}

/// Where the secret of a front end is seen, or that the given one is kept.
fn after_secret(id: TenantId, made: Option<&Secret>) -> String {
    match made {
        Some(_) => format!("/node/tenants/{id}/secret"),
        None => format!("/node/tenants/{id}?done=secret-kept"),
    }
}

/// `POST /node/tenants`: leads to the secret.
pub(crate) async fn add(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let said = NewTenant::of_form(&form.fields)?;
        let (id, made) = tenancy::add(&site, &form.actor, said).await?;
        Ok(after_secret(id, made.as_ref()))
    };
    submit(&site, &form, work, async |filled| {
        list(&site, (&form.actor, &form.place), &filled).await
    })
    .await
}

fn id_of(text: &str) -> Result<TenantId, WebError> {
    let missing = |_| WebError::NotFound { what: "front end" };
    text.parse().map_err(missing)
}

async fn find(site: &Site, actor: &Actor, id: TenantId) -> Result<Seen, WebError> {
    acts::need_host(site, actor)?;
    let seen = tenancy::seen(site, actor).await?;
    let found = seen.into_iter().find(|seen| seen.id == id);
    found.ok_or(WebError::NotFound { what: "front end" })
}

async fn show(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: TenantId,
    (once, filled): (Once, &Filled),
) -> Result<Response, WebError> {
    let seen = find(site, actor, id).await?;
    let frame = views::frame(site, Some(actor), place)?;
    let page = pages::one(&frame, &shown(&seen), &once, filled);
    Ok(unkept(page.into_response()))
}

/// `GET /node/tenants/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let nothing = (Once::default(), &Filled::default());
    show(&site, (&actor, &place), id_of(&id)?, nothing).await
}

async fn refilled(
    site: &Site,
    form: &Form,
    id: TenantId,
    filled: Filled,
) -> Result<Response, WebError> {
    let shown = (Once::default(), &filled);
    show(site, (&form.actor, &form.place), id, shown).await
}

/// `POST /node/tenants/{id}`: `name`, `region`
pub(crate) async fn describe(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        let said = Described::of_form(&form.fields);
        tenancy::describe(&site, &form.actor, id, said).await?;
        Ok(format!("/node/tenants/{id}?done=saved"))
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}

/// Changes what a front end may have, and goes back to its page.
async fn changed(
    site: &Site,
    form: &Form,
    id: TenantId,
    said: impl FnOnce() -> Result<Changed, WebError>,
) -> Result<Response, WebError> {
    let work = async {
        tenancy::limit(site, &form.actor, id, said()?).await?;
        Ok(format!("/node/tenants/{id}?done=saved-here"))
    };
    let page = async |filled| refilled(site, form, id, filled).await;
    submit(site, form, work, page).await
}

/// `POST /node/tenants/{id}/limits`
pub(crate) async fn limits(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    changed(&site, &form, id_of(&id)?, || Changed::of_form(&form.fields)).await
}

/// `POST /node/tenants/{id}/level`: `level`
pub(crate) async fn level(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let said = || {
        Ok(Changed {
            level: Some(form.fields.get("level").to_owned()),
            ..Changed::default()
        })
    };
    changed(&site, &form, id_of(&id)?, said).await
}

/// `POST /node/tenants/{id}/rotate`: `now`?, `secret`?; leads to the secret.
pub(crate) async fn rotate(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        let given = tenancy::secret_of_form(&form.fields)?;
        let how = (given, form.fields.is_ticked("now"));
        let (made, _) = tenancy::rotate(&site, &form.actor, id, how).await?;
        Ok(after_secret(id, made.as_ref()))
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}

/// `GET /node/tenants/{id}/secret`: the page with the newest secret on it.
pub(crate) async fn secret(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let secret = text_of(&tenancy::reveal(&site, &actor, id).await?).to_string();
    let once = Once {
        secret: Some(secret),
        ..Once::default()
    };
    show(&site, (&actor, &place), id, (once, &Filled::default())).await
}

/// `GET /node/tenants/{id}/configuration`: `for`, `with_secret`?; the page has the text.
pub(crate) async fn configuration(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let made = async {
        let front_end = FrontEnd::from_word(fields.get("for"));
        let fault = || FieldFault::new("for", "Choose a program of the list.");
        let front_end = front_end.ok_or_else(|| WebError::Form(vec![fault()]))?;
        let seen = find(&site, &actor, id).await?;
        let address = site.address(&place.host);
        let asked = (front_end, fields.is_ticked("with_secret"));
        let text = tenancy::configuration(&site, &actor, &seen, asked, &address).await?;
        Ok((front_end.name(), text))
    };
    match made.await {
        Ok(made) => {
            let once = Once {
                configuration: Some(made),
                ..Once::default()
            };
            show(&site, (&actor, &place), id, (once, &Filled::default())).await
        }
        Err(error) => {
            again(&fields, error, async |filled: Filled| {
                show(&site, (&actor, &place), id, (Once::default(), &filled)).await
            })
            .await
        }
    }
}

/// `POST /node/tenants/{id}/remove`
pub(crate) async fn remove(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        tenancy::remove(&site, &form.actor, id).await?;
        Ok("/node/tenants?done=front-end-removed".to_owned())
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}
