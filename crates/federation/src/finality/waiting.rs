//! For whom the register waits, and since when.

use std::collections::BTreeSet;

use domain::{
    id::{MemberId, Timestamp},
    key::PublicKey,
};
use register::{
    chain::Chain,
    recovery::{Base, State},
    registrar::{Message, Registrar, Topic},
};

use super::{Closing, Vote};
use crate::Core;

/// What does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited<'a> {
    /// The closing of a vote whose time is over.
    Closing(&'a Vote),
    /// Agreement on the next height.
    Height {
        /// The height.
        height: u64,
        /// The round, from 0.
        round: u32,
    },
}

/// Something in the register that waits for validators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// What.
    pub what: Awaited<'a>,
    /// Since when it could have gone on.
    pub since: Timestamp,
    /// Whose part is missing.
    pub members: Vec<MemberId>,
}

impl Closing {
    /// For whom it waits: who has not said what it holds, while nobody can seal for want of that; then
    /// who has not sealed.
    #[must_use]
    pub fn awaited(&self) -> &[MemberId] {
        match self.manifests < self.needed {
            true => &self.without_manifest,
            false => &self.without_seal,
        }
    }

    /// Whether it waits for validators longer than they may need.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.seals < self.needed && now > self.seals_from
    }
}

impl Core {
    /// What in the register waits for validators longer than they may need.
    #[must_use]
    pub fn waiting(&self, now: Timestamp) -> Vec<Waiting<'_>> {
        let (Some(registrar), Some(chain)) = (self.registrar(), self.register_chain()) else {
            return Vec::new();
        };
        let closings = chain.phases().keys().filter_map(|phase| {
            let open = self.open(chain, phase)?;
            let closing = open.closing(now).filter(|closing| closing.is_late(now))?;
            Some(Waiting {
                what: Awaited::Closing(open.vote),
                since: closing.seals_from,
                members: closing.awaited().to_vec(),
            })
        });
        closings
            .chain(self.waiting_height(now, registrar, chain))
            .collect()
    }

    fn waiting_height(
        &self,
        now: Timestamp,
        registrar: &Registrar,
        chain: &Chain,
    ) -> Option<Waiting<'_>> {
        let (since, round) = (registrar.open_since()?, registrar.round()?);
        let terms = chain.order().charter().terms();
        let bound_ms = 1_000 * (terms.gossip_bound_seconds + 2 * terms.clock_bound_seconds);
        if now <= since.plus_ms(bound_ms) {
            return None;
        }
        let height = chain.height() + 1;
        let said = self.register.messages.get(&Topic::Height(height));
        let said = said.into_iter().flatten();
        let of_round = said.filter(|(_, message)| match message {
            Message::Agreement(one) => one.epoch() == chain.epoch() && one.round() >= round,
            _ => false,
        });
        let carriers = &self.register.carriers;
        let heard: BTreeSet<&PublicKey> = of_round
            .flat_map(|(hash, _)| carriers.authors(hash))
            .collect();
        let all = chain.validators().iter();
        let silent = all.filter(|(_, one)| !heard.contains(&one.key));
        let members: Vec<MemberId> = silent.map(|(_, one)| one.member).collect();
        // While a quorum speaks it is only slow.
        let sizes = chain.validators().sizes();
        (sizes.all() - members.len() < sizes.quorum()).then_some(Waiting {
            what: Awaited::Height { height, round },
            since,
            members,
        })
    }

    /// Whether people have to look at the recovery of the register: one is announced and not settled, or
    /// the register has waited for validators as long as the notice of one takes.
    #[must_use]
    pub fn is_recovery_due(&self, now: Timestamp) -> bool {
        let Some(chain) = self.register_chain() else {
            return false;
        };
        let notice_ms = Base::of(chain).notice_ms;
        let mut waiting = self.waiting(now).into_iter();
        let is_open = |state: &State| !matches!(state, State::Stopped { .. });
        let mut known = self.recoveries(now).into_iter();
        waiting.any(|one| one.since.plus_ms(notice_ms) <= now)
            || known.any(|one| !one.is_followed && one.state.as_ref().is_ok_and(is_open))
    }

    /// When a validator's key signed something last, by its own date.
    #[must_use]
    pub fn last_signed(&self, key: &PublicKey) -> Option<Timestamp> {
        self.register.recovery.last_sign(key)
    }
}
