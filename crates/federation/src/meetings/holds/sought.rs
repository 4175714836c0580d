//! One conference and what is known of its server.

use std::collections::BTreeMap;

use domain::{id::ServerId, key::PublicKey};
use routing::Monotonic;

use super::{Hold, Refusal, Wanted, round::Round};

/// How soon after a round the records or a node that came lead to another one, in milliseconds.
const STIRRED_MS: u64 = 60_000;

/// A conference whose server is sought or held.
#[derive(Debug)]
pub(in crate::meetings) struct Sought {
    pub(super) wanted: Wanted,
    /// The server that is held, and the node that said so.
    pub(super) held: Option<(ServerId, PublicKey)>,
    /// Why no owner holds one, and how many people would fit.
    pub(super) refused: Option<(Refusal, u32)>,
    /// Whether it is too far ahead to be sought.
    pub(super) is_ahead: bool,
    /// Nodes that may hold a server for it.
    pub(super) told: BTreeMap<PublicKey, ServerId>,
    pub(super) round: Option<Round>,
    pub(super) begun: Option<Monotonic>,
    /// Rounds without success since the last one with.
    pub(super) rounds: u32,
    /// When the next round begins.
    pub(super) due: Option<Monotonic>,
}

impl Sought {
    pub(super) fn new(wanted: Wanted, told: BTreeMap<PublicKey, ServerId>) -> Self {
        Self {
            wanted,
            held: None,
            refused: None,
            is_ahead: false,
            told,
            round: None,
            begun: None,
            rounds: 0,
            due: None,
        }
    }

    /// The hold that it has.
    pub(super) fn hold(&self) -> Option<Hold> {
        let (server, _) = self.held?;
        Some(self.hold_on(server))
    }

    pub(super) fn hold_on(&self, server: ServerId) -> Hold {
        Hold {
            tenant: self.wanted.tenant,
            room: self.wanted.room,
            server,
            starts: self.wanted.starts,
            users: self.wanted.people(),
        }
    }

    pub(super) fn is_held_by(&self, node: &PublicKey) -> bool {
        self.held.is_some_and(|(_, holder)| holder == *node)
    }

    pub(super) fn waits_for(&self, node: &PublicKey, server: &ServerId) -> bool {
        let round = self.round.as_ref();
        round.is_some_and(|round| round.waits_for(node, server))
    }

    /// What is due next.
    pub(super) fn next_due(&self) -> Option<Monotonic> {
        match &self.round {
            Some(round) => round.waits.map(|asked| asked.until),
            None => self.due,
        }
    }

    /// A server is held: whoever else may hold one is to give it up.
    pub(super) fn keep(&mut self, server: ServerId, node: PublicKey) -> Vec<PublicKey> {
        self.held = Some((server, node));
        (self.refused, self.round, self.due) = (None, None, None);
        (self.rounds, self.is_ahead) = (0, false);
        let others = self.told.iter().filter(|(_, other)| **other != server);
        let others = others.map(|(node, _)| *node).collect();
        self.told.retain(|_, other| *other == server);
        self.told.insert(node, server);
        others
    }

    /// Something changed that may make another round worth its while.
    pub(super) fn stir(&mut self, now: Monotonic) {
        if self.held.is_some() || self.round.is_some() || self.is_ahead {
            return;
        }
        let soon = self.begun.map_or(now, |begun| begun.plus_ms(STIRRED_MS));
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }
}
