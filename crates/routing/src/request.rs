//! What the home of a tenant wants placed.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{MemberId, ServerId, TenantId},
    region::Region,
};

use crate::{candidate::Feature, capacity::Load, room::History};

/// One create, from the first ask to its end: random, chosen by the home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

/// A meeting as owners know it: derived by the home from its tenant and the tenant's meeting id, which
/// it hides. A meeting that is created again has the same id and another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeetingId(pub [u8; 32]);

/// One ask of a request: attempts count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId {
    /// The create it belongs to.
    pub request: RequestId,
    /// Which of its asks; a later one cancels those before.
    pub attempt: u32,
}

/// Why a server is not asked again within one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excluded {
    /// Its owner said that it is above the limit.
    Full {
        /// How full the owner's best server would be.
        score_ppm: u64,
        /// The limit it applied.
        limit_ppm: u64,
    },
    /// Its owner did not acknowledge in time.
    Silent {
        /// How long the home waited.
        waited_ms: u64,
    },
    /// Creating the meeting failed or took too long.
    Failed,
    /// Its owner has no server that may take the meeting: drained, without a feature, gone.
    Closed,
}

/// A meeting to place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The create.
    pub id: RequestId,
    /// The meeting.
    pub meeting: MeetingId,
    /// The front end that asks.
    pub tenant: TenantId,
    /// The tenant's member.
    pub member: MemberId,
    /// Where the tenant wants it; none: wherever the round trip is shortest.
    pub region: Option<Region>,
    /// Whether no other region will do.
    pub region_required: bool,
    /// What the server must have.
    pub features: BTreeSet<Feature>,
    /// Whether it is a test, the only thing that servers open for tests alone take.
    pub test: bool,
    /// How many people the front end expects. Anyone can write any number here.
    pub hint: Option<u32>,
    /// The room's past meetings.
    pub history: Option<History>,
    /// The most people the tenant's limits let in.
    pub cap_users: Option<u32>,
    /// Meetings of unknown size that this tenant began in the ten minutes before this one.
    pub unknown_rooms: u32,
    /// A hold for this meeting that counts now: its server, which is asked first, and the load that
    /// waits there for it and is in its owner's reports.
    pub hold: Option<(ServerId, Load)>,
    /// Servers that are out of the question for this request.
    pub excluded: BTreeMap<ServerId, Excluded>,
    /// Whether owners that were silent lately, and servers that are full by their floor alone, are asked
    /// all the same, since nobody else is left.
    pub ask_suspected: bool,
}

impl Request {
    /// A request that says nothing but who asks for what.
    #[must_use]
    pub fn new(id: RequestId, meeting: MeetingId, tenant: TenantId, member: MemberId) -> Self {
        Self {
            id,
            meeting,
            tenant,
            member,
            region: None,
            region_required: false,
            features: BTreeSet::new(),
            test: false,
            hint: None,
            history: None,
            cap_users: None,
            unknown_rooms: 0,
            hold: None,
            excluded: BTreeMap::new(),
            ask_suspected: false,
        }
    }
}
