//! `folkmoot show`

use clap::Args;
use serde_json::Value;

use super::table::{short, table, text, time};
use crate::{api::Connection, cli::Global, failure::Outcome};

/// Show one proposal: its text, every ballot, every figure
#[derive(Debug, Args)]
pub struct Show {
    /// The proposal: its id, or the beginning of it
    proposal: String,
    #[command(flatten)]
    connection: Connection,
}

impl Show {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let decision = api.decision(&self.proposal).await?;
        global.say(&decision, words(&decision))
    }
}

fn words(decision: &Value) -> String {
    let mut text_ = format!(
        "{}\n{}, version {}, proposed by {} at {}\n\n{}\n",
        text(decision, "title"),
        text(decision, "state"),
        text(decision, "version"),
        text(&decision["proposer"], "name"),
        time(&decision["proposed_ms"]),
        text(decision, "text").trim_end()
    );
    let phase = &decision["phase"];
    if phase.is_object() {
        text_ += &of_phase(phase, &decision["finality"]);
    }
    let comments = decision["comments"].as_array().cloned().unwrap_or_default();
    if !comments.is_empty() {
        text_ += "\nComments\n";
    }
    for comment in &comments {
        let answers = match comment["answers"].as_str() {
            Some(id) => format!(", on {}", short(id)),
            None => String::new(),
        };
        text_ += &format!(
            "  {} {} ({}{answers}): {}\n",
            short(&text(comment, "id")),
            text(comment, "person"),
            text(comment, "name"),
            // Its further lines are no lines of this program.
            text(comment, "text").replace('\n', "\n      ")
        );
    }
    text_
}

/// How final it is, in words.
fn final_words(finality: &Value) -> String {
    match finality["stage"].as_str() {
        Some("final") => format!(
            "final at height {}: {}",
            finality["height"],
            text(finality, "ending")
        ),
        Some("counting") => match finality["closing"]["round"].as_u64() {
            Some(round) => format!("counting; agreeing in round {round}"),
            None => format!(
                "counting; {} of {} seals",
                finality["closing"]["seals"], finality["closing"]["seals_needed"]
            ),
        },
        Some("voting" | "integration") => {
            "open in the register; provisional until it is over".to_owned()
        }
        Some("awaited") => "not in the register yet; provisional".to_owned(),
        Some("before-register") => "opened before the register; provisional".to_owned(),
        _ => "provisional".to_owned(),
    }
}

fn of_phase(phase: &Value, finality: &Value) -> String {
    let mut words = format!(
        "\nVoting by {} until {}\n{} ({})\n",
        text(phase, "rule"),
        time(&phase["deadline_ms"]),
        text(phase, "explanation"),
        final_words(finality)
    );
    if phase["fallback"] == true {
        words += "Consent was blocked; this is the vote that the proposer called.\n";
    }
    for extension in phase["extensions"].as_array().into_iter().flatten() {
        let why = match extension["cause"].as_str() {
            Some("late-block") => "a block came late",
            _ => "too few had voted",
        };
        let from = time(&extension["from_ms"]);
        words += &format!("Extended because {why}; it would have closed at {from}.\n");
    }
    let conditions = phase["conditions"].as_array().into_iter().flatten();
    for condition in conditions {
        let whole = match condition["whole"].as_u64() {
            Some(whole) => format!("/{whole}"),
            None => String::new(),
        };
        words += &format!(
            "  {} {}{}: {}{whole} {} {}{whole}\n",
            if condition["met"] == true {
                "met    "
            } else {
                "not met"
            },
            text(condition, "name"),
            match condition["class"].as_str() {
                Some(class) => format!(" of {class}"),
                None => String::new(),
            },
            text(condition, "figure"),
            text(condition, "relation"),
            text(condition, "bound")
        );
    }
    let ballots = phase["ballots"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = ballots
        .map(|ballot| {
            vec![
                short(&text(ballot, "id")),
                text(ballot, "name"),
                text(ballot, "choice"),
                text(ballot, "why_not"),
                text(ballot, "reason"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return words + "No ballot yet.\n";
    }
    words + &table(&["BALLOT", "MEMBER", "CHOICE", "", "REASON"], &rows) + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_of_several_lines_poses_as_nothing_else() {
        let decision = json!({
            "text": "We meet.",
            "comments": [{ "id": "11223344", "name": "Acme", "text": "Fine.\nVoting by consent" }],
        });
        let shown = words(&decision);
        assert!(shown.contains("(Acme): Fine.\n"), "{shown}");
        let mut lines = shown.lines();
        assert!(!lines.any(|line| line.starts_with("Voting")), "{shown}");
    }
}
