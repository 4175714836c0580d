//! More validators gone for good than may be away: the register is recovered without them.

use domain::charter::RuleName;
use register::{phase::Cause, registrar::Record};

use crate::{
    story::{Voting, each_seed},
    world::{DAY_MS, Event, HOUR_MS, MINUTE_MS, Setup, World},
};

const RULE: RuleName = RuleName::ConsentThenVote;
const NOTICE_MS: u64 = 14 * DAY_MS;

/// A vote before whose deadline these are gone, with the last height an hour after it.
fn stalled(setup: Setup, gone: &[usize]) -> (World, Voting) {
    let mut world = World::new(setup);
    let voting = world.open(1, 1, RULE, None);
    world.everybody_votes(voting, 0);
    let deadline = world.phase(&voting.0).deadline.0;
    for node in gone {
        world.at(deadline - HOUR_MS, Event::Down(*node));
    }
    world.run(deadline + DAY_MS);
    world.assert_sound();
    assert_eq!(world.chain().height(), 2, "too many are gone");
    (world, voting)
}

/// The organisations announce now who is gone, and confirm it as soon as they can.
fn recover(world: &mut World, at: usize, gone: &[usize]) {
    let announced = world.now;
    let confirmed = announced + NOTICE_MS + MINUTE_MS;
    world.recover(at, gone, (announced, confirmed));
    world.run(confirmed - 1);
    assert_eq!(world.chain().epoch(), 0, "not before the notice is over");
    world.run(confirmed + HOUR_MS);
    world.assert_sound();
    assert_eq!(world.chain().epoch(), 1);
}

#[test]
fn with_more_gone_for_good_than_may_be_those_who_remain_go_on() {
    for (members, gone) in [(4, &[2, 3][..]), (7, &[1, 4, 5])] {
        each_seed("with_more_gone", &[1, 2], |seed| {
            let (mut world, voting) = stalled(Setup::new(seed, members), gone);
            recover(&mut world, 0, gone);
            let chain = world.assert_alike();
            assert_eq!(chain.validators().sizes().all(), members - gone.len());
            let phase = chain.phases().values().next().unwrap();
            assert_eq!((phase.cause, phase.vote), (Cause::Recovered, voting.0));
            let id = phase.id;
            world.settle();
            // The ballots of before are witnessed again: nobody has to vote twice.
            let (_, closed) = &world.checks.closed[&id];
            assert!(closed.counted.len() >= members - gone.len(), "{closed:?}");
            // And so do votes that are opened then become final.
            let voting = world.open(0, 2, RULE, None);
            world.everybody_votes(voting, 0);
            world.settle();
            assert!(world.checks.closed.contains_key(&voting.0));
            world.assert_quiet();
        });
    }
}

#[test]
fn a_validator_believed_dead_that_comes_back_signs_nothing_of_before_and_follows() {
    each_seed("a_validator_believed", &[1, 2], |seed| {
        let gone = [2, 3];
        let (mut world, _) = stalled(Setup::new(seed, 4), &gone);
        recover(&mut world, 1, &gone);
        for node in gone {
            world.after(MINUTE_MS, Event::Up(node));
        }
        world.settle();
        let heights = world.assert_alike().height();
        assert!(heights >= 3 && world.nodes[2].is_up);
        let voting = world.open(3, 3, RULE, None);
        world.everybody_votes(voting, 0);
        world.settle();
        world.assert_quiet();
    });
}

#[test]
fn those_who_were_only_cut_off_decide_nothing_and_follow_when_the_way_is_free() {
    each_seed("those_who_were_only", &[1, 2], |seed| {
        let mut world = World::new(Setup::new(seed, 7));
        let voting = world.open(1, 1, RULE, None);
        world.everybody_votes(voting, 0);
        let deadline = world.phase(&voting.0).deadline.0;
        world.part(&[4, 5, 6]);
        world.run(deadline + DAY_MS);
        assert_eq!(world.chain().height(), 2);
        let announced = world.now;
        let confirmed = announced + NOTICE_MS + MINUTE_MS;
        world.recover(0, &[4, 5, 6], (announced, confirmed));
        world.run(confirmed + 3 * DAY_MS);
        world.assert_sound();
        assert!(world.nodes[0].registrar.chain().height() >= 3);
        for node in &world.nodes[4..] {
            let chain = node.registrar.chain();
            assert_eq!((chain.epoch(), chain.height()), (0, 2));
        }
        world.after(0, Event::Heal);
        world.settle();
        assert_eq!(world.assert_alike().epoch(), 1);
        world.assert_quiet();
    });
}

#[test]
fn nodes_that_die_while_the_epoch_changes_go_on_from_their_journals() {
    each_seed("nodes_that_die_while", &[1, 2, 3], |seed| {
        let gone = [3, 5, 6];
        let (mut world, _) = stalled(Setup::new(seed, 7), &gone);
        let announced = world.now;
        let confirmed = announced + NOTICE_MS + MINUTE_MS;
        world.recover(0, &gone, (announced, confirmed));
        world.run(confirmed - 1);
        world.setup.crash_percent = 30;
        world.setup.crashes_at_heights = true;
        let before = world.restarts;
        world.run(confirmed + 30 * HOUR_MS);
        world.setup.crash_percent = 0;
        assert!(world.restarts > before + 5, "{}", world.restarts);
        world.settle();
        assert_eq!(world.chain().epoch(), 1);
        world.assert_quiet();
    });
}

#[test]
fn a_height_that_was_open_when_they_vanished_is_decided_in_the_new_epoch_alone() {
    each_seed("a_height_that_was_open", &[1, 2, 3], |seed| {
        for crash_percent in [0, 20] {
            let gone = [1, 3];
            let mut world = World::new(Setup::new(seed, 4));
            let voting = world.open(0, 1, RULE, None);
            world.everybody_votes(voting, 0);
            let deadline = world.phase(&voting.0).deadline.0;
            world.run(deadline + 14 * MINUTE_MS);
            // All have sealed, and agreement has begun: votes of the height are in the journals.
            let is_open =
                |world: &World, node: usize| world.nodes[node].registrar.round().is_some();
            while !(is_open(&world, 0) && is_open(&world, 2)) {
                world.run(world.now + 5);
            }
            for node in gone {
                world.nodes[node].is_up = false;
            }
            world.run(deadline + DAY_MS);
            world.assert_sound();
            assert_eq!(world.chain().height(), 2);
            for node in [0, 2] {
                assert!(world.nodes[node].registrar.round().is_some());
                let is_vote = |record: &Record| matches!(record, Record::Agreement(_));
                assert!(world.nodes[node].journal.iter().any(is_vote));
            }
            let announced = world.now;
            let confirmed = announced + NOTICE_MS + MINUTE_MS;
            world.recover(0, &gone, (announced, confirmed));
            world.run(confirmed - 1);
            world.setup.crash_percent = crash_percent;
            world.run(confirmed + HOUR_MS);
            // And once more each, in the middle of the new epoch's votes.
            for node in [0, 2] {
                world.after(MINUTE_MS, Event::Down(node));
                world.after(2 * MINUTE_MS, Event::Up(node));
            }
            world.run(world.now + HOUR_MS);
            world.setup.crash_percent = 0;
            // They come back with the votes of before.
            for node in gone {
                world.after(MINUTE_MS, Event::Up(node));
            }
            world.settle();
            let chain = world.assert_alike();
            assert_eq!(chain.epoch(), 1);
            world.assert_quiet();
        }
    });
}
