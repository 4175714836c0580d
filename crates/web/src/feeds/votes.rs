//! The calendar of votes: for each vote its period and its deadline.

use crate::standpoint::Standpoint;
use domain::id::Timestamp;
use federation::{Decision, Phase, State};

use super::{
    Reader,
    calendar::{Calendar, Event},
    plans,
};
use crate::{
    catalogue::Plain,
    decisions,
    handlers::views,
    pages::{
        parts::ending_word,
        time::{Clock, Zone},
    },
};

/// How many proposals a calendar tells of, the latest.
const PROPOSALS_MAX: usize = 50;
/// When a deadline is announced to everybody.
const ALARMS_PUBLIC: [u8; 1] = [24];
/// When a deadline is announced to somebody whose vote is needed.
const ALARMS_NEEDED: [u8; 2] = [24, 2];

/// The calendar of votes for a reader.
pub(crate) fn calendar(core: &Standpoint<'_>, now: Timestamp, reader: Reader<'_>) -> Calendar {
    let say = reader.say;
    let member = core
        .member()
        .map(|member| core.view().member_name(&member))
        .unwrap_or_default();
    let about = match reader.own {
        Some(own) if own.is_delegate => {
            say.calendar_about_needs(decisions::waiting_for(core, now), Plain(member))
        }
        _ => say.calendar_about(Plain(member)),
    };
    let latest = decisions::latest(core, PROPOSALS_MAX);
    let all = latest.iter().filter_map(|id| core.settled(id, now));
    let mut events = Vec::new();
    for decision in all {
        events.extend(of_decision(core, now, reader, &decision));
    }
    // What is old may be looked at again too.
    for (decision, _) in decisions::reviews(core, now) {
        if !latest.contains(&decision.id) {
            events.extend(plans::review(core, now, reader, &decision));
        }
    }
    events.extend(plans::own(core, now, reader));
    Calendar {
        name: say.calendar_name(Plain(&core.genesis().name)).into_string(),
        about: about.into_string(),
        events,
    }
}

fn of_decision(
    core: &Standpoint<'_>,
    now: Timestamp,
    reader: Reader<'_>,
    decision: &Decision<'_>,
) -> Vec<Event> {
    let writer = Writer {
        core,
        now,
        reader,
        decision,
    };
    let mut events = writer.events();
    events.extend(plans::review(core, now, reader, decision));
    events
}

/// The calendar of one decision for a reader.
pub(crate) fn calendar_of(
    core: &Standpoint<'_>,
    now: Timestamp,
    reader: Reader<'_>,
    decision: &Decision<'_>,
) -> Calendar {
    let title = &decision.version.title;
    Calendar {
        name: title.clone(),
        about: reader.page(decision),
        events: of_decision(core, now, reader, decision),
    }
}

/// How a vote stands for a calendar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    Open,
    Needed,
    Over,
    Withdrawn,
    Replaced,
}

struct Writer<'a> {
    core: &'a Standpoint<'a>,
    now: Timestamp,
    reader: Reader<'a>,
    decision: &'a Decision<'a>,
}

impl Writer<'_> {
    fn events(&self) -> Vec<Event> {
        let replaced = self.decision.earlier.iter();
        let replaced = replaced.map(|phase| (phase, self.stand_of_earlier(phase)));
        let current = self.decision.phase.iter();
        let current = current.map(|phase| (phase, self.stand()));
        let phases = replaced.chain(current);
        phases
            .flat_map(|(phase, stand)| self.of_phase(phase, stand))
            .chain(self.integration())
            .collect()
    }

    /// The end of the time to integrate a block, while it runs.
    fn integration(&self) -> Option<Event> {
        let (State::Integration(until), Some(phase)) = (self.decision.state, &self.decision.phase)
        else {
            return None;
        };
        let say = self.reader.say;
        let page = self.reader.page(self.decision);
        let about = say.event_integration_about().into_string();
        Some(Event {
            uid: self.uid(phase, "integration"),
            changed: phase.deadline.min(self.now),
            sequence: 0,
            starts: until,
            ends: None,
            summary: say
                .event_integration(Plain(&phase.version.title))
                .into_string(),
            description: format!("{about}\n{page}"),
            category: say.category_integration().into_string(),
            location: String::new(),
            page,
            is_busy: false,
            is_cancelled: false,
            alarms_hours: Vec::new(),
        })
    }

    fn uid(&self, phase: &Phase<'_>, what: &str) -> String {
        format!("{}-{what}@{}", phase.opening.id, self.core.federation())
    }

    fn stand(&self) -> Stand {
        match self.decision.state {
            State::Withdrawn => Stand::Withdrawn,
            State::Voting if self.reader.is_needed(self.core, self.decision) => Stand::Needed,
            State::Voting => Stand::Open,
            _ => Stand::Over,
        }
    }

    /// A vote on an earlier version was over by then or was replaced in its middle.
    fn stand_of_earlier(&self, phase: &Phase<'_>) -> Stand {
        let next = self.next_version(phase);
        match next.is_some_and(|time| time <= phase.deadline) {
            true => Stand::Replaced,
            false => Stand::Over,
        }
    }

    /// When the version after the one of a phase was written.
    fn next_version(&self, phase: &Phase<'_>) -> Option<Timestamp> {
        let versions = self.decision.proposal.versions();
        let mut after = versions
            .iter()
            .skip_while(|version| version.entry != phase.version.entry);
        after.nth(1).map(|version| version.time)
    }

    /// When the vote last changed, for the state it is in.
    fn changed(&self, phase: &Phase<'_>, stand: Stand) -> Timestamp {
        let changed = match stand {
            Stand::Open | Stand::Needed => phase.opening.time,
            Stand::Over => phase.deadline,
            Stand::Withdrawn => {
                let withdrawal = self.decision.proposal.withdrawal();
                withdrawal.map_or(phase.opening.time, |withdrawal| withdrawal.time)
            }
            Stand::Replaced => self.next_version(phase).unwrap_or(phase.opening.time),
        };
        changed.min(self.now)
    }

    fn of_phase(&self, phase: &Phase<'_>, stand: Stand) -> [Event; 2] {
        let (say, deadline) = (self.reader.say, phase.deadline);
        let title = &phase.version.title;
        let is_cancelled = matches!(stand, Stand::Withdrawn | Stand::Replaced);
        // It only grows: a deadline moves only later, and what is over stays so.
        let moved_minutes = deadline.since_ms(phase.opening.record.deadline) / 60_000;
        let is_over = !matches!(stand, Stand::Open | Stand::Needed);
        let sequence = moved_minutes + u64::from(is_over);
        let event = |what: &str| Event {
            uid: self.uid(phase, what),
            changed: self.changed(phase, stand),
            sequence,
            starts: deadline,
            ends: None,
            summary: String::new(),
            description: self.description(phase, stand),
            category: String::new(),
            location: String::new(),
            is_busy: false,
            page: self.reader.page(self.decision),
            is_cancelled,
            alarms_hours: Vec::new(),
        };
        let summary = match stand {
            Stand::Needed => say.event_needs_you(Plain(title)),
            _ => say.event_closes(Plain(title)),
        };
        let alarms: &[u8] = match stand {
            Stand::Needed => &ALARMS_NEEDED,
            Stand::Open if self.reader.own.is_none() => &ALARMS_PUBLIC,
            _ => &[],
        };
        [
            Event {
                summary: summary.into_string(),
                category: say.category_deadline().into_string(),
                alarms_hours: alarms.to_vec(),
                ..event("deadline")
            },
            Event {
                starts: phase.opening.time,
                ends: Some(deadline),
                summary: say.event_open(Plain(title)).into_string(),
                category: say.category_period().into_string(),
                ..event("period")
            },
        ]
    }

    fn description(&self, phase: &Phase<'_>, stand: Stand) -> String {
        let say = self.reader.say;
        let view = self.core.view();
        let utc = Zone::utc();
        let clock = Clock {
            say,
            zone: &utc,
            now: self.now,
        };
        let until = || say.event_until(Plain(clock.anywhere(phase.deadline)));
        let proposer = view.member_name(&self.decision.first.member);
        let mut lines = vec![say.event_of(Plain(proposer))];
        match stand {
            Stand::Open => lines.push(until()),
            Stand::Needed => {
                lines.push(until());
                let own = self.core.member().map(|own| view.member_name(&own));
                lines.push(say.event_needed(Plain(own.unwrap_or_default())));
            }
            Stand::Over => {
                let vote = self.core.annals().vote(&phase.opening.id);
                lines.push(match vote.and_then(|vote| vote.ended.as_ref()) {
                    Some(ended) => say.event_final(ending_word(say, ended.ending), ended.height),
                    None => say.event_outcome(views::outcome(phase.outcome.verdict).word(say)),
                });
            }
            Stand::Withdrawn => lines.push(say.event_withdrawn()),
            Stand::Replaced => lines.push(say.event_replaced()),
        }
        let mut lines: Vec<String> = lines.into_iter().map(|line| line.into_string()).collect();
        lines.push(self.reader.page(self.decision));
        lines.join("\n")
    }
}
