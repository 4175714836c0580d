//! Validators that lie, as many as may.

use domain::{charter::RuleName, decision::Choice, id::Hash};
use register::batch::Items;

use crate::{
    node::Conduct,
    options::switchable,
    people::{Asked, Vote, motion},
    story::{each_seed, setup},
    world::{HOUR_MS, MINUTE_MS, World},
};
use domain::id::Timestamp;

const RULE: RuleName = RuleName::ConsentThenVote;

/// Three votes with this liar among four, or with two such among seven.
fn survives(scenario: &str, conduct: Conduct) {
    each_seed(scenario, &[1, 2], |seed| {
        let (members, liars) = [(7, &[0, 4][..]), (4, &[1])][seed as usize % 2];
        let mut world = World::new(setup(seed, members, conduct, liars));
        // Two that end together and one that ends later.
        let asked = Asked {
            proposer: 3,
            rule: RULE,
            motion: motion(9, None),
            number: 9,
            time: Timestamp(world.now),
        };
        let beside = world.opens(asked);
        let mut votings = vec![world.open(2, 1, RULE, None), beside];
        votings.push(world.open(3, 2, RULE, None));
        for voting in votings {
            world.everybody_votes(voting, 5);
        }
        world.settle();
        assert!(world.checks.closed.len() >= 3);
        // Connected all the time: nobody had a choice once the honest had sealed.
        for phase in world.checks.closed.keys() {
            assert_eq!(switchable(&world, phase).0, 0, "a liar could still choose");
        }
    });
}

#[test]
fn validators_that_withhold_receipts_and_manifests_change_nothing() {
    survives("validators_that_withhold", Conduct::Withholder);
}

#[test]
fn a_censoring_proposer_only_delays() {
    survives("a_censoring_proposer", Conduct::Censor);
}

#[test]
fn a_proposer_of_what_follows_from_nothing_only_delays() {
    survives("a_proposer_of_what", Conduct::BadProposer);
}

#[test]
fn empty_manifests_take_no_ballot_away() {
    survives("empty_manifests_take", Conduct::EmptyManifest);
}

#[test]
fn manifests_at_the_last_moment_leave_no_choice() {
    survives("manifests_at_the_last", Conduct::LateManifest);
}

#[test]
fn a_flood_holds_nothing_up() {
    survives("a_flood_holds", Conduct::Flood);
}

#[test]
fn a_ballot_first_shown_after_the_deadline_never_counts_whatever_its_receipts_say() {
    each_seed("a_ballot_first_shown", &[1, 2, 3], |seed| {
        let mut world = World::new(setup(seed, 7, Conduct::Backdater, &[1, 4]));
        let voting = world.open(0, 1, RULE, None);
        let deadline = world.phase(&voting.0).deadline.0;
        for voter in [0, 2, 3] {
            let time = world.now + HOUR_MS;
            world.votes(time, voting, Vote::first(voter, Choice::Agree), None);
        }
        for (voter, late_ms) in [(4, MINUTE_MS + 1), (5, 3 * MINUTE_MS), (6, 6 * MINUTE_MS)] {
            let vote = Vote::first(voter, Choice::Block);
            world.votes(deadline + late_ms, voting, vote, None);
        }
        world.settle();
        let (_, closed) = &world.checks.closed[&voting.0];
        assert_eq!(closed.counted.len(), 3);
    });
}

#[test]
fn wishes_that_cannot_come_true_do_not_crowd_out_those_that_can() {
    each_seed("wishes_that_cannot", &[1], |seed| {
        let mut world = World::new(setup(seed, 4, Conduct::Honest, &[]));
        let asked = Asked {
            proposer: 3,
            rule: RULE,
            motion: motion(1, None),
            number: 1,
            time: Timestamp(world.now),
        };
        let (items, _) = world.federation.opens(&world.chain().clone(), &asked);
        for number in 0..40_u8 {
            let openings = (0..8_u8).map(|other| {
                let mut opening = items.openings[0].clone();
                opening.motion.text = Hash([number; 32]);
                opening.motion.title = format!("Junk {number} {other}");
                opening
            });
            let openings = openings.collect();
            world.wants(
                3,
                Items {
                    openings,
                    ..Items::default()
                },
            );
        }
        world.run(world.now + MINUTE_MS);
        let voting = world.open(1, 2, RULE, None);
        world.everybody_votes(voting, 5);
        world.settle();
    });
}
