use domain::{
    cbor::{Decode, Encode},
    charter::{Charter, RuleName, Value as Term},
    genesis::Genesis,
};
use serde_json::Value;

use super::{array, bytes, file, name_of, number, rows, text};

#[test]
fn a_genesis_is_read_field_by_field_and_gives_the_federations_id() {
    for row in rows(&file("genesis.json"), "genesis") {
        let genesis = Genesis::from_bytes(&bytes(row, "hex")).unwrap();
        assert_eq!(genesis.to_bytes(), bytes(row, "hex"));
        assert_eq!(genesis.federation().0, array(row, "federation"));
        assert_eq!(genesis.name, text(row, "name"));
        assert_eq!(genesis.created.0, number(row, "created"));
        assert_eq!(genesis.charter, bytes(row, "charter"));
        assert_eq!(genesis.nonce, array(row, "nonce"));
        assert_eq!(
            genesis.admissions_needed() as u64,
            number(row, "admissions_needed")
        );
        assert_eq!(
            serde_json::to_value(&genesis.requires).unwrap(),
            row["requires"]
        );
        for (founder, row) in genesis.founders.iter().zip(rows(row, "founders")) {
            assert_eq!(founder.root.0, array(row, "root"));
            assert_eq!(
                (founder.name.as_str(), founder.class.as_str()),
                (text(row, "name"), text(row, "class"))
            );
        }
    }
}

#[test]
fn what_is_no_genesis_is_refused_for_its_reason() {
    for row in rows(&file("genesis.json"), "refused") {
        let error = Genesis::from_bytes(&bytes(row, "hex")).unwrap_err();
        assert_eq!(name_of(&error), text(row, "refusal"), "{row}");
    }
}

fn fits(term: &Term, value: &Value) -> bool {
    use domain::charter::Item;
    let item = |item: &Item, value: &Value| match item {
        Item::Number(number) => value.as_u64() == Some(*number),
        Item::Text(text) => value.as_str() == Some(text),
    };
    match term {
        Term::Number(number) => value.as_u64() == Some(*number),
        Term::Text(text) => value.as_str() == Some(text),
        Term::List(items) => {
            let values = value.as_array().unwrap();
            items.len() == values.len() && items.iter().zip(values).all(|(i, v)| item(i, v))
        }
    }
}

#[test]
fn charters_say_what_the_vectors_say() {
    for row in rows(&file("charters.json"), "accepted") {
        let charter = Charter::decode(&bytes(row, "hex")).unwrap();
        assert_eq!(charter.to_bytes(), bytes(row, "hex"));
        assert_eq!(charter.hash().0, array(row, "hash"));
        let in_force = row["in_force"].as_object().unwrap();
        assert_eq!(charter.in_force().count(), in_force.len());
        for (key, value) in charter.in_force() {
            assert!(fits(value, &in_force[key]), "{key}");
        }
        let may_choose = RuleName::ALL
            .into_iter()
            .filter(|rule| charter.check_rule(*rule).is_ok());
        let may_choose: Vec<&str> = may_choose.map(RuleName::as_str).collect();
        assert_eq!(serde_json::to_value(may_choose).unwrap(), row["may_choose"]);
        assert_eq!(
            charter.terms().default_rule.as_str(),
            text(row, "default_rule")
        );
        assert_eq!(
            serde_json::to_value(charter.unknown_keys()).unwrap(),
            row["unknown_keys"]
        );
    }
}

#[test]
fn what_is_no_charter_is_refused_for_its_reason() {
    for row in rows(&file("charters.json"), "refused") {
        let error = Charter::decode(&bytes(row, "hex")).unwrap_err();
        assert_eq!(error.key, text(row, "key"), "{row}");
        assert_eq!(name_of(&error.problem), text(row, "refusal"), "{row}");
    }
}
