//! What is wrong with a charter: where, what, and what to write instead.

use std::{error::Error, fmt};

use thiserror::Error;

use crate::cbor::DecodeError;

/// Why a text or bytes are no charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharterError {
    /// The key it is about; empty for the charter as a whole.
    pub key: String,
    /// The line of the file, when there is a file and the key stands in it.
    pub line: Option<usize>,
    /// What is wrong, and what to write.
    pub problem: Problem,
}

impl CharterError {
    pub(super) fn new(key: &str, problem: Problem) -> Self {
        Self {
            key: key.to_owned(),
            line: None,
            problem,
        }
    }
}

impl fmt::Display for CharterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        self.problem.fmt(f)
    }
}

impl Error for CharterError {
    // The problem is shown in full by Display, so the chain goes on below it.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

/// One broken rule of a charter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The file is not TOML.
    #[error("not TOML: {0}; correct the line")]
    Syntax(String),
    /// The bytes are not the one encoding of a charter.
    #[error("these bytes are no charter; take them again from a node of the federation")]
    Encoding(#[source] DecodeError),
    /// More bytes than a charter may have.
    #[error("{found} bytes; shorten it to at most {most}")]
    TooLong {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A key that no rule reads.
    #[error("no such key; {}", nearest_or(nearest.as_ref(), "remove it"))]
    UnknownKey {
        /// The known key with the most similar name, if any is similar.
        nearest: Option<String>,
    },
    /// A class is described and not listed.
    #[error("the class {0} is not in the list `classes`; add it there or remove this key")]
    UnlistedClass(String),
    /// A value of another type.
    #[error("found {found}; write {expected}")]
    Type {
        /// What stands there.
        found: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
    /// A number outside what makes sense.
    #[error("{found} is outside the allowed range; write a whole number from {least} to {most}")]
    Range {
        /// The number.
        found: u64,
        /// The smallest allowed.
        least: u64,
        /// The largest allowed.
        most: u64,
    },
    /// A text that is empty or too long.
    #[error("the text has {found} characters; write 1 to {most}")]
    TextLength {
        /// How many characters it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// Line breaks, other control characters, or marks that turn the direction of writing.
    #[error("the text has a line break or control character; write it on one line")]
    ControlCharacter,
    /// A list that is too short or too long.
    #[error("the list has {found} entries; write {least} to {most}")]
    Count {
        /// How many it has.
        found: usize,
        /// The fewest allowed.
        least: usize,
        /// The most allowed.
        most: usize,
    },
    /// The same entry twice.
    #[error("{0} stands there twice; write it once")]
    Repeated(String),
    /// A pair of numbers that is no fraction from 0 to 1.
    #[error(
        "[{numerator}, {denominator}] is no fraction from 0 to 1; write [numerator, denominator], \
         such as [1, 3], with a denominator from 1 to 1000000"
    )]
    Fraction {
        /// The number above the line.
        numerator: u64,
        /// The number below the line.
        denominator: u64,
    },
    /// A part that must be reached and is nothing.
    #[error(
        "0 would let a rule be met by nobody; write [numerator, denominator], such as [1, 3], with a \
         numerator of at least 1"
    )]
    Zero,
    /// A word that is none of those known here.
    #[error(
        "{found:?} is not known here; {}",
        nearest_or(nearest.as_ref(), &format!("write one of {}", allowed.join(", ")))
    )]
    Word {
        /// The word.
        found: String,
        /// The words allowed.
        allowed: Vec<String>,
        /// The allowed word that is most similar, if any is.
        nearest: Option<String>,
    },
    /// A class id of another form.
    #[error(
        "{0:?} is no class id; write 1 to 32 lower-case letters, digits and hyphens, a letter first"
    )]
    ClassId(String),
    /// The strengths of all classes do not make the whole.
    #[error("the strengths add up to {sum}; change them so that they add up to 100")]
    Strengths {
        /// What they add up to.
        sum: u64,
    },
    /// With three classes or more, one that is too weak or too strong.
    #[error(
        "{found} is outside the allowed range: with three classes or more none may decide alone \
         or hardly count; write 10 to 50"
    )]
    ClassStrength {
        /// Its strength in percent.
        found: u64,
    },
    /// A rule under which no class may vote.
    #[error("no class may vote under this; write \"all\" or a list of class ids")]
    NoVoters,
    /// A rule that weighs classes, under which none that may vote has weight.
    #[error(
        "no class that may vote under this has any strength; add one with a strength-percent of more than 0"
    )]
    NoStrength,
}

fn nearest_or(nearest: Option<&String>, otherwise: &str) -> String {
    match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => otherwise.to_owned(),
    }
}

/// The candidate most similar to `found`, if one is similar enough to be a slip of the pen.
pub(super) fn nearest<'a>(
    found: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(found, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}
