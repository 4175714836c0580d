//! Seals: which manifests a validator accepted in time (rule R6).

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, PhaseId, Timestamp},
    key::{SecretKey, Signature},
};

use crate::{
    fault::Fault,
    phase::Case,
    statement::{Named, Statement, decode_names},
    validators::ValidatorIndex,
};

/// A validator's signed list of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Whose it is.
    pub validator: ValidatorIndex,
    /// When it signed.
    pub time: Timestamp,
    /// The manifests, ascending by author, one of each.
    pub names: Vec<Named>,
    /// The signature of [`Seal::statement`].
    pub signature: Signature,
}

impl Seal {
    /// Signs a list, which comes ascending by author.
    #[must_use]
    pub fn sign(
        federation: &FederationId,
        phase: PhaseId,
        (validator, key): (ValidatorIndex, &SecretKey),
        time: Timestamp,
        names: Vec<Named>,
    ) -> Self {
        let mut seal = Self {
            validator,
            time,
            names,
            signature: Signature([0; 64]),
        };
        seal.signature = seal.statement(phase).sign(federation, key);
        seal
    }

    /// What is signed.
    #[must_use]
    pub fn statement(&self, phase: PhaseId) -> Statement {
        Statement::Seal {
            phase,
            time: self.time,
            names: self.names.clone(),
        }
    }

    /// Checks the signature, and that it names enough.
    ///
    /// # Errors
    /// When it is not of a validator of the phase, or names fewer than a quorum.
    pub fn judge(&self, case: &Case<'_>) -> Result<(), Fault> {
        let (found, needed) = (self.names.len(), case.phase.validators.sizes().quorum());
        if found < needed {
            return Err(Fault::Names {
                validator: self.validator,
                found,
                needed,
            });
        }
        let mut authors = self.names.iter().map(|named| named.author);
        if let Some(author) = authors.find(|author| case.phase.validators.get(*author).is_none()) {
            return Err(Fault::Stranger(author));
        }
        let statement = self.statement(case.phase.id);
        case.verify(self.validator, &statement, &self.signature, "a seal")
    }
}

impl Case<'_> {
    /// Verifies what a validator of the phase signed.
    ///
    /// # Errors
    /// When the phase has no such validator, or the signature is not its.
    pub fn verify(
        &self,
        validator: ValidatorIndex,
        statement: &Statement,
        signature: &Signature,
        what: &'static str,
    ) -> Result<(), Fault> {
        let key = self.phase.key_of(validator);
        let key = key.ok_or(Fault::Stranger(validator))?;
        let verified = statement.verify(self.federation, key, signature);
        verified.map_err(|source| Fault::Signature {
            validator,
            what,
            source,
        })
    }
}

impl Encode for Seal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.validator)
            .value(&self.time)
            .list(self.names.iter())
            .value(&self.signature);
    }
}

impl Decode for Seal {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            validator: decoder.value()?,
            time: decoder.value()?,
            names: decode_names(decoder)?,
            signature: decoder.value()?,
        })
    }
}
