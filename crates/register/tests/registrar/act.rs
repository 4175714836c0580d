//! What a node does with an input: its journal first, then what its registrar asks for, as far as it
//! lives.

use domain::id::Hash;
use register::{
    agreement::Timeouts,
    leaves::Claim,
    registrar::{Input, Message, Output, Record, Registrar, Topic},
    witness,
};

use crate::{
    items::{About, Thing},
    liars::{Audience, backdated, distort},
    node::Conduct,
    world::{Event, MINUTE_MS, SECOND_MS, World},
};

impl World {
    /// Starts a node from its disk.
    pub(crate) fn boot(&mut self, at: usize) {
        let now = self.now;
        let node = &mut self.nodes[at];
        node.starts += 1;
        let (chain, key, journal) = (node.chain.clone(), node.key.clone(), node.journal.clone());
        let clock = node.clock(now);
        let cache = self.cache.clone();
        let timeouts = Timeouts::MINUTES;
        node.registrar =
            Registrar::with_verification(clock, chain, Some(key), timeouts, journal, cache);
        let outputs = node.registrar.start();
        let trusted = self.is_trusted(at);
        self.act(at, outputs, usize::MAX);
        self.handle(at, Input::Clock { trusted }, None);
        self.hand_wanted(at, true);
    }

    /// What its people want lies in the store: a node gives it to itself after each start, and
    /// motions after each height.
    fn hand_wanted(&mut self, at: usize, all: bool) {
        for thing in self.things.about(About::Next).to_vec() {
            let is_given = all || matches!(*self.things.get(thing).input, Input::Motion(..));
            if is_given && self.nodes[at].shelf.has(thing) {
                let (to, again) = (at, true);
                self.after(0, Event::Arrive { to, thing, again });
            }
        }
    }

    /// Gives a node an input, and does what follows.
    pub(crate) fn handle(&mut self, at: usize, input: Input, thing: Option<Thing>) {
        let now = self.now;
        self.observe(at, thing, &input);
        let node = &mut self.nodes[at];
        let clock = node.clock(now);
        if let Some(thing) = thing {
            self.twin(at, &input, thing);
        } else if let Some(twin) = &mut self.nodes[at].twin
            && let Ok(reaction) = twin.handle(clock, input.clone())
        {
            self.twin_says(at, reaction.outputs);
        }
        let node = &mut self.nodes[at];
        let reaction = match node.registrar.handle(clock, input.clone()) {
            Ok(reaction) => reaction,
            Err(error) => {
                if node.is_honest() {
                    let what = format!("node {at} cannot go on: {error}");
                    self.checks.fail(now, what);
                } else {
                    node.is_up = false;
                }
                return;
            }
        };
        self.rounds = self.rounds.max(node.registrar.round().unwrap_or(0));
        if self.nodes[at].is_honest() {
            for output in &reaction.outputs {
                if let Output::Decided(decision) = output {
                    let node = &self.nodes[at];
                    let chains = (&node.before(), node.registrar.chain());
                    self.checks.decided(now, at, chains, decision);
                }
            }
        }
        self.look(at, &input);
        self.trace_of(at, thing, reaction.journal.len(), &reaction.outputs);
        let does = self.survives(at, &reaction.journal, reaction.outputs.len());
        let (records, outputs) = does;
        if self.nodes[at].is_honest() {
            // What was not written was not said either.
            let is_trusted = self.is_trusted(at);
            let key = self.nodes[at].key.public();
            for record in reaction.journal.iter().take(records) {
                self.checks
                    .wrote(now, (at, &key), &self.federation.id, record);
                if matches!(record, Record::Duty { .. }) && !is_trusted {
                    let what = format!("node {at} witnesses though its clock is wrong");
                    self.checks.fail(now, what);
                }
            }
        }
        let node = &mut self.nodes[at];
        node.journal
            .extend(reaction.journal.into_iter().take(records));
        self.act(at, reaction.outputs, outputs);
        if outputs != usize::MAX {
            self.restarts += 1;
            self.nodes[at].is_up = false;
            let down_ms = 5 * SECOND_MS + self.disk.tail(2 * MINUTE_MS);
            self.after(down_ms, Event::Up(at));
        }
        self.nodes[at].look_at_clock();
    }

    /// How many records a node writes and how many outputs it acts on before it dies, if it does.
    fn survives(&mut self, at: usize, journal: &[Record], outputs: usize) -> (usize, usize) {
        let node = &mut self.nodes[at];
        if journal.is_empty() || !node.is_honest() {
            return (usize::MAX, usize::MAX);
        }
        let next = node.chain.height() + 1;
        let is_of_height = journal
            .iter()
            .any(|record| matches!(record, Record::Agreement(_)));
        let due = self.setup.crashes_at_heights && is_of_height && node.crashed_at < next;
        let percent = if due { 40 } else { self.setup.crash_percent };
        if !self.disk.chance(percent) {
            return (usize::MAX, usize::MAX);
        }
        node.crashed_at = next;
        let written = self.disk.below(journal.len() as u64 + 1) as usize;
        let done = self.disk.below(outputs as u64 + 1) as usize;
        if written < journal.len() {
            (written, 0)
        } else {
            (written, done)
        }
    }

    /// Acts on the first outputs.
    fn act(&mut self, at: usize, outputs: Vec<Output>, most: usize) {
        for output in outputs.into_iter().take(most) {
            match output {
                Output::Publish(message) => self.publish(at, message),
                Output::BallotAgain(phase, _) => {
                    let topic = Topic::Phase(phase);
                    if self.again.insert((at, topic)) {
                        self.after(0, Event::Again { node: at, topic });
                    }
                }
                Output::Again(topic) => {
                    if self.again.insert((at, topic)) {
                        self.after(0, Event::Again { node: at, topic });
                    }
                }
                Output::Decided(decision) => {
                    let node = &mut self.nodes[at];
                    node.chain = node.registrar.chain().clone();
                    node.tidy();
                    let is_honest = node.is_honest();
                    let height = (decision.batch, decision.certificate);
                    let thing = self.things.height(Input::Height(Box::new(height)));
                    let hash = self.things.get(thing).hash;
                    self.nodes[at].shelf.put(thing, &hash);
                    if is_honest {
                        self.say_to(at, thing, Audience::All);
                    }
                    self.hand_wanted(at, false);
                }
                Output::Contradiction(_, found) if self.nodes[at].is_honest() => {
                    let chain = self.nodes[at].registrar.chain();
                    self.checks.contradiction(self.now, chain, &found);
                }
                Output::Equivocation(found) if self.nodes[at].is_honest() => {
                    let chain = self.nodes[at].registrar.chain();
                    self.checks.equivocation(self.now, chain, &found);
                }
                Output::Contradiction(..) | Output::Equivocation(_) => {}
            }
        }
    }

    fn publish(&mut self, at: usize, message: Message) {
        let now = self.now;
        let node = &mut self.nodes[at];
        if node.is_honest() {
            self.said += 1;
            let thing = self.things.message(message);
            self.say_to(at, thing, Audience::All);
            self.after(
                0,
                Event::Arrive {
                    to: at,
                    thing,
                    again: false,
                },
            );
            return;
        }
        let clock = node.clock(now);
        // It believes itself, whatever it tells others; an accomplice stands by what it tells.
        let believes = node.conduct != Conduct::Accomplice;
        let lies = distort(&mut self.nodes[at], clock, message.clone(), &mut self.lies);
        if believes {
            let thing = self.things.message(message);
            self.nodes[at].hidden.put(thing, &Hash([0; 32]));
            self.after(
                0,
                Event::Arrive {
                    to: at,
                    thing,
                    again: false,
                },
            );
        }
        for (message, audience, late_ms) in lies {
            let thing = self.things.message(message);
            if audience == Audience::All && late_ms == 0 {
                if believes {
                    let hash = self.things.get(thing).hash;
                    self.nodes[at].shelf.put(thing, &hash);
                } else {
                    self.after(
                        0,
                        Event::Arrive {
                            to: at,
                            thing,
                            again: false,
                        },
                    );
                }
                self.nodes[at].hidden.remove(thing);
                self.say_to(at, thing, audience);
            } else if late_ms == 0 {
                self.say_to(at, thing, audience);
            } else {
                let to = (0..self.nodes.len())
                    .filter(|to| audience.hears(*to))
                    .collect();
                self.after(
                    late_ms,
                    Event::Say {
                        from: at,
                        thing,
                        to,
                    },
                );
            }
        }
    }

    fn say_to(&mut self, from: usize, thing: Thing, audience: Audience) {
        for to in 0..self.nodes.len() {
            if to != from && audience.hears(to) {
                self.send(from, to, thing);
            }
        }
    }

    pub(crate) fn again(&mut self, at: usize, topic: Topic) {
        self.again.remove(&(at, topic));
        let starts = self.nodes[at].starts;
        for thing in self.about(at, topic) {
            let node = &self.nodes[at];
            if !node.is_up || node.starts != starts {
                return;
            }
            let input = self.things.get(thing).input.clone();
            self.handle(at, (*input).clone(), Some(thing));
        }
        if let Topic::Phase(phase) = topic {
            self.handle(at, Input::Told(phase), None);
        }
    }

    /// A ballot reaches an honest node, or a liar that would have it counted though it is late.
    fn observe(&mut self, at: usize, thing: Option<Thing>, input: &Input) {
        let Input::Ballot(pair) = input else {
            return;
        };
        let id = pair.0.id(&self.federation.id);
        let node = &self.nodes[at];
        if node.is_honest() {
            self.checks.showed(self.now, id);
        }
        if node.conduct == Conduct::Accomplice
            && let Some(thing) = thing
        {
            self.nodes[at].hidden.put(thing, &Hash([0; 32]));
            return;
        }
        if node.conduct != Conduct::Backdater || thing.is_none() {
            return;
        }
        let chain = node.registrar.chain();
        let mut said = Vec::new();
        for phase in chain.phases().keys() {
            let proven = chain.case(phase).and_then(|case| {
                let mut gathered = register::gathered::Gathered::new();
                gathered.take_ballot(&case, &pair.0, &pair.1).ok().flatten()
            });
            said.extend(proven.and_then(|taken| backdated(node, phase, taken.ballot.leaf())));
        }
        for message in said {
            let thing = self.things.message(message);
            self.say_to(at, thing, Audience::All);
        }
    }

    /// What an honest node can now show as secured.
    fn look(&mut self, at: usize, input: &Input) {
        let node = &self.nodes[at];
        if !node.is_honest() {
            return;
        }
        let (chain, id) = (node.registrar.chain(), self.federation.id);
        match input {
            Input::Message(Message::Phase {
                phase,
                said: witness::Message::Leaves(signed),
            }) if signed.claim == Claim::Holds => {
                for leaf in signed.leaves() {
                    if let Some(witness) = node.registrar.witness(phase) {
                        self.checks.look(chain, phase, witness, &leaf.ballot);
                    }
                }
            }
            Input::Ballot(pair) => {
                for phase in chain.phases().keys() {
                    if let Some(witness) = node.registrar.witness(phase) {
                        self.checks.look(chain, phase, witness, &pair.0.id(&id));
                    }
                }
            }
            _ => {}
        }
    }

    /// The twin hears of every other ballot, and of everything else.
    fn twin(&mut self, at: usize, input: &Input, thing: Thing) {
        if matches!(input, Input::Ballot(_)) && thing.is_multiple_of(2) {
            return;
        }
        let clock = self.nodes[at].clock(self.now.saturating_sub(20 * SECOND_MS));
        let Some(twin) = &mut self.nodes[at].twin else {
            return;
        };
        if let Ok(reaction) = twin.handle(clock, input.clone()) {
            self.twin_says(at, reaction.outputs);
        }
    }

    fn twin_says(&mut self, at: usize, outputs: Vec<Output>) {
        for output in outputs {
            if let Output::Publish(message) = output {
                let thing = self.things.message(message);
                self.say_to(at, thing, Audience::Odd);
            }
        }
    }

    fn trace_of(&mut self, at: usize, thing: Option<Thing>, records: usize, outputs: &[Output]) {
        let given = thing.map_or(Hash([0; 32]), |thing| self.things.get(thing).hash);
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(self.now.to_be_bytes());
        bytes.extend((at as u64).to_be_bytes());
        bytes.extend((records as u64).to_be_bytes());
        bytes.extend((outputs.len() as u64).to_be_bytes());
        for output in outputs {
            if let Output::Decided(decision) = output {
                bytes.extend(decision.batch.header.state.0);
            }
        }
        self.trace = Hash::of(&[&self.trace.0, &given.0, &bytes]);
    }
}
