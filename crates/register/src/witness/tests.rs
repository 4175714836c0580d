//! Validators with clocks that differ and lines that delay, and one that lies.

use std::collections::{BTreeMap, BTreeSet};

use domain::{charter::RuleName, decision::Choice};
use proptest::prelude::*;

use super::*;
use crate::{
    closing::{Closing, assemble, check},
    leaves::Claim,
    outcome::Closed,
    phase::VoterIndex,
    testing::{Cast, FEDERATION, HOUR_MS, MINUTE_MS},
};

/// The charter's bounds: three minutes of gossip, clocks one minute off.
const GOSSIP_MS: u64 = 3 * MINUTE_MS;
const CLOCK_MS: u64 = MINUTE_MS;
const STEP_MS: u64 = GOSSIP_MS + 2 * CLOCK_MS;

/// Chance that can be repeated (SplitMix64).
struct Chance(u64);

impl Chance {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % (most + 1)
    }
}

struct Node {
    witness: Witness,
    /// How far its clock is ahead, plus the bound, so that it is no negative number.
    ahead_ms: u64,
    journal: Vec<Duty>,
    received: Vec<Message>,
    evidence: usize,
    is_closable: bool,
}

/// Honest validators 0, 1, …; the last of the cast is a liar and only says what a test has it say.
struct World {
    cast: Cast,
    chance: Chance,
    nodes: Vec<Node>,
    queue: BTreeMap<(Timestamp, usize), (usize, Option<Message>)>,
    queued: usize,
}

impl World {
    fn new(honest: usize, liars: usize, seed: u64) -> Self {
        let cast = Cast::new(honest + liars, 3, RuleName::Consent, "");
        let mut chance = Chance(seed);
        let opened = cast.phase.opened;
        let node = |number: usize| Node {
            witness: Witness::new(ValidatorIndex(number as u8), opened.plus_ms(MINUTE_MS)),
            ahead_ms: chance.up_to(2 * CLOCK_MS),
            journal: Vec::new(),
            received: Vec::new(),
            evidence: 0,
            is_closable: false,
        };
        Self {
            nodes: (0..honest).map(node).collect(),
            cast,
            chance,
            queue: BTreeMap::new(),
            queued: 0,
        }
    }

    fn at(&mut self, time: Timestamp, node: usize, message: Option<Message>) {
        self.queued += 1;
        self.queue.insert((time, self.queued), (node, message));
    }

    /// Shows something to one node; it tells the others.
    fn show(&mut self, after_ms: u64, node: usize, message: Message) {
        let time = self.cast.phase.opened.plus_ms(after_ms);
        self.at(time, node, Some(message));
    }

    fn vote(&mut self, after_ms: u64, node: usize, voter: usize, choice: Choice) {
        let pair = (
            self.cast.ballot(voter, 1, choice),
            self.cast.mandate(voter, 1),
        );
        self.show(after_ms, node, Message::Ballot(Box::new(pair)));
    }

    fn run(&mut self) {
        let mut steps = 0;
        while let Some(((time, _), (node, message))) = self.queue.pop_first() {
            steps += 1;
            assert!(steps < 100_000, "it never ends");
            self.step(time, node, message);
        }
    }

    fn run_to(&mut self, end: Timestamp) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((time, _), (node, message)) = entry.remove_entry();
            self.step(time, node, message);
        }
    }

    fn step(&mut self, time: Timestamp, number: usize, message: Option<Message>) {
        let node = &mut self.nodes[number];
        let input = match message {
            Some(message) if node.received.contains(&message) => return,
            Some(message) => {
                node.received.push(message.clone());
                for other in (0..self.nodes.len()).filter(|other| *other != number) {
                    let delay = self.chance.up_to(GOSSIP_MS);
                    self.at(time.plus_ms(delay), other, Some(message.clone()));
                }
                Input::Message(message)
            }
            None => Input::Wake,
        };
        let case = self.cast.case();
        let node = &mut self.nodes[number];
        let now = Timestamp(time.0 + node.ahead_ms - CLOCK_MS);
        let outputs = node.witness.handle(now, input, &case).unwrap();
        let wake = node.witness.wake(&case);
        for output in outputs {
            match output {
                Output::Sign(duty) => {
                    let duty = Duty::from_bytes(&duty.to_bytes()).unwrap();
                    let node = &mut self.nodes[number];
                    node.journal.push(duty.clone());
                    let signer = self.cast.validator(number as u8);
                    let signed = duty.sign(&FEDERATION, self.cast.phase.id, signer);
                    self.at(time, number, Some(signed.unwrap()));
                }
                Output::Evidence(evidence) => {
                    assert_eq!(evidence.verify(&self.cast.case()), Ok(()));
                    self.nodes[number].evidence += 1;
                }
                Output::Want(named) => {
                    let node = &self.nodes[number];
                    let hash = |signed: &crate::closing::SignedManifest| {
                        Manifest::hash_of(&FEDERATION, &signed.bytes)
                    };
                    let kept = node.received.iter().position(|message| {
                        matches!(message, Message::Manifest(signed) if hash(signed) == named.manifest)
                    });
                    if let Some(place) = kept {
                        let message = self.nodes[number].received.remove(place);
                        self.at(time, number, Some(message));
                    }
                }
                Output::Closable => self.nodes[number].is_closable = true,
            }
        }
        if let Some(wake) = wake {
            let wake = Timestamp(wake.0 + CLOCK_MS - self.nodes[number].ahead_ms);
            let is_queued = self.queue.iter().any(|((at, _), (node, message))| {
                *at == wake && *node == number && message.is_none()
            });
            if !is_queued {
                self.at(wake.max(time), number, None);
            }
        }
    }

    fn crash(&mut self, time: Timestamp, number: usize) {
        let node = &mut self.nodes[number];
        let me = ValidatorIndex(number as u8);
        node.witness = Witness::restore(me, self.cast.phase.opened, &node.journal);
        for message in std::mem::take(&mut node.received) {
            self.at(time, number, Some(message));
        }
    }

    fn closing(&self, number: usize) -> (Closing, Closed) {
        let node = &self.nodes[number];
        assert!(node.is_closable, "node {number} can close");
        let closing = assemble(&self.cast.case(), node.witness.gathered()).unwrap();
        let checked = check(&closing.0.to_bytes(), &self.cast.case());
        assert_eq!(checked.as_ref(), Ok(&closing.1));
        closing
    }

    /// What the honest named in their seals.
    fn sealed(&self) -> BTreeSet<Vec<Named>> {
        let duties = self.nodes.iter().flat_map(|node| &node.journal);
        let names = duties.filter_map(|duty| match duty {
            Duty::Seal { names, .. } => Some(names.clone()),
            _ => None,
        });
        names.collect()
    }

    /// No node was asked to sign two things that contradict each other.
    fn check_journals(&self) {
        for node in &self.nodes {
            let (mut slots, mut once) = (BTreeMap::new(), BTreeSet::new());
            for duty in &node.journal {
                match duty {
                    Duty::Leaves { claim, leaves, .. } if *claim == Claim::Receipts => {
                        for leaf in leaves {
                            let slot = (leaf.voter, leaf.slot);
                            assert_eq!(slots.insert(slot, leaf.ballot), None);
                        }
                    }
                    Duty::Manifest(_) => assert!(once.insert("manifest")),
                    Duty::Seal { .. } => assert!(once.insert("seal")),
                    _ => {}
                }
            }
            assert_eq!(once.len(), 2);
        }
    }
}

#[test]
fn what_is_shown_to_one_is_witnessed_secured_and_counted_by_all() {
    let mut world = World::new(4, 0, 1);
    world.vote(HOUR_MS, 0, 0, Choice::Agree);
    world.vote(2 * HOUR_MS, 1, 1, Choice::StandAside);
    world.run();
    let leaf = world.cast.leaf(
        &world.cast.ballot(0, 1, Choice::Agree),
        &world.cast.mandate(0, 1),
    );
    let gathered = world.nodes[3].witness.gathered();
    let ballot = gathered.ballot_of(&leaf.ballot).unwrap();
    assert!(gathered.is_secured(&world.cast.case(), ballot));
    let closings: Vec<_> = (0..4).map(|number| world.closing(number)).collect();
    assert!(closings.iter().all(|closing| *closing == closings[0]));
    assert_eq!(closings[0].1.counted.len(), 2);
    assert_eq!(world.sealed().len(), 1);
    assert_eq!(world.sealed().first().map(Vec::len), Some(4));
}

#[test]
fn an_absent_validator_holds_nobody_up() {
    let mut world = World::new(3, 1, 2);
    world.vote(HOUR_MS, 0, 0, Choice::Agree);
    world.run();
    assert_eq!(world.closing(0).1.counted.len(), 1);
    assert_eq!(world.sealed().first().map(Vec::len), Some(3));
}

#[test]
fn one_ballot_of_a_slot_has_a_receipt_and_the_other_is_no_secret() {
    let mut world = World::new(4, 0, 3);
    world.vote(HOUR_MS, 0, 0, Choice::Agree);
    world.vote(HOUR_MS, 1, 0, Choice::Block);
    world.run();
    world.check_journals();
    let closed = world.closing(0).1;
    assert!(closed.counted.len() <= 1);
}

#[test]
fn with_a_clock_that_is_off_nothing_is_signed_until_it_is_right_again() {
    let cast = Cast::new(1, 1, RuleName::Consent, "");
    let mut witness = Witness::new(ValidatorIndex(0), cast.phase.opened);
    let case = cast.case();
    let now = cast.phase.opened.plus_ms(HOUR_MS);
    let off = Input::Clock { trusted: false };
    assert_eq!(witness.handle(now, off, &case), Ok(Vec::new()));
    let pair = (cast.ballot(0, 1, Choice::Agree), cast.mandate(0, 1));
    let ballot = Input::Message(Message::Ballot(Box::new(pair)));
    assert_eq!(witness.handle(now, ballot, &case), Ok(Vec::new()));
    let later = now.plus_ms(HOUR_MS);
    assert_eq!(witness.handle(later, Input::Wake, &case), Ok(Vec::new()));
    assert_eq!(witness.wake(&case), None);
    let right = Input::Clock { trusted: true };
    let signed = witness.handle(later, right, &case).unwrap();
    assert!(matches!(signed[..], [Output::Sign(Duty::Leaves { .. })]));
}

#[test]
fn a_ballot_seen_after_the_deadline_gets_no_receipt() {
    let cast = Cast::new(1, 1, RuleName::Consent, "");
    let mut witness = Witness::new(ValidatorIndex(0), cast.phase.opened);
    let case = cast.case();
    let pair = (cast.ballot(0, 1, Choice::Agree), cast.mandate(0, 1));
    let ballot = Input::Message(Message::Ballot(Box::new(pair)));
    let late = cast.phase.deadline.plus_ms(1);
    assert_eq!(witness.handle(late, ballot, &case), Ok(Vec::new()));
    // A second before the deadline what waits is signed at once: later may be too late.
    let mut witness = Witness::new(ValidatorIndex(0), cast.phase.opened);
    let pair = (cast.ballot(0, 1, Choice::Agree), cast.mandate(0, 1));
    let ballot = Input::Message(Message::Ballot(Box::new(pair)));
    let last = Timestamp(cast.phase.deadline.0 - 1);
    let signed = witness.handle(last, ballot, &case).unwrap();
    assert_eq!(signed.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn while_lines_hold_all_honest_seals_are_equal_whatever_a_liar_says(seed in any::<u64>()) {
        let mut world = World::new(3, 1, seed);
        let length_ms = world.cast.phase.length_ms();
        world.vote(HOUR_MS, 0, 0, Choice::Agree);
        // A voter shows a block to one validator just before the end, the liar keeps its receipt
        // back, and then shows that and two manifests, each to whom and when it likes.
        let late_ms = length_ms - world.chance.up_to(2 * MINUTE_MS);
        world.vote(late_ms, 1, 1, Choice::Block);
        let leaf = world.cast.leaf(
            &world.cast.ballot(1, 1, Choice::Block),
            &world.cast.mandate(1, 1),
        );
        world.run_to(world.cast.phase.deadline.plus_ms(CLOCK_MS));
        let receipt = world.cast.leaves(Claim::Receipts, 3, late_ms, &[leaf]);
        let mut seen = world.nodes[1].received.clone();
        seen.retain(|message| matches!(message, Message::Ballot(_) | Message::Leaves(_)));
        seen.push(Message::Leaves(receipt.clone()));
        let lies = [
            Message::Leaves(receipt),
            Message::Manifest(world.cast.manifest(3, &[]).0),
            Message::Manifest(world.cast.manifest(3, &seen).0),
        ];
        for lie in lies {
            let when = length_ms + CLOCK_MS + world.chance.up_to(4 * STEP_MS);
            let whom = world.chance.up_to(2) as usize;
            world.show(when, whom, lie);
        }
        world.run();
        world.check_journals();
        prop_assert_eq!(world.sealed().len(), 1);
        let closings: Vec<_> = (0..3).map(|number| world.closing(number)).collect();
        prop_assert!(closings.iter().all(|closing| *closing == closings[0]));
        let agreed = &closings[0].1.counted[&VoterIndex(0)];
        prop_assert_eq!(agreed.choice(), Choice::Agree);
        let shown = world.nodes.iter().all(|node| node.evidence > 0);
        prop_assert!(shown, "two manifests of one author are evidence everywhere");
    }

    #[test]
    fn after_a_crash_nothing_that_was_signed_is_contradicted(seed in any::<u64>()) {
        let mut world = World::new(4, 0, seed);
        world.vote(HOUR_MS, 0, 0, Choice::Agree);
        world.vote(HOUR_MS, 1, 0, Choice::Block);
        world.vote(2 * HOUR_MS, 2, 1, Choice::Agree);
        let first = [HOUR_MS, world.cast.phase.length_ms()][world.chance.up_to(1) as usize];
        let crash = world.cast.phase.opened.plus_ms(first + world.chance.up_to(5 * STEP_MS));
        world.run_to(crash);
        world.crash(crash, 2);
        world.run();
        world.check_journals();
        for number in 0..4 {
            world.closing(number);
        }
        prop_assert_eq!(world.sealed().len(), 1);
    }
}

/// A ballot of voter 0 in its first slot, one of many: as its delegates could each cast one.
fn one_of_many(cast: &Cast, number: u64) -> (domain::entry::Entry, domain::entry::Entry) {
    let mandate = cast.mandate(0, 1);
    let mut ballot = cast.ballot_under(&mandate, 0, 1, Choice::Agree);
    ballot.header.sequence += number;
    ballot.signature = ballot.header.sign(&FEDERATION, &cast.delegate(0));
    (ballot, mandate)
}

fn id_of(pair: &(domain::entry::Entry, domain::entry::Entry)) -> domain::id::EntryId {
    pair.0.id(&FEDERATION)
}

#[test]
fn a_voter_who_floods_one_slot_in_another_order_everywhere_keeps_no_vote_from_closing() {
    let mut world = World::new(4, 0, 5);
    world.vote(HOUR_MS, 1, 1, Choice::Agree);
    // All validators are honest and every line works; each gets all eight in the end.
    for (node, first) in [(0, 0), (1, 0), (2, 4), (3, 4)] {
        for number in first..first + 4 {
            let pair = one_of_many(&world.cast, number);
            world.show(2 * HOUR_MS, node, Message::Ballot(Box::new(pair)));
        }
    }
    world.run();
    let closable = world.nodes.iter().filter(|node| node.is_closable).count();
    assert_eq!(closable, 4, "validators that could close the vote");
}

#[test]
fn a_secured_ballot_is_counted_though_its_slot_is_flooded_and_validators_restart() {
    let mut world = World::new(4, 0, 6);
    let mut pairs: Vec<_> = (0..5)
        .map(|number| one_of_many(&world.cast, number))
        .collect();
    pairs.sort_by_key(id_of);
    let secured = pairs.pop().unwrap();
    let id = id_of(&secured);
    world.show(HOUR_MS, 0, Message::Ballot(Box::new(secured)));
    world.run_to(world.cast.phase.opened.plus_ms(2 * HOUR_MS));
    let gathered = world.nodes[3].witness.gathered();
    let ballot = gathered.ballot_of(&id).unwrap();
    assert!(gathered.is_secured(&world.cast.case(), ballot));
    // Later somebody with a delegate's key casts more in the same slot.
    for pair in pairs {
        world.show(3 * HOUR_MS, 0, Message::Ballot(Box::new(pair)));
    }
    let restart = world.cast.phase.opened.plus_ms(4 * HOUR_MS);
    world.run_to(restart);
    // Every validator is updated to a new release: a node hands its registrar the stored ballots by id.
    for number in 0..4 {
        world.nodes[number]
            .received
            .sort_by_key(|message| match message {
                Message::Ballot(pair) => Some(id_of(pair)),
                _ => None,
            });
        world.crash(restart, number);
    }
    world.run();
    let closed = world.closing(0).1;
    let counted = closed.counted.get(&VoterIndex(0));
    let sides = counted.map(|standing| standing.sides().to_vec());
    assert!(sides.is_some_and(|sides| sides.iter().any(|(_, ballot)| *ballot == id)));
}

#[test]
fn a_validator_whose_journal_is_older_than_what_it_signed_contradicts_nothing() {
    let cast = Cast::new(4, 3, RuleName::Consent, "");
    let (case, me) = (cast.case(), ValidatorIndex(0));
    let opened = cast.phase.opened;
    let seen = |witness: &mut Witness, voter| {
        let pair = (cast.ballot(voter, 1, Choice::Agree), cast.mandate(voter, 1));
        let ballot = Input::Message(Message::Ballot(Box::new(pair)));
        witness.handle(opened.plus_ms(HOUR_MS), ballot, &case)
    };
    let manifest_at = cast.phase.deadline.plus_ms(STEP_MS);
    let is_manifest = |output: &Output| matches!(output, Output::Sign(Duty::Manifest(_)));
    let mut witness = Witness::new(me, opened);
    seen(&mut witness, 0).unwrap();
    let signed = witness.handle(manifest_at, Input::Wake, &case).unwrap();
    let duties = signed.into_iter().filter(is_manifest);
    let [Output::Sign(duty)] = &duties.collect::<Vec<_>>()[..] else {
        panic!("it signs what it holds");
    };
    let said = duty.sign(&FEDERATION, cast.phase.id, cast.validator(0));
    // Its disk is set back by an hour (a snapshot of the machine): the journal is not empty, but lacks
    // that. Its peers give it back what it said.
    let mut witness = Witness::restore(me, opened.plus_ms(MINUTE_MS), &[]);
    let before = manifest_at.0 - 1;
    let heard = Input::Message(said.unwrap());
    witness.handle(Timestamp(before), heard, &case).unwrap();
    let again = witness.handle(manifest_at, Input::Wake, &case).unwrap();
    let again = again.iter().find(|output| is_manifest(output));
    assert_eq!(
        again, None,
        "a second manifest convicts an honest validator"
    );
}
