//! What accounts promise.

use super::*;
use crate::{local::MemoryLocal, password::Cost};
use domain::key::SecretKey;
use zeroize::Zeroizing;

pub(crate) const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
};

fn password(text: &str) -> Password {
    Password::typed(text.to_owned()).unwrap()
}

fn new(number: u8, name: &str, mail: &str) -> NewAccount {
    NewAccount {
        person: PersonId([number; 16]),
        key: SecretKey::from_seed(&[number; 32]).public(),
        seed: Some(Zeroizing::new([number; 32])),
        name: name.to_owned(),
        mail: mail.to_owned(),
        roles: vec!["delegate".to_owned()],
        password: password("correct horse"),
        member: None,
        root: None,
    }
}

fn accounts() -> Accounts {
    Accounts::new(Arc::new(MemoryLocal::default()), Hasher::new(CHEAP))
}

#[tokio::test]
async fn a_person_signs_in_by_name_or_mail_in_any_case() {
    let accounts = accounts();
    accounts
        .add(Timestamp(1), new(1, "Alice", "alice@example.org"))
        .await
        .unwrap();
    for name in ["alice", " ALICE ", "Alice@Example.org"] {
        let (account, seed) = accounts
            .sign_in(name, &password("correct horse"))
            .await
            .unwrap();
        assert_eq!(account.person, PersonId([1; 16]));
        assert_eq!(seed, Some(Zeroizing::new([1; 32])));
    }
    for (name, word) in [("alice", "wrong horse"), ("bob", "correct horse"), ("", "")] {
        let refused = accounts.sign_in(name, &password(word)).await;
        assert!(matches!(refused, Err(WebError::SignIn)), "{name}");
    }
}

#[tokio::test]
async fn a_name_or_mail_is_given_once_whatever_its_case() {
    let accounts = accounts();
    accounts
        .add(Timestamp(1), new(1, "Alice", "alice@example.org"))
        .await
        .unwrap();
    for (name, mail, field) in [
        ("ALICE", "", "name"),
        ("Bob", "Alice@example.org", "mail"),
        ("alice@example.org", "", "name"),
    ] {
        match accounts.add(Timestamp(1), new(2, name, mail)).await {
            Err(WebError::Form(faults)) => assert_eq!(faults[0].field, field),
            other => panic!("{name}: {other:?}"),
        }
    }
    accounts.add(Timestamp(1), new(2, "Bob", "")).await.unwrap();
    accounts
        .add(Timestamp(1), new(3, "Carol", ""))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_person_has_one_account() {
    let accounts = accounts();
    accounts
        .add(Timestamp(1), new(1, "Alice", ""))
        .await
        .unwrap();
    let again = accounts.add(Timestamp(1), new(1, "Alice again", "")).await;
    assert!(matches!(again, Err(WebError::InvitationSpent)));
}

#[tokio::test]
async fn a_changed_password_opens_the_same_key_and_the_old_one_nothing() {
    let accounts = accounts();
    accounts
        .add(Timestamp(1), new(1, "Alice", ""))
        .await
        .unwrap();
    let (old, new) = (password("correct horse"), password("battery staple"));
    let alice = PersonId([1; 16]);
    let wrong = accounts.change_password(alice, &new, &new).await;
    assert!(matches!(wrong, Err(WebError::Form(_))));
    accounts.change_password(alice, &old, &new).await.unwrap();
    assert!(matches!(
        accounts.sign_in("alice", &old).await,
        Err(WebError::SignIn)
    ));
    let (_, seed) = accounts.sign_in("alice", &new).await.unwrap();
    assert_eq!(seed, Some(Zeroizing::new([1; 32])));
}

#[tokio::test]
async fn every_fault_of_a_new_account_is_named_at_once() {
    let mut unfit = new(1, " ", "nobody");
    unfit.password = password("short");
    match accounts().add(Timestamp(1), unfit).await {
        Err(WebError::Form(faults)) => {
            let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
            assert_eq!(fields, ["name", "mail", "password"]);
        }
        other => panic!("{other:?}"),
    }
}
