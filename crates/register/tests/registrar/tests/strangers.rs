//! Messages of other federations, other epochs, other phases.

use domain::{
    charter::RuleName,
    id::{Hash, PhaseId},
};
use register::{
    agreement::{self, Signed, Step, Vote},
    registrar::{Input, Message},
};

use crate::{
    items::About,
    people::validator_key,
    story::each_seed,
    world::{Event, HOUR_MS, Setup, World},
};

const RULE: RuleName = RuleName::ConsentThenVote;

/// A world of the same people with one vote, all decided.
fn decided(seed: u64, nonce: u8, strange: &[Input]) -> World {
    let mut setup = Setup::new(seed, 4);
    setup.nonce = nonce;
    let mut world = World::new(setup);
    let voting = world.open(1, 1, RULE, None);
    world.everybody_votes(voting, 5);
    let deadline = world.phase(&voting.0).deadline.0;
    for (number, input) in strange.iter().enumerate() {
        for to in 0..4 {
            let thing = world.things.strange(input.clone());
            let time = deadline + (number as u64 * 7_919) % HOUR_MS;
            world.at(
                time,
                Event::Arrive {
                    to,
                    thing,
                    again: true,
                },
            );
        }
    }
    world.settle();
    world
}

/// What two worlds of the same people decided, apart from their names.
fn outcomes(world: &World) -> Vec<String> {
    let closed = world.checks.closed.values();
    closed
        .map(|(_, closed)| format!("{:?}", closed.judged))
        .collect()
}

#[test]
fn what_was_said_in_another_federation_of_the_same_people_counts_for_nothing() {
    each_seed("what_was_said_in_another", &[1, 2], |seed| {
        let other = decided(seed, 8, &[]);
        let strange: Vec<Input> = other
            .things
            .all()
            .map(|kept| (*kept.input).clone())
            .collect();
        assert!(strange.len() > 50);
        let [plain, with] = [decided(seed, 9, &[]), decided(seed, 9, &strange)];
        assert_eq!(plain.checks.closed.len(), with.checks.closed.len());
        assert_eq!(outcomes(&plain), outcomes(&with));
        assert!(with.checks.accused.is_empty());
    });
}

#[test]
fn votes_of_another_epoch_count_for_nothing() {
    each_seed("votes_of_another_epoch", &[1], |seed| {
        let world = World::new(Setup::new(seed, 4));
        let (chain, federation) = (world.chain(), world.federation.id);
        let mut strange = Vec::new();
        for node in 0..4 {
            let key = validator_key(node);
            let me = chain.validators().index_of(&key.public()).unwrap();
            for (height, step) in [(2, Step::Prevote), (3, Step::Precommit)] {
                let value = Some(Hash([7; 32]));
                let vote = Vote {
                    epoch: 1,
                    height,
                    round: 0,
                    step,
                    value,
                };
                let signed = Signed::sign(&federation, me, &key, vote);
                let message = agreement::Message::Vote(signed);
                strange.push(Input::Message(Message::Agreement(message)));
            }
        }
        let with = decided(seed, 9, &strange);
        assert!(with.checks.accused.is_empty());
    });
}

#[test]
fn a_ballot_of_one_vote_does_not_count_in_another() {
    each_seed("a_ballot_of_one_vote", &[1], |seed| {
        let mut world = World::new(Setup::new(seed, 4));
        let [one, other] = [1, 2].map(|number| world.open(1, number, RULE, None));
        world.everybody_votes(one, 5);
        world.run(world.now + HOUR_MS * 20);
        let ballots: Vec<_> = world.things.about(About::Vote(one.0)).to_vec();
        let give = |world: &mut World, phase: PhaseId| {
            assert!(world.chain().phases().contains_key(&phase));
            for thing in &ballots {
                world.after(
                    0,
                    Event::Arrive {
                        to: 2,
                        thing: *thing,
                        again: true,
                    },
                );
            }
        };
        give(&mut world, other.0);
        world.settle();
        assert!(world.checks.closed[&other.0].1.counted.is_empty());
    });
}
