use domain::{
    charter::Charter,
    genesis::Founder,
    id::{MemberId, Timestamp},
    key::SecretKey,
};
use web::copy::{Kind, Row};

use super::*;
use crate::founding;

fn contents(rows: usize) -> Contents {
    let root = SecretKey::from_seed(&[1; 32]).public();
    let founder = Founder {
        root,
        name: "Alpha".to_owned(),
        class: "producer".to_owned(),
    };
    let row = |number: usize| Row {
        kind: Kind::ALL[number % 3],
        key: [number as u8; 16],
        value: vec![b'x'; 100_000],
    };
    Contents {
        genesis: founding::genesis("Example", vec![founder], &Charter::default()).unwrap(),
        member: MemberId(root.0),
        from: SecretKey::from_seed(&[2; 32]).public(),
        made: Timestamp(1_800_000_000_000),
        key: Some(SecretKey::from_seed(&[3; 32])),
        name: "Alpha, second node".to_owned(),
        addresses: vec!["/ip4/192.0.2.1/tcp/7181".to_owned()],
        entries: Vec::new(),
        secrets_key: Zeroizing::new([4; 32]),
        rows: (0..rows).map(row).collect(),
    }
}

#[test]
fn what_is_sealed_opens_with_its_code_and_shows_no_secret() {
    for key in [Some(SecretKey::from_seed(&[3; 32])), None] {
        let (code, contents) = (Code::new().unwrap(), Contents { key, ..contents(3) });
        let file = seal(&contents, &code).unwrap();
        let opened = open(&file, &code).unwrap();
        assert_eq!(opened.to_bytes(), contents.to_bytes());
        for secret in [[3; 32], [4; 32]] {
            assert!(file.windows(32).all(|bytes| bytes != secret));
        }
        let seen = format!("{opened:?}");
        assert!(!seen.contains("key"), "{seen}");
    }
}

#[test]
fn a_wrong_code_and_a_damaged_file_are_told_apart_and_neither_opens() {
    let code = Code::new().unwrap();
    let file = seal(&contents(1), &code).unwrap();
    let other = open(&file, &Code::new().unwrap()).unwrap_err();
    assert!(other.message.contains("not the code"), "{other}");
    let head = file.iter().rposition(|byte| *byte == b'\n');
    assert!(head.is_some());
    for at in [60, 80, file.len() / 2, file.len() - 1] {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let failure = open(&changed, &code).unwrap_err();
        assert!(failure.message.contains("damaged"), "{at}: {failure}");
    }
    for length in [54, 60, 80, file.len() - 1] {
        let failure = open(&file[..length], &code).unwrap_err();
        assert!(failure.message.contains("damaged"), "{length}: {failure}");
    }
    // The two lines are authenticated as well.
    let mut longer = file.clone();
    longer.insert(28, b'\r');
    assert!(open(&longer, &code).is_err());
}

#[test]
fn what_is_no_node_file_is_refused_before_a_code_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let code = Code::new().unwrap();
    let whole = seal(&contents(1), &code).unwrap();
    let later = String::from_utf8_lossy(&whole[..28]).replace("format 1", "format 2");
    for bytes in [
        Vec::new(),
        b"hello".to_vec(),
        vec![b'\n'; 100],
        vec![0xff; 100],
        [later.as_bytes(), &whole[28..]].concat(),
        whole[..40].to_vec(),
    ] {
        fs::write(&path, bytes).unwrap();
        let failure = read(&path).unwrap_err();
        assert!(failure.message.contains("no node file"), "{failure}");
    }
    fs::write(&path, whole).unwrap();
    assert!(read(&path).is_ok());
}

#[test]
fn a_file_is_no_larger_than_one_that_can_be_read() {
    let code = Code::new().unwrap();
    let failure = seal(&contents(90), &code).unwrap_err();
    assert!(failure.message.contains("at most"), "{failure}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, vec![b'x'; FILE_BYTES_MAX + 1]).unwrap();
    let failure = read(&path).unwrap_err();
    assert!(failure.message.contains("too large"), "{failure}");
}
