//! `folkmoot completions`

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{
    cli::{Cli, Global},
    failure::Outcome,
};

/// Print the completions of a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Outcome {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "folkmoot", &mut script);
        let script = String::from_utf8_lossy(&script);
        global.say(&serde_json::json!({ "script": script }), &script)
    }
}
