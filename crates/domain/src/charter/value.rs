//! What a charter's key can hold: a number, a text, or a flat list of both.

use std::fmt;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// The most items a list of a charter may have.
pub const LIST_ITEMS_MAX: usize = 256;

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
}

/// The value of one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A whole number, its unit named by the key.
    Number(u64),
    /// A text.
    Text(String),
    /// A flat list; a fraction is the list of its numerator and denominator.
    List(Vec<Item>),
}

impl Value {
    /// What it is, for an error message.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
        }
    }
}

impl From<&str> for Item {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Fraction> for Value {
    fn from(fraction: Fraction) -> Self {
        Self::List(vec![
            Item::Number(fraction.numerator),
            Item::Number(fraction.denominator),
        ])
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl Encode for Item {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Number(number) => encoder.uint(*number),
            Self::Text(text) => encoder.text(text),
        };
    }
}

impl Encode for Value {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Number(number) => encoder.uint(*number),
            Self::Text(text) => encoder.text(text),
            Self::List(items) => encoder.list(items.iter()),
        };
    }
}

impl Decode for Item {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        // Tried on a copy: the decoder does not tell which type comes next.
        let mut attempt = decoder.clone();
        match attempt.uint() {
            Ok(number) => {
                *decoder = attempt;
                Ok(Self::Number(number))
            }
            Err(DecodeError::Unexpected { .. }) => decoder
                .text("charter value", super::BYTES_MAX)
                .map(|text| Self::Text(text.to_owned())),
            Err(error) => Err(error),
        }
    }
}

impl Decode for Value {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut attempt = decoder.clone();
        match attempt.value::<Item>() {
            Ok(item) => {
                *decoder = attempt;
                Ok(match item {
                    Item::Number(number) => Self::Number(number),
                    Item::Text(text) => Self::Text(text),
                })
            }
            Err(DecodeError::Unexpected { .. }) => {
                decoder.list("charter list", LIST_ITEMS_MAX).map(Self::List)
            }
            Err(error) => Err(error),
        }
    }
}

/// A fraction from 0 to 1, kept as it was written: no rounding ever enters a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    numerator: u64,
    denominator: u64,
}

impl Fraction {
    /// The largest denominator, so that products with electorates and periods cannot overflow.
    pub const DENOMINATOR_MAX: u64 = 1_000_000;

    /// `numerator / denominator`, or nothing if that is not from 0 to 1 or too fine.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || denominator > Self::DENOMINATOR_MAX || numerator > denominator {
            return None;
        }
        Some(Self {
            numerator,
            denominator,
        })
    }

    /// The number above the line.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The number below the line, at least 1.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// The smallest whole number that is at least this fraction of `whole`.
    #[must_use]
    pub fn ceiling_of(self, whole: u64) -> u64 {
        let product = u128::from(whole) * u128::from(self.numerator);
        let ceiling = product.div_ceil(u128::from(self.denominator));
        u64::try_from(ceiling).expect("a fraction up to 1 of a u64 is a u64")
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}
