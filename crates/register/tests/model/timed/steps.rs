//! The steps of the seals: manifests and have notes as messages that take their time.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{STEP_MS, random::Random, world::World};

/// A manifest: its author (the honest first), and for a liar whether it is the full or the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manifest {
    pub author: usize,
    pub full: bool,
}

impl Manifest {
    fn index(self) -> usize {
        2 * self.author + usize::from(self.full)
    }
}

/// How the liars hand out their manifests, all alike.
#[derive(Debug, Clone)]
pub struct Plan {
    /// In which step, from 1: at the very end of it by the receiver's clock, less a delay.
    pub step: usize,
    pub before_end_ms: i64,
    /// To whom the full one.
    pub to: Vec<bool>,
    /// Whether the others get the empty one.
    pub equivocate: bool,
}

type Notes = u32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A manifest with the notes known to the sender.
    Manifest(Manifest, Notes),
    LastStepEnds,
}

/// One honest validator during the steps.
#[derive(Default)]
struct Validator {
    notes: Vec<Notes>,
    received: Vec<Manifest>,
    accepted: Vec<Manifest>,
    waits: bool,
    seal: Option<Vec<Manifest>>,
}

/// The steps running.
struct Steps<'a> {
    world: &'a World,
    steps: usize,
    validators: Vec<Validator>,
    /// Time, receiver, event; ties in this order.
    events: BinaryHeap<Reverse<(i64, usize, Event)>>,
}

/// Which manifests each honest validator's seal names, after so many steps.
pub fn seals(world: &World, steps: usize, plan: &Plan, random: &mut Random) -> Vec<Vec<Manifest>> {
    let honest = world.setting.honest();
    let empty = || Validator {
        notes: vec![0; 2 * world.setting.validators],
        ..Validator::default()
    };
    let mut running = Steps {
        world,
        steps,
        validators: (0..honest).map(|_| empty()).collect(),
        events: BinaryHeap::new(),
    };
    running.begin(plan, random);
    while let Some(Reverse((now_ms, receiver, event))) = running.events.pop() {
        running.handle(now_ms, receiver, event, random);
    }
    let seal = |validator: Validator| {
        validator
            .seal
            .expect("every honest manifest arrives at last")
    };
    running.validators.into_iter().map(seal).collect()
}

impl Steps<'_> {
    fn begin(&mut self, plan: &Plan, random: &mut Random) {
        let (world, setting) = (self.world, self.world.setting);
        for author in 0..setting.honest() {
            let manifest = Manifest { author, full: true };
            let signed_ms = world.when_ms(author, setting.grace_ms);
            self.validators[author].accepted.push(manifest);
            self.send(author, manifest, 0, signed_ms, random);
            let end_ms = world.when_ms(author, self.end_of_step_ms(self.steps));
            // After whatever arrives in the same millisecond.
            self.events
                .push(Reverse((end_ms, author, Event::LastStepEnds)));
        }
        let liars = (setting.honest()..setting.validators).fold(0, |mask, liar| mask | 1 << liar);
        for author in setting.honest()..setting.validators {
            for (receiver, chosen) in plan.to.iter().enumerate() {
                if *chosen || plan.equivocate {
                    let manifest = Manifest {
                        author,
                        full: *chosen,
                    };
                    let own_ms = self.end_of_step_ms(plan.step) - plan.before_end_ms;
                    let at_ms = world.when_ms(receiver, own_ms);
                    let event = Event::Manifest(manifest, liars);
                    self.events.push(Reverse((at_ms, receiver, event)));
                }
            }
        }
    }

    fn end_of_step_ms(&self, step: usize) -> i64 {
        self.world.setting.grace_ms + step as i64 * STEP_MS
    }

    fn send(
        &mut self,
        from: usize,
        manifest: Manifest,
        notes: Notes,
        now_ms: i64,
        random: &mut Random,
    ) {
        for to in (0..self.validators.len()).filter(|to| *to != from) {
            let at_ms = self.world.arrives_ms(from, to, now_ms, random);
            self.events
                .push(Reverse((at_ms, to, Event::Manifest(manifest, notes))));
        }
    }

    fn handle(&mut self, now_ms: i64, receiver: usize, event: Event, random: &mut Random) {
        match event {
            Event::Manifest(manifest, notes) => {
                let validator = &mut self.validators[receiver];
                validator.notes[manifest.index()] |= notes;
                if !validator.received.contains(&manifest) {
                    validator.received.push(manifest);
                }
                self.consider(now_ms, receiver, manifest, random);
            }
            Event::LastStepEnds => {
                self.validators[receiver].waits = true;
                self.try_to_seal(receiver);
                for manifest in self.validators[receiver].received.clone() {
                    self.consider(now_ms, receiver, manifest, random);
                }
            }
        }
    }

    fn consider(&mut self, now_ms: i64, receiver: usize, manifest: Manifest, random: &mut Random) {
        let own_ms = now_ms + self.world.ahead_ms[receiver] - self.world.setting.grace_ms;
        let step = ((own_ms - 1).div_euclid(STEP_MS) + 1).max(1) as usize;
        let validator = &mut self.validators[receiver];
        if validator.seal.is_some() || validator.accepted.contains(&manifest) {
            return;
        }
        let notes = &mut validator.notes[manifest.index()];
        let by_others = (*notes & !(1 << manifest.author)).count_ones() as usize;
        if !validator.waits && by_others + 1 < step {
            return;
        }
        *notes |= 1 << receiver;
        let notes = *notes;
        validator.accepted.push(manifest);
        self.send(receiver, manifest, notes, now_ms, random);
        if self.validators[receiver].waits {
            self.try_to_seal(receiver);
        }
    }

    /// Signs the list once, when it is long enough: of one author's two manifests neither is named.
    fn try_to_seal(&mut self, receiver: usize) {
        let validator = &mut self.validators[receiver];
        let accepted = &validator.accepted;
        let alone = |manifest: &&Manifest| {
            accepted
                .iter()
                .filter(|other| other.author == manifest.author)
                .count()
                == 1
        };
        let named: Vec<Manifest> = accepted.iter().filter(alone).copied().collect();
        if validator.seal.is_none() && named.len() >= self.world.sizes.quorum() {
            validator.seal = Some(named);
        }
    }
}
