//! What nodes say to each other (`specs/messages.md`).

use std::ops::RangeInclusive;

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::ENTRY_BYTES_MAX,
    id::{EntryId, Hash, Timestamp},
    key::PublicKey,
    text::CHUNK_BYTES_MAX,
};
use replica::heights::{Ask, HEIGHTS_MAX, Height};

use crate::{
    meetings::wire::Said,
    presence::{WRITING_MAX, Writing},
};

/// The most entries of one message.
pub const ENTRIES_MAX: usize = 256;
/// The most bytes of entries in one message; a single larger entry still goes.
pub const ENTRIES_BYTES_MAX: usize = 256 * 1024;
/// The most ids of one message.
pub const IDS_MAX: usize = 1_024;
/// The most requests for parts of logs in one message.
pub const ASKS_MAX: usize = 256;

/// The most digests of one message.
pub const DIGESTS_MAX: usize = 64;

/// The highest code, and the most fields after it and with it, of messages of later releases.
const LATER_CODE_MAX: u64 = 255;
const LATER_FIELDS_MAX: usize = 16;

/// The author keys from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: PublicKey,
    /// The last.
    pub last: PublicKey,
}

impl Range {
    /// All keys.
    pub const ALL: Self = Self {
        first: PublicKey([0; 32]),
        last: PublicKey([0xff; 32]),
    };

    /// As the standard library has it.
    #[must_use]
    pub fn keys(&self) -> RangeInclusive<PublicKey> {
        self.first..=self.last
    }
}

/// A digest over the heights of the logs whose keys lie in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The range.
    pub range: Range,
    /// The digest.
    pub digest: Hash,
}

impl Encode for Part {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.range.first)
            .value(&self.range.last)
            .value(&self.digest);
    }
}

impl Decode for Part {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let (first, last) = (decoder.value()?, decoder.value()?);
        let range = Range { first, last };
        let digest = decoder.value()?;
        Ok(Self { range, digest })
    }
}

/// Reads digests. Each log counts once, so that one message costs one walk through the heights.
fn read_parts(decoder: &mut Decoder<'_>) -> Result<Vec<Part>, DecodeError> {
    let parts: Vec<Part> = decoder.list("digests", DIGESTS_MAX)?;
    let backwards = parts.iter().any(|part| part.range.first > part.range.last);
    let overlap = |pair: &[Part]| pair[0].range.last >= pair[1].range.first;
    if backwards || parts.windows(2).any(overlap) {
        return Err(DecodeError::Invalid("the ranges of digests do not ascend"));
    }
    Ok(parts)
}

/// A message between two members' nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The first message of a connection.
    Hello {
        /// The sender's clock.
        now: Timestamp,
        /// Different after each start of the sender.
        incarnation: u64,
    },
    /// Entries, as they are stored.
    Entries {
        /// Counts the sender's messages of entries; acknowledged by it.
        number: u64,
        /// The entries.
        entries: Vec<Vec<u8>>,
    },
    /// All that came with this number is durable or refused for good; nothing of it only waits.
    Acknowledge {
        /// The number.
        number: u64,
    },
    /// The sender has these entries.
    Have {
        /// Their ids.
        ids: Vec<EntryId>,
    },
    /// The sender asks for these entries.
    Want {
        /// Their ids.
        ids: Vec<EntryId>,
    },
    /// How far every log stands on the sender.
    Heights {
        /// The sender's clock.
        now: Timestamp,
        /// The keys this message speaks of, both included.
        range: Range,
        /// The heights in this range, ascending by key.
        heights: Vec<Height>,
    },
    /// Requests for what the sender lacks.
    Asks {
        /// The requests.
        asks: Vec<Ask>,
        /// Whether this answers requests, so that it is not answered with requests again.
        again: bool,
    },
    /// How many entries the sender is about to send in answer to heights or requests.
    Following {
        /// How many.
        count: u64,
    },
    /// The sender asks for chunks of long texts.
    WantChunks {
        /// Their hashes.
        hashes: Vec<Hash>,
    },
    /// A chunk.
    Chunk {
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Digests over what the sender holds.
    Digests {
        /// The sender's clock.
        now: Timestamp,
        /// The digests, of ranges that ascend and do not overlap.
        parts: Vec<Part>,
    },
    /// Who has documents open for writing at the sender, instead of what it said before.
    Present {
        /// Who writes what.
        writing: Vec<Writing>,
    },
    /// Something about meetings.
    Meetings(Box<Said>),
    /// A message that only a later release knows; it is left alone.
    Later {
        /// Its code.
        code: u64,
    },
}

impl Encode for Message {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Hello { now, incarnation } => {
                encoder.array(3).uint(1).value(now).uint(*incarnation)
            }
            Self::Entries { number, entries } => {
                encoder.array(3).uint(2).uint(*number).array(entries.len());
                for entry in entries {
                    encoder.bytes(entry);
                }
                encoder
            }
            Self::Acknowledge { number } => encoder.array(2).uint(3).uint(*number),
            Self::Have { ids } => encoder.array(2).uint(4).list(ids.iter()),
            Self::Want { ids } => encoder.array(2).uint(5).list(ids.iter()),
            Self::Heights {
                now,
                range,
                heights,
            } => encoder
                .array(5)
                .uint(6)
                .value(now)
                .value(&range.first)
                .value(&range.last)
                .list(heights.iter()),
            Self::Asks { asks, again } => encoder
                .array(3)
                .uint(7)
                .list(asks.iter())
                .uint(u64::from(*again)),
            Self::Following { count } => encoder.array(2).uint(8).uint(*count),
            Self::WantChunks { hashes } => encoder.array(2).uint(9).list(hashes.iter()),
            Self::Chunk { bytes } => encoder.array(2).uint(10).bytes(bytes),
            Self::Digests { now, parts } => encoder.array(3).uint(11).value(now).list(parts.iter()),
            Self::Present { writing } => encoder.array(2).uint(12).list(writing.iter()),
            Self::Meetings(said) => encoder.array(2).uint(13).value(said.as_ref()),
            Self::Later { code } => encoder.array(1).uint(*code),
        };
    }
}

impl Decode for Message {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("message", LATER_FIELDS_MAX)?;
        let code = decoder.uint_to("message", LATER_CODE_MAX)?;
        let expected = [3, 3, 2, 2, 2, 5, 3, 2, 2, 2, 3, 2, 2];
        if code > expected.len() as u64 {
            decoder.skip_rest();
            return Ok(Self::Later { code });
        }
        if code == 0 || length != expected[code as usize - 1] {
            return Err(DecodeError::Invalid(
                "a message of that code has another length",
            ));
        }
        Ok(match code {
            1 => Self::Hello {
                now: decoder.value()?,
                incarnation: decoder.uint()?,
            },
            2 => {
                let number = decoder.uint()?;
                let count = decoder.array_to("entries", ENTRIES_MAX)?;
                let entries = (0..count)
                    .map(|_| decoder.bytes("entry", ENTRY_BYTES_MAX).map(<[u8]>::to_vec))
                    .collect::<Result<_, _>>()?;
                Self::Entries { number, entries }
            }
            3 => Self::Acknowledge {
                number: decoder.uint()?,
            },
            4 => Self::Have {
                ids: decoder.list("ids", IDS_MAX)?,
            },
            5 => Self::Want {
                ids: decoder.list("ids", IDS_MAX)?,
            },
            6 => Self::Heights {
                now: decoder.value()?,
                range: Range {
                    first: decoder.value()?,
                    last: decoder.value()?,
                },
                heights: decoder.list("heights", HEIGHTS_MAX)?,
            },
            7 => Self::Asks {
                asks: decoder.list("asks", ASKS_MAX)?,
                again: decoder.uint_to("again", 1)? == 1,
            },
            8 => Self::Following {
                count: decoder.uint()?,
            },
            9 => Self::WantChunks {
                hashes: decoder.list("hashes", IDS_MAX)?,
            },
            10 => Self::Chunk {
                bytes: decoder.bytes("chunk", CHUNK_BYTES_MAX)?.to_vec(),
            },
            11 => Self::Digests {
                now: decoder.value()?,
                parts: read_parts(decoder)?,
            },
            12 => Self::Present {
                writing: decoder.list("writing", WRITING_MAX)?,
            },
            _ => Self::Meetings(Box::new(decoder.value()?)),
        })
    }
}
