//! Who may vote, and how long.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    charter::{Charter, ClassId, RuleName},
    id::MemberId,
};

/// The most voters of one decision.
pub const ELECTORATE_MAX: usize = 10_000;

/// A member that may vote, with its class when voting opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// The member.
    pub member: MemberId,
    /// Its class.
    pub class: ClassId,
}

/// Voters that make no electorate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ElectorateError {
    /// A member that is listed twice.
    #[error("member {0} is listed twice")]
    Repeated(MemberId),
    /// More voters than one decision may have.
    #[error("{found} voters; a decision has at most {most}")]
    TooMany {
        /// How many there are, as far as they were read.
        found: usize,
        /// How many there may be.
        most: usize,
    },
}

/// Who may vote in one decision: fixed when it opens, each member once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Electorate(BTreeMap<MemberId, ClassId>);

impl Electorate {
    /// The electorate of these voters, in any order.
    ///
    /// # Errors
    /// When a member is listed twice, or there are too many.
    pub fn new(voters: impl IntoIterator<Item = Voter>) -> Result<Self, ElectorateError> {
        let mut classes = BTreeMap::new();
        for voter in voters {
            if classes.insert(voter.member, voter.class).is_some() {
                return Err(ElectorateError::Repeated(voter.member));
            }
            check_size(classes.len())?;
        }
        Ok(Self(classes))
    }

    /// How many may vote.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody may vote.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member's class, if it may vote.
    #[must_use]
    pub fn class_of(&self, member: &MemberId) -> Option<&ClassId> {
        self.0.get(member)
    }

    /// The voters by member.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&MemberId, &ClassId)> {
        self.0.iter()
    }
}

impl TryFrom<BTreeMap<MemberId, ClassId>> for Electorate {
    type Error = ElectorateError;

    fn try_from(classes: BTreeMap<MemberId, ClassId>) -> Result<Self, ElectorateError> {
        check_size(classes.len())?;
        Ok(Self(classes))
    }
}

fn check_size(found: usize) -> Result<(), ElectorateError> {
    let most = ELECTORATE_MAX;
    if found > most {
        return Err(ElectorateError::TooMany { found, most });
    }
    Ok(())
}

/// The members that may vote under a rule: those of its classes. A member of a class that the
/// charter does not have may not vote.
#[must_use]
pub fn electorate(
    rule: RuleName,
    charter: &Charter,
    members: &BTreeMap<MemberId, ClassId>,
) -> BTreeMap<MemberId, ClassId> {
    let eligible = &charter.rule(rule).eligible;
    members
        .iter()
        .filter(|(_, class)| {
            charter
                .class(class)
                .is_some_and(|class| eligible.includes(class))
        })
        .map(|(member, class)| (*member, class.clone()))
        .collect()
}

/// How long a vote under a rule is open, in seconds. Every rule has the charter's periods; the rule
/// is asked for because a key for one of them would change the answer here and nowhere else.
#[must_use]
pub fn period(_rule: RuleName, urgent: bool, charter: &Charter) -> u64 {
    let periods = &charter.terms().periods;
    if urgent {
        periods.urgent_seconds
    } else {
        periods.regular_seconds
    }
}

/// How long a block may be integrated after a vote, in seconds.
#[must_use]
pub fn integration(urgent: bool, charter: &Charter) -> u64 {
    let periods = &charter.terms().periods;
    if urgent {
        periods.integration_urgent_seconds
    } else {
        periods.integration_regular_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voter(number: usize) -> Voter {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        Voter {
            member: MemberId(id),
            class: "producer".parse().unwrap(),
        }
    }

    #[test]
    fn a_member_is_listed_once_and_at_most_ten_thousand_are() {
        let full = Electorate::new((0..ELECTORATE_MAX).map(voter)).unwrap();
        assert_eq!(full.len(), ELECTORATE_MAX);
        let one_more = Electorate::new((0..=ELECTORATE_MAX).map(voter));
        assert!(matches!(one_more, Err(ElectorateError::TooMany { .. })));
        assert_eq!(
            Electorate::new([voter(1), voter(1)]),
            Err(ElectorateError::Repeated(voter(1).member))
        );
    }

    #[test]
    fn each_rule_has_the_electorate_the_charter_names() {
        let members: BTreeMap<_, _> = ["producer", "consumer", "individual", "stranger"]
            .iter()
            .enumerate()
            .map(|(number, class)| (voter(number).member, class.parse().unwrap()))
            .collect();
        let of = |rule, toml: &str| {
            let charter = Charter::from_toml(toml).unwrap();
            let voters = electorate(rule, &charter, &members);
            let classes: Vec<_> = voters.values().map(ToString::to_string).collect();
            classes.join(" ")
        };
        let consent = RuleName::Consent;
        assert_eq!(of(consent, ""), "producer consumer");
        assert_eq!(of(RuleName::OneMemberOneVote, ""), "producer consumer");
        let all = "producer consumer individual";
        assert_eq!(of(RuleName::ClassWeighted, ""), all);
        assert_eq!(of(RuleName::Charter, ""), all);
        let setting = |value: &str| format!("rule.consent.electorate = {value}");
        assert_eq!(of(consent, &setting("\"producers\"")), "producer");
        assert_eq!(of(consent, &setting("\"all\"")), all);
        let two = setting("[\"individual\", \"producer\"]");
        assert_eq!(of(consent, &two), "producer individual");
    }

    #[test]
    fn an_urgent_vote_has_its_own_period() {
        let charter = Charter::default();
        assert_eq!(period(RuleName::Consent, false, &charter), 604_800);
        assert_eq!(period(RuleName::Consent, true, &charter), 259_200);
    }
}
