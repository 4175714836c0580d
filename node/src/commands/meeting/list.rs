//! `folkmoot meeting list`

use clap::Args;
use serde_json::Value;

use crate::{
    api::Connection,
    cli::Global,
    commands::table::{short, table, text, time},
    failure::Outcome,
};

/// List the meetings that run, and those that found no place
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    connection: Connection,
}

impl List {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let answer = self.connection.api(global)?.get("/api/meetings").await?;
        let of = |list: &str| answer[list].as_array().cloned().unwrap_or_default();
        let live = of("meetings").iter().map(live_row).collect::<Vec<_>>();
        let unplaced = of("unplaced").iter().map(unplaced_row).collect::<Vec<_>>();
        if live.is_empty() && unplaced.is_empty() {
            return global.say(&answer, "None.");
        }
        let rows = [live, unplaced].concat();
        let heading = [
            "ROOM",
            "FRONT END",
            "SINCE (UTC)",
            "PEOPLE",
            "SERVER",
            "REGION",
            "",
        ];
        global.say(&answer, table(&heading, &rows))
    }
}

/// People now, or else those planned for.
fn people(one: &Value) -> String {
    match (one["users"].as_u64(), one["expected_users"].as_u64()) {
        (Some(users), _) => users.to_string(),
        (None, Some(expected)) => format!("planned for {expected}"),
        (None, None) => String::new(),
    }
}

fn live_row(one: &Value) -> Vec<String> {
    let is_away = one["owner_away"] == true;
    let remark = if is_away { "its owner is away" } else { "" };
    vec![
        short(&text(one, "room")),
        text(one, "tenant_name"),
        time(&one["since_ms"]),
        people(one),
        text(one, "server_name"),
        text(one, "region"),
        remark.to_owned(),
    ]
}

fn unplaced_row(one: &Value) -> Vec<String> {
    let why = &one["why"];
    vec![
        short(&text(one, "room")),
        text(one, "tenant_name"),
        time(&why["at_ms"]),
        match why["users"].as_u64() {
            Some(users) => format!("planned for {users}"),
            None => String::new(),
        },
        String::new(),
        String::new(),
        "found no place".to_owned(),
    ]
}
