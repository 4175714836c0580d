//! One test from its beginning to its end.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Stories run one after the other: each starts several nodes and perhaps a browser, and what it
/// says about seconds would mean nothing while another one takes the machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Tells a story, which has to be over in `seconds`.
///
/// # Panics
/// When the story does, or when it takes longer.
pub fn story(seconds: u64, plot: impl Future<Output = ()>) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
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
