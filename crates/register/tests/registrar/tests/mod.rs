//! The scenarios.

mod plain;
