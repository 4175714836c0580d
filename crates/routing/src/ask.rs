//! What a home asks an owner and what it answers (placement, step 7). Times on this path are lengths:
//! each side counts them on its own clock.

use std::collections::BTreeSet;

use domain::id::{MemberId, ServerId, TenantId, Timestamp};

use crate::{
    candidate::{Feature, Report},
    capacity::Load,
    request::{AskId, MeetingId},
};

/// The most reports that travel with an answer; an owner with more servers sends the least loaded.
pub const REPLY_REPORTS_MAX: usize = 64;

/// A home asks for a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which ask: the same one is answered the same, however often it arrives.
    pub id: AskId,
    /// The meeting.
    pub meeting: MeetingId,
    /// The front end it is for.
    pub tenant: TenantId,
    /// The tenant's member. The caller has checked that the sender speaks for it.
    pub member: MemberId,
    /// The server that looked best; its owner may take another of its own in the same region.
    pub server: ServerId,
    /// What the server must have.
    pub features: BTreeSet<Feature>,
    /// Whether it is a test.
    pub test: bool,
    /// People expected.
    pub users: u32,
    /// What the meeting is expected to take.
    pub prediction: Load,
    /// Beyond this score the home has a better server; none: it has not.
    pub ceiling_ppm: Option<u64>,
    /// The owner reserves nothing later than this after the ask arrived.
    pub start_within_ms: u64,
    /// The meeting must exist within this after it was reserved, or it is ended.
    pub finish_within_ms: u64,
}

/// What an owner answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Reserved; the meeting is being created.
    Acknowledged {
        /// Where.
        server: ServerId,
        /// Reports of this time and later count it.
        time: Timestamp,
    },
    /// Possible, but above the ceiling: the home should look again.
    Busier {
        /// How full the owner's best server would be.
        score_ppm: u64,
        /// The ceiling.
        ceiling_ppm: u64,
    },
    /// Above the limit or the share that is offered.
    Full {
        /// How full the owner's best server would be.
        score_ppm: u64,
        /// The limit.
        limit_ppm: u64,
    },
    /// No server of this owner in that region may take it: cordoned, down, without a feature, too small.
    Closed,
    /// It came after `start_within_ms`.
    Late {
        /// How old it was.
        age_ms: u64,
        /// How old it might have been.
        limit_ms: u64,
    },
    /// It was cancelled, or a later attempt replaced it.
    Cancelled,
    /// This member has too many asks open with this owner.
    TooMany {
        /// How many are remembered.
        asks: usize,
        /// How many may be.
        limit: usize,
    },
}

/// An answer with what the owner knows of its servers at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The ask.
    pub ask: AskId,
    /// What is answered.
    pub answer: Answer,
    /// Whether this owner refused anyone softly of late: the home should choose between two.
    pub contended: bool,
    /// Its servers now.
    pub reports: Vec<(ServerId, Report)>,
}
