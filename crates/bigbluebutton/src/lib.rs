//! The BigBlueButton API as a server, a client and a gateway between the two see it.
//!
//! The crate speaks the wire contract of BigBlueButton 3.0 and knows nothing of who uses it. A
//! gateway checks a front end's call ([`checksum`], [`call`], [`create`], [`join`], [`request`]),
//! asks a server through [`client`] and answers with the same XML a server would write
//! ([`answer`]); what a server says beyond what is known here is kept and passed on. The
//! `laboratory` (a feature) is a server to try all of it against.
//!
//! Everything from outside is hostile until checked: every size has a limit named here, and no
//! secret or checksum appears in an error or a log.
//!
//! ```
//! use bigbluebutton::{Algorithm, Secret, checksum};
//!
//! let secret = Secret::new("639259d4-9dd8-4b25-bf01-95f9567eaf4b")?;
//! let query = "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444";
//! let sum = checksum::checksum(Algorithm::Sha1, "create", query, &secret);
//! let received = format!("{query}&checksum={sum}");
//! let which = checksum::verify("create", &received, &[secret], &Algorithm::ALL)?;
//! assert_eq!(which, 0);
//! # Ok::<(), bigbluebutton::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod answer;
pub mod call;
pub mod callback;
pub mod checksum;
pub mod client;
pub mod create;
pub mod join;
#[cfg(feature = "laboratory")]
pub mod laboratory;
pub mod request;
pub mod xml;

mod address;
mod error;
mod failure;
mod guard;
mod query;
mod secret;

pub use address::Endpoint;
pub use call::{Body, Call, Method};
pub use checksum::Algorithm;
pub use client::Client;
pub use create::Create;
pub use error::Error;
pub use failure::Failure;
pub use guard::{Guard, is_public};
pub use join::{Join, Role};
pub use query::Parameters;
pub use secret::Secret;
