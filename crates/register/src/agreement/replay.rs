//! Starting a height, from nothing or from its journal.

use arc_malachitebft_core_consensus::Input as EngineInput;
use arc_malachitebft_core_types::ValueOrigin;
use domain::cbor::Encode;

use super::{
    AgreementError, Output,
    context::Context,
    convert::{engine_input, response, start_input, timeout},
    desk::Office,
    journal::Record,
    open::Open,
    statement::{Message, ROUND_MAX, Signed, Statement, signed_bytes},
    verification::Verification,
};

impl Open {
    /// Starts the height and works through what was written down for it. What follows from the
    /// journal is not written again; own statements come from it and are not signed again.
    pub(super) fn start<V: Verification>(
        &mut self,
        office: &Office<V>,
        journal: &[Record],
    ) -> Result<(), AgreementError> {
        for (index, record) in journal.iter().enumerate() {
            let height = self.desk.place.height;
            if record.height() != height || !self.belongs(office, record) {
                return Err(AgreementError::Journal { height, index });
            }
            self.remember(record)?;
            self.desk.written.insert(record.to_bytes());
        }
        let inputs: Vec<_> = journal.iter().map(|record| self.input(record)).collect();
        let restart = !journal.is_empty();
        if restart {
            self.state.index_wal_entries(&inputs);
        }
        let start = start_input(self, restart);
        self.drive(office, start)?;
        for input in inputs {
            self.drive(office, input)?;
        }
        self.state.reset_entries_index();
        self.desk.written.clear();
        self.follow_certificate(office)?;
        self.tidy();
        Ok(())
    }

    /// Whether a record can have been written at this height: what it holds was verified before,
    /// but the disk is not to be believed.
    fn belongs<V: Verification>(&self, office: &Office<V>, record: &Record) -> bool {
        match record {
            Record::Message(message) => {
                let (set, place) = (&self.desk.set, &self.desk.place);
                let verification = &office.verification;
                let federation = &place.federation;
                let is_signed = |validator, bytes: &[u8], signature| {
                    let known = set.get(validator);
                    known.is_some_and(|known| verification.verify(&known.key, bytes, signature))
                };
                let verified = match message {
                    Message::Proposal(of) => {
                        let bytes = signed_bytes(federation, &of.statement);
                        is_signed(of.validator, &bytes, &of.signature)
                    }
                    Message::Vote(of) => {
                        let bytes = signed_bytes(federation, &of.statement);
                        is_signed(of.validator, &bytes, &of.signature)
                    }
                    Message::Polka(polka) => polka.verify_with(place, set, verification).is_ok(),
                };
                verified && self.check_replayed(message)
            }
            Record::Certificate(certificate) => {
                let (place, set) = (&self.desk.place, &self.desk.set);
                let verified = certificate.verify_with(place, set, &office.verification);
                verified.is_ok() && certificate.round <= ROUND_MAX
            }
            Record::Judged { round, .. } => *round <= ROUND_MAX,
            Record::Fired(timer) => timer.round <= ROUND_MAX,
        }
    }

    /// The checks of a message from outside, but for how far ahead it is.
    fn check_replayed(&self, message: &Message) -> bool {
        match self.check(message) {
            Ok(()) | Err(super::Refusal::Ahead { .. }) => true,
            Err(_) => false,
        }
    }

    /// Remembers what this node signed and what the caller judged.
    fn remember(&mut self, record: &Record) -> Result<(), AgreementError> {
        let desk = &mut self.desk;
        match record {
            Record::Message(Message::Vote(of)) if Some(of.validator) == desk.me => {
                let slot = (of.statement.round, of.statement.step);
                same(of, desk.votes.insert(slot, *of))
            }
            Record::Message(Message::Proposal(of)) if Some(of.validator) == desk.me => {
                same(of, desk.proposals.insert(of.statement.round, *of))
            }
            Record::Judged {
                round,
                value,
                valid,
                ..
            } => {
                desk.asked.entry(*value).or_insert(*round);
                desk.judged.insert(*value, *valid);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn input(&self, record: &Record) -> EngineInput<Context> {
        match record {
            Record::Message(message) => engine_input(message),
            Record::Judged {
                round,
                value,
                valid,
                ..
            } => {
                let value = self.proposed(*value, *round, *valid);
                EngineInput::ProposedValue(value, ValueOrigin::Consensus)
            }
            Record::Fired(timer) => EngineInput::TimeoutElapsed(timeout(timer)),
            Record::Certificate(certificate) => {
                EngineInput::SyncValueResponse(response(certificate))
            }
        }
    }

    /// Drops questions that the journal has answered.
    fn tidy(&mut self) {
        let own = self.state.round();
        let proposing = self.state.driver.step_is_propose();
        let open = |asked: u32| proposing && own.as_u32() == Some(asked);
        let judged = &self.desk.judged;
        self.desk.reaction.outputs.retain(|output| match output {
            Output::Judge { value, .. } => !judged.contains_key(value),
            Output::NeedValue { round } => open(*round),
            _ => true,
        });
    }
}

/// A journal never holds two statements of this node that exclude each other.
fn same<S: Statement>(of: &Signed<S>, before: Option<Signed<S>>) -> Result<(), AgreementError> {
    match before {
        Some(before) if before.statement != of.statement => Err(AgreementError::Divergence {
            height: of.statement.height(),
            round: of.statement.round(),
        }),
        _ => Ok(()),
    }
}
