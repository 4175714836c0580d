//! What happens at an owner.

use domain::id::{MemberId, ServerId};

use crate::{Monotonic, ask::Ask, capacity::Load, request::AskId};

/// What happens at an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A home asks for a place.
    Ask {
        /// What it asks.
        ask: Ask,
        /// When it arrived at this node, before it waited in any queue.
        arrived: Monotonic,
        /// How full the member may make servers of this owner ([`crate::share::Standing::limit_ppm`]).
        limit_ppm: u64,
    },
    /// A home gave an attempt up, and all before it.
    Cancel {
        /// The member it was for.
        member: MemberId,
        /// The attempt.
        ask: AskId,
    },
    /// A home recorded where a meeting is: the other attempts of that request are void.
    Bound {
        /// The member.
        member: MemberId,
        /// The attempt that counts.
        ask: AskId,
    },
    /// A server created the meeting.
    Created {
        /// The member.
        member: MemberId,
        /// The ask.
        ask: AskId,
    },
    /// A server did not create the meeting and will not.
    CreateFailed {
        /// The member.
        member: MemberId,
        /// The ask.
        ask: AskId,
    },
    /// A poll measured the meetings of a server. A meeting that is not named keeps its load.
    Measured {
        /// The server.
        server: ServerId,
        /// Meetings that were asked for here.
        meetings: Vec<(MemberId, AskId, Load)>,
        /// The sum of those that came to the server in another way.
        outside: Load,
    },
    /// A meeting has ended, by the word of its server or of people, never because a poll missed it.
    Ended {
        /// The member.
        member: MemberId,
        /// The ask.
        ask: AskId,
    },
    /// The time that was asked for came.
    Wake,
}
