//! One height after the other: what is wanted is taken item by item, each as the rules allow.
//!
//! First comes what ends, in the order of the deadlines, and what it does; then what members declare.
//! Only then are phases begun: their validators and electorates are those in force after the height.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Encode,
    decision::Verdict,
    effect::{Effect, Motion},
    id::{EntryId, FederationId, MemberId, PhaseId, Timestamp},
};

use super::{
    Chain, Decided, Ending, Happened, Motioned,
    error::{BatchError, ItemError},
    opening::Written,
};
use crate::{
    batch::{Batch, Closes, Header, ITEMS_MAX, Items, Mandated, Opened, Stall},
    closing,
    declaration::{Declaration, Matter},
    order::{Ineffective, Order, Place},
    outcome::{Closed, Outcome, Span},
    phase::{Beginning, Case, Phase, PhaseError, Question},
    says::Act,
    statement::Statement,
    validators::ValidatorSet,
};

/// How long after its deadline a phase whose validators are too few is held again by today's, in
/// milliseconds: 7 days.
pub const STALLED_AFTER_MS: u64 = 7 * 24 * 3600 * 1000;

/// A phase that begins when the validators of the next height are known.
enum Begins {
    After(Box<Phase>, Box<Closed>),
    Answered(Box<Phase>, Act, Timestamp),
    Stalled(Box<Phase>),
}

/// A height in the making.
struct Next<'a> {
    before: &'a Chain,
    height: u64,
    order: Order,
    /// What has ended at this height.
    ended: BTreeSet<PhaseId>,
    decided: Vec<(Motioned, Decided)>,
    /// Who decided to go on with what, by the place of what is told of it.
    begins: Vec<(usize, Motioned, Begins)>,
    mandates: BTreeMap<MemberId, u64>,
    objected: BTreeSet<PhaseId>,
    happened: Vec<Happened>,
}

impl<'a> Next<'a> {
    fn new(before: &'a Chain) -> Self {
        Self {
            before,
            height: before.height + 1,
            order: before.order.clone(),
            ended: BTreeSet::new(),
            decided: Vec::new(),
            begins: Vec::new(),
            mandates: BTreeMap::new(),
            objected: before.objected.clone(),
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

    fn ends(&mut self, phase: &Phase, ending: Ending, effective: Option<bool>) {
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

    fn close(&mut self, closes: &Closes) -> Result<(), ItemError> {
        let case = self.case(&closes.closing.phase)?;
        let closed = closing::check(&closes.closing.to_bytes(), &case);
        let closed = closed.map_err(ItemError::Closing)?;
        let phase = case.phase;
        let passed = closed.outcome == Outcome::Decided(Verdict::Passed);
        if passed != closes.motion.is_some() {
            return Err(ItemError::Motion);
        }
        if let Some(motion) = &closes.motion {
            check_motion(phase, motion)?;
        }
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

    fn answer(&mut self, mandated: &Mandated) -> Result<(), ItemError> {
        let written = self.before.answer(&self.order, mandated)?;
        let case = self.case(&written.body.phase)?;
        let phase = case.phase;
        if phase.question != Question::Answer {
            return Err(ItemError::NotOpen(phase.id));
        }
        check_proposer(phase, &written)?;
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

    fn withdraw(&mut self, mandated: &Mandated) -> Result<(), ItemError> {
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

    fn stall(&mut self, stall: &Stall) -> Result<(), ItemError> {
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

    fn declare(&mut self, declaration: &Declaration) -> Result<(), ItemError> {
        let federation = &self.before.federation;
        if let Matter::Objection { phase } = &declaration.matter {
            self.case(phase)?;
        }
        let declared = self.order.declare(federation, self.height, declaration);
        declared.map_err(ItemError::Ineffective)?;
        if let Matter::Objection { phase } = &declaration.matter {
            self.objected.insert(*phase);
        }
        let (member, number) = (declaration.member, declaration.number);
        self.happened.push(Happened::Declared { member, number });
        Ok(())
    }

    /// Everything has ended that ends; who validates from now on is known.
    fn begins(self) -> Result<Begun<'a>, ItemError> {
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
            let phase = match begins {
                Begins::After(phase, closed) => phase.after(&closed, at),
                Begins::Answered(phase, act, time) => phase.answered(act, time, at),
                Begins::Stalled(phase) => phase.again(at),
            };
            let phase = phase.map_err(ItemError::Phase)?;
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
struct Begun<'a> {
    next: Next<'a>,
    validators: ValidatorSet,
    phases: BTreeMap<Motioned, Phase>,
    opened: BTreeSet<EntryId>,
}

impl Begun<'_> {
    fn open(&mut self, opened: &Opened) -> Result<(), ItemError> {
        let before = self.next.before;
        let force = (&self.next.order, &self.validators);
        let (phase, written) = before.opening(force, opened, self.next.height)?;
        let motioned = motioned(&phase);
        if self.phases.contains_key(&motioned) || self.opened.contains(&phase.id) {
            return Err(ItemError::Again);
        }
        let now = self.next.decided.iter().filter(|(of, _)| *of == motioned);
        let known = before.decided.get(&motioned).into_iter().flatten();
        let mut known = known.chain(now.map(|(_, decided)| decided));
        let is_over = |decided: &Decided| {
            decided.ending == Ending::Judged(Verdict::Passed) || decided.text == phase.text
        };
        if known.any(is_over) {
            return Err(ItemError::Again);
        }
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
        let told = Happened::Opened { phase: phase.id };
        self.next.happened.push(told);
        self.phases.insert(motioned, phase);
        Ok(())
    }

    fn finish(self) -> (Chain, Vec<Happened>) {
        let Next {
            before,
            height,
            order,
            ended,
            decided,
            mandates,
            objected,
            happened,
            ..
        } = self.next;
        let mut chain = before.clone();
        chain.height = height;
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

fn motioned(phase: &Phase) -> Motioned {
    (phase.proposal, phase.proposer.member)
}

fn check_motion(phase: &Phase, motion: &Motion) -> Result<(), ItemError> {
    let (expected, found) = (phase.text, motion.hash());
    match found == expected {
        true => Ok(()),
        false => Err(ItemError::OtherMotion { expected, found }),
    }
}

fn check_proposer<T>(phase: &Phase, written: &Written<T>) -> Result<(), ItemError> {
    let (proposer, found) = (phase.proposer.member, written.by.member);
    match found == proposer {
        true => Ok(()),
        false => Err(ItemError::NotTheProposer { proposer, found }),
    }
}

/// Where a closing stands among those of its batch.
fn place_of(chain: &Chain, closes: &Closes) -> (Timestamp, PhaseId) {
    let id = closes.closing.phase;
    let deadline = chain.phases.get(&id).map(|phase| phase.deadline);
    (deadline.unwrap_or_default(), id)
}

fn ascending<T, K: Ord>(
    what: &'static str,
    items: &[T],
    key: impl Fn(&T) -> K,
) -> Result<(), BatchError> {
    let keys: Vec<K> = items.iter().map(key).collect();
    match keys.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Ok(()),
        false => Err(BatchError::Order(what)),
    }
}

/// Takes items that must all be possible.
fn all<T>(
    what: &'static str,
    items: &[T],
    mut take: impl FnMut(&T) -> Result<(), ItemError>,
) -> Result<(), BatchError> {
    for (at, item) in items.iter().enumerate() {
        take(item).map_err(|source| {
            let source = Box::new(source);
            BatchError::Item { what, at, source }
        })?;
    }
    Ok(())
}

pub(super) fn judge(chain: &Chain, batch: &Batch) -> Result<(Chain, Vec<Happened>), BatchError> {
    let Batch { header, items } = batch;
    let (expected, found) = (chain.epoch, header.epoch);
    if found != expected {
        return Err(BatchError::Epoch { expected, found });
    }
    let (expected, found) = (chain.height + 1, header.height);
    if found != expected {
        return Err(BatchError::Height { expected, found });
    }
    let (expected, found) = (chain.last, header.previous);
    if found != expected {
        return Err(BatchError::Previous { expected, found });
    }
    let (expected, found) = (chain.validators.hash(), header.validators);
    if found != expected {
        return Err(BatchError::Validators { expected, found });
    }
    if items.is_empty() {
        return Err(BatchError::Empty);
    }
    let federation = &chain.federation;
    let (expected, found) = (items.hash(federation), header.items);
    if found != expected {
        return Err(BatchError::Items { expected, found });
    }
    let entry = |mandated: &Mandated| mandated.entry.id(federation);
    ascending("closings", &items.closings, |one| place_of(chain, one))?;
    ascending("answers", &items.answers, entry)?;
    ascending("withdrawals", &items.withdrawals, entry)?;
    ascending("stalls", &items.stalls, |one| one.phase)?;
    ascending("declarations", &items.declarations, |one| {
        (one.member, one.number)
    })?;
    ascending("openings", &items.openings, |one| entry(&one.opening))?;
    let mut next = Next::new(chain);
    all("closing", &items.closings, |one| next.close(one))?;
    all("answer", &items.answers, |one| next.answer(one))?;
    all("withdrawal", &items.withdrawals, |one| next.withdraw(one))?;
    all("stall", &items.stalls, |one| next.stall(one))?;
    all("declaration", &items.declarations, |one| next.declare(one))?;
    let begun = next.begins();
    let (what, at) = ("closing", 0);
    let mut begun = begun.map_err(|source| {
        let source = Box::new(source);
        BatchError::Item { what, at, source }
    })?;
    all("opening", &items.openings, |one| begun.open(one))?;
    let (mut after, happened) = begun.finish();
    let (expected, found) = (after.validators.hash(), header.next_validators);
    if found != expected {
        return Err(BatchError::NextValidators { expected, found });
    }
    let (expected, found) = (after.state(), header.state);
    if found != expected {
        return Err(BatchError::State { expected, found });
    }
    after.last = header.hash(federation);
    Ok((after, happened))
}

/// Sorts items and keeps those that can be taken, as many as a batch has.
fn some<T, K: Ord>(
    mut items: Vec<T>,
    key: impl Fn(&T) -> K,
    mut take: impl FnMut(&T) -> Result<(), ItemError>,
) -> Vec<T> {
    items.sort_by_key(&key);
    items.dedup_by_key(|item| key(item));
    let mut kept = Vec::new();
    for item in items {
        if kept.len() < ITEMS_MAX && take(&item).is_ok() {
            kept.push(item);
        }
    }
    kept
}

pub(super) fn draft(chain: &Chain, wanted: Items) -> (Batch, Vec<Happened>) {
    let federation = &chain.federation;
    let entry = |mandated: &Mandated| mandated.entry.id(federation);
    let mut next = Next::new(chain);
    let closings = some(
        wanted.closings,
        |one| place_of(chain, one),
        |one| next.close(one),
    );
    let answers = some(wanted.answers, entry, |one| next.answer(one));
    let withdrawals = some(wanted.withdrawals, entry, |one| next.withdraw(one));
    let stalls = some(wanted.stalls, |one| one.phase, |one| next.stall(one));
    let declarations = some(
        wanted.declarations,
        |one| (one.member, one.number),
        |one| next.declare(one),
    );
    let mut items = Items {
        closings,
        answers,
        withdrawals,
        stalls,
        declarations,
        openings: Vec::new(),
    };
    // No phase follows from what was closed: nothing is drafted rather than something wrong.
    let Ok(mut begun) = next.begins() else {
        return (headed(chain, Items::default(), chain), Vec::new());
    };
    items.openings = some(
        wanted.openings,
        |one| entry(&one.opening),
        |one| begun.open(one),
    );
    let (after, happened) = begun.finish();
    (headed(chain, items, &after), happened)
}

/// These items under the header of what follows.
fn headed(before: &Chain, items: Items, after: &Chain) -> Batch {
    let header = Header {
        epoch: before.epoch,
        height: before.height + 1,
        previous: before.last,
        validators: before.validators.hash(),
        items: items.hash(&before.federation),
        next_validators: after.validators.hash(),
        state: after.state(),
    };
    Batch { header, items }
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
