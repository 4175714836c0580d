use domain::{
    effect::{Applicant, Effect, EffectError, Someone, root_message},
    id::{FederationId, PersonId},
    key::SecretKey,
};

use super::*;
use crate::{
    declaration::{Declaration, Matter, NUMBER_MAX},
    order::apply::Place,
};

const FEDERATION: FederationId = FederationId([5; 32]);
const DAY_MS: u64 = 24 * 3600 * 1000;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn id(number: u8) -> MemberId {
    MemberId(key(number).public().0)
}

fn charter() -> Charter {
    Charter::from_toml(Charter::default_toml()).unwrap()
}

fn member(number: u8, class: &str) -> (MemberId, Member) {
    let member = Member {
        name: format!("Co-op {number}"),
        class: class.parse().unwrap(),
        root: key(number).public(),
        record: EntryId([number; 32]),
        host: id(number),
        validator: Some(key(number + 100).public()),
        since: 1,
        declared: 0,
    };
    (id(number), member)
}

/// Two producers with nodes, and a consumer that the first one serves.
fn order() -> Order {
    let mut members = BTreeMap::from([member(1, "producer"), member(2, "producer")]);
    let (served, mut consumer) = member(3, "consumer");
    consumer.host = id(1);
    consumer.validator = None;
    members.insert(served, consumer);
    Order::new(charter(), members)
}

fn place(height: u64) -> Place {
    Place {
        federation: FEDERATION,
        height,
        time: Timestamp(1_000 * DAY_MS),
        record: EntryId([99; 32]),
    }
}

fn applicant(number: u8, class: &str, terms: Hash, host: Option<MemberId>) -> Applicant {
    let words = ("We ask to join.", "40 hours a year");
    Applicant::sign(
        &FEDERATION,
        &key(number),
        ("New", class),
        words,
        terms,
        host,
    )
}

fn amended(changes: &[(&str, &str)]) -> Effect {
    let changed = charter().with_changes(changes.iter().copied()).unwrap();
    Effect::Charter {
        charter: changed.to_bytes(),
    }
}

fn leave(order: &mut Order, member: u8, number: u64) -> Result<(), Ineffective> {
    let who = (id(member), number);
    let leave = Declaration::sign(&FEDERATION, &key(member), who, Matter::Leave);
    order.declare(&FEDERATION, 9, &leave)
}

/// What an effect answers, and that it changes nothing if it has none.
fn refused(order: &Order, effect: &Effect) -> Ineffective {
    let mut after = order.clone();
    let why = after.apply(&place(7), effect).unwrap_err();
    assert_eq!(&after, order, "{why}");
    why
}

#[test]
fn who_is_admitted_votes_and_validates_from_then_on() {
    let mut order = order();
    let before = order.validators().unwrap().sizes().all();
    let newcomer = applicant(9, "producer", charter().hash(), None);
    let effect = Effect::Admission(newcomer);
    order.apply(&place(7), &effect).unwrap();
    let known = &order.members()[&id(9)];
    assert_eq!((known.since, known.record), (7, EntryId([99; 32])));
    let electors = order.electorate(RuleName::Consent);
    assert!(electors.iter().any(|elector| elector.member == id(9)));
    assert_eq!(order.validators().unwrap().sizes().all(), before);
    let named = Declaration::of_validator(&FEDERATION, &key(9), (id(9), 1), &key(109));
    order.declare(&FEDERATION, 8, &named).unwrap();
    assert_eq!(order.validators().unwrap().sizes().all(), before + 1);
    assert_eq!(refused(&order, &effect), Ineffective::AlreadyMember(id(9)));
}

#[test]
fn an_application_is_for_the_charter_in_force_a_class_of_it_and_a_host_with_a_node() {
    let order = order();
    let in_force = charter().hash();
    let cases = [
        (
            applicant(9, "producer", Hash([1; 32]), None),
            Ineffective::Terms {
                accepted: Hash([1; 32]),
                in_force,
            },
        ),
        (
            applicant(9, "friend", in_force, None),
            Ineffective::NoClass("friend".to_owned()),
        ),
        (
            applicant(9, "consumer", in_force, Some(id(3))),
            Ineffective::NoHost(id(3)),
        ),
        (
            applicant(9, "consumer", in_force, Some(id(8))),
            Ineffective::NoMember(id(8)),
        ),
    ];
    for (applicant, why) in cases {
        assert_eq!(refused(&order, &Effect::Admission(applicant)), why);
    }
    let mut forged = applicant(9, "producer", in_force, None);
    forged.contribution = "nothing".to_owned();
    let why = refused(&order, &Effect::Admission(forged));
    assert_eq!(why, Ineffective::Signature(key(9).public()));
}

#[test]
fn who_is_expelled_loses_its_offices_and_does_not_come_back_with_the_same_key() {
    let mut order = order();
    let who = Someone {
        member: id(2),
        person: PersonId([2; 16]),
    };
    let office = Effect::Office {
        circle: None,
        title: "treasurer".to_owned(),
        holder: Some(who),
        until: None,
    };
    order.apply(&place(7), &office).unwrap();
    order
        .apply(&place(8), &Effect::Expulsion { member: id(2) })
        .unwrap();
    assert!(!order.members().contains_key(&id(2)));
    assert_eq!(order.former()[&id(2)].departure, Departure::Expelled);
    assert_eq!(order.holder(None, "treasurer"), None);
    let again = applicant(2, "producer", charter().hash(), None);
    let why = refused(&order, &Effect::Admission(again));
    assert_eq!(why, Ineffective::WasMember(id(2)));
}

#[test]
fn who_serves_others_stays_until_they_are_served_elsewhere() {
    let mut order = order();
    let why = refused(&order, &Effect::Expulsion { member: id(1) });
    let (host, member) = (id(1), id(3));
    assert_eq!(why, Ineffective::StillHosts { host, member });
    assert_eq!(leave(&mut order, 1, 1), Err(why));
    let moved = Effect::Host {
        member: id(3),
        host: id(2),
    };
    order.apply(&place(8), &moved).unwrap();
    assert_eq!(leave(&mut order, 1, 1), Ok(()));
    assert_eq!(order.former()[&id(1)].departure, Departure::Left);
}

#[test]
fn a_declaration_has_its_effect_once_and_for_who_signed_it() {
    let mut order = order();
    let first = Declaration::of_validator(&FEDERATION, &key(1), (id(1), 1), &key(60));
    order.declare(&FEDERATION, 7, &first).unwrap();
    let (found, known) = (1, 1);
    let again = order.declare(&FEDERATION, 8, &first);
    assert_eq!(again, Err(Ineffective::Declared { found, known }));
    let forged = Declaration::of_validator(&FEDERATION, &key(3), (id(2), 1), &key(61));
    let refused = order.declare(&FEDERATION, 8, &forged);
    assert_eq!(refused, Err(Ineffective::Signature(key(2).public())));
    // A key closes votes for one member.
    let taken = Declaration::of_validator(&FEDERATION, &key(2), (id(2), 1), &key(60));
    let refused = order.declare(&FEDERATION, 8, &taken);
    assert_eq!(refused, Err(Ineffective::KeyTaken(key(60).public())));
}

#[test]
fn the_last_who_closes_votes_cannot_go() {
    let mut order = order();
    leave(&mut order, 2, 1).unwrap();
    let moved = Effect::Host {
        member: id(3),
        host: id(3),
    };
    order.apply(&place(9), &moved).unwrap();
    assert_eq!(leave(&mut order, 1, 1), Err(Ineffective::NoValidators));
    let none = Declaration::sign(&FEDERATION, &key(1), (id(1), 1), Matter::NoValidator);
    let refused = order.declare(&FEDERATION, 10, &none);
    assert_eq!(refused, Err(Ineffective::NoValidators));
}

#[test]
fn a_charter_without_the_class_of_a_member_is_refused() {
    let order = order();
    let without = amended(&[
        ("classes", r#"["producer", "individual"]"#),
        ("class.producer.strength-percent", "50"),
        ("class.individual.strength-percent", "50"),
        ("class.consumer.name", ""),
        ("class.consumer.kind", ""),
        ("class.consumer.strength-percent", ""),
    ]);
    let (class, member) = ("consumer".to_owned(), id(3));
    assert_eq!(
        refused(&order, &without),
        Ineffective::ClassHasMembers { class, member }
    );
    let same = Effect::Charter {
        charter: charter().to_bytes(),
    };
    assert_eq!(refused(&order, &same), Ineffective::SameCharter);
}

#[test]
fn a_charter_by_which_nobody_may_vote_on_the_next_is_refused() {
    let order = order();
    let nobody = amended(&[("rule.charter.electorate", r#"["individual"]"#)]);
    assert_eq!(refused(&order, &nobody), Ineffective::NobodyLeft);
}

#[test]
fn an_amended_charter_holds_from_then_on() {
    let mut order = order();
    let hash = order.hash();
    let longer = amended(&[("period.regular-seconds", "1000")]);
    order.apply(&place(7), &longer).unwrap();
    assert_eq!(order.charter().terms().periods.regular_seconds, 1_000);
    assert_ne!(order.hash(), hash);
}

#[test]
fn a_lost_root_key_is_replaced_by_one_that_somebody_holds() {
    let mut order = order();
    let (member, root) = (id(2), key(50).public());
    let message = root_message(&FEDERATION, &member);
    let effect = |proof| Effect::Root {
        member,
        root,
        proof,
    };
    let why = refused(&order, &effect(key(51).sign(&message)));
    assert_eq!(why, Ineffective::Signature(root));
    order
        .apply(&place(7), &effect(key(50).sign(&message)))
        .unwrap();
    assert_eq!(order.members()[&member].root, root);
    let taken = Effect::Root {
        member: id(3),
        root,
        proof: key(50).sign(&root_message(&FEDERATION, &id(3))),
    };
    assert_eq!(refused(&order, &taken), Ineffective::KeyTaken(root));
}

#[test]
fn declarations_with_a_new_root_key_are_counted_anew() {
    let mut order = order();
    // A thief has the key, and used up its numbers.
    let declare = |root: u8, number| {
        let root = key(root);
        Declaration::sign(&FEDERATION, &root, (id(2), number), Matter::NoValidator)
    };
    let last = declare(2, NUMBER_MAX);
    order.declare(&FEDERATION, 6, &last).unwrap();
    let effect = Effect::Root {
        member: id(2),
        root: key(50).public(),
        proof: key(50).sign(&root_message(&FEDERATION, &id(2))),
    };
    order.apply(&place(7), &effect).unwrap();
    let old = order.declare(&FEDERATION, 8, &last);
    assert_eq!(old, Err(Ineffective::Signature(key(50).public())));
    let first = order.declare(&FEDERATION, 8, &declare(50, 1));
    assert_eq!(first, Ok(()));
}

fn committee(members: &[u8], until: Timestamp) -> Effect {
    Effect::Commission {
        name: COMMITTEE.to_owned(),
        powers: "Closes votes.".to_owned(),
        people: members
            .iter()
            .map(|number| Someone {
                member: id(*number),
                person: PersonId([*number; 16]),
            })
            .collect(),
        until,
    }
}

#[test]
fn a_committee_alone_validates_where_there_is_one_until_its_term_ends() {
    let mut order = order();
    let (now, until) = (Timestamp(1_000 * DAY_MS), Timestamp(1_001 * DAY_MS));
    let over = refused(&order, &committee(&[2], now));
    let (term, ended) = (now, now);
    assert_eq!(over, Ineffective::TermOver { until: term, ended });
    order.apply(&place(7), &committee(&[2], until)).unwrap();
    let set = order.validators().unwrap();
    assert_eq!(set.sizes().all(), 1);
    assert!(set.index_of(&key(102).public()).is_some());
    let none = refused(&order, &committee(&[3], until));
    assert_eq!(none, Ineffective::NoValidators);
    // What ends is told by the deadlines of votes, which never go back.
    for (deadline, all) in [(until.0 - 1, 1), (until.0, 2), (0, 2)] {
        order.comes_to(Timestamp(deadline));
        assert_eq!(order.validators().unwrap().sizes().all(), all);
    }
}

#[test]
fn a_committee_stays_beyond_its_term_where_there_would_be_too_many_without_it() {
    let mut order = order();
    for number in 0..VALIDATORS_MAX {
        let (_, mut one) = member(1, "producer");
        let mut bytes = [0xaa; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        one.host = MemberId(bytes);
        one.validator = Some(PublicKey(bytes));
        order.members.insert(MemberId(bytes), one);
    }
    assert_eq!(order.validators(), None);
    let until = Timestamp(1_001 * DAY_MS);
    order.apply(&place(7), &committee(&[2], until)).unwrap();
    order.comes_to(until.plus_ms(1));
    assert_eq!(order.validators().unwrap().sizes().all(), 1);
}

#[test]
fn who_closes_votes_is_decided_by_the_rule_of_the_charter() {
    let effect = committee(&[2], Timestamp(DAY_MS));
    let (needed, found) = (RuleName::Charter, RuleName::Consent);
    assert_eq!(
        effect.check(found),
        Err(EffectError::Rule { needed, found })
    );
    assert_eq!(effect.check(needed), Ok(()));
    let other = Effect::Commission {
        name: "finance".to_owned(),
        powers: "Pays bills.".to_owned(),
        people: Vec::new(),
        until: Timestamp(DAY_MS),
    };
    assert_eq!(other.check(found), Ok(()));
}

#[test]
fn votes_take_longer_in_a_time_of_force_majeure_and_no_longer_than_one_decision_may_say() {
    let mut order = order();
    let ends = |days: u64| Effect::ForceMajeure {
        times: 3,
        until: Timestamp((1_000 + days) * DAY_MS),
    };
    assert!(matches!(
        refused(&order, &ends(181)),
        Ineffective::TooLong { .. }
    ));
    order.apply(&place(7), &ends(30)).unwrap();
    assert_eq!(order.times_as_long(Timestamp(1_029 * DAY_MS)), 3);
    assert_eq!(order.times_as_long(Timestamp(1_030 * DAY_MS)), 1);
}

#[test]
fn rules_go_forward_from_a_height_to_come() {
    let mut order = order();
    let rules = |version, from_height| Effect::Rules {
        version,
        from_height,
    };
    assert!(matches!(
        refused(&order, &rules(2, 7)),
        Ineffective::RulesHeight { .. }
    ));
    assert!(matches!(
        refused(&order, &rules(3, 9)),
        Ineffective::RulesVersion { found: 3, known: 1 }
    ));
    order.apply(&place(7), &rules(2, 9)).unwrap();
    let versions: Vec<u64> = (7..11).map(|height| order.rules().at(height)).collect();
    assert_eq!(versions, [1, 1, 2, 2]);
    // As long as it has not begun it can be put off.
    order.apply(&place(8), &rules(2, 10)).unwrap();
    assert_eq!(order.rules().at(9), 1);
    assert!(matches!(
        refused(&order.clone(), &rules(3, 11)),
        Ineffective::RulesVersion { found: 3, known: 1 }
    ));
    order.apply(&place(10), &rules(3, 11)).unwrap();
    assert_eq!(order.rules().at(10), 2);
}

#[test]
fn a_period_is_settled_once() {
    let mut order = order();
    let settlement = |digest| Effect::Settlement {
        period: "2026-Q4".to_owned(),
        digest: Hash([digest; 32]),
    };
    order.apply(&place(7), &settlement(1)).unwrap();
    let why = refused(&order, &settlement(2));
    assert_eq!(why, Ineffective::Settled("2026-Q4".to_owned()));
}
