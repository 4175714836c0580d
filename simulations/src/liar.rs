//! Liars wrap the honest core: what it says is bent on the way out, and between it they say things
//! of their own.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    entry::{Entry, Salted},
    id::EntryId,
    key::SecretKey,
    record::Record,
};
use federation::message::Message;
use register::batch::Batch;

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
    /// Other members' keys, granted as if they were its own.
    Claim,
    /// Ballots that claim a time after the deadline.
    Late,
    /// What was said before, again.
    Replay,
    /// Edits that build on old places of documents, some of them faulty.
    OldPlaces,
    /// Acknowledgements and entries are withheld.
    Withhold,
    /// Ballots first shown after the deadline that claim a time before it.
    BackdateBallot,
    /// A second validator with the same key, a slow clock and half of the ballots.
    TwinValidator,
    /// In agreement one thing for half of the others and another for the rest.
    DoubleVote,
    /// Two manifests and two seals.
    DoubleSeal,
    /// Receipts for whatever is seen after the deadline, dated before.
    Backdate,
    /// Receipts and manifests are shown to one node first, and no have statements to anybody.
    HideReceipts,
    /// Values that leave out something that is due.
    Censor,
    /// Values that follow from nothing.
    BadProposal,
    /// A manifest that lists nothing.
    EmptyManifest,
    /// A manifest for one node, at the last moment of the first step.
    LateManifest,
    /// All sorts of statements about what does not exist.
    Babble,
}

impl Lie {
    /// Every way of one who is no validator.
    pub const ALL: [Self; 11] = [
        Self::Fork,
        Self::Flood,
        Self::ForkFlood,
        Self::Garbage,
        Self::Forge,
        Self::WrongGrant,
        Self::Claim,
        Self::Late,
        Self::Replay,
        Self::OldPlaces,
        Self::Withhold,
    ];

    /// What can be said with a validator's key, and what is said about votes that it closes.
    pub const IN_OFFICE: [Self; 11] = [
        Self::BackdateBallot,
        Self::TwinValidator,
        Self::DoubleVote,
        Self::DoubleSeal,
        Self::Backdate,
        Self::HideReceipts,
        Self::Censor,
        Self::BadProposal,
        Self::EmptyManifest,
        Self::LateManifest,
        Self::Babble,
    ];
}

/// The state of a liar.
#[derive(Debug)]
pub struct Liar {
    lies: BTreeSet<Lie>,
    pub(crate) random: Random,
    twins: BTreeMap<EntryId, Vec<u8>>,
    heard: Vec<Vec<u8>>,
    number: u64,
    calm: bool,
    /// What a lying proposer puts forward in place of its value.
    pub(crate) instead: Option<Batch>,
    /// How many strange things it has said.
    pub(crate) strange: u64,
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
            instead: None,
            strange: 0,
        }
    }

    pub fn tells(&self, lie: Lie) -> bool {
        self.lies.contains(&lie)
    }

    pub fn is_calm(&self) -> bool {
        self.calm
    }

    pub fn lies_as_validator(&self) -> bool {
        let said_otherwise = |lie: &&Lie| **lie != Lie::BackdateBallot;
        let mut as_validator = Lie::IN_OFFICE.iter().filter(said_otherwise);
        as_validator.any(|lie| self.tells(*lie))
    }

    /// Whether it puts other values forward than an honest validator would.
    pub fn proposes_otherwise(&self) -> bool {
        let mut otherwise = [Lie::DoubleVote, Lie::Censor, Lie::BadProposal].into_iter();
        otherwise.any(|lie| self.tells(lie))
    }

    pub fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
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
        let liar = self.nodes[node].liar.as_mut().filter(|_| replays);
        if let Some(liar) = liar.filter(|liar| liar.heard.len() < 64) {
            liar.heard.push(bytes.clone());
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
        if peer.is_multiple_of(2) || (liar.calm && !liar.twins.contains_key(&id)) {
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
        let mut again = now + liar.random.exponential(40 * MINUTE) + 1_000;
        if liar.tells(Lie::BackdateBallot)
            && let Some(soon) = self.after_a_deadline(node)
        {
            again = again.min(soon);
        }
        let Some(liar) = &mut self.nodes[node].liar else {
            return;
        };
        let lies: Vec<Lie> = liar.lies.iter().copied().collect();
        let lie = liar.random.pick(&lies).copied();
        let entries = match lie {
            Some(Lie::Flood) => self.flood(node),
            Some(Lie::ForkFlood) => self.fork_flood(node),
            Some(Lie::Garbage) => self.garbage(node),
            Some(Lie::Forge) => self.forge(node),
            Some(Lie::WrongGrant) => self.wrong_grant(node),
            Some(Lie::Claim) => self.claim(node),
            Some(Lie::Late) => self.late(node),
            Some(Lie::BackdateBallot) => self.backdate(node),
            Some(Lie::OldPlaces) => self.old_places(node),
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

    pub(crate) fn drawn(&mut self, node: usize, most: u64) -> u64 {
        let liar = self.nodes[node].liar.as_mut();
        liar.map_or(0, |liar| liar.random.below(most))
    }
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
