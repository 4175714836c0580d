//! What is tried.

use routing::{Monotonic, capacity::Capacity};

use crate::{
    driver::{BEGIN_MS, CREATES, Event, GOSSIP_MS, NODES, World},
    outcome::Outcome,
};

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Nodes that ask, of twelve.
    pub homes: usize,
    /// Whether the first ask most.
    pub skewed: bool,
    /// Whether servers have 0 to 150 people already.
    pub preloaded: bool,
    /// Owners that answer nothing.
    pub silent: usize,
    /// Cores of each server.
    pub cores: u32,
    /// What goes wrong.
    pub faults: Faults,
}

/// What goes wrong; numbers are percent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Messages that are lost.
    pub lost: u64,
    /// Messages that come twice.
    pub doubled: u64,
    /// Messages that come up to three seconds late.
    pub late: u64,
    /// Creations that fail.
    pub failed: u64,
    /// Creations that take up to three seconds.
    pub slow: u64,
    /// Whether half of the nodes cannot reach the other half for a while in the middle of it.
    pub partition: bool,
    /// Whether all wall clocks are set back by a day in the middle of it.
    pub clocks: bool,
}

impl Default for Trial {
    fn default() -> Self {
        Self {
            homes: NODES,
            skewed: false,
            preloaded: false,
            silent: 0,
            cores: 32,
            faults: Faults::default(),
        }
    }
}

impl Trial {
    pub fn run(&self, seed: u64) -> Outcome {
        let (mut world, before) = World::new(self, seed);
        for owner in 0..NODES {
            let first = Monotonic(BEGIN_MS + world.draw(0, GOSSIP_MS - 1));
            world.at(first, Event::Gossip(owner));
        }
        for number in 0..usize::try_from(CREATES).unwrap() {
            let at = Monotonic(BEGIN_MS + world.draw(0, 999));
            // Silent owners do not ask either.
            let homes = (self.homes - self.silent) as u64;
            let mut home = world.draw(0, homes - 1);
            if self.skewed {
                home = home
                    .min(world.draw(0, homes - 1))
                    .min(world.draw(0, homes - 1));
            }
            let home = usize::try_from(home).unwrap() + self.silent;
            world.at(at, Event::Begin(home, number));
        }
        world.run();
        world.settle();
        world.outcome(seed, &before)
    }

    pub fn capacity(&self) -> Capacity {
        Capacity::from_cores(self.cores, 10_000)
    }
}
