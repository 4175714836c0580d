//! Telling front ends what servers said: the home alone knows where, and signs it with the tenant's secret.

use std::time::Duration;

use bigbluebutton::{
    Parameters,
    callback::{RecordingReady, SIGNED_PARAMETERS, sign_analytics, sign_recording_ready},
    client::{CallBack, Transport},
};
use domain::id::TenantId;
use federation::meetings::{Notice, NoticeKind, whose};
use serde_json::Value;

use super::{
    callback::{PATH, Sealed, open},
    create::OWN_ID,
};
use crate::site::Site;

/// How long a front end may take to listen.
const TELL_MS: u64 = 10_000;
/// How often it is tried, and how long after each time.
const TRIES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(30),
    Duration::from_secs(600),
];

/// Whether a notice has the token of a meeting of its tenant.
#[must_use]
pub fn is_meant(site: &Site, notice: &Notice) -> bool {
    open(site, &notice.token, notice.tenant, notice.kind).is_some()
}

/// Tells a front end, a few times if it does not listen.
///
/// A member's own front end may stand beside its node and is reached over the second transport; that of a
/// co-op it hosts may not name addresses inside the host's network, and is reached over the first.
pub async fn tell(site: &Site, [public, any]: &[Transport; 2], notice: &Notice) {
    let Some(sealed) = open(site, &notice.token, notice.tenant, notice.kind) else {
        return;
    };
    let transport = if is_own(site, notice.tenant) {
        any
    } else {
        public
    };
    for wait in TRIES {
        tokio::time::sleep(wait).await;
        // Each time anew: the secret may have been changed.
        let Some(what) = signed(site, notice, &sealed) else {
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

fn is_own(site: &Site, tenant: TenantId) -> bool {
    site.node.read(|core| {
        let known = core.view().meetings.tenants.get(&tenant);
        known.is_some_and(|known| Some(known.record.member) == core.member())
    })
}

#[cfg(test)]
mod tests {
    use domain::{id::TenantId, record::Room};
    use federation::meetings::scoped_id;
    use serde_json::json;

    use super::*;

    const TENANT: TenantId = TenantId([2; 16]);

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
}
