//! Many ballots under one signature: receipts and holds as a validator hands them out.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    decision::Slot,
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::{KeyError, PublicKey, SecretKey, Signature},
    record::REVISIONS_MAX,
};

use crate::{
    merkle::{self, LEAVES_MAX},
    statement::Statement,
    validators::ValidatorIndex,
};

/// A ballot as receipts and holds name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// Whose vote it is.
    pub voter: MemberId,
    /// Its place among the voter's ballots.
    pub slot: Slot,
    /// The ballot's entry.
    pub ballot: EntryId,
}

impl Leaf {
    /// Its hash in a tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        merkle::leaf_hash(&self.to_bytes())
    }
}

impl Encode for Leaf {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).value(&self.voter);
        encode_slot(encoder, self.slot);
        encoder.value(&self.ballot);
    }
}

impl Decode for Leaf {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            voter: decoder.value()?,
            slot: decode_slot(decoder)?,
            ballot: decoder.value()?,
        })
    }
}

/// A slot is two fields of what holds it: mandate, revision.
pub(crate) fn encode_slot(encoder: &mut Encoder, slot: Slot) {
    encoder.uint(slot.mandate).uint(u64::from(slot.revision));
}

pub(crate) fn decode_slot(decoder: &mut Decoder<'_>) -> Result<Slot, DecodeError> {
    let mandate = decoder.uint()?;
    let revision = decoder.uint_to("revision", u64::from(REVISIONS_MAX))? as u8;
    if mandate == 0 || revision == 0 {
        return Err(DecodeError::Invalid(
            "mandates and revisions are counted from 1",
        ));
    }
    Ok(Slot { mandate, revision })
}

/// What a validator says of the ballots it signs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// It has them, and will sign no other ballot for their slots.
    Receipts,
    /// It has them with f+1 receipts each.
    Holds,
}

impl Claim {
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Receipts => 1,
            Self::Holds => 2,
        }
    }

    /// What is signed.
    #[must_use]
    pub fn statement(self, phase: PhaseId, time: Timestamp, root: Hash) -> Statement {
        match self {
            Self::Receipts => Statement::Receipts { phase, time, root },
            Self::Holds => Statement::Holds { phase, time, root },
        }
    }
}

/// Leaves with a validator's signature over their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLeaves {
    /// What it says of them.
    pub claim: Claim,
    /// The phase.
    pub phase: PhaseId,
    /// Who signed.
    pub validator: ValidatorIndex,
    /// When it signed.
    pub time: Timestamp,
    /// The ballots, ascending, no voter with one slot twice, 1 to 256.
    leaves: Vec<Leaf>,
    /// The signature of [`SignedLeaves::statement`].
    pub signature: Signature,
}

impl SignedLeaves {
    /// Signs leaves, in any order.
    ///
    /// # Errors
    /// When there are none or more than a tree has, or one voter's slot is there twice.
    pub fn sign(
        claim: Claim,
        federation: &FederationId,
        phase: PhaseId,
        (validator, key): (ValidatorIndex, &SecretKey),
        time: Timestamp,
        mut leaves: Vec<Leaf>,
    ) -> Result<Self, DecodeError> {
        leaves.sort_unstable();
        check(&leaves)?;
        let statement = claim.statement(phase, time, root_of(&leaves));
        Ok(Self {
            claim,
            phase,
            validator,
            time,
            leaves,
            signature: statement.sign(federation, key),
        })
    }

    /// The root that is signed.
    #[must_use]
    pub fn root(&self) -> Hash {
        root_of(&self.leaves)
    }

    /// The leaves, ascending.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The hashes of the leaves, as proofs are made from them.
    #[must_use]
    pub fn hashes(&self) -> Vec<Hash> {
        self.leaves.iter().map(Leaf::hash).collect()
    }

    /// What is signed: the root follows from the leaves.
    #[must_use]
    pub fn statement(&self) -> Statement {
        let root = root_of(&self.leaves);
        self.claim.statement(self.phase, self.time, root)
    }

    /// Verifies the signature, strictly.
    ///
    /// # Errors
    /// When it is not that key's.
    pub fn verify(&self, federation: &FederationId, key: &PublicKey) -> Result<(), KeyError> {
        self.statement().verify(federation, key, &self.signature)
    }
}

fn root_of(leaves: &[Leaf]) -> Hash {
    let hashes: Vec<Hash> = leaves.iter().map(Leaf::hash).collect();
    merkle::root(&hashes)
}

fn check(leaves: &[Leaf]) -> Result<(), DecodeError> {
    if !(1..=LEAVES_MAX).contains(&leaves.len()) {
        return Err(DecodeError::Invalid("1 to 256 leaves are signed at once"));
    }
    let place = |leaf: &Leaf| (leaf.voter, leaf.slot);
    if leaves
        .windows(2)
        .all(|pair| place(&pair[0]) < place(&pair[1]))
    {
        Ok(())
    } else {
        Err(DecodeError::Unsorted("leaves"))
    }
}

impl Encode for SignedLeaves {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .uint(self.claim.number())
            .value(&self.phase)
            .value(&self.validator)
            .value(&self.time)
            .list(self.leaves.iter())
            .value(&self.signature);
    }
}

impl Decode for SignedLeaves {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        let claim = match decoder.uint()? {
            1 => Claim::Receipts,
            2 => Claim::Holds,
            found => {
                return Err(DecodeError::Range {
                    field: "claim",
                    found,
                    allowed: "1 or 2",
                });
            }
        };
        let signed = Self {
            claim,
            phase: decoder.value()?,
            validator: decoder.value()?,
            time: decoder.value()?,
            leaves: decoder.list("leaves", LEAVES_MAX)?,
            signature: decoder.value()?,
        };
        check(&signed.leaves)?;
        Ok(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEDERATION: FederationId = FederationId([1; 32]);
    const PHASE: PhaseId = EntryId([2; 32]);

    fn leaf(voter: u8, revision: u8, ballot: u8) -> Leaf {
        Leaf {
            voter: MemberId([voter; 32]),
            slot: Slot {
                mandate: 1,
                revision,
            },
            ballot: EntryId([ballot; 32]),
        }
    }

    fn sign(leaves: Vec<Leaf>) -> Result<SignedLeaves, DecodeError> {
        let key = SecretKey::from_seed(&[3; 32]);
        let signer = (ValidatorIndex(0), &key);
        let claim = Claim::Receipts;
        SignedLeaves::sign(claim, &FEDERATION, PHASE, signer, Timestamp(9), leaves)
    }

    #[test]
    fn signed_leaves_come_back_sorted_and_verify() {
        let signed = sign(vec![leaf(2, 1, 1), leaf(1, 2, 2), leaf(1, 1, 3)]).unwrap();
        let expected = [leaf(1, 1, 3), leaf(1, 2, 2), leaf(2, 1, 1)];
        assert_eq!(signed.leaves(), expected);
        let back = SignedLeaves::from_bytes(&signed.to_bytes()).unwrap();
        assert_eq!(back, signed);
        let key = SecretKey::from_seed(&[3; 32]).public();
        assert_eq!(back.verify(&FEDERATION, &key), Ok(()));
        let holds = SignedLeaves {
            claim: Claim::Holds,
            ..back
        };
        assert_eq!(holds.verify(&FEDERATION, &key), Err(KeyError::Signature));
    }

    #[test]
    fn no_two_ballots_of_one_slot_are_signed_together_and_not_none_or_too_many() {
        let unsorted = Err(DecodeError::Unsorted("leaves"));
        assert_eq!(sign(vec![leaf(1, 1, 1), leaf(1, 1, 2)]), unsorted);
        assert!(sign(vec![]).is_err());
        assert!(sign(vec![leaf(1, 1, 1); 257]).is_err());
    }
}
