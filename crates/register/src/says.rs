//! What one voter says in a phase, and what of it counts.

use std::collections::BTreeMap;

pub use domain::record::{Answer, AnswerAct as Act};
use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    decision::{Choice, Slot},
    id::EntryId,
};

use crate::leaves::{decode_slot, encode_slot};

/// What a ballot says: a choice, or in a window an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// A choice.
    Choice(Choice),
    /// An act.
    Act(Act),
}

impl Encode for Says {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Choice(choice) => encoder.value(choice),
            Self::Act(act) => encoder.value(act),
        };
    }
}

impl Decode for Says {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut ahead = decoder.clone();
        if let Ok(choice) = ahead.value() {
            *decoder = ahead;
            return Ok(Self::Choice(choice));
        }
        decoder.value().map(Self::Act)
    }
}

/// What counts of one voter: a slot, and there one ballot, or two that say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    slot: Slot,
    /// Of each thing said the ballot with the smallest id; one or two, ascending by what they say.
    sides: Vec<(Says, EntryId)>,
}

impl Standing {
    /// The most sides that are kept: two are a conflict, and more are no other one.
    const SIDES_MAX: usize = 2;

    /// What counts by these ballots of one slot; `None` without any. Their order changes nothing.
    #[must_use]
    pub fn new(slot: Slot, ballots: impl IntoIterator<Item = (Says, EntryId)>) -> Option<Self> {
        let mut sides = BTreeMap::<Says, EntryId>::new();
        for (says, ballot) in ballots {
            let side = sides.entry(says).or_insert(ballot);
            *side = ballot.min(*side);
        }
        let sides: Vec<_> = sides.into_iter().take(Self::SIDES_MAX).collect();
        (!sides.is_empty()).then_some(Self { slot, sides })
    }

    /// The slot.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Each thing said, with the ballot that says so: one, or two in conflict.
    #[must_use]
    pub fn sides(&self) -> &[(Says, EntryId)] {
        &self.sides
    }

    /// What is said, if one thing is.
    #[must_use]
    pub fn says(&self) -> Option<Says> {
        match self.sides[..] {
            [(says, _)] => Some(says),
            _ => None,
        }
    }

    /// The choice that counts: abstain if two things are said.
    #[must_use]
    pub fn choice(&self) -> Choice {
        match self.says() {
            Some(Says::Choice(choice)) => choice,
            _ => Choice::Abstain,
        }
    }

    /// What counts of both: the higher slot; of one slot the ballots of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        if self.slot != other.slot {
            return if self.slot > other.slot { self } else { other };
        }
        let sides = self.sides.iter().chain(&other.sides).copied();
        Self::new(self.slot, sides).unwrap_or(other)
    }
}

impl Encode for Standing {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3);
        encode_slot(encoder, self.slot);
        encoder.array(self.sides.len());
        for (says, ballot) in &self.sides {
            encoder.array(2).value(says).value(ballot);
        }
    }
}

impl Decode for Standing {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let slot = decode_slot(decoder)?;
        let length = decoder.array_to("sides", Self::SIDES_MAX)?;
        let mut sides = Vec::new();
        for _ in 0..length {
            decoder.array(2)?;
            sides.push((decoder.value()?, decoder.value()?));
        }
        let standing = Self::new(slot, sides.iter().copied());
        standing
            .filter(|standing| standing.sides == sides)
            .ok_or(DecodeError::Unsorted("sides"))
    }
}

#[cfg(test)]
mod tests {
    use domain::id::Hash;

    use super::*;

    fn slot(revision: u8) -> Slot {
        Slot {
            mandate: 1,
            revision,
        }
    }

    fn standing(revision: u8, sides: &[(Choice, u8)]) -> Standing {
        let side = |(choice, ballot): &(Choice, u8)| (Says::Choice(*choice), id(*ballot));
        Standing::new(slot(revision), sides.iter().map(side)).unwrap()
    }

    fn id(number: u8) -> EntryId {
        EntryId([number; 32])
    }

    #[test]
    fn acts_answers_and_what_counts_come_back() {
        let (version, text) = (id(1), Hash([2; 32]));
        for act in [Act::Amend { version, text }, Act::Withdraw, Act::CallVote] {
            let answer = Answer {
                phase: id(3),
                revision: 1,
                act,
            };
            assert_eq!(Answer::from_bytes(&answer.to_bytes()), Ok(answer));
            let standing = Standing::new(slot(2), [(Says::Act(act), id(4))]).unwrap();
            assert_eq!(Standing::from_bytes(&standing.to_bytes()), Ok(standing));
        }
        let choice = standing(1, &[(Choice::Block, 1), (Choice::Agree, 2)]);
        assert_eq!(Standing::from_bytes(&choice.to_bytes()), Ok(choice));
    }

    #[test]
    fn a_higher_slot_counts_and_two_choices_in_one_slot_are_an_abstention() {
        let agree = standing(1, &[(Choice::Agree, 1)]);
        let block = standing(1, &[(Choice::Block, 2)]);
        let later = standing(2, &[(Choice::Disagree, 3)]);
        assert_eq!(agree.clone().with(later.clone()), later);
        assert_eq!(later.clone().with(agree.clone()), later);
        let both = agree.clone().with(block.clone());
        assert_eq!(both.choice(), Choice::Abstain);
        assert_eq!(both, block.with(agree.clone()));
        let again = standing(1, &[(Choice::Agree, 9)]);
        assert_eq!(again.with(agree.clone()), agree);
    }
}
