//! A mail server on this machine: takes mails, refuses them, or says nothing at all.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::certificate::Certified;

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes every mail.
    Takes,
    /// It knows no mailbox.
    Refuses,
    /// It takes connections and never says a word.
    Hangs,
}

/// How the server keeps what it hears secret.
#[derive(Clone)]
pub enum Secrecy {
    /// Not at all.
    None,
    /// It encrypts when it is asked to, and takes no mail before.
    StartTls(Certified),
    /// It encrypts from the first byte.
    Tls(Certified),
}

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The mailboxes it was for.
    pub to: Vec<String>,
    /// The headers, unfolded.
    pub headers: Vec<(String, String)>,
    /// The text, decoded.
    pub text: String,
}

impl Mail {
    fn parse(to: Vec<String>, data: &str) -> Self {
        let (head, body) = data.split_once("\r\n\r\n").unwrap_or((data, ""));
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        Self {
            to,
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            text: decode(body),
        }
    }

    /// The header of this name, in small letters.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn header(&self, name: &str) -> &str {
        let found: Vec<_> = self.headers.iter().filter(|(own, _)| own == name).collect();
        assert_eq!(found.len(), 1, "{name} in {self:#?}");
        &found[0].1
    }
}

/// A text from quoted-printable (RFC 2045).
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = text
        .split("=\r\n")
        .collect::<String>()
        .into_bytes()
        .into_iter();
    while let Some(byte) = parts.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let digits = [parts.next(), parts.next()].map(|digit| digit.unwrap_or(b'0'));
        let digits = String::from_utf8_lossy(&digits).into_owned();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
    }
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

/// The server.
pub struct Mailbox {
    /// The port it listens on.
    pub port: u16,
    mood: watch::Sender<Mood>,
    heard: Arc<Mutex<Heard>>,
}

/// What arrived: whole mails, and the first word of each command.
#[derive(Default)]
struct Heard {
    mails: Vec<Mail>,
    commands: Vec<String>,
}

impl Mailbox {
    /// Starts a server that does not encrypt.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start(mood: Mood) -> Self {
        Self::start_with(mood, Secrecy::None).await
    }

    /// Starts a server.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start_with(mood: Mood, secrecy: Secrecy) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("there is a free port");
        let port = listener.local_addr().expect("it listens").port();
        let (mood, moods) = watch::channel(mood);
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let session = Session {
            mood: moods,
            heard: Arc::clone(&heard),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away in the middle is its own business.
                tokio::spawn(receive(stream, session.clone(), secrecy.clone()));
            }
        });
        Self { port, mood, heard }
    }

    /// Behaves like this from the next command on.
    pub fn becomes(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// What arrived.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.heard).mails.clone()
    }

    /// The first word of each command that was understood.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.heard).commands.clone()
    }
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection's share of the server.
#[derive(Clone)]
struct Session {
    mood: watch::Receiver<Mood>,
    heard: Arc<Mutex<Heard>>,
}

/// Why a session is over.
enum Over {
    /// Either side left.
    Left,
    /// The client asked for encryption.
    StartTls,
}

async fn receive(stream: TcpStream, session: Session, secrecy: Secrecy) -> std::io::Result<()> {
    let greeting = "220 laboratory";
    match secrecy {
        Secrecy::None => {
            let mut stream = BufReader::new(stream);
            session.serve(&mut stream, Some(greeting), false).await?;
        }
        Secrecy::Tls(certified) => {
            let mut stream = BufReader::new(certified.accept(stream).await?);
            session.serve(&mut stream, Some(greeting), false).await?;
        }
        Secrecy::StartTls(certified) => {
            let mut stream = BufReader::new(stream);
            let over = session.serve(&mut stream, Some(greeting), true).await?;
            if matches!(over, Over::StartTls) {
                let mut stream = BufReader::new(certified.accept(stream.into_inner()).await?);
                session.serve(&mut stream, None, false).await?;
            }
        }
    }
    Ok(())
}

impl Session {
    /// Speaks with a client; one that `must_encrypt` can do nothing else before.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        greeting: Option<&str>,
        must_encrypt: bool,
    ) -> std::io::Result<Over> {
        let mut to = Vec::new();
        let mut answer = greeting.map(str::to_owned);
        loop {
            let now = *self.mood.borrow();
            if now == Mood::Hangs {
                // The line stays open until the client gives up.
                let mut rest = String::new();
                while stream.read_line(&mut rest).await? > 0 {}
                return Ok(Over::Left);
            }
            if let Some(answer) = answer.take() {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
                stream.flush().await?;
            }
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(Over::Left);
            }
            let command = line.trim_end().to_owned();
            let word = command.split([' ', ':']).next().unwrap_or_default();
            lock(&self.heard).commands.push(word.to_owned());
            answer = Some(match word {
                "EHLO" if must_encrypt => "250-laboratory\r\n250 STARTTLS".to_owned(),
                "EHLO" | "HELO" => "250 laboratory".to_owned(),
                "STARTTLS" if must_encrypt => {
                    stream.write_all(b"220 go on\r\n").await?;
                    return Ok(Over::StartTls);
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    stream.flush().await?;
                    return Ok(Over::Left);
                }
                _ if must_encrypt => "530 encrypt first".to_owned(),
                "RCPT" if now == Mood::Refuses => format!("550 no such mailbox: {command}"),
                "RCPT" => {
                    let address = command.split(['<', '>']).nth(1).unwrap_or_default();
                    to.push(address.to_owned());
                    "250 yes".to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    stream.flush().await?;
                    let data = read_data(stream).await?;
                    let mail = Mail::parse(std::mem::take(&mut to), &data);
                    lock(&self.heard).mails.push(mail);
                    "250 taken".to_owned()
                }
                _ => "250 yes".to_owned(),
            });
        }
    }
}

async fn read_data<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
