use domain::{
    charter::RuleName,
    decision::Choice,
    entry::{Address, Audience, Header, SALT_BYTES, Salted},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{self, Custody, Grant, Purpose, Record, Roles},
};

use super::*;
use crate::{
    agreement::{Signed, Step, Vote},
    evidence::{Evidence, Receipt},
    leaves::Claim,
    merkle::Proof,
    testing::{Cast, FEDERATION, HOUR_MS, MINUTE_MS, Sent},
    validators::ValidatorIndex,
};

const ALL: [u8; 4] = [0, 1, 2, 3];

fn cast() -> Cast {
    Cast::new(4, 2, RuleName::Consent, "")
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn in_phase(cast: &Cast, evidence: Evidence) -> Contradiction {
    Contradiction::InPhase {
        key: cast.validator(1).1.public(),
        phase: cast.phase.id,
        evidence,
    }
}

fn manifests(cast: &Cast) -> Contradiction {
    let things = cast.sent(&[Sent::new(0, Choice::Agree, &ALL)]);
    let two = [cast.manifest(1, &things), cast.manifest(1, &[])];
    let mut two = two.map(|(signed, named)| (named.manifest, signed.signature));
    two.sort_by_key(|(hash, _)| *hash);
    in_phase(cast, Evidence::Manifests(ValidatorIndex(1), two))
}

fn seals(cast: &Cast) -> Contradiction {
    let names: Vec<_> = ALL.map(|author| cast.manifest(author, &[]).1).to_vec();
    let two = [MINUTE_MS, HOUR_MS].map(|time| cast.seal(1, time, &names));
    in_phase(cast, Evidence::Seals(Box::new(two)))
}

fn receipts(cast: &Cast) -> Contradiction {
    let receipt = |choice| {
        let leaf = cast.leaf(&cast.ballot(0, 1, choice), &cast.mandate(0, 1));
        let signed = cast.leaves(Claim::Receipts, 1, HOUR_MS, &[leaf]);
        Receipt {
            leaf,
            time: signed.time,
            proof: Proof::of(&signed.hashes(), 0).unwrap(),
            signature: signed.signature,
        }
    };
    let mut two = [receipt(Choice::Agree), receipt(Choice::Abstain)];
    two.sort_by_key(|receipt| receipt.leaf);
    in_phase(cast, Evidence::Receipts(ValidatorIndex(1), Box::new(two)))
}

fn votes() -> Contradiction {
    let vote = |value: Option<u8>| {
        let vote = Vote {
            epoch: 0,
            height: 3,
            round: 1,
            step: Step::Precommit,
            value: value.map(|byte| Hash([byte; 32])),
        };
        Signed::sign(&FEDERATION, ValidatorIndex(1), &key(9), vote)
    };
    let pair = agreement::Pair::Votes(vote(None), vote(Some(1)));
    let key = key(9).public();
    Contradiction::InAgreement(agreement::Evidence { key, pair })
}

fn entry(by: &SecretKey, sequence: u64, record: &Record) -> Entry {
    let body = Salted::new(&[3; SALT_BYTES], &record.to_bytes());
    let header = Header {
        author: by.public(),
        grant: EntryId([1; 32]),
        sequence,
        previous: (sequence > 1).then_some(EntryId([2; 32])),
        time: Timestamp(1_000),
        address: Address::parse("keys").unwrap(),
        audience: Audience::Public,
        kind: record.kind(),
        critical: false,
        body: body.seal(),
        note: None,
        references: Vec::new(),
    };
    Entry {
        signature: header.sign(&FEDERATION, by),
        header,
        body: Some(body),
        note: None,
    }
}

fn grant(by: &SecretKey, to: &SecretKey) -> Entry {
    let member = MemberId(by.public().0);
    let purpose = Purpose::Validator;
    let grant = Grant {
        purpose,
        key: to.public(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        number: 1,
        proof: Grant::prove(to, &FEDERATION, &member, purpose, None),
    };
    entry(by, 2, &Record::Grant(grant))
}

fn fork() -> Contradiction {
    let said = |number: u8| {
        let record = Record::Person(record::Person {
            person: PersonId([number; 16]),
        });
        entry(&key(9), 5, &record)
    };
    Contradiction::in_log(&FEDERATION, [said(1), said(2)])
}

fn one_of_each(cast: &Cast) -> [Contradiction; 5] {
    [
        receipts(cast),
        manifests(cast),
        seals(cast),
        votes(),
        fork(),
    ]
}

#[test]
fn each_is_verified_with_nothing_but_its_own_bytes_and_the_federation() {
    for one in one_of_each(&cast()) {
        assert_eq!(one.verify(&FEDERATION), Ok(()), "{}", one.word());
        let bytes = one.to_bytes();
        assert!(bytes.len() <= record::EVIDENCE_BYTES_MAX);
        assert_eq!(Contradiction::from_bytes(&bytes).as_ref(), Ok(&one));
        assert!(one.verify(&FederationId([8; 32])).is_err(), "elsewhere");
    }
}

#[test]
fn one_with_a_changed_bit_is_none() {
    for one in one_of_each(&cast()) {
        let bytes = one.to_bytes();
        for at in 0..bytes.len() {
            for bit in [0, 7] {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let Ok(read) = Contradiction::from_bytes(&changed) else {
                    continue;
                };
                // By which index a set names its validator is not signed, and convicts nobody else.
                let is_index = read.key() == one.key() && read.word() == one.word();
                let holds = read.verify(&FEDERATION).is_ok();
                assert!(!holds || is_index, "byte {at} of {}", one.word());
            }
        }
    }
}

#[test]
fn two_ballots_and_one_thing_twice_convict_nobody() {
    let cast = cast();
    let signed = |choice| evidence::Signed {
        ballot: cast.ballot(0, 1, choice),
        mandate: cast.mandate(0, 1),
    };
    let two = Box::new([signed(Choice::Agree), signed(Choice::Abstain)]);
    let ballots = in_phase(&cast, Evidence::Ballots(two));
    let refused = ContradictionError::from(Fault::NoContradiction);
    assert_eq!(ballots.verify(&FEDERATION), Err(refused.clone()));
    let Contradiction::InLog(entries) = fork() else {
        panic!("a fork");
    };
    let [one, other] = *entries;
    for two in [[one.clone(), one.clone()], [other, one]] {
        let same = Contradiction::InLog(Box::new(two));
        assert_eq!(same.verify(&FEDERATION), Err(refused.clone()));
    }
}

#[test]
fn what_is_withheld_of_a_log_is_not_in_the_evidence() {
    let Contradiction::InLog(entries) = fork() else {
        panic!("a fork");
    };
    assert!(entries.iter().all(|entry| entry.body.is_none()));
}

#[test]
fn a_file_shows_whose_key_it_is_by_the_grants_that_lead_to_it() {
    let (root, steward) = (key(7), key(8));
    let member = MemberId(root.public().0);
    let chain = [grant(&root, &steward), grant(&steward, &key(9))];
    for (grants, is_shown) in [(&chain[..], true), (&[][..], false), (&chain[1..], false)] {
        let file = EvidenceFile::new(&FEDERATION, member, &votes(), grants);
        let read = EvidenceFile::read(file.to_json().as_bytes()).unwrap();
        assert_eq!(read, file);
        let proof = read.verify(Some(&FEDERATION)).unwrap();
        assert_eq!(proof.is_member_shown, is_shown);
        assert_eq!((proof.hash(), proof.member), (votes().hash(), member));
        let words = proof.words().join("\n");
        assert!(words.contains("signed two votes of one step at height 3, round 1"));
        assert!(words.contains("a precommit for nothing"), "{words}");
        assert_eq!(words.contains("does not show it"), !is_shown, "{words}");
        assert!(words.contains("does not show who held the key"));
    }
    let other = Some(FederationId([8; 32]));
    let file = EvidenceFile::new(&FEDERATION, member, &votes(), &chain);
    let elsewhere = file.verify(other.as_ref());
    assert!(matches!(
        elsewhere,
        Err(ContradictionError::OtherFederation { .. })
    ));
}

#[test]
fn a_file_in_which_anything_is_changed_is_refused() {
    let (root, cast) = (key(7), cast());
    let member = MemberId(root.public().0);
    let files = [
        (votes(), key(9)),
        (fork(), key(9)),
        (manifests(&cast), cast.validator(1).1.clone()),
    ];
    for (contradiction, signer) in files {
        let grants = [grant(&root, &signer)];
        let json = EvidenceFile::new(&FEDERATION, member, &contradiction, &grants).to_json();
        let whole = EvidenceFile::read(json.as_bytes()).unwrap();
        let whole = whole.verify(None).unwrap();
        assert!(whole.is_member_shown && !whole.is_pinned);
        for (at, letter) in json
            .char_indices()
            .filter(|(_, one)| one.is_ascii_hexdigit())
        {
            let mut changed = json.clone().into_bytes();
            changed[at] = if letter == '0' { b'1' } else { b'0' };
            let verified = EvidenceFile::read(&changed).and_then(|file| file.verify(None));
            // But for the index of a validator, which is not signed.
            let same = |proof: &Conviction| {
                (proof.member, proof.contradiction.key()) == (member, signer.public())
                    && proof.contradiction.word() == contradiction.word()
                    && proof.contradiction.phase() == contradiction.phase()
            };
            assert!(verified.as_ref().map_or(true, same), "{at}: {verified:?}");
        }
        for (from, to) in [
            ("\"signed\": \"", "\"signed\": \"x"),
            ("{", "{\"more\": 1,"),
        ] {
            let changed = json.replacen(from, to, 1);
            let read = EvidenceFile::read(changed.as_bytes());
            assert!(read.and_then(|file| file.verify(None)).is_err());
        }
    }
    assert!(EvidenceFile::read(b"{}").is_err());
    assert!(!EvidenceFile::is_meant(
        b"{\"format\": \"folkmoot decision 1\"}"
    ));
    assert!(EvidenceFile::is_meant(
        b"{\"format\": \"folkmoot evidence 7\"}"
    ));
}
