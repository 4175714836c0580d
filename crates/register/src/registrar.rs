//! The registrar: a node's whole part in the register. It witnesses ballots in every open phase,
//! wants heights when there is something to decide, agrees on them with the others, and keeps the
//! register that follows.
//!
//! It is a state machine without clock, chance or I/O. It keeps no messages for later: what cannot be
//! taken yet is asked for again when it can ([`Output::Again`]), for whoever carries the messages
//! keeps them all. So a node that was away takes the same path as one that was there.

mod heights;
mod message;
mod motions;
mod posts;
mod recovering;
mod stalls;
#[cfg(test)]
mod tests;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    effect::Motion,
    entry::Entry,
    id::{EntryId, Hash, PhaseId, ProposalId, Timestamp},
    key::SecretKey,
};

pub use self::{
    message::{Message, Record, Topic},
    motions::MOTIONS_MAX,
};
use self::{motions::Motions, posts::Posts, recovering::Left, stalls::Stalls, wishes::Wishes};
use crate::{
    agreement::{
        self, Agreement, AgreementError, Certificate, Engine, Identity, Strict, Timeouts, Timer,
        Verification,
    },
    ballot::phase_named,
    batch::{Batch, Closes, Items},
    chain::{Chain, Happened},
    closing::assemble,
    evidence,
    recovery::Recovered,
    validators::ValidatorIndex,
    witness::{self, Witness},
};

/// The most values of one height that are kept: each validator puts few forward.
const VALUES_MAX: usize = 64;

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
    /// All that is there about a phase was given, since it was asked for.
    Told(PhaseId),
    /// What somebody wants decided. It stays wanted until it is, or cannot be any more.
    Want(Box<Items>),
    /// A version of a proposal that a block may be answered with: closings that amend show it. It is
    /// forgotten with each height and given again with what is open. Of one proposal the last
    /// [`MOTIONS_MAX`] are kept.
    Motion(ProposalId, Motion),
    /// A height that was decided, from whoever.
    Height(Box<(Batch, Certificate)>),
    /// A recovery that is in force. What does not go on from here is passed over.
    Recovered(Box<Recovered>),
}

/// What the registrar wants done, in this order, once the journal is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this to all, and keep it for those who are away.
    Publish(Message),
    /// Give all messages about this again, and if it is a phase the ballots and then [`Input::Told`].
    Again(Topic),
    /// Give this ballot of a phase again.
    BallotAgain(PhaseId, EntryId),
    /// A height is decided: store it, with all it does, in one go.
    Decided(Box<Decision>),
    /// Someone has contradicted itself in this phase: keep and show it.
    Contradiction(PhaseId, evidence::Evidence),
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
    /// Since when the next height is open, if it is.
    open_since: Option<Timestamp>,
    /// The journal of the next height, from before a restart.
    journal: Vec<agreement::Record>,
    /// What it says that this node was about to send.
    unsent: Vec<Message>,
    /// The same of open phases.
    resent: Vec<Message>,
    posts: Posts,
    wishes: Wishes,
    stalls: Stalls,
    motions: Motions,
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
    /// Whether this machine's clock agrees with its peers'.
    is_trusted: bool,
    /// The epoch that was left, if the register was recovered since the start.
    left: Option<Box<Left>>,
}

impl<V: Verification> Registrar<V> {
    /// Agreement waits as long as the charter in force says: to be called when another one is.
    pub fn wait_by(&mut self, timeouts: Timeouts) {
        self.engine.wait_by(timeouts);
    }
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
        mut chain: Chain,
        key: Option<SecretKey>,
        timeouts: Timeouts,
        journal: Vec<Record>,
        verification: V,
    ) -> Self {
        let (journal, left) = recovering::since_recovery(&mut chain, journal);
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
                Record::Agreement(_) | Record::Value(_) | Record::Recovered(_) => {}
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
            open_since: None,
            journal: agreed,
            unsent,
            resent,
            posts,
            wishes: Wishes::default(),
            stalls: Stalls::default(),
            motions: Motions::default(),
            values,
            asked: BTreeMap::new(),
            certified: None,
            heard: BTreeSet::new(),
            timers: BTreeMap::new(),
            stirred: true,
            is_trusted: true,
            left,
        }
    }

    /// The register.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The key it signs with, if it may.
    #[must_use]
    pub fn key(&self) -> Option<&SecretKey> {
        self.key.as_ref()
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

    /// Since when this node takes part in deciding the next height; `None` while nothing is being decided.
    #[must_use]
    pub fn open_since(&self) -> Option<Timestamp> {
        self.open_since
    }

    /// What waits for a height.
    #[must_use]
    pub fn wanted(&self) -> &Items {
        self.wishes.items()
    }

    /// When it wants to be woken, if nothing else happens.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        if self.chain.rules_missing().is_some() {
            return None;
        }
        let timer = self.timers.values().min().copied();
        let posts = self.posts.wake(&self.chain);
        [timer, posts, self.stall_wakeup()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What a node does when it has started: it says again what it had signed in open phases, and
    /// asks for all messages about what is open.
    pub fn start(&mut self) -> Vec<Output> {
        if self.chain.rules_missing().is_some() {
            return Vec::new();
        }
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
        if self.chain.rules_missing().is_some() {
            // It would sign under rules that it does not know.
            return Ok(reaction);
        }
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
                self.note_stalls(now, &mut reaction);
            }
            Input::Clock { trusted } => {
                self.is_trusted = trusted;
                self.tell_all(now, &witness::Input::Clock { trusted }, &mut reaction);
            }
            Input::Ballot(pair) => {
                // Before any signature is verified: that takes long, and many phases may be open.
                let named = phase_named(&pair.0);
                let mut phases = self.chain.phases().values();
                if let Some(phase) = phases.find(|phase| Some(phase.vote) == named) {
                    let phase = phase.id;
                    let said = witness::Message::Ballot(pair);
                    let said = witness::Input::Message(said);
                    self.tell(now, &phase, &said, &mut reaction);
                }
            }
            Input::Message(message) => self.take(now, message, &mut reaction)?,
            Input::Told(phase) => {
                let told = witness::Input::Told { all: true };
                self.tell(now, &phase, &told, &mut reaction);
            }
            Input::Want(items) => self.stirred |= self.wishes.add(*items, &self.chain),
            Input::Motion(proposal, motion) => {
                let mut open = self.chain.phases().values();
                if open.any(|phase| phase.proposal == proposal) {
                    self.motions.keep(proposal, motion);
                    self.stirred = true;
                }
            }
            Input::Height(height) => {
                let (batch, certificate) = *height;
                self.learn(now, batch, certificate, &mut reaction)?;
            }
            Input::Recovered(recovered) => self.recover(now, *recovered, &mut reaction),
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
                self.look_back(&message)?;
                if self.open_since.is_none() {
                    self.hear(&message);
                    return Ok(());
                }
                self.agree(now, agreement::Input::Message(message), reaction)
            }
            Message::Value(batch) => self.value(now, *batch, reaction),
            Message::Stalled {
                phase,
                validators,
                note,
            } => {
                self.take_note(phase, validators, note);
                Ok(())
            }
        }
    }

    /// What this node would decide now.
    fn draft(&self) -> (Batch, Vec<Happened>) {
        let mut items = self.wishes.items().clone();
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
                let given = || self.motions.get(&case.phase.proposal, &hash);
                known.or_else(given).cloned()
            });
            items.closings.push(Closes { closing, motion });
        }
        self.chain.draft(items)
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
