//! `folkmoot server list`

use clap::Args;
use serde_json::Value;

use crate::{
    api::Connection,
    cli::Global,
    commands::table::{table, text},
    failure::Outcome,
};

/// List the servers of all members
#[derive(Debug, Args)]
pub struct List {
    /// Those of your co-op alone
    #[arg(long)]
    own: bool,
    #[command(flatten)]
    connection: Connection,
}

impl List {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let mut answer = self.connection.api(global)?.get("/api/servers").await?;
        if let (true, Some(all)) = (self.own, answer["servers"].as_array_mut()) {
            all.retain(|one| one["own"] == true);
        }
        let all = answer["servers"].as_array().cloned().unwrap_or_default();
        if all.is_empty() {
            return global.say(&answer, "None.");
        }
        let mut rows: Vec<Vec<String>> = all.iter().map(row).collect();
        rows.sort();
        let heading = [
            "REGION", "NAME", "OWNER", "SERVICE", "PEOPLE", "ROOMS", "SHARE", "FEATURES", "",
        ];
        global.say(&answer, table(&heading, &rows))
    }
}

fn row(one: &Value) -> Vec<String> {
    let features = one["features"].as_array().into_iter().flatten();
    let features: Vec<&str> = features.filter_map(Value::as_str).collect();
    let trouble = match one["here"]["secret"].as_str() {
        Some("missing") => "no secret here",
        Some("shut") => "its secret does not open",
        _ => "",
    };
    vec![
        text(one, "region"),
        text(one, "name"),
        text(one, "owner_name"),
        text(one, "service"),
        text(one, "users"),
        text(one, "rooms"),
        format!("{} %", text(one, "share_percent")),
        features.join(" "),
        trouble.to_owned(),
    ]
}
