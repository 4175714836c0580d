//! `folkmoot lab`

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use bigbluebutton::{
    Call, Secret,
    laboratory::{Handle, Laboratory, Misbehaviour, Running, Settings},
};
use clap::Args;
use serde_json::json;

use super::{run::Stop, server::secret_of};
use crate::{
    cli::Global,
    clock::random,
    config::LogSection,
    crowds,
    failure::{Failure, Outcome},
    keyfile, logging,
};

/// The most laboratory servers at once.
const SERVERS_MAX: u16 = 64;
/// The longest pause and the largest answer that can be asked for, in milliseconds and in bytes.
const FAULT_MAX: u64 = 1_000_000_000;

/// Run servers that behave like BigBlueButton, without sound or picture, until Ctrl-C
///
/// To try a node, a front end or a monitoring against. They keep what they know in memory. Programs
/// on this machine can look into one and tell it what to do: GET /laboratory answers how it is, POST
/// /laboratory takes JSON, with the header Content-Type: application/json, such as
/// {"misbehaviour":{"hang":true}} or {"forget_meetings":true}.
#[derive(Debug, Args)]
pub struct Lab {
    /// Where the first listens, over plain HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// How many servers, the others on the ports that follow
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(SERVERS_MAX))
    )]
    count: u16,
    /// A file with their secret; it is made if it is not there [default: a new one in a temporary
    /// directory]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// People come to the meetings, and go
    #[arg(long)]
    people: bool,
    /// Do something wrong; may come several times: latency=MS (every answer takes so long), jitter=MS
    /// (up to so much more), create=MS (a create takes so long), hang (no answer), status=NUMBER (this
    /// HTTP status and no XML), wrong-xml (a web page), truncated (half an answer), oversized=BYTES
    /// (so much too much), refuse (connections break off), forget=SECONDS (each time it forgets its
    /// meetings, as a restart does)
    #[arg(long, value_name = "FAULT")]
    misbehave: Vec<Fault>,
    /// Only these calls go wrong, such as create; may come several times [default: all]
    #[arg(long, value_name = "CALL", requires = "misbehave", value_parser = call_name)]
    only: Vec<String>,
}

/// One thing that a laboratory server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Latency(u64),
    Jitter(u64),
    Create(u64),
    Hang,
    Status(u16),
    WrongXml,
    Truncated,
    Oversized(u64),
    Refuse,
    Forget(u64),
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, value) = match text.split_once('=') {
            Some((word, value)) => (word, Some(value)),
            None => (text, None),
        };
        let number = || {
            let number = value.and_then(|value| value.parse().ok());
            number
                .filter(|number| (1..=FAULT_MAX).contains(number))
                .ok_or_else(|| format!("write {word}=NUMBER, with a number from 1 to {FAULT_MAX}"))
        };
        let fault = match word {
            "latency" => Self::Latency(number()?),
            "jitter" => Self::Jitter(number()?),
            "create" => Self::Create(number()?),
            "oversized" => Self::Oversized(number()?),
            "forget" => Self::Forget(number()?),
            "status" => {
                let status = number()?.try_into().ok();
                let status = status.filter(|status| (200..=599).contains(status));
                Self::Status(status.ok_or("an HTTP status is a number from 200 to 599")?)
            }
            _ if value.is_some() => return Err(format!("there is no fault {word}=…")),
            "hang" => Self::Hang,
            "wrong-xml" => Self::WrongXml,
            "truncated" => Self::Truncated,
            "refuse" => Self::Refuse,
            _ => return Err("folkmoot lab --help lists the faults".to_owned()),
        };
        Ok(fault)
    }
}

fn call_name(name: &str) -> Result<String, String> {
    match Call::from_path(name) {
        Some(call) if call != Call::Index => Ok(call.name().to_owned()),
        _ => Err("this is no call of the BigBlueButton API".to_owned()),
    }
}

impl Lab {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        logging::start(&LogSection {
            level: "warn".to_owned(),
            ..LogSection::default()
        });
        // Until the end: it goes when this does.
        let (mut temporary, given) = (None, self.secret_file.as_deref());
        let secret_file = match given {
            Some(path) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            None => temporary.insert(temporary_folder()?).path().join("secret"),
        };
        let secret = secret(&secret_file)?;
        let mut stop = Stop::listen()?;
        let (misbehaviour, forget) = self.misbehaviour();
        let mut servers = Vec::new();
        for number in 0..self.count {
            let server = start(address(self.listen, number)?, &secret, number).await?;
            server.handle.misbehave(misbehaviour.clone());
            servers.push(server);
        }
        print(global, &servers, &secret_file)?;
        let handles: Vec<Handle> = servers.iter().map(|one| one.handle.clone()).collect();
        tokio::select! {
            () = stop.asked() => Ok(()),
            ended = crowds::come_and_go(handles.clone()), if self.people => ended,
            () = forget_again(&handles, forget.unwrap_or_default()), if forget.is_some() => Ok(()),
        }
    }

    /// What they do wrong, and how often they forget.
    fn misbehaviour(&self) -> (Misbehaviour, Option<Duration>) {
        let mut misbehaviour = Misbehaviour {
            calls: self.only.clone(),
            ..Misbehaviour::default()
        };
        let mut forget = None;
        for fault in &self.misbehave {
            match *fault {
                Fault::Latency(ms) => misbehaviour.latency_ms = ms,
                Fault::Jitter(ms) => misbehaviour.jitter_ms = ms,
                Fault::Create(ms) => misbehaviour.create_ms = ms,
                Fault::Hang => misbehaviour.hang = true,
                Fault::Status(status) => misbehaviour.status = Some(status),
                Fault::WrongXml => misbehaviour.wrong_xml = true,
                Fault::Truncated => misbehaviour.truncated_body = true,
                Fault::Oversized(bytes) => misbehaviour.oversized_body_bytes = Some(bytes),
                Fault::Refuse => misbehaviour.refuse_connections = true,
                Fault::Forget(seconds) => forget = Some(Duration::from_secs(seconds)),
            }
        }
        (misbehaviour, forget)
    }
}

fn temporary_folder() -> Outcome<tempfile::TempDir> {
    let made = tempfile::Builder::new().prefix("folkmoot-lab-").tempdir();
    made.map_err(|error| Failure::refused("cannot make a temporary folder").because(error))
}

/// The secret in the file, or a new one that is written there for its owner alone.
fn secret(path: &Path) -> Outcome<Secret> {
    if !path.exists() {
        let text = hex::encode(random::<32>()?);
        keyfile::write_private(path, format!("{text}\n").as_bytes())?;
    }
    let text = secret_of(path)?;
    Secret::new(text.as_bytes())
        .map_err(|error| Failure::usage("this secret cannot be used").because(error))
}

/// Where one of several servers listens.
fn address(first: SocketAddr, number: u16) -> Outcome<SocketAddr> {
    let port = match first.port() {
        0 => Some(0),
        port => port.checked_add(number),
    };
    let port = port.ok_or_else(|| {
        Failure::usage("there are not so many ports").hint("choose a lower one with --listen")
    })?;
    Ok(SocketAddr::new(first.ip(), port))
}

async fn start(address: SocketAddr, secret: &Secret, number: u16) -> Outcome<Running> {
    let mut settings = Settings::new(secret.clone());
    settings.address = address;
    settings.seed = u64::from_le_bytes(random()?);
    let started = Laboratory::start(settings).await;
    started.map_err(|error| {
        let problem = format!(
            "laboratory server {} cannot listen at {address}",
            number + 1
        );
        Failure::refused(problem)
            .hint("choose another address with --listen, or a free port with port 0")
            .because(error)
    })
}

async fn forget_again(servers: &[Handle], every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        servers.iter().for_each(Handle::forget_meetings);
    }
}

fn print(global: &Global, servers: &[Running], secret_file: &Path) -> Outcome {
    let file = secret_file.display().to_string();
    let urls: Vec<String> = servers.iter().map(|server| usable(&server.url)).collect();
    let mut text = String::from("Laboratory servers run, without sound or picture, at\n\n");
    for url in &urls {
        text += &format!("  {url}\n");
    }
    text += &format!(
        "\nTheir secret is in {file}\nCtrl-C ends them. To add them to your node, type \
         elsewhere:\n\n"
    );
    for url in &urls {
        text += &format!(
            "  folkmoot server add {url} --region eu-west --secret-file {file} --allow-private \
             --allow-http\n"
        );
    }
    global.say(&json!({ "servers": urls, "secret_file": file }), text)
}

/// An address that can be called: one that listens everywhere is called on this machine.
fn usable(url: &str) -> String {
    url.replace("//0.0.0.0:", "//127.0.0.1:")
        .replace("//[::]:", "//[::1]:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_listed_and_nothing_else_is() {
        let read = |text: &str| text.parse::<Fault>();
        assert_eq!(read("latency=250"), Ok(Fault::Latency(250)));
        assert_eq!(read("status=503"), Ok(Fault::Status(503)));
        assert_eq!(read("wrong-xml"), Ok(Fault::WrongXml));
        for wrong in [
            "",
            "latency",
            "latency=",
            "latency=0",
            "latency=-1",
            "status=99",
            "status=70000",
            "hang=1",
            "explode",
            "latency=10000000000",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_that_listens_everywhere_is_printed_as_one_that_can_be_called() {
        assert_eq!(usable("http://0.0.0.0:8090"), "http://127.0.0.1:8090");
        assert_eq!(usable("http://[::]:8090"), "http://[::1]:8090");
        assert_eq!(usable("http://10.0.0.1:8090"), "http://10.0.0.1:8090");
    }

    #[test]
    fn the_last_port_has_none_behind_it() {
        let last = SocketAddr::from(([127, 0, 0, 1], u16::MAX));
        assert_eq!(address(last, 0).unwrap(), last);
        assert!(address(last, 1).is_err());
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        assert_eq!(address(any, 7).unwrap(), any);
    }

    #[test]
    fn a_secret_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let made = secret(&path).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert_eq!(secret(&path).unwrap().expose(), made.expose());
    }
}
