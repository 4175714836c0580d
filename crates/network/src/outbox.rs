//! The queue of frames to one peer: bounded by count and bytes, never blocking who fills it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

/// Frames waiting for one peer.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
    frames_max: usize,
    bytes_max: usize,
    /// Bytes waiting in all outboxes together.
    all_bytes: Arc<AtomicUsize>,
    all_bytes_max: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

impl Outbox {
    pub(crate) fn new(
        frames_max: usize,
        bytes_max: usize,
        all_bytes: Arc<AtomicUsize>,
        all_bytes_max: usize,
    ) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            frames_max,
            bytes_max,
            all_bytes,
            all_bytes_max,
        }
    }

    /// Appends a frame; false when there is no room.
    pub(crate) fn push(&self, frame: Arc<[u8]>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let length = frame.len();
        if waiting.frames.len() >= self.frames_max || waiting.bytes + length > self.bytes_max {
            return false;
        }
        let before = self.all_bytes.fetch_add(length, Ordering::Relaxed);
        if before + length > self.all_bytes_max {
            self.all_bytes.fetch_sub(length, Ordering::Relaxed);
            return false;
        }
        waiting.bytes += length;
        waiting.frames.push_back(frame);
        drop(waiting);
        self.filled.notify_one();
        true
    }

    /// The next frame if there is one.
    pub(crate) fn try_take(&self) -> Option<Arc<[u8]>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = waiting.frames.pop_front()?;
        waiting.bytes -= frame.len();
        self.all_bytes.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }

    /// Waits until a frame may be there.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Forgets everything that waits.
    pub(crate) fn clear(&self) {
        while self.try_take().is_some() {}
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Arc<[u8]> {
        vec![0; length].into()
    }

    #[test]
    fn a_full_outbox_refuses_and_takes_again_when_there_is_room() {
        let outbox = Outbox::new(2, 10, Arc::default(), 100);
        assert!(outbox.push(frame(4)));
        assert!(!outbox.push(frame(7)), "too many bytes");
        assert!(outbox.push(frame(6)));
        assert!(!outbox.push(frame(0)), "too many frames");
        assert_eq!(outbox.try_take().map(|frame| frame.len()), Some(4));
        assert!(outbox.push(frame(4)));
    }

    #[test]
    fn all_outboxes_share_one_bound_and_give_it_back() {
        let all = Arc::default();
        let first = Outbox::new(9, 10, Arc::clone(&all), 15);
        let second = Outbox::new(9, 10, Arc::clone(&all), 15);
        assert!(first.push(frame(10)));
        assert!(!second.push(frame(6)));
        drop(first);
        assert!(second.push(frame(6)));
        second.clear();
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
