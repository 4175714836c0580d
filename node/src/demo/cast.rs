//! The co-ops of the demo and their people, all invented, and their keys.

use domain::{genesis::Founder, id::PersonId, key::SecretKey};
use web::{invitation::Invitation, seal::Secret};
use zeroize::Zeroizing;

use crate::{clock::random, directory::DataDirectory, failure::Outcome, founding, keyfile::Role};

/// The name under which anyone can sign in at any co-op of the demo.
pub const ACCOUNT: &str = "demo";
/// Its password.
pub const PASSWORD: &str = "folkmoot demo";

/// Names that say that they are examples: co-op, directory, class, region, delegate.
pub const COOPS: [(&str, &str, &str, &str, &str); 5] = [
    (
        "Example Orchard Co-op",
        "orchard",
        "producer",
        "Catalonia (example)",
        "Robin (fictional)",
    ),
    (
        "Example Harbour Co-op",
        "harbour",
        "producer",
        "Ontario (example)",
        "Sam (fictional)",
    ),
    (
        "Example Lantern Co-op",
        "lantern",
        "producer",
        "Sweden (example)",
        "Kim (fictional)",
    ),
    (
        "Example Bakery Co-op",
        "bakery",
        "consumer",
        "England (example)",
        "Noor (fictional)",
    ),
    (
        "Example Library Co-op",
        "library",
        "consumer",
        "Quebec (example)",
        "Alex (fictional)",
    ),
];

/// One co-op as it is founded.
pub struct Coop {
    /// Its data directory.
    pub directory: DataDirectory,
    /// Its root key.
    pub root: SecretKey,
    /// Its node's key.
    pub node: SecretKey,
    /// Its fictional delegate.
    pub delegate: Delegate,
    /// The invitation of its first steward, and the secret of the link.
    pub steward: (Invitation, Secret),
    index: usize,
}

/// The person of a co-op whose key the demo holds.
pub struct Delegate {
    /// The person.
    pub person: PersonId,
    /// The seed of its key.
    pub seed: Zeroizing<[u8; 32]>,
}

impl Delegate {
    /// The key.
    pub fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.seed)
    }
}

impl Coop {
    /// Makes the keys of one co-op.
    pub fn make(index: usize, directory: DataDirectory) -> Outcome<Self> {
        let root = founding::prepare(&directory, COOPS[index].0, &[])?;
        let node = directory.key(Role::Node)?;
        let roles = domain::record::Roles::STEWARD.with(domain::record::Roles::DELEGATE);
        Ok(Self {
            root,
            node,
            delegate: Delegate {
                person: PersonId(random()?),
                seed: Zeroizing::new(random()?),
            },
            steward: founding::invite_person("You", roles)?,
            directory,
            index,
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        COOPS[self.index].0
    }

    /// Where it is, in words.
    pub fn region(&self) -> &'static str {
        COOPS[self.index].3
    }

    /// The name of its delegate.
    pub fn delegate_name(&self) -> &'static str {
        COOPS[self.index].4
    }

    /// As a founder.
    pub fn founder(&self) -> Founder {
        Founder {
            root: self.root.public(),
            name: self.name().to_owned(),
            class: COOPS[self.index].2.to_owned(),
        }
    }
}
