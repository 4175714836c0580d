//! Rooms: where the people of a member meet without a front end.
//!
//! A room is its member's business alone, and its links are secrets, so nothing of it is a record: the
//! node that serves the member keeps it. To the rest of the node a room is one of a front end's: the
//! rooms of a member are a tenant of their own (`tenancy`), and what is asked for them takes the way
//! that a front end's calls take, with the same limits, placement and counting.

pub(crate) mod changes;
pub(crate) mod failed;
pub(crate) mod gathering;
pub mod links;
pub(crate) mod recordings;
pub(crate) mod running;
pub(crate) mod seen;
pub(crate) mod tenancy;
pub mod wanted;

use std::{fmt, str::FromStr, sync::Arc};

use domain::{
    id::{EntryId, MemberId, PersonId, TenantId},
    record,
    region::Region,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify};

use crate::{error::WebError, local::Local, seal::random, table::Table};

/// Where the store has them.
pub(crate) const AREA: &str = "web/room";
/// The most rooms of a member that are not closed.
pub const ROOMS_MAX: usize = 500;
/// The most rooms of a member with the closed ones, through which their recordings are still found.
pub const KEPT_MAX: usize = 2_000;
/// The most rooms of one person that are not closed. Stewards may go beyond.
pub const OWN_MAX: usize = 20;
/// The most rooms of one person with the closed ones. Stewards may go beyond.
pub const OWN_KEPT_MAX: usize = 100;
/// The most people who can be expected: no server bears more in one meeting.
pub const PEOPLE_MAX: u32 = 1_000;
/// The longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 100;

/// What names a room: random, and also what its meetings are called at the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub [u8; 16]);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for RoomId {
    type Err = WebError;

    fn from_str(text: &str) -> Result<Self, WebError> {
        let mut bytes = [0; 16];
        match hex::decode_to_slice(text, &mut bytes) {
            // One room has one address.
            Ok(()) if !text.bytes().any(|byte| byte.is_ascii_uppercase()) => Ok(Self(bytes)),
            _ => Err(WebError::NotFound { what: "room" }),
        }
    }
}

/// How guests get in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entrance {
    /// Whoever has the link.
    #[default]
    Anybody,
    /// They wait until a moderator lets them in.
    Asked,
}

impl Entrance {
    /// Every way in.
    pub const ALL: [Self; 2] = [Self::Anybody, Self::Asked];

    /// The word in forms and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::Asked => "asked",
        }
    }

    /// The way in of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The word for servers.
    fn guest_policy(self) -> &'static str {
        match self {
            Self::Anybody => "ALWAYS_ACCEPT",
            Self::Asked => "ASK_MODERATOR",
        }
    }
}

/// What is kept of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// What names it.
    #[serde(with = "crate::bytes::text")]
    pub id: RoomId,
    /// Whose it is.
    #[serde(with = "crate::bytes::text")]
    pub member: MemberId,
    /// Who made it.
    #[serde(with = "crate::bytes::text")]
    pub creator: PersonId,
    /// What its people call it.
    pub title: String,
    /// Where its meetings should be, if that matters.
    #[serde(with = "crate::bytes::text::optional")]
    pub region: Option<Region>,
    /// How many people are expected.
    pub people: u32,
    /// Whether its meetings are to be recorded.
    pub record: bool,
    /// How guests get in.
    pub entrance: Entrance,
    /// How often the moderators' link was made anew.
    pub moderator_renewals: u32,
    /// How often the guests' link was made anew.
    pub guest_renewals: u32,
    /// The gathering that meets in it.
    #[serde(with = "crate::bytes::text::optional")]
    pub gathering: Option<EntryId>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Whether nobody can meet in it any more.
    pub closed: bool,
}

impl Room {
    /// What its meetings are called in calls to servers.
    #[must_use]
    pub fn meeting_id(&self) -> String {
        self.id.to_string()
    }

    /// The room of its tenant, as records name it.
    #[must_use]
    pub fn of_tenant(&self, tenant: TenantId) -> record::Room {
        record::Room::of(tenant, &self.meeting_id())
    }
}

/// The rooms that this node keeps.
pub struct Rooms {
    table: Table<Room>,
    /// Held while a row is read and written.
    gate: Mutex<()>,
    /// Held while the tenant of a member is made: two at once would seal two secrets.
    making: Mutex<()>,
    /// Says that a room is another than before.
    changed: Notify,
}

impl Rooms {
    /// Those kept in `local`.
    #[must_use]
    pub fn new(local: Arc<dyn Local>) -> Self {
        Self {
            table: Table::new(local, AREA),
            gate: Mutex::new(()),
            making: Mutex::new(()),
            changed: Notify::new(),
        }
    }

    /// One room, whoever's it is.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn find(&self, id: RoomId) -> Result<Room, WebError> {
        let found = self.table.get(&id.0).await?;
        found.ok_or(WebError::NotFound { what: "room" })
    }

    /// The rooms of a member, in the order in which they were made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, member: MemberId) -> Result<Vec<Room>, WebError> {
        let mut all = self.all().await?;
        all.retain(|room| room.member == member);
        Ok(all)
    }

    /// Every room, in the order in which they were made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all(&self) -> Result<Vec<Room>, WebError> {
        let rows = self.table.list().await?;
        let mut all: Vec<Room> = rows.into_iter().map(|(_, room)| room).collect();
        all.sort_by_key(|room| (room.created_ms, room.id));
        Ok(all)
    }

    /// Forgets the rooms of a member that is not served here any more.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn delete_of(&self, member: MemberId) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        for room in self.of(member).await? {
            self.table.delete(&room.id.0).await?;
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Keeps a new room; its id is made here.
    ///
    /// # Errors
    /// When its member has too many or, unless a steward makes it, whoever makes it has; or the store
    /// fails.
    pub(crate) async fn add(&self, room: Room, is_stewards: bool) -> Result<Room, WebError> {
        let _gate = self.gate.lock().await;
        need_place(&self.of(room.member).await?, &room, is_stewards)?;
        let room = Room {
            id: RoomId(*random()?),
            ..room
        };
        self.table.put(&room.id.0, &room).await?;
        Ok(room)
    }

    /// Keeps rooms of another node of the same member.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn take(&self, rooms: &[Room]) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        for room in rooms {
            self.table.put(&room.id.0, room).await?;
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Opens a closed room again.
    ///
    /// # Errors
    /// As [`Rooms::add`], and when there is none.
    pub(crate) async fn reopen(&self, id: RoomId, is_stewards: bool) -> Result<Room, WebError> {
        let _gate = self.gate.lock().await;
        let mut room = self.find(id).await?;
        if room.closed {
            let mut others = self.of(room.member).await?;
            others.retain(|other| other.id != id);
            need_place(&others, &room, is_stewards)?;
            room.closed = false;
            self.table.put(&id.0, &room).await?;
            self.changed.notify_one();
        }
        Ok(room)
    }

    /// Forgets a room.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn delete(&self, id: RoomId) -> Result<(), WebError> {
        let _gate = self.gate.lock().await;
        self.table.delete(&id.0).await?;
        self.changed.notify_one();
        Ok(())
    }

    /// Changes a room.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub(crate) async fn change(
        &self,
        id: RoomId,
        change: impl FnOnce(&mut Room),
    ) -> Result<Room, WebError> {
        let _gate = self.gate.lock().await;
        let mut room = self.find(id).await?;
        change(&mut room);
        self.table.put(&id.0, &room).await?;
        self.changed.notify_one();
        Ok(room)
    }
}

/// That there is a place for a room beside the others of its member: nobody alone uses up the places of
/// all.
fn need_place(others: &[Room], room: &Room, is_stewards: bool) -> Result<(), WebError> {
    let own = || others.iter().filter(|other| other.creator == room.creator);
    let open = others.iter().filter(|other| !other.closed).count();
    let own_open = own().filter(|other| !other.closed).count();
    let message = match is_stewards {
        _ if open >= ROOMS_MAX => format!(
            "Your co-op has {ROOMS_MAX} rooms, the most there can be. Use one that is there, or close \
             one."
        ),
        _ if others.len() >= KEPT_MAX => format!(
            "Your co-op has {KEPT_MAX} rooms with the closed ones, the most there can be. Delete closed \
             ones in which nothing was recorded."
        ),
        false if own_open >= OWN_MAX => format!(
            "You have made {OWN_MAX} rooms, the most for one person. Use one that is there, or close one."
        ),
        false if own().count() >= OWN_KEPT_MAX => format!(
            "You have made {OWN_KEPT_MAX} rooms with the closed ones, the most for one person. Delete \
             closed ones in which nothing was recorded."
        ),
        _ => return Ok(()),
    };
    Err(WebError::Conflict {
        code: "too-many-rooms",
        message,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::local::MemoryLocal;

    /// A room of a member, as it is before it is kept.
    pub(crate) fn room(member: u8) -> Room {
        Room {
            id: RoomId([7; 16]),
            member: MemberId([member; 32]),
            creator: PersonId([1; 16]),
            title: "Weekly".to_owned(),
            region: None,
            people: 12,
            record: false,
            entrance: Entrance::Anybody,
            moderator_renewals: 0,
            guest_renewals: 0,
            gathering: None,
            created_ms: 0,
            closed: false,
        }
    }

    #[tokio::test]
    async fn a_member_has_its_own_rooms_and_each_another_id() {
        let rooms = Rooms::new(Arc::new(MemoryLocal::default()));
        let one = rooms.add(room(1), false).await.unwrap();
        let other = rooms.add(room(1), false).await.unwrap();
        rooms.add(room(2), false).await.unwrap();
        assert_ne!(one.id, other.id);
        assert_eq!(rooms.of(one.member).await.unwrap().len(), 2);
        let title = |room: &mut Room| room.title = "Monthly".to_owned();
        rooms.change(one.id, title).await.unwrap();
        assert_eq!(rooms.find(one.id).await.unwrap().title, "Monthly");
        assert!(rooms.find(RoomId([9; 16])).await.is_err());
        rooms.delete_of(one.member).await.unwrap();
        assert_eq!(rooms.all().await.unwrap().len(), 1);
    }

    #[test]
    fn one_person_has_so_many_rooms_and_closed_ones_count_apart() {
        let of = |creator: u8, closed: bool| Room {
            creator: PersonId([creator; 16]),
            closed,
            ..room(1)
        };
        let with = |open: usize, shut: usize, creator: u8| {
            let mut all = vec![of(creator, false); open];
            all.extend(vec![of(creator, true); shut]);
            all
        };
        for (others, person, steward) in [
            (with(OWN_MAX - 1, OWN_KEPT_MAX - OWN_MAX, 1), true, true),
            (with(OWN_MAX, 0, 1), false, true),
            (with(0, OWN_KEPT_MAX, 1), false, true),
            (with(OWN_MAX, OWN_KEPT_MAX, 2), true, true),
            (with(ROOMS_MAX, 0, 2), false, false),
            (with(0, KEPT_MAX, 2), false, false),
        ] {
            let found = [false, true]
                .map(|is_stewards| need_place(&others, &of(1, false), is_stewards).is_ok());
            assert_eq!(found, [person, steward], "{} others", others.len());
        }
    }

    #[test]
    fn a_room_has_one_address() {
        let id = RoomId([0xab; 16]);
        assert_eq!(id.to_string().parse::<RoomId>().unwrap(), id);
        for text in ["", "ab", &id.to_string().to_uppercase()] {
            assert!(text.parse::<RoomId>().is_err(), "{text}");
        }
    }
}
