//! The home's side of one create, step by step.

#![allow(clippy::unwrap_used)]

mod cast;
mod search;
