//! Seeds pass, repeat themselves, and catch mistakes.

use std::process::Command;

use simulations::{Broken, Lie, Options, run};

/// How many seeds that can show a mistake may be needed to catch it.
const SEEDS_MAX: usize = 60;

/// Whether a run can show a mistake at all: ballots come late only where somebody lies so.
fn can_show(options: &Options, broken: Broken) -> bool {
    match broken {
        Broken::LateBallots => options.lies.contains(&Lie::Late),
        Broken::ForgottenJournal => options.crashes > 0 || options.dies_at_heights,
        _ => true,
    }
}

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
    for seed in 0..6 {
        let report = run(&Options::of(seed, None), None);
        assert_eq!(report.failure, None, "seed {seed}");
    }
}

#[test]
fn the_first_seeds_with_a_register_pass() {
    for seed in 0..2 {
        let report = run(&Options::of_register(seed, None), None);
        assert_eq!(report.failure, None, "seed {seed}");
    }
}

#[test]
fn the_same_seeds_give_the_same_traces_in_two_processes() {
    for register in [None, Some("--register")] {
        let mut arguments = vec!["run", "--from", "30", "--seeds", "4", "--verbose"];
        arguments.extend(register);
        let first = traces(&arguments);
        assert_eq!(first.len(), 4);
        assert_eq!(first, traces(&arguments));
        let distinct: std::collections::BTreeSet<&String> = first.iter().collect();
        assert_eq!(distinct.len(), 4);
    }
}

#[test]
fn every_mistake_is_caught() {
    for broken in Broken::ALL {
        let mut seeds = (0..)
            .map(|seed| match broken.is_of_register() {
                true => Options::of_register(seed, None),
                false => Options::of(seed, None),
            })
            .filter(|options| can_show(options, broken))
            .take(SEEDS_MAX);
        assert!(
            seeds.any(|options| run(&options, Some(broken)).failure.is_some()),
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
