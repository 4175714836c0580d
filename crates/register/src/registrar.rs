//! The registrar: a node's whole part in the register. It witnesses ballots in every open phase,
//! wants heights when there is something to decide, agrees on them with the others, and keeps the
//! register that follows.
//!
//! It is a state machine without clock, chance or I/O. It keeps no messages for later: what cannot be
//! taken yet is asked for again when it can ([`Output::Again`]), for whoever carries the messages
//! keeps them all. So a node that was away takes the same path as one that was there.

mod message;
mod posts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    effect::Motion,
    entry::Entry,
    id::{Hash, PhaseId, Timestamp},
    key::SecretKey,
};

pub use self::message::{Message, Record, Topic};
use self::posts::Posts;
use crate::{
    agreement::{
        self, Agreement, AgreementError, Certificate, Engine, Identity, Strict, Timeouts, Timer,
        Verdict, Verification, verify,
    },
    batch::{Batch, Closes, ITEMS_MAX, Items},
    chain::{Chain, Happened},
    closing::assemble,
    evidence,
    validators::ValidatorIndex,
    witness::{self, Witness},
};

/// The most values of one height that are kept: each validator puts few forward.
const VALUES_MAX: usize = 64;
/// The most items of one sort that wait for a height.
const WANTED_MAX: usize = 4 * ITEMS_MAX;

/// What the registrar is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// The time it asked for has come.
    Wake,
    /// Whether this machine's clock agrees with its peers'.
    Clock {
        /// Whether it does.
        trusted: bool,
    },
    /// A ballot, or an answer to a block, with its mandate.
    Ballot(Box<(Entry, Entry)>),
    /// What a validator said, this node's own messages included.
    Message(Message),
    /// What somebody wants decided. It stays wanted until it is, or cannot be any more.
    Want(Box<Items>),
    /// A version of a proposal that a block may be answered with: closings that amend show it. It is
    /// forgotten with each height and given again with what is open.
    Motion(Motion),
    /// A height that was decided, from whoever.
    Height(Box<(Batch, Certificate)>),
}

/// What the registrar wants done, in this order, once the journal is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this to all, and keep it for those who are away.
    Publish(Message),
    /// Give all messages about this again, and the ballots if it is a phase.
    Again(Topic),
    /// A height is decided: store it, with all it does, in one go.
    Decided(Box<Decision>),
    /// Someone has contradicted itself in a phase: keep and show it.
    Contradiction(evidence::Evidence),
    /// Someone has contradicted itself in agreement: keep and show it.
    Equivocation(agreement::Evidence),
}

/// A height that is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is decided.
    pub batch: Batch,
    /// Who says so.
    pub certificate: Certificate,
    /// What it does.
    pub happened: Vec<Happened>,
}

/// The answer to an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// To be appended to the journal, in order, and durable before any output is acted on.
    pub journal: Vec<Record>,
    /// To be done then, in order.
    pub outputs: Vec<Output>,
}

/// A node's part in the register.
pub struct Registrar<V = Strict> {
    chain: Chain,
    key: Option<SecretKey>,
    engine: Engine<V>,
    /// Whether the next height is open.
    is_open: bool,
    /// The journal of the next height, from before a restart.
    journal: Vec<agreement::Record>,
    /// What it says that this node was about to send.
    unsent: Vec<Message>,
    /// The same of open phases.
    resent: Vec<Message>,
    posts: Posts,
    wanted: Items,
    motions: BTreeMap<Hash, Motion>,
    /// Values of the next height.
    values: BTreeMap<Hash, Batch>,
    /// Values the engine waits for.
    asked: BTreeMap<Hash, u32>,
    /// The certificate of a value that is not here.
    certified: Option<Certificate>,
    /// Who has said something about the next height while it is not open here.
    heard: BTreeSet<ValidatorIndex>,
    timers: BTreeMap<Timer, Timestamp>,
    /// Whether there may be something new to decide.
    stirred: bool,
    /// Whether all that is wanted at this height is possible, and there is no room for more.
    crowded: bool,
    /// Whether this machine's clock agrees with its peers'.
    is_trusted: bool,
}

impl Registrar {
    /// The registrar of a register that stands there. Without a key, or where its journal is not
    /// known to be whole, the node observes.
    #[must_use]
    pub fn new(
        now: Timestamp,
        chain: Chain,
        key: Option<SecretKey>,
        timeouts: Timeouts,
        journal: Vec<Record>,
    ) -> Self {
        Self::with_verification(now, chain, key, timeouts, journal, Strict)
    }
}

impl<V: Verification> Registrar<V> {
    /// As [`Registrar::new`], with another way to get the same answers of strict verification.
    #[must_use]
    pub fn with_verification(
        now: Timestamp,
        chain: Chain,
        key: Option<SecretKey>,
        timeouts: Timeouts,
        journal: Vec<Record>,
        verification: V,
    ) -> Self {
        let identity = Identity {
            federation: chain.federation(),
            epoch: chain.epoch(),
            key: key.clone(),
        };
        let next = chain.height() + 1;
        let engine = Engine::with_verification(identity, timeouts, next, verification);
        let mut posts = Posts::default();
        let (mut agreed, mut values) = (Vec::new(), BTreeMap::new());
        let mut unsent = Vec::new();
        let me = key.as_ref();
        let me = me.and_then(|key| chain.validators().index_of(&key.public()));
        for record in journal {
            match record {
                Record::Agreement(record) if record.height() == next => {
                    if let agreement::Record::Message(message) = &record
                        && me.is_some_and(|me| message.signer() == Some(me))
                    {
                        unsent.push(Message::Agreement(message.clone()));
                    }
                    agreed.push(record);
                }
                Record::Value(batch) if batch.header.height == next => {
                    unsent.push(Message::Value(batch.clone()));
                    values.insert(batch.header.hash(&chain.federation()), *batch);
                }
                Record::Agreement(_) | Record::Value(_) => {}
                Record::Duty { phase, duty } => posts.remember(phase, duty),
                Record::Opened { phase, time } => posts.opened(phase, time),
            }
        }
        let mut resent = Vec::new();
        if let Some(key) = &key {
            resent = posts.unsent(&chain, key);
        }
        posts.follow(now, &chain, key.as_ref());
        Self {
            chain,
            key,
            engine,
            is_open: false,
            journal: agreed,
            unsent,
            resent,
            posts,
            wanted: Items::default(),
            motions: BTreeMap::new(),
            values,
            asked: BTreeMap::new(),
            certified: None,
            heard: BTreeSet::new(),
            timers: BTreeMap::new(),
            stirred: true,
            crowded: false,
            is_trusted: true,
        }
    }

    /// The register.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What this node has seen of an open phase.
    #[must_use]
    pub fn witness(&self, phase: &PhaseId) -> Option<&Witness> {
        self.posts.get(phase)
    }

    /// The round of the open height; `None` while nothing is being decided.
    #[must_use]
    pub fn round(&self) -> Option<u32> {
        self.engine.round()
    }

    /// What waits for a height.
    #[must_use]
    pub fn wanted(&self) -> &Items {
        &self.wanted
    }

    /// When it wants to be woken, if nothing else happens.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let timer = self.timers.values().min().copied();
        timer.into_iter().chain(self.posts.wake(&self.chain)).min()
    }

    /// What a node does when it has started: it says again what it had signed in open phases, and
    /// asks for all messages about what is open.
    pub fn start(&mut self) -> Vec<Output> {
        let resent = std::mem::take(&mut self.resent).into_iter();
        let phases = self.chain.phases().keys().copied().map(Topic::Phase);
        let topics = phases.chain([Topic::Height(self.chain.height() + 1)]);
        let again = topics.map(Output::Again);
        resent.map(Output::Publish).chain(again).collect()
    }

    /// Takes an input at a time by this machine's clock.
    ///
    /// # Errors
    /// When agreement cannot go on: its journal contradicts it, or more validators lie than it can
    /// bear. Nothing must be signed from then on. What is merely refused is passed over.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<Reaction, AgreementError> {
        let mut reaction = Reaction::default();
        match input {
            Input::Wake => {
                let due: Vec<Timer> = self
                    .timers
                    .iter()
                    .filter(|(_, at)| **at <= now)
                    .map(|(timer, _)| *timer)
                    .collect();
                for timer in due {
                    self.timers.remove(&timer);
                    self.agree(now, agreement::Input::Fired(timer), &mut reaction)?;
                }
                self.tell_all(now, &witness::Input::Wake, &mut reaction);
            }
            Input::Clock { trusted } => {
                self.is_trusted = trusted;
                self.tell_all(now, &witness::Input::Clock { trusted }, &mut reaction);
            }
            Input::Ballot(pair) => {
                let said = witness::Message::Ballot(pair);
                self.tell_all(now, &witness::Input::Message(said), &mut reaction);
            }
            Input::Message(message) => self.take(now, message, &mut reaction)?,
            Input::Want(items) => self.want(*items),
            Input::Motion(motion) => {
                if self.motions.len() < WANTED_MAX {
                    self.motions.insert(motion.hash(), motion);
                }
                self.stirred = true;
            }
            Input::Height(height) => {
                let (batch, certificate) = *height;
                self.learn(now, batch, certificate, &mut reaction)?;
            }
        }
        self.begin_height(now, &mut reaction)?;
        Ok(reaction)
    }

    fn take(
        &mut self,
        now: Timestamp,
        message: Message,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        match message {
            Message::Phase { phase, said } => {
                let said = witness::Input::Message(said);
                self.tell(now, &phase, &said, reaction);
                Ok(())
            }
            Message::Agreement(message) => {
                if !self.is_open {
                    self.hear(&message);
                    return Ok(());
                }
                self.agree(now, agreement::Input::Message(message), reaction)
            }
            Message::Value(batch) => self.value(now, *batch, reaction),
        }
    }

    /// A value of the next height has come.
    fn value(
        &mut self,
        now: Timestamp,
        batch: Batch,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let federation = self.chain.federation();
        let is_next = batch.header.height == self.chain.height() + 1
            && batch.header.epoch == self.chain.epoch()
            && batch.header.items == batch.items.hash(&federation);
        let hash = batch.header.hash(&federation);
        // Anybody can make values, but only those put forward or certified are waited for.
        let certified = self.certified.as_ref();
        let is_awaited = self.asked.contains_key(&hash)
            || certified.is_some_and(|certified| certified.value == hash);
        if !is_next || (self.values.len() >= VALUES_MAX && !is_awaited) {
            return Ok(());
        }
        self.values.insert(hash, batch);
        if let Some(certificate) = self.certified.take_if(|certified| certified.value == hash) {
            return self.decided(now, certificate, reaction);
        }
        if self.asked.remove(&hash).is_some() {
            return self.judge(now, hash, reaction);
        }
        Ok(())
    }

    fn judge(
        &mut self,
        now: Timestamp,
        value: Hash,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let batch = self.values.get(&value);
        let verdict = batch.map_or(Verdict::NotYet, |batch| match self.chain.after(batch) {
            Ok(_) => Verdict::Valid,
            Err(_) => Verdict::Invalid,
        });
        let judged = agreement::Input::Judged { value, verdict };
        self.agree(now, judged, reaction)
    }

    /// Counts who speaks of the next height: when more do than may lie, it is opened here too.
    fn hear(&mut self, message: &agreement::Message) {
        if message.height() != self.chain.height() + 1 {
            return;
        }
        let signer = message.signer().filter(|signer| {
            let validator = self.chain.validators().get(*signer);
            validator.is_some_and(|one| message.is_by(&self.chain.federation(), &one.key))
        });
        self.heard.extend(signer);
    }

    fn want(&mut self, items: Items) {
        fn add<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) -> bool {
            let before = known.len();
            for item in more {
                if known.len() < WANTED_MAX && !known.contains(&item) {
                    known.push(item);
                }
            }
            known.len() > before
        }
        if self.is_full(&items) && !self.crowded {
            // What is impossible must not stand in the way of what is possible.
            self.forget();
            self.crowded = self.is_full(&items);
        }
        let wanted = &mut self.wanted;
        self.stirred |= add(&mut wanted.answers, items.answers);
        self.stirred |= add(&mut wanted.withdrawals, items.withdrawals);
        self.stirred |= add(&mut wanted.stalls, items.stalls);
        self.stirred |= add(&mut wanted.declarations, items.declarations);
        self.stirred |= add(&mut wanted.openings, items.openings);
    }

    /// Whether there is no room for all of these.
    fn is_full(&self, items: &Items) -> bool {
        let wanted = &self.wanted;
        let counts = [
            (wanted.answers.len(), items.answers.len()),
            (wanted.withdrawals.len(), items.withdrawals.len()),
            (wanted.stalls.len(), items.stalls.len()),
            (wanted.declarations.len(), items.declarations.len()),
            (wanted.openings.len(), items.openings.len()),
        ];
        let mut counts = counts.into_iter();
        counts.any(|(there, more)| more > 0 && there + more > WANTED_MAX)
    }

    /// What this node would decide now.
    fn draft(&self) -> (Batch, Vec<Happened>) {
        let mut items = self.wanted.clone();
        for phase in self.posts.closable() {
            let (Some(case), Some(witness)) = (self.chain.case(phase), self.posts.get(phase))
            else {
                continue;
            };
            let Ok((closing, closed)) = assemble(&case, witness.gathered()) else {
                continue;
            };
            let asked = closed.outcome.motion(case.phase);
            let motion = asked.and_then(|hash| {
                let known = self.chain.motion(case.phase);
                let known = known.filter(|motion| motion.hash() == hash);
                known.or_else(|| self.motions.get(&hash)).cloned()
            });
            items.closings.push(Closes { closing, motion });
        }
        self.chain.draft(items)
    }

    /// Opens the next height when there is something to decide, or more of the others than may lie
    /// say so.
    fn begin_height(
        &mut self,
        now: Timestamp,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        if self.is_open {
            return Ok(());
        }
        let witnesses = self.chain.validators().sizes().witnesses();
        let mut is_wanted = self.heard.len() >= witnesses || !self.journal.is_empty();
        if !is_wanted && std::mem::take(&mut self.stirred) {
            is_wanted = !self.draft().0.items.is_empty();
        }
        if is_wanted {
            self.open_height(now, reaction)?;
        }
        Ok(())
    }

    fn open_height(
        &mut self,
        now: Timestamp,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        self.is_open = true;
        let height = self.chain.height() + 1;
        let start = agreement::Input::Start {
            height,
            set: self.chain.validators().clone(),
            journal: std::mem::take(&mut self.journal),
        };
        let again = Output::Again(Topic::Height(height));
        reaction.outputs.push(again);
        // What was written down before a restart; perhaps it was never sent.
        let again = std::mem::take(&mut self.unsent).into_iter();
        reaction.outputs.extend(again.map(Output::Publish));
        self.agree(now, start, reaction)
    }

    /// Takes a height that was decided.
    fn learn(
        &mut self,
        now: Timestamp,
        batch: Batch,
        certificate: Certificate,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let place = agreement::Place {
            federation: self.chain.federation(),
            epoch: self.chain.epoch(),
            height: self.chain.height() + 1,
        };
        if verify(&certificate, &place, self.chain.validators()).is_err() {
            return Ok(());
        }
        if !self.is_open {
            self.open_height(now, reaction)?;
        }
        self.value(now, batch, reaction)?;
        self.agree(now, agreement::Input::Certificate(certificate), reaction)
    }

    /// Tells the engine something and does what it asks.
    fn agree(
        &mut self,
        now: Timestamp,
        input: agreement::Input,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let agreement::Reaction { journal, outputs } = self.engine.handle(input)?;
        let journal = journal.into_iter().map(Record::Agreement);
        reaction.journal.extend(journal);
        for output in outputs {
            match output {
                agreement::Output::Round { .. } => {
                    let topic = Topic::Height(self.chain.height() + 1);
                    let again = Output::Again(topic);
                    if !reaction.outputs.contains(&again) {
                        reaction.outputs.push(again);
                    }
                }
                agreement::Output::Publish(message) => {
                    let message = Message::Agreement(message);
                    reaction.outputs.push(Output::Publish(message));
                }
                agreement::Output::NeedValue { round } => self.propose(now, round, reaction)?,
                agreement::Output::Judge { value, round } => {
                    if self.values.contains_key(&value) {
                        self.judge(now, value, reaction)?;
                    } else if self.asked.insert(value, round).is_none() {
                        self.ask_again(reaction);
                    }
                }
                agreement::Output::SetTimer { timer, after_ms } => {
                    self.timers.insert(timer, now.plus_ms(after_ms));
                }
                agreement::Output::CancelTimer(timer) => drop(self.timers.remove(&timer)),
                agreement::Output::CancelTimers => self.timers.clear(),
                agreement::Output::Decided(certificate) => {
                    self.decided(now, certificate, reaction)?;
                }
                agreement::Output::Evidence(evidence) => {
                    reaction.outputs.push(Output::Equivocation(evidence));
                }
                agreement::Output::Refused(_) => {}
            }
        }
        Ok(())
    }

    /// A value is waited for that may have come before, when there was no room for it.
    fn ask_again(&self, reaction: &mut Reaction) {
        let again = Output::Again(Topic::Height(self.chain.height() + 1));
        if self.values.len() >= VALUES_MAX && !reaction.outputs.contains(&again) {
            reaction.outputs.push(again);
        }
    }

    fn propose(
        &mut self,
        now: Timestamp,
        round: u32,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let (batch, _) = self.draft();
        if batch.items.is_empty() {
            // The timer runs out, and another proposes.
            return Ok(());
        }
        let value = batch.header.hash(&self.chain.federation());
        self.values.insert(value, batch.clone());
        let record = Record::Value(Box::new(batch.clone()));
        reaction.journal.push(record);
        let message = Message::Value(Box::new(batch));
        reaction.outputs.push(Output::Publish(message));
        let propose = agreement::Input::Propose { round, value };
        self.agree(now, propose, reaction)
    }

    fn decided(
        &mut self,
        now: Timestamp,
        certificate: Certificate,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let Some(batch) = self.values.get(&certificate.value).cloned() else {
            self.certified = Some(certificate);
            self.ask_again(reaction);
            return Ok(());
        };
        // A quorum holds it to be valid: that it does not follow here is for people to look at.
        let after = self.chain.after(&batch);
        let (chain, happened) = after.map_err(|_| AgreementError::DecidedInvalid {
            height: batch.header.height,
            value: certificate.value,
        })?;
        self.chain = chain;
        self.is_open = false;
        self.values.clear();
        self.asked.clear();
        self.heard.clear();
        self.timers.clear();
        self.motions.clear();
        self.stirred = true;
        self.crowded = false;
        self.forget();
        for phase in self.posts.follow(now, &self.chain, self.key.as_ref()) {
            reaction.journal.push(Record::Opened { phase, time: now });
            let again = Output::Again(Topic::Phase(phase));
            reaction.outputs.push(again);
            if !self.is_trusted {
                let clock = witness::Input::Clock { trusted: false };
                self.tell(now, &phase, &clock, reaction);
            }
        }
        reaction.outputs.push(Output::Decided(Box::new(Decision {
            batch,
            certificate,
            happened,
        })));
        let next = Topic::Height(self.chain.height() + 1);
        reaction.outputs.push(Output::Again(next));
        Ok(())
    }

    /// Forgets what is wanted and can no longer be: each is asked whether a height could have it.
    fn forget(&mut self) {
        let wanted = std::mem::take(&mut self.wanted);
        let keeps = |items: Items| !self.chain.draft(items).0.items.is_empty();
        let one = Items::default;
        let kept = Items {
            closings: Vec::new(),
            answers: wanted.answers,
            withdrawals: wanted.withdrawals,
            stalls: wanted.stalls,
            declarations: wanted.declarations,
            openings: wanted.openings,
        };
        let answers = kept.answers.into_iter().filter(|answer| {
            keeps(Items {
                answers: vec![answer.clone()],
                ..one()
            })
        });
        let withdrawals = kept.withdrawals.into_iter().filter(|withdrawal| {
            keeps(Items {
                withdrawals: vec![withdrawal.clone()],
                ..one()
            })
        });
        let stalls = kept.stalls.into_iter().filter(|stall| {
            keeps(Items {
                stalls: vec![stall.clone()],
                ..one()
            })
        });
        let declarations = kept.declarations.into_iter().filter(|declaration| {
            keeps(Items {
                declarations: vec![declaration.clone()],
                ..one()
            })
        });
        let openings = kept.openings.into_iter().filter(|opening| {
            keeps(Items {
                openings: vec![opening.clone()],
                ..one()
            })
        });
        self.wanted = Items {
            closings: Vec::new(),
            answers: answers.collect(),
            withdrawals: withdrawals.collect(),
            stalls: stalls.collect(),
            declarations: declarations.collect(),
            openings: openings.collect(),
        };
    }

    fn tell_all(&mut self, now: Timestamp, input: &witness::Input, reaction: &mut Reaction) {
        let phases: Vec<PhaseId> = self.chain.phases().keys().copied().collect();
        for phase in phases {
            self.tell(now, &phase, input, reaction);
        }
    }

    fn tell(
        &mut self,
        now: Timestamp,
        phase: &PhaseId,
        input: &witness::Input,
        reaction: &mut Reaction,
    ) {
        let Some(case) = self.chain.case(phase) else {
            return;
        };
        // What a witness refuses changes nothing, and who sent it is known to who carries it.
        let said = self.posts.tell(now, &case, input, self.key.as_ref());
        self.stirred |= said.is_closable;
        reaction.journal.extend(said.journal);
        reaction.outputs.extend(said.outputs);
    }
}
