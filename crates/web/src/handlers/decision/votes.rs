//! The votes of a phase, and who is missing, as its page shows them.

use domain::{
    decision::{Choice, Counted},
    id::{EntryId, MemberId, Timestamp},
    record::Custody,
};
use federation::{BallotSeen, Phase as Voting};

use super::{
    talk::{Talk, words},
    view::Reading,
};
use crate::{
    handlers::views,
    pages::{
        decision::{Mark, Missing, Vote},
        home::Connection,
    },
};

impl Reading<'_> {
    /// One vote of each member: the ballot that counts, or the last one that does not.
    pub(super) fn votes(&self, phase: &Voting<'_>, talk: &Talk<'_>) -> Vec<Vote> {
        let counted = phase.count.counted.iter();
        let counted = counted.filter_map(|(member, counted)| {
            self.vote(phase, talk, *member, counted.ballot, Some(counted))
        });
        let mut votes: Vec<Vote> = counted.collect();
        let mut others: Vec<(&MemberId, &EntryId)> = phase
            .ballots
            .iter()
            .filter(|(_, seen)| !phase.count.counted.contains_key(&seen.member))
            .map(|(id, seen)| (&seen.member, id))
            .collect();
        let slot = |id: &EntryId| {
            phase
                .ballots
                .get(id)
                .map(|seen| (seen.mandate, seen.record.revision))
        };
        others.sort_by_key(|(member, id)| (**member, std::cmp::Reverse(slot(id))));
        others.dedup_by_key(|(member, _)| **member);
        let others = others.into_iter();
        votes.extend(others.filter_map(|(member, id)| self.vote(phase, talk, *member, *id, None)));
        votes.sort_by_key(|vote| (vote.at, vote.entry.clone()));
        votes
    }

    fn vote(
        &self,
        phase: &Voting<'_>,
        talk: &Talk<'_>,
        member: MemberId,
        ballot: EntryId,
        counted: Option<&Counted>,
    ) -> Option<Vote> {
        let view = self.core.view();
        let seen = phase.ballots.get(&ballot)?;
        let class = phase.electorate.class_of(&member);
        let class_name = class.and_then(|class| self.charter().class(class));
        let person = view.person_of(&seen.by);
        let custody = view.keys.get(&seen.by).map(|key| key.custody);
        Some(Vote {
            entry: ballot.to_string(),
            member: views::member(self.core, &member),
            class: class_name
                .map(|class| class.name.clone())
                .unwrap_or_default(),
            choice: counted.map_or(seen.record.choice, |counted| counted.choice),
            aim: self.aim(seen.record.aim),
            reason: words(self.texts.note(&ballot)),
            delegate: person
                .and_then(|person| view.person_name(&member, &person))
                .map(str::to_owned),
            at: seen.time,
            revision: seen.record.revision,
            earlier: earlier(phase, member, seen),
            marks: marks(phase, ballot, seen, counted),
            own_device: custody == Some(Custody::Person),
            replies: talk.answering(Some(ballot)),
        })
    }

    pub(super) fn missing(&self, phase: &Voting<'_>) -> Vec<Missing> {
        let electorate = phase.electorate.iter();
        let missing = electorate.filter(|(member, _)| !phase.count.counted.contains_key(member));
        missing
            .map(|(member, _)| Missing {
                member: views::member(self.core, member),
                silent_since: match views::connection(self.core, member) {
                    Connection::Silent(since) => since,
                    Connection::Here | Connection::Connected => None,
                },
                own: self.core.member() == Some(*member),
            })
            .collect()
    }
}

/// What a member voted before, oldest first.
fn earlier(phase: &Voting<'_>, member: MemberId, last: &BallotSeen) -> Vec<(Choice, Timestamp)> {
    let slot = |seen: &BallotSeen| (seen.mandate, seen.record.revision);
    let own = phase.ballots.values().filter(|seen| seen.member == member);
    let mut before: Vec<&BallotSeen> = own.filter(|seen| slot(seen) < slot(last)).collect();
    before.sort_by_key(|seen| slot(seen));
    before
        .into_iter()
        .map(|seen| (seen.record.choice, seen.time))
        .collect()
}

fn marks(
    phase: &Voting<'_>,
    ballot: EntryId,
    seen: &BallotSeen,
    counted: Option<&Counted>,
) -> Vec<Mark> {
    let mut marks = Vec::new();
    if seen.late {
        marks.push(Mark::Late {
            arrived: seen.received,
        });
    }
    if counted.is_some_and(|counted| !counted.conflicting.is_empty()) {
        marks.push(Mark::Conflicting);
    }
    if let Some(left_out) = phase.count.left_out.get(&ballot) {
        marks.push(Mark::NotCounted(left_out.why));
    }
    marks
}
