//! How a height is opened, agreed on and closed.

use domain::id::{Hash, Timestamp};

use super::{Decision, Message, Output, Record, Registrar, Topic, VALUES_MAX};
use crate::{
    agreement::{
        self, Agreement, AgreementError, Certificate, Place, Reaction as Agreed, Verdict,
        Verification, verify,
    },
    batch::Batch,
    registrar::Reaction,
    witness,
};

impl<V: Verification> Registrar<V> {
    /// A value of the next height has come.
    pub(super) fn value(
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
    pub(super) fn hear(&mut self, message: &agreement::Message) {
        let place = (self.chain.epoch(), self.chain.height() + 1);
        if (message.epoch(), message.height()) != place {
            return;
        }
        let signer = message.signer().filter(|signer| {
            let validator = self.chain.validators().get(*signer);
            validator.is_some_and(|one| message.is_by(&self.chain.federation(), &one.key))
        });
        self.heard.extend(signer);
    }

    /// Opens the next height when there is something to decide, or more of the others than may lie
    /// say so.
    pub(super) fn begin_height(
        &mut self,
        now: Timestamp,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        if self.open_since.is_some() || self.chain.rules_missing().is_some() {
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
        self.open_since = Some(now);
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
    pub(super) fn learn(
        &mut self,
        now: Timestamp,
        batch: Batch,
        certificate: Certificate,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let place = Place {
            federation: self.chain.federation(),
            epoch: self.chain.epoch(),
            height: self.chain.height() + 1,
        };
        self.look_back_at(&certificate)?;
        if verify(&certificate, &place, self.chain.validators()).is_err() {
            return Ok(());
        }
        if self.open_since.is_none() {
            self.open_height(now, reaction)?;
        }
        self.value(now, batch, reaction)?;
        self.agree(now, agreement::Input::Certificate(certificate), reaction)
    }

    /// Tells the engine something and does what it asks.
    pub(super) fn agree(
        &mut self,
        now: Timestamp,
        input: agreement::Input,
        reaction: &mut Reaction,
    ) -> Result<(), AgreementError> {
        let Agreed { journal, outputs } = self.engine.handle(input)?;
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
        let before = std::mem::replace(&mut self.chain, chain);
        self.open_since = None;
        self.values.clear();
        self.asked.clear();
        self.heard.clear();
        self.timers.clear();
        self.motions.clear();
        self.stirred = true;
        self.wishes.forget(&self.chain);
        self.take_posts(now, reaction);
        self.follow_stalls(now, before.validators().hash(), reaction);
        reaction.outputs.push(Output::Decided(Box::new(Decision {
            batch,
            certificate,
            happened,
        })));
        let next = Topic::Height(self.chain.height() + 1);
        reaction.outputs.push(Output::Again(next));
        Ok(())
    }

    /// Takes a post at every phase that has been opened.
    pub(super) fn take_posts(&mut self, now: Timestamp, reaction: &mut Reaction) {
        for phase in self.posts.follow(now, &self.chain, self.key.as_ref()) {
            reaction.journal.push(Record::Opened { phase, time: now });
            let again = Output::Again(Topic::Phase(phase));
            reaction.outputs.push(again);
            if !self.is_trusted {
                let clock = witness::Input::Clock { trusted: false };
                self.tell(now, &phase, &clock, reaction);
            }
        }
    }
}
