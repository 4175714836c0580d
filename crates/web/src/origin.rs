//! Where a request comes from: its address, the host it names, the site that sent it.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use axum::http::{HeaderMap, Method, header};

use crate::error::WebError;

/// The address of the connection a request came over.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The URL under which people reach this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    secure: bool,
    authority: String,
}

impl PublicUrl {
    /// Whether it is https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether it leads to this machine only.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let name = self
            .authority
            .rsplit_once(':')
            .map_or(&*self.authority, |(name, _)| name);
        matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    }
}

impl PublicUrl {
    /// Whether a request asks for it.
    #[must_use]
    pub fn is_named_by(&self, headers: &HeaderMap) -> bool {
        text(headers, header::HOST).is_some_and(|host| self.authority.eq_ignore_ascii_case(host))
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl FromStr for PublicUrl {
    type Err = WebError;
    fn from_str(text: &str) -> Result<Self, WebError> {
        let fault = || WebError::PublicUrl {
            found: text.to_owned(),
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(fault()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(fits) {
            return Err(fault());
        }
        Ok(Self { secure, authority })
    }
}

/// A range of addresses, such as `10.0.0.0/8`; an address alone is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(128 - self.prefix_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = WebError;
    fn from_str(text: &str) -> Result<Self, WebError> {
        let fault = || WebError::Network {
            found: text.to_owned(),
        };
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| fault())?,
            None => most,
        };
        if prefix_bits > most {
            return Err(fault());
        }
        Ok(Self {
            address,
            prefix_bits,
        })
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The address of whoever sent the request: what proxies that are trusted say, else the peer's.
#[must_use]
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    // From the nearest hop backwards; the first that is no proxy of ours is the client. What stands
    // further to the left was written by the client and may be a lie.
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
    let mut found = peer;
    for hop in hops.into_iter().rev() {
        let Ok(address) = hop.trim().parse() else {
            break;
        };
        found = address;
        if !is_trusted(address) {
            break;
        }
    }
    found
}

/// Refuses hosts that are not this node: a name that an attacker points here (DNS rebinding) would
/// make this node's pages part of the attacker's site. Addresses and loopback cannot be re-pointed.
///
/// # Errors
/// When the host is missing or foreign.
pub fn check_host(headers: &HeaderMap, public: Option<&PublicUrl>) -> Result<String, WebError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, more) = (
        hosts.next().and_then(|host| host.to_str().ok()),
        hosts.next(),
    );
    let (Some(host), None) = (host, more) else {
        return Err(WebError::Malformed("it must name one host".to_owned()));
    };
    let host = host.to_ascii_lowercase();
    let is_public = public.is_some_and(|public| public.authority == host);
    if is_public || is_loopback_or_address(&host) {
        return Ok(host);
    }
    Err(WebError::ForeignHost {
        found: host.chars().take(100).collect(),
    })
}

fn is_loopback_or_address(host: &str) -> bool {
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, port)| {
            address.parse::<std::net::Ipv6Addr>().is_ok()
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    let (name, port) = host
        .split_once(':')
        .map_or((host, None), |(n, p)| (n, Some(p)));
    port.is_none_or(is_port) && (name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok())
}

/// Whether a method may change something.
#[must_use]
pub fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses unsafe requests that another site made the browser send. Browsers say where a request
/// comes from, in `Sec-Fetch-Site` or at least in `Origin`; programs say neither and have no cookie.
///
/// # Errors
/// When it came from elsewhere, or says nothing and carries a session.
pub fn check_site(headers: &HeaderMap, host: &str, has_session: bool) -> Result<(), WebError> {
    let is_own = match (
        text(headers, "sec-fetch-site"),
        headers.contains_key(header::ORIGIN),
    ) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, true) => text(headers, header::ORIGIN)
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)),
        (None, false) => !has_session,
    };
    if is_own {
        Ok(())
    } else {
        Err(WebError::CrossSite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_host_must_be_the_public_one_an_address_or_loopback() {
        let public = "https://Vote.example.org".parse().unwrap();
        for (host, allowed) in [
            ("vote.example.org", true),
            ("VOTE.example.org", true),
            ("localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("192.168.1.5:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("evil.example", false),
            ("vote.example.org.evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("[::1].evil.example", false),
            ("localhost:x", false),
            ("", false),
        ] {
            let found = check_host(&headers(&[("host", host)]), Some(&public));
            assert_eq!(found.is_ok(), allowed, "{host}");
        }
        assert!(check_host(&headers(&[]), Some(&public)).is_err());
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(check_host(&two, Some(&public)).is_err());
    }

    #[test]
    fn an_unsafe_request_must_come_from_the_node_itself() {
        let own = "localhost:8080";
        for (pairs, session, allowed) in [
            (&[("sec-fetch-site", "same-origin")][..], true, true),
            (&[("sec-fetch-site", "none")], true, true),
            (&[("sec-fetch-site", "same-site")], true, false),
            (&[("sec-fetch-site", "cross-site")], false, false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://localhost:8080"),
                ],
                true,
                false,
            ),
            (&[("origin", "http://localhost:8080")], true, true),
            (&[("origin", "http://localhost:9090")], true, false),
            (&[("origin", "http://evil.example")], false, false),
            (&[("origin", "null")], false, false),
            (&[], true, false),
            (&[], false, true),
        ] {
            let found = check_site(&headers(pairs), own, session);
            assert_eq!(found.is_ok(), allowed, "{pairs:?} {session}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_says_who_the_client_is() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let proxy: IpAddr = "10.1.2.3".parse().unwrap();
        let stranger: IpAddr = "192.0.2.9".parse().unwrap();
        let said = headers(&[
            ("x-forwarded-for", "1.1.1.1, 203.0.113.5"),
            ("x-forwarded-for", "10.9.9.9"),
        ]);
        assert_eq!(client(stranger, &said, &trusted), stranger);
        assert_eq!(client(proxy, &said, &trusted).to_string(), "203.0.113.5");
        assert_eq!(client(proxy, &headers(&[]), &trusted), proxy);
        let garbage = headers(&[("x-forwarded-for", "203.0.113.5, what")]);
        assert_eq!(client(proxy, &garbage, &trusted), proxy);
    }

    #[test]
    fn networks_and_urls_are_read_or_refused() {
        for text in ["10.0.0.0/33", "10.0.0", "x", "10.0.0.0/"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("203.0.113.5".parse().unwrap()));
        let one: Network = "192.0.2.1".parse().unwrap();
        assert!(one.contains("::ffff:192.0.2.1".parse().unwrap()));
        assert!(!one.contains("192.0.2.2".parse().unwrap()));
        for text in [
            "vote.example.org",
            "ftp://x",
            "https://",
            "https://a/b",
            "https://u@h",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
        let url: PublicUrl = "https://Vote.example.org/".parse().unwrap();
        assert_eq!(url.to_string(), "https://vote.example.org");
    }
}
