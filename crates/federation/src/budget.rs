//! How much of one member this node keeps. The limits along a log count the days its author claims;
//! a stolen key could claim many past days and fill every disk. This is this node's own measure: it
//! changes when an entry is taken, never whether it is valid.

use std::collections::BTreeMap;

use domain::{id::MemberId, key::PublicKey, record::Kind};

/// Entries of one member that are kept in any case.
const ENTRIES_AT_FIRST: u64 = 20_000;
/// Bytes of one member, with the chunks of its texts, that are kept in any case.
const BYTES_AT_FIRST: u64 = 64 << 20;
/// How many more entries for each day since the founding,
const ENTRIES_A_DAY: u64 = 2_000;
/// and how many more bytes.
const BYTES_A_DAY: u64 = 4 << 20;
/// Which part of its member's bytes attachments may use: the rest stays for words, so that nobody who
/// attaches much falls silent at the other nodes.
const ATTACHMENTS_PART: u64 = 2;
/// Which part of the allowance a single log may use when the others have used it up, so that one
/// stolen key does not silence the member's other keys.
const SMALL_LOG: u64 = 64;
/// One day in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// What may be kept of one member by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    entries: u64,
    bytes: u64,
}

impl Allowance {
    /// The allowance when a federation is `age_ms` old.
    pub fn at(age_ms: u64) -> Self {
        let days = age_ms / DAY_MS;
        Self {
            entries: ENTRIES_AT_FIRST + days * ENTRIES_A_DAY,
            bytes: BYTES_AT_FIRST + days * BYTES_A_DAY,
        }
    }

    fn covers(&self, spent: Spent, times: u64, kind: Kind) -> bool {
        // What rights and votes rest on is small and counted by entries: bytes never hold it back.
        let has_bytes = kind.is_binding() || spent.bytes <= self.bytes * times;
        spent.entries <= self.entries * times && has_bytes
    }

    fn small(&self) -> Self {
        Self {
            entries: self.entries / SMALL_LOG,
            bytes: self.bytes / SMALL_LOG,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    entries: u64,
    bytes: u64,
}

impl Spent {
    fn and(self, bytes: u64) -> Self {
        Self {
            entries: self.entries + 1,
            bytes: self.bytes + bytes,
        }
    }
}

/// What an entry takes of its member's budget.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// What it is.
    pub kind: Kind,
    /// What it takes on a disk, with the chunks it names.
    pub bytes: u64,
}

/// What was taken of each member.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    members: BTreeMap<MemberId, Spent>,
    logs: BTreeMap<PublicKey, Spent>,
    /// Bytes of attachments.
    attached: BTreeMap<MemberId, u64>,
    held_back: BTreeMap<MemberId, u64>,
}

impl Budget {
    /// Counts a stored entry.
    pub fn charge(&mut self, member: MemberId, author: PublicKey, cost: Cost) {
        let bytes = cost.bytes;
        if cost.kind == Kind::Attachment {
            *self.attached.entry(member).or_default() += bytes;
        }
        let member = self.members.entry(member).or_default();
        *member = member.and(bytes);
        let log = self.logs.entry(author).or_default();
        *log = log.and(bytes);
    }

    /// Whether one more entry may be taken; if not, it is counted as held back.
    pub fn admits(
        &mut self,
        member: MemberId,
        author: &PublicKey,
        cost: Cost,
        allowance: &Allowance,
    ) -> bool {
        let admitted = self.has_room(member, author, cost, allowance);
        if !admitted {
            *self.held_back.entry(member).or_default() += 1;
        }
        admitted
    }

    /// Whether one more entry may be taken, without counting it.
    pub fn has_room(
        &self,
        member: MemberId,
        author: &PublicKey,
        cost: Cost,
        allowance: &Allowance,
    ) -> bool {
        let Cost { kind, bytes } = cost;
        let after = |spent: Option<&Spent>| spent.copied().unwrap_or_default().and(bytes);
        let whole = after(self.members.get(&member));
        let log = after(self.logs.get(author));
        let small = allowance.small();
        allowance.covers(whole, 1, kind)
            || small.covers(log, 1, kind) && allowance.covers(whole, 2, kind)
    }

    /// Whether so many more bytes may be attached for a member.
    pub fn may_attach(&self, member: &MemberId, bytes: u64, allowance: &Allowance) -> bool {
        let attached = self.attached.get(member).copied().unwrap_or(0);
        attached + bytes <= allowance.bytes / ATTACHMENTS_PART
    }

    /// How many entries of each member were held back.
    pub fn held_back(&self) -> &BTreeMap<MemberId, u64> {
        &self.held_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: MemberId = MemberId([1; 32]);
    const OTHER: MemberId = MemberId([2; 32]);

    fn key(number: u64) -> PublicKey {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        PublicKey(bytes)
    }

    fn take(budget: &mut Budget, author: &PublicKey, bytes: u64, days: u64) -> bool {
        take_kind(budget, author, Kind::Comment, bytes, days)
    }

    fn take_kind(
        budget: &mut Budget,
        author: &PublicKey,
        kind: Kind,
        bytes: u64,
        days: u64,
    ) -> bool {
        let allowance = Allowance::at(days * DAY_MS);
        let cost = Cost { kind, bytes };
        let admitted = budget.admits(MEMBER, author, cost, &allowance);
        if admitted {
            budget.charge(MEMBER, *author, cost);
        }
        admitted
    }

    #[test]
    fn bytes_hold_no_vote_back_and_entries_do() {
        let mut budget = Budget::default();
        while take_kind(&mut budget, &key(1), Kind::Attachment, 4 << 20, 0) {}
        while take(&mut budget, &key(1), 300, 0) {}
        let kinds = [
            Kind::Ballot,
            Kind::Opening,
            Kind::Mandate,
            Kind::Grant,
            Kind::Revocation,
        ];
        for kind in kinds {
            assert!(take_kind(&mut budget, &key(1), kind, 300, 0), "{kind:?}");
        }
        let held = budget.members[&MEMBER].entries;
        let more = (0..50_000).filter(|_| take_kind(&mut budget, &key(1), Kind::Ballot, 300, 0));
        assert_eq!(held + more.count() as u64, ENTRIES_AT_FIRST);
    }

    #[test]
    fn attachments_leave_half_of_the_bytes_to_words() {
        let mut budget = Budget::default();
        let (kind, bytes) = (Kind::Attachment, 1 << 20);
        let allowance = Allowance::at(0);
        let mut count = 0;
        while budget.may_attach(&MEMBER, bytes, &allowance) {
            budget.charge(MEMBER, key(1), Cost { kind, bytes });
            count += 1;
        }
        assert_eq!(count * bytes, BYTES_AT_FIRST / 2);
        assert!(take(&mut budget, &key(1), 300, 0), "words have room");
        assert!(budget.may_attach(&OTHER, bytes, &allowance));
        assert!(budget.may_attach(&MEMBER, bytes, &Allowance::at(DAY_MS)));
    }

    #[test]
    fn one_key_takes_so_much_and_with_time_more() {
        let mut budget = Budget::default();
        let taken = (0..50_000)
            .filter(|_| take(&mut budget, &key(1), 300, 0))
            .count() as u64;
        assert_eq!(taken, ENTRIES_AT_FIRST);
        assert_eq!(budget.held_back()[&MEMBER], 50_000 - ENTRIES_AT_FIRST);
        assert!(take(&mut budget, &key(1), 300, 1), "a day later");
    }

    #[test]
    fn bytes_count_as_entries_do() {
        let mut budget = Budget::default();
        let size = 512 << 10;
        let taken = (0..1_000).filter(|_| take(&mut budget, &key(1), size, 0));
        assert_eq!(taken.count() as u64, BYTES_AT_FIRST / size);
    }

    #[test]
    fn a_stolen_key_silences_no_other_key_of_its_member_and_no_other_member() {
        let mut budget = Budget::default();
        while take(&mut budget, &key(1), 300, 0) {}
        assert!(take(&mut budget, &key(2), 300, 0), "another key may speak");
        let allowance = Allowance::at(0);
        let (kind, bytes) = (Kind::Comment, 300);
        assert!(budget.admits(OTHER, &key(3), Cost { kind, bytes }, &allowance));
    }

    #[test]
    fn many_keys_together_take_twice_the_allowance_at_most() {
        let mut budget = Budget::default();
        let mut taken = 0;
        for number in 0..1_000 {
            while take(&mut budget, &key(number), 300, 0) {
                taken += 1;
            }
        }
        assert!((ENTRIES_AT_FIRST..=2 * ENTRIES_AT_FIRST).contains(&taken));
    }
}
