//! `folkmoot circle`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{short, table, text, time};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::{Failure, Outcome},
};

/// Circles: standing groups with a domain, people and gatherings
#[derive(Debug, Args)]
pub struct Circle {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// List the circles, who coordinates them, and how many people they have
    List {
        #[command(flatten)]
        connection: Connection,
    },
    /// Join a circle
    Join {
        /// The circle: its name, its id, or the beginning of it
        circle: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Leave a circle
    Leave {
        /// The circle: its name, its id, or the beginning of it
        circle: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List when circles gather in the next sixty days
    Gatherings {
        /// Of this circle: its name, its id, or the beginning of it
        circle: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Circle {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::List { connection } => {
                let api = connection.api(global)?;
                let answer = api.get("/api/circles").await?;
                global.say(&answer, list(&answer))
            }
            What::Join { circle, connection } => {
                let api = connection.api(global)?;
                membership(global, &api, &circle, true).await
            }
            What::Leave { circle, connection } => {
                let api = connection.api(global)?;
                membership(global, &api, &circle, false).await
            }
            What::Gatherings { circle, connection } => {
                let api = connection.api(global)?;
                let path = match circle {
                    Some(named) => {
                        let circle = find(&api, &named).await?;
                        format!("/api/gatherings?circle={}", text(&circle, "id"))
                    }
                    None => "/api/gatherings".to_owned(),
                };
                let answer = api.get(&path).await?;
                global.say(&answer, gatherings(&answer))
            }
        }
    }
}

async fn membership(global: &Global, api: &Api, named: &str, joined: bool) -> Outcome {
    let circle = find(api, named).await?;
    let fields = json!({ "circle": circle["id"], "joined": joined });
    let answer = api.act("membership", fields).await?;
    let name = text(&circle, "name");
    let said = match joined {
        true => format!("You are in the circle {name:?} now."),
        false => format!("You have left the circle {name:?}."),
    };
    global.say(&answer, said)
}

fn list(answer: &Value) -> String {
    let all = answer["circles"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        return "None.".to_owned();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let people = one["people"].as_array().cloned().unwrap_or_default();
            let first = people.iter().find(|each| each["coordinates"] == true);
            vec![
                short(&text(one, "id")),
                text(one, "name"),
                people.len().to_string(),
                first.map_or_else(String::new, |first| text(first, "name")),
                time(&one["coordinator_until_ms"]),
                if one["ended"] == true {
                    "ended".to_owned()
                } else {
                    String::new()
                },
            ]
        })
        .collect();
    table(
        &["ID", "CIRCLE", "PEOPLE", "COORDINATOR", "UNTIL", ""],
        &rows,
    )
}

fn gatherings(answer: &Value) -> String {
    let all = answer["gatherings"].as_array().into_iter().flatten();
    let mut rows: Vec<(u64, Vec<String>)> = all
        .flat_map(|one| {
            let times = one["times"].as_array().cloned().unwrap_or_default();
            times.into_iter().map(|at| {
                let row = vec![
                    time(&at["start_ms"]),
                    if at["cancelled"] == true {
                        "cancelled".to_owned()
                    } else {
                        String::new()
                    },
                    text(one, "title"),
                    text(one, "place"),
                ];
                (at["start_ms"].as_u64().unwrap_or_default(), row)
            })
        })
        .collect();
    if rows.is_empty() {
        return "None.".to_owned();
    }
    rows.sort();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    table(&["BEGINS", "", "GATHERING", "WHERE"], &rows)
}

/// The one circle of this name or beginning of an id.
pub(super) async fn find(api: &Api, named: &str) -> Outcome<Value> {
    let answer = api.get("/api/circles").await?;
    let all = answer["circles"].as_array().cloned().unwrap_or_default();
    let is_it = |one: &Value| {
        text(one, "name").to_lowercase() == named.to_lowercase()
            || named.len() >= 6 && text(one, "id").starts_with(named)
    };
    only_one(&all, is_it, named, "folkmoot circle list lists them")
}

/// The only thing that is meant, or what to write instead.
pub(super) fn only_one(
    all: &[Value],
    is_it: impl Fn(&Value) -> bool,
    named: &str,
    hint: &str,
) -> Outcome<Value> {
    let found: Vec<&Value> = all.iter().filter(|one| is_it(one)).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => Err(Failure::refused(format!("nothing here is {named:?}")).hint(hint)),
        _ => Err(Failure::refused(format!("several are {named:?}")).hint(hint)),
    }
}
