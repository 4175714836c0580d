//! Ids, hashes, times: a newtype each, so that none can be taken for another.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// Text that is not the hexadecimal form of an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected} hexadecimal digits, found {found} characters")]
pub struct IdError {
    /// How many digits the id has.
    pub expected: usize,
    /// How many characters were given.
    pub found: usize,
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let error = || IdError {
        expected: 2 * N,
        found: text.chars().count(),
    };
    if text.len() != 2 * N || !text.is_ascii() {
        return Err(error());
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |c: u8| (c as char).to_digit(16).ok_or_else(error);
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).map_err(|_| error())?;
    }
    Ok(bytes)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $length:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// The first eight hexadecimal digits, for people; never for comparing.
            #[must_use]
            pub fn short(&self) -> String {
                self.to_string().chars().take(8).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map(Self)
            }
        }

        impl Encode for $name {
            fn encode(&self, encoder: &mut Encoder) {
                encoder.bytes(&self.0);
            }
        }

        impl Decode for $name {
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                decoder.bytes_of(stringify!($name)).map(Self)
            }
        }
    )*};
}

ids! {
    /// A SHA-256 hash (FIPS 180-4).
    Hash: 32;
    /// A federation: the hash of its genesis.
    FederationId: 32;
    /// A signed entry: the hash of its header, without the signature.
    EntryId: 32;
    /// A member: the root public key it was admitted with. It stays when the key is replaced.
    MemberId: 32;
    /// A person: random, so that it says nothing about who it is.
    PersonId: 16;
    /// A circle: derived from the member that began it and a random number.
    CircleId: 16;
    /// A BigBlueButton server: random, chosen by its owner.
    ServerId: 16;
    /// A tenant, one front end with its own secrets and limits: random, chosen by its member.
    TenantId: 16;
}

/// A proposal: the id of the entry that made it.
pub type ProposalId = EntryId;

/// A document: the id of the edit that began it.
pub type DocumentId = EntryId;

/// A phase of voting: the id of the opening that began it.
pub type PhaseId = EntryId;

impl Hash {
    /// SHA-256 over the parts, one after the other.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// Milliseconds since 1970-01-01 UTC, without leap seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The latest time an entry may carry: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// This time and `seconds` more.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// This time and `milliseconds` more.
    #[must_use]
    pub fn plus_ms(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this time; zero if it is later.
    #[must_use]
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC day, counted from 1970-01-01.
    #[must_use]
    pub fn day(self) -> u64 {
        self.0 / 86_400_000
    }
}

impl Encode for Timestamp {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(self.0);
    }
}

impl Decode for Timestamp {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.uint_to("time", Self::MAX.0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_from_their_text() {
        let id = EntryId(std::array::from_fn(|i| i as u8));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            "abc".parse::<EntryId>(),
            Err(IdError {
                expected: 64,
                found: 3
            })
        );
        assert!("zz".repeat(32).parse::<EntryId>().is_err());
        assert!("+1".repeat(32).parse::<EntryId>().is_err());
    }
}
