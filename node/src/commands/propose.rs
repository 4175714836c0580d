//! `folkmoot propose`

use clap::Args;
use serde_json::json;

use super::{
    table::{short, text},
    words::Words,
};
use crate::{api::Connection, cli::Global, failure::Outcome};

/// Propose something; it is talked about until you open the vote
#[derive(Debug, Args)]
pub struct Propose {
    /// One line
    #[arg(long)]
    title: String,
    #[command(flatten)]
    words: Words,
    /// The rule that decides [default: the charter's]
    #[arg(long, default_value = "", hide_default_value = true)]
    rule: String,
    /// Why it cannot wait for the regular period
    #[arg(long, value_name = "WHY")]
    urgent: Option<String>,
    /// The circle it belongs to
    #[arg(long, value_name = "ID")]
    circle: Option<String>,
    /// The language it is written in
    #[arg(long, default_value = "en")]
    language: String,
    /// Open the vote at once
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Propose {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let fields = json!({
            "title": self.title,
            "text": self.words.read()?,
            "rule": self.rule,
            "urgent": self.urgent,
            "circle": self.circle,
            "language": self.language,
        });
        let answer = api.act("propose", fields).await?;
        let id = text(&answer, "id");
        if self.open {
            api.act("open", json!({ "proposal": id })).await?;
            let said = format!("Proposed and opened {}.", short(&id));
            return global.say(&answer, said);
        }
        let said = format!(
            "Proposed {0}. When it is ready: folkmoot open {0}",
            short(&id)
        );
        global.say(&answer, said)
    }
}
