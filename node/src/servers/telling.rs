//! Telling front ends what servers said, each in its own time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::id::{Hash, TenantId};
use federation::meetings::{Notice, NoticeKind};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Duration, Instant},
};
use web::gateway::telling;

use super::Callers;

/// Front ends that may be told something at one time, those that do not listen included.
const TELLING_MAX: usize = 256;
/// How much of that one tenant may have: one that does not listen must not keep the others waiting.
const TELLING_A_TENANT_MAX: usize = 8;
/// How long it is remembered what was told.
const REMEMBERED: Duration = Duration::from_secs(600);
/// The most that is remembered.
const REMEMBERED_MAX: usize = 4_096;

/// Tells front ends, for ever.
pub async fn tell_front_ends(callers: Callers, mut notices: mpsc::Receiver<Notice>) {
    let (places, mut told) = (Places::default(), Told::default());
    while let Some(notice) = notices.recv().await {
        if !telling::is_meant(&callers.0.site, &notice) {
            tracing::warn!(tenant = %notice.tenant, "a notice with a token of no meeting was refused");
            continue;
        }
        let wait = match told.turn(Instant::now(), &notice) {
            Turn::Now => Duration::ZERO,
            Turn::In(wait) => wait,
            Turn::Never => continue,
        };
        let (callers, places) = (callers.clone(), places.clone());
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            match places.take(notice.tenant) {
                Some(_place) => {
                    let inner = &callers.0;
                    telling::tell(&inner.site, &inner.transports, &notice).await;
                }
                None => {
                    tracing::warn!(tenant = %notice.tenant, "a front end could not be told: too many do not listen");
                }
            }
        });
    }
}

/// Places of those that are being told.
#[derive(Clone)]
struct Places {
    all: Arc<Semaphore>,
    tenants: Arc<Mutex<BTreeMap<TenantId, Arc<Semaphore>>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(TELLING_MAX)),
            tenants: Arc::default(),
        }
    }
}

impl Places {
    fn take(&self, tenant: TenantId) -> Option<[OwnedSemaphorePermit; 2]> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.retain(|_, of| of.available_permits() < TELLING_A_TENANT_MAX);
        let of = tenants
            .entry(tenant)
            .or_insert_with(|| Arc::new(Semaphore::new(TELLING_A_TENANT_MAX)));
        let of = Arc::clone(of).try_acquire_owned().ok()?;
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some([of, all])
    }
}

/// When something is told.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Now,
    In(Duration),
    Never,
}

/// What was told of late. Whoever saw what a server said once can say it again as often as it likes.
#[derive(Default)]
struct Told(BTreeMap<Hash, Last>);

struct Last {
    at: Instant,
    /// Whether it is told once more when it will have been forgotten.
    is_repeated: bool,
}

impl Told {
    /// When a notice is told. That a recording is ready is said of each of its formats in the same words,
    /// so what comes again is told once more, later.
    fn turn(&mut self, now: Instant, notice: &Notice) -> Turn {
        self.0.retain(|_, last| now < last.at + REMEMBERED);
        let tenant = notice.tenant.0;
        let kind = [notice.kind as u8];
        let token = Hash::of(&[notice.token.as_bytes()]).0;
        let same = Hash::of(&[&tenant, &kind, &token, &notice.payload]);
        let Some(last) = self.0.get_mut(&same) else {
            self.remember(same, now);
            return Turn::Now;
        };
        if last.is_repeated || notice.kind != NoticeKind::RecordingReady {
            return Turn::Never;
        }
        let at = last.at + REMEMBERED;
        *last = Last {
            at,
            is_repeated: true,
        };
        Turn::In(at.saturating_duration_since(now))
    }

    fn remember(&mut self, same: Hash, at: Instant) {
        if self.0.len() >= REMEMBERED_MAX {
            let oldest = self.0.iter().min_by_key(|(_, last)| last.at);
            if let Some(oldest) = oldest.map(|(same, _)| *same) {
                self.0.remove(&oldest);
            }
        }
        let last = Last {
            at,
            is_repeated: false,
        };
        self.0.insert(same, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(kind: NoticeKind, payload: &str) -> Notice {
        Notice {
            tenant: TenantId([1; 16]),
            kind,
            token: "sealed".to_owned(),
            payload: payload.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_is_said_again_and_again_is_told_once_more_and_analytics_are_not() {
        let (mut told, begun) = (Told::default(), Instant::now());
        let ready = notice(NoticeKind::RecordingReady, "abc");
        let other = notice(NoticeKind::RecordingReady, "def");
        let analytics = notice(NoticeKind::Analytics, "abc");
        assert_eq!(told.turn(begun, &ready), Turn::Now);
        assert_eq!(told.turn(begun, &other), Turn::Now);
        assert_eq!(told.turn(begun, &analytics), Turn::Now);
        let later = begun + Duration::from_secs(60);
        let rest = REMEMBERED - Duration::from_secs(60);
        assert_eq!(told.turn(later, &ready), Turn::In(rest));
        for _ in 0..3 {
            assert_eq!(told.turn(later, &ready), Turn::Never);
            assert_eq!(told.turn(later, &analytics), Turn::Never);
        }
        let after = begun + REMEMBERED;
        assert_eq!(told.turn(after, &analytics), Turn::Now);
        assert_eq!(told.turn(after, &ready), Turn::Never, "it is told by now");
        assert_eq!(told.turn(after + REMEMBERED, &ready), Turn::Now);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (mut told, begun) = (Told::default(), Instant::now());
        for number in 0..=REMEMBERED_MAX {
            let now = begun + Duration::from_millis(number as u64);
            let notice = notice(NoticeKind::Analytics, &number.to_string());
            assert_eq!(told.turn(now, &notice), Turn::Now);
        }
        assert_eq!(told.0.len(), REMEMBERED_MAX);
        let first = notice(NoticeKind::Analytics, "0");
        assert_eq!(
            told.turn(begun, &first),
            Turn::Now,
            "the oldest is forgotten"
        );
    }

    #[test]
    fn a_tenant_that_does_not_listen_keeps_no_other_waiting() {
        let places = Places::default();
        let take = |tenant: u8| places.take(TenantId([tenant; 16]));
        let mut held: Vec<_> = (0..TELLING_A_TENANT_MAX).filter_map(|_| take(1)).collect();
        assert_eq!(held.len(), TELLING_A_TENANT_MAX);
        assert!(take(1).is_none());
        held.extend(take(2));
        assert_eq!(held.len(), TELLING_A_TENANT_MAX + 1);
        drop(held);
        assert!(take(1).is_some());
    }
}
