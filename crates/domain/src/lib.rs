//! The domain crate.
