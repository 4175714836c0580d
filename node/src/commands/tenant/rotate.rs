//! `folkmoot tenant rotate`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Named, find, path_of};
use crate::{
    cli::Global,
    commands::{
        server::{optional_secret, without_nothing},
        table::{quoted, text, time},
    },
    failure::Outcome,
};

/// Give a front end a new secret
///
/// The old one works for seven more days, so that there is time to set the new one in the front end.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    named: Named,
    /// The old secret stops working at once: it was stolen
    #[arg(long)]
    now: bool,
    /// A file with the new secret [default: a new one is made and printed]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Rotate {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let secret = optional_secret(self.secret_file.as_ref())?;
        let tenant = find(&api, &self.named.tenant).await?;
        let fields = without_nothing(json!({
            "now": self.now,
            "secret": secret.as_ref().map(|secret| secret.as_str()),
        }));
        let path = format!("{}/rotate", path_of(&tenant));
        let answer = api.post(&path, &fields).await?;
        let mut said = format!("{} has a new secret.", text(&tenant, "name"));
        if answer["secret"].is_string() {
            said += &format!(
                "\nIt is {}\nfolkmoot tenant configuration {} --for greenlight --with-secret shows it \
                 again.",
                text(&answer, "secret"),
                quoted(&text(&tenant, "name"))
            );
        }
        said += &match self.now {
            true => "\nOld ones work no more.".to_owned(),
            false => format!(
                "\nThe old one works until {}.",
                time(&answer["old_until_ms"])
            ),
        };
        global.say(&answer, said)
    }
}
