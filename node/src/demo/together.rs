//! A circle of the demo in which three co-ops write a draft together. All of it is invented.

use domain::{
    id::{CircleId, DocumentId, EntryId, MemberId, PersonId, ProposalId, Timestamp},
    key::SecretKey,
    record::{
        self, Action, ActionState, Filing, Gathering, Membership, Repetition, Rhythm, Sort, Until,
    },
};
use federation::Act;
use replica::document::Document;

use super::past::Past;
use crate::{
    clock::random,
    failure::{Failure, Outcome},
};

const TITLE: &str = "Who answers when a server fails at night";
const BEGUN: &str = "\
1. Each producer co-op names someone who can be reached.
2. Whoever is reached first writes to all others within an hour.

Invented for the demo, like its co-ops.
";
const FIRST: (&str, &str) = (
    "someone who can be reached",
    "two people who can be reached, and says when they cannot",
);
const SECOND: (&str, &str) = (
    "within an hour.\n",
    "within an hour.\n3. Nobody answers in two weeks on end.\n",
);
const AFTERWARDS: (&str, &str) = (
    "two weeks on end.\n",
    "two weeks on end. Consumer co-ops can take a week too.\n",
);

const MINUTES: &str = "\
Present: Sam, Kim, Noor (all fictional)

Nights and weekends: Kim began a draft, everybody writes in it until Friday.

Action points: Orchard asks its people who could take a week.

Invented for the demo.
";
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Who writes: co-ops of the demo, by the keys of their delegates.
pub struct Writers<'a> {
    /// The three that write. The first begins the circle, the second coordinates it and begins the
    /// draft; the first and the third change it at the same time.
    pub coops: [&'a SecretKey; 3],
    /// Somebody who is to do something: who looks at the demo.
    pub looking: &'a SecretKey,
}

/// A circle with its people, a meeting, its minutes, and the draft of a proposal.
pub fn write(past: &mut Past, writers: &Writers<'_>) -> Outcome<ProposalId> {
    let circle = begin_circle(past, writers)?;
    let [one, two, three] = writers.coops;
    let begun = |title: &str, text: &str| Act::CreateDocument {
        title: title.to_owned(),
        text: text.to_owned(),
    };
    let document = past.act(two, begun(TITLE, BEGUN))?;
    let filing = Filing {
        document,
        sort: Sort::Draft,
        circle: Some(circle),
        proposal: None,
        meeting: None,
        closed: false,
    };
    past.act(two, Act::File(filing))?;
    let read = past.document(&document)?;
    change(past, one, &read, FIRST)?;
    change(past, three, &read, SECOND)?;

    let minutes = past.act(three, begun("Minutes of Server care", MINUTES))?;
    let gathering = plan_gathering(past, two, circle)?;
    past.act(
        three,
        Act::File(Filing {
            document: minutes,
            sort: Sort::Minutes,
            meeting: Some(gathering),
            ..filing
        }),
    )?;
    take_on(past, writers, (circle, minutes))?;

    let written = past.document(&document)?;
    let act = Act::Propose {
        title: TITLE.to_owned(),
        text: written.text(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: Some(circle),
        language: "en".to_owned(),
        draft: written.heads(),
        effect: None,
    };
    let proposal = past.act(two, act)?;
    let proposal_is_known = Filing {
        proposal: Some(proposal),
        ..filing
    };
    past.act(two, Act::File(proposal_is_known))?;
    change(past, three, &written, AFTERWARDS)?;
    Ok(proposal)
}

fn begin_circle(past: &mut Past, writers: &Writers<'_>) -> Outcome<CircleId> {
    let [one, two, _] = writers.coops;
    let circle = record::Circle {
        nonce: random()?,
        name: "Server care".to_owned(),
        domain: "Keeps the meeting servers up, and says what they need.".to_owned(),
        rhythm: "every second Tuesday at 16:00 in Barcelona".to_owned(),
        ended: false,
    };
    let (member, _) = who(past, one)?;
    let id = circle.id(member);
    past.act(one, Act::Circle(circle))?;
    for key in writers.coops {
        let membership = Membership {
            circle: id,
            joined: true,
        };
        past.act(key, Act::Membership(membership))?;
    }
    let (_, person) = who(past, two)?;
    let coordinator = record::Role {
        circle: id,
        person,
        title: record::COORDINATOR.to_owned(),
        until: Some(past.now().plus_ms(20 * DAY_MS)),
    };
    past.act(two, Act::Role(coordinator))?;
    Ok(id)
}

/// The member and the person of a key.
fn who(past: &Past, key: &SecretKey) -> Outcome<(MemberId, PersonId)> {
    let view = past.core().view();
    let key = key.public();
    let found = view.member_of(&key).zip(view.person_of(&key));
    found.ok_or_else(|| Failure::refused("the demo knows nobody of this key"))
}

fn plan_gathering(past: &mut Past, key: &SecretKey, circle: CircleId) -> Outcome<EntryId> {
    // Days are counted from a Thursday.
    let today = past.now().0 / DAY_MS;
    let tuesday = today + 1 + (4 + 7 - today % 7) % 7;
    let gathering = Gathering {
        gathering: None,
        circle,
        title: "Server care".to_owned(),
        start: Timestamp(tuesday * DAY_MS + 15 * 60 * 60 * 1_000),
        minutes: 60,
        zone: "Europe/Madrid".to_owned(),
        repetition: Some(Repetition {
            rhythm: Rhythm::Weeks,
            every: 2,
            until: Until::Open,
        }),
        place: "https://meet.example.org/care".to_owned(),
        cancelled: Vec::new(),
        ended: false,
    };
    past.act(key, Act::Gathering(gathering))
}

fn take_on(
    past: &mut Past,
    writers: &Writers<'_>,
    (circle, source): (CircleId, EntryId),
) -> Outcome {
    let [_, two, three] = writers.coops;
    let points = [
        (writers.looking, 9, "Ask your people who could take a week"),
        (two, 2, "Bring the draft on nights to a vote"),
    ];
    for (key, days, words) in points {
        let (member, person) = who(past, key)?;
        let action = Action {
            action: None,
            circle,
            member,
            person: Some(person),
            due: Some(past.now().plus_ms(days * DAY_MS)),
            state: ActionState::Open,
            source: Some(domain::id::Hash(source.0)),
        };
        let words = words.to_owned();
        past.act(three, Act::Action { action, words })?;
    }
    Ok(())
}

/// One change to the text as a co-op read it, whatever others wrote since.
fn change(past: &mut Past, key: &SecretKey, read: &Document, (from, to): (&str, &str)) -> Outcome {
    let basis = read.basis();
    let text = basis.text.replacen(from, to, 1);
    let mut parents = basis.parents.clone();
    for operations in Document::changes(&basis, &text) {
        let document: DocumentId = read.id();
        let act = Act::Edit {
            document,
            parents,
            operations,
        };
        parents = vec![past.act(key, act)?];
    }
    Ok(())
}
