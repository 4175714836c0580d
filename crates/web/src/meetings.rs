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
