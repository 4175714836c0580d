//! `[mail]`: the server that takes this node's mail.

use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::Deserialize;

use super::{Fault, WebSection};

/// The most mails an hour that can be asked for.
const HOURLY_MAX: u32 = 10_000;
/// The longest name of a mail server.
const HOST_BYTES_MAX: usize = 253;

/// How the node sends mail. Off until a server is named.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MailSection {
    /// The mail server; empty when this node sends no mail.
    pub smtp: String,
    /// Its port, if it is not the usual one of `tls`.
    pub port: Option<u16>,
    /// How the connection is kept secret.
    pub tls: MailTls,
    /// The file with the certificates of the only authorities that may vouch for the server, relative to
    /// the data directory; those the system trusts if there is none.
    pub ca_file: Option<PathBuf>,
    /// The name to sign in with; empty for none.
    pub user: String,
    /// The file with the password, relative to the data directory.
    pub password_file: Option<PathBuf>,
    /// Whom mails come from.
    pub from: String,
    /// The most mails in an hour.
    pub hourly_max: u32,
}

impl Default for MailSection {
    fn default() -> Self {
        Self {
            smtp: String::new(),
            port: None,
            tls: MailTls::Tls,
            ca_file: None,
            user: String::new(),
            password_file: None,
            from: String::new(),
            hourly_max: 200,
        }
    }
}

/// How the connection to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Encrypted from the first byte.
    Tls,
    /// Encrypted once the server has greeted; nothing is sent if it cannot.
    StartTls,
    /// Not at all: a server on this machine.
    None,
}

impl MailTls {
    /// The usual port.
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

impl MailSection {
    /// Whether this node sends mail.
    pub fn is_on(&self) -> bool {
        !self.smtp.is_empty()
    }

    pub(super) fn check(&self, web: &WebSection) -> Result<(), Fault> {
        if !self.is_on() {
            return Ok(());
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        if self.smtp.len() > HOST_BYTES_MAX || !self.smtp.chars().all(fits) {
            return Err(Fault::new(
                format!("mail.smtp: {:?} is not the name of a server", self.smtp),
                "write for example smtp = \"mail.example.org\", and the port in port = 465",
            ));
        }
        if self.from.parse::<Mailbox>().is_err() {
            return Err(Fault::new(
                format!("mail.from: {:?} is not a mail address", self.from),
                "write for example from = \"Folkmoot <moot@example.org>\"",
            ));
        }
        if web.public_url.is_none() {
            return Err(Fault::new(
                "mail.smtp needs web.public_url: mails link to this node",
                "write for example public_url = \"https://moot.example.org\" under [web]",
            ));
        }
        let is_here = matches!(&*self.smtp, "localhost" | "127.0.0.1" | "::1");
        if self.tls == MailTls::None && !is_here {
            return Err(Fault::new(
                format!(
                    "mail.tls: \"none\" would send mail to {} unencrypted",
                    self.smtp
                ),
                "write tls = \"tls\" or tls = \"starttls\"",
            ));
        }
        if self.tls == MailTls::None && self.ca_file.is_some() {
            return Err(Fault::new(
                "mail.ca_file has no use with mail.tls = \"none\"",
                "write tls = \"tls\" or tls = \"starttls\", or remove ca_file",
            ));
        }
        if self.user.is_empty() != self.password_file.is_none() {
            return Err(Fault::new(
                "mail.user and mail.password_file go together",
                "write both, or neither if the server asks for no password",
            ));
        }
        if !(1..=HOURLY_MAX).contains(&self.hourly_max) {
            return Err(Fault::new(
                format!("mail.hourly_max is between 1 and {HOURLY_MAX}"),
                "write for example hourly_max = 200",
            ));
        }
        Ok(())
    }
}
