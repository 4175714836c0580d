//! News of decisions: proposals, versions, openings, outcomes, the newest first.

use crate::standpoint::Standpoint;
use domain::id::Timestamp;
use federation::{Decision, Phase, State, finality::Finality};

use super::{
    Reader,
    atom::{Entry, Feed, id},
};
use crate::{
    catalogue::Plain,
    decisions,
    handlers::views,
    pages::time::{Clock, Zone},
};

/// How many proposals the news tell of, the latest.
const PROPOSALS_MAX: usize = 50;
/// How many pieces of news there are at most.
const ENTRIES_MAX: usize = 100;

/// The news of decisions for a reader.
pub(crate) fn feed(core: &Standpoint<'_>, now: Timestamp, reader: Reader<'_>) -> Feed {
    let (say, federation) = (reader.say, core.federation());
    let member = core
        .member()
        .map(|member| core.view().member_name(&member))
        .unwrap_or_default();
    let latest = decisions::latest(core, PROPOSALS_MAX);
    let all = latest.iter().filter_map(|id| core.settled(id, now));
    let mut entries: Vec<Entry> = all
        .flat_map(|decision| {
            let writer = Writer {
                core,
                now,
                reader,
                decision: &decision,
            };
            writer.entries()
        })
        .collect();
    // Of one moment the later step of a decision is the newer one.
    entries.reverse();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.updated));
    entries.truncate(ENTRIES_MAX);
    let subtitle = match reader.own {
        Some(own) if own.is_delegate => {
            say.feed_about_needs(decisions::waiting_for(core, now), Plain(member))
        }
        _ => say.feed_about(Plain(member)),
    };
    let whose: &[u8] = match &reader.own {
        Some(own) => &own.person.0,
        None => b"public",
    };
    Feed {
        id: id(&[&federation.0, b"feed", whose]),
        title: say.feed_title(Plain(&core.genesis().name)).into_string(),
        subtitle: subtitle.into_string(),
        language: say.tag(),
        updated: entries
            .first()
            .map_or(core.genesis().created, |entry| entry.updated),
        address: reader.address.to_owned(),
        page: match reader.own {
            Some(_) => format!("{}/decide", reader.site),
            None => format!("{}/archive", reader.site),
        },
        entries,
    }
}

struct Writer<'a> {
    core: &'a Standpoint<'a>,
    now: Timestamp,
    reader: Reader<'a>,
    decision: &'a Decision<'a>,
}

impl Writer<'_> {
    fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.versions();
        for phase in self.decision.earlier.iter().chain(&self.decision.phase) {
            entries.push(self.opened(phase));
        }
        entries.extend(self.end());
        entries.extend(self.review());
        entries
    }

    /// That the day of review has come.
    fn review(&self) -> Option<Entry> {
        let say = self.reader.say;
        let date = decisions::review_of(self.core, self.decision)?;
        let title = Plain(&self.decision.version.title);
        let about = [&self.decision.id.0[..], &date.0.to_be_bytes()].concat();
        (date <= self.now).then(|| Entry {
            title: say.event_review(title).into_string(),
            summary: say.event_review_about().into_string(),
            ..self.entry("review", &about, date)
        })
    }

    /// News of one kind about one thing, whose time says when it happened.
    fn entry(&self, kind: &'static str, about: &[u8], at: Timestamp) -> Entry {
        let federation = self.core.federation();
        Entry {
            id: id(&[&federation.0, kind.as_bytes(), about]),
            title: String::new(),
            published: at,
            updated: at,
            author: self.proposer(),
            page: self.reader.page(self.decision),
            category: kind,
            summary: String::new(),
        }
    }

    fn proposer(&self) -> String {
        self.core.view().member_name(&self.decision.first.member)
    }

    fn versions(&self) -> Vec<Entry> {
        let say = self.reader.say;
        let versions = self.decision.proposal.versions();
        let of_version = |version: &&replica::view::Version| {
            let is_first = version.entry == self.decision.first.version.entry;
            let (kind, title, summary) = if is_first {
                (
                    "proposal",
                    say.feed_title_proposed(Plain(&version.title)),
                    say.feed_proposed(Plain(self.proposer())),
                )
            } else {
                (
                    "amendment",
                    say.feed_title_amended(version.number, Plain(&version.title)),
                    say.feed_amended(Plain(self.proposer())),
                )
            };
            Entry {
                title: title.into_string(),
                summary: summary.into_string(),
                ..self.entry(kind, &version.entry.0, version.time)
            }
        };
        versions.iter().map(of_version).collect()
    }

    fn opened(&self, phase: &Phase<'_>) -> Entry {
        let say = self.reader.say;
        let utc = Zone::utc();
        let clock = Clock {
            say,
            zone: &utc,
            now: self.now,
        };
        let until = Plain(clock.anywhere(phase.deadline));
        let title = Plain(&phase.version.title);
        let current = self.decision.phase.as_ref();
        let is_current = current.is_some_and(|current| current.opening.id == phase.opening.id);
        let is_needed = is_current && self.reader.is_needed(self.core, self.decision);
        let (kind, title, summary) = if is_needed {
            let own = self.core.member();
            let own = own.map(|own| self.core.view().member_name(&own));
            (
                "vote-needed",
                say.feed_title_needed(title),
                say.feed_needed(until, Plain(own.unwrap_or_default())),
            )
        } else {
            (
                "opening",
                say.feed_title_opened(title),
                say.feed_opened(until),
            )
        };
        Entry {
            title: title.into_string(),
            summary: summary.into_string(),
            category: kind,
            ..self.entry("opening", &phase.opening.id.0, phase.opening.time)
        }
    }

    /// How it ended, if it has.
    fn end(&self) -> Option<Entry> {
        let say = self.reader.say;
        let title = Plain(&self.decision.version.title);
        match (self.decision.state, &self.decision.phase) {
            (State::Withdrawn, _) => {
                let withdrawal = self.decision.proposal.withdrawal()?;
                Some(Entry {
                    title: say.feed_title_withdrawn(title).into_string(),
                    summary: say.feed_withdrawn(Plain(self.proposer())).into_string(),
                    ..self.entry("withdrawal", &withdrawal.entry.0, withdrawal.time)
                })
            }
            (State::Integration(until), Some(phase)) => {
                let utc = Zone::utc();
                let clock = Clock {
                    say,
                    zone: &utc,
                    now: self.now,
                };
                let until = Plain(clock.anywhere(until));
                Some(Entry {
                    title: say.feed_title_integration(title).into_string(),
                    summary: say.feed_integration(until).into_string(),
                    ..self.entry("integration", &phase.opening.id.0, phase.deadline)
                })
            }
            (State::Closed(verdict), Some(phase)) => {
                let outcome = views::outcome(verdict).word(say);
                let closed = phase.deadline;
                // A vote that was on its way may have changed the outcome after the deadline.
                let late = phase.ballots.values().filter(|ballot| ballot.late);
                let late = late.map(|ballot| ballot.received);
                let summary = match self.core.finality(self.decision) {
                    Finality::Final(_, ended) => {
                        say.feed_closed_final(outcome.clone(), ended.height)
                    }
                    _ => say.feed_closed(outcome.clone()),
                };
                Some(Entry {
                    title: say.feed_title_closed(outcome, title).into_string(),
                    summary: summary.into_string(),
                    updated: late.fold(closed, Timestamp::max),
                    ..self.entry("outcome", &phase.opening.id.0, closed)
                })
            }
            _ => None,
        }
    }
}
