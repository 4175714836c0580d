//! Classes of members and the names of the decision rules.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// Text that is no class id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{found:?} is no class id; write 1 to 32 lower-case letters, digits and hyphens, a letter first"
)]
pub struct ClassIdError {
    /// What was given.
    pub found: String,
}

/// The id of a class of members: `[a-z][a-z0-9-]{0,31}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(String);

impl ClassId {
    /// The most characters of an id.
    pub const CHARACTERS_MAX: usize = 32;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClassId {
    type Err = ClassIdError;

    fn from_str(text: &str) -> Result<Self, ClassIdError> {
        let letter_first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if letter_first && text.len() <= Self::CHARACTERS_MAX && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ClassIdError {
                found: text.chars().take(80).collect(),
            })
        }
    }
}

impl fmt::Display for ClassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Encode for ClassId {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.text(&self.0);
    }
}

impl Decode for ClassId {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let text = decoder.text("class", Self::CHARACTERS_MAX)?;
        text.parse()
            .map_err(|_| DecodeError::Invalid("a class id has another form"))
    }
}

/// What the members of a class are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassKind {
    /// Organisations, whose delegates vote for them.
    Organisation,
    /// Single persons.
    Individual,
}

impl ClassKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Organisation, Self::Individual];

    /// The word used on the wire and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Individual => "individual",
        }
    }
}

impl fmt::Display for ClassKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A class of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its id, which never changes.
    pub id: ClassId,
    /// Its name for people.
    pub name: String,
    /// What its members are.
    pub kind: ClassKind,
    /// Its share of the votes under weighted rules, in percent.
    pub strength_percent: u64,
}

/// A rule by which a proposal is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleName {
    /// Quorum, somebody agrees, nobody blocks.
    Consent,
    /// Quorum, more agree than are against.
    OneMemberOneVote,
    /// Consent; when blocked, one member one vote after an integration window.
    ConsentThenVote,
    /// The classes' strengths times their shares of agreement.
    ClassWeighted,
    /// The demanding rule for changes of the charter itself.
    Charter,
}

/// Why a proposal may not be decided by the rule it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleRefused {
    /// The charter does not offer the rule.
    #[error("the charter does not offer the rule {rule}; choose {}", offered.join(" or "))]
    NotOffered {
        /// The rule asked for.
        rule: RuleName,
        /// The rules the charter offers.
        offered: Vec<&'static str>,
    },
}

impl RuleName {
    /// Every rule.
    pub const ALL: [Self; 5] = [
        Self::Consent,
        Self::OneMemberOneVote,
        Self::ConsentThenVote,
        Self::ClassWeighted,
        Self::Charter,
    ];

    /// The rule of the vote the proposer may call when a proposal of this rule is blocked.
    #[must_use]
    pub fn fallback(self) -> Option<Self> {
        (self == Self::ConsentThenVote).then_some(Self::OneMemberOneVote)
    }

    /// The word used on the wire, the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::OneMemberOneVote => "one-member-one-vote",
            Self::ConsentThenVote => "consent-then-vote",
            Self::ClassWeighted => "class-weighted",
            Self::Charter => "charter",
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is no rule's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{found:?} is no decision rule; write {}", rule_names())]
pub struct RuleNameError {
    /// What was given.
    pub found: String,
}

fn rule_names() -> String {
    let names = RuleName::ALL.map(RuleName::as_str);
    names.join(", ")
}

impl FromStr for RuleName {
    type Err = RuleNameError;

    fn from_str(text: &str) -> Result<Self, RuleNameError> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or_else(|| RuleNameError {
                found: text.chars().take(80).collect(),
            })
    }
}

impl Encode for RuleName {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.text(self.as_str());
    }
}

impl Decode for RuleName {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let text = decoder.text("rule", 32)?;
        text.parse()
            .map_err(|_| DecodeError::Invalid("no decision rule of that name"))
    }
}

/// Who may vote under a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eligible {
    /// The members of every class of organisations.
    Organisations,
    /// The members of the class `producer`.
    Producers,
    /// Every member.
    All,
    /// The members of these classes.
    Classes(Vec<ClassId>),
}

impl Eligible {
    /// The class that [`Eligible::Producers`] means.
    pub const PRODUCER: &'static str = "producer";

    /// Whether members of that class may vote.
    #[must_use]
    pub fn includes(&self, class: &Class) -> bool {
        match self {
            Self::Organisations => class.kind == ClassKind::Organisation,
            Self::Producers => class.id.as_str() == Self::PRODUCER,
            Self::All => true,
            Self::Classes(classes) => classes.contains(&class.id),
        }
    }
}
