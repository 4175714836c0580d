//! The dashboard and the JSON API of a node.
//!
//! The node's binary composes it: it gives a [`node::Node`] (the core for reading, the queue to its
//! loop, the store's texts), a [`local::Local`] for what never leaves the node, and a listener to
//! [`serve`]. Pages are pure functions of view structs ([`pages`]); handlers parse, call, render.
//! Every request passes one guard (host, origin, size, rate), every error one edge.
//!
//! **Invariant:** nothing here signs but with a key that the person of the request can open, or
//! with the root key when a steward asks for what only that may sign, or with the node's own for
//! what the node itself says; and nothing that opens a key or a secret is in the store.
//!
//! The first steward gets in by an invitation like all others: make one, grant its key with the
//! root key, keep it, print the link.
//!
//! ```
//! use std::sync::Arc;
//!
//! use domain::id::Timestamp;
//! use web::{invitation::{Invitation, Invitations}, local::MemoryLocal};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), web::WebError> {
//! let now = Timestamp(1_800_000_000_000);
//! let invitations = Invitations::new(Arc::new(MemoryLocal::default()));
//! let (invitation, secret) = Invitation::new(now, "Ada", vec!["steward".to_owned()])?;
//! // Here the root key grants `invitation.key` to `invitation.person`.
//! invitations.keep(now, &invitation).await?;
//! let link = format!("/welcome/{}", *secret.text());
//! assert_eq!(invitations.waiting(now).await?.len(), 1);
//! # assert!(link.len() > 40);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod accounts;
mod acts;
mod api;
mod auth;
mod budget;
mod bytes;
pub mod catalogue;
pub mod clock;
pub mod copy;
mod decisions;
mod documents;
mod edge;
mod effects;
pub mod error;
pub mod export;
mod feeds;
mod fields;
pub mod gateway;
pub mod gatherings;
mod handlers;
mod heights;
pub mod hosted;
pub mod invitation;
pub mod leaving;
pub mod links;
mod live;
pub mod local;
pub mod meetings;
pub mod metrics;
pub mod node;
pub mod onboarding;
mod once;
pub mod origin;
pub mod pages;
pub mod password;
mod people;
mod power;
mod protect;
mod rate;
pub mod reminders;
pub mod rooms;
mod routes;
pub mod seal;
mod serve;
pub mod session;
pub mod site;
mod standpoint;
mod table;
mod texts;
pub mod token;
pub mod vault;

pub use api::{candidates, evidence};
pub use decisions::waiting;
pub use effects::effect_json;
pub use error::WebError;
pub use routes::router;
pub use serve::serve;
pub use site::{Parts, Settings, Site};
