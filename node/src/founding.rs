//! What is written when a member begins: its first keys, its first steward, its mandate.

use std::sync::Arc;

use domain::{
    cbor::Encode,
    charter::Charter,
    genesis::{FOUNDERS_MAX, Founder, Genesis, NAME_BYTES_MAX},
    id::{FederationId, MemberId},
    key::{SecretKey, Signature},
    record::{Custody, Delegate, Grant, Purpose, Roles},
    text::is_line,
};
use federation::Act;
use web::{
    invitation::{Invitation, Invitations},
    seal::Secret,
};

use crate::{
    clock,
    directory::DataDirectory,
    driver::Handle,
    failure::{Failure, Outcome},
    keyfile::{self, Role},
    local::Shelf,
};

/// Makes the keys of a member that has none here yet, and writes the configuration.
pub fn prepare(directory: &DataDirectory, name: &str, bootstrap: &[String]) -> Outcome<SecretKey> {
    check_name("name", name)?;
    let root = keyfile::create(&directory.key_path(Role::Root), Role::Root)?;
    keyfile::create(&directory.key_path(Role::Node), Role::Node)?;
    keyfile::create(&directory.key_path(Role::Validator), Role::Validator)?;
    let config = directory.config_path();
    if !config.exists() {
        let text = crate::config::Config::template(name, bootstrap);
        keyfile::write_private(&config, text.as_bytes())?;
    }
    Ok(root)
}

/// Refuses names that a genesis or an application cannot carry.
pub fn check_name(what: &str, name: &str) -> Outcome {
    if name.len() <= NAME_BYTES_MAX && is_line(name) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the {what} must be one line of 1 to {NAME_BYTES_MAX} bytes"
    )))
}

/// Refuses a class that the charter does not have.
pub fn check_class(charter: &Charter, class: &str) -> Outcome {
    let classes: Vec<&str> = charter
        .terms()
        .classes
        .iter()
        .map(|class| class.id.as_str())
        .collect();
    if classes.contains(&class) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the charter has no class {class:?}; it has {}",
        classes.join(", ")
    )))
}

/// A new genesis.
pub fn genesis(name: &str, mut founders: Vec<Founder>, charter: &Charter) -> Outcome<Genesis> {
    check_name("federation's name", name)?;
    if founders.is_empty() || founders.len() > FOUNDERS_MAX {
        return Err(Failure::usage(format!(
            "a federation has 1 to {FOUNDERS_MAX} founders, not {}",
            founders.len()
        )));
    }
    for founder in &founders {
        check_name("founder's name", &founder.name)?;
        check_class(charter, &founder.class)?;
        founder.root.verifier().map_err(|_| {
            Failure::usage(format!(
                "{} of {} is no usable key",
                founder.root, founder.name
            ))
        })?;
    }
    founders.sort_unstable();
    if let Some(pair) = founders
        .windows(2)
        .find(|pair| pair[0].root == pair[1].root)
    {
        return Err(Failure::usage(format!(
            "{} and {} have the same root key",
            pair[0].name, pair[1].name
        ))
        .hint("each founder runs folkmoot init --prepare on its own machine"));
    }
    Ok(Genesis {
        name: name.to_owned(),
        created: clock::now(),
        founders,
        charter: charter.to_bytes(),
        nonce: clock::random()?,
        requires: Vec::new(),
    })
}

/// Writes the genesis into the data directory.
pub fn write_genesis(directory: &DataDirectory, genesis: &Genesis) -> Outcome {
    keyfile::write_private(&directory.genesis_path(), &genesis.to_bytes())
}

/// After `found` or `join`: grants the node's key and the first steward's, names the steward as
/// delegate, and keeps the one-time link of the steward.
pub async fn begin_member(directory: &DataDirectory, handle: &Handle, root: &SecretKey) -> Outcome {
    let node = directory.key(Role::Node)?;
    let (federation, member) = (
        handle.read(|core| core.federation()),
        MemberId(root.public().0),
    );
    let grant = grant_node(&node, &federation, &member);
    handle.act(root.clone(), grant).await?;
    let roles = Roles::STEWARD.with(Roles::DELEGATE);
    let (invitation, secret) = invite_person("First steward", roles)?;
    let proof = prove_invited((&invitation, &secret), &federation, &member)?;
    handle
        .act(root.clone(), grant_person(&invitation, roles, proof))
        .await?;
    let delegates = vec![Delegate {
        key: invitation.key,
        person: invitation.person,
    }];
    handle.act(root.clone(), Act::Mandate { delegates }).await?;
    let invitations = Invitations::new(Arc::new(Shelf::of(handle.store())));
    invitations
        .keep(clock::now(), &invitation)
        .await
        .map_err(|error| Failure::refused(error.to_string()))?;
    let link = directory.link_path();
    if link.exists() {
        std::fs::remove_file(&link).map_err(|error| {
            Failure::configuration(format!("cannot replace {}", link.display())).because(error)
        })?;
    }
    keyfile::write_private(&link, secret.text().as_bytes())
}

/// A key for a person who is yet to choose a password.
pub fn invite_person(name: &str, roles: Roles) -> Outcome<(Invitation, Secret)> {
    let words = roles.words().into_iter().map(str::to_owned).collect();
    Invitation::new(clock::now(), name, words)
        .map_err(|error| Failure::refused("no key could be made").because(error))
}

/// An invited person's key agrees to its being granted.
pub fn prove_invited(
    (invitation, secret): (&Invitation, &Secret),
    federation: &FederationId,
    member: &MemberId,
) -> Outcome<Signature> {
    let proof = invitation.proof(secret, federation, member);
    proof.map_err(|error| Failure::refused("the invited person's key does not open").because(error))
}

/// The act that gives a node its key's rights.
pub fn grant_node(key: &SecretKey, federation: &FederationId, member: &MemberId) -> Act {
    let purpose = Purpose::Node;
    Act::Grant {
        purpose,
        key: key.public(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        proof: Some(Grant::prove(key, federation, member, purpose, None)),
    }
}

/// The act that gives an invited person its key's rights.
pub fn grant_person(invitation: &Invitation, roles: Roles, proof: Signature) -> Act {
    Act::Grant {
        purpose: Purpose::Person,
        key: invitation.key,
        person: Some(invitation.person),
        roles,
        custody: Custody::Node,
        proof: Some(proof),
    }
}

/// What must be said about absences, in plain words.
pub fn absences(founders: usize) -> String {
    let tolerated = founders.div_ceil(3).saturating_sub(1);
    if tolerated == 0 {
        return format!(
            "With {founders} {} no absence is tolerated (f = 0): once votes are closed for good, \
             every one of them must be reachable to close one. From 4 members on, one may be away.",
            if founders == 1 { "member" } else { "members" }
        );
    }
    format!("With {founders} members, {tolerated} may be away when a vote is closed for good.")
}
