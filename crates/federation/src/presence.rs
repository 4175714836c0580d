//! Who is writing a document at this moment. It is said by nodes of those they serve, kept for
//! less than a minute, and stored nowhere: nothing rests on it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{DocumentId, MemberId, PersonId, Timestamp},
    key::PublicKey,
};

use crate::{
    core::Core,
    io::{Change, Output},
    message::Message,
};

/// The most that one node says at once.
pub const WRITING_MAX: usize = 64;
/// How long it holds if it is not said again, in milliseconds.
pub const WRITING_MS: u64 = 45_000;

/// Someone has a document open for writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Writing {
    /// The document.
    pub document: DocumentId,
    /// The member the person acts for.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
}

impl Encode for Writing {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.document)
            .value(&self.member)
            .value(&self.person);
    }
}

impl Decode for Writing {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            document: decoder.value()?,
            member: decoder.value()?,
            person: decoder.value()?,
        })
    }
}

/// What each node last said of those it serves, this one included.
#[derive(Debug, Default)]
pub(crate) struct Presence(BTreeMap<PublicKey, (Timestamp, Vec<Writing>)>);

impl Presence {
    /// Takes what a node says instead of what it said before. Returns the documents for which that
    /// changes something.
    fn set(
        &mut self,
        node: PublicKey,
        until: Timestamp,
        mut writing: Vec<Writing>,
    ) -> BTreeSet<DocumentId> {
        writing.sort_unstable();
        writing.dedup();
        writing.truncate(WRITING_MAX);
        let known = if writing.is_empty() {
            self.0.remove(&node)
        } else {
            self.0.insert(node, (until, writing.clone()))
        };
        let before: BTreeSet<Writing> = known.into_iter().flat_map(|(_, before)| before).collect();
        let after: BTreeSet<Writing> = writing.into_iter().collect();
        let changed = before.symmetric_difference(&after);
        changed.map(|writing| writing.document).collect()
    }

    fn of(&self, node: &PublicKey) -> &[Writing] {
        self.0.get(node).map_or(&[], |(_, writing)| writing)
    }

    /// The first moment at which something that was said no longer holds.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.0.values().map(|(until, _)| *until).min()
    }

    /// Forgets what no longer holds.
    fn expire(&mut self, now: Timestamp) -> BTreeSet<DocumentId> {
        let is_over = |(_, (until, _)): &(&PublicKey, &(Timestamp, Vec<Writing>))| *until <= now;
        let over = self.0.iter().filter(is_over);
        let over: Vec<PublicKey> = over.map(|(node, _)| *node).collect();
        let ended = over
            .iter()
            .flat_map(|node| self.set(*node, now, Vec::new()));
        ended.collect()
    }
}

impl Core {
    /// Who is writing a document now, at this node and at others. A node is believed only of the
    /// persons of members it serves.
    #[must_use]
    pub fn writing(&self, document: &DocumentId, now: Timestamp) -> BTreeSet<(MemberId, PersonId)> {
        let view = self.view();
        let said = self
            .presence
            .0
            .iter()
            .filter(|(_, (until, _))| *until > now);
        let said = said.flat_map(|(node, (_, writing))| writing.iter().map(move |w| (node, w)));
        let about = said.filter(|(_, writing)| writing.document == *document);
        let believed = about.filter(|(node, writing)| {
            view.persons.contains_key(&(writing.member, writing.person))
                && view.member_of(node) == Some(view.host_of(&writing.member))
        });
        believed.map(|(_, w)| (w.member, w.person)).collect()
    }

    /// The people at this node have these documents open for writing.
    pub(crate) fn present(
        &mut self,
        now: Timestamp,
        writing: Vec<Writing>,
        outputs: &mut Vec<Output>,
    ) {
        let node = self.node();
        let was_silent = self.presence.of(&node).is_empty();
        self.take_presence(now, node, writing);
        if !was_silent || !self.presence.of(&node).is_empty() {
            for peer in self.peers() {
                self.say_presence(peer.key, outputs);
            }
        }
    }

    /// A node says who writes there.
    pub(crate) fn take_presence(&mut self, now: Timestamp, node: PublicKey, writing: Vec<Writing>) {
        let until = now.plus_ms(WRITING_MS);
        let changed = self.presence.set(node, until, writing);
        self.note_presence(changed);
    }

    /// A node that is no longer connected says nothing.
    pub(crate) fn end_presence(&mut self, node: PublicKey) {
        let changed = self.presence.set(node, Timestamp(0), Vec::new());
        self.note_presence(changed);
    }

    pub(crate) fn expire_presence(&mut self, now: Timestamp) {
        let changed = self.presence.expire(now);
        self.note_presence(changed);
    }

    /// Tells a peer who writes at this node.
    pub(crate) fn say_presence(&self, peer: PublicKey, outputs: &mut Vec<Output>) {
        let writing = self.presence.of(&self.node()).to_vec();
        outputs.push(Output::Send(peer, Message::Present { writing }));
    }

    pub(crate) fn is_present(&self) -> bool {
        !self.presence.of(&self.node()).is_empty()
    }

    fn note_presence(&mut self, documents: BTreeSet<DocumentId>) {
        for document in documents {
            self.note_change(Change::Document(document));
        }
    }
}
