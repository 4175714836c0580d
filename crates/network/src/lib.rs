//! The network of a node: a thin shell around libp2p that carries opaque frames between members
//! and requests from anybody.
//!
//! It knows who may speak and how much, and nothing of what is said: frames, dissemination and
//! membership are the core's. The node tells it the *roster* (which keys are active members' nodes
//! and where to dial them), sends frames, and takes [`Event`]s. Everything is bounded: sizes,
//! rates, queues, connections and waits (see [`Limits`]). While nobody takes events, nothing more
//! is read from peers.
//!
//! Two protocols, over TCP, Noise and Yamux:
//!
//! * `/folkmoot/sync/1`, members only: each side opens one long-lived stream and writes frames to
//!   it; a frame is its length in four bytes (most significant first) and 1 to 2 MiB of bytes.
//! * `/folkmoot/apply/1`, anybody: a stream per request. The request is a frame of at most 64 KiB;
//!   the answer one byte, 0 and a frame of at most 1 MiB, or 1 alone: busy, ask again later.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use domain::key::SecretKey;
//! use network::{Event, Limits, Network, Settings};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let settings = |seed| Settings {
//!     listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()],
//!     secret: SecretKey::from_seed(&[seed; 32]),
//!     federation: None,
//!     limits: Limits::default(),
//! };
//! let (anna, bela) = (settings(1).secret.public(), settings(2).secret.public());
//! let (anna_network, mut anna_events) = Network::start(settings(1)).await.unwrap();
//! let (bela_network, mut bela_events) = Network::start(settings(2)).await.unwrap();
//! let at = anna_network.listening().await;
//! anna_network.set_roster(BTreeMap::from([(bela, vec![])])).await;
//! bela_network.set_roster(BTreeMap::from([(anna, at)])).await;
//! while let Some(event) = bela_events.recv().await {
//!     if matches!(event, Event::Connected { peer } if peer == anna) {
//!         bela_network.send(anna, b"good morning".to_vec()).unwrap();
//!         break;
//!     }
//! }
//! while let Some(event) = anna_events.recv().await {
//!     if let Event::Frame { from, bytes } = event {
//!         assert_eq!((from, bytes), (bela, b"good morning".to_vec()));
//!         break;
//!     }
//! }
//! # });
//! ```

mod address;
mod application;
mod behaviour;
mod driver;
mod error;
mod event;
mod fault;
mod frame;
mod gate;
mod handler;
#[cfg(test)]
mod hostile;
mod limits;
mod member;
mod multiplex;
mod network;
mod outbox;
mod schedule;
mod settings;
mod stall;

pub use address::{ADDRESS_CHARACTERS_MAX, check_multiaddr, peer_id};
pub use behaviour::AGENT_VERSION;
pub use error::NetworkError;
pub use event::{Event, Events, Reply};
pub use fault::{Fault, Statistics};
pub use limits::{Applicants, Limits};
pub use network::{Network, PeerStatus};
pub use settings::Settings;
