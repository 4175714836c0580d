//! The charter: the rules in force, changed only by decision.
//!
//! On the wire a charter is `[1, [[key, value], …]]` with the keys in strictly ascending order of
//! their bytes. A key is dotted lower-case words with the unit last (`period.regular-seconds`); a
//! value is a number, a text, or a flat list of both; a fraction is `[numerator, denominator]`; yes
//! and no are 1 and 0. A missing key has the default that [`Charter::default_toml`] shows. A key
//! this release does not know is kept, so that the bytes and their hash stay, and listed; so a
//! later release adds keys without a new format. A known key never changes its meaning.

mod class;
mod error;
#[cfg(test)]
mod mistakes;
mod reader;
mod source;
mod terms;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

pub use self::{
    class::{
        Class, ClassId, ClassIdError, ClassKind, Eligible, RuleName, RuleNameError, RuleRefused,
    },
    error::{CharterError, Problem},
    reader::TEXT_CHARACTERS_MAX,
    terms::{
        AIMS_MAX, CLASSES_MAX, CharterRule, ClassBlock, Licence, PERIOD_SECONDS_MAX, Periods,
        RuleTerms, Terms,
    },
    value::{Fraction, Item, LIST_ITEMS_MAX, Value},
};
use self::{
    reader::Reader,
    terms::{RECOVERY_NOTICE, RECOVERY_NOTICE_SECONDS},
};
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
};

/// The most bytes of an encoded charter.
pub const BYTES_MAX: usize = 32 * 1024;
/// The most keys of a charter.
pub const KEYS_MAX: usize = 256;

const FORMAT: u64 = 1;
const KEY_BYTES_MAX: usize = 100;
const HASH_PREFIX: &[u8] = b"folkmoot/charter/1\0";

type Entries = BTreeMap<String, Value>;

/// A charter that was checked in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    /// What is written, known or not.
    entries: Entries,
    /// What is written, and the defaults of the known keys that are not.
    in_force: Entries,
    terms: Terms,
    unknown: Vec<String>,
}

/// A key whose value in force differs between two charters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// Its value before; nothing if the key had no meaning there.
    pub before: Option<Value>,
    /// Its value after.
    pub after: Option<Value>,
}

impl Charter {
    /// Reads a charter as it travels.
    ///
    /// # Errors
    /// When the bytes are not the one encoding of a charter, or its values break a rule.
    pub fn decode(bytes: &[u8]) -> Result<Self, CharterError> {
        if bytes.len() > BYTES_MAX {
            return Err(too_long(bytes.len()));
        }
        let mut decoder = Decoder::new(bytes);
        let entries = decode_entries(&mut decoder)
            .and_then(|entries| decoder.finish().map(|()| entries))
            .map_err(|error| CharterError::new("", Problem::Encoding(error)))?;
        Self::from_entries(entries)
    }

    /// Reads a charter from a TOML file. The defaults are written out, so that members decide on
    /// the full text.
    ///
    /// # Errors
    /// When it is not TOML, has a key that is not known, or a value that breaks a rule: with the
    /// line, what is wrong, and what to write.
    pub fn from_toml(text: &str) -> Result<Self, CharterError> {
        source::charter(text)
    }

    /// This charter as a TOML file, a line for each key in force that this release knows.
    #[must_use]
    pub fn to_toml(&self) -> String {
        source::file(self)
    }

    /// This charter with other values of some keys, each as a line of the file has it. An empty value
    /// takes the key out.
    ///
    /// # Errors
    /// When that makes no charter.
    pub fn with_changes<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CharterError> {
        source::charter(&source::changed(self, changes))
    }

    /// What makes another charter of this one, as [`Self::with_changes`] takes it.
    #[must_use]
    pub fn changes_to(&self, other: &Self) -> Vec<(String, String)> {
        source::changes(self, other)
    }

    /// The default charter as a commented TOML file: that of the model co-op.
    #[must_use]
    pub fn default_toml() -> &'static str {
        include_str!("default.toml")
    }

    fn from_entries(entries: Entries) -> Result<Self, CharterError> {
        let mut reader = Reader::new(&entries);
        let terms = Terms::read(&mut reader)?;
        let mut in_force = reader.into_in_force();
        let mut unknown = Vec::new();
        for (key, value) in &entries {
            if !in_force.contains_key(key) {
                unknown.push(key.clone());
                in_force.insert(key.clone(), value.clone());
            }
        }
        Ok(Self {
            entries,
            in_force,
            terms,
            unknown,
        })
    }

    /// The same charter with the defaults written out, except those of rules it does not use and that
    /// of a key younger than the default charter.
    fn written_out(&self) -> Result<Self, CharterError> {
        let unused = |key: &str| {
            let rule = key
                .strip_prefix("rule.")
                .and_then(|key| key.split_once('.'));
            let chosen = |(name, _)| self.terms.rules.iter().any(|rule| rule.as_str() == name);
            !rule.is_none_or(chosen)
        };
        let mut entries = self.in_force.clone();
        entries.retain(|key, _| self.entries.contains_key(key) || !unused(key));
        if self.terms.recovery_notice_seconds == RECOVERY_NOTICE_SECONDS {
            // Charters from before this key keep their hash.
            entries.remove(RECOVERY_NOTICE);
        }
        let charter = Self::from_entries(entries)?;
        match charter.to_bytes().len() {
            found if found > BYTES_MAX => Err(too_long(found)),
            _ => Ok(charter),
        }
    }

    /// What it says, every default filled in.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What it says about one rule, whether proposals may choose it or not.
    #[must_use]
    pub fn rule(&self, rule: RuleName) -> &RuleTerms {
        &self.terms.per_rule[&rule]
    }

    /// The class of that id.
    #[must_use]
    pub fn class(&self, id: &ClassId) -> Option<&Class> {
        self.terms.classes.iter().find(|class| class.id == *id)
    }

    /// Checks that a proposal may choose that rule.
    ///
    /// # Errors
    /// When the charter does not offer it.
    pub fn check_rule(&self, rule: RuleName) -> Result<(), RuleRefused> {
        if !self.terms.rules.contains(&rule) {
            let offered = self.terms.rules.iter().map(|rule| rule.as_str()).collect();
            return Err(RuleRefused::NotOffered { rule, offered });
        }
        Ok(())
    }

    /// The keys that this release keeps without knowing what they mean, ascending.
    #[must_use]
    pub fn unknown_keys(&self) -> &[String] {
        &self.unknown
    }

    /// Every key in force with its value, ascending: for a page or file that shows all of it.
    pub fn in_force(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.in_force
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }

    /// Its one encoding.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encode::to_bytes(self)
    }

    /// What names this charter everywhere: SHA-256 over `folkmoot/charter/1\0` and its bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[HASH_PREFIX, &self.to_bytes()])
    }
}

impl Default for Charter {
    fn default() -> Self {
        Self::from_entries(Entries::new())
            .and_then(|charter| charter.written_out())
            .expect("the defaults keep every rule, as a test shows")
    }
}

/// What differs between two charters, by key. A default that is now written out is no change.
#[must_use]
pub fn diff(old: &Charter, new: &Charter) -> Vec<Change> {
    let mut keys: Vec<_> = old.in_force.keys().chain(new.in_force.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .map(|key| Change {
            key: key.clone(),
            before: old.in_force.get(key).cloned(),
            after: new.in_force.get(key).cloned(),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

impl Encode for Charter {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).uint(FORMAT).array(self.entries.len());
        for (key, value) in &self.entries {
            encoder.array(2).text(key).value(value);
        }
    }
}

impl Decode for Charter {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let charter = Self::from_entries(decode_entries(decoder)?)
            .map_err(|_| DecodeError::Invalid("a value of the charter breaks a rule"))?;
        match charter.to_bytes().len() {
            found if found > BYTES_MAX => Err(DecodeError::Range {
                field: "charter",
                found: found as u64,
                allowed: "at most 32768 bytes",
            }),
            _ => Ok(charter),
        }
    }
}

fn decode_entries(decoder: &mut Decoder<'_>) -> Result<Entries, DecodeError> {
    decoder.array(2)?;
    let format = decoder.uint()?;
    if format != FORMAT {
        return Err(DecodeError::Range {
            field: "charter format",
            found: format,
            allowed: "1",
        });
    }
    let mut entries = Entries::new();
    for _ in 0..decoder.array_to("charter keys", KEYS_MAX)? {
        decoder.array(2)?;
        let key = decoder.text("charter key", KEY_BYTES_MAX)?;
        if !is_key(key) {
            return Err(DecodeError::Invalid(
                "a charter key is dotted lower-case words",
            ));
        }
        if entries
            .last_key_value()
            .is_some_and(|(last, _)| last.as_str() >= key)
        {
            return Err(DecodeError::Unsorted("charter keys"));
        }
        let value = decoder.value()?;
        entries.insert(key.to_owned(), value);
    }
    Ok(entries)
}

/// Words of lower-case letters, digits and hyphens, a letter first, with dots between them.
fn is_key(key: &str) -> bool {
    key.split('.').all(|word| {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(allowed)
    })
}

fn too_long(found: usize) -> CharterError {
    let most = BYTES_MAX;
    CharterError::new("", Problem::TooLong { found, most })
}
