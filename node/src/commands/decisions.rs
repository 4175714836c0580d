//! `folkmoot decisions`

use clap::Args;

use super::table::{short, table, text, time};
use crate::{api::Connection, cli::Global, failure::Outcome};

/// List the proposals and how they stand; folkmoot register lists what is final
#[derive(Debug, Args)]
pub struct Decisions {
    /// Which: all, open, closed, waiting (for your vote), voting, blocked, review or deliberation
    #[arg(long, value_name = "WHICH", default_value = "all")]
    show: String,
    #[command(flatten)]
    connection: Connection,
}

impl Decisions {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let show: String = form_urlencoded::byte_serialize(self.show.as_bytes()).collect();
        let api = self.connection.api(global)?;
        let answer = api.get(&format!("/api/decisions?show={show}")).await?;
        let all = answer["decisions"].as_array().cloned().unwrap_or_default();
        if all.is_empty() {
            return global.say(&answer, "None.");
        }
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|one| {
                let votes = match one["eligible"].as_u64() {
                    Some(eligible) => format!("{} of {eligible}", text(one, "cast")),
                    None => String::new(),
                };
                vec![
                    short(&text(one, "id")),
                    text(one, "state"),
                    votes,
                    time(&one["deadline_ms"]),
                    if one["needs_our_vote"] == true {
                        "vote!".to_owned()
                    } else {
                        String::new()
                    },
                    text(one, "title"),
                ]
            })
            .collect();
        let heading = ["ID", "STATE", "VOTES", "UNTIL", "", "TITLE"];
        global.say(&answer, table(&heading, &rows))
    }
}
