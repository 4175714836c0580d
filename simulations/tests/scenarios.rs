//! Every scenario that comes with the simulator holds, with more than one seed.

use simulations::{ABOVE, SCENARIOS, play};

#[test]
fn every_scenario_holds() {
    for (name, text) in SCENARIOS {
        // Those with a register take longer; CI plays them with more seeds by the command.
        let seeds = if name.starts_with("register") { 1 } else { 3 };
        for seed in 0..seeds {
            let report = play(name, text, seed).unwrap();
            assert_eq!(report.failure, None, "{name}, seed {seed}");
        }
    }
}

#[test]
fn two_registers_that_come_of_more_liars_than_may_be_are_seen() {
    for (name, text) in ABOVE {
        for seed in 0..3 {
            let failure = play(name, text, seed).unwrap().failure.unwrap();
            let seen = failure.contains("DISAGREEMENT: two batches at height 2");
            assert!(seen, "{name}, seed {seed}: {failure}");
        }
    }
}

#[test]
fn delays_beyond_the_bound_of_gossip_let_a_liar_choose_and_it_is_seen() {
    let (name, text) = SCENARIOS
        .iter()
        .find(|(name, _)| *name == "register-adversary")
        .unwrap();
    let beyond = text.replace("adversary = \"55s\"", "adversary = \"9m\"");
    assert_ne!(&beyond, text);
    let mut failures = (0..20).filter_map(|seed| play(name, &beyond, seed).unwrap().failure);
    let seen = failures.any(|failure| failure.contains("liars could decide on"));
    assert!(seen, "nobody could choose");
}

#[test]
fn an_expectation_that_does_not_hold_fails() {
    let (_, text) = SCENARIOS
        .iter()
        .find(|(name, _)| *name == "balance-2023")
        .unwrap();
    let wrong = text.replace("agree = 7", "agree = 8");
    let failure = play("wrong", &wrong, 0).unwrap().failure.unwrap();
    assert!(failure.contains("7 agree instead of 8"), "{failure}");
}

#[test]
fn a_scenario_with_an_unknown_key_or_member_is_refused() {
    let (_, text) = SCENARIOS[0];
    let unknown = format!("{text}\n[[act]]\nat = \"1m\"\nby = \"Nobody\"\ndo = \"open\"\n");
    let error = play("unknown", &unknown, 0).unwrap_err().to_string();
    assert!(error.contains("Nobody"), "{error}");
    let odd = format!("colour = \"red\"\n{text}");
    assert!(play("odd", &odd, 0).is_err());
}
