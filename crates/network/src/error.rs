//! What can go wrong, one variant per broken rule.

use std::{io, time::Duration};

use thiserror::Error;

/// Why the network refused or failed at something.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The text is no address this network can use.
    #[error(
        "{address:?} is not a usable address ({problem}); expected for example \
         /ip4/192.0.2.1/tcp/4001, /ip6/2001:db8::1/tcp/4001 or /dns/node.example.org/tcp/4001"
    )]
    Address {
        /// The text, cut to the length an address may have.
        address: String,
        /// The broken rule.
        problem: &'static str,
    },
    /// A setting contradicts another or makes no sense.
    #[error("the network setting {name} must be {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Another program listens there.
    #[error(
        "cannot listen on {address}: the port is in use; stop the program that uses it or choose \
         another port"
    )]
    PortInUse {
        /// The address as configured.
        address: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The machine does not have that address.
    #[error(
        "cannot listen on {address}: this machine does not have that address; use one it has, or \
         0.0.0.0 for all"
    )]
    NotOurAddress {
        /// The address as configured.
        address: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The operating system refuses the port.
    #[error("cannot listen on {address}: not permitted; choose a port of 1024 or more")]
    NotPermitted {
        /// The address as configured.
        address: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Listening failed for another reason.
    #[error("cannot listen on {address}; check the address and the machine's network")]
    Listen {
        /// The address as configured.
        address: String,
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The transport could not be set up.
    #[error("cannot set up the network transport")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The key is no usable Ed25519 key.
    #[error("not a usable Ed25519 public key: {0}")]
    Key(String),
    /// The peer is not on the roster, or not connected now.
    #[error("{peer} is not connected")]
    NotConnected {
        /// The peer's key.
        peer: String,
    },
    /// A frame or message is empty or larger than allowed.
    #[error("a message of {bytes} bytes; it must have 1 to {bytes_max}")]
    Size {
        /// Its length.
        bytes: usize,
        /// The longest allowed.
        bytes_max: usize,
    },
    /// The peer's queue is full: the frame was dropped and counted.
    #[error("the queue to {peer} is full; the frame was dropped")]
    QueueFull {
        /// The peer's key.
        peer: String,
    },
    /// Nobody answered at the address.
    #[error("cannot reach {address}: {problem}")]
    Unreachable {
        /// The address that was dialled.
        address: String,
        /// What the transport said.
        problem: String,
    },
    /// Somebody else answered at the address.
    #[error(
        "another node than expected answered at {address}: expected {expected}, found {found}; \
         ask the other side for its present address"
    )]
    OtherIdentity {
        /// The address that was dialled.
        address: String,
        /// The peer id in the address.
        expected: String,
        /// The peer id that answered.
        found: String,
    },
    /// The address leads to this node itself.
    #[error("{address} is this node's own address")]
    OwnAddress {
        /// The address that was dialled.
        address: String,
    },
    /// The other side does not speak the application protocol.
    #[error("the node at {address} does not answer applications")]
    NotSpoken {
        /// The address that was dialled.
        address: String,
    },
    /// The other side, or this one, has too much to do.
    #[error("{address} is busy; try again in a minute")]
    Busy {
        /// The address that was dialled.
        address: String,
    },
    /// The other side broke the application protocol or the connection.
    #[error("the connection to {address} broke before the answer was complete")]
    Broken {
        /// The address that was dialled.
        address: String,
    },
    /// No answer in time.
    #[error("no answer from {address} within {after:?}")]
    TimedOut {
        /// The address that was dialled.
        address: String,
        /// The deadline.
        after: Duration,
    },
    /// The network was shut down.
    #[error("the network is shut down")]
    ShutDown,
}
