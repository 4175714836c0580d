//! The dashboard and the JSON API of a node.

#![forbid(unsafe_code)]

pub mod accounts;
mod bytes;
pub mod clock;
pub mod error;
pub mod invitation;
pub mod local;
pub mod password;
pub mod rate;
pub mod seal;
pub mod session;
mod table;
pub mod token;
