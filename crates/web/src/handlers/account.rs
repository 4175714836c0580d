//! One's own account: password, tokens, sessions, settings.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::id::Hash;

use crate::{
    auth::{Form, Signed},
    error::{FieldFault, WebError},
    handlers::{entrance, go, go_with_cookie},
    password::Password,
    site::Site,
};

/// `GET /account`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed(actor): Signed,
) -> Result<Response, WebError> {
    let tokens = site.tokens.of(actor.person()).await?;
    let csrf = actor.form_token()?;
    Ok(maud::html! {
        h1 { (actor.account.name) }
        input name="csrf" value=(csrf);
        @for token in tokens { p { (token.label) } }
    }
    .into_response())
}

/// `POST /account/password`: `old_password`, `new_password`
pub(crate) async fn change_password(
    State(site): State<Site>,
    form: Form,
) -> Result<Response, WebError> {
    let typed = |name: &'static str| {
        let too_long = || WebError::Form(vec![FieldFault::new(name, "It is too long.")]);
        Password::typed(form.fields.raw(name).to_owned()).ok_or_else(too_long)
    };
    let (old, new) = (typed("old_password")?, typed("new_password")?);
    let person = form.actor.person();
    let seed = site.accounts.change_password(person, &old, &new).await?;
    // Whoever knew the old password is out; this browser goes on under a new secret.
    site.sessions.end_all(person).await?;
    let secret = site
        .sessions
        .begin(site.now(), person, seed.as_ref())
        .await?;
    Ok(go_with_cookie(
        "/account?done=password-changed",
        &site.cookie.set(&secret),
    ))
}

/// `POST /account/tokens`: `label`
pub(crate) async fn make_token(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let (person, seed) = (form.actor.person(), form.actor.seed()?);
    let label = form.fields.get("label");
    let (_, text) = site
        .tokens
        .make(site.now(), person, label, seed.as_ref())
        .await?;
    Ok(maud::html! { code { (*text) } }.into_response())
}

/// `POST /account/tokens/{id}/delete`
pub(crate) async fn delete_token(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id: Hash = id
        .parse()
        .map_err(|_| WebError::NotFound { what: "token" })?;
    site.tokens.delete(form.actor.person(), id).await?;
    Ok(go("/account?done=token-revoked"))
}

/// `POST /account/sign-out-everywhere`
pub(crate) async fn sign_out_everywhere(
    State(site): State<Site>,
    _headers: HeaderMap,
    form: Form,
) -> Result<Response, WebError> {
    site.sessions.end_all(form.actor.person()).await?;
    Ok(entrance::leave(&site))
}
