//! `folkmoot server check`

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// A clock off by more than this is said, in milliseconds.
const CLOCK_OFF_MS_MAX: u64 = 5_000;

/// Call one of your servers: does it answer, does it accept the secret, is its clock right?
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    named: Named,
}

impl Check {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let server = find(&api, &self.named.server).await?;
        let path = format!("{}/check", path_of(&server));
        let answer = api.post(&path, &json!({})).await?;
        let mut lines = vec![
            format!(
                "{} answers in {} ms.",
                text(&server, "name"),
                text(&answer, "round_trip_ms")
            ),
            match text(&answer, "server_version") {
                release if release.is_empty() => {
                    format!("Its API has version {}.", text(&answer, "version"))
                }
                release => format!(
                    "It is BigBlueButton {release}; its API has version {}.",
                    text(&answer, "version")
                ),
            },
            "It accepts the secret.".to_owned(),
            match answer["meetings"].as_u64() {
                Some(1) => "It has 1 meeting.".to_owned(),
                count => format!("It has {} meetings.", count.unwrap_or_default()),
            },
        ];
        lines.push(match answer["clock_ahead_ms"].as_i64() {
            None => "It does not say what time it has.".to_owned(),
            Some(off) if off.unsigned_abs() <= CLOCK_OFF_MS_MAX => "Its clock is right.".to_owned(),
            Some(off) => format!(
                "Its clock is {} s {} this node's: turn on time synchronisation there (NTP).",
                off.unsigned_abs() / 1_000,
                if off > 0 { "ahead of" } else { "behind" }
            ),
        });
        global.say(&answer, lines.join("\n"))
    }
}
