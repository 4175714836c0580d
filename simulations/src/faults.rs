//! What goes wrong in a scenario, and what ends it.

use crate::{
    liar::Liar,
    options::MINUTE,
    play::{Plan, Play},
    scenario::{FaultKind, FaultLine},
    world::{Event, World},
};

impl Play {
    fn pairs(&self, world: &World, fault: &FaultLine) -> Vec<(usize, usize)> {
        let one = self.nodes(world, &fault.nodes);
        let other = match fault.from.is_empty() {
            true => (0..world.nodes.len())
                .filter(|node| !one.contains(node))
                .collect(),
            false => self.nodes(world, &fault.from),
        };
        let mut pairs = Vec::new();
        for from in &one {
            for to in &other {
                pairs.push((*from, *to));
                if fault.kind == FaultKind::Cut {
                    pairs.push((*to, *from));
                }
            }
        }
        pairs
    }

    pub(crate) fn fault(&mut self, world: &mut World, index: usize) {
        let fault = self.scenario.fault[index].clone();
        match fault.kind {
            FaultKind::Cut | FaultKind::CutOneWay => {
                for (from, to) in self.pairs(world, &fault) {
                    world.network.cut(from, to);
                    if let Some(connection) = world.nodes[from].connections.get(&to).copied() {
                        world.break_connection(from, to, connection, 30_000);
                    }
                }
            }
            FaultKind::Crash => {
                for node in self.nodes(world, &fault.nodes) {
                    let spread = self.random.below(2 * MINUTE);
                    self.plan(world, fault.at.0 + spread, Plan::Crash(node));
                }
            }
            FaultKind::Clock => {
                for node in self.nodes(world, &fault.nodes) {
                    let now = world.now;
                    world.nodes[node].clock.jump(now, fault.seconds * 1_000);
                }
            }
            FaultKind::Vanish => {
                for node in self.nodes(world, &fault.nodes) {
                    world.crash(node);
                    world.nodes[node].present = false;
                }
            }
            FaultKind::SaveDisk => {
                for node in self.nodes(world, &fault.nodes) {
                    self.saved.insert(node, world.nodes[node].disk.clone());
                }
            }
            FaultKind::RollBack => {
                for node in self.nodes(world, &fault.nodes) {
                    world.crash(node);
                    if let Some(disk) = self.saved.get(&node) {
                        world.nodes[node].disk = disk.clone();
                    }
                    // It has told others of what is no longer there.
                    world.ledger.promised.retain(|(who, _)| *who != node);
                    let seed = self.random.below(u64::MAX);
                    world.nodes[node].liar = Some(Liar::new(seed, node, &[]));
                    world.start(node);
                }
            }
            FaultKind::CrashAtHeights => {
                for node in self.nodes(world, &fault.nodes) {
                    world.nodes[node].dies_at = Some(0);
                }
            }
            FaultKind::Release => {
                for node in self.nodes(world, &fault.nodes) {
                    world.crash(node);
                    world.nodes[node].rules = fault.rules;
                    match &fault.refused {
                        None => world.start(node),
                        Some(words) => world.refuses_to_start(node, words),
                    }
                }
            }
            FaultKind::Lie => {
                for node in self.nodes(world, &fault.nodes) {
                    let seed = self.random.below(u64::MAX);
                    world.corrupt(node, Liar::new(seed, node, &fault.lies));
                    world.push(world.now + 1_000, node, Event::LiarTurn);
                }
            }
        }
        if let Some(until) = fault.until {
            self.plan(world, until.0, Plan::Mend(index));
        }
    }

    pub(crate) fn mend(&mut self, world: &mut World, index: usize) {
        let fault = self.scenario.fault[index].clone();
        match fault.kind {
            FaultKind::Cut | FaultKind::CutOneWay => {
                for (from, to) in self.pairs(world, &fault) {
                    world.network.heal(from, to);
                }
            }
            FaultKind::Crash => {
                for node in self.nodes(world, &fault.nodes) {
                    world.start(node);
                }
            }
            FaultKind::Clock => {
                for node in self.nodes(world, &fault.nodes) {
                    let now = world.now;
                    world.nodes[node].clock.correct(now, 0);
                }
            }
            FaultKind::Vanish => {
                for node in self.nodes(world, &fault.nodes) {
                    world.nodes[node].present = true;
                    world.start(node);
                }
            }
            FaultKind::CrashAtHeights => {
                for node in self.nodes(world, &fault.nodes) {
                    world.nodes[node].dies_at = None;
                }
            }
            FaultKind::SaveDisk | FaultKind::RollBack | FaultKind::Release => {}
            FaultKind::Lie => {
                for node in self.nodes(world, &fault.nodes) {
                    world.calm_liar(node);
                }
            }
        }
    }
}
