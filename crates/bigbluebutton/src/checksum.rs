//! The checksum of a call: a hash over the call's name, its query as sent, and the shared secret.
//!
//! A server cuts every `checksum=…` out of the query as text before it hashes. With two of them
//! that joins what they separated: a link signed for the room `room12` becomes one for `room1`
//! with `meetingID=room1&checksum=H&checksum=H2`. Here exactly one parameter may be the checksum
//! and only that parameter is taken out, which gives the same text for every honest caller.

use std::fmt;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use crate::{
    error::Error,
    query::{Parameters, encode_value},
    secret::Secret,
};

/// Name of the parameter that carries the checksum.
pub const PARAMETER: &str = "checksum";

/// The hash of a checksum; told apart by the length of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// 40 hexadecimal digits; what most front ends still send.
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
    /// 96 hexadecimal digits.
    Sha384,
    /// 128 hexadecimal digits.
    Sha512,
}

impl Algorithm {
    /// Every algorithm a BigBlueButton server accepts by default.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithm whose result has this many hexadecimal digits.
    pub fn by_hexadecimal_length(length: usize) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.hexadecimal_length() == length)
    }

    /// Hexadecimal digits of the result.
    pub fn hexadecimal_length(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    /// Hashes the parts one after the other.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
        }
    }

    /// The checksums of one query with each secret.
    fn with_each(self, call_name: &str, query: &str, secrets: &[Secret]) -> Vec<Vec<u8>> {
        match self {
            Self::Sha1 => with_each::<Sha1>(call_name, query, secrets),
            Self::Sha256 => with_each::<Sha256>(call_name, query, secrets),
            Self::Sha384 => with_each::<Sha384>(call_name, query, secrets),
            Self::Sha512 => with_each::<Sha512>(call_name, query, secrets),
        }
    }
}

/// The secret comes last, so all before it is hashed once: whoever has no secret must not make a gateway
/// hash a long form for each of its front ends.
fn with_each<D: Digest + Clone>(call_name: &str, query: &str, secrets: &[Secret]) -> Vec<Vec<u8>> {
    let begun = D::new().chain_update(call_name).chain_update(query);
    let finish = |secret: &Secret| {
        let whole = begun.clone().chain_update(secret.expose());
        whole.finalize().to_vec()
    };
    secrets.iter().map(finish).collect()
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// The checksum a caller adds to a query that has none yet, in lower-case hexadecimal.
pub fn checksum(
    algorithm: Algorithm,
    call_name: &str,
    query_without_checksum: &str,
    secret: &Secret,
) -> String {
    hexadecimal(&algorithm.hash(&[
        call_name.as_bytes(),
        query_without_checksum.as_bytes(),
        secret.expose(),
    ]))
}

/// Signs a query: the query with its checksum as the last parameter.
pub fn sign(algorithm: Algorithm, call_name: &str, query: &str, secret: &Secret) -> String {
    let sum = checksum(algorithm, call_name, query, secret);
    let separator = if query.is_empty() { "" } else { "&" };
    format!("{query}{separator}{PARAMETER}={sum}")
}

/// Checks the checksum in a query, exactly as received, against each secret in turn.
///
/// Returns which secret matched. Several secrets let a front end change its secret without a gap.
///
/// # Errors
/// One of the checksum variants of [`Error`]; the caller learns only `checksumError`.
pub fn verify(
    call_name: &str,
    raw_query: &str,
    secrets: &[Secret],
    allowed: &[Algorithm],
) -> Result<usize, Error> {
    let (given, rest) = take_checksum(raw_query)?;
    match_secret(call_name, given, &[&rest], secrets, allowed)
}

/// Checks the checksum of a form sent without any query.
///
/// Two ways of signing are in use: servers rebuild a query from the decoded form, sorted by name;
/// some callers sign the form as they send it. Either is accepted.
///
/// # Errors
/// As [`verify`]; also when the form cannot be decoded.
pub fn verify_form(
    call_name: &str,
    raw_form: &[u8],
    secrets: &[Secret],
    allowed: &[Algorithm],
) -> Result<usize, Error> {
    let parameters = Parameters::from_form(raw_form)?;
    let as_sent =
        std::str::from_utf8(raw_form).map_err(|_| Error::ParameterNotUtf8 { position: 0 })?;
    let (given, rest) = take_checksum(as_sent)?;
    match rebuilt(&parameters) {
        Some(rebuilt) => match_secret(call_name, given, &[&rebuilt, &rest], secrets, allowed),
        None => match_secret(call_name, given, &[&rest], secrets, allowed),
    }
}

/// Compares with every secret and every form of the query without stopping at a match.
fn match_secret(
    call_name: &str,
    given: &str,
    queries: &[&str],
    secrets: &[Secret],
    allowed: &[Algorithm],
) -> Result<usize, Error> {
    let algorithm = Algorithm::by_hexadecimal_length(given.len())
        .filter(|_| given.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or(Error::ChecksumForm {
            found: given.chars().count(),
        })?;
    if !allowed.contains(&algorithm) {
        return Err(Error::AlgorithmNotAllowed { found: algorithm });
    }
    let given = given.to_ascii_lowercase();
    let mut matched = None;
    for query in queries {
        let sums = algorithm.with_each(call_name, query, secrets);
        for (which, expected) in sums.iter().enumerate() {
            let expected = hexadecimal(expected);
            let equal: bool = expected.as_bytes().ct_eq(given.as_bytes()).into();
            if equal && matched.is_none() {
                matched = Some(which);
            }
        }
    }
    matched.ok_or_else(|| Error::ChecksumMismatch {
        call: call_name.to_owned(),
    })
}

/// Takes the one parameter named `checksum` out of a query, which otherwise stays as it is.
fn take_checksum(raw: &str) -> Result<(&str, String), Error> {
    let mut given = None;
    let mut rest = String::with_capacity(raw.len());
    let mut first = true;
    for segment in raw.split('&') {
        let name = segment.split('=').next().unwrap_or_default();
        if names_checksum(name) {
            let value = segment
                .strip_prefix("checksum=")
                .ok_or(Error::ChecksumMissing)?;
            if given.replace(value).is_some() {
                return Err(Error::ChecksumRepeated);
            }
            continue;
        }
        if !first {
            rest.push('&');
        }
        rest.push_str(segment);
        first = false;
    }
    given
        .filter(|value| !value.is_empty())
        .map(|given| (given, rest))
        .ok_or(Error::ChecksumMissing)
}

/// Whether a raw name reads as `checksum`, encoded or not: a reader of the decoded parameters must
/// never see another checksum than the one that was checked.
fn names_checksum(raw_name: &str) -> bool {
    if !raw_name.contains('%') {
        return raw_name == PARAMETER;
    }
    Parameters::from_query(raw_name).is_ok_and(|read| read.contains(PARAMETER))
}

/// The query a server rebuilds from a form: sorted by name, values encoded anew.
///
/// Names go in as they are. A name with `&` or `=` in it could thus stand for several parameters,
/// so such a form has no rebuilt query.
fn rebuilt(parameters: &Parameters) -> Option<String> {
    let mut sorted: Vec<(&str, String)> = parameters
        .iter()
        .filter(|(name, _)| *name != PARAMETER)
        .map(|(name, value)| (name, encode_value(&sanitized(value))))
        .collect();
    if sorted.iter().any(|(name, _)| name.contains(['&', '='])) {
        return None;
    }
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    let pairs: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Some(pairs.join("&"))
}

/// A value without control characters and outer blanks, as servers store it.
pub(crate) fn sanitized(value: &str) -> String {
    let clean: String = value
        .chars()
        .filter(|character| !character.is_ascii_control())
        .collect();
    clean.trim().to_owned()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Vec<Secret> {
        vec![Secret::new("old").unwrap(), Secret::new("new").unwrap()]
    }

    fn signed(query: &str) -> String {
        sign(Algorithm::Sha256, "join", query, &secrets()[1])
    }

    #[test]
    fn the_checksum_may_stand_anywhere() {
        let sum = checksum(Algorithm::Sha1, "join", "a=1&b=2", &secrets()[0]);
        for query in [
            format!("checksum={sum}&a=1&b=2"),
            format!("a=1&checksum={sum}&b=2"),
            format!("a=1&b=2&checksum={sum}"),
        ] {
            assert_eq!(
                verify("join", &query, &secrets(), &Algorithm::ALL).unwrap(),
                0,
                "{query}"
            );
        }
    }

    #[test]
    fn every_algorithm_is_told_by_its_length_whatever_the_case() {
        for algorithm in Algorithm::ALL {
            let sum = checksum(algorithm, "getMeetings", "", &secrets()[1]);
            assert_eq!(sum.len(), algorithm.hexadecimal_length());
            let query = format!("checksum={}", sum.to_uppercase());
            assert_eq!(
                verify("getMeetings", &query, &secrets(), &[algorithm]).unwrap(),
                1
            );
        }
    }

    #[test]
    fn an_algorithm_that_is_switched_off_is_refused() {
        let found = verify("join", &signed("a=1"), &secrets(), &[Algorithm::Sha512]);
        assert!(matches!(
            found,
            Err(Error::AlgorithmNotAllowed {
                found: Algorithm::Sha256
            })
        ));
    }

    #[test]
    fn any_change_breaks_the_checksum() {
        let good = signed("a=1&b=2");
        assert!(verify("join", &good, &secrets(), &Algorithm::ALL).is_ok());
        assert!(verify("create", &good, &secrets(), &Algorithm::ALL).is_err());
        assert!(
            verify(
                "join",
                &good.replace("a=1", "a=2"),
                &secrets(),
                &Algorithm::ALL
            )
            .is_err()
        );
        assert!(
            verify(
                "join",
                &good.replace("a=1", "a=%31"),
                &secrets(),
                &Algorithm::ALL
            )
            .is_err()
        );
        assert!(verify("join", &good, &secrets()[..1], &Algorithm::ALL).is_err());
        assert!(verify("join", &good, &[], &Algorithm::ALL).is_err());
    }

    #[test]
    fn a_call_without_a_readable_checksum_is_refused() {
        for (query, expected) in [
            ("", "no checksum"),
            ("a=1", "no checksum"),
            ("checksum", "no checksum"),
            ("checksum=", "no checksum"),
            ("checksum=12345", "no known algorithm"),
            (
                "checksum=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
                "no known algorithm",
            ),
        ] {
            let error = verify("join", query, &secrets(), &Algorithm::ALL).unwrap_err();
            assert!(error.to_string().contains(expected), "{query}: {error}");
            assert_eq!(error.failure(), Failure::checksum());
        }
    }

    #[test]
    fn a_second_checksum_cannot_join_what_it_separates() {
        let good = signed("meetingID=room12&role=MODERATOR");
        let sum = good.rsplit('=').next().unwrap();
        let spliced = format!("meetingID=room1&checksum={sum}&checksum={sum}2&role=MODERATOR");
        assert!(matches!(
            verify("join", &spliced, &secrets(), &Algorithm::ALL),
            Err(Error::ChecksumRepeated)
        ));
        let hidden = format!("{good}&%63hecksum={sum}");
        assert!(verify("join", &hidden, &secrets(), &Algorithm::ALL).is_err());
        let inside = format!("meetingID=room1&xchecksum={sum}&checksum={sum}");
        assert!(verify("join", &inside, &secrets(), &Algorithm::ALL).is_err());
    }

    #[test]
    fn a_form_signed_as_servers_rebuild_it_is_accepted() {
        let secret = &secrets()[0];
        let sum = checksum(
            Algorithm::Sha1,
            "create",
            "meetingID=r+1&name=A*%7EB",
            secret,
        );
        let form = format!("name=A%2A~B&checksum={sum}&meetingID=%20r%201");
        let found = verify_form("create", form.as_bytes(), &secrets(), &Algorithm::ALL);
        assert_eq!(found.unwrap(), 0);
    }

    #[test]
    fn a_form_signed_as_sent_is_accepted() {
        let secret = &secrets()[1];
        let form = sign(
            Algorithm::Sha512,
            "create",
            "name=A%20B&meetingID=r1",
            secret,
        );
        let found = verify_form("create", form.as_bytes(), &secrets(), &Algorithm::ALL);
        assert_eq!(found.unwrap(), 1);
    }

    #[test]
    fn a_form_cannot_hide_parameters_in_a_name() {
        let secret = &secrets()[0];
        let sum = checksum(Algorithm::Sha1, "create", "duration=5&name=AB", secret);
        let form = format!("duration%3D5%26name=AB&checksum={sum}");
        assert!(verify_form("create", form.as_bytes(), &secrets(), &Algorithm::ALL).is_err());
    }

    /// A hash that counts what it is given.
    #[derive(Clone, Default)]
    struct Counting(Sha256);

    thread_local! {
        static HASHED: Cell<usize> = const { Cell::new(0) };
    }

    impl HashMarker for Counting {}

    impl OutputSizeUser for Counting {
        type OutputSize = <Sha256 as OutputSizeUser>::OutputSize;
    }

    impl Update for Counting {
        fn update(&mut self, data: &[u8]) {
            HASHED.set(HASHED.get() + data.len());
            Update::update(&mut self.0, data);
        }
    }

    impl FixedOutput for Counting {
        fn finalize_into(self, out: &mut Output<Self>) {
            FixedOutput::finalize_into(self.0, out);
        }
    }

    #[test]
    fn a_long_query_is_hashed_once_whatever_the_number_of_secrets() {
        let secrets: Vec<Secret> = (100..200)
            .map(|number| Secret::new(number.to_string()).unwrap())
            .collect();
        let query = "x".repeat(10_000);
        let sums = with_each::<Counting>("create", &query, &secrets);
        assert_eq!(HASHED.get(), "create".len() + 10_000 + 3 * secrets.len());
        for (secret, sum) in secrets.iter().zip(&sums) {
            let expected = checksum(Algorithm::Sha256, "create", &query, secret);
            assert_eq!(hexadecimal(sum), expected);
        }
    }

    use std::cell::Cell;

    use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

    use crate::failure::Failure;
}
