//! The choice of a server: a pure function of what the home knows (placement, steps 2 to 6).

use domain::{
    id::{MemberId, ServerId},
    region::Region,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::{
    Distance, Monotonic, Reason, Suspicion, Tier, WHOLE_PPM,
    candidate::{Health, Server, State},
    capacity::{Load, Size},
    choose::{ceiling_ppm, choose_of_two, hold_first},
    request::{Excluded, Request},
    room::{Basis, Prediction, predict},
    share::LIMIT_PPM,
    view::{Candidate, REPORT_AGE_MS_MAX, View},
};

/// A server is comfortable up to here.
pub const COMFORTABLE_PPM: u64 = 750_000;
/// A server is refused when by its floor the meeting would make it fuller than this.
pub const FLOOR_VETO_PPM: u64 = WHOLE_PPM;
/// The same where nobody else is left: people who joined twice or have left are in the floor too, and the
/// owner decides; one that lies gains no more than this.
pub const FLOOR_LAST_VETO_PPM: u64 = 1_250_000;
/// An owner's node is near up to this round trip.
pub const NEAR_RTT_MS: u32 = 60;
/// The greatest chance added to a score, which breaks ties.
pub const CHANCE_PPM: u64 = 10_000;
/// How much the case that it becomes large counts in the score of a meeting of unknown size.
pub const LARGE_PPM: u64 = 400_000;
/// How many people that case has.
pub const LARGE_USERS: u32 = 200;

/// A server that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The server.
    pub server: ServerId,
    /// Its owner.
    pub owner: MemberId,
    /// How full it would be, as its owner computes it too.
    pub plain_ppm: u64,
    /// What it is ranked by: the plain score, for a meeting of unknown size mixed with the case that it
    /// becomes large, and chance.
    pub score_ppm: u64,
    /// How full that is.
    pub tier: Tier,
    /// How far it is.
    pub distance: Distance,
    /// How likely it is drawn.
    pub(crate) weight: u64,
    /// How full the meeting alone makes it.
    pub(crate) room_ppm: u64,
}

impl Ranked {
    /// What must be equal for two servers to be compared by their scores. Where every server is too
    /// full by what is known, only how full matters.
    pub(crate) fn group(&self) -> (Tier, Distance) {
        match self.tier {
            Tier::A | Tier::B => (self.tier, self.distance),
            Tier::C => (self.tier, Distance::Far),
        }
    }
}

/// Where a meeting may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// The servers that may be asked, best first.
    pub order: Vec<Ranked>,
    /// The plain score beyond which the owner of the first should say `busier`, since another server is
    /// better; none: it should not.
    pub ceiling_ppm: Option<u64>,
    /// What the meeting is expected to take.
    pub prediction: Prediction,
    /// For every server why or why not: those in order first, then the rest by id.
    pub reasons: Vec<(ServerId, Reason)>,
}

/// Ranks all servers for a meeting. The same input and seed give the same ranking.
#[must_use]
pub fn place(request: &Request, view: &View, now: Monotonic, seed: u64) -> Ranking {
    let prediction = predict(
        request.hint,
        request.history,
        request.cap_users,
        request.unknown_rooms,
    );
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let draws = [chance.next_u64(), chance.next_u64()];
    let scoring = Scoring {
        request,
        view,
        now,
        prediction: &prediction,
        large: large(&prediction),
        member_limit_ppm: view.standing(request.member).limit_ppm(),
    };
    let mut order = Vec::new();
    let mut filtered = Vec::new();
    for (id, candidate) in view.candidates() {
        // Drawn for every server, so that what happens to one changes no other's.
        let chance_ppm = u64::from(chance.next_u32()) % (CHANCE_PPM + 1);
        match scoring.score(id, candidate, chance_ppm) {
            Ok(ranked) => order.push(ranked),
            Err(reason) => filtered.push((id, reason)),
        }
    }
    order.sort_unstable_by_key(|ranked| (ranked.group(), ranked.score_ppm, ranked.server));
    if view.contended(now) {
        choose_of_two(&mut order, draws);
    }
    let held = hold_first(request, &mut order);
    let ceiling_ppm = if held { None } else { ceiling_ppm(&order) };
    let mut reasons = explain(&order, request.member, scoring.member_limit_ppm);
    reasons.append(&mut filtered);
    Ranking {
        order,
        ceiling_ppm,
        prediction,
        reasons,
    }
}

/// The load of a meeting of unknown size, should it become large.
fn large(prediction: &Prediction) -> Option<Load> {
    (prediction.basis == Basis::Unknown)
        .then(|| Size::of(LARGE_USERS.min(prediction.cap_users).max(prediction.users)).load())
}

/// What all servers are scored with.
struct Scoring<'a> {
    request: &'a Request,
    view: &'a View,
    now: Monotonic,
    prediction: &'a Prediction,
    large: Option<Load>,
    member_limit_ppm: u64,
}

impl Scoring<'_> {
    fn score(
        &self,
        id: ServerId,
        candidate: &Candidate,
        chance_ppm: u64,
    ) -> Result<Ranked, Reason> {
        let server = &candidate.server;
        permitted(self.request, server)?;
        self.trusted(id, candidate)?;
        let limit_ppm = limit_ppm(self.request.member, server.owner, self.member_limit_ppm);
        let held = match self.request.hold {
            Some((held, load)) if held == id => load,
            _ => Load::ZERO,
        };
        self.fits(candidate, held, limit_ppm)?;
        let load = candidate.load_without(held);
        let plain_ppm = load
            .plus(self.prediction.load)
            .utilisation_ppm(&server.capacity);
        let mixed_ppm = match self.large {
            Some(large) => mix_ppm(
                plain_ppm,
                load.plus(large).utilisation_ppm(&server.capacity),
            ),
            None => plain_ppm,
        };
        let tier = if mixed_ppm <= COMFORTABLE_PPM {
            Tier::A
        } else if plain_ppm <= limit_ppm {
            Tier::B
        } else {
            Tier::C
        };
        Ok(Ranked {
            server: id,
            owner: server.owner,
            plain_ppm,
            score_ppm: mixed_ppm.saturating_add(chance_ppm),
            tier,
            distance: distance(self.request, self.view, server),
            weight: server.capacity.cpu_units_milli.max(1),
            room_ppm: self.prediction.load.utilisation_ppm(&server.capacity),
        })
    }

    /// Whether what is known of the server and its owner is fresh and good (step 2).
    fn trusted(&self, id: ServerId, candidate: &Candidate) -> Result<(), Reason> {
        match self.request.excluded.get(&id) {
            Some(Excluded::Full {
                score_ppm,
                limit_ppm,
            }) => {
                return Err(Reason::RefusedFull {
                    score_ppm: *score_ppm,
                    limit_ppm: *limit_ppm,
                });
            }
            Some(Excluded::Silent { waited_ms }) => {
                let waited_ms = *waited_ms;
                return Err(Reason::Suspected(Suspicion::NotAcknowledged { waited_ms }));
            }
            Some(Excluded::Failed) => return Err(Reason::Suspected(Suspicion::Failed)),
            Some(Excluded::Closed) => return Err(Reason::Cordoned { state: None }),
            None => {}
        }
        let heard = candidate.report.as_ref();
        let age_ms = heard.map(|(at, _)| self.now.since_ms(*at));
        let Some((_, report)) = heard.filter(|_| age_ms <= Some(REPORT_AGE_MS_MAX)) else {
            return Err(Reason::Stale {
                age_ms,
                limit_ms: REPORT_AGE_MS_MAX,
            });
        };
        let suspected_until = self.view.owner(candidate.server.owner).suspected_until;
        let suspected = |until: &Monotonic| self.now < *until && !self.request.ask_suspected;
        match suspected_until.filter(suspected) {
            Some(until) => Err(Reason::Suspected(Suspicion::OwnerSilent {
                remaining_ms: until.since_ms(self.now),
            })),
            None if report.health != Health::Up => {
                let health = report.health;
                Err(Reason::Suspected(Suspicion::Unhealthy { health }))
            }
            None => Ok(()),
        }
    }

    /// Whether the server could take the meeting at all, its share and its floor allow it.
    fn fits(&self, candidate: &Candidate, held: Load, limit_ppm: u64) -> Result<(), Reason> {
        let server = &candidate.server;
        let alone = self.prediction.load;
        let users = u64::from(self.prediction.expected_users);
        if users > server.capacity.room_users {
            return Err(Reason::RoomTooLarge {
                users,
                limit_users: server.capacity.room_users,
            });
        }
        let alone_ppm = alone.utilisation_ppm(&server.capacity);
        if alone_ppm > limit_ppm {
            return Err(over_limit(alone_ppm, limit_ppm));
        }
        if self.request.member != server.owner {
            let used = candidate.others().minus(held).plus(alone);
            let used_ppm = used.utilisation_ppm(&server.capacity);
            if used_ppm > server.share_ppm {
                return Err(Reason::Share {
                    used_ppm,
                    share_ppm: server.share_ppm,
                });
            }
        }
        let floor_ppm = candidate
            .floor
            .plus(alone)
            .utilisation_ppm(&server.capacity);
        let limit_ppm = match self.request.ask_suspected {
            true => FLOOR_LAST_VETO_PPM,
            false => FLOOR_VETO_PPM,
        };
        if candidate.floor != Load::ZERO && floor_ppm > limit_ppm {
            return Err(Reason::FloorVeto {
                floor_ppm,
                limit_ppm,
                reported: candidate
                    .report
                    .as_ref()
                    .map_or(Load::ZERO, |(_, report)| report.load),
            });
        }
        Ok(())
    }
}

/// How far a server is from where the request wants it.
pub(crate) fn distance(request: &Request, view: &View, server: &Server) -> Distance {
    let near = |rtt_ms: u32| rtt_ms <= NEAR_RTT_MS;
    if request.region.as_ref() == Some(&server.region) {
        Distance::Right
    } else if view.owner(server.owner).rtt_ms.is_some_and(near) {
        Distance::Near
    } else {
        Distance::Far
    }
}

/// Whether the records of a server allow the meeting there at all (step 2).
pub(crate) fn permitted(request: &Request, server: &Server) -> Result<(), Reason> {
    let elsewhere = |wanted: &&Region| request.region_required && **wanted != server.region;
    if let Some(wanted) = request.region.as_ref().filter(elsewhere) {
        return Err(Reason::Region {
            found: server.region.clone(),
            wanted: wanted.clone(),
        });
    }
    if let Some(missing) = request.features.difference(&server.features).next() {
        return Err(Reason::Feature {
            missing: missing.clone(),
        });
    }
    match server.state {
        State::Open => Ok(()),
        State::TestsOnly if request.test => Ok(()),
        State::Draining => Err(Reason::Drained),
        state @ (State::Cordoned | State::TestsOnly) => {
            Err(Reason::Cordoned { state: Some(state) })
        }
    }
}

/// How full a member may make a server: its owner is never limited by its use of others.
pub(crate) fn limit_ppm(member: MemberId, owner: MemberId, member_limit_ppm: u64) -> u64 {
    if member == owner {
        LIMIT_PPM
    } else {
        member_limit_ppm
    }
}

fn over_limit(score_ppm: u64, limit_ppm: u64) -> Reason {
    if score_ppm > LIMIT_PPM {
        Reason::OverLimit {
            score_ppm,
            limit_ppm: LIMIT_PPM,
        }
    } else {
        Reason::UnfairLimit {
            score_ppm,
            limit_ppm,
        }
    }
}

/// 0.85 × plain + 0.15 × large, rounded up.
fn mix_ppm(plain_ppm: u64, large_ppm: u64) -> u64 {
    let sum = u128::from(plain_ppm) * u128::from(WHOLE_PPM - LARGE_PPM)
        + u128::from(large_ppm) * u128::from(LARGE_PPM);
    u64::try_from(sum.div_ceil(u128::from(WHOLE_PPM))).unwrap_or(u64::MAX)
}

fn explain(order: &[Ranked], member: MemberId, limit: u64) -> Vec<(ServerId, Reason)> {
    let chosen_ppm = order.first().map_or(0, |chosen| chosen.score_ppm);
    let reason = |place: usize, ranked: &Ranked| {
        let (score_ppm, tier, distance) = (ranked.score_ppm, ranked.tier, ranked.distance);
        match (place, tier) {
            (0, _) => Reason::Chosen {
                score_ppm,
                tier,
                distance,
            },
            (1, _) => Reason::RunnerUp {
                score_ppm,
                chosen_ppm,
            },
            (_, Tier::C) => over_limit(ranked.plain_ppm, limit_ppm(member, ranked.owner, limit)),
            _ => Reason::Ranked {
                score_ppm,
                tier,
                distance,
            },
        }
    };
    let explained = |(place, ranked): (usize, &Ranked)| (ranked.server, reason(place, ranked));
    order.iter().enumerate().map(explained).collect()
}
