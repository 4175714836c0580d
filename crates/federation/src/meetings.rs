//! Meetings at a node: home of its tenants' meetings, owner of its servers (`specs/meetings.md`).
//!
//! The core decides where a meeting goes and who may ask for what; it looks at no parameter of a call
//! and at no secret. Servers are called by the shell ([`crate::Output::Serve`]).

pub mod call;
mod claims;
pub mod holds;
mod home;
mod legs;
mod loads;
pub mod metering;
mod notice;
mod owner;
mod rooms;
mod scope;
mod steady;
mod unwanted;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    cbor::Decode,
    id::{ServerId, TenantId, Timestamp},
    key::PublicKey,
    record::{Room, Standing},
};
use routing::{
    Monotonic,
    candidate::{Health, Report},
    capacity::Load,
    request::RequestId,
    room::Burst,
    view::{Candidate, View},
};

pub(crate) use self::home::Settled;
use self::{
    claims::Claims,
    holds::{Hold, Seeking},
    home::{CALL_MS, Creating},
    legs::{Again, Calls, Ended},
    loads::Saying,
    notice::Notices,
    owner::Owner,
    rooms::Rooms,
    steady::Steady,
    wire::{PART_BYTES_MAX, Said},
};
pub use self::{
    home::Why,
    legs::{Asked, Origin, Part},
    notice::{Notice, NoticeKind, TOKEN_BYTES_MAX},
    owner::{KEEP_MS, Seen, Served},
    rooms::{Kept, Key, Live},
    scope::{scoped_id, whose},
};
use crate::{
    core::Core,
    io::{Change, Output},
    message::Message,
};

/// Rooms of which it is remembered why they are where they are.
const WHYS_MAX: usize = 2_048;

/// What the core knows of meetings.
#[derive(Debug, Default)]
pub(crate) struct Meetings {
    clock: Steady,
    /// What placement knows of every server.
    plan: View,
    /// The servers that the records describe.
    described: BTreeSet<ServerId>,
    inventory_is_old: bool,
    /// Whether meetings may be placed on servers that their owners took away.
    may_be_removed: bool,
    /// Whether something else changed of which nodes may have to hear.
    has_news: bool,
    rooms: Rooms,
    creating: BTreeMap<Key, Creating>,
    searches: BTreeMap<RequestId, Key>,
    wakes: BTreeSet<(Monotonic, Key)>,
    calls: Calls,
    bursts: BTreeMap<TenantId, Burst>,
    whys: BTreeMap<Key, Why>,
    why_order: VecDeque<Key>,
    owner: Owner,
    seeking: Seeking,
    /// The servers that other nodes say they hold the secrets of, and how their polls find them.
    serving: BTreeMap<PublicKey, BTreeMap<ServerId, Health>>,
    claims: Claims,
    saying: Saying,
    /// What is for front ends whose homes are away.
    notices: Notices,
    /// What this node says to itself: home and owner are often one.
    here: VecDeque<Said>,
    has_changed: bool,
}

impl Meetings {
    fn note_change(&mut self) {
        self.has_changed = true;
    }

    fn loads_changed(&mut self) {
        self.saying.changed();
    }

    fn explain(&mut self, key: Key, why: Why) {
        if self.whys.insert(key, why).is_none() {
            self.why_order.push_back(key);
        }
        if self.why_order.len() > WHYS_MAX
            && let Some(oldest) = self.why_order.pop_front()
        {
            self.whys.remove(&oldest);
        }
        self.has_changed = true;
    }
}

/// A server as this node knows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNow {
    /// What its owner said last, and how long ago, in milliseconds.
    pub report: Option<(u64, Report)>,
    /// Nodes of its owner that can be asked for it, this one included.
    pub nodes: Vec<PublicKey>,
    /// How full it is by all that is known here, in millionths.
    pub utilisation_ppm: u64,
    /// The holds on it that this node knows of, the first to start first: all if it serves it, else
    /// those of its own conferences.
    pub holds: Vec<Hold>,
}

impl Core {
    /// So much time has passed since the last input, by a clock that nobody sets. The shell says so before
    /// each input; without it the difference of the times given to [`Core::handle`] counts.
    pub fn pass(&mut self, elapsed_ms: u64) {
        self.meetings.clock.tell(elapsed_ms);
    }

    /// Takes up a room that this node stored before, before it starts.
    ///
    /// # Errors
    /// When the bytes are not what this node writes: the store is damaged.
    pub fn restore_room(
        &mut self,
        tenant: TenantId,
        room: Room,
        bytes: &[u8],
    ) -> Result<(), crate::CoreError> {
        let kept = Kept::from_bytes(bytes).map_err(crate::CoreError::Bytes)?;
        self.meetings.rooms.restore((tenant, room), kept);
        Ok(())
    }

    /// Where the meeting of a room is, if this node is its home.
    #[must_use]
    pub fn room(&self, tenant: &TenantId, room: &Room) -> Option<&Kept> {
        self.meetings.rooms.get(&(*tenant, *room))
    }

    /// The rooms whose meetings this node placed and that have not ended.
    pub fn placed_rooms(&self) -> impl Iterator<Item = (&Key, &Kept)> {
        self.meetings.rooms.placed()
    }

    /// What is known of a running meeting that this node placed since it started.
    #[must_use]
    pub fn live_room(&self, key: &Key) -> Option<&Live> {
        self.meetings.rooms.live(key)
    }

    /// Why the meeting of a room is where it is, or found no place, if it was asked for since this node
    /// started.
    #[must_use]
    pub fn why(&self, tenant: &TenantId, room: &Room) -> Option<&Why> {
        self.meetings.whys.get(&(*tenant, *room))
    }

    /// Every answer to that of late, the oldest first.
    pub fn whys(&self) -> impl Iterator<Item = (&Key, &Why)> {
        let order = self.meetings.why_order.iter();
        order.filter_map(|key| Some((key, self.meetings.whys.get(key)?)))
    }

    /// What the last poll of one of this node's servers showed.
    #[must_use]
    pub fn seen_meetings(&self, server: &ServerId) -> &[Seen] {
        self.meetings
            .owner
            .seen(server)
            .map_or(&[], |(_, seen)| seen)
    }

    /// Whether this node holds the secret of a server.
    #[must_use]
    pub fn serves(&self, server: &ServerId) -> bool {
        self.meetings.owner.serves(server)
    }

    /// Whether any node can be asked for a server now, this one included.
    #[must_use]
    pub fn owner_answers(&self, server: &ServerId) -> bool {
        !self.nodes_of(server).is_empty()
    }

    /// How a server is, as far as this node knows.
    #[must_use]
    pub fn server_now(&self, server: &ServerId) -> Option<ServerNow> {
        let candidate: &Candidate = self.meetings.plan.candidate(*server)?;
        let steady = self.meetings.clock.now();
        let nodes = self.nodes_of(server);
        let report = candidate.report.as_ref().map(|(heard, report)| {
            // Of a server without load nothing is said again as long as its owner is here.
            let is_quiet = report.load == Load::ZERO && !nodes.is_empty();
            let age_ms = if is_quiet { 0 } else { steady.since_ms(*heard) };
            (age_ms, report.clone())
        });
        Some(ServerNow {
            report,
            nodes,
            utilisation_ppm: candidate.load().utilisation_ppm(&candidate.server.capacity),
            holds: self.holds_on(server),
        })
    }

    /// Gives up a meeting whose owner keeps silent, so that the room's next meeting is placed anew.
    pub(crate) fn release_room(&mut self, now: Timestamp, tenant: TenantId, room: Room) {
        self.room_ended(now, (tenant, room), Standing::Released, None);
    }

    /// A node says something of meetings.
    pub(crate) fn heard_of_meetings(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        said: Said,
        outputs: &mut Vec<Output>,
    ) {
        match said {
            Said::Ask { room, ask, call } => self.asked(now, from, (room, ask, call), outputs),
            Said::Answer(reply) => self.ask_answered(now, from, reply, outputs),
            Said::Created {
                ask,
                server,
                answer,
            } => self.created(now, from, (ask, server), answer, outputs),
            Said::NotCreated { ask, why } => self.not_created(now, from, ask, why, outputs),
            Said::Cancel { ask } => self.cancelled(now, from, ask, outputs),
            Said::Keep { ask } => self.kept(now, from, ask, outputs),
            Said::Call {
                number,
                server,
                tenant,
                room,
                call,
            } => {
                let asked = Asked {
                    tenant,
                    room,
                    terms: None,
                    call,
                };
                self.server_called(now, from, number, server, asked, outputs);
            }
            Said::Forward {
                number,
                tenant,
                room,
                terms,
                call,
            } => {
                let origin = Origin::Peer(from, number);
                let asked = Asked {
                    tenant,
                    room,
                    terms,
                    call,
                };
                let is_ours = self.view().member_of(&from) == self.member();
                let home = self.view().meetings.tenants.get(&tenant);
                let is_home = home.is_some_and(|tenant| tenant.record.home == self.node());
                if is_ours && is_home {
                    return self.called(now, origin, asked, outputs);
                }
                let fault = call::CallFault::NotAllowed;
                self.answer_call(origin, vec![Part::fault(fault)], outputs);
            }
            Said::Part {
                number,
                last,
                server,
                result,
            } => {
                // Nobody speaks for servers of others, but the home for all of them to its own member's nodes.
                let member = self.view().member_of(&from);
                let owner = |server: &ServerId| self.view().meetings.servers.get(server);
                let server = server.filter(|server| {
                    member == self.member()
                        || owner(server).is_some_and(|server| Some(server.owner) == member)
                });
                let part = Part { server, result };
                if let Some(ended) = self.meetings.calls.part(Some(from), number, part, last) {
                    self.deliver(now, ended, outputs);
                }
            }
            Said::Loads { reports, floors } => self.hear_loads(from, reports, floors, outputs),
            Said::Gone {
                tenant,
                room,
                server,
                peak,
            } => self.hear_gone(now, from, (tenant, room), server, peak),
            Said::Notice(notice) => self.noticed(notice, outputs),
            Said::Hold(hold) => self.hold_asked(now, from, hold, outputs),
            Said::Held(hold) => self.held(now, from, hold, outputs),
            Said::NotHeld {
                hold,
                why,
                possible_users,
            } => self.not_held(now, from, (hold, why, possible_users), outputs),
            Said::GiveUp { tenant, room } => self.hold_given_up(now, from, (tenant, room)),
            Said::Later { .. } => {}
        }
    }

    /// An owner says that a meeting is no more on its server.
    fn hear_gone(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        key: Key,
        server: ServerId,
        peak: u32,
    ) {
        let owner = self.view().meetings.servers.get(&server);
        let owner = owner.map(|server| server.owner);
        let is_owners = owner.is_some() && owner == self.view().member_of(&from);
        if is_owners && self.meetings.rooms.server(&key) == Some(server) {
            let peak = self.believed(&key, &server, peak);
            self.room_ended(now, key, Standing::Ended, peak);
        }
    }

    /// How many people an owner may say were in a meeting: no more than this node let in, and than the
    /// server takes in one. What it learns for the next meeting has to be found a place.
    fn believed(&self, key: &Key, server: &ServerId, peak: u32) -> Option<u32> {
        let live = self.meetings.rooms.live(key)?;
        let server = self.view().meetings.servers.get(server)?;
        let most = u32::try_from(server.record.capability.room_users).unwrap_or(u32::MAX);
        Some(peak.min(most).min(live.joins))
    }

    /// Says something of meetings to a node, or to this one.
    fn tell(&mut self, to: PublicKey, said: Said, outputs: &mut Vec<Output>) {
        if to == self.node() {
            self.meetings.here.push_back(said);
        } else {
            outputs.push(Output::Send(to, Message::Meetings(Box::new(said))));
        }
    }

    /// Gives whoever called what came of it.
    fn answer_call(&mut self, origin: Origin, parts: Vec<Part>, outputs: &mut Vec<Output>) {
        match origin {
            Origin::Here(ticket) => outputs.push(Output::Called { ticket, parts }),
            Origin::Peer(peer, number) => {
                for (server, result, last) in split(parts) {
                    let said = Said::Part {
                        number,
                        last,
                        server,
                        result,
                    };
                    self.tell(peer, said, outputs);
                }
            }
        }
    }

    pub(crate) fn meetings_connected(
        &mut self,
        now: Timestamp,
        peer: PublicKey,
        outputs: &mut Vec<Output>,
    ) {
        self.greet_with_loads(now, peer, outputs);
        self.greet_with_holds(now, peer, outputs);
        self.tell_what_is_gone(peer, outputs);
        self.pass_notices(peer, outputs);
    }

    pub(crate) fn meetings_disconnected(
        &mut self,
        now: Timestamp,
        peer: PublicKey,
        outputs: &mut Vec<Output>,
    ) {
        let steady = self.meetings.clock.now();
        self.forget_claims(&peer);
        if self.meetings.serving.remove(&peer).is_some()
            && let Some(owner) = self.view().member_of(&peer)
        {
            let still = self.meetings.serving.keys();
            let is_here = |node: &PublicKey| self.view().member_of(node) == Some(owner);
            if !still.copied().any(|node| is_here(&node)) {
                self.meetings.plan.suspect(steady, owner);
            }
            if Some(owner) == self.member() {
                self.meetings.saying.speak_for_another();
            }
        }
        self.holder_gone(now, peer, outputs);
        let until = steady.plus_ms(CALL_MS);
        let (again, ended) = self.meetings.calls.disconnected(&peer, until);
        self.go_on(now, again, ended, outputs);
        self.note_change(Change::Meetings);
    }

    fn go_on(
        &mut self,
        now: Timestamp,
        again: Vec<Again>,
        ended: Vec<Ended>,
        outputs: &mut Vec<Output>,
    ) {
        for leg in again {
            self.tell_call(leg.to, leg.number, leg.server, leg.asked, outputs);
        }
        for call in ended {
            self.deliver(now, call, outputs);
        }
    }

    /// How far away another member's node is.
    pub(crate) fn round_trip(&mut self, peer: &PublicKey, round_trip_ms: u32) {
        // Its own servers are here, wherever a second node of it is.
        let member = self.view().member_of(peer);
        if let Some(member) = member.filter(|member| Some(*member) != self.member()) {
            self.meetings.plan.set_rtt(member, round_trip_ms);
        }
    }

    /// Does what is due, and what this node said to itself.
    pub(crate) fn settle_meetings(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let steady = self.meetings.clock.now();
        self.take_inventory();
        self.leave_what_is_removed(now);
        let (again, ended) = self.meetings.calls.expire(steady, steady.plus_ms(CALL_MS));
        self.go_on(now, again, ended, outputs);
        self.wake_searches(now, outputs);
        self.wake_owner(now, outputs);
        self.wake_holds_here(now);
        self.settle_holds(now, outputs);
        self.wake_holds(now, outputs);
        self.hear_oneself(now, outputs);
        self.say_meetings(now, outputs);
        if std::mem::take(&mut self.meetings.has_changed) {
            self.note_change(Change::Meetings);
        }
    }

    pub(crate) fn hear_oneself(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        let own = self.node();
        while let Some(said) = self.meetings.here.pop_front() {
            self.heard_of_meetings(now, own, said, outputs);
        }
    }

    /// When something about meetings is due next.
    pub(crate) fn meetings_wakeup(&self) -> Option<Timestamp> {
        let meetings = &self.meetings;
        let all = [
            meetings.calls.next_due(),
            meetings.wakes.first().map(|(at, _)| *at),
            meetings.owner.wake,
            meetings.owner.keep_by(),
            self.next_said(),
            self.next_hold_due(),
        ];
        let first = all.into_iter().flatten().min();
        let first = first.map(|first| meetings.clock.wall_at(first));
        [first, meetings.owner.holds_change]
            .into_iter()
            .flatten()
            .min()
    }

    pub(crate) fn inventory_changed(&mut self) {
        self.meetings.inventory_is_old = true;
    }

    pub(crate) fn meetings_changed(&mut self) {
        self.meetings.has_news = true;
    }

    pub(crate) fn advance_clock(&mut self, now: Timestamp) {
        self.meetings.clock.advance(now);
    }
}

/// Parts as they travel: no piece larger than a message takes, the last one marked.
fn split(
    parts: Vec<Part>,
) -> impl Iterator<Item = (Option<ServerId>, Result<Vec<u8>, call::CallFault>, bool)> {
    let mut pieces = Vec::new();
    for part in parts {
        match part.result {
            Ok(bytes) if bytes.len() > PART_BYTES_MAX => {
                let chunks = bytes.chunks(PART_BYTES_MAX);
                pieces.extend(chunks.map(|chunk| (part.server, Ok(chunk.to_vec()))));
            }
            result => pieces.push((part.server, result)),
        }
    }
    if pieces.is_empty() {
        // An answer of no server at all is an answer too.
        pieces.push((None, Ok(Vec::new())));
    }
    let last = pieces.len() - 1;
    pieces
        .into_iter()
        .enumerate()
        .map(move |(number, (server, result))| (server, result, number == last))
}
