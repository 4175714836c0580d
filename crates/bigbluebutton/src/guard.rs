//! Which addresses may be called: names in the inventory come from other people, and a name that
//! leads into one's own network would let them reach what only the inside may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::Error;

/// Decides which addresses a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Whether addresses inside one's own network may be called: tests, demonstrations, and
    /// servers that stand beside the node.
    pub allow_private: bool,
}

impl Guard {
    /// The most addresses of one name that are looked at.
    pub const MAX_ADDRESSES: usize = 16;

    /// Public addresses only.
    pub const PUBLIC: Self = Self {
        allow_private: false,
    };
    /// Any address.
    pub const ANY: Self = Self {
        allow_private: true,
    };

    /// Whether an address may be called.
    pub fn admits(self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }

    /// Resolves a name once; what is returned is what must be connected to, without asking again.
    ///
    /// # Errors
    /// [`Error::Resolve`] when the name leads nowhere, [`Error::RefusedAddress`] when it leads
    /// only where it must not.
    pub async fn resolve(self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port))
            .await
            .map_err(|source| Error::Resolve {
                host: host.to_owned(),
                source,
            })?
            .take(Self::MAX_ADDRESSES)
            .collect();
        let Some(first) = found.first() else {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "no address");
            return Err(Error::Resolve {
                host: host.to_owned(),
                source,
            });
        };
        let refused = first.ip();
        let admitted: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| self.admits(address.ip()))
            .collect();
        if admitted.is_empty() {
            return Err(Error::RefusedAddress {
                host: host.to_owned(),
                address: refused,
            });
        }
        Ok(admitted)
    }
}

/// Whether an address belongs to the public network.
///
/// Addresses that carry another one inside (mapped, translated, tunnelled) are judged by it or
/// refused.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let segments = address.segments();
    // Translated addresses (64:ff9b::/96) carry an address of version 4 in their last 32 bits.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Public addresses are in 2000::/3; in it stand documentation (2001:db8::/32, 3fff::/20),
    // tunnels (2001::/32, 2002::/16) and others of 2001::/23 that lead nowhere public.
    let global = segments[0] & 0xe000 == 0x2000;
    let special = match segments[0] {
        0x2001 => segments[1] < 0x200 || segments[1] == 0xdb8,
        0x2002 => true,
        0x3fff => segments[1] < 0x1000,
        _ => false,
    };
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_inside_are_not_public() {
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn addresses_of_the_outside_are_public() {
        for outside in [
            "1.1.1.1",
            "9.9.9.9",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a01:4f8::1",
            "2001:4860:4860::8888",
            "::ffff:9.9.9.9",
            "64:ff9b::909:909",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused() {
        let found = Guard::PUBLIC.resolve("127.0.0.1", 443).await;
        assert!(matches!(found, Err(Error::RefusedAddress { .. })));
        let found = Guard::PUBLIC.resolve("[::1]", 443).await;
        assert!(matches!(found, Err(Error::RefusedAddress { .. })));
        assert!(Guard::ANY.resolve("127.0.0.1", 443).await.is_ok());
    }
}
