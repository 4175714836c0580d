//! Acts as JSON, and acts signed with keys that live elsewhere.

mod body;
mod circle;
mod parts;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    id::Hash,
    key::{PublicKey, Signature},
};
use serde::Deserialize;
use serde_json::{Value, json};

use self::body::ActBody;
pub(crate) use self::parts::{admit, circle_nonce, roles_of};
pub(super) use self::{body::Text, parts::signature};
use crate::{
    acts,
    auth::Caller,
    error::WebError,
    once::Once,
    rate::{Limit, Whose},
    site::Site,
};

/// `POST /api/acts`
pub(crate) async fn perform(
    State(site): State<Site>,
    Caller(mut actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let act_body: ActBody = super::parse_signed(&site, &mut actor, &headers, &body).await?;
    if matches!(act_body, ActBody::Admit { .. }) {
        acts::need_steward(&site, &actor)?;
    }
    let act = act_body.into_act(&site, &actor)?;
    let work = async { Ok(acts::perform(&site, &actor, act).await?.to_string()) };
    // A program that repeats a request after a lost answer says so with one key for both.
    let id = match headers.get("idempotency-key") {
        Some(key) => {
            let caller = Hash::of(&[b"api", &actor.person().0, key.as_bytes()]);
            site.once
                .run(Once::form(caller, "/api/acts", &body), work)
                .await?
        }
        None => work.await?,
    };
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[derive(Deserialize)]
struct PrepareBody {
    signer: Text<PublicKey>,
    #[serde(flatten)]
    act: Value,
}

/// `POST /api/acts/prepare`: an act with the key that will sign it.
pub(crate) async fn prepare(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    let PrepareBody { signer, act } = super::parse(&headers, &body)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let act: ActBody =
        serde_json::from_value(act).map_err(|error| WebError::Malformed(error.to_string()))?;
    let act = act.into_act(&site, &actor)?;
    let prepared = *site.node.prepare(signer.0, act).await?;
    let federation = site.node.read(federation::Core::federation);
    let chunks: Vec<String> = prepared
        .chunks
        .iter()
        .map(|chunk| URL_SAFE_NO_PAD.encode(chunk))
        .collect();
    let unsigned = prepared.signed(Signature([0; 64]));
    let header = unsigned.header.to_bytes();
    let signed_bytes = [b"folkmoot/entry/1\0", &federation.0[..], &header[..]].concat();
    Ok(Json(json!({
        "id": unsigned.id(&federation).to_string(),
        "entry": URL_SAFE_NO_PAD.encode(unsigned.to_bytes()),
        "chunks": chunks,
        "signed_bytes": URL_SAFE_NO_PAD.encode(signed_bytes),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmitBody {
    entry: String,
    #[serde(default)]
    chunks: Vec<String>,
    /// Instead of the one in the entry.
    signature: Option<String>,
}

/// `POST /api/acts/submit`: what was prepared, with its signature.
pub(crate) async fn submit(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let body: SubmitBody = super::parse(&headers, &body)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let decode = |text: &String| {
        let fault = |_| WebError::Malformed("bytes are written in base64url".to_owned());
        URL_SAFE_NO_PAD.decode(text).map_err(fault)
    };
    let not_an_entry = |error| WebError::Malformed(format!("this is no entry: {error}"));
    let mut entry = Entry::from_bytes(&decode(&body.entry)?).map_err(not_an_entry)?;
    if let Some(given) = &body.signature {
        entry.signature = signature("signature", given)?;
    }
    let chunks = body.chunks.iter().map(decode).collect::<Result<_, _>>()?;
    let id = site.node.submit(entry, chunks).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id.to_string() }))))
}
