//! Deterministic CBOR (RFC 8949 §4.2.1), the part Folkmoot signs.
//!
//! Everything that is hashed or signed is written with five types: unsigned integers, byte strings,
//! text strings, null and arrays by position. Every value has exactly one encoding: shortest
//! lengths, definite lengths, no tags, no maps, no trailing bytes. The [`Decoder`] refuses every
//! other encoding, so two nodes can never hold different bytes for the same thing
//! (`specs/encoding.md`).

use thiserror::Error;

const MAJOR_UINT: u8 = 0;
const MAJOR_BYTES: u8 = 2;
const MAJOR_TEXT: u8 = 3;
const MAJOR_ARRAY: u8 = 4;
const NULL: u8 = 0xf6;

/// Why bytes are not the one encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the bytes end inside a value")]
    Truncated,
    /// A length or number is written longer than needed, or with a form that is not allowed.
    #[error("not the shortest encoding at byte {0}")]
    NotCanonical(usize),
    /// Another type was expected at this place.
    #[error("expected {expected} at byte {at}")]
    Unexpected {
        /// What should have stood there.
        expected: &'static str,
        /// Position from the start.
        at: usize,
    },
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// Bytes after the end of the value.
    #[error("{0} bytes after the end")]
    Trailing(usize),
    /// A length, number or code outside what this field allows.
    #[error("{field}: {found} is outside what is allowed ({allowed})")]
    Range {
        /// The field's name in the specification.
        field: &'static str,
        /// What was found.
        found: u64,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// A list that must be strictly ascending is not.
    #[error("{0} is not in strictly ascending order")]
    Unsorted(&'static str),
    /// A value that is well-formed and makes no sense here.
    #[error("{0}")]
    Invalid(&'static str),
}

/// A value with one encoding.
pub trait Encode {
    /// Appends the encoding.
    fn encode(&self, encoder: &mut Encoder);

    /// The encoding on its own.
    fn to_bytes(&self) -> Vec<u8> {
        let mut encoder = Encoder::new();
        self.encode(&mut encoder);
        encoder.into_bytes()
    }
}

/// A value that can be read back from its one encoding.
pub trait Decode: Sized {
    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes are not the one encoding of a value of this type.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Reads a value that must fill the bytes.
    ///
    /// # Errors
    /// As [`Decode::decode`], and when bytes are left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        let value = Self::decode(&mut decoder)?;
        decoder.finish()?;
        Ok(value)
    }
}

/// Writes values one after the other.
#[derive(Debug, Default, Clone)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// An empty encoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        let bytes = value.to_be_bytes();
        match value {
            0..=23 => self.bytes.push(major | bytes[7]),
            24..=0xff => self.bytes.extend_from_slice(&[major | 24, bytes[7]]),
            0x100..=0xffff => {
                self.bytes.push(major | 25);
                self.bytes.extend_from_slice(&bytes[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&bytes);
            }
        }
    }

    /// The head of an array of `length` values, which follow.
    pub fn array(&mut self, length: usize) -> &mut Self {
        self.head(MAJOR_ARRAY, length as u64);
        self
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(MAJOR_UINT, value);
        self
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(MAJOR_BYTES, value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(MAJOR_TEXT, value.len() as u64);
        self.bytes.extend_from_slice(value.as_bytes());
        self
    }

    /// Null.
    pub fn null(&mut self) -> &mut Self {
        self.bytes.push(NULL);
        self
    }

    /// Any value.
    pub fn value(&mut self, value: &impl Encode) -> &mut Self {
        value.encode(self);
        self
    }

    /// A value, or null.
    pub fn optional(&mut self, value: Option<&impl Encode>) -> &mut Self {
        match value {
            Some(value) => self.value(value),
            None => self.null(),
        }
    }

    /// An array of values.
    pub fn list<'a, T: Encode + 'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = &'a T>,
    ) -> &mut Self {
        self.array(values.len());
        for value in values {
            value.encode(self);
        }
        self
    }
}

/// Reads values one after the other and refuses every encoding but the one.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Leaves the rest of the bytes unread: it is of a form that only a later release knows.
    pub fn skip_rest(&mut self) {
        self.at = self.bytes.len();
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// When bytes are left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            left => Err(DecodeError::Trailing(left)),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        if rest.len() < length {
            return Err(DecodeError::Truncated);
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, DecodeError> {
        let at = self.at;
        let first = self.take(1)?[0];
        if first >> 5 != major {
            return Err(DecodeError::Unexpected { expected, at });
        }
        let (length, least) = match first & 0x1f {
            short @ 0..=23 => return Ok(u64::from(short)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(DecodeError::NotCanonical(at)),
        };
        let value = self
            .take(length)?
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(DecodeError::NotCanonical(at));
        }
        Ok(value)
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        self.head(MAJOR_UINT, "an unsigned integer")
    }

    /// An unsigned integer of at most `most`.
    ///
    /// # Errors
    /// When something else stands there, or it is larger.
    pub fn uint_to(&mut self, field: &'static str, most: u64) -> Result<u64, DecodeError> {
        match self.uint()? {
            found if found > most => Err(DecodeError::Range {
                field,
                found,
                allowed: "smaller numbers",
            }),
            value => Ok(value),
        }
    }

    /// A byte string of at most `most` bytes.
    ///
    /// # Errors
    /// When something else stands there, or it is longer.
    pub fn bytes(&mut self, field: &'static str, most: usize) -> Result<&'a [u8], DecodeError> {
        let length = self.head(MAJOR_BYTES, "a byte string")?;
        self.sized(field, length, most)
    }

    fn sized(
        &mut self,
        field: &'static str,
        length: u64,
        most: usize,
    ) -> Result<&'a [u8], DecodeError> {
        match usize::try_from(length) {
            Ok(length) if length <= most => self.take(length),
            _ => Err(DecodeError::Range {
                field,
                found: length,
                allowed: "a shorter length",
            }),
        }
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn bytes_of<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes(field, N)?;
        <[u8; N]>::try_from(bytes).map_err(|_| DecodeError::Range {
            field,
            found: bytes.len() as u64,
            allowed: "the exact length",
        })
    }

    /// A text string of at most `most` bytes of UTF-8.
    ///
    /// # Errors
    /// When something else stands there, or it is longer or not UTF-8.
    pub fn text(&mut self, field: &'static str, most: usize) -> Result<&'a str, DecodeError> {
        let length = self.head(MAJOR_TEXT, "a text string")?;
        let bytes = self.sized(field, length, most)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8)
    }

    /// Whether null stands next; if so it is consumed.
    pub fn is_null(&mut self) -> bool {
        let null = self.bytes.get(self.at) == Some(&NULL);
        self.at += usize::from(null);
        null
    }

    /// The head of an array of exactly `length` values.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn array(&mut self, length: usize) -> Result<(), DecodeError> {
        let at = self.at;
        if self.head(MAJOR_ARRAY, "an array")? == length as u64 {
            Ok(())
        } else {
            Err(DecodeError::Unexpected {
                expected: "an array of another length",
                at,
            })
        }
    }

    /// The head of an array of at most `most` values; the length is returned.
    ///
    /// # Errors
    /// When something else stands there, or it is longer.
    pub fn array_to(&mut self, field: &'static str, most: usize) -> Result<usize, DecodeError> {
        let found = self.head(MAJOR_ARRAY, "an array")?;
        match usize::try_from(found) {
            Ok(length) if length <= most => Ok(length),
            _ => Err(DecodeError::Range {
                field,
                found,
                allowed: "fewer values",
            }),
        }
    }

    /// Any value.
    ///
    /// # Errors
    /// As the value's own decoder.
    pub fn value<T: Decode>(&mut self) -> Result<T, DecodeError> {
        T::decode(self)
    }

    /// A value, or null.
    ///
    /// # Errors
    /// As the value's own decoder.
    pub fn optional<T: Decode>(&mut self) -> Result<Option<T>, DecodeError> {
        if self.is_null() {
            Ok(None)
        } else {
            T::decode(self).map(Some)
        }
    }

    /// An array of at most `most` values.
    ///
    /// # Errors
    /// When it is longer, or as the values' own decoder.
    pub fn list<T: Decode>(
        &mut self,
        field: &'static str,
        most: usize,
    ) -> Result<Vec<T>, DecodeError> {
        let length = self.array_to(field, most)?;
        (0..length).map(|_| T::decode(self)).collect()
    }

    /// An array of at most `most` values in strictly ascending order: a set.
    ///
    /// # Errors
    /// When it is longer or out of order, or as the values' own decoder.
    pub fn set<T: Decode + Ord>(
        &mut self,
        field: &'static str,
        most: usize,
    ) -> Result<Vec<T>, DecodeError> {
        let values = self.list(field, most)?;
        if values.windows(2).all(|pair| pair[0] < pair[1]) {
            Ok(values)
        } else {
            Err(DecodeError::Unsorted(field))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Value {
        Uint(u64),
        Bytes(Vec<u8>),
        Text(String),
        Null,
        Array(Vec<Value>),
    }

    impl Encode for Value {
        fn encode(&self, encoder: &mut Encoder) {
            match self {
                Value::Uint(value) => encoder.uint(*value),
                Value::Bytes(value) => encoder.bytes(value),
                Value::Text(value) => encoder.text(value),
                Value::Null => encoder.null(),
                Value::Array(values) => encoder.list(values.iter()),
            };
        }
    }

    impl Decode for Value {
        fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
            if decoder.is_null() {
                return Ok(Value::Null);
            }
            match decoder
                .bytes
                .get(decoder.at)
                .ok_or(DecodeError::Truncated)?
                >> 5
            {
                MAJOR_UINT => decoder.uint().map(Value::Uint),
                MAJOR_BYTES => decoder.bytes("b", 99).map(|b| Value::Bytes(b.to_vec())),
                MAJOR_TEXT => decoder.text("t", 99).map(|t| Value::Text(t.to_owned())),
                _ => decoder.list("a", 99).map(Value::Array),
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<u64>().prop_map(Value::Uint),
            (0u64..300).prop_map(Value::Uint),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            "\\PC{0,20}".prop_map(Value::Text),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array)
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in values()) {
            prop_assert_eq!(Value::from_bytes(&value.to_bytes()), Ok(value));
        }

        #[test]
        fn whatever_decodes_encodes_to_the_same_bytes(
            value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = value.to_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(value) = Value::from_bytes(&bytes) {
                prop_assert_eq!(value.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn numbers_written_longer_than_needed_are_refused() {
        for bytes in [
            &[0x18, 23][..],
            &[0x19, 0, 255],
            &[0x1a, 0, 0, 255, 255],
            &[0x58, 1, 7],
        ] {
            assert!(matches!(
                Value::from_bytes(bytes),
                Err(DecodeError::NotCanonical(0))
            ));
        }
    }

    #[test]
    fn indefinite_lengths_tags_maps_floats_and_leftovers_are_refused() {
        for bytes in [
            &[0x9f, 0xff][..],
            &[0x5f, 0xff],
            &[0xc0, 0x00],
            &[0xa0],
            &[0xf9, 0, 0],
            &[0x20],
            &[0xf5],
        ] {
            assert!(Value::from_bytes(bytes).is_err(), "{bytes:x?}");
        }
        assert_eq!(Value::from_bytes(&[0, 0]), Err(DecodeError::Trailing(1)));
    }

    #[test]
    fn a_length_beyond_the_bytes_allocates_nothing() {
        assert!(Value::from_bytes(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]).is_err());
        assert_eq!(
            Value::from_bytes(&[0x58, 90, 1]),
            Err(DecodeError::Truncated)
        );
    }
}
