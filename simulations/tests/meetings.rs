//! Meetings over the real cores: bursts go where there is room, whatever hangs.

use simulations::{MeetingFigures, MeetingScenario, play_meetings};

/// Plays a scenario, in which nothing may happen that must never happen.
fn played(scenario: MeetingScenario, seed: u64) -> MeetingFigures {
    let report = play_meetings(scenario, seed);
    assert_eq!(
        report.failure, None,
        "again: cargo run --release -p simulations -- meetings --scenario {scenario} --seed {seed}"
    );
    report.figures
}

#[test]
fn two_hundred_meetings_from_one_node_are_spread_evenly() {
    for seed in 0..3 {
        let figures = played(MeetingScenario::BurstOne, seed);
        assert_eq!(figures.rejected_ppm, 0, "seed {seed}");
        assert_eq!(figures.peak_rooms, 10, "seed {seed}");
    }
}

#[test]
fn two_hundred_meetings_from_twelve_nodes_are_spread_almost_evenly() {
    for seed in 0..3 {
        let figures = played(MeetingScenario::Burst, seed);
        assert_eq!(figures.rejected_ppm, 0, "seed {seed}");
        assert!(
            figures.peak_rooms <= 13,
            "seed {seed}: {}",
            figures.peak_rooms
        );
    }
}

/// Fault bar 18.
#[test]
fn when_owners_and_servers_hang_the_next_candidate_is_asked_within_the_bound() {
    for seed in 0..3 {
        let figures = played(MeetingScenario::BurstSilent, seed);
        assert_eq!(figures.rejected_ppm, 0, "seed {seed}");
        assert!(
            figures.create_ms[3] <= 5_000,
            "seed {seed}: {:?}",
            figures.create_ms
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| play_meetings(MeetingScenario::Burst, seed).trace;
    assert_eq!(trace(5), trace(5));
    assert_ne!(trace(5), trace(6));
}
