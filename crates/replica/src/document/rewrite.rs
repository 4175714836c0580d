//! How the change of a whole text becomes operations.

use domain::{
    record::{EDIT_WEIGHT_MAX, INSERT_BYTES_MAX, OPERATIONS_MAX, Object, Operation},
    text::TEXT_BYTES_MAX,
};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The most pieces of both texts that are compared one by one: the time grows with the square.
const PIECES_MAX: usize = 4_096;
/// The most bytes that the texts of one edit insert, so that it fits into an entry.
const EDIT_BYTES_MAX: usize = 40 * 1024;

/// The splices of the document's text that make `old` into `new`, in edits that each keep the
/// limits and build on the one before; none if nothing changes. Whole words are replaced rather
/// than single letters, so that what two people write at one place stays readable.
#[must_use]
pub fn rewrite(old: &str, new: &str) -> Vec<Vec<Operation>> {
    let mut edits = Edits::default();
    let replacements = replacements(old, new);
    let mut length = old.len();
    let grows_too_long = replacements.iter().any(|(_, deleted, inserted)| {
        length = length + inserted.len() - deleted.len();
        length > TEXT_BYTES_MAX
    });
    let mut position = 0;
    if grows_too_long && new.len() <= TEXT_BYTES_MAX {
        // What goes makes room for what comes: no text on the way may be too long either.
        for (kept, deleted, _) in &replacements {
            position += kept;
            edits.replace(position, deleted.chars().count(), "");
        }
        position = 0;
        for (kept, _, inserted) in &replacements {
            position += kept;
            edits.replace(position, 0, inserted);
            position += inserted.chars().count();
        }
        return edits.done();
    }
    for (kept, deleted, inserted) in replacements {
        position += kept;
        edits.replace(position, deleted.chars().count(), inserted);
        position += inserted.chars().count();
    }
    edits.done()
}

/// How many characters are kept, then what is deleted, then what is inserted.
fn replacements<'a>(old: &'a str, new: &'a str) -> Vec<(usize, &'a str, &'a str)> {
    let (start, end) = common_ends(old, new);
    let before = &old[start..old.len() - end];
    let after = &new[start..new.len() - end];
    let mut kept = old[..start].chars().count();
    let mut found = Vec::new();
    let mut add = |kept: &mut usize, before: &'a str, after: &'a str| {
        let (start, end) = common_ends(before, after);
        let deleted = &before[start..before.len() - end];
        let inserted = &after[start..after.len() - end];
        if deleted.len() + inserted.len() > 0 {
            found.push((*kept + before[..start].chars().count(), deleted, inserted));
            *kept = 0;
        } else {
            *kept += before[..start].chars().count();
        }
        *kept += before[before.len() - end..].chars().count();
    };
    let by = |pieces: fn(&str) -> Vec<&str>| {
        let (before, after) = (pieces(before), pieces(after));
        before.len() + after.len() <= PIECES_MAX
    };
    let pieces: fn(&str) -> Vec<&str> = if by(words) {
        words
    } else if by(lines) {
        lines
    } else {
        |text| vec![text]
    };
    let (old, new) = (pieces(before), pieces(after));
    let text = |pieces: &[&str]| pieces.iter().map(|piece| piece.len()).sum::<usize>();
    let (mut at_old, mut at_new) = (0, 0);
    for step in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (from, to) = (step.old_range(), step.new_range());
        let (length, length_after) = (text(&old[from]), text(&new[to]));
        let from = &before[at_old..at_old + length];
        let to = &after[at_new..at_new + length_after];
        match step {
            DiffOp::Equal { .. } => kept += from.chars().count(),
            _ => add(&mut kept, from, to),
        }
        at_old += length;
        at_new += length_after;
    }
    found
}

/// How many bytes two texts share at the beginning and, beyond that, at the end.
fn common_ends(one: &str, other: &str) -> (usize, usize) {
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    let start: usize = shared.map(|(a, _)| a.len_utf8()).sum();
    let rest = one[start..].chars().rev().zip(other[start..].chars().rev());
    let end = rest.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
    (start, end.sum())
}

/// A text in words, spaces and single signs.
fn words(text: &str) -> Vec<&str> {
    let sort = |c: char| match c {
        c if c.is_alphanumeric() => 1,
        ' ' | '\t' => 2,
        _ => 0,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        if last.is_some_and(|last| last == 0 || last != sort(c)) {
            words.push(&text[start..at]);
            start = at;
        }
        last = Some(sort(c));
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Operations parted into edits.
#[derive(Default)]
struct Edits {
    whole: Vec<Vec<Operation>>,
    open: Vec<Operation>,
    weight: u64,
    bytes: usize,
}

impl Edits {
    fn replace(&mut self, position: usize, deleted: usize, inserted: &str) {
        let (mut position, mut deleted, mut rest) = (position, deleted, inserted);
        while deleted > 0 || !rest.is_empty() {
            let most = usize::try_from(EDIT_WEIGHT_MAX).unwrap_or(usize::MAX) / 2;
            let delete = deleted.min(most);
            let mut length = rest.len().min(INSERT_BYTES_MAX);
            while !rest.is_char_boundary(length) {
                length -= 1;
            }
            let (insert, after) = rest.split_at(length);
            self.push(position, delete, insert);
            position += insert.chars().count();
            (deleted, rest) = (deleted - delete, after);
        }
    }

    fn push(&mut self, position: usize, delete: usize, insert: &str) {
        let operation = Operation::Splice {
            object: Object::Text,
            position: position as u64,
            delete: delete as u64,
            insert: insert.to_owned(),
        };
        let is_full = self.open.len() == OPERATIONS_MAX
            || self.weight + operation.weight() > EDIT_WEIGHT_MAX
            || self.bytes + insert.len() > EDIT_BYTES_MAX;
        if is_full {
            self.close();
        }
        self.weight += operation.weight();
        self.bytes += insert.len();
        self.open.push(operation);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.whole.push(std::mem::take(&mut self.open));
        }
        (self.weight, self.bytes) = (0, 0);
    }

    fn done(mut self) -> Vec<Vec<Operation>> {
        self.close();
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn applied(old: &str, edits: &[Vec<Operation>]) -> String {
        let mut text: Vec<char> = old.chars().collect();
        for operation in edits.iter().flatten() {
            let Operation::Splice {
                position,
                delete,
                insert,
                ..
            } = operation
            else {
                panic!("only splices are made");
            };
            let start = *position as usize;
            text.splice(start..start + *delete as usize, insert.chars());
        }
        text.into_iter().collect()
    }

    proptest! {
        #[test]
        fn the_operations_make_the_old_text_into_the_new(
            old in "([a-cñ日]{1,3}[ \n.]){0,20}",
            new in "([a-cñ日]{1,3}[ \n.]){0,20}",
        ) {
            let edits = rewrite(&old, &new);
            prop_assert_eq!(applied(&old, &edits), new.clone());
            prop_assert_eq!(edits.is_empty(), old == new);
        }
    }

    #[test]
    fn a_changed_word_is_one_splice() {
        let edits = rewrite("We share the servers.", "We share our servers.");
        let expected = Operation::Splice {
            object: Object::Text,
            position: 9,
            delete: 3,
            insert: "our".to_owned(),
        };
        assert_eq!(edits, [vec![expected]]);
    }

    #[test]
    fn two_changes_far_apart_leave_what_is_between() {
        let old = "one two three four five";
        let edits = rewrite(old, "one 2 three four 5");
        assert_eq!(edits[0].len(), 2);
        assert_eq!(applied(old, &edits), "one 2 three four 5");
    }

    #[test]
    fn no_text_on_the_way_is_longer_than_a_text_may_be() {
        let (many, few) = ("many words\n".repeat(24_000), "few\n".repeat(3_000));
        let half = "\nthe same in both\n".repeat(12_000);
        let (old, new) = (format!("{few}{half}{many}"), format!("{many}{half}{few}"));
        assert!(old.len() < TEXT_BYTES_MAX && old.len() + many.len() > TEXT_BYTES_MAX);
        let edits = rewrite(&old, &new);
        for count in 0..edits.len() {
            assert!(applied(&old, &edits[..=count]).len() <= TEXT_BYTES_MAX);
        }
        assert_eq!(applied(&old, &edits), new);
    }

    #[test]
    fn a_long_text_is_parted_into_edits_that_keep_the_limits() {
        let (old, new) = ("ñ word\n".repeat(20_000), "other ñ\n".repeat(30_000));
        let edits = rewrite(&old, &new);
        assert!(edits.len() > 3);
        for operations in &edits {
            let edit = domain::record::Edit {
                document: Some(domain::id::EntryId([1; 32])),
                start: None,
                operations: operations.clone(),
            };
            assert_eq!(edit.check(), Ok(()));
        }
        assert_eq!(applied(&old, &edits), new);
    }
}
