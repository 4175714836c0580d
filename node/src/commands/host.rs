//! `folkmoot host`

use std::{fs, os::unix::fs::DirBuilderExt, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    admit::standing,
    host_join::{Choices, Words, apply, join, sign_next},
    table::{table, text},
};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::{Failure, Outcome},
};

/// How many digits of an id stand for it at least.
const ID_DIGITS_MIN: usize = 4;

/// Hosting: members without a node of their own, and the node that serves them
///
/// Individuals, and co-ops without a node, are members through a host: invite them, answer those
/// who move here, or, as one of them, join with keys of your own and move to another host.
#[derive(Debug, Args)]
pub struct Host {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// Invite a co-op without a node or a person: prints a link to sign up with
    Invite {
        /// Whom it is for, for your own memory
        name: String,
        /// The class it is for; any if left out
        #[arg(long, default_value = "", hide_default_value = true)]
        class: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the members hosted here, who signed up, and who asks to move here
    List {
        #[command(flatten)]
        connection: Connection,
    },
    /// Say yes to a member that chose this node's co-op as its host
    Accept {
        /// The member: its name or id
        member: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say no to a member that asks, or end hosting it
    End {
        /// The member: its name or id
        member: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Remove what is left here of who was never admitted, or is not hosted here any more
    ///
    /// The sign-up, the accounts and the keys in them. Of who is still hosted: folkmoot host end.
    Remove {
        /// The newcomer or member: its name or id
        member: String,
        /// Also where the only copy of a member's root key may go with it
        #[arg(long)]
        with_keys: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print your member's keys as a text, which your password opens at another host
    Export {
        #[command(flatten)]
        connection: Connection,
    },
    /// Ask another member to host yours; until a steward there agrees, nothing changes
    Move {
        /// The new host: its name or id; your own name if you have a node now
        host: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Join through a host with keys that never leave this machine
    ///
    /// Makes the keys in a directory, applies, and keeps a token for the host's node. Where a register
    /// has begun, all members decide: you read the charter, accept it with --accept-charter, and say
    /// who you are and what you commit yourselves to. Once you are admitted: folkmoot host sign. The
    /// password, for the host's pages, is read from --password-file, or from standard input.
    Join {
        /// The link that a steward of the host gave you
        link: String,
        /// The name of the new member: the co-op's, or your own
        #[arg(long)]
        name: String,
        /// The class
        #[arg(long)]
        class: String,
        /// Your name, to sign in with [default: the member's]
        #[arg(long)]
        person: Option<String>,
        #[command(flatten)]
        words: Words,
        /// The directory for the keys, which is made
        #[arg(long, value_name = "DIR")]
        keys: PathBuf,
        /// A file with the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Apply to all members with keys on this machine, or again
    ///
    /// After the charter has changed or you were not admitted, and where you signed up before the
    /// register began: folkmoot host sign says so.
    Apply {
        #[command(flatten)]
        words: Words,
        /// The directory with the keys
        #[arg(long, value_name = "DIR")]
        keys: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
    /// Sign what makes you a member, once you are admitted
    Sign {
        /// The directory with the keys
        #[arg(long, value_name = "DIR")]
        keys: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Host {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::Invite {
                name,
                class,
                connection,
            } => {
                let api = connection.api(global)?;
                let body = json!({ "name": name, "class": class });
                let mut answer = api.post("/api/hosted/invitations", &body).await?;
                let link = format!("{}{}", api.url(), text(&answer, "path"));
                answer["link"] = json!(link);
                global.note("For one co-op or person, for seven days. It is not shown again.");
                global.say(&answer, link)
            }
            What::List { connection } => list(global, &connection.api(global)?).await,
            What::Accept { member, connection } => {
                respond(global, &connection.api(global)?, &member, true).await
            }
            What::End { member, connection } => {
                respond(global, &connection.api(global)?, &member, false).await
            }
            What::Remove {
                member,
                with_keys,
                connection,
            } => remove(global, &connection.api(global)?, &member, with_keys).await,
            What::Export { connection } => {
                let api = connection.api(global)?;
                let answer = api.post("/api/hosted/export", &json!({})).await?;
                global.note(
                    "Paste this at your new host, with the password you use here. Keep it to yourself.",
                );
                global.say(&answer, text(&answer, "keys"))
            }
            What::Move { host, connection } => {
                let api = connection.api(global)?;
                let (id, name) = find_member(&api, &host).await?;
                let answer = api.act("host", json!({ "host": id })).await?;
                let said = format!(
                    "You asked {name} to host you. A steward there answers: folkmoot host accept"
                );
                global.say(&answer, said)
            }
            What::Join {
                link,
                name,
                class,
                person,
                words,
                keys,
                password_file,
                connection,
            } => {
                let choices = Choices {
                    person: person.unwrap_or_else(|| name.clone()),
                    name,
                    class,
                    words,
                };
                let token = connection.token_path()?;
                make_directory(&keys)?;
                join(global, &link, choices, (&keys, &token), password_file).await
            }
            What::Apply {
                words,
                keys,
                connection,
            } => apply(global, &connection.api(global)?, &keys, &words).await,
            What::Sign { keys, connection } => {
                sign_next(global, &connection.api(global)?, &keys).await
            }
        }
    }
}

/// Makes a directory that only its owner reads.
fn make_directory(path: &std::path::Path) -> Outcome {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|error| {
        Failure::configuration(format!("cannot make {}", path.display())).because(error)
    })
}

async fn list(global: &Global, api: &Api) -> Outcome {
    let answer = api.get("/api/hosted").await?;
    let of = |field: &str| answer[field].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for one in of("newcomers") {
        let state = match one["standing"].is_null() {
            false => standing(&one["standing"]),
            true => {
                let (signed, needed) = (text(&one, "signed"), text(&one, "needed"));
                format!("{signed} of {needed} founders")
            }
        };
        rows.push(vec![
            text(&one, "name"),
            text(&one, "class"),
            state,
            text(&one, "id"),
        ]);
    }
    for one in of("members") {
        let state = match (one["here"] == true, &*text(&one, "state")) {
            (true, "in-force") => "hosted here".to_owned(),
            (true, _) => format!("hosted here, chose {}", text(&one, "chosen")),
            (false, "pending") => "asks to be hosted".to_owned(),
            (false, state) => state.to_owned(),
        };
        rows.push(vec![
            text(&one, "name"),
            text(&one, "class"),
            state,
            text(&one, "id"),
        ]);
    }
    for one in of("left") {
        let state = "left; its accounts are here";
        rows.push(vec![
            text(&one, "name"),
            text(&one, "class"),
            state.to_owned(),
            text(&one, "id"),
        ]);
    }
    for one in of("invitations") {
        let class = text(&one, "class");
        rows.push(vec![
            text(&one, "name"),
            class,
            "invited".to_owned(),
            String::new(),
        ]);
    }
    if rows.is_empty() {
        return global.say(&answer, "Nobody is hosted here, and nobody asks.");
    }
    global.say(&answer, table(&["NAME", "CLASS", "STATE", "ID"], &rows))
}

async fn remove(global: &Global, api: &Api, given: &str, with_keys: bool) -> Outcome {
    let answer = api.get("/api/hosted").await?;
    let of = |field: &str| answer[field].as_array().cloned().unwrap_or_default();
    let all = [of("newcomers"), of("left"), of("members")].concat();
    let (id, name) = one_of(&all, given, "folkmoot host list")?;
    let keeps_root = of("left")
        .iter()
        .any(|one| text(one, "id") == id && one["keeps_root"] == true);
    if keeps_root && !with_keys {
        let said = format!("the keys of {name} are in an account here, maybe the only ones");
        return Err(Failure::refused(said).hint(
            "ask whether its people took them along (folkmoot host export), then --with-keys",
        ));
    }
    let asked = if with_keys { "?with_keys=yes" } else { "" };
    let path = format!("/api/hosted/{id}{asked}");
    let answer = api.delete(&path).await?;
    let said = format!(
        "Nothing of {} is left here. Accounts removed: {}.",
        text(&answer, "name"),
        text(&answer, "accounts")
    );
    global.say(&answer, said)
}

async fn respond(global: &Global, api: &Api, member: &str, accepts: bool) -> Outcome {
    let (id, name) = find_member(api, member).await?;
    let fields = json!({ "member": id, "accepts": accepts });
    let answer = api.act("hosting", fields).await?;
    let said = match accepts {
        true => format!("Your co-op hosts {name} now."),
        false => format!("Your co-op does not host {name}."),
    };
    global.say(&answer, said)
}

/// The member of a name or id.
pub(super) async fn find_member(api: &Api, given: &str) -> Outcome<(String, String)> {
    let answer = api.get("/api/members").await?;
    let all = answer["members"].as_array().cloned().unwrap_or_default();
    one_of(&all, given, "folkmoot members")
}

/// The one of a name, an id or the beginning of an id, as id and name; `listed` is the command that lists them.
fn one_of(all: &[Value], given: &str, listed: &str) -> Outcome<(String, String)> {
    let fits = |one: &&Value| text(one, "id") == given || text(one, "name") == given;
    let mut found: Vec<&Value> = all.iter().filter(fits).collect();
    if found.is_empty() && given.len() >= ID_DIGITS_MIN {
        let begins = |one: &&Value| text(one, "id").starts_with(given);
        found = all.iter().filter(begins).collect();
    }
    match found[..] {
        [one] => Ok((text(one, "id"), text(one, "name"))),
        [] => Err(
            Failure::refused(format!("there is no member {given:?} on this node"))
                .hint(format!("{listed} lists them")),
        ),
        _ => Err(Failure::refused(format!("{given:?} means several members"))
            .hint(format!("write the id, which {listed} --json shows"))),
    }
}
