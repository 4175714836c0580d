use domain::id::ServerId;
use routing::{
    Distance, Reason, Suspicion, Tier,
    candidate::{Health, State},
    capacity::{Capacity, Load, Size},
    place::{COMFORTABLE_PPM, place},
    request::{Excluded, Request},
    share::Standing,
    view::{REPORT_AGE_MS_MAX, View},
};

use crate::cast::{HOME, NOW, OWNER, add, owner, report, request, server, sixteen_cores};

fn first(request: &Request, view: &View) -> Option<ServerId> {
    place(request, view, NOW, 1)
        .order
        .first()
        .map(|ranked| ranked.server)
}

fn reason(request: &Request, view: &View, number: u8) -> Reason {
    let ranking = place(request, view, NOW, 1);
    let found = ranking
        .reasons
        .into_iter()
        .find(|(id, _)| *id == server(number));
    found.expect("a reason for every server").1
}

/// One server that may be asked, changed as the test wants.
fn one(change: impl FnOnce(&mut View)) -> View {
    let mut view = View::default();
    add(&mut view, 1, sixteen_cores("ca-east"), 100_000);
    change(&mut view);
    view
}

fn in_state(state: State) -> View {
    one(|view| {
        let described = routing::candidate::Server {
            state,
            ..sixteen_cores("ca-east")
        };
        view.describe(server(1), described);
    })
}

#[test]
fn the_emptiest_of_the_right_region_is_chosen_and_the_next_is_the_runner_up() {
    let mut view = View::default();
    for (number, region, full_ppm) in [
        (1, "ca-east", 500_000),
        (2, "ca-east", 300_000),
        (3, "eu-north", 0),
        (4, "ca-east", 600_000),
    ] {
        add(&mut view, number, sixteen_cores(region), full_ppm);
    }
    view.set_rtt(OWNER, 200);
    let ranking = place(&request(), &view, NOW, 1);
    let words: Vec<_> = ranking
        .reasons
        .iter()
        .map(|(id, why)| (id.0[0], why.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            (2, "chosen"),
            (1, "runner-up"),
            (4, "ranked"),
            (3, "ranked")
        ]
    );
    assert_eq!(ranking.order[3].distance, Distance::Far);
    let room_ppm = ranking
        .prediction
        .load
        .utilisation_ppm(&sixteen_cores("ca-east").capacity);
    let expected = ranking.order[1].plain_ppm + room_ppm;
    assert_eq!(ranking.ceiling_ppm, Some(expected));
}

#[test]
fn a_near_region_comes_before_a_far_one() {
    let mut view = View::default();
    let far = routing::candidate::Server {
        owner: owner(5),
        ..sixteen_cores("us-west")
    };
    add(&mut view, 1, far, 0);
    add(&mut view, 2, sixteen_cores("eu-north"), 500_000);
    view.set_rtt(owner(5), 61);
    view.set_rtt(OWNER, 60);
    assert_eq!(first(&request(), &view), Some(server(2)));
    assert_eq!(
        place(&request(), &view, NOW, 1).order[0].distance,
        Distance::Near
    );
}

#[test]
fn alone_in_its_region_a_comfortable_server_should_stay_comfortable() {
    let view = one(|view| add(view, 2, sixteen_cores("eu-north"), 0));
    assert_eq!(
        place(&request(), &view, NOW, 1).ceiling_ppm,
        Some(COMFORTABLE_PPM)
    );
}

#[test]
fn what_the_records_do_not_allow_is_never_asked() {
    let states = [
        (State::Cordoned, "cordoned"),
        (State::Draining, "drained"),
        (State::TestsOnly, "cordoned"),
    ];
    for (state, word) in states {
        let view = in_state(state);
        assert_eq!(first(&request(), &view), None);
        assert_eq!(reason(&request(), &view, 1).as_str(), word);
    }
    let test = Request {
        test: true,
        ..request()
    };
    assert_eq!(first(&test, &in_state(State::TestsOnly)), Some(server(1)));

    let mut elsewhere = request();
    elsewhere.region = Some("eu-north".parse().unwrap());
    elsewhere.region_required = true;
    assert_eq!(reason(&elsewhere, &one(|_| ()), 1).as_str(), "region");
    let mut recorded = request();
    recorded.features.insert("recording".parse().unwrap());
    assert_eq!(reason(&recorded, &one(|_| ()), 1).as_str(), "feature");
}

#[test]
fn others_use_no_more_than_the_share_that_is_offered_and_the_owner_all() {
    let view = one(|view| {
        let described = routing::candidate::Server {
            share_ppm: 50_000,
            ..sixteen_cores("ca-east")
        };
        view.describe(server(1), described);
    });
    let Reason::Share {
        used_ppm,
        share_ppm,
    } = reason(&request(), &view, 1)
    else {
        panic!("its share");
    };
    assert!(used_ppm > share_ppm);
    let own = Request {
        member: OWNER,
        ..request()
    };
    assert_eq!(first(&own, &view), Some(server(1)));
}

#[test]
fn a_server_that_is_silent_ill_or_refused_is_not_asked() {
    let mut later = NOW;
    later.0 += REPORT_AGE_MS_MAX + 1;
    let stale = place(&request(), &one(|_| ()), later, 1);
    assert_eq!(stale.reasons[0].1.as_str(), "stale");
    let never = one(|view| view.describe(server(2), sixteen_cores("ca-east")));
    assert!(matches!(
        reason(&request(), &never, 2),
        Reason::Stale { age_ms: None, .. }
    ));

    let suspected = one(|view| view.suspect(NOW, OWNER));
    assert_eq!(reason(&request(), &suspected, 1).as_str(), "suspected");
    let heard_again = one(|view| {
        view.suspect(NOW, OWNER);
        view.learn(NOW, server(1), report(Load::ZERO, 2));
    });
    assert_eq!(first(&request(), &heard_again), Some(server(1)));

    for health in [Health::Unstable, Health::Down] {
        let ill = one(|view| {
            let said = routing::candidate::Report {
                health,
                ..report(Load::ZERO, 2)
            };
            view.learn(NOW, server(1), said);
        });
        let expected = Reason::Suspected(Suspicion::Unhealthy { health });
        assert_eq!(reason(&request(), &ill, 1), expected);
    }
    let excluded = [
        (Excluded::Failed, "suspected"),
        (Excluded::Silent { waited_ms: 400 }, "suspected"),
        (Excluded::Closed, "cordoned"),
        (
            Excluded::Full {
                score_ppm: 960_000,
                limit_ppm: 950_000,
            },
            "refused-full",
        ),
    ];
    for (why, word) in excluded {
        let mut refused = request();
        refused.excluded.insert(server(1), why);
        assert_eq!(reason(&refused, &one(|_| ()), 1).as_str(), word);
    }
}

#[test]
fn a_floor_counts_instead_of_a_lower_report_and_vetoes_what_is_too_full() {
    let cpu = |part_ppm| Load {
        cpu_units_milli: Capacity::from_cores(16, 1_000).cpu_units_milli / 1_000 * part_ppm / 1_000,
        ..Load::ZERO
    };
    let mut view = one(|view| add(view, 2, sixteen_cores("ca-east"), 300_000));
    assert_eq!(first(&request(), &view), Some(server(1)));
    view.set_floor(server(1), cpu(500_000));
    assert_eq!(first(&request(), &view), Some(server(2)));
    view.set_floor(server(1), cpu(990_000));
    assert_eq!(reason(&request(), &view, 1).as_str(), "floor-veto");
}

#[test]
fn a_server_that_is_full_by_its_floor_alone_is_asked_when_nobody_else_is_left() {
    let all = Capacity::from_cores(16, 1_000).cpu_units_milli;
    let mut view = View::default();
    add(&mut view, 1, sixteen_cores("ca-east"), 300_000);
    let mut last = request();
    last.ask_suspected = true;
    for (percent, expected) in [(110, Some(server(1))), (130, None)] {
        let floor = Load {
            cpu_units_milli: all * percent / 100,
            ..Load::ZERO
        };
        view.set_floor(server(1), floor);
        assert_eq!(
            first(&request(), &view),
            None,
            "{percent} %, others may be left"
        );
        assert_eq!(first(&last, &view), expected, "{percent} %");
    }
}

#[test]
fn a_member_beyond_its_share_meets_a_lower_limit_but_not_on_its_own_servers() {
    let mut view = View::default();
    for number in 1..=3 {
        add(&mut view, number, sixteen_cores("ca-east"), 800_000);
    }
    assert_eq!(place(&request(), &view, NOW, 1).order[0].tier, Tier::B);
    let standing = Standing {
        used_cpu_units_milli: 2,
        entitled_cpu_units_milli: 1,
    };
    view.set_standing(HOME, standing);
    let ranking = place(&request(), &view, NOW, 1);
    assert_eq!(ranking.order[0].tier, Tier::C);
    assert_eq!(ranking.reasons[2].1.as_str(), "unfair-limit");
    view.set_standing(OWNER, standing);
    let own = Request {
        member: OWNER,
        ..request()
    };
    assert_eq!(place(&own, &view, NOW, 1).order[0].tier, Tier::B);
}

#[test]
fn a_meeting_that_no_server_could_take_alone_is_not_asked_for() {
    let mut large = request();
    (large.hint, large.cap_users) = (Some(300), Some(300));
    let Reason::RoomTooLarge { users, limit_users } = reason(&large, &one(|_| ()), 1) else {
        panic!("too many people");
    };
    assert_eq!((users, limit_users), (300, 200));
    large.hint = Some(200);
    assert_eq!(reason(&large, &one(|_| ()), 1).as_str(), "over-limit");
}

#[test]
fn a_meeting_of_unknown_size_prefers_a_server_where_it_could_grow() {
    let mut view = View::default();
    let small = routing::candidate::Server {
        capacity: Capacity::from_cores(4, 1_000),
        ..sixteen_cores("ca-east")
    };
    add(&mut view, 1, small, 0);
    add(&mut view, 2, sixteen_cores("ca-east"), 350_000);
    let mut unknown = request();
    unknown.hint = Some(12);
    assert_eq!(first(&unknown, &view), Some(server(1)), "its size is known");
    unknown.hint = None;
    assert_eq!(first(&unknown, &view), Some(server(2)));
}

#[test]
fn the_server_of_its_hold_is_asked_first_as_if_the_hold_were_not_there() {
    let load = Size::of(150).load();
    let mut view = View::default();
    add(&mut view, 1, sixteen_cores("ca-east"), 0);
    add(&mut view, 2, sixteen_cores("ca-east"), 0);
    view.learn(NOW, server(2), report(load, 2));
    let mut conference = request();
    (conference.hint, conference.hold) = (Some(150), Some((server(2), load)));
    let ranking = place(&conference, &view, NOW, 1);
    assert_eq!(ranking.order[0].server, server(2));
    assert_eq!(ranking.ceiling_ppm, None);
    let alone_ppm = load.utilisation_ppm(&sixteen_cores("ca-east").capacity);
    assert_eq!(ranking.order[0].plain_ppm, alone_ppm);
}
