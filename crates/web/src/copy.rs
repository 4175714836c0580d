//! The copy: what a second node of a member needs of the first, so that front ends, servers and links
//! into rooms work at both.
//!
//! Rows go as the store has them. Secrets in them stay sealed, and open with the same key of the vault
//! alone; accounts and sessions are no part of it.

use domain::id::{ServerId, TenantId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::WebError,
    meetings::{servers, tenants},
    rooms::{Room, RoomId},
    site::Site,
};

/// What a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A server: its secret, and how it is reached.
    Server,
    /// A front end: its secrets and limits.
    Tenant,
    /// A room for people.
    Room,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Server, Self::Tenant, Self::Room];

    fn area(self) -> &'static str {
        match self {
            Self::Server => servers::AREA,
            Self::Tenant => tenants::AREA,
            Self::Room => crate::rooms::AREA,
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it is of.
    pub kind: Kind,
    /// Whose: 16 bytes.
    #[serde(with = "crate::bytes")]
    pub key: [u8; 16],
    /// As the store has it.
    #[serde(with = "crate::bytes")]
    pub value: Vec<u8>,
}

impl Row {
    fn read<T: DeserializeOwned>(&self) -> Result<T, WebError> {
        serde_json::from_slice(&self.value).map_err(|cause| WebError::Corrupt {
            area: self.kind.area(),
            cause,
        })
    }
}

/// What became of a copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Servers in it.
    pub servers: usize,
    /// Front ends in it.
    pub tenants: usize,
    /// Rooms in it.
    pub rooms: usize,
    /// Front ends that were here, and that the first node has no more.
    pub gone: usize,
}

/// Rows as they were read.
#[derive(Default)]
struct Read {
    servers: Vec<(ServerId, servers::Kept)>,
    tenants: Vec<(TenantId, tenants::Kept)>,
    rooms: Vec<Room>,
}

impl Read {
    /// Reads rows, and opens every secret in them.
    fn of(site: &Site, rows: &[Row]) -> Result<Self, WebError> {
        let mut read = Self::default();
        for row in rows {
            match row.kind {
                Kind::Server => read.servers.push((ServerId(row.key), row.read()?)),
                Kind::Tenant => read.tenants.push((TenantId(row.key), row.read()?)),
                Kind::Room => {
                    let room: Room = row.read()?;
                    if room.id != RoomId(row.key) {
                        return Err(WebError::NotFound { what: "room" });
                    }
                    read.rooms.push(room);
                }
            }
        }
        site.servers.check(&read.servers)?;
        site.tenants.check(&read.tenants)?;
        Ok(read)
    }
}

/// All rows of this node that a second one needs, and the key of the vault made if there was none: what
/// either seals later opens at both.
///
/// # Errors
/// When the store fails, the key cannot be read or made, or a secret does not open.
pub async fn copy(site: &Site) -> Result<Vec<Row>, WebError> {
    site.vault.make_key()?;
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for (key, value) in site.local.list(kind.area()).await? {
            let corrupt = |_| WebError::NotFound { what: "row" };
            let key = <[u8; 16]>::try_from(key).map_err(corrupt)?;
            rows.push(Row { kind, key, value });
        }
    }
    Read::of(site, &rows)?;
    Ok(rows)
}

/// Takes a copy into the place of what is here of the same. Servers and rooms that it has not stay; a front
/// end that it has not goes, unless its home is this node. Nothing is written before all of it was read and
/// every secret in it has opened.
///
/// # Errors
/// When a row is none of this release's, a secret does not open, or the store fails.
pub async fn take(site: &Site, rows: &[Row]) -> Result<Taken, WebError> {
    let Read {
        servers,
        tenants,
        rooms,
    } = Read::of(site, rows)?;
    let here = site.tenants.all().await?;
    let gone: Vec<TenantId> = site.node.read(|core| {
        let records = &core.view().meetings.tenants;
        let is_of_another = |id: &TenantId| {
            let known = records.get(id);
            known.is_some_and(|known| known.record.home != core.node())
        };
        let here = here.iter().map(|(id, _)| *id);
        here.filter(|id| tenants.iter().all(|(kept, _)| kept != id) && is_of_another(id))
            .collect()
    });
    let taken = Taken {
        servers: servers.len(),
        tenants: tenants.len(),
        rooms: rooms.len(),
        gone: gone.len(),
    };
    site.servers.take(&servers).await?;
    site.tenants.take(&tenants, &gone).await?;
    site.rooms.take(&rooms).await?;
    Ok(taken)
}
