//! Why a meeting in a room could not be begun, entered or ended, as its people are told.

use bigbluebutton::Failure;
use domain::{
    id::{ServerId, TenantId, Timestamp},
    record,
};
use federation::{Core, meetings::Why, meetings::holds::Standing};
use routing::{Reason, Suspicion};

use super::{Room, tenancy, wanted};
use crate::{error::WebError, gateway::inside, site::Site};

/// What was in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// No server took it.
    NoRoom,
    /// The member's rooms have as many meetings as they may.
    RoomLimit,
    /// The member's rooms have as many people as they may.
    PeopleLimit,
    /// No meeting runs.
    NotRunning,
    /// The server, or its owner's node, kept silent.
    NoAnswer,
    /// The room is closed.
    Closed,
}

impl Failed {
    const ALL: [Self; 6] = [
        Self::NoRoom,
        Self::RoomLimit,
        Self::PeopleLimit,
        Self::NotRunning,
        Self::NoAnswer,
        Self::Closed,
    ];

    /// The word in answers and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRoom => "no-room",
            Self::RoomLimit => "room-limit",
            Self::PeopleLimit => "people-limit",
            Self::NotRunning => "not-running",
            Self::NoAnswer => "no-answer",
            Self::Closed => "room-closed",
        }
    }

    /// What a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// What a front end is told, as one of these; `begun` is when the call was.
    pub fn of(site: &Site, room: &Room, begun: Timestamp, failure: &Failure) -> Self {
        let found_none = site.node.read(|core| {
            let why = tenancy::id_of(core, room.member).and_then(|id| unplaced(core, room, id));
            why.is_some_and(|why| why.at >= begun)
        });
        match &*failure.key {
            _ if found_none => Self::NoRoom,
            "meetingLimitReached" => Self::RoomLimit,
            "maxParticipantsReached" => Self::PeopleLimit,
            "notFound" | "invalidMeetingIdentifier" | "meetingForciblyEnded" => Self::NotRunning,
            _ => Self::NoAnswer,
        }
    }

    /// The sentence for people, by what is known now.
    pub fn sentence(self, site: &Site, room: &Room) -> String {
        let limits = tenancy::find(site, room.member).map(|tenant| tenant.rules.limits);
        match self {
            Self::NoRoom => no_room(site, room),
            Self::RoomLimit => inside::meeting_limit(limits.and_then(|limits| limits.meetings_max)),
            Self::PeopleLimit => {
                inside::people_limit(limits.and_then(|limits| limits.participants_total_max))
            }
            Self::NotRunning => {
                "The meeting does not run. Start it, or wait until a moderator does.".to_owned()
            }
            Self::NoAnswer => {
                "The server, or the node of the co-op that owns it, gave no answer. A meeting that \
                 runs goes on. Try again in a moment."
                    .to_owned()
            }
            Self::Closed => {
                "This room is closed. Whoever made it, a steward or a delegate can open it again."
                    .to_owned()
            }
        }
    }

    /// The same as an error.
    pub fn error(self, site: &Site, room: &Room) -> WebError {
        WebError::Conflict {
            code: self.as_str(),
            message: self.sentence(site, room),
        }
    }
}

/// What was found of each server when a room's last meeting found no place.
pub(crate) fn unplaced<'a>(core: &'a Core, room: &Room, tenant: TenantId) -> Option<&'a Why> {
    let why = core.why(&tenant, &room.of_tenant(tenant))?;
    why.server.is_none().then_some(why)
}

/// Why no server took a meeting, of the servers that came closest to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// They have too little room.
    Full,
    /// Others' servers have room, and none of it is left for this member.
    Share,
    /// Their owners' nodes keep silent.
    OwnersAway,
    /// They keep silent, or fail.
    Silent,
    /// They take no new meetings.
    Shut,
    /// They cannot do what was asked for.
    Lacks,
    /// They are in other regions.
    Elsewhere,
    /// There is none.
    None,
}

fn cause(reasons: &[(ServerId, Reason)]) -> Cause {
    let one = |reason: &Reason| match reason {
        Reason::Share { .. } | Reason::UnfairLimit { .. } => Cause::Share,
        Reason::Suspected(Suspicion::OwnerSilent { .. } | Suspicion::NotAcknowledged { .. })
        | Reason::Stale { .. } => Cause::OwnersAway,
        Reason::Suspected(_) => Cause::Silent,
        Reason::Cordoned { .. } | Reason::Drained => Cause::Shut,
        Reason::Feature { .. } => Cause::Lacks,
        Reason::Region { .. } => Cause::Elsewhere,
        Reason::OverLimit { .. }
        | Reason::RefusedFull { .. }
        | Reason::FloorVeto { .. }
        | Reason::RoomTooLarge { .. }
        | Reason::Ranked { .. }
        | Reason::RunnerUp { .. }
        | Reason::Chosen { .. } => Cause::Full,
    };
    let all = reasons.iter().map(|(_, reason)| one(reason));
    all.min().unwrap_or(Cause::None)
}

impl Cause {
    fn words(self) -> &'static str {
        match self {
            Self::Full => "no server that takes meetings now has so many places left",
            Self::Share => "what other co-ops’ servers offer to yours is used up",
            Self::OwnersAway => "nothing is heard of the servers, as their owners’ nodes are away",
            Self::Silent => "no server answers",
            Self::Shut => "every server is draining, cordoned or for tests",
            Self::Lacks => "no server can do what is asked for",
            Self::Elsewhere => "no server is in the region that is asked for",
            Self::None => "no co-op offers a server yet",
        }
    }
}

/// That no server took it, why, and for how many people there is one.
fn no_room(site: &Site, room: &Room) -> String {
    let people = room.people;
    let (cause, lacks, free) = site.node.read(|core| {
        let Some(tenant) = tenancy::id_of(core, room.member) else {
            return (Cause::None, false, None);
        };
        let why = unplaced(core, room, tenant);
        let reasons = why.map_or(&[][..], |why| &why.reasons);
        let lacks = |(_, reason): &(_, Reason)| matches!(reason, Reason::Feature { .. });
        let lacks = room.record && reasons.iter().any(lacks);
        let free = possible(core, tenant, &room.of_tenant(tenant), reasons);
        (cause(reasons), lacks, free)
    });
    if lacks {
        return "No server that records takes this meeting now. Try again later, or change the \
                room so that it is not recorded."
            .to_owned();
    }
    let cause = cause.words();
    match free.filter(|free| *free < u64::from(people)) {
        Some(free) => {
            format!("No room for {people} now: {cause}. Try again later, or try {free}.")
        }
        None => format!("No room for {people} now: {cause}. Try again later."),
    }
}

/// For how many people there is a server: what an owner answered that was asked to hold one, as the
/// room's page says it too; else by how full the servers are.
fn possible(
    core: &Core,
    tenant: TenantId,
    room: &record::Room,
    reasons: &[(ServerId, Reason)],
) -> Option<u64> {
    let asked = wanted::conference(core, tenant, room).map(|found| found.standing);
    if let Some(Standing::Refused { possible_users, .. }) = asked
        && possible_users > 0
    {
        return Some(u64::from(possible_users));
    }
    let servers = &core.view().meetings.servers;
    let of = |server, reason: &Reason| match reason {
        Reason::RoomTooLarge { limit_users, .. } => Some(*limit_users),
        Reason::OverLimit { .. } | Reason::RefusedFull { .. } => {
            let capability = &servers.get(server)?.record.capability;
            let now = core.server_now(server)?;
            // As full as it is in what it has least of, that share of its places is left.
            let left_ppm = 1_000_000_u64.saturating_sub(now.utilisation_ppm);
            let left = u128::from(capability.users) * u128::from(left_ppm) / 1_000_000;
            Some(u64::try_from(left).ok()?.min(capability.room_users))
        }
        _ => None,
    };
    let free = reasons.iter().filter_map(|(id, why)| of(id, why)).max()?;
    // A little less than what is left, as what is left changes; fewer than a few is no meeting.
    let rounded = free.saturating_sub(free / 10) / 5 * 5;
    (rounded >= 5).then_some(rounded)
}

#[cfg(test)]
mod tests {
    use routing::candidate::{Health, State};

    use super::*;

    #[test]
    fn the_server_that_came_closest_says_why_there_is_no_room() {
        let named = |reasons: &[Reason]| {
            let all = reasons.iter().cloned();
            cause(&all.map(|one| (ServerId([1; 16]), one)).collect::<Vec<_>>())
        };
        let full = Reason::OverLimit {
            score_ppm: 1_200_000,
            limit_ppm: 950_000,
        };
        let share = Reason::Share {
            used_ppm: 600_000,
            share_ppm: 500_000,
        };
        let away = Reason::Stale {
            age_ms: None,
            limit_ms: 1,
        };
        let down = Reason::Suspected(Suspicion::Unhealthy {
            health: Health::Down,
        });
        let tests_only = Reason::Cordoned {
            state: Some(State::TestsOnly),
        };
        let all = [
            (full, Cause::Full),
            (share, Cause::Share),
            (away, Cause::OwnersAway),
            (down, Cause::Silent),
            (tests_only, Cause::Shut),
            (Reason::Drained, Cause::Shut),
        ];
        for at in 0..all.len() {
            let reasons: Vec<Reason> = all[at..].iter().map(|(one, _)| one.clone()).collect();
            assert_eq!(named(&reasons), all[at].1);
        }
        assert_eq!(cause(&[]), Cause::None);
    }

    #[test]
    fn every_failure_has_a_word_of_its_own() {
        for one in Failed::ALL {
            assert_eq!(Failed::from_word(one.as_str()), Some(one));
        }
        assert_eq!(Failed::from_word("else"), None);
    }
}
