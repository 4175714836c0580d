//! Links between nodes, and what goes over them: things late, lost or twice, what nodes have not, and
//! what they know of each other's clocks.

use register::registrar::Input;

use crate::{
    items::Thing,
    world::{Event, SECOND_MS, World},
};

impl World {
    /// Cuts all links between these nodes and the others, both ways.
    pub fn part(&mut self, group: &[usize]) {
        let is_in = |node: &usize| group.contains(node);
        let others: Vec<usize> = (0..self.nodes.len()).filter(|node| !is_in(node)).collect();
        for one in group {
            for other in &others {
                self.cut.extend([(*one, *other), (*other, *one)]);
            }
        }
    }

    /// Sends a thing over a link: it is late, and perhaps lost or there twice.
    pub fn send(&mut self, from: usize, to: usize, thing: Thing) {
        let of = |node: usize| node as u64 % 3;
        let base_ms = if of(from) == of(to) {
            15
        } else {
            60 + 30 * (of(from) + of(to))
        };
        let late_ms = base_ms + self.net.tail(40);
        let is_lost = self.net.chance(self.setup.loss_percent);
        let is_double = self.net.chance(self.setup.duplicate_percent);
        let is_cut = self.cut.contains(&(from, to)) || !self.nodes[from].is_up;
        self.sent.0 += 1;
        self.sent.1 += self.things.get(thing).bytes as u64;
        if is_cut || is_lost {
            return;
        }
        let again = false;
        self.after(late_ms, Event::Arrive { to, thing, again });
        if is_double {
            let late_ms = late_ms + self.net.tail(5 * SECOND_MS);
            self.after(
                late_ms,
                Event::Arrive {
                    to,
                    thing,
                    again: true,
                },
            );
        }
    }

    /// Each node asks a random other for what it has not, and gives what the other has not.
    pub(crate) fn gossip(&mut self) {
        let count = self.nodes.len();
        let mut digests = self
            .nodes
            .iter()
            .filter(|node| node.is_up)
            .map(|node| node.shelf.digest);
        let first = digests.next();
        if digests.all(|digest| Some(digest) == first) {
            return;
        }
        for one in 0..count {
            let other = (one + 1 + self.net.below(count as u64 - 1) as usize) % count;
            let is_up = self.nodes[one].is_up && self.nodes[other].is_up;
            if !is_up || self.cut.contains(&(one, other)) {
                continue;
            }
            for (from, to) in [(other, one), (one, other)] {
                let more = self.nodes[from].shelf.without(&self.nodes[to].shelf);
                for thing in more {
                    if !self.nodes[from].hidden.has(thing) {
                        self.send(from, to, thing);
                    }
                }
            }
        }
    }

    /// Tells each node whether its clock is within the bound of the median of all.
    pub(crate) fn compare_clocks(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_up {
                let trusted = self.is_trusted(node);
                self.handle(node, Input::Clock { trusted }, None);
            }
        }
    }

    pub(crate) fn is_trusted(&self, node: usize) -> bool {
        let mut skews: Vec<i64> = self.nodes.iter().map(|node| node.skew_ms).collect();
        skews.sort_unstable();
        let median = skews[skews.len() / 2];
        let bound_ms = self.federation.charter.terms().clock_bound_seconds * 1_000;
        self.nodes[node].skew_ms.abs_diff(median) <= bound_ms
    }
}
