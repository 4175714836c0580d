//! Nodes that talk to each other about meetings over links with a latency, with BigBlueButton servers
//! of their own.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    id::{ServerId, TenantId, Timestamp},
    record::{Capability, Custody, Grant, Purpose, Roles, Room, Server, Service, Tenant},
};
use federation::{
    Act, Core, Input, Output, Settings, Write,
    meetings::{
        Asked, Notice, Part, Seen, Served,
        call::{Call, CallFault, Method, Terms},
        wire::Said,
    },
    message::Message,
};

use crate::support::{self, World, genesis, id, key};

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Answers so many milliseconds late.
    Slow(u64),
    /// Does not answer in time, but does what it is asked.
    Silent,
    /// Fails.
    Ill,
    /// Refuses what it is asked, and says why.
    Refuses,
}

#[derive(Debug)]
pub struct Machine {
    pub mood: Mood,
    pub meetings: BTreeMap<(TenantId, Room), u32>,
    /// How old polls show its meetings, in milliseconds.
    pub age_ms: u64,
    pub created: u32,
    pub ended: u32,
}

enum Event {
    Said(usize, usize, Box<Said>),
    Served(usize, u64, Served),
    Poll(usize, ServerId),
}

pub struct Town {
    pub world: World,
    pub machines: BTreeMap<ServerId, Machine>,
    pub called: BTreeMap<u64, Vec<Part>>,
    /// What front ends are to be told, at which node.
    pub notices: Vec<(usize, Notice)>,
    pub said: Vec<(usize, usize, Said)>,
    pub rooms: Vec<BTreeMap<(TenantId, Room), Vec<u8>>>,
    pub latency_ms: u64,
    /// Pairs of nodes between which nothing arrives, though they seem connected.
    pub deaf: BTreeSet<(usize, usize)>,
    /// Nodes whose entries reach nobody.
    pub mute: BTreeSet<usize>,
    /// Servers that a node cannot reach, though it has the secret.
    pub cut_off: BTreeSet<(usize, ServerId)>,
    events: BTreeMap<(u64, u64), Event>,
    served_by: Vec<BTreeSet<ServerId>>,
    sequence: u64,
    tickets: u64,
    is_woken_alone: bool,
}

pub const WEEKLY: &str = "weekly";

impl Town {
    pub fn new() -> Self {
        let world = World::before_the_register();
        let nodes = world.nodes.len();
        let mut town = Self {
            world,
            machines: BTreeMap::new(),
            called: BTreeMap::new(),
            notices: Vec::new(),
            said: Vec::new(),
            rooms: vec![BTreeMap::new(); nodes],
            latency_ms: 40,
            deaf: BTreeSet::new(),
            mute: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            events: BTreeMap::new(),
            served_by: vec![BTreeSet::new(); nodes],
            sequence: 0,
            tickets: 0,
            is_woken_alone: false,
        };
        for (one, other) in town.pairs() {
            town.connect(one, other);
        }
        town.run_ms(1_000);
        town
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        let count = self.world.nodes.len();
        let all = (0..count).flat_map(|one| (0..count).map(move |other| (one, other)));
        all.filter(|(one, other)| one != other).collect()
    }

    pub fn node_key(&self, node: usize) -> domain::key::PublicKey {
        self.core(node).node()
    }

    pub fn core(&self, node: usize) -> &Core {
        &self.world.nodes[node].core
    }

    pub fn connect(&mut self, node: usize, other: usize) {
        let peer = self.node_key(other);
        self.give(node, Input::Connected(peer));
        self.give(node, Input::RoundTrip(peer, 80));
    }

    pub fn disconnect(&mut self, one: usize, other: usize) {
        for (node, peer) in [(one, other), (other, one)] {
            let peer = self.node_key(peer);
            self.give(node, Input::Disconnected(peer));
        }
    }

    fn push(&mut self, after_ms: u64, event: Event) {
        self.sequence += 1;
        let at = self.world.now.0 + after_ms;
        self.events.insert((at, self.sequence), event);
    }

    pub fn give(&mut self, node: usize, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = self.world.now;
            for output in self.world.nodes[node].core.handle(now, input) {
                self.perform(node, output, &mut inputs);
            }
        }
    }

    fn perform(&mut self, node: usize, output: Output, inputs: &mut Vec<Input>) {
        match output {
            Output::Persist { number, writes } => {
                for write in writes {
                    self.keep(node, write);
                }
                inputs.push(Input::Persisted(number));
            }
            Output::Answer { result, .. } => self.world.nodes[node].answers.push(result),
            Output::Send(peer, Message::Meetings(said)) => {
                // What travels is read again on the other side.
                let said = Said::from_bytes(&said.to_bytes()).unwrap();
                let nodes = self.world.nodes.iter();
                let mut keys = nodes.map(|node| node.core.node());
                let to = keys.position(|key| key == peer).unwrap();
                self.said.push((node, to, said.clone()));
                if !self.deaf.contains(&(node, to)) {
                    self.push(self.latency_ms, Event::Said(node, to, Box::new(said)));
                }
            }
            Output::Serve {
                job,
                server,
                tenant,
                room,
                call,
                within_ms,
            } => self.serve(node, job, server, (tenant, room, call), within_ms),
            Output::Called { ticket, parts } => drop(self.called.insert(ticket, parts)),
            Output::Notice(notice) => self.notices.push((node, notice)),
            Output::Wish(act) => {
                let member = self.world.nodes[node].member;
                inputs.push(Input::Act {
                    ticket: 0,
                    key: key(member, 2),
                    act,
                    random: [self.sequence as u8; 32],
                });
            }
            _ => {}
        }
    }

    fn keep(&mut self, node: usize, write: Write) {
        match write {
            Write::Entry { bytes, .. } => {
                let is_heard = !self.mute.contains(&node);
                let others = (0..self.world.nodes.len()).filter(|other| *other != node && is_heard);
                let under_way = others.map(|other| (other, bytes.clone()));
                self.world.under_way.extend(under_way);
                let now = self.world.now;
                self.world.nodes[node].entries.push((bytes, now));
            }
            Write::Room {
                tenant,
                room,
                bytes,
            } => drop(self.rooms[node].insert((tenant, room), bytes)),
            _ => {}
        }
    }

    fn serve(
        &mut self,
        node: usize,
        job: u64,
        server: ServerId,
        (tenant, room, call): (TenantId, Option<Room>, Call),
        within_ms: u64,
    ) {
        assert!(self.served_by[node].contains(&server), "it has no secret");
        if self.cut_off.contains(&(node, server)) {
            let served = Served::Fault(CallFault::Server);
            return self.push(60, Event::Served(node, job, served));
        }
        let machine = self.machines.get_mut(&server).unwrap();
        let served = match machine.mood {
            Mood::Ill => Served::Fault(CallFault::Server),
            Mood::Refuses => Served::Refused(b"refused".to_vec()),
            _ => Served::Done(machine.answer(tenant, room, &call)),
        };
        match machine.mood {
            Mood::Silent => {
                let served = Served::Fault(CallFault::TimeOver);
                self.push(within_ms, Event::Served(node, job, served));
            }
            Mood::Slow(ms) => self.push(ms, Event::Served(node, job, served)),
            _ => self.push(60, Event::Served(node, job, served)),
        }
    }

    /// Time passes.
    pub fn run_ms(&mut self, milliseconds: u64) {
        let until = self.world.now.plus_ms(milliseconds);
        loop {
            self.deliver_entries();
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let wakes = self.world.nodes.iter().enumerate();
            let wake = wakes.filter_map(|(at, node)| Some((node.core.next_wakeup()?.0, at)));
            let wake = wake.min();
            let next = [event, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= until.0) else {
                break;
            };
            self.world.now = self.world.now.max(Timestamp(at));
            match (event, wake) {
                (Some(event), wake) if wake.is_none_or(|(wake, _)| event <= wake) => {
                    self.is_woken_alone = false;
                    let ((_, _), event) = self.events.pop_first().unwrap();
                    self.happen(event);
                }
                (_, Some((_, node))) => {
                    self.give(node, Input::Wake);
                    self.world.now = self.world.now.plus_ms(u64::from(self.is_woken_alone));
                    self.is_woken_alone = true;
                }
                _ => break,
            }
        }
        self.world.now = self.world.now.max(until);
    }

    fn deliver_entries(&mut self) {
        while !self.world.under_way.is_empty() {
            let (node, bytes) = self.world.under_way.remove(0);
            let entry = Entry::from_bytes(&bytes).unwrap();
            self.give(node, Input::Introduce(vec![entry]));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Said(from, to, said) => {
                let from = self.node_key(from);
                self.give(to, Input::Message(from, Message::Meetings(said)));
            }
            Event::Served(node, job, served) => self.give(node, Input::Served { job, served }),
            Event::Poll(node, server) => {
                self.poll(node, server);
                if self.served_by[node].contains(&server) {
                    self.push(5_000, Event::Poll(node, server));
                }
            }
        }
    }

    pub fn poll(&mut self, node: usize, server: ServerId) {
        let machine = &self.machines[&server];
        let seen = machine.meetings.iter().map(|(key, users)| Seen {
            whose: Some(*key),
            age_ms: machine.age_ms,
            users: *users,
            voices: users / 2,
            listeners: users / 2,
            cameras: users / 3,
        });
        let is_well = !matches!(machine.mood, Mood::Ill | Mood::Silent)
            && !self.cut_off.contains(&(node, server));
        let seen = is_well.then(|| seen.collect());
        self.give(node, Input::Polled { server, seen });
    }

    /// The owner of a node describes a server and gives the node its secret; it has proved itself.
    pub fn server(
        &mut self,
        node: usize,
        number: u8,
        change: impl FnOnce(&mut Server),
    ) -> ServerId {
        let mut record = Server {
            nonce: [number; 16],
            name: format!("Server {number}"),
            url: "https://bbb.example.org".to_owned(),
            region: "eu-west".parse().unwrap(),
            service: Service::Open,
            capability: Capability {
                cpu_units: 1_216,
                net_out_kbit_s: 1_000_000,
                users: 400,
                rooms: 80,
                room_users: 200,
            },
            features: BTreeSet::new(),
            share_percent: 100,
            energy: String::new(),
            cost: None,
        };
        change(&mut record);
        let member = self.world.nodes[node].member;
        let server = record.id(id(member));
        self.act(node, Act::Server(record));
        self.machines.entry(server).or_insert(Machine {
            mood: Mood::Well,
            meetings: BTreeMap::new(),
            age_ms: 120_000,
            created: 0,
            ended: 0,
        });
        self.serve_at(node, server);
        server
    }

    /// A node is given a server's secret.
    pub fn serve_at(&mut self, node: usize, server: ServerId) {
        self.served_by[node].insert(server);
        self.give(node, Input::Serving(self.served_by[node].clone()));
        for _ in 0..5 {
            self.poll(node, server);
        }
        self.push(5_000, Event::Poll(node, server));
        self.run_ms(6_000);
    }

    /// A server's secret is taken from a node.
    pub fn serve_no_more(&mut self, node: usize, server: ServerId) {
        self.served_by[node].remove(&server);
        self.give(node, Input::Serving(self.served_by[node].clone()));
        self.run_ms(6_000);
    }

    pub fn tenant(&mut self, node: usize) -> TenantId {
        let home = self.node_key(node);
        let member = self.world.nodes[node].member;
        let record = Tenant {
            nonce: [9; 16],
            name: "Rooms".to_owned(),
            member: id(member),
            home,
            region: None,
            ended: false,
        };
        let tenant = record.id(id(member));
        self.act(node, Act::Tenant(record));
        self.run_ms(100);
        tenant
    }

    pub fn act(&mut self, node: usize, act: Act) {
        let member = self.world.nodes[node].member;
        let input = Input::Act {
            ticket: 0,
            key: key(member, 2),
            act,
            random: [self.sequence as u8; 32],
        };
        self.give(node, input);
        let answer = self.world.nodes[node].answers.pop().unwrap();
        answer.unwrap();
        self.deliver_entries();
    }

    /// A front end calls at a node; the ticket is where the answer will be.
    pub fn call(
        &mut self,
        node: usize,
        tenant: TenantId,
        room: Option<&str>,
        method: Method,
    ) -> u64 {
        self.call_with(node, tenant, room, method, Terms::default())
    }

    pub fn call_with(
        &mut self,
        node: usize,
        tenant: TenantId,
        room: Option<&str>,
        method: Method,
        terms: Terms,
    ) -> u64 {
        self.tickets += 1;
        let asked = Asked {
            tenant,
            room: room.map(|name| Room::of(tenant, name)),
            terms: Some(Box::new(terms)),
            call: Call {
                method,
                query: "name=Weekly".to_owned(),
                body: None,
            },
        };
        let ticket = self.tickets;
        self.give(node, Input::Call { ticket, asked });
        ticket
    }

    /// What a call came to, within the time a front end has.
    pub fn answer(&mut self, ticket: u64) -> Vec<Part> {
        self.run_ms(6_000);
        self.called.remove(&ticket).expect("every call is answered")
    }

    /// The server a create ended on.
    pub fn create(
        &mut self,
        node: usize,
        tenant: TenantId,
        room: &str,
    ) -> Result<ServerId, CallFault> {
        let ticket = self.call(node, tenant, Some(room), Method::Create);
        let [part] = self.answer(ticket).try_into().unwrap();
        part.result.map(|_| part.server.unwrap())
    }

    /// The node stops without warning and starts again with what it had stored.
    pub fn restart(&mut self, node: usize) {
        self.start_again(node, true);
        for other in 0..self.world.nodes.len() {
            if other != node {
                self.disconnect_from(other, node);
                self.connect(node, other);
                self.connect(other, node);
            }
        }
        self.run_ms(26_000);
    }

    /// The same, and it has reached nobody yet.
    pub fn start_again(&mut self, node: usize, alone: bool) {
        let member = self.world.nodes[node].member;
        let settings = Settings {
            node: self.node_key(node),
            seed: [member + 100; 32],
        };
        let mut core = Core::new(genesis(), settings).unwrap();
        for (bytes, received) in &self.world.nodes[node].entries {
            core.restore(bytes, *received).unwrap();
        }
        for ((tenant, room), bytes) in &self.rooms[node] {
            core.restore_room(*tenant, *room, bytes).unwrap();
        }
        self.world.nodes[node].core = core;
        let clean = true;
        self.give(node, Input::Start { clean, alone });
        self.give(node, Input::Serving(self.served_by[node].clone()));
    }

    /// The member of a node starts another one, with everything the others have.
    pub fn second_node(&mut self, of: usize) -> usize {
        let member = self.world.nodes[of].member;
        let key = key(member, 8);
        let proof = Grant::prove(
            &key,
            &self.core(of).federation(),
            &id(member),
            Purpose::Node,
            None,
        );
        let grant = Act::Grant {
            purpose: Purpose::Node,
            key: key.public(),
            person: None,
            roles: Roles::none(),
            custody: Custody::Node,
            proof: Some(proof),
        };
        let input = Input::Act {
            ticket: 0,
            key: support::key(member, 1),
            act: grant,
            random: [77; 32],
        };
        self.give(of, input);
        self.deliver_entries();
        let settings = Settings {
            node: key.public(),
            seed: [member + 50; 32],
        };
        let mut core = Core::new(genesis(), settings).unwrap();
        let entries = self.world.nodes[of].entries.clone();
        for (bytes, received) in &entries {
            core.restore(bytes, *received).unwrap();
        }
        self.world.nodes.push(support::Node {
            core,
            member,
            entries,
            heights: BTreeMap::new(),
            journal: Vec::new(),
            answers: Vec::new(),
            recalled: 0,
            is_up: true,
        });
        self.rooms.push(BTreeMap::new());
        self.served_by.push(BTreeSet::new());
        let node = self.world.nodes.len() - 1;
        let (clean, alone) = (true, true);
        self.give(node, Input::Start { clean, alone });
        for other in 0..node {
            self.connect(node, other);
            self.connect(other, node);
        }
        self.run_ms(1_000);
        node
    }

    fn disconnect_from(&mut self, node: usize, gone: usize) {
        let peer = self.node_key(gone);
        self.give(node, Input::Disconnected(peer));
    }

    pub fn copies(&self, tenant: TenantId, room: &str) -> usize {
        let key = (tenant, Room::of(tenant, room));
        let all = self.machines.values();
        all.filter(|machine| machine.meetings.contains_key(&key))
            .count()
    }
}

impl Machine {
    fn answer(&mut self, tenant: TenantId, room: Option<Room>, call: &Call) -> Vec<u8> {
        let key = room.map(|room| (tenant, room));
        match (call.method, key) {
            (Method::Create, Some(key)) => {
                let before = self.meetings.insert(key, 0);
                self.created += u32::from(before.is_none());
                if before.is_some() {
                    "duplicate"
                } else {
                    "created"
                }
                .into()
            }
            (Method::End, Some(key)) => {
                self.ended += u32::from(self.meetings.remove(&key).is_some());
                b"ended".to_vec()
            }
            (Method::GetMeetings, None) => {
                let of = self.meetings.keys().filter(|(of, _)| *of == tenant);
                of.count().to_string().into_bytes()
            }
            (_, Some(key)) if !self.meetings.contains_key(&key) => b"not found".to_vec(),
            _ => b"done".to_vec(),
        }
    }
}
