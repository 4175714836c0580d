//! Liars wrap the honest core.
use crate::{random::Random, world::World};
use federation::message::Message;

/// A way to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// x
    Fork,
}
impl Lie {
    pub const ALL: [Self; 1] = [Self::Fork];
}

#[derive(Debug)]
pub struct Liar {
    pub random: Random,
}
impl Liar {
    pub fn new(seed: u64, _node: usize, _lies: &[Lie]) -> Self {
        Self {
            random: Random::new(seed, "liar"),
        }
    }
}

impl World {
    pub(crate) fn calm_liar(&mut self, _node: usize) {}
    pub(crate) fn lie(&mut self, node: usize, peer: usize, message: Message) {
        self.transmit(node, peer, &message);
    }
    pub(crate) fn liar_turn(&mut self, _node: usize) {}
}
