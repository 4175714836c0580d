//! How much of one member this node keeps. The limits along a log count the days its author claims;
//! a stolen key could claim many past days and fill every disk. This is this node's own measure: it
//! changes when an entry is taken, never whether it is valid.

use std::collections::BTreeMap;

use domain::{id::MemberId, key::PublicKey};

/// Entries of one member that are kept in any case.
const ENTRIES_AT_FIRST: u64 = 20_000;
/// Bytes of one member, with the chunks of its texts, that are kept in any case.
const BYTES_AT_FIRST: u64 = 64 << 20;
/// How many more entries for each day since the founding,
const ENTRIES_A_DAY: u64 = 2_000;
/// and how many more bytes.
const BYTES_A_DAY: u64 = 4 << 20;
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

    fn covers(&self, spent: Spent, times: u64) -> bool {
        spent.entries <= self.entries * times && spent.bytes <= self.bytes * times
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

/// What was taken of each member.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    members: BTreeMap<MemberId, Spent>,
    logs: BTreeMap<PublicKey, Spent>,
    held_back: BTreeMap<MemberId, u64>,
}

impl Budget {
    /// Counts a stored entry.
    pub fn charge(&mut self, member: MemberId, author: PublicKey, bytes: u64) {
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
        bytes: u64,
        allowance: &Allowance,
    ) -> bool {
        let admitted = self.has_room(member, author, bytes, allowance);
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
        bytes: u64,
        allowance: &Allowance,
    ) -> bool {
        let after = |spent: Option<&Spent>| spent.copied().unwrap_or_default().and(bytes);
        let whole = after(self.members.get(&member));
        let log = after(self.logs.get(author));
        allowance.covers(whole, 1) || allowance.small().covers(log, 1) && allowance.covers(whole, 2)
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
        let allowance = Allowance::at(days * DAY_MS);
        let admitted = budget.admits(MEMBER, author, bytes, &allowance);
        if admitted {
            budget.charge(MEMBER, *author, bytes);
        }
        admitted
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
        assert!(budget.admits(OTHER, &key(3), 300, &allowance));
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
