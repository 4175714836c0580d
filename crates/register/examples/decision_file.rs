//! How large decision files are and how long it takes to verify them, by number of voters. Each is also
//! written to the folder that is named, if one is, to try it elsewhere.

use std::{env, fs, path::PathBuf, time::Instant};

use domain::{charter::RuleName, decision::Choice};
use register::{
    file::DecisionFile,
    testing::{History, PROPOSED_TEXT},
};

fn main() {
    let folder = env::args().nth(1).map(PathBuf::from);
    println!("voters and validators, bytes, milliseconds to verify");
    for number in [4, 12, 40] {
        let classes = vec!["producer"; number];
        let mut history = History::new(&classes, RuleName::Consent, "");
        let opening = history.open(1, 1, None);
        let says: Vec<_> = (0..number).map(|voter| (voter, Choice::Agree)).collect();
        history.close(&history.sent(&says));
        let file = history.file(&opening, Some(PROPOSED_TEXT));
        let text = file.expect("the vote is over").to_json();
        let started = Instant::now();
        let read = DecisionFile::read(text.as_bytes()).expect("it was just written");
        let proof = read.verify(Some(&history.federation()));
        let proof = proof.expect("it was just written");
        let spent = started.elapsed();
        assert_eq!(proof.steps.len(), 2, "opened and closed");
        println!("{number}, {}, {}", text.len(), spent.as_millis());
        if let Some(folder) = &folder {
            let path = folder.join(format!("{number}.json"));
            fs::write(path, text).expect("the folder can be written to");
        }
    }
}
