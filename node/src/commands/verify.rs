//! `folkmoot verify`

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use domain::id::FederationId;
use register::{
    contradiction::{ContradictionError, EvidenceFile},
    file::{DecisionFile, FILE_BYTES_MAX, FileError, SinceError, since},
};
use serde_json::json;

use crate::{
    cli::Global,
    failure::{Failure, Outcome},
};

/// Verify a decision file: who decided what, and how it was counted; or a file of evidence
///
/// Works anywhere, without a node, a data directory or a network. With --federation nothing in the
/// file is taken on trust but that at most a third of the validators lied; without, anybody could have made
/// it: compare the id and the founders' keys that it shows with what you know from elsewhere.
///
/// A file of evidence shows that a key signed two things that exclude each other: verify says what they are,
/// and what that does not prove.
///
/// With --since it shows that nothing which an older file showed has been rewritten.
#[derive(Debug, Args)]
pub struct Verify {
    /// The file
    file: PathBuf,
    /// The federation's id, from a source you trust
    #[arg(long, value_name = "ID")]
    federation: Option<FederationId>,
    /// An older decision file of the federation, which FILE must continue
    #[arg(long, value_name = "OLD")]
    since: Option<PathBuf>,
}

impl Verify {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Outcome {
        let (path, federation) = (&self.file, self.federation.as_ref());
        let bytes = read_bytes(path)?;
        if self.since.is_none() && EvidenceFile::is_meant(&bytes) {
            let read = EvidenceFile::read(&bytes);
            let proven = read.and_then(|file| file.verify(federation));
            let proven = proven.map_err(|error| no_evidence(path, error))?;
            return global.say(&proven.to_json(), proven.words().join("\n"));
        }
        let file = DecisionFile::read(&bytes).map_err(|error| refused(path, error))?;
        let Some(older) = &self.since else {
            let verified = file.verify(federation);
            let proof = verified.map_err(|error| refused(path, error))?;
            return global.say(&proof.to_json(), proof.words().join("\n"));
        };
        let old = read(older)?;
        let verified = since(&old, &file, federation);
        let (before, after) = verified.map_err(|error| broken(older, path, error))?;
        let json = json!({
            "continues": true,
            "federation": after.federation.to_string(),
            "from": before.height(),
            "to": after.height(),
            "old": before.to_json(),
            "new": after.to_json(),
        });
        let first: String = after
            .unpinned()
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        let text = format!(
            "{first}{} continues {}: every height up to {} is the same, to the byte.\n\
             Nothing that the older file shows has been rewritten.\n\
             Federation {}",
            path.display(),
            older.display(),
            before.height(),
            after.federation
        );
        global.say(&json, text)
    }
}

fn read(path: &Path) -> Outcome<DecisionFile> {
    let bytes = read_bytes(path)?;
    DecisionFile::read(&bytes).map_err(|error| refused(path, error))
}

fn no_evidence(path: &Path, error: ContradictionError) -> Failure {
    let hint = match &error {
        ContradictionError::OtherFederation { .. } => {
            "compare the id with what the federation publishes"
        }
        ContradictionError::Format { .. } => "update folkmoot and try again",
        _ => "it convicts nobody: ask whoever gave it to you for the file as it was written",
    };
    let message = format!("{} proves nothing", path.display());
    Failure::refused(message).because(error).hint(hint)
}

/// Reads a file, never more of it than a decision file can have.
fn read_bytes(path: &Path) -> Outcome<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Failure::refused(format!("cannot read {}", path.display())).because(error)
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = FILE_BYTES_MAX as u64 + 1;
    let mut file = file.take(most);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn refused(path: &Path, error: FileError) -> Failure {
    let hint = match &error {
        FileError::OtherFederation { .. } => "compare the id with what the federation publishes",
        FileError::Format { .. } | FileError::Requires(_) => "update folkmoot and try again",
        _ => "ask for the file again, from another member if you can, and keep this one",
    };
    let message = format!("{} proves nothing", path.display());
    Failure::refused(message).because(error).hint(hint)
}

fn broken(old: &Path, new: &Path, error: SinceError) -> Failure {
    let hint = match &error {
        SinceError::Old(_) | SinceError::New(_) => "verify each of the two by itself",
        SinceError::Federation { .. } => "compare files of one federation",
        SinceError::Shorter { .. } => "the older file is the one after --since",
        SinceError::Rewritten { .. } | SinceError::Ending { .. } => {
            "keep both files and show them to every member: validators signed two histories"
        }
    };
    let message = format!("{} does not continue {}", new.display(), old.display());
    Failure::refused(message).because(error).hint(hint)
}
