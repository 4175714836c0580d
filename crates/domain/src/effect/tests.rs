use super::*;
use crate::{id::FederationId, key::SecretKey, record::Newcomer};

const FEDERATION: FederationId = FederationId([5; 32]);

fn member(number: u8) -> MemberId {
    MemberId([number; 32])
}

fn someone(number: u8) -> Someone {
    Someone {
        member: member(number),
        person: PersonId([number; 16]),
    }
}

fn applicant() -> Applicant {
    let root = SecretKey::from_seed(&[7; 32]);
    let (name, class) = ("Alder", "producer");
    let words = ("We ask to join.", "40 hours a year");
    let terms = Hash([3; 32]);
    Applicant::sign(&FEDERATION, &root, (name, class), words, terms, None)
}

fn charter(changes: &[(&str, &str)]) -> Vec<u8> {
    let charter = Charter::from_toml(Charter::default_toml()).unwrap();
    charter
        .with_changes(changes.iter().copied())
        .unwrap()
        .to_bytes()
}

fn all() -> Vec<Effect> {
    let until = Timestamp(1_800_000_000_000);
    vec![
        Effect::Admission(applicant()),
        Effect::Expulsion { member: member(1) },
        Effect::Class {
            member: member(1),
            class: "consumer".to_owned(),
        },
        Effect::Host {
            member: member(1),
            host: member(2),
        },
        Effect::Office {
            circle: Some(CircleId([4; 16])),
            title: "coordinator".to_owned(),
            holder: Some(someone(1)),
            until: None,
        },
        Effect::Commission {
            name: "Servers".to_owned(),
            powers: "Buys one server.".to_owned(),
            people: vec![someone(1), someone(2)],
            until,
        },
        Effect::Charter {
            charter: charter(&[]),
        },
        Effect::Rules {
            version: 2,
            from_height: 9,
        },
        Effect::ForceMajeure { times: 2, until },
        Effect::Mediation {
            proposal: crate::id::EntryId([6; 32]),
            people: vec![someone(3)],
            until,
        },
        Effect::ServerPolicy {
            member: member(1),
            server: "bbb1".to_owned(),
            policy: "Only for conferences.".to_owned(),
        },
        Effect::Settlement {
            period: "2026-Q4".to_owned(),
            digest: Hash([8; 32]),
        },
        Effect::Root {
            member: member(1),
            root: PublicKey([2; 32]),
            proof: Signature([3; 64]),
        },
    ]
}

#[test]
fn every_effect_comes_back_and_has_a_hash_and_a_word_of_its_own() {
    let all = all();
    for effect in &all {
        assert_eq!(Effect::from_bytes(&effect.to_bytes()).as_ref(), Ok(effect));
    }
    let distinct = |values: Vec<String>| {
        let found = values.len();
        let set: std::collections::BTreeSet<_> = values.into_iter().collect();
        assert_eq!(set.len(), found);
    };
    distinct(all.iter().map(|effect| effect.hash().to_string()).collect());
    distinct(all.iter().map(|effect| effect.word().to_owned()).collect());
}

#[test]
fn an_effect_of_an_unknown_type_or_length_is_refused() {
    for (elements, kind) in [(2, 14), (3, 2), (2, 0), (5, 12)] {
        let mut encoder = Encoder::new();
        encoder.array(elements).uint(kind).value(&member(1));
        let error = Effect::from_bytes(&encoder.into_bytes()).unwrap_err();
        assert!(error.to_string().contains("update the node"), "{error}");
    }
}

#[test]
fn a_version_without_an_effect_has_the_hash_it_always_had() {
    let (content, _) = crate::text::Content::of("We meet on Tuesdays.").unwrap();
    let plain = Motion {
        title: "Meetings".to_owned(),
        text: content.hash(),
        effect: None,
    };
    assert_eq!(
        plain.hash(),
        crate::record::version_hash("Meetings", &content)
    );
    let mut hashes = vec![plain.hash()];
    for effect in all() {
        let motion = Motion {
            effect: Some(effect),
            ..plain.clone()
        };
        assert_eq!(Motion::from_bytes(&motion.to_bytes()).as_ref(), Ok(&motion));
        hashes.push(motion.hash());
    }
    let found = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), found);
}

#[test]
fn people_are_named_once_and_in_order() {
    let commission = |people: Vec<Someone>| Effect::Commission {
        name: "Servers".to_owned(),
        powers: "Buys one server.".to_owned(),
        people,
        until: Timestamp(1),
    };
    for people in [vec![], vec![someone(2), someone(1)], vec![someone(1); 2]] {
        assert!(Effect::from_bytes(&commission(people).to_bytes()).is_err());
    }
}

#[test]
fn periods_get_two_to_ten_times_as_long() {
    let longer = |times| {
        let until = Timestamp(1);
        Effect::from_bytes(&Effect::ForceMajeure { times, until }.to_bytes()).is_ok()
    };
    assert_eq!(
        [0, 1, 2, 10, 11].map(longer),
        [false, false, true, true, false]
    );
}

#[test]
fn a_charter_is_changed_by_its_own_rule_alone() {
    let effect = Effect::Charter {
        charter: charter(&[("period.regular-seconds", "1000")]),
    };
    assert_eq!(effect.check(RuleName::Charter), Ok(()));
    let refused = effect.check(RuleName::Consent).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this is decided by the rule charter, not by consent"
    );
}

#[test]
fn a_charter_that_leaves_no_rule_to_change_it_is_refused_before_a_vote() {
    let without = charter(&[
        ("rules", r#"["consent"]"#),
        ("default-rule", r#""consent""#),
    ]);
    let effect = Effect::Charter { charter: without };
    assert_eq!(
        effect.check(RuleName::Charter),
        Err(EffectError::Unchangeable)
    );
    for bytes in [vec![], vec![0x80], charter(&[])[..40].to_vec()] {
        let effect = Effect::Charter { charter: bytes };
        let refused = effect.check(RuleName::Charter);
        assert!(
            matches!(refused, Err(EffectError::Charter(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn an_application_speaks_for_one_newcomer_on_one_set_of_terms_in_one_federation() {
    let signed = applicant();
    assert!(signed.verify(&FEDERATION).is_ok());
    assert!(signed.verify(&FederationId([6; 32])).is_err());
    let newcomer = Newcomer {
        root: PublicKey([9; 32]),
        ..signed.newcomer.clone()
    };
    let changed = [
        Applicant {
            newcomer,
            ..signed.clone()
        },
        Applicant {
            request: "We ask.".to_owned(),
            ..signed.clone()
        },
        Applicant {
            terms: Hash([4; 32]),
            ..signed.clone()
        },
        Applicant {
            contribution: "nothing".to_owned(),
            ..signed.clone()
        },
        Applicant {
            host: Some(member(1)),
            ..signed
        },
    ];
    for changed in changed {
        assert!(changed.verify(&FEDERATION).is_err(), "{changed:?}");
    }
}
