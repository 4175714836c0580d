//! How a phase stands in the register's state.

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    record::VOTERS_MAX,
};

use super::{Cause, Phase, Question, VoterIndex};
use crate::says::Standing;

impl Encode for VoterIndex {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(u64::from(self.0));
    }
}

impl Decode for VoterIndex {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let index = decoder.uint_to("voter", VOTERS_MAX as u64 - 1)?;
        Ok(Self(index as u16))
    }
}

impl Encode for Phase {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(21)
            .value(&self.id)
            .uint(self.cause as u64)
            .uint(self.question as u64)
            .value(&self.vote)
            .value(&self.proposal)
            .value(&self.version)
            .value(&self.text)
            .value(&self.rule)
            .value(&self.charter)
            .value(&self.proposer)
            .list(self.electorate.iter())
            .value(&self.validators)
            .value(&self.opened)
            .value(&self.deadline)
            .uint(self.period_ms)
            .uint(self.late_block_ms)
            .uint(self.extension_ms)
            .uint(self.integration_ms)
            .uint(u64::from(self.answered_late_block))
            .uint(u64::from(self.extended))
            .array(self.pinned.len());
        for (voter, standing) in &self.pinned {
            encoder.array(2).value(voter).value(standing);
        }
    }
}

impl Decode for Phase {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(21)?;
        let id = decoder.value()?;
        let cause = Cause::ALL[decoder.uint_to("cause", 6)? as usize];
        let question = Question::ALL[decoder.uint_to("question", 2)? as usize];
        let phase = Self {
            id,
            cause,
            question,
            vote: decoder.value()?,
            proposal: decoder.value()?,
            version: decoder.value()?,
            text: decoder.value()?,
            rule: decoder.value()?,
            charter: decoder.value()?,
            proposer: decoder.value()?,
            electorate: decoder.list("electorate", VOTERS_MAX)?,
            validators: decoder.value()?,
            opened: decoder.value()?,
            deadline: decoder.value()?,
            period_ms: decoder.uint()?,
            late_block_ms: decoder.uint()?,
            extension_ms: decoder.uint()?,
            integration_ms: decoder.uint()?,
            answered_late_block: decoder.uint_to("answered late block", 1)? == 1,
            extended: decoder.uint_to("extended", 1)? == 1,
            pinned: decode_pinned(decoder)?,
        };
        let checked = phase.check();
        checked.map_err(|_| DecodeError::Invalid("a phase against its own rules"))?;
        Ok(phase)
    }
}

fn decode_pinned(decoder: &mut Decoder<'_>) -> Result<BTreeMap<VoterIndex, Standing>, DecodeError> {
    let length = decoder.array_to("pinned", VOTERS_MAX)?;
    let mut pinned = BTreeMap::<VoterIndex, Standing>::new();
    for _ in 0..length {
        decoder.array(2)?;
        let voter = decoder.value()?;
        if pinned
            .last_key_value()
            .is_some_and(|(last, _)| *last >= voter)
        {
            return Err(DecodeError::Unsorted("pinned"));
        }
        pinned.insert(voter, decoder.value()?);
    }
    Ok(pinned)
}
