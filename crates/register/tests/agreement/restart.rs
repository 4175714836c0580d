//! What is written down, and what a restart makes of it.

use register::agreement::{
    Agreement, AgreementError, Input, Message, Output, Record, Step, Verdict, Wait,
};

use crate::{
    bench::{Bench, HEIGHT, certificate, proposal, proposer, timer, value, vote},
    contract::decide,
};

const FOUR: usize = 4;

#[test]
fn what_is_published_was_to_be_written_down_first() {
    let mut bench = Bench::started(FOUR);
    decide(&mut bench);
    let written = |message: &Message| bench.journal.contains(&Record::Message(message.clone()));
    for output in &bench.outputs {
        if let Output::Publish(message) = output {
            assert!(written(message), "{message:?}");
        }
    }
    assert!(bench.decided().is_some());
}

#[test]
fn a_restart_from_the_journal_says_the_same_again_and_nothing_else() {
    let mut bench = Bench::started(FOUR);
    bench.proposal(proposal(proposer(FOUR, 0), 0, value(1), None));
    bench.judged(value(1), Verdict::Valid);
    let others = bench.others();
    for other in &others[..2] {
        bench.vote(vote(*other, 0, Step::Prevote, Some(value(1))));
    }
    assert_eq!(bench.votes().len(), 2);
    // Wherever the power went, what was said before stays so.
    for written in 0..=bench.journal.len() {
        let mut again = Bench::new(bench.me, FOUR);
        again.start(bench.journal[..written].to_vec()).unwrap();
        let whole = written == bench.journal.len();
        assert!(
            again
                .votes()
                .iter()
                .all(|vote| bench.votes().contains(vote))
        );
        assert_eq!(
            again.votes().len() == 2,
            whole || written + 1 == bench.journal.len()
        );
        if whole {
            assert_eq!(again.journal, [], "nothing is written twice");
            let asks = |output: &Output| matches!(output, Output::Judge { .. });
            assert_eq!(
                again.count_of(asks),
                0,
                "what was judged is not asked again"
            );
        }
    }
}

#[test]
fn a_certificate_without_its_value_survives_a_restart() {
    let mut bench = Bench::started(FOUR);
    bench.give(Input::Certificate(certificate(&[1, 2, 3], 5, value(1))));
    assert_eq!(bench.engine.round(), Some(5));
    let mut again = Bench::new(bench.me, FOUR);
    again.start(bench.journal.clone()).unwrap();
    assert_eq!(again.engine.round(), Some(5));
    let asked = Output::Judge {
        value: value(1),
        round: 5,
    };
    assert!(again.outputs.contains(&asked));
    again.judged(value(1), Verdict::Valid);
    assert!(again.decided().is_some());
}

#[test]
fn a_journal_without_its_beginning_never_signs_another_vote() {
    let mut bench = Bench::started(FOUR);
    bench.proposal(proposal(proposer(FOUR, 0), 0, value(1), None));
    bench.judged(value(1), Verdict::Valid);
    let own = bench.votes()[0];
    let is_own = |record: &Record| matches!(record, Record::Message(Message::Vote(_)));
    let journal: Vec<Record> = bench
        .journal
        .iter()
        .filter(|one| is_own(one))
        .cloned()
        .collect();
    assert_eq!(journal.len(), 1);
    let mut again = Bench::new(bench.me, FOUR);
    again.start(journal).unwrap();
    // The engine knows of no proposal and would vote for none when the time is over.
    let error = again.try_give(Input::Fired(timer(0, Wait::Proposal)));
    let (height, round) = (HEIGHT, 0);
    assert_eq!(error, Err(AgreementError::Divergence { height, round }));
    assert!(again.votes().iter().all(|vote| *vote == own));
}

#[test]
fn a_journal_that_cannot_be_ours_is_refused() {
    let mut bench = Bench::started(FOUR);
    decide(&mut bench);
    let journal = bench.journal;
    let start = |journal: Vec<Record>| Bench::new(bench.me, FOUR).start(journal).unwrap_err();
    for (index, record) in journal.iter().enumerate() {
        let mut changed = journal.clone();
        changed[index] = match record.clone() {
            Record::Message(Message::Vote(mut of)) => {
                of.signature.0[5] ^= 1;
                Record::Message(Message::Vote(of))
            }
            Record::Message(Message::Proposal(mut of)) => {
                of.statement.lock = Some(3);
                Record::Message(Message::Proposal(of))
            }
            Record::Message(Message::Polka(mut of)) => {
                of.round += 1;
                Record::Message(Message::Polka(of))
            }
            Record::Judged {
                round,
                value,
                valid,
                ..
            } => Record::Judged {
                height: HEIGHT + 1,
                round,
                value,
                valid,
            },
            Record::Certificate(mut certificate) => {
                certificate.round += 1;
                Record::Certificate(certificate)
            }
            Record::Fired(mut timer) => {
                timer.height += 1;
                Record::Fired(timer)
            }
        };
        let height = HEIGHT;
        assert_eq!(start(changed), AgreementError::Journal { height, index });
    }
    // Two votes of this node that exclude each other.
    let other = vote(bench.me, 0, Step::Prevote, Some(value(2)));
    let twice = [journal.clone(), vec![Record::Message(Message::Vote(other))]].concat();
    assert!(matches!(start(twice), AgreementError::Divergence { .. }));
}

#[test]
fn the_own_signature_on_what_the_journal_does_not_have_stops_the_node() {
    let mut bench = Bench::started(FOUR);
    let own = Message::Vote(vote(bench.me, 0, Step::Prevote, Some(value(1))));
    let error = bench.try_give(Input::Message(own)).unwrap_err();
    let (height, round) = (HEIGHT, 0);
    assert_eq!(error, AgreementError::NotOurs { height, round });
    // What it did say may come back.
    let mut bench = Bench::started(FOUR);
    bench.give(Input::Fired(timer(0, Wait::Proposal)));
    let said = vote(bench.me, 0, Step::Prevote, None);
    bench.vote(said);
    assert_eq!(bench.votes(), [said.statement]);
}

#[test]
fn a_proposer_that_comes_back_puts_the_same_value_forward() {
    let mut bench = Bench::new(proposer(FOUR, 0), FOUR);
    bench.start(Vec::new()).unwrap();
    let value = value(1);
    bench.give(Input::Propose { round: 0, value });
    let mut again = Bench::new(bench.me, FOUR);
    again.start(bench.journal.clone()).unwrap();
    let proposals = |bench: &Bench| {
        let outputs = bench.outputs.iter().filter_map(|output| match output {
            Output::Publish(Message::Proposal(signed)) => Some(*signed),
            _ => None,
        });
        outputs.collect::<Vec<_>>()
    };
    let asks = |output: &Output| matches!(output, Output::NeedValue { .. });
    assert_eq!(again.count_of(asks), 0);
    // It was sent, or is in the store: what matters is that there is never another.
    let other = crate::bench::value(2);
    again.give(Input::Propose {
        round: 0,
        value: other,
    });
    assert!(
        proposals(&again)
            .iter()
            .all(|signed| proposals(&bench).contains(signed))
    );
}
