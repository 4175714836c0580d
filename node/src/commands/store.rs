//! `folkmoot store`

use std::io::{IsTerminal, Write};

use clap::{Args, Subcommand};
use domain::{cbor::Decode, entry::Entry, id::EntryId};
use replica::Replica;
use serde_json::json;
use store::{Options, Progress, Report, Step};

use crate::{
    cli::Global,
    failure::{Failure, Outcome},
};

/// Check or rebuild the store of a node that does not run
#[derive(Debug, Args)]
pub struct Store {
    #[command(subcommand)]
    command: What,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
enum What {
    /// Read everything and verify every signature
    Check,
    /// Make a new store of all that is whole; the damaged one is kept beside it
    Rebuild,
}

impl Store {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        let genesis = directory.genesis()?;
        let federation = genesis.federation();
        let mut replica = Replica::new(genesis);
        let verify = |_: u64, id: EntryId, bytes: &[u8]| verify(&mut replica, id, bytes);
        let show = |progress: Progress| show(&progress);
        let report = match self.command {
            What::Check => {
                let options = Options::default();
                let (store, opened) =
                    store::Store::open(directory.path(), federation, options).await?;
                let report = store.check(verify, show).await;
                end_progress();
                if opened.clean {
                    store.close().await?;
                }
                report?
            }
            What::Rebuild => {
                let path = directory.path();
                let report = store::Store::rebuild(path, federation, verify, show).await;
                end_progress();
                report?
            }
        };
        let json = json!({
            "sound": report.is_sound(),
            "entries": report.entries,
            "chunks": report.chunks,
            "local": report.local,
            "faults": report.first_faults.iter().map(|fault| &fault.text).collect::<Vec<_>>(),
            "damaged": report.damaged,
        });
        global.say(&json, words(&report))?;
        match self.command {
            What::Check if !report.is_sound() => Err(Failure::damaged(format!(
                "the store has {} faults",
                report.faults
            ))
            .hint("folkmoot store rebuild")),
            _ => Ok(()),
        }
    }
}

/// Judges one entry: what it is named by, its bytes, its signature, and whether it fits those
/// before it. An entry that rests on a lost one is given up with it: a node could not start from a
/// log with a hole, and gets both back from the others.
fn verify(replica: &mut Replica, id: EntryId, bytes: &[u8]) -> Result<(), String> {
    let federation = replica.federation();
    let entry = Entry::from_bytes(bytes).map_err(|error| error.to_string())?;
    if entry.id(&federation) != id {
        return Err("it is stored under another id".to_owned());
    }
    let verifier = entry
        .header
        .author
        .verifier()
        .map_err(|error| error.to_string())?;
    entry
        .verify(&federation, &verifier)
        .map_err(|error| error.to_string())?;
    let received = entry.header.time;
    replica
        .restore(entry, received)
        .map_err(|error| format!("it does not fit the entries before it: {error}"))
}

fn show(progress: &Progress) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let step = match progress.step {
        Step::Structure => "structure",
        Step::Rows => "entries",
        Step::Search => "searching",
        Step::Copy => "copying",
    };
    eprint!("\r{step}: {} of {}      ", progress.done, progress.total);
    // Progress that cannot be shown is not missed.
    let _ = std::io::stderr().flush();
}

fn end_progress() {
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
}

fn words(report: &Report) -> String {
    let mut text = format!(
        "{} entries, {} chunks and {} local values are whole.\n",
        report.entries, report.chunks, report.local
    );
    for fault in &report.first_faults {
        match &fault.entry {
            Some((position, id)) => text += &format!("entry {id} at {position}: {}\n", fault.text),
            None => text += &format!("{}\n", fault.text),
        }
    }
    if let Some(damaged) = &report.damaged {
        text += &format!("The damaged file is kept as {}.\n", damaged.display());
    }
    text
}
