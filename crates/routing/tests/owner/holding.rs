//! Room kept free for conferences.

use domain::id::{MemberId, Timestamp};
use routing::{
    Error, Monotonic,
    admission::{Admission, Input, Output},
    ask::Ask,
    candidate::{Health, Report, Server, State},
    capacity::{Capacity, Load},
    hold::{
        HOLD_AFTER_MS, HOLD_AHEAD_MS, HOLD_BEFORE_MS, HOLDS_PER_MEMBER_MAX, Hold, IN_VAIN_MS_MAX,
        UNUSED_MS, servers,
    },
    request::{MeetingId, Request, RequestId},
    view::View,
};

use crate::cast::{
    HOME, NOW, OTHER, OWNER, WALL, ask, created, fill, granted, owner, reply, server, sixteen_cores,
};

const PLENTY: u64 = u64::MAX;
const DAY_MS: u64 = 86_400_000;

fn hold(number: u8, member: MemberId, starts: Timestamp) -> Hold {
    Hold {
        member,
        meeting: MeetingId([number; 32]),
        server: server(1),
        starts,
        users: 80,
    }
}

fn take(admission: &mut Admission, entitled: u64, hold: Hold) -> Result<(), Error> {
    admission.hold(NOW, WALL, entitled, hold)
}

fn take_at(admission: &mut Admission, wall: Timestamp, hold: Hold) -> Result<(), Error> {
    admission.hold(NOW, wall, PLENTY, hold)
}

fn load_at(admission: &mut Admission, wall: Timestamp) -> Load {
    admission.reports(NOW, wall)[0].1.load
}

fn send_at(admission: &mut Admission, wall: Timestamp, ask: Ask) -> Vec<Output> {
    let input = Input::Ask {
        ask,
        arrived: NOW,
        limit_ppm: 950_000,
    };
    admission.handle(NOW, wall, input)
}

#[test]
fn a_hold_counts_from_two_hours_before_until_its_meeting_is_overdue() {
    let mut admission = owner(1);
    let starts = WALL.plus_ms(DAY_MS);
    take(&mut admission, PLENTY, hold(1, HOME, starts)).unwrap();
    let from = Timestamp(starts.0 - HOLD_BEFORE_MS);
    assert_eq!(load_at(&mut admission, Timestamp(from.0 - 1)), Load::ZERO);
    assert_eq!(load_at(&mut admission, from), Load::typical(80));
    let until = starts.plus_ms(HOLD_AFTER_MS);
    assert_eq!(
        load_at(&mut admission, Timestamp(until.0 - 1)),
        Load::typical(80)
    );
    assert_eq!(load_at(&mut admission, until), Load::ZERO);
}

#[test]
fn the_held_meeting_gets_its_server_and_counts_once_with_its_hold() {
    let mut admission = owner(2);
    fill(&mut admission, 1, 400_000);
    take(&mut admission, PLENTY, hold(1, HOME, WALL.plus_ms(1_000))).unwrap();
    let crowd = Ask {
        users: 80,
        prediction: Load::typical(80),
        ceiling_ppm: Some(1),
        ..ask(1)
    };
    let outputs = send_at(&mut admission, WALL, crowd);
    assert_eq!(
        granted(&outputs),
        Some(server(1)),
        "not the emptier one, whatever the ceiling"
    );
    let full = sixteen_cores().capacity.cpu_units_milli * 2 / 5 + Load::typical(80).cpu_units_milli;
    assert_eq!(
        reply(&outputs).reports[0].1.load.cpu_units_milli,
        full,
        "counted once"
    );
    created(&mut admission, NOW, &ask(1));
    let load = load_at(&mut admission, WALL).cpu_units_milli;
    assert_eq!(load, full, "still once");
}

#[test]
fn a_hold_keeps_room_for_those_who_come_to_a_meeting_that_began_early() {
    let mut admission = owner(1);
    let starts = WALL.plus_ms(HOLD_BEFORE_MS);
    take(&mut admission, PLENTY, hold(1, HOME, starts)).unwrap();
    let few = Ask {
        users: 5,
        prediction: Load::typical(5),
        ..ask(1)
    };
    send_at(&mut admission, WALL, few);
    created(&mut admission, NOW, &ask(1));
    let later = Monotonic(NOW.0 + 3_600_000);
    let at = |admission: &mut Admission, wall| admission.reports(later, wall)[0].1.load;
    let early = starts.plus_ms(HOLD_AFTER_MS - 1);
    assert_eq!(at(&mut admission, early), Load::typical(80));
    let over = starts.plus_ms(HOLD_AFTER_MS);
    assert_eq!(at(&mut admission, over).rooms, 1, "the meeting alone");
    assert_eq!(at(&mut admission, over).users, 0);
}

#[test]
fn a_hold_stays_when_creating_its_meeting_failed() {
    let mut admission = owner(1);
    take(&mut admission, PLENTY, hold(1, HOME, WALL.plus_ms(1_000))).unwrap();
    let crowd = Ask {
        users: 80,
        prediction: Load::typical(80),
        ..ask(1)
    };
    send_at(&mut admission, WALL, crowd);
    let (member, id) = (HOME, ask(1).id);
    admission.handle(NOW, WALL, Input::CreateFailed { member, ask: id });
    assert_eq!(load_at(&mut admission, WALL), Load::typical(80));
}

#[test]
fn a_hold_keeps_other_meetings_out() {
    let mut admission = owner(1);
    fill(&mut admission, 1, 400_000);
    assert!(granted(&send_at(&mut admission, WALL, ask(1))).is_some());
    take(&mut admission, PLENTY, hold(2, HOME, WALL.plus_ms(1_000))).unwrap();
    assert_eq!(granted(&send_at(&mut admission, WALL, ask(3))), None);
}

#[test]
fn a_hold_needs_room_beside_other_holds_of_its_time_and_what_is_there_now() {
    let mut admission = owner(1);
    let starts = WALL.plus_ms(DAY_MS);
    take(&mut admission, PLENTY, hold(1, HOME, starts)).unwrap();
    take(&mut admission, PLENTY, hold(2, OTHER, starts)).expect("there is room for two");
    let third = take(&mut admission, PLENTY, hold(3, OTHER, starts));
    assert!(
        matches!(
            third,
            Err(Error::HoldFull {
                limit_ppm: 950_000,
                ..
            })
        ),
        "{third:?}"
    );
    let after = starts.plus_ms(HOLD_AFTER_MS + HOLD_BEFORE_MS);
    take(&mut admission, PLENTY, hold(3, OTHER, after)).unwrap();
    take(&mut admission, PLENTY, hold(1, HOME, starts)).expect("the same hold again");
    fill(&mut admission, 1, 600_000);
    take(
        &mut admission,
        PLENTY,
        hold(4, HOME, starts.plus_ms(2 * DAY_MS)),
    )
    .expect("not now");
    let now = take(&mut admission, PLENTY, hold(5, HOME, WALL));
    assert!(matches!(now, Err(Error::HoldFull { .. })));
}

#[test]
fn others_hold_no_more_than_their_share_and_entitlement() {
    let mut admission = owner(1);
    let shared = Server {
        share_ppm: 300_000,
        ..sixteen_cores()
    };
    admission.describe(server(1), shared, Health::Up);
    let starts = WALL.plus_ms(DAY_MS);
    let beyond = take(&mut admission, PLENTY, hold(1, HOME, starts));
    assert!(matches!(
        beyond,
        Err(Error::HoldFull {
            limit_ppm: 300_000,
            ..
        })
    ));
    take(&mut admission, 0, hold(1, OWNER, starts)).expect("the owner's own");

    let mut admission = owner(3);
    let on = |number, on| Hold {
        server: server(on),
        ..hold(number, HOME, starts)
    };
    take(&mut admission, 0, on(1, 1)).expect("a single one");
    let second = take(&mut admission, 0, on(2, 2));
    assert!(
        matches!(second, Err(Error::HoldEntitlement { .. })),
        "{second:?}"
    );
    let both = 2 * Load::typical(80).cpu_units_milli;
    take(&mut admission, both, on(2, 2)).expect("within its entitlement");
    assert!(take(&mut admission, both, on(3, 3)).is_err());
}

#[test]
fn holds_are_bounded_in_number_and_time() {
    let mut admission = owner(1);
    let at = |number: u64| WALL.plus_ms(number * DAY_MS);
    for number in 0..HOLDS_PER_MEMBER_MAX as u8 {
        take(
            &mut admission,
            PLENTY,
            hold(number, HOME, at(u64::from(number))),
        )
        .unwrap();
    }
    let more = take(&mut admission, PLENTY, hold(99, HOME, at(80)));
    assert!(matches!(more, Err(Error::Holds { .. })));
    let over = hold(1, OTHER, Timestamp(WALL.0 - HOLD_AFTER_MS));
    assert!(matches!(
        take(&mut admission, PLENTY, over),
        Err(Error::HoldTime { .. })
    ));
    let ahead = hold(1, OTHER, WALL.plus_ms(HOLD_AHEAD_MS + 1));
    assert!(matches!(
        take(&mut admission, PLENTY, ahead),
        Err(Error::HoldTime { .. })
    ));
    let foreign = Hold {
        server: server(7),
        ..hold(1, OTHER, at(1))
    };
    assert!(matches!(
        take(&mut admission, PLENTY, foreign),
        Err(Error::NotOwned { .. })
    ));
    admission.release(WALL, HOME, MeetingId([1; 32]));
    take(&mut admission, PLENTY, hold(99, HOME, at(80))).expect("one was given up");
}

#[test]
fn a_server_that_takes_no_meetings_or_not_so_many_people_holds_nothing() {
    let mut admission = owner(1);
    let starts = WALL.plus_ms(DAY_MS);
    let many = Hold {
        users: u32::MAX,
        ..hold(1, HOME, starts)
    };
    let refused = take(&mut admission, PLENTY, many);
    assert!(matches!(refused, Err(Error::HoldUsers { .. })));
    take(&mut admission, PLENTY, hold(1, HOME, starts)).unwrap();
    let cordoned = Server {
        state: State::Cordoned,
        ..sixteen_cores()
    };
    admission.describe(server(1), cordoned, Health::Up);
    assert_eq!(admission.holds().iter().count(), 0);
    let refused = take(&mut admission, PLENTY, hold(1, HOME, starts));
    assert!(matches!(refused, Err(Error::HoldClosed { .. })));
}

#[test]
fn who_is_refused_hears_how_many_would_fit() {
    let mut admission = owner(1);
    let starts = WALL.plus_ms(DAY_MS);
    take(&mut admission, PLENTY, hold(1, HOME, starts)).unwrap();
    let more = Hold {
        users: 199,
        ..hold(2, HOME, starts)
    };
    let refused = take(&mut admission, PLENTY, more);
    assert!(matches!(refused, Err(Error::HoldFull { .. })));
    let users = admission.possible_users(NOW, WALL, PLENTY, more);
    assert!(users > 0);
    let with = |users| Hold { users, ..more };
    assert!(take(&mut admission, PLENTY, with(users + 1)).is_err());
    take(&mut admission, PLENTY, with(users)).expect("so many fit");
    let next = admission.possible_users(NOW, WALL, 0, hold(3, HOME, starts));
    assert_eq!(next, 0, "beyond its entitlement nobody fits");
}

#[test]
fn who_holds_again_and_again_what_it_does_not_use_gets_no_more_for_a_while() {
    let mut admission = owner(1);
    let mut wall = WALL;
    let mut blocked_ms = 0;
    let refused = loop {
        // Moving it on is no way out.
        match take_at(&mut admission, wall, hold(1, HOME, wall)) {
            Ok(()) => blocked_ms += HOLD_AFTER_MS - 1,
            refused => break refused,
        }
        wall = wall.plus_ms(HOLD_AFTER_MS - 1);
    };
    assert!(
        matches!(refused, Err(Error::HoldsUnused { .. })),
        "{refused:?}"
    );
    admission.release(wall, HOME, MeetingId([1; 32]));
    assert!(blocked_ms <= IN_VAIN_MS_MAX + HOLD_BEFORE_MS + HOLD_AFTER_MS);
    take_at(&mut admission, wall, hold(2, OTHER, wall)).expect("others do");
    take_at(&mut admission, wall, hold(3, OWNER, wall)).expect("on its own server always");
    let later = wall.plus_ms(UNUSED_MS + DAY_MS);
    take_at(&mut admission, later, hold(2, HOME, later)).expect("it is forgotten");
}

#[test]
fn plans_that_change_in_time_or_in_a_moment_cost_as_long_as_they_kept_a_server() {
    let mut admission = owner(1);
    // To and fro within a moment, well after the hold counts.
    for number in 0..100 {
        let wall = WALL.plus_ms(number * 1_000);
        take_at(
            &mut admission,
            wall,
            hold(1, HOME, WALL.plus_ms(HOLD_BEFORE_MS + number)),
        )
        .expect("it kept nobody out");
    }
    admission.release(WALL.plus_ms(100_000), HOME, MeetingId([1; 32]));
    // Every other day one that is called off half an hour after it began to count.
    for round in 1..10 {
        let wall = WALL.plus_ms(round * 2 * DAY_MS);
        let ahead = hold(1, HOME, wall.plus_ms(HOLD_BEFORE_MS));
        take_at(&mut admission, wall, ahead).expect("not for long so far");
        admission.release(wall.plus_ms(HOLD_AFTER_MS), HOME, ahead.meeting);
    }
    // Three of which nothing comes are too many.
    let wall = WALL.plus_ms(60 * DAY_MS);
    for round in 0..3 {
        let wall = wall.plus_ms(round * DAY_MS);
        let ahead = hold(1, HOME, wall.plus_ms(HOLD_BEFORE_MS));
        take_at(&mut admission, wall, ahead).expect("two so far");
    }
    let wall = wall.plus_ms(3 * DAY_MS);
    let refused = take_at(
        &mut admission,
        wall,
        hold(1, HOME, wall.plus_ms(HOLD_BEFORE_MS)),
    );
    assert!(
        matches!(refused, Err(Error::HoldsUnused { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_hold_whose_meeting_was_asked_for_or_that_did_not_count_yet_is_not_held_against_anybody() {
    let mut admission = owner(1);
    for round in 0..6 {
        let wall = WALL.plus_ms(round * DAY_MS);
        let crowd = Ask {
            users: 80,
            prediction: Load::typical(80),
            ..ask(round as u8 + 1)
        };
        let meeting = crowd.meeting;
        let used = Hold {
            meeting,
            ..hold(1, HOME, wall)
        };
        take_at(&mut admission, wall, used).unwrap();
        send_at(&mut admission, wall, crowd);
        admission.release(wall, HOME, meeting);
        let ahead = hold(99, HOME, wall.plus_ms(HOLD_BEFORE_MS + 1));
        take_at(&mut admission, wall, ahead).unwrap();
        admission.release(wall, HOME, ahead.meeting);
        let (member, ask) = (HOME, ask(round as u8 + 1).id);
        admission.handle(NOW, wall, Input::Ended { member, ask });
    }
}

#[test]
fn a_hold_is_taken_again_beside_its_own_meeting() {
    // As after the owner's node was restarted: the meeting is found by a poll, the hold said again.
    let mut admission = owner(1);
    let placed = (HOME, ask(1).id);
    let full = Load::typical(80);
    admission.restore(NOW, placed, MeetingId([1; 32]), server(1), full);
    fill(&mut admission, 1, 500_000);
    take(&mut admission, PLENTY, hold(1, HOME, WALL)).expect("its meeting is no other's");
}

#[test]
fn a_hold_is_sought_where_the_conference_fits_alone_or_it_is_said_what_would() {
    let mut view = View::default();
    for (number, cores) in [(1, 4), (2, 32), (3, 16)] {
        let capacity = Capacity {
            room_users: 400,
            ..Capacity::from_cores(cores, 10_000)
        };
        view.describe(
            server(number),
            Server {
                capacity,
                ..sixteen_cores()
            },
        );
        // What is there now says nothing of that time.
        let full = Report::of(Load::typical(300), Health::Up);
        view.learn(NOW, server(number), full);
    }
    let id = RequestId([1; 16]);
    let mut request = Request::new(id, MeetingId([1; 32]), domain::id::TenantId([1; 16]), HOME);
    (request.hint, request.cap_users) = (Some(100), Some(1_000));
    assert_eq!(servers(&request, &view), Ok(vec![server(2), server(3)]));
    request.hint = Some(1_000);
    let Err(Error::Conference {
        users: 1_000,
        possible_users,
    }) = servers(&request, &view)
    else {
        panic!("too large");
    };
    request.hint = Some(possible_users);
    assert_eq!(servers(&request, &view), Ok(vec![server(2)]));
    request.hint = Some(possible_users + 1);
    assert!(servers(&request, &view).is_err());
}
