//! `folkmoot members`

use clap::Args;
use domain::id::Timestamp;
use federation::format_utc;

use super::{
    admit::standing,
    leave::departed,
    table::{table, text},
};
use crate::{
    cli::Global,
    control::{Access, Command},
    failure::Outcome,
};

/// List the members of the federation, and who asks to become one
#[derive(Debug, Args)]
pub struct Members {}

impl Members {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let access = Access::open(&global.directory()?).await?;
        let answer = access.call(Command::Members).await;
        access.close().await?;
        let answer = answer?;
        let all = answer["members"].as_array().cloned().unwrap_or_default();
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|member| {
                let since = Timestamp(member["since_ms"].as_u64().unwrap_or_default());
                vec![
                    text(member, "name"),
                    text(member, "class"),
                    format_utc(since).chars().take(10).collect(),
                    if member["founder"] == true {
                        "founder".to_owned()
                    } else {
                        String::new()
                    },
                    text(member, "host"),
                    text(member, "votes_held"),
                    text(member, "root"),
                ]
            })
            .collect();
        let heading = [
            "NAME",
            "CLASS",
            "SINCE",
            "",
            "HOST",
            "VOTES HELD",
            "ROOT KEY",
        ];
        let mut said = table(&heading, &rows);
        for one in answer["former"].as_array().into_iter().flatten() {
            said = format!("{said}\n{}.", departed(one));
        }
        let asking = answer["candidates"].as_array().into_iter().flatten();
        let asking: Vec<Vec<String>> = asking
            .map(|one| {
                let fields = ["name", "class"].map(|field| text(one, field));
                let more = [text(&one["through"], "name"), standing(&one["standing"])];
                [&fields[..], &more, &[text(one, "root")]].concat()
            })
            .collect();
        if !asking.is_empty() {
            let heading = ["ASKS TO JOIN", "CLASS", "THROUGH", "STATE", "ROOT KEY"];
            said = format!("{said}\n\n{}", table(&heading, &asking));
        }
        global.say(&answer, said)
    }
}
