//! Samples of the pages about rooms.

use maud::Markup;
use web::pages::circle::Documents;
use web::pages::form::Filled;
use web::pages::frame::Frame;
use web::pages::parts::Name;
use web::pages::rooms::door::{self, Door};
use web::pages::rooms::one::{self, Gathering, Hold, Holding, Room, Running};
use web::pages::rooms::recordings::{self, Recorded, State, Watched};
use web::pages::rooms::{self, Fields, Listed, Offer};
use web::rooms::{Entrance, links::Role};

use super::{
    circles::{happening, tech},
    meet::live,
    sample::{frame, hours_ago, in_hours, member, visitor},
};

const LINK: &str =
    "https://moot.example.org/rooms/00112233445566778899aabbccddeeff/inventedinventedinvent";

fn listed(number: u8, title: &str) -> Listed {
    Listed {
        room: Name::new(format!("r{number}"), title),
        since: (number == 1).then(|| hours_ago(1)),
        now: (number == 1).then_some(7),
        expected: 12,
        next: (number == 2).then(|| in_hours(20)),
        is_closed: number == 4,
    }
}

fn offer() -> Offer {
    Offer {
        regions: vec!["ca-east".into(), "eu-west".into()],
        recording: true,
    }
}

fn room() -> Room {
    Room {
        room: Name::new("r1", "Weekly <call> of everybody who looks after servers"),
        region: "ca-east".into(),
        expected: 12,
        record: true,
        entrance: Entrance::Asked,
        is_closed: false,
        running: None,
        why_not: None,
        links: (LINK.into(), LINK.replace("invented", "moderate")),
        gathering: None,
        holding: None,
        circles: vec![tech()],
        may_change: true,
    }
}

fn running() -> Room {
    Room {
        running: Some(Running {
            since: hours_ago(1),
            live: Some(live(1, "Rooms", false)),
            now: Some(7),
        }),
        gathering: Some(Gathering {
            gathering: Name::new("g1", "Operations call"),
            circle: tech(),
            next: vec![happening(20, false), happening(188, true)],
            documents: Documents::default(),
            is_over: false,
            is_link_void: true,
        }),
        holding: Some(holding(Hold::Refused(40))),
        ..room()
    }
}

fn holding(hold: Hold) -> Holding {
    Holding {
        starts: in_hours(20),
        users: 150,
        hold,
    }
}

fn held() -> Room {
    Room {
        running: None,
        holding: Some(holding(Hold::Held("Montréal 1".into(), member(1)))),
        ..running()
    }
}

fn of_rooms() -> Vec<(&'static str, Markup)> {
    let (at, none) = (frame("/rooms"), Filled::default());
    let wrong = Filled::from_pairs([("title", "x"), ("people", "0"), ("entrance", "asked")])
        .with_error("title", "A title has one line of 2 to 100 characters.")
        .with_error("people", "Enter a number from 1 to 1000.");
    let all = [
        listed(1, "Weekly"),
        listed(2, "Assembly"),
        listed(3, "Choir"),
        listed(4, "Old one"),
    ];
    let full = Filled::from_pairs([("csrf", "x")])
        .with_error("", "No room for 60 now. Try again later, or try 40.");
    let closed = Room {
        is_closed: true,
        may_change: false,
        ..room()
    };
    let silent = Room {
        running: Some(Running {
            since: hours_ago(2),
            live: Some(live(2, "Rooms", true)),
            now: None,
        }),
        circles: Vec::new(),
        ..room()
    };
    let name = Name::new("r1", "Weekly");
    vec![
        ("rooms", rooms::list(&at, &all, &offer(), &none)),
        (
            "rooms-none",
            rooms::list(&at, &[], &Offer::default(), &none),
        ),
        ("rooms-wrong", rooms::list(&at, &all, &offer(), &wrong)),
        ("room", one::page(&at, &room(), &none)),
        ("room-held", one::page(&at, &held(), &none)),
        ("room-running", one::page(&at, &running(), &none)),
        ("room-silent", one::page(&at, &silent, &none)),
        ("room-full", one::page(&at, &room(), &full)),
        ("room-closed", one::page(&at, &closed, &none)),
        (
            "room-edit",
            rooms::edit(&at, &name, (&Fields::default(), &offer()), &none),
        ),
    ]
}

fn of_recordings() -> Vec<(&'static str, Markup)> {
    let (at, none) = (frame("/rooms/r1/recordings"), Filled::default());
    let name = Name::new("r1", "Weekly");
    let recorded = |number: u64, state| Recorded {
        id: format!("rec-{number}"),
        started: (number > 1).then(|| hours_ago(number)),
        state,
        watched: vec![Watched {
            kind: "presentation".into(),
            url: "https://bbb.example.org/playback".into(),
            minutes: Some(number),
        }],
    };
    let all = [
        recorded(1, State::Processing),
        recorded(30, State::Published),
        recorded(60, State::Unpublished),
    ];
    vec![
        (
            "room-recordings",
            recordings::page(&at, &name, (&all, true), &none),
        ),
        (
            "room-recordings-none",
            recordings::page(&at, &name, (&[], false), &none),
        ),
    ]
}

fn door(role: Role) -> Door {
    Door {
        path: "/rooms/r1/invented".into(),
        title: "Weekly <call>".into(),
        member: "Heron Hosting".into(),
        role,
        entrance: Entrance::Asked,
        since: None,
        ended: None,
        next: None,
        name: String::new(),
        own: None,
    }
}

fn of_doors() -> Vec<(&'static str, Markup)> {
    let at: Frame = visitor("/rooms/r1/invented");
    let none = Filled::default();
    let wrong = Filled::from_pairs([("name", "")])
        .with_error("name", "Enter the name that others are to see.");
    let early = Door {
        next: Some(in_hours(20)),
        ..door(Role::Guest)
    };
    let begun = Door {
        since: Some(hours_ago(1)),
        name: "Imke".into(),
        own: Some("/rooms/r1".into()),
        ..door(Role::Guest)
    };
    vec![
        ("door-early", door::page(&at, &early, &none)),
        ("door-wrong", door::page(&at, &door(Role::Guest), &wrong)),
        ("door-begun", door::page(&at, &begun, &none)),
        (
            "door-moderator",
            door::page(&at, &door(Role::Moderator), &none),
        ),
        ("door-void", door::void(&at)),
        (
            "door-going",
            door::going(&at, "Weekly <call>", "https://bbb.example.org/join?a=1&b=2"),
        ),
    ]
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let mut pages = of_rooms();
    pages.extend(of_recordings());
    pages.extend(of_doors());
    pages
}
