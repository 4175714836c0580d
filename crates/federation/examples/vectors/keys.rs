//! Keys, signatures, and those that must be refused.

use domain::key::PublicKey;
use serde_json::{Value, json};

use super::notation::{bytes, key, key_forms};

/// The order of the group, least byte first.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
/// The points whose order divides eight, each way they can be written.
const SMALL: [&str; 12] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
/// A point with a part of small order, not small itself.
const MIXED: &str = "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0";
/// A point of the curve whose *y* is 3.
const ONE_WRITING: &str = "0300000000000000000000000000000000000000000000000000000000000000";
/// 3 written as 3 + 2^255 - 19: the same point in a second writing.
const SECOND_WRITING: &str = "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
/// No point of the curve.
const NO_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";

/// `S` with the order added: the same signature, written a second way.
fn malleable(signature: [u8; 64]) -> Vec<u8> {
    let order = hex::decode(ORDER).expect("hexadecimal digits");
    let mut bytes = signature.to_vec();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    bytes
}

fn refused_signatures() -> Vec<Value> {
    let (secret, other) = (key(1), key(2));
    let message = b"folkmoot";
    let own = bytes(secret.public().0);
    let signature = secret.sign(message).0;
    let mut no_point = signature;
    no_point[..32].copy_from_slice(&hex::decode(NO_POINT).expect("hexadecimal digits"));
    let row = |what: &str, public: &Value, message: &[u8], signature: Value, refusal: &str| {
        json!({
            "what": what, "public": public, "message": bytes(message), "signature": signature,
            "refusal": refusal,
        })
    };
    vec![
        row(
            "another message",
            &own,
            b"folkmood",
            bytes(signature),
            "Signature",
        ),
        row(
            "another key's",
            &bytes(other.public().0),
            message,
            bytes(signature),
            "Signature",
        ),
        row(
            "S with the order added",
            &own,
            message,
            bytes(malleable(signature)),
            "Signature",
        ),
        row("R is no point", &own, message, bytes(no_point), "Signature"),
        row(
            "R of small order: S B = R + k A holds",
            &own,
            message,
            json!(
                "010000000000000000000000000000000000000000000000000000000000000002987066e8ffd91\
                   7983ca4baa0ba2ee0c80ebf1e420f48285663308cbb69e505"
            ),
            "Signature",
        ),
        row(
            "only eight times the equation holds, R has a part of small order",
            &own,
            message,
            json!(
                "40a4cf5c611d737a2f1c6fcca84d9cabfed80987f186a5a6c57e629bff1af27fd3f2b7e50e8e826f\
                   c8e86058615a31267fbf07a95ddef394ee64c0f312447501"
            ),
            "Signature",
        ),
        row(
            "only eight times the equation holds, A has a part of small order",
            &json!(MIXED),
            message,
            json!(
                "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a0816b5446e91a843e42\
                   0674633eb862997561f2a2de9e96e7d03f0f26271cd54f08"
            ),
            "Signature",
        ),
        row(
            "a weak key",
            &json!(SMALL[2]),
            message,
            bytes([0; 64]),
            "Unusable",
        ),
    ]
}

/// The file.
pub fn file() -> Value {
    let keys: Vec<Value> = [1, 2, 3]
        .map(|byte| key_forms(&format!("key {byte}"), &key(byte)))
        .into();
    let signatures: Vec<Value> = [&b""[..], b"folkmoot", &[0xff; 200]]
        .map(|message| {
            let (secret, signature) = (key(1), key(1).sign(message));
            json!({
                "seed": bytes(secret.seed()), "public": bytes(secret.public().0),
                "message": bytes(message), "signature": bytes(signature.0),
            })
        })
        .into();
    let did = key(1).public().to_string();
    let weak = PublicKey([0; 32]).to_string();
    let refused_texts = [
        "z6MkonXPnygv7yCQT3b7PZsxkJaNaQFwZNxCn4GZMrZGCA8o".to_owned(),
        did.replace("z6Mk", "Z6Mk"),
        did.replace("did:key:", "did:web:"),
        format!("{did}1"),
        did[..did.len() - 1].to_owned(),
        format!("{did}#{}", &did[8..]),
        did.replace("z6Mk", "z6M0"),
        "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc".to_owned(),
    ];
    let unusable = [&SMALL[..], &[NO_POINT, SECOND_WRITING]].concat();
    json!({
        "keys": keys,
        "refused_texts": refused_texts,
        "a_text_of_an_unusable_key": weak,
        "unusable": unusable,
        "usable": [MIXED, ONE_WRITING],
        "signatures": signatures,
        "refused_signatures": refused_signatures(),
    })
}
