//! The owner of servers: it alone says what they take, has meetings created, and answers calls to them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{MemberId, ServerId, TenantId, Timestamp},
    key::PublicKey,
    record::{Purpose, Room, Standing},
};
use routing::{
    Monotonic,
    admission::{Admission, Input as Event, Output as Step},
    ask::{Answer, Ask, Reply},
    capacity::Load,
    health::{Monitor, YOUNG_MS},
    request::{AskId, RequestId},
};

use super::{
    call::{Call, CallFault, Method},
    home::{CALL_MS, id_of},
    legs::{Asked, Origin, Part},
    metering::Meter,
    rooms::Key,
    unwanted::Unwanted,
    wire::Said,
};
use crate::{
    core::Core,
    io::{Change, Output},
};

/// How long a home has to say that it keeps a meeting: without that it is ended.
pub const KEEP_MS: u64 = 30_000;
/// How long polls show a meeting that the records deny until it is ended where the home may have asked
/// another node of this member for it: a busy home records what it placed once a minute.
const UNASKED_MS: u64 = 600_000;
/// Good polls in a row that do not list a meeting, after which it is gone.
const MISSING_POLLS: u32 = 3;
/// The attempt of meetings that a poll showed and nobody asked this node for.
const POLLED_ATTEMPT: u32 = 0;
/// How often a home is told that a meeting is gone that its records place here, in milliseconds.
const GONE_AGAIN_MS: u64 = 60_000;
/// How many meetings that nobody is known to have asked for are taken up from a server's polls, for each one
/// that it is to take: more is no list of meetings.
const UNASKED_PER_ROOM: u64 = 2;
/// So many in any case.
const UNASKED_MIN: u64 = 64;
/// Homes that could not be told yet that a meeting is gone.
const UNTOLD_MAX: usize = 4_096;

/// A meeting as a poll of its server shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Whose, if it came through a node.
    pub whose: Option<(TenantId, Room)>,
    /// How long ago it was created, in milliseconds.
    pub age_ms: u64,
    /// People.
    pub users: u32,
    /// Those with a microphone.
    pub voices: u32,
    /// Those who only listen.
    pub listeners: u32,
    /// Cameras.
    pub cameras: u32,
}

impl Seen {
    fn load(&self) -> Load {
        Load::measured(self.users, self.voices, self.listeners, self.cameras, None)
    }
}

/// What a server did with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// It did it, and said this.
    Done(Vec<u8>),
    /// It refused, and said this: the caller is to read it.
    Refused(Vec<u8>),
    /// It could not be asked, or said nothing that can be used.
    Fault(CallFault),
}

type Place = (MemberId, AskId);

/// An ask that was granted, or that is being answered.
#[derive(Debug)]
struct Granted {
    home: PublicKey,
    key: Key,
    /// What the server is to be told; gone once it was.
    call: Option<Call>,
    server: Option<ServerId>,
    answer: Option<Vec<u8>>,
    /// The meeting was there before the ask: it is never ended because of it.
    was_there: bool,
    /// Calls to the server that have not come back.
    jobs: u32,
    /// Until when the home is to say that it keeps the meeting.
    keep_by: Option<Monotonic>,
}

/// A meeting on a server of this owner.
#[derive(Debug)]
struct There {
    place: Place,
    server: ServerId,
    since: Monotonic,
    missing: u32,
    peak: u32,
}

impl There {
    /// Whether a poll alone showed it.
    fn is_unasked(&self) -> bool {
        self.place.1.attempt == POLLED_ATTEMPT
    }
}

/// A server whose secret this node holds.
#[derive(Debug, Default)]
struct Polled {
    monitor: Monitor,
    last: Option<Monotonic>,
    seen: Vec<Seen>,
    /// When what the records place here was looked for last, or polls began.
    looked: Option<Monotonic>,
    /// What was not there then.
    absent: BTreeSet<Key>,
}

/// This node as the owner of servers.
#[derive(Debug, Default)]
pub(super) struct Owner {
    pub(super) admission: Option<Admission>,
    polled: BTreeMap<ServerId, Polled>,
    granted: BTreeMap<Place, Granted>,
    there: BTreeMap<Key, There>,
    jobs: BTreeMap<u64, Place>,
    /// Meetings that servers are being told to end, because nobody is bound to them.
    ending: BTreeMap<u64, (ServerId, Key)>,
    /// Since when polls have shown meetings that the records place elsewhere or call ended.
    strays: BTreeMap<(ServerId, Key), Monotonic>,
    pub(super) wake: Option<Monotonic>,
    /// Meetings that are gone, of which the home was not connected to hear.
    untold: BTreeMap<PublicKey, BTreeMap<Key, (ServerId, u32)>>,
    unwanted: Unwanted,
    /// When a hold begins to count or is over.
    pub(super) holds_change: Option<Timestamp>,
    pub(super) meter: Meter,
}

impl Owner {
    /// The servers whose secrets are here.
    pub fn serving(&self) -> impl Iterator<Item = ServerId> {
        self.polled.keys().copied()
    }

    /// Whether the secret of a server is here.
    pub fn serves(&self, server: &ServerId) -> bool {
        self.polled.contains_key(server)
    }

    /// The servers whose secrets are here are these from now on.
    pub fn serve(&mut self, servers: &BTreeSet<ServerId>) {
        self.polled.retain(|server, _| servers.contains(server));
        for server in servers {
            self.polled.entry(*server).or_default();
        }
    }

    /// A server is no more: nothing is on it.
    pub fn forget(&mut self, server: &ServerId) {
        self.there.retain(|_, there| there.server != *server);
        self.strays.retain(|(of, _), _| of != server);
    }

    /// The health of a server by its polls.
    pub fn health(&self, server: &ServerId) -> Option<routing::candidate::Health> {
        self.polled
            .get(server)
            .map(|polled| polled.monitor.health())
    }

    /// What the last good poll of a server showed, and when it was.
    pub fn seen(&self, server: &ServerId) -> Option<(Monotonic, &[Seen])> {
        let polled = self.polled.get(server)?;
        Some((polled.last?, &polled.seen))
    }

    /// The first moment at which a home should have said that it keeps a meeting.
    pub fn keep_by(&self) -> Option<Monotonic> {
        self.granted.values().filter_map(|one| one.keep_by).min()
    }
}

impl Core {
    /// Whether a node may speak for a tenant: its member is the one whose node the tenant goes through.
    pub(super) fn speaks_for(&self, node: &PublicKey, tenant: &TenantId) -> Option<MemberId> {
        let member = self.view().member_of(node)?;
        let tenant = self.view().meetings.tenants.get(tenant)?;
        (tenant.host == member && !tenant.record.ended).then_some(member)
    }

    /// A home asks for a place.
    pub(super) fn asked(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        (room, ask, call): (Room, Ask, Call),
        outputs: &mut Vec<Output>,
    ) {
        let key = (ask.tenant, room);
        let steady = self.meetings.clock.now();
        let member = self.speaks_for(&from, &ask.tenant);
        let is_right = member == Some(ask.member)
            && ask.meeting == id_of(&key)
            && call.method == Method::Create
            && self.meetings.owner.serves(&ask.server);
        if !is_right {
            let reply = Reply {
                ask: ask.id,
                answer: Answer::Closed,
                contended: false,
                reports: Vec::new(),
            };
            return self.tell(from, Said::Answer(reply), outputs);
        }
        self.settle_standings();
        let limit_ppm = self.meetings.plan.standing(ask.member).limit_ppm();
        let place = (ask.member, ask.id);
        self.meetings.owner.granted.entry(place).or_insert(Granted {
            home: from,
            key,
            call: Some(call),
            server: None,
            answer: None,
            was_there: false,
            jobs: 0,
            keep_by: None,
        });
        let event = Event::Ask {
            ask,
            arrived: steady,
            limit_ppm,
        };
        self.admit(now, event, outputs);
        // What was refused, or is over, is not remembered here; placement remembers that it was.
        let granted = &mut self.meetings.owner.granted;
        let is_over = |one: &Granted| one.jobs == 0 && one.keep_by.is_none();
        if granted.get(&place).is_some_and(is_over) {
            granted.remove(&place);
        }
    }

    /// A home wants an ask no more.
    pub(super) fn cancelled(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        ask: AskId,
        outputs: &mut Vec<Output>,
    ) {
        if let Some(member) = self.view().member_of(&from) {
            self.admit(now, Event::Cancel { member, ask }, outputs);
        }
    }

    /// A home keeps a meeting.
    pub(super) fn kept(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        ask: AskId,
        outputs: &mut Vec<Output>,
    ) {
        let Some(member) = self.view().member_of(&from) else {
            return;
        };
        self.meetings.owner.granted.remove(&(member, ask));
        self.admit(now, Event::Bound { member, ask }, outputs);
    }

    /// Gives an event to admission and does what follows.
    fn admit(&mut self, now: Timestamp, event: Event, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let Some(admission) = &mut self.meetings.owner.admission else {
            return;
        };
        for step in admission.handle(steady, now, event) {
            match step {
                Step::Reply { member, reply } => self.reply(member, reply, outputs),
                Step::Create { ask, server } => {
                    self.begin_meeting(now, (ask.member, ask.id), server, outputs);
                }
                Step::Created {
                    member,
                    ask,
                    server,
                } => self.meeting_begun(now, (member, ask), server, outputs),
                Step::Failed { member, ask } => {
                    self.not_begun((member, ask), Err(CallFault::Server), outputs);
                }
                Step::End {
                    member,
                    ask,
                    server,
                } => self.end_unbound((member, ask), server, outputs),
                Step::WakeAt(at) => {
                    let wake = &mut self.meetings.owner.wake;
                    *wake = Some(wake.map_or(at, |before| before.min(at)));
                }
            }
        }
        self.meetings.loads_changed();
    }

    fn reply(&mut self, member: MemberId, reply: Reply, outputs: &mut Vec<Output>) {
        let granted = self.meetings.owner.granted.get_mut(&(member, reply.ask));
        let Some(granted) = granted else {
            return;
        };
        if let Answer::Acknowledged { server, .. } = reply.answer {
            granted.server = Some(server);
        }
        let home = granted.home;
        self.tell(home, Said::Answer(reply), outputs);
    }

    /// Has the server create the meeting.
    fn begin_meeting(
        &mut self,
        now: Timestamp,
        place: Place,
        server: ServerId,
        outputs: &mut Vec<Output>,
    ) {
        let Some(granted) = self.meetings.owner.granted.get_mut(&place) else {
            return;
        };
        let Some(call) = granted.call.take() else {
            return;
        };
        granted.server = Some(server);
        let key = granted.key;
        let mut ending = self.meetings.owner.ending.values();
        if ending.any(|one| *one == (server, key)) {
            // The end of what came too late would end this one as well.
            self.not_begun(place, Err(CallFault::Busy), outputs);
            let (member, ask) = place;
            return self.admit(now, Event::CreateFailed { member, ask }, outputs);
        }
        granted.jobs += 1;
        self.meetings.owner.unwanted.forget(server, key);
        let job = self.meetings.calls.number();
        self.meetings.owner.jobs.insert(job, place);
        outputs.push(Output::Serve {
            job,
            server,
            tenant: key.0,
            room: Some(key.1),
            call,
            within_ms: routing::search::CREATE_MS,
        });
    }

    /// A meeting exists, by the word of its server or from before: its home hears what the server said.
    fn meeting_begun(
        &mut self,
        now: Timestamp,
        place: Place,
        server: ServerId,
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        let Some(granted) = self.meetings.owner.granted.get_mut(&place) else {
            return;
        };
        let (key, home, ask) = (granted.key, granted.home, place.1);
        let there = self.meetings.owner.there.get_mut(&key);
        let there = there.filter(|there| there.server == server);
        let Some(answer) = granted.answer.clone() else {
            // It was there already: creating it again changes nothing, and says what it is.
            granted.was_there = true;
            if let Some(there) = there {
                there.place = place;
            }
            return self.begin_meeting(now, place, server, outputs);
        };
        granted.keep_by = Some(steady.plus_ms(KEEP_MS));
        if let Some(there) = there {
            (there.place, there.missing) = (place, 0);
        } else {
            let begun = There {
                place,
                server,
                since: steady,
                missing: 0,
                peak: 0,
            };
            self.meetings.owner.there.insert(key, begun);
            if let Some((_, member)) = self.booked_on(&key.0) {
                let meter = &mut self.meetings.owner.meter;
                meter.begun(server, (key.0, member));
            }
        }
        let said = Said::Created {
            ask,
            server,
            answer,
        };
        self.tell(home, said, outputs);
    }

    fn not_begun(
        &mut self,
        place: Place,
        why: Result<Vec<u8>, CallFault>,
        outputs: &mut Vec<Output>,
    ) {
        let owner = &mut self.meetings.owner;
        if let Some(granted) = owner.granted.get(&place) {
            let (home, is_under_way) = (granted.home, granted.jobs > 0);
            // What a server does of it later is ended then.
            if !is_under_way {
                owner.granted.remove(&place);
            }
            self.tell(home, Said::NotCreated { ask: place.1, why }, outputs);
        }
    }

    /// Ends a meeting that no home is bound to.
    fn end_unbound(&mut self, place: Place, server: Option<ServerId>, outputs: &mut Vec<Output>) {
        let granted = self.meetings.owner.granted.remove(&place);
        let there = self.meetings.owner.there.iter();
        let there = there
            .clone()
            .find(|(_, there)| there.place == place)
            .map(|(key, there)| (*key, there.server));
        let key = granted.as_ref().map(|granted| granted.key);
        let key = key.or(there.map(|(key, _)| key));
        let server = server.or(there.map(|(_, server)| server));
        let server = server.or(granted.and_then(|granted| granted.server));
        let (Some(key), Some(server)) = (key, server) else {
            return;
        };
        self.meetings.owner.there.remove(&key);
        self.end_meeting(key, server, outputs);
    }

    /// Has a server end a meeting; if it has none yet, once it shows.
    fn end_meeting(&mut self, key: Key, server: ServerId, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        self.meetings.owner.unwanted.note(steady, server, key);
        let job = self.meetings.calls.number();
        self.meetings.owner.ending.insert(job, (server, key));
        outputs.push(Output::Serve {
            job,
            server,
            tenant: key.0,
            room: Some(key.1),
            call: Call {
                method: Method::End,
                query: String::new(),
                body: None,
            },
            within_ms: CALL_MS,
        });
    }

    /// A server did what it was asked to, or not.
    pub(crate) fn served(
        &mut self,
        now: Timestamp,
        job: u64,
        served: Served,
        outputs: &mut Vec<Output>,
    ) {
        if let Some((member, ask)) = self.meetings.owner.jobs.remove(&job) {
            return self.create_served(now, (member, ask), served, outputs);
        }
        if self.meetings.owner.ending.remove(&job).is_some() {
            return;
        }
        let server = self.meetings.calls.server_of(job);
        let result = match served {
            Served::Done(bytes) => {
                if let Some((key, server)) = self.meetings.calls.ending(job) {
                    self.meeting_over(now, key, server, outputs);
                }
                Ok(bytes)
            }
            Served::Refused(bytes) => Ok(bytes),
            Served::Fault(fault) => Err(fault),
        };
        let part = Part { server, result };
        if let Some(ended) = self.meetings.calls.part(None, job, part, true) {
            self.deliver(now, ended, outputs);
        }
    }

    /// A server ended a meeting because it was asked to: its home hears of it before who asked does, and
    /// waits for no poll.
    fn meeting_over(
        &mut self,
        now: Timestamp,
        key: Key,
        server: ServerId,
        outputs: &mut Vec<Output>,
    ) {
        let there = &mut self.meetings.owner.there;
        let is_here = there.get(&key).is_some_and(|one| one.server == server);
        let there = is_here.then(|| there.remove(&key)).flatten();
        if let Some(there) = &there {
            let (member, ask) = there.place;
            self.admit(now, Event::Ended { member, ask }, outputs);
        }
        let peak = there.map_or(0, |there| there.peak);
        self.tell_gone(key, server, peak, outputs);
    }

    fn create_served(
        &mut self,
        now: Timestamp,
        place: Place,
        served: Served,
        outputs: &mut Vec<Output>,
    ) {
        let (member, ask) = place;
        let known = self.meetings.owner.granted.get_mut(&place).map(|granted| {
            granted.jobs = granted.jobs.saturating_sub(1);
            (granted.key, granted.server, granted.was_there)
        });
        let was_there = known.is_some_and(|(_, _, was_there)| was_there);
        match served {
            Served::Done(answer) => {
                if let Some(granted) = self.meetings.owner.granted.get_mut(&place) {
                    granted.answer = Some(answer);
                    if let (true, Some(server)) = (was_there, granted.server) {
                        return self.meeting_begun(now, place, server, outputs);
                    }
                }
                self.admit(now, Event::Created { member, ask }, outputs);
                // Admission does not remember the ask any more: neither does anybody else.
                let granted = self.meetings.owner.granted.get(&place);
                if granted.is_some_and(|one| one.jobs == 0 && one.keep_by.is_none()) {
                    let server = known.and_then(|(_, server, _)| server);
                    self.end_unbound(place, server, outputs);
                }
            }
            Served::Refused(bytes) => {
                self.not_begun(place, Ok(bytes), outputs);
                self.admit(now, Event::CreateFailed { member, ask }, outputs);
            }
            Served::Fault(fault) => {
                let may_exist = fault != CallFault::Busy && !was_there;
                self.not_begun(place, Err(fault), outputs);
                self.admit(now, Event::CreateFailed { member, ask }, outputs);
                if let (true, Some((key, Some(server), _))) = (may_exist, known) {
                    self.end_meeting(key, server, outputs);
                }
            }
        }
    }

    /// Another node, or this one, calls a server of this owner.
    pub(super) fn server_called(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        number: u64,
        server: Option<ServerId>,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        let origin = Origin::Peer(from, number);
        let fault = if self.speaks_for(&from, &asked.tenant).is_none() {
            Some(CallFault::NotAllowed)
        } else if self.meetings.calls.is_full(origin, asked.tenant) {
            Some(CallFault::Busy)
        } else if server.is_some_and(|server| !self.meetings.owner.serves(&server)) {
            Some(CallFault::OwnerAway)
        } else {
            None
        };
        if let Some(fault) = fault {
            let result = Err(fault);
            return self.answer_call(origin, vec![Part { server, result }], outputs);
        }
        if let (Some(server), Some(room)) = (server, asked.room) {
            self.keep_called((asked.tenant, room), server);
        }
        let servers: Vec<ServerId> = match server {
            Some(server) => vec![server],
            None => self.meetings.owner.serving().collect(),
        };
        let until = self.meetings.clock.now().plus_ms(CALL_MS);
        let call = self.meetings.calls.begin(origin, asked.clone());
        for server in servers {
            let number = self
                .meetings
                .calls
                .leg(call, None, Vec::new(), Some(server), until);
            self.serve_leg(now, number, server, asked.clone(), outputs);
        }
        if let Some(ended) = self.meetings.calls.end_call(call) {
            self.answer_call(ended.origin, ended.parts, outputs);
        }
    }

    /// Has one of this node's servers answer a leg. A create is for a meeting that is there: one that is
    /// gone is placed anew, perhaps elsewhere.
    pub(super) fn serve_leg(
        &mut self,
        now: Timestamp,
        job: u64,
        server: ServerId,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        if let (Method::Create, Some(room)) = (asked.call.method, asked.room)
            && self.is_gone(&server, &(asked.tenant, room))
        {
            let part = Part {
                server: Some(server),
                result: Err(CallFault::Gone),
            };
            if let Some(ended) = self.meetings.calls.part(None, job, part, true) {
                self.deliver(now, ended, outputs);
            }
            return;
        }
        outputs.push(Output::Serve {
            job,
            server,
            tenant: asked.tenant,
            room: asked.room,
            call: asked.call,
            within_ms: CALL_MS,
        });
    }

    /// Whether a meeting is known not to be on a server: the server was polled, and neither the poll
    /// nor what was created since has it. Where this member has other nodes, one of them may have had it
    /// created since: then the server says what it has, and a room is not parted.
    fn is_gone(&self, server: &ServerId, key: &Key) -> bool {
        if self.has_another_node() {
            return false;
        }
        let owner = &self.meetings.owner;
        let is_there = owner
            .there
            .get(key)
            .is_some_and(|there| there.server == *server);
        let was_polled = owner.seen(server).is_some();
        let creates = owner.granted.values();
        let is_created = creates
            .into_iter()
            .any(|one| one.key == *key && one.server == Some(*server));
        was_polled && !is_there && !is_created
    }

    /// Whether this node's member has other nodes, connected or not.
    fn has_another_node(&self) -> bool {
        let (own, member) = (self.node(), self.member());
        let mut nodes = self.view().keys.iter();
        nodes.any(|(key, known)| {
            known.purpose == Purpose::Node
                && !known.revoked
                && Some(known.member) == member
                && *key != own
        })
    }

    /// A server was polled; none when it gave no usable answer in time.
    pub(crate) fn polled(
        &mut self,
        now: Timestamp,
        server: ServerId,
        seen: Option<Vec<Seen>>,
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        let owner = &mut self.meetings.owner;
        let Some(polled) = owner.polled.get_mut(&server) else {
            return;
        };
        let health = polled.monitor.poll(seen.is_some());
        if let Some(admission) = &mut owner.admission {
            admission.set_health(server, health);
        }
        let before = polled.last;
        if let Some(seen) = seen {
            polled.last = Some(steady);
            polled.seen.clone_from(&seen);
            let elapsed_ms = before.map_or(0, |before| steady.since_ms(before));
            self.measured(now, server, &seen, elapsed_ms, outputs);
        }
        // Pages show it before a meeting is placed.
        self.learn_own_loads();
        self.meetings.loads_changed();
        self.meetings.note_change();
    }

    fn measured(
        &mut self,
        now: Timestamp,
        server: ServerId,
        seen: &[Seen],
        elapsed_ms: u64,
        outputs: &mut Vec<Output>,
    ) {
        let mut outside = Load::ZERO;
        let mut meetings = Vec::new();
        let mut users: BTreeMap<(TenantId, MemberId), u32> = BTreeMap::new();
        let mut left = self.unasked_left(&server);
        for one in seen {
            let booked = one.whose.and_then(|(tenant, _)| self.booked_on(&tenant));
            let (Some(key), Some((host, member))) = (one.whose, booked) else {
                outside = outside.plus(one.load());
                continue;
            };
            let is_stray = self.is_stray(key, server);
            if one.users == 0 && (is_stray || self.is_unwanted(&key, &server)) {
                self.end_meeting(key, server, outputs);
                continue;
            }
            let is_new = !self.meetings.owner.there.contains_key(&key);
            if is_new && !self.is_recorded(&key, &server) {
                let Some(fewer) = left.checked_sub(1) else {
                    outside = outside.plus(one.load());
                    continue;
                };
                left = fewer;
            }
            let Some(place) = self.note_there(now, (key, host), server, one, outputs) else {
                outside = outside.plus(one.load());
                continue;
            };
            meetings.push((place.0, place.1, one.load()));
            let of = users.entry((key.0, member)).or_default();
            *of = of.saturating_add(one.users);
        }
        if self.counts_usage(&server) {
            self.meetings.owner.meter.since(now);
            for (of, users) in users {
                self.meetings
                    .owner
                    .meter
                    .count(server, of, users, elapsed_ms);
            }
        }
        let event = Event::Measured {
            server,
            meetings,
            outside,
        };
        self.admit(now, event, outputs);
        self.note_missing(now, server, seen, outputs);
    }

    /// How many more meetings on a server are taken up that neither a home nor its records asked for.
    fn unasked_left(&self, server: &ServerId) -> u64 {
        let rooms = self.view().meetings.servers.get(server);
        let rooms = rooms.map_or(0, |server| server.record.capability.rooms);
        let most = rooms.saturating_mul(UNASKED_PER_ROOM).max(UNASKED_MIN);
        let there = self.meetings.owner.there.iter();
        let unasked = there.filter(|(key, there)| {
            there.server == *server && there.is_unasked() && !self.is_recorded(key, server)
        });
        most.saturating_sub(unasked.count() as u64)
    }

    /// Whether this node counts what is used of a server: of the connected nodes of its member that serve
    /// it, one does, so that no minute is booked twice.
    fn counts_usage(&self, server: &ServerId) -> bool {
        let first = self.ranked_nodes(server).first().copied();
        first.is_none_or(|(_, node)| node == self.node())
    }

    /// The member whose node a tenant goes through, and the one its usage is booked on: that one, or one
    /// that it hosts.
    fn booked_on(&self, tenant: &TenantId) -> Option<(MemberId, MemberId)> {
        let tenant = self.view().meetings.tenants.get(tenant)?;
        let (host, member) = (tenant.host, tenant.record.member);
        let hosted = self.view().hosted(&member);
        let is_right = member == host || hosted.is_some_and(|hosted| hosted.host == Some(host));
        Some((host, if is_right { member } else { host }))
    }

    /// Whether polls have shown for a while that a meeting is on a server where its home has recorded that
    /// it is not. How long is counted here: the server's clock may be off.
    fn is_stray(&mut self, key: Key, server: ServerId) -> bool {
        let steady = self.meetings.clock.now();
        if !self.is_elsewhere(&key, &server) {
            self.meetings.owner.strays.remove(&(server, key));
            return false;
        }
        let patience_ms = match self.has_another_node() {
            true => UNASKED_MS,
            false => KEEP_MS,
        };
        let since = self.meetings.owner.strays.entry((server, key));
        steady.since_ms(*since.or_insert(steady)) > patience_ms
    }

    /// Whether the home of a room has recorded that its meeting is not on this server, and has not asked
    /// for it there since.
    fn is_elsewhere(&self, key: &Key, server: &ServerId) -> bool {
        let owner = &self.meetings.owner;
        let there = owner.there.get(key);
        let is_granted = there.is_some_and(|there| there.server == *server && !there.is_unasked());
        let mut asked = owner.granted.values();
        let is_asked = asked.any(|one| one.key == *key && one.server == Some(*server));
        let is_said = self.view().meetings.placed(&key.0, &key.1).is_some();
        is_said && !(is_granted || is_asked || self.is_recorded(key, server))
    }

    /// Whether a server was told to end a meeting that nobody has been bound to since.
    fn is_unwanted(&self, key: &Key, server: &ServerId) -> bool {
        let owner = &self.meetings.owner;
        let steady = self.meetings.clock.now();
        let is_asked = owner.granted.values().any(|one| one.key == *key);
        owner.unwanted.has(steady, *server, *key)
            && !(self.is_recorded(key, server) || is_asked || owner.there.contains_key(key))
    }

    /// Whether the home of a room has recorded that its meeting is on this server.
    fn is_recorded(&self, key: &Key, server: &ServerId) -> bool {
        let placed = self.view().meetings.placed(&key.0, &key.1);
        placed.is_some_and(|placed| placed.server == *server && placed.standing == Standing::Placed)
    }

    /// A poll shows a meeting; one that this node does not know of, from before it started, is taken up.
    /// None if it is a second copy of one that is on another server.
    fn note_there(
        &mut self,
        now: Timestamp,
        (key, host): (Key, MemberId),
        server: ServerId,
        seen: &Seen,
        outputs: &mut Vec<Output>,
    ) -> Option<Place> {
        let steady = self.meetings.clock.now();
        if let Some(there) = self.meetings.owner.there.get_mut(&key) {
            if there.server == server {
                there.missing = 0;
                there.peak = there.peak.max(seen.users);
                return Some(there.place);
            }
            let (member, ask) = there.place;
            if there.missing == 0 && !self.is_recorded(&key, &server) {
                return None;
            }
            self.admit(now, Event::Ended { member, ask }, outputs);
        }
        let owner = &mut self.meetings.owner;
        let ask = AskId {
            request: RequestId(key.1.0),
            attempt: POLLED_ATTEMPT,
        };
        let place = (host, ask);
        let placed = Monotonic(steady.0.saturating_sub(seen.age_ms));
        if let Some(admission) = &mut owner.admission {
            admission.restore(placed, place, id_of(&key), server, seen.load());
        }
        let there = There {
            place,
            server,
            since: placed,
            missing: 0,
            peak: seen.users,
        };
        owner.there.insert(key, there);
        Some(place)
    }

    /// Meetings that several good polls do not show, and that are not young, are gone.
    fn note_missing(
        &mut self,
        now: Timestamp,
        server: ServerId,
        seen: &[Seen],
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        let shown: BTreeSet<Key> = seen.iter().filter_map(|one| one.whose).collect();
        let mut gone = Vec::new();
        for (key, there) in &mut self.meetings.owner.there {
            let is_young = steady.since_ms(there.since) < YOUNG_MS;
            if there.server == server && !shown.contains(key) && !is_young {
                there.missing += 1;
                if there.missing >= MISSING_POLLS {
                    gone.push(*key);
                }
            }
        }
        for key in gone {
            let Some(there) = self.meetings.owner.there.remove(&key) else {
                continue;
            };
            let (member, ask) = there.place;
            self.admit(now, Event::Ended { member, ask }, outputs);
            // A home that neither asked for it nor recorded it has nothing to hear.
            if !there.is_unasked() || self.is_recorded(&key, &server) {
                self.tell_gone(key, server, there.peak, outputs);
            }
        }
        let strays = &mut self.meetings.owner.strays;
        strays.retain(|(of, key), _| *of != server || shown.contains(key));
        self.look_for_recorded(server, &shown, outputs);
    }

    /// Meetings that their homes' records place on a server, that its polls do not show, and of which this
    /// node knows nothing: they went while it was not there, or the home did not hear that they had. It
    /// hears it again until it says so itself.
    fn look_for_recorded(
        &mut self,
        server: ServerId,
        shown: &BTreeSet<Key>,
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        let Some(polled) = self.meetings.owner.polled.get_mut(&server) else {
            return;
        };
        let looked = *polled.looked.get_or_insert(steady);
        if steady.since_ms(looked) < GONE_AGAIN_MS {
            return;
        }
        polled.looked = Some(steady);
        // Only what two looks did not find: how old a placement is, its home says by its own clock.
        let before = std::mem::take(&mut polled.absent);
        let owner = &self.meetings.owner;
        let is_known = |key: &Key| {
            let mut asked = owner.granted.values();
            shown.contains(key) || owner.there.contains_key(key) || asked.any(|one| one.key == *key)
        };
        let running = self.view().meetings.running();
        let absent: BTreeSet<Key> = running
            .filter(|(_, _, placed)| placed.server == server)
            .map(|(tenant, room, _)| (tenant, room))
            .filter(|key| !is_known(key))
            .collect();
        for key in before.intersection(&absent) {
            self.tell_gone(*key, server, 0, outputs);
        }
        if let Some(polled) = self.meetings.owner.polled.get_mut(&server) {
            polled.absent = absent;
        }
    }

    fn tell_gone(&mut self, key: Key, server: ServerId, peak: u32, outputs: &mut Vec<Output>) {
        let tenant = self.view().meetings.tenants.get(&key.0);
        let Some(home) = tenant.map(|tenant| tenant.record.home) else {
            return;
        };
        self.note_change(Change::Meetings);
        if home == self.node() || self.is_connected(&home) {
            let said = Said::Gone {
                tenant: key.0,
                room: key.1,
                server,
                peak,
            };
            return self.tell(home, said, outputs);
        }
        let untold = self.meetings.owner.untold.entry(home).or_default();
        if untold.len() < UNTOLD_MAX {
            untold.insert(key, (server, peak));
        }
    }

    /// A home is here again: it hears what has ended meanwhile.
    pub(super) fn tell_what_is_gone(&mut self, home: PublicKey, outputs: &mut Vec<Output>) {
        let untold = self.meetings.owner.untold.remove(&home).unwrap_or_default();
        for (key, (server, peak)) in untold {
            let is_there_again = self.meetings.owner.there.contains_key(&key);
            if !is_there_again {
                self.tell_gone(key, server, peak, outputs);
            }
        }
    }

    /// Wakes admission, and ends meetings that no home has said it keeps.
    pub(super) fn wake_owner(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        if self.meetings.owner.wake.is_some_and(|at| at <= steady) {
            self.meetings.owner.wake = None;
            self.admit(now, Event::Wake, outputs);
        }
        let granted = self.meetings.owner.granted.iter();
        let unkept = granted.filter(|(_, one)| one.keep_by.is_some_and(|at| at <= steady));
        let unkept: Vec<(Place, Key, Option<ServerId>)> = unkept
            .map(|(place, one)| (*place, one.key, one.server))
            .collect();
        for ((member, ask), key, server) in unkept {
            let event = match server.is_some_and(|server| self.is_in_use(&key, &server)) {
                true => Event::Bound { member, ask },
                false => Event::Cancel { member, ask },
            };
            self.admit(now, event, outputs);
            self.meetings.owner.granted.remove(&(member, ask));
        }
    }

    /// Whether a meeting is kept although its home's word was lost: its home recorded that it is there, or
    /// there are people in it.
    fn is_in_use(&self, key: &Key, server: &ServerId) -> bool {
        let seen = self.meetings.owner.seen(server);
        let mut seen = seen.into_iter().flat_map(|(_, seen)| seen);
        self.is_recorded(key, server) || seen.any(|one| one.whose == Some(*key) && one.users > 0)
    }

    /// The home of a room calls the server that its meeting is on: it keeps the meeting, whatever became of
    /// its word.
    fn keep_called(&mut self, key: Key, server: ServerId) {
        let granted = &mut self.meetings.owner.granted;
        granted
            .retain(|_, one| one.key != key || one.server != Some(server) || one.keep_by.is_none());
    }
}
