//! What must hold of the register once everything has come to rest.

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    decision::Slot,
    id::{Hash, MemberId, PhaseId, Timestamp},
    key::PublicKey,
    record::Record,
};
use federation::Core;
use register::{
    agreement,
    batch::Batch,
    chain::Chain,
    leaves::Claim,
    phase::Phase,
    registrar::{Message, Registrar},
    sizes::Sizes,
    witness,
};

use crate::{
    archive::{first, recovered},
    clock::BEGINNING_MS,
    options::MINUTE,
    world::World,
};

/// What is wrong, and at which node.
type Wrong = (Option<usize>, String);

/// What a validator signs once only: who, in which phase or height, what for.
type Once = (PublicKey, Vec<u8>, &'static str);

/// How long after a deadline a closing is final at the latest, over links that carry: the steps of
/// the seals, the rounds of as many bad proposers as there may be, and what gossip takes.
pub(crate) fn bound_ms(sizes: Sizes) -> u64 {
    let faulty = sizes.faulty() as u64;
    let rounds: u64 = (0..=faulty + 1).map(|round| 4 + 3 * round).sum();
    ((faulty + 2) * 5 + rounds + 40) * MINUTE
}

impl World {
    /// All honest nodes have one register, which follows again from the stored heights; every vote
    /// that is over is final unless `may_stall`, and then a quorum is not there; no honest validator
    /// has contradicted itself.
    pub(crate) fn check_register(&self, may_stall: bool) -> Result<(), Wrong> {
        let Some(archive) = &self.archive else {
            return Ok(());
        };
        let honest = self.honest();
        for node in &honest {
            for (height, batch) in &self.nodes[*node].disk.heights {
                if archive.batches.get(height) != Some(batch) {
                    let what =
                        format!("height {height} on the disk is not the one that was decided");
                    return Err((Some(*node), what));
                }
            }
            if let Some(core) = &self.nodes[*node].core {
                let here = |what: String| (Some(*node), what);
                self.check_chain(core).map_err(here)?;
            }
        }
        if let Some(node) = honest.iter().find(|node| self.nodes[**node].is_up()) {
            self.check_replay(*node)
                .map_err(|what| (Some(*node), what))?;
            if let Some(chain) = &archive.chain
                && let Some(phase) = self.overdue(chain)
                && !(may_stall && self.is_below_quorum(phase))
            {
                return Err((None, self.why_open(*node, phase)));
            }
        }
        self.check_contradictions()
    }

    fn check_chain(&self, core: &Core) -> Result<(), String> {
        let here = core.register_chain().ok_or("the register has not begun")?;
        let known = self.archive.as_ref().and_then(|one| one.chain.as_ref());
        let Some(known) = known else {
            return Ok(());
        };
        if here.rules_missing().is_some() {
            // Its release does not know the rules that the others follow by now.
            return Ok(());
        }
        let (at, last) = (here.height(), known.height());
        if (at, here.state()) != (last, known.state()) {
            let (round, clock) = (core.registrar().map(Registrar::round), core.clock_trouble());
            let trouble = core.register_trouble();
            return Err(format!(
                "the register is at height {at} and not at {last} alike: round {round:?}, clock off by \
                 {clock:?} s, {trouble:?}"
            ));
        }
        let Some(registrar) = core.registrar() else {
            return Err(format!("it takes no part: {:?}", core.register_trouble()));
        };
        let (possible, _) = here.draft(registrar.wanted().clone());
        match possible.items.is_empty() {
            true => Ok(()),
            false => Err("what could be decided waits for a height for ever".to_owned()),
        }
    }

    /// The stored heights, one after the other, give the same register.
    fn check_replay(&self, node: usize) -> Result<(), String> {
        let mut chain = first(self, node).ok_or("the register has not begun")?;
        for (height, bytes) in &self.nodes[node].disk.heights {
            let batch = Batch::read(bytes).map_err(|error| error.to_string())?;
            if batch.header.epoch > chain.epoch() {
                chain = recovered(self, node, &chain).ok_or("no recovery leads to a height")?;
            }
            let after = chain.after(&batch);
            chain = after
                .map_err(|error| format!("height {height}: {error:?}"))?
                .0;
        }
        let core = self.nodes[node].core.as_ref();
        let here = core.and_then(Core::register_chain).map(Chain::state);
        match here == Some(chain.state()) {
            true => Ok(()),
            false => Err("the stored heights give another register".to_owned()),
        }
    }

    /// A vote that should be final by now.
    pub(crate) fn overdue<'a>(&self, chain: &'a Chain) -> Option<&'a Phase> {
        let now = Timestamp(BEGINNING_MS + self.now);
        let mut phases = chain.phases().values();
        phases.find(|phase| phase.deadline.plus_ms(bound_ms(phase.validators.sizes())) < now)
    }

    /// Whether fewer of a phase's validators are up than close it.
    fn is_below_quorum(&self, phase: &Phase) -> bool {
        let is_up = |key: &PublicKey| {
            let mut nodes = self.nodes.iter();
            nodes.any(|node| node.is_up() && self.members[node.member].validator.public() == *key)
        };
        let up = phase.validators.iter().filter(|(_, one)| is_up(&one.key));
        up.count() < phase.validators.sizes().quorum()
    }

    /// The members that a phase waits for, as a node shows it: those whose manifests, or when there
    /// are enough of them, whose seals are not there.
    pub(crate) fn waits_for(&self, node: usize, phase: &Phase) -> Vec<MemberId> {
        let core = self.nodes[node].core.as_ref();
        let witness = core.and_then(|core| core.registrar()?.witness(&phase.id));
        let Some(witness) = witness else {
            return Vec::new();
        };
        let (gathered, quorum) = (witness.gathered(), phase.validators.sizes().quorum());
        let heard: Vec<_> = match gathered.authors().count() < quorum {
            true => gathered.authors().collect(),
            false => gathered.sealers().collect(),
        };
        let all = phase.validators.iter();
        let missing = all.filter(|(index, _)| !heard.contains(index));
        missing.map(|(_, validator)| validator.member).collect()
    }

    pub(crate) fn why_open(&self, node: usize, phase: &Phase) -> String {
        let waits = self.waits_for(node, phase);
        let names = self.members.iter();
        let names = names.filter(|who| waits.contains(&who.id()));
        let names: Vec<&str> = names.map(|who| &*who.name).collect();
        let at: Vec<_> = self
            .nodes
            .iter()
            .map(|node| {
                let core = node.core.as_ref()?;
                let registrar = core.registrar()?;
                let witness = registrar.witness(&phase.id);
                let gathered = witness.map(|witness| witness.gathered());
                let counts = gathered.map(|one| (one.authors().count(), one.sealers().count()));
                Some((
                    registrar.chain().height(),
                    registrar.round(),
                    counts,
                    core.clock_trouble(),
                ))
            })
            .collect();
        let ended = phase.deadline.0.saturating_sub(BEGINNING_MS);
        format!(
            "the vote {} ended at {ended} ms and is not final: it waits for {names:?}; height, \
             round, manifests and seals: {at:?}",
            phase.id.short()
        )
    }

    /// Everything that validators have said and that an honest node keeps, by author.
    pub(crate) fn said(&self) -> Vec<(PublicKey, Message)> {
        let mut parts: BTreeMap<(PublicKey, Hash), BTreeMap<u64, Vec<u8>>> = BTreeMap::new();
        let honest = self.honest();
        let ids = honest
            .iter()
            .flat_map(|node| self.nodes[*node].disk.in_order());
        let ids: std::collections::BTreeSet<_> = ids.map(|(id, _)| *id).collect();
        for known in ids.iter().filter_map(|id| self.ledger.entries.get(id)) {
            if let Some(Record::Witness(part)) = &known.record {
                let whole = parts.entry((known.author, part.message)).or_default();
                whole.insert(part.part, part.bytes.clone());
            }
        }
        // Whoever rests on what a liar said on one branch of its log repeats it in its own.
        let own: std::collections::BTreeSet<PublicKey> = honest
            .iter()
            .map(|node| self.members[self.nodes[*node].member].validator.public())
            .collect();
        let of_liars: std::collections::BTreeSet<Hash> = parts
            .keys()
            .filter(|(author, _)| !own.contains(author))
            .map(|(_, message)| *message)
            .collect();
        let first = parts
            .into_iter()
            .filter(|((author, message), _)| !own.contains(author) || !of_liars.contains(message));
        let whole = first.filter_map(|((author, _), parts)| {
            let bytes: Vec<u8> = parts.into_values().flatten().collect();
            Some((author, Message::from_bytes(&bytes).ok()?))
        });
        whole.collect()
    }

    /// Those who signed two things that exclude each other.
    pub(crate) fn contradicted(&self) -> Vec<(PublicKey, String)> {
        let mut once: BTreeMap<Once, Vec<u8>> = BTreeMap::new();
        let mut receipts: BTreeMap<(PublicKey, PhaseId, MemberId, Slot), _> = BTreeMap::new();
        let mut found = Vec::new();
        for (author, message) in self.said() {
            let mut signs = |slot: Vec<u8>, what, value: Vec<u8>| {
                let known = once
                    .entry((author, slot, what))
                    .or_insert_with(|| value.clone());
                if *known != value {
                    found.push((author, format!("two of {what}")));
                }
            };
            match message {
                Message::Phase { phase, said } => match said {
                    witness::Message::Leaves(signed) if signed.claim == Claim::Receipts => {
                        for leaf in signed.leaves() {
                            let slot = (author, phase, leaf.voter, leaf.slot);
                            if *receipts.entry(slot).or_insert(leaf.ballot) != leaf.ballot {
                                found.push((author, "two of receipts".to_owned()));
                            }
                        }
                    }
                    witness::Message::Manifest(signed) => {
                        signs(phase.to_bytes(), "manifests", signed.bytes);
                    }
                    witness::Message::Seal(seal) => {
                        signs(phase.to_bytes(), "seals", seal.to_bytes());
                    }
                    _ => {}
                },
                Message::Agreement(agreement::Message::Vote(signed)) => {
                    let vote = &signed.statement;
                    let slot = format!("{} {} {:?}", vote.height, vote.round, vote.step);
                    let value = format!("{:?}", vote.value).into_bytes();
                    signs(slot.into_bytes(), "votes", value);
                }
                Message::Agreement(agreement::Message::Proposal(signed)) => {
                    let said = &signed.statement;
                    let slot = format!("{} {}", said.height, said.round).into_bytes();
                    signs(slot, "proposals", said.value.0.to_vec());
                }
                _ => {}
            }
        }
        found
    }

    fn check_contradictions(&self) -> Result<(), Wrong> {
        for (author, what) in self.contradicted() {
            let of =
                |node: &usize| self.members[self.nodes[*node].member].validator.public() == author;
            if let Some(node) = self.honest().into_iter().find(of) {
                return Err((Some(node), format!("an honest validator signed {what}")));
            }
        }
        Ok(())
    }
}
