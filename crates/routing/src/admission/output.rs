//! What is to be done at an owner.

use domain::id::{MemberId, ServerId};

use crate::{
    Monotonic,
    ask::{Ask, Reply},
    request::AskId,
};

/// What is to be done at an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Answer the home, at once.
    Reply {
        /// The member that asked.
        member: MemberId,
        /// The answer.
        reply: Reply,
    },
    /// Create the meeting.
    Create {
        /// For this ask.
        ask: Ask,
        /// On this server.
        server: ServerId,
    },
    /// Tell the home that the meeting exists.
    Created {
        /// The member.
        member: MemberId,
        /// The ask.
        ask: AskId,
        /// Where.
        server: ServerId,
    },
    /// Tell the home that there will be no meeting from this ask.
    Failed {
        /// The member.
        member: MemberId,
        /// The ask.
        ask: AskId,
    },
    /// End a meeting on a server: nobody is bound to it.
    End {
        /// The member.
        member: MemberId,
        /// The ask.
        ask: AskId,
        /// Where, if this node still knows.
        server: Option<ServerId>,
    },
    /// Give a `Wake` then.
    WakeAt(Monotonic),
}
