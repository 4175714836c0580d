//! Decision files: everything that shows somebody outside how a vote ended, in one JSON text with
//! the exact signed bytes (`specs/decision-files.md`).
//!
//! A file is verified without a node, a network or a clock. It says nothing that is not needed and
//! has one spelling, so a changed, dropped, doubled or moved byte is refused.

mod error;
mod export;
mod proof;
mod recovering;
mod since;
#[cfg(test)]
mod tests;
mod trail;
mod verify;
mod words;

use domain::{
    id::{FederationId, PhaseId},
    text::shown_line,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use self::{
    error::{ExportError, FileError, SinceError},
    export::{Height, export, export_recovered},
    proof::{Proof, Step, Turn, Vote},
    recovering::Recovering,
    since::since,
};

/// What the first field of every file says.
pub const FORMAT: &str = "folkmoot decision 1";
/// The longest file, in bytes.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The most heights of a file.
pub const HEIGHTS_MAX: usize = 200_000;
/// The longest text of a proposal, in bytes.
pub const TEXT_BYTES_MAX: usize = 512 * 1024;

/// Bytes that are written as lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hex(Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        hex::decode(text.as_ref())
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// The items of one height.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemsAt {
    height: u64,
    items: Hex,
}

/// A decision file that was read and not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionFile {
    format: String,
    /// The federation's id, for who looks at the file.
    federation: Hex,
    /// The phase with which the vote began: the id of its opening.
    opening: Hex,
    genesis: Hex,
    beginning: Hex,
    /// Of every height from 2 to the one that decides.
    headers: Vec<Hex>,
    /// Each set that takes over before the height that decides.
    validators: Vec<Hex>,
    /// Of each height after which the validators change, and of the one that decides.
    certificates: Vec<Hex>,
    /// Of each height that has something of this vote.
    items: Vec<ItemsAt>,
    /// Each recovery of the register before the height that decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recoveries: Vec<recovering::RecoveringAt>,
    charter: Hex,
    /// The text voted on, if its readers may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl DecisionFile {
    /// Reads a file. Nothing of it is verified yet.
    ///
    /// # Errors
    /// When it is too long, not of its form, or spelt in another way than it would be written.
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let (found, most) = (bytes.len(), FILE_BYTES_MAX);
        if found > most {
            return Err(FileError::TooLong { found, most });
        }
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|error| FileError::Json(shown_line(&error.to_string())))?;
        if file.format != FORMAT {
            return Err(FileError::Format { found: file.format });
        }
        if file.to_json().as_bytes() != bytes {
            return Err(FileError::Spelling);
        }
        Ok(file)
    }

    /// The file as it is written.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("texts, numbers and lists have a JSON form") + "\n"
    }

    /// Verifies the file and says what it proves. With a federation that the reader knows from
    /// elsewhere nothing in the file is taken on trust; without, that it is the one meant.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(&self, federation: Option<&FederationId>) -> Result<Proof, FileError> {
        verify::verify(self, federation)
    }

    fn federation_stated(&self) -> Option<FederationId> {
        self.federation
            .0
            .as_slice()
            .try_into()
            .ok()
            .map(FederationId)
    }

    fn opening_stated(&self) -> Option<PhaseId> {
        let id = self.opening.0.as_slice().try_into().ok();
        id.map(domain::id::EntryId)
    }
}
