//! Ballots that liars show too late.

use domain::{
    cbor::Encode,
    decision::Choice,
    id::{EntryId, Timestamp},
    record::Kind,
};

use crate::{
    clock::BEGINNING_MS,
    craft::{Craft, core_mandate_of},
    options::MINUTE,
    world::World,
};

impl World {
    /// Ballots on phases that are over, in the liar's own name.
    pub(crate) fn late(&mut self, node: usize) -> Vec<Vec<u8>> {
        let time = self.nodes[node].clock.show(self.now);
        let Some(grant) = core_mandate_of(self, node) else {
            return Vec::new();
        };
        let key = self.members[self.nodes[node].member].delegate.clone();
        let Some(core) = &self.nodes[node].core else {
            return Vec::new();
        };
        let tip = core.replica().tip(&key.public());
        let closed: Vec<EntryId> = core
            .view()
            .phases
            .keys()
            .filter(|phase| {
                let opening = core.replica().opening(phase);
                opening.is_some_and(|opening| opening.deadline < time)
            })
            .copied()
            .collect();
        let Some(phase) = self.nodes[node]
            .liar
            .as_mut()
            .and_then(|liar| liar.random.pick(&closed).copied())
        else {
            return Vec::new();
        };
        let Some(body) = self.ballot_body(phase, Choice::Agree) else {
            return Vec::new();
        };
        let craft = Craft {
            grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time,
            area: "ballots",
            kind: Kind::Ballot,
            body,
            references: Vec::new(),
        };
        let entry = self.craft(node, &key, craft);
        entry.map(|entry| entry.to_bytes()).into_iter().collect()
    }

    /// A moment soon after the next deadline of a vote that is open in the register.
    pub(crate) fn after_a_deadline(&mut self, node: usize) -> Option<u64> {
        let chain = self.archive.as_ref()?.chain.as_ref()?;
        let ends = chain.phases().values();
        let ends = ends.map(|phase| phase.deadline.0 - BEGINNING_MS + 61_000);
        let next = ends.filter(|end| *end > self.now).min()?;
        Some(next + self.drawn(node, 7 * MINUTE))
    }

    /// Ballots in the liar's own name on votes that are over and not final, as if they had been cast
    /// in time.
    pub(crate) fn backdate(&mut self, node: usize) -> Vec<Vec<u8>> {
        let time = self.nodes[node].clock.show(self.now);
        let open = self
            .archive
            .as_ref()
            .and_then(|archive| archive.chain.as_ref());
        let phases = open.into_iter().flat_map(|chain| chain.phases().values());
        let over = phases.filter(|phase| phase.deadline < time);
        let over: Vec<_> = over.map(|phase| (phase.vote, phase.deadline)).collect();
        let (Some(grant), Some((phase, deadline))) = (core_mandate_of(self, node), over.first())
        else {
            return Vec::new();
        };
        let key = self.members[self.nodes[node].member].delegate.clone();
        let Some(core) = &self.nodes[node].core else {
            return Vec::new();
        };
        let tip = core.replica().tip(&key.public());
        let Some(body) = self.ballot_body(*phase, Choice::Block) else {
            return Vec::new();
        };
        let craft = Craft {
            grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time: Timestamp(deadline.0 - 1_000),
            area: "ballots",
            kind: Kind::Ballot,
            body,
            references: Vec::new(),
        };
        let entry = self.craft(node, &key, craft);
        entry.map(|entry| entry.to_bytes()).into_iter().collect()
    }
}
