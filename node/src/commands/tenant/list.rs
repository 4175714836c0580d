//! `folkmoot tenant list`

use clap::Args;
use serde_json::Value;

use super::limit;
use crate::{
    api::Connection,
    cli::Global,
    commands::table::{short, table, text},
    failure::Outcome,
};

/// List the front ends of your co-op; stewards see all that your node serves
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    connection: Connection,
}

impl List {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let answer = self.connection.api(global)?.get("/api/tenants").await?;
        let all = answer["tenants"].as_array().cloned().unwrap_or_default();
        if all.is_empty() {
            return global.say(&answer, "None.");
        }
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        let heading = [
            "ID", "NAME", "MEMBER", "REGION", "LEVEL", "MEETINGS", "PEOPLE", "",
        ];
        global.say(&answer, table(&heading, &rows))
    }
}

fn row(one: &Value) -> Vec<String> {
    let rules = &one["rules"];
    let figure = |field| match rules.is_null() {
        true => String::new(),
        false => limit(rules, field),
    };
    vec![
        short(&text(one, "id")),
        text(one, "name"),
        text(one, "member_name"),
        text(one, "region"),
        text(rules, "level"),
        figure("meetings_max"),
        figure("participants_max"),
        trouble(one).to_owned(),
    ]
}

/// What keeps a tenant from being served here, if something does.
pub(super) fn trouble(one: &Value) -> &'static str {
    match (one["secret"].as_str(), one["home"] == true) {
        (Some("shut"), _) => "its secret does not open: folkmoot tenant rotate",
        (Some("missing"), true) => "no secret here: folkmoot tenant rotate --secret-file",
        (Some("missing"), false) => "at another node",
        _ => "",
    }
}
