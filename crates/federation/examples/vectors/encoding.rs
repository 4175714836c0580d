//! Encodings that are accepted and refused.

use domain::cbor::Encoder;
use serde_json::{Value, json};

use super::notation::{bytes, done};

fn accepted(what: &str, write: impl FnOnce(&mut Encoder), value: Value) -> Value {
    let mut encoder = Encoder::new();
    write(&mut encoder);
    json!({ "what": what, "hex": bytes(encoder.into_bytes()), "value": value })
}

fn uints() -> Vec<Value> {
    [
        0,
        1,
        23,
        24,
        255,
        256,
        65_535,
        65_536,
        4_294_967_295,
        4_294_967_296,
        u64::MAX,
    ]
    .into_iter()
    .map(|number: u64| {
        let value = json!({ "uint": number.to_string() });
        accepted("a number", |encoder| done(encoder.uint(number)), value)
    })
    .collect()
}

fn others() -> Vec<Value> {
    let long = "x".repeat(24);
    vec![
        accepted("no bytes", |e| done(e.bytes(&[])), json!({ "bytes": "" })),
        accepted(
            "bytes",
            |e| done(e.bytes(&[0, 255])),
            json!({ "bytes": "00ff" }),
        ),
        accepted("no text", |e| done(e.text("")), json!({ "text": "" })),
        accepted(
            "text",
            |e| done(e.text("Ñandú 日本")),
            json!({ "text": "Ñandú 日本" }),
        ),
        accepted(
            "a text of 24 bytes",
            |e| done(e.text(&long)),
            json!({ "text": long }),
        ),
        accepted("null", |e| done(e.null()), json!({ "null": true })),
        accepted(
            "an empty array",
            |e| done(e.array(0)),
            json!({ "array": [] }),
        ),
        accepted(
            "an array in an array",
            |e| done(e.array(3).uint(1).null().array(1).text("a")),
            json!({ "array": [
                { "uint": "1" }, { "null": true }, { "array": [{ "text": "a" }] },
            ] }),
        ),
    ]
}

/// The file. A refused encoding is read as: any one value of the five types, then nothing.
pub fn file() -> Value {
    let refused: Vec<Value> = [
        ("nothing", "", "Truncated"),
        ("a number cut off", "19ff", "Truncated"),
        ("bytes cut off", "4301", "Truncated"),
        ("an array cut off", "8201", "Truncated"),
        (
            "a length far beyond the bytes",
            "5bffffffff00000000",
            "Range",
        ),
        ("23 in two bytes", "1817", "NotCanonical"),
        ("255 in three bytes", "1900ff", "NotCanonical"),
        ("65535 in five bytes", "1a0000ffff", "NotCanonical"),
        (
            "4294967295 in nine bytes",
            "1b00000000ffffffff",
            "NotCanonical",
        ),
        ("a length in two bytes", "580107", "NotCanonical"),
        ("a text length in two bytes", "780161", "NotCanonical"),
        ("an array length in two bytes", "980101", "NotCanonical"),
        ("a reserved length", "1c", "NotCanonical"),
        ("an array of unknown length", "9fff", "NotCanonical"),
        ("bytes of unknown length", "5f4101ff", "NotCanonical"),
        ("text of unknown length", "7f6161ff", "NotCanonical"),
        ("a negative number", "20", "Unexpected"),
        ("a map", "a0", "Unexpected"),
        ("a tag", "c000", "Unexpected"),
        ("false", "f4", "Unexpected"),
        ("true", "f5", "Unexpected"),
        ("undefined", "f7", "Unexpected"),
        ("half a float", "f93c00", "Unexpected"),
        ("a double", "fb3ff0000000000000", "Unexpected"),
        ("a break alone", "ff", "Unexpected"),
        ("text that is not UTF-8", "61ff", "NotUtf8"),
        ("a surrogate in text", "63eda080", "NotUtf8"),
        ("a byte after the value", "0000", "Trailing"),
        ("a second value", "8000", "Trailing"),
    ]
    .into_iter()
    .map(|(what, hex, refusal)| json!({ "what": what, "hex": hex, "refusal": refusal }))
    .collect();
    let accepted = [uints(), others()].concat();
    json!({ "accepted": accepted, "refused": refused })
}
