//! The simulator: whole federations over virtual time, driving the same core as the node.
//!
//! For whoever changes the core, the rules of storing or the dissemination, and for CI. A world has
//! nodes with disks that lose unsynced writes, clocks that are off, links that lose, repeat and
//! reorder, people who vote, and liars around an honest core. What is checked is checked outside
//! the core: what was told to others survives every crash, nothing is told before it is durable,
//! every stored entry was written by its author, all honest nodes come to hold and count the same,
//! a second model counts the same, no accepted vote is lost, all read the same documents with
//! everybody's work in them, and at rest there is silence.
//!
//! ```text
//! simulations run --seeds 300          # what CI runs
//! simulations run --seed 7 --nodes 5   # one seed again
//! simulations run --scenario partition # a story with expectations
//! simulations run --broken no-forks    # a mistake that must be caught
//! simulations bench
//! ```
//!
//! The same seed gives the same trace: nothing reads a clock, iterates in hash order or decides by a
//! float, and every purpose has a random stream of its own.

mod agreement;
mod archive;
mod bench;
mod broken;
mod catalogue;
mod check;
mod clock;
mod connect;
mod craft;
mod decisions;
mod disk;
mod distort;
mod expect;
mod faults;
mod late;
mod ledger;
mod liar;
mod measures;
mod meetings;
mod member;
mod network;
mod node;
mod office;
mod options;
mod people;
mod perform;
mod play;
mod power;
mod puppet;
mod random;
mod recount;
mod report;
mod rests;
mod roll;
mod run;
mod scenario;
mod stakes;
mod trace;
mod world;
mod writing;

pub use bench::{Figures, bench};
pub use broken::Broken;
pub use catalogue::{ABOVE, SCENARIOS};
pub use decisions::DecisionFigures;
pub use liar::Lie;
pub use meetings::{
    Baseline, MeetingFigures, MeetingReport, MeetingScenario, baselines, play_baseline,
    play_meetings, together,
};
pub use options::Options;
pub use play::play;
pub use report::Report;
pub use run::run;
pub use scenario::{ScenarioError, about};
