use proptest::prelude::*;

use super::*;

/// The bytes of a charter with these keys and nothing else.
fn wire(entries: &[(&str, Value)]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.array(2).uint(1).array(entries.len());
    for (key, value) in entries {
        encoder.array(2).text(key).value(value);
    }
    encoder.into_bytes()
}

#[test]
fn the_default_file_is_the_default_charter() {
    let charter = Charter::from_toml(Charter::default_toml()).unwrap();
    assert_eq!(charter, Charter::default());
    assert_eq!(Charter::from_toml(""), Ok(Charter::default()));
    assert_eq!(Charter::decode(&charter.to_bytes()), Ok(charter));
}

#[test]
fn the_default_file_names_every_key_of_the_default_charter() {
    let default = Charter::default();
    let table = toml::de::DeTable::parse(Charter::default_toml()).unwrap();
    let count = |table: &toml::de::DeTable<'_>| table.len();
    let mut written = 0;
    let mut tables = vec![table.get_ref().clone()];
    while let Some(table) = tables.pop() {
        written += count(&table);
        for value in table.values() {
            if let toml::de::DeValue::Table(inner) = value.get_ref() {
                written -= 1;
                tables.push(inner.clone());
            }
        }
    }
    // The notice of a recovery is named there too, and is no entry as long as it is the default.
    assert_eq!(written, default.entries.len() + 1);
}

#[test]
fn charters_from_before_recoveries_keep_their_hash_and_have_fourteen_days_of_notice() {
    let default = Charter::default();
    assert_eq!(
        default.hash().to_string(),
        "f7b32438ca5f1d7701a47d7320287cc391ea5a0ebcbd17f304cb5e9eb5768594"
    );
    assert_eq!(default.terms().recovery_notice_seconds, 14 * 86_400);
    let stated = Charter::from_toml("[recovery]\nnotice-seconds = 1209600\n").unwrap();
    assert_eq!(stated, default);
    let minutes = Charter::from_toml("[recovery]\nnotice-seconds = 600\n").unwrap();
    assert_ne!(minutes.hash(), default.hash());
    assert_eq!(minutes.terms().recovery_notice_seconds, 600);
    assert_eq!(Charter::decode(&minutes.to_bytes()).as_ref(), Ok(&minutes));
    assert_eq!(
        Charter::from_toml(&minutes.to_toml()).as_ref(),
        Ok(&minutes)
    );
    assert_eq!(
        Charter::from_toml(&default.to_toml()).as_ref(),
        Ok(&default)
    );
}

#[test]
fn the_default_charter_is_that_of_the_model_co_op() {
    let charter = Charter::default();
    let terms = charter.terms();
    let classes: Vec<_> = terms
        .classes
        .iter()
        .map(|class| (class.id.as_str(), class.kind, class.strength_percent))
        .collect();
    assert_eq!(
        classes,
        [
            ("producer", ClassKind::Organisation, 40),
            ("consumer", ClassKind::Organisation, 35),
            ("individual", ClassKind::Individual, 25),
        ]
    );
    assert_eq!(terms.rules.len(), RuleName::ALL.len());
    assert_eq!(terms.default_rule, RuleName::ConsentThenVote);
    for rule in RuleName::ALL {
        let all = matches!(rule, RuleName::ClassWeighted | RuleName::Charter);
        let eligible = if all {
            Eligible::All
        } else {
            Eligible::Organisations
        };
        assert_eq!(charter.rule(rule).eligible, eligible);
        assert_eq!(charter.rule(rule).quorum, Fraction::new(1, 3).unwrap());
    }
    assert_eq!(terms.periods.regular_seconds, 7 * 86_400);
    assert_eq!(terms.periods.urgent_seconds, 3 * 86_400);
    assert!(!terms.disagree_allowed);
}

/// The bytes and the hash are for ever: whoever changes a default changes this test knowingly.
#[test]
fn the_default_charter_keeps_its_hash() {
    assert_eq!(
        Charter::default().hash().to_string(),
        "f7b32438ca5f1d7701a47d7320287cc391ea5a0ebcbd17f304cb5e9eb5768594"
    );
}

#[test]
fn a_charter_of_minutes_says_only_what_differs() {
    let toml = "[period]\nregular-seconds = 300\nurgent-seconds = 120\n";
    let charter = Charter::from_toml(toml).unwrap();
    assert_eq!(charter.terms().periods.regular_seconds, 300);
    let changes = diff(&Charter::default(), &charter);
    let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
    assert_eq!(keys, ["period.regular-seconds", "period.urgent-seconds"]);
    assert_eq!(changes[0].before, Some(Value::Number(604_800)));
    assert_eq!(changes[0].after, Some(Value::Number(300)));
}

#[test]
fn a_missing_key_has_its_default_and_stays_missing() {
    let bytes = wire(&[("period.regular-seconds", Value::Number(300))]);
    let charter = Charter::decode(&bytes).unwrap();
    assert_eq!(charter.terms().periods.regular_seconds, 300);
    assert_eq!(charter.terms().periods.urgent_seconds, 259_200);
    assert_eq!(charter.to_bytes(), bytes);
    let written_out = Charter::from_toml("period.regular-seconds = 300").unwrap();
    assert_eq!(diff(&charter, &written_out), []);
    assert_ne!(charter.hash(), written_out.hash());
}

#[test]
fn an_unknown_key_of_a_later_release_is_kept_and_listed() {
    let bytes = wire(&[
        ("class.producer.colour", Value::Text("green".into())),
        ("period.regular-seconds", Value::Number(300)),
        (
            "reserve.table",
            Value::List(vec![Item::Number(7), Item::from("seven")]),
        ),
        ("rule.lottery.seats", Value::Number(3)),
    ]);
    let charter = Charter::decode(&bytes).unwrap();
    assert_eq!(
        charter.unknown_keys(),
        [
            "class.producer.colour",
            "reserve.table",
            "rule.lottery.seats"
        ]
    );
    assert_eq!(charter.to_bytes(), bytes);
}

#[test]
fn an_unknown_rule_of_a_later_release_hides_no_known_one() {
    let list = |names: &[&str]| Value::List(names.iter().copied().map(Item::from).collect());
    let charter = Charter::decode(&wire(&[
        ("default-rule", Value::Text("lottery".into())),
        ("rules", list(&["lottery", "consent"])),
    ]))
    .unwrap();
    assert_eq!(charter.terms().rules, [RuleName::Consent]);
    assert_eq!(charter.terms().unknown_rules, ["lottery"]);
    assert_eq!(charter.terms().default_rule, RuleName::Consent);
    assert!(Charter::decode(&wire(&[("rules", list(&["lottery"]))])).is_err());
}

#[test]
fn a_proposal_may_choose_only_the_rules_the_charter_offers() {
    let charter = Charter::from_toml("rules = [\"consent\", \"class-weighted\"]").unwrap();
    assert_eq!(charter.check_rule(RuleName::Consent), Ok(()));
    let refusal = |rule| charter.check_rule(rule).unwrap_err().to_string();
    assert_eq!(
        refusal(RuleName::OneMemberOneVote),
        "the charter does not offer the rule one-member-one-vote; choose consent or class-weighted"
    );
    let in_bytes = |key: &str| charter.entries.contains_key(key);
    assert!(in_bytes("rule.class-weighted.quorum"));
    assert!(!in_bytes("rule.charter.quorum"));
}

#[test]
fn bytes_with_another_order_key_or_shape_are_no_charter() {
    let number = Value::Number(1);
    let twice = wire(&[("a", number.clone()), ("a", number.clone())]);
    let falling = wire(&[("b", number.clone()), ("a", number.clone())]);
    let upper = wire(&[("Title", number.clone())]);
    let empty_word = wire(&[("a..b", number.clone())]);
    let mut other_format = wire(&[]);
    other_format[1] = 2;
    let mut nested = Encoder::new();
    nested.array(2).uint(1).array(1).array(2).text("a");
    nested.array(1).array(1).uint(1);
    let mut trailing = wire(&[]);
    trailing.push(0);
    let nested = nested.into_bytes();
    for bytes in [
        twice,
        falling,
        upper,
        empty_word,
        other_format,
        nested,
        trailing,
    ] {
        let error = Charter::decode(&bytes).unwrap_err();
        assert!(matches!(error.problem, Problem::Encoding(_)), "{error:?}");
        assert!(<Charter as Decode>::from_bytes(&bytes).is_err());
    }
}

#[test]
fn a_charter_has_at_most_32_kib_and_256_keys() {
    let text = |characters| Value::Text("x".repeat(characters));
    let fits = wire(&[("x", text(BYTES_MAX - 10))]);
    let charter = Charter::decode(&fits).unwrap();
    assert_eq!(charter.unknown_keys(), ["x"]);
    let over = wire(&[("x", text(BYTES_MAX - 5)), ("y", text(20))]);
    assert!(matches!(
        Charter::decode(&over).unwrap_err().problem,
        Problem::TooLong { .. }
    ));
    assert!(<Charter as Decode>::from_bytes(&over).is_err());
    let keys: Vec<String> = (0..257).map(|i| format!("x{i:03}")).collect();
    let entries: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), Value::Number(0)))
        .collect();
    assert!(Charter::decode(&wire(&entries[..256])).is_ok());
    assert!(Charter::decode(&wire(&entries)).is_err());
    let file = format!("# {}", "x".repeat(5 * BYTES_MAX));
    assert!(matches!(
        Charter::from_toml(&file).unwrap_err().problem,
        Problem::TooLong { .. }
    ));
}

#[test]
fn a_wire_value_that_breaks_a_rule_is_refused_by_both_readers() {
    let bytes = wire(&[("period.regular-seconds", Value::Number(0))]);
    assert_eq!(
        Charter::decode(&bytes).unwrap_err().to_string(),
        "period.regular-seconds: 0 is outside the allowed range; write a whole number from 1 to \
         31536000"
    );
    assert!(<Charter as Decode>::from_bytes(&bytes).is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let item = prop_oneof![
        any::<u64>().prop_map(Item::Number),
        "\\PC{0,12}".prop_map(Item::Text)
    ];
    prop_oneof![
        any::<u64>().prop_map(Value::Number),
        "\\PC{0,40}".prop_map(Value::Text),
        proptest::collection::vec(item, 0..5).prop_map(Value::List),
    ]
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(
        extra in proptest::collection::btree_map("later\\.[a-z][a-z0-9-]{0,9}", values(), 0..6),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut entries = Charter::default().entries;
        entries.extend(extra);
        let charter = Charter::from_entries(entries).unwrap();
        let mut bytes = charter.to_bytes();
        prop_assert_eq!(Charter::decode(&bytes), Ok(charter));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(charter) = Charter::decode(&bytes) {
            prop_assert_eq!(charter.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_text_makes_the_file_reader_fail_otherwise_than_with_an_error(text in "\\PC{0,200}") {
        let _ = Charter::from_toml(&text);
    }

    #[test]
    fn a_ceiling_is_the_smallest_number_that_reaches_the_fraction(
        whole in any::<u64>(), denominator in 1u64..1000, part in 0u64..1000,
    ) {
        let numerator = part % (denominator + 1);
        let ceiling = u128::from(Fraction::new(numerator, denominator).unwrap().ceiling_of(whole));
        let reaches = |number: u128| {
            number * u128::from(denominator) >= u128::from(whole) * u128::from(numerator)
        };
        prop_assert!(reaches(ceiling));
        prop_assert!(ceiling == 0 || !reaches(ceiling - 1));
    }
}

#[test]
fn a_charter_written_as_a_file_is_the_same_charter() {
    let odd = "title = \"A \\\"quoted\\\" title, with \\\\ and ünïcödé\"\n\
               ballot.disagree-allowed = true\nrule.consent.quorum = [2, 5]\n\
               rule.charter.electorate = [\"producer\", \"individual\"]";
    for charter in [Charter::default(), Charter::from_toml(odd).unwrap()] {
        let again = Charter::from_toml(&charter.to_toml()).unwrap();
        assert_eq!(
            again.in_force().collect::<Vec<_>>(),
            charter.in_force().collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_charter_is_told_from_another_by_the_lines_that_differ() {
    let ours = Charter::default();
    let shifted = "class.producer.strength-percent = 34\nclass.individual.strength-percent = 31\n\
                   ballot.disagree-allowed = true\n";
    let other = Charter::from_toml(shifted).unwrap();
    let changes = ours.changes_to(&other);
    let expected = [
        ("ballot.disagree-allowed", "true"),
        ("class.individual.strength-percent", "31"),
        ("class.producer.strength-percent", "34"),
    ];
    let pairs: Vec<(&str, &str)> = changes.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(pairs, expected);
    assert_eq!(ours.with_changes(pairs).unwrap().hash(), other.hash());
    assert!(ours.changes_to(&ours).is_empty());
    for (key, value) in [
        ("class.producer.strength-percent", "39"),
        ("class.producer.strength-percent", "40\ntitle = \"x\""),
        ("class.producer.strength-percent\ntitle", "40"),
        ("no-such-key", "1"),
        ("title", "unquoted"),
    ] {
        assert!(
            ours.with_changes([(key, value)]).is_err(),
            "{key} = {value}"
        );
    }
    let said = ours.with_changes([("class.producer.strength-percent", "39")]);
    let said = said.unwrap_err().to_string();
    assert!(said.contains("99") && said.contains("100"), "{said}");
}
