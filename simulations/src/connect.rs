//! Connections: dialling, introducing, losing.

use federation::Input;

use crate::{
    node::Node,
    world::{Event, World},
};

impl World {
    pub(crate) fn lose(&mut self, node: usize, peer: usize, connection: u64) {
        if self.nodes[node].connections.get(&peer) == Some(&connection) {
            self.nodes[node].connections.remove(&peer);
            let key = self.nodes[peer].key;
            self.give(node, Input::Disconnected(key));
        }
        self.plan_dial(node, peer, 0);
    }

    /// Both ends learn that their connection is lost; what was on the way is lost with it.
    pub fn reset(&mut self, one: usize, other: usize) {
        if let Some(connection) = self.nodes[one].connections.get(&other).copied() {
            self.break_connection(one, other, connection, 1);
        }
    }

    pub fn break_connection(&mut self, one: usize, other: usize, connection: u64, after: u64) {
        for (node, peer) in [(one, other), (other, one)] {
            let delay = self.network.delay(node, peer);
            let event = Event::Down { peer, connection };
            self.push(self.now + after + delay, node, event);
        }
    }

    pub(crate) fn plan_dial(&mut self, one: usize, other: usize, tries: u32) {
        let pair = (one.min(other), one.max(other));
        if one == other || !self.dialing.insert(pair) {
            return;
        }
        let wait = (1_000 << tries.min(8)) + self.people.below(1_000);
        let event = Event::Dial {
            peer: pair.1,
            tries: tries + 1,
        };
        self.push(self.now + wait, pair.0, event);
    }

    pub(crate) fn dial(&mut self, one: usize, other: usize, tries: u32) {
        self.dialing.remove(&(one, other));
        let connected = |node: &Node, peer: usize| node.connections.contains_key(&peer);
        let (left, right) = (&self.nodes[one], &self.nodes[other]);
        if connected(left, other) && connected(right, one) {
            return;
        }
        let half_open = connected(left, other) || connected(right, one);
        let possible = left.is_up() && right.is_up() && self.network.is_open(one, other);
        if !possible || half_open {
            let is_for_ever = !left.present || !right.present;
            if !is_for_ever {
                self.plan_dial(one, other, tries.min(5));
            }
            return;
        }
        if left.roster.contains(&right.key) && right.roster.contains(&left.key) {
            self.connections += 1;
            let connection = self.connections;
            for (node, peer) in [(one, other), (other, one)] {
                self.nodes[node].connections.insert(peer, connection);
                let delay = self.network.delay(node, peer);
                self.push(self.now + delay, node, Event::Up { peer, connection });
            }
            return;
        }
        for (node, peer) in [(one, other), (other, one)] {
            self.introduce(node, peer);
        }
        self.plan_dial(one, other, tries);
    }

    /// A node shows a node that does not know it that it is a member's.
    fn introduce(&mut self, node: usize, to: usize) {
        let current = &self.nodes[node];
        let Some(core) = &current.core else {
            return;
        };
        if self.nodes[to].roster.contains(&current.key) {
            return;
        }
        let entries: Vec<Vec<u8>> = core
            .introduction()
            .iter()
            .filter_map(|id| current.disk.entry(id).map(|row| row.bytes.clone()))
            .collect();
        if !entries.is_empty() {
            let delay = self.network.delay(node, to);
            self.push(self.now + delay, to, Event::Introduce { entries });
        }
    }
}
