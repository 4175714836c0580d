//! What somebody outside sees who verifies decision files, with nothing but the files.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

use domain::{
    charter::RuleName,
    decision::Choice::{Abstain, Agree, Block},
    id::{FederationId, Hash, MemberId},
    key::SecretKey,
};
use register::{
    agreement::{self, Pair, Signed, Step, Vote},
    contradiction::{Contradiction, EvidenceFile},
    says::Act,
    testing::{History, PROPOSED_TEXT},
    validators::ValidatorIndex,
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

#[test]
fn what_is_in_a_file_does_not_steer_the_terminal_of_who_verifies_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let hostile = "{\"\\u001b]0;owned\\u0007\\u001b[2J\\u009b32m\\u202eIt passed.\": 1}";
    fs::write(folder.join("file.json"), hostile).unwrap();
    // A file of evidence that names a key which is none.
    let evidence = format!("{{\"format\": \"folkmoot evidence 1\", {}", &hostile[1..]);
    fs::write(folder.join("evidence.json"), evidence).unwrap();
    for arguments in [
        &["verify", "file.json"][..],
        &["verify", "file.json", "--json"],
        &["verify", "evidence.json"],
        &["verify", "--since", "file.json", "file.json"],
    ] {
        let said = transcript(folder, arguments);
        assert!(said.contains("u{1b}"), "{said:?}");
        let is_hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.contains(is_hostile), "{said:?}");
    }
}

#[test]
fn an_outsider_verifies_evidence_and_is_told_what_it_does_not_prove() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (federation, key) = (FederationId([7; 32]), SecretKey::from_seed(&[1; 32]));
    let vote = |value: Option<Hash>| {
        let vote = Vote {
            epoch: 0,
            height: 12,
            round: 1,
            step: Step::Precommit,
            value,
        };
        Signed::sign(&federation, ValidatorIndex(2), &key, vote)
    };
    let pair = Pair::Votes(vote(None), vote(Some(Hash([5; 32]))));
    let key = key.public();
    let found = Contradiction::InAgreement(agreement::Evidence { key, pair });
    let file = EvidenceFile::new(&federation, MemberId([3; 32]), &found, &[]).to_json();
    fs::write(folder.join("evidence.json"), &file).unwrap();
    let at = file.find("\"evidence\": \"").unwrap() + 200;
    let mut changed = file.clone().into_bytes();
    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
    fs::write(folder.join("changed.json"), changed).unwrap();
    let later = file.replace("folkmoot evidence 1", "folkmoot evidence 9");
    fs::write(folder.join("later.json"), later).unwrap();

    let id = federation.to_string();
    let pinned = transcript(folder, &["verify", "evidence.json", "--federation", &id]);
    for said in [
        "signed two votes of one step at height 12, round 1, of epoch 0",
        "a precommit for nothing",
        "the one you named",
        "does not show it",
        "It does not show who held the key",
    ] {
        assert!(pinned.contains(said), "{said}: {pinned}");
    }
    assert!(!pinned.contains("exit"), "{pinned}");
    let json = transcript(folder, &["--json", "verify", "evidence.json"]);
    assert!(
        json.contains("\"member_shown\": false") || json.contains("\"member_shown\":false"),
        "{json}"
    );
    let other = "00".repeat(32);
    for (arguments, why) in [
        (&["verify", "changed.json"][..], "proves nothing"),
        (&["verify", "later.json"], "update folkmoot"),
        (
            &["verify", "evidence.json", "--federation", &other],
            "is the one meant",
        ),
        (
            &["verify", "evidence.json", "--since", "evidence.json"],
            "(exit 1)",
        ),
    ] {
        let refused = transcript(folder, arguments);
        assert!(
            refused.contains(why) && refused.contains("(exit 1)"),
            "{refused}"
        );
    }
}
