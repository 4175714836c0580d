//! The home's side of one create, from the first ask to its end (placement, steps 6 to 8).
//!
//! One ask is open at a time. Whoever refuses, keeps silent or fails is followed by the next server
//! while there is time. The shell makes outputs durable before it sends anything: an attempt is
//! recorded as cancelled before the next is asked, so that at most one of them ever counts. A success
//! that comes after its attempt was cancelled is ended.
//!
//! All times are [`Monotonic`]: a wall clock that is set neither ends a search nor prolongs it.

mod input;
mod output;

use domain::id::{MemberId, ServerId};

pub use self::{
    input::Input,
    output::{Output, Placed, Rejected, Rejection},
};
use crate::{
    Monotonic, Reason, Tier,
    ask::{Answer, Ask, REPLY_REPORTS_MAX, Reply},
    place::{Ranked, Ranking, place},
    request::{AskId, Excluded, Request},
    room::Prediction,
    view::View,
};

/// How long an owner has to acknowledge.
pub const ACKNOWLEDGE_MS: u64 = 400;
/// The longest that an owner far away has to acknowledge.
pub const ACKNOWLEDGE_MS_MAX: u64 = 1_000;
/// How much longer than the round trip an owner has at least, in thousandths.
pub const ROUND_TRIP_MILLI: u64 = 1_300;
/// How long an owner has to create the meeting once it acknowledged.
pub const CREATE_MS: u64 = 1_500;
/// How long a search takes at most.
pub const SEARCH_MS: u64 = 5_000;
/// Asks of servers that are too full by what the home knows.
pub const TIER_C_ASKS_MAX: u32 = 12;
/// Soft refusals after which asks carry no ceiling.
pub const BUSIER_MAX: u32 = 4;
/// Meetings that one owner took and did not create, after which none of its servers is asked.
pub const FAILURES_OF_OWNER_MAX: usize = 2;
/// Asks of one search, whatever happens.
pub const ASKS_MAX: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    /// Until then for the acknowledgement.
    Asked(Monotonic),
    /// Until then for the meeting.
    Creating(Monotonic),
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attempt {
    owner: MemberId,
    server: ServerId,
    asked: Monotonic,
    had_ceiling: bool,
    failed: bool,
}

/// One create.
#[derive(Debug, Clone)]
pub struct Search {
    request: Request,
    seed: u64,
    begun: Monotonic,
    stage: Stage,
    /// Attempt n is at n − 1.
    attempts: Vec<Attempt>,
    tier_c_asks: u32,
    busier: u32,
    prediction: Option<Prediction>,
    /// The attempt that was granted.
    placed: Option<u32>,
    reasons: Vec<(ServerId, Reason)>,
}

impl Search {
    /// A create that is asked for now. The seed breaks ties; it must not be known to other members.
    #[must_use]
    pub fn new(request: Request, now: Monotonic, seed: u64) -> Self {
        Self {
            request,
            seed,
            begun: now,
            stage: Stage::New,
            attempts: Vec::new(),
            tier_c_asks: 0,
            busier: 0,
            prediction: None,
            placed: None,
            reasons: Vec::new(),
        }
    }

    /// What it is for.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Whether it found a place or gave up. It is kept a while longer, so that late successes are ended.
    /// Who hears of a success for a search that is forgotten answers with a cancellation.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// What follows from an input. The view learns what the answers tell.
    pub fn handle(&mut self, now: Monotonic, view: &mut View, input: Input) -> Vec<Output> {
        match input {
            Input::Begin if self.stage == Stage::New => self.next(now, view, Vec::new()),
            Input::Begin => Vec::new(),
            Input::Answered { owner, reply } => self.answered(now, view, owner, reply),
            Input::Created { owner, ask, server } => self.created(now, view, owner, ask, server),
            Input::Failed { owner, ask } if self.is_current(owner, ask) => {
                view.answered(ask);
                self.exclude_failed(view);
                self.next(now, view, Vec::new())
            }
            Input::Failed { .. } => Vec::new(),
            Input::Wake => self.wake(now, view),
        }
    }

    fn answered(
        &mut self,
        now: Monotonic,
        view: &mut View,
        owner: MemberId,
        reply: Reply,
    ) -> Vec<Output> {
        let current = self.is_current(owner, reply.ask);
        match reply.answer {
            Answer::Acknowledged { server, time } if current && owns(view, owner, server) => {
                view.granted(reply.ask, server, time);
            }
            _ if current => view.answered(reply.ask),
            _ => {}
        }
        for (server, report) in reply.reports.into_iter().take(REPLY_REPORTS_MAX) {
            if owns(view, owner, server) {
                view.learn(now, server, report);
            }
        }
        if reply.contended {
            view.contend(now);
        }
        if !current || !matches!(self.stage, Stage::Asked(_)) {
            return Vec::new();
        }
        match reply.answer {
            Answer::Acknowledged { .. } => {
                let until = now.plus_ms(CREATE_MS).min(self.deadline());
                self.stage = Stage::Creating(until);
                return vec![Output::WakeAt(until)];
            }
            Answer::Busier { .. } => {
                self.busier += 1;
                view.contend(now);
                // Without a ceiling there is nothing to be above of.
                if self.attempts.last().is_some_and(|asked| !asked.had_ceiling) {
                    self.exclude_region(view, Excluded::Closed);
                }
            }
            Answer::Full {
                score_ppm,
                limit_ppm,
            } => self.exclude_region(
                view,
                Excluded::Full {
                    score_ppm,
                    limit_ppm,
                },
            ),
            Answer::Closed | Answer::TooMany { .. } => self.exclude_region(view, Excluded::Closed),
            Answer::Late {
                age_ms: waited_ms, ..
            } => {
                self.exclude_asked(Excluded::Silent { waited_ms });
            }
            Answer::Cancelled => self.exclude_asked(Excluded::Failed),
        }
        self.next(now, view, Vec::new())
    }

    fn created(
        &mut self,
        now: Monotonic,
        view: &mut View,
        owner: MemberId,
        ask: AskId,
        server: ServerId,
    ) -> Vec<Output> {
        let attempt = self.attempt(ask).filter(|attempt| attempt.owner == owner);
        if attempt.is_none() || !owns(view, owner, server) || self.placed == Some(ask.attempt) {
            return Vec::new();
        }
        let Some(prediction) = self.prediction.filter(|_| self.is_current(owner, ask)) else {
            return vec![Output::End { owner, ask, server }];
        };
        if matches!(self.stage, Stage::Asked(_)) {
            // Its acknowledgement was overtaken or lost: the next report counts it.
            view.answered(ask);
        }
        self.stage = Stage::Over;
        self.placed = Some(ask.attempt);
        vec![Output::Placed(Box::new(Placed {
            owner,
            server,
            ask,
            prediction,
            elapsed_ms: now.since_ms(self.begun),
            reasons: std::mem::take(&mut self.reasons),
        }))]
    }

    fn wake(&mut self, now: Monotonic, view: &mut View) -> Vec<Output> {
        let (Stage::Asked(until) | Stage::Creating(until)) = self.stage else {
            return Vec::new();
        };
        if now < until {
            return vec![Output::WakeAt(until)];
        }
        let (ask, Some(attempt)) = (self.current(), self.attempts.last().copied()) else {
            return Vec::new();
        };
        view.answered(ask);
        if matches!(self.stage, Stage::Asked(_)) {
            view.suspect(now, attempt.owner);
            let waited_ms = now.since_ms(attempt.asked);
            for (id, candidate) in view.candidates() {
                if candidate.server.owner == attempt.owner {
                    self.request
                        .excluded
                        .insert(id, Excluded::Silent { waited_ms });
                }
            }
        } else {
            self.exclude_failed(view);
        }
        let owner = attempt.owner;
        self.next(now, view, vec![Output::Cancel { owner, ask }])
    }

    /// Asks the next server, or gives up.
    fn next(&mut self, now: Monotonic, view: &mut View, mut outputs: Vec<Output>) -> Vec<Output> {
        let elapsed_ms = now.since_ms(self.begun);
        let asks = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let rejection = if elapsed_ms >= SEARCH_MS {
            Rejection::TimeOver {
                elapsed_ms,
                limit_ms: SEARCH_MS,
            }
        } else if asks >= ASKS_MAX {
            Rejection::AllRefused {
                asks,
                limit: ASKS_MAX,
            }
        } else {
            let ranking = self.rank(now, view);
            self.prediction = Some(ranking.prediction);
            self.reasons = ranking.reasons;
            match ranking.order.first() {
                Some(chosen) if chosen.tier != Tier::C || self.tier_c_asks < TIER_C_ASKS_MAX => {
                    outputs.extend(self.ask(now, view, chosen, ranking.ceiling_ppm));
                    return outputs;
                }
                Some(_) => Rejection::AllRefused {
                    asks: self.tier_c_asks,
                    limit: TIER_C_ASKS_MAX,
                },
                None => Rejection::NoServer,
            }
        };
        self.stage = Stage::Over;
        outputs.push(Output::Rejected(Box::new(Rejected {
            why: rejection,
            asks,
            reasons: std::mem::take(&mut self.reasons),
        })));
        outputs
    }

    fn rank(&mut self, now: Monotonic, view: &View) -> Ranking {
        let seed = self.seed.wrapping_add(self.attempts.len() as u64);
        let ranking = place(&self.request, view, now, seed);
        if !ranking.order.is_empty() || self.request.ask_suspected {
            return ranking;
        }
        // Nobody else is left: silence may have been the network's, and a floor counts joins of people
        // who have gone.
        self.request.ask_suspected = true;
        self.request
            .excluded
            .retain(|_, why| !matches!(why, Excluded::Silent { .. }));
        place(&self.request, view, now, seed)
    }

    fn ask(
        &mut self,
        now: Monotonic,
        view: &mut View,
        chosen: &Ranked,
        ceiling_ppm: Option<u64>,
    ) -> Vec<Output> {
        let Some(prediction) = self.prediction else {
            return Vec::new();
        };
        let (owner, server) = (chosen.owner, chosen.server);
        if chosen.tier == Tier::C {
            self.tier_c_asks += 1;
        }
        let ceiling_ppm = ceiling_ppm.filter(|_| self.busier < BUSIER_MAX);
        self.attempts.push(Attempt {
            owner,
            server,
            asked: now,
            had_ceiling: ceiling_ppm.is_some(),
            failed: false,
        });
        let rtt_ms = u64::from(view.owner(owner).rtt_ms.unwrap_or(0));
        let remaining_ms = self.deadline().since_ms(now);
        let budget_ms = acknowledge_ms(rtt_ms).min(remaining_ms);
        let until = now.plus_ms(budget_ms);
        self.stage = Stage::Asked(until);
        let ask = Ask {
            id: self.current(),
            meeting: self.request.meeting,
            tenant: self.request.tenant,
            member: self.request.member,
            server,
            features: self.request.features.clone(),
            test: self.request.test,
            users: prediction.expected_users,
            prediction: prediction.load,
            ceiling_ppm,
            start_within_ms: budget_ms.saturating_sub(rtt_ms),
            finish_within_ms: CREATE_MS.min(remaining_ms.saturating_sub(rtt_ms)),
        };
        view.asked(ask.id, ask.member, server, prediction.load);
        vec![Output::Ask { owner, ask }, Output::WakeAt(until)]
    }

    fn deadline(&self) -> Monotonic {
        self.begun.plus_ms(SEARCH_MS)
    }

    /// The last ask.
    fn current(&self) -> AskId {
        AskId {
            request: self.request.id,
            attempt: u32::try_from(self.attempts.len()).unwrap_or(u32::MAX),
        }
    }

    fn attempt(&self, ask: AskId) -> Option<&Attempt> {
        let place = usize::try_from(ask.attempt.checked_sub(1)?).ok()?;
        self.attempts
            .get(place)
            .filter(|_| ask.request == self.request.id)
    }

    /// Whether this owner may still grant this ask.
    fn is_current(&self, owner: MemberId, ask: AskId) -> bool {
        matches!(self.stage, Stage::Asked(_) | Stage::Creating(_))
            && ask == self.current()
            && self
                .attempt(ask)
                .is_some_and(|attempt| attempt.owner == owner)
    }

    /// The server that was asked is out of the question.
    fn exclude_asked(&mut self, why: Excluded) {
        if let Some(attempt) = self.attempts.last() {
            self.request.excluded.insert(attempt.server, why);
        }
    }

    /// The server that was asked took the meeting and did not create it. An owner of whom that is true of
    /// several has had its part of the time.
    fn exclude_failed(&mut self, view: &View) {
        self.exclude_asked(Excluded::Failed);
        let Some(last) = self.attempts.last_mut() else {
            return;
        };
        last.failed = true;
        let owner = last.owner;
        let failed = |attempt: &&Attempt| attempt.owner == owner && attempt.failed;
        if self.attempts.iter().filter(failed).count() < FAILURES_OF_OWNER_MAX {
            return;
        }
        for (id, candidate) in view.candidates() {
            if candidate.server.owner == owner {
                self.request.excluded.insert(id, Excluded::Failed);
            }
        }
    }

    /// All servers of the asked owner in that region are out of the question: it chose the best of them.
    fn exclude_region(&mut self, view: &View, why: Excluded) {
        self.exclude_asked(why);
        let Some(attempt) = self.attempts.last() else {
            return;
        };
        let region = view
            .candidate(attempt.server)
            .map(|asked| &asked.server.region);
        for (id, candidate) in view.candidates() {
            let server = &candidate.server;
            if server.owner == attempt.owner && Some(&server.region) == region {
                self.request.excluded.insert(id, why);
            }
        }
    }
}

/// How long an owner at this distance has to acknowledge.
fn acknowledge_ms(rtt_ms: u64) -> u64 {
    let round_trip_ms = rtt_ms.saturating_mul(ROUND_TRIP_MILLI).div_ceil(1_000);
    round_trip_ms.clamp(ACKNOWLEDGE_MS, ACKNOWLEDGE_MS_MAX)
}

fn owns(view: &View, owner: MemberId, server: ServerId) -> bool {
    view.candidate(server)
        .is_some_and(|candidate| candidate.server.owner == owner)
}
