//! `folkmoot token`

use std::{fs, os::unix::fs::DirBuilderExt, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use super::table::{table, text, time};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::{Failure, Outcome},
    keyfile,
};

/// Your personal tokens, with which the commands act for you
#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// Sign in and keep a new token in the token file
    ///
    /// The password is read from --password-file, or from standard input.
    New {
        /// Your name, or mail address, on the node
        #[arg(long)]
        name: String,
        /// The one-time link you were given, to choose your name and password with
        #[arg(long, value_name = "LINK")]
        link: Option<String>,
        /// A file with the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// What the token is for
        #[arg(long, default_value = "folkmoot command")]
        label: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List your tokens
    List {
        #[command(flatten)]
        connection: Connection,
    },
    /// Delete a token
    Delete {
        /// Its id, as the list shows it
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Token {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::New {
                name,
                link,
                password_file,
                label,
                connection,
            } => {
                let password = password(password_file)?;
                let path = connection.token_path()?;
                if path.exists() {
                    return Err(Failure::configuration(format!(
                        "{} holds a token already",
                        path.display()
                    ))
                    .hint("remove the file, or name another: --token-file FILE"));
                }
                let api = enter(global, &connection, &name, link.as_deref(), &password).await?;
                let made = api.post("/api/tokens", &json!({ "label": label })).await?;
                keep(&path, &text(&made, "token"))?;
                let json = json!({ "file": path, "id": made["id"] });
                global.say(&json, format!("The token is in {}.", path.display()))
            }
            What::List { connection } => {
                let answer = connection.api(global)?.get("/api/tokens").await?;
                let all = answer["tokens"].as_array().cloned().unwrap_or_default();
                let rows: Vec<Vec<String>> = all
                    .iter()
                    .map(|one| {
                        vec![
                            text(one, "label"),
                            time(&one["created_ms"]),
                            time(&one["used_ms"]),
                            text(one, "id"),
                        ]
                    })
                    .collect();
                global.say(&answer, table(&["LABEL", "MADE", "LAST USED", "ID"], &rows))
            }
            What::Delete { id, connection } => {
                let api = connection.api(global)?;
                api.delete(&format!("/api/tokens/{id}")).await?;
                global.say(&json!({ "id": id }), "Deleted.")
            }
        }
    }
}

/// Reads a password from a file, or from standard input.
pub(super) fn password(file: Option<PathBuf>) -> Outcome<Zeroizing<String>> {
    let read = match &file {
        Some(path) => fs::read_to_string(path),
        None => {
            eprintln!("Password:");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        }
    };
    let text = Zeroizing::new(
        read.map_err(|error| Failure::usage("cannot read the password").because(error))?,
    );
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

async fn enter(
    global: &Global,
    connection: &Connection,
    name: &str,
    link: Option<&str>,
    password: &str,
) -> Outcome<Api> {
    let mut fields = vec![("name", name), ("password", password)];
    let Some(link) = link else {
        let mut api = connection.stranger(global)?;
        api.enter("/sign-in", &fields).await?;
        return Ok(api);
    };
    let (base, secret) = link.split_once("/welcome/").ok_or_else(|| {
        Failure::usage("the link is not whole").hint("copy all of it, with its …/welcome/…")
    })?;
    let mut api = Api::at(base)?;
    fields.push(("mail", ""));
    api.enter(&format!("/welcome/{secret}"), &fields).await?;
    Ok(api)
}

/// Writes a token's file.
pub(super) fn keep(path: &std::path::Path, token: &str) -> Outcome {
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(|error| {
                Failure::configuration(format!("cannot make {}", parent.display())).because(error)
            })?;
    }
    keyfile::write_private(path, format!("{token}\n").as_bytes())
}
