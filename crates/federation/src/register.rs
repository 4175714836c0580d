//! The core's part in the register: what of the stored entries speaks of it is handed to the
//! registrar, and what the registrar wants said is signed and stored like any other entry.
//!
//! The registrar keeps no messages: they are kept here by what they are about, until that is decided.

mod beginnings;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    cbor::{Decode, Encode},
    effect::Motion,
    entry::Entry,
    genesis::Genesis,
    id::{EntryId, Hash, MemberId, PhaseId, ProposalId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Answer, Kind, Opening, Record},
};
use register::{
    agreement::{AgreementError, Certificate, Timeouts},
    batch::{Answers, Batch, ITEMS_MAX, Items, Mandated, Opened},
    begin::Beginning,
    chain::{BatchError, Chain},
    declaration::Declaration,
    order::{Departure, RULES_VERSION},
    phase::Question,
    recovery::Recovered,
    registrar::{self, Decision, Input, MOTIONS_MAX, Message, Output as Said, Registrar, Topic},
    witness,
};

use replica::view::Proposal;

use self::beginnings::Settling;
use crate::{
    core::Core,
    error::CoreError,
    finality::{Annals, Evidence},
    heard::{Heard, Messages, Parts},
    io::{Change, Write},
    recovery::Recovering,
    relay::Carriers,
    unsaid::Unsaid,
};

/// How long after the deadline of a vote that is not open in the register its ballots are still held,
/// in milliseconds: 90 days. An opening may come late.
const HELD_MS: u64 = 90 * 24 * 3600 * 1000;
/// The most inputs of one call that the registrar is given: what it says answers itself.
const INPUTS_MAX: usize = 100_000;

/// The most openings and withdrawals under one root key's mandates that are asked for: twice what a height
/// has.
const ASKED_OF_KEY_MAX: usize = 2 * ITEMS_MAX;

/// What is known of the register.
#[derive(Default)]
pub(crate) struct Register {
    key: Option<SecretKey>,
    /// The last version of the rules that this release knows.
    rules_known: u64,
    pub(crate) registrar: Option<Registrar>,
    pub(crate) recovery: Recovering,
    /// The chain and the journal that were stored,
    chain: Option<Chain>,
    /// and the register that was left when its epoch began.
    left: Option<Chain>,
    journal: Vec<registrar::Record>,
    /// How many records the journal has.
    written: u64,
    /// What founders signed, by what it is.
    beginnings: BTreeMap<Hash, Beginning>,
    pub(crate) parts: Parts,
    pub(crate) carriers: Carriers,
    pub(crate) unsaid: Unsaid,
    pub(crate) heard: Heard,
    pub(crate) messages: Messages,
    /// Entries that the registrar judges by their own bytes.
    entries: BTreeMap<EntryId, Entry>,
    /// Ballots that were not handed on.
    ballots: BTreeSet<EntryId>,
    /// Phases of which all that is here has been handed on.
    told: BTreeSet<PhaseId>,
    /// Openings and withdrawals that were not handed on.
    asked: BTreeSet<EntryId>,
    /// Openings that wait for a version or a report that is not here, by proposal,
    waiting: BTreeMap<ProposalId, BTreeSet<EntryId>>,
    /// and the last openings and withdrawals under each root key's mandates.
    opens: BTreeMap<PublicKey, VecDeque<EntryId>>,
    /// Answers to blocks that amend to a version that is not here, by window.
    unanswered: BTreeMap<PhaseId, BTreeSet<EntryId>>,
    /// Whether versions that a block may be answered with were not handed on.
    are_motions_due: bool,
    declared: Vec<Declaration>,
    /// What each height did,
    pub(crate) annals: Annals,
    /// and who contradicted itself.
    pub(crate) evidence: Evidence,
    beginning: Settling,
    pub(crate) inbox: VecDeque<Input>,
    /// Whether this node's clock is further off its peers' than the charter bears.
    is_clock_off: bool,
    /// Whether this node takes no more part in it,
    is_over: bool,
    /// and what people should know.
    trouble: Option<String>,
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let height = self.registrar.as_ref().map(|one| one.chain().height());
        f.debug_struct("Register")
            .field("height", &height)
            .finish_non_exhaustive()
    }
}

impl Register {
    pub fn new() -> Self {
        Self {
            rules_known: RULES_VERSION,
            ..Self::default()
        }
    }

    /// When the registrar wants to be woken.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let own = self.registrar.as_ref()?.next_wakeup();
        let others = [self.unsaid.next_wakeup(), self.recovery.next_wakeup()];
        own.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// The key it witnesses with, if it has one.
    pub fn key(&self) -> Option<&SecretKey> {
        self.key.as_ref()
    }

    /// The public part of the key that this node signs with, if it takes part.
    pub fn own_key(&self) -> Option<PublicKey> {
        self.registrar.as_ref()?;
        self.key.as_ref().map(SecretKey::public)
    }

    pub fn registrar(&self) -> Option<&Registrar> {
        self.registrar.as_ref()
    }

    /// Whether this node takes no more part in it.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Agreement waits as long as these say from now on.
    pub fn wait_by(&mut self, timeouts: Timeouts) {
        if let Some(registrar) = &mut self.registrar {
            registrar.wait_by(timeouts);
        }
    }

    /// What was declared and not handed on to a registrar.
    pub fn declared(&self) -> &[Declaration] {
        &self.declared
    }

    /// Takes note of a stored entry, which a member's key wrote, and when it came.
    pub fn note(
        &mut self,
        genesis: &Genesis,
        (id, member, received): (EntryId, MemberId, Timestamp),
        entry: &Entry,
    ) {
        self.recovery.wrote(member, entry.header.time, received);
        let record = || entry.record();
        // Ancestors are stored first: what was not written under a mandate never will be.
        let mandate = self.entries.get(&entry.header.grant);
        let root = mandate.map(|mandate| mandate.header.author);
        match entry.header.kind {
            Kind::Witness => {
                let (author, time) = (entry.header.author, entry.header.time);
                self.recovery.lives(author, time);
                if let Some(Record::Witness(part)) = record() {
                    self.take_part((id, author), member, part);
                }
            }
            Kind::Founding => {
                if let Some(Record::Founding(founding)) = record() {
                    self.take_founding(genesis, &founding.beginning);
                }
            }
            Kind::Declaring => {
                if let Some(Record::Declaring(declaring)) = record()
                    && let Ok(declaration) = Declaration::from_bytes(&declaring.declaration)
                {
                    self.declared.push(declaration);
                }
            }
            Kind::Recovering => {
                if let Some(Record::Recovering(recovering)) = record() {
                    self.recovery.hear(member, received, &recovering.voice);
                }
            }
            Kind::Mandate => drop(self.entries.insert(id, entry.without_note())),
            Kind::Ballot | Kind::Answer if root.is_some() => {
                self.entries.insert(id, entry.without_note());
                self.ballots.insert(id);
            }
            Kind::Amendment | Kind::AmendedMeasure => self.are_motions_due = true,
            Kind::Opening | Kind::Withdrawal => {
                if let Some(root) = root {
                    self.entries.insert(id, entry.without_note());
                    self.ask(root, id);
                }
            }
            _ => {}
        }
    }

    /// Whoever asks for more than one may lets go of what it asked for first.
    fn ask(&mut self, root: PublicKey, id: EntryId) {
        self.asked.insert(id);
        let of_key = self.opens.entry(root).or_default();
        of_key.push_back(id);
        if of_key.len() > ASKED_OF_KEY_MAX
            && let Some(first) = of_key.pop_front()
        {
            self.asked.remove(&first);
            self.waiting.retain(|_, waiting| {
                waiting.remove(&first);
                !waiting.is_empty()
            });
        }
    }

    /// A height has room for so many openings: those that it left out are asked for again. A withdrawal is
    /// not: it would end what was opened since.
    fn ask_again(&mut self) {
        let entries = &self.entries;
        let opens = self.opens.values().flatten().filter(|id| {
            let entry = entries.get(*id);
            entry.is_some_and(|entry| entry.header.kind == Kind::Opening)
        });
        self.asked.extend(opens);
    }

    /// Lets go of ballots of votes that are over: a node holds those of many years.
    fn prune(&mut self, now: Timestamp) {
        let registrar = self.registrar.as_ref();
        let open: BTreeSet<EntryId> = registrar
            .into_iter()
            .flat_map(|one| one.chain().phases().values().map(|phase| phase.vote))
            .collect();
        let over: BTreeSet<EntryId> = self
            .entries
            .iter()
            .filter(|(id, entry)| match entry.record() {
                Some(Record::Opening(opening)) => {
                    !open.contains(*id) && opening.deadline.plus_ms(HELD_MS) < now
                }
                _ => false,
            })
            .map(|(id, _)| *id)
            .collect();
        self.entries.retain(|_, entry| match entry.record() {
            Some(Record::Ballot(ballot)) => !over.contains(&ballot.phase),
            Some(Record::Answer(_)) => entry.header.time.plus_ms(HELD_MS) >= now,
            _ => true,
        });
        let entries = &self.entries;
        self.ballots.retain(|id| entries.contains_key(id));
    }

    /// Adds up what founders signed. What is not signed by one is nobody's: it must not stand in the
    /// way of what is.
    fn take_founding(&mut self, genesis: &Genesis, bytes: &[u8]) {
        let Ok(mut found) = Beginning::from_bytes(bytes) else {
            return;
        };
        found.keep_founders(genesis);
        if found.signatures.is_empty() {
            return;
        }
        let hash = found.begin.hash(&genesis.federation());
        let known = self.beginnings.entry(hash).or_insert_with(|| Beginning {
            begin: found.begin.clone(),
            signatures: Vec::new(),
        });
        known.signatures.extend(found.signatures);
        known.signatures.sort_unstable_by_key(|one| one.root);
        known.signatures.dedup_by_key(|one| one.root);
        self.beginning.stir();
    }

    /// The revisions of the answers that were given in a window.
    pub fn answers_in(&self, window: &PhaseId) -> impl Iterator<Item = u8> {
        let answers = self.entries.values().filter_map(|entry| entry.record());
        answers.filter_map(move |record| match record {
            Record::Answer(answer) if answer.phase == *window => Some(answer.revision),
            _ => None,
        })
    }

    fn mandated(&self, id: &EntryId) -> Option<Mandated> {
        let entry = self.entries.get(id)?.clone();
        let mandate = self.entries.get(&entry.header.grant)?.clone();
        Some(Mandated { entry, mandate })
    }
}

impl Core {
    /// This node witnesses and closes votes with a validator's key, which agreement signs with: the
    /// only secret key a core holds.
    pub fn validate_with(&mut self, key: SecretKey) {
        self.register.key = Some(key);
    }

    /// Takes up a height that this node stored before, in order, after the entries and before
    /// [`crate::Input::Start`].
    ///
    /// # Errors
    /// When it does not follow: the store is damaged.
    pub fn restore_height(&mut self, batch: &[u8]) -> Result<(), CoreError> {
        let batch = Batch::read(batch).map_err(CoreError::Bytes)?;
        let chain = match self.register.chain.take() {
            Some(chain) => Some(chain),
            None => {
                let is_before =
                    |chain: &Chain| chain.last() == batch.header.previous || batch.header.epoch > 0;
                let begun = self.begun().find(is_before);
                // What the first decision changes is told from what was there before it.
                if let Some(begun) = &begun {
                    self.followed.take(begun, &[]);
                }
                begun
            }
        };
        let after = chain.map(|chain| {
            let place = (batch.header.epoch, &batch.header.previous);
            let (annals, left) = (&mut self.register.annals, &mut self.register.left);
            let tell = |before: &Chain, one: &Recovered| {
                annals.recovered(before, one);
                *left = Some(before.clone());
            };
            let chain = self.register.recovery.crossed(chain, place, tell);
            self.follow_topics(&chain, None);
            chain.after(&batch)
        });
        let height = batch.header.height;
        let (chain, happened) = match after {
            Some(Ok(after)) => after,
            Some(Err(error @ BatchError::Rules { .. })) => {
                return Err(CoreError::Rules { height, error });
            }
            Some(Err(_)) | None => return Err(CoreError::Height(height)),
        };
        self.register.recovery.stands(&chain);
        self.follow_topics(&chain, None);
        self.register.annals.add(&batch, &chain, &happened);
        self.followed.take(&chain, &happened);
        self.register.chain = Some(chain);
        Ok(())
    }

    /// Takes up a record of the register's journal that this node stored before, in order.
    ///
    /// # Errors
    /// When it is none: the store is damaged.
    pub fn restore_journal(&mut self, record: &[u8]) -> Result<(), CoreError> {
        let record = registrar::Record::from_bytes(record).map_err(CoreError::Bytes)?;
        self.register.journal.push(record);
        self.register.written += 1;
        Ok(())
    }

    /// This node's part in the register, as long as it takes part.
    #[must_use]
    pub fn registrar(&self) -> Option<&Registrar> {
        self.register.registrar.as_ref()
    }

    /// The register as far as this node has it, once it has begun.
    #[must_use]
    pub fn register_chain(&self) -> Option<&Chain> {
        let registrar = self.register.registrar.as_ref();
        registrar
            .map(Registrar::chain)
            .or(self.register.chain.as_ref())
    }

    /// What founders have signed as the beginning of the register: one, unless one of them signed two.
    pub fn beginnings(&self) -> impl Iterator<Item = &Beginning> {
        self.register.beginnings.values()
    }

    /// What is wrong with this node's part in the register.
    #[must_use]
    pub fn register_trouble(&self) -> Option<&str> {
        self.register.trouble.as_deref()
    }

    /// The register at height 1, for each beginning that enough founders signed.
    fn begun(&self) -> impl Iterator<Item = Chain> {
        let genesis = self.replica().genesis();
        let valid = self.register.beginnings.values();
        let needed = genesis.admissions_needed();
        let enough = valid.filter(move |one| one.signatures.len() >= needed);
        let begun = enough.filter_map(|one| Chain::begin(genesis, one).ok());
        begun.map(|chain| chain.knowing_rules(self.register.rules_known))
    }

    /// Takes no more part in the register. What it has decided stays to be seen.
    pub(crate) fn leave_office(&mut self, trouble: &str) {
        if let Some(registrar) = self.register.registrar.take() {
            self.register.chain = Some(registrar.chain().clone());
            // It goes on waiting, if not here: whoever declared it is told so.
            let waiting = &registrar.wanted().declarations;
            self.register.declared.extend_from_slice(waiting);
        }
        self.register.trouble = Some(trouble.to_owned());
        self.register.is_over = true;
        self.register.inbox.clear();
    }

    /// Stops before a height of which this release does not know the rules.
    fn leave_to_later_release(&mut self) {
        let chain = self.register_chain();
        if let Some(rules) = chain.and_then(Chain::rules_missing) {
            let (known, needed) = (self.register.rules_known, rules.version);
            self.leave_office(&BatchError::Rules { known, needed }.to_string());
        }
    }

    /// As in a release that knows other rules; before anything is restored.
    pub fn know_rules(&mut self, version: u64) {
        self.register.rules_known = version;
    }

    /// Begins to take part as soon as the register has begun and this node may sign.
    fn take_office(&mut self, now: Timestamp) {
        if self.register.registrar.is_some() || self.register.is_over {
            return;
        }
        if !self.is_started() || !self.is_caught_up() {
            return;
        }
        let first = self.begun().next();
        let Some(chain) = self.register.chain.take().or(first) else {
            return;
        };
        let left = self.register.left.take();
        self.follow_topics(&chain, left.as_ref());
        self.register.left = left;
        if self.register.heard.is_waiting() {
            // It says nothing before it knows what was said.
            self.register.chain = Some(chain);
            return;
        }
        self.register.are_motions_due = true;
        self.followed.take(&chain, &[]);
        self.register.recovery.stands(&chain);
        let journal = std::mem::take(&mut self.register.journal);
        let key = self.register.key.clone();
        // What this key has signed before has to be in the journal, or it could contradict itself.
        let has_signed = |key: &SecretKey| self.replica().tip(&key.public()).is_some();
        let is_lost = journal.is_empty() && key.as_ref().is_some_and(has_signed);
        let key = key.filter(|_| !is_lost && !self.register.beginning.is_late());
        if is_lost {
            let trouble = "the journal of the validator key is lost: this node only observes";
            self.register.trouble = Some(trouble.to_owned());
        }
        let timeouts = Timeouts::of(chain.order().charter());
        let before = chain.clone();
        let mut registrar = Registrar::new(now, chain, key, timeouts, journal);
        if let Err(error) = self.look_back(&mut registrar) {
            self.register.registrar = Some(registrar);
            return self.leave_office(&error.to_string());
        }
        let said = registrar.start();
        if registrar.chain().epoch() > before.epoch() {
            // Its journal says that it went on in another epoch, in which nothing is decided yet.
            let (epoch, last) = (registrar.chain().epoch(), registrar.chain().last());
            let annals = &mut self.register.annals;
            let tell = |before: &Chain, one: &Recovered| annals.recovered(before, one);
            let _ = self.register.recovery.crossed(before, (epoch, &last), tell);
        }
        self.follow_topics(registrar.chain(), None);
        self.register.registrar = Some(registrar);
        self.follow_order(now);
        self.do_what_is_said(now, said);
        self.leave_to_later_release();
    }

    /// Looks at what was said in the epoch that was left before this node says anything in this one.
    fn look_back(&mut self, registrar: &mut Registrar) -> Result<(), AgreementError> {
        if let Some(left) = self.register.left.take() {
            registrar.left(left);
        }
        let height = registrar.left_height().map(Topic::Height);
        let said = height.and_then(|height| self.register.messages.get(&height));
        for message in said.into_iter().flat_map(BTreeMap::values) {
            if let Message::Agreement(message) = message {
                registrar.look_back(message)?;
            }
        }
        Ok(())
    }

    /// Lets go of what was restored and is over.
    pub(crate) fn start_register(&mut self, now: Timestamp) {
        self.register.prune(now);
    }

    /// Hands on to the registrar what has come, and does what it asks, until there is nothing more.
    pub(crate) fn settle_register(&mut self, now: Timestamp, is_woken: bool) {
        self.settle_beginnings();
        self.settle_evidence();
        self.take_office(now);
        self.settle_recovery(now);
        if self.register.registrar.is_none() {
            self.register.inbox.clear();
            return;
        }
        // So far off, a node signs nothing at all. What has come waits.
        if self.clock_trouble().is_some() {
            return;
        }
        let bound_ms = self.charter().terms().clock_bound_seconds * 1_000;
        let deviation = self.exchange.clock_deviation();
        let is_off = deviation.is_some_and(|off| off > bound_ms);
        if std::mem::replace(&mut self.register.is_clock_off, is_off) != is_off {
            let trusted = !is_off;
            self.register.inbox.push_back(Input::Clock { trusted });
        }
        if is_woken {
            self.write_evidence(now);
            self.register.inbox.push_back(Input::Wake);
        }
        self.say_again(now);
        self.hand_on();
        for _ in 0..INPUTS_MAX {
            let Some(input) = self.register.inbox.pop_front() else {
                break;
            };
            let Some(registrar) = self.register.registrar.as_mut() else {
                break;
            };
            let place = |chain: &Chain| (chain.epoch(), chain.height());
            let stood = place(registrar.chain());
            let crossing = match &input {
                Input::Recovered(recovered) => Some((registrar.chain().clone(), recovered.clone())),
                _ => None,
            };
            match registrar.handle(now, input) {
                Ok(reaction) => {
                    let chain = registrar.chain();
                    if let Some((before, recovered)) = crossing
                        && chain.epoch() > before.epoch()
                    {
                        self.register.annals.recovered(&before, &recovered);
                        self.followed.take(chain, &[]);
                        self.register.recovery.entered(chain);
                    }
                    if place(chain) != stood {
                        let messages = &mut self.register.messages;
                        self.register.heard.stands(messages, chain, None);
                    }
                    let before = self.register.written;
                    self.register.written += reaction.journal.len() as u64;
                    let journal = (before + 1..).zip(&reaction.journal);
                    let writes = journal.map(|(number, record)| Write::Journal {
                        number,
                        bytes: record.to_bytes(),
                    });
                    let writes = writes.collect();
                    self.gather(writes);
                    self.do_what_is_said(now, reaction.outputs);
                }
                Err(error) => self.leave_office(&error.to_string()),
            }
            self.leave_to_later_release();
            if self.register.inbox.is_empty() {
                self.hand_on();
            }
        }
        self.relay(now);
    }

    /// Puts into the inbox what members asked for and said since.
    fn hand_on(&mut self) {
        self.look_for_versions();
        let ballots = std::mem::take(&mut self.register.ballots);
        for id in ballots {
            let Some(pair) = self.register.mandated(&id) else {
                continue;
            };
            if let Some(Record::Answer(answer)) = pair.entry.record() {
                self.want_answer(id, &answer, &pair);
            }
            let pair = Box::new((pair.entry, pair.mandate));
            self.register.inbox.push_back(Input::Ballot(pair));
        }
        // After all of its messages: those in memory are in the inbox already.
        if !self.register.heard.is_waiting() {
            let told = std::mem::take(&mut self.register.told).into_iter();
            self.register.inbox.extend(told.map(Input::Told));
        }
        self.hand_on_motions();
        self.hand_on_asked();
        for declaration in std::mem::take(&mut self.register.declared) {
            self.want(Items {
                declarations: vec![declaration],
                ..Items::default()
            });
        }
    }

    /// An answer that amends waits for its version. One that comes before its window is given again with it.
    fn want_answer(&mut self, id: EntryId, answer: &Answer, pair: &Mandated) {
        if self.proposing_root(&answer.phase) != Some(pair.mandate.header.author) {
            return;
        }
        let registrar = self.register.registrar.as_ref();
        let window = registrar.and_then(|one| one.chain().phases().get(&answer.phase));
        let proposal = window.map(|window| window.proposal);
        let amends = answer.act.amends();
        let motion = amends.and_then(|text| self.motion_with(&answer.phase, &text));
        if amends.is_some() && motion.is_none() {
            let waiting = self.register.unanswered.entry(answer.phase);
            waiting.or_default().insert(id);
            return;
        }
        if let (Some(proposal), Some(motion)) = (proposal, &motion) {
            let motion = Input::Motion(proposal, motion.clone());
            self.register.inbox.push_back(motion);
        }
        let answer = pair.clone();
        self.want(Items {
            answers: vec![Answers { answer, motion }],
            ..Items::default()
        });
    }

    /// The root key of the member whose vote an open phase is of.
    fn proposing_root(&self, phase: &PhaseId) -> Option<PublicKey> {
        let chain = self.register.registrar.as_ref()?.chain();
        let proposer = chain.phases().get(phase)?.proposer.member;
        Some(chain.order().members().get(&proposer)?.root)
    }

    /// Something has come that answers may have waited for.
    fn look_for_versions(&mut self) {
        if self.register.unanswered.is_empty() {
            return;
        }
        let changed = self.changed_proposals();
        let register = &mut self.register;
        let phases = register.registrar.as_ref().map(|one| one.chain().phases());
        register.unanswered.retain(|window, answers| {
            let window = phases.and_then(|phases| phases.get(window));
            let is_due = window.is_some_and(|window| changed.contains(&window.proposal));
            if is_due {
                register.ballots.extend(answers.iter());
            }
            window.is_some() && !is_due
        });
    }

    /// What was asked for, as far as all is here that it takes; the rest waits until something about its
    /// proposal comes.
    fn hand_on_asked(&mut self) {
        for proposal in self.changed_proposals() {
            let waiting = self.register.waiting.remove(&proposal);
            self.register.asked.extend(waiting.unwrap_or_default());
        }
        for id in std::mem::take(&mut self.register.asked) {
            let Some(mandated) = self.register.mandated(&id) else {
                continue;
            };
            let chain = self.register.registrar.as_ref().map(Registrar::chain);
            let time = mandated.entry.header.time;
            let Some(chain) = chain.filter(|chain| chain.can_have(&id, time)) else {
                continue;
            };
            let record = mandated.entry.record();
            let Some(Record::Opening(opening)) = &record else {
                self.want(Items {
                    withdrawals: vec![mandated],
                    ..Items::default()
                });
                continue;
            };
            let awaits = self.awaits_report(chain, record.as_ref());
            match self.motion_of(opening).filter(|_| !awaits) {
                Some(motion) => {
                    let opening = mandated;
                    self.want(Items {
                        openings: vec![Opened { opening, motion }],
                        ..Items::default()
                    });
                }
                None => {
                    let waiting = self.register.waiting.entry(opening.proposal);
                    waiting.or_default().insert(id);
                }
            }
        }
    }

    /// A closing of a window shows the version that the answer amends to.
    fn hand_on_motions(&mut self) {
        if !std::mem::take(&mut self.register.are_motions_due) {
            return;
        }
        let registrar = self.register.registrar.as_ref();
        let phases = registrar.map(|one| one.chain().phases().values());
        let windows = phases.into_iter().flatten();
        let windows = windows.filter(|phase| phase.question == Question::Answer);
        let windows: BTreeMap<PhaseId, ProposalId> =
            windows.map(|window| (window.id, window.proposal)).collect();
        let proposals: BTreeSet<ProposalId> = windows.values().copied().collect();
        let mut motions = Vec::new();
        for proposal in proposals {
            let known = self.view().proposals.get(&proposal);
            let versions = known.map(Proposal::versions).unwrap_or_default();
            let last = &versions[versions.len().saturating_sub(MOTIONS_MAX)..];
            motions.extend(last.iter().map(|version| (proposal, version.motion())));
        }
        // Those that answers name come last: they are what is kept of many.
        let answers = self
            .register
            .entries
            .values()
            .filter(|_| !windows.is_empty());
        for entry in answers.filter(|entry| entry.header.kind == Kind::Answer) {
            let mandate = self.register.entries.get(&entry.header.grant);
            let root = mandate.map(|mandate| mandate.header.author);
            if let Some(Record::Answer(answer)) = entry.record()
                && let Some(proposal) = windows.get(&answer.phase)
                && root.is_some()
                && self.proposing_root(&answer.phase) == root
                && let Some(text) = answer.act.amends()
                && let Some(motion) = self.motion_with(&answer.phase, &text)
            {
                motions.push((*proposal, motion));
            }
        }
        let inputs = motions.into_iter();
        let inputs = inputs.map(|(proposal, motion)| Input::Motion(proposal, motion));
        self.register.inbox.extend(inputs);
    }

    /// The version of a window's proposal that has this hash.
    fn motion_with(&self, window: &PhaseId, text: &Hash) -> Option<Motion> {
        let registrar = self.register.registrar.as_ref()?;
        let window = registrar.chain().phases().get(window)?;
        let proposal = self.view().proposals.get(&window.proposal)?;
        let versions = proposal.versions();
        let version = versions.iter().find(|version| version.hash == *text)?;
        Some(version.motion())
    }

    /// One at a time: the registrar has room for some and lets go of those that cannot be.
    fn want(&mut self, items: Items) {
        self.register.inbox.push_back(Input::Want(Box::new(items)));
    }

    /// What an opening puts to the vote, if its version is here.
    fn motion_of(&self, opening: &Opening) -> Option<Motion> {
        let proposal = self.view().proposals.get(&opening.proposal)?;
        let versions = proposal.versions();
        let mut versions = versions.iter();
        let version = versions.find(|version| version.entry == opening.version)?;
        Some(version.motion())
    }

    fn do_what_is_said(&mut self, now: Timestamp, outputs: Vec<Said>) {
        for output in outputs {
            match output {
                Said::Publish(message) => self.publish(now, &message),
                Said::Again(topic) => self.again(topic),
                Said::BallotAgain(phase, ballot) => self.ballot_again(phase, ballot),
                Said::Decided(decision) => self.decided(now, *decision),
                Said::Contradiction(phase, found) => self.caught_in_phase(now, phase, found),
                Said::Equivocation(found) => self.caught_in_agreement(now, found),
            }
        }
    }

    fn again(&mut self, topic: Topic) {
        let known = self.register.messages.get(&topic);
        let messages = known.into_iter().flat_map(BTreeMap::values).cloned();
        let inputs: Vec<Input> = messages.map(Input::Message).collect();
        self.register.inbox.extend(inputs);
        if let Topic::Phase(phase) = topic
            && let Some(registrar) = &self.register.registrar
            && let Some(phase) = registrar.chain().phases().get(&phase)
        {
            let of_phase = |entry: &Entry| match entry.record() {
                Some(Record::Ballot(ballot)) => ballot.phase == phase.vote,
                Some(Record::Answer(answer)) => answer.phase == phase.vote,
                _ => false,
            };
            let ballots = self.register.entries.iter();
            let ballots = ballots
                .filter(|(_, entry)| of_phase(entry))
                .map(|(id, _)| *id);
            let ballots: Vec<EntryId> = ballots.collect();
            self.register.ballots.extend(ballots);
            self.register.told.insert(phase.id);
        }
    }

    /// Hands in a ballot again, from its log or as a validator repeated it.
    fn ballot_again(&mut self, phase: PhaseId, ballot: EntryId) {
        if self.register.entries.contains_key(&ballot) {
            self.register.ballots.insert(ballot);
        }
        let federation = self.federation();
        let known = self.register.messages.get(&Topic::Phase(phase));
        let messages = known.into_iter().flat_map(BTreeMap::values);
        let repeated = messages.filter(|message| match message {
            Message::Phase {
                said: witness::Message::Ballot(pair),
                ..
            } => pair.0.id(&federation) == ballot,
            _ => false,
        });
        let inputs: Vec<Input> = repeated.cloned().map(Input::Message).collect();
        self.register.inbox.extend(inputs);
    }

    fn decided(&mut self, now: Timestamp, decision: Decision) {
        let Decision {
            batch,
            certificate,
            happened,
        } = decision;
        let height = batch.header.height;
        self.gather(vec![Write::Height {
            height,
            batch: batch.to_bytes(),
            certificate: Certificate::to_bytes(&certificate),
        }]);
        self.register.are_motions_due = true;
        self.note_change(Change::Register);
        let mut followed = std::mem::take(&mut self.followed);
        if let Some(chain) = self.register_chain() {
            for proposal in followed.take(chain, &happened) {
                self.note_change(Change::Proposal(proposal));
            }
        }
        self.followed = followed;
        let former = self.order().into_iter().flat_map(|order| order.former());
        let leaves =
            former.filter(|(_, one)| one.departure == Departure::Left && one.since == height);
        let leaves: Vec<MemberId> = leaves.map(|(id, _)| *id).collect();
        for member in leaves {
            self.bid_farewell(now, member);
        }
        self.follow_order(now);
        self.register.ask_again();
        let registrar = self.register.registrar.as_ref();
        let chain = registrar.map(Registrar::chain);
        if let Some(chain) = chain {
            self.register.annals.add(&batch, chain, &happened);
        }
        if let Some(registrar) = &self.register.registrar {
            self.register.recovery.stands(registrar.chain());
        }
        self.register.carriers.keep(&self.register.messages);
        self.register.prune(now);
    }
}

#[cfg(test)]
mod attacks;
