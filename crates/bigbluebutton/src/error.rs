//! What can go wrong here: one kind of error, one variant per broken rule.
//!
//! No variant carries a secret, a checksum or the query of an address.

use std::{io, net::IpAddr};

use thiserror::Error as ThisError;

use crate::{checksum::Algorithm, failure::Failure};

/// A broken rule of the API, or a call to a server that did not succeed.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A secret is empty or too long.
    #[error("a secret has {found} bytes; it must have between 1 and {max}")]
    SecretLength {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },

    /// A query or form is too long to be read.
    #[error("the parameters take {found} bytes, more than the {max} allowed")]
    ParametersTooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A query or form has too many parameters.
    #[error("there are more than {max} parameters")]
    TooManyParameters {
        /// Parameters allowed.
        max: usize,
    },
    /// A `%` is not followed by two hexadecimal digits.
    #[error("parameter {position} has a broken percent-encoding")]
    PercentEncoding {
        /// Which parameter, counted from 0.
        position: usize,
    },
    /// A parameter is not UTF-8 once decoded.
    #[error("parameter {position} is not UTF-8")]
    ParameterNotUtf8 {
        /// Which parameter, counted from 0.
        position: usize,
    },

    /// No checksum was given.
    #[error("the call has no checksum")]
    ChecksumMissing,
    /// More than one checksum was given; cutting both out could join what they separate.
    #[error("the call has more than one checksum")]
    ChecksumRepeated,
    /// The checksum is not hexadecimal of a known length.
    #[error("the checksum has {found} characters and is of no known algorithm")]
    ChecksumForm {
        /// Characters found.
        found: usize,
    },
    /// The checksum's algorithm is switched off.
    #[error("checksums by {found} are not accepted")]
    AlgorithmNotAllowed {
        /// The algorithm of the checksum.
        found: Algorithm,
    },
    /// No secret gives this checksum.
    #[error("the checksum of {call} does not match")]
    ChecksumMismatch {
        /// The call's name.
        call: String,
    },

    /// An answer or document is larger than may be read.
    #[error("the XML takes {found} bytes, more than the {max} allowed")]
    XmlTooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Elements are nested too deeply.
    #[error("the XML is nested more than {max} deep")]
    XmlTooDeep {
        /// Levels allowed.
        max: usize,
    },
    /// There are too many elements, texts and attributes.
    #[error("the XML has more than {max} parts")]
    XmlTooManyParts {
        /// Parts allowed.
        max: usize,
    },
    /// A document type, which can define entities, is never read.
    #[error("the XML has a document type, which is not accepted")]
    XmlDocumentType,
    /// An entity that is none of the five every document has.
    #[error("the XML names an entity it may not name")]
    XmlEntity,
    /// A name that is no XML name or too long.
    #[error("a name of {bytes} bytes is no name of an XML element")]
    XmlName {
        /// Length of the name.
        bytes: usize,
    },
    /// The markup is broken.
    #[error("the XML is broken")]
    XmlBroken(#[source] quick_xml::Error),
    /// The document ends early, has text outside its root, or two roots.
    #[error("the XML is not one whole element")]
    XmlIncomplete,

    /// The root is not the one the API uses.
    #[error("the answer is not a BigBlueButton answer")]
    NotAResponse,
    /// An element the answer must have is not there.
    #[error("the answer has no {element}")]
    Missing {
        /// Name of the element.
        element: &'static str,
    },
    /// An element's text is not of its kind.
    #[error("{element} of the answer is not {expected}")]
    WrongValue {
        /// Name of the element.
        element: &'static str,
        /// What it should be.
        expected: &'static str,
    },

    /// A signed token is not three parts of base64 with the expected claims.
    #[error("the signed parameters are not readable")]
    TokenForm,
    /// A signed token names another algorithm than the only one accepted.
    #[error("the signed parameters are not signed with {expected}")]
    TokenAlgorithm {
        /// The algorithm accepted.
        expected: &'static str,
    },
    /// No secret gives the token's signature.
    #[error("the signature of the parameters does not match")]
    TokenSignature,
    /// The token was good once.
    #[error("the token expired at {expired_at_s} s; it is {now_s} s now")]
    TokenExpired {
        /// When, in seconds since 1970.
        expired_at_s: u64,
        /// Now, in seconds since 1970.
        now_s: u64,
    },

    /// An address is not one of a server.
    #[error("the address is not usable: {reason}")]
    Address {
        /// What to change.
        reason: &'static str,
    },
    /// A name leads only to addresses that must not be called.
    #[error("{host} leads to {address}, an address that may not be called")]
    RefusedAddress {
        /// The name.
        host: String,
        /// One of its addresses.
        address: IpAddr,
    },
    /// A name leads nowhere.
    #[error("{host} has no address")]
    Resolve {
        /// The name.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No connection was made.
    #[error("{host} does not accept connections")]
    Connect {
        /// The name.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection could not be secured.
    #[error("{host} cannot prove who it is")]
    Tls {
        /// The name.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificates to trust could not be loaded.
    #[error("the certificates to trust could not be loaded: {reason}")]
    Certificates {
        /// What is wrong.
        reason: String,
    },
    /// The server took too long.
    #[error("{call} of {endpoint} was not answered within {deadline_ms} ms")]
    Timeout {
        /// The call's name.
        call: &'static str,
        /// The server.
        endpoint: String,
        /// The deadline.
        deadline_ms: u64,
    },
    /// The connection broke before the answer was whole.
    #[error("the connection to {endpoint} broke during {call}")]
    Broken {
        /// The call's name.
        call: &'static str,
        /// The server.
        endpoint: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is larger than may be read.
    #[error("the answer to {call} takes more than the {max} bytes allowed")]
    AnswerTooLarge {
        /// The call's name.
        call: &'static str,
        /// Bytes allowed.
        max: usize,
    },
    /// The server answered with something else than success.
    #[error("{endpoint} answered {call} with HTTP status {status}")]
    Status {
        /// The call's name.
        call: &'static str,
        /// The server.
        endpoint: String,
        /// The status; a redirect is never followed.
        status: u16,
    },
    /// The answer is not one that can be read.
    #[error("{endpoint} answered {call} with something unreadable")]
    Unreadable {
        /// The call's name.
        call: &'static str,
        /// The server.
        endpoint: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// The server refused the call.
    #[error("the server refused {call}: {failure}")]
    Failed {
        /// The call's name.
        call: &'static str,
        /// Its reason.
        failure: Failure,
    },
    /// The laboratory could not start.
    #[error("the laboratory cannot listen")]
    Laboratory(#[source] io::Error),
}

impl Error {
    /// What a caller whose request breaks this rule is told.
    ///
    /// A server that refuses a gateway's checksum has another secret than the gateway thinks; the
    /// caller's own checksum was right, so the caller hears that no server is available.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Failed { failure, .. } if failure.key == Failure::checksum().key => {
                Failure::server_unavailable()
            }
            Self::ChecksumMissing
            | Self::ChecksumRepeated
            | Self::ChecksumForm { .. }
            | Self::AlgorithmNotAllowed { .. }
            | Self::ChecksumMismatch { .. } => Failure::checksum(),
            Self::ParametersTooLong { .. }
            | Self::TooManyParameters { .. }
            | Self::PercentEncoding { .. }
            | Self::ParameterNotUtf8 { .. } => Failure::malformed(),
            Self::Failed { failure, .. } => failure.clone(),
            Self::RefusedAddress { .. }
            | Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::AnswerTooLarge { .. }
            | Self::Status { .. }
            | Self::Unreadable { .. } => Failure::server_unavailable(),
            _ => Failure::internal_error(),
        }
    }

    /// Whether the call may have been carried out although no answer was understood.
    pub fn is_uncertain(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::Broken { .. }
                | Self::AnswerTooLarge { .. }
                | Self::Status { .. }
                | Self::Unreadable { .. }
        )
    }
}
