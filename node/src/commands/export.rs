//! `folkmoot export`

use std::{
    fs,
    io::{BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use clap::Args;
use domain::id::Timestamp;
use federation::format_utc;
use serde_json::{Value, json};
use web::export::{Contents, Decided, Written};

use super::table::text;
use crate::{
    cli::Global,
    clock,
    control::{Access, Command, Piece},
    failure::{Failure, Outcome},
};

/// The longest part of a title in the name of a file.
const NAME_CHARACTERS_MAX: usize = 48;

/// Write down what this co-op takes along: its records, every final decision, the texts
///
/// The directory then holds this co-op's own log records as JSON, the decision file of every final
/// decision, every document and the minutes as Markdown, the charter in force, and a README.txt that
/// says how to verify it. No key and no secret is in it. Files are readable by their owner alone.
#[derive(Debug, Args)]
pub struct Export {
    /// The directory, which is made; one that is there has to be empty
    directory: PathBuf,
}

impl Export {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let access = Access::open(&global.directory()?).await?;
        let done = write(&access, &self.directory).await;
        access.close().await?;
        let counts = done?;
        global.say(&counts.json(&self.directory), counts.words(&self.directory))
    }
}

/// How much was written.
pub struct Counts {
    records: usize,
    decisions: usize,
    documents: usize,
    /// Documents that are not all here.
    missing: usize,
}

impl Counts {
    /// As JSON.
    pub fn json(&self, directory: &Path) -> Value {
        json!({
            "directory": directory,
            "records": self.records,
            "decisions": self.decisions,
            "documents": self.documents,
            "missing_documents": self.missing,
        })
    }

    /// As a sentence.
    pub fn words(&self, directory: &Path) -> String {
        let mut said = format!(
            "Exported to {}: {} records, {} final decisions, {} documents. README.txt says how to verify \
             them.",
            directory.display(),
            self.records,
            self.decisions,
            self.documents,
        );
        if self.missing > 0 {
            said += &format!(
                "\n{} documents are not all on this node and were left out.",
                self.missing
            );
        }
        said
    }
}

/// Where an export goes that nobody named: beside where the command is typed.
pub fn default_directory(federation: &str, now: Timestamp) -> PathBuf {
    let day: String = format_utc(now).chars().take(10).collect();
    PathBuf::from(format!("export-{}-{day}", slug(federation)))
}

/// Refuses a directory that holds something.
pub fn check_free(directory: &Path) -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::refused(format!("cannot read {}", directory.display())).because(error)
    };
    if fs::symlink_metadata(directory).is_err() {
        return Ok(());
    }
    match fs::read_dir(directory).map_err(failed)?.next() {
        None => Ok(()),
        Some(_) => Err(
            Failure::refused(format!("{} is not empty", directory.display()))
                .hint("name another directory, or move away what is in it"),
        ),
    }
}

/// Writes an export. All of it is written and flushed beside the directory first, so that what has its
/// name is whole.
pub async fn write(access: &Access, directory: &Path) -> Outcome<Counts> {
    check_free(directory)?;
    let contents = access
        .call(Command::Export {
            piece: Piece::Contents,
        })
        .await?;
    let contents: Contents = serde_json::from_value(contents).map_err(|error| {
        Failure::refused("the node answered something this release cannot read").because(error)
    })?;
    let partial = beside(directory)?;
    make(&partial)?;
    let written = fill(access, &contents, &partial).await;
    let moved = written.and_then(|counts| {
        fs::rename(&partial, directory).map_err(|error| failed(directory, error))?;
        flush(directory.parent().filter(|p| !p.as_os_str().is_empty()))?;
        Ok(counts)
    });
    if moved.is_err() {
        // What is left of it has no name that anybody would take for an export.
        let _ = fs::remove_dir_all(&partial);
    }
    moved
}

fn failed(path: &Path, error: std::io::Error) -> Failure {
    Failure::refused(format!("cannot write {}", path.display())).because(error)
}

/// Where it is written first.
fn beside(directory: &Path) -> Outcome<PathBuf> {
    let name = directory
        .file_name()
        .ok_or_else(|| Failure::usage(format!("{} names no directory", directory.display())))?;
    let mut partial = name.to_owned();
    partial.push(format!(".partial-{}", hex::encode(clock::random::<4>()?)));
    Ok(directory.with_file_name(partial))
}

fn make(path: &Path) -> Outcome {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|error| failed(path, error))
}

/// Makes the names in a directory durable.
fn flush(directory: Option<&Path>) -> Outcome {
    let path = directory.unwrap_or(Path::new("."));
    let opened = fs::File::open(path).and_then(|file| file.sync_all());
    opened.map_err(|error| failed(path, error))
}

async fn fill(access: &Access, contents: &Contents, at: &Path) -> Outcome<Counts> {
    let decisions = at.join("decisions");
    let documents = at.join("documents");
    make(&decisions)?;
    make(&documents)?;
    file(&at.join("charter.toml"), contents.charter_toml.as_bytes())?;
    let records = write_records(access, &at.join("records.jsonl")).await?;
    for one in &contents.decisions {
        write_decision(access, &decisions.join(decision_name(one)), one).await?;
    }
    let mut missing = 0;
    for one in &contents.documents {
        let id = one.id.clone();
        let read = access
            .call(Command::Export {
                piece: Piece::Document { id },
            })
            .await?;
        match read["text"].as_str() {
            Some(text) => file(&documents.join(document_name(one)), text.as_bytes())?,
            None => missing += 1,
        }
    }
    let counts = Counts {
        records,
        decisions: contents.decisions.len(),
        documents: contents.documents.len() - missing,
        missing,
    };
    let listed = serde_json::to_vec_pretty(&index(contents));
    let listed = listed.map_err(|error| Failure::refused("cannot be listed").because(error))?;
    file(&at.join("index.json"), &listed)?;
    file(&at.join("README.txt"), readme(contents, &counts).as_bytes())?;
    for folder in [&*decisions, &*documents, at] {
        flush(Some(folder))?;
    }
    Ok(counts)
}

fn create(path: &Path) -> Outcome<fs::File> {
    let mut options = fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    opened.map_err(|error| failed(path, error))
}

fn file(path: &Path, bytes: &[u8]) -> Outcome {
    let mut file = create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| failed(path, error))
}

/// One record on each line.
async fn write_records(access: &Access, path: &Path) -> Outcome<usize> {
    let mut out = BufWriter::new(create(path)?);
    let (mut after, mut count) = (None, 0);
    loop {
        let piece = Command::Export {
            piece: Piece::Records { after },
        };
        let answer = access.call(piece).await?;
        let records = answer["records"].as_array().cloned().unwrap_or_default();
        let Some(last) = records.last() else {
            break;
        };
        let sequence = last["sequence"].as_u64().unwrap_or_default();
        after = Some((text(last, "author"), sequence, text(last, "id")));
        for record in &records {
            writeln!(out, "{record}").map_err(|error| failed(path, error))?;
        }
        count += records.len();
    }
    let file = out.into_inner();
    let file = file.map_err(|error| failed(path, error.into_error()))?;
    file.sync_all().map_err(|error| failed(path, error))?;
    Ok(count)
}

async fn write_decision(access: &Access, path: &Path, one: &Decided) -> Outcome {
    let mut out = create(path)?;
    let mut offset = 0;
    loop {
        let opening = one.opening.clone();
        let piece = Piece::Decision { opening, offset };
        let answer = access.call(Command::Export { piece }).await?;
        let piece = answer["piece"].as_str().unwrap_or_default();
        out.write_all(piece.as_bytes())
            .map_err(|error| failed(path, error))?;
        offset += piece.len();
        let bytes = answer["bytes"].as_u64().unwrap_or_default();
        if piece.is_empty() || offset as u64 >= bytes {
            break;
        }
    }
    out.sync_all().map_err(|error| failed(path, error))
}

fn decision_name(one: &Decided) -> String {
    let id: String = one.opening.chars().take(8).collect();
    format!("{:06}-{id}-{}.json", one.height, slug(&one.title))
}

fn document_name(one: &Written) -> String {
    let id: String = one.id.chars().take(8).collect();
    format!("{}-{id}-{}.md", one.sort, slug(&one.title))
}

/// A title as a part of a file's name: it is somebody else's, so it leads nowhere.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        match letter {
            letter if letter.is_alphanumeric() => slug.push(letter),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    let slug: String = slug.chars().take(NAME_CHARACTERS_MAX).collect();
    match slug.trim_end_matches('-') {
        "" => "untitled".to_owned(),
        slug => slug.to_owned(),
    }
}

/// Which file is what.
fn index(contents: &Contents) -> Value {
    let decisions = contents.decisions.iter().map(|one| {
        json!({
            "file": format!("decisions/{}", decision_name(one)),
            "proposal": one.proposal,
            "title": one.title,
            "height": one.height,
            "ending": one.ending,
        })
    });
    let documents = contents.documents.iter().map(|one| {
        json!({
            "file": format!("documents/{}", document_name(one)),
            "id": one.id,
            "title": one.title,
            "sort": one.sort,
            "circle": one.circle,
        })
    });
    json!({
        "federation": contents.federation,
        "federation_name": contents.federation_name,
        "member": contents.member,
        "name": contents.name,
        "charter": contents.charter,
        "decisions": decisions.collect::<Vec<_>>(),
        "documents": documents.collect::<Vec<_>>(),
    })
}

fn readme(contents: &Contents, counts: &Counts) -> String {
    let newest = contents.decisions.last().map_or_else(
        || "decisions/FILE".to_owned(),
        |one| format!("decisions/{}", decision_name(one)),
    );
    format!(
        "What {name} takes along from {federation_name}\n\
         written {when} by folkmoot {release}\n\n\
         federation  {federation}\n\
         member      {member}\n\
         charter     {charter}\n\n\
         What is here\n\
         \x20 records.jsonl  {records} records that the keys of {name} signed, one on each line, in the order of\n\
         \x20                its logs. \"bytes\" is the signed entry itself in base64url; the rest can be read\n\
         \x20                from it.\n\
         \x20 decisions/     {decisions} decisions that are final, each with all that proves it.\n\
         \x20 documents/     {documents} texts as they were on this node, in Markdown. Attachments are not among them.\n\
         \x20 charter.toml   the charter in force.\n\
         \x20 index.json     which file is what.\n\n\
         How to verify\n\
         A decision file proves itself, without a node and without a network:\n\n\
         \x20   folkmoot verify {newest} \\\n\
         \x20       --federation {federation}\n\n\
         Compare that id with one you know from elsewhere: with it nothing in the file is taken on trust but\n\
         that at most a third of the validators lied. That the newest file continues an older one, so that\n\
         nothing shown before was rewritten:\n\n\
         \x20   folkmoot verify {newest} --since decisions/OLDER\n\n\
         A verifier of one's own needs specs/decision-files.md; one for records.jsonl specs/entries.md: each\n\
         entry is signed with Ed25519 by its author, and names the entry before it by its hash. Texts and the\n\
         charter are as this node had them; a decision file carries the text that was voted on, and the\n\
         hash of the charter.\n\n\
         Licences are as the charter says. There is no key and no secret in here.\n",
        name = contents.name,
        federation_name = contents.federation_name,
        when = format_utc(clock::now()),
        release = env!("CARGO_PKG_VERSION"),
        federation = contents.federation,
        member = contents.member,
        charter = contents.charter,
        records = counts.records,
        decisions = counts.decisions,
        documents = counts.documents,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_leads_nowhere_in_the_name_of_a_file() {
        for (title, name) in [
            ("../../etc/passwd", "etc-passwd"),
            ("Minutes: 3 May / Lyon", "minutes-3-may-lyon"),
            ("…", "untitled"),
            ("Größe", "größe"),
            (&"x".repeat(200), &"x".repeat(NAME_CHARACTERS_MAX)),
        ] {
            assert_eq!(slug(title), name);
        }
    }

    #[test]
    fn a_directory_that_holds_something_is_refused_and_an_empty_one_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_free(&folder.path().join("new")).is_ok());
        assert!(check_free(folder.path()).is_ok());
        fs::write(folder.path().join("something"), "").unwrap();
        let refused = check_free(folder.path()).unwrap_err();
        assert!(refused.message.contains("is not empty"), "{refused}");
        let file = folder.path().join("something");
        assert!(check_free(&file).is_err());
    }

    #[test]
    fn an_export_without_a_name_is_called_after_the_federation_and_the_day() {
        let named = default_directory("Tree Federation", Timestamp(1_790_000_000_000));
        assert_eq!(named, PathBuf::from("export-tree-federation-2026-09-21"));
    }
}
