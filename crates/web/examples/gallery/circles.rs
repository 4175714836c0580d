//! Samples of the pages about circles at work.

use domain::{
    id::Timestamp,
    record::{ActionState, Repetition, Rhythm, Until},
};
use maud::Markup;
use web::{
    gatherings::day_of,
    onboarding::Step,
    pages::{
        action,
        calendar::{self, Planned},
        circle::{self, Circle, Documents, Forms, Participant},
        form::Filled,
        gathering::{self, Gathering, RoomChoice, repetition_word},
        home::Own,
        onboarding::Checklist,
        parts::Name,
        work::{ActionPoint, Doer, Happening, Term},
    },
};

use super::{
    others::items,
    sample::{frame, hours_ago, in_hours, member},
};

pub fn tech() -> Name {
    Name::new("c-tech", "Technology Operations")
}

fn action_point(words: &str, due: Option<Timestamp>, state: ActionState) -> ActionPoint {
    ActionPoint {
        id: "a1".into(),
        words: Some(words.to_owned()),
        circle: tech(),
        doer: Doer {
            member: member(1),
            person: Some(("x".into(), Some("Noor".into()))),
        },
        due,
        state,
        changed: hours_ago(30),
        begun: (Some("Imke".into()), hours_ago(200)),
        source: Some(("/decide/p1".into(), "Keep meeting recordings".into())),
        may_change: true,
    }
}

fn open() -> Vec<ActionPoint> {
    vec![
        action_point(
            "Ask three co-ops for an offer",
            Some(hours_ago(20)),
            ActionState::Open,
        ),
        ActionPoint {
            words: None,
            ..action_point("", Some(in_hours(60)), ActionState::Open)
        },
        ActionPoint {
            doer: Doer {
                member: member(2),
                person: None,
            },
            may_change: false,
            ..action_point("Write down who has which key", None, ActionState::Open)
        },
    ]
}

pub fn happening(hours: u64, is_cancelled: bool) -> Happening {
    Happening {
        gathering: Name::new("g1", "Operations call"),
        circle: tech(),
        start: in_hours(hours),
        end: in_hours(hours + 1),
        day: 20_780,
        place: "https://meet.example.org/operations".into(),
        is_cancelled,
    }
}

fn happenings() -> Vec<Happening> {
    vec![
        happening(20, false),
        happening(188, true),
        happening(356, false),
    ]
}

fn term(until: Timestamp) -> Term {
    Term {
        circle: tech(),
        person: Some("Noor".into()),
        until,
    }
}

/// What home shows of the reader's circles.
pub fn own() -> Own {
    Own {
        actions: open().into_iter().take(2).collect(),
        gatherings: happenings(),
        terms: vec![term(hours_ago(40))],
        reviews: vec![(
            Name::new("p3", "Pay for work on translations"),
            in_hours(100),
        )],
    }
}

/// The first steps, half done.
pub fn checklist() -> Checklist {
    Checklist {
        steps: vec![
            (Step::Profile, true),
            (Step::Delegate, true),
            (Step::SecondSteward, false),
            (Step::People, true),
            (Step::Circle, false),
            (Step::Vote, true),
            (Step::Node, true),
            (Step::Mail, false),
        ],
        member: "m".into(),
        sends_mail: true,
    }
}

fn view() -> Circle {
    let person = |name: Option<&str>, roles: Vec<(bool, &str, Option<Timestamp>)>| Participant {
        name: name.map(str::to_owned),
        member: member(1),
        roles: roles
            .into_iter()
            .map(|(coordinates, title, until)| circle::Part {
                coordinates,
                title: title.to_owned(),
                until,
                by_decision: coordinates,
            })
            .collect(),
    };
    let document = |id: &str, title: &str| (Name::new(id, title), hours_ago(50));
    Circle {
        circle: tech(),
        keeper: member(1),
        domain: "Servers of the federation and their upkeep.".into(),
        rhythm: "every second Tuesday, 16:00 UTC".into(),
        ended: false,
        people: vec![
            person(
                Some("Noor"),
                vec![(true, "coordinator", Some(in_hours(400)))],
            ),
            person(Some("Imke"), vec![(false, "keeper of the keys", None)]),
            person(None, Vec::new()),
        ],
        joined: true,
        joined_itself: true,
        term: Some(term(in_hours(400))),
        open: open(),
        closed: vec![action_point(
            "Renew the certificate",
            None,
            ActionState::Done,
        )],
        doers: doers(),
        own: "m-gull:i".into(),
        gatherings: happenings(),
        documents: Documents {
            minutes: vec![document(
                "d1",
                "Minutes of Technology Operations, 3 November 2026",
            )],
            agendas: vec![document("d2", "Agenda for December")],
            ..Documents::default()
        },
        proposals: items(),
        may_edit: true,
        candidates: vec![Name::new("i", "Imke")],
    }
}

fn doers() -> Vec<Name> {
    vec![
        Name::new("m-gull:i", "Imke (Gull Works)"),
        Name::new("m-heron:x", "Noor (Heron Hosting)"),
        Name::new("m-heron:", "Heron Hosting"),
    ]
}

fn gathering() -> Gathering {
    Gathering {
        gathering: Name::new("g1", "Operations call"),
        circle: tech(),
        first: day_of(20_780).expect("a day of the calendar"),
        time: "18:00".into(),
        zone: "Europe/Madrid".into(),
        is_zone_known: true,
        minutes: 60,
        repetition: Some(repetition()),
        last_day: String::new(),
        place: "https://meet.example.org/operations".into(),
        ended: false,
        next: happenings(),
        documents: Documents::default(),
        may_change: true,
        rooms: Some(RoomChoice {
            here: None,
            offered: vec![Name::new("r1", "Weekly")],
        }),
    }
}

fn in_room() -> Gathering {
    let token = "A".repeat(22);
    Gathering {
        place: format!("https://moot.example.org/rooms/{}/{token}", "0a".repeat(16)),
        rooms: Some(RoomChoice {
            here: Some(Name::new("r1", "Weekly")),
            offered: Vec::new(),
        }),
        ..gathering()
    }
}

fn repetition() -> Repetition {
    Repetition {
        rhythm: Rhythm::MonthsFromBeginning,
        every: 1,
        until: Until::Count(12),
    }
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/circles/c-tech");
    let plain = Filled::default();
    let wrong = Forms {
        action: Filled::from_pairs([("what", ""), ("who", "m-gull:i"), ("due", "2026-12-01")])
            .with_error("what", "What: write something."),
        ..Forms::default()
    };
    let outside = Circle {
        joined: false,
        joined_itself: false,
        term: None,
        open: Vec::new(),
        closed: Vec::new(),
        gatherings: Vec::new(),
        documents: Documents::default(),
        may_edit: false,
        candidates: Vec::new(),
        ..view()
    };
    let fields = gathering::Fields {
        title: "Operations call".into(),
        day: "2026-11-23".into(),
        time: "18:00".into(),
        zone: "Europe/Madrid".into(),
        minutes: "60".into(),
        repeats: repetition_word(Some(Repetition {
            every: 3,
            ..repetition()
        })),
        ..gathering::Fields::default()
    };
    let planned = vec![
        (
            in_hours(3),
            Planned::Vote("p1".into(), "Keep recordings".into()),
        ),
        (in_hours(20), Planned::Gathering(happening(20, false))),
        (in_hours(21), Planned::Action(Box::new(open().remove(1)))),
        (
            in_hours(50),
            Planned::Integration("p2".into(), "Second server".into()),
        ),
        (
            in_hours(100),
            Planned::Review("p3".into(), "Pay for work".into()),
        ),
        (in_hours(188), Planned::Gathering(happening(188, true))),
    ];
    let one = &open()[0];
    vec![
        ("circle", circle::page(&at, &view(), &Forms::default())),
        ("circle-wrong", circle::page(&at, &view(), &wrong)),
        (
            "circle-outside",
            circle::page(&at, &outside, &Forms::default()),
        ),
        (
            "action",
            action::page(&at, one, &doers(), "2026-11-21", &plain),
        ),
        ("gathering", gathering::page(&at, &gathering(), &plain)),
        (
            "gathering-in-room",
            gathering::page(&at, &in_room(), &plain),
        ),
        (
            "gathering-new",
            gathering::edit(&at, &tech(), None, &gathering::Fields::default(), &plain),
        ),
        (
            "gathering-edit",
            gathering::edit(&at, &tech(), Some("g1"), &fields, &plain),
        ),
        ("calendar", calendar::page(&at, false, &planned)),
        ("calendar-empty", calendar::page(&at, true, &[])),
    ]
}
