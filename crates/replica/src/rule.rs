//! Whether an entry may be stored: a pure function of the entry and its ancestors, which are the
//! previous entry of its log and its grant (`specs/entries.md`, "Storing").

use domain::{
    cbor::Decode,
    entry::{Audience, ENTRY_BYTES_MAX, Entry, Header},
    genesis::Genesis,
    id::{EntryId, FederationId, MemberId, Timestamp},
    key::{KeyError, PublicKey},
    record::{Delegate, Kind, Mandate, PersonNote, Purpose, REPORT_BYTES_MAX, Record, Roles},
};

use crate::{
    error::Refusal,
    stored::{Position, Rank, Right, Stored, Usage},
};

/// Entries a key may write in one UTC day.
pub const ENTRIES_A_DAY_MAX: u32 = 2_000;
/// Bytes a key may write in one UTC day.
pub const BYTES_A_DAY_MAX: u64 = 8 * 1024 * 1024;
/// Grants a key may write in one UTC day.
pub const GRANTS_A_DAY_MAX: u32 = 16;

/// What judging an entry needs to know.
pub(crate) struct Surroundings<'a> {
    pub federation: FederationId,
    pub genesis: &'a Genesis,
    pub received: Timestamp,
    /// Whether this node judged it before: signatures within the body are not verified again.
    pub is_restored: bool,
    /// The previous entry, where the header names one.
    pub previous: Option<(Position, &'a Stored)>,
    /// The member that the register says the author's key is the root of.
    pub entered: Option<MemberId>,
    /// The grant, where the header does not name the federation.
    pub grant: Option<(Position, &'a Stored)>,
}

/// Reads the body and checks that it may stand beside its header.
pub(crate) fn read_body(entry: &Entry) -> Result<Option<Record>, Refusal> {
    let header = &entry.header;
    let Some(body) = &entry.body else {
        return if header.kind.is_binding() {
            Err(Refusal::BodyMissing)
        } else {
            Ok(None)
        };
    };
    let record = match Record::from_bytes(header.kind, body.bytes()) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(None),
        Err(error) if header.kind.is_binding() => return Err(Refusal::Body(error)),
        // Such a body may be withheld, and the entry is stored then too: it has no effect.
        Err(_) => return Ok(None),
    };
    if let Record::Ballot(ballot) = &record {
        let note = header.note.map_or(0, |note| note.length as u64);
        if note < ballot.reason_characters {
            return Err(Refusal::Right { kind: header.kind });
        }
    }
    Ok(Some(record))
}

/// The right that a grant entry gives to a key.
pub(crate) fn right_from(grant: &Stored, author: &PublicKey) -> Option<Right> {
    match grant.record.as_deref()? {
        Record::Found(_) | Record::Join(_) | Record::Enter(_) if grant.author == *author => {
            Some(Right::Root)
        }
        Record::Grant(record) if record.key == *author => Some(match record.purpose {
            Purpose::Person => Right::Person(record.roles),
            Purpose::Node => Right::Node,
            Purpose::Validator => Right::Validator,
        }),
        Record::Mandate(record) if record.delegate(author).is_some() => Some(Right::Delegate {
            mandate: record.number,
        }),
        _ => None,
    }
}

/// Judges an entry whose signature was verified and whose ancestors are all there.
pub(crate) fn judge(
    id: EntryId,
    entry: &Entry,
    around: &Surroundings<'_>,
) -> Result<Stored, Refusal> {
    let header = &entry.header;
    let record = read_body(entry)?;
    let (right, member) = right_of(header, record.as_ref(), around)?;
    check_path(header, right, member, around)?;
    check_time(header, around)?;
    check_right(header, right)?;
    let rank = rank_of(right, around);
    if rank == Rank::BySteward && matches!(header.kind, Kind::Grant | Kind::Revocation) {
        return Err(Refusal::GrantedBySteward);
    }
    let mandates = check_record(header, (right, member), record.as_ref(), around)?;
    let usage = check_limits(header, around)?;
    let person = match (&record, &entry.note) {
        (Some(Record::Person(_)), Some(note)) => {
            PersonNote::from_bytes(note.bytes()).ok().map(Box::new)
        }
        _ => None,
    };
    Ok(Stored {
        id,
        author: header.author,
        sequence: header.sequence,
        previous: around.previous.map(|(position, _)| position),
        grant: around.grant.map(|(position, _)| position),
        time: header.time,
        received: around.received,
        kind: header.kind,
        critical: header.critical,
        member,
        right,
        rank,
        loose: false,
        stood: false,
        size: header.size() as u32,
        usage,
        mandates,
        references: match header.kind {
            Kind::Proposal
            | Kind::Amendment
            | Kind::Measure
            | Kind::AmendedMeasure
            | Kind::Edit => header.references[..].into(),
            _ => Box::default(),
        },
        has_note: header.note.is_some(),
        record: record.map(|record| Box::new(record.without_text())),
        person,
    })
}

/// Whose rights an entry and all before it in its log rest on. Only what rests on the root key
/// alone may give and take rights: so what stands in stewards' logs never depends on what stands
/// in other stewards' logs, which could contradict itself.
fn rank_of(right: Right, around: &Surroundings<'_>) -> Rank {
    let before = around.previous.map_or(Rank::Root, |(_, p)| p.rank);
    let own = match around.grant {
        _ if right == Right::Root => Rank::Root,
        Some((_, grant)) if grant.right == Right::Root => Rank::ByRoot,
        _ => Rank::BySteward,
    };
    before.max(own)
}

/// Checks what can be checked of an entry that is judged without its path.
pub(crate) fn check_alone(
    header: &Header,
    right: Right,
    record: Option<&Record>,
    earliest: Timestamp,
) -> Result<(), Refusal> {
    check_right(header, right)?;
    check_size(header)?;
    if let Some(Record::Mandate(mandate)) = record {
        check_delegates(mandate)?;
    }
    if header.time < earliest || header.time > Timestamp::MAX {
        return Err(Refusal::Time {
            found: header.time,
            earliest,
        });
    }
    Ok(())
}

fn right_of(
    header: &Header,
    record: Option<&Record>,
    around: &Surroundings<'_>,
) -> Result<(Right, MemberId), Refusal> {
    if let Some((_, grant)) = around.grant {
        let right = right_from(grant, &header.author).ok_or(Refusal::Grant)?;
        return Ok((right, grant.member));
    }
    match record {
        Some(Record::Found(_)) if around.genesis.founder(&header.author).is_some() => {}
        Some(Record::Found(_)) => return Err(Refusal::NotAFounder),
        Some(Record::Join(join)) => {
            let needed = around.genesis.admissions_needed();
            let found = match around.is_restored {
                true => needed,
                false => join.founders(around.genesis, &around.federation),
            };
            let own = join.newcomer.root == header.author
                && around.genesis.founder(&header.author).is_none();
            if !own || found < needed {
                return Err(Refusal::AdmissionsMissing { found, needed });
            }
        }
        Some(Record::Enter(enter)) => {
            let is_decided = around.is_restored || around.entered == Some(enter.member);
            if enter.newcomer.root != header.author || !is_decided || header.sequence != 1 {
                return Err(Refusal::Grant);
            }
            return Ok((Right::Root, enter.member));
        }
        _ => return Err(Refusal::Grant),
    }
    if header.sequence != 1 {
        return Err(Refusal::Grant);
    }
    Ok((Right::Root, MemberId(header.author.0)))
}

fn check_path(
    header: &Header,
    right: Right,
    member: MemberId,
    around: &Surroundings<'_>,
) -> Result<(), Refusal> {
    let Some((_, previous)) = around.previous else {
        // A root log begins with `found` or `join`, every other with the first use of a grant.
        let begins_root = around.grant.is_none();
        return if begins_root || right != Right::Root {
            Ok(())
        } else {
            Err(Refusal::Grant)
        };
    };
    if previous.author != header.author || previous.sequence + 1 != header.sequence {
        return Err(Refusal::Sequence {
            found: header.sequence,
            previous: previous.sequence,
        });
    }
    let same_sort = (previous.right == Right::Root) == (right == Right::Root);
    if previous.member == member && same_sort {
        Ok(())
    } else {
        Err(Refusal::Grant)
    }
}

fn check_time(header: &Header, around: &Surroundings<'_>) -> Result<(), Refusal> {
    let before = |other: Option<(Position, &Stored)>| other.map_or(Timestamp(0), |(_, s)| s.time);
    let earliest = before(around.previous)
        .max(before(around.grant))
        .max(around.genesis.created);
    if header.time < earliest || header.time > Timestamp::MAX {
        return Err(Refusal::Time {
            found: header.time,
            earliest,
        });
    }
    Ok(())
}

/// Which right writes which kind, where, and for whom. Kinds this release does not know are kept
/// for those that do.
fn check_right(header: &Header, right: Right) -> Result<(), Refusal> {
    let address = header.address.as_str();
    let area = address.split_once('/').map_or(address, |(area, _)| area);
    let delegate = matches!(right, Right::Delegate { .. });
    let person = matches!(right, Right::Person(_)) || delegate;
    let (expected_area, allowed) = match header.kind {
        Kind::Found | Kind::Admit | Kind::Join | Kind::Enter => ("members", right == Right::Root),
        Kind::Mandate => ("keys", right == Right::Root),
        Kind::Grant | Kind::Revocation => ("keys", right == Right::Root || right.is_steward()),
        Kind::Person => ("persons", person),
        Kind::Role | Kind::Circle => ("circles", right.is_steward() || delegate),
        Kind::Profile => (
            "profile",
            right == Right::Root || right.is_steward() || delegate,
        ),
        Kind::Endpoint => ("nodes", right == Right::Node),
        Kind::Server => ("servers", right == Right::Node || right.is_steward()),
        Kind::Tenant => ("tenants", right == Right::Node || right.is_steward()),
        Kind::Placing => ("placements", right == Right::Node),
        Kind::Usage => ("usage", right == Right::Node),
        Kind::Application | Kind::Applying => {
            ("applications", right == Right::Node || right.is_steward())
        }
        Kind::Action | Kind::Gathering | Kind::Membership => ("circles", person),
        Kind::Proposal
        | Kind::Measure
        | Kind::Amendment
        | Kind::AmendedMeasure
        | Kind::Withdrawal
        | Kind::Comment
        | Kind::Report
        | Kind::Review => ("proposals", person),
        Kind::Edit | Kind::Filing | Kind::Attachment => ("documents", person),
        Kind::Opening => ("proposals", right.is_steward() || delegate),
        Kind::Ballot | Kind::Answer => ("ballots", delegate),
        Kind::Witness => ("receipts", right == Right::Validator),
        Kind::Founding | Kind::Declaring => (
            "register",
            right == Right::Root || right.is_steward() || right == Right::Node,
        ),
        Kind::Evidence => ("register", matches!(right, Right::Node | Right::Validator)),
        Kind::Recovering => (
            "register",
            right == Right::Root
                || right.is_steward()
                || matches!(right, Right::Node | Right::Validator),
        ),
        Kind::Host => ("hosts", right == Right::Root || right.is_steward()),
        Kind::Hosting => (
            "hosts",
            right == Right::Root || right.is_steward() || right == Right::Node,
        ),
        _ => return Ok(()),
    };
    let rights_are_public =
        !matches!(header.kind, Kind::Opening) || header.audience == Audience::Public;
    if allowed && area == expected_area && rights_are_public {
        Ok(())
    } else {
        Err(Refusal::Right { kind: header.kind })
    }
}

/// What the body of a right must satisfy; returns the highest mandate number up to here.
fn check_record(
    header: &Header,
    (right, member): (Right, MemberId),
    record: Option<&Record>,
    around: &Surroundings<'_>,
) -> Result<u64, Refusal> {
    let mandates = around.previous.map_or(0, |(_, previous)| previous.mandates);
    let refused = Err(Refusal::Right { kind: header.kind });
    match record {
        Some(Record::Mandate(mandate)) => {
            if mandate.number <= mandates {
                return Err(Refusal::MandateNumber {
                    found: mandate.number,
                    previous: mandates,
                });
            }
            check_delegates(mandate)?;
            Ok(mandate.number)
        }
        Some(Record::Grant(grant)) => {
            let beyond_a_steward =
                grant.purpose == Purpose::Validator || grant.roles.has(Roles::STEWARD);
            if right != Right::Root && beyond_a_steward || grant.key == header.author {
                return refused;
            }
            if around.is_restored {
                return Ok(mandates);
            }
            match grant.verify(&around.federation, &member) {
                Ok(()) => Ok(mandates),
                Err(KeyError::Unusable) => Err(Refusal::GrantedKey),
                Err(_) => Err(Refusal::Proof),
            }
        }
        Some(Record::Revocation(revocation)) if revocation.key == header.author => refused,
        // Whoever reports says something, and all can read it.
        Some(Record::Report(_)) if !is_report(header) => refused,
        Some(Record::Found(_) | Record::Join(_) | Record::Enter(_)) if header.sequence != 1 => {
            refused
        }
        _ => Ok(mandates),
    }
}

fn is_report(header: &Header) -> bool {
    let length = header.note.map_or(0, |note| note.length);
    (1..=REPORT_BYTES_MAX).contains(&length) && header.audience == Audience::Public
}

fn check_delegates(mandate: &Mandate) -> Result<(), Refusal> {
    let usable = |delegate: &Delegate| delegate.key.verifier().is_ok();
    if mandate.delegates.iter().all(usable) {
        Ok(())
    } else {
        Err(Refusal::GrantedKey)
    }
}

fn check_size(header: &Header) -> Result<(), Refusal> {
    if header.size() > ENTRY_BYTES_MAX {
        return Err(Refusal::Limit {
            limit: "64 KiB in one entry",
        });
    }
    Ok(())
}

fn check_limits(header: &Header, around: &Surroundings<'_>) -> Result<Usage, Refusal> {
    check_size(header)?;
    let before = match around.previous {
        Some((_, previous)) if previous.time.day() == header.time.day() => previous.usage,
        _ => Usage::default(),
    };
    let usage = Usage {
        entries: before.entries + 1,
        bytes: before.bytes + header.size() as u64,
        grants: before.grants + u32::from(header.kind == Kind::Grant),
    };
    let limit = if usage.entries > ENTRIES_A_DAY_MAX {
        "2,000 entries"
    } else if usage.bytes > BYTES_A_DAY_MAX {
        "8 MiB"
    } else if usage.grants > GRANTS_A_DAY_MAX {
        "16 grants"
    } else {
        return Ok(usage);
    };
    Err(Refusal::Limit { limit })
}
