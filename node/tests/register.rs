//! What a steward signs for the register at a terminal.

#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read has failed the test"
)]

mod support;

use std::{path::Path, process::Output};

use serde_json::Value;

/// In the data directory of the one node.
fn folkmoot(home: &Path, arguments: &[&str]) -> Output {
    support::folkmoot(home, &[arguments, &["--data", "a"]].concat())
}

/// The answer, in JSON, of a command that succeeds.
fn json(home: &Path, arguments: &[&str]) -> Value {
    let output = folkmoot(home, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn refused(home: &Path, arguments: &[&str]) -> String {
    let output = folkmoot(home, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn found(home: &Path) {
    json(home, &["init", "--found", "Example", "--name", "Alpha"]);
}

fn public_key(home: &Path) -> String {
    let text = std::fs::read_to_string(home.join("a/validator.key")).unwrap();
    let line = text.lines().nth(1).unwrap();
    line.trim_start_matches("public ").to_owned()
}

#[test]
fn a_lost_validator_key_is_followed_by_a_new_one_that_the_register_names() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home);
    let said = refused(home, &["register", "key"]);
    assert!(said.contains("folkmoot register begin"), "{said}");
    assert_eq!(json(home, &["register", "begin"])["signed"], true);
    let before = public_key(home);
    // The key is in force: who only looks declares nothing.
    let looked = json(home, &["register", "key"]);
    assert_eq!(
        (&looked["key"], &looked["named"]),
        (&before.clone().into(), &true.into())
    );
    assert!(!home.join("a/validator-next.key").exists());
    let declared = json(home, &["register", "key", "--another"]);
    assert_eq!(
        (&declared["declared"], &declared["named"]),
        (&true.into(), &false.into())
    );
    assert_ne!(declared["key"], *before);
    // The only validator decides the height at once; then the key is taken up, and there is no other.
    json(home, &["register"]);
    let height = json(home, &["register"])["register"]["height"].as_u64();
    assert_eq!(height, Some(2));
    assert_eq!(declared["key"], *public_key(home));
    assert!(!home.join("a/validator-next.key").exists());
    let looked = json(home, &["register", "key"]);
    assert_eq!(
        (&looked["key"], &looked["named"]),
        (&declared["key"], &true.into())
    );
    let height = json(home, &["register"])["register"]["height"].as_u64();
    assert_eq!(height, Some(2), "nothing more was declared");
    // Without an office nobody would be left.
    let said = refused(home, &["register", "leave-office"]);
    assert!(said.contains("no validator would be left"), "{said}");
}

#[test]
fn a_recovery_that_cannot_be_is_refused_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home);
    let state = ["register", "recover", "state"];
    assert!(refused(home, &state).contains("has not begun"));
    json(home, &["register", "begin"]);
    assert_eq!(json(home, &state)["recoveries"], Value::Array(Vec::new()));
    let announce = ["register", "recover", "announce", "--gone"];
    let said = refused(home, &[&announce[..], &["Beta"]].concat());
    assert!(said.contains("those who do: Alpha"), "{said}");
    let said = refused(home, &[&announce[..], &["Alpha"]].concat());
    assert!(said.contains("no validator would remain"), "{said}");
    let said = refused(home, &["register", "recover", "confirm"]);
    assert!(said.contains("no recovery is announced"), "{said}");
    let said = refused(home, &["register", "object"]);
    assert!(said.contains("no open vote would replace"), "{said}");
}
