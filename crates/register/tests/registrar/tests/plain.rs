//! What must go well when nothing is worse than usual.

use domain::charter::RuleName;

use crate::{
    story::each_seed,
    world::{DAY_MS, Setup, World},
};

fn year(seed: u64) -> World {
    let mut world = World::new(Setup::new(seed, 4));
    for number in 1..=3 {
        let rule = RuleName::ConsentThenVote;
        let voting = world.open(usize::from(number), number, rule, None);
        world.everybody_votes(voting, 10);
    }
    world.run(world.now + DAY_MS / 2);
    world.settle();
    world
}

#[test]
fn votes_of_several_members_become_final_and_then_nothing_runs() {
    each_seed("votes_of_several", &[1, 2, 3], |seed| {
        let mut world = year(seed);
        assert!(world.chain().height() >= 5);
        assert!(!world.checks.secured.is_empty());
        world.assert_quiet();
    });
}

#[test]
fn the_same_seed_twice_is_the_same_to_the_last_byte() {
    each_seed("the_same_seed", &[1], |seed| {
        let [one, other] = [year(seed), year(seed)];
        assert_eq!(one.trace, other.trace);
        assert_ne!(one.trace, year(seed + 1).trace);
    });
}
