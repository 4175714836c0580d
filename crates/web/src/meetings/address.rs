//! The address of a server: written in one form, encrypted, and not inside one's own network unless a
//! steward says so.
//!
//! Whoever adds a server makes this node send requests to it. Without this check an address such as
//! `http://169.254.169.254` or a name that leads there would let them reach what only the inside may.

use std::time::Duration;

use bigbluebutton::{Endpoint, Error, Guard};
use domain::record::SERVER_URL_BYTES_MAX;

use super::servers::Reach;
use crate::error::{FieldFault, sentence};

/// How long a name may take to be resolved.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(5);
/// What every endpoint ends with; a record leaves it out.
const API_PATH: &str = "/bigbluebutton/api";

/// Where the API of a server is.
///
/// # Errors
/// When the address is none, or is not encrypted though it must be.
pub fn endpoint(url: &str, reach: &Reach) -> Result<Endpoint, Error> {
    match reach.allow_http && reach.allow_private {
        true => Endpoint::parse_insecure(url),
        false => Endpoint::parse(url),
    }
}

/// Which addresses of this server may be called.
#[must_use]
pub fn guard(reach: &Reach) -> Guard {
    Guard {
        allow_private: reach.allow_private,
    }
}

/// The address as a record has it, once it was looked up.
pub(crate) async fn checked(url: &str, reach: &Reach) -> Result<String, FieldFault> {
    let fault = |message: String| FieldFault::new("url", message);
    let endpoint = endpoint(url, reach).map_err(|error| {
        let said = sentence(&error.to_string());
        fault(match url.trim().starts_with("http://") {
            true => format!(
                "{said} If it stands beside this node, allow calls without encryption and private \
                 addresses for it (--allow-http --allow-private)."
            ),
            false => said,
        })
    })?;
    let whole = endpoint.to_string();
    let short = whole.strip_suffix(API_PATH).unwrap_or(&whole).to_owned();
    if short.len() > SERVER_URL_BYTES_MAX {
        let message = format!(
            "An address has at most {SERVER_URL_BYTES_MAX} bytes; this one has {}.",
            short.len()
        );
        return Err(fault(message));
    }
    let resolved = guard(reach).resolve(endpoint.host(), endpoint.port());
    match tokio::time::timeout(RESOLVE_DEADLINE, resolved).await {
        Ok(Ok(_)) => Ok(short),
        Ok(Err(error @ Error::RefusedAddress { .. })) => Err(fault(format!(
            "{} Allow private addresses for this server if it stands beside this node (--allow-private).",
            sentence(&error.to_string())
        ))),
        Ok(Err(error)) => Err(fault(sentence(&error.to_string()))),
        Err(_) => Err(fault(format!(
            "The name {} was not resolved within {} seconds. Try again.",
            endpoint.host(),
            RESOLVE_DEADLINE.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BESIDE: Reach = Reach {
        algorithm: bigbluebutton::Algorithm::Sha256,
        allow_private: true,
        allow_http: true,
    };

    #[tokio::test]
    async fn an_address_is_kept_in_one_form_without_the_path_of_the_api() {
        for url in [
            "https://9.9.9.9",
            "https://9.9.9.9:443/bigbluebutton/",
            " https://9.9.9.9/bigbluebutton/api/ ",
        ] {
            let checked = checked(url, &Reach::default()).await;
            assert_eq!(checked, Ok("https://9.9.9.9".to_owned()), "{url}");
        }
        let other = "https://9.9.9.9/elsewhere/api";
        let kept = checked(other, &Reach::default()).await.unwrap();
        assert_eq!(kept, other);
        let again = endpoint(&kept, &Reach::default()).unwrap();
        assert_eq!(again.to_string(), other);
    }

    #[tokio::test]
    async fn what_can_be_allowed_is_said_with_its_option() {
        let said = |url| async move { checked(url, &Reach::default()).await.unwrap_err().message };
        assert!(said("http://9.9.9.9").await.contains("--allow-http"));
        assert!(said("https://10.0.0.1").await.contains("--allow-private"));
        assert!(!said("ftp://9.9.9.9").await.contains("--allow"));
    }

    #[tokio::test]
    async fn an_address_inside_or_without_encryption_needs_to_be_allowed() {
        for url in [
            "https://127.0.0.1",
            "https://[::1]",
            "https://169.254.169.254",
            "https://10.0.0.1/bigbluebutton",
            "http://9.9.9.9",
            "ftp://9.9.9.9",
            "",
        ] {
            assert!(checked(url, &Reach::default()).await.is_err(), "{url}");
        }
        let only_http = Reach {
            allow_private: false,
            ..BESIDE
        };
        assert!(checked("http://127.0.0.1:8090", &only_http).await.is_err());
        let kept = checked("http://127.0.0.1:8090/bigbluebutton", &BESIDE).await;
        assert_eq!(kept, Ok("http://127.0.0.1:8090".to_owned()));
    }
}
