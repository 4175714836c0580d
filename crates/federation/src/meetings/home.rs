//! The home of a tenant: it takes its front end's calls, finds each meeting a server, and says alone
//! where it is.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{MemberId, ServerId, Timestamp},
    key::PublicKey,
    record::Standing,
};
use rand_core::Rng;
use routing::{
    Reason,
    ask::Reply,
    request::{AskId, MeetingId, Request, RequestId},
    search::{Input as Event, Output as Step, Placed, Rejected, Rejection, Search},
};

use super::{
    call::{CallFault, Method},
    legs::{Asked, Ended, Origin, Part},
    rooms::{Key, Live},
    wire::Said,
};
use crate::{
    core::Core,
    io::{Change, Output, Write},
};

/// How long a call to a server may take in all, in milliseconds.
pub(super) const CALL_MS: u64 = 4_000;
/// How long a node is waited for where another of the same owner can be asked.
const ANOTHER_MS: u64 = 1_200;
/// Creates of one room that may wait for the first of them.
const WAITING_MAX: usize = 32;
/// Creates that may be under way at one time.
const CREATES_MAX: usize = 2_048;
/// Legs that may wait for one node.
const LEGS_A_NODE_MAX: usize = 512;

/// A create that is under way.
#[derive(Debug)]
pub(super) struct Creating {
    pub(super) search: Search,
    origin: Origin,
    asked: Asked,
    waiting: Vec<(Origin, Asked)>,
    /// The nodes that were asked, by attempt.
    nodes: BTreeMap<u32, PublicKey>,
    /// What servers said that created the meeting.
    answers: BTreeMap<u32, Vec<u8>>,
}

/// A meeting whose place is being written down.
#[derive(Debug)]
pub(crate) struct Settled {
    origin: Origin,
    part: Part,
    keep: (PublicKey, AskId),
    waiting: Vec<(Origin, Asked)>,
}

/// Why a meeting is where it is, or nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The server it was placed on; none: it found no place.
    pub server: Option<ServerId>,
    /// When.
    pub at: Timestamp,
    /// How long that took, in milliseconds.
    pub elapsed_ms: u64,
    /// People planned for.
    pub users: u32,
    /// What was found of each server.
    pub reasons: Vec<(ServerId, Reason)>,
}

impl Core {
    /// A front end calls, at this node or at another of this member.
    pub(crate) fn called(
        &mut self,
        now: Timestamp,
        origin: Origin,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        let fault = match self.tenant_home(&asked) {
            Err(fault) => fault,
            Ok(_) if self.meetings.calls.is_full(origin, asked.tenant) => CallFault::Busy,
            Ok(_) if !asked.call.fits() => CallFault::TooLarge,
            Ok(home) if home == self.node() => {
                return match (asked.room, asked.call.method) {
                    (Some(room), Method::Create) => {
                        let key = (asked.tenant, room);
                        self.create(now, key, origin, asked, outputs);
                    }
                    (Some(room), _) => {
                        let server = self.meetings.rooms.server(&(asked.tenant, room));
                        self.call_room(now, origin, asked, server, outputs);
                    }
                    (None, _) => self.gather_answers(now, origin, asked, outputs),
                };
            }
            Ok(home) => return self.pass_on(now, home, origin, asked, outputs),
        };
        let parts = vec![Part::fault(fault)];
        self.answer_call(origin, parts, outputs);
    }

    fn tenant_home(&self, asked: &Asked) -> Result<PublicKey, CallFault> {
        let tenant = self.view().meetings.tenants.get(&asked.tenant);
        let tenant = tenant.ok_or(CallFault::NotAllowed)?;
        match Some(tenant.host) == self.member() && !tenant.record.ended {
            true => Ok(tenant.record.home),
            false => Err(CallFault::NotAllowed),
        }
    }

    /// Another node of this member is the home: it is asked, and while it is away only what it recorded
    /// is known here.
    fn pass_on(
        &mut self,
        now: Timestamp,
        home: PublicKey,
        origin: Origin,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        let room = asked.room.filter(|_| asked.call.method == Method::Create);
        let is_new = room.is_some_and(|room| {
            let placed = self.view().meetings.placed(&asked.tenant, &room);
            placed.is_none_or(|placed| placed.standing != Standing::Placed)
        });
        if is_new && self.has_all_it_may(&asked) {
            return self.answer_call(origin, vec![Part::fault(CallFault::Limit)], outputs);
        }
        if self.is_connected(&home) {
            let until = self.meetings.clock.now().plus_ms(CALL_MS + ANOTHER_MS);
            let call = self.meetings.calls.begin(origin, asked.clone());
            let number = self
                .meetings
                .calls
                .leg(call, Some(home), Vec::new(), None, until);
            let said = Said::Forward {
                number,
                tenant: asked.tenant,
                room: asked.room,
                terms: asked.terms,
                call: asked.call,
            };
            return self.tell(home, said, outputs);
        }
        let Some(room) = asked.room else {
            return self.gather_answers(now, origin, asked, outputs);
        };
        let placed = self.view().meetings.placed(&asked.tenant, &room);
        let placed = placed.filter(|placed| placed.standing == Standing::Placed);
        match placed.map(|placed| placed.server) {
            Some(server) => self.call_room(now, origin, asked, Some(server), outputs),
            None => {
                let parts = vec![Part::fault(CallFault::HomeAway)];
                self.answer_call(origin, parts, outputs);
            }
        }
    }

    fn create(
        &mut self,
        now: Timestamp,
        key: Key,
        origin: Origin,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        let under_way = self.meetings.creating.len();
        if let Some(creating) = self.meetings.creating.get_mut(&key) {
            if creating.waiting.len() < WAITING_MAX {
                creating.waiting.push((origin, asked));
                return;
            }
        } else if let Some(server) = self.meetings.rooms.server(&key) {
            return self.call_room(now, origin, asked, Some(server), outputs);
        } else if self.has_all_it_may(&asked) {
            return self.answer_call(origin, vec![Part::fault(CallFault::Limit)], outputs);
        } else if under_way < CREATES_MAX {
            return self.search(now, key, origin, asked, Vec::new(), outputs);
        }
        let parts = vec![Part::fault(CallFault::Busy)];
        self.answer_call(origin, parts, outputs);
    }

    /// Whether a tenant has as many meetings as it may, those that are about to begin included.
    fn has_all_it_may(&self, asked: &Asked) -> bool {
        let terms = asked.terms.as_ref();
        let Some(most) = terms.and_then(|terms| terms.meetings_max) else {
            return false;
        };
        let is_home = self
            .tenant_home(asked)
            .is_ok_and(|home| home == self.node());
        let count = if is_home {
            let placed = self.meetings.rooms.placed().map(|(key, _)| key);
            let all = placed.chain(self.meetings.creating.keys());
            all.filter(|(tenant, _)| *tenant == asked.tenant).count()
        } else {
            let running = self.view().meetings.running();
            running
                .filter(|(tenant, _, _)| *tenant == asked.tenant)
                .count()
        };
        count >= most as usize
    }

    /// Looks for a server for a meeting.
    fn search(
        &mut self,
        now: Timestamp,
        key: Key,
        origin: Origin,
        asked: Asked,
        waiting: Vec<(Origin, Asked)>,
        outputs: &mut Vec<Output>,
    ) {
        let Some(member) = self.member() else {
            return;
        };
        self.refresh_plan();
        let steady = self.meetings.clock.now();
        let mut id = [0; 16];
        self.generator().fill_bytes(&mut id);
        let seed = self.generator().next_u64();
        let mut request = Request::new(RequestId(id), id_of(&key), key.0, member);
        let terms = asked.terms.clone().unwrap_or_default();
        request.region = terms.region;
        request.region_required = terms.region_required;
        request.features = terms.features;
        request.test = terms.test;
        request.hint = terms.hint;
        request.cap_users = terms.cap_users;
        if let Some(users) = self.conference_users(now, &key) {
            // Who opens the room may not know how many will come; who announced the conference does.
            request.hint = Some(terms.hint.map_or(users, |hint| hint.max(users)));
            request.cap_users = terms.cap_users.or(Some(users));
        }
        request.hold = self.held_for(now, &key);
        let kept = self.meetings.rooms.get(&key);
        request.history = kept.and_then(|kept| kept.history);
        if request.hint.is_none() && request.history.is_none() {
            let burst = self.meetings.bursts.entry(key.0).or_default();
            request.unknown_rooms = burst.begin(steady, request.meeting);
        }
        let creating = Creating {
            search: Search::new(request, steady, seed),
            origin,
            asked,
            waiting,
            nodes: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        self.meetings.searches.insert(RequestId(id), key);
        self.meetings.creating.insert(key, creating);
        self.step(now, key, Event::Begin, outputs);
    }

    /// Goes on with a search.
    fn step(&mut self, now: Timestamp, key: Key, event: Event, outputs: &mut Vec<Output>) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let steady = self.meetings.clock.now();
            let Some(creating) = self.meetings.creating.get_mut(&key) else {
                return;
            };
            let steps = creating
                .search
                .handle(steady, &mut self.meetings.plan, event);
            for step in steps {
                match step {
                    Step::Ask { owner, ask } => {
                        events.extend(self.ask(key, owner, ask, outputs));
                    }
                    Step::Cancel { ask, .. } | Step::End { ask, .. } => {
                        self.cancel(key, ask, outputs);
                    }
                    Step::WakeAt(at) => {
                        self.meetings.wakes.insert((at, key));
                    }
                    Step::Placed(placed) => self.placed(now, key, *placed, outputs),
                    Step::Rejected(rejected) => self.rejected(now, key, *rejected, outputs),
                }
            }
        }
    }

    /// Asks the node of an owner; if there is none it fails at once.
    fn ask(
        &mut self,
        key: Key,
        owner: MemberId,
        ask: routing::ask::Ask,
        outputs: &mut Vec<Output>,
    ) -> Option<Event> {
        let node = self.nodes_of(&ask.server).first().copied();
        let creating = self.meetings.creating.get_mut(&key)?;
        let Some(node) = node else {
            return Some(Event::Failed { owner, ask: ask.id });
        };
        creating.nodes.insert(ask.id.attempt, node);
        let call = creating.asked.call.clone();
        let said = Said::Ask {
            room: key.1,
            ask,
            call,
        };
        self.tell(node, said, outputs);
        None
    }

    fn cancel(&mut self, key: Key, ask: AskId, outputs: &mut Vec<Output>) {
        let creating = self.meetings.creating.get(&key);
        let node = creating.and_then(|creating| creating.nodes.get(&ask.attempt));
        if let Some(node) = node.copied() {
            self.tell(node, Said::Cancel { ask }, outputs);
        }
    }

    /// A meeting exists: who called hears of it once its place is written down.
    fn placed(&mut self, now: Timestamp, key: Key, placed: Placed, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        let Some(mut creating) = self.meetings.creating.remove(&key) else {
            return;
        };
        self.meetings.searches.remove(&placed.ask.request);
        let attempt = placed.ask.attempt;
        let answer = creating.answers.remove(&attempt).unwrap_or_default();
        let Some(node) = creating.nodes.get(&attempt).copied() else {
            return;
        };
        let why = Why {
            server: Some(placed.server),
            at: now,
            elapsed_ms: placed.elapsed_ms,
            users: placed.prediction.users,
            reasons: placed.reasons.clone(),
        };
        self.meetings.explain(key, why);
        let live = Live {
            ask: placed.ask,
            placed: steady,
            prediction: placed.prediction,
            joins: 0,
            joined: steady,
        };
        let kept = self
            .meetings
            .rooms
            .place(key, placed.server, now, live)
            .clone();
        self.keep_room(key, &kept);
        self.conference_placed(now, key, placed.server, outputs);
        self.settle_when_durable(Settled {
            origin: creating.origin,
            part: Part {
                server: Some(placed.server),
                result: Ok(answer),
            },
            keep: (node, placed.ask),
            waiting: creating.waiting,
        });
    }

    /// The place of a meeting is written down: its owner hears that it is kept, and who called that it
    /// is there.
    pub(crate) fn settle_placed(
        &mut self,
        now: Timestamp,
        settled: Settled,
        outputs: &mut Vec<Output>,
    ) {
        let (node, ask) = settled.keep;
        self.tell(node, Said::Keep { ask }, outputs);
        self.answer_call(settled.origin, vec![settled.part], outputs);
        for (origin, asked) in settled.waiting {
            self.called(now, origin, asked, outputs);
        }
    }

    fn rejected(
        &mut self,
        now: Timestamp,
        key: Key,
        rejected: Rejected,
        outputs: &mut Vec<Output>,
    ) {
        let fault = match rejected.why {
            Rejection::TimeOver { .. } => CallFault::TimeOver,
            Rejection::NoServer | Rejection::AllRefused { .. } => CallFault::NoRoom,
        };
        let why = Why {
            server: None,
            at: now,
            elapsed_ms: 0,
            users: 0,
            reasons: rejected.reasons,
        };
        self.meetings.explain(key, why);
        self.give_up(now, key, Part::fault(fault), outputs);
    }

    /// Ends a create without a meeting; the next one that waits is tried.
    fn give_up(&mut self, now: Timestamp, key: Key, part: Part, outputs: &mut Vec<Output>) {
        let Some(creating) = self.meetings.creating.remove(&key) else {
            return;
        };
        self.meetings.searches.remove(&creating.search.request().id);
        self.meetings.note_change();
        self.answer_call(creating.origin, vec![part], outputs);
        let mut waiting = creating.waiting.into_iter();
        if let Some((origin, asked)) = waiting.next() {
            self.search(now, key, origin, asked, waiting.collect(), outputs);
        }
    }

    /// An owner answers an ask.
    pub(super) fn ask_answered(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        reply: Reply,
        outputs: &mut Vec<Output>,
    ) {
        let Some(owner) = self.view().member_of(&from) else {
            return;
        };
        if let Some(key) = self.meetings.searches.get(&reply.ask.request).copied() {
            self.step(now, key, Event::Answered { owner, reply }, outputs);
        }
    }

    /// An owner created a meeting. One that is wanted no more is given back.
    pub(super) fn created(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        (ask, server): (AskId, ServerId),
        answer: Vec<u8>,
        outputs: &mut Vec<Output>,
    ) {
        let Some(owner) = self.view().member_of(&from) else {
            return;
        };
        let key = self.meetings.searches.get(&ask.request).copied();
        let creating = key.and_then(|key| Some((key, self.meetings.creating.get_mut(&key)?)));
        let Some((key, creating)) = creating else {
            let is_kept = |live: &Live| live.ask == ask;
            if !self.meetings.rooms.all_live().any(is_kept) {
                self.tell(from, Said::Cancel { ask }, outputs);
            }
            return;
        };
        if creating.nodes.get(&ask.attempt) == Some(&from) {
            creating.answers.insert(ask.attempt, answer);
            self.step(now, key, Event::Created { owner, ask, server }, outputs);
        }
    }

    /// An owner created no meeting.
    pub(super) fn not_created(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        ask: AskId,
        why: Result<Vec<u8>, CallFault>,
        outputs: &mut Vec<Output>,
    ) {
        let owner = self.view().member_of(&from);
        let key = self.meetings.searches.get(&ask.request).copied();
        let creating = key.and_then(|key| self.meetings.creating.get(&key));
        let is_asked =
            creating.is_some_and(|creating| creating.nodes.get(&ask.attempt) == Some(&from));
        let (Some(owner), Some(key), true) = (owner, key, is_asked) else {
            return;
        };
        match why {
            // What is wrong with the call would be wrong on every server.
            Ok(bytes) => {
                let part = Part {
                    server: None,
                    result: Ok(bytes),
                };
                self.give_up(now, key, part, outputs);
            }
            Err(_) => self.step(now, key, Event::Failed { owner, ask }, outputs),
        }
    }

    pub(super) fn wake_searches(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        while let Some((at, key)) = self.meetings.wakes.first().copied() {
            if at > steady {
                break;
            }
            self.meetings.wakes.pop_first();
            self.step(now, key, Event::Wake, outputs);
        }
    }

    /// Calls the server that a room's meeting is on.
    fn call_room(
        &mut self,
        now: Timestamp,
        origin: Origin,
        asked: Asked,
        server: Option<ServerId>,
        outputs: &mut Vec<Output>,
    ) {
        let nodes = server.map(|server| self.nodes_of(&server));
        let fault = match (server, nodes.as_deref()) {
            (Some(server), Some([first, others @ ..])) => {
                let is_full = self.meetings.calls.waiting_for(first) >= LEGS_A_NODE_MAX;
                if !is_full {
                    let (first, others) = (*first, others.to_vec());
                    return self.call_server(now, origin, asked, server, (first, others), outputs);
                }
                CallFault::Busy
            }
            (Some(_), _) => CallFault::OwnerAway,
            (None, _) => CallFault::NoMeeting,
        };
        let part = Part {
            server,
            result: Err(fault),
        };
        let parts = vec![part];
        self.answer_call(origin, parts, outputs);
    }

    fn call_server(
        &mut self,
        now: Timestamp,
        origin: Origin,
        asked: Asked,
        server: ServerId,
        (first, others): (PublicKey, Vec<PublicKey>),
        outputs: &mut Vec<Output>,
    ) {
        let has_another = asked.call.method.repeats() && !others.is_empty();
        let within_ms = if has_another { ANOTHER_MS } else { CALL_MS };
        let until = self.meetings.clock.now().plus_ms(within_ms);
        let call = self.meetings.calls.begin(origin, asked.clone());
        let own = self.node();
        let to = (first != own).then_some(first);
        let number = self
            .meetings
            .calls
            .leg(call, to, others, Some(server), until);
        match to {
            Some(node) => self.tell_call(node, number, Some(server), asked, outputs),
            None => self.serve_leg(now, number, server, asked, outputs),
        }
    }

    pub(super) fn tell_call(
        &mut self,
        node: PublicKey,
        number: u64,
        server: Option<ServerId>,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        let said = Said::Call {
            number,
            server,
            tenant: asked.tenant,
            room: asked.room,
            call: asked.call,
        };
        self.tell(node, said, outputs);
    }

    /// Asks every server that may have something of a tenant's.
    fn gather_answers(
        &mut self,
        now: Timestamp,
        origin: Origin,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        let servers: BTreeSet<ServerId> = match asked.call.method {
            Method::GetMeetings => self.servers_with_meetings(&asked),
            _ => self.meetings.described.clone(),
        };
        let until = self.meetings.clock.now().plus_ms(CALL_MS);
        let call = self.meetings.calls.begin(origin, asked.clone());
        let mut nodes: BTreeSet<PublicKey> = BTreeSet::new();
        for server in servers {
            let all = self.nodes_of(&server);
            match all.first() {
                Some(first) if *first == self.node() => {
                    let number = self
                        .meetings
                        .calls
                        .leg(call, None, vec![], Some(server), until);
                    self.serve_leg(now, number, server, asked.clone(), outputs);
                }
                Some(first) => {
                    nodes.insert(*first);
                }
                None => self.meetings.calls.miss(call, server, CallFault::OwnerAway),
            }
        }
        for node in nodes {
            let number = self
                .meetings
                .calls
                .leg(call, Some(node), vec![], None, until);
            self.tell_call(node, number, None, asked.clone(), outputs);
        }
        if let Some(ended) = self.meetings.calls.end_call(call) {
            self.deliver(now, ended, outputs);
        }
    }

    fn servers_with_meetings(&self, asked: &Asked) -> BTreeSet<ServerId> {
        let home = self.view().meetings.tenants.get(&asked.tenant);
        if home.is_some_and(|tenant| tenant.record.home == self.node()) {
            let placed = self.meetings.rooms.placed();
            let of = placed.filter(|((tenant, _), _)| *tenant == asked.tenant);
            return of.map(|(_, kept)| kept.server).collect();
        }
        let running = self.view().meetings.running();
        let of = running.filter(|(tenant, _, _)| *tenant == asked.tenant);
        of.map(|(_, _, placed)| placed.server).collect()
    }

    /// A call has ended: who called hears of it, unless its meeting turned out to be gone and another
    /// is to be created in its place.
    pub(super) fn deliver(&mut self, now: Timestamp, ended: Ended, outputs: &mut Vec<Output>) {
        let Ended {
            origin,
            asked,
            parts,
        } = ended;
        let key = asked.room.map(|room| (asked.tenant, room));
        let home = self.tenant_home(&asked);
        let is_home = home == Ok(self.node());
        if let (Some(_), Ok(home), [part]) = (key, home, parts.as_slice())
            && !is_home
            && is_of_no_server(part)
            && !self.is_connected(&home)
        {
            return self.go_on_without(now, home, origin, asked, outputs);
        }
        if let (Some(key), true, [part]) = (key, is_home, parts.as_slice()) {
            match (asked.call.method, &part.result) {
                (Method::Create, Err(CallFault::Gone)) => {
                    self.room_ended(now, key, Standing::Ended, None);
                    return self.create(now, key, origin, asked, outputs);
                }
                (Method::Join, Ok(_)) => {
                    let steady = self.meetings.clock.now();
                    self.meetings.rooms.join(&key, steady);
                }
                _ => {}
            }
        }
        self.answer_call(origin, parts, outputs);
    }

    /// The home has gone while a call was passed on to it: what changes nothing more is done by its records,
    /// and of what does nobody knows whether it was done.
    fn go_on_without(
        &mut self,
        now: Timestamp,
        home: PublicKey,
        origin: Origin,
        asked: Asked,
        outputs: &mut Vec<Output>,
    ) {
        if asked.call.method.repeats() {
            return self.pass_on(now, home, origin, asked, outputs);
        }
        let parts = vec![Part::fault(CallFault::HomeAway)];
        self.answer_call(origin, parts, outputs);
    }

    /// A room's meeting is over.
    pub(super) fn room_ended(
        &mut self,
        now: Timestamp,
        key: Key,
        standing: Standing,
        peak: Option<u32>,
    ) {
        let Some(kept) = self.meetings.rooms.end(key, now, standing, peak).cloned() else {
            return;
        };
        self.keep_room(key, &kept);
        self.conference_ended(&key);
        self.note_change(Change::Meetings);
    }

    fn keep_room(&mut self, (tenant, room): Key, kept: &super::rooms::Kept) {
        let bytes = domain::cbor::Encode::to_bytes(kept);
        self.gather(vec![Write::Room {
            tenant,
            room,
            bytes,
        }]);
        self.note_change(Change::Meetings);
    }
}

/// Whether a call ended because the node it was passed on to has gone, and not that of a server.
fn is_of_no_server(part: &Part) -> bool {
    part.server.is_none() && part.result == Err(CallFault::OwnerAway)
}

/// A meeting as placement knows it: owners see no more of it either.
pub(super) fn id_of((tenant, room): &Key) -> MeetingId {
    let mut id = [0; 32];
    id[..16].copy_from_slice(&tenant.0);
    id[16..].copy_from_slice(&room.0);
    MeetingId(id)
}
