//! Keys that anyone can make, and entries signed with them.

use domain::{
    cbor::{Encode, Encoder},
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted, Sealed},
    id::{EntryId, FederationId, MemberId},
    key::{SecretKey, Signature},
    record::{Elector, Kind},
};

use super::OPENED;

/// Member and root key of the voter with that number. Members ascend.
pub(super) fn elector((place, root): (usize, &SecretKey)) -> Elector {
    Elector {
        member: member(place),
        class: "producer".to_owned(),
        root: root.public(),
        record: EntryId(member(place).0),
    }
}

pub(super) fn member(number: usize) -> MemberId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    MemberId(id)
}

pub(super) fn key(family: u8, number: usize) -> SecretKey {
    let mut seed = [family; 32];
    seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    SecretKey::from_seed(&seed)
}

/// The root key of a voter, or of somebody with a higher number.
#[must_use]
pub fn root_key(number: usize) -> SecretKey {
    key(0, number)
}

pub(super) fn keys(family: u8, number: usize) -> Vec<SecretKey> {
    (0..number).map(|number| key(family, number)).collect()
}

pub(super) fn delegate_key(voter: usize) -> SecretKey {
    key(2, voter)
}

pub(super) fn entry(
    federation: &FederationId,
    key: &SecretKey,
    grant: EntryId,
    kind: Kind,
    body: &impl Encode,
    note: Option<Sealed>,
) -> Entry {
    let mut encoder = Encoder::new();
    encoder.value(body);
    let body = Salted::new(&[5; SALT_BYTES], &encoder.into_bytes());
    let header = Header {
        author: key.public(),
        grant,
        sequence: 2,
        previous: Some(EntryId([6; 32])),
        time: OPENED,
        address: Address::parse("ballots").expect("a plain word is an address"),
        audience: Audience::Public,
        kind,
        critical: false,
        body: body.seal(),
        note,
        references: Vec::new(),
    };
    let signature: Signature = header.sign(federation, key);
    Entry {
        header,
        signature,
        body: Some(body),
        note: None,
    }
}
