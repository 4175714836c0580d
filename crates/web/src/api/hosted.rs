//! Hosting as JSON: invitations, whom this node hosts, and signing up with keys that stay with the
//! person.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::{Decode, Encode},
    effect::Applicant,
    id::{MemberId, PersonId, Timestamp},
    key::{PublicKey, Signature},
};
use federation::Core;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    act::{Text, signature},
    candidates::standing_json,
};
use crate::{
    acts,
    auth::Caller,
    error::{FieldFault, WebError},
    handlers::hosted::{accounts_of_guests, left, make_invitation, signatures},
    hosted::{self, Keys, Newcomer, OwnKeys, SignUp, Words},
    password::Password,
    protect::ClientAddress,
    rate::{Limit, Whose},
    seal::Secret,
    site::Site,
};

/// `GET /api/hosted`: the host's stewards see who signed up, whom it hosts and who asks for it.
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    acts::need_host(&site, &actor)?;
    let newcomers = site.hosted.newcomers().await?;
    let accounts = accounts_of_guests(&site).await?;
    let now = site.now();
    let invitations = site.hosted.waiting(now).await?;
    let invitations: Vec<Value> = invitations
        .iter()
        .map(|one| json!({ "name": one.name, "class": one.class, "expires_ms": one.expires().0 }))
        .collect();
    Ok(Json(actor.read(&site, |core| {
        let (view, own) = (core.view(), core.member());
        let newcomers: Vec<Value> = newcomers
            .iter()
            .map(|newcomer| {
                let (signed, needed) = signatures(core, &newcomer.root);
                let standing = hosted::standing(core, newcomer, now);
                json!({
                    "id": newcomer.member().to_string(),
                    "name": newcomer.name,
                    "class": newcomer.class,
                    "custody": if newcomer.signs_itself() { "person" } else { "node" },
                    "signed": signed,
                    "needed": needed,
                    "standing": standing.as_ref().map(standing_json),
                })
            })
            .collect();
        let members: Vec<Value> = view
            .members
            .values()
            .filter_map(|member| Some((member, view.hosted(&member.id)?)))
            .filter(|(member, _)| Some(member.id) != own)
            .filter(|(_, hosted)| hosted.host == own || Some(hosted.choice.host) == own)
            .map(|(member, hosted)| {
                json!({
                    "id": member.id.to_string(),
                    "name": member.name,
                    "class": member.class,
                    "state": hosted.state.as_str(),
                    "here": hosted.host == own,
                    "chosen": view.member_name(&hosted.choice.host),
                })
            })
            .collect();
        let left: Vec<Value> = left(core, &accounts)
            .map(|(member, keeps_root)| {
                json!({
                    "id": member.id.to_string(),
                    "name": member.name,
                    "class": member.class,
                    "keeps_root": keeps_root,
                })
            })
            .collect();
        json!({
            "invitations": invitations,
            "newcomers": newcomers,
            "members": members,
            "left": left,
        })
    })))
}

#[derive(Deserialize)]
pub(crate) struct Removal {
    #[serde(default)]
    with_keys: String,
}

/// `DELETE /api/hosted/{member}`: of who was never admitted, or is not hosted here any more.
pub(crate) async fn remove(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(member): Path<String>,
    Query(removal): Query<Removal>,
) -> Result<Json<Value>, WebError> {
    let missing = |_| WebError::NotFound { what: "member" };
    let member: MemberId = member.parse().map_err(missing)?;
    let with_keys = removal.with_keys == "yes";
    let removed = hosted::remove(&site, &actor, member, with_keys).await?;
    Ok(Json(
        json!({ "name": removed.name, "accounts": removed.accounts }),
    ))
}

/// `POST /api/hosted/export`: the caller's keys under the password of the account.
pub(crate) async fn export(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let keys = site.accounts.export(actor.person()).await?;
    Ok(Json(json!({ "keys": keys })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InviteBody {
    name: String,
    #[serde(default)]
    class: String,
}

/// `POST /api/hosted/invitations`: the answer has the path of the link, once.
pub(crate) async fn invite(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let body: InviteBody = super::parse(&headers, &body)?;
    let (invitation, path) = make_invitation(&site, &actor, &body.name, &body.class).await?;
    let json = json!({ "path": path, "expires_ms": invitation.expires().0 });
    Ok((StatusCode::CREATED, Json(json)))
}

fn link_secret(text: &str) -> Result<Secret, WebError> {
    Secret::parse(text).ok_or(WebError::InvitationSpent)
}

/// `GET /api/join/{secret}`: what the holder of a link needs to sign an application.
pub(crate) async fn invitation(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
) -> Result<Json<Value>, WebError> {
    let from = Whose::address(address.0);
    site.rates
        .count(site.now(), Limit::SignInsOfAddress, from)?;
    let invitation = site.hosted.find(site.now(), &link_secret(&secret)?).await?;
    Ok(Json(site.node.read(|core| {
        let host = core.member();
        let classes = core.charter().terms().classes.iter();
        json!({
            "federation": core.federation().to_string(),
            "name": core.genesis().name,
            "host": host.map(|host| core.view().member_name(&host)),
            "host_id": host.map(|host| host.to_string()),
            "charter": charter_json(core),
            "class": invitation.class,
            "classes": classes.map(|class| class.id.as_str()).collect::<Vec<_>>(),
            "expires_ms": invitation.expires().0,
        })
    })))
}

/// The charter that a newcomer has to accept, encoded so that its hash can be computed; null while
/// founders admit.
fn charter_json(core: &Core) -> Value {
    hosted::terms(core).map_or(Value::Null, |terms| {
        json!({
            "hash": terms.hash.to_string(),
            "encoded": URL_SAFE_NO_PAD.encode(terms.encoded),
        })
    })
}

/// What a root key says to all members, from its bytes in base64url.
fn applicant(text: &str) -> Result<Box<Applicant>, WebError> {
    let fault = || WebError::Malformed("the application cannot be read".to_owned());
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| fault())?;
    Applicant::from_bytes(&bytes)
        .map(Box::new)
        .map_err(|_| fault())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinBody {
    member_name: String,
    class: String,
    #[serde(default)]
    request: String,
    name: String,
    #[serde(default)]
    mail: String,
    password: String,
    root: Text<PublicKey>,
    application: String,
    person: Text<PersonId>,
    key: Text<PublicKey>,
    grant: String,
    /// What the root key says to all members, where they decide.
    #[serde(default)]
    applicant: Option<String>,
}

/// `POST /api/join/{secret}`: signs up with keys that stay with the person.
pub(crate) async fn join(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let from = Whose::address(address.0);
    site.rates
        .count(site.now(), Limit::SignInsOfAddress, from)?;
    let secret = link_secret(&secret)?;
    let body: JoinBody = super::parse(&headers, &body)?;
    let sign = |field, text: &str| -> Result<Signature, WebError> { signature(field, text) };
    let too_long = || WebError::Form(vec![FieldFault::new("password", "It is too long.")]);
    let keys = OwnKeys {
        root: body.root.0,
        application: sign("application", &body.application)?,
        person: body.person.0,
        key: body.key.0,
        grant: sign("grant", &body.grant)?,
        applicant: body.applicant.as_deref().map(applicant).transpose()?,
    };
    let member = MemberId(keys.root.0);
    let chosen = SignUp {
        name: body.member_name,
        class: body.class,
        words: Words {
            request: body.request,
            ..Words::default()
        },
        person_name: body.name,
        mail: body.mail,
        password: Password::typed(body.password).ok_or_else(too_long)?,
        keys: Keys::Own(keys),
    };
    let (account, _) = hosted::sign_up(&site, &secret, chosen).await?;
    let json = json!({ "member": member.to_string(), "person": account.person.to_string() });
    Ok((StatusCode::CREATED, Json(json)))
}

/// `GET /api/hosted/next`: what the caller's own device signs next on the way in, prepared.
pub(crate) async fn next(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let missing = || WebError::NotFound { what: "member" };
    let member = actor.hosted().ok_or_else(missing)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let Some(newcomer) = site.hosted.of(member).await? else {
        return Ok(Json(json!({ "state": "done" })));
    };
    if newcomer.signs_itself() {
        // What the node does for it comes first: the application, the offer, the yes.
        hosted::go_on_all(&site).await?;
    }
    let now = site.now();
    let asked = site
        .node
        .read(|core| hosted::asked_of(core, &newcomer, now));
    let Some((signer, act)) = asked.filter(|_| newcomer.signs_itself()) else {
        let Some(newcomer) = site.hosted.of(member).await? else {
            return Ok(Json(json!({ "state": "done" })));
        };
        return Ok(Json(
            site.node.read(|core| waiting_json(core, &newcomer, now)),
        ));
    };
    let prepared = *site.node.prepare(signer, act).await?;
    let unsigned = prepared.signed(Signature([0; 64]));
    Ok(Json(json!({
        "state": "sign",
        "signer": signer.to_string(),
        "entry": URL_SAFE_NO_PAD.encode(unsigned.to_bytes()),
    })))
}

/// For what a newcomer waits, and what it has to say to go on.
fn waiting_json(core: &Core, newcomer: &Newcomer, now: Timestamp) -> Value {
    let (signed, needed) = signatures(core, &newcomer.root);
    let standing = hosted::standing(core, newcomer, now);
    let may_apply = standing.as_ref().is_some_and(hosted::may_apply);
    let said = newcomer.applicant();
    json!({
        "state": "waiting",
        "signed": signed,
        "needed": needed,
        "standing": standing.as_ref().map(standing_json),
        "charter": if may_apply { charter_json(core) } else { Value::Null },
        "federation_name": core.genesis().name,
        "host_id": core.member().map(|host| host.to_string()),
        "name": newcomer.name,
        "class": newcomer.class,
        "said": said.map(|said| {
            json!({ "request": said.request, "contribution": said.contribution })
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyBody {
    applicant: String,
}

/// `POST /api/hosted/application`: a newcomer whose keys are on its own device applies to all members.
pub(crate) async fn apply(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let missing = || WebError::NotFound { what: "member" };
    let member = actor.hosted().ok_or_else(missing)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let body: ApplyBody = super::parse(&headers, &body)?;
    let applicant = applicant(&body.applicant)?;
    hosted::apply_signed(&site, member, &applicant).await?;
    Ok((StatusCode::CREATED, Json(json!({ "applied": true }))))
}
