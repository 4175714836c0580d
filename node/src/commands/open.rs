//! `folkmoot open`

use clap::Args;
use serde_json::json;

use super::table::{text, time};
use crate::{api::Connection, cli::Global, failure::Outcome};

/// Open the vote on a proposal of this co-op
#[derive(Debug, Args)]
pub struct Open {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    #[command(flatten)]
    connection: Connection,
}

impl Open {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let id = text(&decision, "id");
        let answer = api.act("open", json!({ "proposal": id })).await?;
        let opened = api.decision(&id).await?;
        let until = time(&opened["deadline_ms"]);
        global.say(&answer, format!("Voting is open until {until}."))
    }
}
