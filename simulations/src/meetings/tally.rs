//! What came of a scenario, counted outside the cores.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::meetings::workload::part_ppm;

/// What is counted while a scenario runs.
#[derive(Debug, Default)]
pub struct Tally {
    pub creates: u64,
    pub placed: u64,
    pub right_region: u64,
    /// Meetings that require their region and are elsewhere: never.
    pub forbidden: u64,
    pub rejected: u64,
    pub avoidable: u64,
    /// Of members within and beyond their entitlement: creates and rejections.
    pub within: (u64, u64),
    pub beyond: (u64, u64),
    pub create_ms: Vec<u64>,
    pub join_ms: Vec<u64>,
    pub person_ms: u64,
    pub overloaded_ms: u64,
    /// The same on the servers of whom a scenario is about.
    pub watched_ms: (u64, u64),
    /// Joins that were answered with a fault, and tried again.
    pub join_faults: u64,
    /// Links that led to a server without the meeting.
    pub dead_links: u64,
    /// The most servers on which one room had people at one time.
    pub copies: u64,
    pub orphans: u64,
    pub hung: u64,
    /// Meetings that died with people in them, and those that were there again.
    pub lost: u64,
    pub resumed: u64,
    pub resumed_ms: Vec<u64>,
    /// Meetings ended by nobody's wish while people were in them: never.
    pub ended_with_people: u64,
    /// Calls for one's own meetings, and those for which an owner was away.
    pub away: u64,
    pub gathers: u64,
    /// Rooms on each server at most, of a burst.
    pub peak_rooms: u64,
    /// The fullest server after a burst, against the ideal.
    pub peak_ppm: u64,
    pub ideal_ppm: u64,
    /// Of avoidable rejections: why the home did not take the server that had room.
    pub why_not: BTreeMap<&'static str, u64>,
    /// What came of a conference.
    pub conference: BTreeMap<&'static str, u64>,
    /// How calls came out that were no meeting.
    pub faults: BTreeMap<String, u64>,
}

/// The figures of one scenario and seed, or of several seeds together. Shares are parts per million.
#[derive(Debug, Default, Clone, Serialize)]
pub struct MeetingFigures {
    /// Meetings asked for.
    pub creates: u64,
    /// Rejected, of them.
    pub rejected_ppm: u64,
    /// Rejected while a permitted, reachable server had room by its owner's last word.
    pub avoidable_ppm: u64,
    /// In the region asked for, of those placed.
    pub right_region_ppm: u64,
    /// Time of people on overloaded servers, of all.
    pub overloaded_ppm: u64,
    /// The same on the servers of those that the scenario is about.
    pub watched_ppm: u64,
    /// Rejected of creates of members within their entitlement.
    pub within_ppm: u64,
    /// Rejected of those beyond it.
    pub beyond_ppm: u64,
    /// From create to answer: median, 95 and 99 of 100, the worst.
    pub create_ms: [u64; 4],
    /// From join to answer.
    pub join_ms: [u64; 4],
    /// Joins that were answered with a fault and tried again.
    pub join_faults: u64,
    /// Links that led to a server without the meeting.
    pub dead_links: u64,
    /// The most servers on which one room had people at one time.
    pub copies: u64,
    /// Meetings that nobody was bound to for more than a minute.
    pub orphans: u64,
    /// Calls without an answer.
    pub hung: u64,
    /// Meetings that require their region and were placed elsewhere.
    pub forbidden: u64,
    /// Meetings ended by nobody's wish with people in them.
    pub ended_with_people: u64,
    /// Meetings that died with people in them.
    pub lost: u64,
    /// Those of them that were there again.
    pub resumed: u64,
    /// How long that took in the middle of them.
    pub resumed_ms: u64,
    /// Of a burst: the most rooms on one server.
    pub peak_rooms: u64,
    /// Of a burst: the fullest server against the ideal.
    pub peak_to_ideal_ppm: u64,
}

fn spread(times: &mut [u64]) -> [u64; 4] {
    times.sort_unstable();
    let at = |percent: usize| {
        let last = times.len().saturating_sub(1);
        times
            .get((times.len() * percent / 100).min(last))
            .copied()
            .unwrap_or_default()
    };
    [at(50), at(95), at(99), at(100)]
}

impl Tally {
    /// What this and another seed come to.
    pub fn add(&mut self, other: Self) {
        let pairs = [
            (&mut self.creates, other.creates),
            (&mut self.placed, other.placed),
            (&mut self.right_region, other.right_region),
            (&mut self.forbidden, other.forbidden),
            (&mut self.rejected, other.rejected),
            (&mut self.avoidable, other.avoidable),
            (&mut self.within.0, other.within.0),
            (&mut self.within.1, other.within.1),
            (&mut self.beyond.0, other.beyond.0),
            (&mut self.beyond.1, other.beyond.1),
            (&mut self.person_ms, other.person_ms),
            (&mut self.overloaded_ms, other.overloaded_ms),
            (&mut self.watched_ms.0, other.watched_ms.0),
            (&mut self.watched_ms.1, other.watched_ms.1),
            (&mut self.join_faults, other.join_faults),
            (&mut self.dead_links, other.dead_links),
            (&mut self.orphans, other.orphans),
            (&mut self.hung, other.hung),
            (&mut self.lost, other.lost),
            (&mut self.resumed, other.resumed),
            (&mut self.ended_with_people, other.ended_with_people),
            (&mut self.away, other.away),
            (&mut self.gathers, other.gathers),
            (&mut self.peak_ppm, other.peak_ppm),
            (&mut self.ideal_ppm, other.ideal_ppm),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
        self.copies = self.copies.max(other.copies);
        self.peak_rooms = self.peak_rooms.max(other.peak_rooms);
        self.create_ms.extend(other.create_ms);
        self.join_ms.extend(other.join_ms);
        self.resumed_ms.extend(other.resumed_ms);
        for (why, count) in other.why_not {
            *self.why_not.entry(why).or_default() += count;
        }
        for (what, count) in other.conference {
            *self.conference.entry(what).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
    }

    /// The figures.
    pub fn figures(&mut self) -> MeetingFigures {
        MeetingFigures {
            creates: self.creates,
            rejected_ppm: part_ppm(self.rejected, self.creates),
            avoidable_ppm: part_ppm(self.avoidable, self.creates),
            right_region_ppm: part_ppm(self.right_region, self.placed),
            overloaded_ppm: part_ppm(self.overloaded_ms, self.person_ms),
            watched_ppm: part_ppm(self.watched_ms.0, self.watched_ms.1),
            within_ppm: part_ppm(self.within.1, self.within.0),
            beyond_ppm: part_ppm(self.beyond.1, self.beyond.0),
            create_ms: spread(&mut self.create_ms),
            join_ms: spread(&mut self.join_ms),
            join_faults: self.join_faults,
            dead_links: self.dead_links,
            copies: self.copies,
            orphans: self.orphans,
            hung: self.hung,
            forbidden: self.forbidden,
            ended_with_people: self.ended_with_people,
            lost: self.lost,
            resumed: self.resumed,
            resumed_ms: spread(&mut self.resumed_ms)[0],
            peak_rooms: self.peak_rooms,
            peak_to_ideal_ppm: part_ppm(self.peak_ppm, self.ideal_ppm),
        }
    }

    /// What must never happen, if it did.
    pub fn broken(&self) -> Option<String> {
        let never = [
            (self.copies > 1, "one room has people on two servers"),
            (
                self.orphans > 0,
                "a meeting that nobody is bound to is there after a minute",
            ),
            (self.hung > 0, "a call is not answered"),
            (
                self.forbidden > 0,
                "a meeting is outside the region it requires",
            ),
            (
                self.ended_with_people > 0,
                "a meeting is ended with people in it, and nobody asked for that",
            ),
        ];
        let broken = never.iter().find(|(is_broken, _)| *is_broken);
        broken.map(|(_, what)| (*what).to_owned())
    }
}
