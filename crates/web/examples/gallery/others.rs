//! Samples of the other pages.

use domain::charter::RuleName;
use domain::decision::Choice;
use maud::Markup;
use web::leaving::{Held, Leaving, Open, Served};
use web::pages::account::{self, Account, Token, Welcome};
use web::pages::decide::{self, Item, Show};
use web::pages::draft::Draft;
use web::pages::effect::Choices;
use web::pages::error::{self, Failure};
use web::pages::federation::Role;
use web::pages::form::Filled;
use web::pages::help::{self, Word};
use web::pages::home::{self, Connection, Event, Happened, Home, Need};
use web::pages::keys::{self, Key, Purpose};
use web::pages::node::{self, CatchUp, Node, Peer, Trouble};
use web::pages::parts::{Name, Outcome, State};
use web::pages::people::{self, People, Person};
use web::pages::propose::{self, Amend, Compare, Propose};
use web::pages::register::recovery::{Awaited, Wait};
use web::pages::subscriptions::{self, Ending, Feeds, Mails};

use super::members;
use super::sample::{frame, hash, hours_ago, in_hours, member, versions, visitor};

pub fn key(seed: u8) -> String {
    format!("did:key:z6Mk{}", &hash(seed)[..44])
}

fn item(id: &str, title: &str, state: State) -> Item {
    let closed = matches!(state, State::Closed(_));
    Item {
        proposal: Name::new(id, title),
        proposer: member(1),
        state,
        review: (id == "p3").then(|| in_hours(100)),
        deadline: match state {
            State::Voting => Some(in_hours(52)),
            State::Closed(_) => Some(hours_ago(30)),
            _ => None,
        },
        changed: hours_ago(5),
        cast: if state == State::Deliberation { 0 } else { 3 },
        electors: if state == State::Deliberation { 0 } else { 5 },
        blocks: u64::from(state == State::Voting),
        own: closed.then_some(Choice::Agree),
        needs_vote: state == State::Voting,
    }
}

pub fn items() -> Vec<Item> {
    vec![
        item(
            "p1",
            "Keep meeting recordings for 60 days, then delete them",
            State::Voting,
        ),
        item("p2", "Second server on the west coast", State::Deliberation),
        item(
            "p3",
            "Pay for work on translations",
            State::Closed(Outcome::Passed),
        ),
        item(
            "p4",
            "Close the old forum",
            State::Closed(Outcome::NoQuorum),
        ),
        item("p5", "Meet in person in May", State::Withdrawn),
    ]
}

pub fn home_view() -> Home {
    let items = items();
    let link = || {
        Name::new(
            "p1",
            "Keep meeting recordings for 60 days, then delete them",
        )
    };
    let event = |hours, what| Event {
        at: hours_ago(hours),
        what,
    };
    let mut members: Vec<(Name, Connection)> = (0..5)
        .map(|index| (member(index), Connection::Connected))
        .collect();
    members[0].1 = Connection::Here;
    members[4].1 = Connection::Silent(Some(hours_ago(8)));
    Home {
        waiting: vec![(Need::Vote, items[0].clone())],
        applications: 1,
        moving: items[..2].to_vec(),
        members,
        stored: (1418, Some(hours_ago(0))),
        recent: vec![
            event(
                2,
                Happened::Commented {
                    member: member(1),
                    proposal: link(),
                },
            ),
            event(
                42,
                Happened::Voted {
                    member: member(2),
                    choice: Choice::Block,
                    proposal: link(),
                },
            ),
            event(
                116,
                Happened::Proposed {
                    member: member(1),
                    proposal: link(),
                },
            ),
            event(900, Happened::Admitted { member: member(4) }),
        ],
        own: super::circles::own(),
        is_recovery_due: true,
        checklist: Some(super::circles::checklist()),
        is_checklist_hidden: false,
    }
}

fn node_view(troubles: Vec<Trouble>) -> Node {
    let peer = |index, connection, catch_up| Peer {
        member: member(index),
        connection,
        address: (connection == Connection::Connected).then(|| "/ip6/2001:db8::17/tcp/4710".into()),
        agent: "folkmoot/0.1.0".into(),
        catch_up,
        round_trip_ms: (connection == Connection::Connected).then_some(41),
    };
    Node {
        troubles,
        peers: vec![
            peer(1, Connection::Connected, CatchUp::UpToDate),
            peer(2, Connection::Connected, CatchUp::Receiving(120)),
            peer(3, Connection::Connected, CatchUp::Sending(1)),
            peer(4, Connection::Silent(Some(hours_ago(8))), CatchUp::Unknown),
        ],
        entries: 1418,
        store_bytes: 4_300_000,
        logs: 16,
        newest: Some(hours_ago(0)),
        held: 1,
        clock_off_ms: Some(-2300),
        started: hours_ago(50),
        addresses: vec!["/dns4/heron.example/tcp/4710".into()],
        release: "0.1.0".into(),
        key: key(5),
        leaving: Some(leaving()),
        departed: None,
    }
}

fn leaving() -> Leaving {
    let held = |title: &str, circle: Option<&str>| Held {
        title: title.into(),
        circle: circle.map(Into::into),
        person: Some("Imke".into()),
        until_ms: Some(in_hours(900).0),
    };
    Leaving {
        member: hash(1),
        name: "Heron Hosting".into(),
        hosted: vec![Served {
            id: hash(2),
            name: "Driftwood Press".into(),
            by_register_only: false,
        }],
        asking: vec!["Ada".into()],
        offices: vec![held("treasurer", None)],
        coordinates: vec![held("coordinator", Some("Technology Operations"))],
        actions: vec![Open {
            id: hash(3),
            of: "Technology Operations".into(),
            person: None,
        }],
        proposals: vec![Open {
            id: hash(4),
            of: "Keep recordings for 60 days".into(),
            person: None,
        }],
        is_validator: true,
        validators: 5,
        faulty: 1,
        faulty_after: 1,
    }
}

fn node_pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/node");
    let troubles = vec![
        Trouble::Alone,
        Trouble::Clock {
            off_seconds: 400,
            ahead: true,
            signs_nothing: true,
        },
        Trouble::DiskNearlyFull {
            free_bytes: 90_000_000,
        },
        Trouble::StoreFailed {
            because: "disk I/O error".into(),
        },
        Trouble::TooOld {
            needed: "0.4".into(),
        },
        Trouble::Register {
            because: "the journal of the validator key is lost: this node only observes".into(),
        },
        Trouble::NextKey { is_named: true },
        Trouble::NextKey { is_named: false },
        Trouble::RegisterWaits(Wait {
            what: Awaited::Height(13, 2),
            since: hours_ago(5),
            members: vec!["Heron Hosting".into(), "Driftwood Press".into()],
        }),
        Trouble::NoDelegate,
        Trouble::Mail {
            since: hours_ago(3),
            because: "454 try again later".into(),
            waiting: 2,
        },
        Trouble::Unencrypted,
    ];
    let person = |id: &str, name: Option<&str>, roles: Vec<Role>| Person {
        id: id.into(),
        name: name.map(str::to_owned),
        roles,
        own_device: false,
        in_mandate: id == "i",
        has_account: true,
        invited_until: None,
        is_reader: id == "i",
    };
    let invited = Person {
        invited_until: Some(in_hours(40)),
        ..person("j", Some("Joost"), vec![Role::Delegate])
    };
    let crew = People {
        people: vec![
            person("i", Some("Imke"), vec![Role::Steward, Role::Delegate]),
            person("w", None, vec![Role::Worker]),
            invited,
        ],
        invitation: Some((
            "Joost".into(),
            format!("http://127.0.0.1:8701/welcome/{}", hash(6)),
        )),
        root_key_here: false,
        password_needed: false,
    };
    let wrong = Filled::from_pairs([("name", ""), ("mail", "x"), ("roles", "worker")])
        .with_error("name", "Say how the others know this person.")
        .with_error(
            "",
            "This node already has an invitation open for that name.",
        );
    let granted = |seed, purpose, person: Option<&str>, revoked| Key {
        key: key(seed),
        purpose,
        person: person.map(str::to_owned),
        here: purpose != Purpose::Root,
        granted: (purpose != Purpose::Root).then(|| hours_ago(400)),
        entries: 12,
        revoked,
        forked: seed == 9,
    };
    let ring = vec![
        granted(3, Purpose::Root, None, None),
        granted(5, Purpose::Node, None, None),
        granted(7, Purpose::Person, Some("Imke"), None),
        granted(8, Purpose::Person, Some("Ayo"), Some(hours_ago(9))),
        granted(9, Purpose::Validator, None, None),
    ];
    vec![
        ("node", node::page(&at, &node_view(Vec::new()))),
        ("node-troubles", node::page(&at, &node_view(troubles))),
        ("people", people::page(&at, &crew, &Filled::default())),
        ("people-wrong", people::page(&at, &crew, &wrong)),
        ("keys", keys::page(&at, &ring)),
    ]
}

fn account_pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/account");
    let token = |id: &str, label: &str, used| Token {
        id: id.into(),
        label: label.into(),
        made: hours_ago(300),
        used,
    };
    let view = Account {
        roles: vec![Role::Steward, Role::Delegate],
        tokens: vec![
            token("1", "laptop", Some(hours_ago(2))),
            token("2", "calendar", None),
        ],
        new_token: Some(("calendar".into(), format!("fm_{}", hash(40)))),
        sessions: 2,
        mails: Mails {
            address: "joost@example.org".into(),
            reminders: true,
            digest: false,
            digest_hour: 8,
            is_on: true,
        },
        feeds: Feeds {
            calendar: format!(
                "https://moot.example.org/feeds/fmf_{}/calendar.ics",
                hash(41)
            ),
            news: format!("https://moot.example.org/feeds/fmf_{}/feed.atom", hash(41)),
        },
    };
    let out = visitor("/sign-in");
    let welcome = |is_first| Welcome {
        secret: "s3cret".into(),
        name: "Joost".into(),
        roles: vec![Role::Delegate],
        is_first,
        until: Some(in_hours(40)),
    };
    let wrong = Filled::from_pairs([("name", "Imke"), ("password", "secret")])
        .with_error("", "Name and password do not belong together.");
    let plain = Filled::default();
    vec![
        (
            "unsubscribe",
            subscriptions::ask(&out, Ending::Digest, "fmd_s3cret"),
        ),
        ("unsubscribed", subscriptions::ended(&out)),
        (
            "account",
            account::page(&at, &view, &account::Forms::default()),
        ),
        ("sign-in", account::sign_in(&out, "t0ken", "/", &plain)),
        (
            "sign-in-wrong",
            account::sign_in(&out, "t0ken", "/", &wrong),
        ),
        (
            "welcome-first",
            account::welcome(&out, "t0ken", &welcome(true), &plain),
        ),
        (
            "welcome",
            account::welcome(&out, "t0ken", &welcome(false), &plain),
        ),
    ]
}

fn writing_pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/decide");
    let versions = versions();
    let name = Name::new("p1", versions[1].title.clone());
    let view = Propose {
        rules: vec![
            ("consent".into(), RuleName::Consent),
            ("one-member-one-vote".into(), RuleName::OneMemberOneVote),
        ],
        regular_seconds: 604_800,
        urgent_seconds: 259_200,
        circles: vec![Name::new("c-tech", "Technology Operations")],
        choices: Choices::default(),
        has_register: true,
        draft: None,
    };
    let wrong = Filled::from_pairs([("title", ""), ("text", "\nFirst"), ("rule", "consent")])
        .with_error("title", "Say in one line what will be true if it passes.");
    let amended = Amend {
        proposal: name.clone(),
        version: versions[1].clone(),
        voting: true,
        choices: Choices::default(),
        draft: None,
    };
    let draft = Draft {
        document: Name::new("d1", "Recordings"),
        edits: hash(7),
        text: "Recordings are kept for 60 days.\n\nThen they are deleted.".into(),
        circle: Some("c-tech".into()),
    };
    let drafted = Propose {
        draft: Some(draft.clone()),
        ..view.clone()
    };
    let from_draft = Amend {
        draft: Some(draft),
        ..amended.clone()
    };
    let compared = Compare {
        proposal: name,
        language: "en".into(),
        older: versions[0].clone(),
        newer: versions[1].clone(),
    };
    vec![
        ("propose", propose::new(&at, &view, &Filled::default())),
        (
            "propose-draft",
            propose::new(&at, &drafted, &Filled::default()),
        ),
        (
            "amend-draft",
            propose::amend(&at, &from_draft, &Filled::default()),
        ),
        ("propose-wrong", propose::new(&at, &view, &wrong)),
        ("amend", propose::amend(&at, &amended, &Filled::default())),
        ("compare", propose::compare(&at, &compared)),
    ]
}

fn error_pages() -> Vec<(&'static str, Markup)> {
    let at = frame("/nowhere");
    let refused = "voting closed at 17:00 UTC; the ballot was made at 17:04".to_owned();
    let failures = [
        ("error-not-found", Failure::NotFound),
        (
            "error-forbidden",
            Failure::Forbidden {
                role: Role::Steward,
            },
        ),
        ("error-expired", Failure::Expired),
        ("error-too-many", Failure::TooMany { retry_seconds: 90 }),
        ("error-too-large", Failure::TooLarge { limit_kib: 512 }),
        ("error-refused", Failure::Refused { because: refused }),
        ("error-invitation", Failure::Invitation),
        ("error-busy", Failure::Busy),
        ("error-broken", Failure::Broken),
    ];
    let show = |(name, failure)| (name, error::page(&at, &failure, "7f3a-19c2"));
    failures.into_iter().map(show).collect()
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let quiet = Home {
        waiting: Vec::new(),
        applications: 0,
        moving: Vec::new(),
        recent: Vec::new(),
        own: home::Own::default(),
        is_recovery_due: false,
        checklist: None,
        is_checklist_hidden: true,
        ..home_view()
    };
    let (at, out) = (frame("/decide"), visitor("/archive"));
    let mut pages = vec![
        ("home", home::page(&frame("/"), &home_view())),
        ("home-quiet", home::page(&frame("/"), &quiet)),
        ("decide-needs", decide::page(&at, Show::Needs, &items())),
        ("decide-all", decide::page(&at, Show::All, &items())),
        ("decide-none", decide::page(&at, Show::Needs, &[])),
        ("archive", decide::archive(&out, &archive(items()))),
        ("archive-empty", decide::archive(&out, &archive(Vec::new()))),
    ];
    pages.extend(members::pages());
    pages.extend(super::circles::pages());
    pages.extend(node_pages());
    pages.extend(account_pages());
    pages.extend(writing_pages());
    pages.extend(error_pages());
    let words = [
        ("help-consent", Word::Consent),
        ("help-quorum", Word::Quorum),
    ];
    pages.extend(words.map(|(name, word)| (name, help::page(&out, word))));
    pages
}

fn archive(items: Vec<Item>) -> decide::Archive {
    decide::Archive {
        more: !items.is_empty(),
        page: 2,
        items,
    }
}
