//! Seeds pass, repeat themselves, and catch mistakes.

use std::process::Command;

use simulations::{Broken, Options, run};

/// How many seeds may be needed to catch a mistake.
const SEEDS_MAX: u64 = 200;

fn traces(arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_simulations"))
        .args(arguments)
        .output()
        .expect("the simulator runs");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let lines = text.lines().filter_map(|line| line.split("trace ").nth(1));
    lines
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_first_seeds_pass() {
    for seed in 0..20 {
        let report = run(&Options::of(seed, None), None);
        assert_eq!(report.failure, None, "seed {seed}");
    }
}

#[test]
fn the_same_seeds_give_the_same_traces_in_two_processes() {
    let arguments = ["run", "--from", "30", "--seeds", "6", "--verbose"];
    let first = traces(&arguments);
    assert_eq!(first.len(), 6);
    assert_eq!(first, traces(&arguments));
    let distinct: std::collections::BTreeSet<&String> = first.iter().collect();
    assert_eq!(distinct.len(), 6);
}

#[test]
fn every_mistake_is_caught() {
    for broken in Broken::ALL {
        let caught = (0..SEEDS_MAX).find(|seed| {
            let options = Options::of(*seed, None);
            run(&options, Some(broken)).failure.is_some()
        });
        assert!(
            caught.is_some(),
            "{broken} was not caught by {SEEDS_MAX} seeds"
        );
    }
}

#[test]
fn a_mistake_makes_the_command_fail_and_say_how_to_see_it_again() {
    let output = Command::new(env!("CARGO_BIN_EXE_simulations"))
        .args(["run", "--seed", "0", "--broken", "early-answer"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for words in ["FAILED commit", "trace ", "run --broken early-answer"] {
        assert!(text.contains(words), "{words:?} is missing in {text}");
    }
}
