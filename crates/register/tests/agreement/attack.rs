//! Validators that lie: each half of the nodes is told another story, and liars tell the same one.

use domain::id::Hash;
use register::{
    agreement::{Message, Proposal, Signed, Step, Vote},
    validators::ValidatorIndex,
};

use crate::{
    node::make,
    world::{EPOCH, FEDERATION, Packet, World},
};

/// A round begins at a liar: if it proposes, it does so twice.
pub fn on_round(
    world: &mut World,
    index: usize,
    height: u64,
    round: u32,
    proposer: ValidatorIndex,
) {
    let set = world.set(height);
    let me = set.index_of(&World::key(index).public());
    if me != Some(proposer) || world.plot.contains_key(&(height, round)) {
        return;
    }
    let values = [make(world, index, 1, true), make(world, index, 2, true)];
    let values = values.map(|value| Some(value.hash()));
    world.plot.insert((height, round), values);
    for (side, value) in values.into_iter().flatten().enumerate() {
        let statement = Proposal {
            epoch: EPOCH,
            height,
            round,
            value,
            lock: None,
        };
        let signed = Signed::sign(&FEDERATION, proposer, &World::key(index), statement);
        tell(world, index, side, &Message::Proposal(signed));
    }
    vote(world, index, height, round);
}

/// A liar hears of a proposal: it votes for it on one side, and for nothing on the other.
pub fn on_message(world: &mut World, index: usize, message: &Message) {
    let Message::Proposal(of) = message else {
        return;
    };
    let (height, round) = (of.statement.height, of.statement.round);
    let story = [Some(of.statement.value), None];
    world.plot.entry((height, round)).or_insert(story);
    vote(world, index, height, round);
}

fn vote(world: &mut World, index: usize, height: u64, round: u32) {
    let set = world.set(height);
    let Some(me) = set.index_of(&World::key(index).public()) else {
        return;
    };
    let story: [Option<Hash>; 2] = world.plot[&(height, round)];
    for (side, value) in story.into_iter().enumerate() {
        for step in [Step::Prevote, Step::Precommit] {
            let statement = Vote {
                epoch: EPOCH,
                height,
                round,
                step,
                value,
            };
            let signed = Signed::sign(&FEDERATION, me, &World::key(index), statement);
            tell(world, index, side, &Message::Vote(signed));
        }
    }
}

fn tell(world: &mut World, index: usize, side: usize, message: &Message) {
    for to in (0..world.nodes.len()).filter(|to| to % 2 == side) {
        world.send(index, to, Packet::Message(message.clone()));
    }
}
