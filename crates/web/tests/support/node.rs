//! A node in memory: one core that knows three founders, with a disk that is durable at once.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, RwLock},
};

use domain::{
    cbor::Decode,
    charter::Charter,
    entry::Entry,
    genesis::{Founder, Genesis},
    id::{EntryId, Hash, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Custody, Delegate, Grant, Purpose, Roles},
};
use federation::{Act, Core, Input, Output, Refused, Settings, Write, meetings::call::Call};
use tokio::sync::{broadcast, mpsc, oneshot};
use web::{
    clock::{Clock, ManualClock},
    node::{Library, LibraryFuture, MeetingsInput, Node, Request, RootKey},
};

use super::servers::Servers;

/// The key of founder 0 to 2: `what` is 1 for the root, 2 the node, 3 the delegate.
pub fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

#[derive(Default)]
pub struct Disk {
    entries: BTreeMap<EntryId, Vec<u8>>,
    chunks: BTreeMap<Hash, Vec<u8>>,
    heights: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
}

struct MemoryLibrary(Arc<Mutex<Disk>>);

impl Library for MemoryLibrary {
    fn entries<'a>(&'a self, ids: &'a [EntryId]) -> LibraryFuture<'a, Vec<Option<Entry>>> {
        let disk = self.0.lock().unwrap();
        let read = |id| {
            disk.entries
                .get(id)
                .map(|bytes: &Vec<u8>| Entry::from_bytes(bytes).unwrap())
        };
        let found = ids.iter().map(read).collect();
        Box::pin(async move { Ok(found) })
    }

    fn chunks<'a>(&'a self, hashes: &'a [Hash]) -> LibraryFuture<'a, Vec<Option<Vec<u8>>>> {
        let disk = self.0.lock().unwrap();
        let found = hashes
            .iter()
            .map(|hash| disk.chunks.get(hash).cloned())
            .collect();
        Box::pin(async move { Ok(found) })
    }

    fn height(&self, height: u64) -> LibraryFuture<'_, Option<(Vec<u8>, Vec<u8>)>> {
        let found = self.0.lock().unwrap().heights.get(&height).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn size_bytes(&self) -> LibraryFuture<'_, u64> {
        Box::pin(async { Ok(0) })
    }
}

struct HeldRoot(Option<SecretKey>);

impl RootKey for HeldRoot {
    fn read(&self) -> Result<Option<SecretKey>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.clone())
    }
}

enum Reply {
    Act(oneshot::Sender<Result<EntryId, Refused>>),
    Prepare(oneshot::Sender<Result<Box<federation::Prepared>, Refused>>),
    Parts(oneshot::Sender<Vec<federation::meetings::Part>>),
}

struct Loop {
    core: Arc<RwLock<Core>>,
    disk: Arc<Mutex<Disk>>,
    changes: broadcast::Sender<federation::Change>,
    clock: Arc<ManualClock>,
    replies: HashMap<u64, Reply>,
    tickets: u64,
    servers: Servers,
    asked: Asked,
}

impl Loop {
    fn take(&mut self, request: Request) {
        self.tickets += 1;
        let (ticket, random) = (self.tickets, [self.tickets as u8; 32]);
        let input = match request {
            Request::Present(writing) => Input::Present(writing),
            Request::Call { asked, reply } => {
                self.replies.insert(ticket, Reply::Parts(reply));
                Input::Call { ticket, asked }
            }
            Request::Meetings(input) => match input {
                MeetingsInput::Serving(servers) => Input::Serving(servers),
                MeetingsInput::Polled { server, seen } => Input::Polled { server, seen },
                MeetingsInput::Served { job, served } => Input::Served { job, served },
                MeetingsInput::RoundTrip(peer, ms) => Input::RoundTrip(peer, ms),
                MeetingsInput::Notice(notice) => Input::Notice(notice),
                MeetingsInput::Hold(wanted) => Input::Hold(wanted),
                MeetingsInput::Release { tenant, room } => Input::Release { tenant, room },
            },
            Request::Act { key, act, reply } => {
                self.replies.insert(ticket, Reply::Act(reply));
                Input::Act {
                    ticket,
                    key,
                    act,
                    random,
                }
            }
            Request::Prepare { key, act, reply } => {
                self.replies.insert(ticket, Reply::Prepare(reply));
                Input::Prepare {
                    ticket,
                    key,
                    act,
                    random,
                }
            }
            Request::Submit {
                entry,
                chunks,
                reply,
            } => {
                self.replies.insert(ticket, Reply::Act(reply));
                Input::Submit {
                    ticket,
                    entry,
                    chunks,
                }
            }
        };
        self.run(input);
    }

    fn run(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.clock.now();
            let outputs = self.core.write().unwrap().handle(now, input);
            for output in outputs {
                self.carry_out(output, &mut inputs);
            }
        }
    }

    fn carry_out(&mut self, output: Output, inputs: &mut VecDeque<Input>) {
        match output {
            Output::Persist { number, writes } => {
                let mut disk = self.disk.lock().unwrap();
                for write in writes {
                    match write {
                        Write::Entry { id, bytes, .. } => drop(disk.entries.insert(id, bytes)),
                        Write::Remove { id } => drop(disk.entries.remove(&id)),
                        Write::Chunk { hash, bytes } => drop(disk.chunks.insert(hash, bytes)),
                        Write::Height {
                            height,
                            batch,
                            certificate,
                        } => drop(disk.heights.insert(height, (batch, certificate))),
                        Write::Journal { .. } | Write::Room { .. } => {}
                    }
                }
                inputs.push_back(Input::Persisted(number));
            }
            Output::Answer { ticket, result } => {
                if let Some(Reply::Act(reply)) = self.replies.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Prepared { ticket, result } => {
                if let Some(Reply::Prepare(reply)) = self.replies.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Output::Called { ticket, parts } => {
                if let Some(Reply::Parts(reply)) = self.replies.remove(&ticket) {
                    let _ = reply.send(parts);
                }
            }
            Output::Changed(change) => drop(self.changes.send(change)),
            Output::Serve {
                job,
                tenant,
                room,
                call,
                ..
            } => {
                self.asked.lock().unwrap().push(call.clone());
                let served = self.servers.serve((tenant, room), &call);
                inputs.push_back(Input::Served { job, served });
            }
            _ => {}
        }
    }
}

fn genesis(created: Timestamp, charter: &Charter) -> Genesis {
    let mut founders: Vec<Founder> = (0..3)
        .map(|member| Founder {
            root: key(member, 1).public(),
            name: format!("Co-op {member}"),
            class: "producer".to_owned(),
        })
        .collect();
    founders.sort();
    Genesis {
        name: "Test federation".to_owned(),
        created,
        founders,
        charter: charter.to_bytes(),
        nonce: [1; 32],
        requires: Vec::new(),
    }
}

/// Wakes a node that has something to do by now, and says when it is done.
pub type Ticks = mpsc::Sender<oneshot::Sender<()>>;
/// What servers were asked to do, the oldest first.
pub type Asked = Arc<Mutex<Vec<Call>>>;

/// The node of founder 0, whose delegate is `person` with the key `key(0, 3)`. It could close votes
/// with `key(0, 6)`.
pub fn start_under(
    clock: &Arc<ManualClock>,
    person: PersonId,
    charter: &Charter,
) -> (Node, Ticks, Asked) {
    let settings = Settings {
        node: key(0, 2).public(),
        seed: [9; 32],
    };
    let mut core = Core::new(genesis(clock.now(), charter), settings).unwrap();
    core.validate_with(key(0, 6));
    let changes = broadcast::Sender::new(64);
    let mut running = Loop {
        core: Arc::new(RwLock::new(core)),
        disk: Arc::default(),
        changes: changes.clone(),
        clock: Arc::clone(clock),
        replies: HashMap::new(),
        tickets: 0,
        servers: Servers::default(),
        asked: Asked::default(),
    };
    let asked = Arc::clone(&running.asked);
    running.run(Input::Start {
        clean: true,
        alone: true,
    });
    found(&mut running, person);
    let node_core = Arc::clone(&running.core);
    let library = Arc::new(MemoryLibrary(Arc::clone(&running.disk)));
    let (requests, mut inbox) = mpsc::channel(64);
    let (ticks, mut wakes) = mpsc::channel::<oneshot::Sender<()>>(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(request) = inbox.recv() => running.take(request),
                Some(done) = wakes.recv() => {
                    running.run(Input::Wake);
                    let _ = done.send(());
                }
                else => return,
            }
        }
    });
    let node = Node {
        core: node_core,
        requests,
        changes,
        library,
        root_key: Arc::new(HeldRoot(Some(key(0, 1)))),
        key: key(0, 2),
        started: clock.now(),
    };
    (node, ticks, asked)
}

fn found(running: &mut Loop, alice: PersonId) {
    for member in 0..3 {
        let person = if member == 0 {
            alice
        } else {
            PersonId([0x40 + member; 16])
        };
        let delegate = key(member, 3).public();
        let (federation, id) = (
            running.core.read().unwrap().federation(),
            MemberId(key(member, 1).public().0),
        );
        let grant = |purpose, which, person, roles| Act::Grant {
            purpose,
            key: key(member, which).public(),
            person,
            roles,
            custody: Custody::Node,
            proof: Some(Grant::prove(
                &key(member, which),
                &federation,
                &id,
                purpose,
                person,
            )),
        };
        let roles = Roles::STEWARD.with(Roles::DELEGATE);
        let delegates = vec![Delegate {
            key: delegate,
            person,
        }];
        for act in [
            Act::Found,
            grant(Purpose::Person, 3, Some(person), roles),
            grant(Purpose::Node, 2, None, Roles::none()),
            Act::Mandate { delegates },
        ] {
            let (reply, mut answer) = oneshot::channel();
            running.take(Request::Act {
                key: key(member, 1),
                act,
                reply,
            });
            answer.try_recv().unwrap().unwrap();
        }
    }
}
