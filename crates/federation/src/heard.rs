//! How much of what validators say is kept in memory. What speaks of an open phase or the next height is
//! kept until that is decided. What speaks of others may speak of what comes, for a node that catches up
//! hears it years before it gets there, or of nothing at all: of each member so much is kept, and the rest
//! stays in the store, from where it is read again when it is needed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    cbor::Decode,
    entry::Entry,
    id::{EntryId, Hash, MemberId, PhaseId},
    key::PublicKey,
    record::{self, Record},
};
use register::{
    chain::Chain,
    registrar::{Input, Message, Topic},
    validators::ValidatorSet,
};

use crate::{core::Core, io::Output, register::Register};

/// Messages by what they are about.
pub(crate) type Messages = BTreeMap<Topic, BTreeMap<Hash, Message>>;

/// The most bytes of unfinished messages that are held of one member. Beyond, all of the key that has the
/// most are dropped: who writes so is no honest validator.
const PARTS_BYTES_MAX: usize = 16 << 20;
/// The most bytes of one member's messages about what is not open here that are kept in memory.
const AHEAD_BYTES_MAX: usize = 2 << 20;
/// The most bytes of one member's messages about an open phase: several times what its validator says of
/// 500 voters, each with all its revisions.
const PHASE_BYTES_MAX: usize = 32 << 20;
/// The most bytes of one member's messages about the next height: ten values of the longest.
const HEIGHT_BYTES_MAX: usize = 64 << 20;
/// The most entries that are read from the store in one piece.
const RECALLED_MAX: usize = 64;

/// The parts of a message that have come, each with the entry that has it.
#[derive(Debug, Default)]
struct Whole {
    parts: BTreeMap<u64, (EntryId, Vec<u8>)>,
    of: u64,
}

impl Whole {
    fn len(&self) -> usize {
        self.parts.values().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// Parts of messages that are not here as a whole, by the member in whose logs they came.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    of: BTreeMap<MemberId, BTreeMap<(PublicKey, Hash), Whole>>,
}

impl Parts {
    /// Takes a part; the message's bytes and the entries that have them, if it was the last.
    fn take(
        &mut self,
        by: (MemberId, PublicKey),
        entry: EntryId,
        part: record::Witness,
    ) -> Option<(Vec<u8>, Vec<EntryId>)> {
        let (member, author) = by;
        let unfinished = self.of.entry(member).or_default();
        let whole = unfinished.entry((author, part.message)).or_default();
        whole.of = part.parts;
        whole.parts.insert(part.part, (entry, part.bytes));
        if (whole.parts.len() as u64) < whole.of {
            let held: usize = unfinished.values().map(Whole::len).sum();
            if held > PARTS_BYTES_MAX {
                drop_largest(unfinished);
            }
            return None;
        }
        let whole = unfinished.remove(&(author, part.message))?;
        if unfinished.is_empty() {
            self.of.remove(&member);
        }
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        for (entry, part) in whole.parts.into_values() {
            entries.push(entry);
            bytes.extend(part);
        }
        (Hash::of(&[&bytes]) == part.message).then_some((bytes, entries))
    }
}

fn drop_largest(unfinished: &mut BTreeMap<(PublicKey, Hash), Whole>) {
    let mut held: BTreeMap<PublicKey, usize> = BTreeMap::new();
    for ((author, _), whole) in &*unfinished {
        *held.entry(*author).or_default() += whole.len();
    }
    let largest = held
        .into_iter()
        .max_by_key(|(author, bytes)| (*bytes, *author));
    unfinished.retain(|(author, _), _| largest.is_none_or(|(largest, _)| largest != *author));
}

/// What is known of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Past,
    Open,
    Ahead,
}

/// What is open, what is kept of each topic, and what is in the store.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    height: u64,
    /// What is open, with the members whose validators speak of it.
    open: BTreeMap<Topic, BTreeSet<MemberId>>,
    /// Phases that are over.
    past: BTreeSet<PhaseId>,
    /// How many bytes of each member's messages are kept in memory,
    kept: BTreeMap<Topic, BTreeMap<MemberId, usize>>,
    /// and how many of those it may say nothing of now.
    ahead: BTreeMap<MemberId, usize>,
    /// Messages that are not in memory, by what they are about, with the entries that have them.
    stored: BTreeMap<Topic, BTreeMap<(Hash, PublicKey), Vec<EntryId>>>,
    /// Open topics of which what is in the store was asked for.
    recalled: BTreeSet<Topic>,
    /// What is to be read,
    due: VecDeque<EntryId>,
    /// and what was asked for and has not come.
    asked: BTreeSet<EntryId>,
}

fn members(sets: &[&ValidatorSet]) -> BTreeSet<MemberId> {
    let all = sets.iter().flat_map(|set| set.iter());
    all.map(|(_, one)| one.member).collect()
}

impl Heard {
    fn place(&self, topic: &Topic) -> Place {
        let is_over = match topic {
            Topic::Phase(phase) => self.past.contains(phase),
            Topic::Height(height) => *height <= self.height,
        };
        match self.open.contains_key(topic) {
            true => Place::Open,
            false if is_over => Place::Past,
            false => Place::Ahead,
        }
    }

    fn speaks(&self, topic: &Topic, member: &MemberId) -> bool {
        let speakers = self.open.get(topic);
        speakers.is_some_and(|speakers| speakers.contains(member))
    }

    /// Counts a message that is to be kept in memory, if there is room for it.
    fn keep(&mut self, topic: Topic, member: MemberId, bytes: usize) -> bool {
        let most = match topic {
            Topic::Phase(_) => PHASE_BYTES_MAX,
            Topic::Height(_) => HEIGHT_BYTES_MAX,
        };
        let speaks = self.speaks(&topic, &member);
        let of_topic = self.kept.get(&topic).and_then(|kept| kept.get(&member));
        let ahead = self.ahead.get(&member).copied().unwrap_or(0);
        let has_room = match speaks {
            true => of_topic.copied().unwrap_or(0) + bytes <= most,
            false => ahead + bytes <= AHEAD_BYTES_MAX,
        };
        if has_room {
            *self
                .kept
                .entry(topic)
                .or_default()
                .entry(member)
                .or_default() += bytes;
            if !speaks {
                *self.ahead.entry(member).or_default() += bytes;
            }
        }
        has_room
    }

    /// Takes note where a message is that is not kept in memory; whether that is new.
    fn leave(&mut self, topic: Topic, message: (Hash, PublicKey), entries: Vec<EntryId>) -> bool {
        let stored = self.stored.entry(topic).or_default();
        stored.insert(message, entries).is_none()
    }

    /// The register stands there now: lets go of what is over, and counts anew what is open.
    pub fn stands(&mut self, messages: &mut Messages, chain: &Chain, left: Option<&Chain>) {
        let today = chain.validators();
        let phases = chain.phases().values();
        let phases = phases.map(|phase| {
            let speakers = members(&[&phase.validators, today]);
            (Topic::Phase(phase.id), speakers)
        });
        let mut open: BTreeMap<Topic, BTreeSet<MemberId>> = phases.collect();
        open.insert(Topic::Height(chain.height() + 1), members(&[today]));
        if let Some(left) = left {
            let topic = Topic::Height(left.height() + 1);
            open.insert(topic, members(&[today, left.validators()]));
        }
        self.height = chain.height();
        let topics: BTreeSet<Topic> = self.open.keys().chain(open.keys()).copied().collect();
        for topic in topics {
            let speakers = open.remove(&topic);
            if self.open.get(&topic) == speakers.as_ref() {
                continue;
            }
            self.recalled.remove(&topic);
            self.recount(topic, speakers);
            if let Topic::Phase(phase) = topic
                && !self.open.contains_key(&topic)
            {
                self.past.insert(phase);
                self.forget(messages, &topic);
            }
        }
        let heights = Topic::Height(0)..=Topic::Height(self.height);
        let over = messages.range(heights.clone()).map(|(topic, _)| *topic);
        let stored = self.stored.range(heights).map(|(topic, _)| *topic);
        let over: BTreeSet<Topic> = over.chain(stored).collect();
        for topic in over {
            if self.place(&topic) == Place::Past {
                self.forget(messages, &topic);
            }
        }
    }

    /// Others speak of a topic from now on, or it is open no longer.
    fn recount(&mut self, topic: Topic, speakers: Option<BTreeSet<MemberId>>) {
        let kept = self.kept.get(&topic).cloned().unwrap_or_default();
        let spoke: BTreeSet<MemberId> = kept.keys().copied().collect();
        let spoke = spoke.into_iter();
        let before: BTreeSet<MemberId> =
            spoke.filter(|member| self.speaks(&topic, member)).collect();
        match speakers {
            Some(speakers) => drop(self.open.insert(topic, speakers)),
            None => drop(self.open.remove(&topic)),
        }
        for (member, bytes) in kept {
            let ahead = self.ahead.entry(member).or_default();
            if !before.contains(&member) {
                *ahead = ahead.saturating_sub(bytes);
            }
            let speakers = self.open.get(&topic);
            if !speakers.is_some_and(|speakers| speakers.contains(&member)) {
                *ahead += bytes;
            }
        }
    }

    fn forget(&mut self, messages: &mut Messages, topic: &Topic) {
        messages.remove(topic);
        self.stored.remove(topic);
        for (member, bytes) in self.kept.remove(topic).unwrap_or_default() {
            if !self.speaks(topic, &member)
                && let Some(ahead) = self.ahead.get_mut(&member)
            {
                *ahead = ahead.saturating_sub(bytes);
            }
        }
    }

    /// What is to be read from the store.
    fn due(&mut self) -> VecDeque<EntryId> {
        for topic in self.open.keys() {
            if self.stored.contains_key(topic) && self.recalled.insert(*topic) {
                let stored = self.stored.remove(topic).unwrap_or_default();
                self.due.extend(stored.into_values().flatten());
            }
        }
        std::mem::take(&mut self.due)
    }

    /// Whether something about what is open is not here yet, but in the store.
    pub fn is_waiting(&self) -> bool {
        let mut open = self.open.keys();
        let is_to_come = |topic| self.stored.contains_key(topic) && !self.recalled.contains(topic);
        !self.due.is_empty() || !self.asked.is_empty() || open.any(is_to_come)
    }
}

impl Register {
    /// Takes a part of what a validator says, which a member's key wrote in that entry.
    pub(crate) fn take_part(
        &mut self,
        (entry, author): (EntryId, PublicKey),
        member: MemberId,
        part: record::Witness,
    ) {
        let hash = part.message;
        let Some((bytes, entries)) = self.parts.take((member, author), entry, part) else {
            return;
        };
        let Ok(message) = Message::from_bytes(&bytes) else {
            return;
        };
        let topic = message.topic();
        if self.heard.place(&topic) == Place::Past {
            // It changes nothing any more, but may show that somebody lies.
            self.pass_on(message);
            return;
        }
        let known = self.messages.get(&topic);
        if known.is_some_and(|known| known.contains_key(&hash)) {
            // Somebody has repeated it.
            self.carriers.note(hash, author, bytes.len());
            return;
        }
        let is_new = if self.heard.keep(topic, member, bytes.len()) {
            self.carriers.note(hash, author, bytes.len());
            let known = self.messages.entry(topic).or_default();
            known.insert(hash, message.clone()).is_none()
        } else {
            self.heard.leave(topic, (hash, author), entries)
        };
        if is_new {
            self.pass_on(message);
        }
    }

    /// Hands a message on. Before this node takes part it is only kept: then all that is open is asked for.
    fn pass_on(&mut self, message: Message) {
        if self.registrar.is_some() {
            self.inbox.push_back(Input::Message(message));
        }
    }
}

impl Core {
    /// The register has gone on, or is about to.
    pub(crate) fn follow_topics(&mut self, chain: &Chain, left: Option<&Chain>) {
        let Register {
            heard, messages, ..
        } = &mut self.register;
        heard.stands(messages, chain, left);
        self.register.carriers.keep(&self.register.messages);
    }

    /// Has read from the store what was left there and is needed now, as far as it is durable.
    pub(crate) fn recall(&mut self, outputs: &mut Vec<Output>) {
        if self.register.is_over() {
            return;
        }
        let due = self.register.heard.due();
        let is_here = |id: &EntryId| {
            let position = self.replica().position(id);
            position.is_none_or(|position| self.is_durable(position))
        };
        let (now, later): (Vec<EntryId>, Vec<EntryId>) = due.into_iter().partition(is_here);
        let heard = &mut self.register.heard;
        heard.due.extend(later);
        heard.asked.extend(&now);
        for ids in now.chunks(RECALLED_MAX) {
            outputs.push(Output::Recall { ids: ids.to_vec() });
        }
    }

    /// Takes what was read from the store; what is no longer kept is missing.
    pub(crate) fn recalled(&mut self, ids: &[EntryId], entries: Vec<Vec<u8>>) {
        for id in ids {
            self.register.heard.asked.remove(id);
        }
        for bytes in entries {
            let Ok(entry) = Entry::from_bytes(&bytes) else {
                continue;
            };
            let id = entry.id(&self.federation());
            let Some(member) = self.replica().find(&id).map(|stored| stored.member) else {
                continue;
            };
            if let Some(Record::Witness(part)) = entry.record() {
                let author = entry.header.author;
                self.register.take_part((id, author), member, part);
            }
        }
    }
}
