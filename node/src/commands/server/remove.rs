//! `folkmoot server remove`

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// Remove one of your servers
///
/// Your node forgets its secret. Meetings that run on it go on there, but nobody finds them through
/// the federation any more: drain it first, and wait until it is empty.
#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    named: Named,
}

impl Remove {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let server = find(&api, &self.named.server).await?;
        api.delete(&path_of(&server)).await?;
        let json = json!({ "id": server["id"] });
        global.say(&json, format!("{} is removed.", text(&server, "name")))
    }
}
