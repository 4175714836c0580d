//! The recovery of a register of which more validators are gone for good than may be away: organisations
//! say so with their root keys, leave time to object, and confirm it. Then the register goes on with
//! those who remain, in a new epoch (`specs/heights.md`).

mod base;
mod encoding;
mod error;
mod known;
#[cfg(test)]
mod tests;

use domain::{
    cbor::{Encode, Encoder},
    id::{FederationId, Hash, MemberId, Timestamp},
    key::{KeyError, PublicKey, SecretKey, Signature},
};

pub(crate) use self::base::{decided_after, notice_ms, organisations};
pub use self::{
    base::{Base, is_followed},
    error::RecoveryError,
    known::{Recoveries, State},
};

const PREFIX: &[u8] = b"folkmoot/recovery/1\0";
const VOICE_PREFIX: &[u8] = b"folkmoot/recovering/1\0";

/// What organisations sign: who is gone, and where the register goes on without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The epoch that begins: the one after that of the last height.
    pub epoch: u64,
    /// The last height.
    pub height: u64,
    /// Its hash; after a recovery without a height since, that of the recovery.
    pub last: Hash,
    /// The validators that are gone, by member, ascending. They stay members.
    pub gone: Vec<MemberId>,
    /// When it was announced first.
    pub time: Timestamp,
}

/// What somebody says of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// An organisation announces it.
    Announce = 0,
    /// An organisation confirms it, once the notice is over and nobody who was said to be gone has shown
    /// itself.
    Confirm = 1,
    /// Who is said to be gone is not: signed with its root key, or its validator's.
    Object = 2,
}

/// Something that was said of a recovery, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// What is said.
    pub stage: Stage,
    /// Of what.
    pub recovery: Recovery,
    /// Whose key signed it.
    pub key: PublicKey,
    /// When.
    pub time: Timestamp,
    /// The signature.
    pub signature: Signature,
}

/// An organisation's signature, with its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// Its root key.
    pub root: PublicKey,
    /// When it signed.
    pub time: Timestamp,
    /// The signature.
    pub signature: Signature,
}

/// A recovery with all that puts it in force: two thirds of the organisations announced it, and as many
/// confirmed it after the notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// What is recovered.
    pub recovery: Recovery,
    /// Who announced it, ascending by root key.
    pub announced: Vec<Dated>,
    /// Who confirmed it, ascending by root key.
    pub confirmed: Vec<Dated>,
}

impl Recovery {
    /// Its hash: what the first height of the new epoch follows. It leaves the signatures out, so that
    /// it is the same whoever signed.
    #[must_use]
    pub fn hash(&self, federation: &FederationId) -> Hash {
        Hash::of(&[PREFIX, &federation.0, &self.to_bytes()])
    }

    /// What is signed to say something of it at a time.
    fn message(&self, federation: &FederationId, stage: Stage, time: Timestamp) -> Vec<u8> {
        let mut encoder = Encoder::new();
        let encoder_of = encoder.array(3).uint(stage as u64);
        encoder_of.value(&self.hash(federation)).value(&time);
        [VOICE_PREFIX, &federation.0[..], &encoder.into_bytes()].concat()
    }

    /// Says something of it at a time.
    #[must_use]
    pub fn say(
        &self,
        federation: &FederationId,
        stage: Stage,
        key: &SecretKey,
        time: Timestamp,
    ) -> Voice {
        Voice {
            stage,
            recovery: self.clone(),
            key: key.public(),
            time,
            signature: key.sign(&self.message(federation, stage, time)),
        }
    }
}

impl Recovered {
    /// Since when it is in force: when the last of those who confirmed it did so.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.confirmed.iter().map(|one| one.time).max()
    }
}

impl Voice {
    /// Verifies the signature with the key it names. Whose key that is, is for who knows the members to
    /// say.
    ///
    /// # Errors
    /// When it does not verify.
    pub fn verify(&self, federation: &FederationId) -> Result<(), KeyError> {
        let message = self.recovery.message(federation, self.stage, self.time);
        self.key.verify(&message, &self.signature)
    }

    pub(crate) fn dated(&self) -> Dated {
        Dated {
            root: self.key,
            time: self.time,
            signature: self.signature,
        }
    }
}
