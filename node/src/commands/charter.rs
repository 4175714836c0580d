//! `folkmoot charter`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    init::read_charter,
    table::{short, table, text},
};
use crate::{
    api::{Api, Connection},
    cli::Global,
    failure::Outcome,
};

/// The charter: the rules in force, who has how much power, and what another one would change
#[derive(Debug, Args)]
pub struct Charter {
    #[command(subcommand)]
    command: What,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum What {
    /// Show the rules in force; with --json all of it, as the file that would make it
    Show {
        /// Also the power of each class under each rule (the Banzhaf index), in per cent
        #[arg(long)]
        power: bool,
        /// Only the file that would make it, to change and propose: folkmoot propose --new-charter
        #[arg(long, conflicts_with = "power")]
        toml: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Compare another charter with the one in force: each setting, and the power of each class
    ///
    /// Nothing is stored or sent to others. The page it names shows the same; write its path into the text
    /// of a proposal to change the charter.
    Compare {
        /// The other charter (TOML); folkmoot init --charter-template prints one to begin with
        file: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Charter {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        match self.command {
            What::Show {
                power,
                toml,
                connection,
            } => {
                let asked = if power { "?power=yes" } else { "" };
                let api = connection.api(global)?;
                let answer = api.get(&format!("/api/charter{asked}")).await?;
                let said = match toml {
                    true => text(&answer, "toml").trim_end().to_owned(),
                    false => shown(&answer),
                };
                global.say(&answer, said)
            }
            What::Compare { file, connection } => {
                // Here its mistakes can be named with the line of the file.
                let other = read_charter(&file)?;
                compare(global, &connection.api(global)?, &other.to_toml()).await
            }
        }
    }
}

fn shown(charter: &Value) -> String {
    let classes: Vec<Vec<String>> = items(&charter["classes"])
        .map(|class| {
            vec![
                text(class, "name"),
                format!("{} %", text(class, "strength_percent")),
                text(class, "members"),
                text(class, "id"),
            ]
        })
        .collect();
    let rules: Vec<Vec<String>> = items(&charter["rules"])
        .map(|rule| {
            let classes: Vec<&str> = items(&rule["classes"]).filter_map(Value::as_str).collect();
            vec![
                text(rule, "rule"),
                text(rule, "quorum"),
                text(rule, "eligible"),
                classes.join(", "),
            ]
        })
        .collect();
    let mut said = vec![
        format!(
            "{} ({})",
            text(charter, "title"),
            short(&text(charter, "hash"))
        ),
        format!("Without another choice: {}", text(charter, "default_rule")),
        String::new(),
        table(&["CLASS", "STRENGTH", "MEMBERS", "ID"], &classes),
        String::new(),
        table(&["RULE", "QUORUM", "MEMBERS", "CLASSES THAT VOTE"], &rules),
    ];
    for rule in items(&charter["rules"]) {
        if let Some(powers) = rule.get("power") {
            said.push(String::new());
            said.push(format!("Power under {}", text(rule, "rule")));
            said.push(match powers {
                Value::Null => "Too many members and classes to compute it.".to_owned(),
                powers => power_table(&Value::Null, powers),
            });
        }
    }
    said.join("\n")
}

async fn compare(global: &Global, api: &Api, toml: &str) -> Outcome {
    let body = json!({ "charter": toml });
    let answer = api.post("/api/charter/compare", &body).await?;
    let changes: Vec<Vec<String>> = items(&answer["changes"])
        .map(|change| {
            let value = |field: &str| match &change[field] {
                Value::Null => "–".to_owned(),
                _ => text(change, field),
            };
            vec![text(change, "key"), value("before"), value("after")]
        })
        .collect();
    if changes.is_empty() {
        return global.say(&answer, "The two say the same.");
    }
    let mut said = vec![table(&["SETTING", "NOW", "THEN"], &changes)];
    for rule in items(&answer["power"]) {
        if items(&rule["before"])
            .chain(items(&rule["after"]))
            .next()
            .is_none()
        {
            continue;
        }
        said.push(String::new());
        said.push(format!("Power under {}", text(rule, "rule")));
        said.push(power_table(&rule["before"], &rule["after"]));
    }
    if let Some(path) = answer["path"].as_str() {
        said.push(String::new());
        said.push(format!("For the text of a proposal: {path}"));
    }
    global.say(&answer, said.join("\n"))
}

/// The power of classes, where it changes with what it was.
fn power_table(before: &Value, after: &Value) -> String {
    let mut classes: Vec<String> = Vec::new();
    for power in items(before).chain(items(after)) {
        let class = text(power, "class");
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    let row = |class: String| {
        let part = |field: &str| {
            let (old, new) = (share(before, &class, field), share(after, &class, field));
            match (old, new) {
                (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
                (Some(old), None) => format!("{old} → –"),
                (None, Some(new)) if !before.is_null() => format!("– → {new}"),
                (_, new) => new.unwrap_or_else(|| "–".to_owned()),
            }
        };
        let cells =
            ["as_one", "together", "each"].map(|field| part(&format!("{field}_millionths")));
        [vec![class], cells.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = classes.into_iter().map(row).collect();
    table(
        &["CLASS", "AS ONE", "ALL ITS MEMBERS", "EACH MEMBER"],
        &rows,
    )
}

fn share(powers: &Value, class: &str, field: &str) -> Option<String> {
    let power = items(powers).find(|power| power["class"] == class)?;
    let millionths = power[field].as_u64()?;
    // Rounded to tenths of a per cent, half up.
    let tenths = (millionths + 500) / 1_000;
    Some(format!("{}.{} %", tenths / 10, tenths % 10))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(class: &str, millionths: u64) -> Value {
        json!({ "class": class, "voters": 3, "as_one_millionths": millionths,
                "together_millionths": 500_000, "each_millionths": 166_666 })
    }

    #[test]
    fn what_changes_shows_both_and_what_stays_shows_once() {
        let before = json!([power("Producers", 400_000), power("Guests", 600_000)]);
        let after = json!([power("Producers", 333_333)]);
        let said = power_table(&before, &after);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines[1],
            "Producers  40.0 % → 33.3 %  50.0 %           16.7 %"
        );
        assert_eq!(
            lines[2],
            "Guests     60.0 % → –       50.0 % → –       16.7 % → –"
        );
        let alone = power_table(&Value::Null, &after);
        assert!(alone.contains("Producers  33.3 %"), "{alone}");
    }

    #[test]
    fn without_a_power_there_is_no_table_of_it() {
        let charter = json!({
            "title": "Ours", "hash": "0123456789abcdef", "default_rule": "consent",
            "classes": [{ "id": "producer", "name": "Producers", "strength_percent": 40, "members": 3 }],
            "rules": [{ "rule": "consent", "quorum": "1/3", "eligible": 3, "classes": ["producer"] }],
        });
        let said = shown(&charter);
        assert!(said.starts_with("Ours (01234567)\n"), "{said}");
        assert!(
            said.contains("Producers  40 %      3        producer"),
            "{said}"
        );
        assert!(!said.contains("Power under"), "{said}");
    }
}
