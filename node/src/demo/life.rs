//! The slow invented life of the demo: now and then another co-op votes or says something, and
//! when a vote closes the next one opens. The first co-op is left to whoever looks.

use std::time::Duration;

use domain::{
    decision::Choice,
    id::{Hash, ProposalId},
    key::SecretKey,
};
use federation::{Act, Core, State};

use super::{proposals::Historical, register::Changes, story};
use crate::{clock, driver::Handle, failure::Outcome};

/// How many votes are open at once.
const OPEN_AT_ONCE: usize = 2;
const REASONS: [&str; 4] = [
    "",
    "Good for us as it is.",
    "We talked it over on Tuesday and are for it.",
    "",
];
const COMMENTS: [&str; 4] = [
    "Who would look after this in the first month?",
    "We could help with the translation.",
    "Could the review date be written into the text?",
    "Thank you for writing this down.",
];
const BLOCK: &str = "This takes a decision away from the members who are affected by it.";

/// The co-ops that live by themselves: all but the first.
pub struct Life {
    /// Node and delegate of each.
    pub coops: Vec<(Handle, SecretKey)>,
    /// What changes the federation itself.
    pub changes: Changes,
    /// What can be proposed.
    pub proposals: Vec<Historical>,
    /// The next of them.
    pub next: usize,
    /// The shortest and longest pause.
    pub pause: (Duration, Duration),
}

/// What a proposal is to the demo.
struct Seen {
    id: ProposalId,
    version: Hash,
    /// Who of the co-ops has voted.
    voted: Vec<bool>,
}

impl Life {
    /// Lives on until the task is dropped.
    pub async fn live(mut self) {
        loop {
            let Ok(dice) = clock::random::<8>() else {
                return;
            };
            let (short, long) = self.pause;
            tokio::time::sleep(short + (long - short) * u32::from(dice[0]) / 256).await;
            // A refusal here, such as a vote that closed meanwhile, is part of life.
            if let Err(failure) = self.one_thing(dice).await {
                tracing::debug!(problem = failure.message, "the demo could not act");
            }
        }
    }

    async fn one_thing(&mut self, dice: [u8; 8]) -> Outcome {
        if self.changes.go_on(&self.coops).await? {
            return Ok(());
        }
        if let Some((who, proposal)) = self.blocked().filter(|_| dice[6] < 64) {
            // Its proposer lets the members vote.
            return self.act(who, Act::Open { proposal }).await;
        }
        let open = self.open();
        if open.len() < OPEN_AT_ONCE {
            return self.open_next(dice).await;
        }
        let at = usize::from(dice[1]) % open.len();
        let seen = &open[at];
        let waiting: Vec<usize> = (0..self.coops.len())
            .filter(|who| !seen.voted[*who])
            .collect();
        if waiting.is_empty() || dice[2] < 64 {
            let who = usize::from(dice[3]) % self.coops.len();
            let text = COMMENTS[usize::from(dice[4]) % COMMENTS.len()].to_owned();
            let act = Act::Comment {
                proposal: seen.id,
                answers: None,
                text,
            };
            return self.act(who, act).await;
        }
        let who = waiting[usize::from(dice[3]) % waiting.len()];
        let (choice, reason) = match dice[5] {
            0..20 => (Choice::Block, BLOCK),
            20..60 => (Choice::Abstain, ""),
            _ => (Choice::Agree, REASONS[usize::from(dice[4]) % REASONS.len()]),
        };
        let act = Act::Vote {
            proposal: seen.id,
            version: seen.version,
            choice,
            aim: (choice == Choice::Block).then_some(2),
            reason: reason.to_owned(),
        };
        self.act(who, act).await
    }

    /// A proposal whose block its proposer has time to integrate.
    fn blocked(&self) -> Option<(usize, ProposalId)> {
        let now = clock::now();
        let (handle, _) = self.coops.first()?;
        let (id, member) = handle.read(|core| {
            let mut all = core.view().proposals.keys();
            all.find_map(|id| {
                let decision = core.decision(id, now)?;
                let blocked = matches!(decision.state, State::Integration(_));
                blocked.then_some((*id, decision.first.member))
            })
        })?;
        let mut coops = self.coops.iter();
        let who = coops.position(|(handle, _)| handle.read(Core::member) == Some(member))?;
        Some((who, id))
    }

    /// What is open, and who has voted on it.
    fn open(&self) -> Vec<Seen> {
        let now = clock::now();
        let members: Vec<_> = self
            .coops
            .iter()
            .map(|(handle, _)| handle.read(|core| core.member()))
            .collect();
        let Some((handle, _)) = self.coops.first() else {
            return Vec::new();
        };
        handle.read(|core| {
            let all = core.view().proposals.keys();
            all.filter_map(|id| {
                let decision = core.decision(id, now)?;
                let phase = decision.phase.as_ref()?;
                if decision.state != State::Voting {
                    return None;
                }
                let counted = &phase.count.counted;
                let voted = |member: &Option<_>| {
                    member
                        .as_ref()
                        .is_none_or(|member| counted.contains_key(member))
                };
                Some(Seen {
                    id: *id,
                    version: decision.version.hash,
                    voted: members.iter().map(voted).collect(),
                })
            })
            .collect()
        })
    }

    async fn open_next(&mut self, dice: [u8; 8]) -> Outcome {
        let who = usize::from(dice[3]) % self.coops.len();
        let one = &self.proposals[self.next % self.proposals.len()];
        self.next += 1;
        let rules = [
            "consent-then-vote",
            "class-weighted",
            "consent",
            "one-member-one-vote",
        ];
        let rule = rules[self.next % rules.len()];
        let (handle, key) = &self.coops[who];
        let proposal = handle.act(key.clone(), story::propose(one, rule)).await?;
        self.act(who, Act::Open { proposal }).await
    }

    async fn act(&self, who: usize, act: Act) -> Outcome {
        let (handle, key) = &self.coops[who];
        handle.act(key.clone(), act).await.map(|_| ())
    }
}
