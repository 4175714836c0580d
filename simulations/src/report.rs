//! What came of a run.

use register::chain::Chain;

use crate::{
    archive::Archive,
    world::{Failure, World},
};

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// SHA-256 over all that went into the cores and came out of them.
    pub trace: String,
    /// The first thing that must never happen, if it did.
    pub failure: Option<String>,
    /// How many inputs the cores handled.
    pub inputs: u64,
    /// Messages sent.
    pub messages: u64,
    /// Entries on an honest node at the end.
    pub entries: usize,
    /// Ballots accepted.
    pub ballots: usize,
    /// Forks an honest node shows at the end.
    pub forks: usize,
    /// How long the nodes took to hold the same after healing, in virtual milliseconds.
    pub healed_in_ms: u64,
    /// The last height of the register; 0 without one.
    pub height: u64,
    /// From each deadline to when every honest node had the closing, in virtual milliseconds,
    /// ascending.
    pub times_to_final_ms: Vec<u64>,
    /// On how many ballots a liar could decide in the end by the choice of seals, and of how many.
    pub switchable: (usize, usize),
    /// How long all of it was, in virtual milliseconds.
    pub virtual_ms: u64,
}

impl Report {
    pub(crate) fn of(world: &World, healed_in_ms: u64) -> Self {
        let first = world.honest().first().copied();
        let core = first.and_then(|node| world.nodes[node].core.as_ref());
        let is_vote = |act: &federation::Act| matches!(act, federation::Act::Vote { .. });
        let archive = world.archive.as_ref();
        let chain = archive.and_then(|archive| archive.chain.as_ref());
        let done = world.ledger.done.values();
        Self {
            trace: world.trace.hash(),
            failure: world.failure.as_ref().map(describe),
            inputs: world.handled,
            messages: world.network.messages,
            entries: core.map_or(0, |core| core.replica().len()),
            ballots: done
                .filter(|(deed, result)| is_vote(&deed.act) && result.is_ok())
                .count(),
            forks: core.map_or(0, |core| core.replica().forks().len()),
            healed_in_ms,
            height: chain.map_or(0, Chain::height),
            times_to_final_ms: archive.map_or_else(Vec::new, Archive::times_to_final),
            switchable: world.switchable(),
            virtual_ms: world.now,
        }
    }
}

fn describe(failure: &Failure) -> String {
    let node = failure
        .node
        .map_or(String::new(), |node| format!(" on node {node}"));
    format!("at {} ms{node}: {}", failure.time, failure.what)
}
