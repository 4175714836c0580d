//! Servers and front ends as a steward at a terminal sees them: a node runs, and every command is
//! typed once.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use support::folkmoot;

/// A running node, killed when the test ends however it ends.
struct Running {
    child: Child,
    url: String,
    link: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(home: &Path) -> Running {
    let init = [
        "init", "--found", "Example", "--name", "Alpha", "--data", "a",
    ];
    let output = folkmoot(home, &init);
    assert!(output.status.success(), "{output:?}");
    let path = home.join("a/folkmoot.toml");
    let configuration = fs::read_to_string(&path).unwrap();
    // Ports that nobody else has.
    let configuration = configuration
        .replace("127.0.0.1:7180", "127.0.0.1:0")
        .replace("/ip4/0.0.0.0/tcp/7181", "/ip4/127.0.0.1/tcp/0");
    fs::write(&path, configuration).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_folkmoot"))
        .args(["run", "--data", "a"])
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("folkmoot starts");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = lines.map(|line| line.expect("the node goes on speaking"));
    let link = said.find(|line| line.contains("/welcome/"));
    let link = link.expect("the node says how to sign in");
    let link = link[link.find("http://").unwrap()..].to_owned();
    let url = link.split("/welcome/").next().unwrap().to_owned();
    Running { child, url, link }
}

/// What a command answers, with what differs from run to run named instead.
fn transcript(home: &Path, node: &Running, command: &str) -> String {
    let mut words: Vec<&str> = command.split(' ').collect();
    words.extend(["--node", &node.url]);
    let output = folkmoot(home, &words);
    let mut text = format!("$ folkmoot {command}\n");
    text += &String::from_utf8_lossy(&output.stdout);
    text += &String::from_utf8_lossy(&output.stderr);
    match output.status.code().expect("it ends by itself") {
        0 => {}
        code => text += &format!("(exit {code})\n"),
    }
    scrub(&text.replace(&node.url, "http://NODE"))
}

fn scrub(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    let mut scrubbed = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        scrubbed += &rest[..start];
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
        scrubbed += match word {
            _ if word.len() == 43 => "A-SECRET",
            _ if matches!(word.len(), 8 | 32 | 64) && is_hex(word) => "ID",
            _ if word.len() == 10 && word.starts_with("20") && word.contains('-') => "DATE",
            _ if word.len() == 14 && word.starts_with(":1") => ":MILLISECONDS",
            _ if word.len() == 8 && word.matches(':').count() == 2 => "TIME",
            _ => word,
        };
        rest = &rest[end..];
    }
    scrubbed + rest
}

#[test]
fn servers_and_front_ends_are_kept_by_commands() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let node = start(home);
    fs::write(home.join("password"), "correct horse battery\n").unwrap();
    fs::write(home.join("secret"), "the-secret-of-the-server\n").unwrap();
    fs::write(home.join("two-words"), "the secret\n").unwrap();
    let token = format!(
        "token new --name Ada --link {} --password-file password",
        node.link
    );
    let signed_in = folkmoot(home, &token.split(' ').collect::<Vec<_>>());
    assert!(signed_in.status.success(), "{signed_in:?}");
    let mut story = String::new();
    for command in [
        "server list",
        "server add https://9.9.9.9/bigbluebutton/ --region eu-west --secret-file secret --name Quad \
         --feature recording --cost 30 --currency EUR",
        "server add https://127.0.0.1 --region eu-west --secret-file secret",
        "server add https://9.9.9.9 --region Europe --secret-file secret --name Other",
        "server add https://9.9.9.9 --region eu-west --secret-file two-words",
        "server add https://9.9.9.9 --region eu-west --secret-file nowhere",
        "server add http://127.0.0.1:9 --region ca-east --secret-file secret --allow-private \
         --allow-http --name Lab --cores 4",
        "server cordon Quad",
        "server tests-only Lab",
        "server list",
        "server check Lab",
        "server set Quad",
        "server set Quad --cores 16 --share 20",
        "server open Quad",
        "server drain Nobody",
        "server list --own",
        "server remove Quad",
        "server list --json",
        "tenant list",
        "tenant add Greenlight --level level-2 --region eu-west",
        "tenant add Greenlight",
        "tenant add School --level gold",
        "tenant add School --secret-file secret",
        "tenant list",
        "tenant limits Greenlight --participants 30 --recording yes --default welcome=Hi --force \
         record=false --clear meetings",
        "tenant limits Greenlight --force checksum=1",
        "tenant rotate Greenlight",
        "tenant show Greenlight",
        "tenant rotate Greenlight --now",
        "tenant configuration School --for nextcloud",
        "tenant configuration School --for nextcloud --with-secret",
        "tenant configuration Greenlight --for greenlight --with-secret",
        "tenant remove Greenlight",
        "tenant list",
    ] {
        story += &transcript(home, &node, command);
        story += "\n";
    }
    insta::assert_snapshot!(story);
}
