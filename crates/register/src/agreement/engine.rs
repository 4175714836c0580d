//! The engine: Tendermint by `arc-malachitebft-core-consensus`, one state per height.
//!
//! What the library would panic or misjudge on is checked here before it gets there: heights,
//! epochs, rounds, indices, proposers, locks. Values are judged by the caller only (the library's
//! `ProposalOnly` mode would hold every value to be valid), no target time is set (the library would
//! read a clock), and each height gets a fresh state, since a validator's index may change.

use arc_malachitebft_core_consensus::{Params, State};
use arc_malachitebft_core_types::{ThresholdParams, ValuePayload};
use domain::{id::FederationId, key::SecretKey};

use super::{
    Agreement, AgreementError, Input, Output, Reaction,
    certificate::Certificate,
    context::{Address, Context, Height, Voices, number},
    desk::{Desk, Office},
    error::Refusal,
    open::Open,
    proposers::proposers,
    statement::Place,
    timers::Timeouts,
    verification::{Strict, Verification},
};
use crate::validators::ValidatorSet;

/// Who takes part in which register.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The federation.
    pub federation: FederationId,
    /// The epoch of the register.
    pub epoch: u64,
    /// The validator key. Without one the node observes; it must be without one when it is not
    /// certain that its journal is whole.
    pub key: Option<SecretKey>,
}

/// Agreement, one height after the other.
pub struct Engine<V = Strict> {
    federation: FederationId,
    epoch: u64,
    pub(super) office: Office<V>,
    next: u64,
    open: Option<Open>,
    /// The last certificate and who was to sign it: a second one for another value is the proof
    /// that agreement is broken.
    last: Option<(Certificate, ValidatorSet)>,
    stopped: bool,
}

impl Engine {
    /// An engine whose first height is `next`.
    #[must_use]
    pub fn new(identity: Identity, timeouts: Timeouts, next: u64) -> Self {
        Self::with_verification(identity, timeouts, next, Strict)
    }
}

impl<V: Verification> Agreement for Engine<V> {
    fn handle(&mut self, input: Input) -> Result<Reaction, AgreementError> {
        if self.stopped {
            return Err(AgreementError::Stopped);
        }
        let result = self.take(input);
        if result.as_ref().is_err_and(AgreementError::is_final) {
            self.stopped = true;
            self.open = None;
        }
        result
    }

    fn height(&self) -> u64 {
        self.next
    }

    fn round(&self) -> Option<u32> {
        self.open.as_ref().map(|open| number(open.state.round()))
    }
}

impl<V: Verification> Engine<V> {
    /// As [`Engine::new`], with another way to get the same answers of strict verification.
    #[must_use]
    pub fn with_verification(
        identity: Identity,
        timeouts: Timeouts,
        next: u64,
        verification: V,
    ) -> Self {
        Self {
            federation: identity.federation,
            epoch: identity.epoch,
            office: Office {
                key: identity.key,
                timeouts,
                verification,
            },
            next,
            open: None,
            last: None,
            stopped: false,
        }
    }

    /// Goes on in another epoch, at the same height: what is open is left, and nothing is signed in the
    /// epoch before any more.
    pub fn go_on_in(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.open = None;
    }

    /// From now on it waits as long as these say.
    pub fn wait_by(&mut self, timeouts: Timeouts) {
        self.office.timeouts = timeouts;
    }

    fn take(&mut self, input: Input) -> Result<Reaction, AgreementError> {
        match input {
            Input::Start {
                height,
                set,
                journal,
            } => {
                if let Some(open) = &self.open {
                    return Err(AgreementError::Open(open.desk.place.height));
                }
                if height != self.next {
                    let (expected, found) = (self.next, height);
                    return Err(AgreementError::Sequence { expected, found });
                }
                let mut open = self.begin(set);
                open.start(&self.office, &journal)?;
                self.close(open)
            }
            Input::Certificate(certificate) if self.is_past(&certificate) => {
                self.compare(certificate)
            }
            input => match self.open.take() {
                Some(mut open) => {
                    open.take(&self.office, input)?;
                    self.close(open)
                }
                None => Ok(Self::without_height(&input)),
            },
        }
    }

    fn begin(&self, set: ValidatorSet) -> Open {
        let place = Place {
            federation: self.federation,
            epoch: self.epoch,
            height: self.next,
        };
        let key = self.office.key.as_ref().map(SecretKey::public);
        let me = key.and_then(|key| set.index_of(&key));
        let voices = Voices::new(proposers(&place, &set));
        let params = Params {
            address: me.map_or(Address::OBSERVER, Address),
            threshold_params: ThresholdParams::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: me.is_some(),
        };
        let height = Height(place.height);
        // Messages of other heights never reach it, so its queue needs no room.
        let state = State::new(Context, height, voices.clone(), params, 1, 1);
        Open {
            state,
            desk: Desk::new(place, set, me),
            voices,
        }
    }

    /// Hands out what follows, and keeps the height open unless it is decided.
    fn close(&mut self, mut open: Open) -> Result<Reaction, AgreementError> {
        let reaction = std::mem::take(&mut open.desk.reaction);
        match open.desk.decided.take() {
            Some(certificate) => {
                self.next += 1;
                self.last = Some((certificate, open.desk.set));
            }
            None => self.open = Some(open),
        }
        Ok(reaction)
    }

    fn is_past(&self, certificate: &Certificate) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(|(last, _)| last.height == certificate.height)
    }

    /// A certificate of the height that was decided last: for the same value, or proof that
    /// agreement is broken.
    fn compare(&mut self, certificate: Certificate) -> Result<Reaction, AgreementError> {
        let Some((last, set)) = &self.last else {
            return Ok(Reaction::default());
        };
        if last.value == certificate.value {
            return Ok(Reaction::default());
        }
        let place = Place {
            federation: self.federation,
            epoch: last.epoch,
            height: last.height,
        };
        match certificate.verify_with(&place, set, &self.office.verification) {
            Ok(()) => {
                let (ours, theirs) = (Box::new(last.clone()), Box::new(certificate));
                Err(AgreementError::Disagreement(ours, theirs))
            }
            Err(error) => Ok(refusal(error.into())),
        }
    }

    fn without_height(input: &Input) -> Reaction {
        let found = match input {
            Input::Message(message) => message.height(),
            Input::Certificate(certificate) => certificate.height,
            // Late answers and timers of a height that is over.
            _ => return Reaction::default(),
        };
        refusal(Refusal::Height { open: None, found })
    }
}

fn refusal(refusal: Refusal) -> Reaction {
    Reaction {
        journal: Vec::new(),
        outputs: vec![Output::Refused(refusal)],
    }
}
