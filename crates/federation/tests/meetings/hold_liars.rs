//! Members that lie about what they want held.

use domain::{
    id::{TenantId, Timestamp},
    record::Room,
};
use federation::{
    Input,
    meetings::{
        holds::{Hold, Refusal, WANTED_MAX},
        wire::Said,
    },
    message::Message,
};
use routing::hold::HOLDS_PER_MEMBER_MAX;

use crate::{
    holds::{ASSEMBLY, DAY_MS, HOUR_MS, standing, want, wanted},
    town::{Town, WEEKLY},
};

/// A node says something to another, whatever its core thinks of it.
fn say(town: &mut Town, from: usize, to: usize, said: Said) {
    let from = town.node_key(from);
    let message = Message::Meetings(Box::new(said));
    town.give(to, Input::Message(from, message));
    town.run_ms(200);
}

fn refusals(town: &Town) -> Vec<Refusal> {
    let said = town.said.iter().filter_map(|(_, _, said)| match said {
        Said::NotHeld { why, .. } => Some(*why),
        _ => None,
    });
    said.collect()
}

fn on(town: &Town, node: usize) -> usize {
    town.core(node).holds_here().count()
}

fn hold(town: &Town, tenant: TenantId, room: &str, starts: Timestamp) -> Hold {
    let mut servers = town.core(1).view().meetings.servers.keys();
    Hold {
        tenant,
        room: Room::of(tenant, room),
        server: *servers.next().unwrap(),
        starts,
        users: 40,
    }
}

fn town() -> (Town, TenantId, Timestamp) {
    let mut town = Town::new();
    town.server(1, 1, |_| {});
    let tenant = town.tenant(0);
    let starts = town.world.now.plus_ms(DAY_MS);
    (town, tenant, starts)
}

#[test]
fn only_the_home_of_a_tenant_holds_servers_for_it() {
    let (mut town, tenant, starts) = town();
    let second = town.second_node(0);
    let hold = hold(&town, tenant, ASSEMBLY, starts);
    for stranger in [2, second] {
        town.said.clear();
        say(&mut town, stranger, 1, Said::Hold(hold));
        assert_eq!(refusals(&town), [Refusal::NotAllowed]);
    }
    say(&mut town, 0, 1, Said::Hold(hold));
    assert_eq!(on(&town, 1), 1);
    let (tenant, room) = (hold.tenant, hold.room);
    say(&mut town, 2, 1, Said::GiveUp { tenant, room });
    assert_eq!(on(&town, 1), 1, "nor does another member give it up");
}

#[test]
fn a_member_holds_no_more_than_its_number_however_often_it_asks() {
    let (mut town, tenant, starts) = town();
    for number in 0..1_000_u64 {
        let starts = starts.plus_ms(number % 60 * DAY_MS);
        let hold = hold(&town, tenant, &number.to_string(), starts);
        say(&mut town, 0, 1, Said::Hold(hold));
    }
    assert_eq!(on(&town, 1), HOLDS_PER_MEMBER_MAX);
    assert!(refusals(&town).contains(&Refusal::TooMany));
}

#[test]
fn holds_beyond_any_measure_are_refused() {
    let (mut town, tenant, starts) = town();
    let hold = hold(&town, tenant, ASSEMBLY, starts);
    let odd = [
        (
            Hold {
                users: u32::MAX,
                ..hold
            },
            Refusal::TooLarge,
        ),
        (
            Hold {
                starts: Timestamp::MAX,
                ..hold
            },
            Refusal::Time,
        ),
        (
            Hold {
                starts: Timestamp(0),
                ..hold
            },
            Refusal::Time,
        ),
        (
            Hold {
                server: domain::id::ServerId([7; 16]),
                ..hold
            },
            Refusal::Closed,
        ),
    ];
    for (hold, why) in odd {
        town.said.clear();
        say(&mut town, 0, 1, Said::Hold(hold));
        assert_eq!(refusals(&town), [why]);
        assert_eq!(on(&town, 1), 0);
    }
}

#[test]
fn a_hold_that_is_moved_on_and_on_keeps_a_server_for_some_hours_and_no_more() {
    let (mut town, tenant, _) = town();
    let mut blocked_ms = 0;
    let begun = town.world.now;
    while town.world.now < begun.plus_ms(14 * DAY_MS) {
        let starts = town.world.now.plus_ms(HOUR_MS);
        let hold = hold(&town, tenant, WEEKLY, starts);
        say(&mut town, 0, 1, Said::Hold(hold));
        town.run_ms(HOUR_MS);
        blocked_ms += HOUR_MS * on(&town, 1) as u64;
    }
    assert!(blocked_ms <= 8 * HOUR_MS, "{blocked_ms} ms");
    assert!(refusals(&town).contains(&Refusal::Unused));
}

#[test]
fn one_member_that_holds_leaves_others_what_they_are_entitled_to() {
    let (mut town, tenant, starts) = town();
    town.server(1, 2, |_| {});
    // Two members have a part in meetings: beyond a single one, half of all is the most.
    for number in 0..8 {
        let mut hold = hold(&town, tenant, &number.to_string(), starts);
        for server in town.core(1).view().meetings.servers.clone().into_keys() {
            hold.server = server;
            say(&mut town, 0, 1, Said::Hold(hold));
        }
    }
    let all: u64 = town
        .core(1)
        .holds_here()
        .map(|here| routing::capacity::Load::typical(here.hold.users).cpu_units_milli)
        .sum();
    assert!(all <= 1_216_000, "{all} of 2 432 000");
    assert!(refusals(&town).contains(&Refusal::Entitlement));
}

#[test]
fn an_owner_that_says_it_holds_what_nobody_wants_is_told_so_and_no_stranger_is_believed() {
    let (mut town, tenant, starts) = town();
    let other = hold(&town, tenant, "other", starts);
    want(&mut town, 0, vec![wanted(tenant, ASSEMBLY, starts, 40)]);
    let before = standing(&town, 0, tenant, ASSEMBLY);
    town.said.clear();
    say(&mut town, 1, 0, Said::Held(other));
    let given_up = |town: &Town| {
        let given_up = |said: &&(usize, usize, Said)| matches!(said.2, Said::GiveUp { .. });
        town.said.iter().filter(given_up).count()
    };
    assert_eq!(given_up(&town), 1);
    say(&mut town, 2, 0, Said::Held(other));
    assert_eq!(given_up(&town), 1, "it is no server of that member");
    let hold = hold(&town, tenant, ASSEMBLY, starts);
    let refused = Said::NotHeld {
        hold,
        why: Refusal::Full,
        possible_users: 0,
    };
    say(&mut town, 2, 0, refused);
    assert_eq!(standing(&town, 0, tenant, ASSEMBLY), before);
}

#[test]
fn what_owners_say_before_the_home_knows_what_it_wants_is_bounded() {
    let (mut town, tenant, starts) = town();
    for number in 0..3_000 {
        let hold = hold(&town, tenant, &number.to_string(), starts);
        let from = town.node_key(1);
        let message = Message::Meetings(Box::new(Said::Held(hold)));
        town.give(0, Input::Message(from, message));
    }
    town.said.clear();
    want(&mut town, 0, Vec::new());
    assert_eq!(town.said.len(), 1_024, "each of them is given up");
}

#[test]
fn a_shell_that_wants_too_much_gets_what_starts_first() {
    let (mut town, tenant, starts) = town();
    let all = (0..2 * WANTED_MAX as u64).rev();
    let all = all.map(|number| {
        let starts = starts.plus_ms(number * HOUR_MS);
        wanted(tenant, &number.to_string(), starts, 20)
    });
    want(&mut town, 0, all.collect());
    let holds: Vec<_> = town.core(0).holds().collect();
    assert_eq!(holds.len(), WANTED_MAX);
    let last = holds.iter().map(|one| one.starts).max();
    assert_eq!(
        last,
        Some(starts.plus_ms((WANTED_MAX as u64 - 1) * HOUR_MS))
    );
}
