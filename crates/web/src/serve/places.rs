//! Places for connections: so many in all and of one address, and a part of them for addresses that hold few,
//! so that nobody who has many keeps everybody else out.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{origin::Network, rate::Whose};

/// The most connections at once.
pub(super) const CONNECTIONS_MAX: usize = 1_024;
/// The most connections at once from one address. This machine and the trusted proxies bring the connections
/// of many.
const CONNECTIONS_OF_ADDRESS_MAX: usize = 64;
/// An address that holds fewer than so many holds few.
const FEW: usize = 4;
/// Places that only addresses that hold few get.
const PLACES_OF_FEW: usize = 256;

/// Who is connected.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    /// The number of the next connection.
    next: u64,
    whose: HashMap<u64, Whose>,
    of: HashMap<Whose, usize>,
    /// Connections on which no whole head of a request has arrived, the oldest first, and what ends each.
    headless: BTreeMap<u64, Arc<Notify>>,
}

/// The place of a connection, given back when dropped.
pub(super) struct Place {
    places: Places,
    number: u64,
    ended: Arc<Notify>,
}

impl Taken {
    fn give_back(&mut self, number: u64) {
        self.headless.remove(&number);
        let Some(whose) = self.whose.remove(&number) else {
            return;
        };
        if let Some(own) = self.of.get_mut(&whose) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                self.of.remove(&whose);
            }
        }
    }

    /// Ends the oldest connection that has not asked for anything.
    fn make_room(&mut self) -> bool {
        let Some((number, ended)) = self.headless.pop_first() else {
            return false;
        };
        ended.notify_one();
        self.give_back(number);
        true
    }
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection; none if it is one too many.
    pub(super) fn take(&self, address: IpAddr, trusted: &[Network]) -> Option<Place> {
        let mut taken = self.taken();
        let is_many = address.to_canonical().is_loopback()
            || trusted.iter().any(|network| network.contains(address));
        let whose = Whose::address(address);
        let own = taken.of.get(&whose).copied().unwrap_or_default();
        if own >= CONNECTIONS_OF_ADDRESS_MAX && !is_many {
            return None;
        }
        // Room is made for nobody who has many: or they would end those who have just come.
        let has_room = match is_many || own < FEW {
            true => taken.whose.len() < CONNECTIONS_MAX || taken.make_room(),
            false => taken.whose.len() < CONNECTIONS_MAX - PLACES_OF_FEW,
        };
        if !has_room {
            return None;
        }
        let (number, ended) = (taken.next, Arc::new(Notify::new()));
        taken.next += 1;
        taken.whose.insert(number, whose);
        *taken.of.entry(whose).or_default() += 1;
        taken.headless.insert(number, Arc::clone(&ended));
        Some(Place {
            places: self.clone(),
            number,
            ended,
        })
    }
}

impl Place {
    /// The head of a request has arrived.
    pub(super) fn head_arrived(&self) {
        self.places.taken().headless.remove(&self.number);
    }

    /// Whether none has.
    pub(super) fn is_headless(&self) -> bool {
        self.places.taken().headless.contains_key(&self.number)
    }

    /// Waits until the place is given to another connection.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().give_back(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn take(places: &Places, address: u32) -> Option<Place> {
        places.take(Ipv4Addr::from_bits(0xcb00_0000 + address).into(), &[])
    }

    /// As many connections as an address gets, each with a request.
    fn fill(places: &Places, addresses: std::ops::Range<u32>) -> Vec<Place> {
        let mut held = Vec::new();
        for address in addresses {
            while let Some(place) = take(places, address) {
                place.head_arrived();
                held.push(place);
            }
        }
        held
    }

    #[test]
    fn one_address_cannot_take_every_connection() {
        let places = Places::default();
        let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let take = |address: &str| places.take(address.parse().unwrap(), &trusted);
        let mut open: Vec<Place> = (0..100).filter_map(|_| take("203.0.113.7")).collect();
        assert_eq!(open.len(), CONNECTIONS_OF_ADDRESS_MAX);
        for other in ["203.0.113.8", "2001:db8::1"] {
            assert!(take(other).is_some(), "{other}");
        }
        open.pop();
        assert!(take("203.0.113.7").is_some());
        for many in ["127.0.0.1", "10.1.2.3", "::ffff:127.0.0.1"] {
            let all: Vec<Place> = (0..100).filter_map(|_| take(many)).collect();
            assert_eq!(all.len(), 100, "{many}");
        }
        drop(open);
        let taken = places.taken();
        assert!(taken.of.is_empty() && taken.whose.is_empty() && taken.headless.is_empty());
    }

    #[test]
    fn addresses_with_many_connections_leave_places_for_those_with_few() {
        let places = Places::default();
        let held = fill(&places, 0..17);
        // The last ones got what addresses with few get.
        assert!(
            (768..768 + 17 * FEW).contains(&held.len()),
            "{}",
            held.len()
        );
        for address in 100..150 {
            let few: Vec<Place> = (0..FEW).map_while(|_| take(&places, address)).collect();
            assert_eq!(few.len(), FEW);
        }
        assert!(take(&places, 0).is_none());
    }

    #[tokio::test]
    async fn who_asked_for_nothing_makes_room_the_oldest_first() {
        let places = Places::default();
        let old = take(&places, 1_000).unwrap();
        let newer = take(&places, 1_001).unwrap();
        let mut held = fill(&places, 0..400);
        assert_eq!(held.len(), CONNECTIONS_MAX);
        assert!(!old.is_headless() && !newer.is_headless());
        old.ended().await;
        newer.ended().await;
        assert!(take(&places, 2_000).is_none());
        // Who was ended gives nothing back a second time.
        drop((old, newer));
        assert!(take(&places, 2_000).is_none());
        held.pop();
        assert!(take(&places, 2_000).is_some());
    }
}
