//! `folkmoot key`

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    root_key,
    table::{table, text},
};
use crate::{
    cli::Global,
    control::{Access, Command, RootAct},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
};

/// Keys: list, grant, name delegates, revoke, export
///
/// All but `list` and `export` are signed with this co-op's root key, which never leaves this
/// command.
#[derive(Debug, Args)]
pub struct Key {
    #[command(subcommand)]
    command: What,
    /// This co-op's root key, if it is not in the data directory
    #[arg(long, global = true, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
enum What {
    /// List the keys of this co-op
    List,
    /// Grant a key: of a person, a node or a validator
    Grant {
        /// The key, did:key:…
        key: String,
        /// What it is for
        #[arg(long, default_value = "person", value_parser = ["person", "node", "validator"])]
        purpose: String,
        /// The person's roles, for persons
        #[arg(long, value_delimiter = ',')]
        roles: Vec<String>,
        /// The person's id, if this is another key of one who has some [default: a new person]
        #[arg(long)]
        person: Option<String>,
    },
    /// Say who votes for this co-op, all of them; a new mandate outranks ballots under the old one
    Mandate {
        /// The keys, each of a person of this co-op; none takes the right from everyone
        keys: Vec<String>,
    },
    /// End a key; what it signed until now stands unless it was stolen
    Revoke {
        /// The key
        key: String,
        /// Nothing it ever signed stands
        #[arg(long)]
        nothing_stands: bool,
        /// Why, for the members
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Copy the root key to a file, to be kept elsewhere
    Export {
        /// The file, which must not exist
        file: PathBuf,
    },
    /// Remove the root key from this machine, once it is kept elsewhere
    RemoveRoot {
        /// The copy, which is compared first
        #[arg(long, value_name = "FILE")]
        copy: PathBuf,
    },
}

impl Key {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        match &self.command {
            What::Export { file } => return export(global, &directory, file),
            What::RemoveRoot { copy } => return remove_root(global, &directory, copy),
            _ => {}
        }
        let access = Access::open(&directory).await?;
        let done = self.with(global, &directory, &access).await;
        access.close().await?;
        done
    }

    async fn with(&self, global: &Global, directory: &DataDirectory, access: &Access) -> Outcome {
        let root = || root_key(directory, self.root_key.as_deref());
        let (act, said) = match &self.command {
            What::List => return list(global, access).await,
            What::Grant {
                key,
                purpose,
                roles,
                person,
            } => {
                let (act, person) = grant(key, purpose, roles, person.as_deref())?;
                let of = person.map_or(String::new(), |person| format!(" of person {person}"));
                (act, format!("Granted {key}{of}."))
            }
            What::Mandate { keys } => {
                let act = mandate(access, keys).await?;
                (act, format!("{} keys vote for this co-op now.", keys.len()))
            }
            What::Revoke {
                key,
                nothing_stands,
                reason,
            } => {
                let act = RootAct::Revoke {
                    key: key.clone(),
                    keep_nothing: *nothing_stands,
                    reason: reason.clone(),
                };
                (act, format!("Revoked {key}."))
            }
            What::Export { .. } | What::RemoveRoot { .. } => return Ok(()),
        };
        let id = access.sign_and_submit(&root()?, act).await?;
        global.say(&json!({ "id": id }), said)
    }
}

async fn list(global: &Global, access: &Access) -> Outcome {
    let answer = access.call(Command::Keys).await?;
    let all = answer["keys"].as_array().cloned().unwrap_or_default();
    let mut rows = vec![vec![
        text(&answer, "root"),
        "root".to_owned(),
        String::new(),
        String::new(),
        String::new(),
    ]];
    rows.extend(all.iter().map(|key| {
        let roles: Vec<&str> = key["roles"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str())
            .collect();
        let state = match (key["revoked"] == true, key["votes"] == true) {
            (true, _) => "revoked",
            (_, true) => "votes",
            _ => "",
        };
        vec![
            text(key, "key"),
            text(key, "purpose"),
            roles.join(","),
            text(key, "name"),
            state.to_owned(),
        ]
    }));
    let heading = ["KEY", "PURPOSE", "ROLES", "NAME", ""];
    global.say(&answer, table(&heading, &rows))
}

fn grant(
    key: &str,
    purpose: &str,
    roles: &[String],
    person: Option<&str>,
) -> Outcome<(RootAct, Option<String>)> {
    let is_person = purpose == "person";
    if is_person && roles.is_empty() {
        return Err(Failure::usage("a person's key needs roles")
            .hint("add for example --roles steward,delegate"));
    }
    if !is_person && (!roles.is_empty() || person.is_some()) {
        return Err(Failure::usage(format!(
            "a {purpose} key has no roles and no person"
        )));
    }
    let person = match person {
        Some(person) => Some(person.to_owned()),
        None if is_person => Some(hex::encode(crate::clock::random::<16>()?)),
        None => None,
    };
    let act = RootAct::Grant {
        purpose: purpose.to_owned(),
        key: key.to_owned(),
        person: person.clone(),
        roles: roles.to_vec(),
        custody: if is_person { "person" } else { "node" }.to_owned(),
    };
    Ok((act, person))
}

/// A mandate names persons: found by the keys' grants.
async fn mandate(access: &Access, keys: &[String]) -> Outcome<RootAct> {
    let answer = access.call(Command::Keys).await?;
    let all = answer["keys"].as_array().cloned().unwrap_or_default();
    let mut delegates = Vec::new();
    for key in keys {
        let known = all.iter().find(|known| text(known, "key") == *key);
        let known = known.ok_or_else(|| {
            Failure::refused(format!("{key} is no key of this co-op"))
                .hint("folkmoot key list shows them; grant it first with folkmoot key grant")
        })?;
        let person = known["person"]
            .as_str()
            .ok_or_else(|| Failure::refused(format!("{key} is no person's key")))?;
        delegates.push((key.clone(), person.to_owned()));
    }
    Ok(RootAct::Mandate { delegates })
}

fn export(global: &Global, directory: &DataDirectory, file: &std::path::Path) -> Outcome {
    let root = directory.key(Role::Root)?;
    keyfile::write(file, Role::Root, &root)?;
    let text = format!(
        "The root key is in {} too. Keep that file on another machine, or on paper, then:\n  \
         folkmoot key remove-root --copy {}",
        file.display(),
        file.display()
    );
    global.say(
        &json!({ "file": file, "root": root.public().to_string() }),
        text,
    )
}

fn remove_root(global: &Global, directory: &DataDirectory, copy: &std::path::Path) -> Outcome {
    let root = directory.key(Role::Root)?;
    if keyfile::read(copy, Role::Root)?.seed() != root.seed() {
        return Err(Failure::refused(format!(
            "{} holds another root key than the data directory",
            copy.display()
        ))
        .hint("folkmoot key export FILE"));
    }
    let path = directory.key_path(Role::Root);
    fs::remove_file(&path).map_err(|error| {
        Failure::configuration(format!("cannot remove {}", path.display())).because(error)
    })?;
    let text =
        "The root key is no longer on this node. Commands that need it take --root-key FILE.";
    global.say(&json!({ "root": root.public().to_string() }), text)
}
