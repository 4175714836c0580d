//! Meetings in the simulator: servers, front ends and people around the real cores of a federation.
//!
//! Whether a figure holds is judged from outside: what servers really carry, what people waited for,
//! and what must never happen. The same plans are placed by simple policies without a federation, so
//! that there is something to compare with.

mod baseline;
mod conference;
mod disturbances;
mod happening;
mod machine;
mod market;
mod people;
mod post;
mod scenario;
mod tally;
mod watch;
mod workload;

pub use baseline::{Baseline, baselines, play_baseline};
pub(crate) use post::Post;
pub use scenario::{MeetingReport, MeetingScenario, play_meetings, together};
pub use tally::MeetingFigures;
