//! Addresses that a front end gives along with a meeting, which its server calls later: that a recording
//! can be seen, how the meeting went.
//!
//! A server signs these calls with its own secret, which the front end does not know. So the home seals
//! the address into a token, the owner has the server call its own node, checks the server's signature,
//! and passes the token on to the home, which opens it and tells the front end, signed with the tenant's
//! secret ([`tell`]). Only the home decides where anything is sent.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use bigbluebutton::{
    Create, Guard, Parameters, Secret,
    callback::{
        ANALYTICS_CALLBACK_URL, RECORDING_READY_URL, RecordingReady, SIGNED_PARAMETERS,
        sign_analytics, sign_recording_ready, verify_analytics, verify_recording_ready,
    },
    client::{CallBack, Transport},
};
use domain::id::{ServerId, TenantId};
use federation::meetings::{Notice, NoticeKind, TOKEN_BYTES_MAX, whose};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::create::OWN_ID;
use crate::{node::MeetingsInput, site::Site, vault::VaultError};

/// What stands before a token in the place of an address, on its way to the owner.
pub const SEALED: &str = "folkmoot-sealed:";
/// What a token is sealed for.
const PURPOSE: &[u8] = b"folkmoot/web/callback/1\0";
/// The path under which servers call their owner's node.
pub const PATH: &str = "/bigbluebutton/callback";
/// The longest address a front end may give, in bytes.
const URL_BYTES_MAX: usize = 1_024;
/// How long a front end may take to listen.
const TELL_MS: u64 = 10_000;
/// How often it is tried, and how long after each time.
const TRIES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(30),
    Duration::from_secs(600),
];

/// Where something is to be told, sealed for the home.
#[derive(Serialize, Deserialize)]
struct Sealed {
    tenant: String,
    kind: String,
    url: String,
    meeting_id: String,
}

const KINDS: [(NoticeKind, &str); 2] = [
    (NoticeKind::RecordingReady, RECORDING_READY_URL),
    (NoticeKind::Analytics, ANALYTICS_CALLBACK_URL),
];

/// Puts tokens in the place of the addresses that a server would call.
pub(super) fn seal(site: &Site, tenant: TenantId, create: &mut Create) -> Result<(), VaultError> {
    let meeting_id = create.meeting_id.clone();
    for (name, value) in &mut create.meta {
        let known = KINDS
            .iter()
            .find(|(_, known)| name.eq_ignore_ascii_case(known));
        let Some((kind, _)) = known else { continue };
        if value.is_empty() || value.len() > URL_BYTES_MAX {
            continue;
        }
        let sealed = Sealed {
            tenant: tenant.to_string(),
            kind: kind.as_str().to_owned(),
            url: std::mem::take(value),
            meeting_id: meeting_id.clone(),
        };
        let token = site.vault.seal_value(PURPOSE, &sealed)?;
        *value = format!("{SEALED}{token}");
    }
    Ok(())
}

fn open(site: &Site, token: &str, tenant: TenantId, kind: NoticeKind) -> Option<Sealed> {
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

/// Where a server is to call its owner's node instead, which is reached at `address`; the parameters of a
/// create are changed to that.
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
            let value = parameters.get(&known).unwrap_or_default().to_owned();
            if let Some(token) = value.strip_prefix(SEALED) {
                let kind = kind.as_str();
                let url = format!("{address}{PATH}/{kind}/{server}/{tenant}/{token}");
                parameters.set(&known, url);
            }
        }
    }
}

/// A server tells its owner's node something.
pub(super) async fn told(
    State(site): State<Site>,
    Path((kind, server, tenant, token)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
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
    if token.len() > TOKEN_BYTES_MAX {
        return StatusCode::NOT_FOUND;
    }
    let secrets = [access.secret.clone()];
    let payload = match kind {
        NoticeKind::RecordingReady => ready(&body, &secrets, tenant),
        NoticeKind::Analytics => analytics(&site, &headers, &body, &secrets),
    };
    let Some(payload) = payload else {
        tracing::warn!(%server, "a callback without the server's signature was refused");
        return StatusCode::UNAUTHORIZED;
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

/// The id of the recording, if the server says so of a meeting of this tenant.
fn ready(body: &[u8], secrets: &[Secret], tenant: TenantId) -> Option<Vec<u8>> {
    let form = Parameters::from_form(body).ok()?;
    let signed = form.get(SIGNED_PARAMETERS)?;
    let (_, ready) = verify_recording_ready(signed, secrets).ok()?;
    let is_own = whose(&ready.meeting_id).is_some_and(|(of, _)| of == tenant);
    is_own.then(|| ready.record_id.into_bytes())
}

fn analytics(site: &Site, headers: &HeaderMap, body: &[u8], secrets: &[Secret]) -> Option<Vec<u8>> {
    let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = bearer.strip_prefix("Bearer ")?;
    verify_analytics(token, site.now().0 / 1_000, secrets).ok()?;
    serde_json::from_slice::<Value>(body).ok()?;
    Some(body.to_vec())
}

/// Tells a front end, a few times if it does not listen.
pub async fn tell(site: Site, notice: Notice) {
    let Some(sealed) = open(&site, &notice.token, notice.tenant, notice.kind) else {
        tracing::warn!(tenant = %notice.tenant, "a notice with a token of no meeting was refused");
        return;
    };
    let transport = match transport(&site, notice.tenant) {
        Ok(transport) => transport,
        Err(error) => {
            tracing::warn!(%error, "front ends cannot be told anything");
            return;
        }
    };
    for wait in TRIES {
        tokio::time::sleep(wait).await;
        // Each time anew: the secret may have been changed.
        let Some(what) = signed(&site, &notice, &sealed) else {
            return;
        };
        match transport.call_back(&sealed.url, what, TELL_MS).await {
            // Servers understand 410 as: never again.
            Ok(status) if (200..300).contains(&status) || status == 410 => return,
            Ok(status) => {
                tracing::info!(tenant = %notice.tenant, status, "a front end did not listen")
            }
            Err(error) => {
                tracing::info!(tenant = %notice.tenant, %error, "a front end did not listen")
            }
        }
    }
}

/// What the front end is told, signed with its secret.
fn signed(site: &Site, notice: &Notice, sealed: &Sealed) -> Option<CallBack> {
    let tenants = site.tenants.snapshot();
    let secret = tenants.secrets_of(notice.tenant, site.now()).next()?;
    match notice.kind {
        NoticeKind::RecordingReady => {
            let ready = RecordingReady {
                meeting_id: sealed.meeting_id.clone(),
                record_id: String::from_utf8(notice.payload.clone()).ok()?,
            };
            let token = sign_recording_ready(&ready, secret);
            let form = Parameters::new().with(SIGNED_PARAMETERS, token).encode();
            Some(CallBack::Form(form))
        }
        NoticeKind::Analytics => {
            let mut document: Value = serde_json::from_slice(&notice.payload).ok()?;
            own_ids(&mut document, notice.tenant, &sealed.meeting_id);
            Some(CallBack::Json {
                body: document.to_string(),
                bearer: sign_analytics(site.now().0 / 1_000, secret),
            })
        }
    }
}

/// Puts the front end's own id of the meeting in, wherever the server's stands, and takes out what the
/// gateway added.
fn own_ids(value: &mut Value, tenant: TenantId, own_id: &str) {
    match value {
        Value::String(text) if whose(text).is_some_and(|(of, _)| of == tenant) => {
            own_id.clone_into(text);
        }
        Value::Array(all) => all.iter_mut().for_each(|one| own_ids(one, tenant, own_id)),
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let is_ours = value.as_str().is_some_and(|text| text.contains(PATH));
                !name.eq_ignore_ascii_case(OWN_ID) && !is_ours
            });
            fields
                .values_mut()
                .for_each(|one| own_ids(one, tenant, own_id));
        }
        _ => {}
    }
}

/// A member's own front end may stand beside its node; that of a co-op it hosts may not name addresses
/// inside the host's network.
fn transport(site: &Site, tenant: TenantId) -> Result<Transport, bigbluebutton::Error> {
    let is_own = site.node.read(|core| {
        let known = core.view().meetings.tenants.get(&tenant);
        known.is_some_and(|known| Some(known.record.member) == core.member())
    });
    let guard = if is_own { Guard::ANY } else { Guard::PUBLIC };
    Transport::new(guard, &bigbluebutton::client::Trust::native())
}

#[cfg(test)]
mod tests {
    use domain::record::Room;
    use federation::meetings::scoped_id;
    use serde_json::json;

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
        assert_eq!(
            parameters.get("meta_Analytics-Callback-URL"),
            Some("https://elsewhere.example/analytics")
        );
        let sealed = format!("{SEALED}abc");
        assert_eq!(parameters.get("meta_endCallbackUrl"), Some(&*sealed));
    }

    #[test]
    fn a_front_end_reads_its_own_ids_and_nothing_of_the_gateway() {
        let id = scoped_id(TENANT, Room::of(TENANT, "weekly"));
        let other = scoped_id(TenantId([9; 16]), Room::of(TENANT, "weekly"));
        let mut document = json!({
            "meeting_id": id,
            "data": {"metadata": {
                "folkmoot-id": "weekly",
                "analytics-callback-url": format!("https://node.example{PATH}/analytics/x/y/z"),
                "is": [id, other],
            }},
        });
        own_ids(&mut document, TENANT, "weekly");
        let expected = json!({
            "meeting_id": "weekly",
            "data": {"metadata": {"is": ["weekly", other]}},
        });
        assert_eq!(document, expected);
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
            ready(body(TENANT).as_bytes(), &secret, TENANT),
            Some(b"abc-123".to_vec())
        );
        let other = body(TenantId([9; 16]));
        assert_eq!(ready(other.as_bytes(), &secret, TENANT), None);
        let forged = [Secret::new("another-secret-1").unwrap()];
        assert_eq!(ready(body(TENANT).as_bytes(), &forged, TENANT), None);
    }
}
