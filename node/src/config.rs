//! The configuration: `folkmoot.toml`, every key typed, unknown ones refused.

mod mail;

use std::{fs, net::SocketAddr, path::Path};

use domain::{genesis::NAME_BYTES_MAX, text::is_line};
use serde::Deserialize;

pub use self::mail::{MailSection, MailTls};
use crate::failure::{Failure, Outcome};

/// The longest configuration.
const BYTES_MAX: u64 = 64 * 1024;
/// The most addresses of a list.
const ADDRESSES_MAX: usize = 64;

/// The most room that can be kept free, in MiB: a tebibyte.
const RESERVE_MIB_MAX: u64 = 1 << 20;

/// Every section and its keys.
const KNOWN: [(&str, &[&str]); 6] = [
    ("node", &["name"]),
    (
        "web",
        &["listen", "public_url", "trusted_proxies", "metrics"],
    ),
    ("network", &["listen", "announce", "bootstrap"]),
    ("store", &["reserve_mib"]),
    (
        "mail",
        &[
            "smtp",
            "port",
            "tls",
            "ca_file",
            "user",
            "password_file",
            "from",
            "hourly_max",
        ],
    ),
    ("log", &["level", "format"]),
];

/// The configuration of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `[node]`
    pub node: NodeSection,
    /// `[web]`
    pub web: WebSection,
    /// `[network]`
    pub network: NetworkSection,
    /// `[store]`
    pub store: StoreSection,
    /// `[mail]`
    pub mail: MailSection,
    /// `[log]`
    pub log: LogSection,
}

/// Who the node is to the person who runs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeSection {
    /// A name for logs and pages.
    pub name: String,
}

/// The dashboard and the JSON API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WebSection {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address people use, if it is another one, such as that of a reverse proxy.
    pub public_url: Option<String>,
    /// Networks of proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<String>,
    /// Who may read `/metrics`.
    pub metrics: MetricsReaders,
}

/// Who may read the metrics of the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsReaders {
    /// This machine, and the addresses of `trusted_proxies`.
    #[default]
    Trusted,
    /// Everybody who reaches the dashboard.
    Public,
}

impl Default for WebSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7180)),
            public_url: None,
            trusted_proxies: Vec::new(),
            metrics: MetricsReaders::Trusted,
        }
    }
}

/// The way to other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NetworkSection {
    /// The multiaddresses to listen on.
    pub listen: Vec<String>,
    /// The multiaddresses to tell other nodes; those listened on if none is given.
    pub announce: Vec<String>,
    /// Nodes to ask when no member can be reached.
    pub bootstrap: Vec<String>,
}

impl Default for NetworkSection {
    fn default() -> Self {
        Self {
            listen: vec!["/ip4/0.0.0.0/tcp/7181".to_owned()],
            announce: Vec::new(),
            bootstrap: Vec::new(),
        }
    }
}

/// Where entries are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StoreSection {
    /// When less than this is free on the disk, in MiB, nothing is taken from other nodes.
    pub reserve_mib: u64,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { reserve_mib: 64 }
    }
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LogSection {
    /// `error`, `warn`, `info`, `debug` or `trace`, or directives such as `info,network=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Config {
    /// Reads a configuration; the defaults if there is no file.
    pub fn read(path: &Path) -> Outcome<Self> {
        let unreadable = |error: std::io::Error| {
            Failure::configuration(format!("cannot read {}", path.display())).because(error)
        };
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            found => found.map_err(unreadable)?,
        };
        if metadata.len() > BYTES_MAX {
            return Err(Failure::configuration(format!(
                "{} has {} bytes; a configuration has at most {BYTES_MAX}",
                path.display(),
                metadata.len()
            )));
        }
        Self::parse(&fs::read_to_string(path).map_err(unreadable)?)
            .map_err(|fault| fault.in_file(path))
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// The first fault, with what to write instead.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let table: toml::Table = text.parse().map_err(|error| Fault::of_toml(&error))?;
        check_keys(&table)?;
        let config: Self = toml::from_str(text).map_err(|error| Fault::of_toml(&error))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Fault> {
        let name = &self.node.name;
        if !name.is_empty() && (name.len() > NAME_BYTES_MAX || !is_line(name)) {
            return Err(Fault::new(
                format!("node.name must be one line of at most {NAME_BYTES_MAX} bytes"),
                "write a shorter name",
            ));
        }
        for (key, addresses) in [
            ("network.listen", &self.network.listen),
            ("network.announce", &self.network.announce),
            ("network.bootstrap", &self.network.bootstrap),
        ] {
            if addresses.len() > ADDRESSES_MAX {
                let message = format!("{key} has more than {ADDRESSES_MAX} addresses");
                return Err(Fault::new(message, "leave some out"));
            }
            for address in addresses {
                network::check_multiaddr(address).map_err(|error| {
                    Fault::new(format!("{key}: {error}"), "correct the address")
                })?;
            }
        }
        if let Some(url) = &self.web.public_url {
            url.parse::<web::origin::PublicUrl>().map_err(|error| {
                Fault::new(
                    format!("web.public_url: {error}"),
                    "write for example public_url = \"https://moot.example.org\"",
                )
            })?;
        }
        for proxy in &self.web.trusted_proxies {
            proxy.parse::<web::origin::Network>().map_err(|error| {
                Fault::new(
                    format!("web.trusted_proxies: {error}"),
                    "write for example trusted_proxies = [\"127.0.0.1\"]",
                )
            })?;
        }
        if self.store.reserve_mib > RESERVE_MIB_MAX {
            return Err(Fault::new(
                format!("store.reserve_mib is at most {RESERVE_MIB_MAX}"),
                "write for example reserve_mib = 64",
            ));
        }
        self.mail.check(&self.web)?;
        crate::logging::check_level(&self.log.level)
            .map_err(|problem| Fault::new(problem, "write for example level = \"info\""))
    }

    /// The file that `init` and `join` write: the defaults, explained.
    pub fn template(name: &str, bootstrap: &[String]) -> String {
        let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let bootstrap: Vec<String> = bootstrap.iter().map(|address| quote(address)).collect();
        format!(
            include_str!("folkmoot.toml"),
            name = quote(name),
            bootstrap = bootstrap.join(", ")
        )
    }
}

/// What is wrong with a configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Fault {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }

    fn of_toml(error: &toml::de::Error) -> Self {
        let text = error.to_string();
        Self::new(
            text.trim_end(),
            "correct the line, then folkmoot config check",
        )
    }

    fn in_file(self, path: &Path) -> Failure {
        Failure::configuration(format!("{}: {}", path.display(), self.message)).hint(self.hint)
    }
}

fn check_keys(table: &toml::Table) -> Result<(), Fault> {
    for (section, value) in table {
        let Some((_, keys)) = KNOWN.iter().find(|(known, _)| known == section) else {
            return Err(unknown(section, KNOWN.map(|(known, _)| known.to_owned())));
        };
        let toml::Value::Table(values) = value else {
            return Err(Fault::new(
                format!("{section} is a section, not a value"),
                format!("write [{section}] on a line of its own, its keys below"),
            ));
        };
        for key in values.keys() {
            if !keys.contains(&key.as_str()) {
                let known = keys.iter().map(|key| format!("{section}.{key}"));
                return Err(unknown(&format!("{section}.{key}"), known));
            }
        }
    }
    Ok(())
}

fn unknown(found: &str, known: impl IntoIterator<Item = String>) -> Fault {
    let known: Vec<String> = known.into_iter().collect();
    let nearest = known
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(found, a).total_cmp(&strsim::jaro_winkler(found, b)));
    let nearest = nearest.map_or("", String::as_str);
    Fault::new(
        format!("unknown key {found:?}; did you mean {nearest:?}?"),
        format!("known here: {}", known.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_the_defaults() {
        let name = "Col·lectiu \"B\"";
        let config = Config::parse(&Config::template(name, &[])).unwrap();
        let mut expected = Config::default();
        expected.node.name = name.to_owned();
        assert_eq!(config, expected);
    }

    #[test]
    fn mail_to_another_machine_is_encrypted_and_its_password_is_in_a_file() {
        let with = |lines: &str| {
            let web = "[web]\npublic_url = \"https://moot.example.org\"\n";
            Config::parse(&format!(
                "{web}[mail]\nfrom = \"Moot <m@example.org>\"\n{lines}"
            ))
        };
        let config = with("smtp = \"mail.example.org\"").unwrap();
        assert_eq!(
            (config.mail.tls, config.mail.tls.port()),
            (MailTls::Tls, 465)
        );
        assert!(with("smtp = \"localhost\"\ntls = \"none\"").is_ok());
        for (lines, message) in [
            ("smtp = \"mail.example.org\"\ntls = \"none\"", "unencrypted"),
            (
                "smtp = \"mail.example.org\"\nuser = \"moot\"",
                "go together",
            ),
            (
                "smtp = \"mail.example.org\"\nhourly_max = 0",
                "mail.hourly_max",
            ),
            ("password = \"x\"", "did you mean \"mail.password_file\"?"),
        ] {
            let fault = with(lines).unwrap_err();
            assert!(
                fault.message.contains(message),
                "{lines}: {}",
                fault.message
            );
            assert!(!fault.hint.is_empty());
        }
    }

    #[test]
    fn each_fault_says_what_to_write_instead() {
        for (text, message) in [
            (
                "[web]\nlisen = \"\"",
                "unknown key \"web.lisen\"; did you mean \"web.listen\"?",
            ),
            (
                "[netwrk]",
                "unknown key \"netwrk\"; did you mean \"network\"?",
            ),
            ("node = 1", "node is a section, not a value"),
            ("[web]\nlisten = \"here\"", "invalid socket address syntax"),
            ("[web]\nlisten = 7180", "invalid type: integer `7180`"),
            (
                "[network]\nlisten = [\"localhost:1\"]",
                "network.listen: \"localhost:1\" is not",
            ),
            ("[log]\nformat = \"xml\"", "unknown variant `xml`"),
            (
                "[store]\nreserve_mib = 2000000",
                "store.reserve_mib is at most 1048576",
            ),
            ("[mail]\nserver = \"x\"", "did you mean \"mail.user\"?"),
            (
                "[mail]\nsmtp = \"mail.example.org:465\\r\\n\"",
                "is not the name of a server",
            ),
            (
                "[mail]\nsmtp = \"mail.example.org\"\nfrom = \"nobody\"",
                "mail.from: \"nobody\" is not a mail address",
            ),
            (
                "[mail]\nsmtp = \"mail.example.org\"\nfrom = \"a@example.org\"",
                "mail.smtp needs web.public_url",
            ),
            ("[mail]\ntls = \"ssl\"", "unknown variant `ssl`"),
            ("[log]\nlevel = \"loud\"", "log.level"),
            ("[web", "TOML parse error at line 1"),
        ] {
            let fault = Config::parse(text).unwrap_err();
            assert!(fault.message.contains(message), "{text}: {}", fault.message);
            assert!(!fault.hint.is_empty());
        }
    }
}
