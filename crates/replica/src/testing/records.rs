//! Records for tests, by what matters in them.

use domain::{
    decision::Choice,
    id::{EntryId, Hash, MemberId, PhaseId},
    key::PublicKey,
    record::{
        Ballot, Comment, Custody, Delegate, Elector, Grant, Host, Hosting, Mandate, Opening,
        Proposal, Purpose, Record, Revocation, Roles,
    },
    text::Content,
};

use super::{Author, BEGIN, person_of};

/// A person's key is given roles by a member, and proves that its holder agrees.
#[must_use]
pub fn grant_person(author: &Author, member: MemberId, roles: Roles) -> Record {
    let (purpose, person) = (Purpose::Person, Some(person_of(&author.key())));
    Record::Grant(Grant {
        purpose,
        key: author.key(),
        person,
        roles,
        custody: Custody::Person,
        number: 1,
        proof: author.proof(member, purpose, person),
    })
}

/// A member's node or validator is given a key, which proves that its holder agrees.
#[must_use]
pub fn grant_machine(author: &Author, member: MemberId, purpose: Purpose) -> Record {
    Record::Grant(Grant {
        purpose,
        key: author.key(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        number: 1,
        proof: author.proof(member, purpose, None),
    })
}

/// Keys vote for a member.
#[must_use]
pub fn mandate(number: u64, keys: &[PublicKey]) -> Record {
    let mut delegates: Vec<Delegate> = keys
        .iter()
        .map(|key| Delegate {
            key: *key,
            person: person_of(key),
        })
        .collect();
    delegates.sort_unstable();
    Record::Mandate(Mandate { number, delegates })
}

/// A key's log ends.
#[must_use]
pub fn revocation(key: PublicKey, last: Option<(u64, EntryId)>) -> Record {
    Record::Revocation(Revocation { key, last })
}

/// A proposal with this title.
#[must_use]
pub fn proposal(title: &str) -> Record {
    let (content, _) = Content::of(title).expect("tests use short titles");
    Record::Proposal(Proposal {
        title: title.to_owned(),
        content,
        rule: "consent".to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
    })
}

/// Voting on a proposal opens for the members with these root keys and first entries.
#[must_use]
pub fn opening(proposal: EntryId, electorate: &[(PublicKey, EntryId)]) -> Record {
    let mut electorate: Vec<Elector> = electorate
        .iter()
        .map(|(root, record)| Elector {
            member: MemberId(root.0),
            class: "producer".to_owned(),
            root: *root,
            record: *record,
        })
        .collect();
    electorate.sort_unstable();
    Record::Opening(Opening {
        late_block_ms: 86_400_000,
        extension_ms: 302_400_000,
        proposal,
        version: proposal,
        text: Hash([1; 32]),
        rule: "consent".to_owned(),
        charter: Hash([2; 32]),
        deadline: BEGIN.plus_seconds(7 * 86_400),
        electorate,
    })
}

/// A vote.
#[must_use]
pub fn ballot(phase: PhaseId, revision: u8, choice: Choice) -> Record {
    let is_block = choice == Choice::Block;
    Record::Ballot(Ballot {
        phase,
        revision,
        version: Hash([1; 32]),
        choice,
        aim: is_block.then_some(0),
        reason_characters: if is_block { 20 } else { 0 },
    })
}

/// A comment on a proposal.
#[must_use]
pub fn comment(proposal: EntryId) -> Record {
    Record::Comment(Comment {
        proposal,
        answers: None,
    })
}

/// A member names its host.
#[must_use]
pub fn host(host: MemberId, number: u64) -> Record {
    Record::Host(Host { host, number })
}

/// A host answers a member's choice.
#[must_use]
pub fn hosting(member: MemberId, number: u64, accepts: bool) -> Record {
    Record::Hosting(Hosting {
        member,
        number,
        accepts,
    })
}
