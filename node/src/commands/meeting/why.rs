//! `folkmoot meeting why`

use clap::Args;
use serde_json::Value;

use super::{Named, find};
use crate::{
    cli::Global,
    commands::table::{text, time},
    failure::{Failure, Outcome},
};

/// Say why a meeting is on its server, or found none
///
/// Every server that was looked at has its sentence, the chosen one first.
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    named: Named,
}

impl Why {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let one = find(&api, &self.named.room, &["meetings", "unplaced"]).await?;
        let why = &one["why"];
        if why.is_null() {
            let message = "this meeting was placed before your node was started";
            return Err(Failure::refused(message).hint("the place is kept, the reasons are not"));
        }
        let server = text(&one, "server_name");
        let where_to = match server.as_str() {
            "" => "No place".to_owned(),
            server => format!("On {server}"),
        };
        let planned = match why["users"].as_u64() {
            None => String::new(),
            Some(1) => ", planned for 1 person".to_owned(),
            Some(people) => format!(", planned for {people} people"),
        };
        let mut lines = vec![format!("{where_to}, {}{planned}.", time(&why["at_ms"]))];
        let candidates = why["candidates"].as_array().into_iter().flatten();
        lines.extend(candidates.map(|one: &Value| format!("- {}", text(one, "sentence"))));
        global.say(&one, lines.join("\n"))
    }
}
