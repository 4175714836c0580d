//! Limits on how often something may be done: token buckets with bounded memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use domain::id::{Hash, PersonId, Timestamp};

use crate::error::WebError;

/// How many keys are remembered at once.
const KEYS_MAX: usize = 10_000;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests of one address.
    Requests,
    /// Links into rooms that lead nowhere, opened from one address. They are secrets of 128 bits that
    /// nobody guesses; and any page of anybody's can have a browser open some, so this is no limit of
    /// what else its reader does.
    VoidLinksOfAddress,
    /// Attempts to sign in from one address.
    SignInsOfAddress,
    /// Attempts to sign in to one account from one address: a stranger elsewhere must not be able
    /// to lock a person out.
    SignInsOfAccountFrom,
    /// Attempts to sign in to one account from everywhere: so many addresses guess no faster.
    SignInsOfAccount,
    /// Requests to the JSON API of one person.
    Calls,
    /// Forms and acts of one person.
    Writes,
}

impl Limit {
    /// How many at once, and in how many milliseconds one more is allowed.
    fn burst_and_interval_ms(self) -> (u64, u64) {
        match self {
            Self::Requests => (600, 20),
            Self::VoidLinksOfAddress => (120, 500),
            Self::SignInsOfAddress => (30, 30_000),
            Self::SignInsOfAccountFrom => (10, 60_000),
            Self::SignInsOfAccount => (200, 20_000),
            Self::Calls => (200, 50),
            Self::Writes => (60, 1_000),
        }
    }
}

/// Whose doings are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A network address; of IPv6 the /64, because one host has all of it.
    Address(IpAddr),
    /// An account, by the hash of its name, so that names nobody has cost no more memory.
    Account(Hash),
    /// An account and the address somebody tries to sign in from, by their hash.
    AccountFrom(Hash),
    /// A person.
    Person(PersonId),
    /// Everyone for whom there is no room.
    Others,
}

impl Whose {
    /// The sender at an address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }

    /// The account of a name, whether it exists or not.
    #[must_use]
    pub fn account(name: &str) -> Self {
        Self::Account(Hash::of(&[crate::accounts::fold(name).as_bytes()]))
    }

    /// The account of a name, tried from an address.
    #[must_use]
    pub fn account_from(name: &str, address: IpAddr) -> Self {
        let network = match network(address) {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        let name = crate::accounts::fold(name);
        Self::AccountFrom(Hash::of(&[&network, name.as_bytes()]))
    }
}

/// What counts as one sender.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

/// Remembers who did what how often.
#[derive(Default)]
pub struct Rates {
    /// When each bucket will be full again: the one number a token bucket needs.
    full_at: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    of: HashMap<(Limit, Whose), Timestamp>,
    swept: Timestamp,
}

impl Buckets {
    /// Whether there is room for one more; buckets that are full again are dropped, but not looked
    /// for more than once a second, or strangers could keep the node searching.
    fn has_room(&mut self, now: Timestamp) -> bool {
        if self.of.len() >= KEYS_MAX && now.since_ms(self.swept) >= 1000 {
            self.swept = now;
            self.of.retain(|_, at| *at > now);
        }
        self.of.len() < KEYS_MAX
    }
}

impl Rates {
    /// Counts one more.
    ///
    /// # Errors
    /// When it is one too many; then it does not count.
    pub fn count(&self, now: Timestamp, limit: Limit, whose: Whose) -> Result<(), WebError> {
        let (burst, interval_ms) = limit.burst_and_interval_ms();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (limit, whose);
        if !full_at.of.contains_key(&key) && !full_at.has_room(now) {
            // Forgetting someone would lift a limit; newcomers share one bucket instead.
            key = (limit, Whose::Others);
        }
        let at = full_at.of.get(&key).copied().unwrap_or(now).max(now);
        let next = at.plus_ms(interval_ms);
        let over_ms = next.since_ms(now).saturating_sub(burst * interval_ms);
        if over_ms > 0 {
            return Err(WebError::TooMany {
                retry_seconds: over_ms.div_ceil(1000),
            });
        }
        full_at.of.insert(key, next);
        Ok(())
    }

    /// Forgets what was counted: after a right password, for its account.
    pub fn forget(&self, limit: Limit, whose: Whose) {
        self.full_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .of
            .remove(&(limit, whose));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_burst_is_allowed_and_then_one_per_interval() {
        let rates = Rates::default();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let alice = Whose::account_from("Alice", here);
        let now = Timestamp(1_000_000);
        let count = |now| rates.count(now, Limit::SignInsOfAccountFrom, alice);
        for _ in 0..10 {
            count(now).unwrap();
        }
        assert!(matches!(
            count(now),
            Err(WebError::TooMany { retry_seconds: 60 })
        ));
        assert!(matches!(
            count(now.plus_seconds(59)),
            Err(WebError::TooMany { retry_seconds: 1 })
        ));
        count(now.plus_seconds(60)).unwrap();
        assert!(count(now.plus_seconds(60)).is_err());
        rates
            .count(
                now,
                Limit::SignInsOfAccountFrom,
                Whose::account_from("bob", here),
            )
            .unwrap();
        assert!(
            rates
                .count(
                    now,
                    Limit::SignInsOfAccountFrom,
                    Whose::account_from(" ALICE", here),
                )
                .is_err()
        );
    }

    #[test]
    fn memory_is_bounded_and_strangers_beyond_it_share_one_limit() {
        let rates = Rates::default();
        let now = Timestamp(1_000_000);
        for number in 0..20_000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from_bits(number));
            let _ = rates.count(now, Limit::SignInsOfAddress, Whose::address(address));
        }
        assert!(rates.full_at.lock().unwrap().of.len() <= KEYS_MAX + 1);
        let stranger = Whose::address(IpAddr::V4(Ipv4Addr::from_bits(99_999)));
        assert!(rates.count(now, Limit::SignInsOfAddress, stranger).is_err());
        // Room is made by forgetting those whose limit is whole again.
        rates
            .count(now.plus_seconds(31), Limit::SignInsOfAddress, stranger)
            .unwrap();
        assert_eq!(rates.full_at.lock().unwrap().of.len(), 2);
    }

    #[test]
    fn the_addresses_of_one_ipv6_host_count_as_one() {
        let of = |text: &str| Whose::address(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        let of = |text: &str| Whose::account_from("alice", text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
