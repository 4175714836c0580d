//! The same with messages that are lost, late or doubled and servers that are slow or fail: fewer
//! meetings find a place, but each at most one, in time, and nothing is left over.

use crate::trial::{Faults, Trial};

fn seeds() -> impl Iterator<Item = u64> {
    0..10
}

fn tried(name: &str, trial: Trial) -> u64 {
    let mut placed = 0;
    for seed in seeds() {
        let outcome = trial.run(seed);
        assert_eq!(
            outcome.orphans, 0,
            "{name}, seed {seed}: meetings nobody is bound to"
        );
        assert_eq!(
            outcome.placed + outcome.rejected,
            200,
            "{name}, seed {seed}: an answer each"
        );
        placed += outcome.placed;
    }
    println!("{name}: {placed} of {} placed", 200 * seeds().count());
    placed
}

#[test]
fn lost_messages_leave_no_meeting_behind() {
    let faults = Faults {
        lost: 10,
        ..Faults::default()
    };
    let placed = tried(
        "lost",
        Trial {
            faults,
            ..Trial::default()
        },
    );
    assert!(placed > 1_950);
}

#[test]
fn doubled_messages_create_nothing_twice() {
    let faults = Faults {
        doubled: 30,
        ..Faults::default()
    };
    assert_eq!(
        tried(
            "doubled",
            Trial {
                faults,
                ..Trial::default()
            }
        ),
        2_000
    );
}

#[test]
fn answers_after_their_time_are_cleaned_up() {
    let faults = Faults {
        late: 20,
        ..Faults::default()
    };
    tried(
        "late",
        Trial {
            faults,
            ..Trial::default()
        },
    );
}

#[test]
fn slow_and_failing_servers_cost_time_but_leave_nothing_behind() {
    let faults = Faults {
        slow: 30,
        failed: 10,
        ..Faults::default()
    };
    let placed = tried(
        "slow",
        Trial {
            faults,
            ..Trial::default()
        },
    );
    assert!(placed > 1_950);
}

#[test]
fn all_at_once_on_servers_too_small_for_all() {
    let faults = Faults {
        lost: 5,
        doubled: 10,
        late: 10,
        failed: 5,
        slow: 10,
        partition: true,
        clocks: true,
    };
    tried(
        "all",
        Trial {
            faults,
            cores: 8,
            silent: 2,
            ..Trial::default()
        },
    );
}

#[test]
fn a_partition_splits_no_meeting() {
    let faults = Faults {
        partition: true,
        ..Faults::default()
    };
    let trial = Trial {
        faults,
        ..Trial::default()
    };
    assert_eq!(tried("partition", trial), 2_000, "each half has servers");
}

#[test]
fn wall_clocks_that_are_set_back_change_nothing() {
    let faults = Faults {
        clocks: true,
        ..Faults::default()
    };
    let jumping = Trial {
        faults,
        ..Trial::default()
    };
    for seed in 0..3 {
        assert_eq!(jumping.run(seed), Trial::default().run(seed));
    }
}
