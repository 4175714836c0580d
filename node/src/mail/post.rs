//! Letters to a mail server (SMTP, RFC 5321).

use std::{fs, path::Path, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use web::reminders::Letter;
use zeroize::Zeroizing;

use super::sender::{NotSent, Post};
use crate::{
    config::{MailSection, MailTls},
    failure::{Failure, Outcome},
    keyfile,
};

/// How long the server may take for one answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// A password is one line.
const PASSWORD_BYTES_MAX: u64 = 1_024;
/// Certificates of a few authorities.
const CA_BYTES_MAX: u64 = 256 * 1_024;
/// What the TLS library begins with when it does not accept a certificate.
const UNTRUSTED: &str = "invalid peer certificate: ";
/// And how it goes on when it is a server's of another name.
const OTHER_NAME: &str = "certificate not valid for name";
/// How much of what a server says is repeated to people.
const WORDS_CHARACTERS_MAX: usize = 200;

/// The mail server of the configuration.
pub struct SmtpPost {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    server: String,
}

impl SmtpPost {
    /// The server of a configuration, to which this node says that it is `host`; paths are relative
    /// to `directory`.
    pub fn new(config: &MailSection, host: &str, directory: &Path) -> Outcome<Self> {
        let fault = |error: lettre::transport::smtp::Error| {
            Failure::configuration("mail cannot be set up").because(error)
        };
        let from = config.from.parse().map_err(|error| {
            Failure::configuration(format!("mail.from: {:?}", config.from)).because(error)
        })?;
        let parameters = || {
            let mut builder = TlsParameters::builder(config.smtp.clone());
            if let Some(file) = &config.ca_file {
                builder = builder
                    .certificate_store(CertificateStore::None)
                    .add_root_certificate(authorities(&directory.join(file))?);
            }
            builder.build().map_err(fault)
        };
        let tls = match config.tls {
            MailTls::Tls => Tls::Wrapper(parameters()?),
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::None => Tls::None,
        };
        let port = config.port.unwrap_or(config.tls.port());
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.smtp.clone())
                .port(port)
                .hello_name(ClientId::Domain(host.to_owned()))
                .tls(tls)
                .timeout(Some(ANSWER_DEADLINE));
        if let Some(file) = &config.password_file {
            let password = password(&directory.join(file))?;
            builder =
                builder.credentials(Credentials::new(config.user.clone(), password.to_string()));
        }
        Ok(Self {
            transport: builder.build(),
            from,
            server: config.smtp.clone(),
        })
    }

    /// What went wrong; with what to do where the server's certificate is not accepted.
    fn explain(&self, error: &str) -> String {
        let server = &self.server;
        match error.split_once(UNTRUSTED) {
            None => error.to_owned(),
            Some((_, why)) if why.starts_with(OTHER_NAME) => format!(
                "nothing was sent: the certificate of {server} is for another name; write the name it \
                 is for in mail.smtp"
            ),
            Some((_, why)) => format!(
                "nothing was sent: the certificate of {server} is not accepted ({why}); if an \
                 authority of your own vouches for it, name that in mail.ca_file"
            ),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let address = letter
            .to
            .parse()
            .map_err(|error| format!("an account's mail address is none: {error}"))?;
        let domain = self.from.email.domain();
        // RFC 8058 lets programs click on encrypted addresses only.
        let one_click = letter.unsubscribe.starts_with("https://");
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(one_line(&letter.name)), address))
            .subject(one_line(&letter.subject))
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .date_now()
            .header(Unsubscribe(format!("<{}>", letter.unsubscribe)))
            // Programs that answer by themselves leave such mails alone (RFC 3834).
            .header(Automatic)
            .header(ContentType::TEXT_PLAIN)
            .header(ContentTransferEncoding::QuotedPrintable);
        if one_click {
            message = message.header(OneClick);
        }
        message
            .body(letter.text.clone())
            .map_err(|error| error.to_string())
    }
}

impl Post for SmtpPost {
    async fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        let message = self.message(letter).map_err(NotSent::Letter)?;
        let Err(error) = self.transport.send(message).await else {
            return Ok(());
        };
        let because = without_address(&self.explain(&error.to_string()), &letter.to);
        let code = error.status().map(u16::from);
        match code {
            // 421 closes, 432 to 454 and 530 to 538 are about signing in, 554 may greet.
            Some(421 | 432 | 454 | 530 | 534 | 535 | 538) | None => Err(NotSent::Server(because)),
            Some(_) => Err(NotSent::Letter(because)),
        }
    }
}

/// What a server said, as one short line that names nobody.
fn without_address(words: &str, address: &str) -> String {
    let lower = words.to_ascii_lowercase();
    let words = if lower.contains(&address.to_ascii_lowercase()) {
        lower.replace(&address.to_ascii_lowercase(), "…")
    } else {
        words.to_owned()
    };
    one_line(&words)
        .chars()
        .take(WORDS_CHARACTERS_MAX)
        .collect()
}

/// A text as one line. Letters come with single lines; a header must not depend on that.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The certificates in a file (PEM).
fn authorities(path: &Path) -> Outcome<Certificate> {
    let fault = |words: &str| {
        Failure::configuration(format!("{} {words}", path.display()))
            .hint("correct mail.ca_file in folkmoot.toml")
    };
    let unreadable = |error: std::io::Error| fault("cannot be read").because(error);
    if fs::metadata(path).map_err(unreadable)?.len() > CA_BYTES_MAX {
        return Err(fault("is too large to hold certificates of authorities"));
    }
    let pem = fs::read(path).map_err(unreadable)?;
    let begins = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(begins.len()).any(|window| window == begins) {
        return Err(fault("holds no certificate (PEM)"));
    }
    Certificate::from_pem(&pem).map_err(|error| fault("holds no certificate (PEM)").because(error))
}

/// The password in a file that only its owner can read.
fn password(path: &Path) -> Outcome<Zeroizing<String>> {
    let unreadable = |error: std::io::Error| {
        Failure::configuration(format!("cannot read the mail password {}", path.display()))
            .because(error)
            .hint("correct mail.password_file in folkmoot.toml")
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    keyfile::check_private(path)?;
    if metadata.len() > PASSWORD_BYTES_MAX {
        return Err(Failure::configuration(format!(
            "{} has {} bytes; a password is one line of at most {PASSWORD_BYTES_MAX}",
            path.display(),
            metadata.len()
        )));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

/// A header that is only ever written.
macro_rules! written_header {
    ($(#[doc = $doc:literal] $name:ident $(($value:ty))? is $header:literal: $words:expr;)*) => {
        $(
            #[doc = $doc]
            #[derive(Clone)]
            struct $name $(($value))?;

            impl Header for $name {
                fn name() -> HeaderName {
                    HeaderName::new_from_ascii_str($header)
                }

                fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                    Err(concat!($header, " is only written").into())
                }

                fn display(&self) -> HeaderValue {
                    let words: fn(&Self) -> String = $words;
                    HeaderValue::new(Self::name(), words(self))
                }
            }
        )*
    };
}

written_header! {
    /// Where such mails are ended (RFC 2369).
    Unsubscribe(String) is "List-Unsubscribe": |this| this.0.clone();
    /// One click is enough there (RFC 8058).
    OneClick is "List-Unsubscribe-Post": |_| "List-Unsubscribe=One-Click".to_owned();
    /// No person wrote this (RFC 3834).
    Automatic is "Auto-Submitted": |_| "auto-generated".to_owned();
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn post() -> SmtpPost {
        let config = MailSection {
            smtp: "localhost".to_owned(),
            tls: MailTls::None,
            from: "Alder Co-op <moot@example.org>".to_owned(),
            ..MailSection::default()
        };
        SmtpPost::new(&config, "moot.example.org", Path::new(".")).unwrap()
    }

    #[tokio::test]
    async fn a_server_that_cannot_encrypt_gets_neither_mail_nor_password() {
        for tls in [MailTls::StartTls, MailTls::Tls] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let config = MailSection {
                smtp: "localhost".to_owned(),
                port: Some(listener.local_addr().unwrap().port()),
                tls,
                from: "moot@example.org".to_owned(),
                ..MailSection::default()
            };
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(b"220 laboratory\r\n").await.unwrap();
                let mut heard = Vec::new();
                let mut buffer = [0; 1024];
                loop {
                    let count = stream.read(&mut buffer).await.unwrap_or(0);
                    heard.extend_from_slice(&buffer[..count]);
                    let is_told = stream.write_all(b"250 laboratory\r\n").await.is_ok();
                    if count == 0 || !is_told {
                        return String::from_utf8_lossy(&heard).into_owned();
                    }
                }
            });
            let post = SmtpPost::new(&config, "moot.example.org", Path::new(".")).unwrap();
            let sent = post.send(&letter()).await;
            assert!(matches!(sent, Err(NotSent::Server(_))), "{tls:?}: {sent:?}");
            drop(post);
            let heard = server.await.unwrap();
            assert!(
                !heard.contains("MAIL") && !heard.contains("AUTH"),
                "{heard}"
            );
        }
    }

    fn letter() -> Letter {
        Letter {
            to: "alice@example.org".to_owned(),
            name: "Àlícia \"x\" <b@c>".to_owned(),
            subject: "Vote open: Wärme für den Saal 🐝".to_owned(),
            text: "Hör zu\n.\nzwei\n".to_owned(),
            unsubscribe: "https://moot.example.org/unsubscribe/fmr_1.x".to_owned(),
            id: "1.2.3".to_owned(),
        }
    }

    fn written(letter: &Letter) -> String {
        let message = post().message(letter).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_mail_is_plain_text_and_can_be_ended_with_one_click() {
        let mail = written(&letter());
        for line in [
            "Message-ID: <1.2.3@example.org>\r\n",
            "List-Unsubscribe: <https://moot.example.org/unsubscribe/fmr_1.x>\r\n",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "H=C3=B6r zu\r\n",
        ] {
            assert!(mail.contains(line), "{line:?} is not in {mail}");
        }
        assert!(mail.is_ascii(), "{mail}");
    }

    #[test]
    fn no_click_is_promised_where_the_address_is_not_encrypted() {
        let mail = written(&Letter {
            unsubscribe: "http://127.0.0.1/unsubscribe/x".to_owned(),
            ..letter()
        });
        assert!(mail.contains("List-Unsubscribe: <http://127.0.0.1/unsubscribe/x>"));
        assert!(!mail.contains("List-Unsubscribe-Post"));
    }

    #[test]
    fn nothing_a_person_wrote_can_begin_a_header() {
        let mail = written(&Letter {
            name: "x\r\nBcc: all@example.org".to_owned(),
            subject: "x\r\nBcc: all@example.org\r\n\r\nbody".to_owned(),
            ..letter()
        });
        let head = mail.split("\r\n\r\n").next().unwrap();
        let is_begun = head.lines().any(|line| line.starts_with("Bcc:"));
        assert!(!is_begun, "{head}");
    }

    #[test]
    fn every_character_can_be_in_a_name_and_in_a_subject() {
        let all: Vec<char> = ('\0'..='\u{3000}')
            .chain(['🐝', '\u{fffd}', '\u{e0001}'])
            .collect();
        for some in all.chunks(8) {
            let text: String = some.iter().collect();
            let mail = written(&Letter {
                name: format!("x{text}x"),
                subject: format!("x{text}x"),
                ..letter()
            });
            assert!(mail.is_ascii(), "{mail}");
        }
    }

    #[test]
    fn an_address_that_is_none_concerns_this_letter_only() {
        let refused = post().message(&Letter {
            to: "a@b\r\nRCPT TO:<c@d>".to_owned(),
            ..letter()
        });
        assert!(refused.is_err());
    }

    #[test]
    fn what_the_server_says_names_nobody() {
        let words = "permanent error (550): no such\r\nuser <Alice@example.org> here";
        assert_eq!(
            without_address(words, "alice@example.org"),
            "permanent error (550): no such user <…> here"
        );
        assert_eq!(without_address(&"x".repeat(900), "a@b").len(), 200);
    }

    #[test]
    fn authorities_are_read_from_a_file_that_holds_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        for (text, words) in [
            (None, "cannot be read"),
            (Some("no certificate"), "holds no certificate"),
            (
                Some("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"),
                "holds no certificate",
            ),
        ] {
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            let failure = authorities(&path).unwrap_err();
            assert!(failure.message.contains(words), "{failure}");
        }
    }

    #[test]
    fn a_password_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "correct horse\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(password(&path).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(&*password(&path).unwrap(), "correct horse");
    }
}
