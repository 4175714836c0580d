//! Nodes that are away, links that do not carry.

use domain::{charter::RuleName, decision::Choice};

use crate::{
    people::Vote,
    story::{Voting, each_seed},
    world::{DAY_MS, Event, HOUR_MS, MINUTE_MS, Setup, World},
};

const RULE: RuleName = RuleName::ConsentThenVote;

fn vote(setup: Setup) -> (World, Voting) {
    let mut world = World::new(setup);
    let voting = world.open(1, 1, RULE, None);
    world.everybody_votes(voting, 5);
    (world, voting)
}

#[test]
fn a_third_may_be_away_and_then_another_third() {
    each_seed("a_third_may_be_away", &[1, 2], |seed| {
        let mut world = World::new(Setup::new(seed, 7));
        for (number, away) in [(1, [0, 1]), (2, [2, 3]), (3, [5, 6])] {
            let time = world.now;
            for node in away {
                world.at(time, Event::Down(node));
            }
            let voting = world.open(4, number, RULE, None);
            world.everybody_votes(voting, 5);
            world.settle();
            for node in away {
                world.after(0, Event::Up(node));
            }
        }
        world.run(world.now + HOUR_MS);
        world.assert_alike();
        assert!(world.chain().height() >= 7);
    });
}

#[test]
fn with_thirty_of_a_hundred_messages_lost_all_votes_are_decided() {
    each_seed("with_thirty_of", &[1, 2, 3], |seed| {
        let mut setup = Setup::new(seed, 4);
        setup.loss_percent = 30;
        let (mut world, _) = vote(setup);
        world.settle();
        world.assert_quiet();
    });
}

#[test]
fn two_halves_cut_over_a_deadline_decide_nothing_alone_and_one_thing_together() {
    each_seed("two_halves_cut", &[1, 2], |seed| {
        let (mut world, voting) = vote(Setup::new(seed, 4));
        world.run(world.now + 6 * HOUR_MS);
        world.part(&[0, 1]);
        world.run(world.now + 7 * DAY_MS);
        world.assert_sound();
        for node in &world.nodes {
            assert_eq!(node.registrar.chain().height(), 2, "below a quorum");
        }
        world.after(0, Event::Heal);
        world.settle();
        assert!(world.checks.closed.contains_key(&voting.0));
    });
}

#[test]
fn a_validator_that_hears_nobody_or_that_nobody_hears_holds_nobody_up() {
    each_seed("a_validator_that_hears", &[1, 2], |seed| {
        for inwards in [true, false] {
            let mut world = World::new(Setup::new(seed, 4));
            let links = [0, 1, 3].map(|other| if inwards { (other, 2) } else { (2, other) });
            world.at(world.now, Event::Cut(links.into()));
            for number in 1..=3 {
                let voting = world.open(1, number, RULE, None);
                for voter in [0, 1, 3] {
                    let time = world.now + HOUR_MS;
                    world.votes(time, voting, Vote::first(voter, Choice::Agree), None);
                }
                let deadline = world.phase(&voting.0).deadline.0;
                world.run(deadline + world.bound_ms());
                world.assert_sound();
                let decided = world.nodes[0].registrar.chain().phases().is_empty();
                assert!(decided, "held up by one that is not heard");
            }
            assert!(world.rounds <= 3, "a storm of rounds: {}", world.rounds);
            world.after(0, Event::Heal);
            world.settle();
            world.assert_quiet();
        }
    });
}

#[test]
fn with_too_many_down_nothing_is_decided_and_when_they_are_back_it_is() {
    each_seed("with_too_many_down", &[1, 2], |seed| {
        let (mut world, voting) = vote(Setup::new(seed, 7));
        let deadline = world.phase(&voting.0).deadline.0;
        for node in [2, 4, 6] {
            world.at(deadline - HOUR_MS, Event::Down(node));
            world.at(deadline + DAY_MS, Event::Up(node));
        }
        world.run(deadline + DAY_MS - 1);
        world.assert_sound();
        assert_eq!(world.chain().height(), 2);
        let witness = world.nodes[0].registrar.witness(&voting.0).unwrap();
        assert_eq!(
            witness.gathered().sealers().count(),
            0,
            "it waits for seals"
        );
        world.run(deadline + DAY_MS + world.bound_ms());
        world.assert_sound();
        assert!(
            world.chain().height() > 2,
            "decided soon after they are back"
        );
        world.settle();
    });
}

#[test]
fn three_days_without_a_quorum_cost_few_messages_and_are_made_up_soon() {
    each_seed("three_days_without", &[1, 2], |seed| {
        let (mut world, voting) = vote(Setup::new(seed, 4));
        let deadline = world.phase(&voting.0).deadline.0;
        // They have sealed: what is missing is the height.
        let back = deadline + 30 * MINUTE_MS + 3 * DAY_MS;
        for node in [1, 3] {
            world.at(deadline + 16 * MINUTE_MS, Event::Down(node));
            world.at(back, Event::Up(node));
        }
        world.run(deadline + 30 * MINUTE_MS);
        let sent = world.sent.0;
        world.run(back - 1);
        world.assert_sound();
        let sent = world.sent.0 - sent;
        assert!(sent <= 400, "{sent} messages in three days");
        world.run(back + 30 * MINUTE_MS);
        assert!(
            world.checks.closed.contains_key(&voting.0),
            "made up within half an hour"
        );
        world.settle();
    });
}

#[test]
fn four_of_twelve_vanish_and_the_rest_stall_safely() {
    each_seed("four_of_twelve", &[1], |seed| {
        let (mut world, voting) = vote(Setup::new(seed, 12));
        let deadline = world.phase(&voting.0).deadline.0;
        for node in [3, 5, 8, 11] {
            world.at(deadline - HOUR_MS, Event::Down(node));
        }
        world.run(deadline + 10 * DAY_MS);
        world.assert_sound();
        assert_eq!(world.assert_alike().height(), 2, "eight of nine needed");
        // Ballots were kept all the same, and the page can say for whom it waits.
        let witness = world.nodes[0].registrar.witness(&voting.0).unwrap();
        assert!(!world.checks.secured.is_empty());
        let seen: Vec<_> = witness.gathered().authors().collect();
        assert_eq!(seen.len(), 8, "{seen:?}");
    });
}
