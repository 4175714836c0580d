//! What happens to a search.

use domain::id::{MemberId, ServerId};

use crate::{ask::Reply, request::AskId};

/// What happens to a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// It begins.
    Begin,
    /// An owner answered. The caller has checked who it is.
    Answered {
        /// The owner.
        owner: MemberId,
        /// Its answer.
        reply: Reply,
    },
    /// An owner created the meeting.
    Created {
        /// The owner.
        owner: MemberId,
        /// For which ask.
        ask: AskId,
        /// Where.
        server: ServerId,
    },
    /// An owner could not create the meeting.
    Failed {
        /// The owner.
        owner: MemberId,
        /// For which ask.
        ask: AskId,
    },
    /// The time that was asked for came.
    Wake,
}
