//! The genesis and encodings of it that are refused.

use domain::{
    cbor::{Encode, Encoder},
    charter::Charter,
    genesis::{Founder, Genesis},
    id::Timestamp,
};
use serde_json::{Value, json};

use super::notation::{bytes, encoded, key, salt};

/// When the histories begin.
pub const CREATED: Timestamp = Timestamp(1_800_000_000_000);

/// The genesis of the three founders Anna, Bela and Carla.
pub fn genesis() -> Genesis {
    let mut founders: Vec<Founder> = [("Anna", 0x11), ("Bela", 0x21), ("Carla", 0x31)]
        .map(|(name, byte)| Founder {
            root: key(byte).public(),
            name: format!("{name}'s co-op"),
            class: "producer".to_owned(),
        })
        .into();
    founders.sort();
    Genesis {
        name: "Moot of vectors".to_owned(),
        created: CREATED,
        founders,
        charter: Charter::default().to_bytes(),
        nonce: salt("nonce"),
        requires: Vec::new(),
    }
}

/// A genesis with every field in another form, to be refused.
fn with_founders(founders: &[Founder]) -> Vec<u8> {
    Genesis {
        founders: founders.to_vec(),
        ..small()
    }
    .to_bytes()
}

fn small() -> Genesis {
    Genesis {
        charter: vec![0x82, 0x01, 0x80],
        ..genesis()
    }
}

fn refused() -> Vec<Value> {
    let founders = small().founders;
    let twice = [founders[0].clone(), founders[0].clone()];
    let falling = [founders[1].clone(), founders[0].clone()];
    let many: Vec<Founder> = (0..65u8)
        .map(|byte| Founder {
            root: domain::key::PublicKey([byte; 32]),
            ..founders[0].clone()
        })
        .collect();
    let mut other_format = small().to_bytes();
    other_format[1] = 2;
    let blank = Genesis {
        name: " ".to_owned(),
        ..small()
    };
    let requires = |words: &[&str]| {
        let genesis = Genesis {
            requires: words.iter().map(|word| (*word).to_owned()).collect(),
            ..small()
        };
        genesis.to_bytes()
    };
    let mut short = Encoder::new();
    short.array(6).uint(1);
    [
        ("no founders", with_founders(&[]), "Unsorted"),
        ("a founder twice", with_founders(&twice), "Unsorted"),
        (
            "founders not ascending",
            with_founders(&falling),
            "Unsorted",
        ),
        ("65 founders", with_founders(&many), "Range"),
        ("format 2", other_format, "Range"),
        ("a blank name", blank.to_bytes(), "Invalid"),
        (
            "requirements not ascending",
            requires(&["b", "a"]),
            "Unsorted",
        ),
        ("six fields", short.into_bytes(), "Unexpected"),
        (
            "a byte more",
            [small().to_bytes(), vec![0]].concat(),
            "Trailing",
        ),
    ]
    .map(|(what, hex, refusal)| json!({ "what": what, "hex": bytes(hex), "refusal": refusal }))
    .into()
}

fn described(genesis: &Genesis) -> Value {
    let founders: Vec<Value> = genesis
        .founders
        .iter()
        .map(|founder| {
            json!({ "root": bytes(founder.root.0), "name": founder.name, "class": founder.class })
        })
        .collect();
    json!({
        "name": genesis.name,
        "created": genesis.created.0,
        "founders": founders,
        "charter": bytes(&genesis.charter),
        "nonce": bytes(genesis.nonce),
        "requires": genesis.requires,
        "hex": encoded(genesis),
        "federation": bytes(genesis.federation().0),
        "admissions_needed": genesis.admissions_needed(),
    })
}

/// The file.
pub fn file() -> Value {
    let required = Genesis {
        requires: vec!["finality".to_owned(), "ledger".to_owned()],
        ..small()
    };
    json!({ "genesis": [described(&genesis()), described(&required)], "refused": refused() })
}
