//! `folkmoot node`

mod add;
mod list;
mod pack;
mod take;

use std::path::Path;

use clap::{Args, Subcommand};
use domain::{
    cbor::Decode,
    entry::Entry,
    id::{MemberId, Timestamp},
    key::{PublicKey, SecretKey},
};
use serde_json::Value;
use web::{copy::Row, seal::Seed, vault::VaultKey};

use crate::{
    cli::Global,
    control::{Access, Command},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    nodefile::Contents,
    vault::SecretsKeyFile,
};

/// A second node of this co-op: set it up, keep it up to date, list what there is
///
/// It serves the same front ends, meeting servers and links into rooms, so that people get into their
/// meetings while the first one is away. What it needs travels in a file that opens with a code alone.
/// To end one: folkmoot key revoke.
#[derive(Debug, Args)]
pub struct Node {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    List(list::List),
    Add(add::Add),
    Take(take::Take),
    Pack(pack::Pack),
}

impl Node {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        match self.command {
            What::Take(take) => take.run(global, &directory).await,
            What::List(list) => {
                let access = Access::open(&directory).await?;
                let done = list.run(global, &access).await;
                access.close().await?;
                done
            }
            What::Add(add) => {
                check_free(&add.file)?;
                let access = Access::open(&directory).await?;
                let done = add.run(global, &directory, &access).await;
                access.close().await?;
                done
            }
            What::Pack(pack) => {
                check_free(&pack.file)?;
                let access = Access::open(&directory).await?;
                let done = pack.run(global, &directory, &access).await;
                access.close().await?;
                done
            }
        }
    }
}

/// Refuses the path of a file that is there, before anything is made for it.
fn check_free(file: &Path) -> Outcome {
    match file.exists() {
        true => Err(
            Failure::configuration(format!("{} exists already", file.display()))
                .hint("choose another path, or move the file away first"),
        ),
        false => Ok(()),
    }
}

/// What a node copied for another.
struct Copied {
    from: PublicKey,
    member: MemberId,
    made: Timestamp,
    addresses: Vec<String>,
    entries: Vec<Entry>,
    rows: Vec<Row>,
}

impl Copied {
    /// Has the node copy; for a new one with what shows its key to be the member's.
    async fn ask(access: &Access, node: Option<&PublicKey>) -> Outcome<Self> {
        let node = node.map(PublicKey::to_string);
        let answer = access.call(Command::Copy { node }).await?;
        Self::read(&answer).ok_or_else(|| {
            Failure::refused("the node answered something this release cannot read")
                .hint("use the same release of folkmoot for the node and the command")
        })
    }

    fn read(answer: &Value) -> Option<Self> {
        let entries = answer["entries"].as_array()?.iter().map(|entry| {
            let bytes = hex::decode(entry.as_str()?).ok()?;
            Entry::from_bytes(&bytes).ok()
        });
        Some(Self {
            from: answer["from"].as_str()?.parse().ok()?,
            member: answer["member"].as_str()?.parse().ok()?,
            made: Timestamp(answer["made_ms"].as_u64()?),
            addresses: serde_json::from_value(answer["addresses"].clone()).ok()?,
            entries: entries.collect::<Option<_>>()?,
            rows: serde_json::from_value(answer["rows"].clone()).ok()?,
        })
    }

    /// What goes into a file.
    fn into_contents(
        self,
        directory: &DataDirectory,
        name: String,
        key: Option<SecretKey>,
    ) -> Outcome<Contents> {
        let secrets_key = secrets_key(directory)?.ok_or_else(|| {
            Failure::configuration(format!(
                "{} is not there, which opens the secrets of servers and front ends",
                directory.secrets_key_path().display()
            ))
            .hint("put the file back from where you keep it")
        })?;
        Ok(Contents {
            genesis: directory.genesis()?,
            member: self.member,
            from: self.from,
            made: self.made,
            key,
            name,
            addresses: self.addresses,
            entries: self.entries,
            secrets_key,
            rows: self.rows,
        })
    }
}

/// What opens the secrets of a data directory; none if there is no key yet.
fn secrets_key(directory: &DataDirectory) -> Outcome<Option<Seed>> {
    let key = SecretsKeyFile::of(directory).read();
    key.map_err(|error| {
        let path = directory.secrets_key_path();
        Failure::configuration(format!("cannot use {}", path.display())).because(error)
    })
}

/// How many servers, front ends and rooms there are, in words.
fn counted(counts: &Value) -> String {
    let of = |name: &str| counts[name].as_u64().unwrap_or_default();
    format!(
        "servers: {}, front ends: {}, rooms: {}",
        of("servers"),
        of("tenants"),
        of("rooms")
    )
}
