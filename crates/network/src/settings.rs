//! What a node's network is started with.

use domain::key::SecretKey;

use crate::limits::Limits;

/// The settings of one node's network.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The addresses to listen on, for example `/ip4/0.0.0.0/tcp/4001`. May be empty: such a node
    /// only dials.
    pub listen: Vec<String>,
    /// The node's key: its identity in the transport.
    pub secret: SecretKey,
    /// The federation, at most 128 characters. Nodes that announce another one are cut off.
    pub federation: Option<String>,
    /// What bounds everything.
    pub limits: Limits,
}
