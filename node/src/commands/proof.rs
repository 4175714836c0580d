//! `folkmoot key new`, `prove` and `grant`: a key is granted when its holder agrees, which the key
//! itself signs. Keys that this node holds do so here; those on another machine do it there.

use std::path::Path;

use domain::{
    effect::root_message,
    id::{FederationId, MemberId, PersonId},
    key::SecretKey,
    record::{Grant, Purpose},
};
use serde_json::{Value, json};

use super::table::text;
use crate::{
    cli::Global,
    clock,
    control::{Access, Command, RootAct, parse_key, read_signature},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
};

/// What was asked to be granted.
pub struct Asked<'a> {
    pub key: &'a str,
    pub purpose: &'a str,
    pub roles: &'a [String],
    pub person: Option<&'a str>,
    pub proof: Option<&'a str>,
}

fn purpose_of(role: Role) -> Purpose {
    match role {
        Role::Node => Purpose::Node,
        Role::Validator => Purpose::Validator,
        Role::Root | Role::Person => Purpose::Person,
    }
}

fn role_of(purpose: &str) -> Role {
    match purpose {
        "node" => Role::Node,
        "validator" => Role::Validator,
        "root" => Role::Root,
        _ => Role::Person,
    }
}

/// Makes a key that no data directory holds.
pub fn new_key(global: &Global, file: &Path, purpose: &str) -> Outcome {
    let key = keyfile::create(file, role_of(purpose))?.public();
    global.note(format!(
        "The key is in {} alone. Keep a copy in a safe place; then prove it to your co-op:\n  \
         folkmoot key prove {} --federation … --member …",
        file.display(),
        file.display()
    ));
    let json = json!({ "key": key.to_string(), "purpose": purpose, "file": file });
    global.say(&json, key.to_string())
}

/// Signs with a key that it may be granted by a member.
pub fn prove(
    global: &Global,
    file: &Path,
    (federation, member): (&str, &str),
    person: Option<&str>,
) -> Outcome {
    let federation: FederationId = read_id("federation", federation)?;
    let member: MemberId = read_id("member", member)?;
    let given: Option<PersonId> = person.map(|id| read_id("person", id)).transpose()?;
    let roles = [Role::Person, Role::Node, Role::Validator, Role::Root];
    let (role, key) = keyfile::read_one_of(file, &roles)?;
    if role == Role::Root {
        return prove_root(global, &key, &federation, &member);
    }
    let (purpose, word) = (purpose_of(role), role.word());
    let person = match (purpose, given) {
        (Purpose::Person, Some(person)) => Some(person),
        (Purpose::Person, None) => Some(PersonId(clock::random()?)),
        (_, None) => None,
        (_, Some(_)) => {
            return Err(Failure::usage(format!("a {word} key has no person"))
                .hint("leave --person out, or name the file of a person's key"));
        }
    };
    let proof = Grant::prove(&key, &federation, &member, purpose, person);
    let (key, proof) = (key.public().to_string(), hex::encode(proof.0));
    let whose = person.map_or_else(
        || format!("--purpose {word}"),
        |person| format!("--person {person}"),
    );
    let roles = person.map_or("", |_| " --roles …");
    global.note(format!(
        "Pass this line on to a steward of your co-op, who runs: folkmoot key grant LINE{roles}"
    ));
    let json = json!({
        "key": key, "purpose": word, "person": person.map(|person| person.to_string()),
        "proof": proof,
    });
    global.say(&json, format!("{key} {whose} --proof {proof}"))
}

/// Signs with a new root key that it may take the place of a member's, which all members decide.
fn prove_root(
    global: &Global,
    key: &SecretKey,
    federation: &FederationId,
    member: &MemberId,
) -> Outcome {
    if key.public().0 == member.0 {
        return Err(
            Failure::refused("this is the root key that the co-op began with")
                .hint("make the one that takes its place: folkmoot key new FILE --purpose root"),
        );
    }
    let proof = key.sign(&root_message(federation, member));
    let effect = json!({
        "type": "root", "member": member.to_string(), "root": key.public().to_string(),
        "proof": hex::encode(proof.0),
    });
    global.note(
        "All members decide that it takes the place of the old one. Pass this line on to a member who \
         proposes it:\n  folkmoot propose --title … --text … --effect LINE --open",
    );
    global.say(&effect, effect.to_string())
}

fn read_id<T: std::str::FromStr>(what: &str, text: &str) -> Outcome<T>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| Failure::usage(format!("{text:?} is no {what}'s id: {error}")))
}

/// The act that grants a key, and what to say when it is done.
pub async fn grant(
    access: &Access,
    directory: &DataDirectory,
    root: &SecretKey,
    asked: &Asked<'_>,
) -> Outcome<(RootAct, String)> {
    let Asked {
        key,
        purpose,
        roles,
        ..
    } = asked;
    let is_person = *purpose == "person";
    if is_person && roles.is_empty() {
        return Err(Failure::usage("a person's key needs roles")
            .hint("add for example --roles steward,delegate"));
    }
    if !is_person && (!roles.is_empty() || asked.person.is_some()) {
        return Err(Failure::usage(format!(
            "a {purpose} key has no roles and no person"
        )));
    }
    let public = parse_key(key)?;
    if is_person && asked.proof.is_some() && asked.person.is_none() {
        return Err(Failure::usage("a proof is for one person")
            .hint("write --person too, as folkmoot key prove printed it"));
    }
    let known = if is_person {
        known(access, key).await?
    } else {
        Value::Null
    };
    let word = |name: &str| known[name].as_str().map(str::to_owned);
    let person = asked.person.map(str::to_owned).or_else(|| word("person"));
    let elsewhere = if is_person { "person" } else { "node" };
    let proof = match asked.proof {
        Some(proof) => Some(read_signature(proof)?),
        None if is_person => None,
        None => {
            let own = directory.key(role_of(purpose)).ok();
            let own = own.filter(|own| own.public() == public);
            let federation = directory.genesis()?.federation();
            let member = access.member_of(root).await?;
            let purpose = purpose_of(role_of(purpose));
            own.map(|own| Grant::prove(&own, &federation, &member, purpose, None))
        }
    };
    let of = person
        .as_ref()
        .map_or(String::new(), |person| format!(" of person {person}"));
    let act = RootAct::Grant {
        purpose: (*purpose).to_owned(),
        key: (*key).to_owned(),
        person,
        roles: roles.to_vec(),
        custody: word("custody").unwrap_or_else(|| elsewhere.to_owned()),
        proof: proof.map(|proof| hex::encode(proof.0)),
    };
    Ok((act, format!("Granted {key}{of}.")))
}

/// What this co-op granted to a key before.
async fn known(access: &Access, key: &str) -> Outcome<Value> {
    let answer = access.call(Command::Keys).await?;
    let mut keys = answer["keys"].as_array().into_iter().flatten();
    let known = keys.find(|known| text(known, "key") == key);
    Ok(known.cloned().unwrap_or_default())
}
