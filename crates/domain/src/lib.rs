//! The values and rules of a federation: pure, without a clock, chance or I/O.
//!
//! Every other crate builds on these. Nothing in here knows how entries travel or are kept.

pub mod blob;
pub mod cbor;
pub mod charter;
pub mod decision;
pub mod effect;
pub mod entry;
pub mod genesis;
pub mod id;
pub mod key;
pub mod record;
pub mod region;
pub mod text;
