//! What must go well when nothing is worse than usual.

use domain::{charter::RuleName, decision::Choice};
use register::{phase::Question, says::Act};

use crate::{
    people::Vote,
    story::each_seed,
    world::{DAY_MS, HOUR_MS, Setup, World},
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

/// A vote that one member blocks, up to the window in which the proposing member may answer.
fn blocked(world: &mut World) -> register::phase::Phase {
    let voting = world.open(0, 1, RuleName::ConsentThenVote, None);
    let time = world.now + HOUR_MS;
    for (voter, choice) in [(0, Choice::Agree), (1, Choice::Agree), (2, Choice::Block)] {
        world.votes(time, voting, Vote::first(voter, choice), None);
    }
    let deadline = world.phase(&voting.0).deadline.0;
    world.run(deadline + world.bound_ms());
    world.assert_sound();
    let window = world.chain().phases().values().next().cloned().unwrap();
    assert_eq!(window.question, Question::Answer);
    window
}

#[test]
fn a_block_is_answered_at_once_or_by_the_closing_of_its_window() {
    each_seed("a_block_is_answered", &[1, 2], |seed| {
        for at_once in [true, false] {
            let mut world = World::new(Setup::new(seed, 4));
            let window = blocked(&mut world);
            if at_once {
                let answers = world.federation.answers(0, &window, Act::CallVote);
                world.wants(0, answers);
                world.run(world.now + HOUR_MS);
            } else {
                let answer = world.federation.answer(0, &window, Act::CallVote);
                world.ballot(world.now + HOUR_MS, window.vote, (0, None), answer);
                world.run(window.deadline.0 + world.bound_ms());
            }
            world.assert_sound();
            let vote = world.chain().phases().values().next().cloned().unwrap();
            assert_eq!(vote.question, Question::FallbackVote);
            world.everybody_votes((vote.vote, vote.text), 0);
            world.settle();
        }
    });
}

#[test]
fn a_vote_that_is_taken_back_ends_at_once() {
    each_seed("a_vote_that_is_taken_back", &[1], |seed| {
        let mut world = World::new(Setup::new(seed, 4));
        world.open(0, 1, RuleName::ConsentThenVote, None);
        let withdraws = world.federation.withdraws(0, 1);
        world.wants(0, withdraws);
        world.run(world.now + HOUR_MS);
        assert!(world.assert_alike().phases().is_empty());
        world.assert_quiet();
    });
}
