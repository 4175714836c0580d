//! The loop that owns the core: takes one input, hands it to the core, does what the core asks,
//! in order. Nothing it does waits for a disk or a peer.
//!
//! Writes go to the writer, which says how far everything is durable; messages go to the
//! queues of the peers, which keep their order. All queues are bounded, and none waits for the
//! loop.

mod error;
mod handle;
mod health;
mod intake;
mod room;
mod roster;
mod sender;
mod ticket;
mod writer;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{
    cbor::Encode,
    entry::Entry,
    id::{EntryId, ServerId, TenantId},
    key::{PublicKey, SecretKey},
    record::Room,
};
use federation::{
    Act, Change, Core, Input, Output, Refused,
    meetings::{
        Notice, Served,
        call::{Call, CallFault},
    },
};
use network::{Event, Events, Network, Reply};
use store::{Store, StoreError};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::Instant,
};
use web::node::Request;

pub use self::{
    error::DriverError,
    handle::{Handle, refused},
    health::Health,
    room::Reserve,
    writer::{HEIGHTS, JOURNAL, ROOMS, batch_of, parts_of, translate},
};
use self::{
    health::Room as DiskRoom,
    roster::RosterSender,
    sender::{Lanes, Mail, Parcel},
    ticket::Ticket,
    writer::Batch,
};
use crate::clock;

/// Requests that may wait: those of people, and calls of front ends.
const REQUESTS_MAX: usize = 4_096;
/// Notices to front ends that may wait.
const NOTICES_MAX: usize = 256;
/// Calls to servers that may wait.
const SERVES_MAX: usize = 4_096;
/// Changes a slow listener may be behind before it is told that everything may have changed.
const CHANGES_MAX: usize = 1_024;
/// Applications' requests that may wait.
const STRANGERS_MAX: usize = 32;
/// A clock that jumps is noticed after this at the latest.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// A request on the application protocol, from anybody.
#[derive(Debug)]
pub struct Stranger {
    /// The request's bytes.
    pub request: Vec<u8>,
    /// The way to answer.
    pub reply: Reply,
}

/// A call to one of this node's servers, which the core asks for.
#[derive(Debug)]
pub struct Serve {
    /// Comes back with what came of it.
    pub job: u64,
    /// The server.
    pub server: ServerId,
    /// Whose.
    pub tenant: TenantId,
    /// The room; none where the call is about all of a tenant's.
    pub room: Option<Room>,
    /// What to call.
    pub call: Call,
    /// How long it may take.
    pub within: Duration,
}

/// What the loop is started with.
pub struct Parts {
    /// The key with which the node does what it does by itself.
    pub key: SecretKey,
    /// The core, restored and not started.
    pub core: Core,
    /// The store it was restored from.
    pub store: Store,
    /// The room kept for this node's own people; none when nothing comes from other nodes.
    pub reserve: Option<Reserve>,
    /// The network; none when only this machine's commands are carried out.
    pub network: Option<(Network, Events)>,
    /// Whether the store was closed in order.
    pub clean: bool,
    /// Whether a steward says that the node may sign without having reached a peer.
    pub alone: bool,
}

/// A running loop.
pub struct Running {
    /// The way to it.
    pub handle: Handle,
    /// Requests of nodes that are no members.
    pub strangers: mpsc::Receiver<Stranger>,
    /// Calls to this node's servers.
    pub serves: mpsc::Receiver<Serve>,
    /// What is to be told to front ends.
    pub notices: mpsc::Receiver<Notice>,
    /// The loop. It ends when told to, or with an error.
    pub task: tokio::task::JoinHandle<Result<(), DriverError>>,
}

/// Starts the loop.
pub fn start(parts: Parts) -> Running {
    let mut core = parts.core;
    // At once, so that nobody reads a core that has not started.
    let first = core.handle(
        clock::now(),
        Input::Start {
            clean: parts.clean,
            alone: parts.alone,
        },
    );
    let core = Arc::new(RwLock::new(core));
    let (requests, to_do) = mpsc::channel(REQUESTS_MAX);
    let (introductions, introduced) = mpsc::channel(STRANGERS_MAX);
    let (stranger_queue, strangers) = mpsc::channel(STRANGERS_MAX);
    let (serve_queue, serves) = mpsc::channel(SERVES_MAX);
    let (notice_queue, notices) = mpsc::channel(NOTICES_MAX);
    let (health_sender, health) = watch::channel(Health::default());
    let (stop, stopping) = watch::channel(false);
    let changes = broadcast::Sender::new(CHANGES_MAX);
    let (batches, persisted) = writer::start(parts.store.clone(), health_sender.clone());
    if let Some(reserve) = parts.reserve {
        room::watch(reserve, health_sender, persisted.clone());
    }
    let (network, events) = match parts.network {
        Some((network, events)) => (Some(network), Some(events)),
        None => (None, None),
    };
    let roster = network.clone().map(roster::start);
    let lanes = network
        .clone()
        .map(|network| Lanes::new(Mail::new(parts.store.clone(), network)));
    let handle = Handle::new(handle::Parts {
        core: Arc::clone(&core),
        requests,
        introductions,
        changes: changes.clone(),
        store: parts.store.clone(),
        network: network.clone(),
        roster: roster.clone(),
        health: health.clone(),
        stop,
    });
    let driver = Driver {
        core,
        network,
        changes,
        batches,
        roster,
        lanes,
        health,
        strangers: stranger_queue,
        serves: serve_queue,
        notices: notice_queue,
        key: parts.key,
        handled: Instant::now(),
        store: parts.store,
        recalls: VecDeque::new(),
        reading: None,
        tickets: BTreeMap::new(),
        next_ticket: 1,
        has_left_out: false,
    };
    let inputs = Inputs {
        requests: to_do,
        introductions: introduced,
        events,
        persisted,
        stopping,
    };
    let task = tokio::spawn(driver.run(inputs, first));
    Running {
        handle,
        strangers,
        serves,
        notices,
        task,
    }
}

/// Where inputs come from.
struct Inputs {
    requests: mpsc::Receiver<Request>,
    introductions: mpsc::Receiver<Vec<Entry>>,
    events: Option<Events>,
    persisted: watch::Receiver<writer::Progress>,
    stopping: watch::Receiver<bool>,
}

/// What is being read from the store.
type Reading = oneshot::Receiver<Result<Input, StoreError>>;

struct Driver {
    core: Arc<RwLock<Core>>,
    network: Option<Network>,
    changes: broadcast::Sender<Change>,
    batches: mpsc::Sender<Batch>,
    roster: Option<RosterSender>,
    lanes: Option<Lanes<Mail>>,
    health: watch::Receiver<Health>,
    strangers: mpsc::Sender<Stranger>,
    serves: mpsc::Sender<Serve>,
    notices: mpsc::Sender<Notice>,
    key: SecretKey,
    /// Up to when the core was told that time has passed.
    handled: Instant,
    store: Store,
    /// What the core wants read, a piece at a time.
    recalls: VecDeque<Vec<EntryId>>,
    reading: Option<Reading>,
    tickets: BTreeMap<u64, Ticket>,
    next_ticket: u64,
    /// Whether something was left out for lack of room.
    has_left_out: bool,
}

impl Driver {
    async fn run(mut self, mut inputs: Inputs, first: Vec<Output>) -> Result<(), DriverError> {
        self.carry_all(first).await?;
        loop {
            self.read_what_is_wanted();
            let wake = self.wake_at();
            // While nothing can be stored, nothing more is taken from peers: what they sent would
            // only pile up in memory.
            let takes_events = !self.health.borrow().disk.is_full();
            let next = tokio::select! {
                biased;
                () = told_to_stop(&mut inputs.stopping) => break,
                changed = inputs.persisted.changed() => {
                    if changed.is_err() { break; }
                    let progress = inputs.persisted.borrow_and_update().clone();
                    match progress {
                        writer::Progress::Durable(number) => Some(Input::Persisted(number)),
                        writer::Progress::Failed(error) => return Err(DriverError::Store(error)),
                    }
                }
                Some(recalled) = next_recalled(&mut self.reading) => {
                    self.reading = None;
                    Some(recalled.map_err(DriverError::Store)?)
                }
                Some(request) = inputs.requests.recv() => self.take_request(request)?,
                Some(entries) = inputs.introductions.recv(), if takes_events => {
                    (!self.leaves_out(true)).then_some(Input::Introduce(entries))
                }
                Some(event) = next_event(&mut inputs.events), if takes_events => {
                    self.take_event(event).await
                }
                Ok(()) = self.health.changed() => {
                    self.answer_what_is_held();
                    self.has_room_again().then_some(Input::Compare)
                }
                () = tokio::time::sleep_until(wake) => Some(self.wake()),
            };
            if let Some(input) = next {
                self.step(input).await?;
            }
        }
        self.drain(&mut inputs.persisted).await
    }

    /// Has the next piece read of what the core wants read, one at a time.
    fn read_what_is_wanted(&mut self) {
        if self.reading.is_some() {
            return;
        }
        let Some(ids) = self.recalls.pop_front() else {
            return;
        };
        let (sender, reading) = oneshot::channel();
        self.reading = Some(reading);
        let store = self.store.clone();
        tokio::spawn(async move {
            let found = store.entries(&ids).await;
            let recalled = found.map(|found| {
                let entries = found.into_iter().flatten().collect();
                Input::Recalled { ids, entries }
            });
            // The driver may have stopped.
            let _ = sender.send(recalled);
        });
    }

    /// Waits until what was handed to the writer is durable, and answers who waits for it.
    async fn drain(
        mut self,
        persisted: &mut watch::Receiver<writer::Progress>,
    ) -> Result<(), DriverError> {
        let (batches, _) = mpsc::channel(1);
        // Closing the queue lets the writer finish and go.
        drop(std::mem::replace(&mut self.batches, batches));
        loop {
            if self.health.borrow_and_update().disk.is_full() {
                // Waiting for room could keep the node from ever stopping.
                return Err(DriverError::Held);
            }
            let changed = tokio::select! {
                biased;
                changed = persisted.changed() => changed,
                Ok(()) = self.health.changed() => continue,
            };
            if changed.is_err() {
                return Ok(());
            }
            let progress = persisted.borrow_and_update().clone();
            match progress {
                writer::Progress::Durable(number) => {
                    let outputs = self.handle(Input::Persisted(number));
                    for output in outputs {
                        self.answer(output);
                    }
                }
                writer::Progress::Failed(error) => return Err(DriverError::Store(error)),
            }
        }
    }

    /// What is left out to a peer is made up for by comparing: the first heights of a connection,
    /// for instance, are not repeated otherwise.
    fn wake(&mut self) -> Input {
        let lanes = self.lanes.as_mut();
        match lanes.is_some_and(Lanes::is_to_make_up) {
            true => Input::Compare,
            false => Input::Wake,
        }
    }

    fn wake_at(&self) -> Instant {
        let due = self
            .core
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .next_wakeup();
        let wait = due.map_or(SLEEP_MAX, |due| {
            Duration::from_millis(due.since_ms(clock::now())).min(SLEEP_MAX)
        });
        Instant::now() + wait
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let elapsed = self.handled.elapsed().as_millis();
        let elapsed_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        // Whole milliseconds only, so that the rest of one counts with the next input.
        self.handled += Duration::from_millis(elapsed_ms);
        let now = clock::now();
        let mut core = self.core.write().unwrap_or_else(PoisonError::into_inner);
        core.pass(elapsed_ms);
        core.handle(now, input)
    }

    async fn step(&mut self, input: Input) -> Result<(), DriverError> {
        let outputs = self.handle(input);
        self.carry_all(outputs).await
    }

    /// Carries out what the core wants, and what follows from it at once.
    async fn carry_all(&mut self, outputs: Vec<Output>) -> Result<(), DriverError> {
        let mut all = VecDeque::from([outputs]);
        while let Some(outputs) = all.pop_front() {
            let mut inputs = Vec::new();
            for output in outputs {
                match output {
                    Output::Wish(act) => inputs.push(self.wished(act)?),
                    Output::Serve {
                        job,
                        server,
                        tenant,
                        room,
                        call,
                        within_ms,
                    } => {
                        let serve = Serve {
                            job,
                            server,
                            tenant,
                            room,
                            call,
                            within: Duration::from_millis(within_ms),
                        };
                        // Whoever serves is behind, or there is nobody.
                        if self.serves.try_send(serve).is_err() {
                            let served = Served::Fault(CallFault::Busy);
                            inputs.push(Input::Served { job, served });
                        }
                    }
                    output => self.carry_out(output).await,
                }
            }
            for input in inputs {
                all.push_back(self.handle(input));
            }
        }
        Ok(())
    }

    /// What the node is to do by itself.
    fn wished(&mut self, act: Act) -> Result<Input, DriverError> {
        Ok(Input::Act {
            ticket: self.ticket(Ticket::Own),
            key: self.key.clone(),
            act,
            random: clock::random().map_err(|_| DriverError::Random)?,
        })
    }

    async fn carry_out(&mut self, output: Output) {
        match output {
            Output::Persist { number, writes } => {
                // The writer only goes away together with the store; that arrives as a failure.
                let _ = self.batches.send(Batch { number, writes }).await;
            }
            // What would not be taken is not asked for.
            Output::Send(_, message) if self.leaves_out(room::asks(&message)) => {}
            Output::Send(to, message) => self.send(to, Parcel::Message(message.to_bytes())),
            Output::SendEntries { to, number, ids } => {
                self.send(to, Parcel::Entries { number, ids });
            }
            Output::SendChunks { to, hashes } => self.send(to, Parcel::Chunks(hashes)),
            Output::Recall { ids } => self.recalls.push_back(ids),
            Output::Roster(roster) => {
                tracing::debug!(nodes = roster.len(), "the roster changed");
                if let Some(sender) = &self.roster {
                    sender.set(roster);
                }
            }
            Output::Fault(peer, fault) => {
                tracing::warn!(%peer, ?fault, "a peer broke the protocol");
                if let Some(network) = &self.network {
                    network.penalise(peer).await;
                }
            }
            output => self.answer(output),
        }
    }

    fn answer(&mut self, output: Output) {
        match output {
            Output::Answer { ticket, result } => match self.tickets.remove(&ticket) {
                // Who asked may have gone.
                Some(Ticket::Entry(reply)) => drop(reply.send(result)),
                Some(Ticket::Own) => {
                    if let Err(refused) = result {
                        tracing::warn!(%refused, "the node could not record what it did");
                    }
                }
                _ => {}
            },
            Output::Called { ticket, parts } => {
                if let Some(Ticket::Parts(reply)) = self.tickets.remove(&ticket) {
                    let _ = reply.send(parts);
                }
            }
            Output::Prepared { ticket, result } => {
                if let Some(Ticket::Prepared(reply)) = self.tickets.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Notice(notice) => {
                let told = self.notices.try_send(notice);
                let _ = told.inspect_err(|_| {
                    tracing::warn!("a front end could not be told: too much waits to be told");
                });
            }
            // Nobody may be listening.
            Output::Changed(change) => drop(self.changes.send(change)),
            _ => {}
        }
    }

    /// On a full disk nobody waits for room that may never come: who waits for an answer hears
    /// that the act is kept in memory.
    fn answer_what_is_held(&mut self) {
        if !self.health.borrow_and_update().disk.is_full() {
            return;
        }
        for ticket in std::mem::take(&mut self.tickets).into_values() {
            ticket.refuse(Refused::DiskFullHeld);
        }
    }

    /// Whether something is left out because it needs room that is kept for this node's own
    /// people.
    fn leaves_out(&mut self, needs_room: bool) -> bool {
        let leaves_out = needs_room && self.health.borrow().room != DiskRoom::Enough;
        self.has_left_out |= leaves_out;
        leaves_out
    }

    /// Whether there is room now for what was left out before.
    fn has_room_again(&mut self) -> bool {
        let has_room = self.has_left_out && self.health.borrow().room == DiskRoom::Enough;
        self.has_left_out &= !has_room;
        has_room
    }

    fn send(&mut self, to: PublicKey, parcel: Parcel) {
        if let Some(lanes) = &mut self.lanes {
            lanes.send(to, parcel);
        }
    }
}

/// A handle that is gone tells the same.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn next_recalled(reading: &mut Option<Reading>) -> Option<Result<Input, StoreError>> {
    match reading {
        Some(reading) => reading.await.ok(),
        None => None,
    }
}

async fn next_event(events: &mut Option<Events>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
