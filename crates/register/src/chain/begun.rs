//! What begins at a height: phases that follow from others, and votes that are opened.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    decision::Verdict,
    id::{EntryId, Hash, Timestamp},
};

use super::{
    Chain, Decided, Ending, Happened, Motioned,
    error::ItemError,
    next::{Next, motioned},
    opening::OPEN_VOTES_MAX,
};
use crate::{
    batch::Opened,
    order::{Ineffective, Order},
    outcome::{Closed, Outcome, Span},
    phase::{Beginning, FALLBACK_RULE, Phase, PhaseError},
    says::Act,
    validators::ValidatorSet,
};

/// Whether the votes on this version were blocked, and nothing else became of any: after a mediation it
/// may be decided by a fallback vote, once.
pub(super) fn is_in_conflict(decided: &[&Decided], text: &Hash) -> bool {
    let of_it = decided.iter().filter(|one| one.text == *text);
    let mut endings = of_it.map(|one| one.ending).peekable();
    endings.peek().is_some()
        && endings.all(|ending| matches!(ending, Ending::Judged(Verdict::Blocked) | Ending::Lapsed))
}

/// How long after its deadline a phase whose validators are too few is held again by today's, in
/// milliseconds: 7 days.
pub const STALLED_AFTER_MS: u64 = 7 * 24 * 3600 * 1000;

/// A phase that begins when the validators of the next height are known.
pub(super) enum Begins {
    After(Box<Phase>, Box<Closed>),
    Answered(Box<Phase>, Act, Timestamp),
    Stalled(Box<Phase>),
}

impl<'a> Next<'a> {
    /// Everything has ended that ends; who validates from now on is known.
    pub fn begins(self) -> Result<Begun<'a>, ItemError> {
        let refused = ItemError::Ineffective(Ineffective::NoValidators);
        let validators = self.order.validators().ok_or(refused)?;
        let mut begun = Begun {
            phases: BTreeMap::new(),
            opened: BTreeSet::new(),
            validators,
            next: self,
        };
        for (told, motioned, begins) in std::mem::take(&mut begun.next.begins) {
            let at = Beginning {
                federation: &begun.next.before.federation,
                height: begun.next.height,
                validators: begun.validators.clone(),
            };
            let (before, phase) = match begins {
                Begins::After(phase, closed) => (phase.id, phase.after(&closed, at)),
                Begins::Answered(phase, act, time) => (phase.id, phase.answered(act, time, at)),
                Begins::Stalled(phase) => (phase.id, phase.again(at)),
            };
            let phase = phase.map_err(ItemError::Phase)?;
            begun.next.objection_goes_on(&before, &phase);
            match &mut begun.next.happened[told] {
                Happened::Closed { next, .. } | Happened::Answered { next, .. } => {
                    *next = Some(phase.id);
                }
                Happened::Stalled { next, .. } => *next = phase.id,
                _ => {}
            }
            begun.phases.insert(motioned, phase);
        }
        Ok(begun)
    }
}

/// A height of which all is known that begins at it, but the votes that are opened.
pub(super) struct Begun<'a> {
    next: Next<'a>,
    validators: ValidatorSet,
    phases: BTreeMap<Motioned, Phase>,
    opened: BTreeSet<EntryId>,
}

impl Begun<'_> {
    pub fn open(&mut self, opened: &Opened) -> Result<(), ItemError> {
        let before = self.next.before;
        let force = (&self.next.order, &self.validators);
        let (phase, written) = before.opening(force, opened, self.next.height)?;
        let motioned = motioned(&phase);
        if self.phases.contains_key(&motioned) || self.opened.contains(&phase.id) {
            return Err(ItemError::Again);
        }
        let now = self.next.decided.iter().filter(|(of, _)| *of == motioned);
        let known = before.decided.get(&motioned).into_iter().flatten();
        let known: Vec<&Decided> = known.chain(now.map(|(_, decided)| decided)).collect();
        let falls_back = phase.rule == FALLBACK_RULE
            && self.next.order.mediation(&phase.proposal).is_some()
            && is_in_conflict(&known, &phase.text);
        if !falls_back && self.next.order.charter().check_rule(phase.rule).is_err() {
            let unknown = PhaseError::Rule(phase.rule.to_string());
            return Err(ItemError::Phase(unknown));
        }
        let is_over = |decided: &&Decided| {
            let is_passed = decided.ending == Ending::Judged(Verdict::Passed);
            is_passed || (decided.text == phase.text && !falls_back)
        };
        if known.iter().any(is_over) {
            return Err(ItemError::Again);
        }
        self.check_open_votes(&motioned)?;
        let open = before.open.get(&motioned);
        let open = open.and_then(|id| before.phases.get(id));
        if let Some(open) = open.filter(|open| !self.next.ended.contains(&open.id)) {
            if open.text == phase.text {
                return Err(ItemError::Again);
            }
            self.next.ends(open, Ending::Amended, None);
        }
        let by = (written.by.member, written.mandate);
        self.next.mandates.insert(by.0, by.1);
        self.opened.insert(phase.id);
        self.next.motions.push(opened.motion.clone());
        let told = Happened::Opened { phase: phase.id };
        self.next.happened.push(told);
        self.phases.insert(motioned, phase);
        Ok(())
    }

    /// A member has only so many votes open. One that takes the place of another is no more than that.
    fn check_open_votes(&self, (proposal, member): &Motioned) -> Result<(), ItemError> {
        let is_other = |one: &&Motioned| one.1 == *member && one.0 != *proposal;
        let before = self.next.before.open.iter();
        let goes_on = before.filter(|(_, phase)| !self.next.ended.contains(phase));
        let goes_on = goes_on.map(|(motioned, _)| motioned).filter(is_other);
        let found = goes_on.count() + self.phases.keys().filter(is_other).count();
        match found < OPEN_VOTES_MAX {
            true => Ok(()),
            false => Err(ItemError::OpenVotes {
                found,
                most: OPEN_VOTES_MAX,
            }),
        }
    }

    pub fn finish(self) -> (Chain, Vec<Happened>) {
        let Next {
            before,
            height,
            order,
            ended,
            decided,
            mandates,
            objected,
            motions,
            happened,
            ..
        } = self.next;
        let mut chain = before.clone();
        chain.height = height;
        chain.mandates.retain(|member, _| {
            let root = |order: &Order| Some(order.members().get(member)?.root);
            // Who left has no mandate any more, and never will.
            root(&order).is_none() || root(&order) == root(&before.order)
        });
        chain.order = order;
        chain.validators = self.validators;
        chain.phases.retain(|id, _| !ended.contains(id));
        chain.open.retain(|_, id| !ended.contains(id));
        for (motioned, over) in decided {
            chain.decided.entry(motioned).or_default().push(over);
        }
        for (motioned, phase) in self.phases {
            chain.open.insert(motioned, phase.id);
            chain.phases.insert(phase.id, phase);
        }
        chain.opened.extend(self.opened);
        for (member, number) in mandates {
            let known = chain.mandates.entry(member).or_default();
            *known = number.max(*known);
        }
        chain.objected = objected;
        chain.objected.retain(|id| chain.phases.contains_key(id));
        for motion in motions {
            chain.motions.insert(motion.hash(), motion);
        }
        let texts: BTreeSet<_> = chain.phases.values().map(|phase| phase.text).collect();
        chain.motions.retain(|text, _| texts.contains(text));
        let charter = chain.order.charter().clone();
        chain.charters.insert(charter.hash(), charter);
        let in_force = chain.order.charter().hash();
        let named: BTreeSet<_> = chain.phases.values().map(|phase| phase.charter).collect();
        chain
            .charters
            .retain(|hash, _| *hash == in_force || named.contains(hash));
        (chain, happened)
    }
}

impl Phase {
    /// The phase held again by today's validators.
    pub(crate) fn again(&self, at: Beginning<'_>) -> Result<Self, PhaseError> {
        let from = self.deadline.plus_ms(STALLED_AFTER_MS);
        let to = from.plus_ms(self.length_ms());
        let closed = Closed {
            outcome: Outcome::Repeated(Span { from, to }),
            counted: self.pinned.clone(),
            judged: None,
        };
        self.after(&closed, at)
    }
}
