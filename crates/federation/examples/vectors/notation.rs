//! How values are written in the files: bytes as hexadecimal digits, times as numbers.

use domain::{
    cbor::{Encode, Encoder},
    id::Hash,
    key::SecretKey,
};
use serde_json::{Value, json};

/// Bytes.
pub fn bytes(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(hex::encode(bytes))
}

/// A value in its one encoding.
pub fn encoded(value: &impl Encode) -> Value {
    bytes(value.to_bytes())
}

/// The name of an error: that of its variant.
pub fn name_of(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}")
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric())
        .collect()
}

/// A key whose secret is one byte, 32 times.
pub fn key(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

/// 32 bytes that look random and are the same for the same words.
pub fn salt(words: &str) -> [u8; 32] {
    Hash::of(&[b"folkmoot vectors\0", words.as_bytes()]).0
}

/// A key with all its forms.
pub fn key_forms(name: &str, secret: &SecretKey) -> Value {
    json!({
        "name": name,
        "seed": bytes(secret.seed()),
        "public": bytes(secret.public().0),
        "did": secret.public().to_string(),
    })
}

/// Ends a chain of writing where nothing is to be returned.
pub fn done(_: &mut Encoder) {}
