//! One height after the other: what is wanted is taken item by item, each as the rules allow.
//!
//! First comes what ends, in the order of the deadlines, and what it does; then what members declare.
//! Only then are phases begun: their validators and electorates are those in force after the height.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Encode,
    effect::{Effect, Motion},
    id::{FederationId, Hash, MemberId, PhaseId},
};

use super::{
    Chain, Decided, Ending, Happened, Motioned, begun::Begins, error::ItemError, opening::Written,
};
use crate::{
    batch::{Answers, Closes, Mandated, Stall},
    closing,
    declaration::{Declaration, Matter},
    order::{Ineffective, Order, Place},
    outcome::Outcome,
    phase::{Case, Phase, Question},
    says::Act,
    statement::Statement,
    validators::ValidatorSet,
};

/// A height in the making.
pub(super) struct Next<'a> {
    pub before: &'a Chain,
    pub height: u64,
    pub order: Order,
    /// What has ended at this height.
    pub ended: BTreeSet<PhaseId>,
    pub decided: Vec<(Motioned, Decided)>,
    /// Who decided to go on with what, by the place of what is told of it.
    pub begins: Vec<(usize, Motioned, Begins)>,
    pub mandates: BTreeMap<MemberId, u64>,
    pub objected: BTreeSet<PhaseId>,
    /// What is voted on in phases that begin.
    pub motions: Vec<Motion>,
    pub happened: Vec<Happened>,
}

impl<'a> Next<'a> {
    pub fn new(before: &'a Chain) -> Self {
        Self {
            before,
            height: before.height + 1,
            order: before.order.clone(),
            ended: BTreeSet::new(),
            decided: Vec::new(),
            begins: Vec::new(),
            mandates: BTreeMap::new(),
            objected: before.objected.clone(),
            motions: Vec::new(),
            happened: Vec::new(),
        }
    }

    /// An open phase that has not ended at this height.
    fn case(&self, phase: &PhaseId) -> Result<Case<'a>, ItemError> {
        let not_open = ItemError::NotOpen(*phase);
        if self.ended.contains(phase) {
            return Err(not_open);
        }
        self.before.case(phase).ok_or(not_open)
    }

    pub fn ends(&mut self, phase: &Phase, ending: Ending, effective: Option<bool>) {
        let decided = Decided {
            height: self.height,
            phase: phase.id,
            text: phase.text,
            ending,
            effective,
        };
        self.ended.insert(phase.id);
        self.decided.push((motioned(phase), decided));
    }

    fn goes_on(&mut self, phase: &Phase, begins: Begins) {
        self.ended.insert(phase.id);
        let told = self.happened.len();
        self.begins.push((told, motioned(phase), begins));
    }

    pub fn close(&mut self, closes: &Closes) -> Result<(), ItemError> {
        let case = self.case(&closes.closing.phase)?;
        let closed = closing::check(&closes.closing.to_bytes(), &case);
        let closed = closed.map_err(ItemError::Closing)?;
        let phase = case.phase;
        let asked = closed.outcome.motion(phase);
        check_motion(asked, closes.motion.as_ref())?;
        self.order.comes_to(phase.deadline);
        let mut effect = None;
        match closed.outcome {
            Outcome::Decided(verdict) => {
                let wanted = closes.motion.as_ref();
                let wanted = wanted.and_then(|motion| motion.effect.as_ref());
                effect = wanted.map(|wanted| self.takes_effect(phase, wanted));
                let effective = effect.as_ref().map(Result::is_ok);
                self.ends(phase, Ending::Judged(verdict), effective);
            }
            Outcome::Lapsed => self.ends(phase, Ending::Lapsed, None),
            Outcome::Answered(Act::Withdraw, _) => self.ends(phase, Ending::Withdrawn, None),
            Outcome::Extended { .. }
            | Outcome::Repeated(_)
            | Outcome::Blocked(_)
            | Outcome::Answered(..) => {
                let begins = Begins::After(Box::new(phase.clone()), Box::new(closed.clone()));
                self.motions.extend(closes.motion.clone());
                self.goes_on(phase, begins);
            }
        }
        self.happened.push(Happened::Closed {
            phase: phase.id,
            closed: Box::new(closed),
            effect,
            next: None,
        });
        Ok(())
    }

    fn takes_effect(&mut self, phase: &Phase, effect: &Effect) -> Result<(), Ineffective> {
        if self.objected.contains(&phase.id) && matches!(effect, Effect::Root { .. }) {
            return Err(Ineffective::Objected);
        }
        let place = Place {
            federation: self.before.federation,
            height: self.height,
            time: phase.deadline,
            record: phase.id,
        };
        effect.check(phase.rule)?;
        self.order.apply(&place, effect)
    }

    pub fn answer(&mut self, answers: &Answers) -> Result<(), ItemError> {
        let mandated = &answers.answer;
        let written = self.before.answer(&self.order, mandated)?;
        let case = self.case(&written.body.phase)?;
        let phase = case.phase;
        if phase.question != Question::Answer {
            return Err(ItemError::NotOpen(phase.id));
        }
        check_proposer(phase, &written)?;
        check_motion(written.body.act.amends(), answers.motion.as_ref())?;
        self.motions.extend(answers.motion.clone());
        self.mandates.insert(written.by.member, written.mandate);
        match written.body.act {
            Act::Withdraw => self.ends(phase, Ending::Withdrawn, None),
            act => {
                let time = mandated.entry.header.time;
                let begins = Begins::Answered(Box::new(phase.clone()), act, time);
                self.goes_on(phase, begins);
            }
        }
        let (phase, next) = (phase.id, None);
        self.happened.push(Happened::Answered { phase, next });
        Ok(())
    }

    pub fn withdraw(&mut self, mandated: &Mandated) -> Result<(), ItemError> {
        let written = self.before.withdrawal(&self.order, mandated)?;
        let proposal = written.body.proposal;
        let open = self.before.open.get(&(proposal, written.by.member));
        let open = open.ok_or(ItemError::NoVote(proposal))?;
        let phase = self.case(open)?.phase;
        self.mandates.insert(written.by.member, written.mandate);
        self.ends(phase, Ending::Withdrawn, None);
        self.happened.push(Happened::Withdrawn { phase: phase.id });
        Ok(())
    }

    pub fn stall(&mut self, stall: &Stall) -> Result<(), ItemError> {
        let phase = self.case(&stall.phase)?.phase;
        check_stall(
            &self.before.federation,
            phase,
            &self.before.validators,
            stall,
        )?;
        self.goes_on(phase, Begins::Stalled(Box::new(phase.clone())));
        let (phase, next) = (phase.id, phase.id);
        self.happened.push(Happened::Stalled { phase, next });
        Ok(())
    }

    /// The open phase of a vote to which a member objects, named by its id or, however often the vote was
    /// extended since, as ballots name it.
    fn objected(&self, by: &MemberId, named: &PhaseId) -> Result<PhaseId, ItemError> {
        let mut phases = self.before.phases.values();
        let vote = phases.find(|phase| phase.vote == *named && !self.ended.contains(&phase.id));
        let case = self.case(vote.map_or(named, |phase| &phase.id))?;
        let phase = case.phase.id;
        match replaced(self.before.motion(case.phase)) {
            Some(member) if member == *by => Ok(phase),
            _ => Err(ItemError::NotItsRoot { phase, found: *by }),
        }
    }

    /// Who objects to a vote objects to what follows from it, as long as that replaces the same root key:
    /// versions of one proposal may do different things.
    pub fn objection_goes_on(&mut self, before: &PhaseId, phase: &Phase) {
        if !self.objected.contains(before) {
            return;
        }
        let objects = self.before.phases.get(before);
        let objects = replaced(objects.and_then(|before| self.before.motion(before)));
        let mut amended = self.motions.iter();
        let amended = amended.find(|motion| motion.hash() == phase.text);
        if objects == replaced(amended.or_else(|| self.before.motion(phase))) {
            self.objected.insert(phase.id);
        }
    }

    pub fn declare(&mut self, declaration: &Declaration) -> Result<(), ItemError> {
        let federation = &self.before.federation;
        let objected = match &declaration.matter {
            Matter::Objection { phase } => Some(self.objected(&declaration.member, phase)?),
            _ => None,
        };
        let declared = self.order.declare(federation, self.height, declaration);
        declared.map_err(ItemError::Ineffective)?;
        self.objected.extend(objected);
        let (member, number) = (declaration.member, declaration.number);
        self.happened.push(Happened::Declared { member, number });
        Ok(())
    }
}

/// Whose root key a motion replaces.
pub(super) fn replaced(motion: Option<&Motion>) -> Option<MemberId> {
    match motion?.effect {
        Some(Effect::Root { member, .. }) => Some(member),
        _ => None,
    }
}

/// Checks that enough of today's validators say that a phase stalls, and that they are others than
/// those who validate it.
pub(crate) fn check_stall(
    federation: &FederationId,
    phase: &Phase,
    today: &ValidatorSet,
    stall: &Stall,
) -> Result<(), ItemError> {
    if phase.validators == *today {
        return Err(ItemError::SameValidators);
    }
    for note in &stall.notes {
        let says = Statement::Stalled {
            phase: phase.id,
            validators: today.hash(),
            seals: note.seals,
        };
        let refused = || ItemError::Signature(note.validator);
        let key = today.get(note.validator).ok_or_else(refused)?.key;
        let signed = says.verify(federation, &key, &note.signature);
        signed.map_err(|_| refused())?;
    }
    let quorum = phase.validators.sizes().quorum() as u64;
    let notes = stall.notes.iter().filter(|note| note.seals < quorum);
    let (found, needed) = (notes.count(), today.sizes().quorum());
    if found < needed {
        return Err(ItemError::Stall { found, needed });
    }
    Ok(())
}

pub(super) fn motioned(phase: &Phase) -> Motioned {
    (phase.proposal, phase.proposer.member)
}

/// Whether the motion that is asked for is there, and none that is not.
pub(crate) fn check_motion(asked: Option<Hash>, motion: Option<&Motion>) -> Result<(), ItemError> {
    match (asked, motion.map(Motion::hash)) {
        (None, None) => Ok(()),
        (Some(expected), Some(found)) if found == expected => Ok(()),
        (Some(expected), Some(found)) => Err(ItemError::OtherMotion { expected, found }),
        _ => Err(ItemError::Motion),
    }
}

fn check_proposer<T>(phase: &Phase, written: &Written<T>) -> Result<(), ItemError> {
    let (proposer, found) = (phase.proposer.member, written.by.member);
    match found == proposer {
        true => Ok(()),
        false => Err(ItemError::NotTheProposer { proposer, found }),
    }
}
