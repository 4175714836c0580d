//! The replicated set of signed entries: logs, the rule of storing, what stands, forks, views.
//!
//! The set only grows and merging is union; whatever the order of arrival, the same entries give
//! the same standing and the same views. Nothing in here knows of peers, disks or clocks.

mod alone;
mod digest;
pub mod document;
mod error;
pub mod heights;
mod log;
mod named;
mod pending;
mod place;
mod replica;
pub mod rule;
mod standing;
mod stored;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod view;

pub use error::Refusal;
pub use replica::{AHEAD_SECONDS_MAX, Changes, HELD_MAX, Offer, Replica};
pub use stored::{Position, Rank, Right, Stored, Usage};
