//! A lying validator: an honest core with the validator's key plays in the back room, and the liar
//! bends what it says before it is signed into the key's log. The node's own core has no such key; it
//! carries the log like any other.

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, Encode},
    entry::{Address, Audience, Entry, Header, Salted},
    id::{EntryId, Hash},
    key::SecretKey,
    record::{self, Kind, Record},
};
use federation::{Core, Input, Output, Settings, Write, message::Message as Said};
use register::{gathered::Gathered, registrar::Message};

use crate::{
    distort::{Hearers, backdated, distort},
    liar::{Liar, Lie},
    random::bytes_of,
    world::{Event, World},
};

/// How far the clock of the second of two puppets is behind, in milliseconds.
const TWIN_BEHIND_MS: u64 = 20_000;

/// What plays in the back room: one core, or two with one key that do not know of each other.
#[derive(Debug)]
pub struct Puppets {
    cores: Vec<Core>,
    /// Parts of messages that are not whole yet.
    parts: BTreeMap<Hash, Vec<Vec<u8>>>,
    /// The next wake-up that is planned.
    wake: Option<u64>,
    /// The end of the key's log, as the liar has told it.
    tip: Option<(u64, EntryId)>,
}

impl World {
    /// A node lies from now on. A lying validator takes its key away from its core.
    pub(crate) fn corrupt(&mut self, node: usize, liar: Liar) {
        let lies_as_validator = liar.lies_as_validator();
        self.nodes[node].liar = Some(liar);
        if self.archive.is_none() || !lies_as_validator {
            return;
        }
        let was_up = self.nodes[node].is_up();
        self.crash(node);
        self.nodes[node].validator = None;
        if was_up {
            self.start(node);
        }
    }

    /// Sets up the back room of a lying validator that starts.
    pub(crate) fn set_up_puppets(&mut self, node: usize) {
        let twins = match &self.nodes[node].liar {
            Some(liar) if self.archive.is_some() && liar.lies_as_validator() => {
                liar.tells(Lie::TwinValidator)
            }
            _ => return,
        };
        let number = 1 + usize::from(twins);
        let mut puppets = Puppets {
            cores: Vec::new(),
            parts: BTreeMap::new(),
            wake: None,
            tip: None,
        };
        let key = self.validator_key(node);
        if let Some(core) = &self.nodes[node].core {
            puppets.tip = core.replica().tip(&key.public());
        }
        for at in 0..number {
            let purpose = format!("puppet {node} {at} {}", self.nodes[node].incarnation);
            let settings = Settings {
                node: self.nodes[node].key,
                seed: bytes_of(at as u64, &purpose),
            };
            if let Ok(mut core) = Core::new(self.genesis.clone(), settings) {
                core.validate_with(key.clone());
                puppets.cores.push(core);
            }
        }
        self.nodes[node].puppets = Some(puppets);
        let (clean, alone) = (true, true);
        for at in 0..number {
            self.pull(node, at, Input::Start { clean, alone });
        }
        let rows = self.nodes[node].disk.in_order().into_iter();
        let rows: Vec<Vec<u8>> = rows.map(|(_, row)| row.bytes.clone()).collect();
        for bytes in rows {
            self.tell_puppets(node, &bytes);
        }
        self.plan_puppets(node);
    }

    fn validator_key(&self, node: usize) -> SecretKey {
        self.members[self.nodes[node].member].validator.clone()
    }

    /// What the node stores its puppets hear, but for what is told in their name.
    pub(crate) fn tell_puppets_of(&mut self, node: usize, writes: &[Write]) {
        if self.nodes[node].puppets.is_none() {
            return;
        }
        for write in writes {
            if let Write::Entry { bytes, .. } = write {
                self.tell_puppets(node, bytes);
                self.backdate_receipt(node, bytes);
            }
        }
        self.plan_puppets(node);
    }

    fn tell_puppets(&mut self, node: usize, bytes: &[u8]) {
        let Ok(entry) = Entry::from_bytes(bytes) else {
            return;
        };
        if entry.header.author == self.validator_key(node).public() {
            return;
        }
        let number = self.nodes[node].puppets.as_ref();
        let number = number.map_or(0, |puppets| puppets.cores.len());
        for at in 0..number {
            // The twin hears of every other ballot, and of everything else.
            let skips = entry.header.kind == Kind::Ballot && entry.signature.0[0] % 2 == 0;
            if at == 0 || !skips {
                self.pull(node, at, Input::Introduce(vec![entry.clone()]));
            }
        }
    }

    /// A liar signs a receipt for a ballot that comes too late, dated in time.
    fn backdate_receipt(&mut self, node: usize, bytes: &[u8]) {
        let key = self.validator_key(node);
        let now = self.nodes[node].clock.show(self.now);
        let current = &self.nodes[node];
        let (Some(liar), Some(puppets)) = (&current.liar, &current.puppets) else {
            return;
        };
        if liar.is_calm() || !liar.tells(Lie::Backdate) {
            return;
        }
        let Some(entry) = Entry::from_bytes(bytes)
            .ok()
            .filter(|entry| entry.header.kind == Kind::Ballot)
        else {
            return;
        };
        let mandate = current.disk.entry(&entry.header.grant);
        let mandate = mandate.and_then(|row| Entry::from_bytes(&row.bytes).ok());
        let registrar = puppets.cores.first().and_then(Core::registrar);
        let (Some(mandate), Some(registrar)) = (mandate, registrar) else {
            return;
        };
        let mut said = Vec::new();
        let over = registrar.chain().phases().values();
        for phase in over.filter(|phase| phase.deadline < now) {
            let proven = registrar.chain().case(&phase.id).and_then(|case| {
                let taken = Gathered::new().take_ballot(&case, &entry, &mandate);
                taken.ok().flatten()
            });
            said.extend(
                proven.and_then(|one| backdated((registrar, &key), phase, one.ballot.leaf())),
            );
        }
        for message in said {
            let message = message.to_bytes();
            let hearers = Hearers::All;
            self.push(self.now, node, Event::PuppetSays { message, hearers });
        }
    }

    pub(crate) fn wake_puppets(&mut self, node: usize) {
        let number = self.nodes[node].puppets.as_mut().map_or(0, |puppets| {
            puppets.wake = None;
            puppets.cores.len()
        });
        for at in 0..number {
            self.pull(node, at, Input::Wake);
        }
        self.plan_puppets(node);
    }

    fn plan_puppets(&mut self, node: usize) {
        let now = self.now;
        let clock = self.nodes[node].clock;
        let Some(puppets) = &mut self.nodes[node].puppets else {
            return;
        };
        let wakes = puppets.cores.iter().enumerate().filter_map(|(at, core)| {
            let behind = at as u64 * TWIN_BEHIND_MS;
            Some(clock.when(now, core.next_wakeup()?.plus_ms(behind)))
        });
        let Some(at) = wakes.min().map(|at| at.max(now + 1)) else {
            return;
        };
        if puppets.wake.is_none_or(|planned| at < planned) {
            puppets.wake = Some(at);
            self.push(at, node, Event::PuppetWake);
        }
    }

    /// Gives a puppet an input, and takes from its mouth what it says.
    fn pull(&mut self, node: usize, at: usize, input: Input) {
        let mut now = self.nodes[node].clock.show(self.now);
        now.0 -= at as u64 * TWIN_BEHIND_MS;
        let key = self.validator_key(node).public();
        let mut inputs = vec![input];
        let mut said = Vec::new();
        while let Some(input) = inputs.pop() {
            let Some(puppets) = &mut self.nodes[node].puppets else {
                return;
            };
            for output in puppets.cores[at].handle(now, input) {
                if let Output::Recall { ids } = output {
                    // What it forgets it cannot say: it lies anyway.
                    let entries = Vec::new();
                    inputs.push(Input::Recalled { ids, entries });
                } else if let Output::Persist { number, writes } = output {
                    let own = writes.into_iter().filter_map(|write| match write {
                        Write::Entry { bytes, .. } => Entry::from_bytes(&bytes).ok(),
                        _ => None,
                    });
                    let own = own.filter(|entry| entry.header.author == key);
                    said.extend(own.filter_map(|entry| puppets.whole(&entry)));
                    inputs.push(Input::Persisted(number));
                }
            }
        }
        for message in said {
            self.bend_message(node, at, message);
        }
    }

    fn bend_message(&mut self, node: usize, at: usize, message: Message) {
        let now = self.nodes[node].clock.show(self.now);
        let key = self.validator_key(node);
        let current = &mut self.nodes[node];
        let (Some(liar), Some(puppets)) = (&mut current.liar, &current.puppets) else {
            return;
        };
        if liar.is_calm() && at > 0 {
            return;
        }
        let Some(registrar) = puppets.cores.get(at).and_then(Core::registrar) else {
            return;
        };
        for (message, hearers, late_ms) in distort(liar, (registrar, &key), now, message) {
            let event = Event::PuppetSays {
                message: message.to_bytes(),
                hearers,
            };
            self.push(self.now + late_ms, node, event);
        }
    }

    /// A message goes into the key's log. One that is for some of the others only is shown to those
    /// first; where the liar forks its log, the rest get another entry in its place.
    pub(crate) fn puppet_says(&mut self, node: usize, message: &[u8], hearers: Hearers) {
        if !self.nodes[node].is_up() {
            return;
        }
        for part in record::Witness::parts_of(message) {
            let Some(entry) = self.sign_part(node, part) else {
                return;
            };
            let peers: Vec<usize> = self.nodes[node].connections.keys().copied().collect();
            let first: Vec<usize> = peers
                .into_iter()
                .filter(|peer| hearers.has(*peer))
                .collect();
            if hearers != Hearers::All {
                self.show(node, &first, &entry);
            }
            if hearers == Hearers::Odd && self.forks(node) {
                // What it showed the others stays the end of its own log.
                continue;
            }
            let id = entry.id(&self.genesis.federation());
            if let Some(puppets) = &mut self.nodes[node].puppets {
                puppets.tip = Some((entry.header.sequence, id));
            }
            match hearers {
                Hearers::Only(_) => {
                    let event = Event::Introduce {
                        entries: vec![entry.to_bytes()],
                    };
                    self.push(self.now + 2_000, node, event);
                }
                _ => self.give(node, Input::Introduce(vec![entry])),
            }
        }
    }

    fn forks(&self, node: usize) -> bool {
        let liar = self.nodes[node].liar.as_ref();
        liar.is_some_and(|liar| liar.tells(Lie::Fork))
    }

    fn show(&mut self, node: usize, peers: &[usize], entry: &Entry) {
        for peer in peers {
            let Some(liar) = &mut self.nodes[node].liar else {
                return;
            };
            let number = liar.next_number();
            let entries = vec![entry.to_bytes()];
            self.transmit(node, *peer, &Said::Entries { number, entries });
        }
    }

    fn sign_part(&mut self, node: usize, part: record::Witness) -> Option<Entry> {
        let key = self.validator_key(node);
        let salt = self.nodes[node].liar.as_mut()?.random.bytes();
        let time = self.nodes[node].clock.show(self.now);
        let current = &self.nodes[node];
        let core = current.core.as_ref()?;
        let grant = core.view().keys.get(&key.public())?.grant;
        let tip = current.puppets.as_ref()?.tip;
        let last = tip.and_then(|(_, id)| core.replica().find(&id));
        let body = Salted::new(&salt, &Record::Witness(part).to_bytes());
        let header = Header {
            author: key.public(),
            grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time: last.map_or(time, |last| last.time.max(time)),
            address: Address::parse("receipts").ok()?,
            audience: Audience::Public,
            kind: Kind::Witness,
            critical: false,
            body: body.seal(),
            note: None,
            references: Vec::new(),
        };
        Some(Entry {
            signature: header.sign(&self.genesis.federation(), &key),
            header,
            body: Some(body),
            note: None,
        })
    }
}

impl Puppets {
    /// The message that an entry completes.
    fn whole(&mut self, entry: &Entry) -> Option<Message> {
        let Some(Record::Witness(part)) = entry.record() else {
            return None;
        };
        let parts = self.parts.entry(part.message).or_default();
        parts.push(part.bytes);
        if (parts.len() as u64) < part.parts {
            return None;
        }
        let bytes = self.parts.remove(&part.message)?.concat();
        Message::from_bytes(&bytes).ok()
    }
}
