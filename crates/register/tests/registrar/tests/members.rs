//! Decisions that change who decides.

use domain::{
    charter::RuleName,
    decision::Choice,
    effect::{COMMITTEE, Effect, Someone},
    id::{PersonId, Timestamp},
};
use register::declaration::Matter;

use crate::{
    node::Conduct,
    people::Vote,
    story::each_seed,
    world::{DAY_MS, HOUR_MS, MINUTE_MS, Setup, World},
};

/// A vote in which everybody agrees, decided.
fn passes(world: &mut World, number: u8, rule: RuleName, effect: Effect) {
    let proposer = (0..world.nodes.len()).find(|node| {
        let member = world.federation.member(*node);
        world.chain().order().members().contains_key(&member)
    });
    let voting = world.open(proposer.unwrap(), number, rule, Some(effect));
    let phase = world.phase(&voting.0);
    for voter in world.voters(&phase) {
        world.votes(
            world.now + HOUR_MS,
            voting,
            Vote::first(voter, Choice::Agree),
            None,
        );
    }
    world.settle();
    let (_, closed) = &world.checks.closed[&voting.0];
    assert!(closed.outcome.is_passed(), "{:?}", closed.outcome);
}

#[test]
fn the_validators_change_at_every_height() {
    each_seed("the_validators_change", &[1, 2], |seed| {
        let mut setup = Setup::new(seed, 4).with(Conduct::DoubleVoter, &[1]);
        setup.newcomers = 4;
        let mut world = World::new(setup);
        for (number, newcomer) in (4..8).enumerate() {
            let applicant = world.federation.applicant(world.chain(), newcomer);
            let rule = RuleName::ConsentThenVote;
            passes(
                &mut world,
                number as u8 + 1,
                rule,
                Effect::Admission(applicant),
            );
            let before = world.chain().validators().sizes().all();
            let declares = world.federation.declares_validator(newcomer, 1);
            world.wants(newcomer, declares);
            world.run(world.now + HOUR_MS);
            assert_eq!(world.assert_alike().validators().sizes().all(), before + 1);
            if number < 2 {
                let leaving = [3, 2][number];
                let leaves = world.federation.declares(leaving, 1, Matter::Leave);
                world.wants(leaving, leaves);
                world.run(world.now + HOUR_MS);
                assert_eq!(world.assert_alike().validators().sizes().all(), before);
            }
        }
        assert!(world.chain().height() >= 15);
        world.assert_quiet();
    });
}

#[test]
fn a_vote_is_closed_by_those_who_witnessed_it_though_others_joined_and_left_since() {
    each_seed("a_vote_is_closed", &[1, 2], |seed| {
        let mut world = World::new(Setup::new(seed, 7));
        let voting = world.open(1, 1, RuleName::ConsentThenVote, None);
        world.everybody_votes(voting, 5);
        world.run(world.now + 6 * HOUR_MS);
        for (member, matter) in [(5, Matter::Leave), (6, Matter::NoValidator)] {
            let declares = world.federation.declares(member, 1, matter);
            world.wants(member, declares);
            world.run(world.now + HOUR_MS);
        }
        assert_eq!(world.assert_alike().validators().sizes().all(), 5);
        assert_eq!(world.phase(&voting.0).validators.sizes().all(), 7);
        world.settle();
    });
}

#[test]
fn the_charter_changes_between_votes_and_not_under_one() {
    each_seed("the_charter_changes", &[1, 2], |seed| {
        let mut world = World::new(Setup::new(seed, 6));
        let under = world.open(2, 9, RuleName::Consent, None);
        world.run(world.now + 20 * MINUTE_MS);
        let old = world.phase(&under.0).charter;
        let charter = world.federation.charter.clone();
        let charter = charter
            .with_changes([("period.regular-seconds", "43200")])
            .unwrap();
        let charter = charter.to_bytes();
        passes(
            &mut world,
            1,
            RuleName::Charter,
            Effect::Charter { charter },
        );
        assert_eq!(world.checks.closed[&under.0].0.charter, old);
        let voting = world.open(2, 2, RuleName::Consent, None);
        assert_eq!(world.phase(&voting.0).length_ms(), DAY_MS / 2);
        world.everybody_votes(voting, 0);
        world.settle();
    });
}

#[test]
fn a_committee_of_four_closes_the_votes_of_seven_and_the_rest_follow() {
    each_seed("a_committee_of_four", &[1, 2], |seed| {
        let mut world = World::new(Setup::new(seed, 7));
        let mut people: Vec<Someone> = [0, 2, 4, 6]
            .map(|member| Someone {
                member: world.federation.member(member),
                person: PersonId([1; 16]),
            })
            .into();
        people.sort();
        let commission = Effect::Commission {
            name: COMMITTEE.to_owned(),
            powers: "They witness and close votes.".to_owned(),
            people,
            until: Timestamp(world.now + 365 * DAY_MS),
        };
        passes(&mut world, 1, RuleName::Charter, commission);
        assert_eq!(world.chain().validators().sizes().all(), 4);
        for number in 2..=3 {
            let voting = world.open(1, number, RuleName::ConsentThenVote, None);
            world.everybody_votes(voting, 5);
        }
        world.settle();
        world.assert_quiet();
    });
}
