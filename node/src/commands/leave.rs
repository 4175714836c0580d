//! `folkmoot leave`

use std::path::PathBuf;

use clap::Args;
use domain::id::Timestamp;
use federation::format_utc;
use register::declaration::{Declaration, Matter};
use serde_json::{Value, json};

use super::{
    export,
    register::Declaring,
    root_key,
    table::{short, text},
};
use crate::{
    cli::Global,
    clock,
    control::{Access, Command},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    joining,
};

/// Leave the federation: shows what that means and what to hand over first
///
/// With --yes this co-op leaves: first an export of all it takes along is written (see folkmoot export),
/// then its root key declares that it leaves. From the next height of the register on it is a member no
/// more: its keys sign nothing, its node shows what it has and gets nothing new. It cannot be taken back;
/// who comes back applies with a new root key.
#[derive(Debug, Args)]
pub struct Leave {
    /// Leave now
    #[arg(long)]
    yes: bool,
    /// Where the export goes: a directory that is made, or an empty one [default:
    /// ./export-FEDERATION-DATE]
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// This co-op's root key, if it is not in the data directory
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

impl Leave {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        joining::check_member(&directory)?;
        let access = Access::open(&directory).await?;
        let done = self.go_on(global, &directory, &access).await;
        access.close().await?;
        done
    }

    async fn go_on(&self, global: &Global, directory: &DataDirectory, access: &Access) -> Outcome {
        // Looking needs no key: the root key may be kept elsewhere.
        let root = match self.yes || self.root_key.is_some() {
            true => Some(root_key(directory, self.root_key.as_deref())?),
            false => None,
        };
        let root = root.map(|root| root.public().to_string());
        let answer = access.call(Command::Leaving { root }).await?;
        if !answer["departed"].is_null() {
            let said = departed(&answer["departed"]);
            return global.say(&answer, format!("{said}."));
        }
        if answer["register"] == false {
            return Err(not_begun());
        }
        let leaving = &answer["leaving"];
        if leaving.is_null() {
            return Err(
                Failure::refused("this co-op is no member that the register has")
                    .hint("if its root key was replaced, name the file of the root key in force: --root-key FILE"),
            );
        }
        let shown = words(&text(&answer, "federation"), leaving);
        if !self.yes {
            return global.say(&answer, format!("{shown}\n\n{}", next(leaving)));
        }
        check_hosts(leaving)?;
        check_possible(&answer)?;
        let declaring = Declaring::new(directory, access, self.root_key.as_deref()).await?;
        let export = self.export.clone();
        let export = export.unwrap_or_else(|| {
            export::default_directory(&text(&answer, "federation"), clock::now())
        });
        let counts = export::write(access, &export).await?;
        global.note(counts.words(&export));
        let leaves = Declaration::sign(
            &declaring.federation,
            &declaring.root,
            declaring.of,
            Matter::Leave,
        );
        declaring.declare(access, &leaves).await?;
        let json = json!({ "declared": true, "export": counts.json(&export) });
        let said = "Declared. You leave with the next height, which the other validators decide: let the node \
                    run until folkmoot status says that you left.";
        global.say(&json, said)
    }
}

/// Before there is a register nothing can say for all alike that a member left.
fn not_begun() -> Failure {
    Failure::refused(
        "the register has not begun, so nothing can say for everyone alike that a member has left",
    )
    .hint(
        "tell the other members: who is not named when the register begins (folkmoot register begin) is \
         no member from then on. Take along what is yours with folkmoot export DIR, and revoke your \
         delegates with folkmoot key mandate",
    )
}

/// Refuses before anything is written what could not be declared.
fn check_possible(answer: &Value) -> Outcome {
    if answer["waits"] == true {
        return Err(Failure::refused(
            "a declaration of this co-op waits for the next height; try again then",
        )
        .hint("folkmoot register shows the height"));
    }
    match answer["impossible"].as_str() {
        Some(why) => Err(Failure::refused(why)),
        None => Ok(()),
    }
}

/// Refuses while others are served.
fn check_hosts(leaving: &Value) -> Outcome {
    let hosted = list(&leaving["hosted"]);
    if hosted.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = hosted.iter().map(|one| text(one, "name")).collect();
    Err(Failure::refused(format!(
        "this node still hosts {}: whoever is served by it could act no more",
        names.join(", ")
    ))
    .hint(move_hosted(hosted)))
}

/// How those who are served get another host.
fn move_hosted(hosted: &[Value]) -> String {
    let is_left = |one: &&Value| one["by_register_only"] == true;
    let moved = hosted.iter().filter(is_left);
    let moved: Vec<String> = moved.map(|one| text(one, "name")).collect();
    let mut said = "each moves to another host: folkmoot host export, a link of the new host (folkmoot \
                    host invite, there), or folkmoot host move and folkmoot host accept; then the members \
                    decide it: folkmoot propose --effect '{\"type\":\"host\",\"member\":ID,\"host\":ID}'"
        .to_owned();
    if !moved.is_empty() {
        said += &format!(
            ". {} moved already, and only that decision is missing",
            moved.join(", ")
        );
    }
    said
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Since when a co-op is no member.
pub fn departed(departed: &Value) -> String {
    let how = match departed["expelled"] == true {
        true => "was expelled from",
        false => "left",
    };
    let when = departed["time_ms"]
        .as_u64()
        .map_or_else(String::new, |time| {
            let day: String = format_utc(Timestamp(time)).chars().take(10).collect();
            format!(" on {day}")
        });
    format!(
        "{} {how} the federation at height {}{when}",
        text(departed, "name"),
        departed["height"]
    )
}

fn held(one: &Value) -> String {
    let until = one["until_ms"].as_u64().map_or_else(String::new, |time| {
        let day: String = format_utc(Timestamp(time)).chars().take(10).collect();
        format!(" until {day}")
    });
    let of = one["circle"]
        .as_str()
        .map_or_else(String::new, |circle| format!(" of {circle}"));
    let person = one["person"].as_str().unwrap_or("somebody");
    format!("{person}: {}{of}{until}", text(one, "title"))
}

/// What leaving means, and what is to be handed over.
fn words(federation: &str, leaving: &Value) -> String {
    let mut lines = vec![
        format!("{} would leave {federation}.", text(leaving, "name")),
        String::new(),
        "What it means".to_owned(),
        "  From the next height of the register on none of its keys signs anything, and no node lets its \
         node in."
            .to_owned(),
        "  What was decided stays, with its votes. Its node stays readable, and gets nothing new."
            .to_owned(),
        "  It cannot be taken back: who comes back applies with a new root key.".to_owned(),
    ];
    lines.push(format!("  {}", validators(leaving)));
    let mut part = |heading: &str, all: Vec<String>| {
        if !all.is_empty() {
            lines.extend([String::new(), heading.to_owned()]);
            lines.extend(all.into_iter().map(|one| format!("  {one}")));
        }
    };
    let all = |field: &str, word: fn(&Value) -> String| -> Vec<String> {
        list(&leaving[field]).iter().map(word).collect()
    };
    part(
        "Hosted here: they move first",
        all("hosted", |one| text(one, "name")),
    );
    let asking = |one: &Value| one.as_str().unwrap_or_default().to_owned();
    part(
        "Ask to join with this node as their host",
        all("asking", asking),
    );
    part("Offices by decision, which end", all("offices", held));
    part(
        "Circles that need another coordinator",
        all("coordinates", held),
    );
    let action = |one: &Value| {
        let person = one["person"].as_str().unwrap_or("nobody in person");
        format!("{} {person}, {}", short(&text(one, "id")), text(one, "of"))
    };
    part(
        "Action points that are open in its name",
        all("actions", action),
    );
    let proposal = |one: &Value| format!("{} {}", short(&text(one, "id")), text(one, "of"));
    part(
        "Its proposals that are voted on",
        all("proposals", proposal),
    );
    lines.join("\n")
}

fn validators(leaving: &Value) -> String {
    let count = |field: &str| leaving[field].as_u64().unwrap_or_default();
    let (all, faulty, after) = (count("validators"), count("faulty"), count("faulty_after"));
    if leaving["is_validator"] != true {
        return format!("Votes are closed by {all} nodes as before: this one is none of them.");
    }
    let mut said = format!(
        "Votes are closed by {} nodes instead of {all}: of {all} there may be {faulty} away or lying, then \
         {after}.",
        all.saturating_sub(1)
    );
    if all <= 4 {
        said +=
            " With three or fewer no liar is tolerated, and one node away stops every decision.";
    }
    said
}

/// What to type next.
fn next(leaving: &Value) -> String {
    match list(&leaving["hosted"]) {
        [] => "Nothing was signed. To leave: folkmoot leave --yes".to_owned(),
        hosted => format!(
            "Nothing was signed. Before you can leave, {}.",
            move_hosted(hosted)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving() -> Value {
        json!({
            "member": "01", "name": "Dill", "hosted": [], "asking": [],
            "offices": [{ "title": "treasurer", "circle": null, "person": "Ada", "until_ms": 0 }],
            "coordinates": [], "proposals": [],
            "actions": [{ "id": "0123456789abcdef", "of": "Servers", "person": null }],
            "is_validator": true, "validators": 4, "faulty": 1, "faulty_after": 0,
        })
    }

    #[test]
    fn what_is_to_be_handed_over_is_named_before_anything_is_signed() {
        let said = words("Trees", &leaving());
        for part in [
            "Dill would leave Trees",
            "Ada: treasurer until 1970-01-01",
            "01234567 nobody in person, Servers",
            "closed by 3 nodes instead of 4",
            "no liar is tolerated",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("Hosted here"), "{said}");
        assert!(next(&leaving()).contains("folkmoot leave --yes"));
    }

    #[test]
    fn what_could_not_be_declared_is_refused_before_an_export_is_written() {
        assert!(check_possible(&json!({ "waits": false, "impossible": null })).is_ok());
        let waits = check_possible(&json!({ "waits": true, "impossible": null })).unwrap_err();
        assert!(
            waits.message.contains("waits for the next height"),
            "{waits}"
        );
        let why = "no validator would be left to close votes";
        let refused = check_possible(&json!({ "waits": false, "impossible": why })).unwrap_err();
        assert_eq!(refused.message, why);
    }

    #[test]
    fn who_hosts_others_does_not_leave_and_is_told_how_they_move() {
        let mut leaving = leaving();
        assert!(check_hosts(&leaving).is_ok());
        leaving["hosted"] = json!([
            { "id": "02", "name": "Dora's shop", "by_register_only": false },
            { "id": "03", "name": "Emil", "by_register_only": true },
        ]);
        let refused = check_hosts(&leaving).unwrap_err();
        assert!(refused.message.contains("Dora's shop, Emil"), "{refused}");
        let hint = refused.hint.unwrap();
        assert!(hint.contains("folkmoot host move"), "{hint}");
        assert!(hint.contains("Emil moved already"), "{hint}");
    }
}
