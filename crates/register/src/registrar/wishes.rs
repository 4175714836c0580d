//! What waits for a height.

use crate::{
    batch::{ITEMS_MAX, Items},
    chain::Chain,
};

/// The most items of one sort that wait for a height.
const WANTED_MAX: usize = 4 * ITEMS_MAX;

/// Items that somebody wants decided.
#[derive(Debug, Default)]
pub(super) struct Wishes(Items);

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
        &self.0
    }

    /// Adds what is new. Closings are not wanted: each node makes them of what it has seen.
    pub fn add(&mut self, items: Items) -> bool {
        let known = &mut self.0;
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
        let known = &mut self.0;
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
}
