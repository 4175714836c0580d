//! The task that sends letters: takes what is due, sends one after the other, and remembers it.
//! Nothing waits for it, and it waits for nobody longer than its deadlines.
//!
//! What waits is not kept anywhere: it is worked out anew each round from what is due, so that a
//! vote that was cast, a mail that was ended or a node that was down need no special care.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    time::Duration,
};

use domain::id::Timestamp;
use federation::Change;
use tokio::{
    sync::{broadcast, watch},
    time::{sleep, timeout},
};
use web::{
    WebError,
    reminders::{Due, Letter, Mail, MailTrouble, Occasion, Reminders, Round},
};

/// How long sending one letter may take. A server that is silent for longer is not well.
const SEND_DEADLINE: Duration = Duration::from_secs(20);
/// When to look again if nothing happens: settings change without telling, and so does the clock.
const LOOK_AGAIN_MS: u64 = 60_000;
/// How long after a change to look: changes come in crowds.
const GATHER: Duration = Duration::from_secs(1);
/// How long a node that was started hears from the others what it missed before it writes to
/// anybody.
const HEAR_FIRST: Duration = Duration::from_secs(5);
/// The first wait after something failed; it doubles each time.
const RETRY_MS: u64 = 60_000;
/// The longest wait.
const RETRY_MS_MAX: u64 = 3_600_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Why a letter was not sent, in words without the person's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// The server does not take this one; others may go.
    Letter(String),
    /// The server takes none.
    Server(String),
}

/// Takes letters to where they go.
pub trait Post: Send + Sync {
    /// Hands one letter over; it is on its way when this returns.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), NotSent>> + Send;
}

/// Knows which letters are due.
pub trait Letters: Send + Sync {
    /// The time by which letters are due.
    fn now(&self) -> Timestamp;
    /// What is due now.
    fn round(&self) -> impl Future<Output = Result<Round, WebError>> + Send;
    /// Writes a letter, if it still is due.
    fn letter(&self, due: &Due) -> impl Future<Output = Result<Option<Letter>, WebError>> + Send;
    /// Remembers for good that it was sent.
    fn remember(&self, due: &Due) -> impl Future<Output = Result<(), WebError>> + Send;
    /// Forgets what needs no remembering any more.
    fn forget_old(&self) -> impl Future<Output = Result<(), WebError>> + Send;
}

impl Letters for Reminders {
    fn now(&self) -> Timestamp {
        Reminders::now(self)
    }

    async fn round(&self) -> Result<Round, WebError> {
        Reminders::round(self).await
    }

    async fn letter(&self, due: &Due) -> Result<Option<Letter>, WebError> {
        Reminders::letter(self, due).await
    }

    async fn remember(&self, due: &Due) -> Result<(), WebError> {
        Reminders::remember(self, due).await
    }

    async fn forget_old(&self) -> Result<(), WebError> {
        Reminders::forget_old(self).await
    }
}

/// How many letters may go in an hour.
#[derive(Debug)]
struct Pace {
    hourly_max: usize,
    sent: VecDeque<Timestamp>,
}

impl Pace {
    /// Whether one more may go; if not, when.
    fn room(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        // What was sent in the future was dated by a clock that has been set back since.
        self.sent
            .retain(|at| *at <= now && now.since_ms(*at) < HOUR_MS);
        match self.sent.front() {
            Some(oldest) if self.sent.len() >= self.hourly_max => Err(oldest.plus_ms(HOUR_MS)),
            _ => Ok(()),
        }
    }
}

/// Waits longer after each failure.
#[derive(Debug, Clone, Copy, Default)]
struct Patience {
    failures: u32,
    until: Timestamp,
}

impl Patience {
    fn fail(&mut self, now: Timestamp) {
        let wait = RETRY_MS.saturating_mul(1 << self.failures.min(16));
        self.until = now.plus_ms(wait.min(RETRY_MS_MAX));
        self.failures += 1;
    }

    fn waits(&self, now: Timestamp) -> bool {
        // A clock that was set back must not hold anything up for longer than that.
        now < self.until && self.until.since_ms(now) <= RETRY_MS_MAX
    }
}

/// Sends letters.
pub struct Sender<L, P> {
    letters: L,
    post: P,
    pace: Pace,
    server: Patience,
    refused: BTreeMap<Due, Patience>,
    /// Sent, and the store could not take it down. They must not be sent again.
    unremembered: BTreeSet<Due>,
    state: watch::Sender<Mail>,
    forgot: Timestamp,
}

impl<L: Letters, P: Post> Sender<L, P> {
    /// A sender that tells `state` how it goes.
    pub fn new(letters: L, post: P, hourly_max: u32, state: watch::Sender<Mail>) -> Self {
        Self {
            letters,
            post,
            pace: Pace {
                hourly_max: hourly_max as usize,
                sent: VecDeque::new(),
            },
            server: Patience::default(),
            refused: BTreeMap::new(),
            unremembered: BTreeSet::new(),
            state,
            forgot: Timestamp::default(),
        }
    }

    /// Sends for ever, or until the node goes away.
    pub async fn run(mut self, mut changes: broadcast::Receiver<Change>) {
        sleep(HEAR_FIRST).await;
        loop {
            let wait_ms = match self.round().await {
                Ok(next) => next.since_ms(self.letters.now()).clamp(100, LOOK_AGAIN_MS),
                Err(error) => {
                    tracing::warn!(%error, "what mail is due cannot be read");
                    LOOK_AGAIN_MS
                }
            };
            tokio::select! {
                () = sleep(Duration::from_millis(wait_ms)) => {}
                changed = changes.recv() => {
                    if matches!(changed, Err(broadcast::error::RecvError::Closed)) {
                        return;
                    }
                    sleep(GATHER).await;
                    // What came meanwhile is seen by the same look.
                    changes = changes.resubscribe();
                }
            }
        }
    }

    /// Sends what is due and can be sent. Gives the time to look again.
    async fn round(&mut self) -> Result<Timestamp, WebError> {
        self.write_down().await;
        let Round { mut due, next } = self.letters.round().await?;
        due.retain(|due| !self.unremembered.contains(due));
        self.refused.retain(|refused, _| due.contains(refused));
        let mut waiting = due.len();
        let mut soonest = next;
        for one in &due {
            let now = self.letters.now();
            if self.server.waits(now) {
                soonest = soonest.min(self.server.until);
                break;
            }
            if let Some(refused) = self.refused.get(one).filter(|it| it.waits(now)) {
                soonest = soonest.min(refused.until);
                continue;
            }
            if let Err(later) = self.pace.room(now) {
                soonest = soonest.min(later);
                break;
            }
            if self.send(one).await? {
                waiting -= 1;
            }
            self.tell(waiting);
        }
        self.tell(waiting);
        Ok(soonest)
    }

    /// Sends one letter. True if nothing is left to do about it.
    async fn send(&mut self, due: &Due) -> Result<bool, WebError> {
        let Some(letter) = self.letters.letter(due).await? else {
            if matches!(due.occasion, Occasion::Digest(_)) {
                // There was nothing to say.
                self.done(due).await;
            }
            return Ok(true);
        };
        let sent = timeout(SEND_DEADLINE, self.post.send(&letter)).await;
        let now = self.letters.now();
        let sent = sent.unwrap_or_else(|_| {
            let seconds = SEND_DEADLINE.as_secs();
            Err(NotSent::Server(format!(
                "no answer within {seconds} seconds"
            )))
        });
        match sent {
            Ok(()) => {
                self.pace.sent.push_back(now);
                self.server = Patience::default();
                self.refused.remove(due);
                self.done(due).await;
                tracing::info!("a mail was sent");
                Ok(true)
            }
            Err(NotSent::Server(because)) => {
                self.server.fail(now);
                self.trouble(now, because);
                Ok(false)
            }
            Err(NotSent::Letter(because)) => {
                self.refused.entry(*due).or_default().fail(now);
                self.trouble(now, because);
                Ok(false)
            }
        }
    }

    async fn done(&mut self, due: &Due) {
        if let Err(error) = self.letters.remember(due).await {
            tracing::warn!(%error, "a mail that was sent cannot be remembered yet");
            self.unremembered.insert(*due);
        }
    }

    async fn write_down(&mut self) {
        for due in std::mem::take(&mut self.unremembered) {
            self.done(&due).await;
        }
        let now = self.letters.now();
        if now.since_ms(self.forgot) > DAY_MS && self.letters.forget_old().await.is_ok() {
            self.forgot = now;
        }
    }

    fn trouble(&self, now: Timestamp, because: String) {
        tracing::warn!(because, "a mail cannot be sent");
        self.state.send_modify(|mail| {
            let since = mail.trouble.as_ref().map_or(now, |trouble| trouble.since);
            mail.trouble = Some(MailTrouble { since, because });
        });
    }

    /// Tells how many letters wait, and that all is well again where it is.
    fn tell(&self, waiting: usize) {
        let is_well = self.server.failures == 0 && self.refused.is_empty();
        self.state.send_if_modified(|mail| {
            let before = mail.clone();
            mail.waiting = waiting as u64;
            if is_well {
                mail.trouble = None;
            }
            *mail != before
        });
    }
}

#[cfg(test)]
mod tests;
