//! The second verifier (`tests/verifier/verify.py`) accepts what the first writes, counts alike, and
//! refuses what was tampered with.

#![allow(clippy::unwrap_used)]

mod random;
mod scenes;
mod tampering;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use domain::id::FederationId;
use register::file::{DecisionFile, since};
use serde_json::Value;

use self::{
    scenes::{Scene, consent, forged, scenes, text_of},
    tampering::{numbers, tampered},
};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py")
}

/// Runs the second verifier; what it says, line by line.
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

fn first(text: &str, federation: Option<&FederationId>) -> Option<Value> {
    let file = DecisionFile::read(text.as_bytes()).ok()?;
    file.verify(federation).ok().map(|proof| proof.to_json())
}

/// What happened to a vote, in words.
fn course(proof: &Value) -> String {
    let steps = proof["steps"].as_array().unwrap().iter();
    let words: Vec<&str> = steps
        .map(|step| step["happened"].as_str().unwrap())
        .collect();
    words.join(" ")
}

/// Both verifiers say the same of these votes; what the first says.
fn both_prove(scenes: &[Scene]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for (place, scene) in scenes.iter().enumerate() {
        let text = text_of(scene);
        let path = folder.path().join(format!("{place}.json"));
        fs::write(&path, &text).unwrap();
        files.push(path);
        let read = DecisionFile::read(text.as_bytes()).unwrap();
        let proof = read.verify(None);
        expected.push(
            proof
                .unwrap_or_else(|error| panic!("{}: {error:?}", scene.0))
                .to_json(),
        );
    }
    let answers = python(&[], &files);
    assert_eq!(answers.len(), expected.len());
    for (scene, (expected, answer)) in scenes.iter().zip(expected.iter().zip(answers)) {
        assert_eq!(&answer, expected, "{}", scene.0);
    }
    expected
}

#[test]
fn both_verifiers_prove_the_same_of_every_file() {
    let scenes = scenes();
    let proofs = both_prove(&scenes);
    let courses: Vec<String> = scenes
        .iter()
        .zip(&proofs)
        .map(|(scene, proof)| format!("{}: {}", scene.0, course(proof)))
        .collect();
    let expected = [
        "consent: opened passed",
        "rejected: opened rejected",
        "by charter: opened passed",
        "class-weighted with conflict: opened rejected",
        "extended: opened extended passed",
        "fallback vote: opened extended blocked call-vote passed",
        "amended: opened blocked amend passed",
        "lapsed: opened blocked lapsed",
        "withdrawn: opened withdrawn",
        "other version: opened amended",
        "validators change: opened passed",
        "stalled: opened stalled passed",
        "recovered: opened recovered blocked recovered lapsed",
        "recovered before: opened passed",
    ];
    assert_eq!(courses, expected);
    let mut votes = proofs[3]["steps"][1]["votes"].as_array().unwrap().iter();
    let conflict = votes.find(|vote| vote["ballots"].as_array().unwrap().len() == 2);
    assert_eq!(conflict.unwrap()["counts"], "abstain");
    assert_eq!(proofs[10]["effect"], "expulsion");
}

#[test]
fn both_verifiers_count_and_judge_random_votes_alike() {
    let scenes = random::votes(80);
    let proofs = both_prove(&scenes);
    for verdict in ["passed", "blocked", "no-quorum", "rejected"] {
        let found = proofs
            .iter()
            .filter(|proof| proof["ended"] == verdict)
            .count();
        assert!(found > 3, "{found} are {verdict}");
    }
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

#[test]
fn both_verifiers_see_that_a_file_continues_another() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["old.json", "new.json", "fork.json"].map(|name| folder.path().join(name));
    let (_, mut history, first) = consent();
    fs::write(&paths[0], history.file(&first, None).unwrap().to_json()).unwrap();
    history.renew(1);
    let second = history.open(2, 2, None);
    history.withdraw();
    fs::write(&paths[1], history.file(&second, None).unwrap().to_json()).unwrap();
    let (_, fork, forked) = scenes::withdrawn();
    fs::write(&paths[2], fork.file(&forked, None).unwrap().to_json()).unwrap();
    let [old, new, fork] = paths;
    let answer = |old: &PathBuf, new: &PathBuf| {
        let answers = python(&["--since"], &[old.clone(), new.clone()]);
        let read = |path: &PathBuf| DecisionFile::read(&fs::read(path).unwrap()).unwrap();
        let continues = since(&read(old), &read(new), None).is_ok();
        assert_eq!(answers[0]["continues"] == true, continues);
        continues
    };
    assert!(answer(&old, &new) && answer(&new, &new));
    assert!(!answer(&new, &old));
    assert!(!answer(&fork, &old) && !answer(&old, &fork));
    // Across a recovery, and beside a register in which nobody was gone.
    let (_, went_on, last) = scenes::recovered();
    let (_, with_all, ended) = scenes::not_recovered();
    let files = [(&went_on, &last), (&with_all, &ended)].map(|(history, opening)| {
        let text = history.file(opening, None).unwrap().to_json();
        let path = folder.path().join(format!("{}.json", text.len()));
        fs::write(&path, text).unwrap();
        path
    });
    let earlier = folder.path().join("earlier.json");
    let (_, before, first) = scenes::recovered_later();
    fs::write(&earlier, before.file(&first, None).unwrap().to_json()).unwrap();
    let (_, later, second) = scenes::recovered_after(before);
    let text = later.file(&second, None).unwrap().to_json();
    let path = folder.path().join("later.json");
    fs::write(&path, text).unwrap();
    assert!(answer(&earlier, &path) && !answer(&path, &earlier));
    assert!(!answer(&files[0], &files[1]) && !answer(&files[1], &files[0]));
}

#[test]
fn the_second_verifier_keeps_to_the_vectors_and_judges_random_choices_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.json");
    fs::write(&path, Value::from(random::cases(4_000)).to_string()).unwrap();
    let output = Command::new("python3")
        .arg(root.join("tests/verifier/vectors.py"))
        .arg(root.join("specs/vectors"))
        .arg(&path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
