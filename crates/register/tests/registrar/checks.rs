//! What must hold at every moment, whatever up to f validators do.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    decision::Slot,
    id::{EntryId, FederationId, Hash, MemberId, PhaseId},
    key::PublicKey,
};
use register::{
    agreement,
    chain::{Chain, Happened},
    evidence::Evidence,
    leaves::Claim,
    outcome::Closed,
    phase::Phase,
    registrar::{Decision, Record},
    says::Says,
    witness::{Duty, Witness},
};

/// A vote as an honest node may sign one: where, by whom.
type Voted = (usize, (u64, u64), u32, agreement::Step);

/// What has been seen, and what was broken.
#[derive(Debug, Default)]
pub struct Checks {
    pub broken: Vec<String>,
    /// The value and the state of each height.
    pub heights: BTreeMap<u64, (Hash, Hash)>,
    receipts: BTreeMap<(usize, PhaseId, MemberId, Slot), EntryId>,
    once: BTreeMap<(usize, PhaseId, bool), Hash>,
    votes: BTreeMap<Voted, Option<Hash>>,
    proposals: BTreeMap<(usize, (u64, u64), u32), Hash>,
    /// The epoch in which each node signed last.
    epochs: BTreeMap<usize, u64>,
    /// The highest ballot of each voter that was shown as secured.
    pub secured: BTreeMap<(PhaseId, MemberId), (Slot, Says)>,
    /// When each ballot came to an honest node for the first time.
    shown: BTreeMap<EntryId, u64>,
    /// How each phase was closed.
    pub closed: BTreeMap<PhaseId, (Phase, Closed)>,
    /// Who is known to have contradicted itself, in a phase or in agreement.
    pub accused: BTreeSet<PublicKey>,
    /// Voters of whom two ballots of one slot were seen.
    pub two_sided: usize,
    /// When each honest node decided each height.
    pub decided_at: BTreeMap<(u64, usize), u64>,
    /// The keys that may be accused.
    pub liars: BTreeSet<PublicKey>,
}

impl Checks {
    pub fn fail(&mut self, now: u64, what: String) {
        self.broken.push(format!("at {now} ms: {what}"));
    }

    /// A ballot reached an honest node.
    pub fn showed(&mut self, now: u64, ballot: EntryId) {
        self.shown.entry(ballot).or_insert(now);
    }

    /// An honest node wrote something down: it never contradicts what it wrote before (I5).
    pub fn wrote(
        &mut self,
        now: u64,
        (node, key): (usize, &PublicKey),
        federation: &FederationId,
        record: &Record,
    ) {
        let contradicts = match record {
            // It writes down what it hears of others, too.
            Record::Agreement(agreement::Record::Message(message))
                if !message.is_by(federation, key) =>
            {
                false
            }
            Record::Duty { phase, duty } => self.signs(node, *phase, duty),
            Record::Agreement(agreement::Record::Message(message)) => match message {
                agreement::Message::Vote(signed) => {
                    let vote = &signed.statement;
                    let place = (node, (vote.epoch, vote.height), vote.round, vote.step);
                    let goes_back = self.goes_back(node, vote.epoch);
                    goes_back || *self.votes.entry(place).or_insert(vote.value) != vote.value
                }
                agreement::Message::Proposal(signed) => {
                    let said = &signed.statement;
                    let place = (node, (said.epoch, said.height), said.round);
                    let goes_back = self.goes_back(node, said.epoch);
                    goes_back || *self.proposals.entry(place).or_insert(said.value) != said.value
                }
                agreement::Message::Polka(_) => false,
            },
            _ => false,
        };
        if contradicts {
            self.fail(
                now,
                format!("I5: node {node} signs against itself: {record:?}"),
            );
        }
    }

    /// Whether a node signs in an epoch that it left.
    fn goes_back(&mut self, node: usize, epoch: u64) -> bool {
        let last = self.epochs.entry(node).or_insert(epoch);
        *last = epoch.max(*last);
        epoch < *last
    }

    fn signs(&mut self, node: usize, phase: PhaseId, duty: &Duty) -> bool {
        let (is_seal, hash) = match duty {
            Duty::Leaves {
                claim: Claim::Receipts,
                leaves,
                ..
            } => {
                return leaves.iter().any(|leaf| {
                    let slot = (node, phase, leaf.voter, leaf.slot);
                    *self.receipts.entry(slot).or_insert(leaf.ballot) != leaf.ballot
                });
            }
            Duty::Manifest(bytes) => (false, Hash::of(&[bytes])),
            Duty::Seal { time, names } => {
                let names = format!("{time:?}{names:?}");
                (true, Hash::of(&[names.as_bytes()]))
            }
            _ => return false,
        };
        *self.once.entry((node, phase, is_seal)).or_insert(hash) != hash
    }

    /// A ballot that an honest node may show as secured.
    pub fn look(&mut self, chain: &Chain, phase: &PhaseId, witness: &Witness, ballot: &EntryId) {
        let gathered = witness.gathered();
        let (Some(case), Some(ballot)) = (chain.case(phase), gathered.ballot_of(ballot)) else {
            return;
        };
        if !gathered.is_secured(&case, ballot) {
            return;
        }
        let secured = self.secured.entry((*phase, ballot.member));
        let secured = secured.or_insert((ballot.slot, ballot.says));
        if ballot.slot > secured.0 {
            *secured = (ballot.slot, ballot.says);
        }
    }

    /// An honest node decided a height; it was at `before`.
    pub fn decided(
        &mut self,
        now: u64,
        node: usize,
        (before, after): (&Chain, &Chain),
        decision: &Decision,
    ) {
        let header = decision.batch.header;
        if header.height != before.height() + 1 || header.previous != before.last() {
            let (from, to) = (before.height(), header.height);
            self.fail(
                now,
                format!("I2: node {node} goes from height {from} to {to}"),
            );
        }
        let value = (header.hash(&after.federation()), after.state());
        self.decided_at.entry((header.height, node)).or_insert(now);
        match self.heights.get(&header.height) {
            None => {
                self.heights.insert(header.height, value);
                for happened in &decision.happened {
                    if let Happened::Closed { phase, closed, .. } = happened
                        && let Some(of) = before.phases().get(phase)
                    {
                        self.closes(now, before, of, closed);
                    }
                }
            }
            Some(other) if *other != value => {
                self.fail(now, format!("I1: two batches of height {}", header.height));
            }
            Some(_) => {}
        }
    }

    fn closes(&mut self, now: u64, chain: &Chain, phase: &Phase, closed: &Closed) {
        let voters = phase.voters().iter().enumerate();
        let standings: Vec<_> = voters
            .map(|(at, voter)| {
                let index = register::phase::VoterIndex(at as u16);
                let standing = closed.counted.get(&index);
                (voter.member, standing, phase.pinned.get(&index))
            })
            .collect();
        let bound_ms = chain.case(&phase.id).map(|case| {
            let seconds = case.charter.terms().clock_bound_seconds;
            seconds * 1_000
        });
        let last = phase.deadline.plus_ms(bound_ms.unwrap_or(0)).0;
        let mut seen = BTreeSet::new();
        for (member, standing, pinned) in standings {
            if let Some((slot, says)) = self.secured.get(&(phase.id, member)).copied() {
                let holds = standing.is_some_and(|standing| {
                    let sides = standing.sides();
                    let is_there = sides.iter().any(|(said, _)| *said == says);
                    standing.slot() > slot || (standing.slot() == slot && is_there)
                });
                if !holds {
                    let what = format!(
                        "I3: secured {slot:?} of {}, counted {standing:?}",
                        member.short()
                    );
                    self.fail(now, what);
                }
            }
            let sides = standing.map_or(&[][..], |standing| standing.sides());
            self.two_sided += usize::from(sides.len() > 1);
            for (_, ballot) in sides {
                if !seen.insert(*ballot) {
                    self.fail(now, "I4: one ballot counts for two voters".to_owned());
                }
                let is_pinned = pinned.is_some_and(|pinned| {
                    let mut sides = pinned.sides().iter();
                    sides.any(|(_, other)| other == ballot)
                });
                let shown = self.shown.get(ballot).copied().unwrap_or(u64::MAX);
                if !is_pinned && shown > last {
                    let what =
                        format!("a ballot counts that was first shown at {shown}, after {last}");
                    self.fail(now, what);
                }
            }
        }
        let both = (phase.clone(), closed.clone());
        self.closed.insert(phase.id, both);
    }

    /// Someone was shown to have contradicted itself in a phase.
    pub fn contradiction(&mut self, now: u64, chain: &Chain, evidence: &Evidence) {
        let phase = chain.phases().keys().find(|phase| {
            let case = chain.case(phase);
            case.is_some_and(|case| evidence.verify(&case).is_ok())
        });
        let Some(phase) = phase else {
            self.fail(now, format!("evidence that proves nothing: {evidence:?}"));
            return;
        };
        let validator = match evidence {
            Evidence::Ballots(_) => return,
            Evidence::Receipts(validator, _) | Evidence::Manifests(validator, _) => *validator,
            Evidence::Seals(seals) => seals[0].validator,
        };
        let key = chain.phases()[phase].validators.get(validator);
        if let Some(validator) = key {
            self.accuse(now, validator.key);
        }
    }

    /// The same in agreement.
    pub fn equivocation(&mut self, now: u64, chain: &Chain, evidence: &agreement::Evidence) {
        if evidence.is_valid(&chain.federation()) {
            self.accuse(now, evidence.key);
        } else {
            self.fail(now, format!("evidence that proves nothing: {evidence:?}"));
        }
    }

    fn accuse(&mut self, now: u64, key: PublicKey) {
        self.accused.insert(key);
        if !self.liars.contains(&key) {
            self.fail(now, format!("an honest validator is accused: {key}"));
        }
    }
}
