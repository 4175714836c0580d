//! Ports that nobody uses.

use std::{
    net::TcpListener,
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the range from which systems take the ports of outgoing connections, so that a port stays
/// free until its node is started, and while it is down.
const FIRST: u16 = 16_000;
const COUNT: u16 = 14_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A free port of the loopback address, given to nobody else in this run.
///
/// # Panics
/// When there is none.
pub fn free() -> u16 {
    // Two runs on one machine begin at different places.
    let start = process::id().wrapping_mul(37) % u32::from(COUNT);
    let start = u16::try_from(start).expect("it is less than the count");
    for _ in 0..COUNT {
        let port = FIRST + (start + TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST} to {}", FIRST + COUNT);
}
