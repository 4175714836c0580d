//! What a member may make every node remember is bounded.

use domain::{
    charter::Charter,
    entry::{Address, Audience, Header, SALT_BYTES, Salted},
    genesis::Founder,
    id::PersonId,
    record::{self, Delegate, Elector, Mandate, Opening},
};
use register::{closing::SignedManifest, witness};

use super::*;

/// Who writes all of it.
const MEMBER: MemberId = MemberId([1; 32]);

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn genesis() -> Genesis {
    Genesis {
        name: "Test".to_owned(),
        created: Timestamp(1),
        founders: vec![Founder {
            root: key(1).public(),
            name: "Co-op 1".to_owned(),
            class: "producer".to_owned(),
        }],
        charter: Charter::from_toml("").expect("the default").to_bytes(),
        nonce: [1; 32],
        requires: Vec::new(),
    }
}

fn entry(
    genesis: &Genesis,
    by: &SecretKey,
    grant: EntryId,
    sequence: u64,
    record: &Record,
) -> Entry {
    let body = Salted::new(&[7; SALT_BYTES], &record.to_bytes());
    let header = Header {
        author: by.public(),
        grant,
        sequence,
        previous: (sequence > 1).then_some(EntryId([6; 32])),
        time: Timestamp(1),
        address: Address::parse("register").expect("a word"),
        audience: Audience::Public,
        kind: record.kind(),
        critical: false,
        body: body.seal(),
        note: None,
        references: Vec::new(),
    };
    Entry {
        signature: header.sign(&genesis.federation(), by),
        header,
        body: Some(body),
        note: None,
    }
}

#[test]
fn what_a_key_says_of_phases_and_heights_that_never_were_is_not_all_kept_in_memory() {
    let (genesis, by) = (genesis(), key(9));
    let mut register = Register::new();
    let mut said = 0;
    for number in 0..800u64 {
        let mut phase = [0xab; 32];
        phase[..8].copy_from_slice(&number.to_be_bytes());
        let message = Message::Phase {
            phase: EntryId(phase),
            said: witness::Message::Manifest(SignedManifest {
                bytes: vec![number as u8; 50_000],
                signature: by.sign(b"anything"),
            }),
        };
        for part in record::Witness::parts_of(&message.to_bytes()) {
            said += part.bytes.len();
            let entry = entry(
                &genesis,
                &by,
                EntryId([1; 32]),
                number + 1,
                &Record::Witness(part),
            );
            let id = entry.id(&genesis.federation());
            register.note(&genesis, (id, MEMBER, Timestamp(1)), &entry);
        }
    }
    let kept = register.messages.values().flat_map(BTreeMap::values);
    let kept: usize = kept.map(|message| message.to_bytes().len()).sum();
    assert!(
        kept <= 16 << 20,
        "{kept} of {said} bytes of a key that is no validator's"
    );
}

#[test]
fn openings_of_proposals_that_nobody_has_are_not_all_looked_at_again_for_ever() {
    let (genesis, root, delegate) = (genesis(), key(1), key(3));
    let federation = genesis.federation();
    let mut register = Register::new();
    let mandate = Record::Mandate(Mandate {
        number: 1,
        delegates: vec![Delegate {
            key: delegate.public(),
            person: PersonId([0; 16]),
        }],
    });
    let mandate = entry(&genesis, &root, EntryId([1; 32]), 1, &mandate);
    let grant = mandate.id(&federation);
    register.note(&genesis, (grant, MEMBER, Timestamp(1)), &mandate);
    for number in 0..2_000u64 {
        let mut proposal = [0xab; 32];
        proposal[..8].copy_from_slice(&number.to_be_bytes());
        let opening = Record::Opening(Opening {
            proposal: EntryId(proposal),
            version: EntryId(proposal),
            text: Hash(proposal),
            rule: "consent".to_owned(),
            charter: Hash([0; 32]),
            deadline: Timestamp(2),
            late_block_ms: 0,
            extension_ms: 0,
            electorate: vec![Elector {
                member: MemberId([1; 32]),
                class: "producer".to_owned(),
                root: root.public(),
                record: EntryId([1; 32]),
            }],
        });
        let entry = entry(&genesis, &delegate, grant, number + 1, &opening);
        let id = entry.id(&federation);
        register.note(&genesis, (id, MEMBER, Timestamp(1)), &entry);
    }
    let most = 4 * ITEMS_MAX;
    assert!(
        register.asked.len() <= most,
        "{} wait",
        register.asked.len()
    );
}
