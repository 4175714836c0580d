//! What waits for a height.
//!
//! Anybody's node can hand on bytes that say they are another member's, and any member can want without
//! end. So what waits is signed for a member, each member has its own room, and nobody takes another's.

use std::collections::BTreeSet;

use domain::record::{Kind, Opening, Withdrawal};

use crate::{
    batch::{Answers, ITEMS_MAX, Items, Mandated, Opened, Stall},
    chain::Chain,
    declaration::Declaration,
    says::Answer,
};

/// The most items of one sort of one member that wait for a height.
const OF_ONE_MAX: usize = 8;
/// The most stalls that wait: there is one of a phase, and this node makes them itself.
const STALLS_MAX: usize = 4 * ITEMS_MAX;
/// The most items of one sort that no member has signed: one who becomes a member with the next height, or
/// gets another root key with it, may have.
const EARLY_MAX: usize = ITEMS_MAX;

/// Items that somebody wants decided.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    items: Items,
    /// What no member of this height has signed: looked at once more at the next one.
    early: Items,
    /// Sorts and keys of which as many wait as may, all of them possible at this height.
    crowded: BTreeSet<(Sort, [u8; 32])>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Answer,
    Withdrawal,
    Declaration,
    Opening,
}

/// A sort of items that members want.
trait Wish: Clone + PartialEq {
    const SORT: Sort;

    fn list(items: &mut Items) -> &mut Vec<Self>;

    /// The member, or the root key, that it says it is signed for.
    fn claims(&self) -> [u8; 32];

    /// Whether it is, as far as this height knows members.
    fn is_signed(&self, chain: &Chain) -> bool;

    /// Whether a height could have it, if it had nothing else.
    fn is_possible(&self, chain: &Chain) -> bool {
        let mut alone = Items::default();
        Self::list(&mut alone).push(self.clone());
        !chain.draft(alone).0.items.is_empty()
    }
}

impl Wish for Answers {
    const SORT: Sort = Sort::Answer;

    fn list(items: &mut Items) -> &mut Vec<Self> {
        &mut items.answers
    }

    fn claims(&self) -> [u8; 32] {
        self.answer.mandate.header.author.0
    }

    fn is_signed(&self, chain: &Chain) -> bool {
        chain.is_written::<Answer>(&self.answer, Kind::Answer)
    }
}

/// A withdrawal.
impl Wish for Mandated {
    const SORT: Sort = Sort::Withdrawal;

    fn list(items: &mut Items) -> &mut Vec<Self> {
        &mut items.withdrawals
    }

    fn claims(&self) -> [u8; 32] {
        self.mandate.header.author.0
    }

    fn is_signed(&self, chain: &Chain) -> bool {
        chain.is_written::<Withdrawal>(self, Kind::Withdrawal)
    }
}

impl Wish for Declaration {
    const SORT: Sort = Sort::Declaration;

    fn list(items: &mut Items) -> &mut Vec<Self> {
        &mut items.declarations
    }

    fn claims(&self) -> [u8; 32] {
        self.member.0
    }

    fn is_signed(&self, chain: &Chain) -> bool {
        let member = chain.order().members().get(&self.member);
        member.is_some_and(|member| self.verify(&chain.federation(), &member.root).is_ok())
    }
}

impl Wish for Opened {
    const SORT: Sort = Sort::Opening;

    fn list(items: &mut Items) -> &mut Vec<Self> {
        &mut items.openings
    }

    fn claims(&self) -> [u8; 32] {
        self.opening.mandate.header.author.0
    }

    fn is_signed(&self, chain: &Chain) -> bool {
        chain.is_written::<Opening>(&self.opening, Kind::Opening)
    }
}

impl Wishes {
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// Adds what is new. Closings are not wanted: each node makes them of what it has seen.
    pub fn add(&mut self, items: Items, chain: &Chain) -> bool {
        let added = [
            self.add_all(items.answers, chain),
            self.add_all(items.withdrawals, chain),
            self.add_stalls(items.stalls),
            self.add_all(items.declarations, chain),
            self.add_all(items.openings, chain),
        ];
        added.contains(&true)
    }

    fn add_all<T: Wish>(&mut self, more: Vec<T>, chain: &Chain) -> bool {
        let mut is_new = false;
        for item in more {
            is_new |= self.add_one(item, chain);
        }
        is_new
    }

    fn add_one<T: Wish>(&mut self, item: T, chain: &Chain) -> bool {
        if T::list(&mut self.items).contains(&item) {
            return false;
        }
        if !item.is_signed(chain) {
            let early = T::list(&mut self.early);
            if !early.contains(&item) {
                // What is only claimed makes room for what comes later.
                early.truncate(EARLY_MAX - 1);
                early.insert(0, item);
            }
            return false;
        }
        let who = item.claims();
        let crowd = (T::SORT, who);
        if self.crowded.contains(&crowd) {
            return false;
        }
        let known = T::list(&mut self.items);
        let is_full = |known: &[T]| {
            let of_one = known.iter().filter(|known| known.claims() == who);
            of_one.count() >= OF_ONE_MAX
        };
        if is_full(known) {
            // What is impossible must not stand in the way of what is possible.
            known.retain(|known| known.claims() != who || known.is_possible(chain));
            if is_full(known) {
                self.crowded.insert(crowd);
                return false;
            }
        }
        known.push(item);
        true
    }

    fn add_stalls(&mut self, more: Vec<Stall>) -> bool {
        let known = &mut self.items.stalls;
        let before = known.len();
        for stall in more {
            if known.len() < STALLS_MAX && !known.contains(&stall) {
                known.push(stall);
            }
        }
        known.len() > before
    }

    /// Forgets what was decided or can no longer be, and looks again at what came too early.
    pub fn forget(&mut self, chain: &Chain) {
        self.crowded.clear();
        self.keep::<Answers>(chain);
        self.keep::<Mandated>(chain);
        self.keep::<Declaration>(chain);
        self.keep::<Opened>(chain);
        self.items.stalls.retain(|stall| {
            let alone = Items {
                stalls: vec![stall.clone()],
                ..Items::default()
            };
            !chain.draft(alone).0.items.is_empty()
        });
        let early = std::mem::take(&mut self.early);
        self.add(early, chain);
        self.early = Items::default();
    }

    /// Keeps those that a height could have.
    fn keep<T: Wish>(&mut self, chain: &Chain) {
        T::list(&mut self.items).retain(|item| item.is_possible(chain));
    }
}
