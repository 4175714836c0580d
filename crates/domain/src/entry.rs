//! Entries: one signed item of an author key's log (`specs/entries.md`).

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{CircleId, EntryId, FederationId, Hash, Timestamp},
    key::{KeyError, PublicKey, SecretKey, Signature, Verifier},
    record::{Kind, Record},
};

const PREFIX: &[u8] = b"folkmoot/entry/1\0";
/// The largest entry on the wire, in bytes.
pub const ENTRY_BYTES_MAX: usize = 64 * 1024;
/// The most references of one entry.
pub const REFERENCES_MAX: usize = 16;
/// The longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 64;
/// Random bytes before a body or note, so that an erased one cannot be guessed from its hash.
pub const SALT_BYTES: usize = 32;
/// What an entry adds on the wire to its header, body and note, at most.
const FRAME_BYTES: usize = 1 + 3 + 66 + 5 + 5;

/// Who may read the body and the note of an entry. Headers go to all, and so do the bodies of the
/// kinds that bind: there it speaks of the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Anyone.
    Public,
    /// The members' people.
    Members,
    /// Organisations only.
    Organisations,
    /// The people of one circle.
    Circle(CircleId),
}

impl Encode for Audience {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Public => encoder.uint(0),
            Self::Members => encoder.uint(1),
            Self::Organisations => encoder.uint(2),
            Self::Circle(circle) => encoder.value(circle),
        };
    }
}

impl Decode for Audience {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut ahead = decoder.clone();
        if let Ok(circle) = ahead.value() {
            *decoder = ahead;
            return Ok(Self::Circle(circle));
        }
        Ok(match decoder.uint_to("audience", 2)? {
            0 => Self::Public,
            1 => Self::Members,
            _ => Self::Organisations,
        })
    }
}

/// The area of a member's space that an entry belongs to, without the member: who writes is known
/// from the grant, so writing at another's address cannot even be expressed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// An address: lower-case letters, digits, `-` and `/`, at most 64.
    ///
    /// # Errors
    /// When it has other characters or is empty or too long.
    pub fn parse(text: &str) -> Result<Self, DecodeError> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'/');
        if !(1..=ADDRESS_BYTES_MAX).contains(&text.len()) || !text.bytes().all(fits) {
            return Err(DecodeError::Invalid(
                "an address has 1 to 64 of a-z, 0-9, - and /",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text of the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A commitment to bytes that travel beside the header and can be withheld or erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of the salt and the bytes.
    pub hash: Hash,
    /// Length of the bytes without the salt.
    pub length: usize,
}

/// Bytes with the salt they were committed to with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salted(Vec<u8>);

impl Salted {
    /// Puts a salt before bytes.
    #[must_use]
    pub fn new(salt: &[u8; SALT_BYTES], bytes: &[u8]) -> Self {
        Self([&salt[..], bytes].concat())
    }

    /// The commitment that a header carries.
    #[must_use]
    pub fn seal(&self) -> Sealed {
        Sealed {
            hash: Hash::of(&[&self.0]),
            length: self.0.len() - SALT_BYTES,
        }
    }

    /// The bytes without the salt.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0[SALT_BYTES..]
    }
}

/// The signed part of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The key that signs, whose log this is.
    pub author: PublicKey,
    /// The entry that gives the right: a grant, a mandate, an admission, or for a founder's first
    /// entry the federation itself.
    pub grant: EntryId,
    /// From 1, one higher than the previous.
    pub sequence: u64,
    /// The previous entry of this log.
    pub previous: Option<EntryId>,
    /// When it was written, by the author's clock; not before the previous entry and the grant.
    pub time: Timestamp,
    /// Where it belongs.
    pub address: Address,
    /// Who may read it.
    pub audience: Audience,
    /// What it is.
    pub kind: Kind,
    /// Whether a node that does not know the kind must not act on what follows.
    pub critical: bool,
    /// The body.
    pub body: Sealed,
    /// The note, apart from the body because it can be erased.
    pub note: Option<Sealed>,
    /// Entries this one speaks of, ascending; they never delay storing.
    pub references: Vec<EntryId>,
}

impl Header {
    fn signed_bytes(federation: &FederationId, header: &[u8]) -> Vec<u8> {
        [PREFIX, &federation.0, header].concat()
    }

    /// Signs the header.
    #[must_use]
    pub fn sign(&self, federation: &FederationId, key: &SecretKey) -> Signature {
        key.sign(&Self::signed_bytes(federation, &self.to_bytes()))
    }

    /// The id: the hash of what is signed, so that the signature is not part of it.
    #[must_use]
    pub fn id(&self, federation: &FederationId) -> EntryId {
        EntryId(Hash::of(&[PREFIX, &federation.0, &self.to_bytes()]).0)
    }

    /// What the whole entry takes on the wire when nothing is withheld: what the limits count.
    #[must_use]
    pub fn size(&self) -> usize {
        let note = self.note.map_or(0, |note| note.length + SALT_BYTES);
        self.to_bytes().len() + FRAME_BYTES + SALT_BYTES + self.body.length + note
    }
}

impl Encode for Sealed {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.hash).uint(self.length as u64);
    }
}

impl Decode for Sealed {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let hash = decoder.value()?;
        let length = decoder.uint_to("length", ENTRY_BYTES_MAX as u64)? as usize;
        Ok(Self { hash, length })
    }
}

impl Encode for Header {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(13)
            .uint(1)
            .value(&self.author)
            .value(&self.grant)
            .uint(self.sequence)
            .optional(self.previous.as_ref())
            .value(&self.time)
            .text(self.address.as_str())
            .value(&self.audience)
            .uint(self.kind.0 * 2 + u64::from(self.critical))
            .value(&self.body.hash)
            .uint(self.body.length as u64)
            .optional(self.note.as_ref())
            .list(self.references.iter());
    }
}

impl Decode for Header {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(13)?;
        let format = decoder.uint()?;
        if format != 1 {
            return Err(DecodeError::Range {
                field: "entry format",
                found: format,
                allowed: "1",
            });
        }
        let author = decoder.value()?;
        let grant = decoder.value()?;
        let sequence = decoder.uint_to("sequence", u64::from(u32::MAX))?;
        let previous: Option<EntryId> = decoder.optional()?;
        if sequence == 0 || (sequence == 1) != previous.is_none() {
            return Err(DecodeError::Invalid(
                "only the first entry, sequence 1, has no previous",
            ));
        }
        let time = decoder.value()?;
        let address = Address::parse(decoder.text("address", ADDRESS_BYTES_MAX)?)?;
        let audience = decoder.value()?;
        let kind = decoder.uint_to("kind", u64::from(u32::MAX))?;
        Ok(Self {
            author,
            grant,
            sequence,
            previous,
            time,
            address,
            audience,
            kind: Kind(kind / 2),
            critical: kind % 2 == 1,
            body: Sealed {
                hash: decoder.value()?,
                length: decoder.uint_to("body length", ENTRY_BYTES_MAX as u64)? as usize,
            },
            note: decoder.optional()?,
            references: decoder.set("references", REFERENCES_MAX)?,
        })
    }
}

/// An entry as it travels and is kept: the exact signed bytes, the signature, and the body and the
/// note unless they are withheld or erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The signed part.
    pub header: Header,
    /// The author's signature.
    pub signature: Signature,
    /// The body with its salt.
    pub body: Option<Salted>,
    /// The note with its salt.
    pub note: Option<Salted>,
}

impl Entry {
    /// The entry's id.
    #[must_use]
    pub fn id(&self, federation: &FederationId) -> EntryId {
        self.header.id(federation)
    }

    /// What the body says; `None` if it is withheld, not of its form, or of a kind this release does
    /// not know.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        let body = self.body.as_ref()?;
        Record::from_bytes(self.header.kind, body.bytes())
            .ok()
            .flatten()
    }

    /// The entry without its note, which may be erased and proves nothing.
    #[must_use]
    pub fn without_note(&self) -> Self {
        Self {
            note: None,
            ..self.clone()
        }
    }

    /// Verifies the signature, strictly, with a key that was checked before.
    ///
    /// # Errors
    /// When it does not verify.
    pub fn verify(&self, federation: &FederationId, verifier: &Verifier) -> Result<(), KeyError> {
        let message = Header::signed_bytes(federation, &self.header.to_bytes());
        verifier.verify(&message, &self.signature)
    }
}

impl Encode for Entry {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .bytes(&self.header.to_bytes())
            .value(&self.signature);
        for part in [&self.body, &self.note] {
            match part {
                Some(part) => encoder.bytes(&part.0),
                None => encoder.null(),
            };
        }
    }
}

fn decode_salted(
    decoder: &mut Decoder<'_>,
    field: &'static str,
    sealed: Option<&Sealed>,
) -> Result<Option<Salted>, DecodeError> {
    if decoder.is_null() {
        return Ok(None);
    }
    let salted = Salted(decoder.bytes(field, ENTRY_BYTES_MAX)?.to_vec());
    if salted.0.len() < SALT_BYTES || Some(&salted.seal()) != sealed {
        return Err(DecodeError::Invalid(
            "a body or note is not the one its header names",
        ));
    }
    Ok(Some(salted))
}

impl Decode for Entry {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let header = Header::from_bytes(decoder.bytes("header", ENTRY_BYTES_MAX)?)?;
        if header.size() > ENTRY_BYTES_MAX {
            return Err(DecodeError::Range {
                field: "entry size",
                found: header.size() as u64,
                allowed: "at most 65536 bytes",
            });
        }
        let signature = decoder.value()?;
        let body = decode_salted(decoder, "body", Some(&header.body))?;
        let note = decode_salted(decoder, "note", header.note.as_ref())?;
        Ok(Self {
            header,
            signature,
            body,
            note,
        })
    }
}
