//! Why a server was or was not chosen: one reason for each, so that a page can say it in a sentence.

use domain::region::Region;

use crate::{
    candidate::{Feature, Health, State},
    capacity::Load,
};

/// How full a server would be with the meeting (step 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Comfortably: at most [`COMFORTABLE_PPM`](crate::place::COMFORTABLE_PPM), meetings of unknown
    /// size counted as larger than they probably are.
    A,
    /// Within the member's limit.
    B,
    /// Beyond the limit by what the home knows; its owner may know better.
    C,
}

impl Tier {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
        }
    }
}

/// How far a server is from where it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distance {
    /// In the wanted region.
    Right,
    /// Its owner is at most [`NEAR_RTT_MS`](crate::place::NEAR_RTT_MS) away.
    Near,
    /// Farther, or nobody knows how far.
    Far,
}

impl Distance {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Near => "near",
            Self::Far => "far",
        }
    }
}

/// Why a server or its owner is not trusted to take a meeting now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// Its owner did not answer and is left alone for so long.
    OwnerSilent {
        /// Until it is asked again, unless it is heard of before.
        remaining_ms: u64,
    },
    /// Its owner did not acknowledge this request.
    NotAcknowledged {
        /// How long the home waited.
        waited_ms: u64,
    },
    /// Creating this meeting there failed.
    Failed,
    /// Its owner's polls found it so.
    Unhealthy {
        /// As found.
        health: Health,
    },
}

/// Why a server was or was not chosen, with the values that were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is in another region than the required one.
    Region {
        /// Its own.
        found: Region,
        /// The required one.
        wanted: Region,
    },
    /// It lacks a feature.
    Feature {
        /// The first it lacks.
        missing: Feature,
    },
    /// Its owner lets it take no new meetings, or nothing but tests.
    Cordoned {
        /// What its records say; none: they allow it, but its owner answered that it has nothing open.
        state: Option<State>,
    },
    /// It is about to go.
    Drained,
    /// Other members use so much of it that the meeting would exceed the share offered to them.
    Share {
        /// What other members would use.
        used_ppm: u64,
        /// What is offered.
        share_ppm: u64,
    },
    /// Nothing was heard of it lately.
    Stale {
        /// For so long; none: never.
        age_ms: Option<u64>,
        /// The limit.
        limit_ms: u64,
    },
    /// It or its owner does not answer.
    Suspected(Suspicion),
    /// By what homes counted it is fuller than its owner says, and too full.
    FloorVeto {
        /// How full it would be by what homes counted.
        floor_ppm: u64,
        /// The limit.
        limit_ppm: u64,
        /// What the owner says is on it.
        reported: Load,
    },
    /// Its owner refused this request.
    RefusedFull {
        /// How full its best server would be.
        score_ppm: u64,
        /// The limit it applied.
        limit_ppm: u64,
    },
    /// It would be fuller than anyone may make it.
    OverLimit {
        /// How full it would be.
        score_ppm: u64,
        /// The limit.
        limit_ppm: u64,
    },
    /// It takes no meeting of so many people.
    RoomTooLarge {
        /// People expected.
        users: u64,
        /// People in one meeting.
        limit_users: u64,
    },
    /// It would be fuller than a member that uses more than its share may make it.
    UnfairLimit {
        /// How full it would be.
        score_ppm: u64,
        /// This member's limit.
        limit_ppm: u64,
    },
    /// Others were better.
    Ranked {
        /// How full it would be, with the chance that breaks ties; lower is better.
        score_ppm: u64,
        /// How full that is.
        tier: Tier,
        /// How far it is.
        distance: Distance,
    },
    /// One was better.
    RunnerUp {
        /// How full it would be.
        score_ppm: u64,
        /// How full the chosen one would be.
        chosen_ppm: u64,
    },
    /// The best.
    Chosen {
        /// How full it would be.
        score_ppm: u64,
        /// How full that is.
        tier: Tier,
        /// How far it is.
        distance: Distance,
    },
}

impl Reason {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Region { .. } => "region",
            Self::Feature { .. } => "feature",
            Self::Cordoned { .. } => "cordoned",
            Self::Drained => "drained",
            Self::Share { .. } => "share",
            Self::Stale { .. } => "stale",
            Self::Suspected(_) => "suspected",
            Self::FloorVeto { .. } => "floor-veto",
            Self::RefusedFull { .. } => "refused-full",
            Self::OverLimit { .. } | Self::RoomTooLarge { .. } => "over-limit",
            Self::UnfairLimit { .. } => "unfair-limit",
            Self::Ranked { .. } => "ranked",
            Self::RunnerUp { .. } => "runner-up",
            Self::Chosen { .. } => "chosen",
        }
    }
}
