//! `folkmoot server set`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    Named,
    description::{Description, optional_secret},
    find, path_of,
};
use crate::{
    cli::Global,
    commands::table::text,
    failure::{Failure, Outcome},
};

/// Change what is said of one of your servers, or its secret
///
/// What you do not name stays as it is. --feature names all features from now on.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    named: Named,
    /// Its new name
    #[arg(long)]
    name: Option<String>,
    /// Its new address
    #[arg(long)]
    url: Option<String>,
    /// Where it stands now
    #[arg(long)]
    region: Option<String>,
    /// A file with its new secret
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// It can do nothing beyond meetings
    #[arg(long, conflicts_with = "feature")]
    no_features: bool,
    #[command(flatten)]
    description: Description,
}

impl Set {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let secret = optional_secret(self.secret_file.as_ref())?;
        let mut fields = self.description.fields();
        let given = [
            ("name", self.name.as_deref()),
            ("url", self.url.as_deref()),
            ("region", self.region.as_deref()),
            ("secret", secret.as_ref().map(|secret| secret.as_str())),
        ];
        for (field, value) in given {
            if let Some(value) = value {
                fields[field] = json!(value);
            }
        }
        if self.no_features {
            fields["features"] = json!([]);
        }
        if fields.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(Failure::usage("nothing is to be changed")
                .hint("folkmoot server set --help lists what can be"));
        }
        let server = find(&api, &self.named.server).await?;
        let answer = api.post(&path_of(&server), &fields).await?;
        global.say(&answer, format!("{} is changed.", text(&server, "name")))
    }
}
