//! The machine's clock and its random bytes: the two things the core may not take for itself.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::id::Timestamp;

use crate::failure::{Failure, Outcome};

/// The time.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Random bytes of the system.
///
/// # Errors
/// When the system has none.
pub fn random<const N: usize>() -> Outcome<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|_| Failure::refused("the system gives no random bytes, so no key can be made"))?;
    Ok(bytes)
}
