//! Words that are lost, and meetings that go on all the same, or do not.

use domain::record::{Room, Standing};
use federation::meetings::{KEEP_MS, call::Method};

use super::{
    text,
    town::{Mood, Town, WEEKLY},
};

const NEAR: &str = "ca-east";

#[test]
fn a_meeting_goes_on_although_the_word_that_keeps_it_was_lost() {
    for people in [0, 3] {
        let mut town = Town::new();
        let server = town.server(1, 1, |_| {});
        let tenant = town.tenant(0);
        let ticket = town.call(0, tenant, Some(WEEKLY), Method::Create);
        while town.machines[&server].created == 0 {
            town.run_ms(1);
        }
        town.deaf.insert((0, 1));
        assert!(town.answer(ticket)[0].result.is_ok());
        let key = (tenant, Room::of(tenant, WEEKLY));
        let machine = town.machines.get_mut(&server).unwrap();
        machine.meetings.insert(key, people);
        town.deaf.clear();
        town.run_ms(3 * KEEP_MS);
        assert_eq!(town.machines[&server].ended, 0, "{people}");
        assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
        assert_eq!(town.machines[&server].created, 1);
    }
}

#[test]
fn a_meeting_that_was_released_and_is_asked_for_again_goes_on_with_its_people() {
    for (mood, said) in [
        (Mood::Well, "duplicate"),
        (Mood::Refuses, "refused"),
        (Mood::Ill, "NoRoom"),
    ] {
        let mut town = Town::new();
        let server = town.server(1, 1, |_| {});
        let tenant = town.tenant(0);
        town.create(0, tenant, WEEKLY).unwrap();
        let room = Room::of(tenant, WEEKLY);
        let machine = town.machines.get_mut(&server).unwrap();
        machine.meetings.insert((tenant, room), 3);
        town.run_ms(60_000);
        town.disconnect(0, 1);
        town.give(0, federation::Input::Release { tenant, room });
        town.connect(0, 1);
        town.connect(1, 0);
        town.run_ms(1_000);
        town.machines.get_mut(&server).unwrap().mood = mood;
        let ticket = town.call(0, tenant, Some(WEEKLY), Method::Create);
        assert_eq!(text(&town.answer(ticket)), [said], "{mood:?}");
        town.machines.get_mut(&server).unwrap().mood = Mood::Well;
        town.run_ms(3 * KEEP_MS);
        let machine = &town.machines[&server];
        assert_eq!((machine.ended, machine.created), (0, 1), "{mood:?}");
        assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
    }
}

#[test]
fn what_went_while_its_owner_was_not_there_is_told_to_its_home() {
    for has_more in [false, true] {
        let mut town = Town::new();
        let server = town.server(1, 1, |_| {});
        let tenant = town.tenant(0);
        town.create(0, tenant, WEEKLY).unwrap();
        if has_more {
            town.create(0, tenant, "monthly").unwrap();
        }
        town.run_ms(70_000);
        let key = (tenant, Room::of(tenant, WEEKLY));
        let machine = town.machines.get_mut(&server).unwrap();
        machine.meetings.remove(&key);
        town.restart(1);
        town.run_ms(150_000);
        let standing = |room: &str| {
            town.core(0)
                .room(&tenant, &Room::of(tenant, room))
                .unwrap()
                .standing
        };
        assert_eq!(standing(WEEKLY), Standing::Ended);
        assert!(!has_more || standing("monthly") == Standing::Placed);
    }
}

#[test]
fn a_copy_on_another_server_of_the_same_owner_is_ended_unless_people_are_in_it() {
    for people in [0, 2] {
        let mut town = Town::new();
        let first = town.server(1, 1, |_| {});
        let tenant = town.tenant(0);
        town.create(0, tenant, WEEKLY).unwrap();
        let second = town.server(1, 2, |server| server.region = NEAR.parse().unwrap());
        town.run_ms(5_000);
        let key = (tenant, Room::of(tenant, WEEKLY));
        let machine = town.machines.get_mut(&second).unwrap();
        machine.meetings.insert(key, people);
        town.run_ms(90_000);
        let machine = &town.machines[&second];
        assert_eq!(machine.ended, u32::from(people == 0));
        assert!(town.machines[&first].meetings.contains_key(&key));
        assert_eq!(town.create(0, tenant, WEEKLY), Ok(first));
        assert_eq!(town.machines[&first].created, 1);
    }
}

#[test]
fn the_end_of_a_create_that_came_too_late_does_not_end_the_next_one() {
    let mut town = Town::new();
    let server = town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    town.machines.get_mut(&server).unwrap().mood = Mood::Silent;
    town.call(0, tenant, Some(WEEKLY), Method::Create);
    town.run_ms(2_000);
    // The server has not said yet what became of the end it was told of.
    town.machines.get_mut(&server).unwrap().mood = Mood::Well;
    town.call(0, tenant, Some(WEEKLY), Method::Create);
    town.run_ms(2_000);
    assert_eq!(town.machines[&server].created, 1);
    town.run_ms(30_000);
    assert_eq!(town.create(0, tenant, WEEKLY), Ok(server));
}
