//! `folkmoot decision`

use std::{io::Write, path::PathBuf};

use clap::{Args, Subcommand};
use register::file::DecisionFile;
use serde_json::json;

use crate::{
    api::Connection,
    cli::Global,
    failure::{Failure, Outcome},
};

/// What can be done with a decision that is final
#[derive(Debug, Args)]
pub struct Decision {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the file that shows anybody how a decision was made and counted
    ///
    /// Whoever gets it needs no node: folkmoot verify says what it proves. Without --out it is
    /// written to the output.
    Export {
        /// The proposal: its id, or the beginning of it
        proposal: String,
        /// Where to write it; a file that is there is not written over
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Decision {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let What::Export {
            proposal,
            out,
            connection,
        } = self.command;
        let api = connection.api(global)?;
        let decision = api.decision(&proposal).await?;
        let id = decision["id"].as_str().unwrap_or_default();
        let bytes = api.fetch(&format!("/api/decisions/{id}/file")).await?;
        // What is handed on is what others will be able to read.
        let strange = |error| {
            Failure::refused("the node answered something that proves nothing").because(error)
        };
        let file = DecisionFile::read(&bytes).map_err(strange)?;
        let proof = file.verify(None).map_err(strange)?;
        let Some(out) = out else {
            return write_out(&bytes);
        };
        let failed = |error: std::io::Error| {
            Failure::refused(format!("cannot write {}", out.display()))
                .because(error)
                .hint("name another file: --out FILE")
        };
        let mut written = std::fs::File::create_new(&out).map_err(failed)?;
        written.write_all(&bytes).map_err(failed)?;
        let answer = json!({ "file": out, "bytes": bytes.len(), "height": proof.height() });
        let said = format!(
            "It is in {}: final at height {}. Whoever has it runs folkmoot verify.",
            out.display(),
            proof.height()
        );
        global.say(&answer, said)
    }
}

/// Writes the file to the output, to the byte.
fn write_out(bytes: &[u8]) -> Outcome {
    match std::io::stdout().lock().write_all(bytes) {
        // Who reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::refused("cannot write the answer").because(error)),
        Ok(()) => Ok(()),
    }
}
