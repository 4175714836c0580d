//! A draft that three co-ops write together, in a circle of the demo. All of it is invented.

use domain::{
    id::{CircleId, DocumentId, MemberId, ProposalId},
    key::SecretKey,
    record::{self, Filing, Sort},
};
use federation::Act;
use replica::document::Document;

use super::past::Past;
use crate::{clock::random, failure::Outcome};

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

/// Three co-ops by the keys of their delegates. The first begins the circle, the second the draft;
/// the first and the third change it at the same time.
pub fn write(past: &mut Past, coops: [&SecretKey; 3]) -> Outcome<ProposalId> {
    let [one, two, three] = coops;
    let circle = begin_circle(past, one)?;
    let begin = Act::CreateDocument {
        title: TITLE.to_owned(),
        text: BEGUN.to_owned(),
    };
    let document = past.act(two, begin)?;
    let filing = Filing {
        document,
        sort: Sort::Draft,
        circle: Some(circle),
        proposal: None,
        meeting: None,
        closed: false,
    };
    past.act(two, Act::File(filing))?;
    let begun = past.document(&document)?;
    change(past, one, &begun, FIRST)?;
    change(past, three, &begun, SECOND)?;

    let written = past.document(&document)?;
    let act = Act::Propose {
        title: TITLE.to_owned(),
        text: written.text(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: Some(circle),
        language: "en".to_owned(),
        draft: written.heads(),
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

fn begin_circle(past: &mut Past, key: &SecretKey) -> Outcome<CircleId> {
    let circle = record::Circle {
        nonce: random()?,
        name: "Server care".to_owned(),
        domain: "Keeps the meeting servers up, and says what they need.".to_owned(),
        rhythm: "Every second Tuesday at 16:00 in Barcelona".to_owned(),
        ended: false,
    };
    let member = past.core().view().member_of(&key.public());
    let id = circle.id(member.unwrap_or(MemberId([0; 32])));
    past.act(key, Act::Circle(circle))?;
    Ok(id)
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
