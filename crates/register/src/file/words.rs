//! A proof in words, and as JSON.

use domain::{
    decision::Choice,
    effect::{COMMITTEE, Effect},
};
use serde_json::{Value, json};

use super::proof::{Proof, Step, Turn, Vote};
use crate::{
    chain::Ending,
    outcome::Outcome,
    phase::Question,
    says::{Act, Says},
};

impl Ending {
    fn sentence(self) -> &'static str {
        use domain::decision::Verdict;
        match self {
            Self::Judged(Verdict::Passed) => "It passed.",
            Self::Judged(Verdict::Blocked) => "It did not pass: it was blocked.",
            Self::Judged(Verdict::NoQuorum) => "It did not pass: too few took part.",
            Self::Judged(Verdict::Rejected) => "It did not pass: it was rejected.",
            Self::Lapsed => {
                "It lapsed: it was blocked, and the proposing member did not answer in time."
            }
            Self::Withdrawn => "The proposing member took it back.",
            Self::Amended => "The proposing member opened a vote on another version instead.",
        }
    }
}

impl Question {
    fn word(self) -> &'static str {
        match self {
            Self::Vote => "vote",
            Self::FallbackVote => "fallback-vote",
            Self::Answer => "answer",
        }
    }
}

impl Turn {
    /// The word used in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed(Outcome::Decided(verdict)) => verdict.as_str(),
            Self::Closed(Outcome::Extended { .. }) => "extended",
            Self::Closed(Outcome::Repeated(_)) => "repeated",
            Self::Closed(Outcome::Blocked(_)) => "blocked",
            Self::Closed(Outcome::Answered(act, _)) | Self::Answered(act) => act.word(),
            Self::Closed(Outcome::Lapsed) => "lapsed",
            Self::Withdrawn => "withdrawn",
            Self::Stalled => "stalled",
            Self::Amended => "amended",
            Self::Recovered => "recovered",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Opened => "the vote was opened",
            Self::Closed(Outcome::Decided(_)) => "the vote was closed and decided",
            Self::Closed(Outcome::Extended {
                late_block,
                lacks_ballots,
                ..
            }) => match (late_block, lacks_ballots) {
                (true, true) => {
                    "the vote was extended, because of a late block and for want of ballots"
                }
                (true, false) => "the vote was extended, because of a late block",
                _ => "the vote was extended for want of ballots",
            },
            Self::Closed(Outcome::Repeated(_)) => "the vote was known too late and held again",
            Self::Closed(Outcome::Blocked(_)) => {
                "it was blocked, and the proposing member could answer"
            }
            Self::Closed(Outcome::Answered(act, _)) | Self::Answered(act) => match act {
                Act::Amend { .. } => "the proposing member amended, and a new vote began",
                Act::Withdraw => "the proposing member took it back",
                Act::CallVote => "the proposing member called the fallback vote",
            },
            Self::Closed(Outcome::Lapsed) => "the proposing member had not answered the block",
            Self::Withdrawn => "the proposing member took it back",
            Self::Stalled => "too few of its validators were left, and others held the vote again",
            Self::Amended => "a vote on another version took its place",
            Self::Recovered => {
                "too many validators were gone for good, and those who remained held the vote again"
            }
        }
    }
}

impl Vote {
    /// What counts: a choice, an answer, or nothing.
    #[must_use]
    pub fn word(&self) -> Option<&'static str> {
        let standing = self.standing.as_ref()?;
        Some(match standing.says() {
            Some(Says::Choice(choice)) => choice.as_str(),
            Some(Says::Act(act)) => act.word(),
            None => Choice::Abstain.as_str(),
        })
    }

    fn is_in_conflict(&self) -> bool {
        let standing = self.standing.as_ref();
        standing.is_some_and(|standing| standing.says().is_none())
    }

    fn to_json(&self) -> Value {
        let standing = self.standing.as_ref();
        let slot = standing.map(|standing| {
            let slot = standing.slot();
            json!([slot.mandate, slot.revision])
        });
        let sides = standing.map_or(&[][..], |standing| standing.sides());
        let ballots: Vec<String> = sides.iter().map(|(_, ballot)| ballot.to_string()).collect();
        json!({
            "member": self.member.to_string(),
            "class": self.class,
            "counts": self.word(),
            "slot": slot,
            "ballots": ballots,
        })
    }
}

impl Step {
    fn to_json(&self) -> Value {
        let votes: Vec<Value> = self.votes.iter().map(Vote::to_json).collect();
        json!({
            "height": self.height,
            "happened": self.turn.word(),
            "phase": self.phase.to_string(),
            "question": self.question.word(),
            "version": self.version.to_string(),
            "opened": self.opened.0,
            "deadline": self.deadline.0,
            "validators": self.validators.all(),
            "votes": votes,
            "verdict": self.judged.as_ref().map(|judged| judged.verdict.as_str()),
        })
    }
}

impl Proof {
    /// All of it for programs. A second verifier says the same.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::to_json).collect();
        let effect = self.motion.effect.as_ref();
        json!({
            "federation": self.federation.to_string(),
            "name": self.name,
            "pinned": self.is_pinned,
            "height": self.height(),
            "hash": self.hash().to_string(),
            "opening": self.opening.to_string(),
            "proposal": self.proposal.to_string(),
            "proposer": self.proposer.member.to_string(),
            "rule": self.rule.as_str(),
            "charter": self.charter.to_string(),
            "version": self.version.to_string(),
            "times": self.times,
            "title": self.motion.title,
            "effect": effect.map(|effect| effect.word()),
            "text_shown": self.shows_text,
            "ended": self.ending.word(),
            "steps": steps,
        })
    }

    /// What it proves and what it takes on trust, in sentences for anyone.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut said = self.unpinned();
        said.extend(self.what());
        said.push(String::new());
        said.extend(self.how());
        said.push(String::new());
        said.extend(self.votes());
        said.push(String::new());
        said.extend(self.trust());
        said
    }

    /// What has to be said first where the reader named no federation: what to compare.
    #[must_use]
    pub fn unpinned(&self) -> Vec<String> {
        if self.is_pinned {
            return Vec::new();
        }
        let mut said = vec![
            "This shows nothing yet: you named no federation, and anybody can make one with these names.".to_owned(),
            format!(
                "Compare the id of the federation {:?} and the keys of its founders with what you know from \
                 elsewhere:",
                self.name
            ),
            format!("  {}", self.federation),
        ];
        let founders = self.founders.iter();
        said.extend(
            founders.map(|founder| format!("  {}, founder {:?}", founder.root, founder.name)),
        );
        said.push(
            "With --federation and the id from elsewhere, verify compares it. Of the federation with this id \
             it shows:"
                .to_owned(),
        );
        said.push(String::new());
        said
    }

    fn what(&self) -> Vec<String> {
        let title = format!("{:?}", self.motion.title);
        let mut said = vec![
            format!(
                "{:?}: {title}, proposed by {}",
                self.name,
                self.called(&self.proposer.member)
            ),
            self.ending.sentence().to_owned(),
            format!(
                "Final at height {}, signed by {} of {} validators.",
                self.height(),
                self.signatures.quorum(),
                self.signatures.all()
            ),
        ];
        if let Some(effect) = &self.motion.effect {
            said.push(format!(
                "What it decides about the federation: {}.",
                effect.word()
            ));
        }
        if let Some(Effect::Commission { name, .. }) = &self.motion.effect
            && name == COMMITTEE
        {
            said.push(
                "This commission closes votes until its term ends, and nobody else.".to_owned(),
            );
        }
        if self.shows_text {
            said.push("The text in the file is the one that was voted on.".to_owned());
        }
        said
    }

    fn how(&self) -> Vec<String> {
        let step = |step: &Step| format!("Height {}: {}", step.height, step.turn.sentence());
        self.steps.iter().map(step).collect()
    }

    fn votes(&self) -> Vec<String> {
        let Some(step) = self.counted() else {
            return vec!["No votes were counted.".to_owned()];
        };
        let mut said = vec![format!("Counted by the rule {}:", self.rule)];
        said.extend(step.votes.iter().map(|vote| {
            let says = match (vote.word(), vote.is_in_conflict()) {
                (_, true) => "abstain, because its delegates said different things",
                (Some(word), false) => word,
                (None, false) => "did not vote",
            };
            format!("  {}: {says}", self.called(&vote.member))
        }));
        if let Some(judged) = &step.judged {
            said.push(judged.explain());
        }
        said
    }

    fn trust(&self) -> Vec<String> {
        let mut said = vec![
            "What this rests on:".to_owned(),
            match self.is_pinned {
                true => format!("  The federation is {}, as you said.", self.federation),
                false => "  The federation is the one you mean: that is still to be compared.".to_owned(),
            },
            format!(
                "  Of every {} validators at most {} lied.",
                self.signatures.all(),
                self.signatures.faulty()
            ),
            "  That those who could vote were the members then, and that what was decided could be done,\n  \
             is what the validators signed; the votes, how they were counted and what they came to were\n  \
             recomputed."
                .to_owned(),
        ];
        if self.recoveries > 0 {
            said.push(format!(
                "  The register was recovered {} times: two thirds of the organisations with a node said \
                 with their\n  root keys which validators were gone for good, and confirmed it after a \
                 notice.",
                self.recoveries
            ));
        }
        if self.times > 1 {
            said.push(format!(
                "  That votes took {} times as long then is what the validators signed, too.",
                self.times
            ));
        }
        said
    }

    fn called(&self, member: &domain::id::MemberId) -> String {
        match self.name_of(member) {
            // In quotes, so that no name poses as something that is said here.
            Some(name) => format!("{name:?}"),
            None => format!("member {}", member.short()),
        }
    }
}
