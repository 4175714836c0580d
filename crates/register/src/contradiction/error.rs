//! Why evidence proves nothing.

use domain::{cbor::DecodeError, id::FederationId};
use thiserror::Error;

use crate::fault::Fault;

/// Why a contradiction, or a file of one, is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContradictionError {
    /// What is shown in a phase is not signed, or may stand together.
    #[error("what was said in the phase is no contradiction")]
    Phase(#[from] Fault),
    /// What is shown of agreement is not signed, or may stand together.
    #[error("what was said in agreement is not signed with the key, or does not contradict itself")]
    Agreement,
    /// An entry is not signed with the key.
    #[error("an entry is not signed with the key")]
    Entry,
    /// The file is too long.
    #[error("{found} bytes; a file of evidence has at most {most}")]
    TooLong {
        /// How long it is.
        found: usize,
        /// How long it may be.
        most: usize,
    },
    /// The file is no JSON of the form.
    #[error("no file of evidence: {0}")]
    Json(String),
    /// The file has another format.
    #[error("its format is {found:?}, which this release does not know")]
    Format {
        /// The one it has.
        found: String,
    },
    /// A field is not what it should be.
    #[error("its {0} cannot be read")]
    Field(&'static str),
    /// What the file says beside is not what its evidence says.
    #[error("its {0} is not that of the evidence")]
    Beside(&'static str),
    /// The evidence is not of its form.
    #[error("the evidence is not of its form")]
    Encoding(#[from] DecodeError),
    /// It is of another federation.
    #[error("it is of federation {found}, and {expected} is the one meant")]
    OtherFederation {
        /// The one meant.
        expected: FederationId,
        /// The one it names.
        found: FederationId,
    },
    /// A grant does not lead from the member to the key.
    #[error("grant {0} of those that lead from the member to the key is none")]
    Grant(usize),
}
