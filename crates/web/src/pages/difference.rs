//! What changed between two texts: lines first, then the words of changed lines, with what was
//! removed struck and what was added underlined, each said aloud too.

use std::cmp::Ordering;

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use crate::catalogue::Language;

/// Above this many pairs of changed lines they are not aligned: all that was there is shown as
/// removed, all that is there as added, so that a hostile text cannot keep a page busy.
const PAIRS_MAX: usize = 2_500;

/// Above this many words a changed line is shown whole instead of word by word.
const WORDS_MAX: usize = 1_000;

/// In per cent: two lines with more words than this in common are versions of one line.
const ALIKE_MIN: usize = 50;

/// A piece of text and whether it stayed, went or came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    tag: ChangeTag,
    text: String,
}

/// The new text with its changes against the old one.
pub(crate) fn marked(say: Language, old: &str, new: &str) -> Markup {
    let pieces = pieces(&normal(old), &normal(new));
    let mut paragraphs: Vec<Vec<Vec<Piece>>> = vec![vec![Vec::new()]];
    for piece in pieces {
        for (number, line) in piece.text.split('\n').enumerate() {
            let paragraph = paragraphs
                .last_mut()
                .expect("starts with one and only grows");
            if number > 0 {
                // An empty line ends the paragraph.
                if paragraph.last().is_some_and(Vec::is_empty) && paragraph.len() > 1 {
                    paragraphs.push(vec![Vec::new()]);
                } else {
                    paragraph.push(Vec::new());
                }
            }
            let lines = paragraphs
                .last_mut()
                .expect("starts with one and only grows");
            if let (Some(last), false) = (lines.last_mut(), line.is_empty()) {
                last.push(Piece {
                    tag: piece.tag,
                    text: line.to_owned(),
                });
            }
        }
    }
    html! {
        @for paragraph in &paragraphs {
            @let lines: Vec<&Vec<Piece>> = paragraph.iter().filter(|line| !line.is_empty()).collect();
            @if !lines.is_empty() {
                p {
                    @for (number, line) in lines.iter().enumerate() {
                        @if number > 0 { br; }
                        @for piece in *line { (render(say, piece)) }
                    }
                }
            }
        }
    }
}

/// One kind of line end, and one after the last line too.
fn normal(text: &str) -> String {
    format!("{}\n", text.replace("\r\n", "\n").trim_end_matches('\n'))
}

fn render(say: Language, piece: &Piece) -> Markup {
    match piece.tag {
        ChangeTag::Equal => html! { (piece.text) },
        ChangeTag::Delete => {
            html! { del { span.vh { (say.removed_aloud()) " " } (piece.text) } }
        }
        ChangeTag::Insert => html! { ins { span.vh { (say.added_aloud()) " " } (piece.text) } },
    }
}

fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let before = &old[start..old.len() - end];
    let after = &new[start..new.len() - end];
    let mut pieces = Vec::new();
    push(&mut pieces, ChangeTag::Equal, &new[..start].concat());
    let (mut removed, mut added) = (0, 0);
    for (i, j) in aligned(before, after) {
        push(&mut pieces, ChangeTag::Delete, &before[removed..i].concat());
        push(&mut pieces, ChangeTag::Insert, &after[added..j].concat());
        words(&mut pieces, before[i], after[j]);
        (removed, added) = (i + 1, j + 1);
    }
    push(&mut pieces, ChangeTag::Delete, &before[removed..].concat());
    push(&mut pieces, ChangeTag::Insert, &after[added..].concat());
    push(
        &mut pieces,
        ChangeTag::Equal,
        &new[new.len() - end..].concat(),
    );
    pieces
}

/// Pairs of lines that are versions of one another, in order, with the most words in common.
fn aligned(before: &[&str], after: &[&str]) -> Vec<(usize, usize)> {
    let (rows, columns) = (before.len(), after.len());
    if rows * columns > PAIRS_MAX {
        return Vec::new();
    }
    let sorted = |line: &&str| {
        let mut words: Vec<String> = line
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        words.sort();
        words
    };
    let old: Vec<Vec<String>> = before.iter().map(sorted).collect();
    let new: Vec<Vec<String>> = after.iter().map(sorted).collect();
    // best[i][j]: what can be had from the lines i.. and j..
    let mut best = vec![vec![0; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            let paired = weight(&old[i], &new[j]).map_or(0, |gain| gain + best[i + 1][j + 1]);
            best[i][j] = paired.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < rows && j < columns {
        let gain = weight(&old[i], &new[j]).map(|gain| gain + best[i + 1][j + 1]);
        if gain == Some(best[i][j]) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if best[i][j] == best[i + 1][j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// What pairing two lines (their words, sorted) is worth; nothing where they are unlike. Empty
/// lines pair too, for next to nothing, so that they never win over words.
fn weight(old: &[String], new: &[String]) -> Option<usize> {
    if old.is_empty() && new.is_empty() {
        return Some(1);
    }
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < old.len() && j < new.len() {
        match old[i].cmp(&new[j]) {
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1,
            Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    let percent = 200 * common / (old.len() + new.len());
    (percent > ALIKE_MIN).then_some(percent * 100)
}

fn words(pieces: &mut Vec<Piece>, before: &str, after: &str) {
    let count = |text: &str| text.split_whitespace().count();
    if count(before).max(count(after)) > WORDS_MAX && before != after {
        push(pieces, ChangeTag::Delete, before);
        push(pieces, ChangeTag::Insert, after);
        return;
    }
    for change in TextDiff::from_words(before, after).iter_all_changes() {
        push(pieces, change.tag(), change.value());
    }
}

fn push(pieces: &mut Vec<Piece>, tag: ChangeTag, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.tag == tag => last.text.push_str(text),
        _ => pieces.push(Piece {
            tag,
            text: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(old: &str, new: &str) -> String {
        let aloud = [
            "<span class=\"vh\">removed: </span>",
            "<span class=\"vh\">added: </span>",
        ];
        let words = marked(Language::English, old, new).into_string();
        words.replace(aloud[0], "").replace(aloud[1], "")
    }

    #[test]
    fn a_changed_word_is_struck_and_its_successor_underlined() {
        assert_eq!(
            marks("Kept for 30 days.\n", "Kept for 60 days.\n"),
            "<p>Kept for <del>30</del><ins>60</ins> days.</p>"
        );
    }

    #[test]
    fn an_added_paragraph_stands_alone() {
        assert_eq!(
            marks("One.\n", "One.\n\nTwo.\n"),
            "<p>One.</p><p><ins>Two.</ins></p>"
        );
    }

    #[test]
    fn unlike_lines_are_not_mixed() {
        let words = marks(
            "Kept for a year.\nTold in time.\n",
            "Told in good time.\nAll is free.\n",
        );
        let told = "Told in <ins>good </ins>time.";
        assert_eq!(
            words,
            format!("<p><del>Kept for a year.</del><br>{told}<br><ins>All is free.</ins></p>")
        );
    }

    #[test]
    fn equal_texts_have_no_marks_and_html_is_escaped() {
        assert_eq!(marks("<b>\nx", "<b>\nx"), "<p>&lt;b&gt;<br>x</p>");
    }

    #[test]
    fn a_paragraph_that_grew_and_one_that_stayed_are_recognised() {
        let words = marks(
            "One of two.\n\nKept here.",
            "Two.\n\nOne of two, or three.\n\nKept here.",
        );
        assert_eq!(
            words,
            "<p><ins>Two.</ins></p><p>One of <del>two.</del><ins>two, or three.</ins></p>\
             <p>Kept here.</p>"
        );
    }

    #[test]
    fn a_huge_text_is_marked_without_aligning_its_lines() {
        let old: String = (0..5_000).map(|number| format!("a{number}\n")).collect();
        let new = format!("a0\n{}", old.replace("a", "b"));
        let words = marks(&old, &new);
        assert!(
            words.starts_with("<p>a0<br><del>a1</del><br><del>a2</del>"),
            "{}",
            &words[..80]
        );
        assert_eq!(words.matches("<ins>").count(), 5_000);
    }
}
