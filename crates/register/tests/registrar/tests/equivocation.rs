//! Voters and validators that say two things.

use std::cell::Cell;

use domain::{charter::RuleName, decision::Choice};

use crate::{
    node::Conduct,
    people::Vote,
    story::{each_seed, setup},
    world::{HOUR_MS, World},
};

const RULE: RuleName = RuleName::ConsentThenVote;

#[test]
fn a_voter_that_says_two_things_in_one_slot_abstains_and_it_is_shown() {
    each_seed("a_voter_that_says", &[1, 2, 3], |seed| {
        let mut world = World::new(setup(seed, 4, Conduct::Honest, &[]));
        let voting = world.open(0, 1, RULE, None);
        let time = world.now + HOUR_MS;
        for voter in 0..3 {
            world.votes(time, voting, Vote::first(voter, Choice::Agree), None);
        }
        let other = Vote {
            delegate: 1,
            ..Vote::first(2, Choice::Block)
        };
        world.votes(time, voting, other, Some(vec![3]));
        world.settle();
        let (phase, closed) = &world.checks.closed[&voting.0];
        let voter = world.federation.member(2);
        let at = phase
            .voters()
            .iter()
            .position(|one| one.member == voter)
            .unwrap();
        let standing = &closed.counted[&register::phase::VoterIndex(at as u16)];
        // Both were held: a receipt of each honest validator went to what it saw first.
        if standing.sides().len() == 2 {
            assert_eq!(standing.choice(), Choice::Abstain);
        }
    });
}

#[test]
fn twins_are_survived_and_shown() {
    each_seed("twins_are_survived", &[1], |seed| {
        let mut world = World::new(setup(seed, 7, Conduct::Twin, &[2, 5]));
        for number in 1..=2 {
            let voting = world.open(1, number, RULE, None);
            world.everybody_votes(voting, 5);
        }
        world.settle();
        assert!(!world.checks.accused.is_empty());
    });
}

#[test]
fn double_voters_are_survived_and_shown_though_messages_are_lost() {
    let (shown, all) = (Cell::new(0), Cell::new(0));
    each_seed("double_voters_are", &[1, 2, 3], |seed| {
        let mut setup = setup(seed, 4, Conduct::DoubleVoter, &[3]);
        setup.loss_percent = 30;
        let mut world = World::new(setup);
        for number in 1..=3 {
            let voting = world.open(1, number, RULE, None);
            world.everybody_votes(voting, 5);
        }
        world.settle();
        shown.set(shown.get() + world.checks.accused.len());
        all.set(all.get() + 1);
    });
    // Evidence is seen while a height is open: where all are decided within a second before the other
    // vote has gone round, there may be none.
    let is_seen = shown.get() * 2 > all.get();
    assert!(is_seen || all.get() < 3, "evidence is shown");
}
