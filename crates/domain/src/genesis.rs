//! The beginning of a federation: its founders, its charter and its name, in bytes whose hash is
//! the federation's id.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, Hash, MemberId, Timestamp},
    key::PublicKey,
    record::CLASS_BYTES_MAX,
    text::decode_line,
};

const PREFIX: &[u8] = b"folkmoot/genesis/1\0";
/// The most founders.
pub const FOUNDERS_MAX: usize = 64;
/// The longest name of a federation or a member, in bytes.
pub const NAME_BYTES_MAX: usize = 120;
/// The longest charter, in bytes.
pub const CHARTER_BYTES_MAX: usize = 32 * 1024;

/// A member that founds the federation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Founder {
    /// Its root public key.
    pub root: PublicKey,
    /// Its name.
    pub name: String,
    /// Its class, one of the charter's.
    pub class: String,
}

impl Founder {
    /// The member's id.
    #[must_use]
    pub fn member(&self) -> MemberId {
        MemberId(self.root.0)
    }
}

impl Encode for Founder {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.root)
            .text(&self.name)
            .text(&self.class);
    }
}

impl Decode for Founder {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            root: decoder.value()?,
            name: decode_line(decoder, "founder name", NAME_BYTES_MAX)?,
            class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
        })
    }
}

/// The genesis of a federation. It stands when every founder has signed it, each with the `found`
/// entry that begins its root log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The federation's name.
    pub name: String,
    /// When it was written; no entry is older.
    pub created: Timestamp,
    /// The founders, ascending by root key.
    pub founders: Vec<Founder>,
    /// The charter in force until a decision changes it, encoded.
    pub charter: Vec<u8>,
    /// Random, so that two federations of the same founders differ.
    pub nonce: [u8; 32],
    /// What a node must know to take part; a node that does not know all of it only observes.
    pub requires: Vec<String>,
}

impl Genesis {
    /// The federation's id: the hash of the encoded genesis.
    #[must_use]
    pub fn federation(&self) -> FederationId {
        FederationId(Hash::of(&[PREFIX, &self.to_bytes()]).0)
    }

    /// The founder with this root key.
    #[must_use]
    pub fn founder(&self, root: &PublicKey) -> Option<&Founder> {
        self.founders.iter().find(|founder| founder.root == *root)
    }

    /// How many founders must admit a newcomer: more than half.
    #[must_use]
    pub fn admissions_needed(&self) -> usize {
        self.founders.len() / 2 + 1
    }
}

impl Encode for Genesis {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(7)
            .uint(1)
            .text(&self.name)
            .value(&self.created)
            .list(self.founders.iter())
            .bytes(&self.charter)
            .bytes(&self.nonce)
            .array(self.requires.len());
        for feature in &self.requires {
            encoder.text(feature);
        }
    }
}

impl Decode for Genesis {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(7)?;
        let format = decoder.uint()?;
        if format != 1 {
            return Err(DecodeError::Range {
                field: "genesis format",
                found: format,
                allowed: "1",
            });
        }
        let name = decode_line(decoder, "federation name", NAME_BYTES_MAX)?;
        let created = decoder.value()?;
        let founders: Vec<Founder> = decoder.list("founders", FOUNDERS_MAX)?;
        if founders.is_empty() || !founders.windows(2).all(|pair| pair[0].root < pair[1].root) {
            return Err(DecodeError::Unsorted("founders"));
        }
        let charter = decoder.bytes("charter", CHARTER_BYTES_MAX)?.to_vec();
        let nonce = decoder.bytes_of("nonce")?;
        let count = decoder.array_to("requires", 32)?;
        let requires: Vec<String> = (0..count)
            .map(|_| decode_line(decoder, "requires", 64))
            .collect::<Result<_, _>>()?;
        if !requires.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(DecodeError::Unsorted("requires"));
        }
        Ok(Self {
            name,
            created,
            founders,
            charter,
            nonce,
            requires,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genesis(keys: &[u8]) -> Genesis {
        let founder = |key: &u8| Founder {
            root: PublicKey([*key; 32]),
            name: format!("Co-op {key}"),
            class: "producer".to_owned(),
        };
        Genesis {
            name: "Meet".to_owned(),
            created: Timestamp(1),
            founders: keys.iter().map(founder).collect(),
            charter: vec![0x82],
            nonce: [9; 32],
            requires: Vec::new(),
        }
    }

    #[test]
    fn a_genesis_comes_back_and_its_id_covers_all_of_it() {
        let genesis = genesis(&[1, 2, 3]);
        assert_eq!(
            Genesis::from_bytes(&genesis.to_bytes()),
            Ok(genesis.clone())
        );
        let other = Genesis {
            charter: vec![0x83],
            ..genesis.clone()
        };
        assert_ne!(genesis.federation(), other.federation());
        assert_eq!(genesis.admissions_needed(), 2);
    }

    #[test]
    fn founders_twice_or_out_of_order_are_refused() {
        for keys in [&[1, 1][..], &[2, 1], &[]] {
            assert!(Genesis::from_bytes(&genesis(keys).to_bytes()).is_err());
        }
    }
}
