//! Comments as a tree of what answers what.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::EntryId;
use federation::{Core, Decision};

use crate::{
    handlers::views,
    pages::decision::{Comment, Words},
    texts::{self, Texts},
};

/// Answers deeper than this stand beside each other; a page is no staircase.
const DEPTH_MAX: usize = 4;

/// The comments of a decision, each once, by what they answer.
pub(super) struct Talk<'a> {
    core: &'a Core,
    texts: &'a Texts,
    proposer: domain::id::MemberId,
    all: BTreeMap<EntryId, &'a replica::view::Comment>,
    answers: BTreeMap<Option<EntryId>, Vec<EntryId>>,
}

impl<'a> Talk<'a> {
    /// The talk about a decision. What answers something that is not here stands at the top.
    pub(super) fn new(core: &'a Core, decision: &'a Decision<'a>, texts: &'a Texts) -> Self {
        let all: BTreeMap<EntryId, _> = decision
            .proposal
            .comments()
            .map(|comment| (comment.entry, comment))
            .collect();
        let phases = decision.phase.iter().chain(&decision.earlier);
        let ballots: BTreeSet<EntryId> = phases
            .flat_map(|phase| phase.ballots.keys().copied())
            .collect();
        let mut answers: BTreeMap<Option<EntryId>, Vec<EntryId>> = BTreeMap::new();
        for comment in decision.proposal.comments() {
            // An answer is written after what it answers; ids cannot be guessed, so no circle.
            let target = comment.answers.filter(|target| {
                ballots.contains(target)
                    || all.get(target).is_some_and(|other| {
                        (other.time, other.entry) < (comment.time, comment.entry)
                    })
            });
            answers.entry(target).or_default().push(comment.entry);
        }
        Self {
            core,
            texts,
            proposer: decision.first.member,
            all,
            answers,
        }
    }

    /// What answers an entry, or stands at the top.
    pub(super) fn answering(&self, target: Option<EntryId>) -> Vec<Comment> {
        self.at_depth(target, 0)
    }

    fn at_depth(&self, target: Option<EntryId>, depth: usize) -> Vec<Comment> {
        let mut comments = Vec::new();
        for entry in self.answers.get(&target).into_iter().flatten() {
            let replies = self.at_depth(Some(*entry), (depth + 1).min(DEPTH_MAX));
            let (nested, beside) = if depth < DEPTH_MAX {
                (replies, Vec::new())
            } else {
                (Vec::new(), replies)
            };
            comments.extend(self.comment(entry, nested));
            comments.extend(beside);
        }
        comments
    }

    fn comment(&self, entry: &EntryId, replies: Vec<Comment>) -> Option<Comment> {
        let comment = self.all.get(entry)?;
        let view = self.core.view();
        let person = view.person_of(&comment.by);
        Some(Comment {
            entry: entry.to_string(),
            person: person
                .and_then(|person| view.person_name(&comment.member, &person))
                .map(str::to_owned),
            member: views::member(self.core, &comment.member),
            at: comment.time,
            words: words(self.texts.note(entry)),
            by_proposer: comment.member == self.proposer,
            replies,
        })
    }
}

/// Words as pages show them.
pub(super) fn words(words: texts::Words) -> Words {
    match words {
        texts::Words::None => Words::None,
        texts::Words::Here(text) => Words::Here(text),
        texts::Words::NotHere => Words::NotHere,
    }
}
