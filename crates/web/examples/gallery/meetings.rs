//! Samples of the pages about servers and front ends.

use domain::record::Service;
use maud::Markup;
use web::meetings::SecretState;
use web::meetings::levels::level;
use web::meetings::limits::Rules;
use web::pages::form::Filled;
use web::pages::meet::ServerState;
use web::pages::parts::Name;
use web::pages::servers::{self, Answered, Server, Typed};
use web::pages::tenants::{self, Once, Tenant};

use super::sample::{frame, hash, in_hours, member};

fn server(index: usize, name: &str, region: &str, service: Service) -> Server {
    Server {
        server: Name::new(hash(index as u8), name),
        owner: member(index),
        region: region.into(),
        service,
        users: 200,
        rooms: 40,
        room_users: 200,
        features: match index {
            0 => vec!["dedicated".into(), "recording".into()],
            _ => vec![],
        },
        share_percent: 50,
        energy: if index == 0 {
            "hydro".into()
        } else {
            String::new()
        },
        cost: (index == 0).then(|| ("30.00".into(), "EUR".into())),
        secret: Some(match index {
            0 => SecretState::Here,
            1 => SecretState::Shut,
            _ => SecretState::Missing,
        }),
        meetings: if index == 0 { 3 } else { 0 },
        now: super::meet::server(
            name,
            index as u8,
            match index {
                0 => ServerState::Open,
                _ => ServerState::NotAnswering,
            },
            200,
            66,
        ),
    }
}

fn all() -> Vec<Server> {
    vec![
        server(0, "Montréal 1", "ca-east", Service::Open),
        server(1, "Groningen 1", "eu-west", Service::Cordoned),
        server(2, "Groningen 2", "eu-west", Service::Draining),
        server(3, "Lab", "eu-north", Service::TestsOnly),
    ]
}

fn tenant(name: &str, secret: SecretState, rules: Option<Rules>) -> Tenant {
    Tenant {
        tenant: Name::new(hash(9), name),
        member: member(1),
        region: "eu-west".into(),
        secret,
        old_until: vec![in_hours(100)],
        rules,
        is_of_rooms: false,
    }
}

fn rules() -> Rules {
    Rules {
        limits: level("level-3").expect("there is a level 3").limits,
        defaults: vec![("welcome".into(), "Hello".into())],
        forced: vec![("record".into(), "false".into())],
        features: ["recording".to_owned()].into(),
        level: "level-3".into(),
    }
}

fn of_servers() -> Vec<(&'static str, Markup)> {
    let none = Filled::default();
    let at = frame("/node/servers");
    let wrong = Filled::from_pairs([("name", "Montréal 2"), ("url", "http://10.0.0.1")])
        .with_error(
            "url",
            "The address is not usable: it must begin with https://.",
        );
    let typed = Typed {
        url: "https://bbb.example.org".into(),
        cpu_units: "608".into(),
        net_out_kbit_s: "1000000".into(),
        algorithm: "sha256".into(),
        allow_private: true,
        allow_http: false,
    };
    let answered = Answered {
        version: "2.0".into(),
        release: "3.0.4".into(),
        round_trip_ms: 42,
        clock_ahead_ms: Some(-61_000),
    };
    let (own, shut) = (&all()[0], &all()[1]);
    vec![
        ("servers", servers::all(&frame("/meet/servers"), &all())),
        ("servers-none", servers::all(&frame("/meet/servers"), &[])),
        ("node-servers", servers::own(&at, &all(), &none)),
        ("node-servers-wrong", servers::own(&at, &[], &wrong)),
        (
            "node-server",
            servers::edit(&at, (own, &typed), Some(&answered), &none),
        ),
        (
            "node-server-shut",
            servers::edit(&at, (shut, &typed), None, &wrong),
        ),
    ]
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let none = Filled::default();
    let at = frame("/node/tenants");
    let members = [
        (hash(1), "Heron Hosting".to_owned()),
        (hash(2), "Lathe & Loom".to_owned()),
    ];
    let tenants = [
        tenant("Greenlight", SecretState::Here, Some(rules())),
        tenant("School", SecretState::Missing, None),
    ];
    let rooms = Tenant {
        is_of_rooms: true,
        ..tenant("Rooms", SecretState::Here, Some(rules()))
    };
    let made = Once {
        secret: Some("invented-secret".into()),
        ..Once::default()
    };
    let configured = Once {
        configuration: Some(("Moodle", "php admin/cli/cfg.php".into())),
        ..Once::default()
    };
    let wrong = Filled::from_pairs([("forced", "checksum=1")])
        .with_error("forced", "The parameter checksum is the front end's own.");
    let mut pages = of_servers();
    pages.extend([
        (
            "node-tenants",
            tenants::list(&at, &tenants, &members, &none),
        ),
        (
            "node-tenants-none",
            tenants::list(&at, &[], &members[..1], &none),
        ),
        (
            "node-tenant-secret",
            tenants::one(&at, &tenants[0], &made, &none),
        ),
        (
            "node-tenant-rooms",
            tenants::one(&at, &rooms, &Once::default(), &none),
        ),
        (
            "node-tenant",
            tenants::one(&at, &tenants[0], &configured, &none),
        ),
        (
            "node-tenant-wrong",
            tenants::one(&at, &tenants[0], &Once::default(), &wrong),
        ),
        (
            "node-tenant-elsewhere",
            tenants::one(&at, &tenants[1], &Once::default(), &none),
        ),
    ]);
    pages
}
