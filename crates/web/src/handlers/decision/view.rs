//! A decision of the core as its page shows it.

use domain::{
    cbor::Encoder,
    charter::RuleName,
    decision::{ConditionName, Counted, Why},
    id::{EntryId, Hash, MemberId, Timestamp},
    record::REVISIONS_MAX,
};
use federation::{BallotSeen, Core, Decision as Decided, Phase as Voting, State as Stand};

use super::talk::{Talk, words};
use crate::{
    auth::Actor,
    handlers::{common::rule_kind, propose::version, views},
    pages::{
        decision::{
            Check, Class, Condition, Decision, Mark, May, Missing, Own, Phase, Rule, Seat, Silent,
            Step, Vote, Words,
        },
        home::Connection,
    },
    texts::Texts,
};

/// One decision being read.
pub(super) struct Reading<'a> {
    pub core: &'a Core,
    pub decision: &'a Decided<'a>,
    pub texts: &'a Texts,
    pub actor: Option<&'a Actor>,
}

impl Reading<'_> {
    /// Everything its page shows.
    pub(super) fn view(&self) -> Decision {
        let (core, decision) = (self.core, self.decision);
        let first = decision.first;
        let talk = Talk::new(core, decision, self.texts);
        let versions = decision.proposal.versions();
        let at = versions
            .iter()
            .position(|version| version.entry == decision.version.entry);
        let previous = at.and_then(|at| at.checked_sub(1)).map(|at| versions[at]);
        Decision {
            id: decision.id.to_string(),
            proposer: views::member(core, &first.member),
            circle: first.circle.map(|circle| views::circle(core, &circle)),
            language: first.language.clone(),
            urgent: first.urgent.clone(),
            state: views::state(decision.state),
            rule: self.rule(),
            version: version(decision.version, self.texts),
            previous: previous.map(|previous| version(previous, self.texts)),
            phase: decision
                .phase
                .as_ref()
                .map(|phase| self.phase(phase, &talk)),
            own: self.own(),
            may: self.may(),
            steps: self.steps(),
            silent: self.silent(),
            connected: (
                core.peers().len() as u64 + 1,
                core.roster().len() as u64 + 1,
            ),
            comments: talk.answering(None),
        }
    }

    fn rule(&self) -> Rule {
        let terms = self.core.charter().terms();
        let name: Option<RuleName> = self.decision.first.rule.parse().ok();
        Rule {
            name: self.decision.first.rule.clone(),
            kind: rule_kind(name.unwrap_or(terms.default_rule)),
            allows_disagree: terms.disagree_allowed,
            reason_characters_min: terms.minimum_reason_characters,
            aims: (1..).zip(terms.aims.iter().cloned()).collect(),
        }
    }

    fn aim(&self, aim: Option<u64>) -> Option<String> {
        let aim = usize::try_from(aim?).ok()?;
        self.core.charter().terms().aims.get(aim).cloned()
    }

    fn phase(&self, phase: &Voting<'_>, talk: &Talk<'_>) -> Phase {
        let mut encoder = Encoder::new();
        encoder.list(phase.opening.record.electorate.iter());
        Phase {
            opening: phase.opening.id.to_string(),
            electorate_hash: Hash::of(&[&encoder.into_bytes()]).to_string(),
            opened: phase.opening.time,
            deadline: phase.opening.record.deadline,
            classes: self.classes(phase),
            votes: self.votes(phase, talk),
            missing: self.missing(phase),
            checks: self.checks(phase),
            outcome: views::outcome(phase.outcome.verdict),
        }
    }

    fn classes(&self, phase: &Voting<'_>) -> Vec<Class> {
        let terms = self.core.charter().terms();
        let seats = |id: &str| -> Vec<Seat> {
            let of_class = phase
                .electorate
                .iter()
                .filter(|(_, class)| class.as_str() == id);
            let seats = of_class.map(|(member, _)| Seat {
                member: views::member(self.core, member),
                choice: phase
                    .count
                    .counted
                    .get(member)
                    .map(|counted| counted.choice),
            });
            seats.collect()
        };
        let classes = terms.classes.iter().map(|class| Class {
            name: class.name.clone(),
            seats: seats(class.id.as_str()),
        });
        classes.filter(|class| !class.seats.is_empty()).collect()
    }

    /// One vote of each member: the ballot that counts, or the last one that does not.
    fn votes(&self, phase: &Voting<'_>, talk: &Talk<'_>) -> Vec<Vote> {
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
        let class_name = class.and_then(|class| self.core.charter().class(class));
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
                .and_then(|person| view.person_name(&person))
                .map(str::to_owned),
            at: seen.time,
            revision: seen.record.revision,
            earlier: earlier(phase, member, seen),
            marks: marks(phase, ballot, seen, counted),
            own_device: custody == Some(domain::record::Custody::Person),
            replies: talk.answering(Some(ballot)),
        })
    }

    fn missing(&self, phase: &Voting<'_>) -> Vec<Missing> {
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

    fn checks(&self, phase: &Voting<'_>) -> Vec<Check> {
        let (outcome, figures) = (&phase.outcome, &phase.outcome.figures);
        let blocking = || {
            let counted = phase.count.counted.iter();
            let blocks = counted.filter(|(_, c)| c.choice == domain::decision::Choice::Block);
            blocks
                .map(|(member, _)| self.core.view().member_name(member))
                .collect()
        };
        let needed = |bound: u128| u64::try_from(bound).unwrap_or(u64::MAX);
        let checks = outcome.conditions.iter().map(|condition| Check {
            met: condition.is_met(),
            condition: match condition.name {
                ConditionName::Quorum => Condition::Quorum {
                    cast: figures.cast,
                    needed: outcome.quorum_ballots,
                    electors: figures.eligible,
                    fraction: (outcome.quorum.numerator(), outcome.quorum.denominator()),
                },
                ConditionName::Blocks => Condition::NoBlock {
                    blocking: blocking(),
                    needed: needed(condition.bound),
                },
                ConditionName::Agrees => Condition::SomeoneAgrees {
                    needed: needed(condition.bound),
                    agree: figures.agree,
                    abstain: figures.abstain + figures.stand_aside,
                },
                ConditionName::Majority => Condition::MoreAgreeThanAgainst {
                    agree: figures.agree,
                    against: figures.against,
                },
            },
        });
        checks.collect()
    }

    fn own(&self) -> Own {
        let (Some(own), Some(phase)) = (self.core.member(), &self.decision.phase) else {
            return Own::NoVote;
        };
        if phase.electorate.class_of(&own).is_none() {
            return Own::NoVote;
        }
        let view = self.core.view();
        if let Some(counted) = phase.count.counted.get(&own) {
            let seen = phase.ballots.get(&counted.ballot);
            let person = seen.and_then(|seen| view.person_of(&seen.by));
            let mandate = view
                .members
                .get(&own)
                .and_then(|member| member.mandate.as_ref());
            let used = match mandate {
                // A newer mandate begins with a fresh count of revisions.
                Some(mandate) if mandate.number > counted.slot.mandate => 0,
                _ => counted.slot.revision,
            };
            return Own::Voted {
                choice: counted.choice,
                by: person
                    .and_then(|person| view.person_name(&person))
                    .map(str::to_owned),
                at: counted.time,
                changes_left: REVISIONS_MAX.saturating_sub(used),
                reason: self
                    .texts
                    .note(&counted.ballot)
                    .text()
                    .unwrap_or("")
                    .to_owned(),
                aim: seen.and_then(|seen| seen.record.aim).map(|aim| aim + 1),
            };
        }
        let earlier = self.decision.earlier.iter().rev();
        let mut earlier = earlier.filter_map(|phase| Some((phase, phase.count.counted.get(&own)?)));
        match earlier.next() {
            Some((phase, counted)) => Own::VotedEarlier {
                choice: counted.choice,
                version: phase.version.number,
                at: counted.time,
            },
            None => Own::NotVoted,
        }
    }

    fn may(&self) -> May {
        let Some(actor) = self.actor else {
            return May::default();
        };
        let rights = views::Rights::of(self.core, &actor.person());
        let own = self.core.member();
        let is_own = own == Some(self.decision.first.member);
        let state = self.decision.state;
        let passed = Stand::Closed(domain::decision::Verdict::Passed);
        let is_over = state == Stand::Withdrawn || state == passed;
        let electorate = self.decision.phase.as_ref().map(|phase| &phase.electorate);
        let is_elector = own
            .zip(electorate)
            .is_some_and(|(own, electorate)| electorate.class_of(&own).is_some());
        May {
            open: is_own && rights.writes() && state == Stand::Deliberation,
            amend: is_own && !is_over,
            withdraw: is_own && !is_over && !matches!(state, Stand::Closed(_)),
            comment: true,
            vote: rights.delegate && is_elector && state == Stand::Voting,
        }
    }

    fn steps(&self) -> Vec<(Timestamp, Step)> {
        let (core, decision) = (self.core, self.decision);
        let mut steps = Vec::new();
        for version in decision.proposal.versions() {
            let step = match version.number {
                1 => Step::Proposed {
                    by: views::member(core, &decision.first.member),
                },
                number => Step::Amended {
                    version: number,
                    what_changed: words(self.texts.note(&version.entry)),
                },
            };
            steps.push((version.time, step));
        }
        for phase in decision.earlier.iter().chain(&decision.phase) {
            let number = phase.version.number;
            steps.push((phase.opening.time, Step::Opened { version: number }));
            let counted = phase.count.counted.iter();
            for (member, counted) in
                counted.filter(|(_, c)| c.choice == domain::decision::Choice::Block)
            {
                steps.push((
                    counted.time,
                    Step::Blocked {
                        by: views::member(core, member),
                    },
                ));
            }
        }
        if let (Some(phase), Stand::Closed(verdict)) = (&decision.phase, decision.state) {
            let outcome = views::outcome(verdict);
            let closed = Step::Closed {
                version: phase.version.number,
                outcome,
            };
            steps.push((phase.opening.record.deadline, closed));
        }
        if let Some(withdrawal) = decision.proposal.withdrawal() {
            let reason = words(self.texts.note(&withdrawal.entry));
            steps.push((withdrawal.time, Step::Withdrawn { reason }));
        }
        steps.sort_by_key(|(at, _)| *at);
        steps
    }

    /// Electors whose node is silent: their ballots may be on their way.
    fn silent(&self) -> Vec<Silent> {
        let Some(phase) = &self.decision.phase else {
            return Vec::new();
        };
        let silent = phase.electorate.iter().filter_map(|(member, _)| {
            match views::connection(self.core, member) {
                Connection::Silent(since) => Some(Silent {
                    member: views::member(self.core, member),
                    since,
                }),
                Connection::Here | Connection::Connected => None,
            }
        });
        silent.collect()
    }
}

/// What a member voted before, oldest first.
fn earlier(
    phase: &Voting<'_>,
    member: MemberId,
    last: &BallotSeen,
) -> Vec<(domain::decision::Choice, Timestamp)> {
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
        marks.push(Mark::NotCounted {
            because: why(left_out.why).to_owned(),
        });
    }
    marks
}

fn why(why: Why) -> &'static str {
    match why {
        Why::NotEligible => "Its member is not among those who decide this.",
        Why::OtherVersion => "It is about another version of the text.",
        Why::BeforeOpening => "It claims a time before voting opened.",
        Why::AfterDeadline => "It claims a time after voting closed.",
        Why::Superseded => "Its member voted again later.",
        Why::Repeated => "It repeats another ballot of its member.",
    }
}

/// Leaves out what is the members': comments, reasons, names of persons, links to members' pages.
pub(super) fn make_public(view: &mut Decision) {
    view.comments.clear();
    view.silent.clear();
    view.proposer.id.clear();
    if let Some(circle) = &mut view.circle {
        circle.id.clear();
    }
    for (_, step) in &mut view.steps {
        match step {
            Step::Proposed { by } | Step::Blocked { by } => by.id.clear(),
            Step::Amended {
                what_changed: words,
                ..
            }
            | Step::Withdrawn { reason: words } => {
                *words = Words::None;
            }
            Step::Opened { .. } | Step::Closed { .. } => {}
        }
    }
    let Some(phase) = &mut view.phase else { return };
    for seat in phase.classes.iter_mut().flat_map(|class| &mut class.seats) {
        seat.member.id.clear();
    }
    for missing in &mut phase.missing {
        missing.member.id.clear();
        missing.silent_since = None;
        missing.own = false;
    }
    for vote in &mut phase.votes {
        vote.member.id.clear();
        vote.delegate = None;
        vote.reason = Words::None;
        vote.replies.clear();
    }
}
