//! `folkmoot tenant`

mod add;
mod configuration;
mod limits;
mod list;
mod remove;
mod rotate;
mod set;
mod show;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{circle::only_one, table::text};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::Outcome,
};

/// Tenants: the front ends that have their meetings through your node
///
/// A tenant is what the pages call a front end: a Greenlight, a Nextcloud, a Moodle or the like. To it your node is one
/// BigBlueButton server.
#[derive(Debug, Args)]
pub struct Tenant {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    List(list::List),
    Add(add::Add),
    Show(show::Show),
    Set(set::Set),
    Limits(limits::Limits),
    Rotate(rotate::Rotate),
    Configuration(configuration::Configuration),
    Remove(remove::Remove),
}

/// A tenant of this node.
#[derive(Debug, Args)]
struct Named {
    /// The tenant: its name, its id, or the beginning of it
    tenant: String,
    #[command(flatten)]
    connection: Connection,
}

impl Tenant {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::List(command) => command.run(global).await,
            What::Add(command) => command.run(global).await,
            What::Show(command) => command.run(global).await,
            What::Set(command) => command.run(global).await,
            What::Limits(command) => command.run(global).await,
            What::Rotate(command) => command.run(global).await,
            What::Configuration(command) => command.run(global).await,
            What::Remove(command) => command.run(global).await,
        }
    }
}

/// The one tenant of this name or beginning of an id.
async fn find(api: &Api, named: &str) -> Outcome<Value> {
    let answer = api.get("/api/tenants").await?;
    let all = answer["tenants"].as_array().cloned().unwrap_or_default();
    let is_it = |one: &Value| {
        text(one, "name") == named || named.len() >= 6 && text(one, "id").starts_with(named)
    };
    only_one(&all, is_it, named, "folkmoot tenant list lists them")
}

/// Where the API has a tenant.
fn path_of(tenant: &Value) -> String {
    format!("/api/tenants/{}", text(tenant, "id"))
}

/// A limit for people.
fn limit(rules: &Value, field: &str) -> String {
    match rules[field].as_u64() {
        Some(limit) => limit.to_string(),
        None => "no limit".to_owned(),
    }
}

/// What a tenant may have, in lines.
fn rules_lines(rules: &Value) -> Vec<String> {
    let mut lines = vec![
        format!("Meetings at one time: {}", limit(rules, "meetings_max")),
        format!(
            "People in one meeting: {}",
            limit(rules, "participants_max")
        ),
        format!(
            "People in all at one time: {}",
            limit(rules, "participants_total_max")
        ),
        format!(
            "Minutes of a meeting: {}",
            limit(rules, "duration_max_minutes")
        ),
        format!(
            "Recording: {}",
            if rules["recording"] == true {
                "yes"
            } else {
                "no"
            }
        ),
    ];
    let words = |field: &str| {
        let all = rules[field].as_array().into_iter().flatten();
        all.filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if !text(rules, "level").is_empty() {
        lines.insert(0, format!("Service level: {}", text(rules, "level")));
    }
    if !words("features").is_empty() {
        lines.push(format!("Features wanted: {}", words("features").join(" ")));
    }
    lines.extend(
        words("defaults")
            .iter()
            .map(|one| format!("Default: {one}")),
    );
    lines.extend(words("forced").iter().map(|one| format!("Forced: {one}")));
    lines
}
