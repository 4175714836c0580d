//! Manifests: what one validator holds when the time is over, in full, with the receipts pinned
//! (rule R5).

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    decision::Slot,
    id::{EntryId, FederationId, Hash, PhaseId, Timestamp},
    record::VOTERS_MAX,
};

use crate::{
    ballot::ProvenBallot,
    counting::{LISTED_MAX, Listed},
    fault::{Fault, Missing, Refused},
    leaves::{decode_slot, encode_slot},
    phase::{Case, VoterIndex},
    sizes::{Sizes, VALIDATORS_MAX},
    validators::ValidatorIndex,
};

const PREFIX: &[u8] = b"folkmoot/manifest/1\0";
const FORMAT: u64 = 1;
/// The longest manifest, in bytes: that of 100 validators and 500 voters with two ballots each.
pub const MANIFEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A receipt as a manifest pins it: enough to find the signed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinnedReceipt {
    /// When it was signed. Receipts are in order of time, then of validators.
    pub time: Timestamp,
    /// Who signed it.
    pub validator: ValidatorIndex,
    /// The root of its batch.
    pub root: Hash,
}

impl Encode for PinnedReceipt {
    fn encode(&self, encoder: &mut Encoder) {
        let encoder = encoder.array(3).value(&self.validator);
        encoder.value(&self.time).value(&self.root);
    }
}

impl Decode for PinnedReceipt {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let validator = decoder.value()?;
        Ok(Self {
            validator,
            time: decoder.value()?,
            root: decoder.value()?,
        })
    }
}

/// A ballot that its author holds, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBallot {
    /// The ballot.
    pub ballot: EntryId,
    /// The f+1 earliest receipts for it, of different validators, ascending.
    pub receipts: Vec<PinnedReceipt>,
}

impl Encode for HeldBallot {
    fn encode(&self, encoder: &mut Encoder) {
        let encoder = encoder.array(2).value(&self.ballot);
        encoder.list(self.receipts.iter());
    }
}

impl Decode for HeldBallot {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let ballot = decoder.value()?;
        let most = Sizes::of(VALIDATORS_MAX).witnesses();
        let receipts: Vec<PinnedReceipt> = decoder.set("receipts", most)?;
        let seen = |at: usize| {
            let earlier = receipts[..at].iter();
            earlier
                .map(|receipt| receipt.validator)
                .any(|validator| validator == receipts[at].validator)
        };
        if (0..receipts.len()).any(seen) {
            return Err(DecodeError::Invalid("one receipt of each validator"));
        }
        Ok(Self { ballot, receipts })
    }
}

/// What its author holds of one voter: of the highest slot one ballot, or two that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The voter.
    pub voter: VoterIndex,
    /// The highest slot held.
    pub slot: Slot,
    /// The ballots there, ascending by id.
    pub ballots: Vec<HeldBallot>,
}

impl Row {
    /// As counting takes it.
    #[must_use]
    pub fn listed(&self) -> Listed {
        Listed {
            slot: self.slot,
            ballots: self
                .ballots
                .iter()
                .map(|held| Hash(held.ballot.0))
                .collect(),
        }
    }
}

impl Encode for Row {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).value(&self.voter);
        encode_slot(encoder, self.slot);
        encoder.list(self.ballots.iter());
    }
}

impl Decode for Row {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let row = Self {
            voter: decoder.value()?,
            slot: decode_slot(decoder)?,
            ballots: decoder.list("ballots of a row", LISTED_MAX)?,
        };
        if row.ballots.is_empty() {
            return Err(DecodeError::Invalid("a row has a ballot"));
        }
        let ascends = |pair: &[HeldBallot]| pair[0].ballot < pair[1].ballot;
        if !row.ballots.windows(2).all(ascends) {
            return Err(DecodeError::Unsorted("ballots of a row"));
        }
        Ok(row)
    }
}

/// What one validator holds at the end of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The phase.
    pub phase: PhaseId,
    /// Whose it is.
    pub author: ValidatorIndex,
    /// When the phase's opening became final there.
    pub opened_final: Timestamp,
    /// What it holds, ascending by voter.
    pub rows: Vec<Row>,
    /// What it holds by receipts from before a block is late, ascending by voter.
    pub early: Vec<Row>,
}

/// What a manifest rests on, wherever it is kept.
pub trait Holdings {
    /// A ballot that was judged.
    fn ballot(&self, id: &EntryId) -> Option<&ProvenBallot>;
    /// Whether a receipt for that ballot was verified.
    fn has_receipt(&self, ballot: &ProvenBallot, receipt: &PinnedReceipt) -> bool;
}

impl Manifest {
    /// The hash of an encoded manifest.
    #[must_use]
    pub fn hash_of(federation: &FederationId, bytes: &[u8]) -> Hash {
        Hash::of(&[PREFIX, &federation.0, bytes])
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is too long or not of its form.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let (found, most) = (bytes.len(), MANIFEST_BYTES_MAX);
        if found > most {
            return Err(Fault::TooLong { found, most });
        }
        Ok(Self::from_bytes(bytes)?)
    }

    /// Checks that it is of this phase and that every ballot and receipt it lists is there.
    ///
    /// # Errors
    /// When something is missing, or a row breaks a rule.
    pub fn judge(&self, case: &Case<'_>, holdings: &impl Holdings) -> Result<(), Refused> {
        let (named, judged) = (self.phase, case.phase.id);
        if named != judged {
            return Err(Fault::Phase { named, judged }.into());
        }
        if case.phase.validators.get(self.author).is_none() {
            return Err(Fault::Stranger(self.author).into());
        }
        for row in &self.rows {
            judge_row(case, holdings, row, case.phase.deadline)?;
        }
        let last = case.phase.early(case.charter);
        for row in &self.early {
            let place = self.rows.binary_search_by_key(&row.voter, |row| row.voter);
            let stands = place.is_ok_and(|place| self.rows[place].slot >= row.slot);
            match last {
                Some(last) if stands => judge_row(case, holdings, row, last)?,
                _ => return Err(Fault::Early(row.voter).into()),
            }
        }
        Ok(())
    }
}

fn judge_row(
    case: &Case<'_>,
    holdings: &impl Holdings,
    row: &Row,
    to: Timestamp,
) -> Result<(), Refused> {
    let needed = case.phase.validators.sizes().witnesses();
    let from = case.phase.opened;
    if case.phase.voter(row.voter).is_none() {
        return Err(Fault::Voter(row.voter).into());
    }
    let mut said = Vec::new();
    for HeldBallot { ballot, receipts } in &row.ballots {
        let (ballot, found) = (*ballot, receipts.len());
        if found != needed {
            let fault = Fault::Receipts {
                ballot,
                found,
                needed,
            };
            return Err(fault.into());
        }
        let proven = holdings.ballot(&ballot).ok_or(Missing::Ballot(ballot))?;
        if (proven.voter, proven.slot) != (row.voter, row.slot) {
            return Err(Fault::Place(ballot).into());
        }
        if said.contains(&proven.says) {
            return Err(Fault::Repeated(row.voter).into());
        }
        said.push(proven.says);
        for receipt in receipts {
            let (time, validator) = (receipt.time, receipt.validator);
            if case.phase.validators.get(validator).is_none() {
                return Err(Fault::Stranger(validator).into());
            }
            if time < from || time > to {
                return Err(Fault::Time { time, from, to }.into());
            }
            if !holdings.has_receipt(proven, receipt) {
                return Err(Missing::Receipt { validator, ballot }.into());
            }
        }
    }
    Ok(())
}

impl Encode for Manifest {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .uint(FORMAT)
            .value(&self.phase)
            .value(&self.author)
            .value(&self.opened_final)
            .list(self.rows.iter())
            .list(self.early.iter());
    }
}

impl Decode for Manifest {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        let format = decoder.uint()?;
        if format != FORMAT {
            return Err(DecodeError::Range {
                field: "manifest format",
                found: format,
                allowed: "1",
            });
        }
        Ok(Self {
            phase: decoder.value()?,
            author: decoder.value()?,
            opened_final: decoder.value()?,
            rows: decode_rows(decoder, "rows")?,
            early: decode_rows(decoder, "early rows")?,
        })
    }
}

fn decode_rows(decoder: &mut Decoder<'_>, field: &'static str) -> Result<Vec<Row>, DecodeError> {
    let rows: Vec<Row> = decoder.list(field, VOTERS_MAX)?;
    if rows.windows(2).all(|pair| pair[0].voter < pair[1].voter) {
        Ok(rows)
    } else {
        Err(DecodeError::Unsorted(field))
    }
}
