//! Votes that were opened under validators who are not there any more, while the register goes on with
//! others.

use domain::charter::RuleName;
use register::{chain::STALLED_AFTER_MS, declaration::Matter, phase::Cause};

use crate::{
    story::{Voting, each_seed},
    world::{DAY_MS, Event, HOUR_MS, MINUTE_MS, Setup, World},
};

/// A vote of seven validators: two give up their office and their servers, and one more is down before it
/// is closed. Four of the five of today are there, and one too few of the seven.
fn too_few_of_seven(setup: Setup) -> (World, Voting) {
    let mut world = World::new(setup);
    let voting = world.open(1, 1, RuleName::ConsentThenVote, None);
    world.everybody_votes(voting, 0);
    for member in [5, 6] {
        let declares = world.federation.declares(member, 1, Matter::NoValidator);
        world.wants(member, declares);
        world.run(world.now + HOUR_MS);
    }
    assert_eq!(world.chain().validators().sizes().all(), 5);
    let deadline = world.phase(&voting.0).deadline.0;
    for node in [4, 5, 6] {
        world.at(deadline - HOUR_MS, Event::Down(node));
    }
    (world, voting)
}

#[test]
fn a_vote_that_those_of_its_opening_cannot_close_is_held_again_by_those_of_today() {
    each_seed("a_vote_that_those_of", &[1, 2, 3], |seed| {
        let (mut world, voting) = too_few_of_seven(Setup::new(seed, 7));
        let deadline = world.phase(&voting.0).deadline.0;
        world.run(deadline + STALLED_AFTER_MS - MINUTE_MS);
        assert!(world.chain().phases().contains_key(&voting.0), "it waits");
        world.run(deadline + STALLED_AFTER_MS + HOUR_MS);
        world.assert_sound();
        let chain = world.chain();
        let phase = chain.phases().values().next().expect("it is held again");
        assert_eq!((phase.cause, phase.vote), (Cause::Repeated, voting.0));
        assert_eq!(phase.validators, *chain.validators());
        assert_eq!(phase.opened.0, deadline + STALLED_AFTER_MS);
        let id = phase.id;
        world.settle();
        // Ballots that were cast are witnessed again: nobody has to vote twice.
        let (_, closed) = &world.checks.closed[&id];
        assert!(closed.counted.len() >= 4, "{closed:?}");
        world.assert_quiet();
    });
}

#[test]
fn a_vote_that_those_of_its_opening_can_close_is_never_held_again() {
    each_seed("a_vote_that_those_of_its_opening_can", &[1, 2], |seed| {
        let (mut world, voting) = too_few_of_seven(Setup::new(seed, 7));
        let deadline = world.phase(&voting.0).deadline.0;
        // The fifth comes back a day before today's would say that it stalls.
        world.at(deadline + STALLED_AFTER_MS - DAY_MS, Event::Up(4));
        world.run(deadline + STALLED_AFTER_MS + DAY_MS);
        world.settle();
        assert!(world.checks.closed.contains_key(&voting.0));
        world.assert_quiet();
    });
}

#[test]
fn nodes_that_die_while_a_vote_stalls_have_it_held_again_all_the_same() {
    each_seed("nodes_that_die_while_a_vote", &[1, 2], |seed| {
        let (mut world, voting) = too_few_of_seven(Setup::new(seed, 7));
        let deadline = world.phase(&voting.0).deadline.0;
        // One signs its note and is down when the last of them comes.
        world.at(deadline + DAY_MS, Event::Down(3));
        world.at(deadline + STALLED_AFTER_MS + 2 * HOUR_MS, Event::Down(0));
        world.at(deadline + STALLED_AFTER_MS + 3 * HOUR_MS, Event::Up(3));
        world.at(deadline + STALLED_AFTER_MS + 4 * HOUR_MS, Event::Up(0));
        world.run(deadline + STALLED_AFTER_MS + HOUR_MS);
        assert!(
            world.chain().phases().contains_key(&voting.0),
            "three of five"
        );
        world.run(deadline + STALLED_AFTER_MS + 8 * HOUR_MS);
        world.assert_sound();
        let phase = world.chain().phases().values().next().expect("held again");
        assert_eq!(phase.cause, Cause::Repeated);
        world.settle();
    });
}

#[test]
fn a_vote_of_todays_validators_waits_for_them_as_long_as_it_takes() {
    each_seed("a_vote_of_todays", &[1], |seed| {
        let mut world = World::new(Setup::new(seed, 4));
        let voting = world.open(1, 1, RuleName::ConsentThenVote, None);
        world.everybody_votes(voting, 0);
        let deadline = world.phase(&voting.0).deadline.0;
        for node in [2, 3] {
            world.at(deadline - HOUR_MS, Event::Down(node));
            world.at(deadline + 30 * DAY_MS, Event::Up(node));
        }
        world.run(deadline + 29 * DAY_MS);
        world.assert_sound();
        assert!(world.phase(&voting.0).id == voting.0 && world.is_idle());
        world.run(deadline + 30 * DAY_MS + HOUR_MS);
        world.settle();
    });
}
