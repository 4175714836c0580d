//! `folkmoot server list`

use clap::Args;
use serde_json::Value;

use crate::{
    api::Connection,
    cli::Global,
    commands::table::{short, table, text, time},
    failure::Outcome,
};

/// List the servers of all members, and how they are now
///
/// SERVICE is what the owner says: open, cordoned (no new meetings for now), draining (no new ones any
/// more) or tests-only. NOW is how full a server is of what it has least of: people, processing, traffic
/// or rooms.
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
            "REGION", "NAME", "ID", "OWNER", "SERVICE", "NOW", "PEOPLE", "ROOMS", "SHARE",
            "FEATURES", "",
        ];
        global.say(&answer, table(&heading, &rows))
    }
}

/// How a server is: how full of what it has least of, or since when it keeps silent.
fn now(one: &Value) -> String {
    if let Some(full) = one["utilisation_ppm"].as_u64() {
        return format!("{} % of {}", (full + 5_000) / 10_000, text(one, "fullest"));
    }
    match time(&one["heard_ms"]) {
        at if at.is_empty() => "no answer".to_owned(),
        at => format!("no answer, last heard of {at}"),
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
        short(&text(one, "id")),
        text(one, "owner_name"),
        text(one, "service"),
        now(one),
        text(one, "users"),
        text(one, "rooms"),
        format!("{} %", text(one, "share_percent")),
        features.join(" "),
        trouble.to_owned(),
    ]
}
