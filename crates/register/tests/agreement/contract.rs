//! What one engine does with what it is given.

use std::cell::Cell;

use domain::{
    cbor::{Decode, Encode},
    key::{PublicKey, Signature},
};
use register::agreement::{
    Agreement, AgreementError, Engine, Evidence, Input, Message, Output, Pair, Refusal, Step,
    Timeouts, Verdict, Verification, Wait,
};

use crate::{
    bench::{Bench, HEIGHT, at, certificate, polka, proposal, proposer, set, timer, value, vote},
    world::World,
};

const FOUR: usize = 4;

/// A height decided with the votes of all others.
pub fn decide(bench: &mut Bench) {
    let first = proposer(bench.count, 0);
    bench.proposal(proposal(first, 0, value(1), None));
    bench.judged(value(1), Verdict::Valid);
    for step in [Step::Prevote, Step::Precommit] {
        for other in bench.others() {
            if bench.decided().is_none() {
                bench.vote(vote(other, 0, step, Some(value(1))));
            }
        }
    }
}

#[test]
fn nothing_is_voted_for_before_the_caller_has_judged_it() {
    let mut bench = Bench::started(FOUR);
    bench.proposal(proposal(proposer(FOUR, 0), 0, value(1), None));
    let asked = Output::Judge {
        value: value(1),
        round: 0,
    };
    assert_eq!(bench.outputs.last(), Some(&asked));
    bench.judged(value(1), Verdict::NotYet);
    assert_eq!(bench.votes(), []);
    bench.judged(value(1), Verdict::Valid);
    assert_eq!(bench.votes().len(), 1);
    assert_eq!(bench.votes()[0].value, Some(value(1)));
    assert_eq!(bench.votes()[0].step, Step::Prevote);
}

#[test]
fn an_invalid_value_gets_a_vote_for_none() {
    let mut bench = Bench::started(FOUR);
    bench.proposal(proposal(proposer(FOUR, 0), 0, value(1), None));
    bench.judged(value(1), Verdict::Invalid);
    assert_eq!(bench.votes()[0].value, None);
    // The same value in a later round is not asked about again.
    let others = bench.others();
    for other in &others[..2] {
        bench.vote(vote(*other, 1, Step::Prevote, None));
    }
    bench.outputs.clear();
    let second = (1..)
        .find(|round| proposer(FOUR, *round) != bench.me)
        .unwrap();
    bench.proposal(proposal(proposer(FOUR, second), second, value(1), None));
    let asks = |output: &Output| matches!(output, Output::Judge { .. });
    assert_eq!(bench.count_of(asks), 0);
    // It stays invalid, whatever the caller says later.
    let written = bench.journal.len();
    bench.judged(value(1), Verdict::Valid);
    assert_eq!(bench.journal.len(), written);
    assert!(bench.votes().iter().all(|vote| vote.value.is_none()));
}

#[test]
fn a_verdict_nobody_asked_for_is_not_kept() {
    let mut bench = Bench::started(FOUR);
    bench.judged(value(9), Verdict::Valid);
    assert_eq!(bench.journal, []);
}

#[test]
fn a_proposer_puts_one_value_forward_in_a_round() {
    let mut bench = Bench::new(proposer(FOUR, 0), FOUR);
    bench.start(Vec::new()).unwrap();
    let need = Output::NeedValue { round: 0 };
    assert_eq!(bench.count_of(|output| *output == need), 1);
    for number in [1, 2] {
        let value = value(number);
        bench.give(Input::Propose { round: 0, value });
    }
    let is_proposal = |output: &Output| matches!(output, Output::Publish(Message::Proposal(_)));
    assert_eq!(bench.count_of(is_proposal), 1);
    assert_eq!(bench.votes().len(), 1);
}

#[test]
fn heights_follow_each_other_without_a_gap() {
    let mut bench = Bench::new(0, FOUR);
    let start = |height| Input::Start {
        height,
        set: set(FOUR),
        journal: Vec::new(),
    };
    let (expected, found) = (HEIGHT, HEIGHT + 1);
    let refused = bench.try_give(start(HEIGHT + 1)).unwrap_err();
    assert_eq!(refused, AgreementError::Sequence { expected, found });
    bench.give(start(HEIGHT));
    let refused = bench.try_give(start(HEIGHT)).unwrap_err();
    assert_eq!(refused, AgreementError::Open(HEIGHT));
    assert!(!refused.is_final());
    decide_from_certificate(&mut bench);
    let refused = bench.try_give(start(HEIGHT)).unwrap_err();
    let (expected, found) = (HEIGHT + 1, HEIGHT);
    assert_eq!(refused, AgreementError::Sequence { expected, found });
    bench.give(start(HEIGHT + 1));
    assert_eq!(bench.engine.height(), HEIGHT + 1);
}

fn decide_from_certificate(bench: &mut Bench) {
    bench.give(Input::Certificate(certificate(&[1, 2, 3], 5, value(1))));
    bench.judged(value(1), Verdict::Valid);
    assert_eq!(bench.decided().unwrap().value, value(1));
}

#[test]
fn a_laggard_needs_only_the_certificate_and_the_value() {
    let mut bench = Bench::started(FOUR);
    decide_from_certificate(&mut bench);
    assert_eq!(bench.engine.round(), None);
    // The other way round: the value was judged before.
    let mut bench = Bench::started(FOUR);
    bench.proposal(proposal(proposer(FOUR, 0), 0, value(1), None));
    bench.judged(value(1), Verdict::Valid);
    bench.give(Input::Certificate(certificate(&[1, 2, 3], 5, value(1))));
    assert!(bench.decided().is_some());
}

#[test]
fn a_certified_value_that_is_invalid_here_stops_the_node() {
    let mut bench = Bench::started(FOUR);
    bench.give(Input::Certificate(certificate(&[1, 2, 3], 0, value(1))));
    let verdict = Verdict::Invalid;
    let judged = Input::Judged {
        value: value(1),
        verdict,
    };
    let error = bench.try_give(judged).unwrap_err();
    assert!(matches!(error, AgreementError::DecidedInvalid { .. }));
    let error = bench.try_give(Input::Fired(timer(0, Wait::Proposal)));
    assert_eq!(error.unwrap_err(), AgreementError::Stopped);
}

#[test]
fn a_second_certificate_for_another_value_stops_the_node() {
    let mut bench = Bench::started(FOUR);
    decide(&mut bench);
    bench.give(Input::Certificate(certificate(&[1, 2, 3], 4, value(1))));
    let forged = certificate(&[1, 2], 4, value(2));
    bench.give(Input::Certificate(forged));
    let other = Input::Certificate(certificate(&[1, 2, 3], 4, value(2)));
    let error = bench.try_give(other).unwrap_err();
    assert!(matches!(error, AgreementError::Disagreement(..)));
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut bench = Bench::started(FOUR);
    let before = bench.journal.clone();
    let first = proposer(FOUR, 0);
    let other = bench.others()[0];
    let not_first = *bench.others().iter().find(|one| **one != first).unwrap();
    let mut epoch = vote(other, 0, Step::Prevote, None);
    epoch.statement.epoch += 1;
    let mut height = vote(other, 0, Step::Prevote, None);
    height.statement.height += 1;
    let mut unknown = vote(other, 0, Step::Prevote, None);
    unknown.validator = at(FOUR);
    let mut stolen = vote(other, 0, Step::Prevote, None);
    stolen.validator = at(bench.others()[1]);
    let mut own = vote(bench.me, 0, Step::Prevote, None);
    own.signature.0[3] ^= 1;
    let mut few = polka(&[0, 1], 1, value(1));
    few.round = 1;
    let mut wrong = polka(&[0, 1, 2], 1, value(1));
    wrong.signatures[1].1.0[9] ^= 1;
    let cases: Vec<(Message, &str)> = vec![
        (Message::Vote(epoch), "Epoch"),
        (Message::Vote(height), "Height"),
        (Message::Vote(unknown), "Unknown"),
        (Message::Vote(stolen), "Signature"),
        (Message::Vote(own), "Signature"),
        (Message::Vote(vote(other, 11, Step::Prevote, None)), "Ahead"),
        (
            Message::Vote(vote(other, u32::MAX, Step::Prevote, None)),
            "Round",
        ),
        (
            Message::Proposal(proposal(not_first, 0, value(1), None)),
            "NotProposer",
        ),
        (
            Message::Proposal(proposal(first, 0, value(1), Some(0))),
            "Lock",
        ),
        (Message::Polka(few), "Certificate"),
        (Message::Polka(wrong), "Certificate"),
    ];
    for (message, name) in cases {
        bench.outputs.clear();
        bench.give(Input::Message(message));
        let [Output::Refused(refusal)] = &bench.outputs[..] else {
            panic!("{name}: {:?}", bench.outputs);
        };
        assert!(format!("{refusal:?}").starts_with(name), "{refusal:?}");
    }
    assert_eq!(bench.journal, before);
}

/// Says yes so often, then no.
struct Fickle(Cell<usize>);

impl Verification for Fickle {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

#[test]
fn a_failure_inside_the_library_stops_agreement_and_not_the_node() {
    // It puts a certificate together from votes it verified, and has no answer if that is wrong.
    let (count, me) = (FOUR, Bench::started(FOUR).me);
    let identity = Bench::identity(Some(World::key(me)));
    let verification = Fickle(Cell::new(4));
    let timeouts = Timeouts::MINUTES;
    let mut engine = Engine::with_verification(identity, timeouts, HEIGHT, verification);
    let (set, journal) = (set(count), Vec::new());
    let start = Input::Start {
        height: HEIGHT,
        set,
        journal,
    };
    let mut inputs = vec![start];
    let others = (0..count).filter(|index| *index != me);
    for other in others {
        let vote = vote(other, 0, Step::Precommit, Some(value(1)));
        inputs.push(Input::Message(Message::Vote(vote)));
    }
    let proposal = proposal(proposer(count, 0), 0, value(1), None);
    inputs.push(Input::Message(Message::Proposal(proposal)));
    inputs.push(Input::Judged {
        value: value(1),
        verdict: Verdict::Valid,
    });
    let results: Vec<_> = inputs
        .into_iter()
        .map(|input| engine.handle(input))
        .collect();
    let failed = Err(AgreementError::Failed(HEIGHT));
    assert_eq!(results.last(), Some(&failed));
    let stopped = engine.handle(Input::Fired(timer(0, Wait::Proposal)));
    assert_eq!(stopped, Err(AgreementError::Stopped));
}

#[test]
fn nothing_runs_between_heights() {
    let mut bench = Bench::new(0, FOUR);
    bench.give(Input::Fired(timer(0, Wait::Proposal)));
    bench.judged(value(1), Verdict::Valid);
    bench.vote(vote(1, 0, Step::Prevote, None));
    let (open, found) = (None, HEIGHT);
    let refused = Output::Refused(Refusal::Height { open, found });
    assert_eq!(bench.outputs, [refused]);
    let mut bench = Bench::started(FOUR);
    decide(&mut bench);
    bench.outputs.clear();
    bench.give(Input::Fired(timer(0, Wait::Republish)));
    assert_eq!(bench.outputs, []);
}

#[test]
fn a_value_put_forward_here_joins_a_later_proposal_of_the_same_value() {
    let me = proposer(FOUR, 1);
    let mut bench = Bench::new(me, FOUR);
    bench.start(Vec::new()).unwrap();
    // Somebody is a round ahead and proposes what this node is about to propose.
    bench.proposal(proposal(proposer(FOUR, 2), 2, value(1), None));
    let others = bench.others();
    for other in &others[..2] {
        bench.vote(vote(*other, 1, Step::Prevote, None));
    }
    let value = value(1);
    bench.give(Input::Propose { round: 1, value });
    for other in &others[..2] {
        bench.vote(vote(*other, 2, Step::Precommit, None));
    }
    let voted = bench
        .votes()
        .iter()
        .any(|vote| vote.round == 2 && vote.value == Some(value));
    assert!(voted, "{:?}", bench.votes());
}

#[test]
fn an_observer_follows_and_signs_nothing() {
    let mut bench = Bench::new(0, FOUR);
    let other = World::key(20);
    bench.engine = Engine::new(Bench::identity(Some(other)), Timeouts::MINUTES, HEIGHT);
    (bench.me, bench.count) = (20, FOUR);
    bench.start(Vec::new()).unwrap();
    decide(&mut bench);
    assert!(bench.decided().is_some());
    assert_eq!(bench.votes(), []);
}

#[test]
fn two_votes_of_one_step_are_proof_for_anybody() {
    let mut bench = Bench::started(FOUR);
    let liar = bench.others()[0];
    bench.vote(vote(liar, 0, Step::Prevote, Some(value(1))));
    bench.vote(vote(liar, 0, Step::Prevote, Some(value(2))));
    bench.vote(vote(liar, 0, Step::Prevote, Some(value(2))));
    let found: Vec<_> = bench
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Evidence(evidence) => Some(evidence.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 1, "said once");
    let evidence = &found[0];
    let federation = crate::world::FEDERATION;
    assert!(evidence.is_valid(&federation));
    assert_eq!(evidence.key, World::key(liar).public());
    let read = Evidence::from_bytes(&evidence.to_bytes());
    assert_eq!(read.as_ref(), Ok(evidence));
    let Pair::Votes(first, second) = evidence.pair else {
        panic!("votes");
    };
    for pair in [Pair::Votes(second, first), Pair::Votes(first, first)] {
        let key = evidence.key;
        assert!(!Evidence { key, pair }.is_valid(&federation));
    }
    let mut other_key = evidence.clone();
    other_key.key = World::key(bench.me).public();
    assert!(!other_key.is_valid(&federation));
    assert!(!evidence.is_valid(&domain::id::FederationId([8; 32])));
}

#[test]
fn a_lock_of_a_later_round_is_published_with_its_proof() {
    let mut bench = Bench::started(FOUR);
    let others = bench.others();
    // Two others are in round 1, so this node goes there.
    for other in &others[..2] {
        bench.vote(vote(*other, 1, Step::Prevote, Some(value(1))));
    }
    assert_eq!(bench.engine.round(), Some(1));
    let second = proposer(FOUR, 1);
    if second == bench.me {
        let value = value(1);
        bench.give(Input::Propose { round: 1, value });
    } else {
        bench.proposal(proposal(second, 1, value(1), None));
        bench.judged(value(1), Verdict::Valid);
    }
    let is_polka = |output: &Output| matches!(output, Output::Publish(Message::Polka(_)));
    assert_eq!(bench.count_of(is_polka), 1);
    let locked = bench
        .votes()
        .iter()
        .any(|vote| vote.step == Step::Precommit);
    assert!(locked);
}

#[test]
fn a_proof_of_a_lock_brings_votes_together_that_a_liar_split() {
    // The liar told this node to vote for nothing, and others that it votes for the value.
    let mut bench = Bench::started(FOUR);
    let first = proposer(FOUR, 0);
    let others = bench.others();
    let liar = *others.iter().find(|other| **other != first).unwrap();
    bench.vote(vote(liar, 0, Step::Prevote, None));
    bench.proposal(proposal(first, 0, value(1), None));
    bench.judged(value(1), Verdict::Valid);
    bench.vote(vote(first, 0, Step::Prevote, Some(value(1))));
    let precommitted = |bench: &Bench| {
        let votes = bench.votes();
        votes
            .iter()
            .any(|vote| vote.step == Step::Precommit && vote.value == Some(value(1)))
    };
    assert!(!precommitted(&bench));
    let mut quorum = [bench.me, first, liar];
    quorum.sort_unstable();
    bench.give(Input::Message(Message::Polka(polka(&quorum, 0, value(1)))));
    assert!(precommitted(&bench));
}
