//! What homes have on servers: the floor below which no report counts, and what each member uses.
//!
//! Every node tells it every few seconds and nobody can check it, so what one member claims counts for no
//! more than its equal share of all that the others offer. What counts is worked out anew for the member that
//! is heard, and for all when servers, tenants or members change.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{MemberId, ServerId},
    key::PublicKey,
};
use routing::{
    WHOLE_PPM,
    candidate::Server,
    capacity::{Capacity, Load},
    floor::floor,
    share::{Standing, entitled_cpu_units_milli},
    view::View,
};

use crate::core::Core;

/// The cores of a server beyond which it offers no more.
const CORES_COUNTED_MAX: u32 = 128;

/// What one node said last.
#[derive(Debug)]
struct Told {
    /// Whose node it is; of members that have left nothing counts.
    member: Option<MemberId>,
    floors: BTreeMap<ServerId, Load>,
}

/// What the tenants of other nodes have on servers.
#[derive(Debug, Default)]
pub(super) struct Claims {
    told: BTreeMap<PublicKey, Told>,
    /// What counts of what each member claims.
    counted: BTreeMap<MemberId, Vec<(ServerId, Load)>>,
    /// All of that together. It cannot saturate: claims are no larger than servers, and records bound
    /// those.
    sums: BTreeMap<ServerId, Load>,
    /// What servers offer: whose, their processing, and the part of it.
    offered: Vec<(MemberId, u64, u64)>,
    /// Members that have servers or tenants.
    members: usize,
}

impl Claims {
    /// A member's equal share of what the others offer: what it says of servers of its own makes what it
    /// may claim no larger.
    fn entitled(&self, member: MemberId) -> u64 {
        let others = self.offered.iter().filter(|(owner, _, _)| *owner != member);
        let offered = others.map(|(_, processing, share_ppm)| (*processing, *share_ppm));
        entitled_cpu_units_milli(offered, self.members)
    }

    /// Works out what counts of what one member claims.
    fn count(&mut self, member: MemberId, plan: &View) {
        for (id, load) in self.counted.remove(&member).unwrap_or_default() {
            if let Some(sum) = self.sums.get_mut(&id) {
                *sum = sum.minus(load);
            }
        }
        let of = self
            .told
            .values()
            .filter(|told| told.member == Some(member));
        // Of its own servers a member may say what it will: others hear that from it anyway.
        let (mut counted, mut own) = (Vec::new(), Vec::new());
        let mut worth = 0_u64;
        for (id, load) in of.flat_map(|told| &told.floors) {
            let Some(candidate) = plan.candidate(*id) else {
                continue;
            };
            let (load, all) = claimed_at_most(*load, &candidate.server.capacity);
            if candidate.server.owner == member {
                own.push((*id, load));
            } else {
                worth = worth.saturating_add(all);
                counted.push((*id, load));
            }
        }
        let entitled = self.entitled(member);
        if worth > entitled {
            let part_ppm = part_ppm(entitled, worth);
            for (_, load) in &mut counted {
                *load = load.part(part_ppm);
            }
        }
        counted.extend(own);
        for (id, load) in &counted {
            let sum = self.sums.entry(*id).or_default();
            *sum = sum.plus(*load);
        }
        if !counted.is_empty() {
            self.counted.insert(member, counted);
        }
    }
}

/// A claim on a server, no larger than all of it, and the processing that is out of reach by it.
fn claimed_at_most(load: Load, capacity: &Capacity) -> (Load, u64) {
    let full_ppm = load.utilisation_ppm(capacity);
    let load = match full_ppm > WHOLE_PPM {
        true => Load {
            cpu_units_milli: load.cpu_units_milli.min(capacity.cpu_units_milli),
            net_out_kbit_s: load.net_out_kbit_s.min(capacity.net_out_kbit_s),
            users: load.users.min(capacity.users),
            rooms: load.rooms.min(capacity.rooms),
        },
        false => load,
    };
    let all = Load {
        cpu_units_milli: capacity.cpu_units_milli,
        ..Load::ZERO
    };
    let worth = all.part(full_ppm.min(WHOLE_PPM)).cpu_units_milli;
    (load, worth)
}

/// What a server counts in what is offered: nobody can check what its owner says, so no more than the
/// largest machines have.
fn processing(server: &Server) -> u64 {
    let largest = Capacity::from_cores(CORES_COUNTED_MAX, 1);
    server.capacity.cpu_units_milli.min(largest.cpu_units_milli)
}

/// A part of a whole that is not zero.
fn part_ppm(part: u64, whole: u64) -> u64 {
    let ppm = u128::from(part) * u128::from(WHOLE_PPM) / u128::from(whole.max(1));
    u64::try_from(ppm).unwrap_or(WHOLE_PPM)
}

impl Core {
    /// A member's node says what its tenants have on servers.
    pub(super) fn hear_claims(
        &mut self,
        from: PublicKey,
        member: MemberId,
        floors: Vec<(ServerId, Load)>,
    ) {
        let meetings = &mut self.meetings;
        let told = Told {
            member: Some(member),
            floors: floors.into_iter().collect(),
        };
        meetings.claims.told.insert(from, told);
        meetings.claims.count(member, &meetings.plan);
    }

    /// A node is gone, and what it said with it.
    pub(super) fn forget_claims(&mut self, from: &PublicKey) {
        let meetings = &mut self.meetings;
        let told = meetings.claims.told.remove(from);
        if let Some(member) = told.and_then(|told| told.member) {
            meetings.claims.count(member, &meetings.plan);
        }
    }

    /// Servers, tenants or members changed: what counts of claims is worked out anew.
    pub(super) fn weigh_claims(&mut self) {
        let records = &self.view().meetings;
        let hosts = records.tenants.values().map(|tenant| tenant.host);
        let owners = records.servers.values().map(|server| server.owner);
        let members: BTreeSet<MemberId> = hosts.chain(owners).collect();
        let candidates = self.meetings.plan.candidates();
        let offered = candidates.map(|(_, candidate)| {
            let server = &candidate.server;
            (server.owner, processing(server), server.share_ppm)
        });
        let offered = offered.collect();
        let mut told = std::mem::take(&mut self.meetings.claims.told);
        for (node, told) in &mut told {
            told.member = self.view().member_of(node);
        }
        let claiming: BTreeSet<MemberId> = told.values().filter_map(|told| told.member).collect();
        let meetings = &mut self.meetings;
        meetings.claims = Claims {
            told,
            offered,
            members: members.len(),
            ..Claims::default()
        };
        for member in claiming {
            meetings.claims.count(member, &meetings.plan);
        }
    }

    /// A member's equal share of the processing that the others offer.
    pub(super) fn equal_share(&self, member: MemberId) -> u64 {
        self.meetings.claims.entitled(member)
    }

    /// What this node's tenants have on servers.
    pub(super) fn own_floors(&self) -> BTreeMap<ServerId, Load> {
        let now = self.meetings.clock.now();
        let floors = self.meetings.rooms.floors(now);
        let of = floors.into_iter().filter_map(|(id, placed)| {
            let candidate = self.meetings.plan.candidate(id)?;
            Some((id, floor(&candidate.server.capacity, placed)))
        });
        of.collect()
    }

    /// Below what homes placed on a server no report of it counts.
    pub(super) fn settle_floors(&mut self) {
        let own = self.own_floors();
        let meetings = &mut self.meetings;
        let sums = &meetings.claims.sums;
        for id in &meetings.described {
            let of =
                |floors: &BTreeMap<ServerId, Load>| floors.get(id).copied().unwrap_or_default();
            meetings.plan.set_floor(*id, of(&own).plus(of(sums)));
        }
    }

    /// The processing of each server, and the part of it that is offered.
    fn offered(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let candidates = self.meetings.plan.candidates();
        candidates.map(|(_, candidate)| {
            let server = &candidate.server;
            (processing(server), server.share_ppm)
        })
    }

    /// What each member uses of others' servers, and what it may: equal shares of what is offered.
    pub(super) fn settle_standings(&mut self) {
        let own = self.own_floors();
        let plan = &self.meetings.plan;
        let mut used: BTreeMap<MemberId, u64> = BTreeMap::new();
        let mut count = |member: MemberId, floors: &BTreeMap<ServerId, Load>| {
            for (id, load) in floors {
                let owner = plan.candidate(*id).map(|one| one.server.owner);
                if owner.is_some_and(|owner| owner != member) {
                    let sum = used.entry(member).or_default();
                    *sum = sum.saturating_add(load.cpu_units_milli);
                }
            }
        };
        for told in self.meetings.claims.told.values() {
            // Of members that have left nothing counts any more.
            if let Some(member) = told.member {
                count(member, &told.floors);
            }
        }
        if let Some(member) = self.member() {
            count(member, &own);
            used.entry(member).or_default();
        }
        let entitled = entitled_cpu_units_milli(self.offered(), used.len().max(1));
        for (member, used) in used {
            let standing = Standing {
                used_cpu_units_milli: used,
                entitled_cpu_units_milli: entitled,
            };
            self.meetings.plan.set_standing(member, standing);
        }
    }
}
