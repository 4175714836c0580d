//! `folkmoot meeting`

mod list;
mod release;
mod why;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{circle::only_one, table::text};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::Outcome,
};

/// Meetings that your node placed: where they are and why
///
/// A meeting is known by its room, a hash: names stay with the front end.
#[derive(Debug, Args)]
pub struct Meeting {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    List(list::List),
    Why(why::Why),
    Release(release::Release),
}

/// A meeting.
#[derive(Debug, Args)]
struct Named {
    /// The room, or the beginning of it (at least 6 digits)
    room: String,
    #[command(flatten)]
    connection: Connection,
}

impl Meeting {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::List(command) => command.run(global).await,
            What::Why(command) => command.run(global).await,
            What::Release(command) => command.run(global).await,
        }
    }
}

/// The one meeting of the room that begins so; `lists` are those of the answer to look in.
async fn find(api: &Api, room: &str, lists: &[&str]) -> Outcome<Value> {
    let answer = api.get("/api/meetings").await?;
    let all = lists.iter().filter_map(|list| answer[*list].as_array());
    let all: Vec<Value> = all.flatten().cloned().collect();
    let is_it = |one: &Value| room.len() >= 6 && text(one, "room").starts_with(room);
    only_one(&all, is_it, room, "folkmoot meeting list lists them")
}
