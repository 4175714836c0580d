//! What can be wrong with a value that this crate is given.

use thiserror::Error;

use crate::candidate::{FEATURE_BYTES_MAX, FEATURES_MAX};

/// A broken rule, with what was found and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// Text that is not the name of a feature.
    #[error(
        "a feature has 1 to {FEATURE_BYTES_MAX} lower-case letters, digits and hyphens, such as \
         recording; found {found:?}"
    )]
    Feature {
        /// What was given, shortened.
        found: String,
    },
    /// A server or a request with too many features.
    #[error("a server has at most {FEATURES_MAX} features; found {found}")]
    Features {
        /// How many were given.
        found: usize,
    },
}
