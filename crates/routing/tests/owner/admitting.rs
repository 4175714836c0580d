use routing::{
    admission::{Input, Output, REMEMBERED_MS, REQUESTS_PER_MEMBER_MAX},
    ask::{Answer, Ask},
    candidate::{Health, Server, State},
    capacity::Load,
    request::{AskId, MeetingId, RequestId},
};

use crate::cast::{
    HOME, NOW, OTHER, OWNER, WALL, answer, ask, attempt, cancel, created, creates, fill, granted,
    load, owner, reply, send, server, sixteen_cores,
};

#[test]
fn what_is_admitted_is_reserved_acknowledged_and_created() {
    let mut admission = owner(1);
    let outputs = send(&mut admission, NOW, ask(1));
    let Answer::Acknowledged { server: on, time } = answer(&outputs) else {
        panic!("admitted: {outputs:?}");
    };
    assert_eq!(on, server(1));
    assert!(matches!(outputs[1], Output::Create { .. }));
    assert_eq!(outputs[2], Output::WakeAt(NOW.plus_ms(1_501)));
    let (_, report) = &reply(&outputs).reports[0];
    assert_eq!(
        report.load,
        Load::typical(12),
        "the answer counts it already"
    );
    assert_eq!(report.others, report.load);
    assert_eq!(report.admitted, [ask(1).id]);
    assert!(report.time >= time);
    let outputs = created(&mut admission, NOW.plus_ms(200), &ask(1));
    assert!(matches!(outputs[..], [Output::Created { .. }]));
}

#[test]
fn the_least_loaded_server_of_the_region_is_taken_whichever_was_asked() {
    let mut admission = owner(3);
    fill(&mut admission, 1, 300_000);
    fill(&mut admission, 2, 100_000);
    fill(&mut admission, 3, 200_000);
    assert_eq!(granted(&send(&mut admission, NOW, ask(1))), Some(server(2)));
    let elsewhere = Server {
        region: "eu-north".parse().unwrap(),
        ..sixteen_cores()
    };
    admission.describe(server(4), elsewhere, Health::Up);
    assert_eq!(granted(&send(&mut admission, NOW, ask(2))), Some(server(2)));
    let there = Ask {
        server: server(4),
        ..ask(3)
    };
    assert_eq!(granted(&send(&mut admission, NOW, there)), Some(server(4)));
}

#[test]
fn above_the_limit_is_full_and_above_the_ceiling_busier() {
    let mut admission = owner(1);
    fill(&mut admission, 1, 800_000);
    let ceiling_ppm = 850_000;
    let asked = Ask {
        ceiling_ppm: Some(ceiling_ppm),
        ..ask(1)
    };
    let outputs = send(&mut admission, NOW, asked);
    let Answer::Busier {
        score_ppm,
        ceiling_ppm: 850_000,
    } = answer(&outputs)
    else {
        panic!("{outputs:?}");
    };
    assert!(score_ppm > ceiling_ppm);
    assert!(reply(&outputs).contended, "for all who ask next");
    assert_eq!(creates(&outputs), 0);
    assert_eq!(
        granted(&send(&mut admission, NOW, ask(2))),
        Some(server(1)),
        "no ceiling"
    );
    let full = send(&mut admission, NOW, ask(3));
    assert!(
        matches!(
            answer(&full),
            Answer::Full {
                limit_ppm: 950_000,
                ..
            }
        ),
        "{full:?}"
    );
    assert!(!reply(&send(&mut admission, NOW.plus_ms(10_000), ask(4))).contended);
}

#[test]
fn a_member_beyond_its_share_is_refused_earlier_and_the_owner_is_not() {
    let mut admission = owner(1);
    fill(&mut admission, 1, 800_000);
    let limited = |ask: Ask| Input::Ask {
        ask,
        arrived: NOW,
        limit_ppm: 800_000,
    };
    let outputs = admission.handle(NOW, WALL, limited(ask(1)));
    assert!(matches!(
        answer(&outputs),
        Answer::Full {
            limit_ppm: 800_000,
            ..
        }
    ));
    let own = Ask {
        member: OWNER,
        ..ask(2)
    };
    assert_eq!(
        granted(&admission.handle(NOW, WALL, limited(own))),
        Some(server(1))
    );
}

#[test]
fn others_together_get_the_share_that_is_offered() {
    let mut admission = owner(1);
    let shared = Server {
        share_ppm: 100_000,
        ..sixteen_cores()
    };
    admission.describe(server(1), shared, Health::Up);
    assert_eq!(granted(&send(&mut admission, NOW, ask(1))), Some(server(1)));
    let other = Ask {
        member: OTHER,
        ..ask(2)
    };
    let outputs = send(&mut admission, NOW, other);
    assert!(matches!(
        answer(&outputs),
        Answer::Full {
            limit_ppm: 100_000,
            ..
        }
    ));
    let own = Ask {
        member: OWNER,
        ..ask(3)
    };
    assert_eq!(granted(&send(&mut admission, NOW, own)), Some(server(1)));
}

#[test]
fn a_server_that_may_or_can_take_nothing_is_closed() {
    for state in [State::Cordoned, State::Draining, State::TestsOnly] {
        let mut admission = owner(1);
        let closed = Server {
            state,
            ..sixteen_cores()
        };
        admission.describe(server(1), closed, Health::Up);
        assert_eq!(answer(&send(&mut admission, NOW, ask(1))), Answer::Closed);
    }
    let mut admission = owner(1);
    for health in [Health::Unstable, Health::Down] {
        admission.set_health(server(1), health);
        assert_eq!(answer(&send(&mut admission, NOW, ask(1))), Answer::Closed);
    }
    admission.set_health(server(1), Health::Up);
    let mut recorded = ask(2);
    recorded.features.insert("recording".parse().unwrap());
    assert_eq!(answer(&send(&mut admission, NOW, recorded)), Answer::Closed);
    let crowd = Ask {
        users: 201,
        ..ask(3)
    };
    assert_eq!(answer(&send(&mut admission, NOW, crowd)), Answer::Closed);
    let unknown = Ask {
        server: server(9),
        ..ask(4)
    };
    assert_eq!(answer(&send(&mut admission, NOW, unknown)), Answer::Closed);
}

#[test]
fn an_ask_that_waited_too_long_does_not_start() {
    let mut admission = owner(1);
    let late = Input::Ask {
        ask: ask(1),
        arrived: NOW,
        limit_ppm: 950_000,
    };
    let outputs = admission.handle(NOW.plus_ms(401), WALL, late);
    let expected = Answer::Late {
        age_ms: 401,
        limit_ms: 400,
    };
    assert_eq!(answer(&outputs), expected);
    assert_eq!(load(&mut admission, NOW, 1), Load::ZERO);
}

#[test]
fn the_same_ask_is_answered_the_same_and_created_once() {
    let mut admission = owner(2);
    let first = send(&mut admission, NOW, ask(1));
    let again = send(&mut admission, NOW.plus_ms(900), ask(1));
    assert_eq!(answer(&again), answer(&first));
    assert_eq!((creates(&first), creates(&again)), (1, 0));
    fill(&mut admission, 1, 940_000);
    fill(&mut admission, 2, 940_000);
    let full = answer(&send(&mut admission, NOW, ask(2)));
    fill(&mut admission, 1, 0);
    assert_eq!(
        answer(&send(&mut admission, NOW, ask(2))),
        full,
        "until it asks anew"
    );
    assert!(granted(&send(&mut admission, NOW, attempt(&ask(2), 2))).is_some());
}

#[test]
fn one_member_cannot_crowd_out_the_others_answers() {
    let mut admission = owner(1);
    fill(&mut admission, 1, 950_000);
    let numbered = |number: usize| {
        let mut request = [0; 16];
        request[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let id = AskId {
            request: RequestId(request),
            attempt: 1,
        };
        Ask { id, ..ask(1) }
    };
    for number in 0..REQUESTS_PER_MEMBER_MAX {
        send(&mut admission, NOW, numbered(number));
    }
    let more = send(&mut admission, NOW, numbered(REQUESTS_PER_MEMBER_MAX));
    assert!(matches!(answer(&more), Answer::TooMany { .. }));
    fill(&mut admission, 1, 0);
    let other = Ask {
        member: OTHER,
        ..ask(2)
    };
    assert!(granted(&send(&mut admission, NOW, other)).is_some());
    let later = NOW.plus_ms(REMEMBERED_MS + 1);
    assert!(granted(&send(&mut admission, later, ask(3))).is_some());
}

#[test]
fn a_meeting_counts_what_is_left_of_its_prediction_or_what_was_measured() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    created(&mut admission, NOW, &ask(1));
    let half = load(&mut admission, NOW.plus_ms(450_000), 1);
    assert_eq!(half.cpu_units_milli, Load::typical(12).cpu_units_milli / 2);
    let measured = |load| Input::Measured {
        server: server(1),
        meetings: vec![(HOME, ask(1).id, load)],
        outside: Load::ZERO,
    };
    admission.handle(NOW, WALL, measured(Load::typical(30)));
    assert_eq!(
        load(&mut admission, NOW.plus_ms(3_600_000), 1),
        Load::typical(30)
    );
    admission.handle(NOW, WALL, measured(Load::typical(2)));
    let young = load(&mut admission, NOW.plus_ms(1), 1);
    assert!(
        young.cpu_units_milli > Load::typical(11).cpu_units_milli,
        "people still come"
    );
    let (member, ask) = (HOME, ask(1).id);
    admission.handle(NOW, WALL, Input::Ended { member, ask });
    assert_eq!(load(&mut admission, NOW, 1), Load::ZERO);
}

#[test]
fn a_poll_that_misses_a_meeting_ends_nothing() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    created(&mut admission, NOW, &ask(1));
    fill(&mut admission, 1, 0);
    assert_eq!(load(&mut admission, NOW, 1), Load::typical(12));
}

#[test]
fn every_report_is_later_than_the_one_before_also_when_the_clock_goes_back() {
    let mut admission = owner(1);
    let mut last = admission.reports(NOW, WALL)[0].1.time;
    for wall in [WALL, WALL, an_hour_before()] {
        let time = admission.reports(NOW, wall)[0].1.time;
        assert!(time > last);
        last = time;
    }
}

fn an_hour_before() -> domain::id::Timestamp {
    domain::id::Timestamp(WALL.0 - 3_600_000)
}

#[test]
fn a_meeting_that_lives_is_found_again_by_a_home_that_lost_it() {
    let mut admission = owner(2);
    let first = granted(&send(&mut admission, NOW, ask(1))).unwrap();
    created(&mut admission, NOW, &ask(1));
    let anew = Ask {
        id: ask(7).id,
        ..ask(1)
    };
    let outputs = send(&mut admission, NOW.plus_ms(60_000), anew.clone());
    assert_eq!(granted(&outputs), Some(first));
    assert_eq!(creates(&outputs), 0);
    assert!(matches!(outputs[1], Output::Created { ask, .. } if ask == anew.id));
    let others = Ask {
        member: OTHER,
        ..anew
    };
    assert_eq!(
        creates(&send(&mut admission, NOW, others)),
        1,
        "but no meeting of another member"
    );
}

#[test]
fn a_restored_meeting_counts_as_one_that_was_admitted() {
    let mut admission = owner(1);
    let (id, meeting) = (ask(1).id, MeetingId([1; 32]));
    admission.restore(NOW, (HOME, id), meeting, server(1), Load::typical(12));
    assert_eq!(load(&mut admission, NOW, 1), Load::typical(12));
    let outputs = cancel(&mut admission, NOW, &ask(1));
    assert!(matches!(outputs[..], [Output::End { .. }]));
}

#[test]
fn a_meeting_of_which_nobody_speaks_counts_as_one_room_until_it_ended() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    created(&mut admission, NOW, &ask(1));
    let left = load(&mut admission, NOW.plus_ms(86_400_000), 1);
    assert_eq!((left.rooms, left.cpu_units_milli), (1, 0));
}
