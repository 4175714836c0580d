//! What is to be done for a search, and how it ends.

use domain::id::{MemberId, ServerId};

use crate::{Monotonic, Reason, ask::Ask, request::AskId, room::Prediction};

/// What is to be done for a search, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Record that this attempt is cancelled, then tell its owner.
    Cancel {
        /// The owner.
        owner: MemberId,
        /// The ask.
        ask: AskId,
    },
    /// Send an ask.
    Ask {
        /// To whom.
        owner: MemberId,
        /// The ask.
        ask: Ask,
    },
    /// Give a `Wake` then.
    WakeAt(Monotonic),
    /// The meeting exists; bind it.
    Placed(Box<Placed>),
    /// No place was found.
    Rejected(Box<Rejected>),
    /// Tell this owner to end a meeting that was created after its attempt was cancelled.
    End {
        /// The owner.
        owner: MemberId,
        /// The ask.
        ask: AskId,
        /// Where it is.
        server: ServerId,
    },
}

/// A meeting with a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Whose server.
    pub owner: MemberId,
    /// Which.
    pub server: ServerId,
    /// The ask that was granted.
    pub ask: AskId,
    /// What the meeting is expected to take.
    pub prediction: Prediction,
    /// How long the search took.
    pub elapsed_ms: u64,
    /// Why this server: the reasons of the last choice.
    pub reasons: Vec<(ServerId, Reason)>,
}

/// A search without a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub why: Rejection,
    /// Asks that were sent.
    pub asks: u32,
    /// The reasons of the last choice.
    pub reasons: Vec<(ServerId, Reason)>,
}

/// Why a search ends without a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// No server may take it; `reasons` say why for each.
    NoServer,
    /// Time is over.
    TimeOver {
        /// How long it took.
        elapsed_ms: u64,
        /// How long it might take.
        limit_ms: u64,
    },
    /// Too many asks were refused.
    AllRefused {
        /// How many there were.
        asks: u32,
        /// How many there may be.
        limit: u32,
    },
}

impl Rejection {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoServer => "no-server",
            Self::TimeOver { .. } => "time-over",
            Self::AllRefused { .. } => "all-refused",
        }
    }
}
