//! The strengths of classes where some are empty or silent, and shares weighted by them, in whole
//! numbers.

use std::collections::BTreeMap;

use super::Figures;
use crate::charter::{Charter, Class, ClassId};

/// A share of a whole, both counted in the same parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The parts that are meant.
    pub parts: u128,
    /// All parts.
    pub whole: u128,
}

pub(super) fn gcd(one: u128, other: u128) -> u128 {
    match other {
        0 => one,
        _ => gcd(other, one % other),
    }
}

/// The strengths of the classes that take part: their own if all do; otherwise those of the others
/// are shared out in proportion, and no class gets more than half, so that none decides alone. A
/// single class has all.
///
/// Only the proportions of the numbers mean something.
pub(super) fn strengths(
    classes: &[Class],
    takes_part: impl Fn(&ClassId) -> bool,
) -> BTreeMap<ClassId, u64> {
    let present = classes.iter().filter(|class| takes_part(&class.id));
    let mut strengths: BTreeMap<ClassId, u64> = present
        .map(|class| (class.id.clone(), class.strength_percent))
        .collect();
    if strengths.len() < classes.len() {
        let sum: u64 = strengths.values().sum();
        // At most one class can have more than half of what is left.
        let most = strengths.values_mut().max();
        if let Some(most) = most.filter(|most| 2 * **most > sum) {
            let others = sum - *most;
            // Half is as much as all the others have together.
            *most = if others > 0 { others } else { *most };
        }
    }
    strengths
}

/// The strength of each class in which there is something to take a share of.
#[must_use]
pub fn strengths_of(
    charter: &Charter,
    classes: &BTreeMap<ClassId, Figures>,
    of: impl Fn(&Figures) -> u64,
) -> BTreeMap<ClassId, u64> {
    let takes_part = |class: &ClassId| classes.get(class).is_some_and(|figures| of(figures) > 0);
    strengths(&charter.terms().classes, takes_part)
}

/// The sum over the classes of strength × `part` / `of`, as a share of the sum of the strengths.
/// Classes in which `of` is nothing must not be among the strengths.
///
/// At most 10,000 voters in at most 8 classes, so no product comes near the limit of its type.
pub(super) fn share(
    strengths: &BTreeMap<ClassId, u64>,
    classes: &BTreeMap<ClassId, Figures>,
    part: impl Fn(&Figures) -> u64,
    of: impl Fn(&Figures) -> u64,
) -> Share {
    let of = |class: &ClassId| classes.get(class).map_or(0, &of);
    let product: u128 = strengths
        .keys()
        .map(|class| u128::from(of(class)))
        .product();
    let mut share = Share { parts: 0, whole: 0 };
    for (class, strength) in strengths {
        let strength = u128::from(*strength);
        share.whole += strength * product;
        let part = classes.get(class).map_or(0, &part);
        let others = product.checked_div(u128::from(of(class))).unwrap_or(0);
        share.parts += strength * u128::from(part) * others;
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(classes: &[&str]) -> Vec<u64> {
        let charter = Charter::default();
        let takes_part = |class: &ClassId| classes.contains(&class.as_str());
        let strengths = strengths(&charter.terms().classes, takes_part);
        // In the order of the ids: consumer, individual, producer.
        strengths.into_values().collect()
    }

    #[test]
    fn an_empty_class_is_shared_out_and_none_of_the_others_gets_more_than_half() {
        assert_eq!(of(&["producer", "consumer", "individual"]), [35, 25, 40]);
        assert_eq!(
            of(&["producer", "consumer"]),
            [35, 35],
            "40 of 75 is capped"
        );
        assert_eq!(of(&["producer", "individual"]), [25, 25]);
        assert_eq!(of(&["consumer", "individual"]), [25, 25]);
        assert_eq!(of(&["individual"]), [25], "a single class has all");
        assert_eq!(of(&[]), [0; 0]);
    }

    #[test]
    fn a_charter_of_two_unequal_classes_keeps_them_while_both_are_there() {
        let toml = "classes = [\"workers\", \"users\"]\n\
                    [class.workers]\nstrength-percent = 60\n[class.users]\nstrength-percent = 40";
        let charter = Charter::from_toml(toml).unwrap();
        let both = strengths(&charter.terms().classes, |_| true);
        assert_eq!(both.into_values().collect::<Vec<_>>(), [40, 60]);
    }
}
