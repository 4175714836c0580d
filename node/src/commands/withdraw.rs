//! `folkmoot withdraw`

use clap::Args;
use serde_json::json;

use crate::{api::Connection, cli::Global, failure::Outcome};

/// Take back a proposal of this co-op
#[derive(Debug, Args)]
pub struct Withdraw {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    /// Why
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    reason: String,
    #[command(flatten)]
    connection: Connection,
}

impl Withdraw {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let fields = json!({ "proposal": decision["id"], "reason": self.reason });
        let answer = api.act("withdraw", fields).await?;
        global.say(&answer, "Withdrawn.")
    }
}
