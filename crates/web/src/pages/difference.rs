//! What changed between two texts: lines first, then the words of changed lines, with what was
//! removed struck and what was added underlined, each said aloud too.

use maud::{Markup, html};
use similar::{ChangeTag, DiffOp, TextDiff};

use crate::catalogue::Language;

/// Above this many lines only the common start and end are taken off; the rest is shown as one
/// removal and one addition, so that a hostile text cannot keep a page busy.
const LINES_MAX: usize = 2_000;

/// Above this many words a changed passage is shown whole instead of word by word.
const WORDS_MAX: usize = 2_000;

/// Above this many pairs of changed lines, likewise.
const PAIRS_MAX: usize = 400;

/// Two lines with at least this share of words in common are versions of one line.
const ALIKE_MIN: f32 = 0.5;

/// A piece of text and whether it stayed, went or came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    tag: ChangeTag,
    text: String,
}

/// The new text with its changes against the old one.
pub(crate) fn marked(say: Language, old: &str, new: &str) -> Markup {
    let pieces = pieces(&old.replace("\r\n", "\n"), &new.replace("\r\n", "\n"));
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
    if old.lines().count().max(new.lines().count()) > LINES_MAX {
        return whole(old, new);
    }
    let lines = TextDiff::from_lines(old, new);
    let mut pieces = Vec::new();
    for op in lines.ops() {
        let before: String = lines.old_slices()[op.old_range()].concat();
        let after: String = lines.new_slices()[op.new_range()].concat();
        match op {
            DiffOp::Equal { .. } => push(&mut pieces, ChangeTag::Equal, &after),
            DiffOp::Delete { .. } => push(&mut pieces, ChangeTag::Delete, &before),
            DiffOp::Insert { .. } => push(&mut pieces, ChangeTag::Insert, &after),
            DiffOp::Replace { .. } => words(&mut pieces, &before, &after),
        }
    }
    pieces
}

/// Changed lines: each new line goes with the first remaining old one it resembles; what is left
/// over on either side is shown whole, since words matched across unlike lines mislead.
fn words(pieces: &mut Vec<Piece>, before: &str, after: &str) {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let count = |text: &str| text.split_whitespace().count();
    if old.len() * new.len() > PAIRS_MAX || count(before).max(count(after)) > WORDS_MAX {
        push(pieces, ChangeTag::Delete, before);
        push(pieces, ChangeTag::Insert, after);
        return;
    }
    let mut next = 0;
    for line in new {
        let alike = |other: &&str| TextDiff::from_words(*other, line).ratio() > ALIKE_MIN;
        let Some(found) = old[next..].iter().position(alike) else {
            push(pieces, ChangeTag::Insert, line);
            continue;
        };
        push(pieces, ChangeTag::Delete, &old[next..next + found].concat());
        for change in TextDiff::from_words(old[next + found], line).iter_all_changes() {
            push(pieces, change.tag(), change.value());
        }
        next += found + 1;
    }
    push(pieces, ChangeTag::Delete, &old[next..].concat());
}

/// Without alignment: common start and end, between them all of the old and all of the new.
fn whole(old: &str, new: &str) -> Vec<Piece> {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let mut pieces = Vec::new();
    push(&mut pieces, ChangeTag::Equal, &new[..start].concat());
    push(
        &mut pieces,
        ChangeTag::Delete,
        &old[start..old.len() - end].concat(),
    );
    push(
        &mut pieces,
        ChangeTag::Insert,
        &new[start..new.len() - end].concat(),
    );
    push(
        &mut pieces,
        ChangeTag::Equal,
        &new[new.len() - end..].concat(),
    );
    pieces
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
    fn a_huge_text_is_marked_without_aligning_its_lines() {
        let old: String = (0..5_000).map(|number| format!("a{number}\n")).collect();
        let new = format!("{}end\n", old.replace("a4000\n", "changed\n"));
        let words = marks(&old, &new);
        assert_eq!(words.matches("<del>a4000</del>").count(), 1);
        assert!(words.starts_with("<p>a0<br>a1<br>"));
    }
}
