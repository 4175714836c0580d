//! What waits for a height.

use crate::{
    batch::{ITEMS_MAX, Items},
    chain::Chain,
};

/// The most items of one sort that wait for a height.
const WANTED_MAX: usize = 4 * ITEMS_MAX;

/// Items that somebody wants decided.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    items: Items,
    /// Whether all of them are possible at this height, and there is no room for more.
    is_crowded: bool,
}

fn add<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) -> bool {
    let before = known.len();
    for item in more {
        if known.len() < WANTED_MAX && !known.contains(&item) {
            known.push(item);
        }
    }
    known.len() > before
}

/// Keeps those of which a height could have each alone.
fn keep<T: Clone>(chain: &Chain, items: &mut Vec<T>, alone: impl Fn(Vec<T>) -> Items) {
    items.retain(|item| !chain.draft(alone(vec![item.clone()])).0.items.is_empty());
}

impl Wishes {
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// Adds what is new. Closings are not wanted: each node makes them of what it has seen.
    pub fn add(&mut self, items: Items, chain: &Chain) -> bool {
        if self.is_full(&items) && !self.is_crowded {
            // What is impossible must not stand in the way of what is possible.
            self.forget(chain);
            self.is_crowded = self.is_full(&items);
        }
        let known = &mut self.items;
        let added = [
            add(&mut known.answers, items.answers),
            add(&mut known.withdrawals, items.withdrawals),
            add(&mut known.stalls, items.stalls),
            add(&mut known.declarations, items.declarations),
            add(&mut known.openings, items.openings),
        ];
        added.contains(&true)
    }

    /// Forgets what was decided or can no longer be.
    pub fn forget(&mut self, chain: &Chain) {
        let none = Items::default;
        self.is_crowded = false;
        let known = &mut self.items;
        keep(chain, &mut known.answers, |answers| Items {
            answers,
            ..none()
        });
        keep(chain, &mut known.withdrawals, |withdrawals| Items {
            withdrawals,
            ..none()
        });
        keep(chain, &mut known.stalls, |stalls| Items {
            stalls,
            ..none()
        });
        keep(chain, &mut known.declarations, |declarations| Items {
            declarations,
            ..none()
        });
        keep(chain, &mut known.openings, |openings| Items {
            openings,
            ..none()
        });
    }

    /// Whether there is no room for all of these.
    fn is_full(&self, more: &Items) -> bool {
        let known = &self.items;
        let counts = [
            (known.answers.len(), more.answers.len()),
            (known.withdrawals.len(), more.withdrawals.len()),
            (known.stalls.len(), more.stalls.len()),
            (known.declarations.len(), more.declarations.len()),
            (known.openings.len(), more.openings.len()),
        ];
        let mut counts = counts.into_iter();
        counts.any(|(there, more)| more > 0 && there + more > WANTED_MAX)
    }
}
