//! One's own account: password, tokens, sessions, settings.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::id::{Hash, Timestamp};

use super::{
    entrance, go, go_with_cookie,
    submit::{again, reveal},
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    links::Purpose,
    pages::{
        account::{self, Account, Forms, Token},
        frame::Theme,
        subscriptions::{Feeds, Mails},
        time::Zone,
    },
    password::Password,
    site::Site,
};

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    new_token: Option<(String, String)>,
    forms: &Forms,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let (person, now) = (actor.person(), site.now());
    let tokens = site.tokens.of(person).await?;
    let secret = site.links.of(now, person, Purpose::Feed).await?;
    let root = match &site.settings.public_url {
        Some(public) => public.to_string(),
        None => format!("http://{}", place.host),
    };
    let feed = |name: &str| format!("{root}/feeds/{secret}/{name}");
    let own = &actor.account;
    let view = Account {
        roles: views::roles(acts::roles(site, actor)),
        tokens: tokens
            .iter()
            .map(|token| Token {
                id: token.id().to_string(),
                label: token.label.clone(),
                made: Timestamp(token.created),
                used: token.used.map(Timestamp),
            })
            .collect(),
        new_token,
        sessions: site.sessions.count(now, person).await? as u64,
        mails: Mails {
            address: own.mail.clone(),
            reminders: own.reminders,
            digest: own.digest,
            digest_hour: own.digest_hour,
            is_on: site.settings.mail.is_some(),
        },
        feeds: Feeds {
            calendar: feed("calendar.ics"),
            news: feed("feed.atom"),
        },
    };
    Ok(account::page(&frame, &view, forms).into_response())
}

/// `GET /account`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    show(&site, &actor, &place, None, &Forms::default()).await
}

/// The page with one of its forms sent back.
pub(super) async fn refilled(site: &Site, form: &Form, forms: Forms) -> Result<Response, WebError> {
    show(site, &form.actor, &form.place, None, &forms).await
}

/// `POST /account/password`: `current`, `new`
pub(crate) async fn change_password(
    State(site): State<Site>,
    form: Form,
) -> Result<Response, WebError> {
    let person = form.actor.person();
    let typed = |name: &'static str| {
        let too_long = || WebError::Form(vec![FieldFault::new(name, "It is too long.")]);
        Password::typed(form.fields.raw(name).to_owned()).ok_or_else(too_long)
    };
    let work = async {
        let (old, new) = (typed("current")?, typed("new")?);
        site.accounts.change_password(person, &old, &new).await
    };
    match work.await {
        Ok(seed) => {
            // Whoever knew the old password is out, with the tokens made by it; this browser goes on under
            // a new secret.
            site.sessions.end_all(person).await?;
            site.tokens.delete_all(person).await?;
            let secret = site
                .sessions
                .begin(site.now(), person, seed.as_ref())
                .await?;
            Ok(go_with_cookie(
                "/account?done=password-changed",
                &site.cookie.set(&secret),
            ))
        }
        Err(error) => {
            let page = async |password| {
                let forms = Forms {
                    password,
                    ..Forms::default()
                };
                refilled(&site, &form, forms).await
            };
            again(&form.fields, error, page).await
        }
    }
}

/// `POST /account/settings`: `zone`, `theme`
pub(crate) async fn settings(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let fault = |field, message: &str| WebError::Form(vec![FieldFault::new(field, message)]);
        let zone = Zone::named(form.fields.get("zone"))
            .ok_or_else(|| fault("zone", "Choose a zone of the list."))?;
        let theme = Theme::from_word(form.fields.get("theme"))
            .ok_or_else(|| fault("theme", "Choose a theme of the list."))?;
        let change = |account: &mut crate::accounts::Account| {
            account.zone = zone.name().to_owned();
            account.theme = theme.as_str().to_owned();
        };
        site.accounts.change(form.actor.person(), change).await
    };
    match work.await {
        Ok(_) => Ok(go("/account?done=saved-here#settings")),
        Err(error) => {
            let page = async |settings| {
                let forms = Forms {
                    settings,
                    ..Forms::default()
                };
                refilled(&site, &form, forms).await
            };
            again(&form.fields, error, page).await
        }
    }
}

/// `POST /account/tokens`: `label`
pub(crate) async fn make_token(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let (person, seed) = (form.actor.person(), form.actor.seed()?);
    let work = async {
        let label = form.fields.get("label");
        let (token, text) = site
            .tokens
            .make(site.now(), person, label, seed.as_ref())
            .await?;
        Ok((token.label, text.to_string()))
    };
    let page = async |made, token| {
        let forms = Forms {
            token,
            ..Forms::default()
        };
        show(&site, &form.actor, &form.place, made, &forms).await
    };
    reveal(&site, &form, "/account", work, page).await
}

/// `POST /account/tokens/{id}/revoke`
pub(crate) async fn revoke_token(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let id: Hash = id
        .parse()
        .map_err(|_| WebError::NotFound { what: "token" })?;
    let work = async {
        site.tokens.delete(form.actor.person(), id).await?;
        Ok("/account?done=token-revoked".to_owned())
    };
    Ok(go(&site.once.run(form.id, work).await?))
}

/// `POST /account/sign-out-everywhere`
pub(crate) async fn sign_out_everywhere(
    State(site): State<Site>,
    form: Form,
) -> Result<Response, WebError> {
    site.sessions.end_all(form.actor.person()).await?;
    Ok(entrance::leave(&site, "/sign-in?done=signed-out"))
}
