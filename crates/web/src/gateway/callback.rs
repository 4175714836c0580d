//! Addresses that a front end gives along with a meeting, which its server calls later: that a recording
//! can be seen, how the meeting went.
//!
//! A server signs these calls with its own secret, which the front end does not know. So the home seals
//! the address into a token, the owner has the server call its own node, checks the server's signature,
//! and passes the token on to the home, which opens it and tells the front end, signed with the tenant's
//! secret ([`super::telling`]). Only the home decides where anything is sent.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use bigbluebutton::{
    Create, Failure, Parameters, Secret,
    callback::{
        ANALYTICS_CALLBACK_URL, MAX_TOKEN_BYTES, RECORDING_READY_URL, SIGNED_PARAMETERS,
        verify_analytics, verify_recording_ready,
    },
};
use domain::id::{ServerId, TenantId};
use federation::meetings::{Notice, NoticeKind, TOKEN_BYTES_MAX, whose, wire::PART_BYTES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{node::MeetingsInput, site::Site};

/// What stands before a token in the place of an address, on its way to the owner.
pub const SEALED: &str = "folkmoot-sealed:";
/// What a token is sealed for.
const PURPOSE: &[u8] = b"folkmoot/web/callback/1\0";
/// The path under which servers call their owner's node.
pub const PATH: &str = "/bigbluebutton/callback";
/// The longest address a front end may give, in bytes.
const URL_BYTES_MAX: usize = 1_024;
/// The longest form that says a recording is ready, in bytes: little more than its token.
const READY_BYTES_MAX: usize = MAX_TOKEN_BYTES + 1_024;

/// Where something is to be told, sealed for the home.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    tenant: String,
    kind: String,
    pub(super) url: String,
    pub(super) meeting_id: String,
}

const KINDS: [(NoticeKind, &str); 2] = [
    (NoticeKind::RecordingReady, RECORDING_READY_URL),
    (NoticeKind::Analytics, ANALYTICS_CALLBACK_URL),
];

/// Puts tokens in the place of the addresses that a server would call.
///
/// # Errors
/// What the front end is told: an address is too long, or this node cannot seal it. None goes on as it
/// is, for the server would sign a call to it with its own secret.
pub(super) fn seal(site: &Site, tenant: TenantId, create: &mut Create) -> Result<(), Failure> {
    let meeting_id = create.meeting_id.clone();
    for (name, value) in &mut create.meta {
        let known = KINDS
            .iter()
            .find(|(_, known)| name.eq_ignore_ascii_case(known));
        let Some((kind, _)) = known else { continue };
        if value.is_empty() {
            continue;
        }
        if value.len() > URL_BYTES_MAX {
            return Err(Failure::new(
                "validationError",
                format!("The address in meta_{name} is longer than {URL_BYTES_MAX} bytes."),
            ));
        }
        let sealed = Sealed {
            tenant: tenant.to_string(),
            kind: kind.as_str().to_owned(),
            url: std::mem::take(value),
            meeting_id: meeting_id.clone(),
        };
        let token = site.vault.seal_value(PURPOSE, &sealed).map_err(|error| {
            tracing::error!(%error, "a meeting's callbacks cannot be sealed");
            Failure::internal_error()
        })?;
        *value = format!("{SEALED}{token}");
    }
    Ok(())
}

pub(super) fn open(site: &Site, token: &str, tenant: TenantId, kind: NoticeKind) -> Option<Sealed> {
    let sealed: Sealed = site.vault.open_value(PURPOSE, token).ok()?;
    let is_right = sealed.tenant == tenant.to_string() && sealed.kind == kind.as_str();
    is_right.then_some(sealed)
}

/// The metadata of a meeting or recording as the front end gave it: with its own addresses.
pub(super) fn give_back(
    site: &Site,
    tenant: TenantId,
    metadata: &mut bigbluebutton::answer::Metadata,
) {
    for (kind, name) in KINDS {
        let Some(value) = metadata.get(name) else {
            continue;
        };
        let token = value.rsplit('/').next().unwrap_or_default();
        let token = token.strip_prefix(SEALED).unwrap_or(token);
        match open(site, token, tenant, kind) {
            Some(sealed) => drop(metadata.set(name, sealed.url)),
            None => metadata.remove(name),
        }
    }
}

/// Whether a text can be a token: it becomes part of an address.
fn is_token(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() <= TOKEN_BYTES_MAX && !text.is_empty() && text.bytes().all(is_part)
}

/// Where a server is to call its owner's node instead, which is reached at `address`: the parameters are
/// changed to that. An address that no home sealed is left out, or the server would sign a call to
/// whatever it is with its own secret.
pub fn direct(address: &str, server: ServerId, tenant: TenantId, parameters: &mut Parameters) {
    for (kind, name) in KINDS {
        let names: Vec<String> = parameters
            .iter()
            .map(|(known, _)| known.to_owned())
            .filter(|known| {
                let meta = known.strip_prefix("meta_");
                meta.is_some_and(|meta| meta.eq_ignore_ascii_case(name))
            })
            .collect();
        for known in names {
            let value = parameters.take(&known).unwrap_or_default();
            let token = value.strip_prefix(SEALED);
            if let Some(token) = token.filter(|token| is_token(token)) {
                let kind = kind.as_str();
                let url = format!("{address}{PATH}/{kind}/{server}/{tenant}/{token}");
                parameters.push(&known, url);
            }
        }
    }
}

/// A server tells its owner's node something. Nothing is read that is longer than what can be passed on,
/// and analytics, which are long, only once their sender has proved itself.
pub(super) async fn told(
    State(site): State<Site>,
    Path((kind, server, tenant, token)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> StatusCode {
    let kind = KINDS
        .iter()
        .map(|(kind, _)| *kind)
        .find(|known| known.as_str() == kind);
    let (Some(kind), Ok(server), Ok(tenant)) =
        (kind, server.parse::<ServerId>(), tenant.parse::<TenantId>())
    else {
        return StatusCode::NOT_FOUND;
    };
    let Some(access) = site.servers.secret_of(server) else {
        return StatusCode::NOT_FOUND;
    };
    if !is_token(&token) {
        return StatusCode::NOT_FOUND;
    }
    let secrets = [access.secret.clone()];
    let payload = match kind {
        NoticeKind::RecordingReady => ready(body, &secrets, tenant).await,
        NoticeKind::Analytics => analytics(&site, &headers, body, &secrets).await,
    };
    let payload = match payload {
        Ok(payload) => payload,
        Err(status) => {
            tracing::warn!(%server, %status, "a callback was refused");
            return status;
        }
    };
    let notice = Notice {
        tenant,
        kind,
        token,
        payload,
    };
    site.node.tell(MeetingsInput::Notice(notice)).await;
    StatusCode::OK
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, StatusCode> {
    let read = to_bytes(body, bytes_max).await;
    read.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}

/// The id of the recording, if the server says so of a meeting of this tenant.
async fn ready(body: Body, secrets: &[Secret], tenant: TenantId) -> Result<Vec<u8>, StatusCode> {
    let form = read(body, READY_BYTES_MAX).await?;
    signed_ready(&form, secrets, tenant).ok_or(StatusCode::UNAUTHORIZED)
}

fn signed_ready(body: &[u8], secrets: &[Secret], tenant: TenantId) -> Option<Vec<u8>> {
    let form = Parameters::from_form(body).ok()?;
    let signed = form.get(SIGNED_PARAMETERS)?;
    let (_, ready) = verify_recording_ready(signed, secrets).ok()?;
    let is_own = whose(&ready.meeting_id).is_some_and(|(of, _)| of == tenant);
    is_own.then(|| ready.record_id.into_bytes())
}

async fn analytics(
    site: &Site,
    headers: &HeaderMap,
    body: Body,
    secrets: &[Secret],
) -> Result<Vec<u8>, StatusCode> {
    let bearer = headers.get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer "));
    let token = token.ok_or(StatusCode::UNAUTHORIZED)?;
    verify_analytics(token, site.now().0 / 1_000, secrets).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let body = read(body, PART_BYTES_MAX).await?;
    serde_json::from_slice::<Value>(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(body.to_vec())
}

#[cfg(test)]
mod tests {
    use bigbluebutton::callback::{RecordingReady, sign_recording_ready};
    use domain::record::Room;
    use federation::meetings::scoped_id;

    use super::*;

    const TENANT: TenantId = TenantId([2; 16]);

    #[test]
    fn a_server_is_told_to_call_its_owner_and_only_for_what_the_home_sealed() {
        let mut parameters = Parameters::new()
            .with("meta_bbb-recording-ready-url", format!("{SEALED}abc"))
            .with(
                "meta_Analytics-Callback-URL",
                "https://elsewhere.example/analytics",
            )
            .with("meta_endCallbackUrl", format!("{SEALED}abc"));
        direct(
            "https://node.example",
            ServerId([1; 16]),
            TENANT,
            &mut parameters,
        );
        let (server, tenant) = ("01".repeat(16), "02".repeat(16));
        let url = format!(
            "https://node.example/bigbluebutton/callback/recording-ready/{server}/{tenant}/abc"
        );
        assert_eq!(parameters.get("meta_bbb-recording-ready-url"), Some(&*url));
        assert_eq!(parameters.get("meta_Analytics-Callback-URL"), None);
        let sealed = format!("{SEALED}abc");
        assert_eq!(parameters.get("meta_endCallbackUrl"), Some(&*sealed));
        for odd in ["", "../../api", "a?b", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            let name = "meta_bbb-recording-ready-url";
            let mut parameters = Parameters::new().with(name, format!("{SEALED}{odd}"));
            direct(
                "https://node.example",
                ServerId([1; 16]),
                TENANT,
                &mut parameters,
            );
            assert_eq!(parameters.get(name), None, "{odd}");
        }
    }

    #[test]
    fn a_recording_of_another_tenant_is_no_news() {
        let secret = [Secret::new("0123456789abcdef").unwrap()];
        let body = |tenant| {
            let ready = RecordingReady {
                meeting_id: scoped_id(tenant, Room::of(tenant, "weekly")),
                record_id: "abc-123".to_owned(),
            };
            let token = sign_recording_ready(&ready, &secret[0]);
            Parameters::new().with(SIGNED_PARAMETERS, token).encode()
        };
        assert_eq!(
            signed_ready(body(TENANT).as_bytes(), &secret, TENANT),
            Some(b"abc-123".to_vec())
        );
        let other = body(TenantId([9; 16]));
        assert_eq!(signed_ready(other.as_bytes(), &secret, TENANT), None);
        let forged = [Secret::new("another-secret-1").unwrap()];
        assert_eq!(signed_ready(body(TENANT).as_bytes(), &forged, TENANT), None);
    }
}
