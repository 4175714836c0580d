//! What a person at a terminal sees: the whole help, the set-up of a federation, and every kind of
//! wrong input with its message and exit code.

mod support;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use support::folkmoot;

/// What it answers, with what differs from run to run named instead.
fn transcript(home: &Path, arguments: &[&str]) -> String {
    let output = folkmoot(home, arguments);
    let mut text = format!("$ folkmoot {}\n", arguments.join(" "));
    text += &String::from_utf8_lossy(&output.stdout);
    text += &String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().expect("it ends by itself");
    if code != 0 {
        text += &format!("(exit {code})\n");
    }
    scrub(&text, home)
}

fn scrub(text: &str, home: &Path) -> String {
    let text = text.replace(home.to_str().expect("the path is text"), "HOME");
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
    let mut scrubbed = String::new();
    let mut rest = &text[..];
    while let Some(start) = rest.find(is_word) {
        scrubbed += &rest[..start];
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        scrubbed += match word {
            _ if word.starts_with("did:key:z6Mk") => "KEY",
            _ if word.starts_with("folkmoot-invite:hQ") => "INVITATION",
            _ if is_id(word) => "ID",
            _ if is_id(word.trim_end_matches(':')) => "ID:",
            _ => word,
        };
        rest = &rest[end..];
    }
    scrubbed + rest
}

fn is_id(word: &str) -> bool {
    matches!(word.len(), 32 | 64) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn found(home: &Path) {
    let output = folkmoot(
        home,
        &[
            "init", "--found", "Example", "--name", "Alpha", "--data", "a",
        ],
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_help_is_the_manual() {
    let home = tempfile::tempdir().unwrap();
    let mut manual = transcript(home.path(), &["--help"]);
    for command in [
        "init",
        "join",
        "invite",
        "admit",
        "key",
        "person",
        "node",
        "node list",
        "node add",
        "node take",
        "node pack",
        "host",
        "run",
        "demo",
        "lab",
        "status",
        "members",
        "propose",
        "open",
        "amend",
        "withdraw",
        "vote",
        "comment",
        "charter",
        "server",
        "server list",
        "server add",
        "server set",
        "server check",
        "server remove",
        "tenant",
        "tenant list",
        "tenant add",
        "tenant show",
        "tenant set",
        "tenant limits",
        "tenant rotate",
        "tenant configuration",
        "tenant remove",
        "meeting",
        "meeting list",
        "meeting why",
        "meeting release",
        "decisions",
        "show",
        "verify",
        "token",
        "store",
        "config",
        "completions",
    ] {
        manual += "\n";
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        manual += &transcript(home.path(), &words);
    }
    insta::assert_snapshot!(manual);
}

#[test]
fn a_federation_is_founded_alone_in_one_command() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let init = [
        "init", "--found", "Example", "--name", "Alpha", "--data", "a",
    ];
    let mut story = transcript(home, &init);
    for command in [
        &["members", "--data", "a"][..],
        &["key", "list", "--data", "a"],
        &["person", "list", "--data", "a"],
        &["admit", "--data", "a"],
        &["store", "check", "--data", "a"],
        &init,
    ] {
        story += &transcript(home, command);
    }
    let date = story
        .split_whitespace()
        .find(|word| word.starts_with("20"))
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(story.replace(&date, "DAY       "));
    let mode = |file: &str| fs::metadata(home.join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("a"), 0o700);
    for file in [
        "a/root.key",
        "a/node.key",
        "a/validator.key",
        "a/genesis",
        "a/folkmoot.db",
    ] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[test]
fn two_founders_sign_the_same_genesis() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let prepared = folkmoot(
        home,
        &["init", "--prepare", "--name", "Beta, B", "--data", "b"],
    );
    let line = String::from_utf8(prepared.stdout)
        .unwrap()
        .trim()
        .to_owned();
    let found = [
        "init",
        "--found",
        "Two",
        "--name",
        "Alpha",
        "--founder",
        &line,
        "--data",
        "a",
    ];
    let mut story = transcript(home, &found);
    let sign = [
        "init",
        "--genesis",
        "a/genesis",
        "--bootstrap",
        "/ip4/192.0.2.1/tcp/7181",
        "--data",
        "b",
    ];
    story += &transcript(home, &sign);
    // The founders are listed by root key, which is random.
    let mut lines: Vec<&str> = story
        .lines()
        .filter(|line| !line.contains("  founder "))
        .collect();
    lines.push("");
    insta::assert_snapshot!(lines.join("\n"));
    let config = fs::read_to_string(home.join("b/folkmoot.toml")).unwrap();
    assert!(
        config.contains("bootstrap = [\"/ip4/192.0.2.1/tcp/7181\"]"),
        "{config}"
    );
    fs::remove_file(home.join("a/genesis")).unwrap();
    fs::copy(home.join("b/genesis"), home.join("a/genesis")).unwrap();
    assert!(folkmoot(home, &["members", "--data", "a"]).status.success());
}

#[test]
fn what_was_prepared_is_what_founds() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let prepare = [
        "init",
        "--prepare",
        "--name",
        "Alder Co-op",
        "--class",
        "consumer",
    ];
    let prepared = folkmoot(home, &[&prepare[..], &["--data", "a"]].concat());
    assert!(prepared.status.success());
    for other in [["--name", "Birch"], ["--class", "producer"]] {
        let words = [&["init", "--found", "Trees", "--data", "a"], &other[..]].concat();
        let refused = folkmoot(home, &words);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("was prepared as"), "{said}");
    }
    let found = folkmoot(home, &["init", "--found", "Trees", "--data", "a"]);
    let said = String::from_utf8(found.stdout).unwrap();
    assert!(said.contains("Alder Co-op (consumer)"), "{said}");
}

#[test]
fn wrong_input_gets_a_sentence_a_hint_and_its_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home);
    fs::write(home.join("charter.toml"), "[period]\nregular-secnds = 1\n").unwrap();
    let strengths = "[class.producer]\nstrength-percent = 41\n";
    fs::write(home.join("strengths.toml"), strengths).unwrap();
    fs::write(home.join("open-token"), "x").unwrap();
    fs::set_permissions(home.join("open-token"), fs::Permissions::from_mode(0o644)).unwrap();
    let mut all = String::new();
    for arguments in [
        &["frobnicate"][..],
        &["init"],
        &["init", "--found", "Example"],
        &[
            "init", "--found", "Example", "--name", "A", "--class", "baker", "--data", "x",
        ],
        &[
            "init",
            "--found",
            "Example",
            "--name",
            "A",
            "--founder",
            "Beta",
            "--data",
            "x",
        ],
        &[
            "init",
            "--found",
            "Example",
            "--name",
            "A",
            "--charter",
            "charter.toml",
            "--data",
            "x",
        ],
        &["init", "--genesis", "a/genesis", "--data", "y"],
        &["init", "--genesis", "nothing", "--data", "y"],
        &["init", "--genesis", "a/root.key", "--data", "y"],
        &[
            "init",
            "--prepare",
            "--name",
            "A",
            "--bootstrap",
            "localhost:1",
            "--data",
            "y",
        ],
        &["run", "--data", "nowhere"],
        &["status"],
        &["join", "folkmoot-invite:abc", "--name", "B", "--data", "b"],
        &["join", "hello", "--name", "B", "--data", "b"],
        &["invite", "--expires", "0", "--data", "a"],
        &["invite", "--class", "baker", "--data", "a"],
        &["admit", "Nobody", "--data", "a"],
        &["key", "mandate", "did:key:zabc", "--data", "a"],
        &[
            "key",
            "grant",
            "did:key:zabc",
            "--roles",
            "steward",
            "--data",
            "a",
        ],
        &["person", "invite", "Anna", "--roles", "king", "--data", "a"],
        &["person", "remove", "Nobody", "--data", "a"],
        &["vote", "12345678", "yes"],
        &["vote", "12345678", "agree"],
        &["decisions", "--token-file", "open-token"],
        &["decisions", "--json"],
        &["store", "check", "--data", "nowhere"],
        &["config", "check", "charter.toml"],
        &["charter", "compare", "nothing.toml"],
        &["charter", "compare", "strengths.toml"],
        &["charter", "show"],
    ] {
        all += &transcript(home, arguments);
        all += "\n";
    }
    insta::assert_snapshot!(all);
    assert!(
        !home.join("x").exists(),
        "nothing is left behind by what was refused"
    );
}

#[test]
fn a_key_that_others_can_read_and_a_foreign_or_damaged_store_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home);
    let init = ["init", "--found", "Other", "--name", "Beta", "--data", "b"];
    assert!(folkmoot(home, &init).status.success());
    fs::set_permissions(home.join("b/node.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let mut all = transcript(home, &["run", "--data", "b"]);
    fs::set_permissions(home.join("b/node.key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::copy(home.join("a/folkmoot.db"), home.join("b/folkmoot.db")).unwrap();
    all += &transcript(home, &["status", "--data", "b"]);
    fs::write(home.join("b/folkmoot.db"), b"no database at all").unwrap();
    let damaged = folkmoot(home, &["status", "--data", "b"]);
    assert_eq!(damaged.status.code(), Some(5), "{damaged:?}");
    fs::set_permissions(home.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
    all += &transcript(home, &["status", "--data", "a"]);
    insta::assert_snapshot!(all);
}

#[test]
fn the_root_key_can_be_kept_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home);
    let mut all = String::new();
    for arguments in [
        &["key", "export", "root.copy", "--data", "a"][..],
        &["key", "remove-root", "--copy", "a/node.key", "--data", "a"],
        &["key", "remove-root", "--copy", "root.copy", "--data", "a"],
        &["key", "mandate", "--data", "a"],
        &["key", "mandate", "--root-key", "root.copy", "--data", "a"],
    ] {
        all += &transcript(home, arguments);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn errors_are_json_when_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let output = folkmoot(home.path(), &["status", "--json", "--data", "nowhere"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["exit"], 3);
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .contains("holds no node yet")
    );
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_port_in_use_is_said_before_anything_is_opened() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    found(home);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let web = format!("[web]\nlisten = \"{address}\"\n");
    fs::write(home.join("a/folkmoot.toml"), web).unwrap();
    let output = folkmoot(home, &["run", "--data", "a"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!("cannot listen on {address}: the port is in use")),
        "{said}"
    );
    assert!(said.contains("set web.listen in folkmoot.toml"), "{said}");
    let network = format!(
        "[web]\nlisten = \"127.0.0.1:0\"\n[network]\nlisten = [\"/ip4/127.0.0.1/tcp/{}\"]\n",
        address.port()
    );
    fs::write(home.join("a/folkmoot.toml"), network).unwrap();
    let output = folkmoot(home, &["run", "--data", "a"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the port is in use"), "{said}");
    // The store was closed in order all the same.
    assert!(folkmoot(home, &["status", "--data", "a"]).status.success());
}
