//! Checksums against values published with the API or computed with other programs.

use bigbluebutton::{Algorithm, Secret, checksum};

/// The secret of the example in the API's documentation.
const SECRET: &str = "639259d4-9dd8-4b25-bf01-95f9567eaf4b";
/// The query of that example.
const QUERY: &str = "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444";

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("the secret is of a good length")
}

#[test]
fn the_documented_example_holds() {
    let sum = checksum::checksum(Algorithm::Sha1, "create", QUERY, &secret(SECRET));
    assert_eq!(sum, "1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17");
}

#[test]
fn every_algorithm_agrees_with_another_program() {
    for (algorithm, expected) in VECTORS {
        assert_eq!(
            checksum::checksum(*algorithm, "create", QUERY, &secret(SECRET)),
            *expected
        );
        let signed = checksum::sign(*algorithm, "create", QUERY, &secret(SECRET));
        let found = checksum::verify("create", &signed, &[secret(SECRET)], &Algorithm::ALL);
        assert_eq!(found.unwrap(), 0);
    }
}

#[test]
fn a_call_without_parameters_hashes_its_name_and_the_secret() {
    assert_eq!(
        checksum::checksum(Algorithm::Sha1, "getMeetings", "", &secret(SECRET)),
        GET_MEETINGS_SHA1
    );
    assert_eq!(
        checksum::sign(Algorithm::Sha1, "getMeetings", "", &secret(SECRET)),
        format!("checksum={GET_MEETINGS_SHA1}")
    );
}

const GET_MEETINGS_SHA1: &str = "2027baa7771026e9e93392f55031535d1444c41f";

const VECTORS: &[(Algorithm, &str)] = &[
    (Algorithm::Sha1, "1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17"),
    (
        Algorithm::Sha256,
        "da9185f7f333cfdfcd6eeac32dca3777510c4c436020d8b887ba5515bd1d189e",
    ),
    (
        Algorithm::Sha384,
        "891ac633df39d0a1b4f8d597f3e190833216c4b29c4fb51ea3ca72757eeb958d6e7b49a845cf29f5c6019c7d29d029d1",
    ),
    (
        Algorithm::Sha512,
        "de73ad61d11a5c801b68d4bd6ec5248546085cefb0b25c85f3c46249ea93a3a4b120f92c0a8a58d7512cb77821884951a3b01245f3435dbbef49fff3cc3988b4",
    ),
];
