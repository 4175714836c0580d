//! A federation with one replica, for tests that tell a story.

use domain::{
    entry::Entry,
    id::{EntryId, PhaseId},
    key::PublicKey,
    record::{Record, Roles},
};
use replica::{
    Offer, Refusal, Replica,
    testing::{Author, Cast, grant_person, mandate, opening, proposal},
};

/// A person's key with the grant it acts under.
#[derive(Debug, Clone)]
pub struct Player {
    pub author: Author,
    pub grant: EntryId,
}

/// Founders that have signed, and a replica that holds all that was written.
pub struct Scene {
    pub cast: Cast,
    pub replica: Replica,
}

impl Scene {
    pub fn new() -> Self {
        let mut cast = Cast::new(3);
        let mut replica = Replica::new(cast.genesis.clone());
        for entry in cast.found() {
            assert_eq!(replica.offer(cast.now(), entry), Offer::Stored);
        }
        Self { cast, replica }
    }

    pub fn offer(&mut self, entry: Entry) -> Offer {
        self.replica.offer(self.cast.now(), entry)
    }

    pub fn stored(&mut self, entry: Entry) -> EntryId {
        let id = entry.id(&self.cast.federation());
        assert_eq!(self.offer(entry), Offer::Stored);
        id
    }

    pub fn by_root(&mut self, founder: usize, record: &Record) -> EntryId {
        let entry = self.cast.by_root(founder, record);
        self.stored(entry)
    }

    /// A founder's root key gives a fresh key these roles.
    pub fn person(&mut self, founder: usize, roles: Roles) -> Player {
        let author = self.cast.newcomer();
        let record = grant_person(&author, self.cast.member(founder), roles);
        let grant = self.by_root(founder, &record);
        Player { author, grant }
    }

    /// A player writes, and the replica stores it.
    pub fn says(&mut self, player: &mut Player, record: &Record) -> EntryId {
        let entry = self.cast.by(&mut player.author, player.grant, record);
        self.stored(entry)
    }

    /// A player writes, and the replica is offered it.
    pub fn tries(&mut self, player: &mut Player, record: &Record) -> Offer {
        let entry = self.cast.by(&mut player.author, player.grant, record);
        self.offer(entry)
    }

    /// A founder lists delegates.
    pub fn mandate(&mut self, founder: usize, number: u64, keys: &[PublicKey]) -> EntryId {
        self.by_root(founder, &mandate(number, keys))
    }

    /// A phase in which all founders vote, opened by a steward.
    pub fn phase(&mut self, steward: &mut Player) -> PhaseId {
        let about = self.says(steward, &proposal("Shared servers"));
        let electorate: Vec<(PublicKey, EntryId)> = self
            .cast
            .roots
            .iter()
            .map(|root| (root.key(), root.id(1)))
            .collect();
        self.says(steward, &opening(about, &electorate))
    }

    /// Whether an entry is held and stands.
    pub fn stands(&self, id: &EntryId) -> bool {
        self.replica
            .position(id)
            .is_some_and(|position| self.replica.stands(position))
    }
}

pub fn refused(offer: &Offer) -> &Refusal {
    match offer {
        Offer::Refused(refusal) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}
