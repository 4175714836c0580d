//! Room kept free for a conference (placement, step 9).
//!
//! A hold names one server and counts there from two hours before the beginning, so that the meetings
//! that are there by then have ended or are known. The home asks that server first; for the held
//! meeting itself the hold does not count. Once the meeting is there the hold keeps free what is missing
//! to the size that was announced: who opens the room early has few people in it for a while, and what
//! was planned for them fades.
//!
//! Its owner decides, and bounds what one member can hold: what other members hold never exceeds the
//! share that is offered, and of several holds at one time all together stay within the member's
//! entitlement. A single one is allowed beyond it, or no member of a large federation could ever hold a
//! server. Who holds again and again what it does not use gets no more for a while.

use std::collections::BTreeMap;

use domain::id::{MemberId, ServerId, Timestamp};

use crate::{
    Error,
    candidate::Server,
    capacity::{Load, Size},
    place::{distance, permitted},
    request::{MeetingId, Request},
    room::{CAP_USERS_MAX, predict},
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
/// How long a member may keep servers of one owner in vain within [`UNUSED_MS`] and still get further holds:
/// as long as two holds of which nothing comes.
pub const IN_VAIN_MS_MAX: u64 = 2 * (HOLD_BEFORE_MS + HOLD_AFTER_MS);
/// How long it is remembered that a member kept a server in vain.
pub const UNUSED_MS: u64 = 28 * DAY_MS;
const DAY_MS: u64 = 86_400_000;

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
    /// How many people are expected.
    pub users: u32,
}

impl Hold {
    /// What it keeps free: what so many people usually take.
    #[must_use]
    pub fn load(&self) -> Load {
        Load::typical(self.users)
    }

    /// Whether it counts now.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        self.from() <= now && now < self.until()
    }

    /// Since when it counts.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        counts_from(self.starts)
    }

    /// When it is over.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        counts_until(self.starts)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.from() < other.until() && other.from() < self.until()
    }
}

/// Since when a hold for a meeting that starts then counts.
#[must_use]
pub fn counts_from(starts: Timestamp) -> Timestamp {
    Timestamp(starts.0.saturating_sub(HOLD_BEFORE_MS))
}

/// When a hold for a meeting that starts then is over.
#[must_use]
pub fn counts_until(starts: Timestamp) -> Timestamp {
    starts.plus_ms(HOLD_AFTER_MS)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    hold: Hold,
    /// When it was taken for this start.
    since: Timestamp,
    /// Whether its meeting was asked for.
    used: bool,
}

/// The holds on the servers of one owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    holds: BTreeMap<(MemberId, MeetingId), Kept>,
    /// How long each member kept servers in vain, by the day on which it ended.
    in_vain: BTreeMap<MemberId, BTreeMap<u64, u64>>,
}

/// What is held beside a hold at its time.
struct Beside {
    /// On its server, by all, and what is there now if it counts at once.
    all: Load,
    /// On its server, by members other than the owner.
    foreign: Load,
    /// By its member, on all servers of this owner.
    own: Load,
}

impl Holds {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().map(|kept| &kept.hold)
    }

    /// The hold for a meeting, if it counts now.
    #[must_use]
    pub fn of(&self, now: Timestamp, member: MemberId, meeting: MeetingId) -> Option<&Hold> {
        let kept = self.holds.get(&(member, meeting))?;
        kept.hold.counts(now).then_some(&kept.hold)
    }

    /// Takes a hold, in place of one for the same meeting. `present` is the load of the server now
    /// without this meeting, which counts if the hold does at once; `entitled_cpu_units_milli` is what
    /// the member may use. A hold that is there already stays as it is.
    ///
    /// # Errors
    /// When the time is over or too far ahead, the member has too many holds, would hold more than it
    /// is entitled to or left too many unused, or the server cannot take the meeting beside the other
    /// holds.
    pub fn take(
        &mut self,
        now: Timestamp,
        server: &Server,
        present: Load,
        entitled_cpu_units_milli: u64,
        hold: Hold,
    ) -> Result<(), Error> {
        self.expire(now);
        let key = (hold.member, hold.meeting);
        let before = self.holds.get(&key).copied();
        if before.is_some_and(|before| before.hold == hold) {
            return Ok(());
        }
        self.may_hold(now, server, &hold)?;
        let beside = self.beside(now, server, present, &hold);
        beside.takes(server, entitled_cpu_units_milli, &hold)?;
        let is_moved = |before: &Kept| before.hold.starts != hold.starts;
        if let Some(before) = before.filter(is_moved) {
            // Else a hold that is moved on again and again would keep a server free for ever.
            self.note_unused(now, before);
        }
        let stays = before.filter(|before| !is_moved(before));
        let kept = Kept {
            hold,
            since: stays.map_or(now, |before| before.since),
            used: stays.is_some_and(|before| before.used),
        };
        self.holds.insert(key, kept);
        Ok(())
    }

    /// The most people, fewer than this hold is for, for which it would be taken.
    #[must_use]
    pub fn possible_users(
        &self,
        now: Timestamp,
        server: &Server,
        present: Load,
        entitled_cpu_units_milli: u64,
        hold: Hold,
    ) -> u32 {
        if self.may_hold(now, server, &hold).is_err() {
            return 0;
        }
        let beside = self.beside(now, server, present, &hold);
        // Not by halving: with more people fewer cameras are on, so more may fit where fewer do not.
        let fewer = (1..hold.users.min(CAP_USERS_MAX + 1)).rev();
        let fits = |users: &u32| {
            let hold = Hold {
                users: *users,
                ..hold
            };
            let taken = beside.takes(server, entitled_cpu_units_milli, &hold);
            taken.is_ok()
        };
        fewer.into_iter().find(fits).unwrap_or(0)
    }

    /// Whether this member may hold anything at this time, however small.
    fn may_hold(&self, now: Timestamp, server: &Server, hold: &Hold) -> Result<(), Error> {
        if hold.until() <= now || hold.starts > now.plus_ms(HOLD_AHEAD_MS) {
            return Err(Error::HoldTime {
                starts: hold.starts,
                now,
            });
        }
        let found = self.others(hold).filter(|o| o.member == hold.member);
        let found = found.count();
        if found >= HOLDS_PER_MEMBER_MAX {
            return Err(Error::Holds {
                found,
                limit: HOLDS_PER_MEMBER_MAX,
            });
        }
        let in_vain_ms = self.in_vain_ms(now, hold.member);
        match in_vain_ms > IN_VAIN_MS_MAX && hold.member != server.owner {
            true => Err(Error::HoldsUnused {
                in_vain_ms,
                limit_ms: IN_VAIN_MS_MAX,
            }),
            false => Ok(()),
        }
    }

    /// How long a member kept servers in vain of late, in milliseconds.
    fn in_vain_ms(&self, now: Timestamp, member: MemberId) -> u64 {
        let days = self.in_vain.get(&member).into_iter().flatten();
        let late = days.filter(|(day, _)| is_remembered(now, **day));
        late.fold(0, |sum, (_, ms)| sum.saturating_add(*ms))
    }

    /// The holds for other meetings.
    fn others(&self, hold: &Hold) -> impl Iterator<Item = &Hold> {
        let key = (hold.member, hold.meeting);
        let others = self.holds.iter().filter(move |(other, _)| **other != key);
        others.map(|(_, kept)| &kept.hold)
    }

    fn beside(&self, now: Timestamp, server: &Server, present: Load, hold: &Hold) -> Beside {
        let mut beside = Beside {
            all: if hold.counts(now) {
                present
            } else {
                Load::ZERO
            },
            foreign: Load::ZERO,
            own: Load::ZERO,
        };
        for other in self.others(hold).filter(|other| other.overlaps(hold)) {
            if other.member == hold.member {
                beside.own = beside.own.plus(other.load());
            }
            if other.server == hold.server {
                beside.all = beside.all.plus(other.load());
                if other.member != server.owner {
                    beside.foreign = beside.foreign.plus(other.load());
                }
            }
        }
        beside
    }

    /// The meeting of a hold that counts was asked for: whatever comes of it, the hold was no pretence.
    pub fn used(&mut self, now: Timestamp, member: MemberId, meeting: MeetingId) {
        if let Some(kept) = self.holds.get_mut(&(member, meeting)) {
            kept.used |= kept.hold.counts(now);
        }
    }

    /// A hold is given up.
    pub fn release(
        &mut self,
        now: Timestamp,
        member: MemberId,
        meeting: MeetingId,
    ) -> Option<Hold> {
        let kept = self.holds.remove(&(member, meeting))?;
        self.note_unused(now, kept);
        Some(kept.hold)
    }

    /// Keeps those holds alone for which this is so; the others do not count as unused.
    pub fn retain(&mut self, keep: impl Fn(&Hold) -> bool) {
        self.holds.retain(|_, kept| keep(&kept.hold));
    }

    /// Forgets holds whose time is over.
    pub fn expire(&mut self, now: Timestamp) {
        let is_over = |kept: &&Kept| kept.hold.until() <= now;
        let over: Vec<Kept> = self.holds.values().filter(is_over).copied().collect();
        for kept in over {
            let hold = &kept.hold;
            self.holds.remove(&(hold.member, hold.meeting));
            self.note_unused(hold.until(), kept);
        }
    }

    /// A hold ends: how long it kept a server free for nothing is remembered. Plans change: who says so
    /// early pays little, and nobody can spend in a moment what all of a co-op may hold.
    fn note_unused(&mut self, now: Timestamp, kept: Kept) {
        let counted = kept.hold.from().max(kept.since);
        if kept.used || now <= counted {
            return;
        }
        let days = self.in_vain.entry(kept.hold.member).or_default();
        days.retain(|day, _| is_remembered(now, *day));
        let of_day = days.entry(now.0 / DAY_MS).or_default();
        *of_day = of_day.saturating_add(now.since_ms(counted));
    }

    /// When a hold counts next or is over, if there is any.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let both = self.iter().flat_map(|hold| [hold.from(), hold.until()]);
        both.filter(|at| *at > now).min()
    }
}

impl Beside {
    /// Whether the server takes a hold beside these.
    fn takes(
        &self,
        server: &Server,
        entitled_cpu_units_milli: u64,
        hold: &Hold,
    ) -> Result<(), Error> {
        let (users, limit_users) = (u64::from(hold.users), server.capacity.room_users);
        if users > limit_users {
            return Err(Error::HoldUsers { users, limit_users });
        }
        let together = self.own.plus(hold.load()).cpu_units_milli;
        let is_owners = hold.member == server.owner;
        if !is_owners && self.own != Load::ZERO && together > entitled_cpu_units_milli {
            return Err(Error::HoldEntitlement {
                held_cpu_units_milli: together,
                entitled_cpu_units_milli,
            });
        }
        fits(self.all.plus(hold.load()), server, LIMIT_PPM)?;
        if !is_owners {
            fits(self.foreign.plus(hold.load()), server, server.share_ppm)?;
        }
        Ok(())
    }
}

/// Whether what a day had is not too long ago.
fn is_remembered(now: Timestamp, day: u64) -> bool {
    now.since_ms(Timestamp(day.saturating_mul(DAY_MS))) < UNUSED_MS + DAY_MS
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
