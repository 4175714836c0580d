//! Notes that a phase stalls. A phase is closed by those who validated it when it was opened. When they are
//! too few for that, and the register goes on with others, a quorum of today's validators says so, and
//! holds the phase again.

use std::collections::BTreeMap;

use domain::{
    id::{Hash, PhaseId, Timestamp},
    key::Signature,
};

use super::{Message, Output, Reaction, Registrar, Topic};
use crate::{
    agreement::Verification,
    batch::{Items, Stall, StallNote},
    chain::{Chain, STALLED_AFTER_MS},
    phase::Phase,
    statement::Statement,
    validators::ValidatorIndex,
    witness::Witness,
};

/// The notes of today's validators.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    notes: BTreeMap<PhaseId, BTreeMap<ValidatorIndex, StallNote>>,
}

impl Stalls {
    fn has(&self, phase: &PhaseId, validator: ValidatorIndex) -> bool {
        let notes = self.notes.get(phase);
        notes.is_some_and(|notes| notes.contains_key(&validator))
    }

    /// The notes of those who see too few seals.
    fn of(&self, phase: &Phase) -> Vec<StallNote> {
        let quorum = phase.validators.sizes().quorum() as u64;
        let notes = self.notes.get(&phase.id).into_iter();
        let notes = notes.flat_map(BTreeMap::values);
        notes.filter(|note| note.seals < quorum).copied().collect()
    }
}

/// Open phases that are closed by others than today's validators.
fn of_others(chain: &Chain) -> impl Iterator<Item = &Phase> {
    let phases = chain.phases().values();
    phases.filter(|phase| phase.validators != *chain.validators())
}

/// The first moment at which an honest validator says that a phase stalls.
fn due(phase: &Phase) -> Timestamp {
    phase.deadline.plus_ms(STALLED_AFTER_MS + 1)
}

impl<V: Verification> Registrar<V> {
    fn own_index(&self) -> Option<ValidatorIndex> {
        let key = self.key.as_ref()?.public();
        self.chain.validators().index_of(&key)
    }

    /// How many seals of a phase are here with all that they name.
    fn seals_of(&self, phase: &PhaseId) -> usize {
        self.posts.get(phase).map_or(0, Witness::seals)
    }

    fn is_to_be_noted(&self, phase: &Phase, own: ValidatorIndex) -> bool {
        let quorum = phase.validators.sizes().quorum();
        !self.stalls.has(&phase.id, own) && self.seals_of(&phase.id) < quorum
    }

    /// When this node has to say next that a phase stalls.
    pub(super) fn stall_wakeup(&self) -> Option<Timestamp> {
        let own = self.own_index().filter(|_| self.is_trusted)?;
        let phases = of_others(&self.chain).filter(|phase| self.is_to_be_noted(phase, own));
        phases.map(due).min()
    }

    /// Says of which phases this node knows that they stall. Who is told it anew signs it anew: it is no
    /// promise, and a closing that comes all the same is as valid.
    pub(super) fn note_stalls(&mut self, now: Timestamp, reaction: &mut Reaction) {
        let (Some(own), Some(key)) = (self.own_index(), self.key.clone()) else {
            return;
        };
        if !self.is_trusted {
            return;
        }
        let phases = of_others(&self.chain).filter(|phase| now >= due(phase));
        let phases = phases.filter(|phase| self.is_to_be_noted(phase, own));
        let phases: Vec<PhaseId> = phases.map(|phase| phase.id).collect();
        let (federation, validators) = (self.chain.federation(), self.chain.validators().hash());
        for phase in phases {
            let seals = self.seals_of(&phase) as u64;
            let says = Statement::Stalled {
                phase,
                validators,
                seals,
            };
            let note = StallNote {
                validator: own,
                seals,
                signature: says.sign(&federation, &key),
            };
            self.keep_note(phase, note);
            reaction.outputs.push(Output::Publish(Message::Stalled {
                phase,
                validators,
                note,
            }));
        }
    }

    /// Takes a note of one of today's validators; others say nothing.
    pub(super) fn take_note(&mut self, phase: PhaseId, validators: Hash, note: StallNote) {
        let today = self.chain.validators();
        let known = self.chain.phases().get(&phase);
        let is_of_others = known.is_some_and(|phase| phase.validators != *today);
        if !is_of_others || today.hash() != validators || self.stalls.has(&phase, note.validator) {
            return;
        }
        let says = Statement::Stalled {
            phase,
            validators,
            seals: note.seals,
        };
        let signed = |signature: &Signature, index| {
            let key = today.get(index)?.key;
            says.verify(&self.chain.federation(), &key, signature).ok()
        };
        if signed(&note.signature, note.validator).is_some() {
            self.keep_note(phase, note);
        }
    }

    fn keep_note(&mut self, phase: PhaseId, note: StallNote) {
        let notes = self.stalls.notes.entry(phase).or_default();
        notes.insert(note.validator, note);
        let Some(phase) = self.chain.phases().get(&phase) else {
            return;
        };
        let notes = self.stalls.of(phase);
        // More than are needed make another item of the same.
        if notes.len() == self.chain.validators().sizes().quorum() {
            let phase = phase.id;
            let stalls = vec![Stall { phase, notes }];
            let wanted = Items {
                stalls,
                ..Items::default()
            };
            self.stirred |= self.wishes.add(wanted, &self.chain);
        }
    }

    /// The register has gone on: notes of other validators than today's say nothing any more, and what
    /// today's said before is asked for again.
    pub(super) fn follow_stalls(&mut self, now: Timestamp, before: Hash, reaction: &mut Reaction) {
        let (stalls, chain) = (&mut self.stalls, &self.chain);
        stalls
            .notes
            .retain(|phase, _| chain.phases().contains_key(phase));
        if chain.validators().hash() == before {
            return;
        }
        stalls.notes.clear();
        for phase in of_others(chain) {
            let again = Output::Again(Topic::Phase(phase.id));
            if now >= due(phase) && !reaction.outputs.contains(&again) {
                reaction.outputs.push(again);
            }
        }
    }
}
