//! A second node of a co-op, set up at the terminal: what it holds, and every wrong way.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::Value;
use support::folkmoot;

const CONFIGURATION: &str = "[network]\nannounce = [\"/ip4/192.0.2.1/tcp/7181\"]\n";

/// What a command answers with `--json`, and its exit code.
fn ask(home: &Path, words: &[&str]) -> (i32, Value) {
    let output = folkmoot(home, &[words, &["--json"]].concat());
    let json = serde_json::from_slice(&output.stdout);
    let json = json.unwrap_or_else(|error| panic!("{words:?}: {error}: {output:?}"));
    (output.status.code().expect("it ends by itself"), json)
}

fn done(home: &Path, words: &[&str]) -> Value {
    let (code, json) = ask(home, words);
    assert_eq!(code, 0, "{words:?}: {json}");
    json
}

/// Refused with this exit code and these words, and something to do about it.
fn refused(home: &Path, words: &[&str], code: i32, message: &str) {
    let (found, json) = ask(home, words);
    assert_eq!(found, code, "{words:?}: {json}");
    let said = json["error"].as_str().unwrap_or_default();
    assert!(said.contains(message), "{words:?}: {json}");
    assert!(json["hint"].is_string(), "{words:?}: {json}");
}

fn found(home: &Path, data: &str) {
    let words = [
        "init", "--found", "Example", "--name", "Alpha", "--data", data,
    ];
    done(home, &words);
    fs::write(home.join(data).join("folkmoot.toml"), CONFIGURATION).unwrap();
}

/// Makes a file, and writes its code into another.
fn file(home: &Path, what: &str, data: &str, name: &str) -> Value {
    let made = done(home, &["node", what, name, "--data", data]);
    let code = made["code"].as_str().unwrap();
    fs::write(home.join(format!("{name}.code")), format!("{code}\n")).unwrap();
    made
}

fn take<'a>(name: &'a str, code: &'a str, data: &'a str) -> [&'a str; 7] {
    ["node", "take", name, "--code-file", code, "--data", data]
}

fn names(path: PathBuf) -> Vec<String> {
    let all = fs::read_dir(path).unwrap().flatten();
    let mut names: Vec<String> = all
        .map(|one| one.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_second_node_is_set_up_with_its_own_key_and_nothing_that_speaks_for_the_member() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home, "a");
    let made = file(home, "add", "a", "second");
    assert_eq!(made["name"], "Second node");
    let mode = fs::metadata(home.join("second")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let taken = done(home, &take("second", "second.code", "b"));
    assert_eq!(taken["node"], made["node"]);
    let mode = fs::metadata(home.join("b")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    let names = names(home.join("b"));
    for name in ["folkmoot.toml", "genesis", "node.key", "secrets.key"] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
    for name in ["root.key", "validator.key", "first-sign-in"] {
        assert!(!names.contains(&name.to_owned()), "{name} in {names:?}");
    }
    let read = |data: &str| fs::read(home.join(data).join("secrets.key")).unwrap();
    assert_eq!(read("a"), read("b"));
    let text = fs::read_to_string(home.join("b/folkmoot.toml")).unwrap();
    assert!(text.contains("/ip4/192.0.2.1/tcp/7181/p2p/"), "{text}");
    for (data, own) in [("a", 0), ("b", 1)] {
        let nodes = done(home, &["node", "list", "--data", data])["nodes"].clone();
        let nodes = nodes.as_array().unwrap();
        assert_eq!(nodes.len(), 2, "{nodes:?}");
        assert_eq!(nodes[1]["node"], made["node"]);
        assert!(nodes[own]["own"] == true && nodes[1 - own]["own"] == false);
    }
    // It may have signed elsewhere: before it has reached another node it signs nothing.
    let status = done(home, &["status", "--data", "b"]);
    assert_eq!(status["member"], "Alpha");
    assert_eq!(status["caught_up"], false);
    let key = made["node"].as_str().unwrap();
    done(home, &["key", "revoke", key, "--data", "a"]);
    let nodes = done(home, &["node", "list", "--data", "a"]);
    assert_eq!(nodes["nodes"][1]["revoked"], true);
}

#[test]
fn a_second_node_is_brought_up_to_date_and_never_set_back() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home, "a");
    file(home, "add", "a", "second");
    done(home, &take("second", "second.code", "b"));
    file(home, "pack", "a", "old");
    file(home, "pack", "a", "new");
    let taken = done(home, &take("new", "new.code", "b"));
    assert_eq!(taken["counts"]["gone"], 0);
    done(home, &take("new", "new.code", "b"));
    refused(home, &take("old", "old.code", "b"), 1, "would work again");
    refused(
        home,
        &take("new", "new.code", "a"),
        1,
        "at this node itself",
    );
    refused(home, &take("new", "new.code", "c"), 1, "no key of a node");
    assert!(!home.join("c").exists());
    // Its secrets would not open.
    let path = home.join("b/secrets.key");
    let text = fs::read_to_string(&path).unwrap();
    let secret = text.split("secret ").last().unwrap();
    fs::write(&path, text.replace(secret.trim(), &"0".repeat(64))).unwrap();
    refused(home, &take("new", "new.code", "b"), 3, "is not the key of");
}

#[test]
fn what_cannot_be_taken_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home, "a");
    found(home, "other");
    file(home, "add", "a", "second");
    let other = file(home, "add", "other", "third");
    fs::write(home.join("typo"), "not a code").unwrap();
    fs::write(home.join("no-file"), "something else").unwrap();
    let mut bytes = fs::read(home.join("second")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(home.join("damaged"), bytes).unwrap();
    for (words, code, message) in [
        (take("second", "typo", "b"), 2, "no code"),
        (take("second", "third.code", "b"), 1, "not the code"),
        (take("damaged", "second.code", "b"), 1, "is damaged"),
        (take("no-file", "second.code", "b"), 3, "no node file"),
        (
            take("third", "third.code", "a"),
            3,
            "belongs to the federation",
        ),
        (
            take("second", "second.code", "a"),
            3,
            "holds a node already",
        ),
    ] {
        refused(home, &words, code, message);
    }
    assert!(!home.join("b").exists());
    fs::create_dir(home.join("full")).unwrap();
    fs::set_permissions(home.join("full"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(home.join("full/letter"), "hello").unwrap();
    let words = take("second", "second.code", "full");
    refused(home, &words, 3, "is not empty: it has letter");
    // A configuration may be there, and stays.
    fs::remove_file(home.join("full/letter")).unwrap();
    fs::write(home.join("full/folkmoot.toml"), "[web]\nlisten = 1\n").unwrap();
    assert_ne!(ask(home, &words).0, 0);
    assert_eq!(names(home.join("full")), ["folkmoot.toml"]);
    fs::write(home.join("full/folkmoot.toml"), CONFIGURATION).unwrap();
    done(home, &words);
    let kept = fs::read_to_string(home.join("full/folkmoot.toml")).unwrap();
    assert_eq!(kept, CONFIGURATION);

    // At the first node: no place for the file, and no key to grant with.
    refused(
        home,
        &["node", "add", "second", "--data", "a"],
        3,
        "exists already",
    );
    fs::rename(home.join("a/root.key"), home.join("kept.key")).unwrap();
    refused(
        home,
        &["node", "add", "next", "--data", "a"],
        1,
        "root key is not in",
    );
    let foreign = [
        "node",
        "add",
        "next",
        "--data",
        "a",
        "--root-key",
        "other/root.key",
    ];
    refused(home, &foreign, 1, "not that of the node's member");
    assert!(!home.join("next").exists());
    let nodes = done(home, &["node", "list", "--data", "a"])["nodes"].clone();
    assert_eq!(nodes.as_array().unwrap().len(), 2);
    done(
        home,
        &[
            "node",
            "add",
            "next",
            "--data",
            "a",
            "--root-key",
            "kept.key",
        ],
    );
    assert_ne!(other["node"], nodes[1]["node"]);
}
