//! Charters, and encodings that are none.

use domain::{
    cbor::Encoder,
    charter::{Charter, Item, RuleName, Value as Term},
};
use serde_json::{Value, json};

use super::notation::{bytes, name_of};

/// A charter with these keys and nothing else.
fn wire(entries: &[(&str, Term)]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.array(2).uint(1).array(entries.len());
    for (key, value) in entries {
        encoder.array(2).text(key).value(value);
    }
    encoder.into_bytes()
}

fn number(number: u64) -> Term {
    Term::Number(number)
}

fn list(items: &[u64]) -> Term {
    Term::List(items.iter().copied().map(Item::Number).collect())
}

fn words(items: &[&str]) -> Term {
    Term::List(items.iter().copied().map(Item::from).collect())
}

fn term(value: &Term) -> Value {
    let item = |item: &Item| match item {
        Item::Number(number) => json!(number),
        Item::Text(text) => json!(text),
    };
    match value {
        Term::Number(number) => json!(number),
        Term::Text(text) => json!(text),
        Term::List(items) => items.iter().map(item).collect(),
    }
}

fn described(what: &str, charter: &Charter) -> Value {
    let in_force: serde_json::Map<String, Value> = charter
        .in_force()
        .map(|(key, value)| (key.to_owned(), term(value)))
        .collect();
    let rules: Vec<&str> = charter
        .terms()
        .rules
        .iter()
        .map(|rule| rule.as_str())
        .collect();
    let may_choose: Vec<&str> = RuleName::ALL
        .into_iter()
        .filter(|rule| charter.check_rule(*rule).is_ok())
        .map(RuleName::as_str)
        .collect();
    json!({
        "what": what,
        "hex": bytes(charter.to_bytes()),
        "hash": bytes(charter.hash().0),
        "in_force": in_force,
        "unknown_keys": charter.unknown_keys(),
        "rules": rules,
        "default_rule": charter.terms().default_rule.as_str(),
        "may_choose": may_choose,
    })
}

fn accepted() -> Vec<Value> {
    let decode = |bytes: Vec<u8>| Charter::decode(&bytes).expect("a charter");
    let minutes = wire(&[
        ("period.regular-seconds", number(300)),
        ("period.urgent-seconds", number(60)),
        ("rule.consent.quorum", list(&[1, 2])),
    ]);
    let later = wire(&[
        ("default-rule", Term::Text("lottery".to_owned())),
        ("lottery.seats", number(3)),
        ("rules", words(&["lottery", "consent", "class-weighted"])),
    ]);
    vec![
        described("the default charter, written out", &Charter::default()),
        described("no keys: every default", &decode(wire(&[]))),
        described("a charter of minutes", &decode(minutes)),
        described("keys and a rule of a later release", &decode(later)),
    ]
}

fn refused() -> Vec<Value> {
    let mut other_format = wire(&[]);
    other_format[1] = 2;
    let one = || number(1);
    [
        ("keys not ascending", wire(&[("b", one()), ("a", one())])),
        ("a key twice", wire(&[("a", one()), ("a", one())])),
        ("a capital letter in a key", wire(&[("Title", one())])),
        ("an empty word in a key", wire(&[("a..b", one())])),
        ("a word that begins with a digit", wire(&[("a.1b", one())])),
        ("format 2", other_format),
        ("a byte more", [wire(&[]), vec![0]].concat()),
        ("no seconds", wire(&[("period.regular-seconds", number(0))])),
        ("more than a year", wire(&[("period.urgent-seconds", number(31_536_001))])),
        ("a fraction above 1", wire(&[("rule.consent.quorum", list(&[4, 3]))])),
        ("a fraction of nothing", wire(&[("rule.consent.quorum", list(&[0, 0]))])),
        ("a quorum of 0", wire(&[("rule.consent.quorum", list(&[0, 1]))])),
        ("a majority of 0", wire(&[("rule.charter.majority", list(&[0, 1]))])),
        ("a fraction of three numbers", wire(&[("rule.consent.quorum", list(&[1, 2, 3]))])),
        ("a text where a number belongs", wire(&[("period.regular-seconds", words(&["7"]))])),
        ("no aims", wire(&[("aims", words(&[]))])),
        ("an aim twice", wire(&[("aims", words(&["a", "a"]))])),
        ("a line feed in a title", wire(&[("title", Term::Text("a\nb".to_owned()))])),
        ("only rules nobody knows", wire(&[("rules", words(&["lottery"]))])),
        ("a default rule that is not offered", wire(&[("default-rule", Term::Text("lottery".to_owned()))])),
        ("strengths that add up to 95", wire(&[("class.individual.strength-percent", number(20))])),
        ("a class id with a capital letter", wire(&[("classes", words(&["Producer"]))])),
        ("an electorate of no class", wire(&[("rule.consent.electorate", words(&["workers"]))])),
    ]
    .map(|(what, hex)| {
        let error = Charter::decode(&hex).expect_err(what);
        json!({ "what": what, "hex": bytes(hex), "key": error.key, "refusal": name_of(&error.problem) })
    })
    .into()
}

/// The file.
pub fn file() -> Value {
    json!({ "accepted": accepted(), "refused": refused() })
}
