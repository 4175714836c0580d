//! A charter written by people, in TOML: the wire's keys, with a table for each part of a key.

use std::collections::{BTreeMap, BTreeSet};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Charter, CharterError, Entries, Problem, RuleName,
    error::nearest,
    reader::unknown_word,
    terms::class_keys,
    value::{Item, LIST_ITEMS_MAX, Value},
};

/// The most bytes of a file: a charter's, and as much again for comments, twice.
const FILE_BYTES_MAX: usize = 4 * super::BYTES_MAX;

const WHOLE_NUMBER: &str = "a whole number, not negative";

/// Reads the whole file. Where a key stands is kept aside, so that whatever rule it breaks, the
/// error can name the line.
pub(super) fn charter(text: &str) -> Result<Charter, CharterError> {
    if text.len() > FILE_BYTES_MAX {
        let problem = Problem::TooLong {
            found: text.len(),
            most: FILE_BYTES_MAX,
        };
        return Err(CharterError::new("", problem));
    }
    let table = DeTable::parse(text).map_err(|error| CharterError {
        key: String::new(),
        line: error.span().map(|span| line_at(text, span.start)),
        problem: Problem::Syntax(error.message().trim().replace('\n', ", ")),
    })?;
    let mut file = File {
        text,
        entries: Entries::new(),
        lines: BTreeMap::new(),
    };
    let checked = file
        .add_table("", table.get_ref())
        .and_then(|()| check(&file.entries));
    checked.map_err(|error| file.locate(error))
}

/// The file of a charter.
pub(super) fn file(charter: &Charter) -> String {
    let line = |(key, value)| format!("{key} = {value}\n");
    lines(charter).map(line).collect()
}

/// The file of a charter with other values of some keys; what spans lines is none.
pub(super) fn changed<'a>(
    charter: &Charter,
    changes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut lines: BTreeMap<&str, String> = lines(charter).collect();
    for (key, value) in changes {
        lines.remove(key);
        if !value.is_empty() {
            lines.insert(key, value.replace(['\n', '\r'], " "));
        }
    }
    let line = |(key, value)| format!("{key} = {value}\n");
    lines.into_iter().map(line).collect()
}

/// The lines in which two charters differ, with the value of the other; empty where it has none.
pub(super) fn changes(charter: &Charter, other: &Charter) -> Vec<(String, String)> {
    let (ours, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (lines(charter).collect(), lines(other).collect());
    let keys: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    let differing = keys
        .into_iter()
        .filter(|key| ours.get(key) != theirs.get(key));
    differing
        .map(|key| (key.to_owned(), theirs.get(key).cloned().unwrap_or_default()))
        .collect()
}

/// Each key in force that this release knows, with its value as the file has it.
fn lines(charter: &Charter) -> impl Iterator<Item = (&str, String)> {
    let known = charter.in_force().filter(|(key, _)| {
        let unknown = charter.unknown_keys();
        unknown.iter().all(|unknown| unknown != key)
    });
    let line = |(key, value): (_, &Value)| {
        let item = |item: &Item| match item {
            Item::Number(number) => number.to_string(),
            Item::Text(text) => toml::Value::String(text.clone()).to_string(),
        };
        let value = match value {
            // The only flag; as a number it would be refused.
            Value::Number(number) if key == "ballot.disagree-allowed" => (*number == 1).to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => toml::Value::String(text.clone()).to_string(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(item).collect();
                format!("[{}]", items.join(", "))
            }
        };
        (key, value)
    };
    known.map(line)
}

fn check(entries: &Entries) -> Result<Charter, CharterError> {
    // Before the values: a mistyped key would otherwise show as whatever its default causes.
    refuse_unknown(entries)?;
    let charter = Charter::from_entries(entries.clone())?;
    if let Some(rule) = charter.terms().unknown_rules.first() {
        let allowed = RuleName::ALL.map(RuleName::as_str);
        return Err(unknown_word("rules", rule, &allowed));
    }
    charter.written_out()
}

fn refuse_unknown(entries: &Entries) -> Result<(), CharterError> {
    let default = Charter::default();
    let in_force = |key| entries.get(key).or_else(|| default.in_force.get(key));
    let listed: Vec<&str> = match in_force("classes") {
        Some(Value::List(items)) => items.iter().filter_map(text_of).collect(),
        _ => Vec::new(),
    };
    let known: BTreeSet<String> = default
        .in_force
        .keys()
        .filter(|key| !key.starts_with("class."))
        .cloned()
        .chain(listed.iter().flat_map(|id| class_keys(id)))
        .collect();
    let Some(key) = entries.keys().find(|key| !known.contains(*key)) else {
        return Ok(());
    };
    let class = key
        .strip_prefix("class.")
        .and_then(|key| key.split_once('.'));
    let problem = match class {
        Some((id, _)) if !listed.contains(&id) => Problem::UnlistedClass(id.to_owned()),
        _ => Problem::UnknownKey {
            nearest: nearest(key, known.iter().map(String::as_str)),
        },
    };
    Err(CharterError::new(key, problem))
}

fn text_of(item: &Item) -> Option<&str> {
    match item {
        Item::Text(text) => Some(text),
        Item::Number(_) => None,
    }
}

struct File<'a> {
    text: &'a str,
    entries: Entries,
    lines: BTreeMap<String, usize>,
}

impl File<'_> {
    fn add_table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), CharterError> {
        for (name, value) in table {
            let key = match prefix {
                "" => name.get_ref().to_string(),
                _ => format!("{prefix}.{}", name.get_ref()),
            };
            self.lines
                .insert(key.clone(), line_at(self.text, name.span().start));
            match value.get_ref() {
                DeValue::Table(table) if !table.is_empty() => self.add_table(&key, table)?,
                _ => {
                    let value = read_value(&key, value)?;
                    if self.entries.insert(key.clone(), value).is_some() {
                        return Err(CharterError::new(&key, Problem::Repeated(key.clone())));
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds the line of the key, or of the first key below it.
    fn locate(&self, mut error: CharterError) -> CharterError {
        let below = format!("{}.", error.key);
        error.line = self.lines.get(&error.key).copied().or_else(|| {
            let mut lines = self.lines.iter();
            lines
                .find(|(key, _)| key.starts_with(&below))
                .map(|(_, line)| *line)
        });
        error
    }
}

fn line_at(text: &str, start: usize) -> usize {
    let before = text.bytes().take(start);
    1 + before.filter(|byte| *byte == b'\n').count()
}

fn read_value(key: &str, value: &Spanned<DeValue<'_>>) -> Result<Value, CharterError> {
    match value.get_ref() {
        // Only a key that is asked as a question takes an answer.
        DeValue::Boolean(answer) if key.ends_with("-allowed") => {
            Ok(Value::Number(u64::from(*answer)))
        }
        DeValue::Array(items) => {
            if items.len() > LIST_ITEMS_MAX {
                let problem = Problem::Count {
                    found: items.len(),
                    least: 0,
                    most: LIST_ITEMS_MAX,
                };
                return Err(CharterError::new(key, problem));
            }
            let items = items.iter().map(|item| read_item(key, item.get_ref()));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        other => read_item(key, other).map(|item| match item {
            Item::Number(number) => Value::Number(number),
            Item::Text(text) => Value::Text(text),
        }),
    }
}

fn read_item(key: &str, value: &DeValue<'_>) -> Result<Item, CharterError> {
    let (found, expected) = match value {
        DeValue::String(text) => return Ok(Item::Text(text.to_string())),
        DeValue::Integer(number) => match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => return Ok(Item::Number(number)),
            Err(_) => ("a negative or far too large number", WHOLE_NUMBER),
        },
        DeValue::Float(_) => (
            "a number with a decimal point",
            "a whole number, or a fraction as [numerator, denominator]",
        ),
        DeValue::Boolean(_) => ("true or false", WHOLE_NUMBER),
        DeValue::Datetime(_) => ("a date", "a whole number of the unit in the key"),
        DeValue::Array(_) => ("a list within a list", "one flat list"),
        DeValue::Table(table) if table.is_empty() => {
            ("an empty table", "keys below it, or remove the line")
        }
        DeValue::Table(_) => (
            "a table in a list",
            "each under its own heading [class.<id>]",
        ),
    };
    Err(CharterError::new(key, Problem::Type { found, expected }))
}
