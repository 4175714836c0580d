//! One engine and the keys of all others: what the others say is up to the test.

use domain::{
    id::{Hash, MemberId},
    key::{SecretKey, Signature},
};
use register::agreement::{
    Agreement, AgreementError, Certificate, Engine, Identity, Input, Message, Output, Polka,
    Proposal, Reaction, Record, Signed, Step, Timeouts, Timer, Verdict, Vote, Wait, proposers,
};
use register::validators::{Validator, ValidatorIndex, ValidatorSet};

use crate::world::{EPOCH, FEDERATION, World};

pub const HEIGHT: u64 = 7;

pub fn value(number: u8) -> Hash {
    Hash([number; 32])
}

pub fn set(count: usize) -> ValidatorSet {
    let validator = |index: usize| Validator {
        member: MemberId([u8::try_from(index).unwrap(); 32]),
        key: World::key(index).public(),
    };
    ValidatorSet::new((0..count).map(validator).collect()).unwrap()
}

pub fn at(index: usize) -> ValidatorIndex {
    ValidatorIndex(u8::try_from(index).unwrap())
}

pub fn vote(validator: usize, round: u32, step: Step, value: Option<Hash>) -> Signed<Vote> {
    let statement = Vote {
        epoch: EPOCH,
        height: HEIGHT,
        round,
        step,
        value,
    };
    Signed::sign(
        &FEDERATION,
        at(validator),
        &World::key(validator),
        statement,
    )
}

pub fn proposal(validator: usize, round: u32, value: Hash, lock: Option<u32>) -> Signed<Proposal> {
    let statement = Proposal {
        epoch: EPOCH,
        height: HEIGHT,
        round,
        value,
        lock,
    };
    Signed::sign(
        &FEDERATION,
        at(validator),
        &World::key(validator),
        statement,
    )
}

fn signatures(
    validators: &[usize],
    round: u32,
    step: Step,
    value: Hash,
) -> Vec<(ValidatorIndex, Signature)> {
    let sign = |index: &usize| (at(*index), vote(*index, round, step, Some(value)).signature);
    validators.iter().map(sign).collect()
}

pub fn certificate(validators: &[usize], round: u32, value: Hash) -> Certificate {
    Certificate {
        epoch: EPOCH,
        height: HEIGHT,
        round,
        value,
        signatures: signatures(validators, round, Step::Precommit, value),
    }
}

pub fn polka(validators: &[usize], round: u32, value: Hash) -> Polka {
    Polka {
        epoch: EPOCH,
        height: HEIGHT,
        round,
        value,
        signatures: signatures(validators, round, Step::Prevote, value),
    }
}

pub fn timer(round: u32, wait: Wait) -> Timer {
    Timer {
        height: HEIGHT,
        round,
        wait,
    }
}

/// A node with index `me` of `count`, and everything that came out of it.
pub struct Bench {
    pub engine: Engine,
    pub me: usize,
    pub count: usize,
    /// Who proposes in rounds 0, 1, …
    pub journal: Vec<Record>,
    pub outputs: Vec<Output>,
}

impl Bench {
    pub fn identity(key: Option<SecretKey>) -> Identity {
        Identity {
            federation: FEDERATION,
            epoch: EPOCH,
            key,
        }
    }

    /// Not started.
    pub fn new(me: usize, count: usize) -> Self {
        let identity = Self::identity(Some(World::key(me)));
        Self {
            engine: Engine::new(identity, Timeouts::MINUTES, HEIGHT),
            me,
            count,
            journal: Vec::new(),
            outputs: Vec::new(),
        }
    }

    pub fn start(&mut self, journal: Vec<Record>) -> Result<(), AgreementError> {
        let set = set(self.count);
        self.try_give(Input::Start {
            height: HEIGHT,
            set,
            journal,
        })
    }

    /// Started, at a place where it does not propose in the first round.
    pub fn started(count: usize) -> Self {
        let me = (0..count).find(|me| *me != proposer(count, 0)).unwrap();
        let mut bench = Self::new(me, count);
        bench.start(Vec::new()).unwrap();
        bench
    }

    pub fn try_give(&mut self, input: Input) -> Result<(), AgreementError> {
        let Reaction { journal, outputs } = self.engine.handle(input)?;
        self.journal.extend(journal);
        self.outputs.extend(outputs);
        Ok(())
    }

    pub fn give(&mut self, input: Input) {
        self.try_give(input).unwrap();
    }

    pub fn vote(&mut self, vote: Signed<Vote>) {
        self.give(Input::Message(Message::Vote(vote)));
    }

    pub fn proposal(&mut self, proposal: Signed<Proposal>) {
        self.give(Input::Message(Message::Proposal(proposal)));
    }

    pub fn judged(&mut self, value: Hash, verdict: Verdict) {
        self.give(Input::Judged { value, verdict });
    }

    /// The others, by index.
    pub fn others(&self) -> Vec<usize> {
        (0..self.count).filter(|index| *index != self.me).collect()
    }

    /// The votes it published.
    pub fn votes(&self) -> Vec<Vote> {
        let votes = self.outputs.iter().filter_map(|output| match output {
            Output::Publish(Message::Vote(signed)) => Some(signed.statement),
            _ => None,
        });
        votes.collect()
    }

    pub fn decided(&self) -> Option<&Certificate> {
        self.outputs.iter().find_map(|output| match output {
            Output::Decided(certificate) => Some(certificate),
            _ => None,
        })
    }

    pub fn count_of(&self, is: impl Fn(&Output) -> bool) -> usize {
        self.outputs.iter().filter(|output| is(output)).count()
    }
}

/// Who proposes in a round.
pub fn proposer(count: usize, round: u32) -> usize {
    let order = proposers(&World::place(HEIGHT), &set(count));
    usize::from(order[round as usize % count].0)
}
