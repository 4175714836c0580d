//! Nodes that are both home and owner, and a network between them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use crate::trial::Trial;
use domain::id::{MemberId, ServerId, TenantId, Timestamp};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use routing::{
    Monotonic,
    admission::{self, Admission},
    ask::Ask,
    candidate::{Health, Report, Server},
    capacity::Load,
    request::{AskId, MeetingId, Request, RequestId},
    search::{self, Search},
    view::View,
};

pub const NODES: usize = 12;
pub const SERVERS: usize = 22;
pub const CREATES: u64 = 200;
pub const USERS: u32 = 12;
pub const BEGIN_MS: u64 = 100_000;
pub const GOSSIP_MS: u64 = 5_000;
const END_MS: u64 = BEGIN_MS + 20_000;

#[derive(Clone)]
pub enum Event {
    Begin(usize, usize),
    Home(usize, usize, search::Input),
    Owner(usize, admission::Input),
    Gossip(usize),
    Heard(usize, Vec<(ServerId, Report)>),
}

pub struct World {
    chance: ChaCha8Rng,
    now: Monotonic,
    queue: BinaryHeap<Reverse<(Monotonic, u64)>>,
    events: BTreeMap<u64, Event>,
    count: u64,
    views: Vec<View>,
    owners: Vec<Admission>,
    pub trial: Trial,
    cancelled: Vec<(usize, usize, AskId)>,
    searches: BTreeMap<usize, (usize, Search)>,
    begun: BTreeMap<usize, Monotonic>,
    rtt_ms: Vec<Vec<u64>>,
    pub bound: BTreeMap<MeetingId, (ServerId, AskId)>,
    /// The meetings that servers have, by owner.
    pub exists: BTreeSet<(usize, AskId)>,
    pub asks: u64,
    pub rejected: u64,
    pub latencies_ms: Vec<u64>,
}

fn member(node: usize) -> MemberId {
    MemberId([u8::try_from(node + 1).unwrap(); 32])
}

fn node(member: MemberId) -> usize {
    usize::from(member.0[0]) - 1
}

fn server(number: usize) -> ServerId {
    ServerId([u8::try_from(number + 1).unwrap(); 16])
}

fn request_id(number: usize) -> RequestId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    RequestId(id)
}

fn number(ask: AskId) -> usize {
    let bytes = ask.request.0.first_chunk::<8>().unwrap();
    usize::try_from(u64::from_be_bytes(*bytes)).unwrap()
}

impl World {
    pub fn new(trial: &Trial, seed: u64) -> (Self, Vec<Load>) {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |low: u64, high: u64| low + chance.next_u64() % (high - low + 1);
        let mut rtt_ms = vec![vec![0; NODES]; NODES];
        for (one, other) in (0..NODES).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let between = draw(5, 240);
            (rtt_ms[one][other], rtt_ms[other][one]) = (between, between);
        }
        let mut views = vec![View::default(); NODES];
        let mut owners: Vec<_> = (0..NODES)
            .map(|node| Admission::new(member(node)))
            .collect();
        let mut before = Vec::new();
        for number in 0..SERVERS {
            let owner = number % NODES;
            let users = if trial.preloaded { draw(0, 150) } else { 0 };
            let load = Load::typical(USERS).part(users * 1_000_000 / u64::from(USERS));
            before.push(load);
            let capacity = trial.capacity();
            let described = Server::new(member(owner), "ca-east".parse().unwrap(), capacity);
            owners[owner].describe(server(number), described.clone(), Health::Up);
            let measured = admission::Input::Measured {
                server: server(number),
                meetings: Vec::new(),
                outside: load,
            };
            owners[owner].handle(Monotonic(0), Timestamp(0), measured);
            for view in &mut views {
                view.describe(server(number), described.clone());
                let heard = Monotonic(BEGIN_MS - draw(200, 11_000));
                view.learn(heard, server(number), Report::of(load, Health::Up));
            }
        }
        for (home, view) in views.iter_mut().enumerate() {
            for (owner, rtt_ms) in rtt_ms[home].iter().enumerate() {
                view.set_rtt(member(owner), u32::try_from(*rtt_ms).unwrap());
            }
        }
        let world = Self {
            chance,
            now: Monotonic(BEGIN_MS),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            count: 0,
            views,
            owners,
            trial: *trial,
            cancelled: Vec::new(),
            searches: BTreeMap::new(),
            begun: BTreeMap::new(),
            rtt_ms,
            bound: BTreeMap::new(),
            exists: BTreeSet::new(),
            asks: 0,
            rejected: 0,
            latencies_ms: Vec::new(),
        };
        (world, before)
    }

    pub fn draw(&mut self, low: u64, high: u64) -> u64 {
        low + self.chance.next_u64() % (high - low + 1)
    }

    pub fn at(&mut self, time: Monotonic, event: Event) {
        self.count += 1;
        self.queue.push(Reverse((time, self.count)));
        self.events.insert(self.count, event);
    }

    fn happens(&mut self, percent: u64) -> bool {
        percent > 0 && self.draw(1, 100) <= percent
    }

    fn apart(&self, one: usize, other: usize) -> bool {
        let during = (BEGIN_MS + 300..BEGIN_MS + 4_000).contains(&self.now.0);
        self.trial.faults.partition && during && (one < NODES / 2) != (other < NODES / 2)
    }

    fn wall(&self) -> Timestamp {
        let set_back = self.trial.faults.clocks && self.now.0 > BEGIN_MS + 500;
        Timestamp(self.now.0 + if set_back { 0 } else { 86_400_000 })
    }

    fn send(&mut self, from: usize, to: usize, event: Event) {
        let faults = self.trial.faults;
        let times = if from == to {
            1
        } else if self.apart(from, to) || self.happens(faults.lost) {
            0
        } else if self.happens(faults.doubled) {
            2
        } else {
            1
        };
        for _ in 0..times {
            let half_ms = self.rtt_ms[from][to] / 2;
            let mut late_ms = self.draw(0, half_ms / 5);
            if from != to && self.happens(faults.late) {
                late_ms += self.draw(0, 3_000);
            }
            self.at(self.now.plus_ms(half_ms + late_ms), event.clone());
        }
    }

    pub fn run(&mut self) {
        while let Some(Reverse((time, count))) = self.queue.pop() {
            self.now = time;
            let event = self.events.remove(&count).unwrap();
            match event {
                Event::Begin(home, number) => self.begin(home, number),
                Event::Home(home, number, input) => self.home(home, number, input),
                Event::Owner(owner, input) => self.owner(owner, input),
                Event::Gossip(owner) => self.gossip(owner),
                Event::Heard(home, reports) => {
                    for (server, report) in reports {
                        self.views[home].learn(self.now, server, report);
                    }
                }
            }
        }
    }

    fn begin(&mut self, home: usize, number: usize) {
        let mut meeting = [0; 32];
        meeting[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let id = request_id(number);
        let mut request = Request::new(id, MeetingId(meeting), TenantId([1; 16]), member(home));
        request.region = Some("ca-east".parse().unwrap());
        request.hint = Some(USERS);
        let seed = self.chance.next_u64();
        self.begun.insert(number, self.now);
        self.searches
            .insert(number, (home, Search::new(request, self.now, seed)));
        self.home(home, number, search::Input::Begin);
    }

    fn home(&mut self, home: usize, number: usize, input: search::Input) {
        let (_, search) = self.searches.get_mut(&number).unwrap();
        let outputs = search.handle(self.now, &mut self.views[home], input);
        let meeting = search.request().meeting;
        for output in outputs {
            match output {
                search::Output::Cancel { owner, ask } | search::Output::End { owner, ask, .. } => {
                    self.cancelled.push((home, node(owner), ask));
                    let member = member(home);
                    let cancel = admission::Input::Cancel { member, ask };
                    self.send(home, node(owner), Event::Owner(node(owner), cancel));
                }
                search::Output::Ask { owner, ask } => {
                    self.asks += 1;
                    let begun = self.begun[&number];
                    assert!(self.now.since_ms(begun) < 5_000, "an ask past the deadline");
                    let ask = admission::Input::Ask {
                        ask,
                        arrived: Monotonic(0),
                        limit_ppm: 950_000,
                    };
                    self.send(home, node(owner), Event::Owner(node(owner), ask));
                }
                search::Output::WakeAt(time) => {
                    self.at(time, Event::Home(home, number, search::Input::Wake));
                }
                search::Output::Placed(placed) => {
                    assert!(placed.elapsed_ms <= 5_000);
                    self.latencies_ms.push(placed.elapsed_ms);
                    let twice = self.bound.insert(meeting, (placed.server, placed.ask));
                    assert_eq!(twice, None, "one place for a meeting");
                }
                search::Output::Rejected(_) => {
                    let elapsed_ms = self.now.since_ms(self.begun[&number]);
                    assert!(elapsed_ms <= 5_000, "an answer after {elapsed_ms} ms");
                    self.rejected += 1;
                }
            }
        }
    }

    fn owner(&mut self, owner: usize, mut input: admission::Input) {
        if owner < self.trial.silent {
            return;
        }
        if let admission::Input::Ask { arrived, .. } = &mut input {
            *arrived = self.now;
        }
        if let admission::Input::Created { ask, .. } = &input {
            self.exists.insert((owner, *ask));
        }
        let wall = self.wall();
        for output in self.owners[owner].handle(self.now, wall, input) {
            let to_home = |ask: AskId, input| (number(ask), input);
            let owner_id = member(owner);
            let (number, input) = match output {
                admission::Output::Reply { reply, .. } => {
                    let ask = reply.ask;
                    to_home(
                        ask,
                        search::Input::Answered {
                            owner: owner_id,
                            reply,
                        },
                    )
                }
                admission::Output::Created { ask, server, .. } => to_home(
                    ask,
                    search::Input::Created {
                        owner: owner_id,
                        ask,
                        server,
                    },
                ),
                admission::Output::Failed { ask, .. } => to_home(
                    ask,
                    search::Input::Failed {
                        owner: owner_id,
                        ask,
                    },
                ),
                admission::Output::Create { ask, .. } => {
                    self.create(owner, &ask);
                    continue;
                }
                admission::Output::End { ask, .. } => {
                    self.exists.remove(&(owner, ask));
                    continue;
                }
                admission::Output::WakeAt(time) => {
                    self.at(time, Event::Owner(owner, admission::Input::Wake));
                    continue;
                }
            };
            let home = self.searches[&number].0;
            self.send(owner, home, Event::Home(home, number, input));
        }
    }

    fn create(&mut self, owner: usize, ask: &Ask) {
        self.never_above_the_limit(owner);
        let faults = self.trial.faults;
        let slow = self.happens(faults.slow);
        let takes_ms = if slow {
            self.draw(1_000, 3_000)
        } else {
            self.draw(50, 300)
        };
        let (member, ask) = (ask.member, ask.id);
        let done = if self.happens(faults.failed) {
            admission::Input::CreateFailed { member, ask }
        } else {
            admission::Input::Created { member, ask }
        };
        self.at(self.now.plus_ms(takes_ms), Event::Owner(owner, done));
    }

    fn never_above_the_limit(&mut self, owner: usize) {
        let capacity = self.trial.capacity();
        let wall = self.wall();
        for (server, report) in self.owners[owner].reports(self.now, wall) {
            let score_ppm = report.load.utilisation_ppm(&capacity);
            assert!(score_ppm <= 950_000, "{server:?} at {score_ppm}");
        }
    }

    fn gossip(&mut self, owner: usize) {
        let wall = self.wall();
        let reports = self.owners[owner].reports(self.now, wall);
        for home in 0..NODES {
            let lost = self.draw(1, 100) <= 12 && home != owner;
            if !lost && owner >= self.trial.silent {
                self.send(owner, home, Event::Heard(home, reports.clone()));
            }
        }
        let next = self.now.plus_ms(GOSSIP_MS);
        if next.0 < END_MS {
            self.at(next, Event::Gossip(owner));
        }
    }
}

impl World {
    /// What a home recorded reaches every owner in the end: cancellations and bindings.
    pub fn settle(&mut self) {
        for (home, owner, ask) in std::mem::take(&mut self.cancelled) {
            let member = member(home);
            let cancel = admission::Input::Cancel { member, ask };
            self.at(self.now, Event::Owner(owner, cancel));
        }
        for (_, ask) in self.bound.clone().into_values() {
            let member = member(self.searches[&number(ask)].0);
            for owner in 0..NODES {
                let bound = admission::Input::Bound { member, ask };
                self.at(self.now, Event::Owner(owner, bound));
            }
        }
        self.run();
    }
}
