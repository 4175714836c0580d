//! Many seeded phases: what must never happen, and how often the liars can choose.
//!
//! `FOLKMOOT_MODEL_RUNS` sets how many runs each row makes, `FOLKMOOT_MODEL_SEED` repeats one.

use std::env;

use super::{
    CLOCK_ERROR_MS, GOSSIP_MS, Partition, STEP_MS, Setting,
    judge::{Range, bounds_every_closing, sides},
    random::Random,
    steps::{Manifest, Plan, seals},
    world::{Ballot, World},
};

/// Runs of each row unless the environment says otherwise; without optimisation fewer.
const RUNS: u64 = if cfg!(debug_assertions) { 40 } else { 1_000 };

const COMMAND: &str = "cargo test -p register --release --test model timed";

/// What was found in the runs of a row; counts ballots.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Found {
    ballots: usize,
    /// Without seals the liars choose.
    open_without_seals: usize,
    /// 2f+1 receipts exist.
    two_thirds: usize,
    /// 2f+1 receipts exist and without seals it can be left out.
    excludable: usize,
    /// With seals of 1, 2, … f+1 steps the liars choose once the honest have sealed.
    open_after_steps: Vec<usize>,
    /// Cast before T − D − e.
    early: usize,
    /// Cast before T − D − e, and without seals the liars choose.
    early_open: usize,
    secured: usize,
}

fn plans(world: &World, steps: usize, random: &mut Random) -> Vec<Plan> {
    let honest = world.setting.honest();
    let slowest = (0..honest).min_by_key(|one| world.ahead_ms[*one]);
    let last_moment = |step| Plan {
        step,
        before_end_ms: 0,
        to: (0..honest).map(|one| Some(one) == slowest).collect(),
        equivocate: false,
    };
    let mut plans: Vec<Plan> = (1..=steps).map(last_moment).collect();
    plans.push(Plan {
        step: 1,
        before_end_ms: STEP_MS - 1,
        to: world.far.clone(),
        equivocate: true,
    });
    plans.push(Plan {
        step: 1 + random.below(steps),
        before_end_ms: random.between(0, STEP_MS - 1),
        to: random.set(honest),
        equivocate: random.coin(),
    });
    plans
}

/// Whether the voter may have been told so.
fn is_secured(world: &World, ballot: &Ballot) -> bool {
    ballot.holders(world.sizes) + world.setting.liars >= world.sizes.securing()
}

/// What must hold for a voter whatever the network does, as long as at most f lie.
fn check(world: &World, ballot: &Ballot, range: &Range) -> Result<(), String> {
    let lowest = range.lowest.as_ref().map(|counted| counted.slot);
    if is_secured(world, ballot) && lowest < Some(ballot.slot) {
        return Err(format!(
            "a secured ballot of voter {} is lost",
            ballot.voter
        ));
    }
    let highest = range.highest.as_ref().map(|counted| counted.slot);
    if ballot.shown_ms > CLOCK_ERROR_MS && highest == Some(ballot.slot) {
        return Err(format!(
            "a ballot of voter {} first shown too late counts",
            ballot.voter
        ));
    }
    Ok(())
}

/// What the liars can do without seals, checked and counted.
fn without_seals(world: &World, found: &mut Found) -> Result<(), String> {
    for ballot in &world.ballots {
        let range = Range::of_manifests(world, ballot.voter);
        check(world, ballot, &range)?;
        let lowest = range.lowest.as_ref().map(|counted| counted.slot);
        let two_thirds = ballot.honest_receipts() + world.setting.liars >= world.sizes.securing();
        let excludable = two_thirds && lowest < Some(ballot.slot);
        let early = ballot.shown_ms < -GOSSIP_MS - CLOCK_ERROR_MS;
        if excludable && world.setting.is_connected() {
            return Err(format!(
                "a ballot of voter {} with 2f+1 receipts is lost",
                ballot.voter
            ));
        }
        found.ballots += 1;
        found.open_without_seals += usize::from(range.is_open());
        found.two_thirds += usize::from(two_thirds);
        found.excludable += usize::from(excludable);
        found.early += usize::from(early);
        found.early_open += usize::from(early && range.is_open());
        found.secured += usize::from(is_secured(world, ballot));
    }
    Ok(())
}

/// What they can still do once the honest have sealed after so many steps, having tried every plan.
fn after_steps(world: &World, steps: usize, random: &mut Random) -> Result<usize, String> {
    let plans = plans(world, steps, random);
    let sealed: Vec<Vec<Vec<Manifest>>> = plans
        .iter()
        .map(|plan| seals(world, steps, plan, random))
        .collect();
    let mut open_ballots = 0;
    for ballot in &world.ballots {
        let mut open = false;
        for seals in &sealed {
            let range = Range::of_seals(world, seals, ballot.voter);
            check(world, ballot, &range)?;
            open |= range.is_open();
        }
        if open && steps == world.sizes.witnesses() && world.setting.seals_connected() {
            return Err(format!(
                "voter {} can be switched after the seals",
                ballot.voter
            ));
        }
        open_ballots += usize::from(open);
    }
    Ok(open_ballots)
}

fn run(setting: Setting, seed: u64, found: &mut Found) -> Result<(), String> {
    let mut random = Random::new(seed);
    let world = World::new(setting, &mut random);
    without_seals(&world, found)?;
    found.open_after_steps.resize(world.sizes.witnesses(), 0);
    for (before, open) in found.open_after_steps.iter_mut().enumerate() {
        *open += after_steps(&world, before + 1, &mut random)?;
    }
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

/// All runs of a row.
fn runs(setting: Setting) -> Found {
    let seeds = match number("FOLKMOOT_MODEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FOLKMOOT_MODEL_RUNS").unwrap_or(RUNS),
    };
    let mut found = Found::default();
    for seed in seeds {
        if let Err(fault) = run(setting, seed, &mut found) {
            panic!("{fault}: {setting:?}; again: FOLKMOOT_MODEL_SEED={seed} {COMMAND}");
        }
    }
    println!("{setting:?}: {found:?}");
    found
}

const SEVEN: (usize, usize) = (7, 2);
const FOUR: (usize, usize) = (4, 1);

fn row((validators, liars): (usize, usize)) -> Setting {
    Setting {
        validators,
        liars,
        grace_ms: STEP_MS,
        partition: Partition::None,
        kept_back: true,
        revisions: 1,
    }
}

/// Whether so many runs were made that what is rare must have happened.
fn is_many(found: &Found) -> bool {
    found.ballots >= 10_000
}

#[test]
fn connected_validators_fix_everything_in_one_step_more_than_there_are_liars() {
    for size in [SEVEN, FOUR] {
        let found = runs(row(size));
        assert_eq!(found.early_open, 0);
        let (last, fewer) = found
            .open_after_steps
            .split_last()
            .expect("at least one step");
        assert_eq!(*last, 0);
        if is_many(&found) {
            assert!(found.open_without_seals > found.ballots / 20);
            assert!(
                fewer.iter().all(|open| *open > found.ballots / 50),
                "too few steps fix nothing"
            );
        }
    }
}

#[test]
fn manifests_signed_too_early_leave_out_what_has_two_thirds_of_receipts() {
    for size in [SEVEN, FOUR] {
        let grace_ms = 2 * CLOCK_ERROR_MS + 1;
        let found = runs(Setting {
            grace_ms,
            ..row(size)
        });
        assert!(!is_many(&found) || found.excludable > 0);
    }
}

#[test]
fn a_partition_past_the_manifests_leaves_the_liars_choices_but_not_over_what_is_secured() {
    for size in [SEVEN, FOUR] {
        let partition = Partition::PastGrace;
        let found = runs(Setting {
            partition,
            ..row(size)
        });
        if is_many(&found) {
            assert!(found.excludable > 0 && found.secured > 0);
            assert!(found.open_after_steps.iter().all(|open| *open > 0));
        }
    }
}

#[test]
fn a_partition_healed_before_the_manifests_leaves_the_liars_no_choice() {
    for size in [SEVEN, FOUR] {
        let partition = Partition::WithinGrace;
        runs(Setting {
            partition,
            ..row(size)
        });
    }
}

#[test]
fn liars_that_give_receipts_to_some_gain_nothing_over_voters_with_revisions() {
    for partition in [
        Partition::None,
        Partition::PastGrace,
        Partition::WithinGrace,
    ] {
        let kept_back = false;
        runs(Setting {
            partition,
            kept_back,
            revisions: 2,
            ..row(SEVEN)
        });
    }
}

#[test]
fn without_liars_connected_validators_have_nothing_to_choose() {
    let found = runs(row((7, 0)));
    assert_eq!(
        found.open_without_seals + found.open_after_steps.iter().sum::<usize>(),
        0
    );
}

#[test]
fn three_liars_of_seven_count_what_nobody_saw_or_lose_what_is_secured() {
    let failed = |seed: &u64| {
        let world = World::new(row((7, 3)), &mut Random::new(*seed));
        without_seals(&world, &mut Found::default()).is_err()
    };
    assert!((0..20).any(|seed| failed(&seed)));
}

/// What [`Range`] rests on, tried on every closing there is.
#[test]
fn the_lowest_and_the_highest_closing_bound_all_others() {
    let partition = Partition::PastGrace;
    let setting = Setting {
        partition,
        kept_back: false,
        revisions: 2,
        ..row(SEVEN)
    };
    for seed in 0..10 {
        let mut random = Random::new(seed);
        let world = World::new(setting, &mut random);
        for plan in plans(&world, 1, &mut random) {
            let seals = seals(&world, 1, &plan, &mut random);
            for voter in 0..world.voters() {
                let range = Range::of_seals(&world, &seals, voter);
                let (honest, liars) = sides(&world, &seals, voter);
                assert!(
                    bounds_every_closing(&range, world.sizes, &honest, &liars),
                    "seed {seed}"
                );
            }
        }
    }
}
