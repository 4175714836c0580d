//! Ballots judged alone: by their own signatures and what the phase pins, never by a log's standing.
//!
//! A mandate's root key says for whom the ballot is, its number and the ballot's revision where it
//! stands among that voter's ballots. A revocation changes nothing here: who wants to undo what a
//! key said writes a newer mandate, whose ballots stand above.

use domain::{
    cbor::{Decode, DecodeError},
    decision::{Choice, Slot},
    entry::Entry,
    id::{EntryId, Hash, MemberId, PhaseId},
    key::{KeyError, PublicKey},
    record::{Ballot, Kind, Mandate},
};
use thiserror::Error;

use crate::{
    leaves::Leaf,
    phase::{Case, Question, VoterIndex},
    says::{Answer, Says},
};

/// Why an entry is no mandate or no ballot of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BallotError {
    /// Another kind of entry.
    #[error("kind {}, expected {}", found.0, needed.0)]
    Kind {
        /// What it is.
        found: Kind,
        /// What was expected.
        needed: Kind,
    },
    /// Notes are not carried: they may be erased.
    #[error("it comes with its note")]
    Note,
    /// The body is not there.
    #[error("it comes without its body")]
    NoBody,
    /// The body is not that of its kind.
    #[error("the body is not of its form")]
    Body(#[source] DecodeError),
    /// The author's signature does not verify.
    #[error("not signed by its author")]
    Signature(#[source] KeyError),
    /// The mandate's author is no root key of a voter.
    #[error("{0} is the root key of nobody who may vote")]
    Root(PublicKey),
    /// The ballot rests on another mandate.
    #[error("the ballot names the mandate {named}, not {given}")]
    Mandate {
        /// The grant in the ballot's header.
        named: EntryId,
        /// The mandate given with it.
        given: EntryId,
    },
    /// The mandate does not list the ballot's author.
    #[error("the mandate does not list {0}")]
    Delegate(PublicKey),
    /// A ballot of another phase.
    #[error("the ballot is of phase {named}, not {vote}")]
    Phase {
        /// The phase it names.
        named: PhaseId,
        /// The phase that ballots name here.
        vote: PhaseId,
    },
    /// A ballot about another version.
    #[error("the ballot is about version {named}, not {text}")]
    Version {
        /// The version it names.
        named: Hash,
        /// The version voted on.
        text: Hash,
    },
    /// A choice the charter does not allow.
    #[error("the charter does not allow {0}")]
    Choice(Choice),
    /// An aim the charter does not have.
    #[error("aim {found}, and the charter has {aims}")]
    Aim {
        /// The aim named, from 0.
        found: u64,
        /// How many there are.
        aims: usize,
    },
    /// The reason of a block is too short.
    #[error("a reason of {found} characters, and a block gives at least {needed}")]
    Reason {
        /// Its visible characters.
        found: u64,
        /// What the charter asks for.
        needed: u64,
    },
    /// The note has fewer bytes than the body claims characters.
    #[error("a note of {bytes} bytes has no {characters} characters")]
    Claim {
        /// The bytes of the note.
        bytes: usize,
        /// The characters claimed.
        characters: u64,
    },
}

/// A mandate of a voter, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenMandate {
    /// Its entry.
    pub id: EntryId,
    /// The voter whose root key signed it.
    pub voter: VoterIndex,
    /// That member.
    pub member: MemberId,
    /// What it says.
    pub mandate: Mandate,
}

impl ProvenMandate {
    /// Judges a mandate.
    ///
    /// # Errors
    /// When it is none of a voter of the phase.
    pub fn judge(case: &Case<'_>, entry: &Entry) -> Result<Self, BallotError> {
        let mandate: Mandate = body(entry, Kind::Mandate)?;
        let root = entry.header.author;
        let voters = case.phase.voters();
        let place = voters.iter().position(|elector| elector.root == root);
        let place = place.ok_or(BallotError::Root(root))?;
        verify(case, entry)?;
        Ok(Self {
            id: entry.id(case.federation),
            // At most 500 may vote, so no place is cut.
            voter: VoterIndex(place as u16),
            member: voters[place].member,
            mandate,
        })
    }
}

/// A ballot, or an answer to a block, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenBallot {
    /// Its entry: the hash that receipts, manifests and closings name.
    pub id: EntryId,
    /// Whose vote it is.
    pub voter: VoterIndex,
    /// That member.
    pub member: MemberId,
    /// Its place among the voter's ballots.
    pub slot: Slot,
    /// What it says.
    pub says: Says,
    /// The mandate it rests on.
    pub mandate: EntryId,
}

impl ProvenBallot {
    /// Judges a ballot by its mandate.
    ///
    /// # Errors
    /// When it is none of this phase.
    pub fn judge(
        case: &Case<'_>,
        entry: &Entry,
        mandate: &ProvenMandate,
    ) -> Result<Self, BallotError> {
        let (says, revision) = match case.phase.question {
            Question::Answer => {
                let answer: Answer = body(entry, Kind::Answer)?;
                check_phase(case, answer.phase)?;
                (Says::Act(answer.act), answer.revision)
            }
            Question::Vote | Question::FallbackVote => {
                let ballot: Ballot = body(entry, Kind::Ballot)?;
                check_phase(case, ballot.phase)?;
                check_choice(case, entry, &ballot)?;
                (Says::Choice(ballot.choice), ballot.revision)
            }
        };
        let (named, given) = (entry.header.grant, mandate.id);
        if named != given {
            return Err(BallotError::Mandate { named, given });
        }
        let author = entry.header.author;
        if mandate.mandate.delegate(&author).is_none() {
            return Err(BallotError::Delegate(author));
        }
        verify(case, entry)?;
        Ok(Self {
            id: entry.id(case.federation),
            voter: mandate.voter,
            member: mandate.member,
            slot: Slot {
                mandate: mandate.mandate.number,
                revision,
            },
            says,
            mandate: mandate.id,
        })
    }

    /// How receipts and holds name it.
    #[must_use]
    pub fn leaf(&self) -> Leaf {
        Leaf {
            voter: self.member,
            slot: self.slot,
            ballot: self.id,
        }
    }
}

/// The phase that a ballot, or an answer to a block, names: it is none of any other.
pub(crate) fn phase_named(entry: &Entry) -> Option<PhaseId> {
    match entry.header.kind {
        Kind::Answer => Some(body::<Answer>(entry, Kind::Answer).ok()?.phase),
        _ => Some(body::<Ballot>(entry, Kind::Ballot).ok()?.phase),
    }
}

/// The body of an entry of a kind, without a note.
pub(crate) fn body<T: Decode>(entry: &Entry, needed: Kind) -> Result<T, BallotError> {
    let found = entry.header.kind;
    if found != needed {
        return Err(BallotError::Kind { found, needed });
    }
    if entry.note.is_some() {
        return Err(BallotError::Note);
    }
    let body = entry.body.as_ref().ok_or(BallotError::NoBody)?;
    T::from_bytes(body.bytes()).map_err(BallotError::Body)
}

fn verify(case: &Case<'_>, entry: &Entry) -> Result<(), BallotError> {
    let verifier = entry.header.author.verifier();
    verifier
        .and_then(|verifier| entry.verify(case.federation, &verifier))
        .map_err(BallotError::Signature)
}

fn check_phase(case: &Case<'_>, named: PhaseId) -> Result<(), BallotError> {
    let vote = case.phase.vote;
    if named == vote {
        Ok(())
    } else {
        Err(BallotError::Phase { named, vote })
    }
}

fn check_choice(case: &Case<'_>, entry: &Entry, ballot: &Ballot) -> Result<(), BallotError> {
    let (named, text) = (ballot.version, case.phase.text);
    if named != text {
        return Err(BallotError::Version { named, text });
    }
    if !ballot.choice.is_allowed(case.charter) {
        return Err(BallotError::Choice(ballot.choice));
    }
    let characters = ballot.reason_characters;
    let bytes = entry.header.note.map_or(0, |note| note.length);
    if characters > bytes as u64 {
        return Err(BallotError::Claim { bytes, characters });
    }
    let terms = case.charter.terms();
    let Some(found) = ballot.aim else {
        return Ok(());
    };
    let aims = terms.aims.len();
    if found >= aims as u64 {
        return Err(BallotError::Aim { found, aims });
    }
    let needed = terms.minimum_reason_characters;
    if characters < needed {
        return Err(BallotError::Reason {
            found: characters,
            needed,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
