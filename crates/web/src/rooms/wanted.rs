//! What rooms want held for the gatherings that meet in them.

use std::collections::BTreeSet;

use domain::{
    id::{TenantId, Timestamp},
    record,
    region::Region,
};
use federation::Core;
use routing::candidate::Feature;

use super::{Room, changes::RECORDING, gathering, tenancy};
use crate::{error::WebError, gatherings::occurrences, site::Site};

/// How many people a room has to expect for places to be held for it. A server has places for about two
/// hundred: smaller meetings find theirs at any time, a larger one only if nothing else has filled the
/// servers before.
pub const HELD_PEOPLE_MIN: u32 = 60;
/// How far ahead places are held.
const AHEAD_DAYS: u64 = 90;
/// How many times of one gathering places are held for at once.
const TIMES_MAX: usize = 4;
/// The most meetings for which places are held at once, the next ones.
const WANTED_MAX: usize = 64;

/// Places that are to be held for one meeting in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The tenant that the rooms of the room's member are.
    pub tenant: TenantId,
    /// The room.
    pub room: record::Room,
    /// When it begins.
    pub starts: Timestamp,
    /// For how many people.
    pub users: u32,
    /// Where, if that matters.
    pub region: Option<Region>,
    /// What the server must be able to do.
    pub features: BTreeSet<Feature>,
}

/// All that is wanted now, in the order in which it begins.
///
/// # Errors
/// When the store fails.
pub async fn wanted(site: &Site) -> Result<Vec<Wanted>, WebError> {
    let rooms = site.rooms.all().await?;
    let now = site.now();
    let mut all: Vec<Wanted> = site.node.read(|core| {
        let large = rooms
            .iter()
            .filter(|room| !room.closed && room.people >= HELD_PEOPLE_MIN)
            .filter(|room| tenancy::serves(core, room.member));
        large.flat_map(|room| of_room(core, room, now)).collect()
    });
    all.sort_by_key(|one| (one.starts, one.tenant, one.room));
    all.truncate(WANTED_MAX);
    Ok(all)
}

fn of_room(core: &Core, room: &Room, now: Timestamp) -> Vec<Wanted> {
    let tenant = tenancy::id_of(core, room.member);
    let (Some(tenant), Some(known)) = (tenant, gathering::of(core, room)) else {
        return Vec::new();
    };
    let until = now.plus_seconds(AHEAD_DAYS * 86_400);
    // Cancelled ones are among them, so twice as many are looked at.
    let times = occurrences(&known.record, now, until, 2 * TIMES_MAX);
    let recording = room.record.then(|| RECORDING.parse().ok()).flatten();
    let features: BTreeSet<Feature> = recording.into_iter().collect();
    let wanted = times.iter().filter(|time| !time.is_cancelled);
    wanted
        // What has begun needs no place any more, or has one.
        .filter(|time| time.start >= now)
        .take(TIMES_MAX)
        .map(|time| Wanted {
            tenant,
            room: room.of_tenant(tenant),
            starts: time.start,
            users: room.people,
            region: room.region.clone(),
            features: features.clone(),
        })
        .collect()
}
