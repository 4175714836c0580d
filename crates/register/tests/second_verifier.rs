//! The second verifier (`tests/verifier/verify.py`) accepts what the first writes, counts alike, and
//! refuses what was tampered with.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use domain::{
    charter::RuleName,
    decision::Choice::{self, Abstain, Agree, Block, Disagree, StandAside},
    effect::Effect,
    id::{FederationId, PhaseId},
};
use register::{
    file::DecisionFile,
    says::Act,
    testing::{HOUR_MS, History, PROPOSED_TEXT, Sent},
};
use serde_json::Value;

const PRODUCERS: [&str; 4] = ["producer"; 4];
const MIXED: [&str; 7] = [
    "producer",
    "producer",
    "producer",
    "consumer",
    "consumer",
    "individual",
    "individual",
];

/// A vote that is over, with its name.
type Scene = (&'static str, History, PhaseId);

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py")
}

fn python(arguments: &[&str], files: &[PathBuf]) -> Vec<Value> {
    let output = Command::new("python3")
        .arg(script())
        .args(arguments)
        .args(files)
        .output()
        .expect("python3 with the package cryptography is installed");
    let said = String::from_utf8(output.stdout).expect("it answers in JSON");
    let answers: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("one value in each line"))
        .collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{errors}");
    answers
}

fn plain(rule: RuleName, classes: &[&str], says: &[(usize, Choice)]) -> (History, PhaseId) {
    let toml = "ballot.disagree-allowed = true";
    let mut history = History::new(classes, rule, toml);
    let opening = history.open(1, 1, None);
    history.close(&history.sent(says));
    (history, opening)
}

fn consent() -> Scene {
    let says = [(0, Agree), (1, StandAside), (3, Abstain)];
    let (history, opening) = plain(RuleName::Consent, &PRODUCERS, &says);
    ("consent", history, opening)
}

fn rejected() -> Scene {
    let says = [(0, Agree), (1, Disagree), (2, Disagree)];
    let (history, opening) = plain(RuleName::OneMemberOneVote, &PRODUCERS, &says);
    ("rejected", history, opening)
}

fn by_charter() -> Scene {
    let says = [(0, Agree), (1, Agree), (2, Agree), (3, Agree), (4, Agree), (5, Agree), (6, Disagree)];
    let (history, opening) = plain(RuleName::Charter, &MIXED, &says[..6]);
    ("by charter", history, opening)
}

/// Somebody's two delegates say different things, and a class weighs more than its members.
fn class_weighted_with_conflict() -> Scene {
    let mut history = History::new(&MIXED, RuleName::ClassWeighted, "");
    let opening = history.open(1, 1, None);
    let mut sent = history.sent(&[(0, Agree), (1, Agree), (3, Agree), (5, Block), (6, Agree)]);
    sent.push(Sent::new(2, Agree, &[0, 1, 2]));
    sent.push(Sent::new(2, Abstain, &[2, 3, 4]));
    sent[5].witnesses = vec![0, 1];
    history.close(&sent);
    ("class-weighted with conflict", history, opening)
}

/// Too few vote at first; in the extension one votes again and one for the first time.
fn extended() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "rule.consent.quorum = [3, 4]");
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (1, Abstain)]));
    let mut sent = history.sent(&[(1, Agree), (2, Agree)]);
    sent[0].revision = 2;
    history.close(&sent);
    ("extended", history, opening)
}

/// A block that comes late extends the vote; it stays blocked, and a fallback vote decides.
fn fallback_vote() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, "");
    let opening = history.open(1, 1, None);
    let mut sent = history.sent(&[(0, Agree), (1, Agree), (2, Block)]);
    sent[2].after_ms = 7 * 24 * HOUR_MS - 60_000;
    history.close(&sent);
    history.close(&[]);
    history.close_answered(Act::CallVote);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Block), (3, Agree)]));
    ("fallback vote", history, opening)
}

/// The proposing member amends at once, in a batch; the amended version passes.
fn amended() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, "");
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (2, Block)]));
    let act = history.amend(2);
    history.answer(act);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Agree)]));
    ("amended", history, opening)
}

fn lapsed() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, "");
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (2, Block)]));
    history.close(&[]);
    ("lapsed", history, opening)
}

fn withdrawn() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    history.withdraw();
    ("withdrawn", history, opening)
}

fn other_version() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    history.open(1, 2, None);
    ("other version", history, opening)
}

/// Validators change before, during and with a vote; what is decided has an effect, and other heights
/// lie in between.
fn validators_change() -> Scene {
    let mut history = History::new(&MIXED, RuleName::OneMemberOneVote, "");
    history.renew(1);
    let first = history.open(1, 1, None);
    history.renew(2);
    history.close(&history.sent(&[(0, Agree), (1, Agree)]));
    let _ = first;
    let member = history.beginning.begin.members[4].member;
    let effect = Effect::Expulsion { member };
    let opening = history.open(2, 2, Some(effect));
    history.renew(3);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Abstain), (4, Block)]));
    ("validators change", history, opening)
}

/// Its validators are too few for a week, and those of today hold the vote again.
fn stalled() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    history.renew(1);
    history.stall();
    history.close(&history.sent(&[(0, Agree), (1, Agree)]));
    ("stalled", history, opening)
}

fn scenes() -> Vec<Scene> {
    vec![
        consent(),
        rejected(),
        by_charter(),
        class_weighted_with_conflict(),
        extended(),
        fallback_vote(),
        amended(),
        lapsed(),
        withdrawn(),
        other_version(),
        validators_change(),
        stalled(),
    ]
}

fn text_of((name, history, opening): &Scene) -> String {
    let shown = !matches!(*name, "rejected");
    let text = shown.then_some(PROPOSED_TEXT);
    let file = history.file(opening, text);
    file.unwrap_or_else(|error| panic!("{name}: {error:?}")).to_json()
}

fn first(text: &str, federation: Option<&FederationId>) -> Option<Value> {
    let file = DecisionFile::read(text.as_bytes()).ok()?;
    file.verify(federation).ok().map(|proof| proof.to_json())
}

#[test]
fn both_verifiers_prove_the_same_of_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for (place, scene) in scenes().iter().enumerate() {
        let text = text_of(scene);
        let path = folder.path().join(format!("{place}.json"));
        fs::write(&path, &text).unwrap();
        files.push(path);
        let read = DecisionFile::read(text.as_bytes()).unwrap();
        let proof = read.verify(Some(&scene.1.federation()));
        let proof = proof.unwrap_or_else(|error| panic!("{}: {error:?}", scene.0));
        let mut json = proof.to_json();
        json["pinned"] = Value::Bool(false);
        expected.push((scene.0, json));
    }
    let answers = python(&[], &files);
    assert_eq!(answers.len(), expected.len());
    for ((name, expected), answer) in expected.iter().zip(answers) {
        assert_eq!(&answer, expected, "{name}");
    }
}
