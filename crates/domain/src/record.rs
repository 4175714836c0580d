//! The bodies of entries: what people and nodes do, each kind with one encoding.
//!
//! A body is never changed once it has landed; a kind that needs another field gets another number.
//! `specs/records.md` has the table.

use crate::{
    blob::Blob,
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{CircleId, EntryId, Hash, MemberId, PersonId, ProposalId, Timestamp},
    key::{PublicKey, Signature},
    text::{Content, decode_block, decode_line},
};

mod answer;
mod attachment;
mod circle;
mod edit;
mod filing;
mod grant;
mod hosting;
mod measure;
mod meeting;
mod register;
mod report;
mod review;
mod rights;
mod server;
mod voting;

pub use answer::*;
pub use attachment::*;
pub use circle::*;
pub use edit::*;
pub use filing::*;
pub use grant::*;
pub use hosting::*;
pub use measure::*;
pub use meeting::*;
pub use register::*;
pub use report::*;
pub use review::*;
pub use rights::*;
pub use server::*;
pub use voting::*;

/// The longest class id, in bytes.
pub const CLASS_BYTES_MAX: usize = 32;
/// The longest one-line field, in bytes.
pub const LINE_BYTES_MAX: usize = 400;
/// The longest field of several lines in a body, in bytes.
pub const BLOCK_BYTES_MAX: usize = 8 * 1024;

/// The number of a kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u64);

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        impl Kind {
            $($(#[$doc])* #[allow(non_upper_case_globals)] pub const $name: Self = Self($number);)*

            /// The kind's word in the specification, if this release knows it.
            #[must_use]
            pub fn word(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($word),)*
                    _ => None,
                }
            }

            /// Every kind this release knows.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        /// The body of an entry of a kind this release knows.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant)]
        pub enum Record {
            $($(#[$doc])* $name($name),)*
        }

        impl Record {
            /// The kind of this body.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)*
                }
            }

            /// Reads a body; `None` if the kind is unknown to this release.
            ///
            /// # Errors
            /// When the bytes are not the encoding of a body of that kind.
            pub fn from_bytes(kind: Kind, bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
                Ok(Some(match kind {
                    $(Kind::$name => Self::$name($name::from_bytes(bytes)?),)*
                    _ => return Ok(None),
                }))
            }
        }

        impl Encode for Record {
            fn encode(&self, encoder: &mut Encoder) {
                match self {
                    $(Self::$name(record) => record.encode(encoder),)*
                }
            }
        }
    };
}

records! {
    /// A founder signs the genesis: the first entry of its root log.
    Found = 1, "found";
    /// A founder admits a newcomer.
    Admit = 2, "admit";
    /// A newcomer takes up its admission: the first entry of its root log.
    Join = 3, "join";
    /// A key is given rights.
    Grant = 4, "grant";
    /// A member lists the keys that vote for it.
    Mandate = 5, "mandate";
    /// A key loses its rights from a sequence on.
    Revocation = 6, "revocation";
    /// Who a person is: the name and contact are the note.
    Person = 7, "person";
    /// A person takes a role in a circle.
    Role = 8, "role";
    /// How a member describes itself; the last one counts.
    Profile = 9, "profile";
    /// A circle; the last one counts.
    Circle = 10, "circle";
    /// Where a node can be reached; the last one counts.
    Endpoint = 11, "endpoint";
    /// A co-op asks to be admitted, through a member's node.
    Application = 12, "application";
    /// A proposal and its first version.
    Proposal = 13, "proposal";
    /// A new version of a proposal.
    Amendment = 14, "amendment";
    /// The proposer takes a proposal back.
    Withdrawal = 15, "withdrawal";
    /// A phase of voting begins.
    Opening = 16, "opening";
    /// A member votes.
    Ballot = 17, "ballot";
    /// Someone says something about a proposal; the words are the note.
    Comment = 18, "comment";
    /// Someone changes a document.
    Edit = 19, "edit";
    /// A member says whose node serves it.
    Host = 20, "host";
    /// A host says whether it serves a member.
    Hosting = 21, "hosting";
    /// Where a document belongs; the last one counts.
    Filing = 22, "filing";
    /// Something is attached to a document; the last one of a name counts.
    Attachment = 23, "attachment";
    /// Something is to be done for a circle; the words are the note.
    Action = 24, "action";
    /// A circle gathers.
    Gathering = 25, "gathering";
    /// When a decision is looked at again; the last one counts.
    Review = 26, "review";
    /// A person joins a circle or leaves it.
    Membership = 27, "membership";
    /// A validator says something about the register.
    Witness = 28, "witness";
    /// A proposing member says what becomes of its blocked proposal.
    Answer = 29, "answer";
    /// A founder signs the beginning of the register.
    Founding = 30, "founding";
    /// A member declares something with its root key.
    Declaring = 31, "declaring";
    /// A proposal that does something by itself, and its first version.
    Measure = 32, "measure";
    /// A new version of a proposal, which does something by itself.
    AmendedMeasure = 33, "amended-measure";
    /// A newcomer that the register admitted: the first entry of its root log.
    Enter = 35, "enter";
    /// A co-op asks to be admitted by decision, through a member's node.
    Applying = 36, "applying";
    /// Somebody signs a recovery of the register, or objects to it.
    Recovering = 34, "recovering";
    /// A validator shows that a key signed two things that exclude each other.
    Evidence = 37, "evidence";
    /// Mediators report on a conflict about a proposal; the words are the note.
    Report = 38, "report";
    /// An owner describes a server; the last one counts.
    Server = 39, "server";
    /// A front end that has its meetings through a node; the last one counts.
    Tenant = 40, "tenant";
    /// A node says where it placed meetings.
    Placing = 41, "placing";
    /// An owner says what was used of its servers.
    Usage = 42, "usage";
}

impl Kind {
    /// Whether entries of this kind are public, never erased, and not stored without their body.
    #[must_use]
    pub fn is_binding(self) -> bool {
        matches!(
            self,
            Self::Found
                | Self::Admit
                | Self::Join
                | Self::Grant
                | Self::Mandate
                | Self::Revocation
                | Self::Opening
                | Self::Ballot
                | Self::Answer
                | Self::Host
                | Self::Hosting
                | Self::Witness
                | Self::Founding
                | Self::Declaring
                | Self::Enter
                | Self::Recovering
                | Self::Evidence
        )
    }
}

impl Record {
    /// Drops long texts, which stay in the store.
    #[must_use]
    pub fn without_text(mut self) -> Self {
        match &mut self {
            Self::Proposal(Proposal { content, .. })
            | Self::Measure(Measure {
                proposal: Proposal { content, .. },
                ..
            })
            | Self::Amendment(Amendment { content, .. })
            | Self::AmendedMeasure(AmendedMeasure {
                amendment: Amendment { content, .. },
                ..
            }) => content.forget_text(),
            Self::Edit(edit) => edit.forget_text(),
            Self::Witness(witness) => witness.bytes = Vec::new(),
            Self::Founding(founding) => founding.beginning = Vec::new(),
            Self::Evidence(evidence) => evidence.contradiction = Vec::new(),
            _ => {}
        }
        self
    }

    /// The chunks this body names.
    #[must_use]
    pub fn chunks(&self) -> &[Hash] {
        match self {
            Self::Proposal(Proposal { content, .. })
            | Self::Measure(Measure {
                proposal: Proposal { content, .. },
                ..
            })
            | Self::Amendment(Amendment { content, .. })
            | Self::AmendedMeasure(AmendedMeasure {
                amendment: Amendment { content, .. },
                ..
            }) => content.chunks(),
            Self::Edit(edit) => edit.chunks(),
            Self::Attachment(Attachment { content, .. }) => {
                content.as_ref().map_or(&[], Blob::chunks)
            }
            _ => &[],
        }
    }
}

/// Who a person is. The person's own keys and the stewards of its member write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub person: PersonId,
}

impl Encode for Person {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(1).value(&self.person);
    }
}

impl Decode for Person {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(1)?;
        Ok(Self {
            person: decoder.value()?,
        })
    }
}

/// The note of a [`Person`] entry: what can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonNote {
    /// The name shown to members.
    pub name: String,
    /// How to reach the person, in its own words; may be empty.
    pub contact: String,
}

impl Encode for PersonNote {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).text(&self.name).text(&self.contact);
    }
}

impl Decode for PersonNote {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            name: decode_line(decoder, "person name", LINE_BYTES_MAX)?,
            contact: decode_block(decoder, "contact", LINE_BYTES_MAX)?,
        })
    }
}

/// A person of the writing member takes a role in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The circle.
    pub circle: CircleId,
    /// The person.
    pub person: PersonId,
    /// The role in the circle's words, such as "coordinator".
    pub title: String,
    /// When the term ends; `None` if it has no end.
    pub until: Option<Timestamp>,
}

impl Encode for Role {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.circle)
            .value(&self.person)
            .text(&self.title)
            .optional(self.until.as_ref());
    }
}

impl Decode for Role {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            circle: decoder.value()?,
            person: decoder.value()?,
            title: decode_line(decoder, "role", 64)?,
            until: decoder.optional()?,
        })
    }
}

/// How a member describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name it goes by now.
    pub name: String,
    /// Where it is, in its own words.
    pub region: String,
    /// What it does.
    pub description: String,
    /// Its web site, or empty.
    pub website: String,
}

impl Encode for Profile {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .text(&self.name)
            .text(&self.region)
            .text(&self.description)
            .text(&self.website);
    }
}

impl Decode for Profile {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            name: decode_line(decoder, "name", crate::genesis::NAME_BYTES_MAX)?,
            region: decode_block(decoder, "region", LINE_BYTES_MAX)?,
            description: decode_block(decoder, "description", BLOCK_BYTES_MAX)?,
            website: decode_block(decoder, "website", LINE_BYTES_MAX)?,
        })
    }
}

/// A standing group with a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// Random; with the writing member it gives the circle's id.
    pub nonce: [u8; 16],
    /// Its name.
    pub name: String,
    /// What it takes care of.
    pub domain: String,
    /// When it meets, in words.
    pub rhythm: String,
    /// Whether it has ended.
    pub ended: bool,
}

impl Circle {
    /// The id of the circle that `member` began with this nonce. Another member cannot take it.
    #[must_use]
    pub fn id(&self, member: MemberId) -> CircleId {
        let hash = Hash::of(&[b"folkmoot/circle/1\0", &member.0, &self.nonce]);
        CircleId(
            hash.0[..16]
                .try_into()
                .expect("a hash has more than 16 bytes"),
        )
    }
}

impl Encode for Circle {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .bytes(&self.nonce)
            .text(&self.name)
            .text(&self.domain)
            .text(&self.rhythm)
            .uint(u64::from(self.ended));
    }
}

impl Decode for Circle {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        Ok(Self {
            nonce: decoder.bytes_of("circle nonce")?,
            name: decode_line(decoder, "circle name", crate::genesis::NAME_BYTES_MAX)?,
            domain: decode_block(decoder, "circle domain", BLOCK_BYTES_MAX)?,
            rhythm: decode_block(decoder, "circle rhythm", LINE_BYTES_MAX)?,
            ended: decoder.uint_to("circle ended", 1)? == 1,
        })
    }
}

/// Where the writing node can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Multiaddresses, at most eight of 128 bytes each.
    pub addresses: Vec<String>,
    /// The release the node runs.
    pub agent: String,
}

impl Encode for Endpoint {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).array(self.addresses.len());
        for address in &self.addresses {
            encoder.text(address);
        }
        encoder.text(&self.agent);
    }
}

impl Decode for Endpoint {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let count = decoder.array_to("addresses", 8)?;
        let addresses = (0..count)
            .map(|_| decode_line(decoder, "address", 128))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            addresses,
            agent: decode_line(decoder, "agent", 64)?,
        })
    }
}

/// Someone says something about a proposal, or answers a ballot's reason or another comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The proposal.
    pub proposal: ProposalId,
    /// What it answers: a comment or a ballot.
    pub answers: Option<EntryId>,
}

impl Encode for Comment {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.proposal)
            .optional(self.answers.as_ref());
    }
}

impl Decode for Comment {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            proposal: decoder.value()?,
            answers: decoder.optional()?,
        })
    }
}

/// A co-op asks to be admitted. Its request in words is the note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The root key the newcomer wants to be admitted with.
    pub root: PublicKey,
    /// Its name.
    pub name: String,
    /// The class it applies for.
    pub class: String,
    /// The newcomer's signature over [`Application::message`].
    pub proof: Signature,
}

impl Application {
    /// What a newcomer signs to show that it holds the root key it applies with.
    #[must_use]
    pub fn message(
        federation: &crate::id::FederationId,
        root: &PublicKey,
        name: &str,
        class: &str,
    ) -> Vec<u8> {
        let mut encoder = Encoder::new();
        encoder
            .array(4)
            .value(federation)
            .value(root)
            .text(name)
            .text(class);
        [b"folkmoot/application/1\0", &encoder.into_bytes()[..]].concat()
    }
}

impl Encode for Application {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.root)
            .text(&self.name)
            .text(&self.class)
            .value(&self.proof);
    }
}

impl Decode for Application {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            root: decoder.value()?,
            name: decode_line(decoder, "name", crate::genesis::NAME_BYTES_MAX)?,
            class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
            proof: decoder.value()?,
        })
    }
}
