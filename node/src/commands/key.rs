//! `folkmoot key`

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    proof::{self, Asked},
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

/// Keys: list, grant, name delegates, revoke, export; make and prove one that lives elsewhere
///
/// `grant`, `mandate` and `revoke` are signed with this co-op's root key, which never leaves this
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
    /// Make a key for a person's own device, for a node or validator kept elsewhere, or a new root key
    New {
        /// The file, which must not exist; it is the only copy of the key
        file: PathBuf,
        /// What the key is for
        #[arg(long, default_value = "person", value_parser = ["person", "node", "validator", "root"])]
        purpose: String,
    },
    /// Agree, as the holder of a key, to its being granted: prints what `key grant` takes
    ///
    /// Run it where the key is, and pass the line on to a steward of the co-op. It shows no secret,
    /// and serves that co-op, purpose and person alone. What the key is for is in its file.
    /// Of a new root key it prints the effect of the proposal that puts it in the place of one that was
    /// lost or stolen.
    Prove {
        /// The key's file: of `key new`, or node.key of another data directory
        file: PathBuf,
        /// The federation's id, which `status --json` of the co-op's node shows
        #[arg(long)]
        federation: String,
        /// The co-op's id, which `members --json` shows
        #[arg(long)]
        member: String,
        /// The id of the person whose key it is, if the person has one [default: a new person]
        #[arg(long)]
        person: Option<String>,
    },
    /// Grant a key: of a person, a node or a validator
    ///
    /// A key that this node does not hold needs a proof: its holder makes one with `key prove`,
    /// which prints the key, the person and the proof as they are written here. Other roles for a
    /// key that was granted before need none.
    Grant {
        /// The key, did:key:…
        key: String,
        /// What it is for
        #[arg(long, default_value = "person", value_parser = ["person", "node", "validator"])]
        purpose: String,
        /// The person's roles, for persons
        #[arg(long, value_delimiter = ',')]
        roles: Vec<String>,
        /// The person's id, as `key prove` printed it [default: whose key it is already]
        #[arg(long)]
        person: Option<String>,
        /// The proof, as `key prove` printed it
        #[arg(long)]
        proof: Option<String>,
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
        match &self.command {
            What::New { file, purpose } => return proof::new_key(global, file, purpose),
            What::Prove {
                file,
                federation,
                member,
                person,
            } => return proof::prove(global, file, (federation, member), person.as_deref()),
            _ => {}
        }
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
                proof,
            } => {
                let asked = Asked {
                    key,
                    purpose,
                    roles,
                    person: person.as_deref(),
                    proof: proof.as_deref(),
                };
                proof::grant(access, directory, &root()?, &asked).await?
            }
            What::Mandate { keys } => {
                let act = mandate(access, keys).await?;
                let said = match keys.len() {
                    1 => "1 key votes for this co-op now.".to_owned(),
                    count => format!("{count} keys vote for this co-op now."),
                };
                (act, said)
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
            What::New { .. }
            | What::Prove { .. }
            | What::Export { .. }
            | What::RemoveRoot { .. } => return Ok(()),
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
