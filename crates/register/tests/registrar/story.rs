//! What scenarios have in common: seeds, votes that are opened, people who vote, and the end that
//! every story must come to.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use domain::{
    charter::RuleName,
    decision::Choice,
    effect::Effect,
    id::{Hash, MemberId, PhaseId, Timestamp},
};
use register::{chain::Chain, phase::Phase};

use crate::{
    node::Conduct,
    people::{Asked, Vote, motion},
    random::Random,
    world::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Setup, World},
};

/// Runs a scenario with each of its seeds, and with as many more as are asked for. A seed that fails
/// says how to run it again.
pub fn each_seed(scenario: &str, fixed: &[u64], run: impl Fn(u64)) {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let seeds: Vec<u64> = match (number("REGISTRAR_SEED"), number("REGISTRAR_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(count)) => (1..=count).collect(),
        (None, None) => fixed.to_vec(),
    };
    for seed in seeds {
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!(
                "again: REGISTRAR_SEED={seed} cargo test -p register --test registrar {scenario}"
            );
            resume_unwind(cause);
        }
    }
}

/// A vote: the phase that ballots name, and the text.
pub type Voting = (PhaseId, Hash);

impl World {
    /// A member opens a vote; half an hour later it is open everywhere where it can be.
    pub fn open(
        &mut self,
        proposer: usize,
        number: u8,
        rule: RuleName,
        effect: Option<Effect>,
    ) -> Voting {
        let voting = self.opens(Asked {
            proposer,
            rule,
            motion: motion(number, effect),
            number,
            time: Timestamp(self.now),
        });
        self.run(self.now + 30 * MINUTE_MS);
        voting
    }

    pub fn phase(&self, phase: &PhaseId) -> Phase {
        let chain = self.chain();
        let known = chain.phases().get(phase).cloned();
        known.unwrap_or_else(|| panic!("phase {phase} is not open: {:?}", self.checks.broken))
    }

    /// Everybody votes once, some again, from either delegate, one of them at the last second.
    pub fn everybody_votes(&mut self, voting: Voting, blocks_percent: u64) {
        let phase = self.phase(&voting.0);
        let (from, to) = (self.now, phase.deadline.0);
        let voters = self.voters(&phase);
        for voter in voters {
            let choice = |random: &mut Random| match random.below(100) {
                drawn if drawn < blocks_percent => Choice::Block,
                drawn if drawn < blocks_percent + 10 => Choice::Abstain,
                _ => Choice::Agree,
            };
            let mut cast = Vote::first(voter, choice(&mut self.people));
            cast.delegate = self.people.below(2) as usize;
            let mut time = from + self.people.below(to - from);
            if self.people.chance(20) {
                time = to - self.people.below(4 * SECOND_MS);
            }
            self.votes(time, voting, cast, None);
            if self.people.chance(40) {
                cast.choice = choice(&mut self.people);
                // Two delegates that do not know of each other use one revision.
                cast.revision += u8::from(self.people.chance(70));
                cast.delegate = 1 - cast.delegate;
                cast.mandate += u64::from(self.people.chance(20));
                let again = time + self.people.below(to - time + MINUTE_MS);
                self.votes(again, voting, cast, None);
            }
        }
    }

    /// The members of a phase, by their numbers.
    pub fn voters(&self, phase: &Phase) -> Vec<usize> {
        let members: Vec<MemberId> = phase.voters().iter().map(|voter| voter.member).collect();
        let numbers = 0..self.nodes.len();
        let is_voter = |number: &usize| members.contains(&self.federation.member(*number));
        numbers.filter(is_voter).collect()
    }

    /// How long after a deadline a closing is final at the latest, with links that carry: the steps of
    /// the seals, the rounds of as many bad proposers as there may be, and what gossip takes.
    pub fn bound_ms(&self) -> u64 {
        let faulty = self.chain().validators().sizes().faulty() as u64;
        let rounds: u64 = (0..=faulty + 1).map(|round| 4 + 3 * round).sum();
        let lossy = if self.setup.loss_percent > 0 { 30 } else { 0 };
        ((faulty + 2) * 5 + rounds + 10 + lossy) * MINUTE_MS
    }

    /// Runs on for so long after the last deadline of an open phase (and the phases it leads to)
    /// that all must be decided, and sees that it is, alike everywhere.
    pub fn settle(&mut self) {
        for _ in 0..8 {
            let deadlines = self.chain().phases().values().map(|phase| phase.deadline.0);
            let Some(last) = deadlines.max() else {
                break;
            };
            self.run(last.max(self.now) + self.bound_ms());
            self.assert_sound();
            let now = self.now;
            let due = |phase: &&Phase| phase.deadline.0 + 1 < now - self.bound_ms() + 1;
            let late = self.chain().phases().values().find(due);
            assert!(late.is_none(), "not decided in time: {late:?}");
        }
        self.run(self.now + HOUR_MS);
        self.assert_sound();
        self.assert_alike();
        assert!(self.chain().phases().is_empty(), "a vote goes on for ever");
    }

    pub fn assert_sound(&self) {
        assert!(self.checks.broken.is_empty(), "{:#?}", self.checks.broken);
    }

    /// All honest nodes that are up have the same register.
    pub fn assert_alike(&self) -> &Chain {
        let (height, state) = (self.chain().height(), self.chain().state());
        for (at, node) in self.nodes.iter().enumerate() {
            if node.is_honest() && node.is_up {
                let chain = node.registrar.chain();
                let round = node.registrar.round();
                assert_eq!(
                    (chain.height(), chain.state()),
                    (height, state),
                    "node {at}, {round:?}"
                );
            }
        }
        self.chain()
    }

    /// For a month no honest node says anything and nobody wants to be woken.
    pub fn assert_quiet(&mut self) {
        self.run(self.now + DAY_MS);
        let said = self.said;
        self.run(self.now + 30 * DAY_MS);
        assert_eq!(self.said, said, "something runs between heights");
        assert!(self.is_idle(), "somebody waits for something");
    }
}

/// So many members of whom these lie.
pub fn setup(seed: u64, members: usize, conduct: Conduct, liars: &[usize]) -> Setup {
    Setup::new(seed, members).with(conduct, liars)
}
