//! `folkmoot tenant show`

use clap::Args;

use super::{Named, find, list::trouble, rules_lines};
use crate::{
    cli::Global,
    commands::table::{text, time},
    failure::Outcome,
};

/// Show a front end and what it may have
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    named: Named,
}

impl Show {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let tenant = find(&api, &self.named.tenant).await?;
        let mut lines = vec![
            format!(
                "{} of {}",
                text(&tenant, "name"),
                text(&tenant, "member_name")
            ),
            format!("Id: {}", text(&tenant, "id")),
        ];
        if !text(&tenant, "region").is_empty() {
            lines.push(format!("Region: {}", text(&tenant, "region")));
        }
        if !tenant["rules"].is_null() {
            lines.extend(rules_lines(&tenant["rules"]));
        }
        let old = tenant["old_secrets_until_ms"].as_array();
        for until in old.into_iter().flatten() {
            lines.push(format!("An old secret works until {}", time(until)));
        }
        if !trouble(&tenant).is_empty() {
            lines.push(format!("Trouble: {}", trouble(&tenant)));
        }
        global.say(&tenant, lines.join("\n"))
    }
}
