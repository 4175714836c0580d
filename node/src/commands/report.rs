//! `folkmoot report`

use clap::Args;
use serde_json::json;

use super::words::Words;
use crate::{api::Connection, cli::Global, failure::Outcome};

/// Report on the conflict about a proposal, as one of its mediators
#[derive(Debug, Args)]
pub struct Report {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    #[command(flatten)]
    words: Words,
    /// Recommend the fallback vote
    #[arg(long)]
    recommend_vote: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Report {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let text = self.words.read()?;
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let fields = json!({
            "proposal": decision["id"],
            "recommends_vote": self.recommend_vote,
            "text": text,
        });
        let answer = api.act("report", fields).await?;
        global.say(&answer, "Reported.")
    }
}
