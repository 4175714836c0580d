//! Disks and clocks.

use domain::charter::RuleName;

use crate::{
    node::Conduct,
    story::each_seed,
    world::{DAY_MS, Event, HOUR_MS, MINUTE_MS, Setup, World},
};

const RULE: RuleName = RuleName::ConsentThenVote;

#[test]
fn nodes_that_die_at_any_write_go_on_from_their_journals() {
    each_seed("nodes_that_die", &[1, 2], |seed| {
        let mut setup = Setup::new(seed, 4);
        setup.crash_percent = 10;
        let mut world = World::new(setup);
        for number in 1..=3 {
            let voting = world.open(1, number, RULE, None);
            world.everybody_votes(voting, 5);
        }
        world.run(world.now + DAY_MS);
        world.setup.crash_percent = 0;
        world.settle();
        assert!(world.restarts > 10, "{}", world.restarts);
        world.assert_quiet();
    });
}

#[test]
fn every_node_dies_at_every_height_beside_a_double_voter() {
    each_seed("every_node_dies", &[1, 2], |seed| {
        let mut setup = Setup::new(seed, 4).with(Conduct::DoubleVoter, &[0]);
        setup.crashes_at_heights = true;
        let mut world = World::new(setup);
        for number in 1..=4 {
            let voting = world.open(1, number, RULE, None);
            world.everybody_votes(voting, 5);
        }
        world.settle();
        let heights = world.chain().height() as usize;
        assert!(world.restarts >= heights, "{} restarts", world.restarts);
    });
}

#[test]
fn a_node_whose_clock_is_wrong_witnesses_nothing_and_holds_nobody_up() {
    each_seed("a_node_whose_clock", &[1, 2], |seed| {
        for skew_ms in [-(HOUR_MS as i64), 10 * MINUTE_MS as i64, -1_600_000_000_000] {
            let mut world = World::new(Setup::new(seed, 4));
            // One before the vote is opened, in time for the next one right again,
            world.at(world.now, Event::Clock(2, skew_ms));
            let voting = world.open(1, 1, RULE, None);
            world.everybody_votes(voting, 5);
            world.settle();
            world.after(0, Event::Clock(2, 0));
            let voting = world.open(1, 2, RULE, None);
            world.everybody_votes(voting, 5);
            // and one that jumps a second before the deadline.
            let deadline = world.phase(&voting.0).deadline.0;
            world.at(deadline - 1_000, Event::Clock(3, skew_ms));
            world.at(deadline + 2 * HOUR_MS, Event::Clock(3, 0));
            world.settle();
            world.assert_quiet();
        }
    });
}
