//! A mail server on this machine: takes mails, refuses them, or says nothing at all.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

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
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl Mailbox {
    /// Starts a server.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("there is a free port");
        let port = listener.local_addr().expect("it listens").port();
        let (mood, moods) = watch::channel(mood);
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let taken = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away in the middle is its own business.
                tokio::spawn(serve(stream, moods.clone(), Arc::clone(&taken)));
            }
        });
        Self { port, mood, mails }
    }

    /// Behaves like this from the next command on.
    pub fn becomes(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// What arrived.
    pub fn mails(&self) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.clone()
    }
}

async fn serve(
    stream: TcpStream,
    mood: watch::Receiver<Mood>,
    mails: Arc<Mutex<Vec<Mail>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut to = Vec::new();
    let mut answer = "220 laboratory".to_owned();
    loop {
        let now = *mood.borrow();
        if now == Mood::Hangs {
            // The line stays open until the client gives up.
            let mut rest = String::new();
            while stream.read_line(&mut rest).await? > 0 {}
            return Ok(());
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        answer = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" => "250 laboratory".to_owned(),
            "RCPT" if now == Mood::Refuses => format!("550 no such mailbox: {command}"),
            "RCPT" => {
                let address = command.split(['<', '>']).nth(1).unwrap_or_default();
                to.push(address.to_owned());
                "250 yes".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let data = read_data(&mut stream).await?;
                let mail = Mail::parse(std::mem::take(&mut to), &data);
                mails
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(mail);
                "250 taken".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 yes".to_owned(),
        };
    }
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
