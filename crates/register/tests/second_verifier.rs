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
    let says = [
        (0, Agree),
        (1, Agree),
        (2, Agree),
        (3, Agree),
        (4, Agree),
        (5, Agree),
        (6, Disagree),
    ];
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
    let mut history = History::new(
        &PRODUCERS,
        RuleName::Consent,
        "rule.consent.quorum = [3, 4]",
    );
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
    file.unwrap_or_else(|error| panic!("{name}: {error:?}"))
        .to_json()
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

/// The file with one thing changed, dropped, doubled or moved, as often as asked.
fn tampered(text: &str, number: usize, random: &mut impl FnMut(usize) -> usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..number {
        let mut bytes = text.as_bytes().to_vec();
        let at = random(bytes.len());
        let other = b"0123456789abcdef \n\",[]{}x"[random(25)];
        match random(8) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, other),
            _ => bytes[at] = other,
        }
        all.extend(
            String::from_utf8(bytes)
                .ok()
                .filter(|changed| changed != text),
        );
    }
    let value: Value = serde_json::from_str(text).unwrap();
    for list in ["headers", "validators", "certificates", "items"] {
        let length = value[list].as_array().unwrap().len();
        for at in 0..length {
            let mut edits: Vec<Value> = vec![value.clone(); 3];
            let lists: Vec<&mut Vec<Value>> = edits
                .iter_mut()
                .map(|edit| edit[list].as_array_mut().unwrap())
                .collect();
            for (edit, list) in lists.into_iter().enumerate() {
                let one = list[at].clone();
                match edit {
                    0 => drop(list.remove(at)),
                    1 => list.insert(at, one),
                    _ => list.swap(at, (at + 1) % length),
                }
            }
            all.extend(edits.iter().map(|edit| respelt(text, edit)));
        }
    }
    all.retain(|changed| changed != text);
    all
}

/// A value as decision files are written: the fields in the order that the text has them in.
fn respelt(text: &str, value: &Value) -> String {
    let names = [
        "format",
        "federation",
        "opening",
        "genesis",
        "beginning",
        "headers",
        "validators",
        "certificates",
        "items",
        "charter",
        "text",
    ];
    let mut lines = Vec::new();
    for name in names.iter().filter(|name| !value[**name].is_null()) {
        let field = match *name {
            // The other fields are texts and lists of texts, which have one spelling.
            "items" => {
                let items = value["items"].as_array().unwrap().iter().map(|one| {
                    let (height, items) = (&one["height"], &one["items"]);
                    format!("    {{\n      \"height\": {height},\n      \"items\": {items}\n    }}")
                });
                match items.collect::<Vec<_>>().join(",\n") {
                    items if items.is_empty() => "[]".to_owned(),
                    items => format!("[\n{items}\n  ]"),
                }
            }
            _ => serde_json::to_string_pretty(&value[*name])
                .unwrap()
                .replace('\n', "\n  "),
        };
        lines.push(format!("  \"{name}\": {field}"));
    }
    let respelt = format!("{{\n{}\n}}\n", lines.join(",\n"));
    assert!(
        text.len().abs_diff(respelt.len()) < text.len(),
        "only one thing differs"
    );
    respelt
}

/// Numbers that look random and are the same every time.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    }
}

/// Files of which a whole quorum has signed what does not follow.
fn forged() -> Vec<Scene> {
    type Change = fn(&mut register::batch::Items);
    let closing: [(&'static str, Change); 6] = [
        ("another verdict", |items| {
            let rejected = domain::decision::Verdict::Rejected;
            items.closings[0].closing.outcome = register::outcome::Outcome::Decided(rejected);
            items.closings[0].motion = None;
        }),
        ("a ballot left out", |items| {
            drop(items.closings[0].closing.ballots.remove(0))
        }),
        ("a mandate left out", |items| {
            drop(items.closings[0].closing.mandates.remove(0))
        }),
        ("seals left out", |items| {
            items.closings[0].closing.seals.truncate(2)
        }),
        ("a manifest left out", |items| {
            drop(items.closings[0].closing.manifests.remove(1))
        }),
        ("another motion", |items| {
            items.closings[0].motion.as_mut().unwrap().title = "Another".to_owned();
        }),
    ];
    let forged = closing.into_iter().map(|(name, change)| {
        let (_, mut history, opening) = consent();
        history.forge(change);
        (name, history, opening)
    });
    forged.collect()
}

#[test]
fn both_verifiers_refuse_what_was_tampered_with_and_what_a_whole_quorum_forged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = numbers(7);
    let mut files = Vec::new();
    let mut keep = |text: &str| {
        let path = folder.path().join(format!("{}.json", files.len()));
        fs::write(&path, text).unwrap();
        files.push(path);
    };
    for scene in &scenes() {
        for changed in tampered(&text_of(scene), 40, &mut random) {
            assert_eq!(first(&changed, None), None, "{}: {changed}", scene.0);
            keep(&changed);
        }
    }
    for (name, history, opening) in &forged() {
        let file = history.file_unchecked(opening);
        assert_eq!(first(&file, None), None, "{name}");
        keep(&file);
    }
    let answers = python(&[], &files);
    assert_eq!(answers.len(), files.len());
    assert!(files.len() > 500, "{}", files.len());
    for (answer, file) in answers.iter().zip(&files) {
        let text = fs::read_to_string(file).unwrap_or_default();
        assert!(answer["refused"].is_string(), "{answer} of {text}");
    }
}

#[test]
fn a_file_of_another_federation_than_asked_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let scene = consent();
    let path = folder.path().join("file.json");
    fs::write(&path, text_of(&scene)).unwrap();
    let federation = scene.1.federation().to_string();
    let answers = python(&["--federation", &federation], std::slice::from_ref(&path));
    assert_eq!(answers[0]["pinned"], Value::Bool(true));
    let other = FederationId([1; 32]).to_string();
    let answers = python(&["--federation", &other], &[path]);
    assert!(answers[0]["refused"].is_string());
}
