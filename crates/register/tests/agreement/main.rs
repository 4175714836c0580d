//! Agreement under a virtual clock: honest and lying validators, loss, crashes, absence.

#![allow(clippy::unwrap_used)]

mod attack;
mod bench;
mod contract;
mod hostile;
mod node;
mod restart;
mod scenarios;
mod vectors;
mod world;
