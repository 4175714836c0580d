//! Meetings as the people of one member may see them: servers with what is on them, the meetings
//! that this node's member placed with the reasons, and those that found no place.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    id::{MemberId, ServerId, TenantId, Timestamp},
    record::{Capability, Room, Service, Standing},
};
use federation::{
    Core,
    meetings::{Key, ServerNow},
};
use replica::view;
use routing::{candidate::Health, view::REPORT_AGE_MS_MAX};
use tokio::sync::broadcast::error::RecvError;

use crate::{
    acts,
    auth::Actor,
    error::WebError,
    node::MeetingsInput,
    pages::{
        meet::{
            Live, Meet, Part, Region, Server, ServerState, Taken, Unplaced, Why, order, short_id,
        },
        parts::Name,
    },
    site::Site,
    standpoint::Standpoint,
};

/// How long it is awaited that a room is given up.
const RELEASE_DEADLINE: Duration = Duration::from_secs(5);

/// Everything about meetings that the reader may see.
pub(crate) fn overview(core: &Standpoint<'_>, now: Timestamp, is_steward: bool) -> Meet {
    let meetings = &core.view().meetings;
    let mut regions: BTreeMap<&str, Vec<Server>> = BTreeMap::new();
    for (id, known) in &meetings.servers {
        if known.record.service != Service::Removed {
            let region = known.record.region.as_str();
            let server = server(core, now, *id, known);
            regions.entry(region).or_default().push(server);
        }
    }
    let regions = regions.into_iter().map(|(name, mut servers)| {
        servers.sort_by_key(|server| (server.name.to_lowercase(), server.id));
        Region {
            name: name.to_owned(),
            servers,
        }
    });
    let running = meetings.running().count();
    let live = live(core, is_steward);
    let tenants = meetings.tenants.values();
    Meet {
        regions: regions.collect(),
        others: running.saturating_sub(live.len()) as u64,
        live,
        unplaced: unplaced(core),
        has_tenants: tenants
            .filter(|tenant| !tenant.record.ended)
            .any(|tenant| may_see(core, tenant)),
    }
}

/// The host's own people see what their node places, those of a member it hosts what is theirs.
fn may_see(core: &Standpoint<'_>, tenant: &view::Tenant) -> bool {
    let host = Core::member(core);
    Some(tenant.host) == host
        && (core.member() == host || core.member() == Some(tenant.record.member))
}

fn visible<'a>(core: &'a Standpoint<'_>, tenant: &TenantId) -> Option<&'a view::Tenant> {
    let known = core.view().meetings.tenants.get(tenant)?;
    may_see(core, known).then_some(known)
}

/// A server as this node knows it now.
pub(crate) fn server(core: &Core, now: Timestamp, id: ServerId, known: &view::Server) -> Server {
    let seen = core.server_now(&id);
    let report = seen.as_ref().and_then(|seen| seen.report.as_ref());
    let fresh = report.filter(|(age_ms, _)| *age_ms <= REPORT_AGE_MS_MAX);
    let is_down = fresh.is_some_and(|(_, report)| report.health == Health::Down);
    let answers = fresh.filter(|(_, report)| report.health != Health::Down);
    let record = &known.record;
    Server {
        id,
        name: record.name.clone(),
        owner: owner(core, &known.owner),
        state: match record.service {
            _ if answers.is_none() => ServerState::NotAnswering,
            Service::Cordoned => ServerState::Cordoned,
            Service::TestsOnly => ServerState::TestsOnly,
            Service::Draining | Service::Removed => ServerState::Draining,
            Service::Open => ServerState::Open,
        },
        places: record.capability.users,
        taken: answers
            .zip(seen.as_ref())
            .map(|seen| taken(seen, &record.capability)),
        heard: report.map(|(age_ms, _)| Timestamp(now.0.saturating_sub(*age_ms))),
        is_down,
    }
}

fn taken(
    ((_, report), now): (&(u64, routing::candidate::Report), &ServerNow),
    capability: &Capability,
) -> Taken {
    let load = &report.load;
    let part = |load: u64, of: u64| u128::from(load) * 1_000_000 / u128::from(of.max(1));
    // Where several are as full, people understand places best.
    let parts = [
        (Part::Rooms, part(load.rooms, capability.rooms)),
        (
            Part::Traffic,
            part(load.net_out_kbit_s, capability.net_out_kbit_s),
        ),
        (
            Part::Processing,
            part(load.cpu_units_milli, capability.cpu_units * 1_000),
        ),
        (Part::People, part(load.users, capability.users)),
    ];
    let fullest = parts.into_iter().max_by_key(|(_, full)| *full);
    Taken {
        users: load.users,
        meetings: load.rooms,
        utilisation_ppm: now.utilisation_ppm,
        fullest: fullest.map_or(Part::People, |(part, _)| part),
    }
}

fn owner(core: &Core, member: &MemberId) -> Name {
    Name::new(member.to_string(), core.view().member_name(member))
}

/// Where each meeting is that this node's member placed: what this node keeps, and what the member's
/// other nodes recorded.
fn placed(core: &Standpoint<'_>) -> BTreeMap<Key, (ServerId, Timestamp)> {
    let elsewhere = core.view().meetings.running();
    let elsewhere = elsewhere.filter(|(tenant, ..)| {
        visible(core, tenant).is_some_and(|known| known.record.home != core.node())
    });
    let elsewhere =
        elsewhere.map(|(tenant, room, placed)| ((tenant, room), (placed.server, placed.at)));
    let here = core.placed_rooms();
    let here = here.filter(|((tenant, _), _)| visible(core, tenant).is_some());
    let here = here.map(|(key, kept)| (*key, (kept.server, kept.at)));
    elsewhere.chain(here).collect()
}

/// What a server that records says of itself.
pub(crate) const RECORDING: &str = "recording";

/// Whether any server of the federation records. One that is full or away still counts: a meeting that is
/// to be recorded waits for it.
pub(crate) fn is_recording_offered(core: &Core) -> bool {
    let mut servers = core.view().meetings.servers.values();
    servers.any(|known| {
        known.record.service != Service::Removed && known.record.features.contains(RECORDING)
    })
}

/// Since when a room has a meeting, and on which server; none where it has none.
pub(crate) fn placed_one(core: &Core, key: &Key) -> Option<(ServerId, Timestamp)> {
    let (tenant, room) = key;
    let known = core.view().meetings.tenants.get(tenant)?;
    if known.record.home == core.node() {
        let kept = core.room(tenant, room)?;
        return (kept.standing == Standing::Placed).then_some((kept.server, kept.at));
    }
    let placed = core.view().meetings.placed(tenant, room)?;
    (placed.standing == Standing::Placed).then_some((placed.server, placed.at))
}

/// The meeting of one room that the reader may see.
pub(crate) fn live_one(core: &Standpoint<'_>, key: Key) -> Option<Live> {
    one(core, key, placed_one(core, &key)?, false)
}

fn live(core: &Standpoint<'_>, is_steward: bool) -> Vec<Live> {
    let all = placed(core).into_iter();
    let mut live: Vec<Live> = all
        .filter_map(|(key, at)| one(core, key, at, is_steward))
        .collect();
    live.sort_by_key(|one| (std::cmp::Reverse(one.since), one.tenant, one.room));
    live
}

fn one(
    core: &Standpoint<'_>,
    (tenant, room): Key,
    (server, since): (ServerId, Timestamp),
    is_steward: bool,
) -> Option<Live> {
    let known = visible(core, &tenant)?;
    let described = core.view().meetings.servers.get(&server);
    let why = core.why(&tenant, &room);
    let why = why.filter(|why| why.server == Some(server));
    let expected = core.live_room(&(tenant, room));
    let expected = expected.map(|live| u64::from(live.prediction.expected_users));
    let seen = core.seen_meetings(&server).iter();
    let mut seen = seen.filter(|seen| seen.whose == Some((tenant, room)));
    let is_owner_away = !core.owner_answers(&server);
    Some(Live {
        tenant,
        tenant_name: known.record.name.clone(),
        room,
        title: None,
        since,
        server: described.map(|described| {
            let record = &described.record;
            let owner = owner(core, &described.owner);
            (record.name.clone(), owner, record.region.to_string())
        }),
        server_id: server,
        expected,
        now: seen.next().map(|seen| u64::from(seen.users)),
        why: why.map(|why| why_of(core, why)),
        is_owner_away,
        may_release: is_owner_away && is_steward && known.record.home == core.node(),
    })
}

/// The meeting of one room that found no place and that the reader may see.
pub(crate) fn unplaced_one(
    core: &Standpoint<'_>,
    (tenant, room): &Key,
    why: &federation::meetings::Why,
) -> Option<Unplaced> {
    Some(Unplaced {
        tenant: *tenant,
        tenant_name: visible(core, tenant)?.record.name.clone(),
        room: *room,
        title: None,
        why: why_of(core, why),
    })
}

fn unplaced(core: &Standpoint<'_>) -> Vec<Unplaced> {
    let none = core.whys().filter(|(_, why)| why.server.is_none());
    let mut unplaced: Vec<Unplaced> = none
        .filter_map(|(key, why)| unplaced_one(core, key, why))
        .collect();
    unplaced.sort_by_key(|one| (std::cmp::Reverse(one.why.at), one.tenant, one.room));
    unplaced
}

fn why_of(core: &Core, why: &federation::meetings::Why) -> Why {
    let servers = &core.view().meetings.servers;
    let candidates = why.reasons.iter().map(|(id, reason)| {
        let known = servers.get(id).map(|known| known.record.name.clone());
        (known.unwrap_or_else(|| short_id(id)), reason.clone())
    });
    let mut candidates: Vec<_> = candidates.collect();
    // Those of one kind stay in the order in which placement gives them.
    candidates.sort_by_key(|(_, reason)| order(reason));
    Why {
        at: why.at,
        users: u64::from(why.users),
        elapsed_ms: why.elapsed_ms,
        candidates,
    }
}

/// Reads the room of a meeting as pages and answers write it.
pub(crate) fn room_of(text: &str) -> Result<Room, WebError> {
    let mut bytes = [0; 16];
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) => Ok(Room(bytes)),
        Err(_) => Err(WebError::NotFound { what: "meeting" }),
    }
}

/// Gives up a meeting whose owner keeps silent, and waits until this node keeps that.
///
/// # Errors
/// When the actor is no steward of this node's member, there is no such meeting here, or its owner
/// can be asked.
pub(crate) async fn release(
    site: &Site,
    actor: &Actor,
    tenant: &str,
    room: &str,
) -> Result<(), WebError> {
    acts::need_host(site, actor)?;
    let missing = || WebError::NotFound { what: "meeting" };
    let tenant: TenantId = tenant.parse().map_err(|_| missing())?;
    let room = room_of(room)?;
    let is_placed = |core: &Core| {
        let kept = core.room(&tenant, &room);
        kept.filter(|kept| kept.standing == Standing::Placed)
            .map(|kept| kept.server)
    };
    let mut changes = site.node.changes.subscribe();
    let answers = site
        .node
        .read(|core| is_placed(core).map(|server| core.owner_answers(&server)));
    if answers.ok_or_else(missing)? {
        return Err(WebError::Conflict {
            code: "owner-answers",
            message: "The owner of its server can be asked, so the meeting is not released. \
                      Whoever moderates it can end it."
                .to_owned(),
        });
    }
    site.node
        .tell(MeetingsInput::Release { tenant, room })
        .await;
    let released = async {
        while site.node.read(|core| is_placed(core).is_some()) {
            if let Err(RecvError::Closed) = changes.recv().await {
                return Err(WebError::NotReady {
                    why: "it is stopping",
                });
            }
        }
        Ok(())
    };
    let late = WebError::NotReady { why: "it is busy" };
    tokio::time::timeout(RELEASE_DEADLINE, released)
        .await
        .unwrap_or(Err(late))
}
