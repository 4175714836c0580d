//! Whether a meeting is taken, and where.

use std::collections::BTreeMap;

use domain::id::{MemberId, ServerId, Timestamp};

use super::{
    Admission, Output,
    rooms::{Room, Stage, Total},
};
use crate::{
    Monotonic,
    ask::{Answer, Ask, REPLY_REPORTS_MAX, Reply},
    candidate::{Health, Server, State},
    capacity::Load,
    place::limit_ppm,
    request::{AskId, MeetingId},
    search::{ACKNOWLEDGE_MS_MAX, CREATE_MS},
    view::CONTENDED_MS,
};

/// The owner's best server for an ask.
struct Pick {
    server: ServerId,
    score_ppm: u64,
    held: bool,
}

impl Admission {
    /// Reserves a place, or says why not.
    pub(super) fn decide(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        ask: &Ask,
        arrived: Monotonic,
        member_limit_ppm: u64,
    ) -> (Answer, Vec<Output>) {
        let refuse = |answer| (answer, Vec::new());
        let (age_ms, limit_ms) = (
            now.since_ms(arrived),
            ask.start_within_ms.min(ACKNOWLEDGE_MS_MAX),
        );
        if age_ms > limit_ms {
            return refuse(Answer::Late { age_ms, limit_ms });
        }
        let prediction = ask.prediction.max(Load::typical(ask.users.max(1)));
        let pick = match self.pick(now, wall, ask, prediction) {
            Ok(pick) => pick,
            Err(answer) => return refuse(answer),
        };
        let limit_ppm = if pick.held {
            // What was held was promised.
            limit_ppm(self.owner, self.owner, member_limit_ppm)
        } else {
            limit_ppm(ask.member, self.owner, member_limit_ppm)
        };
        if pick.score_ppm > limit_ppm {
            return refuse(Answer::Full {
                score_ppm: pick.score_ppm,
                limit_ppm,
            });
        }
        let above = |ceiling_ppm: &u64| pick.score_ppm > *ceiling_ppm && !pick.held;
        if let Some(ceiling_ppm) = ask.ceiling_ppm.filter(above) {
            self.contended_until = Some(now.plus_ms(CONTENDED_MS));
            return refuse(Answer::Busier {
                score_ppm: pick.score_ppm,
                ceiling_ppm,
            });
        }
        let finish_by = now.plus_ms(ask.finish_within_ms.min(CREATE_MS));
        let room = Room {
            server: pick.server,
            meeting: ask.meeting,
            prediction,
            reserved: now,
            measured: Load::ZERO,
            stage: Stage::Creating(finish_by),
        };
        self.rooms.rooms.insert((ask.member, ask.id), room);
        let create = Output::Create {
            ask: ask.clone(),
            server: pick.server,
        };
        let answer = Answer::Acknowledged {
            server: pick.server,
            time: self.next_report(wall),
        };
        (answer, vec![create, Output::WakeAt(finish_by.plus_ms(1))])
    }

    /// The server that would be least full, of those in the region asked for that may take it.
    fn pick(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        ask: &Ask,
        prediction: Load,
    ) -> Result<Pick, Answer> {
        let Some(asked) = self.servers.get(&ask.server) else {
            return Err(Answer::Closed);
        };
        let region = asked.server.region.clone();
        let held = self
            .holds
            .of(wall, ask.member, ask.meeting)
            .map(|hold| hold.server);
        let unsettled = self.unsettled(ask);
        let totals = self.totals(now, wall, Some((ask.member, ask.meeting)));
        let mut best: Option<Pick> = None;
        let mut refused = Answer::Closed;
        for (id, managed) in &self.servers {
            let server = &managed.server;
            let usable = server.region == region
                && managed.health == Health::Up
                && admits(server, ask)
                && !unsettled.contains(id);
            if !usable {
                continue;
            }
            let total = totals.get(id).copied().unwrap_or_default();
            let others_ppm = total
                .others
                .plus(prediction)
                .utilisation_ppm(&server.capacity);
            if ask.member != self.owner && others_ppm > server.share_ppm {
                refused = Answer::Full {
                    score_ppm: others_ppm,
                    limit_ppm: server.share_ppm,
                };
                continue;
            }
            let pick = Pick {
                server: *id,
                score_ppm: total.all.plus(prediction).utilisation_ppm(&server.capacity),
                held: held == Some(*id),
            };
            let better = |best: &Pick| (!pick.held, pick.score_ppm) < (!best.held, best.score_ppm);
            if best.as_ref().is_none_or(better) {
                best = Some(pick);
            }
        }
        best.ok_or(refused)
    }

    /// Servers on which an earlier attempt for this meeting failed or may still come to exist: ending
    /// that one would end this one too.
    fn unsettled(&mut self, ask: &Ask) -> Vec<ServerId> {
        let mut servers: Vec<_> = self
            .rooms
            .of(ask.member, ask.meeting)
            .map(|(_, room)| room.server)
            .collect();
        if let Some(requested) = self.requests.get(ask.member, ask.id) {
            servers.extend(requested.failed.iter().copied());
        }
        servers
    }

    /// What is on each server, and what holds keep free there beyond their meetings, except that of this
    /// meeting.
    pub(super) fn totals(
        &self,
        now: Monotonic,
        wall: Timestamp,
        except: Option<(MemberId, MeetingId)>,
    ) -> BTreeMap<ServerId, Total> {
        let mut totals = self.rooms.totals(now, self.owner);
        for hold in self.holds.iter().filter(|hold| hold.counts(wall)) {
            if except != Some((hold.member, hold.meeting)) {
                let missing = hold.load().minus(self.rooms.load_of(now, hold));
                let total = totals.entry(hold.server).or_default();
                total.add(missing, hold.member != self.owner);
            }
        }
        totals
    }

    pub(super) fn next_report(&mut self, wall: Timestamp) -> Timestamp {
        // Each report has its own time, also if the clock stands or goes back.
        self.reported = wall.max(self.reported.plus_ms(1));
        self.reported
    }

    pub(super) fn reply(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        member: MemberId,
        ask: AskId,
        answer: Answer,
    ) -> Output {
        let mut reports = self.reports(now, wall);
        if reports.len() > REPLY_REPORTS_MAX {
            reports.sort_by_key(|(id, report)| {
                self.servers
                    .get(id)
                    .map(|m| report.load.utilisation_ppm(&m.server.capacity))
            });
            reports.truncate(REPLY_REPORTS_MAX);
        }
        let contended = self.contended_until.is_some_and(|until| now < until);
        Output::Reply {
            member,
            reply: Reply {
                ask,
                answer,
                contended,
                reports,
            },
        }
    }
}

/// Whether the description of a server lets it take this meeting.
fn admits(server: &Server, ask: &Ask) -> bool {
    let open = match server.state {
        State::Open => true,
        State::TestsOnly => ask.test,
        State::Cordoned | State::Draining => false,
    };
    open && ask.features.is_subset(&server.features)
        && u64::from(ask.users) <= server.capacity.room_users
}
