//! `folkmoot server remove`

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// Remove one of your servers
///
/// Your node forgets its secret. While meetings run on it that is refused: drain it first, and wait
/// until it is empty. With --force they go on there, but nobody finds them through the federation any
/// more.
#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    named: Named,
    /// Remove it though meetings run on it
    #[arg(long)]
    force: bool,
}

impl Remove {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let server = find(&api, &self.named.server).await?;
        let path = path_of(&server);
        let path = match self.force {
            true => format!("{path}?force=true"),
            false => path,
        };
        api.delete(&path).await?;
        let json = json!({ "id": server["id"] });
        global.say(&json, format!("{} is removed.", text(&server, "name")))
    }
}
