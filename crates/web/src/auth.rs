//! Who acts: a session's person for pages, a token's or a session's for the API.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Multipart, Request},
    http::{HeaderMap, Uri, header, request::Parts},
};
use domain::{
    id::{Hash, PersonId},
    key::SecretKey,
};

use crate::{
    accounts::Account,
    error::{FieldFault, WebError},
    fields::Fields,
    once::Once,
    pages::frame::Done,
    password::Password,
    rate::{Limit, Whose},
    seal::{self, Seed},
    session::Session,
    site::Site,
};

/// The person behind a request.
pub(crate) struct Actor {
    pub account: Account,
    pub session: Option<Session>,
    seed: Option<Seed>,
    /// The hosted member's root key, once its keeper has typed the password again.
    root: Option<SecretKey>,
}

impl Actor {
    pub(crate) fn person(&self) -> PersonId {
        self.account.person
    }

    /// The person's key seed, if the node keeps it.
    pub(crate) fn seed(&self) -> Result<Option<Seed>, WebError> {
        match &self.session {
            Some(session) => session.seed(),
            None => Ok(self.seed.clone()),
        }
    }

    /// The key the person signs with.
    pub(crate) fn key(&self) -> Result<SecretKey, WebError> {
        let seed = self.seed()?.ok_or_else(|| WebError::Conflict {
            code: "key-elsewhere",
            message:
                "Your key is on your own device. Sign there, with the folkmoot command and --key."
                    .to_owned(),
        })?;
        Ok(SecretKey::from_seed(&seed))
    }

    /// The root key of the hosted member this person acts for.
    pub(crate) fn hosted_root(&self) -> Result<SecretKey, WebError> {
        if let Some(root) = &self.root {
            return Ok(root.clone());
        }
        if self.account.has_root() {
            let message = "Enter your password: it opens the root key, which signs this.";
            return Err(WebError::Form(vec![FieldFault::new("password", message)]));
        }
        Err(WebError::Conflict {
            code: "root-key-elsewhere",
            message: "The root key of your co-op is not in your account here. Ask the person who \
                      keeps it, or sign where it is, with the folkmoot command and --key."
                .to_owned(),
        })
    }

    /// Opens the root key of the hosted member, if its keeper typed the password for it.
    pub(crate) async fn open_root(&mut self, site: &Site, typed: &str) -> Result<(), WebError> {
        if typed.is_empty() || !self.account.has_root() {
            return Ok(());
        }
        let account = Whose::account(&self.account.name);
        site.rates
            .count(site.now(), Limit::SignInsOfAccount, account)?;
        let password = Password::typed(typed.to_owned()).ok_or(WebError::SignIn)?;
        let seed = site.accounts.root_key(self.person(), &password);
        self.root = Some(SecretKey::from_seed(&*seed.await?));
        Ok(())
    }

    /// What the forms of one page carry: the session's token and a value that tells renderings
    /// apart.
    pub(crate) fn form_token(&self) -> Result<String, WebError> {
        let Some(session) = &self.session else {
            return Ok(String::new());
        };
        let rendering = hex::encode(seal::random::<8>()?.as_slice());
        Ok(format!("{}.{rendering}", session.form_token()))
    }
}

/// The session of a request's cookie, with its account.
pub(crate) async fn session_of(
    site: &Site,
    headers: &HeaderMap,
) -> Result<Option<Actor>, WebError> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let Some(secret) = cookies
        .filter_map(|cookies| site.cookie.read(cookies))
        .next()
    else {
        return Ok(None);
    };
    let Some(session) = site.sessions.find(site.now(), secret).await? else {
        return Ok(None);
    };
    let account = site.accounts.of(session.person).await?;
    Ok(account.map(|account| Actor {
        account,
        session: Some(session),
        seed: None,
        root: None,
    }))
}

async fn bearer_of(site: &Site, headers: &HeaderMap) -> Result<Option<Actor>, WebError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("Bearer "));
    let (token, seed) = site
        .tokens
        .find(site.now(), text.ok_or(WebError::Token)?)
        .await?;
    let account = site
        .accounts
        .of(token.person)
        .await?
        .ok_or(WebError::Token)?;
    Ok(Some(Actor {
        account,
        session: None,
        seed,
        root: None,
    }))
}

/// What was asked for, besides by whom.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Path and query.
    pub path: String,
    /// What the last form did.
    pub done: Option<Done>,
    /// The host it was sent to.
    pub host: String,
}

impl Place {
    /// The place of a request, with the host it named.
    pub(crate) fn at(uri: &Uri, headers: &HeaderMap) -> Self {
        let host = headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok());
        Self {
            host: host.unwrap_or("localhost").to_owned(),
            ..Self::of(uri)
        }
    }

    pub(crate) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or("").as_bytes();
        let done = form_urlencoded::parse(query)
            .find(|(name, _)| name == "done")
            .and_then(|(_, word)| Done::from_word(&word));
        let path = uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        Self {
            path,
            done,
            host: "localhost".to_owned(),
        }
    }
}

/// What who signed up and is no member yet may read and send: its account, what is the public's,
/// and what makes it a member. All else is the members'.
fn is_for_applicants(path: &str) -> bool {
    let exact = [
        "/account",
        "/charter",
        "/api/tokens",
        "/api/hosted/next",
        "/api/hosted/application",
        "/api/acts/submit",
    ];
    let below = ["/account/", "/help/", "/api/tokens/"];
    exact.contains(&path) || below.iter().any(|folder| path.starts_with(folder))
}

fn check_admitted(site: &Site, actor: &Actor, uri: &Uri) -> Result<(), WebError> {
    let Some(member) = actor.hosted() else {
        return Ok(());
    };
    let is_member = site
        .node
        .read(|core| core.view().members.contains_key(&member));
    if is_member || is_for_applicants(uri.path()) {
        return Ok(());
    }
    Err(WebError::NotAdmitted)
}

/// The person with a token or a session, before the request is read.
///
/// # Errors
/// When there is none, or what was asked for is not theirs to see yet.
pub(crate) async fn person_of(
    site: &Site,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<PersonId, WebError> {
    Ok(known(site, headers, uri).await?.person())
}

async fn known(site: &Site, headers: &HeaderMap, uri: &Uri) -> Result<Actor, WebError> {
    let actor = match bearer_of(site, headers).await? {
        Some(actor) => actor,
        None => session_of(site, headers)
            .await?
            .ok_or(WebError::SignedOut)?,
    };
    check_admitted(site, &actor, uri)?;
    Ok(actor)
}

/// A signed-in person, for pages.
pub(crate) struct Signed {
    pub actor: Actor,
    pub place: Place,
}

impl FromRequestParts<Site> for Signed {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, WebError> {
        let actor = session_of(site, &parts.headers)
            .await?
            .ok_or(WebError::SignedOut)?;
        check_admitted(site, &actor, &parts.uri)?;
        Ok(Self {
            actor,
            place: Place::at(&parts.uri, &parts.headers),
        })
    }
}

/// Anyone, for public pages.
pub(crate) struct Visitor {
    pub actor: Option<Actor>,
    pub place: Place,
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, WebError> {
        let actor = session_of(site, &parts.headers).await?;
        Ok(Self {
            actor,
            place: Place::at(&parts.uri, &parts.headers),
        })
    }
}

/// A person with a token or a session, for the API.
pub(crate) struct Caller(pub Actor);

impl FromRequestParts<Site> for Caller {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, WebError> {
        let actor = known(site, &parts.headers, &parts.uri).await?;
        site.rates
            .count(site.now(), Limit::Calls, Whose::Person(actor.person()))?;
        Ok(Self(actor))
    }
}

/// A form of a signed-in person, made by this node for this session.
pub(crate) struct Form {
    pub actor: Actor,
    pub place: Place,
    pub fields: Fields,
    /// What tells this form from all others.
    pub id: Hash,
}

impl Form {
    /// Opens the root key of the person's hosted member, if the form has the password for it.
    pub(crate) async fn open_root(&mut self, site: &Site) -> Result<(), WebError> {
        self.actor
            .open_root(site, self.fields.raw("password"))
            .await
    }
}

/// The bytes of a form's body.
pub(crate) async fn form_bytes(request: Request<Body>) -> Result<Bytes, WebError> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let expected = "a form has the type application/x-www-form-urlencoded";
        return Err(WebError::Malformed(expected.to_owned()));
    }
    let cut = |_| WebError::Malformed("it was cut off".to_owned());
    Bytes::from_request(request, &()).await.map_err(cut)
}

/// Who sends a form, before it is read.
async fn sender(site: &Site, headers: &HeaderMap, uri: &Uri) -> Result<(Actor, Place), WebError> {
    let actor = session_of(site, headers).await?;
    let actor = actor.ok_or(WebError::SignedOut)?;
    check_admitted(site, &actor, uri)?;
    let place = Place::at(uri, headers);
    Ok((actor, place))
}

impl Form {
    /// A form of which this is what was sent.
    fn read(
        site: &Site,
        (actor, place): (Actor, Place),
        fields: Fields,
        bytes: &[u8],
    ) -> Result<Self, WebError> {
        let (token, _) = fields.raw("csrf").split_once('.').unwrap_or_default();
        let session = actor.session.as_ref().ok_or(WebError::SignedOut)?;
        if !session.made(token) {
            return Err(WebError::StaleForm);
        }
        let id = Once::form(session.id, &place.path, bytes);
        site.rates
            .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
        Ok(Self {
            actor,
            place,
            fields,
            id,
        })
    }
}

impl FromRequest<Site> for Form {
    type Rejection = WebError;
    async fn from_request(request: Request<Body>, site: &Site) -> Result<Self, WebError> {
        let sender = sender(site, request.headers(), request.uri()).await?;
        let bytes = form_bytes(request).await?;
        let fields = Fields::parse(&bytes)?;
        Self::read(site, sender, fields, &bytes)
    }
}

/// A file that came with a form.
pub(crate) struct File {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A form with a file in the field `file`, if one was chosen.
pub(crate) struct Upload {
    pub form: Form,
    pub file: Option<File>,
}

/// What two forms with a file have in common if they are one that was sent twice: a browser draws
/// another boundary each time, so it is not the body.
fn told(fields: &Fields, file: Option<&File>) -> Vec<u8> {
    let mut told = Vec::new();
    let mut tell = |part: &[u8]| {
        told.extend_from_slice(&(part.len() as u64).to_be_bytes());
        told.extend_from_slice(part);
    };
    tell(fields.raw("csrf").as_bytes());
    for (name, value) in fields.pairs() {
        tell(name.as_bytes());
        tell(value.as_bytes());
    }
    if let Some(file) = file {
        tell(file.name.as_bytes());
        tell(file.media_type.as_bytes());
        tell(&file.bytes);
    }
    told
}

/// The most fields of a form with a file.
const UPLOAD_FIELDS_MAX: usize = 8;

impl FromRequest<Site> for Upload {
    type Rejection = WebError;
    async fn from_request(request: Request<Body>, site: &Site) -> Result<Self, WebError> {
        let strange = |error: &dyn std::fmt::Display| WebError::Malformed(error.to_string());
        let sender = sender(site, request.headers(), request.uri()).await?;
        let parts = Multipart::from_request(request, &()).await;
        let mut parts = parts.map_err(|error| strange(&error))?;
        let (mut fields, mut file) = (Vec::new(), None);
        while let Some(part) = parts.next_field().await.map_err(|error| strange(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            let known = part.file_name().map(str::to_owned);
            let media_type = part.content_type().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(|error| strange(&error))?;
            if fields.len() == UPLOAD_FIELDS_MAX {
                return Err(strange(&"it has too many fields"));
            }
            match known {
                // Nothing was chosen.
                Some(name) if name.is_empty() => {}
                Some(known) if name == "file" => {
                    file = Some(File {
                        name: known,
                        media_type,
                        bytes: bytes.to_vec(),
                    });
                }
                _ => fields.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            }
        }
        let fields = Fields::from(fields);
        let whole = told(&fields, file.as_ref());
        let form = Form::read(site, sender, fields, &whole)?;
        Ok(Self { form, file })
    }
}
