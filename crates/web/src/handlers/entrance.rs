//! The way in: signing in and out, and accepting an invitation.

use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue},
    response::{IntoResponse, Response},
};
use domain::{id::PersonId, key::SecretKey, record::Roles};
use federation::Act;
use serde::Deserialize;

use super::{go, go_with_cookie, own_path, submit::again, views};
use crate::{
    accounts::Account,
    auth::{Form, Place, Visitor, form_bytes, session_of},
    error::{FieldFault, WebError},
    fields::Fields,
    invitation::Acceptance,
    pages::{
        account::{self, Welcome},
        form::Filled,
    },
    password::Password,
    protect::ClientAddress,
    rate::{Limit, Whose},
    seal::{Secret, Seed},
    site::Site,
};

/// Where a person was going.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct To {
    #[serde(default)]
    next: String,
}

fn sign_in_page(
    site: &Site,
    place: &Place,
    next: &str,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, None, place)?;
    // There is no session whose token the form could carry; where it came from is checked.
    Ok(account::sign_in(&frame, "", next, filled).into_response())
}

/// `GET /sign-in`
pub(crate) async fn sign_in(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Query(to): Query<To>,
) -> Result<Response, WebError> {
    let next = own_path(&to.next);
    if actor.is_some() {
        return Ok(go(next));
    }
    sign_in_page(&site, &place, next, &Filled::default())
}

/// `POST /sign-in`: `name`, `password`, `next`
pub(crate) async fn do_sign_in(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let (headers, place) = (request.headers().clone(), Place::of(request.uri()));
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let (now, name) = (site.now(), fields.get("name"));
    site.rates
        .count(now, Limit::SignInsOfAddress, Whose::address(address.0))?;
    let from_here = Whose::account_from(name, address.0);
    site.rates
        .count(now, Limit::SignInsOfAccountFrom, from_here)?;
    site.rates
        .count(now, Limit::SignInsOfAccount, Whose::account(name))?;
    let next = own_path(fields.get("next"));
    let password = Password::typed(fields.raw("password").to_owned()).ok_or(WebError::SignIn)?;
    match site.accounts.sign_in(name, &password).await {
        Ok((account, seed)) => {
            site.rates.forget(Limit::SignInsOfAccountFrom, from_here);
            enter(&site, &headers, account.person, seed.as_ref(), next).await
        }
        Err(error) => {
            let page = async |filled| sign_in_page(&site, &place, next, &filled);
            again(&fields, error, page).await
        }
    }
}

/// Begins a session under a new secret; one that the browser brought along ends.
pub(crate) async fn enter(
    site: &Site,
    headers: &HeaderMap,
    person: PersonId,
    seed: Option<&Seed>,
    to: &str,
) -> Result<Response, WebError> {
    if let Some(session) = session_of(site, headers)
        .await?
        .and_then(|actor| actor.session)
    {
        site.sessions.end(session.id).await?;
    }
    let secret = site.sessions.begin(site.now(), person, seed).await?;
    Ok(go_with_cookie(to, &site.cookie.set(&secret)))
}

/// `POST /account/sign-out`
pub(crate) async fn sign_out(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    if let Some(session) = &form.actor.session {
        site.sessions.end(session.id).await?;
    }
    Ok(leave(&site, "/sign-in"))
}

/// What a browser is told when its session has ended: forget the cookie and the pages.
pub(crate) fn leave(site: &Site, to: &str) -> Response {
    let mut response = go_with_cookie(to, &site.cookie.clear());
    let cache = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert("clear-site-data", cache);
    response
}

pub(super) fn link_secret(text: &str) -> Result<Secret, WebError> {
    Secret::parse(text).ok_or(WebError::InvitationSpent)
}

async fn welcome_page(
    site: &Site,
    place: &Place,
    secret: &Secret,
    filled: &Filled,
) -> Result<Response, WebError> {
    let invitation = site.invitations.find(site.now(), secret).await?;
    let is_steward = invitation
        .roles
        .iter()
        .any(|role| Roles::from_word(role) == Some(Roles::STEWARD));
    let view = Welcome {
        secret: secret.text().to_string(),
        name: invitation.name.clone(),
        roles: views::roles_of_words(&invitation.roles),
        is_first: is_steward && site.accounts.all().await?.is_empty(),
        until: Some(invitation.expires()),
    };
    let frame = views::frame(site, None, place)?;
    Ok(account::welcome(&frame, "", &view, filled).into_response())
}

/// `GET /welcome/{secret}`
pub(crate) async fn welcome(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Visitor { place, .. }: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    site.rates.count(
        site.now(),
        Limit::SignInsOfAddress,
        Whose::address(address.0),
    )?;
    welcome_page(&site, &place, &link_secret(&secret)?, &Filled::default()).await
}

/// Tells the members the person's name, unless whoever invited did: the first steward is invited
/// by nobody who could.
async fn introduce(site: &Site, account: &Account, seed: &Seed) {
    let person = account.person;
    let is_known = site.node.read_as(account.member, |core| {
        let own = core.member();
        own.is_some_and(|own| core.view().person_name(&own, &person).is_some())
    });
    if is_known {
        return;
    }
    let card = Act::Person {
        person,
        name: account.name.clone(),
        contact: String::new(),
    };
    let told = site.node.act(SecretKey::from_seed(seed), card).await;
    if let Err(error) = told {
        tracing::warn!(%error, "a new person's name could not be told to the members");
    }
}

/// `POST /welcome/{secret}`: `name`, `mail`, `password`
pub(crate) async fn accept(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let (headers, place) = (request.headers().clone(), Place::of(request.uri()));
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let now = site.now();
    site.rates
        .count(now, Limit::SignInsOfAddress, Whose::address(address.0))?;
    let secret = link_secret(&secret)?;
    let work = async {
        let too_long = || WebError::Form(vec![FieldFault::new("password", "It is too long.")]);
        let password = Password::typed(fields.raw("password").to_owned()).ok_or_else(too_long)?;
        let (name, mail) = (fields.get("name").to_owned(), fields.get("mail").to_owned());
        let chosen = Acceptance {
            name,
            mail,
            password,
        };
        site.invitations
            .accept(now, &secret, &site.accounts, chosen)
            .await
    };
    match work.await {
        Ok((account, seed)) => {
            introduce(&site, &account, &seed).await;
            enter(&site, &headers, account.person, Some(&seed), "/").await
        }
        Err(error) => {
            let page = async |filled| welcome_page(&site, &place, &secret, &filled).await;
            again(&fields, error, page).await
        }
    }
}
