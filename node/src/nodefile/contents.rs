//! What is in a node file.

use std::fmt;

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::{ENTRY_BYTES_MAX, Entry},
    genesis::{Genesis, NAME_BYTES_MAX},
    id::{MemberId, Timestamp},
    key::{PublicKey, SecretKey},
    text::decode_line,
};
use federation::application::INTRODUCTION_MAX;
use web::{
    copy::{Kind, Row},
    seal::Seed,
};
use zeroize::Zeroizing;

use crate::invitation::ADDRESSES_MAX;

/// A genesis with the largest charter and most founders is smaller.
const GENESIS_BYTES_MAX: usize = 256 * 1024;
/// Those that show the new node, and those that show the first.
const ENTRIES_MAX: usize = 2 * INTRODUCTION_MAX;
/// An entry with its signature, body and note.
const STORED_BYTES_MAX: usize = 4 * ENTRY_BYTES_MAX;
const ROWS_MAX: usize = 65_536;
const ROW_BYTES_MAX: usize = 256 * 1024;

/// What a second node is set up with, or brought up to date.
#[derive(Clone)]
pub struct Contents {
    /// The federation.
    pub genesis: Genesis,
    /// Whose nodes both are.
    pub member: MemberId,
    /// The node that made the file.
    pub from: PublicKey,
    /// When it was made.
    pub made: Timestamp,
    /// The new node's key; none for a second node that is there already.
    pub key: Option<SecretKey>,
    /// What the new node is called in its own pages and logs.
    pub name: String,
    /// Where the first node is reached.
    pub addresses: Vec<String>,
    /// What shows both nodes to be the member's.
    pub entries: Vec<Entry>,
    /// What opens the secrets in the rows.
    pub secrets_key: Seed,
    /// Servers, front ends and rooms.
    pub rows: Vec<Row>,
}

/// Keys are never printed.
impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("member", &self.member)
            .field("from", &self.from)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

impl Encode for Contents {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(10)
            .bytes(&self.genesis.to_bytes())
            .value(&self.member)
            .value(&self.from)
            .value(&self.made);
        match &self.key {
            Some(key) => encoder.bytes(&*Zeroizing::new(key.seed())),
            None => encoder.null(),
        };
        encoder.text(&self.name).array(self.addresses.len());
        for address in &self.addresses {
            encoder.text(address);
        }
        encoder.array(self.entries.len());
        for entry in &self.entries {
            encoder.bytes(&entry.to_bytes());
        }
        encoder.bytes(&self.secrets_key[..]).array(self.rows.len());
        for row in &self.rows {
            encoder
                .array(3)
                .uint(row.kind as u64)
                .bytes(&row.key)
                .bytes(&row.value);
        }
    }
}

impl Decode for Contents {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(10)?;
        let genesis = Genesis::from_bytes(decoder.bytes("genesis", GENESIS_BYTES_MAX)?)?;
        let (member, from, made) = (decoder.value()?, decoder.value()?, decoder.value()?);
        let key = match decoder.is_null() {
            true => None,
            false => {
                let seed = Zeroizing::new(decoder.bytes_of("key")?);
                Some(SecretKey::from_seed(&seed))
            }
        };
        let name = decode_line(decoder, "name", NAME_BYTES_MAX)?;
        let count = decoder.array_to("addresses", ADDRESSES_MAX)?;
        let addresses = (0..count)
            .map(|_| decode_line(decoder, "address", network::ADDRESS_CHARACTERS_MAX))
            .collect::<Result<_, _>>()?;
        let count = decoder.array_to("entries", ENTRIES_MAX)?;
        let entries = (0..count)
            .map(|_| Entry::from_bytes(decoder.bytes("entry", STORED_BYTES_MAX)?))
            .collect::<Result<_, _>>()?;
        let secrets_key = Zeroizing::new(decoder.bytes_of("secrets key")?);
        let count = decoder.array_to("rows", ROWS_MAX)?;
        let rows = (0..count).map(|_| row(decoder)).collect::<Result<_, _>>()?;
        Ok(Self {
            genesis,
            member,
            from,
            made,
            key,
            name,
            addresses,
            entries,
            secrets_key,
            rows,
        })
    }
}

fn row(decoder: &mut Decoder<'_>) -> Result<Row, DecodeError> {
    decoder.array(3)?;
    let kind = decoder.uint_to("kind of row", Kind::ALL.len() as u64 - 1)?;
    let kind = usize::try_from(kind)
        .ok()
        .and_then(|kind| Kind::ALL.get(kind));
    Ok(Row {
        kind: *kind.ok_or(DecodeError::Invalid("a kind of row of a newer release"))?,
        key: decoder.bytes_of("key of a row")?,
        value: decoder.bytes("row", ROW_BYTES_MAX)?.to_vec(),
    })
}
