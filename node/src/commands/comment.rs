//! `folkmoot comment`

use clap::Args;
use serde_json::json;

use crate::{api::Connection, cli::Global, failure::Outcome};

/// Say something about a proposal
#[derive(Debug, Args)]
pub struct Comment {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    /// The words
    text: String,
    /// The comment or ballot it answers
    #[arg(long, value_name = "ID")]
    answers: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

impl Comment {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let fields = json!({
            "proposal": decision["id"],
            "answers": self.answers,
            "text": self.text,
        });
        let answer = api.act("comment", fields).await?;
        global.say(&answer, "Said.")
    }
}
