//! The address of a server.

use std::fmt;

use hyper::Uri;

use crate::{call::Call, error::Error};

/// The base address of a server's API, in one form: `https://host[:port]/…/api`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

impl Endpoint {
    /// The longest address, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// Reads the address of a server, with or without `/bigbluebutton/api` at its end.
    ///
    /// # Errors
    /// [`Error::Address`] when it is none, or is not `https`.
    pub fn parse(address: &str) -> Result<Self, Error> {
        let endpoint = Self::parse_insecure(address)?;
        if !endpoint.secure {
            return Err(Error::Address {
                reason: "it must begin with https://",
            });
        }
        Ok(endpoint)
    }

    /// Reads an address that may also be `http`: for tests and a laboratory.
    ///
    /// # Errors
    /// [`Error::Address`] when it is none.
    pub fn parse_insecure(address: &str) -> Result<Self, Error> {
        let refused = |reason| Err(Error::Address { reason });
        let address = address.trim();
        if address.len() > Self::MAX_BYTES {
            return refused("it is too long");
        }
        if address.contains('#') {
            return refused("it must not have a fragment");
        }
        let Ok(uri) = address.parse::<Uri>() else {
            return refused("it is no web address");
        };
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return refused("it must begin with https://"),
        };
        let Some(authority) = uri.authority() else {
            return refused("it names no host");
        };
        if authority.as_str().contains('@') {
            return refused("it must not carry a name or password");
        }
        if uri.query().is_some() {
            return refused("it must not have a query");
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return refused("it names no host");
        }
        let port = match &authority.as_str()[host.len()..] {
            "" if secure => 443,
            "" => 80,
            given => match given.strip_prefix(':').map(str::parse::<u16>) {
                Some(Ok(port)) if port != 0 => port,
                _ => return refused("its port is none"),
            },
        };
        Ok(Self {
            secure,
            host,
            port,
            path: normal_path(uri.path()),
        })
    }

    /// Whether the connection is secured.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The name or address of the host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a call; the query must be encoded and may be empty.
    pub fn url(&self, call: Call, query: &str) -> String {
        let slash = if call.name().is_empty() { "" } else { "/" };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{self}{slash}{}{mark}{query}", call.name())
    }
}

/// The path with `/bigbluebutton/api` at its end, whatever of it was given.
fn normal_path(path: &str) -> String {
    let path = path.trim_end_matches('/');
    if path.ends_with("/api") {
        path.to_owned()
    } else if path.ends_with("/bigbluebutton") {
        format!("{path}/api")
    } else {
        format!("{path}/bigbluebutton/api")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.secure {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(formatter, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(formatter, ":{}", self.port)?;
        }
        formatter.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_server_gives_one_address() {
        for address in [
            "https://bbb.example.org",
            "https://BBB.example.org/",
            "https://bbb.example.org:443/bigbluebutton",
            "https://bbb.example.org/bigbluebutton/",
            "https://bbb.example.org/bigbluebutton/api",
            " https://bbb.example.org/bigbluebutton/api/ ",
        ] {
            let endpoint = Endpoint::parse(address).unwrap();
            assert_eq!(
                endpoint.to_string(),
                "https://bbb.example.org/bigbluebutton/api",
                "{address}"
            );
        }
    }

    #[test]
    fn a_path_before_the_api_and_a_port_are_kept() {
        let endpoint = Endpoint::parse("https://h.example:8443/b3lb/t/x/bbb/api").unwrap();
        assert_eq!(
            endpoint.url(Call::Join, "a=1"),
            "https://h.example:8443/b3lb/t/x/bbb/api/join?a=1"
        );
        assert_eq!(
            endpoint.url(Call::Index, ""),
            "https://h.example:8443/b3lb/t/x/bbb/api"
        );
        let six = Endpoint::parse("https://[::1]:8443").unwrap();
        assert_eq!(six.to_string(), "https://[::1]:8443/bigbluebutton/api");
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for address in [
            "",
            "bbb.example.org",
            "ftp://bbb.example.org",
            "http://bbb.example.org",
            "https://",
            "https://user:word@bbb.example.org",
            "https://bbb.example.org/?a=1",
            "https://bbb.example.org/#x",
            "https://bbb.example.org:0",
            "https://bbb.example.org:99999",
            "https://bbb example.org",
        ] {
            assert!(Endpoint::parse(address).is_err(), "{address}");
        }
        assert!(Endpoint::parse_insecure("http://127.0.0.1:8080").is_ok());
    }
}
