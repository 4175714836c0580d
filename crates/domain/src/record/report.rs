//! What mediators report on the conflict about a proposal.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::ProposalId,
};

/// The longest report, in bytes.
pub const REPORT_BYTES_MAX: usize = 8 * 1024;

/// A mediator reports on the conflict about a proposal. The report in words is the note, which is
/// never empty. The last one of those who mediate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The proposal in conflict.
    pub proposal: ProposalId,
    /// Whether the mediators recommend the fallback vote.
    pub recommends_vote: bool,
}

impl Encode for Report {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.proposal)
            .uint(u64::from(self.recommends_vote));
    }
}

impl Decode for Report {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            proposal: decoder.value()?,
            recommends_vote: decoder.uint_to("recommends a vote", 1)? == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_comes_back_with_and_without_a_recommendation() {
        for recommends_vote in [false, true] {
            let report = Report {
                proposal: crate::id::EntryId([1; 32]),
                recommends_vote,
            };
            assert_eq!(Report::from_bytes(&report.to_bytes()), Ok(report));
        }
    }
}
