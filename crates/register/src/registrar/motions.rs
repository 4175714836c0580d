//! The versions that a block may be answered with. Each proposal has its own room: whoever writes many
//! versions of one crowds out nobody else's.

use std::collections::{BTreeMap, VecDeque};

use domain::{
    effect::Motion,
    id::{Hash, ProposalId},
};

/// The most versions of one proposal of which the text is known: more than can be meant. Of more, those
/// that were given last.
pub const MOTIONS_MAX: usize = 16;

/// What is known of versions, by proposal.
#[derive(Debug, Default)]
pub(super) struct Motions {
    of: BTreeMap<ProposalId, VecDeque<Motion>>,
}

impl Motions {
    pub fn keep(&mut self, proposal: ProposalId, motion: Motion) {
        let known = self.of.entry(proposal).or_default();
        known.retain(|known| *known != motion);
        known.push_back(motion);
        if known.len() > MOTIONS_MAX {
            known.pop_front();
        }
    }

    pub fn get(&self, proposal: &ProposalId, text: &Hash) -> Option<&Motion> {
        let mut known = self.of.get(proposal)?.iter();
        known.find(|motion| motion.hash() == *text)
    }

    pub fn clear(&mut self) {
        self.of.clear();
    }
}

#[cfg(test)]
mod tests {
    use domain::id::EntryId;

    use super::*;

    fn motion(number: u16) -> Motion {
        Motion {
            title: format!("Version {number}"),
            text: Hash([1; 32]),
            effect: None,
        }
    }

    #[test]
    fn many_versions_of_one_proposal_crowd_out_none_of_another_and_only_older_ones_of_it() {
        let (one, other) = (EntryId([1; 32]), EntryId([2; 32]));
        let mut motions = Motions::default();
        motions.keep(other, motion(0));
        for number in 0..300 {
            motions.keep(one, motion(number));
        }
        let is_known = |proposal: &ProposalId, number: u16| {
            motions.get(proposal, &motion(number).hash()).is_some()
        };
        assert!(is_known(&other, 0));
        assert!(is_known(&one, 299) && !is_known(&one, 0));
        let kept = (0..300).filter(|number| is_known(&one, *number));
        assert_eq!(kept.count(), MOTIONS_MAX);
    }
}
