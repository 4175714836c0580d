//! What an owner answered, so that an ask that comes twice is answered the same.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{MemberId, ServerId};

use crate::{
    Monotonic,
    ask::Answer,
    request::{AskId, RequestId},
};

/// How long answers and cancellations are remembered: much longer than any search takes, for asks that a
/// stalled connection delivers late.
pub const REMEMBERED_MS: u64 = 60_000;
/// Requests of one member that are remembered at one time.
pub const REQUESTS_PER_MEMBER_MAX: usize = 4_096;

/// One create as this owner saw it.
#[derive(Debug, Clone, Default)]
pub(super) struct Requested {
    /// The last attempt and what it was answered.
    pub answered: Option<(u32, Answer)>,
    /// Attempts up to here never start.
    pub cancelled_to: u32,
    /// Servers where creating it failed.
    pub failed: BTreeSet<ServerId>,
    touched: Monotonic,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Requests {
    requested: BTreeMap<(MemberId, RequestId), Requested>,
    by_age: BTreeSet<(Monotonic, MemberId, RequestId)>,
    of_member: BTreeMap<MemberId, usize>,
}

impl Requests {
    /// What is known of a request, remembered from now on; none if this member has too many open.
    pub fn touch(
        &mut self,
        now: Monotonic,
        member: MemberId,
        ask: AskId,
    ) -> Option<&mut Requested> {
        self.expire(now);
        let key = (member, ask.request);
        let count = self.of_member.entry(member).or_default();
        if !self.requested.contains_key(&key) {
            if *count >= REQUESTS_PER_MEMBER_MAX {
                return None;
            }
            *count += 1;
        }
        let requested = self.requested.entry(key).or_default();
        self.by_age
            .remove(&(requested.touched, member, ask.request));
        requested.touched = now;
        self.by_age.insert((now, member, ask.request));
        Some(requested)
    }

    /// What is known of a request.
    pub fn get(&mut self, member: MemberId, ask: AskId) -> Option<&mut Requested> {
        self.requested.get_mut(&(member, ask.request))
    }

    /// How many of this member are remembered.
    pub fn count(&self, member: MemberId) -> usize {
        self.of_member.get(&member).copied().unwrap_or(0)
    }

    fn expire(&mut self, now: Monotonic) {
        while let Some((touched, member, request)) = self.by_age.first().copied() {
            if now.since_ms(touched) <= REMEMBERED_MS {
                return;
            }
            self.by_age.pop_first();
            self.requested.remove(&(member, request));
            if let Some(count) = self.of_member.get_mut(&member) {
                *count -= 1;
                if *count == 0 {
                    self.of_member.remove(&member);
                }
            }
        }
    }
}
