//! Waiting for something to become true, with a deadline on every wait.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// How often a condition outside of this process is looked at: nothing tells us when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// Looks at something until it is there.
///
/// # Panics
/// When it is not there after `seconds`.
pub async fn until<T>(what: &str, seconds: u64, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    let limit = Duration::from_secs(seconds);
    loop {
        let found = tokio::time::timeout(limit.saturating_sub(started.elapsed()), look()).await;
        match found {
            Ok(Some(found)) => return found,
            Ok(None) if started.elapsed() < limit => tokio::time::sleep(LOOK_AGAIN).await,
            _ => panic!("not within {seconds} seconds: {what}"),
        }
    }
}

/// Looks at a value until it is the expected one, and shows the last one seen if it never is.
///
/// # Panics
/// When it is another one after `seconds`.
pub async fn until_equal<T: PartialEq + Debug>(
    what: &str,
    seconds: u64,
    expected: &T,
    mut look: impl AsyncFnMut() -> T,
) {
    let started = Instant::now();
    loop {
        let found = look().await;
        if found == *expected {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(seconds),
            "not within {seconds} seconds: {what}\nexpected {expected:#?}\n   found {found:#?}"
        );
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The result of some work that has to be done by then.
///
/// # Panics
/// When it is not done after `seconds`.
pub async fn within<T>(what: &str, seconds: u64, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(seconds), work).await {
        Ok(done) => done,
        Err(_) => panic!("not within {seconds} seconds: {what}"),
    }
}
