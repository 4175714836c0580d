//! Who may connect, and where: what the core says, and where nodes were found besides.
//!
//! The network is told the newest state, never each change: none can be lost, and none has to wait
//! for another.

use std::collections::BTreeMap;

use domain::key::PublicKey;
use network::Network;
use tokio::sync::watch;

/// Who may connect, and where nodes were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    of_core: BTreeMap<PublicKey, Vec<String>>,
    found: BTreeMap<PublicKey, String>,
}

impl Roster {
    /// The addresses of the records, and after them those where a node was found.
    fn merged(&self) -> BTreeMap<PublicKey, Vec<String>> {
        let mut merged = self.of_core.clone();
        for (key, addresses) in &mut merged {
            let found = self.found.get(key);
            addresses.extend(
                found
                    .filter(|address| !addresses.contains(address))
                    .cloned(),
            );
        }
        merged
    }
}

/// The way to change the roster. Clones share it.
#[derive(Debug, Clone)]
pub struct RosterSender(watch::Sender<Roster>);

impl RosterSender {
    /// Replaces what the core says.
    pub fn set(&self, of_core: BTreeMap<PublicKey, Vec<String>>) {
        self.0.send_if_modified(|roster| {
            let changed = roster.of_core != of_core;
            roster.of_core = of_core;
            changed
        });
    }

    /// A node was found at an address that its records may not name.
    pub fn found(&self, key: PublicKey, address: String) {
        self.0.send_if_modified(|roster| {
            let before = roster.found.insert(key, address.clone());
            before.as_ref() != Some(&address)
        });
    }
}

/// Tells the network of every change, until nobody is left to make one.
pub fn start(network: Network) -> RosterSender {
    let (sender, mut roster) = watch::channel(Roster::default());
    tokio::spawn(async move {
        while roster.changed().await.is_ok() {
            let merged = roster.borrow_and_update().merged();
            network.set_roster(merged).await;
        }
    });
    RosterSender(sender)
}

#[cfg(test)]
mod tests {
    use domain::key::SecretKey;

    use super::*;

    #[test]
    fn where_a_node_was_found_comes_after_what_its_records_say_and_once() {
        let key = |seed: u8| SecretKey::from_seed(&[seed; 32]).public();
        let (watch, roster) = watch::channel(Roster::default());
        let sender = RosterSender(watch);
        sender.found(key(1), "/ip4/192.0.2.1/tcp/1".to_owned());
        sender.found(key(3), "/ip4/192.0.2.3/tcp/1".to_owned());
        let told = vec!["/dns/one.example/tcp/1".to_owned()];
        sender.set(BTreeMap::from([(key(1), told), (key(2), Vec::new())]));
        let merged = roster.borrow().merged();
        let expected = ["/dns/one.example/tcp/1", "/ip4/192.0.2.1/tcp/1"];
        assert_eq!(merged[&key(1)], expected);
        assert!(merged[&key(2)].is_empty());
        assert_eq!(merged.len(), 2, "who is on no record does not connect");
        sender.found(key(1), "/dns/one.example/tcp/1".to_owned());
        assert_eq!(
            roster.borrow().merged()[&key(1)],
            ["/dns/one.example/tcp/1"]
        );
    }
}
