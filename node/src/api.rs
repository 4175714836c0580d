//! The node's JSON API, as the commands of people use it: with a personal token, over HTTP.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use domain::{entry::Entry, key::SecretKey};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use zeroize::Zeroizing;

use crate::{
    cli::Global,
    device,
    failure::{Failure, Outcome},
    keyfile,
};

/// The largest answer taken: no other is as long as a decision file can be.
const ANSWER_BYTES_MAX: usize = register::file::FILE_BYTES_MAX;
/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// What every token begins with, and no path does.
const TOKEN_PREFIX: &str = web::token::PREFIX;

/// Which node, and as whom.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The node's address [default: that of the data directory's node, else http://127.0.0.1:7180]
    #[arg(long, value_name = "URL", env = "FOLKMOOT_NODE")]
    node: Option<String>,
    /// The file with your personal token; FOLKMOOT_TOKEN may name the file or be the token itself
    /// [default: ~/.config/folkmoot/token]
    #[arg(long, value_name = "FILE", env = "FOLKMOOT_TOKEN", hide_env = true)]
    token_file: Option<PathBuf>,
    /// The file of your own key, if it never leaves this machine: it signs here
    #[arg(long, value_name = "FILE", env = "FOLKMOOT_KEY")]
    key: Option<PathBuf>,
}

impl Connection {
    /// Where the token is.
    pub fn token_path(&self) -> Outcome<PathBuf> {
        if let Some(path) = &self.token_file {
            return Ok(path.clone());
        }
        let base = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
        let base = base.ok_or_else(|| {
            Failure::configuration("there is no home directory, so no default token file")
                .hint("name one: --token-file FILE")
        })?;
        Ok(base.join("folkmoot").join("token"))
    }

    /// The API with the person's token.
    pub fn api(&self, global: &Global) -> Outcome<Api> {
        let path = self.token_path()?;
        let mut api = self.stranger(global)?;
        if let Some(file) = &self.key {
            api.key = Some(device::read_key(file)?);
        }
        if let Some(token) = path.to_str().filter(|text| text.starts_with(TOKEN_PREFIX)) {
            api.token = Some(Zeroizing::new(token.to_owned()));
            return Ok(api);
        }
        if !path.exists() {
            return Err(Failure::configuration(format!(
                "there is no personal token in {}",
                path.display()
            ))
            .hint(
                "folkmoot token new --name YOUR-NAME, or make one on the dashboard's account page",
            ));
        }
        keyfile::check_private(&path)?;
        let token = std::fs::read_to_string(&path).map_err(|error| {
            Failure::configuration(format!("cannot read {}", path.display())).because(error)
        })?;
        api.token = Some(Zeroizing::new(token.trim().to_owned()));
        Ok(api)
    }

    /// The API without a token.
    pub fn stranger(&self, global: &Global) -> Outcome<Api> {
        let url = match &self.node {
            Some(url) => url.clone(),
            None => {
                let mut listen = global.directory()?.config()?.web.listen;
                if listen.ip().is_unspecified() {
                    listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
                }
                format!("http://{listen}")
            }
        };
        Api::at(&url)
    }
}

/// The API of one node.
pub struct Api {
    authority: String,
    token: Option<Zeroizing<String>>,
    cookie: Option<Zeroizing<String>>,
    /// The person's own key, if it signs here.
    key: Option<SecretKey>,
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: hyper::HeaderMap,
    body: Bytes,
}

impl Api {
    /// The API of the node at a URL.
    pub fn at(url: &str) -> Outcome<Self> {
        let authority = url
            .trim_end_matches('/')
            .strip_prefix("http://")
            .ok_or_else(|| {
                Failure::usage(format!("{url:?} is no address this command can use")).hint(
                    "write http://HOST:PORT; to a node elsewhere go through a tunnel: \
                       ssh -L 7180:127.0.0.1:7180 HOST",
                )
            })?;
        let authority = match authority.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => authority.to_owned(),
            _ => format!("{authority}:80"),
        };
        Ok(Self {
            authority,
            token: None,
            cookie: None,
            key: None,
        })
    }

    /// The same with a personal token.
    pub fn with_token(mut self, token: Zeroizing<String>) -> Self {
        self.token = Some(token);
        self
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Outcome<Value> {
        let answer = self.send(Method::GET, path, None).await?;
        read(&answer)
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        let body = ("application/json", body.to_string().into_bytes());
        let answer = self.send(Method::POST, path, Some(body)).await?;
        read(&answer)
    }

    /// The bytes at a path.
    pub async fn fetch(&self, path: &str) -> Outcome<Bytes> {
        let answer = self.send(Method::GET, path, None).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        read(&answer).map(|_| Bytes::new())
    }

    /// Puts bytes at a path.
    pub async fn put(&self, path: &str, bytes: Vec<u8>) -> Outcome<Value> {
        let body = ("application/octet-stream", bytes);
        let answer = self.send(Method::PUT, path, Some(body)).await?;
        read(&answer)
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Outcome<Value> {
        let answer = self.send(Method::DELETE, path, None).await?;
        read(&answer)
    }

    /// Whether the person's own key signs on this machine.
    pub fn signs_here(&self) -> bool {
        self.key.is_some()
    }

    /// Acts as the person of the token.
    pub async fn act(&self, act: &str, mut fields: Value) -> Outcome<Value> {
        let Some(key) = &self.key else {
            fields["act"] = json!(act);
            return self.post("/api/acts", &fields).await;
        };
        let asked = fields.clone();
        fields["act"] = json!(act);
        fields["signer"] = json!(key.public().to_string());
        let answer = self.post("/api/acts/prepare", &fields).await?;
        let entry = device::prepared(&answer)?;
        device::check(&entry, key, act, &asked)?;
        let status = self.get("/api/status").await?;
        let federation = status["federation"]["id"].as_str().unwrap_or_default();
        self.sign_and_submit(entry, key, (federation, answer["chunks"].clone()))
            .await
    }

    /// Signs an entry that was looked at, and hands it back.
    pub async fn sign_and_submit(
        &self,
        entry: Entry,
        key: &SecretKey,
        (federation, chunks): (&str, Value),
    ) -> Outcome<Value> {
        let entry = device::sign(entry, key, federation)?;
        let chunks = if chunks.is_array() { chunks } else { json!([]) };
        let body = json!({ "entry": entry, "chunks": chunks });
        self.post("/api/acts/submit", &body).await
    }

    /// Where the node is, as people type it.
    pub fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The decision of an id or the beginning of one.
    pub async fn decision(&self, id: &str) -> Outcome<Value> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Failure::usage(format!("{id:?} is no proposal's id"))
                .hint("folkmoot decisions lists them; the first eight digits are enough"));
        }
        let mut full = id.to_owned();
        if id.len() < 64 {
            let all = self.get("/api/decisions?show=all").await?;
            let ids = all["decisions"].as_array().into_iter().flatten();
            let ids: Vec<&str> = ids
                .filter_map(|one| one["id"].as_str())
                .filter(|one| one.starts_with(id))
                .collect();
            full = match ids[..] {
                [one] => one.to_owned(),
                [] => {
                    return Err(
                        Failure::refused(format!("no proposal's id begins with {id}"))
                            .hint("folkmoot decisions lists them"),
                    );
                }
                _ => {
                    return Err(Failure::refused(format!("several ids begin with {id}"))
                        .hint("write more digits"));
                }
            };
        }
        self.get(&format!("/api/decisions/{full}")).await
    }

    /// Signs in by a form; the session is kept for what follows.
    pub async fn enter(&mut self, path: &str, fields: &[(&str, &str)]) -> Outcome {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let body = ("application/x-www-form-urlencoded", body.into_bytes());
        let answer = self.send(Method::POST, path, Some(body)).await?;
        if !answer.status.is_redirection() {
            // The form's page comes back with what is wrong with it, as people read it.
            if let Some(why) = form_faults(&answer.body) {
                return Err(Failure::refused(why));
            }
            read(&answer)?;
        }
        let cookie = answer.headers.get(header::SET_COOKIE);
        let cookie = cookie.and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.ok_or_else(|| Failure::refused("the node did not sign you in"))?;
        self.cookie = Some(Zeroizing::new(cookie.to_owned()));
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Outcome<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", **token));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie.as_str());
        }
        let (kind, body) = body.unwrap_or_default();
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Failure::usage("the request cannot be written").because(error))?;
        let sent = timeout(DEADLINE, exchange(&self.authority, request)).await;
        let unreachable = || {
            Failure::unreachable(format!(
                "cannot reach the node at http://{}",
                self.authority
            ))
            .hint("start it with folkmoot run, or name another: --node URL")
        };
        match sent {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unreachable().because(error)),
            Err(_) => Err(unreachable()),
        }
    }
}

async fn exchange(
    authority: &str,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the exchange; what goes wrong in it the exchange says.
    tokio::spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX)
        .collect()
        .await?
        .to_bytes();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

/// What the list on top of a form's page says is wrong with it.
fn form_faults(page: &[u8]) -> Option<String> {
    let page = std::str::from_utf8(page).ok()?;
    let (_, rest) = page.split_once("<div class=\"errors\"")?;
    let (_, rest) = rest.split_once("<ul>")?;
    let (list, _) = rest.split_once("</ul>")?;
    let faults: Vec<String> = list
        .split("</li>")
        .map(|item| {
            let parts = item
                .split('<')
                .map(|part| part.split_once('>').map_or(part, |(_, text)| text));
            let said: String = parts.collect();
            let said = said.replace("&quot;", "\"").replace("&lt;", "<");
            let said = said.replace("&gt;", ">").replace("&amp;", "&");
            said.trim().trim_end_matches('.').to_owned()
        })
        .filter(|said| !said.is_empty())
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// The JSON of an answer, or what the node refused.
fn read(answer: &Answer) -> Outcome<Value> {
    let json: Value = match answer.body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
    };
    if answer.status.is_success() {
        return Ok(json);
    }
    let error = &json["error"];
    let text = |field: &str| error[field].as_str().map(str::to_owned);
    let message = text("message").unwrap_or_else(|| format!("the node answered {}", answer.status));
    let mut message = message.trim_end_matches('.').to_owned();
    for field in error["fields"].as_array().into_iter().flatten() {
        if let (Some(name), Some(fault)) = (field["field"].as_str(), field["message"].as_str())
            && !fault.starts_with(&message)
        {
            message += &format!("\n  {name}: {fault}");
        }
    }
    let mut failure = Failure::refused(message);
    if answer.status == StatusCode::UNAUTHORIZED {
        failure = failure.hint("folkmoot token new --name YOUR-NAME");
    } else if let Some(hint) = text("hint").filter(|hint| !hint.is_empty()) {
        failure = failure.hint(hint);
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_form_is_read_from_its_page() {
        let page = b"<div class=\"errors\" tabindex=\"-1\"><h2>There is a problem</h2><ul><li>\
            <a href=\"#field-password\">Use at least 10 characters.</a></li><li>No &quot;x&quot; &amp; y.\
            </li></ul></div>";
        let said = form_faults(page).unwrap();
        assert_eq!(said, "Use at least 10 characters; No \"x\" & y");
        assert_eq!(form_faults(b"{}"), None);
    }
}
