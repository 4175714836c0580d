//! The owner's side: it holds servers for homes, or says why not.

use domain::{
    id::{ServerId, TenantId, Timestamp},
    key::PublicKey,
    record::Room,
};
use routing::Error;

use super::{Hold, Refusal};
use crate::{
    core::Core,
    io::{Change, Output},
    meetings::{home::id_of, rooms::Key, wire::Said},
};

/// A hold as it is said: whose it is, is in the id of its meeting.
pub(super) fn said(hold: &routing::hold::Hold) -> Hold {
    let (tenant, room) = key_of(hold);
    Hold {
        tenant,
        room,
        server: hold.server,
        starts: hold.starts,
        users: hold.users,
    }
}

fn key_of(hold: &routing::hold::Hold) -> Key {
    let (mut tenant, mut room) = ([0; 16], [0; 16]);
    tenant.copy_from_slice(&hold.meeting.0[..16]);
    room.copy_from_slice(&hold.meeting.0[16..]);
    (TenantId(tenant), Room(room))
}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::HoldTime { .. } => Refusal::Time,
        Error::Holds { .. } => Refusal::TooMany,
        Error::HoldEntitlement { .. } => Refusal::Entitlement,
        Error::HoldFull { .. } => Refusal::Full,
        Error::HoldUsers { .. } | Error::Conference { .. } => Refusal::TooLarge,
        Error::HoldsUnused { .. } => Refusal::Unused,
        Error::HoldClosed { .. }
        | Error::NotOwned { .. }
        | Error::Feature { .. }
        | Error::Features { .. } => Refusal::Closed,
    }
}

impl Core {
    /// A home asks to hold a server.
    pub(in crate::meetings) fn hold_asked(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        hold: Hold,
        outputs: &mut Vec<Output>,
    ) {
        self.take_inventory();
        let said = match self.take_hold(now, &from, &hold) {
            Ok(()) => Said::Held(hold),
            Err((why, possible_users)) => Said::NotHeld {
                hold,
                why,
                possible_users,
            },
        };
        self.tell(from, said, outputs);
    }

    fn take_hold(
        &mut self,
        now: Timestamp,
        from: &PublicKey,
        hold: &Hold,
    ) -> Result<(), (Refusal, u32)> {
        let tenant = self.view().meetings.tenants.get(&hold.tenant);
        let is_home = tenant.is_some_and(|tenant| tenant.record.home == *from);
        let member = self.speaks_for(from, &hold.tenant).filter(|_| is_home);
        let member = member.ok_or((Refusal::NotAllowed, 0))?;
        let entitled = self.equal_share(member);
        let steady = self.meetings.clock.now();
        let owner = &mut self.meetings.owner;
        let is_served = owner.serves(&hold.server);
        let admission = owner.admission.as_mut().filter(|_| is_served);
        let admission = admission.ok_or((Refusal::Closed, 0))?;
        let held = hold.of(member);
        let before = admission.holds().iter().find(|one| is_for_same(one, &held));
        if before == Some(&held) {
            return Ok(());
        }
        let taken = admission.hold(steady, now, entitled, held);
        let taken = taken.map_err(|error| {
            let possible_users = admission.possible_users(steady, now, entitled, held);
            // What was held for it before is for another time or size: the home seeks anew.
            admission.release(now, member, held.meeting);
            (refusal(&error), possible_users)
        });
        self.holds_changed();
        taken
    }

    /// A home gives up what is held for a conference of its member.
    pub(in crate::meetings) fn hold_given_up(&mut self, now: Timestamp, from: PublicKey, key: Key) {
        let Some(member) = self.view().member_of(&from) else {
            return;
        };
        let admission = self.meetings.owner.admission.as_mut();
        let released = admission.and_then(|one| one.release(now, member, id_of(&key)));
        if released.is_some() {
            self.holds_changed();
        }
    }

    /// A home is here: it hears what is held for it, and gives up what it wants no more.
    pub(in crate::meetings) fn greet_with_holds(
        &mut self,
        now: Timestamp,
        home: PublicKey,
        outputs: &mut Vec<Output>,
    ) {
        let tenants = &self.view().meetings.tenants;
        let admission = self.meetings.owner.admission.iter();
        let holds = admission.flat_map(|admission| admission.holds().iter());
        let of_home = holds.filter(|hold| {
            let tenant = tenants.get(&key_of(hold).0);
            now < hold.until() && tenant.is_some_and(|tenant| tenant.record.home == home)
        });
        let holds: Vec<Hold> = of_home.map(said).collect();
        for hold in holds {
            self.tell(home, Said::Held(hold), outputs);
        }
    }

    /// The records changed: nothing is held for tenants that have ended or went to another member.
    pub(in crate::meetings) fn settle_holds_here(&mut self) {
        let Some(mut admission) = self.meetings.owner.admission.take() else {
            return;
        };
        let tenants = &self.view().meetings.tenants;
        admission.retain_holds(|hold| {
            let tenant = tenants.get(&key_of(hold).0);
            tenant.is_some_and(|tenant| tenant.host == hold.member && !tenant.record.ended)
        });
        self.meetings.owner.admission = Some(admission);
    }

    /// Holds begin to count or are over: loads are others from now on.
    pub(in crate::meetings) fn wake_holds_here(&mut self, now: Timestamp) {
        let owner = &mut self.meetings.owner;
        let Some(admission) = &mut owner.admission else {
            return;
        };
        let is_due = owner.holds_change.is_some_and(|at| at <= now);
        if is_due {
            admission.expire_holds(now);
        }
        owner.holds_change = admission.holds().next_change(now);
        if is_due {
            self.holds_changed();
        }
    }

    fn holds_changed(&mut self) {
        self.meetings.loads_changed();
        self.note_change(Change::Meetings);
    }

    /// Whether a server is one of a node's member.
    pub(super) fn is_owners(&self, node: &PublicKey, server: &ServerId) -> bool {
        let owner = self.view().meetings.servers.get(server);
        let owner = owner.map(|server| server.owner);
        owner.is_some() && owner == self.view().member_of(node)
    }
}

fn is_for_same(one: &routing::hold::Hold, other: &routing::hold::Hold) -> bool {
    (one.member, one.meeting) == (other.member, other.meeting)
}
