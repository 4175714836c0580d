//! Servers held for conferences: sought, kept through restarts and absences, used, given up.

use domain::{
    id::{ServerId, TenantId, Timestamp},
    record::{Room, Server, Service},
};
use federation::{
    Act, Input,
    meetings::{
        call::{Method, Terms},
        holds::{Refusal, Standing, Wanted},
        wire::Said,
    },
};

use crate::{
    support,
    town::{Town, WEEKLY},
};

pub const HOUR_MS: u64 = 3_600_000;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// The yearly assembly of a tenant.
pub const ASSEMBLY: &str = "assembly";

pub fn wanted(tenant: TenantId, room: &str, starts: Timestamp, users: u32) -> Wanted {
    Wanted {
        tenant,
        room: Room::of(tenant, room),
        starts,
        users,
        terms: Terms::default(),
    }
}

pub fn standing(town: &Town, node: usize, tenant: TenantId, room: &str) -> Standing {
    let room = Room::of(tenant, room);
    let mut holds = town.core(node).holds();
    let found = holds.find(|one| (one.tenant, one.room) == (tenant, room));
    found.expect("it is wanted").standing
}

pub fn held(server: ServerId, owner: u8) -> Standing {
    let owner = support::id(owner);
    Standing::Held { server, owner }
}

pub fn want(town: &mut Town, node: usize, wanted: Vec<Wanted>) {
    town.give(node, Input::Hold(wanted));
    town.run_ms(2_000);
}

/// What was said of holds, by whom to whom.
fn said(town: &Town) -> Vec<(usize, usize, &'static str)> {
    let said = town.said.iter().filter_map(|(from, to, said)| {
        let name = match said {
            Said::Hold(_) => "hold",
            Said::Held(_) => "held",
            Said::NotHeld { .. } => "not held",
            Said::GiveUp { .. } => "give up",
            _ => return None,
        };
        Some((*from, *to, name))
    });
    said.collect()
}

fn on(town: &Town, node: usize) -> usize {
    town.core(node).holds_here().count()
}

/// A tenant at the first node, and an assembly of 80 people in a day, held by the second.
fn assembled() -> (Town, TenantId, ServerId, Timestamp) {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let starts = town.world.now.plus_ms(DAY_MS);
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 80)]);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
    (town, tenant, server, starts)
}

fn run_until(town: &mut Town, at: Timestamp) {
    let wait_ms = at.since_ms(town.world.now);
    town.run_ms(wait_ms);
}

fn place(town: &mut Town, tenant: TenantId, room: &str, terms: Terms) -> Option<ServerId> {
    let ticket = town.call_with(0, tenant, Some(room), Method::Create, terms);
    town.answer(ticket)[0].server
}

#[test]
fn a_conference_goes_to_the_server_that_is_held_for_it_and_others_go_elsewhere() {
    let (mut town, tenant, server, starts) = assembled();
    let other = town.server(2, 2, |_| {});
    run_until(&mut town, Timestamp(starts.0 - HOUR_MS));
    let report = town.core(3).server_now(&server).unwrap().report.unwrap().1;
    assert_eq!(report.load, routing::capacity::Load::typical(80));
    assert_eq!(report.others, report.load);
    // It looks fuller than the other one by just what is kept free.
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(other));
    for number in 0..3 {
        let room = format!("more {number}");
        let terms = Terms {
            hint: Some(20),
            ..Terms::default()
        };
        place(&mut town, tenant, &room, terms);
    }
    run_until(&mut town, starts);
    assert_eq!(town.create(0, tenant, ASSEMBLY), Ok(server));
    let room = Room::of(tenant, ASSEMBLY);
    assert_eq!(town.core(0).why(&tenant, &room).unwrap().users, 80);
    assert_eq!(on(&town, 1), 1, "it keeps free what is missing to 80");
    town.run_ms(HOUR_MS);
    assert_eq!(on(&town, 1), 0, "over by itself");
    assert_eq!(town.core(0).holds().count(), 0);
}

#[test]
fn a_node_says_what_is_held_on_a_server_and_for_whom() {
    let (town, tenant, server, starts) = assembled();
    let here: Vec<_> = town.core(1).holds_here().collect();
    assert_eq!(here.len(), 1);
    assert_eq!(here[0].member, support::id(1));
    assert_eq!(here[0].hold.starts, starts);
    assert_eq!(here[0].hold.room, Room::of(tenant, ASSEMBLY));
    assert!(!here[0].counts);
    for (node, expected) in [(0, 1), (1, 1), (2, 0)] {
        let now = town.core(node).server_now(&server).unwrap();
        assert_eq!(now.holds.len(), expected, "node {node}");
    }
}

#[test]
fn nothing_is_said_of_holds_until_they_count() {
    let (mut town, _, _, starts) = assembled();
    town.run_ms(60_000);
    town.said.clear();
    run_until(&mut town, Timestamp(starts.0 - 2 * HOUR_MS - 1_000));
    assert_eq!(town.said.len(), 0);
    town.run_ms(10_000);
    assert_eq!(said(&town), []);
    assert!(!town.said.is_empty(), "loads are others now");
}

#[test]
fn a_home_may_hold_its_own_server_without_asking_anybody() {
    let mut town = Town::new();
    let server = town.server(0, 1, |_| {});
    let tenant = town.tenant(0);
    let starts = town.world.now.plus_ms(DAY_MS);
    let assembly = wanted(tenant, ASSEMBLY, starts, 80);
    want(&mut town, 0, vec![assembly.clone()]);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 1));
    assert_eq!(said(&town), []);
    town.restart(0);
    want(&mut town, 0, vec![assembly]);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 1));
}

#[test]
fn where_there_is_no_room_it_is_said_for_how_many_there_would_be() {
    let (mut town, _, server, starts) = assembled();
    let tenant = town.tenant(2);
    want(&mut town, 2, vec![wanted(tenant, ASSEMBLY, starts, 180)]);
    let Standing::Refused {
        why: Refusal::Full,
        possible_users,
    } = standing(&town, 2, tenant, ASSEMBLY)
    else {
        panic!("{:?}", standing(&town, 2, tenant, ASSEMBLY));
    };
    let fits = wanted(tenant, ASSEMBLY, starts, possible_users);
    want(&mut town, 2, vec![fits]);
    assert_eq!(standing(&town, 2, tenant, ASSEMBLY), held(server, 2));
    // Too large for any server, whatever is held.
    let terms = Terms {
        cap_users: Some(500),
        ..Terms::default()
    };
    let large = Wanted {
        terms,
        ..wanted(tenant, ASSEMBLY, starts, 400)
    };
    want(&mut town, 2, vec![large]);
    let refused = standing(&town, 2, tenant, ASSEMBLY);
    assert!(
        matches!(refused, Standing::Refused { why: Refusal::TooLarge, possible_users } if possible_users > 100),
        "{refused:?}"
    );
    assert_eq!(on(&town, 1), 1, "what it had is given up");
}

#[test]
fn the_next_owner_is_asked_when_one_refuses_keeps_silent_or_is_away() {
    let (mut town, _, first, starts) = assembled();
    let second = town.server(3, 3, |_| {});
    let tenant = town.tenant(2);
    let assembly = wanted(tenant, ASSEMBLY, starts, 150);
    want(&mut town, 2, vec![assembly.clone()]);
    assert_eq!(standing(&town, 2, tenant, ASSEMBLY), held(second, 4));
    want(&mut town, 2, Vec::new());
    assert_eq!(on(&town, 3), 0);
    // Now it fits on both, and the one that is asked first does not hear.
    town.deaf.extend([(2, 1), (2, 3)]);
    let small = wanted(tenant, ASSEMBLY, starts, 20);
    want(&mut town, 2, vec![small.clone()]);
    assert_eq!(standing(&town, 2, tenant, ASSEMBLY), Standing::Seeking);
    town.deaf.clear();
    town.run_ms(12_000);
    let Standing::Held { server, .. } = standing(&town, 2, tenant, ASSEMBLY) else {
        panic!("the second one heard");
    };
    let (node, other) = if server == first {
        (1, second)
    } else {
        (3, first)
    };
    town.disconnect(2, node);
    want(&mut town, 2, vec![wanted(tenant, ASSEMBLY, starts, 21)]);
    let found = standing(&town, 2, tenant, ASSEMBLY);
    assert!(
        matches!(found, Standing::Held { server, .. } if server == other),
        "{found:?}"
    );
    // When the first is back, what it held is given up.
    town.connect(node, 2);
    town.connect(2, node);
    town.run_ms(2_000);
    let here = town.core(node).holds_here();
    assert!(!here.into_iter().any(|here| here.hold.tenant == tenant));
}

#[test]
fn an_owner_that_starts_again_hears_what_it_holds() {
    let (mut town, tenant, server, _) = assembled();
    town.start_again(1, true);
    assert_eq!(on(&town, 1), 0, "it stores nothing");
    town.said.clear();
    town.restart(1);
    assert_eq!(on(&town, 1), 1);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
    let said = said(&town);
    assert!(said.iter().all(|(_, _, what)| *what != "give up"));
    assert!(said.len() <= 4, "{said:?}");
}

#[test]
fn a_home_that_starts_again_keeps_what_it_wants_and_gives_up_the_rest() {
    for is_wanted in [true, false] {
        let (mut town, tenant, server, starts) = assembled();
        town.restart(0);
        assert_eq!(on(&town, 1), 1, "before it knows what it wants");
        town.said.clear();
        let again = match is_wanted {
            true => vec![wanted(tenant, ASSEMBLY, starts, 80)],
            false => Vec::new(),
        };
        want(&mut town, 0, again);
        assert_eq!(on(&town, 1), usize::from(is_wanted));
        if is_wanted {
            assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
            assert_eq!(said(&town), [], "nobody is asked anew");
        }
    }
}

#[test]
fn both_start_again_and_the_server_is_held_again() {
    let (mut town, tenant, server, starts) = assembled();
    town.start_again(1, true);
    town.start_again(0, true);
    town.give(0, Input::Hold(vec![wanted(tenant, ASSEMBLY, starts, 80)]));
    town.restart(1);
    town.restart(0);
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 80)]);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
    assert_eq!(on(&town, 1), 1);
}

#[test]
fn what_an_owner_holds_stands_while_it_is_away_until_the_start_is_near() {
    let (mut town, tenant, first, starts) = assembled();
    let second = town.server(3, 3, |_| {});
    town.disconnect(0, 1);
    town.said.clear();
    run_until(&mut town, Timestamp(starts.0 - 2 * HOUR_MS - 1_000));
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(first, 2));
    assert_eq!(said(&town), []);
    town.run_ms(60_000);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(second, 4));
    assert_eq!(on(&town, 1), 1);
    town.connect(1, 0);
    town.connect(0, 1);
    town.run_ms(2_000);
    assert_eq!(on(&town, 1), 0, "given up once it is back");
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(second, 4));
}

#[test]
fn a_short_absence_near_the_start_changes_nothing() {
    let (mut town, tenant, first, starts) = assembled();
    town.server(3, 3, |_| {});
    run_until(&mut town, Timestamp(starts.0 - HOUR_MS));
    town.disconnect(0, 1);
    town.run_ms(4 * 60_000);
    town.connect(1, 0);
    town.connect(0, 1);
    town.run_ms(20 * 60_000);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(first, 2));
    assert_eq!((on(&town, 1), on(&town, 3)), (1, 0));
}

#[test]
fn a_conference_that_is_put_off_or_called_off_frees_the_server() {
    let (mut town, tenant, server, starts) = assembled();
    let later = starts.plus_ms(DAY_MS);
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, later, 60)]);
    let here: Vec<_> = town.core(1).holds_here().map(|here| here.hold).collect();
    assert_eq!(here.len(), 1);
    assert_eq!((here[0].starts, here[0].users), (later, 60));
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
    want(&mut town, 0, Vec::new());
    assert_eq!(on(&town, 1), 0);
}

#[test]
fn a_conference_that_changes_stays_on_its_server_also_when_there_is_a_better_one() {
    let (mut town, tenant, first, starts) = assembled();
    town.server(2, 2, |server| server.capability.cpu_units *= 2);
    town.said.clear();
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 90)]);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(first, 2));
    assert_eq!(said(&town), [(0, 1, "hold"), (1, 0, "held")]);
}

#[test]
fn of_several_conferences_in_one_room_the_next_is_held_when_one_is_over() {
    let (mut town, tenant, server, starts) = assembled();
    let later = starts.plus_ms(DAY_MS);
    let both = vec![
        wanted(tenant, ASSEMBLY, later, 60),
        wanted(tenant, ASSEMBLY, starts, 80),
    ];
    want(&mut town, 0, both);
    let users = |town: &Town| town.core(0).holds().next().unwrap().users;
    assert_eq!((users(&town), on(&town, 1)), (80, 1));
    run_until(&mut town, starts.plus_ms(HOUR_MS));
    assert_eq!((users(&town), on(&town, 1)), (60, 1));
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
}

#[test]
fn a_server_that_is_cordoned_is_given_up_and_another_sought() {
    let (mut town, tenant, first, _) = assembled();
    let second = town.server(3, 3, |_| {});
    let mut record: Server = town.core(1).view().meetings.servers[&first].record.clone();
    record.service = Service::Cordoned;
    town.act(1, Act::Server(record));
    town.run_ms(5_000);
    assert_eq!(on(&town, 1), 0);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(second, 4));
}

#[test]
fn a_new_server_is_found_soon_and_what_is_refused_is_asked_for_now_and_then() {
    let (mut town, _, _, starts) = assembled();
    let tenant = town.tenant(2);
    want(&mut town, 2, vec![wanted(tenant, ASSEMBLY, starts, 180)]);
    town.said.clear();
    run_until(&mut town, Timestamp(starts.0 - 3 * HOUR_MS));
    let asks = said(&town)
        .iter()
        .filter(|(_, _, what)| *what == "hold")
        .count();
    assert!((15..=30).contains(&asks), "{asks} in 21 hours");
    let server = town.server(3, 3, |_| {});
    town.run_ms(61_000);
    assert_eq!(standing(&town, 2, tenant, ASSEMBLY), held(server, 4));
}

#[test]
fn a_conference_too_far_ahead_is_sought_when_its_time_comes() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let starts = town.world.now.plus_ms(91 * DAY_MS);
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 80)]);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), Standing::Ahead);
    town.run_ms(DAY_MS + 2 * HOUR_MS);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
}

#[test]
fn a_conference_whose_server_was_lost_is_placed_anew_by_its_size() {
    let (mut town, tenant, server, starts) = assembled();
    run_until(&mut town, starts);
    assert_eq!(town.create(0, tenant, ASSEMBLY), Ok(server));
    town.run_ms(2 * HOUR_MS);
    let small = town.server(2, 2, |server| server.capability.room_users = 60);
    town.machines.get_mut(&server).unwrap().meetings.clear();
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 80)]);
    town.run_ms(60_000);
    let again = town.create(0, tenant, ASSEMBLY);
    assert_eq!(again, Ok(server), "not {small}, which takes 60 people");
    let room = Room::of(tenant, ASSEMBLY);
    assert_eq!(town.core(0).why(&tenant, &room).unwrap().users, 80);
}

#[test]
fn what_is_held_is_given_up_when_the_meeting_had_to_go_elsewhere() {
    let (mut town, tenant, first, starts) = assembled();
    let second = town.server(3, 3, |_| {});
    run_until(&mut town, starts);
    town.machines.get_mut(&first).unwrap().mood = crate::town::Mood::Ill;
    assert_eq!(town.create(0, tenant, ASSEMBLY), Ok(second));
    town.run_ms(1_000);
    assert_eq!(on(&town, 1), 0);
}

#[test]
fn an_owner_with_two_nodes_holds_the_server_at_the_one_that_is_asked() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let second = town.second_node(1);
    town.serve_at(second, server);
    let tenant = town.tenant(0);
    let starts = town.world.now.plus_ms(HOUR_MS);
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 80)]);
    let first = match town.node_key(1) < town.node_key(second) {
        true => 1,
        false => second,
    };
    assert_eq!(on(&town, first), 1);
    town.disconnect(0, first);
    town.run_ms(20 * 60_000);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), held(server, 2));
    let other = 1 + second - first;
    assert_eq!(on(&town, other), 1, "the one that is left holds it too");
    want(&mut town, 0, Vec::new());
    town.connect(first, 0);
    town.connect(0, first);
    town.run_ms(2_000);
    assert_eq!((on(&town, first), on(&town, other)), (0, 0));
}
