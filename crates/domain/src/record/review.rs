//! When what was decided is looked at again.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{ProposalId, Timestamp},
};

/// Says when a decision is reviewed; the last one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// The proposal that was decided.
    pub proposal: ProposalId,
    /// When; `None` takes the date back.
    pub date: Option<Timestamp>,
}

impl Encode for Review {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.proposal)
            .optional(self.date.as_ref());
    }
}

impl Decode for Review {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            proposal: decoder.value()?,
            date: decoder.optional()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_with_and_without_a_date_comes_back() {
        for date in [None, Some(Timestamp(7))] {
            let review = Review {
                proposal: crate::id::EntryId([1; 32]),
                date,
            };
            assert_eq!(Review::from_bytes(&review.to_bytes()), Ok(review));
        }
    }
}
