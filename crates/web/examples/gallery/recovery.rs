//! Samples of the page about servers that are gone for good.

use domain::id::Hash;
use maud::Markup;
use web::pages::{
    home::Connection,
    parts::Name,
    register::recovery::{self, Awaited, Recovering, Recovery, Seen, Stands, Wait},
};

use super::sample::{MEMBERS, frame, hours_ago, in_hours, visitor};

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    MEMBERS[range]
        .iter()
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

fn one(number: u8, stands: Stands) -> Recovery {
    Recovery {
        hash: Hash([number; 32]).to_string(),
        height: 12,
        at: hours_ago(30),
        gone: names(2..4),
        stands,
        needed: 3,
        announced: names(0..2),
        objected: Vec::new(),
        confirmed: names(0..1),
    }
}

fn view(is_session: bool, known: Vec<Recovery>) -> Recovering {
    let waits = vec![
        Wait {
            what: Awaited::Closing(Name::new("p1", "Keep recordings for 60 days")),
            since: hours_ago(200),
            members: names(2..4),
        },
        Wait {
            what: Awaited::Height(13, 2),
            since: hours_ago(100),
            members: names(2..4),
        },
    ];
    let validators = (0..4).map(|index| Seen {
        name: MEMBERS[index].1.to_owned(),
        typed: MEMBERS[index].1.to_owned(),
        awaited: index > 1,
        signed: (index != 3).then(|| hours_ago(1 + 100 * index as u64)),
        connection: is_session.then_some(match index {
            0 => Connection::Here,
            1 => Connection::Connected,
            2 => Connection::Silent(Some(hours_ago(201))),
            _ => Connection::Silent(None),
        }),
    });
    Recovering {
        waits,
        validators: validators.collect(),
        bearable: 1,
        organisations: (4, 3),
        notice_seconds: 14 * 24 * 3600,
        known,
    }
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let objected = Recovery {
        objected: names(3..4),
        ..one(3, Stands::Stopped(names(3..4).remove(0), hours_ago(3)))
    };
    let all = vec![
        one(1, Stands::Announcing),
        one(2, Stands::Confirming(hours_ago(2))),
        objected,
        one(4, Stands::Disputed(names(3..4).remove(0), hours_ago(3))),
        one(5, Stands::InForce(1, hours_ago(2))),
        one(6, Stands::Refused("height 13 is the last".to_owned())),
    ];
    let notice = vec![one(7, Stands::Notice(in_hours(300)))];
    let quiet = Recovering {
        waits: Vec::new(),
        ..view(false, Vec::new())
    };
    let at = "/register/recovery";
    vec![
        (
            "recovery",
            recovery::page(&visitor(at), &view(false, notice)),
        ),
        ("recovery-all", recovery::page(&frame(at), &view(true, all))),
        ("recovery-none", recovery::page(&visitor(at), &quiet)),
    ]
}
