//! Signing up through a host's link.

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};

use super::{application, entrance, hosted::classes, submit::again, views};
use crate::{
    auth::{Place, Visitor, form_bytes},
    error::{FieldFault, WebError},
    fields::Fields,
    hosted::{self, Keys, SignUp, Words},
    pages::{
        form::Filled,
        hosted::{self as pages, Entry},
    },
    password::Password,
    protect::ClientAddress,
    rate::{Limit, Whose},
    seal::Secret,
    site::Site,
};

async fn join_page(
    site: &Site,
    place: &Place,
    secret: &Secret,
    filled: &Filled,
) -> Result<Response, WebError> {
    let invitation = site.hosted.find(site.now(), secret).await?;
    let frame = views::frame(site, None, place)?;
    let view = Entry {
        secret: secret.text().to_string(),
        classes: site.node.read(|core| classes(core, &invitation.class)),
        until: invitation.expires(),
        terms: site.node.read(application::terms),
    };
    Ok(pages::sign_up(&frame, "", &view, filled).into_response())
}

/// `GET /join/{secret}`
pub(crate) async fn join(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Visitor { place, .. }: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    let from = Whose::address(address.0);
    site.rates
        .count(site.now(), Limit::SignInsOfAddress, from)?;
    join_page(
        &site,
        &place,
        &entrance::link_secret(&secret)?,
        &Filled::default(),
    )
    .await
}

/// What a newcomer's form says to those who admit.
pub(super) fn words(fields: &Fields) -> Words {
    Words {
        request: fields.get("request").to_owned(),
        contribution: fields.get("contribution").to_owned(),
        accepts: fields.get("accept_charter").to_owned(),
    }
}

async fn chosen(site: &Site, fields: &Fields) -> Result<SignUp, WebError> {
    let typed = |name: &'static str| {
        let too_long = || WebError::Form(vec![FieldFault::new(name, "It is too long.")]);
        Password::typed(fields.raw(name).to_owned()).ok_or_else(too_long)
    };
    let export = fields.get("export");
    let keys = match export.is_empty() {
        true => Keys::Made,
        false => {
            let old = typed("old_password")?;
            Keys::Brought(site.accounts.open_export(export, &old).await?)
        }
    };
    let field = |name| fields.get(name).to_owned();
    Ok(SignUp {
        name: field("member_name"),
        class: field("class"),
        words: words(fields),
        person_name: field("name"),
        mail: field("mail"),
        password: typed("password")?,
        keys,
    })
}

/// `POST /join/{secret}`: `member_name`, `class`, `request`, `name`, `mail`, `password`, where decisions
/// admit `contribution`, `accept_charter` (its hash), and to bring keys along `export`, `old_password`
pub(crate) async fn do_join(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let (headers, place) = (request.headers().clone(), Place::of(request.uri()));
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let from = Whose::address(address.0);
    site.rates
        .count(site.now(), Limit::SignInsOfAddress, from)?;
    let secret = entrance::link_secret(&secret)?;
    // Nobody's password is tried by who has no link.
    site.hosted.find(site.now(), &secret).await?;
    let work = async {
        let chosen = chosen(&site, &fields).await?;
        hosted::sign_up(&site, &secret, chosen).await
    };
    match work.await {
        Ok((account, seed)) => {
            entrance::enter(&site, &headers, account.person, seed.as_ref(), "/account").await
        }
        Err(error) => {
            let page = async |filled| join_page(&site, &place, &secret, &filled).await;
            again(&fields, error, page).await
        }
    }
}
