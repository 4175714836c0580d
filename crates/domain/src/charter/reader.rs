//! Reads typed values out of a charter's keys, filling in the default of each missing one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use super::{
    CharterError, Entries, Fraction, Problem,
    error::nearest,
    value::{Item, Value},
};

/// The most characters of a text that a rule reads.
pub const TEXT_CHARACTERS_MAX: usize = 200;

/// Reads keys one by one and remembers what each one says, so that the keys it was asked for are
/// exactly the keys that are known.
pub(super) struct Reader<'a> {
    entries: &'a Entries,
    in_force: Entries,
}

impl<'a> Reader<'a> {
    pub(super) fn new(entries: &'a Entries) -> Self {
        Self {
            entries,
            in_force: BTreeMap::new(),
        }
    }

    /// Every key asked for, with its value or its default.
    pub(super) fn into_in_force(self) -> Entries {
        self.in_force
    }

    fn take(&mut self, key: &str, default: impl FnOnce() -> Value) -> Value {
        let value = self.entries.get(key).cloned().unwrap_or_else(default);
        self.in_force.insert(key.to_owned(), value.clone());
        value
    }

    /// A number within `range`.
    pub(super) fn number(
        &mut self,
        key: &str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, CharterError> {
        match self.take(key, || Value::Number(default)) {
            Value::Number(number) if range.contains(&number) => Ok(number),
            Value::Number(found) => {
                let (least, most) = range.into_inner();
                Err(CharterError::new(
                    key,
                    Problem::Range { found, least, most },
                ))
            }
            other => Err(of_type(key, &other, "a whole number")),
        }
    }

    /// Yes or no: 1 or 0 on the wire.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> Result<bool, CharterError> {
        Ok(self.number(key, 0..=1, u64::from(default))? == 1)
    }

    /// One line of text.
    pub(super) fn text(&mut self, key: &str, default: &str) -> Result<String, CharterError> {
        match self.take(key, || Value::Text(default.to_owned())) {
            Value::Text(text) => check_text(key, &text).map(|()| text),
            other => Err(of_type(key, &other, "a text in quotation marks")),
        }
    }

    /// A list of different lines of text.
    pub(super) fn texts(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        default: &[&str],
    ) -> Result<Vec<String>, CharterError> {
        let expected = "a list of texts, such as [\"one\", \"another\"]";
        let default = || Value::List(default.iter().copied().map(Item::from).collect());
        let items = match self.take(key, default) {
            Value::List(items) => items,
            other => return Err(of_type(key, &other, expected)),
        };
        texts_of(key, count, items, expected)
    }

    /// A fraction from 0 to 1.
    pub(super) fn fraction(
        &mut self,
        key: &str,
        default: Fraction,
    ) -> Result<Fraction, CharterError> {
        let value = self.take(key, || Value::from(default));
        let expected = "[numerator, denominator], such as [1, 3]";
        let Value::List(items) = &value else {
            return Err(of_type(key, &value, expected));
        };
        let [Item::Number(numerator), Item::Number(denominator)] = items[..] else {
            return Err(of_type(key, &value, expected));
        };
        let problem = Problem::Fraction {
            numerator,
            denominator,
        };
        Fraction::new(numerator, denominator).ok_or_else(|| CharterError::new(key, problem))
    }

    /// A fraction that must be reached: more than 0, or nothing would have to be.
    pub(super) fn threshold(
        &mut self,
        key: &str,
        default: Fraction,
    ) -> Result<Fraction, CharterError> {
        let found = self.fraction(key, default)?;
        match found.numerator() {
            0 => Err(CharterError::new(key, Problem::Zero)),
            _ => Ok(found),
        }
    }

    /// One word, or a list of them.
    pub(super) fn word_or_list(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        default: &str,
    ) -> Result<WordOrList, CharterError> {
        let expected = "a word in quotation marks or a list of class ids";
        match self.take(key, || Value::Text(default.to_owned())) {
            Value::Text(word) => Ok(WordOrList::Word(word)),
            Value::List(items) => texts_of(key, count, items, expected).map(WordOrList::List),
            other => Err(of_type(key, &other, expected)),
        }
    }
}

pub(super) enum WordOrList {
    Word(String),
    List(Vec<String>),
}

/// The error for a word that is none of `allowed`.
pub(super) fn unknown_word(key: &str, found: &str, allowed: &[&str]) -> CharterError {
    let problem = Problem::Word {
        found: found.to_owned(),
        allowed: allowed.iter().map(|&word| word.to_owned()).collect(),
        nearest: nearest(found, allowed.iter().copied()),
    };
    CharterError::new(key, problem)
}

fn of_type(key: &str, found: &Value, expected: &'static str) -> CharterError {
    let found = found.describe();
    CharterError::new(key, Problem::Type { found, expected })
}

fn texts_of(
    key: &str,
    count: RangeInclusive<usize>,
    items: Vec<Item>,
    expected: &'static str,
) -> Result<Vec<String>, CharterError> {
    if !count.contains(&items.len()) {
        let (least, most) = count.into_inner();
        let found = items.len();
        return Err(CharterError::new(
            key,
            Problem::Count { found, least, most },
        ));
    }
    let mut seen = BTreeSet::new();
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let Item::Text(text) = item else {
            let found = "a list with a number in it";
            return Err(CharterError::new(key, Problem::Type { found, expected }));
        };
        check_text(key, &text)?;
        if !seen.insert(text.clone()) {
            return Err(CharterError::new(
                key,
                Problem::Repeated(format!("{text:?}")),
            ));
        }
        texts.push(text);
    }
    Ok(texts)
}

fn check_text(key: &str, text: &str) -> Result<(), CharterError> {
    let characters = text.chars().count();
    // Line separators and direction marks would show one text and mean another.
    let hidden =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(hidden) {
        return Err(CharterError::new(key, Problem::ControlCharacter));
    }
    if text.trim().is_empty() || characters > TEXT_CHARACTERS_MAX {
        let found = if text.trim().is_empty() {
            0
        } else {
            characters
        };
        let most = TEXT_CHARACTERS_MAX;
        return Err(CharterError::new(key, Problem::TextLength { found, most }));
    }
    Ok(())
}
