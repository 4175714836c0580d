//! What this node's validator says, and what it could not say: a log takes so much a day. What is in the
//! way then is said later, as long as it is about something open.

use std::collections::VecDeque;

use domain::{
    cbor::Encode,
    id::Timestamp,
    record::{self, Record},
};
use register::registrar::{Message, Topic};

use crate::core::Core;

/// How long it takes until it is tried again, in milliseconds.
const AGAIN_MS: u64 = 600_000;
/// The most bytes of messages that wait: more than a day takes.
const WAITING_BYTES_MAX: usize = 16 << 20;

/// What could not be said.
#[derive(Debug, Default)]
pub(crate) struct Unsaid {
    waiting: VecDeque<(Topic, record::Witness)>,
    again_at: Option<Timestamp>,
}

impl Unsaid {
    /// When it is tried again.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.again_at
    }

    fn keep(&mut self, now: Timestamp, topic: Topic, part: record::Witness) {
        let held: usize = self.waiting.iter().map(|(_, part)| part.bytes.len()).sum();
        if held + part.bytes.len() <= WAITING_BYTES_MAX {
            self.waiting.push_back((topic, part));
        }
        self.again_at = Some(now.plus_ms(AGAIN_MS));
    }
}

impl Core {
    /// Signs a message in as many entries as it needs.
    pub(crate) fn publish(&mut self, now: Timestamp, message: &Message) {
        for part in record::Witness::parts_of(&message.to_bytes()) {
            self.say_part(now, message.topic(), part);
        }
    }

    fn say_part(&mut self, now: Timestamp, topic: Topic, part: record::Witness) {
        let Some(key) = self.register.key().cloned() else {
            return;
        };
        let said = self.say(now, &key, Record::Witness(part.clone()));
        if said.is_err() {
            self.register.unsaid.keep(now, topic, part);
        }
    }

    /// Tries again to say what could not be said.
    pub(crate) fn say_again(&mut self, now: Timestamp) {
        let unsaid = &mut self.register.unsaid;
        // A clock that was set back would wait for a time that is far off now.
        let is_due = |at: &Timestamp| *at <= now || *at > now.plus_ms(AGAIN_MS);
        if unsaid.again_at.take_if(|at| is_due(at)).is_none() {
            return;
        }
        for (topic, part) in std::mem::take(&mut unsaid.waiting) {
            if self.is_open(&topic) {
                self.say_part(now, topic, part);
            }
        }
    }

    fn is_open(&self, topic: &Topic) -> bool {
        self.registrar().is_some_and(|registrar| match topic {
            Topic::Phase(phase) => registrar.chain().phases().contains_key(phase),
            Topic::Height(height) => *height > registrar.chain().height(),
        })
    }
}
