//! `folkmoot node add`

use std::{fs, path::PathBuf};

use clap::Args;
use domain::{
    key::SecretKey,
    record::{Grant, Purpose},
};
use federation::application::INTRODUCTION_MAX;
use serde_json::json;
use web::copy::Kind;
use zeroize::Zeroizing;

use super::Copied;
use crate::{
    cli::Global,
    clock,
    commands::root_key,
    control::{Access, RootAct},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    founding, keyfile,
    nodefile::{self, Code},
};

/// Make the file that a second node is set up with
///
/// Makes a key for it, which the root key grants, and writes to the file that key and what this node keeps
/// of front ends, servers and rooms, with their secrets. The file opens with the printed code alone, which
/// is shown once: carry them apart. On the other machine: folkmoot node take FILE
#[derive(Debug, Args)]
pub struct Add {
    /// The file, which must not exist
    pub file: PathBuf,
    /// What the new node is called in its own pages and logs [default: the first's name and "second node"]
    #[arg(long)]
    name: Option<String>,
    /// This co-op's root key, if it is not in the data directory
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

impl Add {
    pub async fn run(self, global: &Global, directory: &DataDirectory, access: &Access) -> Outcome {
        let root = root_key(directory, self.root_key.as_deref())?;
        let before = Copied::ask(access, None).await?;
        let member = access.member_of(&root).await?;
        if before.member != member {
            return Err(
                Failure::refused("this root key is not that of the node's member")
                    .hint("name the file of the right one: --root-key FILE"),
            );
        }
        if before.entries.len() >= INTRODUCTION_MAX {
            return Err(Failure::refused(format!(
                "more than {INTRODUCTION_MAX} entries would have to show the new node to others"
            )));
        }
        let name = self.name(directory)?;
        let key = SecretKey::from_seed(&Zeroizing::new(clock::random()?));
        let code = Code::new()?;
        // The place first, so that no key is granted that nothing holds.
        keyfile::write_private(&self.file, &[])?;
        let made = self.make(directory, access, (&root, &key), &name, &code);
        let counts = match made.await {
            Ok(counts) => counts,
            Err(failure) => {
                // What was begun serves nobody.
                let _ = fs::remove_file(&self.file);
                return Err(failure);
            }
        };
        let file = self.file.display();
        global.note(
            "The file opens with this code alone, which is shown once. Carry them apart, and take the file \
             on one machine only.",
        );
        let text = format!(
            "{}\n\nThe file {file} is the second node ({}). On its machine:\n  folkmoot node take {file}",
            *code.text(),
            super::counted(&counts)
        );
        let json = json!({
            "file": self.file, "code": *code.text(), "node": key.public().to_string(),
            "name": name, "counts": counts,
        });
        global.say(&json, text)
    }

    fn name(&self, directory: &DataDirectory) -> Outcome<String> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let first = directory.config()?.node.name;
                let name = format!("{first}, second node");
                let fits = !first.is_empty() && founding::check_name("name", &name).is_ok();
                if fits { name } else { "Second node".to_owned() }
            }
        };
        founding::check_name("name", &name)?;
        Ok(name)
    }

    /// Grants the key and writes the file; gives what is in it.
    async fn make(
        &self,
        directory: &DataDirectory,
        access: &Access,
        (root, key): (&SecretKey, &SecretKey),
        name: &str,
        code: &Code,
    ) -> Outcome<serde_json::Value> {
        let federation = directory.genesis()?.federation();
        let member = access.member_of(root).await?;
        let proof = Grant::prove(key, &federation, &member, Purpose::Node, None);
        let grant = RootAct::Grant {
            purpose: "node".to_owned(),
            key: key.public().to_string(),
            person: None,
            roles: Vec::new(),
            custody: "node".to_owned(),
            proof: Some(hex::encode(proof.0)),
        };
        access.sign_and_submit(root, grant).await?;
        let written = async {
            let copied = Copied::ask(access, Some(&key.public())).await?;
            let counts = counts(&copied);
            let contents = copied.into_contents(directory, name.to_owned(), Some(key.clone()))?;
            keyfile::replace_private(&self.file, &nodefile::seal(&contents, code)?)?;
            Ok(counts)
        };
        written.await.map_err(|failure: Failure| {
            let key = key.public();
            failure.hint(format!(
                "the key that was granted is lost; end it, then try again: folkmoot key revoke {key}"
            ))
        })
    }
}

/// How many rows of each kind were copied.
pub(super) fn counts(copied: &Copied) -> serde_json::Value {
    let of = |kind| copied.rows.iter().filter(|row| row.kind == kind).count();
    json!({
        "servers": of(Kind::Server), "tenants": of(Kind::Tenant), "rooms": of(Kind::Room),
    })
}
