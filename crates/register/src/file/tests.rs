use domain::{
    charter::RuleName,
    decision::{Choice, Verdict},
};

use super::*;
use crate::{
    chain::Ending,
    testing::{History, PROPOSED_TEXT},
};

fn simple() -> (History, PhaseId) {
    let mut history = History::new(&["producer"; 4], RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    let says = history.sent(&[(0, Choice::Agree), (1, Choice::Agree), (2, Choice::Abstain)]);
    history.close(&says);
    (history, opening)
}

#[test]
fn a_file_shows_who_decided_what_and_how_it_was_counted() {
    let (history, opening) = simple();
    let file = history.file(&opening, Some(PROPOSED_TEXT)).unwrap();
    let text = file.to_json();
    let read = DecisionFile::read(text.as_bytes()).unwrap();
    let proof = read.verify(Some(&history.federation())).unwrap();
    assert_eq!(proof.ending, Ending::Judged(Verdict::Passed));
    assert_eq!((proof.height(), proof.shows_text), (3, true));
    println!("{}", proof.words().join("\n"));
}
