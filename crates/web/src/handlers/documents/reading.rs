//! What a derived document gives for its page: its text, who wrote what, what had no effect.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{EntryId, MemberId, PersonId},
    key::PublicKey,
    record::Operation,
};
use federation::Core;
use replica::document::{Document, Item as Edit, Outcome};

use super::writer;
use crate::{
    auth::Actor,
    pages::{
        document::{Lost, Passage, Why},
        documents::Writer,
    },
};

/// The most of the reader's changes without effect that are shown, the newest.
const LOST_MAX: usize = 10;
/// The most characters of one of them.
const LOST_CHARACTERS_MAX: usize = 2_000;
/// The most passages of a text whose writers are named.
const PASSAGES_MAX: usize = 4_000;

/// What a derived document gives for its page.
pub(super) struct Read {
    pub title: String,
    pub text: Option<String>,
    pub passages: Option<Vec<(EntryId, PublicKey, String)>>,
    pub writers: Vec<(EntryId, PublicKey)>,
    pub last: Option<Edit>,
    pub waiting: bool,
    pub nearly_full: bool,
    pub began_otherwise: bool,
    pub without: Vec<(Edit, Why)>,
}

impl Read {
    pub(super) fn of(document: &Document, with_passages: bool) -> Self {
        let mut authors = BTreeSet::new();
        let applied =
            |(item, outcome): (&Edit, Outcome)| (outcome == Outcome::Applied).then(|| item.clone());
        let mut writers = Vec::new();
        for (item, outcome) in document.history() {
            let counts = matches!(outcome, Outcome::Applied | Outcome::Earlier);
            if counts && authors.insert(item.author) {
                writers.push((item.id, item.author));
            }
        }
        let pieces = || {
            let pieces = document.pieces().into_iter();
            by_words(pieces.map(|piece| (piece.edit, piece.author, piece.text)))
        };
        Self {
            title: document.title(),
            text: document.is_here().then(|| document.text()),
            passages: with_passages.then(pieces),
            writers,
            last: document.history().filter_map(applied).last(),
            waiting: document
                .items()
                .any(|item| document.outcome(&item.id) == Some(Outcome::Waits)),
            nearly_full: document.is_nearly_full(),
            began_otherwise: document.begins_as_left() == Some(false),
            without: without(document),
        }
    }
}

/// The edits that are not in the text, and why.
pub(crate) fn without(document: &Document) -> Vec<(Edit, Why)> {
    let left = document.left_behind();
    let why = |item: &Edit| {
        Some(match document.outcome(&item.id)? {
            Outcome::Applied => return None,
            Outcome::Faulty(fault) => Why::Faulty(fault.to_string()),
            Outcome::Full => Why::Full,
            Outcome::Waits => Why::Waits,
            Outcome::Earlier if left.contains(&item.id) => Why::LeftBehind,
            Outcome::Earlier => return None,
        })
    };
    let items = document.items();
    items
        .filter_map(|item| Some((item.clone(), why(item)?)))
        .collect()
}

/// Whether a key is a person's, of this member.
fn is_of(core: &Core, member: Option<MemberId>, person: &PersonId, key: &PublicKey) -> bool {
    let known = member.and_then(|member| core.view().granted_by(&member, key));
    known.is_some_and(|known| known.person == Some(*person))
}

/// The words that an edit puts in.
fn inserted(item: &Edit) -> Vec<&str> {
    let inserted = item.edit.operations.iter();
    let inserted = inserted.filter_map(|operation| match operation {
        Operation::Splice { insert, .. } if !insert.trim().is_empty() => Some(insert.as_str()),
        _ => None,
    });
    inserted.collect()
}

fn words_of(item: &Edit) -> String {
    let words = inserted(item).join("\n\n");
    words.chars().take(LOST_CHARACTERS_MAX).collect()
}

pub(super) fn lost(core: &Core, actor: &Actor, member: Option<MemberId>, read: &Read) -> Vec<Lost> {
    let text = read.text.as_deref().unwrap_or("");
    let own = read.without.iter().filter(|(item, _)| {
        // Words that were put in again, or carried over, are not lost.
        let is_there = !inserted(item).is_empty()
            && inserted(item)
                .iter()
                .all(|words| text.contains(words.trim()));
        !is_there && is_of(core, member, &actor.person(), &item.author)
    });
    let mut lost: Vec<Lost> = own
        .map(|(item, why)| Lost {
            at: item.time,
            why: why.clone(),
            words: words_of(item),
        })
        .collect();
    lost.sort_by_key(|lost| std::cmp::Reverse(lost.at));
    lost.truncate(LOST_MAX);
    lost
}

/// The same pieces, with no word in two of them: it is given to who wrote most of it, of equal parts
/// the later one in the text. Changes are made of characters, and readers read words.
fn by_words(
    pieces: impl Iterator<Item = (EntryId, PublicKey, String)>,
) -> Vec<(EntryId, PublicKey, String)> {
    let mut whole: Vec<(EntryId, PublicKey, String)> = Vec::new();
    // The letters at the end of the text so far that belong to one word, by who wrote them.
    let mut word: Vec<(EntryId, PublicKey, String)> = Vec::new();
    let add = |to: &mut Vec<(EntryId, PublicKey, String)>, edit, author, text: &str| match to
        .last_mut()
    {
        Some((_, last, written)) if *last == author => written.push_str(text),
        _ => to.push((edit, author, text.to_owned())),
    };
    let end = |word: &mut Vec<_>, whole: &mut Vec<_>| {
        let parts = std::mem::take(word);
        let most = parts
            .iter()
            .max_by_key(|(_, _, text): &&(_, _, String)| text.len());
        if let Some((edit, author, _)) = most {
            let text: String = parts.iter().map(|(_, _, text)| text.as_str()).collect();
            add(whole, *edit, *author, &text);
        }
    };
    for (edit, author, text) in pieces {
        for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let letters = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            if !letters.is_empty() {
                add(&mut word, edit, author, letters);
            }
            let rest = &part[letters.len()..];
            if !rest.is_empty() {
                end(&mut word, &mut whole);
                add(&mut whole, edit, author, rest);
            }
        }
    }
    end(&mut word, &mut whole);
    whole
}

/// Who wrote what, if it is not in more pieces than anybody would read.
pub(super) fn passages(
    core: &Core,
    pieces: &[(EntryId, PublicKey, String)],
) -> Option<Vec<Passage>> {
    let mut writers: BTreeMap<PublicKey, Writer> = BTreeMap::new();
    let mut passages: Vec<Passage> = Vec::new();
    for pieces in pieces.chunk_by(|a, b| a.1 == b.1) {
        let (edit, author, _) = &pieces[0];
        let known = writers.entry(*author);
        let known = known.or_insert_with(|| writer(core, edit, author));
        if passages.len() == PASSAGES_MAX {
            return None;
        }
        passages.push(Passage {
            writer: known.clone(),
            text: pieces.iter().map(|(_, _, text)| text.as_str()).collect(),
        });
    }
    Some(passages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_belongs_to_who_wrote_most_of_it() {
        let piece = |by: u8, text: &str| (EntryId([by; 32]), PublicKey([by; 32]), text.to_owned());
        let pieces = [
            piece(1, "two peopl"),
            piece(2, "e who can be reached"),
            piece(1, ", and ñ"),
            piece(2, "andú"),
            piece(2, "."),
        ];
        let told = by_words(pieces.into_iter());
        let told: Vec<(u8, &str)> = told
            .iter()
            .map(|(_, by, t)| (by.0[0], t.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (1, "two people"),
                (2, " who can be reached"),
                (1, ", and "),
                (2, "ñandú."),
            ]
        );
        assert!(by_words(std::iter::empty()).is_empty());
    }
}
