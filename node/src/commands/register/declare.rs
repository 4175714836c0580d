//! `folkmoot register key`, `leave-office` and `object`: what a member declares with its root key.

use std::path::Path;

use domain::{
    cbor::Encode,
    id::{FederationId, MemberId},
    key::{PublicKey, SecretKey},
    record::{Grant, Purpose},
};
use register::declaration::{Declaration, Matter};
use serde_json::{Value, json};

use crate::{
    cli::Global,
    commands::{root_key, table::text},
    control::{Access, Command, RootAct, not_begun},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
};

/// A member with its root key, and the number of its next declaration.
pub struct Declaring {
    /// The federation.
    pub federation: FederationId,
    /// The root key.
    pub root: SecretKey,
    /// The member, and the number.
    pub of: (MemberId, u64),
    /// The key that the register names, if it names one.
    validator: Option<String>,
    answer: Value,
}

impl Declaring {
    /// Reads the root key, and asks what was declared with it.
    pub async fn new(
        directory: &DataDirectory,
        access: &Access,
        file: Option<&Path>,
    ) -> Outcome<Self> {
        let root = root_key(directory, file)?;
        let answer = access.call(Command::Register).await?;
        let recovery = &answer["recovery"];
        if recovery.is_null() {
            return Err(not_begun());
        }
        let strange = || Failure::refused("the node answered something this release cannot read");
        let key = root.public().to_string();
        let mut members = recovery["members"].as_array().into_iter().flatten();
        let own = members.find(|one| one["root"] == *key).ok_or_else(|| {
            Failure::refused("this root key is of no member that the register has")
                .hint("name the file of the root key in force: --root-key FILE")
        })?;
        Ok(Self {
            federation: text(&answer, "federation").parse().map_err(|_| strange())?,
            of: (
                text(own, "member").parse().map_err(|_| strange())?,
                own["declared"].as_u64().ok_or_else(strange)? + 1,
            ),
            validator: own["validator"].as_str().map(str::to_owned),
            root,
            answer,
        })
    }

    /// Signs the entry that carries a declaration.
    pub async fn declare(&self, access: &Access, declaration: &Declaration) -> Outcome<String> {
        let declaration = hex::encode(declaration.to_bytes());
        let act = RootAct::Declare { declaration };
        access.sign_and_submit(&self.root, act).await
    }
}

/// What is to be done about the validator key that follows this node's, if one does.
pub fn successor(office: &Value) -> Option<&'static str> {
    match office["successor"]["named"].as_bool()? {
        true => Some(
            "The register names another validator key than the one that this node signs with. Restart the \
             node: it takes the key up from validator-next.key. If that is not there, folkmoot register key \
             names a new one.",
        ),
        false => Some(
            "A new validator key is declared. It counts from the next height on, which the validators decide: \
             restart the node then.",
        ),
    }
}

/// Which validator key is to be declared, and what to say where none is.
enum Next {
    /// It is in force, or waits for a height already.
    Known(PublicKey, &'static str),
    /// This one, of which the running node has the secret: it never signed anything.
    Own(SecretKey),
    /// This one, which the node takes up when it is started again.
    Other(SecretKey),
}

impl Declaring {
    /// Whether a key of this directory is in force, or is to be declared.
    fn next_key(&self, directory: &DataDirectory, is_another: bool) -> Outcome<Next> {
        let read = |path: &Path| match path.exists() {
            true => keyfile::read(path, Role::Validator).map(Some),
            false => Ok(None),
        };
        let path = directory.next_validator_path();
        let (own, next) = (read(&directory.key_path(Role::Validator))?, read(&path)?);
        let office = &self.answer["office"];
        let public = |key: &Option<SecretKey>| key.as_ref().map(SecretKey::public);
        let mut here = [public(&own), public(&next)].into_iter().flatten();
        let waiting = office["waiting"].as_array().into_iter().flatten();
        if let Some(waiting) = waiting.last() {
            let declared = waiting["key"].as_str();
            let known = here.find(|key| declared == Some(&*key.to_string()));
            return known.map(|key| Next::Known(key, WAITS)).ok_or_else(|| {
                Failure::refused("another declaration of this co-op waits for the next height")
                    .hint("run this again when a height has it: folkmoot register shows them")
            });
        }
        let is_named =
            |key: &SecretKey| self.validator.as_deref() == Some(&key.public().to_string());
        let is_lost = office["lost"] == true;
        match (own, next) {
            (_, Some(next)) if is_named(&next) => Ok(Next::Known(next.public(), NAMED)),
            (Some(own), _) if is_named(&own) && !is_lost && !is_another => {
                Ok(Next::Known(own.public(), IN_FORCE))
            }
            (_, Some(next)) => Ok(Next::Other(next)),
            (Some(own), None) if office["has_signed"] == false && !is_named(&own) => {
                Ok(Next::Own(own))
            }
            _ => keyfile::create(&path, Role::Validator).map(Next::Other),
        }
    }
}

const WAITS: &str = "It is declared already, and counts from the next height on, which the validators decide. \
    Nothing was declared anew.";
const NAMED: &str = "The register names the new key. Restart the node: it takes the key up, and the old one is \
    overwritten.";
const IN_FORCE: &str = "The register names the key that this node has: there is nothing to do. folkmoot \
    register key --another declares another one.";
const DECLARED_OWN: &str = "Declared: the key in validator.key, with which this node has signed nothing yet. It \
    closes votes from the next height on, which the validators decide; the running node needs no restart.";
const DECLARED: &str = "Declared. It takes over at the next height, which the validators decide: folkmoot \
    register key says when. Then restart the node. The key is in validator-next.key, in no backup, as the one \
    before.";

/// Names a new validator key, unless this node has one that is in force or waits for a height.
pub async fn key(
    global: &Global,
    directory: &DataDirectory,
    access: &Access,
    (file, is_another): (Option<&Path>, bool),
) -> Outcome {
    let declaring = Declaring::new(directory, access, file).await?;
    let (key, said) = match declaring.next_key(directory, is_another)? {
        Next::Known(public, said) => {
            let is_named = declaring.validator.as_deref() == Some(&public.to_string());
            let json = json!({ "key": public.to_string(), "declared": true, "named": is_named });
            return global.say(&json, said);
        }
        Next::Own(key) => (key, DECLARED_OWN),
        Next::Other(key) => (key, DECLARED),
    };
    let (member, purpose) = (declaring.of.0, Purpose::Validator);
    let proof = Grant::prove(&key, &declaring.federation, &member, purpose, None);
    let public = key.public().to_string();
    let grant = RootAct::Grant {
        purpose: "validator".to_owned(),
        key: public.clone(),
        person: None,
        roles: Vec::new(),
        custody: "node".to_owned(),
        proof: Some(hex::encode(proof.0)),
    };
    access.sign_and_submit(&declaring.root, grant).await?;
    let named =
        Declaration::of_validator(&declaring.federation, &declaring.root, declaring.of, &key);
    declaring.declare(access, &named).await?;
    let json = json!({ "key": public, "declared": true, "named": false });
    global.say(&json, said)
}

/// Says that this node witnesses and closes votes no longer.
pub async fn leave_office(
    global: &Global,
    directory: &DataDirectory,
    access: &Access,
    file: Option<&Path>,
) -> Outcome {
    let declaring = Declaring::new(directory, access, file).await?;
    if declaring.validator.is_none() {
        return Err(Failure::refused("this co-op's node closes no votes")
            .hint("folkmoot register shows the validators"));
    }
    let Declaring {
        federation,
        root,
        of,
        ..
    } = &declaring;
    let leaves = Declaration::sign(federation, root, *of, Matter::NoValidator);
    declaring.declare(access, &leaves).await?;
    let said = "Declared. From the next height on this node witnesses no new votes. Let it run until those \
        that are open have been closed. folkmoot register key gives it the office again.";
    global.say(&json!({ "declared": true }), said)
}

/// Objects to the replacement of this co-op's root key.
pub async fn object(
    global: &Global,
    directory: &DataDirectory,
    access: &Access,
    file: Option<&Path>,
) -> Outcome {
    let mut declaring = Declaring::new(directory, access, file).await?;
    let member = declaring.of.0.to_string();
    let votes = declaring.answer["recovery"]["new_roots"].clone();
    let votes = votes.as_array().into_iter().flatten();
    let votes: Vec<&Value> = votes.filter(|vote| vote["member"] == *member).collect();
    if votes.is_empty() {
        return Err(
            Failure::refused("no open vote would replace this co-op's root key")
                .hint("folkmoot decisions lists what is open"),
        );
    }
    let mut objected = Vec::new();
    for vote in votes.iter().filter(|vote| vote["objected"] != true) {
        let strange = || Failure::refused("the node answered something this release cannot read");
        let phase = text(vote, "vote").parse().map_err(|_| strange())?;
        let matter = Matter::Objection { phase };
        let (federation, root) = (&declaring.federation, &declaring.root);
        let objects = Declaration::sign(federation, root, declaring.of, matter);
        declaring.declare(access, &objects).await?;
        declaring.of.1 += 1;
        objected.push(text(vote, "title"));
    }
    let said = match objected.is_empty() {
        true => {
            "You have objected already: the vote does nothing, whatever comes of it.".to_owned()
        }
        false => format!(
            "Objected to {}: once a height has it, the key stays, whatever comes of the vote.",
            objected.join(", ")
        ),
    };
    global.say(&json!({ "objected": objected }), said)
}
