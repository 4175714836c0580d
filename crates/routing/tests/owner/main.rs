//! The owner's side: what it admits, refuses, holds and ends.

#![allow(clippy::unwrap_used)]

mod admitting;
mod cast;
mod ending;
mod holding;
mod properties;
