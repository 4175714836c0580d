use domain::key::{PublicKey, SecretKey, Signature};

use super::{array, bytes, file, hex_of, name_of, rows, text};

#[test]
fn keys_have_the_public_half_and_the_text_of_the_vectors() {
    for row in rows(&file("keys.json"), "keys") {
        let public = SecretKey::from_seed(&array(row, "seed")).public();
        assert_eq!(public.0, array(row, "public"));
        assert_eq!(public.to_string(), text(row, "did"));
        assert_eq!(text(row, "did").parse(), Ok(public));
    }
}

#[test]
fn texts_that_are_no_keys_are_refused() {
    let file = file("keys.json");
    for row in rows(&file, "refused_texts") {
        assert!(row.as_str().unwrap().parse::<PublicKey>().is_err(), "{row}");
    }
    let unusable: PublicKey = text(&file, "a_text_of_an_unusable_key").parse().unwrap();
    assert!(unusable.verifier().is_err());
}

#[test]
fn usable_and_unusable_keys_are_told_apart() {
    let file = file("keys.json");
    let key = |row| PublicKey(hex_of(row).try_into().unwrap());
    for row in rows(&file, "usable") {
        assert!(key(row).verifier().is_ok(), "{row}");
    }
    for row in rows(&file, "unusable") {
        assert!(key(row).verifier().is_err(), "{row}");
    }
}

#[test]
fn signatures_are_made_as_in_the_vectors() {
    for row in rows(&file("keys.json"), "signatures") {
        let (key, message) = (
            SecretKey::from_seed(&array(row, "seed")),
            bytes(row, "message"),
        );
        let signature = Signature(array(row, "signature"));
        assert_eq!(key.sign(&message), signature);
        assert_eq!(key.public().verify(&message, &signature), Ok(()));
    }
}

#[test]
fn signatures_that_only_lax_verification_accepts_are_refused() {
    for row in rows(&file("keys.json"), "refused_signatures") {
        let signature = Signature(array(row, "signature"));
        let result = PublicKey(array(row, "public")).verify(&bytes(row, "message"), &signature);
        assert_eq!(name_of(&result.unwrap_err()), text(row, "refusal"), "{row}");
    }
}
