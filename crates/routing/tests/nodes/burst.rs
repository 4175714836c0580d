//! Two hundred meetings that begin in the same second.
//!
//! `FOLKMOOT_BURST_SEEDS=300 cargo test -p routing --test nodes -- --nocapture` prints the figures of
//! more seeds.

use crate::{outcome::Outcome, trial::Trial};

fn seeds() -> u64 {
    std::env::var("FOLKMOOT_BURST_SEEDS").map_or(60, |seeds| seeds.parse().unwrap())
}

fn all(name: &str, trial: Trial) -> Vec<Outcome> {
    let mut outcomes: Vec<_> = (0..seeds()).map(|seed| trial.run(seed)).collect();
    outcomes.sort_by_key(|outcome| outcome.most_rooms);
    let mean = |of: &dyn Fn(&Outcome) -> u64| {
        outcomes.iter().map(of).sum::<u64>() as f64 / outcomes.len() as f64
    };
    println!(
        "{name}: rooms mean {:.1} p95 {} worst {}; peak / ideal {:.3}; asks {:.2}; rejected {:.2}; \
         p50 {:.0} p99 {:.0} ms",
        mean(&|o| o.most_rooms),
        p95(&outcomes),
        outcomes[outcomes.len() - 1].most_rooms,
        mean(&|o| o.peak_ppm * 1_000_000 / o.ideal_ppm) / 1e6,
        mean(&|o| o.asks) / 200.0,
        mean(&|o| o.rejected),
        mean(&|o| o.latency_ms(50)),
        mean(&|o| o.latency_ms(99)),
    );
    outcomes
}

fn p95(sorted: &[Outcome]) -> u64 {
    sorted[sorted.len() * 95 / 100].most_rooms
}

/// What holds for every burst that fits: everything is placed, once, and nothing is left over.
fn nothing_is_lost(outcomes: &[Outcome]) {
    for outcome in outcomes {
        assert_eq!(outcome.rejected, 0, "seed {}", outcome.seed);
        assert_eq!(outcome.placed, 200, "seed {}", outcome.seed);
        assert_eq!(outcome.orphans, 0, "seed {}", outcome.seed);
    }
}

#[test]
fn from_one_node_every_server_gets_exactly_the_ideal_ten() {
    let outcomes = all(
        "one node",
        Trial {
            homes: 1,
            ..Trial::default()
        },
    );
    nothing_is_lost(&outcomes);
    assert!(outcomes.iter().all(|outcome| outcome.most_rooms == 10));
}

#[test]
fn from_twelve_nodes_no_server_gets_much_more_than_the_ideal() {
    let outcomes = all("twelve nodes", Trial::default());
    nothing_is_lost(&outcomes);
    assert!(p95(&outcomes) <= 12);
    assert!(outcomes.iter().all(|outcome| outcome.most_rooms <= 13));
}

#[test]
fn from_twelve_nodes_of_which_few_ask_most_it_is_no_worse() {
    let outcomes = all(
        "twelve, skewed",
        Trial {
            skewed: true,
            ..Trial::default()
        },
    );
    nothing_is_lost(&outcomes);
    assert!(p95(&outcomes) <= 12);
    assert!(outcomes.iter().all(|outcome| outcome.most_rooms <= 13));
}

#[test]
fn on_servers_in_use_the_fullest_is_close_to_the_ideal() {
    let outcomes = all(
        "preloaded",
        Trial {
            preloaded: true,
            ..Trial::default()
        },
    );
    nothing_is_lost(&outcomes);
    let ratio: u64 = outcomes
        .iter()
        .map(|o| o.peak_ppm * 1_000 / o.ideal_ppm)
        .sum();
    assert!(ratio <= 1_100 * outcomes.len() as u64);
}

#[test]
fn with_two_owners_silent_everything_is_placed() {
    let outcomes = all(
        "two silent",
        Trial {
            silent: 2,
            ..Trial::default()
        },
    );
    nothing_is_lost(&outcomes);
}

#[test]
fn the_same_seed_gives_the_same_outcome() {
    let trial = Trial {
        preloaded: true,
        skewed: true,
        ..Trial::default()
    };
    assert_eq!(trial.run(3), trial.run(3));
}
