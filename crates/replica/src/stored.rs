//! What the replica remembers of each stored entry; bodies and notes stay in the store.

use domain::{
    id::{EntryId, MemberId, Timestamp},
    key::PublicKey,
    record::{Kind, PersonNote, Record, Roles},
};

/// The place of an entry in this node's order of storing; never reused while the node runs.
pub type Position = u32;

/// The right an entry was written under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// The member's root key.
    Root,
    /// A person's key with these roles.
    Person(Roles),
    /// A delegate's key under the mandate of this number.
    Delegate {
        /// The mandate's number.
        mandate: u64,
    },
    /// A node's key.
    Node,
    /// A validator's key.
    Validator,
}

impl Right {
    /// Whether this is a steward's right.
    #[must_use]
    pub fn is_steward(self) -> bool {
        matches!(self, Self::Person(roles) if roles.has(Roles::STEWARD))
    }
}

/// Whose rights an entry and all before it in its log rest on. Of entries that begin a log the
/// lowest rank counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It is a root key's log.
    Root,
    /// On grants and mandates of the root key alone.
    ByRoot,
    /// On at least one grant by a steward.
    BySteward,
}

/// What a log has used of its daily limits, along the path to one entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Entries in the UTC day of this entry.
    pub entries: u32,
    /// Bytes on the wire in that day.
    pub bytes: u64,
    /// Grants in that day.
    pub grants: u32,
}

/// A stored entry.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: EntryId,
    /// The key that signed it.
    pub author: PublicKey,
    /// Its place in the author's log, from 1.
    pub sequence: u64,
    /// The previous entry of the log, if it is kept with its path.
    pub previous: Option<Position>,
    /// The entry that gave the right; `None` for a root log's first entry and for a loose mandate.
    pub grant: Option<Position>,
    /// The author's time.
    pub time: Timestamp,
    /// When it came to this node; later than the deadline marks a late ballot.
    pub received: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Whether a node that does not know the kind must not act on what follows.
    pub critical: bool,
    /// The member it was written for.
    pub member: MemberId,
    /// The right it was written under.
    pub right: Right,
    /// Whose rights it and all before it rest on.
    pub rank: Rank,
    /// Kept without its predecessors, judged alone: a ballot above a cut, or the mandate of one.
    pub loose: bool,
    /// What it takes on the wire, in bytes.
    pub size: u32,
    /// Whether it ever stood on this node. Then it is never dropped: a revocation may make it stand
    /// again.
    pub stood: bool,
    /// Daily limits used up to here.
    pub usage: Usage,
    /// The highest mandate number up to here, in root logs.
    pub mandates: u64,
    /// What a version of a proposal speaks of, the draft it was read from; and what an edit builds
    /// on. Other kinds' references stay in the store.
    pub references: Box<[EntryId]>,
    /// Whether it has a note, here or not.
    pub has_note: bool,
    /// The body without long texts, if the kind is known and the body was not withheld.
    pub record: Option<Box<Record>>,
    /// Who a person is, which views need everywhere.
    pub person: Option<Box<PersonNote>>,
}
