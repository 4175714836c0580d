//! `folkmoot tenant remove`

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// Remove a front end: its secrets work no more
///
/// Meetings that run go on until they end.
#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    named: Named,
}

impl Remove {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let tenant = find(&api, &self.named.tenant).await?;
        api.delete(&path_of(&tenant)).await?;
        let json = json!({ "id": tenant["id"] });
        global.say(&json, format!("{} is removed.", text(&tenant, "name")))
    }
}
