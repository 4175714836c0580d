//! Room kept free for a conference (placement, step 9).
//!
//! A hold names one server and counts there from two hours before the beginning, so that the meetings
//! that are there by then have ended or are known. The home asks that server first; for the held
//! meeting itself the hold does not count. Its owner decides, and bounds what one member can hold: what
//! other members hold never exceeds the share that is offered, and of several holds at one time all
//! together stay within the member's entitlement. A single one is allowed beyond it, or no member of a
//! large federation could ever hold a server.

use std::collections::BTreeMap;

use domain::id::{MemberId, ServerId, Timestamp};

use crate::{
    Error,
    candidate::Server,
    capacity::{Load, Size},
    place::{distance, permitted},
    request::{MeetingId, Request},
    room::predict,
    share::LIMIT_PPM,
    view::View,
};

/// How long before the beginning a hold counts.
pub const HOLD_BEFORE_MS: u64 = 2 * 3_600_000;
/// How long after the beginning a hold waits for its meeting.
pub const HOLD_AFTER_MS: u64 = 30 * 60_000;
/// How long ahead a hold may be taken.
pub const HOLD_AHEAD_MS: u64 = 90 * 86_400_000;
/// How many holds one member may have with one owner.
pub const HOLDS_PER_MEMBER_MAX: usize = 16;

/// A hold, of one member for one meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Whose.
    pub member: MemberId,
    /// For which meeting.
    pub meeting: MeetingId,
    /// On which server.
    pub server: ServerId,
    /// When the meeting begins.
    pub starts: Timestamp,
    /// What it is expected to take.
    pub load: Load,
}

impl Hold {
    /// Whether it counts now.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        self.from() <= now && now < self.until()
    }

    fn from(&self) -> Timestamp {
        Timestamp(self.starts.0.saturating_sub(HOLD_BEFORE_MS))
    }

    fn until(&self) -> Timestamp {
        self.starts.plus_ms(HOLD_AFTER_MS)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.from() < other.until() && other.from() < self.until()
    }
}

/// The holds on the servers of one owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    holds: BTreeMap<(MemberId, MeetingId), Hold>,
}

impl Holds {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    /// The hold for a meeting, if it counts now.
    #[must_use]
    pub fn of(&self, now: Timestamp, member: MemberId, meeting: MeetingId) -> Option<&Hold> {
        self.holds
            .get(&(member, meeting))
            .filter(|hold| hold.counts(now))
    }

    /// Takes a hold, in place of one for the same meeting. `present` is the load of the server now,
    /// which counts if the hold does at once; `entitled_cpu_units_milli` is what the member may use.
    ///
    /// # Errors
    /// When the time is over or too far ahead, the member has too many holds or would hold more than it
    /// is entitled to, or the server cannot take the meeting beside the other holds.
    pub fn take(
        &mut self,
        now: Timestamp,
        server: &Server,
        present: Load,
        entitled_cpu_units_milli: u64,
        hold: Hold,
    ) -> Result<(), Error> {
        self.expire(now);
        if hold.until() <= now || hold.starts > now.plus_ms(HOLD_AHEAD_MS) {
            return Err(Error::HoldTime {
                starts: hold.starts,
                now,
            });
        }
        let key = (hold.member, hold.meeting);
        let others = || {
            self.holds
                .iter()
                .filter(|(other, _)| **other != key)
                .map(|(_, hold)| hold)
        };
        let of_member = others().filter(|other| other.member == hold.member);
        let found = of_member.clone().count();
        if found >= HOLDS_PER_MEMBER_MAX {
            return Err(Error::Holds {
                found,
                limit: HOLDS_PER_MEMBER_MAX,
            });
        }
        let sum = |loads: &mut dyn Iterator<Item = Load>| loads.fold(Load::ZERO, Load::plus);
        if hold.member != server.owner {
            let held = sum(&mut of_member
                .filter(|other| other.overlaps(&hold))
                .map(|h| h.load));
            let together = held.plus(hold.load).cpu_units_milli;
            if held != Load::ZERO && together > entitled_cpu_units_milli {
                return Err(Error::HoldEntitlement {
                    held_cpu_units_milli: together,
                    entitled_cpu_units_milli,
                });
            }
        }
        let beside = || others().filter(|o| o.server == hold.server && o.overlaps(&hold));
        let all = sum(&mut beside().map(|other| other.load)).plus(hold.load);
        let present = if hold.counts(now) {
            present
        } else {
            Load::ZERO
        };
        fits(all.plus(present), server, LIMIT_PPM)?;
        if hold.member != server.owner {
            let foreign = beside().filter(|other| other.member != server.owner);
            let foreign = sum(&mut foreign.map(|other| other.load)).plus(hold.load);
            fits(foreign, server, server.share_ppm)?;
        }
        self.holds.insert(key, hold);
        Ok(())
    }

    /// A hold is given up, or its meeting has begun and counts itself.
    pub fn release(&mut self, member: MemberId, meeting: MeetingId) -> Option<Hold> {
        self.holds.remove(&(member, meeting))
    }

    /// Forgets holds whose time is over.
    pub fn expire(&mut self, now: Timestamp) {
        self.holds.retain(|_, hold| now < hold.until());
    }
}

fn fits(load: Load, server: &Server, limit_ppm: u64) -> Result<(), Error> {
    let score_ppm = load.utilisation_ppm(&server.capacity);
    if score_ppm > limit_ppm {
        return Err(Error::HoldFull {
            score_ppm,
            limit_ppm,
        });
    }
    Ok(())
}

/// The servers that could take this conference alone, best first: right region, near, far, and in each
/// the one it fills least. What is on them now says nothing of that time.
///
/// # Errors
/// [`Error::Conference`] when there is none, with the most people that could be taken.
pub fn servers(request: &Request, view: &View) -> Result<Vec<ServerId>, Error> {
    let planned = |users| predict(Some(users), None, request.cap_users, 0);
    let prediction = predict(request.hint, request.history, request.cap_users, 0);
    let allowed = |server: &Server| permitted(request, server).is_ok();
    let limit_ppm = |server: &Server| {
        if server.owner == request.member {
            LIMIT_PPM
        } else {
            server.share_ppm.min(LIMIT_PPM)
        }
    };
    let takes = |server: &Server, users: u32, load: Load| {
        u64::from(users) <= server.capacity.room_users
            && load.utilisation_ppm(&server.capacity) <= limit_ppm(server)
    };
    let possible: Vec<_> = view
        .candidates()
        .filter(|(_, candidate)| allowed(&candidate.server))
        .collect();
    let mut servers: Vec<_> = possible
        .iter()
        .map(|(id, candidate)| (*id, &candidate.server))
        .filter(|(_, server)| takes(server, prediction.expected_users, prediction.load))
        .map(|(id, server)| {
            let alone_ppm = prediction.load.utilisation_ppm(&server.capacity);
            (distance(request, view, server), alone_ppm, id)
        })
        .collect();
    if servers.is_empty() {
        // Not by halving: with more people fewer cameras are on, so more may fit where fewer do not.
        let most = (1..prediction.expected_users).rev().find(|users| {
            let load = Size::of(planned(*users).users).load();
            possible
                .iter()
                .any(|(_, candidate)| takes(&candidate.server, *users, load))
        });
        return Err(Error::Conference {
            users: prediction.expected_users,
            possible_users: most.unwrap_or(0),
        });
    }
    servers.sort_unstable();
    Ok(servers.into_iter().map(|(_, _, id)| id).collect())
}
