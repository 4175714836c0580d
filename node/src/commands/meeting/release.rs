//! `folkmoot meeting release`

use clap::Args;
use serde_json::json;

use super::{Named, find};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// Give up a meeting whose server's owner keeps silent
///
/// The room's next meeting is placed anew. If the server still runs, people in the old meeting stay
/// apart from the new one.
#[derive(Debug, Args)]
pub struct Release {
    #[command(flatten)]
    named: Named,
}

impl Release {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let one = find(&api, &self.named.room, &["meetings"]).await?;
        let meeting = json!({ "tenant": one["tenant"], "room": one["room"] });
        let answer = api.post("/api/meetings/release", &meeting).await?;
        let name = text(&one, "tenant_name");
        let said = format!("Released: the next meeting of {name} in this room is placed anew.");
        global.say(&answer, said)
    }
}
