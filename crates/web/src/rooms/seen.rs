//! Rooms as the people of their member see them.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    id::{MemberId, Timestamp},
    record,
};
use federation::{
    Core,
    meetings::holds::{Refusal, Standing},
};

use super::{
    Room, changes, failed, gathering,
    links::{self, Role},
    running::{self, State},
    tenancy, wanted,
};
use crate::{
    auth::{Actor, Place},
    error::WebError,
    gateway::inside,
    gatherings,
    handlers::{circle_documents, views, work},
    meetings::overview,
    pages::{
        meet::{Unplaced, short_id},
        parts::Name,
        rooms::{Listed, one},
    },
    site::Site,
    standpoint::Standpoint,
};

/// How long the list waits for what servers say of people.
const PEOPLE_DEADLINE: Duration = Duration::from_millis(1_000);
/// How many of the next gatherings a room's page shows.
const NEXT: usize = 4;
/// How many circles a person can plan for from a room's page.
const CIRCLES_MAX: usize = 30;

/// The rooms of a member: those with a meeting first, then those that meet next, then the others by
/// title.
///
/// # Errors
/// When the store fails.
pub(crate) async fn list(site: &Site, member: MemberId) -> Result<Vec<Listed>, WebError> {
    let rooms = site.rooms.of(member).await?;
    let now = site.now();
    let tenant = tenancy::find(site, member);
    let since = |core: &Core, room: &Room| {
        let tenant = tenant.as_ref()?.id;
        let key = (tenant, room.of_tenant(tenant));
        overview::placed_one(core, &key).map(|(_, since)| since)
    };
    let mut listed: Vec<Listed> = site.node.read(|core| {
        let rooms = rooms.iter().map(|room| Listed {
            room: Name::new(room.id.to_string(), room.title.clone()),
            since: since(core, room),
            now: None,
            expected: u64::from(room.people),
            next: gathering::next(core, room, now).filter(|_| !room.closed),
            is_closed: room.closed,
        });
        rooms.collect()
    });
    if let Some(tenant) = &tenant
        && listed.iter().any(|one| one.since.is_some())
    {
        let asked = tokio::time::timeout(PEOPLE_DEADLINE, inside::people(site, tenant)).await;
        let people: BTreeMap<record::Room, u64> = asked.unwrap_or_default();
        for (one, room) in listed.iter_mut().zip(&rooms) {
            let found = people.get(&room.of_tenant(tenant.id));
            one.now = found.filter(|_| one.since.is_some()).copied();
        }
    }
    listed.sort_by_cached_key(|one| {
        let title = one.room.name.to_lowercase();
        (one.since.is_none(), one.next.is_none(), one.next, title)
    });
    Ok(listed)
}

/// The address of a room's link for a role, whole.
///
/// # Errors
/// When the key of the vault cannot be used.
pub(crate) fn link(
    site: &Site,
    place: &Place,
    room: &Room,
    role: Role,
) -> Result<String, WebError> {
    let path = links::path(&site.vault, room, role)?;
    Ok(site.address(&place.host) + &path)
}

/// One room as its page shows it.
///
/// # Errors
/// When the key of the vault cannot be used.
pub(crate) async fn one(
    site: &Site,
    (actor, place): (&Actor, &Place),
    room: &Room,
) -> Result<one::Room, WebError> {
    let running = match running::state(site, room).await {
        State::Idle => None,
        State::Runs(since, meeting) => {
            let tenant = tenancy::find(site, room.member);
            let live = actor.read(site, |core| {
                let tenant = tenant.as_ref()?.id;
                overview::live_one(core, (tenant, room.of_tenant(tenant)))
            });
            Some(one::Running {
                since,
                now: meeting.map(|meeting| meeting.participant_count),
                live,
            })
        }
    };
    let why_not = actor
        .read(site, |core| why_not(core, room))
        .filter(|_| running.is_none());
    let links = (
        link(site, place, room, Role::Guest)?,
        link(site, place, room, Role::Moderator)?,
    );
    let now = site.now();
    let known = site.node.read(|core| gathering::of(core, room));
    let is_link_void = match &known {
        Some(known) => gathering::is_link_void(site, room, known)?,
        None => false,
    };
    let (gathering, circles) = actor.read(site, |core| {
        let shown = known.map(|known| shown_gathering(core, &known, is_link_void, now));
        (shown, circles(core, actor, now))
    });
    Ok(one::Room {
        room: Name::new(room.id.to_string(), room.title.clone()),
        region: room
            .region
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        expected: u64::from(room.people),
        record: room.record,
        entrance: room.entrance,
        is_closed: room.closed,
        running,
        why_not,
        links,
        gathering,
        holding: actor.read(site, |core| holding(core, room)),
        circles,
        may_change: changes::may_change(site, actor, room),
    })
}

/// Why the last meeting in a room found no place, if it found none.
fn why_not(core: &Standpoint<'_>, room: &Room) -> Option<Unplaced> {
    let tenant = tenancy::id_of(core, room.member)?;
    let why = failed::unplaced(core, room, tenant)?;
    overview::unplaced_one(core, &(tenant, room.of_tenant(tenant)), why)
}

fn shown_gathering(
    core: &Standpoint<'_>,
    known: &replica::view::Gathering,
    is_link_void: bool,
    now: Timestamp,
) -> one::Gathering {
    let next = gatherings::next(&known.record, now, NEXT);
    one::Gathering {
        gathering: Name::new(known.id.to_string(), known.record.title.clone()),
        circle: views::circle(core, &known.record.circle),
        documents: circle_documents::list(core, &known.record.circle, Some(known.id)),
        is_over: next.is_empty(),
        is_link_void,
        next: next
            .iter()
            .map(|time| work::happening(core, known, time))
            .collect(),
    }
}

/// How it stands with the server for the next meeting in a room, if one is wanted.
fn holding(core: &Standpoint<'_>, room: &Room) -> Option<one::Holding> {
    let tenant = tenancy::id_of(core, room.member)?;
    let found = wanted::conference(core, tenant, &room.of_tenant(tenant))?;
    let servers = &core.view().meetings.servers;
    let hold = match found.standing {
        Standing::Ahead | Standing::Seeking => one::Hold::Sought,
        Standing::Held { server, owner } => one::Hold::Held(
            servers
                .get(&server)
                .map_or_else(|| short_id(&server), |known| known.record.name.clone()),
            views::member(core, &owner),
        ),
        Standing::Refused {
            why: Refusal::Unused,
            possible_users: 0,
        } => one::Hold::LeftUnused,
        Standing::Refused { possible_users, .. } => one::Hold::Refused(u64::from(possible_users)),
    };
    Some(one::Holding {
        starts: found.starts,
        users: u64::from(found.users),
        hold,
    })
}

/// The circles in which the reader is.
fn circles(core: &Standpoint<'_>, actor: &Actor, now: Timestamp) -> Vec<Name> {
    let Some(who) = work::reader(core, actor) else {
        return Vec::new();
    };
    let view = core.view();
    let own = view
        .circles
        .values()
        .filter(|circle| !circle.record.ended && view.is_in_circle(&circle.id, &who, now));
    let mut own: Vec<Name> = own.map(|circle| views::circle(core, &circle.id)).collect();
    own.sort_by_key(|circle| circle.name.to_lowercase());
    own.truncate(CIRCLES_MAX);
    own
}
