//! The scenarios.

mod above;
mod absence;
mod crashes;
mod equivocation;
mod lies;
mod members;
mod mix;
mod plain;
mod recovery;
mod stalls;
mod strangers;
