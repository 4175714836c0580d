//! `folkmoot admit`

use std::path::PathBuf;

use clap::Args;
use domain::{key::SecretKey, record::Newcomer};
use serde_json::{Value, json};

use super::{
    root_key,
    table::{short, table, text, time},
};
use crate::{
    api::Connection,
    cli::Global,
    control::{Access, Command, RootAct},
    failure::{Failure, Outcome},
};

/// Propose to admit a co-op that applies; without a name lists who applies
///
/// All members decide on it, and the proposal admits the co-op by itself once it has passed. Before
/// the federation's register has begun, founders admit with their root keys instead: more than half
/// of them sign.
#[derive(Debug, Args)]
pub struct Admit {
    /// The applicant: its name, or its root key
    applicant: Option<String>,
    /// Open the vote on the proposal at once
    #[arg(long)]
    open: bool,
    /// This co-op's root key, if it is not in the data directory (before the register)
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

impl Admit {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        let access = Access::open(&directory).await?;
        let done = match access.call(Command::Applications).await {
            Ok(answer) => self.go_on(global, &access, &answer).await,
            Err(failure) => Err(failure),
        };
        access.close().await?;
        done
    }

    async fn go_on(&self, global: &Global, access: &Access, answer: &Value) -> Outcome {
        let by_decision = answer["register"] == true;
        match &self.applicant {
            None if by_decision => list_candidates(global, answer),
            None => list(global, answer),
            Some(applicant) if by_decision => self.propose(global, answer, applicant).await,
            Some(applicant) => {
                let root = root_key(&global.directory()?, self.root_key.as_deref())?;
                admit(global, access, (answer, applicant), &root).await
            }
        }
    }

    /// Proposes to admit a candidate.
    async fn propose(&self, global: &Global, answer: &Value, applicant: &str) -> Outcome {
        let found = find(&answer["candidates"], applicant);
        let one = found.map_err(|failure| {
            let old = find(&answer["applications"], applicant).is_ok();
            match old {
                true => Failure::refused(format!(
                    "{applicant:?} has applied to the founders, before the register or through a node of \
                     an older release"
                ))
                .hint("it runs folkmoot join again, reads the charter and applies to all members"),
                false => failure,
            }
        })?;
        let name = text(&one, "name");
        check_open(&name, &one["standing"])?;
        let api = self.connection.api(global)?;
        let title: String = format!("Admit {name}");
        let fields = json!({
            "title": title,
            "text": motivation(&one),
            "draft": [],
            "rule": "",
            "urgent": null,
            "circle": null,
            "language": "en",
            "effect": { "type": "admission", "root": one["root"] },
        });
        let proposed = api.act("propose", fields).await?;
        let id = text(&proposed, "id");
        let json = json!({ "id": id, "name": name, "title": title, "opened": self.open });
        if self.open {
            api.act("open", json!({ "proposal": id })).await?;
            let said = format!(
                "Proposed to admit {name:?} and opened the vote, {}.",
                short(&id)
            );
            return global.say(&json, said);
        }
        let said = format!(
            "Proposed to admit {name:?}, {0}. To open the vote: folkmoot open {0}",
            short(&id)
        );
        global.say(&json, said)
    }
}

/// Refuses to propose what was proposed or cannot be decided.
fn check_open(name: &str, standing: &Value) -> Outcome {
    let id = short(&text(standing, "proposal"));
    match &*text(standing, "state") {
        "proposed" => Err(
            Failure::refused(format!("{name:?} is proposed already, {id}"))
                .hint(format!("to open the vote: folkmoot open {id}")),
        ),
        "voting" => Err(Failure::refused(format!(
            "the admission of {name:?} is voted on already, {id}"
        ))
        .hint(format!("folkmoot show {id}"))),
        "outdated" => Err(Failure::refused(format!(
            "{name:?} accepted another charter than the one in force"
        ))
        .hint(
            "it reads the new charter and applies on its terms: folkmoot join again, or at its host \
             on the page of its application",
        )),
        "admitted" => Err(Failure::refused(format!("{name:?} was admitted already"))
            .hint("it is listed as soon as its node has entered: folkmoot run, there")),
        _ => Ok(()),
    }
}

/// What the members read before they decide.
fn motivation(one: &Value) -> String {
    let mut said = format!(
        "{} asks to become a member, in the class {}. It applied through {}, and accepts the charter {}.\n\n",
        text(one, "name"),
        text(one, "class"),
        text(&one["through"], "name"),
        short(&text(one, "terms")),
    );
    for line in text(one, "request").lines() {
        said.push_str(format!("> {line}").trim_end());
        said.push('\n');
    }
    said + &format!(
        "\nIt commits itself to: {}\n\nIts root key: {}\n",
        text(one, "contribution"),
        text(one, "root")
    )
}

/// How far an admission is, in words.
pub fn standing(standing: &Value) -> String {
    let id = short(&text(standing, "proposal"));
    match &*text(standing, "state") {
        "voting" => format!("voting until {} ({id})", time(&standing["until_ms"])),
        "proposed" => format!("proposed ({id})"),
        "refused" => format!("refused ({id}): {}", text(standing, "why")),
        state => state.to_owned(),
    }
}

fn list_candidates(global: &Global, answer: &Value) -> Outcome {
    let all = answer["candidates"].as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        return global.say(answer, "Nobody applies.");
    }
    let one = |one: &Value| {
        let line = |word: &str, said: String| format!("  {word:<13} {said}\n");
        let request = text(one, "request").replace('\n', "\n                ");
        format!("{}\n", text(one, "name"))
            + &line("class", text(one, "class"))
            + &line("state", standing(&one["standing"]))
            + &line("through", text(&one["through"], "name"))
            + &line("request", request)
            + &line("contribution", text(one, "contribution"))
            + &line("root key", text(one, "root"))
    };
    let said: Vec<String> = all.iter().map(one).collect();
    global.say(answer, said.join("\n"))
}

fn list(global: &Global, answer: &Value) -> Outcome {
    let all = answer["applications"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if all.is_empty() {
        return global.say(answer, "Nobody applies.");
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let signed = one["admitted_by"].as_array().map_or(0, Vec::len);
            vec![
                text(one, "name"),
                text(one, "class"),
                format!("{signed} of {}", text(one, "needed")),
                text(one, "root"),
                text(one, "request"),
            ]
        })
        .collect();
    let heading = ["NAME", "CLASS", "SIGNED", "ROOT KEY", "REQUEST"];
    global.say(answer, table(&heading, &rows))
}

async fn admit(
    global: &Global,
    access: &Access,
    (answer, applicant): (&Value, &str),
    root: &SecretKey,
) -> Outcome {
    let one = find(&answer["applications"], applicant)?;
    let strange = || Failure::refused("the node answered something this release cannot read");
    let newcomer = Newcomer {
        root: text(&one, "root").parse().map_err(|_| strange())?,
        class: text(&one, "class"),
        name: text(&one, "name"),
    };
    let federation = text(answer, "federation").parse().map_err(|_| strange())?;
    let signature = root.sign(&newcomer.message(&federation));
    let act = RootAct::Admit {
        root: newcomer.root.to_string(),
        signature: hex::encode(signature.0),
    };
    let id = access.sign_and_submit(root, act).await?;
    let signed = one["admitted_by"].as_array().map_or(0, Vec::len) + 1;
    let needed = one["needed"].as_u64().unwrap_or_default();
    let json = json!({ "id": id, "name": newcomer.name, "signed": signed, "needed": needed });
    let rest = if signed as u64 >= needed {
        "That is enough: it joins by itself as soon as its node hears of it."
    } else {
        "Other founders must sign too."
    };
    global.say(
        &json,
        format!(
            "Admitted {:?} ({signed} of {needed}). {rest}",
            newcomer.name
        ),
    )
}

fn find(all: &Value, applicant: &str) -> Outcome<Value> {
    let all = all.as_array().cloned().unwrap_or_default();
    let fits = |one: &&Value| text(one, "name") == applicant || text(one, "root") == applicant;
    let found: Vec<&Value> = all.iter().filter(fits).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => Err(
            Failure::refused(format!("nobody called {applicant:?} applies"))
                .hint("folkmoot admit lists who does"),
        ),
        _ => Err(
            Failure::refused(format!("several applicants are called {applicant:?}"))
                .hint("name the root key instead: folkmoot admit did:key:…"),
        ),
    }
}
