//! A witness at each open phase.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{PhaseId, Timestamp},
    key::SecretKey,
};

use super::{Message, Output, Record, Topic};
use crate::{
    chain::Chain,
    phase::Case,
    validators::ValidatorIndex,
    witness::{self, Duty, Witness},
};

/// A witness, and as which validator it signs; a node that is none of the phase only looks.
#[derive(Debug, Clone)]
struct Post {
    witness: Witness,
    me: Option<ValidatorIndex>,
}

/// The witnesses.
#[derive(Debug, Clone, Default)]
pub(super) struct Posts {
    posts: BTreeMap<PhaseId, Post>,
    closable: BTreeSet<PhaseId>,
    /// What was signed before a restart,
    duties: BTreeMap<PhaseId, Vec<Duty>>,
    /// and when the phases were opened.
    opened: BTreeMap<PhaseId, Timestamp>,
}

/// What a witness wants.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub journal: Vec<Record>,
    pub outputs: Vec<Output>,
    pub is_closable: bool,
}

impl Posts {
    pub fn remember(&mut self, phase: PhaseId, duty: Duty) {
        self.duties.entry(phase).or_default().push(duty);
    }

    pub fn opened(&mut self, phase: PhaseId, time: Timestamp) {
        self.opened.insert(phase, time);
    }

    /// What was written down before a restart, signed once more: perhaps it was never sent.
    pub fn unsent(&self, chain: &Chain, key: &SecretKey) -> Vec<Message> {
        let mut unsent = Vec::new();
        for (id, duties) in &self.duties {
            let Some(phase) = chain.phases().get(id) else {
                continue;
            };
            let Some(me) = phase.validators.index_of(&key.public()) else {
                continue;
            };
            let federation = chain.federation();
            let signed = duties.iter();
            let signed = signed.filter_map(|duty| duty.sign(&federation, *id, (me, key)).ok());
            unsent.extend(signed.map(|said| Message::Phase { phase: *id, said }));
        }
        unsent
    }

    pub fn get(&self, phase: &PhaseId) -> Option<&Witness> {
        self.posts.get(phase).map(|post| &post.witness)
    }

    pub fn closable(&self) -> impl Iterator<Item = &PhaseId> {
        self.closable.iter()
    }

    /// Takes a post at every phase that has been opened, and leaves those that were closed. Returns
    /// the new ones.
    pub fn follow(
        &mut self,
        now: Timestamp,
        chain: &Chain,
        key: Option<&SecretKey>,
    ) -> Vec<PhaseId> {
        let phases = chain.phases();
        self.posts.retain(|id, _| phases.contains_key(id));
        self.closable.retain(|id| phases.contains_key(id));
        let mut new = Vec::new();
        for (id, phase) in phases {
            if self.posts.contains_key(id) {
                continue;
            }
            let me = key.and_then(|key| phase.validators.index_of(&key.public()));
            let since = self.opened.remove(id).unwrap_or(now);
            let journal = self.duties.remove(id).unwrap_or_default();
            let index = me.unwrap_or(ValidatorIndex(0));
            let mut witness = Witness::restore(index, since, &journal);
            if let Some(case) = chain.case(id) {
                let _ = witness.handle(now, witness::Input::Told { all: false }, &case);
            }
            if me.is_none()
                && let Some(case) = chain.case(id)
            {
                // It signs nothing as long as its clock is not trusted.
                let unsure = witness::Input::Clock { trusted: false };
                let _ = witness.handle(now, unsure, &case);
            }
            self.posts.insert(*id, Post { witness, me });
            new.push(*id);
        }
        self.duties.clear();
        self.opened.clear();
        new
    }

    /// When a witness wants to be woken.
    pub fn wake(&self, chain: &Chain) -> Option<Timestamp> {
        let wakes = self.posts.iter().filter_map(|(id, post)| {
            let case = chain.case(id)?;
            post.witness.wake(&case)
        });
        wakes.min()
    }

    /// Tells a witness something, and signs what it then asks for.
    pub fn tell(
        &mut self,
        now: Timestamp,
        case: &Case<'_>,
        input: &witness::Input,
        key: Option<&SecretKey>,
    ) -> Said {
        let mut said = Said::default();
        let phase = case.phase.id;
        let Some(post) = self.posts.get_mut(&phase) else {
            return said;
        };
        let is_clock = matches!(input, witness::Input::Clock { .. });
        if is_clock && post.me.is_none() {
            return said;
        }
        let Ok(outputs) = post.witness.handle(now, input.clone(), case) else {
            return said;
        };
        for output in outputs {
            match output {
                witness::Output::Sign(duty) => {
                    let (Some(me), Some(key)) = (post.me, key) else {
                        continue;
                    };
                    let Ok(signed) = duty.sign(case.federation, phase, (me, key)) else {
                        continue;
                    };
                    said.journal.push(Record::Duty { phase, duty });
                    let said_in = Message::Phase {
                        phase,
                        said: signed,
                    };
                    said.outputs.push(Output::Publish(said_in));
                }
                witness::Output::Evidence(evidence) => {
                    said.outputs.push(Output::Contradiction(phase, evidence));
                }
                witness::Output::Want(_) => {
                    said.outputs.push(Output::Again(Topic::Phase(phase)));
                }
                witness::Output::WantBallot(ballot) => {
                    said.outputs.push(Output::BallotAgain(phase, ballot));
                }
                witness::Output::Closable => {
                    self.closable.insert(phase);
                    said.is_closable = true;
                }
            }
        }
        said
    }
}
