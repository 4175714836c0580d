//! `folkmoot config`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{cli::Global, config, failure::Outcome};

/// Look at the configuration
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    command: What,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
enum What {
    /// Check folkmoot.toml and say what is wrong with it
    Check {
        /// The file [default: folkmoot.toml in the data directory]
        file: Option<PathBuf>,
    },
}

impl Config {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Outcome {
        let What::Check { file } = self.command;
        let path = match file.or_else(|| global.config.clone()) {
            Some(path) => path,
            None => global.directory()?.config_path(),
        };
        if !path.exists() {
            let text = format!("{} is not there: the defaults apply.", path.display());
            return global.say(&json!({ "ok": true, "file": null }), text);
        }
        config::Config::read(&path)?;
        let text = format!("{} is in order.", path.display());
        global.say(&json!({ "ok": true, "file": path }), text)
    }
}
