//! `folkmoot amend`

use clap::Args;
use serde_json::{Value, json};

use super::{
    document::Source,
    effect::Does,
    table::{short, text},
    words::Words,
};
use crate::{api::Connection, cli::Global, failure::Outcome};

/// Make a new version of a proposal of this co-op; an open vote begins anew on it
#[derive(Debug, Args)]
pub struct Amend {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    /// The title from now on [default: as it is]
    #[arg(long)]
    title: Option<String>,
    #[command(flatten)]
    words: Words,
    /// The draft with the text, as it is now: folkmoot document list
    #[arg(long, value_name = "ID", conflicts_with_all = ["text", "file"])]
    draft: Option<String>,
    /// What changed, in words
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    what_changed: String,
    #[command(flatten)]
    does: Does,
    #[command(flatten)]
    connection: Connection,
}

impl Amend {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let source = Source::read(&api, self.draft.as_deref(), &self.words).await?;
        // What it does stays, unless something else is said.
        let effect = match self.does.json(&api).await? {
            Value::Null => decision["effect"].clone(),
            effect => effect,
        };
        let fields = json!({
            "proposal": decision["id"],
            "title": self.title.unwrap_or_else(|| text(&decision, "title")),
            "text": source.text,
            "draft": source.edits,
            "what_changed": self.what_changed,
            "effect": effect,
        });
        let answer = api.act("amend", fields).await?;
        let number = decision["version"].as_u64().unwrap_or_default() + 1;
        let id = short(&text(&decision, "id"));
        let after = api.decision(&text(&decision, "id")).await?;
        let next = match &*text(&after, "state") {
            "voting" => format!(
                " The vote on it is open, and the votes on version {} do not count for it.",
                number - 1
            ),
            "deliberation" => format!(" To open the vote: folkmoot open {id}"),
            _ => String::new(),
        };
        global.say(&answer, format!("It is version {number} now.{next}"))
    }
}
