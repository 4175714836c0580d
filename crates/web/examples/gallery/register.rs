//! Samples of what the register makes of votes, and of its own pages.

use domain::{
    decision::Verdict,
    id::{EntryId, Hash, MemberId},
    key::SecretKey,
};
use maud::Markup;
use register::{
    chain::Ending,
    declaration::Matter,
    file::Turn,
    outcome::{Outcome, Span},
    phase::Question,
    says::Act,
};
use web::pages::{
    archive::{self, Archive, Item},
    decision::{self, Closing, Decision, Final, Finality, Forms, Open, Step, Witnessed},
    parts::{Name, State},
    register::{
        self as pages, Beginning, Begun, CaughtLine, Height, Line, Pending, Register, Row,
        Validator,
    },
};

use super::sample::{
    MEMBERS, closed, deliberation, frame, hash, hours_ago, in_hours, member, visitor, voted,
};

fn witnessed(receipts: usize, holds: usize) -> Witnessed {
    Witnessed {
        receipts,
        receipts_needed: 2,
        holds,
        holds_needed: 3,
        validators: 4,
    }
}

fn open(own: Witnessed, closing: Option<Closing>) -> Finality {
    Finality::Open(Open {
        question: Question::Vote,
        seen: true,
        own: Some(own),
        secured: (2, 3),
        again_from: matches!(closing, Some(Closing::Seals(..))).then(|| in_hours(100)),
        closing,
        height: 12,
        is_recovery_due: false,
    })
}

/// The reader's vote, this far.
pub fn voting(own: Witnessed) -> Decision {
    let mut view = voted();
    view.finality = open(own, None);
    let votes = view.phase.iter_mut().flat_map(|phase| &mut phase.votes);
    for (vote, (receipts, holds)) in votes.zip([(4, 4), (2, 1), (0, 0)]) {
        vote.witnessed = Some(witnessed(receipts, holds));
    }
    view
}

/// A vote whose time is over.
pub fn counting(closing: Closing) -> Decision {
    let mut view = closed(web::pages::parts::Outcome::Passed);
    view.state = State::Counting;
    view.review = None;
    view.finality = open(witnessed(4, 4), Some(closing));
    view
}

/// A vote that ended in the register in this way.
pub fn ended(ending: Ending) -> Decision {
    let mut view = closed(web::pages::parts::Outcome::Passed);
    view.state = State::Final(ending);
    let passed = ending == Ending::Judged(Verdict::Passed);
    view.finality = Finality::Final(Final {
        height: 12,
        at: hours_ago(1),
        ending,
        effect: passed.then(|| {
            let why = "the charter has no class \"b\"".to_owned();
            ("class", Some(why))
        }),
        file: format!("/register/12/{}.json", hash(8)),
    });
    let span = Span {
        from: hours_ago(80),
        to: hours_ago(8),
    };
    let turns = [
        Turn::Opened,
        Turn::Closed(Outcome::Repeated(span)),
        Turn::Closed(Outcome::Extended {
            late_block: true,
            lacks_ballots: true,
            span,
        }),
        Turn::Closed(Outcome::Blocked(span)),
        Turn::Answered(Act::CallVote),
        Turn::Stalled,
        Turn::Closed(Outcome::Decided(Verdict::Passed)),
    ];
    let turns = (3..).zip(turns);
    let steps = turns.map(|(height, turn)| (hours_ago(90 - height), Step::Height { height, turn }));
    view.steps.extend(steps);
    view
}

fn lines() -> Vec<Line> {
    let vote = |id: &str, title: &str, turn, ends: bool| Line::Vote {
        proposal: Name::new(id, title),
        by: MEMBERS[0].1.to_owned(),
        turn,
        effect: ends.then_some(("admission", None)),
        file: ends.then(|| format!("/register/12/{}.json", hash(3))),
    };
    let passed = Turn::Closed(Outcome::Decided(Verdict::Passed));
    let declared = |matter| Line::Declared {
        member: MEMBERS[1].1.to_owned(),
        matter,
    };
    let key = SecretKey::from_seed(&[1; 32]);
    vec![
        vote("p1", "Keep recordings for 60 days", passed, true),
        vote(
            "p2",
            "Second server on the west coast",
            Turn::Closed(Outcome::Lapsed),
            false,
        ),
        vote("p3", "Meet in person in May", Turn::Opened, false),
        declared(Matter::Validator {
            key: key.public(),
            proof: key.sign(b"example"),
        }),
        declared(Matter::Leave),
        declared(Matter::NoValidator),
        declared(Matter::Objection {
            phase: EntryId([1; 32]),
        }),
        Line::Recovered {
            gone: vec![MEMBERS[2].1.to_owned(), MEMBERS[3].1.to_owned()],
            epoch: 1,
            since: hours_ago(2),
        },
    ]
}

fn begun() -> Register {
    let validators = (0..4).map(|index: usize| Validator {
        member: MemberId([index as u8; 32]),
        name: MEMBERS[index].1.to_owned(),
        signed: (11 - index as u64, 11, Some(12 - index as u64)),
        sealed: (index != 3).then(|| (12, hours_ago(1))),
    });
    let rows = (0..3).map(|age: u64| Row {
        height: 12 - age,
        at: hours_ago(1 + 30 * age),
        lines: if age == 0 {
            lines()
        } else {
            lines().split_off(1)
        },
    });
    Register {
        begun: Some(Begun {
            height: 12,
            last: Hash([7; 32]).to_string(),
            epoch: 1,
            open: 2,
            round: Some(1),
            faulty: 1,
            validators: validators.collect(),
            rows: rows.collect(),
            page: 2,
            more: true,
        }),
        beginnings: vec![pending(1)],
        needed: 3,
        trouble: None,
        unknown_rules: Some((2, 14)),
        caught: vec![CaughtLine {
            name: MEMBERS[3].1.to_owned(),
            word: "seals",
            at: hours_ago(2),
            hash: hash(9),
            proposal: Some(Name::new("p1", "Keep recordings for 60 days")),
        }],
    }
}

fn pending(seed: u8) -> Pending {
    Pending {
        hash: Hash([seed; 32]).to_string(),
        signed: MEMBERS[..2]
            .iter()
            .map(|(_, name)| (*name).to_owned())
            .collect(),
    }
}

fn height() -> Height {
    let hash = |seed: u8| Hash([seed; 32]).to_string();
    let names = |range: std::ops::Range<usize>| -> Vec<String> {
        MEMBERS[range]
            .iter()
            .map(|(_, name)| (*name).to_owned())
            .collect()
    };
    Height {
        height: 12,
        has_next: true,
        at: hours_ago(1),
        lines: lines(),
        hash: hash(1),
        previous: hash(2),
        items: hash(3),
        validators: hash(4),
        next_validators: hash(4),
        state: hash(5),
        signed: names(0..3),
        others: names(3..4),
    }
}

fn decided(found: bool) -> Archive {
    let item = |(id, ending): (usize, Ending)| Item {
        proposal: Name::new(format!("p{id}"), "Keep recordings for 60 days"),
        by: MEMBERS[id % MEMBERS.len()].1.to_owned(),
        ending,
        without_effect: None,
        height: 12,
        at: hours_ago(3),
        file: format!("/register/12/{}.json", hash(2)),
    };
    let items = archive::ENDINGS.into_iter().enumerate().map(item);
    Archive {
        items: if found { items.collect() } else { Vec::new() },
        query: "60 days".to_owned(),
        state: Some(Ending::Judged(Verdict::Passed)),
        page: 2,
        more: true,
    }
}

pub fn pages() -> Vec<(&'static str, Markup)> {
    let show = |view: &Decision| decision::page(&frame("/decide/x"), view, &Forms::default());
    let missing = || vec![member(2), member(3)];
    let before = Decision {
        finality: Finality::Before,
        ..voted()
    };
    let unseen = match open(witnessed(0, 0), None) {
        Finality::Open(open) => Finality::Open(Open {
            seen: false,
            ..open
        }),
        other => other,
    };
    let troubled = Register {
        beginnings: vec![pending(1), pending(2)],
        trouble: Some("two different beginnings of the register are signed".to_owned()),
        ..begun()
    };
    let not_begun = Register {
        begun: None,
        caught: Vec::new(),
        ..begun()
    };
    let first = Beginning {
        has_next: true,
        at: hours_ago(900),
        members: 5,
        signed: MEMBERS[..3]
            .iter()
            .map(|(_, name)| (*name).to_owned())
            .collect(),
        lines: Vec::new(),
        hash: Hash([6; 32]).to_string(),
    };
    let withdrawn = Decision {
        finality: ended(Ending::Withdrawn).finality,
        state: State::Final(Ending::Withdrawn),
        ..deliberation()
    };
    let seals = Closing::Seals(2, 3, missing());
    vec![
        ("final-sent", show(&voting(witnessed(0, 0)))),
        ("final-witnessed", show(&voting(witnessed(3, 1)))),
        ("final-secured", show(&voting(witnessed(4, 4)))),
        ("final-before", show(&before)),
        (
            "final-awaited",
            show(&Decision {
                finality: Finality::Awaited,
                ..voted()
            }),
        ),
        (
            "final-unseen",
            show(&Decision {
                finality: unseen,
                ..voted()
            }),
        ),
        (
            "final-ballots",
            show(&counting(Closing::Ballots(in_hours(1)))),
        ),
        (
            "final-lists",
            show(&counting(Closing::Manifests(in_hours(1), missing()))),
        ),
        ("final-seals", show(&counting(seals.clone()))),
        (
            "final-agreement",
            show(&counting(Closing::Agreement(Some(1)))),
        ),
        (
            "final-passed",
            show(&ended(Ending::Judged(Verdict::Passed))),
        ),
        (
            "final-blocked",
            show(&ended(Ending::Judged(Verdict::Blocked))),
        ),
        (
            "final-rejected",
            show(&ended(Ending::Judged(Verdict::Rejected))),
        ),
        (
            "final-no-quorum",
            show(&ended(Ending::Judged(Verdict::NoQuorum))),
        ),
        ("final-lapsed", show(&ended(Ending::Lapsed))),
        ("final-replaced", show(&ended(Ending::Amended))),
        ("final-withdrawn", show(&withdrawn)),
        (
            "final-for-anyone",
            decision::archived(
                &visitor("/archive/x"),
                &ended(Ending::Judged(Verdict::Passed)),
            ),
        ),
        (
            "final-counting-for-anyone",
            decision::archived(&visitor("/archive/x"), &counting(seals)),
        ),
        ("register", pages::page(&visitor("/register"), &begun())),
        (
            "register-trouble",
            pages::page(&frame("/register"), &troubled),
        ),
        (
            "register-none",
            pages::page(&visitor("/register"), &not_begun),
        ),
        ("height", pages::height(&visitor("/register/12"), &height())),
        (
            "height-first",
            pages::beginning(&frame("/register/1"), &first),
        ),
        (
            "decided",
            archive::page(&visitor("/archive/final"), &decided(true)),
        ),
        (
            "decided-nothing",
            archive::page(&frame("/archive/final"), &decided(false)),
        ),
    ]
}
