//! The composed behaviour and the transport under it.

use std::{sync::Arc, time::Duration};

use domain::key::SecretKey;
use libp2p::{
    Swarm, SwarmBuilder, Transport, connection_limits, core::upgrade::Version, dns, identify,
    identity, noise, ping, swarm::NetworkBehaviour, tcp,
};

use crate::{
    error::NetworkError, fault::Counters, gate::Gate, limits::Limits, multiplex::Multiplex,
    settings::Settings, stall::Stalling,
};

/// What this node says it is.
pub const AGENT_VERSION: &str = concat!("folkmoot/", env!("CARGO_PKG_VERSION"));
/// The beginning of the protocol version in identify; the federation follows.
pub(crate) const PROTOCOL_VERSION: &str = "folkmoot/1";

/// Streams of one connection whose protocol is being negotiated.
const NEGOTIATING_STREAMS_MAX: usize = 8;
/// How long one outgoing ping may take; silence is judged by the driver.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Dialling and the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that listens to the swarm. The order matters: what refuses cheaply comes first.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) pending: connection_limits::Behaviour,
    pub(crate) gate: Gate,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
}

/// The protocol version a node of a federation announces.
pub(crate) fn protocol_version(federation: Option<&str>) -> String {
    match federation {
        Some(federation) => format!("{PROTOCOL_VERSION}/{federation}"),
        None => PROTOCOL_VERSION.to_owned(),
    }
}

fn keypair(secret: &SecretKey) -> Result<identity::Keypair, NetworkError> {
    // The callee wipes the array it is given.
    identity::Keypair::ed25519_from_bytes(secret.seed())
        .map_err(|error| NetworkError::Transport(Box::new(error)))
}

/// Builds the swarm; nothing listens yet.
pub(crate) fn swarm(
    settings: &Settings,
    counters: Arc<Counters>,
) -> Result<Swarm<Behaviour>, NetworkError> {
    let limits = settings.limits.clone();
    let version = protocol_version(settings.federation.as_deref());
    let idle_timeout = limits.applicants.idle_timeout;
    let stall_timeout = limits.stall_timeout;
    let swarm = SwarmBuilder::with_existing_identity(keypair(&settings.secret)?)
        .with_tokio()
        .with_other_transport(
            |key| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
                let sockets = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
                let named = dns::tokio::Transport::system(sockets)?;
                Ok(named
                    .map(move |socket, _| Stalling::new(socket, stall_timeout))
                    .upgrade(Version::V1Lazy)
                    .authenticate(noise::Config::new(key)?)
                    .multiplex(Multiplex))
            },
        )
        .map_err(|error| NetworkError::Transport(Box::new(error)))?
        .with_behaviour(|key| compose(key, &limits, version, counters))
        .map_err(|error| NetworkError::Transport(Box::new(error)))?
        .with_swarm_config(|config| {
            config
                .with_idle_connection_timeout(idle_timeout)
                .with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX)
        })
        .with_connection_timeout(HANDSHAKE_TIMEOUT)
        .build();
    Ok(swarm)
}

fn compose(
    key: &identity::Keypair,
    limits: &Limits,
    version: String,
    counters: Arc<Counters>,
) -> Behaviour {
    let connections = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.connections_pending_max))
        .with_max_pending_outgoing(Some(limits.connections_pending_max))
        .with_max_established(Some(limits.connections_max));
    let identify = identify::Config::new(version, key.public())
        .with_agent_version(AGENT_VERSION.to_owned())
        .with_cache_size(0)
        .with_hide_listen_addrs(true);
    let ping = ping::Config::new()
        .with_interval(limits.ping_interval)
        .with_timeout(PING_TIMEOUT);
    Behaviour {
        pending: connection_limits::Behaviour::new(connections),
        gate: Gate::new(limits, counters),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(ping),
    }
}
