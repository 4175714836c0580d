//! Members of the demo without a node: a co-op and two people, each hosted by one of the co-ops.

use domain::{
    id::{MemberId, PersonId},
    key::SecretKey,
    record::{
        Admission, Admit, Application, Custody, Delegate, Grant, Join, Newcomer, Purpose, Roles,
    },
};
use federation::Act;
use web::accounts::NewAccount;
use zeroize::Zeroizing;

use super::{cast::Coop, password, past::Past};
use crate::{
    clock::{self, random},
    failure::{Failure, Outcome},
    run::Node,
    strangers::application_proof,
};

/// Names that say that they are examples: member, class, which co-op hosts it, who signs in.
pub const GUESTS: [(&str, &str, usize, &str); 3] = [
    ("Example Allotment Co-op", "consumer", 1, "mika"),
    ("Jo (fictional)", "individual", 0, "jo"),
    ("Ellis (fictional)", "individual", 2, "ellis"),
];

/// One hosted member as it joins.
pub struct Guest {
    root: Zeroizing<[u8; 32]>,
    seed: Zeroizing<[u8; 32]>,
    person: PersonId,
    index: usize,
}

impl Guest {
    /// Makes the keys of one.
    pub fn make(index: usize) -> Outcome<Self> {
        Ok(Self {
            root: Zeroizing::new(random()?),
            seed: Zeroizing::new(random()?),
            person: PersonId(random()?),
            index,
        })
    }

    /// The person's key.
    pub fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.seed)
    }

    /// Which co-op hosts it.
    pub fn host(&self) -> usize {
        GUESTS[self.index].2
    }

    fn root(&self) -> SecretKey {
        SecretKey::from_seed(&self.root)
    }

    fn member(&self) -> MemberId {
        MemberId(self.root().public().0)
    }

    fn roles(&self) -> Roles {
        let roles = Roles::STEWARD.with(Roles::DELEGATE);
        match GUESTS[self.index].1 {
            "individual" => roles.with(Roles::INDIVIDUAL),
            _ => roles,
        }
    }

    /// It applies through its host, is admitted and joins, as everyone does.
    pub fn join(&self, past: &mut Past, coops: &[Coop]) -> Outcome {
        let (name, class, host, _) = GUESTS[self.index];
        let federation = past.core().federation();
        let (root, node) = (self.root(), &coops[host].node);
        let application = Application {
            root: root.public(),
            name: name.to_owned(),
            class: class.to_owned(),
            proof: application_proof(&federation, &root, name, class),
        };
        let request = "We would like to meet on your servers.".to_owned();
        let apply = Act::Apply {
            application,
            request,
        };
        past.act(node, apply)?;
        let (member, accepts) = (self.member(), true);
        past.act(node, Act::Hosting { member, accepts })?;
        let newcomer = Newcomer {
            root: root.public(),
            name: name.to_owned(),
            class: class.to_owned(),
        };
        let message = newcomer.message(&federation);
        let mut admissions = Vec::new();
        for coop in &coops[..past.core().genesis().admissions_needed()] {
            let signature = coop.root.sign(&message);
            let admit = Admit {
                newcomer: newcomer.clone(),
                signature,
            };
            past.act(&coop.root, Act::Admit(admit))?;
            let founder = coop.root.public();
            admissions.push(Admission { founder, signature });
        }
        admissions.sort_unstable_by_key(|admission| admission.founder);
        let join = Join {
            newcomer,
            admissions,
        };
        past.act(&root, Act::Join(join))?;
        let host = MemberId(coops[host].root.public().0);
        past.act(&root, Act::Host { host })?;
        self.begin(past)
    }

    /// Its person gets a key and a vote.
    fn begin(&self, past: &mut Past) -> Outcome {
        let (root, key, federation) = (self.root(), self.key(), past.core().federation());
        let (purpose, person) = (Purpose::Person, Some(self.person));
        let proof = Grant::prove(&key, &federation, &self.member(), purpose, person);
        let grant = Act::Grant {
            purpose,
            key: key.public(),
            person,
            roles: self.roles(),
            custody: Custody::Node,
            proof: Some(proof),
        };
        past.act(&root, grant)?;
        let delegates = vec![Delegate {
            key: key.public(),
            person: self.person,
        }];
        past.act(&root, Act::Mandate { delegates })?;
        let card = Act::Person {
            person: self.person,
            name: GUESTS[self.index].3.to_owned(),
            contact: String::new(),
        };
        past.act(&key, card)?;
        Ok(())
    }

    /// The account at the host, which anyone can use.
    pub async fn open_account(self, node: &Node) -> Outcome {
        let words = self.roles().words();
        let account = NewAccount {
            person: self.person,
            key: self.key().public(),
            name: GUESTS[self.index].3.to_owned(),
            mail: String::new(),
            roles: words.into_iter().map(str::to_owned).collect(),
            password: password()?,
            member: Some(self.member()),
            seed: Some(self.seed),
            root: Some(self.root),
        };
        let added = node.site.accounts.add(clock::now(), account).await;
        added.map_err(|error| Failure::refused(error.to_string()))?;
        Ok(())
    }
}
