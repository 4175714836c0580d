//! `folkmoot action`

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use web::gatherings::{Day, day_number};

use super::{
    circle,
    table::{short, table, text, time},
};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::{Failure, Outcome},
};

const DAY_MS: u64 = 86_400_000;

/// Action points: who does what for a circle by when
#[derive(Debug, Args)]
pub struct Action {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// List action points: yours that are open, unless you say otherwise
    List {
        /// Everybody's
        #[arg(long)]
        all: bool,
        /// Of this circle: its name, its id, or the beginning of it
        #[arg(long, value_name = "CIRCLE")]
        circle: Option<String>,
        /// Which: open, done, dropped or all
        #[arg(long, value_name = "STATE", default_value = "open")]
        state: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Add an action point to a circle you are in
    Add {
        /// The circle: its name, its id, or the beginning of it
        circle: String,
        /// What is to be done, on one line
        what: String,
        /// Who does it: a name or a person's id [default: you]
        #[arg(long = "for", value_name = "PERSON")]
        person: Option<String>,
        /// By when: a day, as 2027-01-31, which ends in UTC
        #[arg(long, value_name = "DAY")]
        due: Option<String>,
        /// The proposal or document it comes from: its whole id
        #[arg(long, value_name = "ID")]
        from: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say that an action point was done
    Done {
        /// The action point: its id, or the beginning of it
        action: String,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Action {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::List {
                all,
                circle,
                state,
                connection,
            } => {
                let api = connection.api(global)?;
                let circle = match circle {
                    Some(named) => Some(circle::find(&api, &named).await?),
                    None => None,
                };
                let path = path(&state, !all && circle.is_none(), circle.as_ref());
                let answer = api.get(&path).await?;
                global.say(&answer, list(&answer))
            }
            What::Add {
                circle,
                what,
                person,
                due,
                from,
                connection,
            } => {
                let due_ms = due.as_deref().map(end_of_day).transpose()?;
                let api = connection.api(global)?;
                let circle = circle::find(&api, &circle).await?;
                let mut fields = json!({ "circle": circle["id"], "words": what });
                if let Some(due_ms) = due_ms {
                    fields["due_ms"] = json!(due_ms);
                }
                if let Some(from) = from {
                    fields["source"] = json!(from);
                }
                if let Some(named) = person {
                    let found = find_person(&api, &named).await?;
                    fields["member"] = found["member"].clone();
                    fields["person"] = found["id"].clone();
                }
                let answer = api.act("action", fields).await?;
                let id = short(&text(&answer, "id"));
                let said = format!(
                    "Action point {id} of the circle {:?}.",
                    text(&circle, "name")
                );
                global.say(&answer, said)
            }
            What::Done { action, connection } => {
                let api = connection.api(global)?;
                let known = find(&api, &action).await?;
                let fields = json!({
                    "action": known["id"],
                    "circle": known["circle"],
                    "member": known["member"],
                    "person": known["person"],
                    "due_ms": known["due_ms"],
                    "source": known["source"],
                    "state": "done",
                });
                let answer = api.act("action", fields).await?;
                global.say(&answer, format!("Done: {}", text(&known, "words")))
            }
        }
    }
}

fn path(state: &str, mine: bool, circle: Option<&Value>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", state);
    if mine {
        query.append_pair("mine", "true");
    }
    if let Some(circle) = circle {
        query.append_pair("circle", &text(circle, "id"));
    }
    format!("/api/actions?{}", query.finish())
}

fn list(answer: &Value) -> String {
    let all = answer["actions"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        return "None.".to_owned();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let who = match one["name"].as_str() {
                Some(name) => format!("{name} ({})", text(one, "member_name")),
                None => text(one, "member_name"),
            };
            vec![
                short(&text(one, "id")),
                text(one, "state"),
                time(&one["due_ms"]),
                if one["overdue"] == true {
                    "overdue!".to_owned()
                } else {
                    String::new()
                },
                who,
                text(one, "circle_name"),
                text(one, "words"),
            ]
        })
        .collect();
    table(&["ID", "STATE", "DUE", "", "WHO", "CIRCLE", "WHAT"], &rows)
}

/// The last second of a day in UTC.
fn end_of_day(day: &str) -> Outcome<u64> {
    let number = day.parse::<Day>().ok().and_then(day_number);
    let number = number.ok_or_else(|| {
        Failure::usage(format!("{day:?} is no day")).hint("write year-month-day: 2027-01-31")
    })?;
    Ok((number + 1) * DAY_MS - 1_000)
}

/// The one action point whose id begins like this.
async fn find(api: &Api, id: &str) -> Outcome<Value> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", "all").append_pair("id", id);
    let path = format!("/api/actions?{}", query.finish());
    let answer = api.get(&path).await?;
    let all = answer["actions"].as_array().cloned().unwrap_or_default();
    let hint = "folkmoot action list --all lists them";
    circle::only_one(&all, |one| text(one, "id").starts_with(id), id, hint)
}

/// The one person of this name or id, of any member.
async fn find_person(api: &Api, named: &str) -> Outcome<Value> {
    let answer = api.get("/api/persons").await?;
    let all = answer["persons"].as_array().cloned().unwrap_or_default();
    let is_it = |one: &Value| {
        text(one, "id") == named || text(one, "name").to_lowercase() == named.to_lowercase()
    };
    let hint = "write the whole id of one; folkmoot circle list --json has them";
    circle::only_one(&all, is_it, named, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_in_its_last_second() {
        assert_eq!(end_of_day("1970-01-01").unwrap(), 86_399_000);
        assert!(end_of_day("soon").is_err() && end_of_day("1969-12-31").is_err());
    }
}
