//! `folkmoot node take`

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use domain::{cbor::Encode, key::SecretKey};
use federation::{Core, format_utc};
use serde_json::{Value, json};
use web::vault::VaultKey;
use zeroize::Zeroizing;

use super::{counted, secrets_key};
use crate::{
    cli::Global,
    clock,
    config::Config,
    control::{Access, Command, Desk},
    directory::DataDirectory,
    driver::Running,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
    nodefile::{self, Code, Contents},
    opening,
    vault::SecretsKeyFile,
};

/// The longest code, however it is spaced.
const CODE_BYTES_MAX: u64 = 256;
/// How far a file may lie ahead of this machine's clock: what it holds would not be taken otherwise.
const AHEAD_SECONDS_MAX: u64 = 300;
/// What may lie in the data directory of a node that is yet to be set up.
const CONFIGURATION: &str = "folkmoot.toml";

/// Set up a second node with a file of node add, or bring it up to date with one of node pack
///
/// The code is read from --code-file, or from standard input. For a new node the data directory is empty,
/// but perhaps for folkmoot.toml.
#[derive(Debug, Args)]
pub struct Take {
    /// The file
    file: PathBuf,
    /// A file with the code
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

impl Take {
    pub async fn run(self, global: &Global, directory: &DataDirectory) -> Outcome {
        let bytes = nodefile::read(&self.file)?;
        let contents = nodefile::open(&bytes, &code(self.code_file.as_deref())?)?;
        check_clock(&contents)?;
        if directory.has_genesis() {
            let counts = bring_up_to_date(directory, contents).await?;
            let gone = match counts["gone"].as_u64() {
                Some(0) | None => String::new(),
                Some(gone) => format!("; front ends that have ended: {gone}"),
            };
            let text = format!("This node is up to date ({}{gone}).", counted(&counts));
            return global.say(&json!({ "data": directory.path(), "counts": counts }), text);
        }
        let config = global.config.clone();
        let config = config.unwrap_or_else(|| directory.config_path());
        let kept = config.exists();
        let addresses = contents.addresses.clone();
        let (node, counts) = set_up(directory, contents).await?;
        global.note(format!(
            "Delete {} now, and take it on no other machine: two nodes with one key void each other's entries.",
            self.file.display()
        ));
        if kept {
            global.note(format!(
                "{} stays as it is. Write into its section [network]:\n  bootstrap = {addresses:?}",
                config.display()
            ));
        }
        let text = format!(
            "This is the second node of its co-op now ({}).\n  node      {node}\n\
             Front ends, links into rooms and /metrics work here as at the first one. People sign in there.\n\
             Next, after a look at {}: folkmoot run",
            counted(&counts),
            config.display()
        );
        let json = json!({
            "data": directory.path(), "node": node, "bootstrap": addresses, "counts": counts,
        });
        global.say(&json, text)
    }
}

/// The code: of a file, or typed.
fn code(file: Option<&Path>) -> Outcome<Code> {
    let mut text = Zeroizing::new(String::with_capacity(CODE_BYTES_MAX as usize));
    let read = match file {
        Some(path) => fs::File::open(path)
            .and_then(|file| file.take(CODE_BYTES_MAX).read_to_string(&mut text)),
        None => {
            eprintln!("Code:");
            let stdin = std::io::stdin().lock();
            std::io::BufRead::read_line(&mut stdin.take(CODE_BYTES_MAX), &mut text)
        }
    };
    read.map_err(|error| Failure::usage("cannot read the code").because(error))?;
    Code::parse(&text).ok_or_else(|| {
        Failure::usage("this is no code of a node file")
            .hint("type all eight groups of four letters and digits, as they were printed")
    })
}

/// Refuses a file that was made later than it is here: its entries would wait, and nobody would say why.
fn check_clock(contents: &Contents) -> Outcome {
    let now = clock::now();
    if contents.made <= now.plus_seconds(AHEAD_SECONDS_MAX) {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "the file was made at {}, and here it is {}",
        format_utc(contents.made),
        format_utc(now)
    ))
    .hint("set the clock of the machine that is wrong; if that was the first one, make the file again"))
}

/// Gives a node that is there what is in the file.
async fn bring_up_to_date(directory: &DataDirectory, contents: Contents) -> Outcome<Value> {
    let genesis = directory.genesis()?;
    if genesis.federation() != contents.genesis.federation() {
        return Err(Failure::configuration(format!(
            "{} belongs to the federation {:?}, and the file to {:?}",
            directory.path().display(),
            genesis.name,
            contents.genesis.name
        ))
        .hint("choose another directory: --data DIR"));
    }
    let own = directory.key(Role::Node)?.public();
    let key = contents.key.as_ref();
    if key.is_some_and(|key| key.public() != own) {
        return Err(Failure::configuration(format!(
            "{} holds a node already, and the file is another one",
            directory.path().display()
        ))
        .hint(
            "take it in an empty directory: --data DIR; to bring this node up to date: folkmoot node pack FILE \
             at the first one",
        ));
    }
    match secrets_key(directory)? {
        Some(key) if key != contents.secrets_key => {
            return Err(Failure::configuration(format!(
                "{} is not the key of the node that made the file, so that its secrets do not open here",
                directory.secrets_key_path().display()
            ))
            .hint("set this node up anew: folkmoot node add FILE at the first one, then take it in an empty directory"));
        }
        _ => {}
    }
    let access = Access::open(directory).await?;
    let done = give(&access, directory, contents).await;
    access.close().await?;
    done
}

async fn give(access: &Access, directory: &DataDirectory, contents: Contents) -> Outcome<Value> {
    if secrets_key(directory)?.is_none() {
        keep_secrets_key(directory, &contents)?;
    }
    access.call(take_copy(contents)).await
}

fn take_copy(contents: Contents) -> Command {
    Command::TakeCopy {
        member: contents.member.to_string(),
        from: contents.from.to_string(),
        made_ms: contents.made.0,
        rows: contents.rows,
    }
}

fn keep_secrets_key(directory: &DataDirectory, contents: &Contents) -> Outcome {
    let kept = SecretsKeyFile::of(directory).keep(&contents.secrets_key);
    kept.map_err(|error| {
        let path = directory.secrets_key_path();
        Failure::configuration(format!("cannot write {}", path.display())).because(error)
    })
}

/// Makes the data directory of a new node; gives its key, and what it serves.
async fn set_up(directory: &DataDirectory, mut contents: Contents) -> Outcome<(String, Value)> {
    let key = contents.key.take().ok_or_else(|| {
        Failure::refused(
            "the file has no key of a node: it is for a second node that is there already",
        )
        .hint("make one for a new node at the first: folkmoot node add FILE")
    })?;
    let was_there = directory.path().exists();
    DataDirectory::create(directory.path())?;
    check_empty(directory)?;
    let node = key.public().to_string();
    match fill(directory, key, contents).await {
        Ok(counts) => Ok((node, counts)),
        Err(failure) => {
            clear(directory, was_there);
            Err(failure)
        }
    }
}

/// Refuses a directory in which something lies that a node could mistake for its own.
fn check_empty(directory: &DataDirectory) -> Outcome {
    let found = fs::read_dir(directory.path()).map_err(|error| {
        Failure::configuration(format!("cannot read {}", directory.path().display())).because(error)
    })?;
    let mut names = found.flatten().map(|one| one.file_name());
    match names.find(|name| name != CONFIGURATION) {
        None => Ok(()),
        Some(name) => Err(Failure::configuration(format!(
            "{} is not empty: it has {}",
            directory.path().display(),
            name.to_string_lossy()
        ))
        .hint("choose an empty directory: --data DIR")),
    }
}

/// Removes what was begun in a directory that was empty.
fn clear(directory: &DataDirectory, was_there: bool) {
    let path = directory.path();
    // What cannot be removed is named by the next try, which finds the directory not empty.
    if !was_there {
        let _ = fs::remove_dir_all(path);
        return;
    }
    for one in fs::read_dir(path).into_iter().flatten().flatten() {
        if one.file_name() != CONFIGURATION {
            let _ = fs::remove_file(one.path());
        }
    }
}

/// Writes everything; the genesis last, which makes the directory a node's.
async fn fill(directory: &DataDirectory, key: SecretKey, contents: Contents) -> Outcome<Value> {
    keyfile::write(&directory.key_path(Role::Node), Role::Node, &key)?;
    keep_secrets_key(directory, &contents)?;
    let genesis = contents.genesis.clone();
    let begun = opening::begin(directory, genesis.clone(), key, &contents.entries).await?;
    let running = begun.start(None, false);
    let filled = fill_store(directory, &running, contents).await;
    // The key may have signed elsewhere, if the file was taken there: so it compares first.
    opening::leave(running).await?;
    let (counts, config) = filled?;
    let path = directory.config_path();
    if !path.exists() {
        keyfile::write_private(&path, config.as_bytes())?;
    }
    keyfile::write_private(&directory.genesis_path(), &genesis.to_bytes())?;
    Ok(counts)
}

async fn fill_store(
    directory: &DataDirectory,
    running: &Running,
    contents: Contents,
) -> Outcome<(Value, String)> {
    let handle = &running.handle;
    if handle.read(Core::member) != Some(contents.member) {
        return Err(
            Failure::refused("the file does not show that this is a node of its member")
                .hint("make another at the first node: folkmoot node add FILE"),
        );
    }
    let config = Config::template(&contents.name, &contents.addresses);
    let desk = Desk::new(handle.clone(), directory.clone(), Vec::new());
    let counts = desk.carry_out(take_copy(contents)).await?;
    Ok((counts, config))
}
