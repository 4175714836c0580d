//! What a home knows of all servers: records, reports, its own asks (placement, steps 2 and 3).
//!
//! Each prediction is counted once, whatever overtakes what: as an ask in flight from the ask on, then
//! as a grant until a report is as new, then in the report. A report names the asks it counts, so one
//! that overtakes the owner's answer does not count twice.

use std::collections::BTreeMap;

use domain::id::{MemberId, ServerId, Timestamp};

use crate::{
    Monotonic,
    candidate::{REPORT_ADMITTED_MAX, Report, Server},
    capacity::Load,
    request::AskId,
    share::Standing,
};

/// How long a report counts.
pub const REPORT_AGE_MS_MAX: u64 = 60_000;
/// How long an owner that did not acknowledge is left alone, unless it is heard of before.
pub const SUSPECTED_MS: u64 = 20_000;
/// How long after a soft refusal a home chooses between two.
pub const CONTENDED_MS: u64 = 10_000;

/// One server, as far as a home knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// As its owner's records describe it.
    pub server: Server,
    /// What its owner said last, and when the home heard it.
    pub report: Option<(Monotonic, Report)>,
    /// What placement records and the joins that homes counted make of it.
    pub floor: Load,
    asked: Pending,
    granted: Pending,
}

/// Loads that no report counts yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pending {
    all: Load,
    /// The part that is not of the owner's own member.
    others: Load,
}

impl Pending {
    fn plus(&mut self, load: Load, other: bool) {
        self.all = self.all.plus(load);
        if other {
            self.others = self.others.plus(load);
        }
    }

    fn minus(&mut self, load: Load, other: bool) {
        self.all = self.all.minus(load);
        if other {
            self.others = self.others.minus(load);
        }
    }
}

impl Candidate {
    /// The load to plan with: max(reported + granted since, floor) + asked. Floor and grants are not
    /// added up, since a granted meeting is in the floor as soon as it is recorded.
    #[must_use]
    pub fn load(&self) -> Load {
        self.load_without(Load::ZERO)
    }

    /// The same for a meeting whose own hold is in the report.
    #[must_use]
    pub fn load_without(&self, held: Load) -> Load {
        let reported = self
            .report
            .as_ref()
            .map_or(Load::ZERO, |(_, report)| report.load);
        let reported = reported.minus(held).plus(self.granted.all);
        reported.max(self.floor).plus(self.asked.all)
    }

    /// The part of it that counts against the share offered to other members.
    #[must_use]
    pub fn others(&self) -> Load {
        let reported = self
            .report
            .as_ref()
            .map_or(Load::ZERO, |(_, report)| report.others);
        reported.plus(self.granted.others).plus(self.asked.others)
    }
}

/// What a home knows of an owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// The round trip to its node, where it was measured.
    pub rtt_ms: Option<u32>,
    /// Until when it is left alone.
    pub suspected_until: Option<Monotonic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asked,
    /// Granted; counted in every report of at least this time.
    Granted(Timestamp),
    /// In flight, but a report counts it already.
    Counted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outstanding {
    server: ServerId,
    load: Load,
    other: bool,
    stage: Stage,
}

/// What a home knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    candidates: BTreeMap<ServerId, Candidate>,
    owners: BTreeMap<MemberId, Owner>,
    outstanding: BTreeMap<AskId, Outstanding>,
    standings: BTreeMap<MemberId, Standing>,
    contended_until: Option<Monotonic>,
}

impl View {
    /// All servers, in the order of their ids.
    pub fn candidates(&self) -> impl ExactSizeIterator<Item = (ServerId, &Candidate)> {
        self.candidates
            .iter()
            .map(|(id, candidate)| (*id, candidate))
    }

    /// One server.
    #[must_use]
    pub fn candidate(&self, server: ServerId) -> Option<&Candidate> {
        self.candidates.get(&server)
    }

    /// What is known of an owner.
    #[must_use]
    pub fn owner(&self, owner: MemberId) -> Owner {
        self.owners.get(&owner).copied().unwrap_or_default()
    }

    /// What a member uses and may use; within its entitlement until told.
    #[must_use]
    pub fn standing(&self, member: MemberId) -> Standing {
        self.standings.get(&member).copied().unwrap_or_default()
    }

    /// Whether a soft refusal came lately.
    #[must_use]
    pub fn contended(&self, now: Monotonic) -> bool {
        self.contended_until.is_some_and(|until| now < until)
    }

    /// A server is new or described anew; what is known of its load stays.
    pub fn describe(&mut self, id: ServerId, server: Server) {
        match self.candidates.get_mut(&id) {
            Some(candidate) => candidate.server = server,
            None => {
                let candidate = Candidate {
                    server,
                    report: None,
                    floor: Load::ZERO,
                    asked: Pending::default(),
                    granted: Pending::default(),
                };
                self.candidates.insert(id, candidate);
            }
        }
    }

    /// A server is gone.
    pub fn remove(&mut self, id: ServerId) {
        self.candidates.remove(&id);
        self.outstanding
            .retain(|_, outstanding| outstanding.server != id);
    }

    /// An owner's report of a server, heard now; says whether it was newer than what was known. The
    /// caller has checked that it is the owner's. An owner that is heard of is no longer suspected.
    ///
    /// An earlier time is believed once the known report no longer counts: the owner's clock was set
    /// back while its node was away.
    pub fn learn(&mut self, now: Monotonic, id: ServerId, report: Report) -> bool {
        let Some(candidate) = self.candidates.get_mut(&id) else {
            return false;
        };
        let known = candidate
            .report
            .as_ref()
            .filter(|(_, known)| known.time >= report.time);
        let set_back = known.is_some();
        if known.is_some_and(|(heard, _)| now.since_ms(*heard) <= REPORT_AGE_MS_MAX) {
            return false;
        }
        let owner = candidate.server.owner;
        for ask in report.admitted.iter().take(REPORT_ADMITTED_MAX) {
            self.counted(*ask, owner);
        }
        self.settle(
            id,
            if set_back {
                Timestamp::MAX
            } else {
                report.time
            },
        );
        if let Some(owner) = self.owners.get_mut(&owner) {
            owner.suspected_until = None;
        }
        if let Some(candidate) = self.candidates.get_mut(&id) {
            candidate.report = Some((now, report));
        }
        true
    }

    /// A server that said it has no load, and whose owner can be asked, has had nothing else to say since.
    pub fn confirm_quiet(&mut self, now: Monotonic, id: ServerId) {
        let candidate = self.candidates.get_mut(&id);
        if let Some((heard, report)) = candidate.and_then(|candidate| candidate.report.as_mut())
            && report.load == Load::ZERO
        {
            *heard = now;
        }
    }

    /// A report of this owner counts an ask that is still in flight.
    fn counted(&mut self, ask: AskId, owner: MemberId) {
        let Some(outstanding) = self.outstanding.get_mut(&ask) else {
            return;
        };
        let Some(candidate) = self.candidates.get_mut(&outstanding.server) else {
            return;
        };
        // Another owner cannot make an ask disappear by naming it.
        if candidate.server.owner == owner && outstanding.stage == Stage::Asked {
            candidate.asked.minus(outstanding.load, outstanding.other);
            outstanding.stage = Stage::Counted;
        }
    }

    /// Grants on a server that a report of this time counts are no longer counted apart.
    fn settle(&mut self, id: ServerId, time: Timestamp) {
        let Some(candidate) = self.candidates.get_mut(&id) else {
            return;
        };
        if candidate.granted == Pending::default() {
            return;
        }
        self.outstanding.retain(|_, outstanding| {
            let settled = outstanding.server == id
                && matches!(outstanding.stage, Stage::Granted(granted) if granted <= time);
            if settled {
                candidate.granted.minus(outstanding.load, outstanding.other);
            }
            !settled
        });
    }

    /// A member's home asks an owner for a place.
    pub fn asked(&mut self, ask: AskId, member: MemberId, server: ServerId, load: Load) {
        self.answered(ask);
        if let Some(candidate) = self.candidates.get_mut(&server) {
            let outstanding = Outstanding {
                server,
                load,
                other: candidate.server.owner != member,
                stage: Stage::Asked,
            };
            candidate.asked.plus(load, outstanding.other);
            self.outstanding.insert(ask, outstanding);
        }
    }

    /// The owner reserved a place on `server`, which may be another of its servers than the one asked
    /// for; its reports from `time` on count it.
    pub fn granted(&mut self, ask: AskId, server: ServerId, time: Timestamp) {
        let Some(mut outstanding) = self.outstanding.get(&ask).copied() else {
            return;
        };
        if matches!(outstanding.stage, Stage::Granted(_)) {
            return;
        }
        self.answered(ask);
        let Some(candidate) = self.candidates.get_mut(&server) else {
            return;
        };
        let known = candidate
            .report
            .as_ref()
            .is_some_and(|(_, report)| report.time >= time);
        if outstanding.stage == Stage::Asked && !known {
            outstanding.server = server;
            outstanding.stage = Stage::Granted(time);
            candidate.granted.plus(outstanding.load, outstanding.other);
            self.outstanding.insert(ask, outstanding);
        }
    }

    /// An ask was refused, failed or was cancelled: nothing of it is counted apart any more.
    pub fn answered(&mut self, ask: AskId) {
        let Some(outstanding) = self.outstanding.remove(&ask) else {
            return;
        };
        let Some(candidate) = self.candidates.get_mut(&outstanding.server) else {
            return;
        };
        match outstanding.stage {
            Stage::Asked => candidate.asked.minus(outstanding.load, outstanding.other),
            Stage::Granted(_) => candidate.granted.minus(outstanding.load, outstanding.other),
            Stage::Counted => {}
        }
    }

    /// What placement records and counted joins make of a server ([`Candidate::floor`]).
    pub fn set_floor(&mut self, id: ServerId, floor: Load) {
        if let Some(candidate) = self.candidates.get_mut(&id) {
            candidate.floor = floor;
        }
    }

    /// A member's use and entitlement changed.
    pub fn set_standing(&mut self, member: MemberId, standing: Standing) {
        self.standings.insert(member, standing);
    }

    /// The round trip to an owner's node was measured; to the home's own it is zero.
    pub fn set_rtt(&mut self, owner: MemberId, rtt_ms: u32) {
        self.owners.entry(owner).or_default().rtt_ms = Some(rtt_ms);
    }

    /// An owner did not acknowledge in time.
    pub fn suspect(&mut self, now: Monotonic, owner: MemberId) {
        self.owners.entry(owner).or_default().suspected_until = Some(now.plus_ms(SUSPECTED_MS));
    }

    /// A soft refusal came.
    pub fn contend(&mut self, now: Monotonic) {
        self.contended_until = Some(now.plus_ms(CONTENDED_MS));
    }
}
