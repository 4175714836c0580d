//! The protocol of one phase for one voter, as a state machine for exhaustive exploration: four
//! validators, some of which lie, up to two ballots, every order of what can happen.
//!
//! Told apart is only what can change an outcome: a liar gives its receipt at any time, so *held*
//! stands for "f+1 receipts have reached it"; of a seal what its manifests list is kept; honest
//! validators are interchangeable; once all manifests are out the receipts behind them are forgotten.

mod checks;
mod choices;
mod properties;
mod state;

use domain::{decision::Slot, id::Hash};
use register::counting::{Listed, Seen, listed};
use stateright::{Model, Property};

use state::{Stage, State};

use crate::{
    knowledge::{ALL, Network, count, sizes, subsets},
    outcomes::{Counting, Outcomes},
};

/// The most ballots of the voter.
const BALLOTS_MAX: usize = 2;

/// The most honest validators.
const HONEST_MAX: usize = 3;

/// The most kinds of manifest a liar can sign: nothing, or any of the rows.
const KINDS_MAX: usize = 4;

/// A ballot that the voter may show to anybody at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    pub revision: u8,
    pub choice: u64,
}

/// What the closing is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Seals in so many steps; f+1 is right.
    Seals { steps: u8 },
    /// A quorum of manifests, each standing for itself.
    Manifests,
}

/// Which ballots a manifest may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// As production does it.
    HighestHeld,
    /// Those of the highest slot seen, if held: a known mistake.
    HighestSeen,
}

/// What is explored.
pub struct Protocol {
    ballots: Vec<Planned>,
    honest: usize,
    network: Network,
    closing: Closing,
    listing: Listing,
    rows: Vec<Listed>,
    outcomes: Outcomes,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A validator sees a ballot for the first time and gives its receipt.
    Show(usize, usize),
    /// The last honest clock passes T.
    Close,
    /// Receipts of f+1 reach a validator.
    Hold(usize, usize),
    /// Free: a validator signs its manifest.
    Sign(usize),
    /// Free: a validator signs a seal whose manifests list these rows.
    Seal(usize, u8),
    /// Connected: all sign their manifests, having received what was sent in time.
    SignAll,
    /// Connected: a validator accepts a liar's manifest of this kind.
    Accept(usize, usize),
    /// Connected: the step ends; what was accepted in it reaches everyone within the next, with the
    /// notes that the next asks for.
    EndStep,
}

impl Protocol {
    pub fn new(
        ballots: &[Planned],
        network: Network,
        closing: Closing,
        counting: Counting,
    ) -> Self {
        let mut protocol = Self {
            ballots: ballots.to_vec(),
            honest: ALL - sizes().faulty(),
            network,
            closing,
            listing: Listing::HighestHeld,
            rows: Vec::new(),
            outcomes: Outcomes::of(Vec::new(), counting),
        };
        for held in subsets((1 << ballots.len()) - 1) {
            let row = protocol.listed(0, held);
            protocol.rows.extend(row);
        }
        protocol.rows.sort_unstable();
        protocol.rows.dedup();
        protocol.outcomes = Outcomes::of(protocol.rows.clone(), counting);
        protocol
    }

    pub fn with_listing(mut self, listing: Listing) -> Self {
        self.listing = listing;
        self
    }

    pub fn with_honest(mut self, honest: usize) -> Self {
        self.honest = honest;
        self
    }

    fn liars(&self) -> usize {
        ALL - self.honest
    }

    fn everyone(&self) -> u8 {
        (1 << self.honest) - 1
    }

    fn slot(&self, ballot: usize) -> Slot {
        Slot {
            mandate: 1,
            revision: self.ballots[ballot].revision,
        }
    }

    fn hash(ballot: usize) -> Hash {
        Hash([ballot as u8 + 1; 32])
    }

    /// What the production function lists for one that has given receipts for some ballots and
    /// holds some.
    fn listed(&self, given: u8, held: u8) -> Option<Listed> {
        let receipts = |ballot: usize| match (held >> ballot & 1, given >> ballot & 1) {
            (1, _) => sizes().witnesses(),
            (_, own) => usize::from(own),
        };
        let mut seen: Vec<Seen> = (0..self.ballots.len())
            .map(|ballot| Seen {
                slot: self.slot(ballot),
                ballot: Self::hash(ballot),
                choice: self.ballots[ballot].choice,
                receipts: receipts(ballot),
            })
            .filter(|seen| seen.receipts > 0)
            .collect();
        if self.listing == Listing::HighestSeen {
            let highest = seen.iter().map(|seen| seen.slot).max();
            seen.retain(|seen| Some(seen.slot) == highest);
        }
        listed(sizes(), &seen)
    }

    /// The rows, at most one, of an honest validator's manifest.
    fn manifest(&self, state: &State, validator: usize) -> u8 {
        let of = |sets: &[u8; BALLOTS_MAX]| {
            let has = |ballot: &usize| sets[*ballot] & (1 << validator) != 0;
            (0..self.ballots.len())
                .filter(has)
                .fold(0, |mask, ballot| mask | 1 << ballot)
        };
        let listed = self.listed(of(&state.given), of(&state.held));
        let row = listed.and_then(|listed| self.rows.iter().position(|row| *row == listed));
        row.map_or(0, |row| 1 << row)
    }

    fn free_actions(&self, state: &State, actions: &mut Vec<Action>) {
        for validator in 0..self.honest {
            if state.manifests[validator].is_none() {
                actions.push(Action::Sign(validator));
            } else if state.seals[validator].is_none() {
                let sides = self.possible_sides(state).into_iter();
                actions.extend(sides.map(|rows| Action::Seal(validator, rows)));
            }
        }
    }

    fn step_actions(&self, state: &State, step: u8, actions: &mut Vec<Action>) {
        for (kind, _) in self.liars_manifests(state) {
            // Notes by others than the author: the honest that accepted it and the other liars.
            let notes = count(state.accepted[kind]) + self.liars() - 1;
            for validator in 0..self.honest {
                let new = state.accepted[kind] & (1 << validator) == 0;
                if new && notes + 1 >= usize::from(step) {
                    actions.push(Action::Accept(validator, kind));
                }
            }
        }
        actions.push(Action::EndStep);
    }

    fn sign_all(&self, state: &mut State) {
        for ballot in 0..self.ballots.len() {
            if count(state.given[ballot]) >= sizes().witnesses() {
                state.held[ballot] = self.everyone();
            }
        }
        for validator in 0..self.honest {
            state.manifests[validator] = Some(self.manifest(state, validator));
        }
        state.forget_receipts(self.everyone(), self.liars());
        state.stage = Stage::Step(1);
        if self.closing == Closing::Manifests {
            state.seals = state.manifests;
            state.stage = Stage::Sealed;
        }
    }

    fn end_step(&self, state: &mut State, step: u8) {
        if self.closing == (Closing::Seals { steps: step }) {
            state.stage = Stage::Sealed;
            return self.seal_all(state);
        }
        for accepted in &mut state.accepted {
            *accepted = if *accepted == 0 { 0 } else { self.everyone() };
        }
        state.stage = Stage::Step(step + 1);
    }

    fn seal_all(&self, state: &mut State) {
        let honest = state
            .manifests
            .iter()
            .flatten()
            .fold(0, |rows, more| rows | more);
        let kinds = self.liars_manifests(state);
        for validator in 0..self.honest {
            let accepted = |kind: &&(usize, u8)| state.accepted[kind.0] & (1 << validator) != 0;
            let mut of_liar = kinds.iter().filter(accepted);
            // Two of one author: neither is named.
            let rows = match (of_liar.next(), of_liar.next()) {
                (Some((_, rows)), None) => *rows,
                _ => 0,
            };
            state.seals[validator] = Some(honest | rows);
        }
        state.accepted = Default::default();
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            stage: Stage::Voting,
            given: Default::default(),
            held: Default::default(),
            manifests: Default::default(),
            accepted: Default::default(),
            seals: Default::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if let Stage::Step(step) = state.stage {
            return self.step_actions(state, step, actions);
        }
        if state.stage == Stage::Sealed {
            return;
        }
        for validator in (0..self.honest).filter(|one| state.manifests[*one].is_none()) {
            let bit = 1 << validator;
            for ballot in 0..self.ballots.len() {
                let answered = |other: usize| {
                    self.slot(other) == self.slot(ballot) && state.given[other] & bit != 0
                };
                // One receipt per slot ever.
                let refused = (0..self.ballots.len()).any(answered);
                if state.stage == Stage::Voting && !refused {
                    actions.push(Action::Show(validator, ballot));
                }
                if state.held[ballot] & bit == 0 && self.can_be_held(state, ballot) {
                    actions.push(Action::Hold(validator, ballot));
                }
            }
        }
        if state.stage == Stage::Voting {
            actions.push(Action::Close);
        } else if self.network == Network::Connected {
            actions.push(Action::SignAll);
        }
        if self.network == Network::Free {
            self.free_actions(state, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Show(validator, ballot) => state.given[ballot] |= 1 << validator,
            Action::Close => state.stage = Stage::Late,
            Action::Hold(validator, ballot) => state.held[ballot] |= 1 << validator,
            Action::Sign(validator) => {
                let manifest = self.manifest(last, validator);
                state.manifests[validator] = Some(manifest);
                if self.closing == Closing::Manifests {
                    state.seals[validator] = Some(manifest);
                }
            }
            Action::Seal(validator, rows) => state.seals[validator] = Some(rows),
            Action::SignAll => self.sign_all(&mut state),
            Action::Accept(validator, kind) => state.accepted[kind] |= 1 << validator,
            Action::EndStep => {
                let Stage::Step(step) = last.stage else {
                    return None;
                };
                self.end_step(&mut state, step);
            }
        }
        Some(state.in_order(self.honest))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}
