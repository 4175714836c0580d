//! `folkmoot vote`

use clap::Args;
use serde_json::{Value, json};

use super::table::text;
use crate::{
    api::Connection,
    cli::Global,
    failure::{Failure, Outcome},
};

/// Vote for this co-op; voting again changes the vote, seven times at most
#[derive(Debug, Args)]
pub struct Vote {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    /// What you say: agree, abstain, stand-aside or block, and disagree where the charter has it
    choice: String,
    /// Why; a block needs 20 visible characters
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    reason: String,
    /// For a block: the number of the charter's aim that it protects, from 1
    #[arg(long, value_name = "NUMBER")]
    aim: Option<u64>,
    /// The number of the version you read; refused if it is no longer the one voted on
    #[arg(long, value_name = "NUMBER")]
    read_version: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

impl Vote {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let choice: domain::decision::Choice = self
            .choice
            .parse()
            .map_err(|error: domain::decision::ChoiceError| Failure::usage(error.to_string()))?;
        if self.aim == Some(0) {
            return Err(Failure::usage("the charter's aims are numbered from 1"));
        }
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        let (number, hash) = self.read_version(&decision)?;
        let fields = json!({
            "proposal": decision["id"],
            "version": hash,
            "choice": choice.as_str(),
            "aim": self.aim,
            "reason": self.reason,
        });
        let answer = api.act("vote", fields).await?;
        let said = format!(
            "{} on version {number} of {:?}. It is kept on this node and on its way to the others.",
            choice.as_str(),
            text(&decision, "title")
        );
        global.say(&answer, said)
    }

    fn read_version(&self, decision: &Value) -> Outcome<(u64, String)> {
        let Some(number) = self.read_version else {
            let number = decision["version"].as_u64().unwrap_or_default();
            return Ok((number, text(decision, "version_hash")));
        };
        let mut versions = decision["versions"].as_array().into_iter().flatten();
        let found = versions.find(|version| version["number"].as_u64() == Some(number));
        found
            .map(|version| (number, text(version, "hash")))
            .ok_or_else(|| {
                Failure::refused(format!("the proposal has no version {number} on this node"))
                    .hint("folkmoot show PROPOSAL")
            })
    }
}
