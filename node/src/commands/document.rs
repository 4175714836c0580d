//! `folkmoot document`

mod files;
mod writing;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::record::Sort;
use serde_json::{Value, json};

use self::{
    files::{attach, fetch},
    writing::{edit, plain, restart},
};
use super::{
    circle,
    table::{short, table, text, time},
    words::Words,
};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::{Failure, Outcome},
};

/// Documents: texts that the members write together, such as drafts and minutes
#[derive(Debug, Args)]
pub struct Document {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// List the documents people work on
    List {
        /// The finished ones too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print a document's text
    Show {
        /// The document: its id, or the beginning of it
        document: String,
        /// The text as these edits leave it, with commas between: folkmoot document history
        #[arg(long, value_name = "EDITS")]
        version: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Begin a document
    New {
        /// What it is called
        title: String,
        #[command(flatten)]
        words: Words,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        connection: Connection,
    },
    /// Change a document: in your editor, or to a text that you give
    ///
    /// Without --text or --file it opens $VISUAL or $EDITOR. What others write meanwhile is merged.
    /// When the node cannot be reached the text is kept in a file, and --basis says later which text
    /// you had changed.
    Edit {
        /// The document: its id, or the beginning of it
        document: String,
        #[command(flatten)]
        words: Words,
        /// The edits of the text that you changed, with commas between [default: the text as it is
        /// now]
        #[arg(long, value_name = "EDITS")]
        basis: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List who changed it when, and which changes had no effect
    History {
        /// The document: its id, or the beginning of it
        document: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Attach a file, of at most 4 MiB, in place of one with the same name
    Attach {
        /// The document: its id, or the beginning of it
        document: String,
        /// The file
        file: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
    /// Fetch what is attached to a document
    Fetch {
        /// The document: its id, or the beginning of it
        document: String,
        /// What it is called [default: lists what is attached]
        name: Option<String>,
        /// Where to write it; a file that is there is not written over [default: its name]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Take away what is attached to a document
    Detach {
        /// The document: its id, or the beginning of it
        document: String,
        /// What it is called
        name: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Begin it anew with the text it has, when it is nearly full
    Restart {
        /// The document: its id, or the beginning of it
        document: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say where a document belongs, or that it is finished
    File {
        /// The document: its id, or the beginning of it
        document: String,
        #[command(flatten)]
        place: Place,
        /// It is finished or given up
        #[arg(long, conflicts_with = "open")]
        closed: bool,
        /// People work on it again
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Where a document belongs.
#[derive(Debug, Clone, Args)]
struct Place {
    /// What it is for: text, draft, agenda or minutes
    #[arg(long)]
    sort: Option<Sort>,
    /// The circle it belongs to: its name, its id, or the beginning of it
    #[arg(long, value_name = "CIRCLE")]
    circle: Option<String>,
    /// The proposal it is to become the next version of: its id, or the beginning of it
    #[arg(long, value_name = "ID")]
    proposal: Option<String>,
}

impl Place {
    /// The same with whole ids of what there is.
    async fn checked(mut self, api: &Api) -> Outcome<Self> {
        if let Some(circle) = &self.circle {
            self.circle = Some(text(&circle::find(api, circle).await?, "id"));
        }
        if let Some(proposal) = &self.proposal {
            self.proposal = Some(text(&api.decision(proposal).await?, "id"));
        }
        Ok(self)
    }

    fn is_given(&self) -> bool {
        self.sort.is_some() || self.circle.is_some() || self.proposal.is_some()
    }
}

impl Document {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::List { all, connection } => list(global, &connection.api(global)?, all).await,
            What::Show {
                document,
                version,
                connection,
            } => show(global, &connection.api(global)?, &document, version).await,
            What::New {
                title,
                words,
                place,
                connection,
            } => {
                let api = connection.api(global)?;
                // Looked at first: a document must not stand where its place was refused.
                let place = place.checked(&api).await?;
                let words = if words.is_given() {
                    words.read()?
                } else {
                    String::new()
                };
                let fields = json!({ "title": title, "text": words });
                let answer = api.act("begin", fields).await?;
                let id = text(&answer, "id");
                if place.is_given() {
                    file(&api, &id, &place, None).await?;
                }
                let said = format!(
                    "Begun {0}. To write: folkmoot document edit {0}",
                    short(&id)
                );
                global.say(&answer, said)
            }
            What::Edit {
                document,
                words,
                basis,
                connection,
            } => {
                let api = connection.api(global)?;
                edit(global, &api, &document, (&words, basis)).await
            }
            What::History {
                document,
                connection,
            } => history(global, &connection.api(global)?, &document).await,
            What::Attach {
                document,
                file,
                connection,
            } => attach(global, &connection.api(global)?, &document, &file).await,
            What::Fetch {
                document,
                name,
                output,
                connection,
            } => {
                let api = connection.api(global)?;
                fetch(global, &api, &document, (name, output)).await
            }
            What::Detach {
                document,
                name,
                connection,
            } => {
                let api = connection.api(global)?;
                let fields = json!({ "document": find(&api, &document).await?, "name": name });
                let answer = api.act("detach", fields).await?;
                global.say(&answer, format!("{name} is no longer attached."))
            }
            What::Restart {
                document,
                connection,
            } => {
                let api = connection.api(global)?;
                let id = find(&api, &document).await?;
                let answer = restart(&api, &id).await?;
                global.say(&answer, "It begins anew with the text it has.")
            }
            What::File {
                document,
                place,
                closed,
                open,
                connection,
            } => {
                let api = connection.api(global)?;
                let id = find(&api, &document).await?;
                let place = place.checked(&api).await?;
                let answer = file(&api, &id, &place, (closed || open).then_some(closed)).await?;
                let said = match closed {
                    true => "It is finished, and listed with --all only.",
                    false => "Filed.",
                };
                global.say(&answer, said)
            }
        }
    }
}

/// Where a version of a proposal has its text from.
pub struct Source {
    /// The title of the draft.
    pub title: String,
    /// The text.
    pub text: String,
    /// The edits of the draft that the text was read from; none if it was given.
    pub edits: Vec<String>,
}

impl Source {
    /// The text of a draft as it is now, or the one that was given.
    pub async fn read(api: &Api, draft: Option<&str>, words: &Words) -> Outcome<Self> {
        let Some(draft) = draft else {
            let (title, edits) = (String::new(), Vec::new());
            let text = words.read()?;
            return Ok(Self { title, text, edits });
        };
        let id = find(api, draft).await?;
        let known = api.get(&format!("/api/documents/{id}")).await?;
        Ok(Self {
            title: text(&known, "title"),
            text: text(&known, "text"),
            edits: ids(&known["basis"]),
        })
    }
}

/// The id of a document by its beginning.
pub async fn find(api: &Api, id: &str) -> Outcome<String> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!("{id:?} is no document's id"))
            .hint("folkmoot document list shows them; the first eight digits are enough"));
    }
    let id = id.to_ascii_lowercase();
    let answer = api.get(&format!("/api/documents?id={id}")).await?;
    let all = answer["documents"].as_array().into_iter().flatten();
    let ids = all.map(|one| text(one, "id"));
    let found: Vec<String> = ids.filter(|one| one.starts_with(&id)).collect();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(
            Failure::refused(format!("there is no document {id} on this node"))
                .hint("folkmoot document list shows them"),
        ),
        _ => Err(
            Failure::refused(format!("several documents begin with {id}"))
                .hint("write more digits"),
        ),
    }
}

/// Every document; the node gives so many at once.
async fn whole_list(api: &Api) -> Outcome<Value> {
    let mut all = Vec::new();
    for page in 1_u64.. {
        let mut answer = api.get(&format!("/api/documents?page={page}")).await?;
        let more = answer["more"] == true;
        match answer["documents"].as_array_mut() {
            Some(documents) if !documents.is_empty() => all.append(documents),
            _ => break,
        }
        if !more {
            break;
        }
    }
    Ok(json!({ "documents": all }))
}

async fn list(global: &Global, api: &Api, all: bool) -> Outcome {
    let mut answer = whole_list(api).await?;
    if let (false, Some(documents)) = (all, answer["documents"].as_array_mut()) {
        documents.retain(|one| one["filed"]["closed"] != true);
    }
    let documents = answer["documents"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = documents
        .map(|one| {
            let members = one["members"].as_array().into_iter().flatten();
            let members: Vec<String> = members.map(|member| text(member, "name")).collect();
            vec![
                short(&text(one, "id")),
                text(&one["filed"], "sort"),
                text(one, "title"),
                members.join(", "),
                time(&one["changed_ms"]),
            ]
        })
        .collect();
    if rows.is_empty() {
        return global.say(
            &answer,
            "No document yet. To begin one: folkmoot document new TITLE",
        );
    }
    let heading = ["ID", "SORT", "TITLE", "WRITTEN BY", "LAST CHANGE"];
    global.say(&answer, table(&heading, &rows))
}

async fn show(global: &Global, api: &Api, document: &str, version: Option<String>) -> Outcome {
    let id = find(api, document).await?;
    let path = match &version {
        Some(edits) => format!("/api/documents/{id}/versions/{}", plain(edits)?),
        None => format!("/api/documents/{id}"),
    };
    let answer = api.get(&path).await?;
    if answer["text"].is_null() {
        return Err(
            Failure::refused("the text has not arrived at this node yet").hint("try again soon"),
        );
    }
    global.say(&answer, text(&answer, "text"))
}

async fn file(api: &Api, id: &str, place: &Place, closed: Option<bool>) -> Outcome<Value> {
    let known = api.get(&format!("/api/documents/{id}")).await?;
    let filed = &known["filed"];
    let given = |given: &Option<String>, field: &str| match given {
        Some(given) => json!(given),
        None => filed[field].clone(),
    };
    let fields = json!({
        "document": id,
        "sort": given(&place.sort.map(|sort| sort.as_str().to_owned()), "sort"),
        "circle": given(&place.circle, "circle"),
        "proposal": given(&place.proposal, "proposal"),
        "meeting": filed["meeting"],
        "closed": closed.map_or_else(|| filed["closed"].clone(), Value::Bool),
    });
    api.act("file", fields).await
}

fn ids(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|id| id.as_str().map(str::to_owned))
        .collect()
}

/// The person and the member of a change.
fn who(change: &Value) -> String {
    let (person, member) = (text(&change["by"], "person"), text(&change["by"], "name"));
    match person.is_empty() {
        true => member,
        false => format!("{person}, {member}"),
    }
}

async fn history(global: &Global, api: &Api, document: &str) -> Outcome {
    let id = find(api, document).await?;
    let answer = api.get(&format!("/api/documents/{id}/history")).await?;
    let changes = answer["changes"].as_array().into_iter().flatten();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for one in changes {
        let what = match one["begins"].as_str() {
            Some("document") => "began it",
            Some(_) => "began it anew",
            None => "changed it",
        };
        let version = ids(&one["version"]).join(",");
        rows.push(vec![
            time(&one["time_ms"]),
            who(one),
            what.to_owned(),
            version,
        ]);
    }
    for one in answer["without_effect"].as_array().into_iter().flatten() {
        let why = match &*text(one, "why") {
            "full" => "had no room",
            "waits" => "waits for another change",
            "left-behind" => "was left behind by a new beginning",
            _ => "does not fit",
        };
        rows.push(vec![
            time(&one["time_ms"]),
            who(one),
            why.to_owned(),
            text(one, "edit"),
        ]);
    }
    let heading = ["WHEN", "WHO", "WHAT", "VERSION"];
    global.say(&answer, table(&heading, &rows))
}
