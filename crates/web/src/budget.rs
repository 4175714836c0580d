//! Bytes that are held at one time: bounded in all, and for each one who sends them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bytes that may be held at one time, of all together and of each `K`.
pub(crate) struct Budget<K>(Arc<Inner<K>>);

struct Inner<K> {
    most: usize,
    share: usize,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    all: usize,
    of: HashMap<K, usize>,
}

/// What one holds of a budget; given back when dropped.
pub(crate) struct Share<K: Copy + Eq + Hash> {
    budget: Arc<Inner<K>>,
    whose: K,
    bytes: usize,
}

impl<K> Inner<K> {
    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Budget<K> {
    /// A budget of `most` bytes, of which each one may hold `share`.
    pub(crate) fn new(most: usize, share: usize) -> Self {
        let held = Mutex::new(Held {
            all: 0,
            of: HashMap::new(),
        });
        Self(Arc::new(Inner { most, share, held }))
    }

    /// A share of which nothing is held yet.
    pub(crate) fn share(&self, whose: K) -> Share<K> {
        Share {
            budget: Arc::clone(&self.0),
            whose,
            bytes: 0,
        }
    }
}

impl<K: Copy + Eq + Hash> Share<K> {
    /// Holds so many bytes more; nothing changes if that is too much. Nobody waits for others to let go:
    /// all of them might.
    #[must_use]
    pub(crate) fn add(&mut self, bytes: usize) -> bool {
        let budget = Arc::clone(&self.budget);
        let mut held = budget.held();
        let own = held.of.get(&self.whose).copied().unwrap_or_default();
        let (all, own) = (held.all.saturating_add(bytes), own.saturating_add(bytes));
        if all > budget.most || own > budget.share {
            return false;
        }
        held.all = all;
        if own > 0 {
            held.of.insert(self.whose, own);
        }
        self.bytes += bytes;
        true
    }
}

impl<K: Copy + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.budget.held();
        held.all = held.all.saturating_sub(self.bytes);
        if let Some(own) = held.of.get_mut(&self.whose) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                held.of.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_holds_more_than_a_share_and_all_together_no_more_than_there_is() {
        let budget = Budget::new(10, 4);
        let mut first = budget.share("a");
        assert!(first.add(4) && !first.add(1));
        let mut second = budget.share("a");
        assert!(!second.add(1));
        let (mut other, mut last) = (budget.share("b"), budget.share("c"));
        assert!(other.add(4) && last.add(2) && !last.add(1));
        drop(first);
        assert!(second.add(2) && last.add(2) && !last.add(1));
        drop((second, other, last));
        assert!(budget.0.held().of.is_empty());
        assert_eq!(budget.0.held().all, 0);
    }
}
