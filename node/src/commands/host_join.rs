//! `folkmoot host join` and `host sign`: a member without a node, whose keys stay where they are.

use std::path::{Path, PathBuf};

use domain::{
    id::{FederationId, MemberId, PersonId},
    key::{PublicKey, SecretKey},
    record::{self, Grant, Purpose, Record},
};
use serde_json::json;

use super::{
    table::text,
    token::{keep, password},
};
use crate::{
    api::Api,
    cli::Global,
    clock, device,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
    strangers::application_proof,
};

/// What a newcomer chooses.
pub struct Choices {
    pub name: String,
    pub class: String,
    pub person: String,
    pub request: String,
}

fn root_path(keys: &Path) -> PathBuf {
    keys.join("root.key")
}

fn person_path(keys: &Path) -> PathBuf {
    keys.join("person.key")
}

fn federation_path(keys: &Path) -> PathBuf {
    keys.join("federation")
}

/// The federation that was joined: no node can have these keys sign for another one.
fn pinned(keys: &Path) -> Outcome<String> {
    let path = federation_path(keys);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?;
    Ok(text.trim().to_owned())
}

/// The key of a file, made if the file is not there: a second try goes on with the same keys.
fn key(path: &Path, role: Role) -> Outcome<SecretKey> {
    match path.exists() {
        true => keyfile::read(path, role),
        false => keyfile::create(path, role),
    }
}

/// Applies with keys of one's own, and keeps a token for the host's node.
pub async fn join(
    global: &Global,
    link: &str,
    choices: Choices,
    (keys, token): (&Path, &Path),
    password_file: Option<PathBuf>,
) -> Outcome {
    let (base, secret) = link.split_once("/join/").ok_or_else(|| {
        Failure::usage("the link is not whole").hint("copy all of it, with its …/join/…")
    })?;
    if token.exists() {
        return Err(
            Failure::configuration(format!("{} holds a token already", token.display()))
                .hint("remove the file, or name another: --token-file FILE"),
        );
    }
    let password = password(password_file)?;
    let mut api = Api::at(base)?;
    let path = format!("/api/join/{secret}");
    let invitation = api.get(&path).await?;
    let strange = |_| Failure::refused("the host named no federation");
    let federation: FederationId = text(&invitation, "federation").parse().map_err(strange)?;
    let root = key(&root_path(keys), Role::Root)?;
    let own = key(&person_path(keys), Role::Person)?;
    let (person, member) = (PersonId(clock::random()?), MemberId(root.public().0));
    let application = application_proof(&federation, &root, &choices.name, &choices.class);
    let purpose = Purpose::Person;
    let grant = Grant::prove(&own, &federation, &member, purpose, Some(person));
    let body = json!({
        "member_name": choices.name, "class": choices.class, "request": choices.request,
        "name": choices.person, "password": *password,
        "root": root.public().to_string(), "application": hex::encode(application.0),
        "person": person.to_string(), "key": own.public().to_string(),
        "grant": hex::encode(grant.0),
    });
    let answer = api.post(&path, &body).await?;
    if !federation_path(keys).exists() {
        let line = format!("{federation}\n");
        keyfile::write_private(&federation_path(keys), line.as_bytes())?;
    }
    let fields = [("name", &*choices.person), ("password", password.as_str())];
    api.enter("/sign-in", &fields).await?;
    let label = json!({ "label": "folkmoot host join" });
    let made = api.post("/api/tokens", &label).await?;
    keep(token, &text(&made, "token"))?;
    let said = format!(
        "You applied as {:?} through {}. The keys are in {} alone: keep a copy in a safe place.\n\
         Once the founders have admitted you: folkmoot host sign --keys {} --node {base}",
        choices.name,
        text(&invitation, "host"),
        keys.display(),
        keys.display(),
    );
    global.say(&answer, said)
}

/// Signs what makes a newcomer a member, as far as the founders have admitted it.
pub async fn sign_next(global: &Global, api: &Api, keys: &Path) -> Outcome {
    let root = keyfile::read(&root_path(keys), Role::Root)?;
    let own = keyfile::read(&person_path(keys), Role::Person)?;
    let federation = pinned(keys)?;
    let mut signed = Vec::new();
    // Five entries make a member; a node that asks for more is not followed.
    for _ in 0..8 {
        let answer = api.get("/api/hosted/next").await?;
        match &*text(&answer, "state") {
            "done" => {
                let said = "You are a member: sign with --key as you vote and write.";
                return global.say(&json!({ "state": "done", "signed": signed }), said);
            }
            "sign" => {
                let entry = device::prepared(&answer)?;
                let signer = match entry.header.author == root.public() {
                    true => &root,
                    false => &own,
                };
                let word = check_next(&device::record_of(&entry)?, &root, &own.public())?;
                if entry.header.author != signer.public() {
                    return Err(Failure::refused(
                        "the node asks for another key's signature",
                    ));
                }
                let given = (&*federation, json!([]));
                api.sign_and_submit(entry, signer, given).await?;
                signed.push(word);
            }
            _ => {
                let (found, needed) = (text(&answer, "signed"), text(&answer, "needed"));
                let said = format!("{found} of {needed} founders have admitted you. Try later.");
                return global.say(&json!({ "state": "waiting", "signed": signed }), said);
            }
        }
    }
    Err(
        Failure::refused("the node asks for more than makes a member")
            .hint("ask a steward of your host"),
    )
}

/// What a newcomer signs, and nothing else: that it joins, its host, its own key, its own mandate,
/// its name.
fn check_next(record: &Record, root: &SecretKey, own: &PublicKey) -> Outcome<&'static str> {
    let fits = match record {
        Record::Join(join) => join.newcomer.root == root.public(),
        Record::Host(_) | Record::Person(_) => true,
        Record::Grant(grant) => grant.key == *own && grant.purpose == Purpose::Person,
        Record::Mandate(record::Mandate { delegates, .. }) => {
            delegates.iter().all(|delegate| delegate.key == *own)
        }
        _ => false,
    };
    match record.kind().word().filter(|_| fits) {
        Some(word) => Ok(word),
        None => Err(
            Failure::refused("the node asks you to sign what does not make you a member")
                .hint("nothing of it was signed; ask a steward of your host"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::record::{Delegate, Mandate, Revocation};

    use super::*;

    #[test]
    fn a_node_cannot_have_a_newcomer_name_another_key_its_delegate() {
        let root = SecretKey::from_seed(&[1; 32]);
        let own = SecretKey::from_seed(&[2; 32]).public();
        let mandate = |key| {
            let person = PersonId([3; 16]);
            let delegates = vec![Delegate { key, person }];
            let number = 1;
            Record::Mandate(Mandate { number, delegates })
        };
        assert_eq!(check_next(&mandate(own), &root, &own).unwrap(), "mandate");
        let thief = SecretKey::from_seed(&[4; 32]).public();
        assert!(check_next(&mandate(thief), &root, &own).is_err());
        let end = Record::Revocation(Revocation {
            key: own,
            last: None,
        });
        assert!(check_next(&end, &root, &own).is_err());
    }
}
