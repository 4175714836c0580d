//! Members and the keys of their people.

use domain::{
    genesis::{Founder, Genesis},
    id::{FederationId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Admission, Custody, Delegate, Grant, Join, Newcomer, Purpose, Roles},
};
use federation::Act;

use crate::{clock::BEGINNING_MS, random::bytes_of};

/// A member and every key of its people.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: String,
    pub class: String,
    pub founder: bool,
    /// Whether a decision admits it, and not the founders.
    pub decided: bool,
    /// The node that serves it.
    pub home: usize,
    pub root: SecretKey,
    pub steward: SecretKey,
    pub node: SecretKey,
    /// The delegate key in use, and how many there were.
    pub delegate: SecretKey,
    pub delegates: u64,
    pub worker: SecretKey,
    /// What its node witnesses and closes votes with, where there is a register.
    pub validator: SecretKey,
    seed: u64,
}

fn key(seed: u64, name: &str, what: &str) -> SecretKey {
    SecretKey::from_seed(&bytes_of(seed, &format!("{name}/{what}")))
}

impl Member {
    pub fn new(seed: u64, name: &str, class: &str, founder: bool, home: usize) -> Self {
        Self {
            name: name.to_owned(),
            class: class.to_owned(),
            founder,
            decided: false,
            home,
            root: key(seed, name, "root"),
            steward: key(seed, name, "steward"),
            node: key(seed, name, "node"),
            delegate: key(seed, name, "delegate 1"),
            delegates: 1,
            worker: key(seed, name, "worker"),
            validator: key(seed, name, "validator"),
            seed,
        }
    }

    pub fn id(&self) -> MemberId {
        MemberId(self.root.public().0)
    }

    /// A person's id, from the key it had first.
    fn person(&self, what: &str) -> PersonId {
        let bytes = bytes_of(self.seed, &format!("{}/person/{what}", self.name));
        PersonId(std::array::from_fn(|index| bytes[index]))
    }

    /// A new delegate key, listed by the mandate that this act signs.
    pub fn new_delegate(&mut self) -> Act {
        self.delegates += 1;
        let what = format!("delegate {}", self.delegates);
        self.delegate = key(self.seed, &self.name, &what);
        self.mandate()
    }

    /// The mandate of the delegate key in use.
    pub fn mandate(&self) -> Act {
        Act::Mandate {
            delegates: vec![Delegate {
                key: self.delegate.public(),
                person: self.person("delegate"),
            }],
        }
    }

    fn grant(
        &self,
        federation: &FederationId,
        purpose: Purpose,
        key: &SecretKey,
        (person, roles): (Option<&str>, Roles),
    ) -> Act {
        let person = person.map(|what| self.person(what));
        let proof = Grant::prove(key, federation, &self.id(), purpose, person);
        Act::Grant {
            purpose,
            key: key.public(),
            person,
            roles,
            custody: Custody::Node,
            proof: Some(proof),
        }
    }

    /// What a founder or newcomer does first, after `found` or `join`: each act with its key.
    pub fn first_acts(&self, federation: &FederationId, has_node: bool) -> Vec<(SecretKey, Act)> {
        let grant = |purpose, key, whose| self.grant(federation, purpose, key, whose);
        let steward = (Some("steward"), Roles::STEWARD);
        let steward = grant(Purpose::Person, &self.steward, steward);
        let mut acts = vec![(self.root.clone(), steward)];
        if has_node {
            let node = grant(Purpose::Node, &self.node, (None, Roles::none()));
            acts.push((self.steward.clone(), node));
        }
        acts.push((self.root.clone(), self.mandate()));
        let worker = (Some("worker"), Roles::WORKER);
        let worker = grant(Purpose::Person, &self.worker, worker);
        acts.push((self.steward.clone(), worker));
        acts
    }

    /// The grant of its validator key, which only the root key gives.
    pub fn validator_grant(&self, federation: &FederationId) -> (SecretKey, Act) {
        let whose = (None, Roles::none());
        let grant = self.grant(federation, Purpose::Validator, &self.validator, whose);
        (self.root.clone(), grant)
    }

    pub fn newcomer(&self) -> Newcomer {
        Newcomer {
            root: self.root.public(),
            class: self.class.clone(),
            name: self.name.clone(),
        }
    }

    /// Its `join`, admitted by these founders.
    pub fn join(&self, federation: &FederationId, founders: &[&Self]) -> Act {
        let newcomer = self.newcomer();
        let message = newcomer.message(federation);
        let mut admissions: Vec<Admission> = founders
            .iter()
            .map(|founder| Admission {
                founder: founder.root.public(),
                signature: founder.root.sign(&message),
            })
            .collect();
        admissions.sort_unstable_by_key(|admission| admission.founder);
        Act::Join(Join {
            newcomer,
            admissions,
        })
    }
}

/// The genesis of these founders.
pub fn genesis(members: &[Member], charter: &domain::charter::Charter) -> Genesis {
    let mut founders: Vec<Founder> = members
        .iter()
        .filter(|member| member.founder)
        .map(|member| Founder {
            root: member.root.public(),
            name: member.name.clone(),
            class: member.class.clone(),
        })
        .collect();
    founders.sort_unstable();
    Genesis {
        name: "Simulated".to_owned(),
        created: Timestamp(BEGINNING_MS),
        founders,
        charter: charter.to_bytes(),
        nonce: [7; 32],
        requires: Vec::new(),
    }
}
