//! Regions: where a server stands, and where a tenant wants its meetings.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// The longest name of a region, in bytes.
pub const REGION_BYTES_MAX: usize = 32;

/// A region such as `ca-east` or `eu-north`: words of lower-case letters and digits, joined by
/// hyphens. Regions are the same when their names are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// Text that is not the name of a region.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "a region has 2 to {REGION_BYTES_MAX} lower-case letters, digits and single hyphens between \
     them, such as ca-east; found {found:?}"
)]
pub struct RegionError {
    /// What was given, shortened.
    pub found: String,
}

impl Region {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if (2..=REGION_BYTES_MAX).contains(&text.len()) && text.split('-').all(is_word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegionError {
                found: text.chars().take(REGION_BYTES_MAX).collect(),
            })
        }
    }
}

impl Encode for Region {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.text(&self.0);
    }
}

impl Decode for Region {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder
            .text("region", REGION_BYTES_MAX)?
            .parse()
            .map_err(|_| DecodeError::Invalid("the name of a region"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_words_joined_by_hyphens() {
        for good in ["eu", "ca-east", "eu-north-1"] {
            let region: Region = good.parse().expect("a region");
            assert_eq!(Region::from_bytes(&region.to_bytes()), Ok(region));
        }
        let long = "a".repeat(REGION_BYTES_MAX + 1);
        for bad in [
            "",
            "e",
            "EU",
            "ca east",
            "-ca",
            "ca-",
            "ca--east",
            "montréal",
            &long,
        ] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }
}
