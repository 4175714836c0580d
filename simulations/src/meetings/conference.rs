//! A conference of 300 people while most servers are busy: whether it finds a server, and how full that
//! is, by how long before it was announced (`placement`, step 9).

use domain::record::Room;
use federation::{
    Input,
    meetings::{
        call::Terms,
        holds::{Standing, Wanted},
    },
};
use routing::WHOLE_PPM;

use crate::{
    meetings::{
        happening::Stage,
        market::{Market, region},
        scenario::MeetingScenario,
        workload::{Meeting, people},
    },
    options::{HOUR, MINUTE},
    random::Random,
    world::World,
};

/// When it starts, from the beginning of what is played.
const START_MS: u64 = 210 * MINUTE;
const PEOPLE: u32 = 300;
const MEMBER: usize = 2;

/// What is planned.
pub(super) fn meeting(random: &mut Random) -> Meeting {
    let mut one = Meeting {
        member: MEMBER,
        region: MEMBER,
        start: START_MS,
        end: START_MS + 80 * MINUTE,
        size: PEOPLE,
        cameras_milli: 500,
        screen: true,
        required: false,
        hint: Some(PEOPLE),
        history: None,
        arrivals: Vec::new(),
        departures: Vec::new(),
        is_ended: true,
    };
    people(random, &mut one);
    one
}

/// How long before it its home is told, if it is.
pub(super) fn announced(scenario: MeetingScenario) -> Option<u64> {
    match scenario {
        MeetingScenario::ConferenceHeld => Some(3 * HOUR),
        MeetingScenario::ConferenceHour => Some(HOUR),
        MeetingScenario::ConferenceLate => Some(15 * MINUTE),
        _ => None,
    }
}

/// Plays on for so long, with a conference as the last meeting that was planned.
pub(super) fn play(world: &mut World, market: &mut Market, announced: Option<u64>, left: u64) {
    let begin = market.begin;
    let meeting = market.meetings.len() - 1;
    let until = |world: &World, at: u64| (begin + at).saturating_sub(world.now);
    if let Some(before) = announced {
        let wait = until(world, START_MS - before);
        market.run(world, wait);
        announce(world, market, meeting);
    }
    let wait = until(world, START_MS - 1_000);
    market.run(world, wait);
    let is_held = is_held(world);
    let wait = until(world, START_MS + MINUTE);
    market.run(world, wait);
    let is_placed = matches!(market.runs[meeting].stage, Stage::Placed(_));
    for (what, is_so) in [
        ("asked for", true),
        ("server held", is_held),
        ("placed", is_placed),
    ] {
        *market.tally.conference.entry(what).or_default() += u64::from(is_so);
    }
    let (mut most, mut over) = (0, 0);
    while world.now < begin + market.meetings[meeting].end {
        let full_ppm = fullness_ppm(market, meeting);
        most = most.max(full_ppm);
        over += u64::from(full_ppm > WHOLE_PPM);
        market.run(world, MINUTE);
    }
    let tally = &mut market.tally.conference;
    *tally.entry("server over 100 % at some time").or_default() += u64::from(most > WHOLE_PPM);
    *tally.entry("minutes on a server over 100 %").or_default() += over;
    let wait = until(world, left);
    market.run(world, wait);
}

fn announce(world: &mut World, market: &Market, meeting: usize) {
    let planned = &market.meetings[meeting];
    let (tenant, room): (_, Room) = market.keys[meeting];
    let starts = world.nodes[MEMBER].clock.show(market.begin + planned.start);
    let wanted = Wanted {
        tenant,
        room,
        starts,
        users: planned.size,
        terms: Terms {
            region: Some(region(planned.region)),
            region_required: planned.required,
            ..Terms::default()
        },
    };
    world.give(MEMBER, Input::Hold(vec![wanted]));
}

fn is_held(world: &World) -> bool {
    let core = world.nodes[MEMBER].core.as_ref();
    let mut holds = core.into_iter().flat_map(federation::Core::holds);
    holds.any(|one| matches!(one.standing, Standing::Held { .. }))
}

/// How full the server of a meeting is.
fn fullness_ppm(market: &Market, meeting: usize) -> u64 {
    let key = &market.keys[meeting];
    let machine = market
        .machines
        .iter()
        .find(|one| one.sessions.contains_key(key));
    machine.map_or(0, |machine| machine.utilisation_ppm())
}
