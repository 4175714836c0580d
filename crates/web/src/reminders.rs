//! Reminders by mail: who is written to now, and what. The node's binary sends the letters.
//!
//! Delegates of this node's member with a mail address hear of a vote only while their co-op's
//! ballot is missing, and once a day what is open. Whoever has an action point due or a gathering
//! to come to hears of that in the digest, delegate or not. What was sent is kept beside the
//! accounts and never leaves the node, so that a restart neither repeats nor forgets.

mod due;
mod letter;

use std::collections::BTreeMap;

use crate::standpoint::Standpoint;
use domain::id::{EntryId, PersonId, Timestamp};
use federation::{Decision, State};
use replica::view::Someone;
use serde::{Deserialize, Serialize};

use self::letter::Desk;
pub use self::{
    due::{Moment, Reminder, Sent, Vote, digest, next, reminders},
    letter::Letter,
};
use crate::{
    accounts::Account,
    decisions,
    error::WebError,
    gatherings::{end_of_day, local},
    handlers::{views::Rights, work},
    links::Purpose,
    pages::{time::Zone, work::Happening},
    site::Site,
    table::Table,
};

/// How many letters of one round are due at most; the rest waits for the next one.
pub const LETTERS_MAX: usize = 500;
/// How long it is remembered what was sent about a vote, after its deadline.
const KEPT_DAYS: u64 = 60;
const DAY_MS: u64 = 86_400_000;

/// How the sending of mail goes, for the page of the node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// What keeps mail from being sent.
    pub trouble: Option<MailTrouble>,
    /// How many letters wait.
    pub waiting: u64,
}

/// Why mail cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTrouble {
    /// Since when.
    pub since: Timestamp,
    /// What the mail server said, or did not. No address of a person is in it.
    pub because: String,
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A vote that is missing.
    Reminder(Reminder),
    /// The daily digest of this time.
    Digest(Timestamp),
}

/// A letter that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Whom to write to.
    pub person: PersonId,
    /// About what.
    pub occasion: Occasion,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// The letters that are due, the most urgent votes first.
    pub due: Vec<Due>,
    /// When to look again at the latest.
    pub next: Timestamp,
}

/// What was sent to one person about one vote.
#[derive(Debug, Serialize, Deserialize)]
struct Reminded {
    planned: u64,
    deadline: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Digested {
    planned: u64,
}

/// The reminders of a site. They need the URL under which people reach it.
pub struct Reminders {
    site: Site,
    url: String,
    reminded: Table<Reminded>,
    digested: Table<Digested>,
}

impl Reminders {
    /// The reminders of a site that people reach under this URL.
    #[must_use]
    pub fn new(site: Site, url: &str) -> Self {
        let local = &site.local;
        Self {
            reminded: Table::new(std::sync::Arc::clone(local), "web/reminded"),
            digested: Table::new(std::sync::Arc::clone(local), "web/digested"),
            url: url.trim_end_matches('/').to_owned(),
            site,
        }
    }

    /// The time by which everything here goes.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.site.now()
    }

    /// What is due now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn round(&self) -> Result<Round, WebError> {
        let now = self.now();
        let mut soonest = now.plus_ms(DAY_MS);
        let all_sent = self.sent().await?;
        let none = Sent::new();
        let mut due = Vec::new();
        for account in self.site.accounts.all().await? {
            if !self.is_written_to(&account) {
                continue;
            }
            if account.digest {
                let zone = zone_of(&account);
                let last = zone.last_at(now, account.digest_hour);
                // A day has 23 hours where summer time begins; looking early costs nothing.
                soonest = soonest.min(last.plus_ms(23 * DAY_MS / 24).max(now.plus_ms(60_000)));
            }
            let votes = self.votes(now, &account);
            if let Some(next) = next(now, &votes) {
                soonest = soonest.min(next);
            }
            let sent = all_sent.get(&account.person).unwrap_or(&none);
            due.extend(self.due_to(now, &account, &votes, sent).await?);
        }
        let urgency = |due: &Due| match due.occasion {
            Occasion::Reminder(reminder) => (0, std::cmp::Reverse(reminder.moment)),
            Occasion::Digest(_) => (1, std::cmp::Reverse(Moment::Opening)),
        };
        due.sort_by_key(|due| (urgency(due), *due));
        due.truncate(LETTERS_MAX);
        Ok(Round { due, next: soonest })
    }

    /// Writes a letter that was due, if it still is: meanwhile the co-op may have voted, or the
    /// person may have ended such mails.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn letter(&self, due: &Due) -> Result<Option<Letter>, WebError> {
        let now = self.now();
        let Some(account) = self.site.accounts.of(due.person).await? else {
            return Ok(None);
        };
        if !self.is_written_to(&account) {
            return Ok(None);
        }
        let votes = self.votes(now, &account);
        let mut sent = Sent::new();
        if let Occasion::Reminder(reminder) = &due.occasion
            && let Some(last) = self.reminded.get(&key(due.person, &reminder.phase)).await?
        {
            sent.insert(reminder.phase, Timestamp(last.planned));
        }
        let still = self.due_to(now, &account, &votes, &sent).await?;
        if !still.contains(due) {
            return Ok(None);
        }
        let purpose = match due.occasion {
            Occasion::Reminder(_) => Purpose::Reminders,
            Occasion::Digest(_) => Purpose::Digest,
        };
        let secret = self.site.links.of(now, due.person, purpose).await?;
        let since = match self.digested.get(&due.person.0).await? {
            Some(last) => Timestamp(last.planned),
            None => Timestamp(now.0.saturating_sub(DAY_MS)),
        };
        let actions = match due.occasion {
            Occasion::Reminder(_) => Vec::new(),
            Occasion::Digest(_) => {
                work::own_actions(&self.site, account.member, account.person).await?
            }
        };
        Ok(self.site.node.read_as(account.member, |core| {
            let desk = Desk {
                core,
                now,
                site: &self.url,
                account: &account,
                secret: &secret,
            };
            match &due.occasion {
                Occasion::Reminder(reminder) => {
                    let decision = decision_of(core, now, &reminder.phase)?;
                    let phase = decision.phase.as_ref()?;
                    Some(desk.reminder(&decision, phase, reminder))
                }
                Occasion::Digest(planned) => desk.digest(*planned, since, &actions),
            }
        }))
    }

    /// Remembers that a letter was sent, or that there was nothing to say.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remember(&self, due: &Due) -> Result<(), WebError> {
        match &due.occasion {
            Occasion::Reminder(reminder) => {
                let now = self.now();
                let deadline = self.site.node.read_as(None, |core| {
                    let decision = decision_of(core, now, &reminder.phase)?;
                    decision.phase.as_ref().map(|phase| phase.deadline)
                });
                let value = Reminded {
                    planned: reminder.planned.0,
                    deadline: deadline.unwrap_or(reminder.planned).0,
                };
                let key = key(due.person, &reminder.phase);
                self.reminded.put(&key, &value).await
            }
            Occasion::Digest(planned) => {
                let value = Digested { planned: planned.0 };
                self.digested.put(&due.person.0, &value).await
            }
        }
    }

    /// Forgets what was sent about votes that are long over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_old(&self) -> Result<(), WebError> {
        let now = self.now();
        for (key, sent) in self.reminded.list().await? {
            if now.since_ms(Timestamp(sent.deadline)) > KEPT_DAYS * DAY_MS {
                self.reminded.delete(&key).await?;
            }
        }
        Ok(())
    }

    async fn sent(&self) -> Result<BTreeMap<PersonId, Sent>, WebError> {
        let mut all: BTreeMap<PersonId, Sent> = BTreeMap::new();
        for (key, sent) in self.reminded.list().await? {
            if let Some((person, phase)) = parts(&key) {
                let of_person = all.entry(person).or_default();
                of_person.insert(phase, Timestamp(sent.planned));
            }
        }
        Ok(all)
    }

    fn is_written_to(&self, account: &Account) -> bool {
        !account.mail.is_empty() && (account.reminders || account.digest)
    }

    fn casts_votes(&self, account: &Account) -> bool {
        let read = |core: &Standpoint<'_>| Rights::of(core, &account.person).delegate;
        self.site.node.read_as(account.member, read)
    }

    /// The open votes, for who casts one.
    fn votes(&self, now: Timestamp, account: &Account) -> Vec<Vote> {
        if !self.casts_votes(account) {
            return Vec::new();
        }
        let read = |core: &Standpoint<'_>| votes(core, now);
        self.site.node.read_as(account.member, read)
    }

    async fn due_to(
        &self,
        now: Timestamp,
        account: &Account,
        votes: &[Vote],
        sent: &Sent,
    ) -> Result<Vec<Due>, WebError> {
        let person = account.person;
        let mut due = Vec::new();
        if account.reminders {
            let occasions = reminders(now, votes, sent).into_iter();
            due.extend(occasions.map(|reminder| Due {
                person,
                occasion: Occasion::Reminder(reminder),
            }));
        }
        if account.digest {
            let last = self.digested.get(&person.0).await?;
            let last = last.map(|last| Timestamp(last.planned));
            let planned = digest(now, &zone_of(account), account.digest_hour, last);
            // Whoever has nothing to hear of gets no letter; that the hour has passed is remembered,
            // so what comes up later waits for the next one.
            due.extend(planned.map(|planned| Due {
                person,
                occasion: Occasion::Digest(planned),
            }));
        }
        Ok(due)
    }
}

fn key(person: PersonId, phase: &EntryId) -> Vec<u8> {
    [&person.0[..], &phase.0[..]].concat()
}

fn parts(key: &[u8]) -> Option<(PersonId, EntryId)> {
    let (person, phase) = key.split_at_checked(16)?;
    let person = PersonId(person.try_into().ok()?);
    Some((person, EntryId(phase.try_into().ok()?)))
}

fn zone_of(account: &Account) -> Zone {
    Zone::named(&account.zone).unwrap_or_else(Zone::utc)
}

/// Until when the digest tells of what is due and who gathers: the end of tomorrow.
fn soon(now: Timestamp, zone: &Zone) -> Timestamp {
    let (today, _) = local(now, zone.rules());
    let tomorrow = today.tomorrow().unwrap_or(today);
    end_of_day(tomorrow, zone.rules()).unwrap_or(now)
}

/// The gatherings of a person's circles until then, but for cancelled ones.
fn gatherings(
    core: &Standpoint<'_>,
    who: &Someone,
    now: Timestamp,
    until: Timestamp,
) -> Vec<Happening> {
    let is_own =
        |each: &replica::view::Gathering| core.view().is_in_circle(&each.record.circle, who, now);
    let mut all = work::happenings(core, now, until, letter::LISTED_MAX, is_own);
    all.retain(|each| !each.is_cancelled);
    all
}

/// The open votes.
fn votes(core: &Standpoint<'_>, now: Timestamp) -> Vec<Vote> {
    let open = decisions::open(core, now);
    let votes = open.iter().filter_map(|decision| {
        let phase = decision.phase.as_ref()?;
        Some(Vote {
            phase: phase.opening.id,
            opened: phase.opening.time,
            deadline: phase.deadline,
            is_missing: decisions::needs_vote(core, decision),
        })
    });
    votes.collect()
}

/// The decision whose current vote is this one.
fn decision_of<'a>(
    core: &'a Standpoint<'a>,
    now: Timestamp,
    phase: &EntryId,
) -> Option<Decision<'a>> {
    let open = decisions::open(core, now);
    open.into_iter().find(|decision| {
        let current = decision.phase.as_ref();
        decision.state == State::Voting
            && current.is_some_and(|current| current.opening.id == *phase)
    })
}
