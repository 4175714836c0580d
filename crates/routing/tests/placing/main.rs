//! Where meetings go: the rules of placement, by example and by property.

mod cast;
mod counted;
mod properties;
mod rules;
