//! A set of small numbers.

/// A set of numbers, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number.
    pub fn insert(&mut self, number: usize) {
        let word = number / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % 64);
    }

    /// Adds all of another set.
    pub fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: usize) -> bool {
        let word = self.0.get(number / 64).copied().unwrap_or(0);
        word & 1 << (number % 64) != 0
    }

    /// Whether all of it is in another set.
    pub fn is_within(&self, other: &Self) -> bool {
        let word = |at: usize| other.0.get(at).copied().unwrap_or(0);
        self.0
            .iter()
            .enumerate()
            .all(|(at, own)| own & !word(at) == 0)
    }

    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|number| self.contains(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let mut set = Bits::default();
        for number in [3, 64, 200] {
            set.insert(number);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 64, 200]);
        assert_eq!(
            (set.len(), set.contains(64), set.contains(999)),
            (3, true, false)
        );
        let mut more = Bits::default();
        more.insert(5);
        assert!(!set.is_within(&more));
        more.extend(&set);
        assert!(set.is_within(&more) && !more.is_within(&set));
    }
}
