//! Voting: who gives a receipt when, and what everybody lists at its manifest. Times are milliseconds
//! from T, as a right clock has them.

use domain::{decision::Slot, id::Hash};
use register::{
    counting::{Listed, Seen, listed},
    sizes::Sizes,
};

use super::{
    BALLOTS, CLOCK_ERROR_MS, GOSSIP_MS, Partition, STEP_MS, Setting, random::Random,
    steps::Manifest,
};

/// How long before T the last moment begins; half of the ballots are cast in it.
const LAST_MOMENT_MS: i64 = 90_000;
const FIRST_MS: i64 = -900_000;

/// A ballot and what became of it.
pub struct Ballot {
    pub voter: usize,
    pub slot: Slot,
    /// When it was first shown, to one honest validator and every liar.
    pub shown_ms: i64,
    /// When each honest validator gave its receipt, if it did.
    pub given_ms: Vec<Option<i64>>,
    /// How many receipts each honest validator knows at its manifest.
    pub known: Vec<usize>,
}

impl Ballot {
    pub fn honest_receipts(&self) -> usize {
        self.given_ms.iter().flatten().count()
    }

    pub fn holders(&self, sizes: Sizes) -> usize {
        let held = |known: &&usize| **known >= sizes.witnesses();
        self.known.iter().filter(held).count()
    }
}

/// One phase, up to the manifests.
pub struct World {
    pub setting: Setting,
    pub sizes: Sizes,
    /// By how much each honest clock is ahead.
    pub ahead_ms: Vec<i64>,
    /// Which honest validators are on the far side of the cut.
    pub far: Vec<bool>,
    cut_ms: (i64, i64),
    pub ballots: Vec<Ballot>,
    /// By honest validator, then by voter.
    pub manifests: Vec<Vec<Option<Listed>>>,
    /// What a liar can list of each voter.
    pub liars_manifest: Vec<Option<Listed>>,
}

impl World {
    pub fn new(setting: Setting, random: &mut Random) -> Self {
        let honest = setting.honest();
        let far = match setting.partition {
            Partition::None => vec![false; honest],
            _ => random.set(honest),
        };
        let cut_ms = match setting.partition {
            Partition::None => (0, 0),
            Partition::PastGrace => (
                random.between(-300_000, 0),
                setting.grace_ms + random.between(CLOCK_ERROR_MS, 4 * STEP_MS),
            ),
            Partition::WithinGrace => (
                random.between(-300_000, -LAST_MOMENT_MS),
                random.between(-LAST_MOMENT_MS, CLOCK_ERROR_MS),
            ),
        };
        let clock = |_| random.between(-CLOCK_ERROR_MS, CLOCK_ERROR_MS);
        let mut world = Self {
            setting,
            sizes: Sizes::of(setting.validators),
            ahead_ms: (0..honest).map(clock).collect(),
            far,
            cut_ms,
            ballots: Vec::new(),
            manifests: Vec::new(),
            liars_manifest: Vec::new(),
        };
        for number in 0..BALLOTS {
            let ballot = world.cast(number, random);
            world.ballots.push(ballot);
        }
        world.manifests = (0..honest)
            .map(|author| world.lists(|ballot| ballot.known[author]))
            .collect();
        world.liars_manifest = world.lists(|ballot| ballot.honest_receipts() + setting.liars);
        world
    }

    pub fn voters(&self) -> usize {
        BALLOTS / self.setting.revisions
    }

    /// What a manifest lists of a voter.
    pub fn lists_of(&self, manifest: Manifest, voter: usize) -> Option<&Listed> {
        match self.manifests.get(manifest.author) {
            Some(honest) => honest[voter].as_ref(),
            None => self.liars_manifest[voter]
                .as_ref()
                .filter(|_| manifest.full),
        }
    }

    /// When a message between two honest validators arrives.
    pub fn arrives_ms(&self, from: usize, to: usize, sent_ms: i64, random: &mut Random) -> i64 {
        let arrives_ms = sent_ms + random.between(1, GOSSIP_MS);
        let (cut_ms, healed_ms) = self.cut_ms;
        let crosses = self.far[from] != self.far[to];
        if crosses && sent_ms < healed_ms && arrives_ms > cut_ms {
            return healed_ms + random.between(1, GOSSIP_MS);
        }
        arrives_ms
    }

    /// When a validator's own clock shows this time.
    pub fn when_ms(&self, validator: usize, own_ms: i64) -> i64 {
        own_ms - self.ahead_ms[validator]
    }

    fn cast(&self, number: usize, random: &mut Random) -> Ballot {
        let honest = self.setting.honest();
        let shown_ms = match random.below(100) {
            0..50 => random.between(-LAST_MOMENT_MS, 0),
            50..97 => random.between(FIRST_MS, -LAST_MOMENT_MS),
            _ => random.between(CLOCK_ERROR_MS + 1, CLOCK_ERROR_MS + GOSSIP_MS),
        };
        let first = random.below(honest);
        let given = |validator: usize| {
            let seen_ms = match validator == first {
                true => shown_ms,
                false => self.arrives_ms(first, validator, shown_ms, random),
            };
            (seen_ms <= self.when_ms(validator, 0)).then_some(seen_ms)
        };
        let given_ms: Vec<Option<i64>> = (0..honest).map(given).collect();
        let mut known: Vec<usize> = (0..honest)
            .map(|validator| self.known(validator, &given_ms, random))
            .collect();
        if !self.setting.kept_back && random.coin() {
            // The liars' receipts, and all others, to whom they like, just before the manifest.
            let all = given_ms.iter().flatten().count() + self.setting.liars;
            for known in &mut known {
                *known = if random.coin() { all } else { *known };
            }
        }
        let revisions = self.setting.revisions;
        Ballot {
            voter: number / revisions,
            slot: Slot {
                mandate: 1,
                revision: (number % revisions) as u8 + 1,
            },
            shown_ms,
            given_ms,
            known,
        }
    }

    fn known(&self, validator: usize, given_ms: &[Option<i64>], random: &mut Random) -> usize {
        let manifest_ms = self.when_ms(validator, self.setting.grace_ms);
        let mut known = 0;
        for (giver, given_ms) in given_ms.iter().enumerate() {
            let Some(given_ms) = given_ms else {
                continue;
            };
            let arrives_ms = self.arrives_ms(giver, validator, *given_ms, random);
            known += usize::from(giver == validator || arrives_ms <= manifest_ms);
        }
        known
    }

    /// What is listed of each voter by one that knows so many receipts of each ballot.
    fn lists(&self, known: impl Fn(&Ballot) -> usize) -> Vec<Option<Listed>> {
        let of_voter = |voter: usize| {
            let ballots = self.ballots.iter().enumerate();
            let seen: Vec<Seen> = ballots
                .filter(|(_, ballot)| ballot.voter == voter)
                .map(|(number, ballot)| Seen {
                    slot: ballot.slot,
                    ballot: Hash([number as u8; 32]),
                    choice: number as u64,
                    receipts: known(ballot),
                })
                .collect();
            listed(self.sizes, &seen)
        };
        (0..self.voters()).map(of_voter).collect()
    }
}
