//! How many voters did what.

use std::collections::BTreeMap;

use super::{Choice, Electorate};
use crate::{
    charter::{Charter, ClassId},
    id::MemberId,
};

/// How many voters did what, in the electorate or in one class of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// May vote.
    pub eligible: u64,
    /// Have a ballot that counts.
    pub cast: u64,
    /// Agree.
    pub agree: u64,
    /// Abstain without standing aside, ballots in conflict included.
    pub abstain: u64,
    /// Stand aside.
    pub stand_aside: u64,
    /// Block.
    pub block: u64,
    /// Disagree.
    pub disagree: u64,
    /// Block, or disagree where the charter allows it.
    pub against: u64,
}

impl Figures {
    pub(super) fn add(&mut self, choice: Choice, disagree_allowed: bool) {
        self.cast += 1;
        match choice {
            Choice::Agree => self.agree += 1,
            Choice::Abstain => self.abstain += 1,
            Choice::StandAside => self.stand_aside += 1,
            Choice::Block => self.block += 1,
            Choice::Disagree => self.disagree += 1,
        }
        let against = choice == Choice::Block || (choice == Choice::Disagree && disagree_allowed);
        self.against += u64::from(against);
    }
}

/// The figures of each class of the charter or the electorate.
pub(super) fn by_class(
    charter: &Charter,
    electorate: &Electorate,
    choice_of: impl Fn(&MemberId) -> Option<Choice>,
) -> BTreeMap<ClassId, Figures> {
    let terms = charter.terms();
    let mut classes: BTreeMap<ClassId, Figures> = terms
        .classes
        .iter()
        .map(|class| (class.id.clone(), Figures::default()))
        .collect();
    for (member, class) in electorate.iter() {
        let figures = classes.entry(class.clone()).or_default();
        figures.eligible += 1;
        // Asked for by voter, so that a count of another electorate can add nobody.
        if let Some(choice) = choice_of(member) {
            figures.add(choice, terms.disagree_allowed);
        }
    }
    classes
}

pub(super) fn sum<'a>(classes: impl Iterator<Item = &'a Figures>) -> Figures {
    // At most 10,000 voters, so no sum comes near the limit of its type.
    classes.fold(Figures::default(), |sum, class| Figures {
        eligible: sum.eligible + class.eligible,
        cast: sum.cast + class.cast,
        agree: sum.agree + class.agree,
        abstain: sum.abstain + class.abstain,
        stand_aside: sum.stand_aside + class.stand_aside,
        block: sum.block + class.block,
        disagree: sum.disagree + class.disagree,
        against: sum.against + class.against,
    })
}
