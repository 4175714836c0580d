//! Everything an outsider can send, and more liars than there may be: the engine refuses, decides
//! or stops with a reason; it never fails and never signs twice.

use std::collections::BTreeMap;

use domain::cbor::{Decode, Encode};
use proptest::prelude::*;
use register::agreement::{
    AgreementError, Certificate, Evidence, Input, Message, Output, Polka, Record, Step, Verdict,
    Wait,
};

use crate::{
    bench::{Bench, at, certificate, polka, proposal, proposer, timer, value, vote},
    world::Random,
};

const WAITS: [Wait; 4] = [
    Wait::Proposal,
    Wait::Prevotes,
    Wait::Precommits,
    Wait::Republish,
];

/// Any input that the others could bring about if all of them lied together.
fn drawn(random: &mut Random, bench: &Bench) -> Input {
    let mut below = |limit: usize| usize::try_from(random.below(limit as u64)).unwrap();
    let others = bench.others();
    let other = others[below(others.len())];
    let number = |n: usize| u8::try_from(n).unwrap();
    let (value, round) = (
        value(number(1 + below(3))),
        u32::try_from(below(5)).unwrap(),
    );
    let step = [Step::Prevote, Step::Precommit][below(2)];
    let mut signers = others.clone();
    signers.truncate(1 + below(others.len()));
    match below(16) {
        0..=6 => {
            let value = (below(4) > 0).then_some(value);
            Input::Message(Message::Vote(vote(other, round, step, value)))
        }
        7..=9 => {
            let by = proposer(bench.count, round);
            let lock = (below(2) > 0).then(|| u32::try_from(below(5)).unwrap());
            if by == bench.me {
                return Input::Propose { round, value };
            }
            Input::Message(Message::Proposal(proposal(by, round, value, lock)))
        }
        10 => Input::Message(Message::Polka(polka(&signers, round, value))),
        11 => Input::Certificate(certificate(&signers, round, value)),
        12..=13 => {
            let verdict = [Verdict::Valid, Verdict::Invalid, Verdict::NotYet][below(3)];
            Input::Judged { value, verdict }
        }
        14 => Input::Propose { round, value },
        _ => Input::Fired(timer(round, WAITS[below(4)])),
    }
}

/// Everything a bench published, by slot: two at one slot are two signatures.
fn watch(bench: &Bench, said: &mut BTreeMap<(u32, u8), Vec<u8>>, seed: u64) {
    for output in &bench.outputs {
        let (slot, bytes) = match output {
            Output::Publish(Message::Vote(of)) => {
                let step = u8::from(of.statement.step == Step::Precommit);
                ((of.statement.round, step), of.statement.to_bytes())
            }
            Output::Publish(Message::Proposal(of)) if of.validator == at(bench.me) => {
                ((of.statement.round, 2), of.statement.to_bytes())
            }
            _ => continue,
        };
        let before = said.entry(slot).or_insert_with(|| bytes.clone());
        assert_eq!(*before, bytes, "seed {seed}: signed twice at {slot:?}");
    }
}

fn play(seed: u64) {
    let mut random = Random(seed);
    let count = [1, 3, 4, 7][usize::try_from(random.below(4)).unwrap()].max(2);
    let me = usize::try_from(random.below(count as u64)).unwrap();
    let mut bench = Bench::new(me, count);
    bench.start(Vec::new()).unwrap();
    let mut said = BTreeMap::new();
    let mut journal = Vec::new();
    for _ in 0..120 {
        let input = drawn(&mut random, &bench);
        let result = bench.try_give(input);
        watch(&bench, &mut said, seed);
        bench.outputs.clear();
        journal.append(&mut bench.journal);
        match result {
            Ok(()) => {}
            // Quorums of liars can do this, and only this.
            Err(AgreementError::DecidedInvalid { .. } | AgreementError::Disagreement(..)) => return,
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
        if random.chance(3) {
            let mut again = Bench::new(me, count);
            match again.start(journal.clone()) {
                Ok(()) => bench = again,
                Err(error) => panic!("seed {seed}: restart: {error:?}"),
            }
            watch(&bench, &mut said, seed);
            bench.outputs.clear();
            journal.append(&mut bench.journal);
        }
    }
}

#[test]
fn no_order_of_lies_makes_the_engine_fail_or_sign_twice() {
    if let Ok(seed) = std::env::var("LIES") {
        play(seed.parse().unwrap());
        return;
    }
    let count = std::env::var("LIARS").map_or(300, |count| count.parse().unwrap());
    for seed in 0..count {
        play(seed);
    }
}

fn examples() -> Vec<Vec<u8>> {
    let message = |message: Message| message.to_bytes();
    vec![
        message(Message::Vote(vote(1, 2, Step::Precommit, Some(value(1))))),
        message(Message::Proposal(proposal(1, 2, value(1), Some(1)))),
        message(Message::Polka(polka(&[0, 1, 2], 3, value(1)))),
        certificate(&[0, 2, 3], 1, value(2)).to_bytes(),
        Record::Fired(timer(3, Wait::Precommits)).to_bytes(),
        Record::Message(Message::Vote(vote(0, 0, Step::Prevote, None))).to_bytes(),
    ]
}

proptest! {
    #[test]
    fn bytes_that_are_read_are_written_the_same(
        example in 0usize..6,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = examples().remove(example);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = Message::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), &bytes[..]);
        }
        if let Ok(read) = Certificate::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), &bytes[..]);
        }
        if let Ok(read) = Polka::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), &bytes[..]);
        }
        if let Ok(read) = Record::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), &bytes[..]);
        }
        if let Ok(read) = Evidence::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), &bytes[..]);
        }
    }
}
