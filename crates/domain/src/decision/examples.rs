//! Electorates and ballots for the tests.

use super::{Cast, Choice, Count, Electorate, Outcome, Slot, Stage, Voter, count, judge};
use crate::{
    charter::{Charter, RuleName},
    id::{EntryId, Hash, MemberId, Timestamp},
};

pub const VERSION: Hash = Hash([7; 32]);
pub const OLD_VERSION: Hash = Hash([6; 32]);
pub const OPENED: Timestamp = Timestamp(1_000_000);
pub const DEADLINE: Timestamp = Timestamp(2_000_000);

/// A member, told apart by its number.
pub fn member(number: usize) -> MemberId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MemberId(id)
}

/// The id of a ballot of that member: the same for the same member, slot and choice.
pub fn ballot(number: usize, slot: Slot, choice: Choice) -> EntryId {
    let mandate = slot.mandate.to_be_bytes();
    let last = [slot.revision, choice as u8];
    EntryId(Hash::of(&[&number.to_be_bytes(), &mandate, &last]).0)
}

/// A valid ballot.
pub fn cast(number: usize, mandate: u64, revision: u8, choice: Choice) -> Cast {
    let slot = Slot { mandate, revision };
    Cast {
        member: member(number),
        slot,
        ballot: ballot(number, slot, choice),
        choice,
        version: VERSION,
        time: OPENED.plus_seconds(60),
    }
}

/// One voter: its class and what it says, if anything.
pub type Vote = (&'static str, Option<Choice>);

/// So many voters of one class who say the same.
pub fn voters(number: usize, class: &'static str, choice: Option<Choice>) -> Vec<Vote> {
    vec![(class, choice); number]
}

pub fn electorate_of(votes: &[Vote]) -> Electorate {
    let voter = |(number, (class, _)): (usize, &Vote)| Voter {
        member: member(number),
        class: class.parse().unwrap(),
    };
    Electorate::new(votes.iter().enumerate().map(voter)).unwrap()
}

pub fn casts_of(votes: &[Vote]) -> Vec<Cast> {
    let ballots = votes.iter().enumerate();
    ballots
        .filter_map(|(number, (_, choice))| Some(cast(number, 1, 1, (*choice)?)))
        .collect()
}

pub fn count_of(electorate: &Electorate, casts: impl IntoIterator<Item = Cast>) -> Count {
    count(electorate, VERSION, OPENED, DEADLINE, casts)
}

/// What the votes decide under a supported rule.
pub fn outcome(rule: RuleName, charter: &Charter, votes: &[Vote]) -> Outcome {
    let electorate = electorate_of(votes);
    let count = count_of(&electorate, casts_of(votes));
    judge(rule, charter, &electorate, &count, Stage::default())
}
