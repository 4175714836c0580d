//! Servers, and owners, that say what is not so.

use domain::record::Room;
use federation::{
    Input,
    meetings::{call::Method, wire::Said},
    message::Message,
};

use crate::{
    text,
    town::{Town, WEEKLY},
};

#[test]
fn a_server_that_lists_what_nobody_asked_for_keeps_its_owner_busy_with_little_of_it() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    let listed = &mut town.machines.get_mut(&server).unwrap().meetings;
    for number in 0..5_000 {
        listed.insert((tenant, Room::of(tenant, &format!("made up {number}"))), 1);
    }
    town.run_ms(3_600_000);
    let usage = &town.core(3).view().meetings.usage;
    let peak = usage.values().map(|used| used.peak).max();
    assert_eq!(peak, Some(160), "for each room it is to take, two");
    let machine = town.machines.get_mut(&server).unwrap();
    let weekly = (tenant, Room::of(tenant, WEEKLY));
    machine.meetings.retain(|key, _| *key == weekly);
    town.said.clear();
    town.run_ms(120_000);
    let gone = |said: &Said| matches!(said, Said::Gone { .. });
    let said = town.said.iter().filter(|(_, _, said)| gone(said));
    assert_eq!(said.count(), 0, "its home has nothing to hear");
    let ticket = town.call(0, tenant, Some(WEEKLY), Method::Join);
    assert_eq!(text(&town.answer(ticket)), ["done"]);
}

#[test]
fn people_who_never_came_do_not_make_a_room_too_large_for_every_server() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    for _ in 0..2 {
        let ticket = town.call(0, tenant, Some(WEEKLY), Method::Join);
        assert_eq!(text(&town.answer(ticket)), ["done"]);
    }
    let key = (tenant, Room::of(tenant, WEEKLY));
    let machine = town.machines.get_mut(&server).unwrap();
    machine.meetings.insert(key, 2_000);
    town.run_ms(30_000);
    town.machines.get_mut(&server).unwrap().meetings.clear();
    town.run_ms(90_000);
    let history = town.core(0).room(&tenant, &key.1).unwrap().history;
    assert_eq!(
        history.map(|history| history.peak_users_milli()),
        Some(2_000)
    );
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
}

#[test]
fn nobody_answers_for_the_server_of_another() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let other = town.server(2, 2, |_| {});
    let tenant = town.tenant(0);
    let placed = town.create(0, tenant, WEEKLY).unwrap();
    let liar = if placed == server { 2 } else { 1 };
    let ticket = town.call(0, tenant, None, Method::GetRecordings);
    // The first leg to the liar is answered by it before its own core does.
    let number = town
        .said
        .iter()
        .rev()
        .find_map(|(from, to, said)| match said {
            Said::Call { number, .. } if (*from, *to) == (0, liar) => Some(*number),
            _ => None,
        });
    let said = Said::Part {
        number: number.unwrap(),
        last: true,
        server: Some(placed),
        result: Ok(b"forged".to_vec()),
    };
    let from = town.node_key(liar);
    town.give(0, Input::Message(from, Message::Meetings(Box::new(said))));
    let parts = town.answer(ticket);
    let forged = parts
        .iter()
        .find(|part| part.result == Ok(b"forged".to_vec()));
    assert_eq!(forged.unwrap().server, None);
    assert!(placed == server || placed == other);
}
