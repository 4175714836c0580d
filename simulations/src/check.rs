//! Checks from outside the cores: what must hold at any time, and what must hold once everything
//! has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, Hash, Timestamp},
    key::PublicKey,
};
use replica::{HELD_MAX, Offer, Replica};

use crate::{broken::Broken, clock::Clock, random::Random, world::World};

/// How far a blind clock is behind, in milliseconds.
const SLOW_MS: i64 = 600_000;
/// The most entries that wait for ancestors.
const PENDING_MAX: usize = 512;

impl World {
    /// The nodes that are honest and take part.
    pub fn honest(&self) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|node| self.nodes[*node].is_honest() && self.nodes[*node].present)
            .filter(|node| !self.has_left(self.nodes[*node].member))
            .collect()
    }

    /// Whether a member has left or was expelled: nobody talks to its node any more.
    fn has_left(&self, member: usize) -> bool {
        let chain = self.archive.as_ref().and_then(|one| one.chain.as_ref());
        let id = self.members[member].id();
        chain.is_some_and(|chain| chain.order().former().contains_key(&id))
    }

    /// What a node told others it has must be there when it starts again.
    pub(crate) fn check_promises(&mut self, node: usize) {
        let lost = self
            .ledger
            .promised
            .range((node, EntryId([0; 32]))..=(node, EntryId([0xff; 32])))
            .find(|(_, id)| self.nodes[node].disk.entry(id).is_none());
        if let Some((_, id)) = lost.copied() {
            let what = format!(
                "entry {} was told to others and lost in a crash",
                id.short()
            );
            self.fail(Some(node), what);
        }
    }

    /// What must hold at any time.
    pub fn check_bounds(&mut self) {
        for node in self.honest() {
            let Some(core) = &self.nodes[node].core else {
                continue;
            };
            let replica = core.replica();
            let (pending, held) = (replica.pending_len(), replica.held_len());
            if pending > PENDING_MAX || held > HELD_MAX {
                let what = format!("{pending} entries wait and {held} are held");
                self.fail(Some(node), what);
                return;
            }
            let queued = core.peers().iter().map(|peer| peer.to_send).max();
            let bound = 2 * replica.len() + 4 * 256;
            if queued.is_some_and(|queued| queued > bound) {
                let what = format!("{queued:?} entries are queued for a peer, {bound} would do");
                self.fail(Some(node), what);
                return;
            }
        }
    }

    /// Whether all honest nodes are up and hold the same.
    pub fn has_converged(&self) -> bool {
        let digests: BTreeSet<Option<Hash>> = self
            .honest()
            .into_iter()
            .map(|node| {
                self.nodes[node]
                    .core
                    .as_ref()
                    .map(|core| core.replica().digest())
            })
            .collect();
        digests.len() == 1 && !digests.contains(&None)
    }

    /// Why the nodes have not converged.
    pub fn why_not(&self) -> String {
        let mut lines = Vec::new();
        let mut heights: BTreeMap<PublicKey, BTreeMap<usize, String>> = BTreeMap::new();
        for node in self.honest() {
            let current = &self.nodes[node];
            let Some(core) = &current.core else {
                lines.push(format!("node {node} is down"));
                continue;
            };
            let replica = core.replica();
            lines.push(format!(
                "node {node}: {} entries, {} waiting, {} held, {} chunks missing, connected to {:?}, \
                 caught up: {}, clock trouble: {:?}, wakes in {:?} ms",
                replica.len(),
                replica.pending_len(),
                replica.held_len(),
                core.missing_chunks(),
                current.connections.keys().collect::<Vec<_>>(),
                core.is_caught_up(),
                core.clock_trouble(),
                current.wake_at.map(|at| at.saturating_sub(self.now)),
            ));
            for height in replica.heights() {
                let aside = height
                    .aside
                    .map(|tag| format!("+{:02x}{:02x}", tag[0], tag[1]));
                let text = format!(
                    "{}:{:02x}{:02x}{}",
                    height.sequence,
                    height.tip[0],
                    height.tip[1],
                    aside.unwrap_or_default()
                );
                heights.entry(height.key).or_default().insert(node, text);
            }
        }
        for (key, of) in heights {
            let distinct: BTreeSet<&String> = of.values().collect();
            if distinct.len() > 1 || of.len() < self.honest().len() {
                lines.push(format!(
                    "log {} ({}): {of:?}",
                    key.short(),
                    self.owner(&key)
                ));
            }
        }
        lines.join("\n  ")
    }

    /// Whose key this is, for people who read a failure.
    fn owner(&self, key: &PublicKey) -> String {
        let found = self.members.iter().find_map(|member| {
            let keys = [
                (member.root.public(), "root"),
                (member.steward.public(), "steward"),
                (member.node.public(), "node"),
                (member.delegate.public(), "delegate"),
                (member.worker.public(), "worker"),
            ];
            let what = keys.into_iter().find(|(other, _)| other == key)?.1;
            let honest = self.nodes[member.home].is_honest();
            let liar = if honest { "" } else { ", a liar" };
            Some(format!("{} of {}{liar}", what, member.name))
        });
        found.unwrap_or_else(|| "another".to_owned())
    }

    /// What must hold once everything has come to rest.
    pub fn check_rest(&mut self, random: &mut Random) {
        let mut verified = BTreeSet::new();
        for node in self.honest() {
            if let Err(what) = self.check_store(node, &mut verified) {
                self.fail(Some(node), what);
                return;
            }
        }
        if let Err((node, what)) = self.check_decisions() {
            self.fail(node, what);
            return;
        }
        // What counts is then the register's to say, and not each node's own.
        let counts_itself = self.archive.is_none();
        if counts_itself && let Err((node, what)) = self.check_votes() {
            self.fail(node, what);
            return;
        }
        if let Err((node, what)) = self.check_documents() {
            self.fail(node, what);
            return;
        }
        let honest = self.honest();
        if let Some(node) = random.pick(&honest).copied()
            && let Err(what) = self.check_order(node, random)
        {
            self.fail(Some(node), what);
        }
    }

    /// Every stored entry has its author's signature and was written by its author.
    fn check_store(&self, node: usize, verified: &mut BTreeSet<Hash>) -> Result<(), String> {
        let current = &self.nodes[node];
        let Some(core) = &current.core else {
            return Err("it is down".to_owned());
        };
        let federation = self.genesis.federation();
        let honest_keys = self.honest_keys();
        for (id, row) in current.disk.in_order() {
            let entry = Entry::from_bytes(&row.bytes).map_err(|error| error.to_string())?;
            let author = entry.header.author;
            if verified.insert(Hash::of(&[&id.0, &row.bytes])) {
                let verifier = author.verifier().map_err(|error| error.to_string())?;
                if entry.id(&federation) != *id || entry.verify(&federation, &verifier).is_err() {
                    return Err(format!("entry {} does not verify", id.short()));
                }
            }
            if honest_keys.contains(&author) && !self.ledger.authored.contains(id) {
                let owner = self.owner(&author);
                return Err(format!("entry {} is not by {owner}", id.short()));
            }
        }
        let anew = core.view_anew();
        if *core.view() != anew {
            let (kept, anew) = (format!("{:#?}", core.view()), format!("{anew:#?}"));
            let differs = kept
                .lines()
                .zip(anew.lines())
                .find(|(left, right)| left != right);
            return Err(format!(
                "the view it kept up to date is not the one built anew: {differs:?}"
            ));
        }
        for who in &self.members {
            for key in [&who.steward, &who.delegate, &who.worker, &who.node] {
                let claimed = core.view().keys.get(&key.public());
                if claimed.is_some_and(|claimed| claimed.member != who.id()) {
                    let owner = self.owner(&key.public());
                    return Err(format!("the key of {owner} acts for another member"));
                }
            }
        }
        if core.replica().len() != current.disk.len() {
            return Err(format!(
                "{} entries in memory, {} on the disk",
                core.replica().len(),
                current.disk.len()
            ));
        }
        Ok(())
    }

    /// Offered in any other order, what a node stores gives the same.
    fn check_order(&self, node: usize, random: &mut Random) -> Result<(), String> {
        let current = &self.nodes[node];
        let Some(core) = &current.core else {
            return Err("it is down".to_owned());
        };
        let rows = current.disk.in_order();
        let mut entries: Vec<Entry> = rows
            .iter()
            .filter_map(|(_, row)| Entry::from_bytes(&row.bytes).ok())
            .collect();
        random.shuffle(&mut entries);
        let anew = self.offered_anew(&entries);
        if anew.digest() != core.replica().digest() {
            let difference = self.difference(core.replica(), &anew);
            return Err(format!(
                "the same entries in another order give something else: {difference}"
            ));
        }
        Ok(())
    }

    /// A replica that was offered these entries, again and again until nothing changes: what had no
    /// room to wait comes again.
    fn offered_anew(&self, entries: &[Entry]) -> Replica {
        let mut replica = Replica::new(self.genesis.clone());
        let admitted = self.members.iter().enumerate();
        let admitted = admitted.filter(|(at, who)| who.decided && self.is_admitted(*at));
        for (_, who) in admitted {
            replica.let_in(Timestamp::MAX, who.root.public(), who.id());
        }
        loop {
            let before = replica.digest();
            for entry in entries {
                let offer = replica.offer(Timestamp::MAX, entry.clone());
                debug_assert!(!matches!(offer, Offer::Ahead(_)));
                replica.take_changes();
            }
            if replica.digest() == before {
                return replica;
            }
        }
    }

    /// In which logs two replicas differ.
    fn difference(&self, one: &Replica, other: &Replica) -> String {
        let heights = |replica: &Replica| -> BTreeMap<PublicKey, String> {
            let heights = replica.heights().iter();
            heights
                .map(|height| {
                    (
                        height.key,
                        format!("{:?}", (height.sequence, height.tip, height.aside)),
                    )
                })
                .collect()
        };
        let (left, right) = (heights(one), heights(other));
        let keys: BTreeSet<&PublicKey> = left.keys().chain(right.keys()).collect();
        let differing = keys
            .into_iter()
            .filter(|key| left.get(key) != right.get(key));
        let lines: Vec<String> = differing
            .map(|key| {
                let (left, right) = (left.get(key), right.get(key));
                format!(
                    "{} ({}): {left:?} / {right:?}",
                    key.short(),
                    self.owner(key)
                )
            })
            .collect();
        lines.join("\n  ")
    }

    /// The keys that only honest people have.
    fn honest_keys(&self) -> BTreeSet<PublicKey> {
        let used = self.ledger.done.values();
        let honest = used.filter(|(deed, _)| self.nodes[deed.node].is_honest());
        honest
            .map(|(deed, _)| deed.key)
            .filter(|key| !self.ledger.stolen.contains(key))
            .collect()
    }
}

/// Puts the mistake into the nodes that are to have it.
pub fn break_nodes(world: &mut World, broken: Broken) {
    for node in world.honest().into_iter().skip(1) {
        world.nodes[node].broken = Some(broken);
        world.nodes[node].disk.lies = broken == Broken::LyingDisk;
        if broken == Broken::BlindClock {
            world.nodes[node].clock = Clock::new(-SLOW_MS, 0);
        }
    }
}
