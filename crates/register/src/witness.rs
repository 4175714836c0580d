//! The witness: what one validator does in one phase (rules R3 to R6).
//!
//! `handle` takes the time and an input and says what to do; it never ticks, but names its next
//! wake-up. What is to be signed is a [`Duty`]: the shell makes it durable, then signs and sends it,
//! and hands the result back like any other message. After a crash [`Witness::restore`] takes the
//! duties kept, and nothing that contradicts them is ever asked for again; they may be signed and
//! sent once more. Who has lost them signs nothing in this phase. What others give back of its own words
//! counts as kept, too.

mod claims;
mod duty;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    id::{EntryId, Timestamp},
};
use thiserror::Error;

use self::claims::Claims;
pub use self::duty::{Duty, Message, SignedHave};
use crate::{
    ballot::BallotError,
    evidence::Evidence,
    fault::{Fault, Missing, Refused},
    gathered::Gathered,
    manifest::Manifest,
    phase::Case,
    statement::Named,
    validators::ValidatorIndex,
};

/// The most manifests of one author that are accepted: of two, neither is named.
const ACCEPTED_OF_AUTHOR_MAX: usize = 2;

/// What a witness is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// The time it asked for has come.
    Wake,
    /// Whether this machine's clock agrees with its peers'. Until it is said, it does; while it does
    /// not, nothing is signed.
    Clock {
        /// Whether it does.
        trusted: bool,
    },
    /// Whether it has been told all that was said before. Until it is denied, it has; while it has not,
    /// nothing is signed: it would write down that it holds less than it does.
    Told {
        /// Whether it has.
        all: bool,
    },
    /// Somebody said something, itself included.
    Message(Message),
}

/// What a witness wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Keep this durably, then sign it and send it to all.
    Sign(Duty),
    /// Someone has contradicted itself: keep and show it. Said once of each validator and kind.
    Evidence(Evidence),
    /// Others have this manifest of an author that signs many: hand it in once more. Those that nobody
    /// vouches for are not kept.
    Want(Named),
    /// Others have witnessed this ballot, which is not here: hand it in once more. There may have been no
    /// room for it when it came.
    WantBallot(EntryId),
    /// Enough seals and all they name are there: a closing can be assembled. Said once.
    Closable,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// A ballot that does not count.
    #[error("a ballot that does not count")]
    Ballot(#[from] BallotError),
    /// Something else that breaks a rule.
    #[error("a message that breaks a rule")]
    Fault(#[from] Fault),
}

/// From when on validators write down what they hold, and from when on they may seal at the earliest:
/// T + d and T + d + (f + 1) × d.
#[must_use]
pub fn closes_between(case: &Case<'_>) -> (Timestamp, Timestamp) {
    let steps = Steps::of(case);
    (steps.manifest, steps.end)
}

/// When the steps of a phase's end begin and end.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// When manifests are signed: T + d.
    manifest: Timestamp,
    /// d, in milliseconds.
    length_ms: u64,
    /// The last moment of the last step: T + d + (f + 1) × d.
    end: Timestamp,
}

impl Steps {
    fn of(case: &Case<'_>) -> Self {
        let terms = case.charter.terms();
        let seconds = terms.gossip_bound_seconds + 2 * terms.clock_bound_seconds;
        let length_ms = seconds * 1_000;
        let manifest = case.phase.deadline.plus_ms(length_ms);
        let steps = case.phase.validators.sizes().witnesses() as u64;
        let end = manifest.plus_ms(steps * length_ms);
        Self {
            manifest,
            length_ms,
            end,
        }
    }

    /// How many have statements of others a manifest needs to be accepted at that time: s − 1 in
    /// step s.
    fn haves(&self, now: Timestamp) -> usize {
        let steps = now.since_ms(self.manifest).div_ceil(self.length_ms);
        usize::try_from(steps.max(1) - 1).unwrap_or(usize::MAX)
    }
}

/// One validator in one phase.
#[derive(Debug, Clone)]
pub struct Witness {
    me: ValidatorIndex,
    opened_final: Timestamp,
    is_trusted: bool,
    is_told: bool,
    gathered: Gathered,
    claims: Claims,
    usable: BTreeSet<Named>,
    /// About which ballot something is missing that a manifest lists; `None` if it breaks a rule.
    waits_for: BTreeMap<Named, Option<EntryId>>,
    accepted: BTreeSet<Named>,
    has_manifest: bool,
    has_sealed: bool,
    shown: BTreeSet<(&'static str, ValidatorIndex)>,
    is_closable: bool,
}

impl Witness {
    /// The witness of a phase whose opening became final here at that time.
    #[must_use]
    pub fn new(me: ValidatorIndex, opened_final: Timestamp) -> Self {
        Self {
            me,
            opened_final,
            is_trusted: true,
            is_told: true,
            gathered: Gathered::new(),
            claims: Claims::default(),
            usable: BTreeSet::new(),
            waits_for: BTreeMap::new(),
            accepted: BTreeSet::new(),
            has_manifest: false,
            has_sealed: false,
            shown: BTreeSet::new(),
            is_closable: false,
        }
    }

    /// The witness again, with every duty it has asked for. Messages are to be given to it again.
    #[must_use]
    pub fn restore(me: ValidatorIndex, opened_final: Timestamp, journal: &[Duty]) -> Self {
        let mut witness = Self::new(me, opened_final);
        for duty in journal {
            match duty {
                Duty::Leaves { claim, leaves, .. } => witness.claims.restore(*claim, leaves),
                Duty::Manifest(bytes) => {
                    witness.has_manifest = true;
                    if let Ok(manifest) = Manifest::from_bytes(bytes) {
                        witness.opened_final = manifest.opened_final;
                    }
                }
                Duty::Have(named) => {
                    witness.accepted.insert(*named);
                }
                Duty::Seal { .. } => witness.has_sealed = true,
            }
        }
        witness
    }

    /// What it has seen.
    #[must_use]
    pub fn gathered(&self) -> &Gathered {
        &self.gathered
    }

    /// Takes an input at a time by this machine's clock.
    ///
    /// # Errors
    /// When a message does not count or breaks a rule; nothing is done then.
    pub fn handle(
        &mut self,
        now: Timestamp,
        input: Input,
        case: &Case<'_>,
    ) -> Result<Vec<Output>, MessageError> {
        let mut outputs = Vec::new();
        match input {
            Input::Wake => {}
            Input::Clock { trusted } => self.is_trusted = trusted,
            Input::Told { all } => self.is_told = all,
            Input::Message(message) => self.take(now, &message, case, &mut outputs)?,
        }
        if self.is_trusted && self.is_told {
            let steps = Steps::of(case);
            outputs.extend(self.claims.due(now, case, steps, self.has_manifest));
            self.sign_manifest(now, case, steps, &mut outputs);
            self.accept(now, case, steps, &mut outputs);
            self.sign_seal(now, case, steps, &mut outputs);
        }
        if !self.is_closable && self.has_enough_seals(case) {
            self.is_closable = true;
            outputs.push(Output::Closable);
        }
        Ok(outputs)
    }

    /// When it wants to be woken, if nothing else happens.
    #[must_use]
    pub fn wake(&self, case: &Case<'_>) -> Option<Timestamp> {
        if !self.is_trusted || !self.is_told {
            return None;
        }
        let steps = Steps::of(case);
        let manifest = (!self.has_manifest).then_some(steps.manifest);
        // Once the steps are over it seals when enough manifests have come.
        let waits = self.has_sealed || self.names().len() < case.phase.validators.sizes().quorum();
        let seal = (!waits).then_some(steps.end.plus_ms(1));
        let claims = self.claims.wake(case, steps);
        [manifest, seal, claims].into_iter().flatten().min()
    }

    fn take(
        &mut self,
        now: Timestamp,
        message: &Message,
        case: &Case<'_>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), MessageError> {
        match message {
            Message::Ballot(pair) => {
                if let Some(taken) = self.gathered.take_ballot(case, &pair.0, &pair.1)? {
                    let leaf = taken.ballot.leaf();
                    if !taken.is_beyond {
                        self.claims.saw(now, &leaf);
                    }
                    self.claims.look(now, case, &self.gathered, &leaf);
                }
            }
            Message::Leaves(signed) => {
                if self.gathered.take_leaves(case, signed)? {
                    if signed.validator == self.me {
                        self.claims.restore(signed.claim, signed.leaves());
                    }
                    for leaf in signed.leaves() {
                        let (validator, gathered) = (signed.validator, &self.gathered);
                        if gathered.ballot_of(&leaf.ballot).is_some() {
                            self.claims.look(now, case, gathered, leaf);
                        } else if gathered.lacks(case, leaf) {
                            outputs.push(Output::WantBallot(leaf.ballot));
                        }
                        let found = gathered.receipts_in_conflict(validator, leaf.voter, leaf.slot);
                        show(&mut self.shown, "receipts", validator, found, outputs);
                    }
                }
            }
            Message::Manifest(signed) => {
                if let Some(Named { author, .. }) = self.gathered.take_manifest(case, signed)? {
                    self.has_manifest |= author == self.me;
                    let found = self.gathered.manifests_in_conflict(author);
                    show(&mut self.shown, "manifests", author, found, outputs);
                }
            }
            Message::Have(have) => {
                if self.gathered.take_have(case, have)? {
                    if have.validator == self.me {
                        self.accepted.insert(have.named);
                    }
                    self.want(std::slice::from_ref(&have.named), outputs);
                }
            }
            Message::Seal(seal) => {
                if self.gathered.take_seal(case, seal)? {
                    self.has_sealed |= seal.validator == self.me;
                    self.want(&seal.names, outputs);
                }
                let found = self.gathered.seals_in_conflict(seal.validator);
                show(&mut self.shown, "seals", seal.validator, found, outputs);
            }
        }
        let heard_of: BTreeSet<EntryId> = match message {
            Message::Ballot(pair) => [pair.0.id(case.federation)].into(),
            Message::Leaves(signed) => signed.leaves().iter().map(|leaf| leaf.ballot).collect(),
            Message::Manifest(_) => BTreeSet::new(),
            Message::Have(_) | Message::Seal(_) => return Ok(()),
        };
        self.find_usable(case, &heard_of);
        Ok(())
    }

    /// Asks for manifests that others vouch for and that there was no room for when they came. One
    /// that has not come yet needs no asking: it is taken when it does.
    fn want(&self, names: &[Named], outputs: &mut Vec<Output>) {
        let missing = names.iter().filter(|named| {
            !self.gathered.manifests.contains_key(named) && self.gathered.is_full_of(named.author)
        });
        outputs.extend(missing.map(|named| Output::Want(*named)));
    }

    /// What is usable stays so: nothing that was gathered goes away. What waits for something about a
    /// ballot is looked at again when that is heard of, and what is invalid never.
    fn find_usable(&mut self, case: &Case<'_>, heard_of: &BTreeSet<EntryId>) {
        for (named, (manifest, _)) in &self.gathered.manifests {
            let is_judged = match self.waits_for.get(named) {
                Some(Some(ballot)) => !heard_of.contains(ballot),
                Some(None) => true,
                None => self.usable.contains(named),
            };
            if is_judged {
                continue;
            }
            let waits_for = match manifest.judge(case, &self.gathered) {
                Ok(()) => {
                    self.waits_for.remove(named);
                    self.usable.insert(*named);
                    continue;
                }
                Err(Refused::NotYet(Missing::Ballot(ballot) | Missing::Receipt { ballot, .. })) => {
                    Some(ballot)
                }
                Err(_) => None,
            };
            self.waits_for.insert(*named, waits_for);
        }
    }

    fn sign_manifest(
        &mut self,
        now: Timestamp,
        case: &Case<'_>,
        steps: Steps,
        outputs: &mut Vec<Output>,
    ) {
        if self.has_manifest || now < steps.manifest {
            return;
        }
        self.has_manifest = true;
        let manifest = self.gathered.manifest(case, self.me, self.opened_final);
        outputs.push(Output::Sign(Duty::Manifest(manifest.to_bytes())));
    }

    /// Accepts the usable manifests that come in time, or when the time is over and too few have,
    /// those that come.
    fn accept(&mut self, now: Timestamp, case: &Case<'_>, steps: Steps, outputs: &mut Vec<Output>) {
        let is_over = now > steps.end;
        let has_enough = self.names().len() >= case.phase.validators.sizes().quorum();
        if self.has_sealed || (is_over && has_enough) {
            return;
        }
        let needed = if is_over { 0 } else { steps.haves(now) };
        for named in self.usable.difference(&self.accepted.clone()) {
            let of_author = self.accepted.iter();
            let of_author = of_author.filter(|other| other.author == named.author);
            if of_author.count() < ACCEPTED_OF_AUTHOR_MAX && self.gathered.haves(named) >= needed {
                self.accepted.insert(*named);
                outputs.push(Output::Sign(Duty::Have(*named)));
            }
        }
    }

    /// The manifests it would name: those accepted, none of an author of whom there are two.
    fn names(&self) -> Vec<Named> {
        let accepted: Vec<Named> = self.accepted.iter().copied().collect();
        let by_author = accepted.chunk_by(|one, other| one.author == other.author);
        by_author
            .filter_map(|of_author| match of_author {
                [named] => Some(*named),
                _ => None,
            })
            .collect()
    }

    fn sign_seal(
        &mut self,
        now: Timestamp,
        case: &Case<'_>,
        steps: Steps,
        outputs: &mut Vec<Output>,
    ) {
        let names = self.names();
        let is_enough = names.len() >= case.phase.validators.sizes().quorum();
        if self.has_sealed || now <= steps.end || !is_enough {
            return;
        }
        self.has_sealed = true;
        outputs.push(Output::Sign(Duty::Seal { time: now, names }));
    }

    fn has_enough_seals(&self, case: &Case<'_>) -> bool {
        self.seals() >= case.phase.validators.sizes().quorum()
    }

    /// How many seals are here that a closing could carry, with all that they name.
    #[must_use]
    pub fn seals(&self) -> usize {
        let usable = self
            .gathered
            .seals
            .values()
            .filter(|seals| match &seals[..] {
                [seal] => seal.names.iter().all(|named| self.usable.contains(named)),
                _ => false,
            });
        usable.count()
    }
}

fn show(
    shown: &mut BTreeSet<(&'static str, ValidatorIndex)>,
    kind: &'static str,
    validator: ValidatorIndex,
    found: Option<Evidence>,
    outputs: &mut Vec<Output>,
) {
    if let Some(evidence) = found
        && shown.insert((kind, validator))
    {
        outputs.push(Output::Evidence(evidence));
    }
}
