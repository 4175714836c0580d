//! Words explained in two sentences each.

use maud::{Markup, html};

use super::frame::{Area, Frame, Head, document};
use super::parts::page_head;
use crate::catalogue::Language;

/// The words that have an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Agreement without a block.
    Consent,
    /// An objection that stops.
    Block,
    /// Abstaining and not taking part.
    StandAside,
    /// How many must vote.
    Quorum,
    /// Not final.
    Provisional,
    /// What is final.
    Register,
    /// A step of the register.
    Height,
    /// What validators have seen.
    Witnessed,
    /// What is counted, whatever happens.
    Secured,
    /// Who closes votes.
    Validator,
    /// What an open vote is on.
    Version,
    /// Who may vote.
    Electorate,
    /// What opens a vote.
    Opening,
    /// What a signed act is.
    Entry,
    /// A member's own server.
    Node,
    /// Who votes for a member.
    Delegate,
    /// Who runs a node.
    Steward,
    /// The key above all of a member's keys.
    RootKey,
    /// The rules.
    Charter,
    /// A group.
    Circle,
}

impl Word {
    /// Every word.
    pub const ALL: [Self; 20] = [
        Self::Consent,
        Self::Block,
        Self::StandAside,
        Self::Quorum,
        Self::Provisional,
        Self::Register,
        Self::Height,
        Self::Witnessed,
        Self::Secured,
        Self::Validator,
        Self::Version,
        Self::Electorate,
        Self::Opening,
        Self::Entry,
        Self::Node,
        Self::Delegate,
        Self::Steward,
        Self::RootKey,
        Self::Charter,
        Self::Circle,
    ];

    /// The word in the address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Block => "block",
            Self::StandAside => "stand-aside",
            Self::Quorum => "quorum",
            Self::Provisional => "provisional",
            Self::Register => "register",
            Self::Height => "height",
            Self::Witnessed => "witnessed",
            Self::Secured => "secured",
            Self::Validator => "validator",
            Self::Version => "version",
            Self::Electorate => "electorate",
            Self::Opening => "opening",
            Self::Entry => "entry",
            Self::Node => "node",
            Self::Delegate => "delegate",
            Self::Steward => "steward",
            Self::RootKey => "root-key",
            Self::Charter => "charter",
            Self::Circle => "circle",
        }
    }

    /// The word of an address.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Its name and its two sentences.
    fn explained(self, say: Language) -> (Markup, Markup) {
        match self {
            Self::Consent => (say.consent(), say.help_consent()),
            Self::Block => (say.choice_block(), say.help_block()),
            Self::StandAside => (say.word_stand_aside(), say.help_stand_aside()),
            Self::Quorum => (say.word_quorum(), say.help_quorum()),
            Self::Provisional => (say.word_provisional(), say.help_provisional()),
            Self::Register => (say.register(), say.help_register()),
            Self::Height => (say.word_height(), say.help_height()),
            Self::Witnessed => (say.word_witnessed(), say.help_witnessed()),
            Self::Secured => (say.word_secured(), say.help_secured()),
            Self::Validator => (say.word_validator(), say.help_validator()),
            Self::Version => (say.word_version(), say.help_version()),
            Self::Electorate => (say.electorate(), say.help_electorate()),
            Self::Opening => (say.opening(), say.help_opening()),
            Self::Entry => (say.word_entry(), say.help_entry()),
            Self::Node => (say.node(), say.help_node()),
            Self::Delegate => (say.word_delegate(), say.help_delegate()),
            Self::Steward => (say.word_steward(), say.help_steward()),
            Self::RootKey => (say.root_key(), say.help_root_key()),
            Self::Charter => (say.charter(), say.help_charter()),
            Self::Circle => (say.circle(), say.help_circle()),
        }
    }
}

/// One word, then the others.
#[must_use]
pub fn page(frame: &Frame, word: Word) -> Markup {
    let say = frame.language;
    let (name, words) = word.explained(say);
    let body = html! {
        (page_head(Markup::default(), name.clone(), Markup::default()))
        p.narrow { (words) }
        section.area {
            h2 { (say.other_words()) }
            ul.rows.narrow {
                @for other in Word::ALL.into_iter().filter(|other| *other != word) {
                    li { a href={ "/help/" (other.as_str()) } { (other.explained(say).0) } }
                }
            }
        }
    };
    document(frame, &Head::new(name, Area::None), body)
}
