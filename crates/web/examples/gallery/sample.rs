//! Invented co-ops, people and votes for the gallery and its tests.

use domain::charter::RuleName;
use domain::decision::{Cause, Choice, Why};
use domain::id::Timestamp;
use web::catalogue::Language;
use web::pages::decision::{
    Check, Class, Comment, Condition, Decision, Finality, Mark, May, Mediation, Missing, Own,
    Phase, Report, Rule, Seat, Silent, Step, Term, Version, Vote, Weighed, Words,
};
use web::pages::draft::Origin;
use web::pages::frame::{Frame, Session, Theme};
use web::pages::parts::{Name, Outcome, State};
use web::pages::time::Zone;

/// Sunday 22 November 2026, 13:00 UTC.
pub const NOW: Timestamp = Timestamp(1_795_352_400_000);

/// The members, in the order of admission.
pub const MEMBERS: [(&str, &str); 5] = [
    ("m-heron", "Heron Hosting"),
    ("m-lathe", "The Lathe Workers’ Co-operative"),
    ("m-harbour", "Harbour Media Co-op"),
    ("m-saltmarsh", "Saltmarsh Gardens"),
    ("m-quince", "Quince"),
];

pub fn hours_ago(hours: u64) -> Timestamp {
    Timestamp(NOW.0 - hours * 3_600_000)
}

pub fn in_hours(hours: u64) -> Timestamp {
    Timestamp(NOW.0 + hours * 3_600_000)
}

pub fn member(index: usize) -> Name {
    Name::new(MEMBERS[index].0, MEMBERS[index].1)
}

pub fn hash(seed: u8) -> String {
    (0..32u8)
        .map(|byte| format!("{:02x}", byte.wrapping_mul(37).wrapping_add(seed)))
        .collect()
}

pub fn frame(path: &str) -> Frame {
    Frame {
        language: Language::English,
        theme: Theme::System,
        zone: Zone::named("Europe/Berlin").expect("a zone of the database"),
        now: NOW,
        federation: "Tidewater Federation".into(),
        member: MEMBERS[0].1.into(),
        session: Some(Session {
            person: "Imke".into(),
            delegate: true,
            steward: true,
            csrf: "c5a1f0".into(),
            waiting: 2,
        }),
        done: None,
        banner: Some("Example data. Co-ops, people and votes are invented.".into()),
        applies: false,
        path: path.into(),
    }
}

pub fn visitor(path: &str) -> Frame {
    Frame {
        session: None,
        zone: Zone::utc(),
        ..frame(path)
    }
}

const TEXT: &str = "A recording on a server of the federation is deleted 60 days after its meeting \
ended, unless the owner of the room marks it “keep”.\n\nKept recordings count towards the storage \
of the owner’s co-op: 50 GB for each member, more by agreement with a server’s owner.\n\nThe owner \
is told 14 days and 3 days before.\n\nNothing already recorded is deleted before 1 March 2027.";

const OLD_TEXT: &str = "A recording on a server of the federation is deleted 30 days after its \
meeting ended, unless the owner of the room marks it “keep”.\n\nKept recordings count towards the \
storage of the owner’s co-op.\n\nThe owner is told 14 days and 3 days before.";

pub fn versions() -> Vec<Version> {
    let title = "Keep meeting recordings for 60 days, then delete them";
    let version = |number: u64, text: &str, at, seed| Version {
        number,
        title: title.into(),
        text: Some(text.into()),
        at,
        hash: hash(seed),
    };
    vec![
        version(1, OLD_TEXT, hours_ago(220), 4),
        version(2, TEXT, hours_ago(116), 9),
    ]
}

pub fn rule() -> Rule {
    Rule {
        name: "consent".into(),
        kind: RuleName::Consent,
        allows_disagree: false,
        reason_characters_min: 20,
        aims: vec![
            (1, "Tools owned by those who use and run them".into()),
            (2, "Fair pay for the work".into()),
            (3, "Privacy by default".into()),
            (4, "Access for every member, in every time zone".into()),
        ],
    }
}

fn comment(entry: &str, by: usize, hours: u64, words: &str) -> Comment {
    Comment {
        entry: entry.into(),
        person: Some("Noor".into()),
        member: member(by),
        at: hours_ago(hours),
        words: Words::Here(words.into()),
        by_proposer: by == 1,
        replies: Vec::new(),
    }
}

pub fn vote(by: usize, choice: Choice, hours: u64, reason: &str) -> Vote {
    let words = if reason.is_empty() {
        Words::None
    } else {
        Words::Here(reason.into())
    };
    Vote {
        entry: format!("v{by}"),
        member: member(by),
        class: if by < 3 { "producer" } else { "consumer" }.into(),
        choice,
        aim: None,
        reason: words,
        delegate: Some("Wren".into()),
        at: hours_ago(hours),
        revision: 1,
        earlier: Vec::new(),
        marks: Vec::new(),
        witnessed: None,
        own_device: false,
        replies: Vec::new(),
    }
}

pub fn phase() -> Phase {
    let block = Vote {
        aim: Some("4. Access for every member, in every time zone".into()),
        replies: vec![comment(
            "r1",
            1,
            23,
            "We can live with that: assemblies are 6 % of the storage. We are writing it into a \
             version 3.",
        )],
        ..vote(
            2,
            Choice::Block,
            42,
            "Some of our groups record assemblies for members who cannot be there.\n\nSixty days \
             is shorter than the time between two of their assemblies.",
        )
    };
    let aside = Vote {
        earlier: vec![(Choice::Agree, hours_ago(90))],
        revision: 2,
        ..vote(
            3,
            Choice::StandAside,
            50,
            "Nobody here is free to change the script before spring.",
        )
    };
    let seat = |by, choice| Seat {
        member: member(by),
        choice,
    };
    Phase {
        opening: hash(77),
        electorate_hash: hash(31),
        opened: hours_ago(116),
        deadline: in_hours(52),
        extensions: Vec::new(),
        may_be_extended: true,
        fallback: false,
        blocking_classes: Vec::new(),
        decided_by_one_class: false,
        silent: Vec::new(),
        empty: Vec::new(),
        classes: vec![
            Class {
                name: "Producers".into(),
                seats: vec![
                    seat(0, None),
                    seat(1, Some(Choice::Agree)),
                    seat(2, Some(Choice::Block)),
                ],
            },
            Class {
                name: "Consumers".into(),
                seats: vec![seat(3, Some(Choice::StandAside)), seat(4, None)],
            },
        ],
        votes: vec![
            block,
            aside,
            vote(
                1,
                Choice::Agree,
                100,
                "Storage is the dearest part of the Montréal server.",
            ),
        ],
        missing: vec![
            Missing {
                member: member(0),
                silent_since: None,
                own: true,
            },
            Missing {
                member: member(4),
                silent_since: Some(hours_ago(8)),
                own: false,
            },
        ],
        checks: vec![
            Check {
                condition: Condition::Quorum {
                    cast: 3,
                    needed: 2,
                    electors: 5,
                    fraction: (1, 3),
                },
                met: true,
            },
            Check {
                condition: Condition::SomeoneAgrees {
                    agree: 1,
                    abstain: 1,
                    needed: 1,
                },
                met: true,
            },
            Check {
                condition: Condition::NoBlock {
                    blocking: vec![MEMBERS[2].1.into()],
                    needed: 1,
                },
                met: false,
            },
        ],
        outcome: Outcome::Blocked,
    }
}

pub fn voting() -> Decision {
    let versions = versions();
    Decision {
        id: "3kV9wq7QmZpTt5n2yXbR8cLd".into(),
        proposer: member(1),
        circle: Some(Name::new("c-tech", "Technology Operations")),
        language: "en".into(),
        urgent: None,
        state: State::Voting,
        finality: Finality::NoRegister,
        rule: rule(),
        effect: None,
        version: versions[1].clone(),
        previous: Some(versions[0].clone()),
        origin: Some(Origin {
            document: Name::new("d1", "Recordings"),
            version: "0123456789abcdef".into(),
            is_same: Some(true),
        }),
        next_draft: None,
        phase: Some(phase()),
        own: Own::VotedEarlier {
            choice: Choice::Agree,
            version: 1,
            at: hours_ago(200),
        },
        may: May {
            vote: true,
            comment: true,
            ..May::default()
        },
        steps: vec![
            (hours_ago(220), Step::Proposed { by: member(1) }),
            (
                hours_ago(218),
                Step::Opened {
                    version: 1,
                    fallback: false,
                },
            ),
            (hours_ago(150), Step::Blocked { by: member(3) }),
            (
                hours_ago(116),
                Step::Amended {
                    version: 2,
                    what_changed: Words::Here("60 days, as Saltmarsh asked".into()),
                },
            ),
            (
                hours_ago(116),
                Step::Opened {
                    version: 2,
                    fallback: false,
                },
            ),
            (hours_ago(42), Step::Blocked { by: member(2) }),
        ],
        silent: vec![Silent {
            member: member(4),
            since: Some(hours_ago(8)),
        }],
        connected: (4, 5),
        review: None,
        actions: Vec::new(),
        mediation: None,
        comments: vec![Comment {
            replies: vec![comment("k2", 1, 2, "Yes, with one switch in its settings.")],
            ..comment("k1", 3, 3, "Can “keep” be set for a whole room?")
        }],
    }
}

pub fn proposer() -> Decision {
    let may = May {
        open: false,
        open_again: false,
        fall_back: false,
        amend: true,
        withdraw: true,
        comment: true,
        vote: true,
        review: false,
        ..May::default()
    };
    Decision {
        may,
        own: Own::NotVoted,
        silent: Vec::new(),
        ..voting()
    }
}

pub fn voted() -> Decision {
    Decision {
        own: Own::Voted {
            choice: Choice::Agree,
            by: Some("Imke".into()),
            at: hours_ago(1),
            changes_left: 7,
            reason: "It saves money.".into(),
            aim: None,
        },
        ..voting()
    }
}

pub fn deliberation() -> Decision {
    let version = versions().swap_remove(0);
    Decision {
        state: State::Deliberation,
        finality: Finality::NotOpened,
        version,
        previous: None,
        origin: None,
        next_draft: Some(Name::new("d1", "Recordings")),
        phase: None,
        own: Own::NoVote,
        may: May {
            fall_back: false,
            open: true,
            open_again: false,
            amend: true,
            withdraw: true,
            comment: true,
            vote: false,
            review: false,
            ..May::default()
        },
        steps: vec![(hours_ago(20), Step::Proposed { by: member(1) })],
        silent: Vec::new(),
        comments: Vec::new(),
        ..voting()
    }
}

pub fn closed(outcome: Outcome) -> Decision {
    let mut phase = phase();
    phase.deadline = hours_ago(2);
    phase.outcome = outcome;
    phase.votes[2].marks = vec![Mark::Late {
        arrived: hours_ago(1),
    }];
    phase.votes[1].marks = vec![Mark::Conflicting];
    phase.votes[0].marks = vec![Mark::NotCounted(Why::OtherVersion)];
    let met = outcome == Outcome::Passed;
    phase.checks.iter_mut().for_each(|check| check.met = met);
    Decision {
        state: State::Closed(outcome),
        phase: Some(phase),
        may: May {
            comment: true,
            review: met,
            ..May::default()
        },
        review: met.then(|| in_hours(2_000)),
        ..voting()
    }
}

/// Blocked under consent, seen by the proposer, who can call the vote.
pub fn integration() -> Decision {
    Decision {
        state: State::Integration(in_hours(20)),
        rule: Rule {
            kind: RuleName::ConsentThenVote,
            ..rule()
        },
        may: May {
            fall_back: true,
            amend: true,
            withdraw: true,
            comment: true,
            ..May::default()
        },
        ..closed(Outcome::Blocked)
    }
}

/// Blocked for good and mediated, with the report, seen by a mediator who is the proposer, too.
pub fn mediated() -> Decision {
    let report = Report {
        by: (Some("Mira Okafor".into()), member(3)),
        at: hours_ago(4),
        recommends_vote: true,
        words: Words::Here(
            "We heard both sides twice. Saltmarsh fears for what guests say in passing; nobody found \
             words that all can live with. Let the members vote."
                .into(),
        ),
    };
    Decision {
        mediation: Some(Mediation {
            people: vec![(Some("Mira Okafor".into()), member(3)), (None, member(4))],
            until: in_hours(100),
            report: Some(report),
        }),
        may: May {
            report: true,
            vote_after_report: true,
            comment: true,
            ..May::default()
        },
        ..closed(Outcome::Blocked)
    }
}

/// An extended vote by class and strength, and what its arithmetic is.
pub fn weighted() -> Decision {
    let mut phase = phase();
    phase.extensions = vec![(Cause::LacksBallots, hours_ago(3))];
    phase.may_be_extended = false;
    phase.blocking_classes = vec!["Consumer organisations".into()];
    phase.decided_by_one_class = true;
    phase.outcome = Outcome::Rejected;
    let term = |class: &str, strength, part, of| Term {
        class: class.into(),
        strength,
        part,
        of,
    };
    let share = |what, thousandths, needed| Condition::Share {
        what,
        terms: vec![
            term("Producer organisations", 40, 6, 10),
            term("Consumer organisations", 35, 1, 3),
            term("Individuals", 25, 1, 1),
        ],
        thousandths,
        is_exact: thousandths % 10 == 0,
        needed,
    };
    let check = |condition, met| Check { condition, met };
    phase.checks = vec![
        check(share(Weighed::Ballots, 940, (1, 3)), true),
        check(
            Condition::NoSilentClass {
                silent: vec!["Individuals".into()],
            },
            false,
        ),
        check(share(Weighed::Majority, 606, (1, 2)), true),
        check(
            Condition::Supermajority {
                agree: 8,
                heard: 14,
                fraction: (2, 3),
            },
            false,
        ),
        check(
            Condition::MoreAgreeThanAgainst {
                class: Some("Consumer organisations".into()),
                agree: 1,
                against: 2,
            },
            false,
        ),
        check(share(Weighed::Assent, 480, (1, 2)), false),
    ];
    Decision {
        rule: Rule {
            kind: RuleName::ClassWeighted,
            ..rule()
        },
        phase: Some(phase),
        steps: vec![
            (
                hours_ago(116),
                Step::Opened {
                    version: 2,
                    fallback: true,
                },
            ),
            (
                hours_ago(3),
                Step::Extended {
                    cause: Cause::LacksBallots,
                    to: in_hours(52),
                },
            ),
        ],
        ..voting()
    }
}

pub fn withdrawn() -> Decision {
    Decision {
        state: State::Withdrawn,
        may: May::default(),
        steps: vec![
            (hours_ago(220), Step::Proposed { by: member(1) }),
            (
                hours_ago(5),
                Step::Withdrawn {
                    reason: Words::Here("Solved otherwise.".into()),
                },
            ),
        ],
        ..deliberation()
    }
}
