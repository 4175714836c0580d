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
    /// Open the fallback vote on what was blocked, after the report of its mediators
    #[arg(long)]
    fallback: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Open {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let id = text(&decision, "id");
        let fields = json!({ "proposal": id, "fallback": self.fallback });
        let answer = api.act("open", fields).await?;
        let opened = api.decision(&id).await?;
        let until = time(&opened["deadline_ms"]);
        global.say(&answer, format!("Voting is open until {until}."))
    }
}
