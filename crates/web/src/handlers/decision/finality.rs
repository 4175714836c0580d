//! How final a vote is, as its page shows it.

use domain::id::{EntryId, MemberId};
use federation::finality::{self, Closing as Waits, Told};
use register::order::Ineffective;

use super::view::Reading;
use crate::{
    handlers::views,
    pages::{
        decision::{Closing, Final, Finality, Open, Step, Witnessed},
        parts::Name,
    },
};

/// Where the file is that proves how a vote ended.
pub(crate) fn file_path(vote: &finality::Vote, ended: &finality::Ended) -> String {
    format!("/register/{}/{}.json", ended.height, vote.opening)
}

/// What a decision did by itself, with why it did not.
pub(crate) fn effect_of(
    vote: &finality::Vote,
    ended: &finality::Ended,
) -> Option<(&'static str, Option<String>)> {
    let failed = |result: &Result<(), Ineffective>| result.as_ref().err().map(ToString::to_string);
    Some((vote.effect?, failed(ended.effect.as_ref()?)))
}

impl Reading<'_> {
    pub(super) fn finality(&self) -> Finality {
        match self.core.finality(self.decision) {
            finality::Finality::NotOpened => Finality::NotOpened,
            finality::Finality::NoRegister => Finality::NoRegister,
            finality::Finality::Before => Finality::Before,
            finality::Finality::Awaited => Finality::Awaited,
            finality::Finality::Open(open) => Finality::Open(self.open(&open)),
            finality::Finality::Final(vote, ended) => Finality::Final(Final {
                height: ended.height,
                at: ended.time,
                ending: ended.ending,
                effect: effect_of(vote, ended),
                file: file_path(vote, ended),
            }),
        }
    }

    /// Whether it is over for good, so that no vote can come any more.
    pub(super) fn is_final(&self) -> bool {
        let finality = self.core.finality(self.decision);
        matches!(finality, finality::Finality::Final(..))
    }

    fn open(&self, open: &finality::Open<'_>) -> Open {
        let phase = self.decision.phase.as_ref();
        let counted = phase.map(|phase| &phase.count.counted);
        let of = |ballot: &EntryId| open.witnessed(ballot);
        let own = self.core.member().zip(counted);
        let own = own.and_then(|(own, counted)| of(&counted.get(&own)?.ballot));
        let all = counted.into_iter().flat_map(|counted| counted.values());
        let all: Vec<Option<Witnessed>> = all.map(|counted| of(&counted.ballot)).collect();
        let secured = all.iter().flatten().filter(|one| one.is_secured()).count();
        let closing = open.closing(self.now);
        let chain = self.core.register_chain();
        Open {
            question: open.phase().question,
            seen: open.is_seen(),
            own,
            secured: (secured as u64, all.len() as u64),
            height: chain.map_or(0, |chain| chain.height() + 1),
            again_from: closing.as_ref().and_then(|waits| waits.again_from),
            closing: closing.map(|waits| self.closing(&waits)),
            is_recovery_due: self.core.is_recovery_due(self.now),
        }
    }

    fn closing(&self, waits: &Waits) -> Closing {
        let names = |members: &[MemberId]| -> Vec<Name> {
            let names = members
                .iter()
                .map(|member| views::member(self.core, member));
            names.collect()
        };
        if waits.seals >= waits.needed {
            Closing::Agreement(waits.round.map(u64::from))
        } else if self.now < waits.manifests_from {
            Closing::Ballots(waits.manifests_from)
        } else if self.now <= waits.seals_from {
            Closing::Manifests(waits.seals_from, names(&waits.without_manifest))
        } else {
            let (seals, needed) = (waits.seals as u64, waits.needed as u64);
            Closing::Seals(seals, needed, names(waits.awaited()))
        }
    }

    /// How far a ballot is, while that still matters.
    pub(super) fn witnessed(&self, ballot: &EntryId) -> Option<Witnessed> {
        match self.core.finality(self.decision) {
            finality::Finality::Open(open) => open.witnessed(ballot),
            _ => None,
        }
    }

    /// What the register did with the votes on this proposal.
    pub(super) fn heights(&self) -> Vec<(domain::id::Timestamp, Step)> {
        let heights = self.core.annals().heights();
        let mut steps = Vec::new();
        for vote in self.core.votes_on(self.decision) {
            for told in vote.heights.iter().filter_map(|height| heights.get(height)) {
                let turns = told.told.iter().filter_map(|one| match one {
                    Told::Vote { opening, turn } if *opening == vote.opening => Some(*turn),
                    _ => None,
                });
                let height = told.height;
                steps.extend(turns.map(|turn| (told.time, Step::Height { height, turn })));
            }
        }
        steps
    }
}
