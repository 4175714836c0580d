//! What the end-to-end tests stand on: the real program as real processes, a forwarder that cuts
//! the wires between them, a plain HTTP client, and a real browser.
//!
//! The stories are in `tests/end_to_end`. Nothing here knows how a node works inside: it starts
//! the program, types commands, opens pages, and looks at what comes back. Every wait has a
//! deadline, and every process ends with the story that started it, however that ends.

#![forbid(unsafe_code)]

pub mod browser;
pub mod certificate;
pub mod coop;
pub mod federation;
pub mod forwarder;
pub mod http;
mod leash;
pub mod mailbox;
pub mod meetings;
pub mod ports;
pub mod process;
pub mod program;
pub mod second;
pub mod story;
pub mod wait;
