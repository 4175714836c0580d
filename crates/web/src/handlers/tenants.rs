//! Front ends of this node, for its stewards.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::id::{MemberId, TenantId};

use super::{
    submit::{again, reveal, submit},
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    meetings::{
        configuration::{FrontEnd, SECRET_PLACEHOLDER, text},
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
    once: Once,
    filled: &Filled,
) -> Result<Response, WebError> {
    acts::need_host(site, actor)?;
    let frame = views::frame(site, Some(actor), place)?;
    let seen = tenancy::seen(site, actor).await?;
    let tenants: Vec<Tenant> = seen.iter().map(shown).collect();
    let page = pages::list(&frame, &tenants, (&members(site), &once), filled);
    Ok(unkept(page.into_response()))
}

/// `GET /node/tenants`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    list(&site, (&actor, &place), Once::default(), &Filled::default()).await
}

/// `POST /node/tenants`: the page has the secret, once.
pub(crate) async fn add(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let said = NewTenant::of_form(&form.fields)?;
        let name = said.name.clone();
        let (_, made) = tenancy::add(&site, &form.actor, said).await?;
        Ok((name, made.map(|secret| text_of(&secret).to_string())))
    };
    let page = async |secret, filled: Filled| {
        let once = Once {
            secret,
            ..Once::default()
        };
        list(&site, (&form.actor, &form.place), once, &filled).await
    };
    reveal(&site, &form, "/node/tenants", work, page).await
}

fn id_of(text: &str) -> Result<TenantId, WebError> {
    let missing = |_| WebError::NotFound { what: "tenant" };
    text.parse().map_err(missing)
}

async fn find(site: &Site, actor: &Actor, id: TenantId) -> Result<Seen, WebError> {
    acts::need_host(site, actor)?;
    let seen = tenancy::seen(site, actor).await?;
    let found = seen.into_iter().find(|seen| seen.id == id);
    found.ok_or(WebError::NotFound { what: "tenant" })
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
        Ok(format!("/node/tenants/{id}?done=saved"))
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

/// `POST /node/tenants/{id}/rotate`: `now`?, `secret`?; the page has the secret, once.
pub(crate) async fn rotate(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let work = async {
        let name = find(&site, &form.actor, id).await?.name;
        let given = tenancy::secret_of_form(&form.fields)?;
        let how = (given, form.fields.is_ticked("now"));
        let (made, _) = tenancy::rotate(&site, &form.actor, id, how).await?;
        Ok((name, made.map(|secret| text_of(&secret).to_string())))
    };
    let page = async |secret, filled: Filled| {
        let once = Once {
            secret,
            ..Once::default()
        };
        show(&site, (&form.actor, &form.place), id, (once, &filled)).await
    };
    let path = format!("/node/tenants/{id}");
    reveal(&site, &form, &path, work, page).await
}

/// `POST /node/tenants/{id}/configuration`: `for`, `with_secret`?; the page has the text.
pub(crate) async fn configuration(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id = id_of(&id)?;
    let made = async {
        let seen = find(&site, &form.actor, id).await?;
        let front_end = FrontEnd::from_word(form.fields.get("for"));
        let fault = || FieldFault::new("for", "Choose a program of the list.");
        let front_end = front_end.ok_or_else(|| WebError::Form(vec![fault()]))?;
        let secret = match form.fields.is_ticked("with_secret") {
            true => Some(text_of(&tenancy::reveal(&site, &form.actor, id).await?)),
            false => None,
        };
        let secret = secret
            .as_ref()
            .map_or(SECRET_PLACEHOLDER, |text| text.as_str());
        let rules = seen.rules.clone().unwrap_or_default();
        let address = site.address(&form.place.host);
        let text = text(front_end, (&seen.name, &rules), &address, secret);
        Ok((front_end.name(), text))
    };
    match made.await {
        Ok(made) => {
            let once = Once {
                configuration: Some(made),
                ..Once::default()
            };
            let shown = (once, &Filled::default());
            show(&site, (&form.actor, &form.place), id, shown).await
        }
        Err(error) => {
            again(&form.fields, error, async |filled| {
                refilled(&site, &form, id, filled).await
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
        Ok("/node/tenants?done=removed".to_owned())
    };
    let page = async |filled| refilled(&site, &form, id, filled).await;
    submit(&site, &form, work, page).await
}
