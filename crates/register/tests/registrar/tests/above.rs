//! More liars than may be: the checks must see what they break.

use domain::{charter::RuleName, decision::Choice};

use crate::{
    node::Conduct,
    people::Vote,
    story::{each_seed, setup},
    world::{DAY_MS, HOUR_MS, World},
};

#[test]
fn two_accomplices_of_four_lose_a_secured_ballot_and_it_is_seen() {
    each_seed("two_accomplices", &[1, 2], |seed| {
        let mut world = World::new(setup(seed, 4, Conduct::Accomplice, &[2, 3]));
        let voting = world.open(0, 1, RuleName::ConsentThenVote, None);
        world.cut.extend([(0, 1), (1, 0)]);
        let time = world.now + HOUR_MS;
        let agrees = Vote::first(0, Choice::Agree);
        world.votes(time, voting, agrees, Some(vec![0, 2, 3]));
        world.run(world.now + 2 * HOUR_MS);
        assert_eq!(world.checks.secured.len(), 1, "shown as secured");
        world.part(&[0]);
        world.run(world.now + 2 * DAY_MS);
        let broken = world.checks.broken.join("; ");
        assert!(broken.contains("I3"), "not seen: {broken:?}");
    });
}
