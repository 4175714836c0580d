//! What the register decided, kept outside the cores, and what must hold at each height: one batch
//! for all, what was shown as secured counts, and nothing counts that was first shown too late.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    decision::Slot,
    id::{EntryId, MemberId, PhaseId},
    record::Record,
};
use federation::{Core, Write};
use register::{
    batch::Batch,
    begin::Begin,
    chain::{Chain, Happened},
    outcome::Closed,
    phase::{Phase, VoterIndex},
    recovery::State,
    says::{Says, Standing},
};

use crate::{clock::BEGINNING_MS, world::World};

/// A phase that was closed.
#[derive(Debug, Clone)]
pub struct Final {
    pub height: u64,
    pub phase: Phase,
}

/// What honest nodes decided.
#[derive(Debug, Default)]
pub struct Archive {
    /// How many nodes validate when the register begins: the first ones.
    pub validators: usize,
    /// What the founders sign.
    pub begin: Option<Begin>,
    /// How often each member has declared something.
    pub declared: BTreeMap<usize, u64>,
    /// The register, as the first honest node to decide each height had it.
    pub chain: Option<Chain>,
    /// The bytes of each height.
    pub batches: BTreeMap<u64, Vec<u8>>,
    /// When each ballot came to an honest node for the first time,
    pub shown: BTreeMap<EntryId, u64>,
    /// and the ballots of each vote.
    pub ballots: BTreeMap<PhaseId, BTreeSet<EntryId>>,
    /// The highest ballot of each voter that an honest node showed as secured.
    pub secured: BTreeMap<(PhaseId, MemberId), (Slot, Says)>,
    /// When each honest node decided each height.
    pub decided: BTreeMap<(u64, usize), u64>,
    pub closed: BTreeMap<PhaseId, Final>,
    /// When steps of open votes end, for the timed adversary.
    pub moments: Vec<u64>,
    /// When the validator of each node last said something.
    pub spoke: BTreeMap<usize, u64>,
}

impl World {
    /// Looks at what an honest node writes.
    pub(crate) fn record(&mut self, node: usize, writes: &[Write]) {
        let Some(mut archive) = self.archive.take() else {
            return;
        };
        let taken = archive.take(self, node, writes);
        self.network.moments.clone_from(&archive.moments);
        self.archive = Some(archive);
        if let Err(what) = taken {
            self.fail(Some(node), what);
        }
    }
}

impl Archive {
    fn take(&mut self, world: &World, node: usize, writes: &[Write]) -> Result<(), String> {
        let own = world.nodes[node].validator.as_ref().map(|key| key.public());
        let mut has_said = false;
        for write in writes {
            match write {
                Write::Entry { id, .. } => {
                    let Some(known) = world.ledger.entries.get(id) else {
                        continue;
                    };
                    match &known.record {
                        Some(Record::Ballot(ballot)) => {
                            self.shown.entry(*id).or_insert(world.now);
                            self.ballots.entry(ballot.phase).or_default().insert(*id);
                        }
                        Some(Record::Witness(_)) => {
                            has_said = true;
                            if own == Some(known.author) {
                                self.spoke.insert(node, world.now);
                            }
                        }
                        _ => {}
                    }
                }
                Write::Height { height, batch, .. } => {
                    self.height(world, node, (*height, batch))?;
                }
                _ => {}
            }
        }
        if has_said && let Some(core) = &world.nodes[node].core {
            self.look(core);
        }
        Ok(())
    }

    /// What an honest node can now show as secured.
    fn look(&mut self, core: &Core) {
        let Some(registrar) = core.registrar() else {
            return;
        };
        let chain = registrar.chain();
        for (id, phase) in chain.phases() {
            let (Some(case), Some(witness)) = (chain.case(id), registrar.witness(id)) else {
                continue;
            };
            let gathered = witness.gathered();
            let known = self.ballots.get(&phase.vote).into_iter().flatten();
            for ballot in known.filter_map(|ballot| gathered.ballot_of(ballot)) {
                if !gathered.is_secured(&case, ballot) {
                    continue;
                }
                let secured = self.secured.entry((*id, ballot.member));
                let secured = secured.or_insert((ballot.slot, ballot.says));
                if ballot.slot > secured.0 {
                    *secured = (ballot.slot, ballot.says);
                }
            }
        }
    }

    fn height(
        &mut self,
        world: &World,
        node: usize,
        (height, bytes): (u64, &[u8]),
    ) -> Result<(), String> {
        self.decided.entry((height, node)).or_insert(world.now);
        if let Some(known) = self.batches.get(&height) {
            return match known == bytes {
                true => Ok(()),
                false => Err(format!("DISAGREEMENT: two batches at height {height}")),
            };
        }
        let before = match self.chain.take() {
            Some(chain) => chain,
            None => first(world, node).ok_or("a height is decided before the register begins")?,
        };
        let batch = Batch::read(bytes).map_err(|error| error.to_string())?;
        let before = match batch.header.epoch > before.epoch() {
            true => recovered(world, node, &before).ok_or("no recovery leads to this height")?,
            false => before,
        };
        let after = before.after(&batch);
        let (after, happened) =
            after.map_err(|error| format!("height {height} does not follow: {error:?}"))?;
        self.batches.insert(height, bytes.to_vec());
        self.moments = moments(&after);
        self.chain = Some(after);
        for happened in happened {
            if let Happened::Closed { phase, closed, .. } = happened
                && let Some(of) = before.phases().get(&phase)
            {
                let bound_ms = before
                    .case(&phase)
                    .map_or(0, |case| case.charter.terms().clock_bound_seconds * 1_000);
                self.check_closing(of, &closed, bound_ms)?;
                let phase = of.clone();
                self.closed.insert(phase.id, Final { height, phase });
            }
        }
        Ok(())
    }

    fn check_closing(&self, phase: &Phase, closed: &Closed, bound_ms: u64) -> Result<(), String> {
        let last = phase.deadline.plus_ms(bound_ms).0 - BEGINNING_MS;
        let mut seen = BTreeSet::new();
        for (at, voter) in phase.voters().iter().enumerate() {
            let index = VoterIndex(at as u16);
            let standing = closed.counted.get(&index);
            if let Some(secured) = self.secured.get(&(phase.id, voter.member))
                && !covers(standing, *secured)
            {
                let (who, (slot, says)) = (voter.member.short(), secured);
                return Err(format!(
                    "a secured ballot is lost: {says:?} of {who} in {slot:?}, counted {standing:?}"
                ));
            }
            let pinned = phase.pinned.get(&index).map_or(&[][..], Standing::sides);
            for side in standing.map_or(&[][..], Standing::sides) {
                if !seen.insert(side.1) {
                    return Err("one ballot counts for two voters".to_owned());
                }
                let shown = self.shown.get(&side.1).copied().unwrap_or(u64::MAX);
                if !pinned.contains(side) && shown > last {
                    return Err(format!(
                        "a ballot counts that was first shown at {shown} ms, after {last} ms"
                    ));
                }
            }
        }
        Ok(())
    }

    /// From each deadline to when the last honest node had the vote's closing, in milliseconds,
    /// ascending.
    pub fn times_to_final(&self) -> Vec<u64> {
        let time = |end: &Final| {
            let decided = self.decided.iter();
            let of_height = decided.filter(|((height, _), _)| *height == end.height);
            let last = of_height.map(|(_, at)| *at).max()?;
            Some(last.saturating_sub(end.phase.deadline.0 - BEGINNING_MS))
        };
        let mut times: Vec<u64> = self.closed.values().filter_map(time).collect();
        times.sort_unstable();
        times
    }
}

/// When the votes that are open end, and each step of their sealing.
fn moments(chain: &Chain) -> Vec<u64> {
    let ends = chain.phases().iter().flat_map(|(id, phase)| {
        let step_ms = chain.case(id).map_or(0, |case| {
            let terms = case.charter.terms();
            (terms.gossip_bound_seconds + 2 * terms.clock_bound_seconds) * 1_000
        });
        let steps = phase.validators.sizes().witnesses() as u64 + 1;
        let deadline = phase.deadline.0 - BEGINNING_MS;
        (0..=steps).map(move |step| deadline + step * step_ms)
    });
    ends.collect()
}

/// Whether what counts is that ballot's choice or a later one.
fn covers(standing: Option<&Standing>, (slot, says): (Slot, Says)) -> bool {
    standing.is_some_and(|standing| {
        let is_there = standing.sides().iter().any(|(said, _)| *said == says);
        standing.slot() > slot || (standing.slot() == slot && is_there)
    })
}

/// The register as it begins, by what a node was shown.
pub(crate) fn first(world: &World, node: usize) -> Option<Chain> {
    let core = world.nodes[node].core.as_ref()?;
    let mut begun = core.beginnings();
    let chain = begun.find_map(|beginning| Chain::begin(&world.genesis, beginning).ok());
    // Whatever the nodes know, what they decide is looked at.
    chain.map(|chain| chain.knowing_rules(u64::MAX))
}

/// The register after the recovery that a node follows.
pub(crate) fn recovered(world: &World, node: usize, before: &Chain) -> Option<Chain> {
    let now = world.nodes[node].clock.show(world.now);
    let core = world.nodes[node].core.as_ref()?;
    let mut known = core.recoveries(now).into_iter();
    known.find_map(|one| match one.state {
        Ok(State::InForce(recovered)) => Some(before.recovered(&recovered).ok()?.0),
        _ => None,
    })
}
