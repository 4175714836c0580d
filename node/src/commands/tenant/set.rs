//! `folkmoot tenant set`

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of};
use crate::{
    cli::Global,
    commands::{server::without_nothing, table::text},
    failure::{Failure, Outcome},
};

/// Change a front end's name, or say where its people are
///
/// Its secrets and its meetings stay. What it may have: folkmoot tenant limits.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    named: Named,
    /// Its new name
    #[arg(long)]
    name: Option<String>,
    /// Where its people are now, such as eu-west
    #[arg(long)]
    region: Option<String>,
    /// Its people are everywhere
    #[arg(long, conflicts_with = "region")]
    no_region: bool,
}

impl Set {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let region = match self.no_region {
            true => Some(String::new()),
            false => self.region,
        };
        let fields = without_nothing(json!({ "name": self.name, "region": region }));
        if fields.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(Failure::usage("nothing is to be changed")
                .hint("folkmoot tenant set --help lists what can be"));
        }
        let api = self.named.connection.api(global)?;
        let tenant = find(&api, &self.named.tenant).await?;
        let answer = api.post(&path_of(&tenant), &fields).await?;
        global.say(&answer, format!("{} is changed.", text(&answer, "name")))
    }
}
