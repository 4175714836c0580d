//! What rooms want held for the gatherings that meet in them.

use std::time::Duration;

use domain::{
    id::{TenantId, Timestamp},
    record,
};
use federation::{
    Change, Core,
    meetings::holds::{Conference, Wanted},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Room, gathering, running, tenancy};
use crate::{error::WebError, gateway::inside, gatherings::occurrences, site::Site};

/// How many people a room has to expect for a server to be held for it. A server has places for about two
/// hundred: smaller meetings find theirs at any time, a larger one only if nothing else has filled the
/// servers before.
pub const HELD_PEOPLE_MIN: u32 = 60;
/// How far ahead servers are held.
const AHEAD_DAYS: u64 = 90;
/// For how many times of one gathering: the next one, and the one that is the next when that is over.
const TIMES_MAX: usize = 2;
/// The most meetings for which servers are held, the next ones.
const WANTED_MAX: usize = 64;
/// How often it is looked again, as time passes without any change.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);

/// All that is wanted now, in the order in which it begins.
///
/// # Errors
/// When the store fails.
pub async fn wanted(site: &Site) -> Result<Vec<Wanted>, WebError> {
    let rooms = site.rooms.all().await?;
    let now = site.now();
    let large = rooms
        .iter()
        .filter(|room| !room.closed && room.people >= HELD_PEOPLE_MIN);
    let mut all: Vec<Wanted> = large.flat_map(|room| of_room(site, room, now)).collect();
    all.sort_by_key(|one| (one.starts, one.tenant, one.room));
    all.truncate(WANTED_MAX);
    Ok(all)
}

fn of_room(site: &Site, room: &Room, now: Timestamp) -> Vec<Wanted> {
    let Some(tenant) = tenancy::find(site, room.member) else {
        return Vec::new();
    };
    // As its create will say, so that what is held fits.
    let Ok(terms) = inside::terms(site, &tenant, running::creating(room, "")) else {
        return Vec::new();
    };
    let times = site.node.read(|core| times(core, room, now));
    let wanted = times.into_iter().map(|starts| Wanted {
        tenant: tenant.id,
        room: room.of_tenant(tenant.id),
        starts,
        users: room.people,
        terms: terms.clone(),
    });
    wanted.collect()
}

/// When the gathering of a room meets in it next.
fn times(core: &Core, room: &Room, now: Timestamp) -> Vec<Timestamp> {
    let Some(known) = gathering::of(core, room).filter(|_| tenancy::serves(core, room.member))
    else {
        return Vec::new();
    };
    let until = now.plus_seconds(AHEAD_DAYS * 86_400);
    // Cancelled ones and the one that goes on are among them.
    let all = occurrences(&known.record, now, until, 4 * TIMES_MAX);
    let next = all
        .iter()
        .filter(|time| !time.is_cancelled && time.start >= now);
    next.take(TIMES_MAX).map(|time| time.start).collect()
}

/// How it stands with the server for the next meeting in a room.
pub(crate) fn conference(core: &Core, tenant: TenantId, room: &record::Room) -> Option<Conference> {
    let mut all = core.holds();
    all.find(|one| (one.tenant, one.room) == (tenant, *room))
}

/// Has servers held for what rooms want, as long as the node runs.
pub async fn hold_all(site: Site) {
    let mut changes = site.node.changes.subscribe();
    let mut said = None;
    loop {
        match wanted(&site).await {
            Ok(wanted) if said.as_ref() != Some(&wanted) => {
                site.node.hold(wanted.clone()).await;
                said = Some(wanted);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = error.chain(), "what rooms want is not known"),
        }
        let goes_on = tokio::select! {
            () = site.rooms.changed.notified() => true,
            goes_on = planned_anew(&mut changes) => goes_on,
            () = tokio::time::sleep(LOOK_AGAIN) => true,
        };
        if !goes_on {
            return;
        }
    }
}

/// Waits until gatherings, members or servers are others; says no when the node stops.
async fn planned_anew(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Circles | Change::Members) | Err(RecvError::Lagged(_)) => return true,
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
    }
}
