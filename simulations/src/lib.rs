//! The simulator.
mod broken;
mod check;
mod clock;
mod disk;
mod ledger;
mod liar;
mod member;
mod network;
mod node;
mod options;
mod people;
mod perform;
mod random;
mod recount;
mod run;
mod trace;
mod world;

pub use broken::Broken;
pub use options::Options;
pub use run::{Report, run};
