//! A simulated node: the core, its disk, its clock and its connections.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    genesis::Genesis,
    key::{PublicKey, SecretKey},
};
use federation::{Core, Settings};
use register::order::RULES_VERSION;

use crate::{
    broken::Broken, clock::Clock, disk::Disk, liar::Liar, puppet::Puppets, random::bytes_of,
};

/// A node and the machine it runs on.
#[derive(Debug)]
pub struct Node {
    pub key: PublicKey,
    /// The member it serves.
    pub member: usize,
    /// `None` while it is down.
    pub core: Option<Core>,
    /// Counts its starts.
    pub incarnation: u64,
    pub disk: Disk,
    pub clock: Clock,
    /// How long a flush takes, in milliseconds: from and to.
    pub flush_ms: (u64, u64),
    /// The connection with each connected node.
    pub connections: BTreeMap<usize, u64>,
    pub roster: BTreeSet<PublicKey>,
    /// When the next wake-up is due.
    pub wake_at: Option<u64>,
    /// When it was last given something: between inputs time passes by a clock that nobody sets.
    pub told_at: u64,
    /// Wake-ups in a row that were due again at once.
    pub idle_wakes: u32,
    /// Whether it takes part; a newcomer's node does not before it joins.
    pub present: bool,
    /// The last height in which its power failed, if it is to fail in each.
    pub dies_at: Option<u64>,
    /// The key it witnesses and closes votes with; the core of a lying validator has none, for the
    /// liar around it has.
    pub validator: Option<SecretKey>,
    pub liar: Option<Liar>,
    /// Where a lying validator lets an honest one play.
    pub puppets: Option<Puppets>,
    pub broken: Option<Broken>,
    /// The last version of the rules that the release installed here knows.
    pub rules: u64,
    seed: u64,
}

impl Node {
    pub fn new(seed: u64, member: usize, key: PublicKey) -> Self {
        Self {
            key,
            member,
            core: None,
            incarnation: 0,
            disk: Disk::default(),
            clock: Clock::default(),
            flush_ms: (3, 10),
            connections: BTreeMap::new(),
            roster: BTreeSet::new(),
            wake_at: None,
            told_at: 0,
            idle_wakes: 0,
            present: true,
            dies_at: None,
            validator: None,
            liar: None,
            puppets: None,
            broken: None,
            rules: RULES_VERSION,
            seed,
        }
    }

    pub fn is_up(&self) -> bool {
        self.core.is_some()
    }

    pub fn is_honest(&self) -> bool {
        self.liar.is_none()
    }

    /// Starts the core with what is on the disk.
    pub fn start(&mut self, genesis: &Genesis) -> Result<(), String> {
        self.incarnation += 1;
        let purpose = format!("core {} {}", self.key, self.incarnation);
        let settings = Settings {
            node: self.key,
            seed: bytes_of(self.seed, &purpose),
        };
        let mut core = Core::new(genesis.clone(), settings).map_err(|error| error.to_string())?;
        core.know_rules(self.rules);
        if let Some(key) = &self.validator {
            core.validate_with(key.clone());
        }
        for (id, row) in self.disk.in_order() {
            core.restore(&row.bytes, row.received)
                .map_err(|error| format!("entry {} does not restore: {error:?}", id.short()))?;
        }
        for hash in self.disk.chunks() {
            core.restore_chunk(*hash);
        }
        for (height, batch) in &self.disk.heights {
            core.restore_height(batch)
                .map_err(|error| format!("height {height} does not restore: {error}"))?;
        }
        let forgets = self.broken == Some(Broken::ForgottenJournal);
        let known = if forgets { 1 } else { usize::MAX };
        for ((tenant, room), bytes) in &self.disk.rooms {
            core.restore_room(*tenant, *room, bytes)
                .map_err(|error| format!("a room does not restore: {error:?}"))?;
        }
        for record in self.disk.journal.values().take(known) {
            core.restore_journal(record)
                .map_err(|error| format!("the journal does not restore: {error:?}"))?;
        }
        self.core = Some(core);
        Ok(())
    }

    /// The power fails.
    pub fn stop(&mut self) {
        self.core = None;
        self.puppets = None;
        self.connections.clear();
        self.roster.clear();
        self.wake_at = None;
    }
}
