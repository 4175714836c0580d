//! Which ballot of each voter counts, and why the others do not.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{Choice, Electorate};
use crate::{
    charter::ClassId,
    id::{EntryId, Hash, MemberId, Timestamp},
};

/// Where a ballot stands among those of its member: a later mandate is above every revision of an
/// earlier one, so that a stolen key is outvoted by a new mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The number of the member's mandate.
    pub mandate: u64,
    /// The revision within the mandate, 1 to 8.
    pub revision: u8,
}

/// A ballot of the phase, already checked in form and signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// Whose vote it is.
    pub member: MemberId,
    /// Its place among the member's ballots.
    pub slot: Slot,
    /// The entry that carries it.
    pub ballot: EntryId,
    /// What it says.
    pub choice: Choice,
    /// The version of the text it is about.
    pub version: Hash,
    /// The time it claims.
    pub time: Timestamp,
}

/// One side of a conflict: two ballots of one slot that say different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// What this side says.
    pub choice: Choice,
    /// The ballot that says so; of several the one with the smallest id.
    pub ballot: EntryId,
}

/// What counts for one voter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The voter's class.
    pub class: ClassId,
    /// The highest slot with a valid ballot.
    pub slot: Slot,
    /// What counts: abstain if the ballots of that slot conflict.
    pub choice: Choice,
    /// The ballot that says so; of several in one slot the one with the smallest id.
    pub ballot: EntryId,
    /// The time that ballot claims.
    pub time: Timestamp,
    /// Each side of the conflict, by choice; empty without one. It lasts until a higher slot.
    pub conflicting: Vec<Conflict>,
}

/// Why a ballot does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its member may not vote here.
    NotEligible,
    /// It is about another version of the text.
    OtherVersion,
    /// It claims a time before voting opened.
    BeforeOpening,
    /// It claims a time after the deadline.
    AfterDeadline,
    /// The member voted again in a higher slot.
    Superseded,
    /// Another ballot of the same slot says the same and has a smaller id.
    Repeated,
}

impl Why {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotEligible => "not-eligible",
            Self::OtherVersion => "other-version",
            Self::BeforeOpening => "before-opening",
            Self::AfterDeadline => "after-deadline",
            Self::Superseded => "superseded",
            Self::Repeated => "repeated",
        }
    }
}

/// A ballot that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The ballot.
    pub cast: Cast,
    /// Why it does not count.
    pub why: Why,
}

/// What counts, by voter, and what does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// What counts, by voter. Who is missing has not voted.
    pub counted: BTreeMap<MemberId, Counted>,
    /// What does not count, by ballot.
    pub left_out: BTreeMap<EntryId, LeftOut>,
}

/// Counts ballots: those of voters, about this version, with a time from `opened` to `deadline`,
/// both included; of each voter the highest slot. The order of `casts` and repeated ones change
/// nothing.
#[must_use]
pub fn count(
    electorate: &Electorate,
    version: Hash,
    opened: Timestamp,
    deadline: Timestamp,
    casts: impl IntoIterator<Item = Cast>,
) -> Count {
    let refusal = |cast: &Cast| {
        if electorate.class_of(&cast.member).is_none() {
            Some(Why::NotEligible)
        } else if cast.version != version {
            Some(Why::OtherVersion)
        } else if cast.time < opened {
            Some(Why::BeforeOpening)
        } else if cast.time > deadline {
            Some(Why::AfterDeadline)
        } else {
            None
        }
    };
    let mut left_out = Vec::new();
    let mut valid = Vec::new();
    for cast in casts {
        match refusal(&cast) {
            Some(why) => left_out.push(LeftOut { cast, why }),
            None => valid.push(cast),
        }
    }
    // Sorted at once, and the maps made from what is sorted: a vote may have very many ballots.
    valid.sort_unstable_by_key(|cast| (cast.member, cast.ballot));
    valid.dedup_by_key(|cast| cast.ballot);
    let voters = valid.chunk_by(|one, other| one.member == other.member);
    let counted = voters.filter_map(|ballots| {
        let member = ballots.first()?.member;
        let class = electorate.class_of(&member)?;
        Some((member, count_voter(class, ballots, &mut left_out)?))
    });
    let counted = counted.collect();
    let left_out = left_out.into_iter().map(|left| (left.cast.ballot, left));
    Count {
        counted,
        left_out: left_out.collect(),
    }
}

/// What counts of one voter, whose ballots come in the order of their ids.
fn count_voter(class: &ClassId, ballots: &[Cast], left_out: &mut Vec<LeftOut>) -> Option<Counted> {
    let slot = ballots.iter().map(|cast| cast.slot).max()?;
    let mut leave_out = |cast: &Cast, why| {
        let cast = cast.clone();
        left_out.push(LeftOut { cast, why });
    };
    // By choice the ballot with the smallest id.
    let mut sides: BTreeMap<Choice, &Cast> = BTreeMap::new();
    for cast in ballots {
        if cast.slot < slot {
            leave_out(cast, Why::Superseded);
        } else if let Entry::Vacant(side) = sides.entry(cast.choice) {
            side.insert(cast);
        } else {
            leave_out(cast, Why::Repeated);
        }
    }
    let first = sides.values().min_by_key(|cast| cast.ballot)?;
    let conflict = sides.len() > 1;
    Some(Counted {
        class: class.clone(),
        slot,
        choice: if conflict {
            Choice::Abstain
        } else {
            first.choice
        },
        ballot: first.ballot,
        time: first.time,
        conflicting: sides
            .values()
            .filter(|_| conflict)
            .map(|cast| Conflict {
                choice: cast.choice,
                ballot: cast.ballot,
            })
            .collect(),
    })
}
