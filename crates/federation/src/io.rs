//! What the core takes in and gives out.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    entry::Entry,
    id::{DocumentId, EntryId, Hash, ProposalId, ServerId, TenantId, Timestamp},
    key::{PublicKey, SecretKey},
    record::Room,
};

use crate::{
    act::{Act, Prepared},
    error::Refused,
    meetings::{Asked, Notice, Part, Seen, Served, call::Call, holds::Wanted},
    message::Message,
    presence::Writing,
};

/// What the shell gives to the core.
#[derive(Debug, Clone)]
pub enum Input {
    /// The node has started and restored what it had stored.
    Start {
        /// Whether it had been stopped in order.
        clean: bool,
        /// Whether a steward says that it may sign without having reached a peer.
        alone: bool,
    },
    /// A member's node is connected.
    Connected(PublicKey),
    /// A member's node is gone.
    Disconnected(PublicKey),
    /// A message from a connected member's node.
    Message(PublicKey, Message),
    /// Everything up to this write is durable.
    Persisted(u64),
    /// A person or node acts with a key that is here.
    Act {
        /// Comes back with the answer.
        ticket: u64,
        /// The key that signs.
        key: SecretKey,
        /// What it does.
        act: Act,
        /// 32 random bytes for the salts.
        random: [u8; 32],
    },
    /// A key that is elsewhere wants to act: what is to be signed?
    Prepare {
        /// Comes back with the answer.
        ticket: u64,
        /// The key that will sign.
        key: PublicKey,
        /// What it does.
        act: Act,
        /// 32 random bytes for the salts.
        random: [u8; 32],
    },
    /// An entry that was signed elsewhere.
    Submit {
        /// Comes back with the answer.
        ticket: u64,
        /// The entry.
        entry: Entry,
        /// The chunks of its text.
        chunks: Vec<Vec<u8>>,
    },
    /// Entries by which a node that is not known yet shows that it is a member's.
    Introduce(Vec<Entry>),
    /// The people at this node who have documents open for writing; to be said again within
    /// [`crate::presence::WRITING_MS`] as long as it is so.
    Present(Vec<Writing>),
    /// What was to be read for [`Output::Recall`].
    Recalled {
        /// What was asked for.
        ids: Vec<EntryId>,
        /// The bytes of those that are still kept.
        entries: Vec<Vec<u8>>,
    },
    /// A tenant's front end calls, through this node's gateway.
    Call {
        /// Comes back with what it came to.
        ticket: u64,
        /// What it calls.
        asked: Asked,
    },
    /// What came of [`Output::Serve`].
    Served {
        /// Which.
        job: u64,
        /// What came of it.
        served: Served,
    },
    /// This node holds the secrets of these servers.
    Serving(BTreeSet<ServerId>),
    /// Servers are to be held for these conferences, and for no others: said whenever they change, and
    /// after [`Input::Start`].
    Hold(Vec<Wanted>),
    /// A server of this node was polled: its meetings, or none when it gave no usable answer in time.
    Polled {
        /// The server.
        server: ServerId,
        /// Its meetings.
        seen: Option<Vec<Seen>>,
    },
    /// How long a word to a connected node and back takes, in milliseconds.
    RoundTrip(PublicKey, u32),
    /// One of this node's servers said something that is for a tenant's front end.
    Notice(Notice),
    /// A steward gives up a meeting whose owner keeps silent.
    Release {
        /// Whose.
        tenant: TenantId,
        /// The room.
        room: Room,
    },
    /// Messages were left out, to a peer or from one: what is missing is found at once.
    Compare,
    /// The time the core asked to be woken at has come.
    Wake,
}

/// What the core wants done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Make these writes durable, in one transaction, then say [`Input::Persisted`].
    Persist {
        /// Counts the writes.
        number: u64,
        /// The writes.
        writes: Vec<Write>,
    },
    /// Send a message.
    Send(PublicKey, Message),
    /// Load these entries and send them as [`Message::Entries`]. They are durable.
    SendEntries {
        /// To whom.
        to: PublicKey,
        /// The message's number.
        number: u64,
        /// The entries.
        ids: Vec<EntryId>,
    },
    /// Load these entries and give them back as [`Input::Recalled`], whatever comes of it: the core waits
    /// for them. They are durable.
    Recall {
        /// The entries.
        ids: Vec<EntryId>,
    },
    /// Load these chunks and send each as [`Message::Chunk`], if they are here.
    SendChunks {
        /// To whom.
        to: PublicKey,
        /// The chunks.
        hashes: Vec<Hash>,
    },
    /// Who may connect, and where each was last reached.
    Roster(BTreeMap<PublicKey, Vec<String>>),
    /// What an [`Input::Act`] or [`Input::Submit`] came to. It is durable.
    Answer {
        /// The ticket.
        ticket: u64,
        /// The entry, or why there is none.
        result: Result<EntryId, Refused>,
    },
    /// What an [`Input::Prepare`] came to.
    Prepared {
        /// The ticket.
        ticket: u64,
        /// What is to be signed.
        result: Result<Box<Prepared>, Refused>,
    },
    /// A peer broke the protocol.
    Fault(PublicKey, Fault),
    /// Call one of this node's servers and say [`Input::Served`]. The id of the room's meeting and the
    /// checksum are put in where the secret is.
    Serve {
        /// Comes back with what it came to.
        job: u64,
        /// The server.
        server: ServerId,
        /// Whose: of others' meetings nothing may be told.
        tenant: TenantId,
        /// The room; none where the call is about all of a tenant's.
        room: Option<Room>,
        /// What to call.
        call: Call,
        /// How long it may take, in milliseconds.
        within_ms: u64,
    },
    /// What an [`Input::Call`] came to: what each server said.
    Called {
        /// The ticket.
        ticket: u64,
        /// The parts.
        parts: Vec<Part>,
    },
    /// A server said something that is for the front end of a tenant whose home this node is.
    Notice(Notice),
    /// The node is to do this with its own key. What comes of it is not waited for.
    Wish(Act),
    /// What people see has changed.
    Changed(Change),
}

/// A write to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new entry.
    Entry {
        /// Its id.
        id: EntryId,
        /// The entry as it travels.
        bytes: Vec<u8>,
        /// When it came.
        received: Timestamp,
    },
    /// An entry is no longer kept.
    Remove {
        /// Its id.
        id: EntryId,
    },
    /// A chunk of a long text.
    Chunk {
        /// Its hash.
        hash: Hash,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A height of the register was decided.
    Height {
        /// Which.
        height: u64,
        /// What it decides, encoded.
        batch: Vec<u8>,
        /// Who says so, encoded.
        certificate: Vec<u8>,
    },
    /// A room of a tenant has a meeting on a server, or had one. The last one of a room counts.
    Room {
        /// Whose.
        tenant: TenantId,
        /// The room.
        room: Room,
        /// Where and since when, encoded.
        bytes: Vec<u8>,
    },
    /// The next record of the register's journal: what this node is about to sign. It never leaves
    /// this node and is in no backup.
    Journal {
        /// Its place in the journal, from 1.
        number: u64,
        /// The record, encoded.
        bytes: Vec<u8>,
    },
}

/// How a peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It sent bytes that are no entry, or an entry with a bad signature.
    BadEntry,
    /// It sent a chunk nobody asked for.
    UnaskedChunk,
}

/// What changed for those who look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// A proposal, its votes or comments.
    Proposal(ProposalId),
    /// A document.
    Document(DocumentId),
    /// Members, their profiles, persons or keys.
    Members,
    /// Circles, their people, action points and gatherings.
    Circles,
    /// Applications and admissions.
    Applications,
    /// Which peers are connected, or how far the node has caught up.
    Peers,
    /// The register: what validators said, or a height.
    Register,
    /// Servers, tenants, where meetings are, and what was used.
    Meetings,
}
