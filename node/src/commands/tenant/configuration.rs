//! `folkmoot tenant configuration`

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Named, find, path_of};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// Print what to set in a front end
///
/// The address is the node's public_url, if its configuration has one. A word stands where the secret
/// goes, unless a steward asks for the secret.
#[derive(Debug, Args)]
pub struct Configuration {
    #[command(flatten)]
    named: Named,
    /// The front end's program
    #[arg(long, value_name = "PROGRAM")]
    r#for: Program,
    /// With the secret in its place: for stewards
    #[arg(long)]
    with_secret: bool,
}

/// A program that front ends are made with.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    /// Greenlight 3
    Greenlight,
    /// Nextcloud with the app bbb
    Nextcloud,
    /// Moodle
    Moodle,
    /// WordPress with the plugin BigBlueButton
    Wordpress,
}

impl Program {
    fn word(self) -> &'static str {
        match self {
            Self::Greenlight => "greenlight",
            Self::Nextcloud => "nextcloud",
            Self::Moodle => "moodle",
            Self::Wordpress => "wordpress",
        }
    }
}

impl Configuration {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.named.connection.api(global)?;
        let tenant = find(&api, &self.named.tenant).await?;
        let fields = json!({ "for": self.r#for.word(), "with_secret": self.with_secret });
        let path = format!("{}/configuration", path_of(&tenant));
        let answer = api.post(&path, &fields).await?;
        global.say(&answer, text(&answer, "configuration").trim_end())
    }
}
