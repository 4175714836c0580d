//! `folkmoot tenant limits`

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of, rules_lines};
use crate::{
    cli::Global,
    commands::{
        server::{without_nothing, yes_or_no},
        table::text,
    },
    failure::{Failure, Outcome},
};

/// Set what a front end may have; without options, show it
///
/// First what --clear names goes, then --level sets its limits, then the rest is set.
#[derive(Debug, Args)]
#[command(after_long_help = web::meetings::levels::table(), after_help = web::meetings::levels::table())]
pub struct Limits {
    #[command(flatten)]
    named: Named,
    /// A service level: free, level-1, level-2, level-3, multi-account or custom
    #[arg(long)]
    level: Option<String>,
    /// Meetings at one time
    #[arg(long, value_name = "NUMBER")]
    meetings: Option<u32>,
    /// People in one meeting
    #[arg(long, value_name = "NUMBER")]
    participants: Option<u32>,
    /// People in all its meetings at one time
    #[arg(long, value_name = "NUMBER")]
    participants_total: Option<u32>,
    /// How long a meeting may last, in minutes
    #[arg(long, value_name = "MINUTES")]
    duration: Option<u32>,
    /// Whether meetings may be recorded
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    recording: Option<bool>,
    /// A parameter of create where the front end says nothing; may come several times
    #[arg(long, value_name = "NAME=VALUE")]
    default: Vec<String>,
    /// A parameter of create whatever the front end says; may come several times
    #[arg(long, value_name = "NAME=VALUE")]
    force: Vec<String>,
    /// What a server must be able to do for its meetings, such as recording or dedicated: they go only
    /// to servers that have all of these words; may come several times, names all
    #[arg(long, value_name = "WORD")]
    feature: Vec<String>,
    /// What to clear: meetings, participants, participants-total, duration, level, defaults, forced
    /// or features; may come several times
    #[arg(long, value_name = "WHAT")]
    clear: Vec<String>,
}

impl Limits {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let tenant = find(&api, &self.named.tenant).await?;
        let several = |given: &[String]| (!given.is_empty()).then(|| json!(given));
        let fields = without_nothing(json!({
            "level": self.level,
            "meetings_max": self.meetings,
            "participants_max": self.participants,
            "participants_total_max": self.participants_total,
            "duration_max_minutes": self.duration,
            "recording": self.recording,
            "defaults": several(&self.default),
            "forced": several(&self.force),
            "features": several(&self.feature),
            "clear": several(&self.clear),
        }));
        let is_empty = fields.as_object().is_none_or(serde_json::Map::is_empty);
        let rules = match is_empty {
            true if tenant["rules"].is_null() => {
                return Err(
                    Failure::refused("what this front end may have is set at its home")
                        .hint("ask there: folkmoot tenant limits --node URL"),
                );
            }
            true => tenant["rules"].clone(),
            false => {
                let path = format!("{}/limits", path_of(&tenant));
                api.post(&path, &fields).await?
            }
        };
        let mut lines = vec![text(&tenant, "name")];
        lines.extend(rules_lines(&rules));
        global.say(&rules, lines.join("\n"))
    }
}
