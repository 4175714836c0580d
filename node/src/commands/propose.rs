//! `folkmoot propose`

use clap::Args;
use serde_json::json;

use super::{
    circle,
    document::Source,
    effect::Does,
    table::{short, text},
    words::Words,
};
use crate::{api::Connection, cli::Global, failure::Outcome};

/// Propose something; it is talked about until you open the vote
#[derive(Debug, Args)]
pub struct Propose {
    /// One line [default: the title of the draft]
    #[arg(long, required_unless_present = "draft")]
    title: Option<String>,
    #[command(flatten)]
    words: Words,
    /// The draft with the text, as it is now: folkmoot document list
    #[arg(long, value_name = "ID", conflicts_with_all = ["text", "file"])]
    draft: Option<String>,
    /// The rule that decides [default: the charter's]
    #[arg(long, default_value = "", hide_default_value = true)]
    rule: String,
    /// Why it cannot wait for the regular period
    #[arg(long, value_name = "WHY")]
    urgent: Option<String>,
    /// The circle it belongs to: its name, its id, or the beginning of it
    #[arg(long, value_name = "CIRCLE")]
    circle: Option<String>,
    /// The language it is written in
    #[arg(long, default_value = "en")]
    language: String,
    #[command(flatten)]
    does: Does,
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
        let circle = match &self.circle {
            Some(circle) => Some(text(&circle::find(&api, circle).await?, "id")),
            None => None,
        };
        let source = Source::read(&api, self.draft.as_deref(), &self.words).await?;
        let effect = self.does.json(&api).await?;
        let rule = match (self.rule.as_str(), self.does.rule()) {
            ("", Some(rule)) => rule,
            (rule, _) => rule,
        };
        let fields = json!({
            "title": self.title.unwrap_or(source.title),
            "text": source.text,
            "draft": source.edits,
            "rule": rule,
            "urgent": self.urgent,
            "circle": circle,
            "language": self.language,
            "effect": effect,
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
