use domain::genesis::Founder;

use super::*;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn genesis() -> Genesis {
    let mut founders: Vec<Founder> = [1, 2, 3]
        .map(|number| Founder {
            root: key(number).public(),
            name: format!("Co-op {number}"),
            class: "producer".to_owned(),
        })
        .into();
    founders.sort();
    let charter = Charter::from_toml(Charter::default_toml()).unwrap();
    Genesis {
        name: "Meet".to_owned(),
        created: Timestamp(1),
        founders,
        charter: charter.to_bytes(),
        nonce: [9; 32],
        requires: Vec::new(),
    }
}

fn begin() -> Begin {
    let mut members: Vec<First> = [1, 2, 3, 4]
        .map(|number| {
            let root = key(number).public();
            First {
                member: MemberId(root.0),
                name: format!("Co-op {number}"),
                class: "producer".to_owned(),
                root,
                record: EntryId([number; 32]),
                host: MemberId(root.0),
                validator: Some(key(number + 100).public()),
            }
        })
        .into();
    members.sort_by_key(|first| first.member);
    Begin {
        time: Timestamp(2),
        members,
    }
}

fn beginning(begin: Begin, founders: &[u8]) -> Beginning {
    let federation = genesis().federation();
    let mut signatures: Vec<Founding> = founders
        .iter()
        .map(|founder| begin.sign(&federation, &key(*founder)))
        .collect();
    signatures.sort_by_key(|founding| founding.root);
    Beginning { begin, signatures }
}

#[test]
fn more_than_half_of_the_founders_begin_the_register() {
    let beginning = beginning(begin(), &[1, 3]);
    let bytes = beginning.to_bytes();
    assert_eq!(Beginning::from_bytes(&bytes).as_ref(), Ok(&beginning));
    let order = beginning.check(&genesis()).unwrap();
    assert_eq!(order.members().len(), 4);
    assert_eq!(order.validators().unwrap().sizes().all(), 4);
}

#[test]
fn fewer_others_or_forged_signatures_begin_nothing() {
    let genesis = genesis();
    let check = |founders: &[u8]| beginning(begin(), founders).check(&genesis);
    assert_eq!(
        check(&[1]),
        Err(BeginError::TooFew {
            found: 1,
            needed: 2
        })
    );
    assert_eq!(
        check(&[1, 4]),
        Err(BeginError::NotAFounder(key(4).public()))
    );
    let mut forged = beginning(begin(), &[1, 2]);
    forged.begin.time = Timestamp(3);
    assert!(matches!(
        forged.check(&genesis),
        Err(BeginError::Signature(_))
    ));
    let mut twice = beginning(begin(), &[1]);
    twice.signatures.push(twice.signatures[0]);
    assert!(Beginning::from_bytes(&twice.to_bytes()).is_err());
}

#[test]
fn the_hash_is_the_same_whichever_founders_signed() {
    let federation = genesis().federation();
    let [one, other] = [[1, 2], [2, 3]].map(|founders| beginning(begin(), &founders));
    assert_ne!(one.to_bytes(), other.to_bytes());
    assert_eq!(one.begin.hash(&federation), other.begin.hash(&federation));
}

#[test]
fn members_that_do_not_fit_together_begin_nothing() {
    let genesis = genesis();
    let with = |change: fn(&mut Vec<First>)| {
        let mut begin = begin();
        change(&mut begin.members);
        beginning(begin, &[1, 2]).check(&genesis)
    };
    let class = with(|members| members[0].class = "friend".to_owned());
    assert!(matches!(class, Err(BeginError::Class { .. })));
    let shared = with(|members| members[0].validator = members[1].validator);
    assert!(matches!(shared, Err(BeginError::SharedKey(_))));
    let host = with(|members| members[0].host = MemberId([0; 32]));
    assert!(matches!(host, Err(BeginError::Host { .. })));
    let none = with(|members| members.iter_mut().for_each(|first| first.validator = None));
    assert_eq!(none, Err(BeginError::NoValidators));
}

#[test]
fn a_beginning_is_followed_when_a_quorum_decided_what_comes_after_it() {
    use crate::{
        agreement::{self, Signed, Step, Vote},
        batch::{Batch, Items},
        declaration::{Declaration, Matter},
        validators::ValidatorIndex,
    };
    // A founder signed both.
    let later = Begin {
        time: Timestamp(3),
        ..begin()
    };
    let founders = [(begin(), [1, 2]), (later, [1, 3])];
    let [one, other] = founders.map(|(begin, founders)| {
        let beginning = beginning(begin, &founders);
        Chain::begin(&genesis(), &beginning).unwrap()
    });
    let federation = one.federation();
    let member = MemberId(key(4).public().0);
    let leaves = Declaration::sign(&federation, &key(4), (member, 1), Matter::Leave);
    let wanted = Items {
        declarations: vec![leaves],
        ..Items::default()
    };
    let (batch, _) = one.draft(wanted);
    let value = |batch: &Batch| Message::Value(Box::new(batch.clone()));
    let vote = |index: u8, value| {
        let validator = one.validators().get(ValidatorIndex(index)).unwrap();
        let mut keys = (1..=4).map(|number| key(number + 100));
        let key = keys.find(|key| key.public() == validator.key).unwrap();
        let vote = Vote {
            epoch: 0,
            height: 2,
            round: 0,
            step: Step::Precommit,
            value: Some(value),
        };
        let signed = Signed::sign(&federation, ValidatorIndex(index), &key, vote);
        Message::Agreement(agreement::Message::Vote(signed))
    };
    let hash = batch.header.hash(&federation);
    let votes = [0, 1, 2].map(|index| vote(index, hash));
    let bytes = value(&batch);
    let [a, b, c] = &votes;
    assert!(is_followed(&one, &[a, b, c, &bytes]));
    // The same votes of the same validators, who begin the other one too.
    assert_eq!(one.validators(), other.validators());
    assert!(!is_followed(&other, &[a, b, c, &bytes]));
    // Too few, or nothing that says what they follow.
    assert!(!is_followed(&one, &[a, b, b, &bytes]));
    assert!(!is_followed(&one, &[a, b, c]));
    assert!(!is_followed(
        &one,
        &[a, b, c, &value(&other.draft(Items::default()).0)]
    ));
}
