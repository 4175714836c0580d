//! The command's side: asks the running node, or carries the command out itself.

use std::{fs, time::Duration};

use domain::{id::MemberId, key::SecretKey};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Answer, Command, Desk, LINE_BYTES_MAX, RootAct, desk};
use crate::{
    directory::DataDirectory,
    driver::Running,
    failure::{Failure, Outcome},
    keyfile, opening,
};

const DEADLINE: Duration = Duration::from_secs(65);
/// The most that a root key signs to take up its place: a member has had a few keys before at most.
const TAKE_UP_MAX: usize = 16;

/// The way to a data directory's node.
pub enum Access {
    /// It runs: where, and the secret.
    Running(String, String),
    /// It does not: the core and store are opened here.
    Here(Box<(Running, Desk)>),
}

impl Access {
    /// Finds out whether a node runs on the directory, and opens it if none does.
    pub async fn open(directory: &DataDirectory) -> Outcome<Self> {
        if !directory.has_genesis() {
            return Err(directory.not_set_up());
        }
        let path = directory.control_path();
        if path.exists() {
            keyfile::check_private(&path)?;
            let text = fs::read_to_string(&path).unwrap_or_default();
            let mut lines = text.lines();
            if let (Some(address), Some(secret)) = (lines.next(), lines.next())
                && TcpStream::connect(address).await.is_ok()
            {
                return Ok(Self::Running(address.to_owned(), secret.to_owned()));
            }
        }
        let running = opening::restore(directory).await?.start(None, false);
        let announce = directory.config()?.network.announce;
        let desk = Desk::new(running.handle.clone(), directory.clone(), announce);
        Ok(Self::Here(Box::new((running, desk))))
    }

    /// Has a command carried out.
    pub async fn call(&self, command: Command) -> Outcome<Value> {
        match self {
            Self::Running(address, secret) => {
                let asked = timeout(DEADLINE, ask(address, secret, &command)).await;
                let lost = || {
                    Failure::unreachable("the running node gave no answer").hint("look at its log")
                };
                match asked
                    .map_err(|_| lost())?
                    .map_err(|error| lost().because(error))?
                {
                    Answer::Done { ok } => Ok(ok),
                    Answer::Failed { error, hint, exit } => {
                        Err(Failure::of_exit(exit, error, hint))
                    }
                }
            }
            Self::Here(here) => here.1.carry_out(command).await,
        }
    }

    /// Has a root key act: prepared there, signed here. A key that a decision put in the place of another
    /// takes up its place first.
    pub async fn sign_and_submit(&self, root: &SecretKey, act: RootAct) -> Outcome<String> {
        // It begins its log, ends the keys before it, and signs the mandate anew.
        for _ in 0..TAKE_UP_MAX {
            if self.root(root).await?["takes_up"] != true {
                break;
            }
            let root_key = root.public().to_string();
            let next = RootAct::TakeUp { root: root_key };
            self.sign_one(root, next).await?;
        }
        self.sign_one(root, act).await
    }

    /// The member that a root key is of.
    pub async fn member_of(&self, root: &SecretKey) -> Outcome<MemberId> {
        let answer = self.root(root).await?;
        let member = answer["member"].as_str().unwrap_or_default().parse();
        member.map_err(|_| {
            Failure::refused("the node answered something this release cannot read")
                .hint("use the same release of folkmoot for the node and the command")
        })
    }

    async fn root(&self, root: &SecretKey) -> Outcome<Value> {
        let key = root.public().to_string();
        self.call(Command::Root { key }).await
    }

    async fn sign_one(&self, root: &SecretKey, act: RootAct) -> Outcome<String> {
        let key = root.public().to_string();
        let prepared = self.call(Command::Prepare { key, act }).await?;
        let entry = desk::sign(&prepared, root)?;
        let submitted = self.call(Command::Submit { entry }).await?;
        Ok(submitted["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Closes what was opened.
    pub async fn close(self) -> Outcome {
        match self {
            Self::Running(..) => Ok(()),
            Self::Here(here) => opening::close(here.0).await,
        }
    }
}

async fn ask(address: &str, secret: &str, command: &Command) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let line = format!("{secret}\n{}\n", serde_json::to_string(command)?);
    stream.write_all(line.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LINE_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(serde_json::from_slice(&answer)?)
}
