//! One test from its beginning to its end.

use std::{
    pin::pin,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Each story starts several nodes and perhaps a browser, so that only a few are told at one time: two
/// that work, or four that mostly wait for deadlines. One that says something about seconds is told
/// alone.
static TOLD: Mutex<usize> = Mutex::new(0);
static OVER: Condvar = Condvar::new();
const PLACES: usize = 4;
const WORKING: usize = 2;
const WAITING: usize = 1;

/// A turn to be told, which takes so many of the places.
struct Turn(usize);

impl Turn {
    fn take(places: usize) -> Self {
        let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |told: &mut usize| *told + places > PLACES;
        let waited = OVER.wait_while(told, is_full);
        *waited.unwrap_or_else(PoisonError::into_inner) += places;
        Self(places)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TOLD.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        OVER.notify_all();
    }
}

/// Tells a story, which has to be over in `seconds`.
///
/// # Panics
/// When the story does, or when it takes longer.
pub fn story(seconds: u64, plot: impl Future<Output = ()>) {
    let _turn = Turn::take(WORKING);
    tell(seconds, plot);
}

/// Tells a story in which it matters how long something takes.
///
/// # Panics
/// When the story does, or when it takes longer than `seconds`.
pub fn timed_story(seconds: u64, plot: impl Future<Output = ()>) {
    let _turn = Turn::take(PLACES);
    tell(seconds, plot);
}

/// Tells a story that mostly waits for deadlines.
///
/// # Panics
/// When the story does, or when it takes longer than `seconds`.
pub fn waiting_story(seconds: u64, plot: impl Future<Output = ()>) {
    let _turn = Turn::take(WAITING);
    tell(seconds, plot);
}

fn tell(seconds: u64, plot: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system gives threads");
    runtime.block_on(async {
        // Held here, so that it is dropped while this thread panics: only then do its processes
        // know that they should print what they said.
        let mut plot = pin!(plot);
        let told = tokio::time::timeout(Duration::from_secs(seconds), &mut plot).await;
        assert!(
            told.is_ok(),
            "the story is not over after {seconds} seconds"
        );
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
}
