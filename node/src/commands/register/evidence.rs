//! `folkmoot register evidence`: who signed two things that exclude each other, and files that show it.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::Path,
};

use domain::id::Timestamp;
use federation::format_utc;
use register::contradiction::EvidenceFile;
use serde_json::{Value, json};

use super::super::table::text;
use crate::{
    cli::Global,
    control::{Access, Command},
    failure::{Failure, Outcome},
};

/// Lists evidence, and writes each piece to a file of a folder, if one is named.
pub async fn run(global: &Global, access: &Access, out: Option<&Path>) -> Outcome {
    let mut answer = access.call(Command::Evidence).await?;
    let none = Vec::new();
    let listed = answer["evidence"].as_array().unwrap_or(&none);
    let mut said: Vec<String> = listed.iter().map(line).collect();
    let mut files = Vec::new();
    if let Some(folder) = out {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
        for one in listed {
            let hash = text(one, "hash");
            let file = access.call(Command::EvidenceFile { hash }).await?;
            files.push(write(folder, one, &text(&file, "file"))?);
        }
        said.push(match files.len() {
            0 => String::new(),
            1 => format!(
                "Written to {}: folkmoot verify shows what it proves.",
                files[0]
            ),
            count => format!(
                "{count} files are in {}: folkmoot verify shows what each proves.",
                folder.display()
            ),
        });
    }
    if listed.is_empty() {
        said = vec!["Nobody was seen to contradict itself.".to_owned()];
    }
    if out.is_some() {
        answer["files"] = json!(files);
    }
    global.say(&answer, said.join("\n"))
}

fn line(one: &Value) -> String {
    let hash: String = text(one, "hash").chars().take(8).collect();
    let seen = format_utc(Timestamp(one["seen_ms"].as_u64().unwrap_or(0)));
    let (name, signed) = (text(one, "name"), text(one, "signed"));
    format!("{hash}  {name}: two {signed}, seen {seen}")
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::refused(format!("cannot write {}", path.display()))
        .because(error)
        .hint("name another folder: --out DIR")
}

/// Writes a file, unless the same is there already.
fn write(folder: &Path, one: &Value, file: &str) -> Outcome<String> {
    let read = EvidenceFile::read(file.as_bytes()).and_then(|file| file.verify(None));
    // What is handed on is what others will be able to verify.
    read.map_err(|error| {
        Failure::refused("the node answered something that proves nothing").because(error)
    })?;
    let hash: String = text(one, "hash").chars().take(8).collect();
    let path = folder.join(format!("evidence-{hash}.json"));
    let written = fs::File::create_new(&path).and_then(|mut new| {
        new.write_all(file.as_bytes())?;
        new.sync_all()
    });
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::read(&path).ok().as_deref() != Some(file.as_bytes()) {
                return Err(unwritable(&path, error));
            }
        }
        Err(error) => return Err(unwritable(&path, error)),
        Ok(()) => {}
    }
    Ok(path.display().to_string())
}
