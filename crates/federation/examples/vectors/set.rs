//! All files of test vectors, by name.

mod book;
mod charters;
mod decisions;
mod documents;
mod edits;
mod encoding;
mod forks;
mod genesis;
mod history;
mod keys;
mod malformed;
mod messages;
mod notation;
mod records;
mod refused;
mod results;
mod unproven;
mod votes;

/// The name and the text of every file.
pub fn files() -> Vec<(&'static str, String)> {
    let history = history::History::new();
    let files = [
        ("encoding.json", encoding::file()),
        ("keys.json", keys::file()),
        ("genesis.json", genesis::file()),
        ("charters.json", charters::file()),
        ("records.json", records::file()),
        ("history.json", history.file()),
        ("refused.json", refused::file(&history)),
        ("forks.json", forks::file(&history)),
        ("decisions.json", decisions::file()),
        ("documents.json", documents::file(&history)),
        ("messages.json", messages::file(&history)),
    ];
    files
        .map(|(name, value)| (name, format!("{value:#}\n")))
        .into()
}
