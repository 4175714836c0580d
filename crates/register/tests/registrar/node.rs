//! A node: an honest registrar with its disk and its clock, and perhaps a liar around it.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use domain::{
    id::{Hash, Timestamp},
    key::{PublicKey, SecretKey, Signature},
};
use register::{
    agreement::{Strict, Timeouts, Verification},
    batch::Batch,
    chain::Chain,
    registrar::{Record, Registrar},
};

use crate::items::Shelf;

/// What a node does with what its registrar says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    Honest,
    /// A second registrar with the same key, a slow clock and half of the ballots talks to the others.
    Twin,
    /// In agreement, it says one thing to half of the others and something else to the rest.
    DoubleVoter,
    /// It signs receipts for whatever it sees after the deadline, dated before.
    Backdater,
    /// It shows its receipts to one node only, and its manifest to half of them.
    Withholder,
    /// Its values leave something out that is due.
    Censor,
    /// Its values follow from nothing.
    BadProposer,
    /// Its manifest lists nothing.
    EmptyManifest,
    /// It shows its manifest to one node only, at the last moment.
    LateManifest,
    /// Its manifest lists nothing, and it shows no ballot to anyone.
    Accomplice,
    /// It says all sorts of things, and many.
    Flood,
}

/// Strict verification, remembered for all nodes together.
#[derive(Clone, Default)]
pub struct Remembered(Rc<RefCell<BTreeMap<Question, bool>>>);

/// A signature, the key it should be of, and the hash of what it should be over.
type Question = ([u8; 64], PublicKey, Hash);

impl Verification for Remembered {
    fn verify(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        let question = (signature.0, *key, Hash::of(&[bytes]));
        let mut answers = self.0.borrow_mut();
        let strict = || Strict.verify(key, bytes, signature);
        *answers.entry(question).or_insert_with(strict)
    }
}

pub struct Node {
    pub registrar: Registrar<Remembered>,
    pub twin: Option<Registrar<Remembered>>,
    pub key: SecretKey,
    pub conduct: Conduct,
    /// How far its clock is ahead.
    pub skew_ms: i64,
    pub is_up: bool,
    /// Counts its starts.
    pub starts: u64,
    /// What is on its disk: what it has seen,
    pub shelf: Shelf,
    /// of that what it shows nobody,
    pub hidden: Shelf,
    /// what it has written down,
    pub journal: Vec<Record>,
    /// and the register.
    pub chain: Chain,
    /// The last height at which it crashed.
    pub crashed_at: u64,
    /// When it wants to be woken, in true time.
    pub wake: Option<u64>,
    /// What a lying proposer puts forward in place of its value.
    pub instead: Option<Batch>,
    /// How much a flood has said.
    pub flooded: u64,
}

impl Node {
    pub fn new(chain: Chain, key: SecretKey, conduct: Conduct, cache: &Remembered) -> Self {
        let boot = |chain: &Chain| {
            Registrar::with_verification(
                Timestamp(0),
                chain.clone(),
                Some(key.clone()),
                Timeouts::MINUTES,
                Vec::new(),
                cache.clone(),
            )
        };
        Self {
            registrar: boot(&chain),
            twin: (conduct == Conduct::Twin).then(|| boot(&chain)),
            key: key.clone(),
            conduct,
            skew_ms: 0,
            is_up: true,
            starts: 0,
            shelf: Shelf::default(),
            hidden: Shelf::default(),
            journal: Vec::new(),
            chain,
            crashed_at: 0,
            wake: None,
            instead: None,
            flooded: 0,
        }
    }

    pub fn is_honest(&self) -> bool {
        self.conduct == Conduct::Honest
    }

    /// What its clock shows.
    pub fn clock(&self, now: u64) -> Timestamp {
        Timestamp(now.saturating_add_signed(self.skew_ms))
    }

    /// When its registrars want to be woken, in true time.
    pub fn look_at_clock(&mut self) {
        let twin = self.twin.as_ref().and_then(Registrar::next_wakeup);
        let wakes = self.registrar.next_wakeup().into_iter().chain(twin);
        let wake = wakes.min();
        self.wake = wake.map(|wake| wake.0.saturating_add_signed(-self.skew_ms));
    }

    /// The register on its disk, with what its journal says of recoveries.
    pub fn before(&self) -> Chain {
        let mut chain = self.chain.clone();
        for record in &self.journal {
            if let Record::Recovered(recovered) = record
                && let Ok((after, _)) = chain.recovered(recovered)
            {
                chain = after;
            }
        }
        chain
    }

    /// What is over is of no use after a restart.
    pub fn tidy(&mut self) {
        let (chain, height) = (&self.chain, self.chain.height());
        self.journal.retain(|record| match record {
            Record::Agreement(record) => record.height() > height,
            Record::Value(batch) => batch.header.height > height,
            Record::Duty { phase, .. } | Record::Opened { phase, .. } => {
                chain.phases().contains_key(phase)
            }
            // It stays in a node's journal for good.
            Record::Recovered(_) => true,
        });
    }
}
