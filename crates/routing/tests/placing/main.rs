//! Where meetings go: the rules of placement, by example and by property.

#![allow(clippy::unwrap_used)]

mod cast;
mod counted;
mod properties;
mod rules;
