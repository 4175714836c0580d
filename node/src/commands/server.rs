//! `folkmoot server`

mod add;
mod check;
mod description;
mod list;
mod remove;
mod service;
mod set;

use clap::{Args, Subcommand};
use serde_json::Value;

pub(super) use self::description::{optional_secret, secret_of, without_nothing, yes_or_no};
use super::{circle::only_one, table::text};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::{Failure, Outcome},
};

/// BigBlueButton servers: yours, and those of the other members
///
/// Everybody sees where a server stands and what it can bear. Its secret stays with your node.
#[derive(Debug, Args)]
pub struct Server {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    List(list::List),
    Add(add::Add),
    Set(set::Set),
    Check(check::Check),
    /// Let a server take new meetings
    Open(Named),
    /// Let a server take no new meetings for now
    Cordon(Named),
    /// Let a server take no new meetings any more: it is about to go
    Drain(Named),
    /// Let a server take new meetings of your co-op only
    TestsOnly(Named),
    Remove(remove::Remove),
}

/// A server of one's own.
#[derive(Debug, Args)]
struct Named {
    /// The server: its name, its id, or the beginning of it
    server: String,
    #[command(flatten)]
    connection: Connection,
}

impl Server {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::List(command) => command.run(global).await,
            What::Add(command) => command.run(global).await,
            What::Set(command) => command.run(global).await,
            What::Check(command) => command.run(global).await,
            What::Open(named) => service::set(global, named, "open").await,
            What::Cordon(named) => service::set(global, named, "cordoned").await,
            What::Drain(named) => service::set(global, named, "draining").await,
            What::TestsOnly(named) => service::set(global, named, "tests-only").await,
            What::Remove(command) => command.run(global).await,
        }
    }
}

/// The one own server of this name or beginning of an id.
async fn find(api: &Api, named: &str) -> Outcome<Value> {
    let answer = api.get("/api/servers").await?;
    let all = answer["servers"].as_array().cloned().unwrap_or_default();
    let is_it = |one: &Value| {
        one["own"] == true
            && (text(one, "name") == named
                || named.len() >= 6 && text(one, "id").starts_with(named))
    };
    let others = |one: &&Value| one["own"] != true && text(one, "name") == named;
    if let Some(other) = all.iter().find(others)
        && !all.iter().any(is_it)
    {
        let owner = text(other, "owner_name");
        return Err(Failure::refused(format!(
            "the server {named} belongs to {owner}: only its stewards can do this"
        )));
    }
    only_one(&all, is_it, named, "folkmoot server list lists them")
}

/// Where the API has a server.
fn path_of(server: &Value) -> String {
    format!("/api/servers/{}", text(server, "id"))
}
