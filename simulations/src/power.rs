//! Nodes start, and the power fails.

use federation::Input;

use crate::world::{Event, World};

impl World {
    /// Starts a node with what is on its disk.
    pub fn start(&mut self, node: usize) {
        if self.nodes[node].is_up() || !self.nodes[node].present {
            return;
        }
        if let Err(error) = self.nodes[node].start(&self.genesis) {
            self.fail(Some(node), format!("the node does not start: {error}"));
            return;
        }
        self.check_promises(node);
        self.set_up_puppets(node);
        let input = Input::Start {
            clean: false,
            alone: false,
        };
        self.give(node, input);
        for peer in 0..self.nodes.len() {
            self.plan_dial(node, peer, 0);
        }
    }

    /// The release that is installed must refuse to start with what is on the disk.
    pub fn refuses_to_start(&mut self, node: usize, words: &str) {
        let genesis = self.genesis.clone();
        let what = match self.nodes[node].start(&genesis) {
            Err(why) if why.contains(words) => {
                self.nodes[node].present = false;
                return;
            }
            Err(why) => why,
            Ok(()) => "it starts".to_owned(),
        };
        let what = format!("the node does not refuse to start with {words:?}: {what}");
        self.fail(Some(node), what);
    }

    /// The power fails on a node.
    pub fn crash(&mut self, node: usize) {
        if !self.nodes[node].is_up() {
            return;
        }
        self.nodes[node].disk.crash(&mut self.disks);
        let lost: Vec<(usize, u64)> = self.nodes[node]
            .connections
            .iter()
            .map(|(peer, connection)| (*peer, *connection))
            .collect();
        self.nodes[node].stop();
        self.ledger.forget_open(node);
        for (peer, connection) in lost {
            // Sometimes the peer hears of it at once, sometimes it finds out.
            let after = if self.disks.coin() { 200 } else { 25_000 };
            let event = Event::Down {
                peer: node,
                connection,
            };
            self.push(self.now + after, peer, event);
        }
    }
}
