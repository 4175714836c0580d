//! What liars write.

use std::collections::BTreeSet;

use domain::{
    cbor::Encode,
    decision::Choice,
    entry::{Address, Audience, Entry, Header, Salted},
    id::{EntryId, PersonId, Timestamp},
    key::SecretKey,
    record::{Ballot, Custody, Edit, Grant, Kind, Object, Operation, Purpose, Record, Roles},
};
use federation::Core;

use crate::world::World;

/// What a crafted entry says.
pub(crate) struct Craft {
    pub grant: EntryId,
    pub sequence: u64,
    pub previous: Option<EntryId>,
    pub time: Timestamp,
    pub area: &'static str,
    pub kind: Kind,
    pub body: Vec<u8>,
    pub references: Vec<EntryId>,
}

impl World {
    pub(crate) fn craft(&mut self, node: usize, key: &SecretKey, craft: Craft) -> Option<Entry> {
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
            references: craft.references,
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
            references: Vec::new(),
        };
        self.craft(node, &key, craft)
    }

    pub(crate) fn flood(&mut self, node: usize) -> Vec<Vec<u8>> {
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

    /// Edits in the liar's own name that build on any edits of a document, one in four past the end
    /// of the text.
    pub(crate) fn old_places(&mut self, node: usize) -> Vec<Vec<u8>> {
        let Some((key, grant, mut sequence, mut previous, time)) = self.worker(node) else {
            return Vec::new();
        };
        let Some(core) = &self.nodes[node].core else {
            return Vec::new();
        };
        let documents: Vec<EntryId> = core.view().documents.keys().copied().collect();
        let index = self.drawn(node, documents.len() as u64) as usize;
        let Some(document) = documents.get(index).copied() else {
            return Vec::new();
        };
        let known = self.nodes[node]
            .core
            .as_ref()
            .map(|core| core.edits(&document));
        let mut known = known.unwrap_or_default();
        if known.is_empty() {
            return Vec::new();
        }
        let mut entries = Vec::new();
        for _ in 0..self.drawn(node, 40) {
            let count = 1 + self.drawn(node, 4);
            let drawn = (0..count).map(|_| self.drawn(node, known.len() as u64) as usize);
            let drawn: BTreeSet<EntryId> = drawn.map(|index| known[index]).collect();
            let position = if self.drawn(node, 4) == 0 { 400_000 } else { 0 };
            let splice = Operation::Splice {
                object: Object::Text,
                position,
                delete: 0,
                insert: "nonsense ".to_owned(),
            };
            let edit = Edit {
                document: Some(document),
                start: None,
                operations: vec![splice],
            };
            sequence += 1;
            let craft = Craft {
                grant,
                sequence,
                previous,
                time,
                area: "documents",
                kind: Kind::Edit,
                body: edit.to_bytes(),
                references: drawn.into_iter().collect(),
            };
            let Some(entry) = self.craft(node, &key, craft) else {
                break;
            };
            let id = entry.id(&self.genesis.federation());
            previous = Some(id);
            known.push(id);
            entries.push(entry.to_bytes());
        }
        entries
    }

    pub(crate) fn fork_flood(&mut self, node: usize) -> Vec<Vec<u8>> {
        let Some((_, _, sequence, previous, _)) = self.worker(node) else {
            return Vec::new();
        };
        let number = self.drawn(node, 100);
        (0..number)
            .filter_map(|_| self.unknown(node, (sequence + 1, previous), 0))
            .map(|entry| entry.to_bytes())
            .collect()
    }

    pub(crate) fn garbage(&mut self, node: usize) -> Vec<Vec<u8>> {
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

    pub(crate) fn forge(&mut self, node: usize) -> Vec<Vec<u8>> {
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
    pub(crate) fn wrong_grant(&mut self, node: usize) -> Vec<Vec<u8>> {
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
                    references: Vec::new(),
                };
                let is_own = core_mandate_of(self, node) == Some(mandate);
                let entry = (!is_own).then(|| self.craft(node, &own, craft)).flatten();
                entries.extend(entry.map(|entry| entry.to_bytes()));
            }
        }
        entries
    }

    /// A key of another member, granted by this one as early as its own log allows.
    pub(crate) fn claim(&mut self, node: usize) -> Vec<Vec<u8>> {
        let (own, victims) = (self.nodes[node].member, self.members.len() as u64);
        let victim = self.drawn(node, victims) as usize;
        let root = self.members[own].root.clone();
        let Some(core) = self.nodes[node].core.as_ref().filter(|_| victim != own) else {
            return Vec::new();
        };
        let Some(known) = core.view().members.get(&self.members[own].id()) else {
            return Vec::new();
        };
        let (grant, tip) = (known.record, core.replica().tip(&root.public()));
        let last = tip.and_then(|(_, id)| core.replica().find(&id));
        let time = last.map_or(known.since, |last| last.time);
        let claims = self.claims(core, own, victim);
        let drawn = self.drawn(node, claims.len() as u64) as usize;
        // One at a time: two would be a fork, and void in any case.
        let craft = Craft {
            grant,
            sequence: tip.map_or(1, |(sequence, _)| sequence + 1),
            previous: tip.map(|(_, id)| id),
            time,
            area: "keys",
            kind: Kind::Grant,
            body: claims[drawn].to_bytes(),
            references: Vec::new(),
        };
        let entry = self.craft(node, &root, craft);
        entry.map(|entry| entry.to_bytes()).into_iter().collect()
    }

    /// Grants of another member's keys, each with the proof it gave that member and with one that
    /// is made up.
    fn claims(&self, core: &Core, own: usize, victim: usize) -> Vec<Grant> {
        let (own, victim) = (&self.members[own], &self.members[victim]);
        let federation = self.genesis.federation();
        let mut claims = Vec::new();
        for (purpose, key) in [
            (Purpose::Person, victim.steward.public()),
            (Purpose::Person, victim.delegate.public()),
            (Purpose::Node, victim.node.public()),
        ] {
            let granted = core.view().keys.get(&key);
            let granted = granted.and_then(|known| core.replica().find(&known.grant));
            let genuine = match granted.and_then(|stored| stored.record.as_deref()) {
                Some(Record::Grant(grant)) => Some(grant.proof),
                _ => None,
            };
            let person = (purpose == Purpose::Person).then_some(PersonId([7; 16]));
            let made_up = Grant::prove(&own.root, &federation, &own.id(), purpose, person);
            for proof in genuine.into_iter().chain([made_up]) {
                claims.push(Grant {
                    purpose,
                    key,
                    person,
                    roles: person.map_or(Roles::none(), |_| Roles::STEWARD),
                    custody: Custody::Person,
                    number: 9,
                    proof,
                });
            }
        }
        claims
    }

    pub(crate) fn ballot_body(&self, phase: EntryId, choice: Choice) -> Option<Vec<u8>> {
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
}

pub(crate) fn core_mandate_of(world: &World, node: usize) -> Option<EntryId> {
    let member = world.members[world.nodes[node].member].id();
    let core = world.nodes[node].core.as_ref()?;
    let known = core.view().members.get(&member)?;
    known.mandate.as_ref().map(|mandate| mandate.entry)
}
