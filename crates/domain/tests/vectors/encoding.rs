use domain::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use serde_json::{Value, json};

use super::{bytes, file, name_of, rows, text};

/// Any value, in the notation of the vectors.
#[derive(Debug, PartialEq)]
struct Any(Value);

impl Decode for Any {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        const MOST: usize = 1_000;
        if decoder.is_null() {
            return Ok(Self(json!({ "null": true })));
        }
        let mut ahead = decoder.clone();
        if !matches!(ahead.uint(), Err(DecodeError::Unexpected { .. })) {
            return decoder
                .uint()
                .map(|value| Self(json!({ "uint": value.to_string() })));
        }
        let mut ahead = decoder.clone();
        if !matches!(
            ahead.bytes("any", MOST),
            Err(DecodeError::Unexpected { .. })
        ) {
            let value = decoder.bytes("any", MOST)?;
            return Ok(Self(json!({ "bytes": hex::encode(value) })));
        }
        let mut ahead = decoder.clone();
        if !matches!(ahead.text("any", MOST), Err(DecodeError::Unexpected { .. })) {
            return decoder
                .text("any", MOST)
                .map(|value| Self(json!({ "text": value })));
        }
        let values: Vec<Self> = decoder.list("any", MOST)?;
        let values: Vec<Value> = values.into_iter().map(|value| value.0).collect();
        Ok(Self(json!({ "array": values })))
    }
}

impl Encode for Any {
    fn encode(&self, encoder: &mut Encoder) {
        let (form, value) = self.0.as_object().unwrap().iter().next().unwrap();
        match form.as_str() {
            "uint" => {
                encoder.uint(value.as_str().unwrap().parse().unwrap());
            }
            "bytes" => {
                encoder.bytes(&super::hex_of(value));
            }
            "text" => {
                encoder.text(value.as_str().unwrap());
            }
            "null" => {
                encoder.null();
            }
            _ => {
                let values = value.as_array().unwrap();
                encoder.array(values.len());
                for value in values {
                    Self(value.clone()).encode(encoder);
                }
            }
        }
    }
}

#[test]
fn every_accepted_encoding_is_read_and_written_alike() {
    for row in rows(&file("encoding.json"), "accepted") {
        let value = Any(row["value"].clone());
        assert_eq!(Any::from_bytes(&bytes(row, "hex")).as_ref(), Ok(&value));
        assert_eq!(value.to_bytes(), bytes(row, "hex"), "{row}");
    }
}

#[test]
fn every_refused_encoding_is_refused_for_its_reason() {
    for row in rows(&file("encoding.json"), "refused") {
        let error = Any::from_bytes(&bytes(row, "hex")).unwrap_err();
        assert_eq!(name_of(&error), text(row, "refusal"), "{row}");
    }
}
