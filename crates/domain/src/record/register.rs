//! Records that carry the register: what validators say to each other, and what founders and members
//! sign with their root keys for it. Their own bytes and signatures count, wherever they come from.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
};

/// The most bytes of one part of a message.
pub const PART_BYTES_MAX: usize = 56 * 1024;
/// The most parts of one message: what one key may write in a day.
pub const PARTS_MAX: u64 = 140;

/// The most bytes of what is signed about a recovery of the register.
pub const RECOVERING_BYTES_MAX: usize = 8 * 1024;

/// The most bytes of evidence in a record.
pub const EVIDENCE_BYTES_MAX: usize = 16 * 1024;

/// A part of a message of a validator about the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The hash of the whole message.
    pub message: Hash,
    /// Which part, from 0.
    pub part: u64,
    /// How many there are.
    pub parts: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Encode for Witness {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.message)
            .uint(self.part)
            .uint(self.parts)
            .bytes(&self.bytes);
    }
}

impl Decode for Witness {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let record = Self {
            message: decoder.value()?,
            part: decoder.uint_to("part", PARTS_MAX - 1)?,
            parts: decoder.uint_to("parts", PARTS_MAX)?,
            bytes: decoder.bytes("part", PART_BYTES_MAX)?.to_vec(),
        };
        match record.part < record.parts {
            true => Ok(record),
            false => Err(DecodeError::Invalid("parts are counted from 0")),
        }
    }
}

impl Witness {
    /// A message in its parts.
    #[must_use]
    pub fn parts_of(bytes: &[u8]) -> Vec<Self> {
        let message = Hash::of(&[bytes]);
        let pieces = bytes.chunks(PART_BYTES_MAX);
        let parts = pieces.len() as u64;
        (0..)
            .zip(pieces)
            .map(|(part, bytes)| Self {
                message,
                part,
                parts,
                bytes: bytes.to_vec(),
            })
            .collect()
    }
}

/// A founder's signature under the beginning of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// The beginning with that signature, encoded.
    pub beginning: Vec<u8>,
}

/// What a member declares with its root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaring {
    /// The declaration, encoded.
    pub declaration: Vec<u8>,
}

/// What somebody signs about a recovery of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovering {
    /// What is signed with the signature, encoded.
    pub voice: Vec<u8>,
}

/// That a key signed two things that exclude each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Both, with all that it takes to see it, encoded.
    pub contradiction: Vec<u8>,
}

impl Encode for Evidence {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).bytes(&self.contradiction);
    }
}

impl Decode for Evidence {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        let bytes = decoder.bytes("contradiction", EVIDENCE_BYTES_MAX)?;
        let contradiction = bytes.to_vec();
        Ok(Self { contradiction })
    }
}

impl Encode for Founding {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).bytes(&self.beginning);
    }
}

impl Decode for Founding {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        let beginning = decoder.bytes("beginning", PART_BYTES_MAX)?.to_vec();
        Ok(Self { beginning })
    }
}

impl Encode for Declaring {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).bytes(&self.declaration);
    }
}

impl Decode for Declaring {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        let declaration = decoder.bytes("declaration", 1024)?.to_vec();
        Ok(Self { declaration })
    }
}

impl Encode for Recovering {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).bytes(&self.voice);
    }
}

impl Decode for Recovering {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        let voice = decoder.bytes("voice", RECOVERING_BYTES_MAX)?.to_vec();
        Ok(Self { voice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_from_its_parts() {
        let bytes: Vec<u8> = (0..200_000u32).map(|number| number as u8).collect();
        let parts = Witness::parts_of(&bytes);
        assert_eq!(parts.len(), 4);
        let mut whole = Vec::new();
        for part in parts {
            assert_eq!(Witness::from_bytes(&part.to_bytes()).as_ref(), Ok(&part));
            assert_eq!(part.message, Hash::of(&[&bytes]));
            whole.extend(part.bytes);
        }
        assert_eq!(whole, bytes);
        let beyond = Witness {
            message: Hash([0; 32]),
            part: 2,
            parts: 2,
            bytes: Vec::new(),
        };
        assert!(Witness::from_bytes(&beyond.to_bytes()).is_err());
    }
}
