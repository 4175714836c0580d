//! `folkmoot person`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::id::Timestamp;
use federation::format_utc;
use serde_json::json;

use super::{
    root_key,
    table::{table, text},
};
use crate::{
    cli::Global,
    control::{Access, Command, RootAct, roles_of},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    founding,
};

/// People of this co-op: invite, remove, list
///
/// Stewards do the same on the dashboard; here the root key signs.
#[derive(Debug, Args)]
pub struct Person {
    #[command(subcommand)]
    command: What,
    /// This co-op's root key, if it is not in the data directory
    #[arg(long, global = true, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// List the persons of this co-op
    List,
    /// Invite a person: prints a one-time link
    Invite {
        /// The name
        name: String,
        /// What the person may do
        #[arg(long, value_delimiter = ',', default_value = "delegate")]
        roles: Vec<String>,
    },
    /// Take all rights from a person, and the account on this node
    Remove {
        /// The person's name or id
        person: String,
        /// Why, for the members
        #[arg(long, default_value = "")]
        reason: String,
    },
}

impl Person {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        let access = Access::open(&directory).await?;
        let done = match &self.command {
            What::List => list(global, &access).await,
            What::Invite { name, roles } => {
                self.invite(global, &directory, &access, name, roles).await
            }
            What::Remove { person, reason } => {
                self.remove(global, &directory, &access, person, reason)
                    .await
            }
        };
        access.close().await?;
        done
    }

    async fn invite(
        &self,
        global: &Global,
        directory: &DataDirectory,
        access: &Access,
        name: &str,
        words: &[String],
    ) -> Outcome {
        founding::check_name("name", name)?;
        let roles = roles_of(words)?;
        let root = root_key(directory, self.root_key.as_deref())?;
        let known = access.call(Command::Persons).await?;
        let mut known = known["persons"].as_array().into_iter().flatten();
        if known.any(|one| text(one, "name") == name && one["revoked"] != true) {
            return Err(
                Failure::refused(format!("this co-op has a person {name:?} already")).hint(
                    "folkmoot person list; to invite anew: folkmoot person remove, then invite",
                ),
            );
        }
        let keys = access.call(Command::Keys).await?;
        let (invitation, secret) = founding::invite_person(name, roles)?;
        let (person, key) = (invitation.person.to_string(), invitation.key.to_string());
        let expires = invitation.expires();
        let federation = directory.genesis()?.federation();
        let member = access.member_of(&root).await?;
        let proof = founding::prove_invited((&invitation, &secret), &federation, &member)?;
        let grant = RootAct::Grant {
            purpose: "person".to_owned(),
            key: key.clone(),
            person: Some(person.clone()),
            roles: words.to_vec(),
            custody: "node".to_owned(),
            proof: Some(hex::encode(proof.0)),
        };
        access.sign_and_submit(&root, grant).await?;
        let invitation = Box::new(invitation);
        access.call(Command::KeepInvitation { invitation }).await?;
        if words.iter().any(|word| word == "delegate") {
            let mut delegates = voting(&keys);
            delegates.push((key, person.clone()));
            let mandate = RootAct::Mandate { delegates };
            access.sign_and_submit(&root, mandate).await?;
        }
        let path = format!("/welcome/{}", *secret.text());
        let config = directory.config()?;
        let base = match config.web.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", config.web.listen),
        };
        let link = format!("{base}{path}");
        global.note(format!(
            "For {name} alone, once, until {}:",
            format_utc(Timestamp(expires.0))
        ));
        let json = json!({ "person": person, "link": link, "path": path, "expires_ms": expires.0 });
        global.say(&json, &link)
    }

    async fn remove(
        &self,
        global: &Global,
        directory: &DataDirectory,
        access: &Access,
        person: &str,
        reason: &str,
    ) -> Outcome {
        let root = root_key(directory, self.root_key.as_deref())?;
        let answer = access.call(Command::Persons).await?;
        let all = answer["persons"].as_array().cloned().unwrap_or_default();
        let fits =
            |one: &&serde_json::Value| text(one, "person") == person || text(one, "name") == person;
        let of_person: Vec<_> = all.iter().filter(fits).collect();
        let Some(id) = of_person.first().map(|one| text(one, "person")) else {
            return Err(
                Failure::refused(format!("this co-op has no person {person:?}"))
                    .hint("folkmoot person list"),
            );
        };
        if of_person.iter().any(|one| text(one, "person") != id) {
            return Err(
                Failure::refused(format!("several persons are called {person:?}"))
                    .hint("name the id instead; folkmoot person list shows it"),
            );
        }
        let keys = access.call(Command::Keys).await?;
        let delegates = voting(&keys);
        let rest: Vec<_> = delegates
            .iter()
            .filter(|(_, whose)| *whose != id)
            .cloned()
            .collect();
        if rest.len() != delegates.len() {
            let mandate = RootAct::Mandate { delegates: rest };
            access.sign_and_submit(&root, mandate).await?;
        }
        for one in of_person.iter().filter(|one| one["revoked"] != true) {
            let act = RootAct::Revoke {
                key: text(one, "key"),
                keep_nothing: false,
                reason: reason.to_owned(),
            };
            access.sign_and_submit(&root, act).await?;
        }
        access
            .call(Command::RemoveAccount { person: id.clone() })
            .await?;
        global.say(
            &json!({ "person": id }),
            format!("Removed {person}: the keys are revoked, the account is gone."),
        )
    }
}

/// The delegates of the mandate in force.
fn voting(keys: &serde_json::Value) -> Vec<(String, String)> {
    let all = keys["keys"].as_array().into_iter().flatten();
    all.filter(|key| key["votes"] == true)
        .map(|key| (text(key, "key"), text(key, "person")))
        .collect()
}

async fn list(global: &Global, access: &Access) -> Outcome {
    let answer = access.call(Command::Persons).await?;
    let all = answer["persons"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let roles = one["roles"].as_array().into_iter().flatten();
            let roles: Vec<&str> = roles.filter_map(|role| role.as_str()).collect();
            let state = match (one["revoked"] == true, one["invited"] == true) {
                (true, _) => "removed",
                (_, true) => "invited",
                _ => "",
            };
            vec![
                text(one, "name"),
                roles.join(","),
                state.to_owned(),
                text(one, "person"),
            ]
        })
        .collect();
    let heading = ["NAME", "ROLES", "", "PERSON"];
    global.say(&answer, table(&heading, &rows))
}
