//! What a server tells a front end by itself, and how either side proves it.
//!
//! A gateway stands between: it verifies with the server's secret and signs with the tenant's.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use crate::{checksum::Algorithm, error::Error, query::encode_value, secret::Secret};

/// Name of the form field that carries a recording's token.
pub const SIGNED_PARAMETERS: &str = "signed_parameters";
/// Metadata that names the address told when a recording is ready.
pub const RECORDING_READY_URL: &str = "bbb-recording-ready-url";
/// Metadata that names the address told when a meeting ended.
pub const END_CALLBACK_URL: &str = "endcallbackurl";
/// Metadata that names the address the learning analytics go to.
pub const ANALYTICS_CALLBACK_URL: &str = "analytics-callback-url";
/// The parameter of `create` that names an address told of the end, kept on the server.
pub const MEETING_ENDED_URL: &str = "meetingEndedURL";
/// The longest token read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How long a token for analytics is good.
pub const ANALYTICS_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How far clocks may differ when a token's end is judged.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// What a server says when a recording is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingReady {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// Id of the recording.
    pub record_id: String,
}

/// The two ways of signing in use; the algorithm is never taken from the token.
#[derive(Clone, Copy, PartialEq)]
enum Method {
    Hs256,
    Hs512,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs512 => "HS512",
        }
    }

    fn sign(self, message: &[u8], secret: &Secret) -> Vec<u8> {
        match self {
            Self::Hs256 => keyed::<Hmac<Sha256>>(message, secret)
                .finalize()
                .into_bytes()
                .to_vec(),
            Self::Hs512 => keyed::<Hmac<Sha512>>(message, secret)
                .finalize()
                .into_bytes()
                .to_vec(),
        }
    }

    fn verifies(self, message: &[u8], secret: &Secret, signature: &[u8]) -> bool {
        match self {
            Self::Hs256 => keyed::<Hmac<Sha256>>(message, secret)
                .verify_slice(signature)
                .is_ok(),
            Self::Hs512 => keyed::<Hmac<Sha512>>(message, secret)
                .verify_slice(signature)
                .is_ok(),
        }
    }
}

fn keyed<M: Mac + KeyInit>(message: &[u8], secret: &Secret) -> M {
    let mut mac =
        <M as KeyInit>::new_from_slice(secret.expose()).expect("an HMAC takes a key of any length");
    mac.update(message);
    mac
}

/// Signs the news of a recording: the value of `signed_parameters`.
pub fn sign_recording_ready(ready: &RecordingReady, secret: &Secret) -> String {
    let claims = json!({"meeting_id": ready.meeting_id, "record_id": ready.record_id});
    sign(Method::Hs256, &claims, secret)
}

/// Verifies the news of a recording; returns which secret matched.
///
/// # Errors
/// One of the token variants of [`Error`].
pub fn verify_recording_ready(
    token: &str,
    secrets: &[Secret],
) -> Result<(usize, RecordingReady), Error> {
    let (which, claims) = verify(Method::Hs256, token, secrets)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(meeting_id), Some(record_id)) = (text("meeting_id"), text("record_id")) else {
        return Err(Error::TokenForm);
    };
    Ok((
        which,
        RecordingReady {
            meeting_id,
            record_id,
        },
    ))
}

/// Signs a token for the sender of analytics: what follows `Authorization: Bearer`.
pub fn sign_analytics(now_s: u64, secret: &Secret) -> String {
    sign(
        Method::Hs512,
        &json!({"exp": now_s + ANALYTICS_LIFETIME.as_secs()}),
        secret,
    )
}

/// Verifies a sender of analytics; returns which secret matched.
///
/// # Errors
/// One of the token variants of [`Error`].
pub fn verify_analytics(token: &str, now_s: u64, secrets: &[Secret]) -> Result<usize, Error> {
    let (which, claims) = verify(Method::Hs512, token, secrets)?;
    let expired_at_s = claims
        .get("exp")
        .and_then(Value::as_u64)
        .ok_or(Error::TokenForm)?;
    if expired_at_s.saturating_add(CLOCK_TOLERANCE.as_secs()) < now_s {
        return Err(Error::TokenExpired {
            expired_at_s,
            now_s,
        });
    }
    Ok(which)
}

/// The checksum a hook adds to the address it calls.
pub fn hook_checksum(callback_url: &str, body: &str, secret: &Secret) -> String {
    // A hook's checksum is built like a call's, the address in place of the name.
    crate::checksum::checksum(Algorithm::Sha1, callback_url, body, secret)
}

/// Verifies the checksum of a hook; returns which secret matched.
///
/// # Errors
/// [`Error::ChecksumMismatch`].
pub fn verify_hook(
    callback_url: &str,
    body: &str,
    checksum: &str,
    secrets: &[Secret],
) -> Result<usize, Error> {
    use subtle::ConstantTimeEq;
    let given = checksum.to_ascii_lowercase();
    secrets
        .iter()
        .position(|secret| {
            hook_checksum(callback_url, body, secret)
                .as_bytes()
                .ct_eq(given.as_bytes())
                .into()
        })
        .ok_or_else(|| Error::ChecksumMismatch {
            call: "hook".to_owned(),
        })
}

/// The address told of the end of a meeting.
pub fn ended_url(callback_url: &str, has_recording_marks: bool) -> String {
    let marks = if has_recording_marks { "true" } else { "false" };
    with_parameter(callback_url, "recordingmarks", marks)
}

/// Adds a parameter to the query of an address, before its fragment.
pub fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let (base, fragment) = match url.split_once('#') {
        Some((base, fragment)) => (base, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let mark = match base.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{base}{mark}{name}={}{fragment}", encode_value(value))
}

fn sign(method: Method, claims: &Value, secret: &Secret) -> String {
    let header = json!({"typ": "JWT", "alg": method.name()});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(claims));
    let signature = method.sign(message.as_bytes(), secret);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn verify(method: Method, token: &str, secrets: &[Secret]) -> Result<(usize, Value), Error> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Error::TokenForm);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Error::TokenForm)?;
    let (header, claims) = message.split_once('.').ok_or(Error::TokenForm)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::TokenForm);
    let read = |part: &str| -> Result<Value, Error> {
        serde_json::from_slice(&decode(part)?).map_err(|_| Error::TokenForm)
    };
    if read(header)?.get("alg").and_then(Value::as_str) != Some(method.name()) {
        return Err(Error::TokenAlgorithm {
            expected: method.name(),
        });
    }
    let signature = decode(signature)?;
    let which = secrets
        .iter()
        .position(|secret| method.verifies(message.as_bytes(), secret, &signature))
        .ok_or(Error::TokenSignature)?;
    Ok((which, read(claims)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> [Secret; 2] {
        ["one", "two"].map(|text| Secret::new(text).unwrap())
    }

    fn ready() -> RecordingReady {
        RecordingReady {
            meeting_id: "r1".into(),
            record_id: "abc-123".into(),
        }
    }

    #[test]
    fn the_news_of_a_recording_is_signed_and_verified() {
        let token = sign_recording_ready(&ready(), &secrets()[1]);
        assert_eq!(
            verify_recording_ready(&token, &secrets()).unwrap(),
            (1, ready())
        );
        let found = verify_recording_ready(&token, &secrets()[..1]);
        assert!(matches!(found, Err(Error::TokenSignature)));
    }

    #[test]
    fn a_token_made_elsewhere_is_verified() {
        // Header {"typ":"JWT","alg":"HS256"}, claims and signature computed with another program.
        let token = include_str!("../tests/vectors/recording_ready.jwt").trim();
        let secret = Secret::new("639259d4-9dd8-4b25-bf01-95f9567eaf4b").unwrap();
        assert_eq!(
            verify_recording_ready(token, &[secret]).unwrap(),
            (0, ready())
        );
    }

    #[test]
    fn a_token_cannot_choose_its_algorithm() {
        let secret = &secrets()[0];
        let other = sign(
            Method::Hs512,
            &json!({"meeting_id": "r1", "record_id": "x"}),
            secret,
        );
        let found = verify_recording_ready(&other, &secrets());
        assert!(matches!(
            found,
            Err(Error::TokenAlgorithm { expected: "HS256" })
        ));
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"meeting_id":"r1","record_id":"x"}"#)
        );
        assert!(matches!(
            verify_recording_ready(&none, &secrets()),
            Err(Error::TokenAlgorithm { .. })
        ));
    }

    #[test]
    fn a_changed_or_broken_token_is_refused() {
        let token = sign_recording_ready(&ready(), &secrets()[0]);
        let parts: Vec<&str> = token.split('.').collect();
        let claims = URL_SAFE_NO_PAD.encode(r#"{"meeting_id":"r2","record_id":"abc-123"}"#);
        let forged = format!("{}.{claims}.{}", parts[0], parts[2]);
        assert!(matches!(
            verify_recording_ready(&forged, &secrets()),
            Err(Error::TokenSignature)
        ));
        for broken in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c",
            &token[..token.len() - 2],
            &"x".repeat(9000),
        ] {
            assert!(
                verify_recording_ready(broken, &secrets()).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn a_token_for_analytics_ends_after_a_day() {
        let token = sign_analytics(1_000, &secrets()[0]);
        assert_eq!(
            verify_analytics(&token, 1_000 + 86_400, &secrets()).unwrap(),
            0
        );
        let late = verify_analytics(&token, 1_000 + 86_400 + 61, &secrets());
        assert!(matches!(late, Err(Error::TokenExpired { .. })));
    }

    #[test]
    fn a_hook_is_verified_by_address_body_and_secret() {
        let sum = hook_checksum("https://a.example/h", "event=1", &secrets()[1]);
        assert_eq!(
            verify_hook("https://a.example/h", "event=1", &sum, &secrets()).unwrap(),
            1
        );
        assert!(verify_hook("https://a.example/h", "event=2", &sum, &secrets()).is_err());
        assert!(verify_hook("https://a.example/h", "event=1", "", &secrets()).is_err());
    }

    #[test]
    fn the_end_is_told_with_recording_marks() {
        assert_eq!(
            ended_url("https://a.example/end?meetingID=r1", true),
            "https://a.example/end?meetingID=r1&recordingmarks=true"
        );
        assert_eq!(
            ended_url("https://a.example/e#x", false),
            "https://a.example/e?recordingmarks=false#x"
        );
    }
}
