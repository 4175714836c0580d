//! The way in: signing in and out, and accepting an invitation.

use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use domain::id::PersonId;
use serde::Deserialize;

use crate::{
    auth::{Form, form_bytes, session_of},
    error::WebError,
    fields::Fields,
    handlers::{go_with_cookie, own_path},
    invitation::Acceptance,
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
    to: String,
}

/// `GET /sign-in`
pub(crate) async fn sign_in(
    State(site): State<Site>,
    headers: HeaderMap,
    Query(to): Query<To>,
) -> Result<Response, WebError> {
    let to = own_path(&to.to);
    if session_of(&site, &headers).await?.is_some() {
        return Ok(super::go(to));
    }
    Ok(maud::html! { h1 { "Sign in" } (to) }.into_response())
}

/// `POST /sign-in`: `name`, `password`, `to`
pub(crate) async fn do_sign_in(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let headers = request.headers().clone();
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let (now, name) = (site.now(), fields.get("name"));
    site.rates
        .count(now, Limit::SignInsOfAddress, Whose::address(address.0))?;
    site.rates
        .count(now, Limit::SignInsOfAccount, Whose::account(name))?;
    let password = Password::typed(fields.raw("password").to_owned()).ok_or(WebError::SignIn)?;
    match site.accounts.sign_in(name, &password).await {
        Ok((account, seed)) => {
            site.rates
                .forget(Limit::SignInsOfAccount, Whose::account(name));
            let to = own_path(fields.get("to"));
            enter(&site, &headers, account.person, seed.as_ref(), to).await
        }
        Err(WebError::SignIn) => {
            let page = maud::html! { h1 { "Sign in" } (WebError::SignIn.to_string()) };
            Ok((StatusCode::UNAUTHORIZED, page).into_response())
        }
        Err(error) => Err(error),
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

/// `POST /sign-out`
pub(crate) async fn sign_out(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    if let Some(session) = &form.actor.session {
        site.sessions.end(session.id).await?;
    }
    Ok(leave(&site))
}

/// What a browser is told when its session has ended: forget the cookie and the pages.
pub(crate) fn leave(site: &Site) -> Response {
    let mut response = go_with_cookie("/sign-in?done=signed-out", &site.cookie.clear());
    let cache = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert("clear-site-data", cache);
    response
}

fn link_secret(text: &str) -> Result<Secret, WebError> {
    Secret::parse(text).ok_or(WebError::InvitationSpent)
}

/// `GET /invitation/{secret}`
pub(crate) async fn invitation(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    site.rates.count(
        site.now(),
        Limit::SignInsOfAddress,
        Whose::address(address.0),
    )?;
    let invitation = site
        .invitations
        .find(site.now(), &link_secret(&secret)?)
        .await?;
    Ok(maud::html! { h1 { "Invitation" } (invitation.name) }.into_response())
}

/// `POST /invitation/{secret}`: `name`, `mail`, `password`
pub(crate) async fn accept_invitation(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let headers = request.headers().clone();
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let now = site.now();
    site.rates
        .count(now, Limit::SignInsOfAddress, Whose::address(address.0))?;
    let password = Password::typed(fields.raw("password").to_owned());
    let chosen = Acceptance {
        name: fields.get("name").to_owned(),
        mail: fields.get("mail").to_owned(),
        password: password.ok_or_else(|| WebError::Malformed("the password is too long".into()))?,
    };
    let secret = link_secret(&secret)?;
    let (account, seed) = site
        .invitations
        .accept(now, &secret, &site.accounts, chosen)
        .await?;
    enter(&site, &headers, account.person, Some(&seed), "/").await
}
