//! What must be decided, whatever happens to at most f of the validators.

use std::panic::{AssertUnwindSafe, catch_unwind};

use register::agreement::AgreementError;

use crate::{
    node::Conduct,
    world::{Event, HOUR_MS, MINUTE_MS, Random, Setup, World},
};

const LONG_MS: u64 = 60 * 24 * HOUR_MS;

fn run(setup: Setup) -> World {
    let mut world = World::new(setup);
    world.run(LONG_MS);
    world.assert_done();
    world
}

#[test]
fn four_honest_validators_decide_ten_heights_in_their_first_rounds() {
    let world = run(Setup::honest(4, 10));
    assert_eq!(world.rounds, 0);
    assert!(world.now_ms < MINUTE_MS, "{}", world.now_ms);
}

#[test]
fn with_one_of_four_away_the_others_decide() {
    let world = run(Setup::honest(4, 10).with(Conduct::Away, &[2]));
    assert!((1..4).contains(&world.rounds), "{}", world.rounds);
}

#[test]
fn a_proposer_of_invalid_values_is_passed_over() {
    let world = run(Setup::honest(4, 10).with(Conduct::BadProposer, &[1]));
    assert!(world.rounds >= 1);
    for value in world.decided.values() {
        assert_ne!(world.values[value].maker, 1);
    }
}

#[test]
fn an_equivocator_is_survived_and_proven() {
    let world = run(Setup::honest(4, 10).with(Conduct::Equivocator, &[3]));
    let key = World::key(3).public();
    assert!(!world.evidence.is_empty());
    assert!(world.evidence.iter().all(|evidence| evidence.key == key));
}

#[test]
fn eleven_of_sixteen_decide_without_the_other_five() {
    run(Setup::honest(16, 4).with(Conduct::Away, &[1, 4, 7, 8, 15]));
}

#[test]
fn a_fifth_of_all_messages_lost_is_made_up_by_asking() {
    for seed in 1..6 {
        let mut setup = Setup::honest(4, 10);
        (setup.seed, setup.loss_percent) = (seed, 20);
        run(setup);
    }
}

#[test]
fn a_crash_at_every_height_signs_nothing_twice() {
    for seed in 1..6 {
        let mut setup = Setup::honest(4, 10).with(Conduct::Equivocator, &[0]);
        (setup.seed, setup.crashes) = (seed, true);
        let world = run(setup);
        let restarts: usize = world.nodes.iter().map(|node| node.restarts).sum();
        assert!(restarts >= 30, "{restarts}");
    }
}

/// The last barrier is the journal itself: this shows that the worlds above would see it missing.
#[test]
fn a_node_that_comes_back_without_its_journal_signs_twice_and_it_is_seen() {
    let said_twice = (1..20).any(|seed| {
        let mut setup = Setup::honest(4, 10);
        (setup.seed, setup.crashes, setup.forgets) = (seed, true, true);
        let mut world = World::new(setup);
        let result = catch_unwind(AssertUnwindSafe(|| world.run(LONG_MS)));
        result.is_err_and(|panic| {
            let text = panic.downcast_ref::<String>();
            text.is_some_and(|text| text.contains("signed twice"))
        })
    });
    assert!(said_twice);
}

#[test]
fn the_set_changes_at_every_height_and_observers_follow() {
    let mut setup = Setup::honest(12, 30);
    setup.changing = true;
    let world = run(setup);
    let sizes: Vec<usize> = (1..=30)
        .map(|height| world.set(height).sizes().all())
        .collect();
    assert!(sizes.contains(&3) && sizes.contains(&12), "{sizes:?}");
}

#[test]
fn half_away_for_three_days_costs_few_records_and_is_made_up_soon_after() {
    let mut world = World::new(Setup::honest(4, 3));
    for node in [0, 1] {
        world.after(0, Event::Online(node, false));
        world.after(72 * HOUR_MS, Event::Online(node, true));
    }
    world.run(72 * HOUR_MS - 1);
    assert!(world.decided.is_empty());
    for node in &world.nodes[2..] {
        assert_eq!(node.round, 0);
        assert!(node.journal.len() <= 6, "{}", node.journal.len());
    }
    // Twelve times in three days the votes are published again, not more.
    assert!(world.published <= 2 * (3 + 12), "{}", world.published);
    world.run(LONG_MS);
    world.assert_done();
    let first_ms = world.nodes.iter().map(|node| node.decided_at_ms[0]);
    let worst_ms = first_ms.max().unwrap() - 72 * HOUR_MS;
    assert!(worst_ms <= 10 * MINUTE_MS, "{worst_ms}");
}

#[test]
fn two_liars_of_four_can_break_agreement_and_it_is_seen() {
    let mut world = World::new(Setup::honest(4, 10).with(Conduct::Equivocator, &[2, 3]));
    world.run(LONG_MS);
    assert!(!world.disagreements.is_empty(), "f + 1 liars must succeed");
    let stopped = world.nodes[..2].iter().filter(|node| {
        let halted = node.halted.as_ref();
        halted.is_some_and(|error| matches!(error, AgreementError::Disagreement(..)))
    });
    assert!(stopped.count() >= 1, "nobody saw the other certificate");
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let setup = || {
        let mut setup = Setup::honest(5, 5).with(Conduct::Equivocator, &[3]);
        (setup.seed, setup.loss_percent, setup.crashes) = (77, 15, true);
        setup
    };
    let (one, two) = (run(setup()), run(setup()));
    assert_eq!((one.trace, one.now_ms), (two.trace, two.now_ms));
    let mut other = setup();
    other.seed = 78;
    assert_ne!(run(other).trace, one.trace);
}

#[test]
fn a_validator_that_hears_nothing_directly_delays_nobody() {
    let mut setup = Setup::honest(4, 10);
    setup.cut = (0..3).map(|from| (from, 3)).collect();
    setup.conducts[3] = Conduct::Away;
    let mut world = World::new(setup);
    world.nodes[3].online = true;
    let after_ms = 1;
    world.after(after_ms, Event::Start { node: 3, height: 1 });
    world.run(LONG_MS);
    world.assert_done();
    assert!(world.rounds <= 1, "{}", world.rounds);
    // It says its piece of the first round and then waits.
    assert!(world.nodes[3].sent <= 3, "{}", world.nodes[3].sent);
}

/// Draws a world: 4 to 13 validators, f of them faulty in any mix, loss up to 30 %, crashes in
/// every second.
fn drawn(seed: u64) -> Setup {
    let mut random = Random(seed);
    let n = 4 + usize::try_from(random.below(10)).unwrap();
    let f = n.div_ceil(3) - 1;
    let mut setup = Setup::honest(n, 5);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|_| random.next());
    for node in &order[..f] {
        let kinds = [Conduct::Equivocator, Conduct::Away, Conduct::BadProposer];
        setup.conducts[*node] = kinds[usize::try_from(random.below(3)).unwrap()];
    }
    setup.seed = seed;
    setup.loss_percent = random.below(31);
    setup.crashes = seed % 2 == 1;
    setup
}

#[test]
fn drawn_worlds_agree_and_none_is_stuck() {
    if let Ok(seed) = std::env::var("AGREEMENT") {
        run(drawn(seed.parse().unwrap()));
        return;
    }
    let count = std::env::var("AGREEMENTS").map_or(50, |count| count.parse().unwrap());
    let mut worst_ms = 0;
    for seed in 0..count {
        let result = catch_unwind(|| run(drawn(seed)).now_ms);
        match result {
            Ok(now_ms) => worst_ms = worst_ms.max(now_ms),
            Err(_) => panic!("AGREEMENT={seed} cargo test -p register --test agreement drawn"),
        }
    }
    println!("{count} worlds, the longest took {} s", worst_ms / 1000);
}
