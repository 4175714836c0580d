//! Meetings: what this node alone knows of its servers and tenants (`servers`, `tenants`), and what
//! its stewards do with them (`inventory`, `tenancy`).
//!
//! What everybody may know is a record; the local row with the secret is durable before the record
//! is signed. A stop between the two leaves a row without a record, which does nothing, and doing the
//! same again takes it up: there is never a record whose secret nobody has.

pub mod address;
pub(crate) mod check;
pub mod configuration;
pub mod cost;
pub mod described;
pub(crate) mod inventory;
pub mod levels;
pub mod limits;
pub(crate) mod overview;
pub mod servers;
pub(crate) mod tenancy;
pub mod tenants;
pub mod usage;

/// What this node has of a server's or tenant's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretState {
    /// It is here and opens.
    Here,
    /// It is here and does not open.
    Shut,
    /// It is not here.
    Missing,
}

impl SecretState {
    /// The word in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Shut => "shut",
            Self::Missing => "missing",
        }
    }
}
