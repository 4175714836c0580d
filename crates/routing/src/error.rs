//! What can be wrong with a value that this crate is given.

use domain::id::{MemberId, ServerId, Timestamp};
use thiserror::Error;

use crate::{
    candidate::{FEATURE_BYTES_MAX, FEATURES_MAX, State},
    hold::HOLD_AHEAD_MS,
};

/// A broken rule, with what was found and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// Text that is not the name of a feature.
    #[error(
        "a feature has 1 to {FEATURE_BYTES_MAX} lower-case letters, digits and hyphens, such as \
         recording; found {found:?}"
    )]
    Feature {
        /// What was given, shortened.
        found: String,
    },
    /// A server or a request with too many features.
    #[error("a server has at most {FEATURES_MAX} features; found {found}")]
    Features {
        /// How many were given.
        found: usize,
    },
    /// A hold for a meeting that is over or too far ahead.
    #[error(
        "a hold is taken before its meeting and at most {} days ahead; it begins at {}, now is {}",
        HOLD_AHEAD_MS / 86_400_000, starts.0, now.0
    )]
    HoldTime {
        /// When the meeting begins.
        starts: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// A member with too many holds.
    #[error("a member has at most {limit} holds with one owner; it has {found}")]
    Holds {
        /// How many it has.
        found: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A member that would hold more at one time than it is entitled to use.
    #[error(
        "holds of one time together stay within the entitlement, {entitled_cpu_units_milli} \
         thousandths of a unit; they would be {held_cpu_units_milli}"
    )]
    HoldEntitlement {
        /// What it would hold.
        held_cpu_units_milli: u64,
        /// What it may.
        entitled_cpu_units_milli: u64,
    },
    /// A member that held servers for meetings that never came.
    #[error(
        "who kept servers in vain for more than {limit_ms} ms gets no more for a while; it was {in_vain_ms} ms"
    )]
    HoldsUnused {
        /// How long it kept servers in vain, in milliseconds.
        in_vain_ms: u64,
        /// How long it may, in milliseconds.
        limit_ms: u64,
    },
    /// A hold for more people than the server takes in one meeting.
    #[error("the server takes at most {limit_users} people in one meeting; found {users}")]
    HoldUsers {
        /// How many are expected.
        users: u64,
        /// How many there may be.
        limit_users: u64,
    },
    /// A hold on a server that takes no meetings.
    #[error("server {} takes no meetings: it is {}", server.short(), state.as_str())]
    HoldClosed {
        /// The server.
        server: ServerId,
        /// What its owner lets it take.
        state: State,
    },
    /// A server that cannot take a meeting beside what is held and running there.
    #[error("the server would be at {score_ppm} parts per million, above {limit_ppm}")]
    HoldFull {
        /// How full it would be.
        score_ppm: u64,
        /// How full it may be.
        limit_ppm: u64,
    },
    /// A conference that no server can take.
    #[error(
        "no server takes a meeting of {users} people; the most that one could take is {possible_users}"
    )]
    Conference {
        /// How many are expected.
        users: u32,
        /// How many could be taken.
        possible_users: u32,
    },
    /// A hold on a server of somebody else.
    #[error("server {} is not one of {}", server.short(), owner.short())]
    NotOwned {
        /// The server.
        server: ServerId,
        /// Whose servers these are.
        owner: MemberId,
    },
}
