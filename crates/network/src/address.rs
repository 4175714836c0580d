//! Keys, peer ids and addresses: the two ways the transport and the domain name the same things.

use domain::key::PublicKey;
use libp2p::{Multiaddr, PeerId, identity, multiaddr::Protocol};

use crate::error::NetworkError;

/// The longest text of an address.
pub const ADDRESS_CHARACTERS_MAX: usize = 128;

/// The multihash code of an inlined key; Ed25519 keys are always inlined.
const IDENTITY_MULTIHASH: u64 = 0;

/// The text of the peer id that belongs to a node's key.
///
/// # Errors
/// When the key is no usable Ed25519 key.
pub fn peer_id(key: &PublicKey) -> Result<String, NetworkError> {
    to_peer_id(key).map(PeerId::to_base58)
}

/// Checks the text of an address: IP or name, TCP port, optionally a peer id, nothing else, at
/// most [`ADDRESS_CHARACTERS_MAX`] characters.
///
/// # Errors
/// The first broken rule.
pub fn check_multiaddr(text: &str) -> Result<(), NetworkError> {
    parse(text).map(|_| ())
}

/// A checked address: where, and who if it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The address without the peer id.
    pub(crate) place: Multiaddr,
    /// The peer id at its end.
    pub(crate) peer: Option<PeerId>,
}

pub(crate) fn parse(text: &str) -> Result<Address, NetworkError> {
    let refuse = |problem| NetworkError::Address {
        address: text.chars().take(ADDRESS_CHARACTERS_MAX).collect(),
        problem,
    };
    if text.len() > ADDRESS_CHARACTERS_MAX {
        return Err(refuse("longer than 128 characters"));
    }
    let whole: Multiaddr = text.parse().map_err(|_| refuse("not a multiaddr"))?;
    let mut parts = whole.iter();
    let host = match parts.next() {
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name))
            if name.is_empty() =>
        {
            return Err(refuse("the name is empty"));
        }
        Some(
            host @ (Protocol::Ip4(_)
            | Protocol::Ip6(_)
            | Protocol::Dns(_)
            | Protocol::Dns4(_)
            | Protocol::Dns6(_)),
        ) => host,
        _ => return Err(refuse("it must begin with ip4, ip6, dns, dns4 or dns6")),
    };
    let Some(port @ Protocol::Tcp(_)) = parts.next() else {
        return Err(refuse("after the host comes tcp and a port"));
    };
    let peer = match parts.next() {
        None => None,
        Some(Protocol::P2p(peer)) => {
            to_key(&peer).ok_or_else(|| refuse("the peer id is not of an Ed25519 key"))?;
            Some(peer)
        }
        Some(_) => return Err(refuse("after the port comes nothing but p2p")),
    };
    if parts.next().is_some() {
        return Err(refuse("there is something after the peer id"));
    }
    let place = Multiaddr::empty().with(host).with(port);
    Ok(Address { place, peer })
}

pub(crate) fn to_peer_id(key: &PublicKey) -> Result<PeerId, NetworkError> {
    let unusable = |_| NetworkError::Key(key.to_string());
    key.verifier()
        .map_err(|_| NetworkError::Key(key.to_string()))?;
    let public = identity::ed25519::PublicKey::try_from_bytes(&key.0).map_err(unusable)?;
    Ok(identity::PublicKey::from(public).to_peer_id())
}

/// The key in a peer id, if it is of an Ed25519 key.
pub(crate) fn to_key(peer: &PeerId) -> Option<PublicKey> {
    let hash: &libp2p::multihash::Multihash<64> = peer.as_ref();
    if hash.code() != IDENTITY_MULTIHASH {
        return None;
    }
    let public = identity::PublicKey::try_decode_protobuf(hash.digest()).ok()?;
    Some(PublicKey(public.try_into_ed25519().ok()?.to_bytes()))
}

#[cfg(test)]
mod tests {
    use domain::key::SecretKey;

    use super::*;

    #[test]
    fn a_key_and_its_peer_id_name_each_other() {
        let key = SecretKey::from_seed(&[3; 32]).public();
        let peer = to_peer_id(&key).unwrap();
        assert_eq!(to_key(&peer), Some(key));
        assert!(peer_id(&key).unwrap().starts_with("12D3KooW"));
    }

    #[test]
    fn a_weak_key_has_no_peer_id() {
        let mut weak = [0; 32];
        weak[0] = 1;
        assert!(matches!(
            peer_id(&PublicKey(weak)),
            Err(NetworkError::Key(_))
        ));
    }

    #[test]
    fn an_address_is_a_host_a_port_and_perhaps_a_peer() {
        let peer = peer_id(&SecretKey::from_seed(&[3; 32]).public()).unwrap();
        for good in [
            "/ip4/192.0.2.1/tcp/4001".to_owned(),
            "/ip6/::1/tcp/0".to_owned(),
            "/dns/node.example.org/tcp/4001".to_owned(),
            format!("/dns4/node.example.org/tcp/4001/p2p/{peer}"),
        ] {
            assert!(check_multiaddr(&good).is_ok(), "{good}");
        }
    }

    #[test]
    fn anything_else_is_no_address() {
        let peer = peer_id(&SecretKey::from_seed(&[3; 32]).public()).unwrap();
        for bad in [
            String::new(),
            "localhost:4001".to_owned(),
            "/ip4/192.0.2.1".to_owned(),
            "/ip4/192.0.2.1/udp/4001/quic-v1".to_owned(),
            "/dns//tcp/4001".to_owned(),
            "/ip4/192.0.2.1/tcp/4001/ws".to_owned(),
            format!("/ip4/192.0.2.1/tcp/4001/p2p/{peer}/p2p-circuit"),
            format!("/p2p/{peer}"),
            format!("/dns/{}/tcp/4001", "a".repeat(128)),
        ] {
            assert!(check_multiaddr(&bad).is_err(), "{bad}");
        }
    }
}
