//! Each prediction is counted once, in whatever order messages arrive.

use domain::id::Timestamp;
use proptest::prelude::*;
use routing::{
    candidate::Report,
    capacity::Load,
    request::AskId,
    view::{REPORT_AGE_MS_MAX, View},
};

use crate::cast::{HOME, NOW, OWNER, ask, report, server, sixteen_cores};

fn room() -> Load {
    Load::typical(12)
}

/// Which ask, on which server, when.
type Granted = (AskId, u8, u64);

/// What one owner does, as messages: asks answered in turn, and a report of both servers after each.
fn messages(servers: &[u8]) -> (Vec<Granted>, Vec<(u8, Report)>) {
    let mut admitted: Vec<Vec<AskId>> = vec![Vec::new(); 2];
    let (mut answers, mut reports) = (Vec::new(), Vec::new());
    for (turn, on) in servers.iter().enumerate() {
        let (ask, time) = (ask(turn as u8), 10 + turn as u64);
        admitted[usize::from(*on)].push(ask);
        answers.push((ask, *on, time));
        for (number, admitted) in admitted.iter().enumerate() {
            let mut load = Load::ZERO;
            for _ in admitted {
                load = load.plus(room());
            }
            let counted = Report {
                admitted: admitted.clone(),
                ..report(load, time)
            };
            reports.push((number as u8, counted));
        }
    }
    (answers, reports)
}

proptest! {
    #[test]
    fn every_ask_is_counted_once_in_any_order_of_messages(
        servers in prop::collection::vec(0..2u8, 1..8),
        order in prop::collection::vec(any::<u32>(), 24),
    ) {
        let mut view = View::default();
        for number in 0..2 {
            view.describe(server(number), sixteen_cores("ca-east"));
            view.learn(NOW, server(number), report(Load::ZERO, 1));
        }
        let (answers, reports) = messages(&servers);
        // All are asked of the first server; the owner picks again for some.
        for (ask, _, _) in &answers {
            view.asked(*ask, HOME, server(0), room());
        }
        let mut expected = Load::ZERO;
        for _ in &answers {
            expected = expected.plus(room());
        }
        let mut steps: Vec<(u32, usize)> =
            (0..answers.len() + reports.len()).map(|step| (order[step], step)).collect();
        steps.sort_unstable();
        for (_, step) in steps {
            match answers.get(step) {
                Some((ask, on, time)) => view.granted(*ask, server(*on), Timestamp(*time)),
                None => {
                    let (number, report) = reports[step - answers.len()].clone();
                    view.learn(NOW, server(number), report);
                }
            }
            let load = |number| view.candidate(server(number)).unwrap().load();
            prop_assert_eq!(load(0).plus(load(1)), expected);
        }
    }
}

#[test]
fn what_is_refused_or_cancelled_is_counted_no_more() {
    let mut view = View::default();
    view.describe(server(1), sixteen_cores("ca-east"));
    view.asked(ask(1), HOME, server(1), room());
    view.asked(ask(2), OWNER, server(1), room());
    let candidate = view.candidate(server(1)).unwrap();
    assert_eq!(candidate.load(), room().plus(room()));
    assert_eq!(candidate.others(), room(), "the owner's own does not count");
    view.granted(ask(2), server(1), Timestamp(5));
    view.answered(ask(1));
    view.answered(ask(2));
    view.answered(ask(2));
    assert_eq!(view.candidate(server(1)).unwrap().load(), Load::ZERO);
}

#[test]
fn a_granted_meeting_that_is_in_the_floor_too_is_counted_once() {
    let mut view = View::default();
    view.describe(server(1), sixteen_cores("ca-east"));
    view.asked(ask(1), HOME, server(1), room());
    view.granted(ask(1), server(1), Timestamp(5));
    view.set_floor(server(1), room());
    assert_eq!(view.candidate(server(1)).unwrap().load(), room());
}

#[test]
fn another_owner_cannot_make_an_ask_disappear_by_naming_it() {
    let mut view = View::default();
    view.describe(server(1), sixteen_cores("ca-east"));
    let mut other = sixteen_cores("ca-east");
    other.owner = crate::cast::owner(6);
    view.describe(server(2), other);
    view.asked(ask(1), HOME, server(1), room());
    let liar = Report {
        admitted: vec![ask(1)],
        ..report(Load::ZERO, 9)
    };
    view.learn(NOW, server(2), liar);
    assert_eq!(view.candidate(server(1)).unwrap().load(), room());
}

#[test]
fn an_owner_whose_clock_was_set_back_is_heard_again() {
    let mut view = View::default();
    view.describe(server(1), sixteen_cores("ca-east"));
    view.learn(NOW, server(1), report(Load::ZERO, 1_000));
    view.asked(ask(1), HOME, server(1), room());
    view.granted(ask(1), server(1), Timestamp(1_001));
    let after = NOW.plus_ms(REPORT_AGE_MS_MAX);
    assert!(
        !view.learn(after, server(1), report(Load::ZERO, 5)),
        "a late copy"
    );
    let after = NOW.plus_ms(REPORT_AGE_MS_MAX + 1);
    assert!(view.learn(after, server(1), report(room(), 5)));
    assert_eq!(
        view.candidate(server(1)).unwrap().load(),
        room(),
        "the grant is in it"
    );
}

#[test]
fn a_grant_that_a_report_of_its_time_counts_is_not_added_even_if_the_report_does_not_name_it() {
    let mut view = View::default();
    view.describe(server(1), sixteen_cores("ca-east"));
    view.asked(ask(1), HOME, server(1), room());
    view.learn(NOW, server(1), report(room(), 10));
    view.granted(ask(1), server(1), Timestamp(10));
    assert_eq!(view.candidate(server(1)).unwrap().load(), room());
}
