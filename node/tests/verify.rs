//! What somebody outside sees who verifies decision files, with nothing but the files.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

use domain::{
    charter::RuleName,
    decision::Choice::{Abstain, Agree, Block},
};
use register::{
    says::Act,
    testing::{History, PROPOSED_TEXT},
};

/// Two decisions of one federation, the second one after a block.
fn write_files(folder: &Path) -> String {
    let mut history = History::new(&["producer"; 4], RuleName::ConsentThenVote, "");
    let first = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Abstain)]));
    let older = history.file(&first, Some(PROPOSED_TEXT)).unwrap().to_json();
    history.renew(1);
    let second = history.open(2, 2, None);
    history.close(&history.sent(&[(0, Agree), (1, Block)]));
    history.close_answered(Act::CallVote);
    history.close(&history.sent(&[(0, Agree), (1, Block), (3, Agree)]));
    let newer = history.file(&second, None).unwrap().to_json();
    let changed = older.replace("We meet every week", "We meet every month");
    assert_ne!(changed, older);
    fs::write(folder.join("older.json"), &older).unwrap();
    fs::write(folder.join("newer.json"), newer).unwrap();
    fs::write(folder.join("changed.json"), changed).unwrap();
    fs::write(folder.join("letter.txt"), "Dear members").unwrap();
    let mut fork = History::new(&["producer"; 4], RuleName::ConsentThenVote, "");
    let forked = fork.open(1, 3, None);
    fork.close(&fork.sent(&[(0, Abstain), (1, Agree)]));
    let forked = fork.file(&forked, None).unwrap().to_json();
    fs::write(folder.join("forked.json"), forked).unwrap();
    fork.federation().to_string()
}

fn transcript(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_folkmoot"))
        .args(arguments)
        .current_dir(folder)
        // Neither a home nor a data directory: it needs none.
        .env_clear()
        .output()
        .expect("folkmoot starts");
    let mut text = format!("$ folkmoot {}\n", arguments.join(" "));
    text += &String::from_utf8_lossy(&output.stdout);
    text += &String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().expect("it ends by itself");
    if code != 0 {
        text += &format!("(exit {code})\n");
    }
    text
}

#[test]
fn an_outsider_verifies_decisions_and_that_nothing_was_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let federation = write_files(folder);
    let other = "11".repeat(32);
    let mut all = String::new();
    for arguments in [
        &["verify", "older.json"][..],
        &["verify", "newer.json", "--federation", &federation],
        &["verify", "older.json", "--json"],
        &["verify", "--since", "older.json", "newer.json"],
        &["verify", "changed.json"],
        &["verify", "older.json", "--federation", &other],
        &["verify", "older.json", "--federation", "12"],
        &["verify", "letter.txt"],
        &["verify", "nothing.json"],
        &["verify", "--since", "newer.json", "older.json"],
        &["verify", "--since", "older.json", "forked.json"],
        &["verify", "--since", "older.json"],
    ] {
        all += &transcript(folder, arguments);
        all += "\n";
    }
    insta::assert_snapshot!(all);
}
