//! How much power a class and a member have under a rule: the Banzhaf index.
//!
//! A voter is *critical* for those who agree if the proposal passes with it and fails without it.
//! Of all ways in which the others can agree or be against, those are counted in which a voter is
//! critical; its share of the sum over all voters is its power (J. F. Banzhaf, *Weighted Voting
//! Doesn't Work*, 1965). Strength is not power: of 40, 35 and 25 percent any two are more than
//! half, so each has a third.

use std::collections::BTreeMap;

use num_bigint::BigUint;

use super::weights::{Share, strengths};
use crate::charter::{Charter, ClassId, RuleName};

/// How many voters there may be for every case to be gone through,
const VOTERS_MAX: u64 = 1_000;
/// and how many cases of the other classes for one class: some tenths of a second.
const CASES_MAX: u64 = 250_000;

/// A share of all power, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerShare {
    /// In how many cases the voter is critical.
    pub critical: BigUint,
    /// The sum over all voters.
    pub all: BigUint,
}

impl PowerShare {
    /// The share in millionths, rounded down; nothing where nobody is ever critical.
    #[must_use]
    pub fn per_million(&self) -> u32 {
        if self.all == BigUint::ZERO {
            return 0;
        }
        let share = &self.critical * 1_000_000u32 / &self.all;
        u32::try_from(share).unwrap_or(1_000_000)
    }
}

/// The power of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassPower {
    /// How many voters it has.
    pub voters: u64,
    /// The class's share when each class votes as one.
    pub as_one: PowerShare,
    /// The share of all its members together when each votes alone.
    pub together: PowerShare,
    /// The share of one of its members.
    pub each: PowerShare,
}

/// The power of each class with voters under a rule, if all vote and nobody abstains. `None` if
/// there are too many classes and voters to go through every case.
///
/// Of consent then vote it is the power in the vote that decides at last; what the blocks of a
/// class ask for beside is left out.
#[must_use]
pub fn power(
    rule: RuleName,
    charter: &Charter,
    voters: &BTreeMap<ClassId, u64>,
) -> Option<BTreeMap<ClassId, ClassPower>> {
    if voters.values().sum::<u64>() > VOTERS_MAX {
        return None;
    }
    let inhabited = voters.iter().filter(|(_, voters)| **voters > 0);
    let game = Game::new(
        rule,
        charter,
        inhabited.map(|(class, size)| (class.clone(), *size)),
    );
    let blocs = game.critical_blocs();
    let blocs_all: BigUint = blocs.iter().sum();
    let mut members = Vec::new();
    for class in 0..game.sizes.len() {
        members.push(game.critical_members(class)?);
    }
    let weighed = members.iter().zip(&game.sizes);
    let together: Vec<BigUint> = weighed.map(|(each, size)| each * *size).collect();
    let all: BigUint = together.iter().sum();
    let of = |critical: &BigUint, all: &BigUint| PowerShare {
        critical: critical.clone(),
        all: all.clone(),
    };
    let classes = game.classes.iter().enumerate();
    Some(
        classes
            .map(|(index, class)| {
                let power = ClassPower {
                    voters: game.sizes[index],
                    as_one: of(&blocs[index], &blocs_all),
                    together: of(&together[index], &all),
                    each: of(&members[index], &all),
                };
                (class.clone(), power)
            })
            .collect(),
    )
}

/// A vote in which everybody agrees or is against, by class.
struct Game<'a> {
    rule: RuleName,
    charter: &'a Charter,
    classes: Vec<ClassId>,
    sizes: Vec<u64>,
    /// What one who agrees adds to the weighted share, by class, and what all are.
    parts: Vec<u128>,
    whole: u128,
    binomials: Vec<Vec<BigUint>>,
}

impl<'a> Game<'a> {
    fn new(
        rule: RuleName,
        charter: &'a Charter,
        voters: impl Iterator<Item = (ClassId, u64)>,
    ) -> Self {
        let (classes, sizes): (Vec<ClassId>, Vec<u64>) = voters.unzip();
        let strengths = strengths(&charter.terms().classes, |class| classes.contains(class));
        let product: u128 = sizes.iter().map(|size| u128::from(*size)).product();
        let strength = |class| u128::from(strengths.get(class).copied().unwrap_or(0));
        let weighed = classes.iter().zip(&sizes);
        let parts = weighed.map(|(class, size)| strength(class) * (product / u128::from(*size)));
        let (parts, whole) = (
            parts.collect(),
            product * classes.iter().map(strength).sum::<u128>(),
        );
        let binomials = sizes.iter().map(|size| row_of_pascal(*size)).collect();
        Self {
            rule,
            charter,
            classes,
            sizes,
            parts,
            whole,
            binomials,
        }
    }

    /// Whether a proposal passes with so many agreeing in each class and all others against. More
    /// who agree never make it fail.
    fn passes(&self, agree: &[u64]) -> bool {
        let all: u64 = self.sizes.iter().sum();
        let for_it: u64 = agree.iter().sum();
        match self.rule {
            RuleName::Consent => {
                let terms = self.charter.terms();
                all - for_it < terms.minimum_blocks && for_it >= terms.minimum_agrees
            }
            RuleName::OneMemberOneVote | RuleName::ConsentThenVote => 2 * for_it > all,
            RuleName::ClassWeighted => {
                let share = self.share(agree);
                2 * share.parts > share.whole
            }
            RuleName::Charter => {
                let terms = &self.charter.terms().charter_rule;
                let (majority, assent) = (terms.majority, terms.assent);
                let share = self.share(agree);
                let mut classes = agree.iter().zip(&self.sizes);
                for_it * majority.denominator() > all * majority.numerator()
                    && classes.all(|(agree, size)| 2 * agree > *size)
                    && share.parts * u128::from(assent.denominator())
                        >= share.whole * u128::from(assent.numerator())
            }
        }
    }

    /// The sum of strength × share of those who agree.
    fn share(&self, agree: &[u64]) -> Share {
        let agree = agree.iter().map(|agree| u128::from(*agree));
        Share {
            parts: agree
                .zip(&self.parts)
                .map(|(agree, part)| agree * part)
                .sum(),
            whole: self.whole,
        }
    }

    /// In how many cases each class is critical when each votes as one.
    fn critical_blocs(&self) -> Vec<BigUint> {
        let count = self.classes.len();
        let agree = |case: u32| -> Vec<u64> {
            let sizes = self.sizes.iter().enumerate();
            sizes
                .map(|(class, size)| if case >> class & 1 == 1 { *size } else { 0 })
                .collect()
        };
        let critical = |class: usize| {
            let cases = (0..1u32 << count).filter(|case| case >> class & 1 == 1);
            let critical = cases.filter(|case| {
                self.passes(&agree(*case)) && !self.passes(&agree(case ^ 1 << class))
            });
            BigUint::from(critical.count())
        };
        (0..count).map(critical).collect()
    }

    /// In how many cases one member of a class is critical.
    ///
    /// For each number of agrees in the other classes there is one number in its own from which on
    /// a proposal passes; the member is critical when just one fewer of its fellows agree.
    fn critical_members(&self, class: usize) -> Option<BigUint> {
        let others: Vec<usize> = (0..self.sizes.len())
            .filter(|other| *other != class)
            .collect();
        let cases = others.iter().try_fold(1u64, |cases, other| {
            cases.checked_mul(self.sizes[*other] + 1)
        })?;
        if cases > CASES_MAX {
            return None;
        }
        let fellows = row_of_pascal(self.sizes[class] - 1);
        let mut critical = BigUint::ZERO;
        let mut agree = vec![0; self.sizes.len()];
        for case in 0..cases {
            let mut rest = case;
            let mut ways = BigUint::from(1u32);
            for other in &others {
                let base = self.sizes[*other] + 1;
                agree[*other] = rest % base;
                ways *= &self.binomials[*other][agree[*other] as usize];
                rest /= base;
            }
            if let Some(needed) = self.needed(&mut agree, class).filter(|needed| *needed > 0) {
                critical += ways * &fellows[needed as usize - 1];
            }
        }
        Some(critical)
    }

    /// How many of a class must agree, if any number is enough.
    fn needed(&self, agree: &mut [u64], class: usize) -> Option<u64> {
        let (mut low, mut high) = (0, self.sizes[class]);
        agree[class] = high;
        if !self.passes(agree) {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            agree[class] = middle;
            if self.passes(agree) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(high)
    }
}

/// The binomial coefficients of `size`.
fn row_of_pascal(size: u64) -> Vec<BigUint> {
    let mut row = vec![BigUint::from(1u32)];
    for index in 0..size {
        let last = &row[index as usize];
        let next = last * (size - index) / (index + 1);
        row.push(next);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voters(sizes: &[(&str, u64)]) -> BTreeMap<ClassId, u64> {
        let sizes = sizes.iter();
        sizes
            .map(|(class, size)| (class.parse().unwrap(), *size))
            .collect()
    }

    fn shares(rule: RuleName, sizes: &[(&str, u64)]) -> Vec<(u32, u32, u32)> {
        let power = power(rule, &Charter::default(), &voters(sizes)).unwrap();
        let millionths = |power: &ClassPower| {
            (
                power.as_one.per_million(),
                power.together.per_million(),
                power.each.per_million(),
            )
        };
        power.values().map(millionths).collect()
    }

    const MODEL: [(&str, u64); 3] = [("consumer", 3), ("individual", 1), ("producer", 10)];

    #[test]
    fn any_two_of_three_classes_are_more_than_half_so_each_has_a_third() {
        let blocs: Vec<u32> = shares(RuleName::ClassWeighted, &MODEL)
            .into_iter()
            .map(|share| share.0)
            .collect();
        assert_eq!(blocs, [333_333, 333_333, 333_333]);
    }

    #[test]
    fn heads_have_equal_power_where_heads_are_counted() {
        for rule in [RuleName::Consent, RuleName::OneMemberOneVote] {
            for (_, together, each) in shares(rule, &MODEL) {
                assert_eq!(each, 71_428, "{rule}: one of fourteen");
                assert!(together >= each);
            }
        }
    }

    #[test]
    fn of_two_classes_that_must_both_agree_each_has_half() {
        let sizes = [("consumer", 20), ("producer", 5)];
        let blocs = shares(RuleName::ClassWeighted, &sizes);
        assert_eq!((blocs[0].0, blocs[1].0), (500_000, 500_000));
        let blocs = shares(RuleName::Charter, &MODEL);
        assert!(blocs.iter().all(|share| share.0 == 333_333), "{blocs:?}");
    }

    /// The same by going through every case of every voter.
    #[test]
    fn it_is_what_counting_every_case_gives() {
        for rule in RuleName::ALL {
            let charter = Charter::default();
            let sizes = voters(&[("consumer", 3), ("individual", 2), ("producer", 4)]);
            let game = Game::new(rule, &charter, sizes.clone().into_iter());
            let class_of = [0, 0, 0, 1, 1, 2, 2, 2, 2];
            let agree = |case: u32| {
                let mut agree = vec![0; 3];
                for (voter, class) in class_of.iter().enumerate() {
                    agree[*class] += u64::from(case >> voter & 1);
                }
                agree
            };
            let power = power(rule, &charter, &sizes).unwrap();
            for (voter, class) in class_of.iter().enumerate() {
                let cases = (0..1u32 << 9).filter(|case| case >> voter & 1 == 1);
                let critical = cases.filter(|case| {
                    game.passes(&agree(*case)) && !game.passes(&agree(case ^ 1 << voter))
                });
                let each = &power[&game.classes[*class]].each;
                assert_eq!(
                    each.critical,
                    BigUint::from(critical.count()),
                    "{rule} {voter}"
                );
            }
        }
    }

    #[test]
    fn five_hundred_members_are_gone_through_and_too_many_classes_are_not() {
        let sizes = [("consumer", 170), ("individual", 170), ("producer", 160)];
        let all: u32 = shares(RuleName::ClassWeighted, &sizes)
            .iter()
            .map(|share| share.1)
            .sum();
        assert!((999_990..=1_000_000).contains(&all));
        let crowd = voters(&[("individual", 1_001)]);
        assert_eq!(power(RuleName::Charter, &Charter::default(), &crowd), None);
        let many: Vec<String> = (0..8).map(|number| format!("c{number}")).collect();
        let sizes: Vec<(&str, u64)> = many.iter().map(|class| (&**class, 60)).collect();
        let rule = RuleName::OneMemberOneVote;
        assert_eq!(power(rule, &Charter::default(), &voters(&sizes)), None);
    }

    #[test]
    fn nobody_has_power_where_nobody_votes() {
        assert_eq!(shares(RuleName::ClassWeighted, &[]), []);
        assert_eq!(
            shares(RuleName::Charter, &[("producer", 1)]),
            [(1_000_000, 1_000_000, 1_000_000)]
        );
    }
}
