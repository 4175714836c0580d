//! `folkmoot admit`

use std::path::PathBuf;

use clap::Args;
use domain::{key::SecretKey, record::Newcomer};
use serde_json::{Value, json};

use super::{
    root_key,
    table::{table, text},
};
use crate::{
    cli::Global,
    control::{Access, Command, RootAct},
    failure::{Failure, Outcome},
};

/// Admit a co-op that applies, as a founder; without a name lists who applies
///
/// A co-op is admitted when more than half of the founders have signed.
#[derive(Debug, Args)]
pub struct Admit {
    /// The applicant: its name, or its root key
    applicant: Option<String>,
    /// This co-op's root key, if it is not in the data directory
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

impl Admit {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        let access = Access::open(&directory).await?;
        let done = match &self.applicant {
            None => list(global, &access).await,
            Some(applicant) => {
                let root = root_key(&directory, self.root_key.as_deref());
                match root {
                    Ok(root) => admit(global, &access, applicant, &root).await,
                    Err(failure) => Err(failure),
                }
            }
        };
        access.close().await?;
        done
    }
}

async fn list(global: &Global, access: &Access) -> Outcome {
    let answer = access.call(Command::Applications).await?;
    let all = answer["applications"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if all.is_empty() {
        return global.say(&answer, "Nobody applies.");
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
    global.say(&answer, table(&heading, &rows))
}

async fn admit(global: &Global, access: &Access, applicant: &str, root: &SecretKey) -> Outcome {
    let answer = access.call(Command::Applications).await?;
    let one = find(&answer, applicant)?;
    let strange = || Failure::refused("the node answered something this release cannot read");
    let newcomer = Newcomer {
        root: text(&one, "root").parse().map_err(|_| strange())?,
        class: text(&one, "class"),
        name: text(&one, "name"),
    };
    let federation = text(&answer, "federation").parse().map_err(|_| strange())?;
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

fn find(answer: &Value, applicant: &str) -> Outcome<Value> {
    let all = answer["applications"]
        .as_array()
        .cloned()
        .unwrap_or_default();
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
