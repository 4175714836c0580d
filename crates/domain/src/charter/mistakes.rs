//! What the reader of the file says to each mistake.

use super::*;

fn error_of(toml: &str) -> CharterError {
    Charter::from_toml(toml).expect_err(toml)
}

#[test]
fn every_mistake_in_a_file_says_where_and_what_to_write() {
    let strengths = |values: [u64; 3]| {
        let [producer, consumer, individual] = values;
        format!(
            "class.producer.strength-percent = {producer}\n\
             class.consumer.strength-percent = {consumer}\n\
             class.individual.strength-percent = {individual}\n"
        )
    };
    let rows = [
        (
            "titel = \"x\"",
            "line 1: titel: no such key; did you mean title?",
        ),
        (
            "[period]\n\nregular-second = 5",
            "line 3: period.regular-second: no such key; did you mean period.regular-seconds?",
        ),
        (
            "[quorum]\nconsent = [1, 3]",
            "line 2: quorum.consent: no such key; remove it",
        ),
        (
            "[class.worker]\nname = \"Workers\"",
            "line 2: class.worker.name: the class worker is not in the list `classes`; add it there \
             or remove this key",
        ),
        (
            &strengths([40, 35, 20]),
            "line 1: class: the strengths add up to 95; change them so that they add up to 100",
        ),
        (
            &strengths([60, 30, 10]),
            "line 1: class.producer.strength-percent: 60 is outside the allowed range: with three \
             classes or more none may decide alone or hardly count; write 10 to 50",
        ),
        (
            &strengths([50, 45, 5]),
            "line 3: class.individual.strength-percent: 5 is outside the allowed range: with three \
             classes or more none may decide alone or hardly count; write 10 to 50",
        ),
        (
            "period.urgent-seconds = 0",
            "line 1: period.urgent-seconds: 0 is outside the allowed range; write a whole number \
             from 1 to 31536000",
        ),
        (
            "[period]\nregular-seconds = 31536001",
            "line 2: period.regular-seconds: 31536001 is outside the allowed range; write a whole \
             number from 1 to 31536000",
        ),
        (
            "rule.consent.quorum = [4, 3]",
            "line 1: rule.consent.quorum: [4, 3] is no fraction from 0 to 1; write [numerator, \
             denominator], such as [1, 3], with a denominator from 1 to 1000000",
        ),
        (
            "rule.consent.quorum = [0, 0]",
            "line 1: rule.consent.quorum: [0, 0] is no fraction from 0 to 1; write [numerator, \
             denominator], such as [1, 3], with a denominator from 1 to 1000000",
        ),
        (
            "rule.charter.quorum = [0, 1]",
            "line 1: rule.charter.quorum: 0 would let a rule be met by nobody; write [numerator, \
             denominator], such as [1, 3], with a numerator of at least 1",
        ),
        (
            "rule.charter.majority = [0, 1]",
            "line 1: rule.charter.majority: 0 would let a rule be met by nobody; write [numerator, \
             denominator], such as [1, 3], with a numerator of at least 1",
        ),
        (
            "rule.charter.assent = [0, 1]",
            "line 1: rule.charter.assent: 0 would let a rule be met by nobody; write [numerator, \
             denominator], such as [1, 3], with a numerator of at least 1",
        ),
        (
            "rule.charter.assent-extended = [0, 1]",
            "line 1: rule.charter.assent-extended: 0 would let a rule be met by nobody; write [numerator, \
             denominator], such as [1, 3], with a numerator of at least 1",
        ),
        (
            "rule.consent.quorum = 0.33",
            "line 1: rule.consent.quorum: found a number with a decimal point; write a whole \
             number, or a fraction as [numerator, denominator]",
        ),
        (
            "rule.consent.quorum = \"1/3\"",
            "line 1: rule.consent.quorum: found a text; write [numerator, denominator], such as \
             [1, 3]",
        ),
        (
            "rule.consent.electorate = \"producer\"",
            "line 1: rule.consent.electorate: \"producer\" is not known here; did you mean \
             producers?",
        ),
        (
            "rule.consent.electorate = [\"workers\"]",
            "line 1: rule.consent.electorate: \"workers\" is not known here; write one of \
             producer, consumer, individual",
        ),
        (
            "rules = [\"consensus\"]",
            "line 1: rules: \"consensus\" is not known here; did you mean consent?",
        ),
        (
            "default-rule = \"lottery\"",
            "line 1: default-rule: \"lottery\" is not known here; write one of consent-then-vote, \
             consent, one-member-one-vote, class-weighted, charter",
        ),
        (
            "classes = [\"individual\"]\nclass.individual.strength-percent = 100",
            "rule.consent.electorate: no class may vote under this; write \"all\" or a list of \
             class ids",
        ),
        (
            "classes = [\"Producers\"]",
            "line 1: classes: \"Producers\" is no class id; write 1 to 32 lower-case letters, \
             digits and hyphens, a letter first",
        ),
        (
            "title = \"a\u{202e}b\"",
            "line 1: title: the text has a line break or control character; write it on one line",
        ),
        (
            "aims = []",
            "line 1: aims: the list has 0 entries; write 1 to 16",
        ),
        (
            "aims = [\"a\", \"a\"]",
            "line 1: aims: \"a\" stands there twice; write it once",
        ),
        (
            "title = \"  \"",
            "line 1: title: the text has 0 characters; write 1 to 200",
        ),
        (
            "title = \"a\\nb\"",
            "line 1: title: the text has a line break or control character; write it on one line",
        ),
        (
            "duty.hours-per-year = -1",
            "line 1: duty.hours-per-year: found a negative or far too large number; write a whole \
             number, not negative",
        ),
        (
            "period.regular-seconds = true",
            "line 1: period.regular-seconds: found true or false; write a whole number, not \
             negative",
        ),
        (
            "class.producer.kind = \"organization\"",
            "line 1: class.producer.kind: \"organization\" is not known here; did you mean \
             organisation?",
        ),
        (
            "[title]",
            "line 1: title: found an empty table; write keys below it, or remove the line",
        ),
        (
            "period.regular-seconds = 5\n\"period.regular-seconds\" = 6",
            "line 2: period.regular-seconds: period.regular-seconds stands there twice; write it \
             once",
        ),
    ];
    for (toml, expected) in rows {
        assert_eq!(error_of(toml).to_string(), expected, "{toml}");
    }
    let syntax = error_of("title = \"a\"\naims = [");
    assert_eq!(syntax.line, Some(2));
    assert!(
        syntax.to_string().starts_with("line 2: not TOML: "),
        "{syntax}"
    );
    let long = "a".repeat(201);
    assert_eq!(
        error_of(&format!("aims = [\"{long}\"]")).problem,
        Problem::TextLength {
            found: 201,
            most: 200
        }
    );
}

#[test]
fn one_and_two_classes_may_have_any_strengths_that_add_up() {
    let one = "classes = [\"member\"]\nclass.member.strength-percent = 100";
    assert!(Charter::from_toml(one).is_ok());
    let two = "classes = [\"a\", \"b\"]\nclass.a.strength-percent = 95\n\
               class.b.strength-percent = 5";
    assert!(Charter::from_toml(two).is_ok());
    assert_eq!(
        error_of("classes = [\"a\", \"b\"]").problem,
        Problem::Strengths { sum: 0 }
    );
}

#[test]
fn a_rule_that_weighs_classes_needs_one_with_strength_among_those_that_vote() {
    let of = |rule: &str| {
        format!(
            "classes = [\"a\", \"b\"]\nclass.a.strength-percent = 100\nclass.b.strength-percent = 0\n\
             rule.{rule}.electorate = [\"b\"]"
        )
    };
    for rule in ["class-weighted", "charter"] {
        assert_eq!(error_of(&of(rule)).problem, Problem::NoStrength);
    }
    assert!(Charter::from_toml(&of("consent")).is_ok());
}
