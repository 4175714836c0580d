//! Servers held for conferences (`specs/placement.md`, step 9; `specs/meetings.md`, Holds).
//!
//! The shell says which conferences are to come ([`crate::Input::Hold`]). Their home asks owners one after
//! the other until one holds a server, and again when one goes away or the records change. A hold is soft
//! state that both sides keep: when a node connects each says what it believes, so a restart of either
//! side heals, and what nobody wants any more is given up. A hold ends by itself half an hour after its
//! conference begins.

mod holding;
mod keeping;
mod round;
mod seeking;
mod sought;
mod wire;

use std::collections::BTreeMap;

use domain::{
    id::{MemberId, ServerId, TenantId, Timestamp},
    key::PublicKey,
    record::Room,
};
use routing::{
    hold::{counts_from, counts_until},
    room::CAP_USERS_MAX,
};

use self::sought::Sought;
use super::{call::Terms, home::id_of, rooms::Key};
use crate::core::Core;

/// The most conferences that a node seeks servers for at one time; those that start first.
pub const WANTED_MAX: usize = 256;
/// What owners may say of holds before the shell has said what it wants.
const UNASKED_MAX: usize = 1_024;
/// How long after its start a conference that needs a new place is as large as was said, in milliseconds.
const CONFERENCE_MS: u64 = 12 * 3_600_000;

/// A conference for which a server is to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Whose; this node is its home.
    pub tenant: TenantId,
    /// The room. Of several conferences in one room the first that is not over counts.
    pub room: Room,
    /// When it starts.
    pub starts: Timestamp,
    /// How many people are expected; no more than the terms let in are held for.
    pub users: u32,
    /// Where its meeting may go, as its create will say; the hint is not looked at.
    pub terms: Terms,
}

impl Wanted {
    fn key(&self) -> Key {
        (self.tenant, self.room)
    }

    /// The people a server is held for.
    fn people(&self) -> u32 {
        let cap = self.terms.cap_users.filter(|cap| *cap > 0);
        let cap = cap.unwrap_or(CAP_USERS_MAX).min(CAP_USERS_MAX);
        self.users.clamp(1, cap)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        counts_until(self.starts) <= now
    }
}

/// How it stands with the server for a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is too far ahead to be sought.
    Ahead,
    /// It is sought, or nobody who could hold one is connected.
    Seeking,
    /// A server is held.
    Held {
        /// Which.
        server: ServerId,
        /// Whose.
        owner: MemberId,
    },
    /// No server is held; it is tried again now and then.
    Refused {
        /// Why.
        why: Refusal,
        /// The most people, fewer than expected, that an owner would hold a server for; 0 if none.
        possible_users: u32,
    },
}

/// Why no server is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The node that asked is not the home of the tenant.
    NotAllowed,
    /// The server takes no meetings, or it is not served where it was asked for.
    Closed,
    /// The conference is over or too far ahead.
    Time,
    /// The member has as many holds with the owner as it may.
    TooMany,
    /// The member would hold more at that time than it is entitled to.
    Entitlement,
    /// What is held or runs on the server leaves too little room at that time.
    Full,
    /// It is too large for any server that its terms allow.
    TooLarge,
    /// The member left too many holds unused of late.
    Unused,
}

impl Refusal {
    /// All, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::NotAllowed,
        Self::Closed,
        Self::Time,
        Self::TooMany,
        Self::Entitlement,
        Self::Full,
        Self::TooLarge,
        Self::Unused,
    ];

    /// A stable word for pages and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "not-allowed",
            Self::Closed => "closed",
            Self::Time => "time",
            Self::TooMany => "too-many",
            Self::Entitlement => "entitlement",
            Self::Full => "full",
            Self::TooLarge => "too-large",
            Self::Unused => "unused",
        }
    }
}

/// A hold as home and owner say it to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Whose.
    pub tenant: TenantId,
    /// The room.
    pub room: Room,
    /// The server.
    pub server: ServerId,
    /// When the conference starts.
    pub starts: Timestamp,
    /// How many people are expected.
    pub users: u32,
}

impl Hold {
    fn key(&self) -> Key {
        (self.tenant, self.room)
    }

    fn of(&self, member: MemberId) -> routing::hold::Hold {
        routing::hold::Hold {
            member,
            meeting: id_of(&self.key()),
            server: self.server,
            starts: self.starts,
            users: self.users,
        }
    }

    /// Whether it keeps room free on its server now.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        counts_from(self.starts) <= now && now < counts_until(self.starts)
    }
}

/// A conference that is wanted, and how it stands with its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conference {
    /// Whose.
    pub tenant: TenantId,
    /// The room.
    pub room: Room,
    /// When it starts.
    pub starts: Timestamp,
    /// The people a server is held for.
    pub users: u32,
    /// How it stands.
    pub standing: Standing,
}

/// A hold on a server of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    /// The member that holds it.
    pub member: MemberId,
    /// The hold.
    pub hold: Hold,
    /// Whether it keeps room free now.
    pub counts: bool,
}

/// What a home wants held and has.
#[derive(Debug, Default)]
pub(super) struct Seeking {
    /// What the shell wants, the first to start first; none before it has said so.
    wanted: Option<Vec<Wanted>>,
    sought: BTreeMap<Key, Sought>,
    /// What owners said before the shell did.
    unasked: BTreeMap<(PublicKey, Key), Hold>,
    /// Whether servers came, went or were described anew since it was last looked at.
    pub(super) inventory_changed: bool,
}

impl Core {
    /// The conferences that the shell wants servers for, and how each stands, by tenant and room.
    pub fn holds(&self) -> impl Iterator<Item = Conference> + '_ {
        let sought = self.meetings.seeking.sought.values();
        sought.map(|one| Conference {
            tenant: one.wanted.tenant,
            room: one.wanted.room,
            starts: one.wanted.starts,
            users: one.wanted.people(),
            standing: self.hold_standing(one),
        })
    }

    fn hold_standing(&self, sought: &Sought) -> Standing {
        if let Some((server, _)) = sought.held {
            let owner = self.view().meetings.servers.get(&server);
            if let Some(owner) = owner.map(|server| server.owner) {
                return Standing::Held { server, owner };
            }
        }
        match sought.refused {
            Some((why, possible_users)) => Standing::Refused {
                why,
                possible_users,
            },
            None if sought.is_ahead => Standing::Ahead,
            None => Standing::Seeking,
        }
    }

    /// The holds on this node's servers, by member and meeting.
    pub fn holds_here(&self) -> impl Iterator<Item = Here> + '_ {
        let now = self.meetings.clock.wall();
        let admission = self.meetings.owner.admission.iter();
        let holds = admission.flat_map(|admission| admission.holds().iter());
        holds.map(move |hold| Here {
            member: hold.member,
            hold: keeping::said(hold),
            counts: hold.counts(now),
        })
    }

    /// The holds on a server that this node knows of, the first to start first: all if it is this
    /// node's, else those of its own conferences.
    pub(super) fn holds_on(&self, server: &ServerId) -> Vec<Hold> {
        let here = self.holds_here().map(|here| here.hold);
        let mut holds: Vec<Hold> = match self.meetings.owner.serves(server) {
            true => here.filter(|hold| hold.server == *server).collect(),
            false => {
                let sought = self.meetings.seeking.sought.values();
                let held = sought.filter_map(Sought::hold);
                held.filter(|hold| hold.server == *server).collect()
            }
        };
        holds.sort_by_key(|hold| (hold.starts, hold.tenant, hold.room));
        holds
    }
}
