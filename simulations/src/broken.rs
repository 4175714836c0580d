//! Deliberate mistakes, wrapped around the core: each must be caught, else the checks check
//! nothing. None of this is in the product.

use std::{fmt, str::FromStr};

use domain::{
    cbor::Decode,
    decision::{self, Cast, Slot},
    entry::Entry,
    genesis::Genesis,
    id::Timestamp,
};
use federation::{Phase, message::Message};

use crate::node::Node;

/// A mistake a core could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// It answers and acknowledges before the write is durable.
    EarlyAnswer,
    /// It says that it has flushed and has not.
    LyingDisk,
    /// Of two choices in one slot it counts the one that came first.
    FirstChoice,
    /// It counts ballots that claim a time after the deadline.
    LateBallots,
    /// It keeps the first of two entries of one sequence and never sees a fork.
    NoForks,
    /// It takes the time at which an edit came for the time at which it was written.
    ArrivalTimes,
    /// Of what its validator key has signed it knows only the beginning when it starts again.
    ForgottenJournal,
    /// Its clock is ten minutes slow, and it believes that everybody's is.
    BlindClock,
}

impl Broken {
    /// Every mistake.
    pub const ALL: [Self; 8] = [
        Self::EarlyAnswer,
        Self::LyingDisk,
        Self::FirstChoice,
        Self::LateBallots,
        Self::NoForks,
        Self::ArrivalTimes,
        Self::ForgottenJournal,
        Self::BlindClock,
    ];

    /// Whether it shows only where there is a register.
    #[must_use]
    pub fn is_of_register(self) -> bool {
        matches!(self, Self::ForgottenJournal | Self::BlindClock)
    }

    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EarlyAnswer => "early-answer",
            Self::LyingDisk => "lying-disk",
            Self::FirstChoice => "first-choice",
            Self::LateBallots => "late-ballots",
            Self::NoForks => "no-forks",
            Self::ArrivalTimes => "arrival-times",
            Self::ForgottenJournal => "forgotten-journal",
            Self::BlindClock => "blind-clock",
        }
    }

    /// What reaches the core of a message.
    pub(crate) fn filter(
        self,
        node: &Node,
        genesis: &Genesis,
        now: u64,
        message: Message,
    ) -> Message {
        if self == Self::BlindClock {
            return with_time(message, node.clock.show(now));
        }
        let (Self::NoForks, Message::Entries { number, entries }, Some(core)) =
            (self, &message, &node.core)
        else {
            return message;
        };
        let federation = genesis.federation();
        let fits = |bytes: &&Vec<u8>| {
            let Ok(entry) = Entry::from_bytes(bytes) else {
                return true;
            };
            let replica = core.replica();
            let tip = replica.tip(&entry.header.author);
            let taken = tip.is_some_and(|(sequence, _)| entry.header.sequence <= sequence);
            !taken || replica.find(&entry.id(&federation)).is_some()
        };
        Message::Entries {
            number: *number,
            entries: entries.iter().filter(fits).cloned().collect(),
        }
    }

    /// How it counts, if it counts in its own way.
    pub(crate) fn count(self, phase: &Phase<'_>) -> Option<decision::Count> {
        let opening = phase.opening;
        let deadline = match self {
            Self::FirstChoice => phase.deadline,
            Self::LateBallots => phase.deadline.plus_seconds(10 * 365 * 86_400),
            _ => return None,
        };
        let mut seen: Vec<_> = phase.ballots.iter().collect();
        seen.sort_by_key(|(_, ballot)| ballot.received);
        let mut casts: Vec<Cast> = Vec::new();
        for (id, ballot) in seen {
            let slot = Slot {
                mandate: ballot.mandate,
                revision: ballot.record.revision,
            };
            let taken = casts
                .iter()
                .any(|cast| cast.member == ballot.member && cast.slot == slot);
            if self == Self::FirstChoice && taken {
                continue;
            }
            casts.push(Cast {
                member: ballot.member,
                slot,
                ballot: *id,
                choice: ballot.record.choice,
                version: ballot.record.version,
                time: ballot.time,
            });
        }
        let version = phase.version.hash;
        Some(decision::count(
            &phase.electorate,
            version,
            opening.time,
            deadline,
            casts,
        ))
    }
}

/// The same message from a peer whose clock shows this.
fn with_time(mut message: Message, time: Timestamp) -> Message {
    if let Message::Hello { now, .. }
    | Message::Heights { now, .. }
    | Message::Digests { now, .. } = &mut message
    {
        *now = time;
    }
    message
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Broken {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|known| known.as_str()).collect();
            format!(
                "there is no mistake {text:?}; there are {}",
                known.join(", ")
            )
        })
    }
}
