//! Samples of the pages about members, circles and the charter.

use domain::charter::RuleName;
use maud::Markup;
use web::pages::applicants::Journey;
use web::pages::application;
use web::pages::applications::{self, Application, Applications};
use web::pages::charter::{self, Charter};
use web::pages::circle;
use web::pages::federation::{self, Host, Listed, Member, Members, Role};
use web::pages::form::Filled;
use web::pages::home::Connection;
use web::pages::hosted;
use web::pages::parts::Name;

use super::others::{items, key};
use super::sample::{MEMBERS, frame, hash, hours_ago, in_hours, member};

pub fn pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/federation");
    let listed = |index: usize, connection| Listed {
        member: member(index),
        class: if index < 3 {
            "Producer organisations"
        } else {
            "Consumer organisations"
        }
        .into(),
        host: match index {
            3 => Host::Hosted(member(0)),
            4 => Host::Asked("Heron Hosting".into()),
            _ => Host::Own,
        },
        votes_held: match index {
            0 => 2,
            3 => 0,
            _ => 1,
        },
        region: if index == 3 {
            String::new()
        } else {
            "Wadden coast".into()
        },
        connection,
    };
    let members = Members {
        members: vec![
            listed(0, Connection::Here),
            listed(1, Connection::Connected),
            listed(2, Connection::Connected),
            listed(3, Connection::Silent(None)),
            listed(4, Connection::Silent(Some(hours_ago(8)))),
        ],
        applications: 1,
        federation: hash(1),
        former: vec![departed()],
    };
    let one = Member {
        member: member(1),
        class: "Producer organisations".into(),
        region: "Montréal".into(),
        description: "Makers of small tools.\n\nWe host two meeting servers.".into(),
        website: "https://lathe.example".into(),
        since: hours_ago(9000),
        connection: Connection::Connected,
        host: Host::Hosted(member(0)),
        hosts: vec![member(3)],
        claims: vec![member(2)],
        root_key: key(3),
        people: vec![
            (Some("Noor".into()), vec![Role::Steward, Role::Delegate]),
            (None, vec![Role::Worker]),
        ],
        circles: vec![Name::new("c-tech", "Technology Operations")],
        proposals: items(),
        forked: Some(hours_ago(70)),
        may_edit: true,
        departed: Some(departed()),
    };
    let application = |signed_here, signed: usize| Application {
        root_key: key(8),
        name: "Driftwood Press".into(),
        class: "Consumer organisations".into(),
        request: "We are nine people who print and would like to meet on your servers.".into(),
        at: hours_ago(20),
        signed_by: (1..=signed)
            .map(|index| MEMBERS[index].1.to_owned())
            .collect(),
        needed: 3,
        host: Some("Heron Hosting".into()),
        signed_here,
    };
    let waiting = Applications {
        applications: vec![application(false, 1)],
        may_admit: true,
        password_needed: false,
    };
    let profile = [
        "Heron Hosting",
        "Wadden coast",
        "We host.",
        "https://heron.example",
    ];
    vec![
        ("members", federation::members(&at, &members)),
        ("member", federation::member(&at, &one)),
        (
            "profile",
            federation::edit_profile(&at, profile, &Filled::default()),
        ),
        (
            "applications",
            applications::page(&at, &waiting, &Filled::default()),
        ),
        ("hosted", hosted::page(&at, &hosting(), &Filled::default())),
        (
            "your-host",
            hosted::own(&at, &own_host(), &Filled::default()),
        ),
        (
            "join",
            hosted::sign_up(&at, "token", &sign_up(), &Filled::default()),
        ),
        (
            "your-application",
            application::page(&at, &own_application(), &Filled::default()),
        ),
        ("charter", charter::page(&at, &charter_view())),
        ("circles", circle::list(&at, &circles())),
        (
            "circle-new",
            circle::edit(&at, None, ["", "", ""], false, &Filled::default()),
        ),
        (
            "circle-edit",
            circle::edit(
                &at,
                Some("c"),
                ["Tech", "Servers", "Mondays"],
                true,
                &Filled::default(),
            ),
        ),
    ]
}

fn departed() -> web::leaving::Departed {
    web::leaving::Departed {
        name: "Driftwood Press".into(),
        height: 17,
        time_ms: Some(hours_ago(90).0),
        expelled: false,
    }
}

fn hosting() -> hosted::Hosting {
    let guest = |index, stand, signs_itself| hosted::Guest {
        id: format!("m-{index}"),
        member: member(index),
        class: "Consumer organisations".into(),
        stand,
        signs_itself,
    };
    hosted::Hosting {
        guests: vec![
            guest(3, hosted::Stand::InForce, false),
            guest(3, hosted::Stand::ByDecision, false),
            guest(2, hosted::Stand::Moving("Lathe & Loom".into()), true),
            guest(4, hosted::Stand::Asks, false),
            guest(1, hosted::Stand::Applies(1, 3), false),
            guest(1, hosted::Stand::Journeys(Journey::Waiting), true),
            guest(0, hosted::Stand::Left { keeps_root: true }, false),
        ],
        invitation: Some(("Ada".into(), "https://heron.example/join/abc".into())),
        classes: vec![("individual".into(), "Individuals".into())],
    }
}

fn own_host() -> hosted::OwnHost {
    hosted::OwnHost {
        host: member(0),
        left: None,
        choice: hosted::Choice::Asked("Lathe & Loom".into()),
        hosts: vec![(hash(3), "Lathe & Loom".into())],
        has_keys: true,
        keys: None,
    }
}

fn sign_up() -> hosted::Entry {
    hosted::Entry {
        secret: "abc".into(),
        classes: vec![("individual".into(), "Individuals".into())],
        until: in_hours(160),
        terms: Some(terms()),
    }
}

fn terms() -> application::Terms {
    application::Terms {
        title: "Charter of the Tidewater Federation".into(),
        hash: hash(7),
        text: "title = \"Charter of the Tidewater Federation\"\n".into(),
    }
}

fn own_application() -> application::Application {
    application::Application {
        stage: application::Stage::Decided(Journey::Outdated),
        said: Some(application::Said {
            request: "We meet every month.".into(),
            contribution: "Ten hours a month".into(),
            terms: hash(6),
        }),
        to_accept: Some(terms()),
        signs_itself: false,
    }
}

fn circles() -> Vec<circle::Listed> {
    let listed = |name: &str, domain: &str, people, ended| circle::Listed {
        circle: Name::new("c", name),
        domain: domain.into(),
        people,
        ended,
    };
    vec![
        listed(
            "Technology Operations",
            "Servers and their upkeep",
            4,
            false,
        ),
        listed("Welcome", "New members", 1, false),
        listed("Forum move", "Moved the forum", 0, true),
    ]
}

fn power() -> Vec<charter::Power> {
    let power = |class: &str, voters, together, each| charter::Power {
        class: class.into(),
        voters,
        as_one: 500_000,
        together,
        each,
    };
    vec![
        power("Producer organisations", 3, 571_428, 190_476),
        power("Consumer organisations", 2, 428_571, 214_285),
    ]
}

fn charter_view() -> Charter {
    let classes = vec![
        "Producer organisations".to_owned(),
        "Consumer organisations".to_owned(),
    ];
    let rule = |kind, is_default| charter::Rule {
        kind,
        classes: classes.clone(),
        quorum: (1, 3),
        quorum_today: (2, 5),
        by_strength: matches!(kind, RuleName::ClassWeighted | RuleName::Charter),
        power: (kind != RuleName::Consent).then(power),
        is_default,
    };
    Charter {
        title: "Charter of the Tidewater Federation".into(),
        hash: hash(2),
        aims: super::sample::rule().aims,
        classes: vec![
            ("Producer organisations".into(), 40, 3),
            ("Consumer organisations".into(), 35, 2),
            ("Individuals".into(), 25, 0),
        ],
        rules: vec![
            rule(RuleName::ConsentThenVote, true),
            rule(RuleName::Consent, false),
            rule(RuleName::OneMemberOneVote, false),
            rule(RuleName::ClassWeighted, false),
            rule(RuleName::Charter, false),
        ],
        majority: (2, 3),
        assent: (1, 2),
        assent_extended: (1, 3),
        integration_seconds: 259_200,
        minimum_agrees: 1,
        minimum_blocks: 1,
        reason_characters_min: 20,
        allows_disagree: false,
        regular_seconds: 604_800,
        urgent_seconds: 259_200,
        clock_bound_seconds: 60,
        others: vec![("duty.hours-per-year".into(), "40".into())],
    }
}
