//! Authors that sign entries, and a cast of founders, for tests and simulations.
//!
//! ```
//! use replica::{Offer, Replica, testing::Cast};
//!
//! let mut cast = Cast::new(3);
//! let mut replica = Replica::new(cast.genesis.clone());
//! for entry in cast.found() {
//!     assert_eq!(replica.offer(cast.now(), entry), Offer::Stored);
//! }
//! ```

use domain::{
    cbor::Encode,
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted},
    genesis::{Founder, Genesis},
    id::{EntryId, FederationId, Hash, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey, Signature},
    record::{Admission, Found, Grant, Join, Kind, Newcomer, Purpose, Record},
};

mod records;

pub use records::*;

/// When the casts' federations begin: 2026-01-01.
pub const BEGIN: Timestamp = Timestamp(1_767_225_600_000);

/// The secret key of a number.
#[must_use]
pub fn key(number: u64) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[b"testing key", &number.to_be_bytes()]).0)
}

/// The person who holds a key: a name for the key, so that tests need not number persons.
#[must_use]
pub fn person_of(key: &PublicKey) -> PersonId {
    PersonId(key.0[..16].try_into().expect("half of 32 bytes"))
}

/// What an entry is to say.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The grant it is written under.
    pub grant: EntryId,
    /// When; not earlier than the author's last entry unless a test wants that.
    pub time: Timestamp,
    /// Where.
    pub address: String,
    /// For whom.
    pub audience: Audience,
    /// What it is.
    pub kind: Kind,
    /// Whether an unknown kind mutes what follows.
    pub critical: bool,
    /// The encoded body.
    pub body: Vec<u8>,
    /// The note.
    pub note: Option<Vec<u8>>,
    /// What it speaks of.
    pub references: Vec<EntryId>,
}

impl Draft {
    /// A record at the address its kind belongs to.
    #[must_use]
    pub fn new(grant: EntryId, time: Timestamp, record: &Record) -> Self {
        let address = match record.kind() {
            Kind::Found | Kind::Admit | Kind::Join => "members",
            Kind::Grant | Kind::Mandate | Kind::Revocation => "keys",
            Kind::Person => "persons",
            Kind::Role | Kind::Circle | Kind::Action | Kind::Gathering | Kind::Membership => {
                "circles"
            }
            Kind::Profile => "profile",
            Kind::Endpoint => "nodes",
            Kind::Server => "servers",
            Kind::Tenant => "tenants",
            Kind::Placing => "placements",
            Kind::Usage => "usage",
            Kind::Application => "applications",
            Kind::Ballot => "ballots",
            Kind::Edit | Kind::Filing | Kind::Attachment => "documents",
            Kind::Host | Kind::Hosting => "hosts",
            _ => "proposals",
        };
        let note = match record {
            Record::Ballot(ballot) if ballot.reason_characters > 0 => {
                Some(vec![b'.'; ballot.reason_characters as usize])
            }
            _ => None,
        };
        Self {
            grant,
            time,
            address: address.to_owned(),
            audience: Audience::Public,
            kind: record.kind(),
            critical: false,
            body: record.to_bytes(),
            note,
            references: Vec::new(),
        }
    }
}

/// A key and the log it has written so far.
#[derive(Debug, Clone)]
pub struct Author {
    federation: FederationId,
    secret: SecretKey,
    path: Vec<(EntryId, Timestamp)>,
    salts: u64,
}

impl Author {
    /// The author with the key of this number and an empty log.
    #[must_use]
    pub fn new(federation: FederationId, number: u64) -> Self {
        Self {
            federation,
            secret: key(number),
            path: Vec::new(),
            salts: number << 32,
        }
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.secret.public()
    }

    /// The secret key.
    #[must_use]
    pub fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// The proof that the key's holder agrees to its being granted.
    #[must_use]
    pub fn proof(&self, member: MemberId, purpose: Purpose, person: Option<PersonId>) -> Signature {
        Grant::prove(&self.secret, &self.federation, &member, purpose, person)
    }

    /// How many entries the log has.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.path.len() as u64
    }

    /// The id of the entry with this sequence, from 1.
    #[must_use]
    pub fn id(&self, sequence: u64) -> EntryId {
        self.path[sequence as usize - 1].0
    }

    /// The last entry: sequence and id.
    #[must_use]
    pub fn tip(&self) -> Option<(u64, EntryId)> {
        self.path.last().map(|(id, _)| (self.sequence(), *id))
    }

    /// A traitor's copy of the author that goes on after this sequence.
    #[must_use]
    pub fn fork_after(&self, sequence: u64) -> Self {
        let mut copy = self.clone();
        copy.path.truncate(sequence as usize);
        copy.salts ^= 1 << 31;
        copy.salts += 1 << 16;
        copy
    }

    /// The header and the sealed parts of a draft as the next entry.
    #[must_use]
    pub fn prepare(&mut self, draft: &Draft) -> Entry {
        let mut salt = || {
            self.salts += 1;
            let salt: [u8; SALT_BYTES] = Hash::of(&[b"salt", &self.salts.to_be_bytes()]).0;
            salt
        };
        let body = Salted::new(&salt(), &draft.body);
        let note = draft.note.as_ref().map(|note| Salted::new(&salt(), note));
        Entry {
            header: Header {
                author: self.key(),
                grant: draft.grant,
                sequence: self.sequence() + 1,
                previous: self.path.last().map(|(id, _)| *id),
                time: draft.time,
                address: Address::parse(&draft.address).expect("tests use valid addresses"),
                audience: draft.audience,
                kind: draft.kind,
                critical: draft.critical,
                body: body.seal(),
                note: note.as_ref().map(Salted::seal),
                references: draft.references.clone(),
            },
            signature: Signature([0; 64]),
            body: Some(body),
            note,
        }
    }

    /// Signs an entry, whatever its header says.
    pub fn sign(&self, entry: &mut Entry) {
        entry.signature = entry.header.sign(&self.federation, &self.secret);
    }

    /// Writes the next entry of the log.
    pub fn write_draft(&mut self, draft: &Draft) -> Entry {
        let mut entry = self.prepare(draft);
        self.sign(&mut entry);
        self.path.push((entry.id(&self.federation), draft.time));
        entry
    }

    /// Writes a record as the next entry, not before the last one.
    pub fn write(&mut self, grant: EntryId, time: Timestamp, record: &Record) -> Entry {
        let earliest = self.path.last().map_or(Timestamp(0), |(_, time)| *time);
        self.write_draft(&Draft::new(grant, time.max(earliest), record))
    }
}

/// A federation's founders with their root keys, and a clock that moves a second at each entry.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The genesis.
    pub genesis: Genesis,
    /// The founders' root keys, in the order of the genesis.
    pub roots: Vec<Author>,
    now: Timestamp,
    authors: u64,
}

impl Cast {
    /// A federation of so many founders.
    #[must_use]
    pub fn new(founders: u64) -> Self {
        let named = |number| Founder {
            root: key(number).public(),
            name: format!("Co-op {number}"),
            class: "producer".to_owned(),
        };
        let mut numbers: Vec<u64> = (0..founders).collect();
        numbers.sort_unstable_by_key(|number| key(*number).public());
        let genesis = Genesis {
            name: "Cast".to_owned(),
            created: BEGIN,
            founders: numbers.iter().map(|number| named(*number)).collect(),
            charter: Vec::new(),
            nonce: [7; 32],
            requires: Vec::new(),
        };
        let federation = genesis.federation();
        Self {
            genesis,
            roots: numbers
                .iter()
                .map(|number| Author::new(federation, *number))
                .collect(),
            now: BEGIN,
            authors: 1_000,
        }
    }

    /// The federation's id.
    #[must_use]
    pub fn federation(&self) -> FederationId {
        self.genesis.federation()
    }

    /// A founder's id, in the order of the genesis.
    #[must_use]
    pub fn member(&self, founder: usize) -> MemberId {
        MemberId(self.roots[founder].key().0)
    }

    /// The federation's id as the grant of first entries.
    #[must_use]
    pub fn federation_grant(&self) -> EntryId {
        EntryId(self.federation().0)
    }

    /// The time of the last entry.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A second later.
    pub fn tick(&mut self) -> Timestamp {
        self.now = self.now.plus_seconds(1);
        self.now
    }

    /// A key that no one used before.
    pub fn newcomer(&mut self) -> Author {
        self.authors += 1;
        Author::new(self.federation(), self.authors)
    }

    /// Every founder's first entry.
    pub fn found(&mut self) -> Vec<Entry> {
        let (grant, time) = (self.federation_grant(), self.now);
        self.roots
            .iter_mut()
            .map(|root| root.write(grant, time, &Record::Found(Found)))
            .collect()
    }

    /// The first entry of a newcomer that these founders admit.
    pub fn join(&mut self, newcomer: &mut Author, founders: &[usize]) -> Entry {
        let who = Newcomer {
            root: newcomer.key(),
            class: "consumer".to_owned(),
            name: "Newcomer".to_owned(),
        };
        let message = who.message(&self.federation());
        let mut admissions: Vec<Admission> = founders
            .iter()
            .map(|founder| Admission {
                founder: self.roots[*founder].key(),
                signature: self.roots[*founder].secret().sign(&message),
            })
            .collect();
        admissions.sort_unstable_by_key(|admission| admission.founder);
        let record = Record::Join(Join {
            newcomer: who,
            admissions,
        });
        let time = self.tick();
        newcomer.write(self.federation_grant(), time, &record)
    }

    /// A founder writes under its `found` entry.
    pub fn by_root(&mut self, founder: usize, record: &Record) -> Entry {
        let time = self.tick();
        let root = &mut self.roots[founder];
        root.write(root.id(1), time, record)
    }

    /// An author writes under a grant.
    pub fn by(&mut self, author: &mut Author, grant: EntryId, record: &Record) -> Entry {
        let time = self.tick();
        author.write(grant, time, record)
    }
}
