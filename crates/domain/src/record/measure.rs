//! Records by which decisions change the federation itself: proposals that do something once they
//! are passed, who asks to be admitted, and who was.

use super::{Amendment, Newcomer, Proposal};
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    effect::{Applicant, Effect},
    id::MemberId,
};

/// A proposal that does something by itself once it is passed, and its first version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The proposal.
    pub proposal: Proposal,
    /// What it does.
    pub effect: Effect,
}

impl Encode for Measure {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.proposal).value(&self.effect);
    }
}

impl Decode for Measure {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            proposal: decoder.value()?,
            effect: decoder.value()?,
        })
    }
}

/// A new version of a proposal, which does something by itself once it is passed. A version without
/// an effect is an [`Amendment`], whatever the one before it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendedMeasure {
    /// The new version.
    pub amendment: Amendment,
    /// What it does.
    pub effect: Effect,
}

impl Encode for AmendedMeasure {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.amendment).value(&self.effect);
    }
}

impl Decode for AmendedMeasure {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            amendment: decoder.value()?,
            effect: decoder.value()?,
        })
    }
}

/// A newcomer whom a decision of the register admitted takes up its membership: the first entry of
/// its root log. It is stored by nodes whose register says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enter {
    /// The member.
    pub member: MemberId,
    /// Root key, name and class, as decided.
    pub newcomer: Newcomer,
}

impl Encode for Enter {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.member).value(&self.newcomer);
    }
}

impl Decode for Enter {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            member: decoder.value()?,
            newcomer: decoder.value()?,
        })
    }
}

/// A co-op or person asks the federation to be admitted by decision, through a member's node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applying {
    /// Who, on what terms, with its signature.
    pub applicant: Applicant,
}

impl Encode for Applying {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).value(&self.applicant);
    }
}

impl Decode for Applying {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        Ok(Self {
            applicant: decoder.value()?,
        })
    }
}
