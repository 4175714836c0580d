//! A plain HTTP/1.1 client, small enough to send what no proper client would.

use std::{collections::BTreeMap, fmt::Write as _, io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The longest an answer may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The same, if it has this status.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let end = find(bytes, b"\r\n\r\n").ok_or_else(|| broken("the head does not end"))?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked")
        {
            body = unchunk(&body).ok_or_else(|| broken("a chunk is cut off"))?;
        }
        Ok(Self {
            status: status.ok_or_else(|| broken("there is no status"))?,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
    }
}

/// Sends bytes and reads until the other side closes, or as much as a length announces.
///
/// # Errors
/// When nobody listens, the connection breaks, or no answer comes in time.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> io::Result<Answer> {
    let work = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        Answer::parse(&read_answer(&mut stream).await?)
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    tokio::time::timeout(DEADLINE, work).await.map_err(late)?
}

async fn read_answer(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 16 * 1024];
        let count = stream.read(&mut buffer).await?;
        bytes.extend_from_slice(&buffer[..count]);
        if count == 0 || is_complete(&bytes) {
            return Ok(bytes);
        }
    }
}

/// Not every server closes when it is asked to.
fn is_complete(bytes: &[u8]) -> bool {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length:"));
    length
        .and_then(|length| length.trim().parse::<usize>().ok())
        .is_some_and(|length| bytes.len() >= end + 4 + length)
}

/// A client with its own cookies, and a token if it was given one.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
}

impl Client {
    /// A client of the server there.
    pub fn of(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
            token: None,
        }
    }

    /// The same with a personal token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Sends a request with these headers and takes the cookies of the answer.
    ///
    /// # Errors
    /// When nobody listens, the connection breaks, or no answer comes in time.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(request, "host: {}\r\n", self.address).expect("a string takes everything");
        }
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").expect("a string takes everything");
        }
        if let Some(token) = &self.token {
            write!(request, "authorization: Bearer {token}\r\n").expect("as above");
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            write!(request, "cookie: {}\r\n", cookies.join("; ")).expect("as above");
        }
        if method != "GET" {
            write!(request, "content-length: {}\r\n", body.len()).expect("as above");
        }
        let answer = exchange(self.address, format!("{request}\r\n{body}").as_bytes()).await?;
        for (_, cookie) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }

    /// Gets a page.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Posts a form as a browser does after it was shown on `page`.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        let mut fields = fields.to_vec();
        let token = hidden(&shown.body, "csrf");
        if let Some(token) = &token {
            fields.push(("csrf", token));
        }
        self.post(path, &fields).await
    }

    /// Posts a form.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = format!("http://{}", self.address);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, &form(fields))
            .await
            .unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, rest) = rest.split_once("value=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Fields as a browser sends them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

/// Text as it stands in an address.
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes everything");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_answer_is_put_together() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfolk\r\n4\r\nmoot\r\n0\r\n\r\n";
        let answer = Answer::parse(bytes).unwrap();
        assert_eq!((answer.status, &*answer.body), (200, "folkmoot"));
    }

    #[test]
    fn a_hidden_field_is_found_and_a_form_is_escaped() {
        let page = r#"<input type="hidden" name="csrf" value="a1">"#;
        assert_eq!(hidden(page, "csrf").unwrap(), "a1");
        assert_eq!(form(&[("a b", "ü&")]), "a%20b=%C3%BC%26");
    }
}
