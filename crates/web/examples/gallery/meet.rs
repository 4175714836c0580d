//! Samples of Meet and of what was used.

use domain::{
    id::{ServerId, TenantId},
    record::Room,
};
use maud::Markup;
use replica::view::Used;
use routing::{Distance, Reason, Suspicion, Tier, candidate::State};
use web::meetings::usage::Month;
use web::pages::form::Filled;
use web::pages::meet::{self, Live, Meet, Part, Region, Server, ServerState, Taken, Unplaced, Why};
use web::pages::parts::Name;
use web::pages::usage::{self, Line, OfMember, Usage};

use super::sample::{frame, hours_ago, member};

pub(super) fn server(name: &str, owner: u8, state: ServerState, places: u64, users: u64) -> Server {
    let answers = state != ServerState::NotAnswering;
    Server {
        id: ServerId([owner; 16]),
        name: name.to_owned(),
        owner: member(usize::from(owner)),
        state,
        places,
        taken: answers.then_some(Taken {
            users,
            meetings: users / 15,
            utilisation_ppm: users * 1_100_000 / places,
            fullest: if owner == 1 {
                Part::Processing
            } else {
                Part::People
            },
        }),
        heard: (owner != 4).then(|| hours_ago(u64::from(!answers))),
        is_down: false,
    }
}

fn regions() -> Vec<Region> {
    let region = |name: &str, servers| Region {
        name: name.to_owned(),
        servers,
    };
    vec![
        region(
            "ca-east",
            vec![
                server("Montréal 1", 1, ServerState::Open, 250, 110),
                server("Ontario 1", 2, ServerState::Cordoned, 150, 18),
            ],
        ),
        region(
            "eu-north",
            vec![server("Umeå", 4, ServerState::NotAnswering, 50, 0)],
        ),
        region(
            "eu-west",
            vec![
                server("Amsterdam cluster", 3, ServerState::Open, 400, 143),
                server("Demo", 0, ServerState::NotAnswering, 30, 0),
                server("Germany 1", 1, ServerState::Draining, 200, 54),
                server("Test 1", 2, ServerState::TestsOnly, 50, 0),
            ],
        ),
    ]
}

fn why() -> Why {
    let candidates = [
        (
            "Montréal 1",
            Reason::Chosen {
                score_ppm: 492_000,
                tier: Tier::A,
                distance: Distance::Near,
            },
        ),
        (
            "Amsterdam cluster",
            Reason::OverLimit {
                score_ppm: 962_000,
                limit_ppm: 950_000,
            },
        ),
        (
            "Demo",
            Reason::Suspected(Suspicion::NotAcknowledged { waited_ms: 400 }),
        ),
        (
            "Ontario 1",
            Reason::Cordoned {
                state: Some(State::Cordoned),
            },
        ),
        ("Germany 1", Reason::Drained),
    ];
    let candidates = candidates.map(|(name, reason)| (name.to_owned(), reason));
    Why {
        at: hours_ago(1),
        users: 60,
        elapsed_ms: 412,
        candidates: candidates.into(),
    }
}

pub fn live(number: u8, tenant: &str, is_owner_away: bool) -> Live {
    let (server, owner) = if is_owner_away {
        ("Demo", member(0))
    } else {
        ("Montréal 1", member(1))
    };
    Live {
        tenant: TenantId([number; 16]),
        tenant_name: tenant.to_owned(),
        room: Room([0x30 + number; 16]),
        title: None,
        since: hours_ago(u64::from(number)),
        server: Some((server.to_owned(), owner, "ca-east".to_owned())),
        server_id: ServerId([number; 16]),
        expected: Some(60),
        now: (number == 1).then_some(55),
        why: (number < 3).then(why),
        is_owner_away,
        may_release: is_owner_away,
    }
}

fn meet_view() -> Meet {
    let mut none = why();
    none.candidates.remove(0);
    Meet {
        regions: regions(),
        live: vec![
            live(1, "Greenlight of the platform co-op", false),
            live(2, "Nextcloud", true),
            live(3, "Moodle of the school", false),
        ],
        others: 4,
        unplaced: vec![Unplaced {
            tenant: TenantId([9; 16]),
            tenant_name: "Greenlight of the platform co-op".to_owned(),
            room: Room([9; 16]),
            title: None,
            why: none,
        }],
        has_tenants: true,
    }
}

fn usage_view() -> Usage {
    let used = |participant_minutes, meetings, peak| Used {
        meetings,
        participant_minutes,
        peak,
    };
    let line = |tenant: Option<&str>, server: &str, owner, used| Line {
        tenant: tenant.map(str::to_owned),
        tenant_id: "0a1b2c3d".to_owned(),
        server: Some(server.to_owned()),
        server_id: "4e5f6071".to_owned(),
        owner: member(owner),
        used,
    };
    let greenlight = Some("Greenlight of the platform co-op");
    let month = Month::parse("2026-11").expect("a month");
    Usage {
        month,
        members: vec![
            OfMember {
                member: member(1),
                lines: vec![
                    line(greenlight, "Montréal 1", 1, used(12_640, 31, 55)),
                    line(greenlight, "Amsterdam cluster", 3, used(3_120, 9, 143)),
                ],
                used: used(15_760, 40, 143),
            },
            OfMember {
                member: Name::new("m9", "Saltmarsh Gardens"),
                lines: vec![line(None, "Amsterdam cluster", 3, used(61, 1, 4))],
                used: used(61, 1, 4),
            },
        ],
        servers: vec![
            (
                "Amsterdam cluster".to_owned(),
                member(3),
                used(3_181, 10, 143),
            ),
            ("Montréal 1".to_owned(), member(1), used(12_640, 31, 55)),
        ],
        used: used(15_821, 41, 143),
        next: None,
    }
}

/// The pages.
pub fn pages() -> Vec<(&'static str, Markup)> {
    let plain = Filled::default();
    let refused = Filled::default().with_error("", "The owner of its server can be asked.");
    let nothing = Usage {
        members: Vec::new(),
        servers: Vec::new(),
        ..usage_view()
    };
    let show = |view: &Meet, filled: &Filled| meet::page(&frame("/meet"), view, filled);
    vec![
        ("meet", show(&meet_view(), &plain)),
        ("meet-refused", show(&meet_view(), &refused)),
        ("meet-empty", show(&Meet::default(), &plain)),
        ("usage", usage::page(&frame("/meet/usage"), &usage_view())),
        ("usage-empty", usage::page(&frame("/meet/usage"), &nothing)),
    ]
}
