//! What a home knows of one server.

use std::{collections::BTreeSet, fmt, str::FromStr};

use domain::{
    id::{MemberId, Timestamp},
    region::Region,
};

use crate::{
    Error, WHOLE_PPM,
    capacity::{Capacity, Load},
    request::AskId,
};

/// The longest name of a feature, in bytes.
pub const FEATURE_BYTES_MAX: usize = 32;
/// The most features of one server or request.
pub const FEATURES_MAX: usize = 32;
/// The most asks that a report names as counted.
pub const REPORT_ADMITTED_MAX: usize = 64;

/// Something a server has and another may not: `recording`, `dedicated`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(String);

impl Feature {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Feature {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=FEATURE_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::Feature {
                found: text.chars().take(FEATURE_BYTES_MAX).collect(),
            })
        }
    }
}

/// What an owner lets a server take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Meetings.
    Open,
    /// No new meetings; those that are there go on.
    Cordoned,
    /// No new meetings, and those that are there should end: it is about to go.
    Draining,
    /// Nothing but tests.
    TestsOnly,
}

impl State {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cordoned => "cordoned",
            Self::Draining => "draining",
            Self::TestsOnly => "tests-only",
        }
    }
}

/// Whether a server answers, as its owner's polls found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Up,
    /// It fails at times, or is new or back: no new meetings until it proved itself.
    Unstable,
    /// It does not answer.
    Down,
}

impl Health {
    /// A stable word for pages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Unstable => "unstable",
            Self::Down => "down",
        }
    }
}

/// A server as its owner's records describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The only authority on its capacity, and the only holder of its secret.
    pub owner: MemberId,
    /// Where it stands.
    pub region: Region,
    /// What it can carry.
    pub capacity: Capacity,
    /// What the owner lets it take.
    pub state: State,
    /// What it has.
    pub features: BTreeSet<Feature>,
    /// The part of it that other members together may use.
    pub share_ppm: u64,
}

impl Server {
    /// An open server, wholly shared, without features.
    #[must_use]
    pub fn new(owner: MemberId, region: Region, capacity: Capacity) -> Self {
        Self {
            owner,
            region,
            capacity,
            state: State::Open,
            features: BTreeSet::new(),
            share_ppm: WHOLE_PPM,
        }
    }
}

/// What an owner says of a server's load: soft state, told to everyone every few seconds and with each
/// answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// All that is on it, reserved or held.
    pub load: Load,
    /// The part of `load` that is not of the owner's own member.
    pub others: Load,
    /// Whether it answers.
    pub health: Health,
    /// Of the owner's clock, and different in each of its reports of this server: it orders them.
    pub time: Timestamp,
    /// The asks of the last seconds that are counted in `load`, the newest [`REPORT_ADMITTED_MAX`].
    pub admitted: Vec<AskId>,
}

impl Report {
    /// A first report of a server whose load is all its owner's.
    #[must_use]
    pub fn of(load: Load, health: Health) -> Self {
        Self {
            load,
            others: Load::ZERO,
            health,
            time: Timestamp(0),
            admitted: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_a_short_word() {
        for good in ["recording", "h264", "large-rooms"] {
            assert_eq!(good.parse::<Feature>().unwrap().as_str(), good);
        }
        let long = "a".repeat(FEATURE_BYTES_MAX + 1);
        for bad in ["", "Recording", "a b", &long] {
            assert!(bad.parse::<Feature>().is_err(), "{bad}");
        }
    }
}
