//! The web crate.

pub mod catalogue;
pub mod pages;
