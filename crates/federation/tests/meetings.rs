//! Meetings between nodes: placed, joined, ended, lost; nobody twice, nothing for ever.

#![allow(clippy::unwrap_used)]

#[path = "meetings/holds.rs"]
mod holds;

#[path = "meetings/hold_liars.rs"]
mod hold_liars;

#[path = "meetings/lost.rs"]
mod lost;

#[path = "meetings/server_liars.rs"]
mod server_liars;

#[path = "meetings/town.rs"]
mod town;

#[path = "support/mod.rs"]
mod support;

use domain::{
    id::ServerId,
    record::{FEATURES_MAX, Room, Service, Standing},
};
use federation::meetings::{
    Notice, NoticeKind, Part,
    call::{CallFault, Method, Terms},
    wire::{PART_BYTES_MAX, Said},
};

use self::town::{Mood, Town, WEEKLY};

fn text(parts: &[Part]) -> Vec<String> {
    let words = parts.iter().map(|part| match &part.result {
        Ok(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Err(fault) => format!("{fault:?}"),
    });
    words.collect()
}

#[test]
fn a_meeting_of_one_member_runs_on_the_server_of_another_and_is_joined_and_ended() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    for (method, expected) in [
        (Method::Join, "done"),
        (Method::GetMeetingInfo, "done"),
        (Method::Create, "duplicate"),
        (Method::End, "ended"),
    ] {
        let ticket = town.call(0, tenant, Some(WEEKLY), method);
        assert_eq!(text(&town.answer(ticket)), [expected], "{method:?}");
    }
    assert_eq!(town.machines[&server].created, 1);
    let room = Room::of(tenant, WEEKLY);
    assert_eq!(
        town.core(0).room(&tenant, &room).unwrap().standing,
        Standing::Ended
    );
    town.run_ms(90_000);
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::Join);
    assert_eq!(text(&town.answer(ticket)), ["NoMeeting"]);
    // Everybody knows of it by the records.
    let view = &town.core(3).view().meetings;
    assert_eq!(
        view.placed(&tenant, &room).unwrap().standing,
        Standing::Ended
    );
}

#[test]
fn a_meeting_that_nobody_ended_is_over_when_polls_show_it_no_more() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    let room = Room::of(tenant, WEEKLY);
    let standing = |town: &Town| town.core(0).room(&tenant, &room).unwrap().standing;
    town.machines.get_mut(&server).unwrap().meetings.clear();
    town.run_ms(30_000);
    assert_eq!(standing(&town), Standing::Placed, "polls may be wrong");
    town.run_ms(60_000);
    assert_eq!(standing(&town), Standing::Ended);
}

#[test]
fn the_end_that_a_server_refuses_ends_nothing() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    town.machines.get_mut(&server).unwrap().mood = Mood::Refuses;
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::End);
    assert_eq!(text(&town.answer(ticket)), ["refused"]);
    town.machines.get_mut(&server).unwrap().mood = Mood::Well;
    town.run_ms(90_000);
    let room = Room::of(tenant, WEEKLY);
    assert_eq!(
        town.core(0).room(&tenant, &room).unwrap().standing,
        Standing::Placed
    );
}

#[test]
fn a_server_that_its_owner_takes_away_keeps_no_room_from_meeting_elsewhere() {
    for home in [0, 1] {
        let mut town = Town::new();
        let server = town.server(1, 1, |_| {});
        let tenant = town.tenant(home);
        assert_eq!(town.create(home, tenant, WEEKLY), Ok(server));
        town.server(1, 1, |record| record.service = Service::Removed);
        town.serve_no_more(1, server);
        let ticket = town.call(home, tenant, Some(WEEKLY), Method::Join);
        assert_eq!(text(&town.answer(ticket)), ["NoMeeting"]);
        let other = town.server(2, 2, |_| {});
        assert_eq!(town.create(home, tenant, WEEKLY), Ok(other));
        // What is left of it there is in nobody's way.
        town.run_ms(90_000);
        let ticket = town.call(home, tenant, Some(WEEKLY), Method::GetMeetingInfo);
        assert_eq!(text(&town.answer(ticket)), ["done"]);
    }
}

#[test]
fn a_member_uses_its_own_server_without_asking_anybody() {
    let mut town = Town::new();
    let server = town.server(0, 1, |_| {});
    let tenant = town.tenant(0);
    town.said.clear();
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    let asks = town
        .said
        .iter()
        .filter(|(_, _, said)| !matches!(said, Said::Loads { .. }));
    assert_eq!(asks.count(), 0);
}

#[test]
fn a_create_is_answered_while_no_server_is_there_and_says_why() {
    let mut town = Town::new();
    let tenant = town.tenant(0);
    assert_eq!(town.create(0, tenant, WEEKLY), Err(CallFault::NoRoom));
    town.server(1, 1, |server| server.service = Service::Cordoned);
    assert_eq!(town.create(0, tenant, WEEKLY), Err(CallFault::NoRoom));
    let why = town
        .core(0)
        .why(&tenant, &Room::of(tenant, WEEKLY))
        .unwrap();
    let reasons: Vec<&str> = why
        .reasons
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(reasons, ["cordoned"]);
}

#[test]
fn a_tenants_rooms_are_called_by_its_own_members_nodes_only() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    for method in [Method::Create, Method::Join, Method::End] {
        let ticket = town.call(2, tenant, Some(WEEKLY), method);
        assert_eq!(text(&town.answer(ticket)), ["NotAllowed"]);
    }
    assert_eq!(town.copies(tenant, WEEKLY), 1);
}

#[test]
fn a_server_that_fails_or_keeps_silent_is_followed_by_the_next() {
    for mood in [Mood::Ill, Mood::Silent] {
        let mut town = Town::new();
        let first = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
        let second = town.server(2, 2, |_| {});
        let tenant = town.tenant(0);
        town.machines.get_mut(&first).unwrap().mood = mood;
        let terms = Terms {
            region: Some("ca-east".parse().unwrap()),
            ..Terms::default()
        };
        let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
        let parts = town.answer(ticket);
        assert_eq!(parts[0].server, Some(second), "{mood:?}");
        assert_eq!(town.copies(tenant, WEEKLY), 1);
    }
}

#[test]
fn what_a_server_kept_to_itself_is_ended_when_it_shows_unless_people_are_in_it() {
    for people in [0, 3] {
        let mut town = Town::new();
        let first = town.server(1, 1, |_| {});
        let tenant = town.tenant(0);
        town.create(0, tenant, WEEKLY).unwrap();
        let second = town.server(2, 2, |_| {});
        let key = (tenant, Room::of(tenant, WEEKLY));
        town.machines
            .get_mut(&second)
            .unwrap()
            .meetings
            .insert(key, people);
        town.run_ms(50_000);
        assert_eq!(town.copies(tenant, WEEKLY), if people == 0 { 1 } else { 2 });
        assert!(town.machines[&first].meetings.contains_key(&key));
    }
}

#[test]
fn a_meeting_that_comes_when_its_create_was_given_up_is_ended_however_young_it_is() {
    for has_another in [true, false] {
        let mut town = Town::new();
        let late = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
        if has_another {
            town.server(2, 2, |_| {});
        }
        let tenant = town.tenant(0);
        town.machines.get_mut(&late).unwrap().mood = Mood::Silent;
        let terms = Terms {
            region: Some("ca-east".parse().unwrap()),
            ..Terms::default()
        };
        let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
        assert_eq!(town.answer(ticket)[0].result.is_ok(), has_another);
        assert_eq!(town.machines[&late].ended, 1);
        // The call to end it was too early: only now the server does what it was asked first.
        let machine = town.machines.get_mut(&late).unwrap();
        (machine.mood, machine.age_ms) = (Mood::Well, 1_500);
        let key = (tenant, Room::of(tenant, WEEKLY));
        machine.meetings.insert(key, 0);
        town.run_ms(10_000);
        assert_eq!(town.copies(tenant, WEEKLY), usize::from(has_another));
        assert!(!town.machines[&late].meetings.contains_key(&key));
    }
}

#[test]
fn a_server_that_answers_too_late_leaves_no_second_copy() {
    let mut town = Town::new();
    let slow = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
    let other = town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    town.machines.get_mut(&slow).unwrap().mood = Mood::Slow(3_000);
    let terms = Terms {
        region: Some("ca-east".parse().unwrap()),
        ..Terms::default()
    };
    let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
    assert_eq!(town.answer(ticket)[0].server, Some(other));
    town.run_ms(10_000);
    assert_eq!(
        town.machines[&slow].created, 1,
        "it did what it was asked to"
    );
    assert_eq!(
        town.copies(tenant, WEEKLY),
        1,
        "and ended it when nobody wanted it"
    );
}

#[test]
fn what_a_server_says_against_a_create_reaches_the_front_end_and_is_tried_nowhere_else() {
    let mut town = Town::new();
    let servers: Vec<ServerId> = (1..=2)
        .map(|node| town.server(node, node as u8, |_| {}))
        .collect();
    let tenant = town.tenant(0);
    for server in &servers {
        town.machines.get_mut(server).unwrap().mood = Mood::Refuses;
    }
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::Create);
    assert_eq!(text(&town.answer(ticket)), ["refused"]);
    assert!(
        town.core(0)
            .room(&tenant, &Room::of(tenant, WEEKLY))
            .is_none()
    );
}

#[test]
fn an_owner_that_does_not_hear_is_passed_over_within_the_time_of_a_create() {
    let mut town = Town::new();
    town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
    let other = town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    town.deaf.insert((0, 1));
    let terms = Terms {
        region: Some("ca-east".parse().unwrap()),
        ..Terms::default()
    };
    let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
    town.run_ms(1_500);
    let parts = town.called.remove(&ticket).expect("well within the time");
    assert_eq!(parts[0].server, Some(other));
}

#[test]
fn an_owner_whose_answer_is_lost_ends_what_nobody_keeps() {
    let mut town = Town::new();
    let lost = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
    let other = town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    town.deaf.insert((1, 0));
    let terms = Terms {
        region: Some("ca-east".parse().unwrap()),
        ..Terms::default()
    };
    let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
    assert_eq!(town.answer(ticket)[0].server, Some(other));
    town.run_ms(40_000);
    assert_eq!(town.copies(tenant, WEEKLY), 1);
    assert_eq!(town.machines[&lost].meetings.len(), 0);
}

#[test]
fn creates_of_one_room_at_once_make_one_meeting() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    let tickets: Vec<u64> = (0..5)
        .map(|_| town.call(0, tenant, Some(WEEKLY), Method::Create))
        .collect();
    town.run_ms(6_000);
    let said: Vec<String> = tickets
        .iter()
        .flat_map(|ticket| text(&town.called[ticket]))
        .collect();
    assert_eq!(said.iter().filter(|said| *said == "created").count(), 1);
    assert_eq!(said.iter().filter(|said| *said == "duplicate").count(), 4);
    assert_eq!(town.copies(tenant, WEEKLY), 1);
}

#[test]
fn a_home_that_starts_again_finds_its_meetings_where_they_are() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    let first = town.create(0, tenant, WEEKLY).unwrap();
    town.restart(0);
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::Join);
    assert_eq!(text(&town.answer(ticket)), ["done"]);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(first));
    assert_eq!(town.copies(tenant, WEEKLY), 1);
}

#[test]
fn an_owner_that_starts_again_goes_on_with_what_is_on_its_servers() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    town.restart(1);
    for (method, expected) in [(Method::Join, "done"), (Method::Create, "duplicate")] {
        let ticket = town.call(0, tenant, Some(WEEKLY), method);
        assert_eq!(text(&town.answer(ticket)), [expected]);
    }
    assert_eq!(town.machines[&server].created, 1);
    // The server forgets everything: the next create makes a meeting anew.
    town.machines.get_mut(&server).unwrap().meetings.clear();
    town.run_ms(90_000);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    assert_eq!(town.machines[&server].created, 2);
}

#[test]
fn a_meeting_whose_owner_is_away_is_not_placed_a_second_time_until_a_steward_says_so() {
    let mut town = Town::new();
    let first = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
    let other = town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    let terms = Terms {
        region: Some("ca-east".parse().unwrap()),
        ..Terms::default()
    };
    let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
    assert_eq!(town.answer(ticket)[0].server, Some(first));
    town.disconnect(0, 1);
    for method in [Method::Create, Method::Join, Method::IsMeetingRunning] {
        let ticket = town.call(0, tenant, Some(WEEKLY), method);
        assert_eq!(text(&town.answer(ticket)), ["OwnerAway"]);
    }
    let room = Room::of(tenant, WEEKLY);
    town.give(0, federation::Input::Release { tenant, room });
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(other));
}

#[test]
fn all_meetings_are_gathered_and_whoever_is_away_is_named() {
    let mut town = Town::new();
    let first = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
    let second = town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    let terms = Terms {
        region: Some("ca-east".parse().unwrap()),
        ..Terms::default()
    };
    let there = town.call_with(0, tenant, Some("there"), Method::Create, terms);
    assert_eq!(town.answer(there)[0].server, Some(first));
    let here = Terms {
        region: Some("eu-west".parse().unwrap()),
        ..Terms::default()
    };
    let here = town.call_with(0, tenant, Some("here"), Method::Create, here);
    assert_eq!(town.answer(here)[0].server, Some(second));
    let ticket = town.call(0, tenant, None, Method::GetMeetings);
    assert_eq!(text(&town.answer(ticket)), ["1", "1"]);
    town.disconnect(0, 2);
    let ticket = town.call(0, tenant, None, Method::GetMeetings);
    let mut said = text(&town.answer(ticket));
    said.sort();
    assert_eq!(said, ["1", "OwnerAway"]);
}

#[test]
fn what_was_used_is_recorded_by_the_owner() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    let key = (tenant, Room::of(tenant, WEEKLY));
    town.machines
        .get_mut(&server)
        .unwrap()
        .meetings
        .insert(key, 10);
    town.run_ms(3_600_000);
    let usage = &town.core(3).view().meetings.usage;
    let minutes: u64 = usage.values().map(|used| used.participant_minutes).sum();
    assert!((440..=600).contains(&minutes), "{minutes} of 600 so far");
    assert_eq!(usage.values().map(|used| used.meetings).sum::<u64>(), 1);
    assert_eq!(usage.values().map(|used| used.peak).max(), Some(10));
    assert!(
        usage
            .keys()
            .all(|key| key.owner == support::id(2) && key.member == support::id(1))
    );
}

#[test]
fn nodes_without_meetings_say_nothing() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    town.tenant(0);
    town.run_ms(60_000);
    town.said.clear();
    town.run_ms(3_600_000);
    assert_eq!(town.said.len(), 0);
    // And still the server is known to be there.
    let tenant = domain::record::Tenant::id_of(support::id(1), &[9; 16]);
    assert!(town.create(0, tenant, WEEKLY).is_ok());
}

#[test]
fn a_second_node_of_the_home_passes_on_and_while_it_is_away_knows_what_was_recorded() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let second = town.second_node(0);
    // Both are asked at once for one meeting.
    let tickets = [
        town.call(0, tenant, Some(WEEKLY), Method::Create),
        town.call(second, tenant, Some(WEEKLY), Method::Create),
    ];
    town.run_ms(6_000);
    let mut said: Vec<String> = tickets
        .iter()
        .flat_map(|ticket| text(&town.called[ticket]))
        .collect();
    said.sort();
    assert_eq!(said, ["created", "duplicate"]);
    assert_eq!(town.machines[&server].created, 1);
    let ticket = town.call(second, tenant, Some(WEEKLY), Method::Join);
    assert_eq!(text(&town.answer(ticket)), ["done"]);
    town.disconnect(0, second);
    for (method, expected) in [(Method::Join, "done"), (Method::Create, "duplicate")] {
        let ticket = town.call(second, tenant, Some(WEEKLY), method);
        assert_eq!(text(&town.answer(ticket)), [expected], "{method:?}");
    }
    // What nobody has placed yet it does not place: the home may do so at the same time.
    let ticket = town.call(second, tenant, Some("other"), Method::Create);
    assert_eq!(text(&town.answer(ticket)), ["HomeAway"]);
}

#[test]
fn a_home_that_goes_while_a_call_is_passed_on_to_it_keeps_nobody_out_of_a_meeting() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let second = town.second_node(0);
    town.create(0, tenant, WEEKLY).unwrap();
    town.run_ms(5_000);
    for (room, method, expected) in [
        (WEEKLY, Method::Join, "done"),
        (WEEKLY, Method::GetMeetingInfo, "done"),
        // Whether the home has begun it is not known.
        ("other", Method::Create, "HomeAway"),
        ("other", Method::Join, "HomeAway"),
    ] {
        let ticket = town.call(second, tenant, Some(room), method);
        town.run_ms(10);
        town.disconnect(0, second);
        assert_eq!(text(&town.answer(ticket)), [expected], "{method:?}");
        town.connect(0, second);
        town.connect(second, 0);
        town.run_ms(100);
    }
}

#[test]
fn joins_go_on_over_a_second_node_of_the_owner() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let second = town.second_node(1);
    town.serve_at(second, server);
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    town.disconnect(0, 1);
    for method in [Method::Join, Method::GetMeetingInfo, Method::Create] {
        let ticket = town.call(0, tenant, Some(WEEKLY), method);
        assert!(text(&town.answer(ticket))[0].starts_with("du") || method != Method::Create);
        assert_eq!(town.machines[&server].created, 1);
    }
    // Silence of the first is made up for by the second too.
    town.connect(0, 1);
    town.connect(1, 0);
    town.run_ms(1_000);
    let first = town.node_key(1).min(town.node_key(second));
    let deaf = if first == town.node_key(1) { 1 } else { second };
    town.deaf.insert((0, deaf));
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::Join);
    assert_eq!(text(&town.answer(ticket)), ["done"]);
}

#[test]
fn what_was_used_is_counted_once_however_many_nodes_of_the_owner_see_it() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let second = town.second_node(1);
    town.serve_at(second, server);
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    let key = (tenant, Room::of(tenant, WEEKLY));
    let machine = town.machines.get_mut(&server).unwrap();
    machine.meetings.insert(key, 6);
    // The one of the two that counts serves it no more, and the other counts from there on.
    town.run_ms(1_200_000);
    let counts = match town.node_key(1) < town.node_key(second) {
        true => 1,
        false => second,
    };
    town.serve_no_more(counts, server);
    town.run_ms(1_200_000);
    let usage = &town.core(3).view().meetings.usage;
    let minutes: u64 = usage.values().map(|used| used.participant_minutes).sum();
    assert_eq!(usage.values().map(|used| used.meetings).sum::<u64>(), 1);
    // Six people for 40 minutes, of which the last are not recorded yet.
    assert!((180..=241).contains(&minutes), "{minutes}");
}

#[test]
fn a_node_that_has_not_seen_yet_what_another_of_the_owner_created_takes_nothing_for_gone() {
    let mut town = Town::new();
    let server = town.server(1, 1, |server| server.region = "ca-east".parse().unwrap());
    town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    let second = town.second_node(1);
    town.serve_at(second, server);
    let terms = Terms {
        region: Some("ca-east".parse().unwrap()),
        ..Terms::default()
    };
    let first = match town.node_key(1) < town.node_key(second) {
        true => 1,
        false => second,
    };
    // Before the next poll of the other one.
    let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
    town.run_ms(1_000);
    assert_eq!(text(&town.called[&ticket]), ["created"]);
    for other in (0..=second).filter(|other| *other != first) {
        town.disconnect(first, other);
    }
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::Create);
    assert_eq!(text(&town.answer(ticket)), ["duplicate"]);
    assert_eq!(town.copies(tenant, WEEKLY), 1);
    let kept = town.core(0).room(&tenant, &Room::of(tenant, WEEKLY));
    assert_eq!(kept.unwrap().server, server);
}

#[test]
fn a_node_that_was_not_asked_waits_for_what_a_busy_home_is_yet_to_record() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let second = town.second_node(1);
    town.serve_at(second, server);
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::End);
    assert_eq!(text(&town.answer(ticket)), ["ended"]);
    town.run_ms(90_000);
    let room = Room::of(tenant, WEEKLY);
    let said = |town: &Town| {
        town.core(second)
            .view()
            .meetings
            .placed(&tenant, &room)
            .cloned()
    };
    assert_eq!(said(&town).unwrap().standing, Standing::Ended);
    // It begins again, nobody is in it yet, and the records of the home are late.
    town.mute.insert(0);
    town.create(0, tenant, WEEKLY).unwrap();
    town.run_ms(180_000);
    assert_eq!(said(&town).unwrap().standing, Standing::Ended);
    assert_eq!(town.copies(tenant, WEEKLY), 1);
    // What nobody records is ended all the same.
    town.run_ms(600_000);
    assert_eq!(town.copies(tenant, WEEKLY), 0);
}

#[test]
fn a_node_of_the_owner_that_cannot_reach_a_server_is_in_nobodys_way() {
    for is_first in [true, false] {
        let mut town = Town::new();
        let server = town.server(1, 1, |_| {});
        let second = town.second_node(1);
        let cut_off = if is_first { 1 } else { second };
        town.cut_off.insert((cut_off, server));
        town.serve_at(second, server);
        town.run_ms(60_000);
        let tenant = town.tenant(0);
        assert_eq!(town.create(0, tenant, WEEKLY), Ok(server), "{is_first}");
        for method in [Method::Join, Method::GetMeetingInfo, Method::Create] {
            let ticket = town.call(0, tenant, Some(WEEKLY), method);
            let said = text(&town.answer(ticket));
            assert!(["done", "duplicate"].contains(&&*said[0]), "{said:?}");
        }
        let key = (tenant, Room::of(tenant, WEEKLY));
        let machine = town.machines.get_mut(&server).unwrap();
        machine.meetings.insert(key, 6);
        town.run_ms(1_200_000);
        let usage = &town.core(3).view().meetings.usage;
        let minutes: u64 = usage.values().map(|used| used.participant_minutes).sum();
        assert!((80..=121).contains(&minutes), "{minutes}");
        // Alone, it says how it finds the server.
        let well = 1 + second - cut_off;
        town.disconnect(0, well);
        town.disconnect(cut_off, well);
        town.run_ms(40_000);
        let health = town.core(0).server_now(&server).unwrap().report.unwrap().1;
        assert_eq!(health.health, routing::candidate::Health::Down);
    }
}

#[test]
fn what_a_server_says_reaches_the_home_also_when_it_comes_back_later() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let notice = |number: u8| Notice {
        tenant,
        kind: NoticeKind::RecordingReady,
        token: "sealed".to_owned(),
        payload: vec![number],
    };
    town.give(1, federation::Input::Notice(notice(1)));
    town.run_ms(100);
    town.disconnect(0, 1);
    town.give(1, federation::Input::Notice(notice(2)));
    town.run_ms(100);
    assert_eq!(town.notices, [(0, notice(1))]);
    town.connect(1, 0);
    town.connect(0, 1);
    town.run_ms(100);
    assert_eq!(town.notices, [(0, notice(1)), (0, notice(2))]);
}

#[test]
fn what_fits_into_no_message_is_not_said() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let many = (0..=FEATURES_MAX).map(|number| format!("feature-{number}").parse().unwrap());
    for terms in [
        Terms {
            features: many.collect(),
            ..Terms::default()
        },
        Terms {
            hint: Some(u32::MAX),
            ..Terms::default()
        },
    ] {
        let ticket = town.call_with(0, tenant, Some(WEEKLY), Method::Create, terms);
        assert_eq!(text(&town.answer(ticket)), ["TooLarge"]);
    }
    let notice = |bytes: usize| Notice {
        tenant,
        kind: NoticeKind::Analytics,
        token: "sealed".to_owned(),
        payload: vec![1; bytes],
    };
    for bytes in [PART_BYTES_MAX + 1, PART_BYTES_MAX] {
        town.give(1, federation::Input::Notice(notice(bytes)));
        town.run_ms(100);
    }
    assert!(town.notices == [(0, notice(PART_BYTES_MAX))]);
}

#[test]
fn a_node_that_has_reached_nobody_does_not_wake_again_and_again_for_what_it_cannot_record() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    town.create(0, tenant, WEEKLY).unwrap();
    town.start_again(0, false);
    let until = town.world.now.plus_ms(60_000);
    let mut wakes = 0;
    while let Some(at) = town.core(0).next_wakeup().filter(|at| *at <= until) {
        town.world.now = town.world.now.max(at);
        town.give(0, federation::Input::Wake);
        wakes += 1;
        assert!(wakes < 200, "again at {at:?}");
    }
}

#[test]
fn a_home_that_claims_joins_that_never_were_keeps_nobody_off_a_server() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let all = routing::capacity::Load {
        cpu_units_milli: 1 << 40,
        net_out_kbit_s: 1 << 40,
        users: 1 << 30,
        rooms: 1 << 30,
    };
    let said = Said::Loads {
        reports: Vec::new(),
        floors: vec![(server, all)],
    };
    let liar = town.node_key(2);
    let message = federation::message::Message::Meetings(Box::new(said));
    town.give(0, federation::Input::Message(liar, message));
    // Two members have a part in meetings, so no claim of one counts for more than half of all.
    let full_ppm = town.core(0).server_now(&server).unwrap().utilisation_ppm;
    assert!((499_000..=501_000).contains(&full_ppm), "{full_ppm}");
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
}

#[test]
fn a_server_that_is_said_to_be_huge_lets_its_owner_claim_no_more_of_others() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    town.server(2, 2, |server| server.capability.cpu_units = 1_000_000);
    let claimed = routing::capacity::Load {
        cpu_units_milli: 1 << 40,
        ..routing::capacity::Load::ZERO
    };
    let said = Said::Loads {
        reports: Vec::new(),
        floors: vec![(server, claimed)],
    };
    let liar = town.node_key(2);
    let message = federation::message::Message::Meetings(Box::new(said));
    town.give(0, federation::Input::Message(liar, message));
    // Two members have a part in meetings, and of the others only one offers anything.
    let full_ppm = town.core(0).server_now(&server).unwrap().utilisation_ppm;
    assert!((1..=501_000).contains(&full_ppm), "{full_ppm}");
}

#[test]
fn a_claim_is_weighed_anew_when_its_home_or_the_records_say_otherwise() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    town.tenant(0);
    let all = routing::capacity::Load {
        cpu_units_milli: 1 << 40,
        ..routing::capacity::Load::ZERO
    };
    let full_ppm_after = |town: &mut Town, said_by: usize, floors: Vec<_>| {
        let reports = Vec::new();
        let said = Said::Loads { reports, floors };
        let message = federation::message::Message::Meetings(Box::new(said));
        let from = town.node_key(said_by);
        town.give(0, federation::Input::Message(from, message));
        town.core(0).server_now(&server).unwrap().utilisation_ppm
    };
    let half = full_ppm_after(&mut town, 2, vec![(server, all)]);
    assert!((499_000..=501_000).contains(&half), "{half}");
    let again = full_ppm_after(&mut town, 2, vec![(server, all)]);
    assert_eq!(again, half, "the same said twice counts once");
    // A third member has a part in meetings now.
    town.tenant(3);
    let third = full_ppm_after(&mut town, 3, Vec::new());
    assert!((332_000..=334_000).contains(&third), "{third}");
    assert_eq!(full_ppm_after(&mut town, 2, Vec::new()), 0, "taken back");
    let third = full_ppm_after(&mut town, 2, vec![(server, all)]);
    assert!((332_000..=334_000).contains(&third), "{third}");
    town.give(0, federation::Input::Disconnected(town.node_key(2)));
    assert_eq!(full_ppm_after(&mut town, 3, Vec::new()), 0, "it is gone");
}

#[test]
fn news_of_a_server_without_load_is_said_again_in_case_it_was_not_heard() {
    let mut town = Town::new();
    let deaf: Vec<(usize, usize)> = (0..4).map(|node| (1, node)).collect();
    town.deaf.extend(deaf);
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    town.deaf.clear();
    town.run_ms(40_000);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
}

#[test]
fn a_server_whose_load_stays_the_same_is_heard_of_all_the_same() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let (one, other) = (town.tenant(2), town.tenant(0));
    town.create(2, one, WEEKLY).unwrap();
    let key = (one, Room::of(one, WEEKLY));
    let machine = town.machines.get_mut(&server).unwrap();
    machine.meetings.insert(key, 10);
    town.run_ms(3_600_000);
    let heard = town.core(0).server_now(&server).unwrap().report;
    assert!(heard.is_some_and(|(age_ms, _)| age_ms < 60_000));
    assert_eq!(town.create(0, other, WEEKLY), Ok(server));
}

#[test]
fn a_tenant_has_no_more_meetings_than_it_may_however_many_are_asked_for_at_once() {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let terms = Terms {
        meetings_max: Some(2),
        ..Terms::default()
    };
    let rooms = ["one", "two", "three", "four"];
    let tickets =
        rooms.map(|room| town.call_with(0, tenant, Some(room), Method::Create, terms.clone()));
    town.run_ms(6_000);
    let said: Vec<String> = tickets
        .iter()
        .flat_map(|ticket| text(&town.called[ticket]))
        .collect();
    assert_eq!(said, ["created", "created", "Limit", "Limit"]);
    // One that is there already is no further one, and one that was ended is none.
    let again = town.call_with(0, tenant, Some("one"), Method::Create, terms.clone());
    assert_eq!(text(&town.answer(again)), ["duplicate"]);
    let end = town.call(0, tenant, Some("one"), Method::End);
    assert_eq!(text(&town.answer(end)), ["ended"]);
    let next = town.call_with(0, tenant, Some("six"), Method::Create, terms.clone());
    assert_eq!(text(&town.answer(next)), ["created"]);
    let second = town.second_node(0);
    let other = town.call_with(second, tenant, Some("five"), Method::Create, terms);
    assert_eq!(text(&town.answer(other)), ["Limit"]);
}
