use std::collections::BTreeSet;

use routing::{
    ask::{Ask, Reply},
    candidate::Server,
    capacity::{Capacity, Load},
    search::{Input, Output, Rejection},
};

use crate::cast::{
    BUSIER, FULL, NOW, Story, asked, cancelled, owner, placed, rejected, report, server,
};

#[test]
fn an_acknowledged_and_created_meeting_is_placed() {
    let mut story = Story::new(3);
    let outputs = story.give(Input::Begin);
    assert_eq!(outputs[1], Output::WakeAt(NOW.plus_ms(400)));
    let ask = asked(&outputs).unwrap();
    assert_eq!((ask.server, ask.id.attempt, ask.users), (server(1), 1, 12));
    assert_eq!((ask.start_within_ms, ask.finish_within_ms), (400, 1_500));
    assert!(ask.ceiling_ppm.is_some());
    assert_eq!(
        story.acknowledge(&ask),
        [Output::WakeAt(NOW.plus_ms(1_500))]
    );
    story.now = NOW.plus_ms(200);
    let outputs = story.created(&ask);
    let [Output::Placed(placed)] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!((placed.server, placed.elapsed_ms), (server(1), 200));
    let words: Vec<_> = placed.reasons.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(words, ["chosen", "runner-up", "ranked"]);
    assert!(story.search.is_over());
    assert_eq!(story.created(&ask), [], "said twice");
    assert_eq!(story.wake_after(10_000), []);
    assert_eq!(story.give(Input::Begin), []);
}

#[test]
fn a_lost_acknowledgement_does_not_matter_when_the_meeting_exists() {
    let mut story = Story::new(1);
    let ask = story.begin();
    assert_eq!(placed(&story.created(&ask)), Some(server(1)));
    assert_eq!(
        story.view.candidate(server(1)).unwrap().load(),
        Load::ZERO,
        "until reported"
    );
}

#[test]
fn a_silent_owner_is_cancelled_first_and_left_alone_by_all_searches() {
    let mut story = Story::new(2);
    let first = story.begin();
    assert_eq!(
        story.wake_after(399),
        [Output::WakeAt(NOW.plus_ms(400))],
        "not yet"
    );
    let outputs = story.wake_after(1);
    assert_eq!(
        cancelled(&outputs[..1]),
        Some(first.id),
        "before the next ask"
    );
    assert_eq!(asked(&outputs[1..]).unwrap().server, server(2));
    assert!(story.view.owner(owner(1)).suspected_until.is_some());
    let late = story.created(&first);
    let expected = Output::End {
        owner: owner(1),
        ask: first.id,
        server: server(1),
    };
    assert_eq!(late, [expected], "a success after its cancellation");
}

#[test]
fn an_owner_far_away_has_longer_but_not_for_ever() {
    for (rtt_ms, budget_ms, start_within_ms) in [(10, 400, 390), (400, 520, 120), (9_000, 1_000, 0)]
    {
        let mut story = Story::new(1);
        story.view.set_rtt(owner(1), rtt_ms);
        let outputs = story.give(Input::Begin);
        assert_eq!(outputs[1], Output::WakeAt(NOW.plus_ms(budget_ms)));
        assert_eq!(asked(&outputs).unwrap().start_within_ms, start_within_ms);
    }
}

#[test]
fn a_full_owner_is_not_asked_again_in_that_region() {
    let mut story = Story::new(2);
    let second = Server::new(
        owner(1),
        "ca-east".parse().unwrap(),
        Capacity::from_cores(32, 10_000),
    );
    story.view.describe(server(9), second);
    story.view.learn(NOW, server(9), report(Load::ZERO, 1));
    story.view.learn(NOW, server(1), report(Load::ZERO, 2));
    let first = Ask {
        server: server(1),
        ..story.begin()
    };
    let outputs = story.answer(&first, FULL, Vec::new());
    assert_eq!(asked(&outputs).unwrap().server, server(2));
    assert_eq!(cancelled(&outputs), None, "a refusal needs no cancellation");
    let outputs = story.answer(&asked(&outputs).unwrap(), FULL, Vec::new());
    let rejected = rejected(&outputs).unwrap();
    assert_eq!((rejected.why, rejected.asks), (Rejection::NoServer, 2));
    assert!(
        rejected
            .reasons
            .iter()
            .all(|(_, why)| why.as_str() == "refused-full")
    );
}

#[test]
fn a_busier_server_is_looked_at_again_with_what_it_told() {
    let mut story = Story::new(2);
    let first = story.begin();
    let most = Load {
        cpu_units_milli: 1_000_000,
        ..Load::ZERO
    };
    let told = vec![(server(1), report(most, 2))];
    let outputs = story.answer(&first, BUSIER, told);
    assert_eq!(asked(&outputs).unwrap().server, server(2));
    assert!(story.view.contended(story.now));
}

#[test]
fn after_four_soft_refusals_an_ask_has_no_ceiling() {
    let mut story = Story::new(1);
    let mut ask = story.begin();
    for _ in 0..4 {
        assert!(ask.ceiling_ppm.is_some());
        let outputs = story.answer(&ask, BUSIER, Vec::new());
        ask = asked(&outputs).expect("it stays eligible");
    }
    assert_eq!(ask.ceiling_ppm, None);
    // There is nothing it could be busier than: nobody keeps a meeting from all others so.
    let outputs = story.answer(&ask, BUSIER, Vec::new());
    assert_eq!(rejected(&outputs).unwrap().why, Rejection::NoServer);
}

#[test]
fn an_owner_that_twice_creates_nothing_has_had_its_part_of_the_time() {
    let mut story = Story::new(5);
    for number in 1..=4 {
        let mut described = story.view.candidate(server(number)).unwrap().server.clone();
        described.owner = owner(9);
        story.view.describe(server(number), described);
    }
    let mut ask = story.begin();
    for number in 1..=2 {
        assert_eq!(ask.server, server(number));
        let (owner, id) = (owner(9), ask.id);
        ask = asked(&story.give(Input::Failed { owner, ask: id })).unwrap();
    }
    assert_eq!(ask.server, server(5));
}

#[test]
fn a_creation_that_takes_too_long_is_cancelled_and_the_next_is_asked() {
    let mut story = Story::new(2);
    let first = story.begin();
    story.acknowledge(&first);
    let outputs = story.wake_after(1_500);
    assert_eq!(cancelled(&outputs), Some(first.id));
    let second = asked(&outputs).unwrap();
    assert_eq!(second.server, server(2));
    let outputs = story.give(Input::Failed {
        owner: owner(2),
        ask: second.id,
    });
    assert_eq!(rejected(&outputs).unwrap().why, Rejection::NoServer);
}

#[test]
fn when_all_were_silent_they_are_asked_once_more_while_there_is_time() {
    let mut story = Story::new(2);
    story.begin();
    let mut servers = Vec::new();
    let why = loop {
        let outputs = story.wake_after(400);
        match rejected(&outputs) {
            Some(rejected) => break rejected.why,
            None => servers.push(asked(&outputs).unwrap().server),
        }
    };
    assert_eq!(servers, [server(2), server(1), server(2)]);
    assert_eq!(why, Rejection::NoServer);
}

#[test]
fn a_search_is_over_after_five_seconds_whatever_happens() {
    let mut story = Story::new(9);
    let mut ask = story.begin();
    let mut last = Vec::new();
    for _ in 0..8 {
        story.acknowledge(&ask);
        last = story.wake_after(1_500);
        match asked(&last) {
            Some(next) => ask = next,
            None => break,
        }
    }
    let expected = Rejection::TimeOver {
        elapsed_ms: 6_000,
        limit_ms: 5_000,
    };
    assert_eq!(rejected(&last).unwrap().why, expected, "woken late");
    assert_eq!(ask.finish_within_ms, 500, "no longer than the search");
    assert!(
        cancelled(&last).is_some(),
        "the last attempt does not stay open"
    );
}

#[test]
fn at_most_twelve_servers_that_look_too_full_are_asked() {
    let mut story = Story::new(20);
    for number in 1..=20 {
        let full = Load {
            cpu_units_milli: 2_432_000,
            ..Load::ZERO
        };
        story.view.learn(NOW, server(number), report(full, 2));
    }
    let mut ask = story.begin();
    let mut servers = BTreeSet::new();
    loop {
        servers.insert(ask.server);
        let outputs = story.answer(&ask, FULL, Vec::new());
        match asked(&outputs) {
            Some(next) => ask = next,
            None => {
                let expected = Rejection::AllRefused {
                    asks: 12,
                    limit: 12,
                };
                assert_eq!(rejected(&outputs).unwrap().why, expected);
                break;
            }
        }
    }
    assert_eq!(servers.len(), 12);
}

#[test]
fn nobody_answers_for_another_owner() {
    let mut story = Story::new(2);
    let ask = story.begin();
    let forged = Reply {
        ask: ask.id,
        answer: FULL,
        contended: false,
        reports: vec![(server(1), report(Load::typical(300), 9))],
    };
    let before = story.view.clone();
    let outputs = story.give(Input::Answered {
        owner: owner(2),
        reply: forged,
    });
    assert_eq!(outputs, []);
    assert_eq!(story.view, before);
    let forged = Input::Created {
        owner: owner(2),
        ask: ask.id,
        server: server(2),
    };
    assert_eq!(story.give(forged), []);
    let elsewhere = Input::Created {
        owner: owner(1),
        ask: ask.id,
        server: server(2),
    };
    assert_eq!(story.give(elsewhere), [], "not its server");
}

#[test]
fn an_answer_to_an_attempt_that_was_given_up_changes_nothing() {
    let mut story = Story::new(2);
    let first = story.begin();
    story.wake_after(400);
    assert_eq!(story.acknowledge(&first), []);
    assert_eq!(story.answer(&first, FULL, Vec::new()), []);
    let load = story.view.candidate(server(1)).unwrap().load();
    assert_eq!(load, Load::ZERO, "nor is it counted");
}
