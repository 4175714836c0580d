//! Faults of peers, and what is counted.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError, atomic::AtomicU64, atomic::Ordering},
};

/// How a peer broke the protocol. Each leads to disconnection and a cool-down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An empty frame.
    Garbage,
    /// A header that announces more than the largest frame or request.
    Oversized,
    /// More frames, streams or requests than allowed.
    Flood,
    /// It announces another federation.
    OtherFederation,
    /// What it sent broke a rule above the transport.
    Misbehaviour,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Garbage => "an empty frame",
            Self::Oversized => "a frame larger than allowed",
            Self::Flood => "more than its rate",
            Self::OtherFederation => "it belongs to another federation",
            Self::Misbehaviour => "a rule above the transport",
        })
    }
}

/// What happened since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Faults of peers, by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Frames dropped because a queue was full.
    pub frames_dropped: u64,
    /// Connections refused because of a limit or a cool-down.
    pub connections_refused: u64,
    /// Application requests refused because a quota was used up.
    pub requests_refused: u64,
}

/// The counters behind [`Statistics`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    faults: Mutex<BTreeMap<Fault, u64>>,
    pub(crate) frames_dropped: AtomicU64,
    pub(crate) connections_refused: AtomicU64,
    pub(crate) requests_refused: AtomicU64,
}

impl Counters {
    pub(crate) fn fault(&self, fault: Fault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        *faults.entry(fault).or_default() += 1;
    }

    pub(crate) fn read(&self) -> Statistics {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        Statistics {
            faults: faults.clone(),
            frames_dropped: self.frames_dropped.load(Ordering::Relaxed),
            connections_refused: self.connections_refused.load(Ordering::Relaxed),
            requests_refused: self.requests_refused.load(Ordering::Relaxed),
        }
    }
}
