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
fn as_many_founders_as_may_lie_never_make_two_beginnings() {
    use crate::sizes::Sizes;
    use domain::genesis::Founder;
    for founders in 1..=FOUNDERS_MAX {
        let founder = |number: usize| Founder {
            root: crate::testing::root_key(number).public(),
            name: format!("Co-op {number}"),
            class: "producer".to_owned(),
        };
        let genesis = Genesis {
            name: "Meet".to_owned(),
            created: Timestamp(1),
            founders: (0..founders).map(founder).collect(),
            charter: Vec::new(),
            nonce: [7; 32],
            requires: Vec::new(),
        };
        // So many must sign both; if they may all be liars, each half of the honest can be shown another.
        let both = 2 * genesis.admissions_needed() - founders;
        let liars = Sizes::of(founders).faulty();
        assert!(
            both > liars,
            "of {founders} founders {both} sign both, {liars} may lie"
        );
    }
}
