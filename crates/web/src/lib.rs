//! The dashboard and the JSON API of a node.

#![forbid(unsafe_code)]

pub mod accounts;
mod acts;
mod api;
mod auth;
mod bytes;
pub mod catalogue;
pub mod clock;
mod decisions;
mod edge;
pub mod error;
mod fields;
mod handlers;
pub mod invitation;
mod live;
pub mod local;
pub mod node;
mod once;
pub mod origin;
pub mod pages;
pub mod password;
mod people;
mod protect;
mod rate;
mod routes;
pub mod seal;
mod serve;
pub mod session;
pub mod site;
mod table;
mod texts;
pub mod token;

pub use error::WebError;
pub use routes::router;
pub use serve::serve;
pub use site::{Parts, Settings, Site};
