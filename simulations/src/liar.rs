//! Liars wrap the honest core: what it says is bent on the way out, and between it they say things
//! of their own.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    id::{EntryId, Timestamp},
    key::SecretKey,
    record::{Ballot, Kind, Record},
};
use federation::message::Message;
use replica::entry::{Address, Audience, Entry, Header, Salted};

use crate::{options::MINUTE, random::Random, world::World};

/// A way to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lie {
    /// Two entries of one sequence, sent to different peers.
    Fork,
    /// Many entries, within what the limits allow and beyond.
    Flood,
    /// Very many different entries of one sequence.
    ForkFlood,
    /// Entries that wait for ancestors that do not exist, or for a far time.
    Garbage,
    /// Bad signatures, other people's keys, changed bytes.
    Forge,
    /// Entries under another member's grant or mandate.
    WrongGrant,
    /// Ballots that claim a time after the deadline.
    Late,
    /// What was said before, again.
    Replay,
    /// Acknowledgements and entries are withheld.
    Withhold,
}

impl Lie {
    /// Every way.
    pub const ALL: [Self; 9] = [
        Self::Fork,
        Self::Flood,
        Self::ForkFlood,
        Self::Garbage,
        Self::Forge,
        Self::WrongGrant,
        Self::Late,
        Self::Replay,
        Self::Withhold,
    ];
}

/// The state of a liar.
#[derive(Debug)]
pub struct Liar {
    lies: BTreeSet<Lie>,
    random: Random,
    twins: BTreeMap<EntryId, Vec<u8>>,
    heard: Vec<Vec<u8>>,
    number: u64,
    calm: bool,
}

impl Liar {
    pub fn new(seed: u64, node: usize, lies: &[Lie]) -> Self {
        Self {
            lies: lies.iter().copied().collect(),
            random: Random::new(seed, &format!("liar {node}")),
            twins: BTreeMap::new(),
            heard: Vec::new(),
            number: 1 << 40,
            calm: false,
        }
    }
}

/// What a crafted entry says.
struct Craft {
    grant: EntryId,
    sequence: u64,
    previous: Option<EntryId>,
    time: Timestamp,
    area: &'static str,
    kind: Kind,
    body: Vec<u8>,
}

impl World {
    /// A liar says nothing new any more, though it still withholds.
    pub(crate) fn calm_liar(&mut self, node: usize) {
        if let Some(liar) = &mut self.nodes[node].liar {
            liar.calm = true;
        }
    }

    /// Sends what the core wanted sent, bent.
    pub(crate) fn lie(&mut self, node: usize, peer: usize, message: Message) {
        let Some(liar) = &mut self.nodes[node].liar else {
            return;
        };
        let withholds = liar.lies.contains(&Lie::Withhold) && liar.random.coin();
        let replays = liar.lies.contains(&Lie::Replay);
        let forks = liar.lies.contains(&Lie::Fork);
        if withholds
            && matches!(
                message,
                Message::Acknowledge { .. } | Message::Entries { .. }
            )
        {
            return;
        }
        let message = match message {
            Message::Entries { number, entries } if forks => {
                let entries = entries
                    .into_iter()
                    .map(|bytes| self.bend(node, peer, bytes))
                    .collect();
                Message::Entries { number, entries }
            }
            other => other,
        };
        let bytes = message.to_bytes();
        if let Some(liar) = self.nodes[node].liar.as_mut().filter(|_| replays) {
            if liar.heard.len() < 64 {
                liar.heard.push(bytes.clone());
            }
        }
        self.transmit_bytes(node, peer, bytes);
    }

    /// Every other peer gets a twin of what the liar's own people write.
    fn bend(&mut self, node: usize, peer: usize, bytes: Vec<u8>) -> Vec<u8> {
        let Ok(entry) = Entry::from_bytes(&bytes) else {
            return bytes;
        };
        let Some(key) = self.own_key(node, &entry) else {
            return bytes;
        };
        let id = entry.id(&self.genesis.federation());
        let federation = self.genesis.federation();
        let Some(liar) = &mut self.nodes[node].liar else {
            return bytes;
        };
        if peer % 2 == 0 || (liar.calm && !liar.twins.contains_key(&id)) {
            return bytes;
        }
        if !liar.twins.contains_key(&id) {
            let draws = liar.random.chance(400_000);
            let salt = liar.random.bytes();
            let twin = draws.then(|| twin_of(&entry, &salt)).flatten();
            let twin = twin.map_or(bytes.clone(), |mut twin| {
                twin.signature = twin.header.sign(&federation, &key);
                twin.to_bytes()
            });
            liar.twins.insert(id, twin);
        }
        liar.twins.get(&id).cloned().unwrap_or(bytes)
    }

    fn own_key(&self, node: usize, entry: &Entry) -> Option<SecretKey> {
        let who = &self.members[self.nodes[node].member];
        let keys = [&who.root, &who.steward, &who.delegate, &who.worker];
        keys.into_iter()
            .find(|key| key.public() == entry.header.author)
            .cloned()
    }

    /// The liar says something of its own.
    pub(crate) fn liar_turn(&mut self, node: usize) {
        let now = self.now;
        let Some(liar) = &mut self.nodes[node].liar else {
            return;
        };
        if liar.calm {
            return;
        }
        let again = now + liar.random.exponential(40 * MINUTE) + 1_000;
        let lies: Vec<Lie> = liar.lies.iter().copied().collect();
        let lie = liar.random.pick(&lies).copied();
        let entries = match lie {
            Some(Lie::Flood) => self.flood(node),
            Some(Lie::ForkFlood) => self.fork_flood(node),
            Some(Lie::Garbage) => self.garbage(node),
            Some(Lie::Forge) => self.forge(node),
            Some(Lie::WrongGrant) => self.wrong_grant(node),
            Some(Lie::Late) => self.late(node),
            Some(Lie::Replay) => {
                self.replay(node);
                Vec::new()
            }
            _ => Vec::new(),
        };
        self.utter(node, entries);
        self.push(again, node, crate::world::Event::LiarTurn);
    }

    fn utter(&mut self, node: usize, entries: Vec<Vec<u8>>) {
        let peers: Vec<usize> = self.nodes[node].connections.keys().copied().collect();
        for chunk in entries.chunks(64) {
            let Some(liar) = &mut self.nodes[node].liar else {
                return;
            };
            liar.number += 1;
            let number = liar.number;
            let Some(peer) = liar.random.pick(&peers).copied() else {
                return;
            };
            let entries = chunk.to_vec();
            self.transmit(node, peer, &Message::Entries { number, entries });
        }
    }

    fn replay(&mut self, node: usize) {
        let peers: Vec<usize> = self.nodes[node].connections.keys().copied().collect();
        let Some(liar) = &mut self.nodes[node].liar else {
            return;
        };
        let heard = liar.random.pick(&liar.heard).cloned();
        if let (Some(bytes), Some(peer)) = (heard, liar.random.pick(&peers).copied()) {
            self.transmit_bytes(node, peer, bytes);
        }
    }

    fn drawn(&mut self, node: usize, most: u64) -> u64 {
        let liar = self.nodes[node].liar.as_mut();
        liar.map_or(0, |liar| liar.random.below(most))
    }

    fn craft(&mut self, node: usize, key: &SecretKey, craft: Craft) -> Option<Entry> {
        let salt = self.nodes[node].liar.as_mut()?.random.bytes();
        let body = Salted::new(&salt, &craft.body);
        let header = Header {
            author: key.public(),
            grant: craft.grant,
            sequence: craft.sequence,
            previous: craft.previous,
            time: craft.time,
            address: Address::parse(craft.area).ok()?,
            audience: Audience::Members,
            kind: craft.kind,
            critical: false,
            body: body.seal(),
            note: None,
            references: Vec::new(),
        };
        let signature = header.sign(&self.genesis.federation(), key);
        Some(Entry {
            header,
            signature,
            body: Some(body),
            note: None,
        })
    }

    /// The worker's key, its grant, and the end of its log.
    fn worker(&self, node: usize) -> Option<(SecretKey, EntryId, u64, Option<EntryId>, Timestamp)> {
        let core = self.nodes[node].core.as_ref()?;
        let key = self.members[self.nodes[node].member].worker.clone();
        let grant = core.view().keys.get(&key.public())?.grant;
        let tip = core.replica().tip(&key.public());
        let time = self.nodes[node].clock.show(self.now);
        let (sequence, previous) = tip.map_or((0, None), |(sequence, id)| (sequence, Some(id)));
        Some((key, grant, sequence, previous, time))
    }

    fn unknown(&mut self, node: usize, at: (u64, Option<EntryId>), ahead_ms: u64) -> Option<Entry> {
        let (key, grant, _, _, time) = self.worker(node)?;
        let body = vec![7; self.drawn(node, 2_000) as usize];
        let craft = Craft {
            grant,
            sequence: at.0,
            previous: at.1,
            time: time.plus_ms(ahead_ms),
            area: "elsewhere",
            kind: Kind(999),
            body,
        };
        self.craft(node, &key, craft)
    }

    fn flood(&mut self, node: usize) -> Vec<Vec<u8>> {
        let Some((_, _, mut sequence, mut previous, _)) = self.worker(node) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        for _ in 0..self.drawn(node, 40) {
            sequence += 1;
            let Some(entry) = self.unknown(node, (sequence, previous), 0) else {
                break;
            };
            previous = Some(entry.id(&self.genesis.federation()));
            entries.push(entry.to_bytes());
        }
        entries
    }

    fn fork_flood(&mut self, node: usize) -> Vec<Vec<u8>> {
        let Some((_, _, sequence, previous, _)) = self.worker(node) else {
            return Vec::new();
        };
        let number = self.drawn(node, 100);
        (0..number)
            .filter_map(|_| self.unknown(node, (sequence + 1, previous), 0))
            .map(|entry| entry.to_bytes())
            .collect()
    }

    fn garbage(&mut self, node: usize) -> Vec<Vec<u8>> {
        let Some((_, _, sequence, previous, _)) = self.worker(node) else {
            return Vec::new();
        };
        let number = self.drawn(node, 60);
        let mut entries = Vec::new();
        for index in 0..number {
            let nowhere = Some(EntryId(crate::random::bytes_of(index, "nowhere")));
            let far = self.drawn(node, 400 * 86_400_000) + 1_800_000;
            let entry = match index % 2 {
                0 => self.unknown(node, (sequence + 2, nowhere), 0),
                _ => self.unknown(node, (sequence + 1, previous), far),
            };
            entries.extend(entry.map(|entry| entry.to_bytes()));
        }
        entries
    }

    fn forge(&mut self, node: usize) -> Vec<Vec<u8>> {
        let victims = self.members.len() as u64;
        let victim = self.drawn(node, victims) as usize;
        let author = self.members[victim].worker.public();
        let mut entries = Vec::new();
        if let Some(mut entry) = self.unknown(node, (1, None), 0) {
            entry.header.author = author;
            entries.push(entry.to_bytes());
        }
        let stored: Vec<Vec<u8>> = self.nodes[node]
            .disk
            .in_order()
            .iter()
            .map(|(_, row)| row.bytes.clone())
            .collect();
        for _ in 0..20 {
            let index = self.drawn(node, stored.len() as u64) as usize;
            let Some(mut bytes) = stored.get(index).cloned() else {
                break;
            };
            let at = self.drawn(node, bytes.len() as u64) as usize;
            bytes[at] ^= 1 << self.drawn(node, 8);
            entries.push(bytes);
        }
        entries
    }

    /// Ballots under the mandates of others, and entries of theirs under this member's grants.
    fn wrong_grant(&mut self, node: usize) -> Vec<Vec<u8>> {
        let Some(core) = &self.nodes[node].core else {
            return Vec::new();
        };
        let mandates = core.view().members.values();
        let mandates: Vec<EntryId> = mandates
            .filter_map(|member| member.mandate.as_ref().map(|mandate| mandate.entry))
            .collect();
        let phases: Vec<EntryId> = core.view().phases.keys().copied().collect();
        let own = self.members[self.nodes[node].member].delegate.clone();
        let (Some((_, grant, ..)), time) =
            (self.worker(node), self.nodes[node].clock.show(self.now))
        else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        for phase in phases.iter().rev().take(4) {
            for mandate in mandates.iter().copied().chain([grant]) {
                let Some(body) = self.ballot_body(*phase, Choice::Block) else {
                    continue;
                };
                let craft = Craft {
                    grant: mandate,
                    sequence: 1,
                    previous: None,
                    time,
                    area: "ballots",
                    kind: Kind::Ballot,
                    body,
                };
                let is_own = core_mandate_of(self, node) == Some(mandate);
                let entry = (!is_own).then(|| self.craft(node, &own, craft)).flatten();
                entries.extend(entry.map(|entry| entry.to_bytes()));
            }
        }
        entries
    }

    fn ballot_body(&self, phase: EntryId, choice: Choice) -> Option<Vec<u8>> {
        let known = self.ledger.entries.get(&phase)?;
        let Some(Record::Opening(opening)) = &known.record else {
            return None;
        };
        let ballot = Ballot {
            phase,
            revision: 8,
            version: opening.text,
            choice,
            aim: (choice == Choice::Block).then_some(0),
            reason_characters: 0,
        };
        Some(ballot.to_bytes())
    }

    /// Ballots on phases that are over, in the liar's own name.
    fn late(&mut self, node: usize) -> Vec<Vec<u8>> {
        let time = self.nodes[node].clock.show(self.now);
        let Some(grant) = core_mandate_of(self, node) else {
            return Vec::new();
        };
        let key = self.members[self.nodes[node].member].delegate.clone();
        let Some(core) = &self.nodes[node].core else {
            return Vec::new();
        };
        let tip = core.replica().tip(&key.public());
        let closed: Vec<EntryId> = core
            .view()
            .phases
            .keys()
            .filter(|phase| {
                let opening = core.replica().opening(phase);
                opening.is_some_and(|opening| opening.deadline < time)
            })
            .copied()
            .collect();
        let Some(phase) = self.nodes[node]
            .liar
            .as_mut()
            .and_then(|liar| liar.random.pick(&closed).copied())
        else {
            return Vec::new();
        };
        let Some(body) = self.ballot_body(phase, Choice::Agree) else {
            return Vec::new();
        };
        let craft = Craft {
            grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time,
            area: "ballots",
            kind: Kind::Ballot,
            body,
        };
        let entry = self.craft(node, &key, craft);
        entry.map(|entry| entry.to_bytes()).into_iter().collect()
    }
}

fn core_mandate_of(world: &World, node: usize) -> Option<EntryId> {
    let member = world.members[world.nodes[node].member].id();
    let core = world.nodes[node].core.as_ref()?;
    let known = core.view().members.get(&member)?;
    known.mandate.as_ref().map(|mandate| mandate.entry)
}

/// The same entry with another salt, and if it is a ballot with another choice; unsigned.
fn twin_of(entry: &Entry, salt: &[u8; 32]) -> Option<Entry> {
    let bytes = entry.body.as_ref()?.bytes();
    let record = Record::from_bytes(entry.header.kind, bytes).ok()?;
    let bytes = match record {
        Some(Record::Ballot(mut ballot)) => {
            ballot.choice = match ballot.choice {
                Choice::Agree => Choice::Abstain,
                _ => Choice::Agree,
            };
            ballot.aim = None;
            Record::Ballot(ballot).to_bytes()
        }
        _ => bytes.to_vec(),
    };
    let mut twin = entry.clone();
    let body = Salted::new(salt, &bytes);
    twin.header.body = body.seal();
    twin.body = Some(body);
    Some(twin)
}
