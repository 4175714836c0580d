//! Does what a core asks, and checks on the way that it asks for nothing too early.

use std::collections::BTreeSet;

use domain::{cbor::Decode, id::EntryId, key::PublicKey};
use federation::{Output, message::Message};
use register::registrar::Record;

use crate::{
    broken::Broken,
    world::{Event, World},
};

impl World {
    pub(crate) fn perform(&mut self, node: usize, outputs: Vec<Output>, acting: Option<PublicKey>) {
        for output in outputs {
            match output {
                Output::Persist { number, writes } => {
                    let honest = self.nodes[node].is_honest();
                    self.ledger.note_writes(&writes, acting, honest);
                    if honest {
                        self.record(node, &writes);
                    }
                    self.tell_puppets_of(node, &writes);
                    self.persist(node, number, writes);
                }
                Output::Send(peer, message) => self.send(node, peer, message),
                Output::SendEntries { to, number, ids } => {
                    self.send_entries(node, to, number, &ids);
                }
                Output::SendChunks { to, hashes } => {
                    let Some(peer) = self.index.get(&to).copied() else {
                        continue;
                    };
                    for hash in hashes {
                        if let Some(bytes) = self.nodes[node].disk.chunk(&hash).cloned() {
                            self.transmit(node, peer, &Message::Chunk { bytes });
                        }
                    }
                }
                Output::Recall { ids } => {
                    let disk = &self.nodes[node].disk;
                    let rows = ids.iter().filter_map(|id| disk.entry(id));
                    let entries = rows.map(|row| row.bytes.clone()).collect();
                    self.give(node, federation::Input::Recalled { ids, entries });
                }
                Output::Roster(roster) => self.take_roster(node, roster.into_keys().collect()),
                Output::Answer { ticket, result } => {
                    if let Ok(id) = &result {
                        self.promise(node, *id, "answered a person");
                    }
                    self.ledger.end(ticket, result);
                }
                Output::Fault(peer, fault) => self.note_fault(node, peer, &format!("{fault:?}")),
                wanted @ (Output::Serve { .. } | Output::Called { .. } | Output::Wish(_)) => {
                    self.want(node, wanted);
                }
                // No server of these worlds has anything to say by itself.
                Output::Notice(_) => {}
                Output::Prepared { .. } | Output::Changed(_) => {}
            }
        }
    }

    fn persist(&mut self, node: usize, number: u64, writes: Vec<federation::Write>) {
        for write in &writes {
            if let federation::Write::Remove { id } = write {
                self.ledger.promised.remove(&(node, *id));
            }
        }
        let works_on_height = touches_height(&writes);
        let now = self.now;
        let current = &mut self.nodes[node];
        let (from, to) = current.flush_ms;
        let took = self.disks.between(from, to);
        current.disk.write(number, writes);
        current.disk.busy_until = current.disk.busy_until.max(now + took);
        let (at, incarnation) = (current.disk.busy_until, current.incarnation);
        let early = current.broken == Some(Broken::EarlyAnswer);
        let event = Event::Persisted {
            incarnation,
            number,
        };
        self.push(at, node, event);
        self.black_out(node, works_on_height);
        if early {
            self.give(node, federation::Input::Persisted(number));
        }
    }

    /// Where the power fails at every height, it fails while it is agreed on, and when it is decided.
    fn black_out(&mut self, node: usize, works_on_height: bool) {
        let Some(core) = &self.nodes[node].core else {
            return;
        };
        let height = core.register_chain().map_or(0, |chain| 1 + chain.height());
        let due = self.nodes[node].dies_at.is_some_and(|last| last < height);
        if !due || !works_on_height {
            return;
        }
        // Sometimes before the flush, sometimes after what it let go is on its way.
        let after = self.disks.below(1_500);
        if self.disks.chance(400_000) {
            self.nodes[node].dies_at = Some(height);
            let incarnation = self.nodes[node].incarnation;
            self.push(self.now + after, node, Event::Blackout { incarnation });
        }
    }

    /// A node that tells others that it has an entry must not lose it any more.
    fn promise(&mut self, node: usize, id: EntryId, how: &str) {
        let core = self.nodes[node].core.as_ref();
        if core.is_none_or(|core| core.replica().find(&id).is_none()) {
            // It was refused or is no longer kept.
            return;
        }
        let disk = &self.nodes[node].disk;
        if disk.entry(&id).is_some() {
            self.ledger.promised.insert((node, id));
        } else if self.nodes[node].is_honest() && disk.is_unsynced(&id) {
            let what = format!(
                "the node {how} with entry {} before it was durable",
                id.short()
            );
            self.fail(Some(node), what);
        }
    }

    fn send(&mut self, node: usize, to: PublicKey, message: Message) {
        let Some(peer) = self.index.get(&to).copied() else {
            return;
        };
        match &message {
            Message::Have { ids } => {
                for id in ids {
                    self.promise(node, *id, "announced");
                }
            }
            Message::Acknowledge { number } => {
                let connection = self.nodes[node].connections.get(&peer).copied();
                let flight = (peer, node, connection.unwrap_or_default(), *number);
                let ids = self.ledger.flights.remove(&flight).unwrap_or_default();
                for id in ids {
                    self.promise(node, id, "acknowledged");
                }
            }
            _ => {}
        }
        let Some(message) = self.post(node, message) else {
            return;
        };
        match self.nodes[node].liar {
            Some(_) => self.lie(node, peer, message),
            None => self.transmit(node, peer, &message),
        }
    }

    fn send_entries(&mut self, node: usize, to: PublicKey, number: u64, ids: &[EntryId]) {
        let Some(peer) = self.index.get(&to).copied() else {
            return;
        };
        let Some(connection) = self.nodes[node].connections.get(&peer).copied() else {
            return;
        };
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids {
            self.promise(node, *id, "sent");
            if let Some(row) = self.nodes[node].disk.entry(id) {
                entries.push(row.bytes.clone());
            }
        }
        // What a liar says it sent may not be what it sent.
        if self.nodes[node].is_honest() {
            let flight = (node, peer, connection, number);
            self.ledger.flights.insert(flight, ids.to_vec());
        }
        let message = Message::Entries { number, entries };
        match self.nodes[node].liar {
            Some(_) => self.lie(node, peer, message),
            None => self.transmit(node, peer, &message),
        }
    }

    fn take_roster(&mut self, node: usize, roster: BTreeSet<PublicKey>) {
        let dropped: Vec<(usize, u64)> = self.nodes[node]
            .connections
            .iter()
            .filter(|(peer, _)| !roster.contains(&self.nodes[**peer].key))
            .map(|(peer, connection)| (*peer, *connection))
            .collect();
        self.nodes[node].roster = roster;
        for (peer, connection) in dropped {
            self.break_connection(node, peer, connection, 0);
        }
    }

    fn note_fault(&mut self, node: usize, peer: PublicKey, fault: &str) {
        let from = self.index.get(&peer).copied();
        let from_honest = from.is_some_and(|peer| self.nodes[peer].is_honest());
        if from_honest && self.nodes[node].is_honest() {
            let what = format!("a fault ({fault}) is blamed on the honest node {from:?}");
            self.fail(Some(node), what);
        }
    }
}

/// Whether these writes are part of deciding a height.
fn touches_height(writes: &[federation::Write]) -> bool {
    writes.iter().any(|write| match write {
        federation::Write::Height { .. } => true,
        federation::Write::Journal { bytes, .. } => {
            matches!(Record::from_bytes(bytes), Ok(Record::Agreement(_)))
        }
        _ => false,
    })
}
