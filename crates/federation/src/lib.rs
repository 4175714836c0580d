//! The federation crate.
