//! Registrars under a virtual clock: people who vote, links that lose, disks that die, clocks that
//! are wrong, and validators that lie. What must hold is checked at every moment.
//!
//! `REGISTRAR_SEEDS=100` runs as many seeds of each scenario, `REGISTRAR_SEED=7` that one alone.

#![allow(clippy::unwrap_used)]

mod act;
mod checks;
mod items;
mod liars;
mod links;
mod node;
mod options;
mod people;
mod random;
mod story;
mod tests;
mod world;
