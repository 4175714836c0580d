//! Keys at a terminal: a key that lives elsewhere is granted with a proof that its holder makes.

mod support;

use std::path::Path;

use domain::{
    effect::root_message,
    key::{PublicKey, Signature},
};
use serde_json::Value;
use support::folkmoot;

/// The answer, in JSON, of a command that succeeds.
fn json(home: &Path, arguments: &[&str]) -> Value {
    let output = folkmoot(home, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a command that fails says, and its exit code.
fn refused(home: &Path, arguments: &[&str]) -> (String, i32) {
    let output = folkmoot(home, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (said, output.status.code().expect("it ends by itself"))
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The ids of the federation and its only member.
fn found(home: &Path) -> (String, String) {
    json(
        home,
        &[
            "init", "--found", "Example", "--name", "Alpha", "--data", "a",
        ],
    );
    let status = json(home, &["status", "--data", "a"]);
    let members = json(home, &["members", "--data", "a"]);
    let member = word(&members["members"][0]["id"]);
    (word(&status["federation"]["id"]), member)
}

fn granted(home: &Path, key: &str) -> Value {
    let keys = json(home, &["key", "list", "--data", "a"]);
    let mut keys = keys["keys"].as_array().expect("keys").iter();
    let known = keys.find(|known| known["key"] == key);
    known.cloned().unwrap_or_default()
}

#[test]
fn a_persons_own_key_is_granted_with_the_line_that_its_holder_passes_on() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (federation, member) = found(home);
    let made = folkmoot(home, &["key", "new", "device.key"]);
    assert!(made.status.success(), "{made:?}");
    let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let grant = ["key", "grant", &key, "--roles", "worker", "--data", "a"];

    let (said, code) = refused(home, &grant);
    let command = format!("folkmoot key prove FILE --federation {federation} --member {member}");
    assert!(said.contains(&command), "{said}");
    assert_eq!(code, 1, "{said}");
    assert_eq!(granted(home, &key), Value::Null);

    let prove = [
        "key",
        "prove",
        "device.key",
        "--federation",
        &federation,
        "--member",
        &member,
    ];
    let proven = folkmoot(home, &prove);
    let line = String::from_utf8(proven.stdout).unwrap();
    let line: Vec<&str> = line.split_whitespace().collect();
    let grant = [
        &["key", "grant"][..],
        &line,
        &["--roles", "worker", "--data", "a"],
    ]
    .concat();
    json(home, &grant);
    let known = granted(home, &key);
    assert_eq!(
        (&known["custody"], &known["number"]),
        (&"person".into(), &1.into())
    );

    // Other roles: the holder has agreed, and the person stays.
    let again = [
        "key",
        "grant",
        &key,
        "--roles",
        "worker,steward",
        "--data",
        "a",
    ];
    json(home, &again);
    let later = granted(home, &key);
    assert_eq!(
        (&later["number"], &later["person"]),
        (&2.into(), &known["person"])
    );
}

#[test]
fn a_proof_for_another_co_op_or_person_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (federation, member) = found(home);
    let made = json(home, &["key", "new", "device.key"]);
    let key = word(&made["key"]);
    let prove = |member: &str| {
        json(
            home,
            &[
                "key",
                "prove",
                "device.key",
                "--federation",
                &federation,
                "--member",
                member,
            ],
        )
    };
    let (own, other) = (prove(&member), prove(&"09".repeat(32)));
    let someone = "07".repeat(16);
    for (proof, person) in [
        (&other["proof"], word(&other["person"])),
        (&own["proof"], someone),
    ] {
        let proof = word(proof);
        let grant = [
            "key", "grant", &key, "--roles", "worker", "--person", &person, "--proof", &proof,
            "--data", "a",
        ];
        let (said, code) = refused(home, &grant);
        assert!(said.contains("the proof is not this key's"), "{said}");
        assert_eq!(code, 1);
    }
    let proof = word(&own["proof"]);
    let grant = [
        "key", "grant", &key, "--roles", "worker", "--proof", &proof, "--data", "a",
    ];
    let (said, code) = refused(home, &grant);
    assert!(said.contains("write --person too"), "{said}");
    assert_eq!(code, 2);
}

#[test]
fn keys_that_this_node_holds_are_granted_without_asking() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (federation, member) = found(home);
    let key_of = |role: &str| {
        let text = std::fs::read_to_string(home.join(format!("a/{role}.key"))).unwrap();
        let line = text.lines().nth(1).unwrap();
        line.strip_prefix("public ").unwrap().to_owned()
    };
    for purpose in ["node", "validator"] {
        let key = key_of(purpose);
        let grant = ["key", "grant", &key, "--purpose", purpose, "--data", "a"];
        json(home, &grant);
        assert_eq!(granted(home, &key)["purpose"], purpose);
    }
    // The account of the first steward, whose key nobody can open here.
    let keys = json(home, &["key", "list", "--data", "a"]);
    let mut keys = keys["keys"].as_array().unwrap().iter();
    let steward = keys.find(|known| known["purpose"] == "person").unwrap();
    let key = word(&steward["key"]);
    json(
        home,
        &["key", "grant", &key, "--roles", "steward", "--data", "a"],
    );
    let known = granted(home, &key);
    assert_eq!(
        (&known["number"], &known["custody"]),
        (&2.into(), &"node".into())
    );

    let prove = |file: &'static str, more: &[&str]| {
        let ids = ["--federation", &federation, "--member", &member];
        refused(home, &[&["key", "prove", file][..], &ids, more].concat())
    };
    let (said, code) = prove("a/root.key", &[]);
    assert!(said.contains("the co-op began with"), "{said}");
    assert_eq!(code, 1);
    let (said, code) = prove("a/node.key", &["--person", &"07".repeat(16)]);
    assert!(said.contains("a node key has no person"), "{said}");
    assert_eq!(code, 2);
}

#[test]
fn a_new_root_key_is_proven_by_the_effect_that_a_proposal_takes() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (federation, member) = found(home);
    let made = json(home, &["key", "new", "new.key", "--purpose", "root"]);
    let prove = |file| {
        let of = ["--federation", &federation, "--member", &member];
        json(home, &[&["key", "prove", file][..], &of].concat())
    };
    let effect = prove("new.key");
    assert_eq!(effect["type"], "root");
    assert_eq!(
        (&effect["member"], &effect["root"]),
        (&member.as_str().into(), &made["key"])
    );
    let mut proof = [0; 64];
    hex::decode_to_slice(word(&effect["proof"]), &mut proof).unwrap();
    let root: PublicKey = word(&made["key"]).parse().unwrap();
    let message = root_message(&federation.parse().unwrap(), &member.parse().unwrap());
    assert!(root.verify(&message, &Signature(proof)).is_ok());
    assert!(root.verify(b"", &Signature(proof)).is_err());
}
