//! The market: servers, front ends and people around the cores of a federation.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::Encode,
    id::{ServerId, TenantId, Timestamp},
    record::{Capability, Room, Server, Service, Standing, Tenant},
};
use federation::{Act, Input, Output, meetings::Kept};
use routing::{
    capacity::Capacity,
    room::{Burst, History},
};

use crate::{
    bench::federation_with,
    meetings::{
        happening::{Happening, Run, Ticket},
        machine::{Key, Machine, Mood},
        post::{Post, WANTED},
        tally::Tally,
        workload::{MEMBERS, Meeting, REGIONS, Site},
    },
    options::MINUTE,
    random::Random,
    world::{Driver, Event, World},
};

/// How often an owner polls its servers, in milliseconds.
pub const POLL_MS: u64 = 5_000;
/// How often people on servers are counted.
pub const SAMPLE_MS: u64 = 10_000;
/// How often round trips are measured.
const ROUND_TRIPS_MS: u64 = 120_000;
/// How often a front end asks for all its meetings.
const GATHER_MS: u64 = 5 * MINUTE;
/// From the beginning of a world to that of its day.
const BEFORE_MS: u64 = 2 * MINUTE;

/// Everything around the cores.
#[derive(Debug)]
pub struct Market {
    pub random: Random,
    plans: BTreeMap<usize, Happening>,
    planned: usize,
    pub begin: u64,
    pub machines: Vec<Machine>,
    pub index: BTreeMap<ServerId, usize>,
    pub tenants: Vec<TenantId>,
    pub meetings: Vec<Meeting>,
    pub runs: Vec<Run>,
    pub rooms: BTreeMap<Key, usize>,
    pub keys: Vec<Key>,
    pub bursts: Vec<Burst>,
    pub tickets: BTreeMap<u64, Ticket>,
    pub ticketed: u64,
    /// Since when nobody is bound to a session.
    pub unbound: BTreeMap<(usize, Key), u64>,
    /// Owners that a scenario is about.
    pub watched: BTreeSet<usize>,
    pub tally: Tally,
    /// What came of each create, for the trace.
    pub outcomes: Vec<(u64, usize, Option<usize>)>,
}

impl Market {
    /// Twelve members with their nodes, servers and front ends, connected and at rest.
    pub fn open(seed: u64, sites: &[Site]) -> (World, Self) {
        let mut world = federation_with(MEMBERS, seed, "", 0);
        world.network.base_ms = None;
        world.network.tail_ms = 12;
        for node in 0..MEMBERS {
            world.network.settle(node, node % REGIONS.len());
        }
        let mut post = Post::new(seed);
        post.loads_lost = 120_000;
        world.post = Some(post);
        let mut market = Self {
            random: Random::new(seed, "machines"),
            plans: BTreeMap::new(),
            planned: 0,
            begin: 0,
            machines: Vec::new(),
            index: BTreeMap::new(),
            tenants: Vec::new(),
            meetings: Vec::new(),
            runs: Vec::new(),
            rooms: BTreeMap::new(),
            keys: Vec::new(),
            bursts: vec![Burst::default(); MEMBERS],
            tickets: BTreeMap::new(),
            ticketed: 0,
            unbound: BTreeMap::new(),
            watched: BTreeSet::new(),
            tally: Tally::default(),
            outcomes: Vec::new(),
        };
        for (number, site) in sites.iter().enumerate() {
            market.describe(&mut world, number, site);
        }
        for member in 0..MEMBERS {
            market.rent(&mut world, member);
        }
        market.run(&mut world, MINUTE);
        for node in 0..MEMBERS {
            market.serve(&mut world, node);
        }
        for machine in 0..market.machines.len() {
            let first = market.random.below(POLL_MS);
            market.plan(&mut world, first, Happening::Poll(machine));
        }
        market.plan(&mut world, 1, Happening::RoundTrips);
        market.run(&mut world, BEFORE_MS);
        market.begin = world.now;
        (world, market)
    }

    fn act(&self, world: &mut World, member: usize, act: Act) {
        let key = world.members[member].node.clone();
        world.act(member, key, act);
    }

    fn describe(&mut self, world: &mut World, number: usize, site: &Site) {
        let capacity: &Capacity = &site.capacity;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&(number as u64 + 1).to_be_bytes());
        let record = Server {
            nonce,
            name: format!("Server {}", number + 1),
            url: format!("https://bbb{}.example.org", number + 1),
            region: region(site.region),
            service: Service::Open,
            capability: Capability {
                cpu_units: capacity.cpu_units_milli / 1_000,
                net_out_kbit_s: capacity.net_out_kbit_s,
                users: capacity.users,
                rooms: capacity.rooms,
                room_users: capacity.room_users,
            },
            features: BTreeSet::new(),
            share_percent: 100,
            energy: String::new(),
            cost: None,
        };
        let id = record.id(world.members[site.owner].id());
        self.act(world, site.owner, Act::Server(record));
        self.index.insert(id, self.machines.len());
        self.machines.push(Machine {
            id,
            owner: site.owner,
            region: site.region,
            capacity: *capacity,
            mood: Mood::Well,
            sessions: BTreeMap::new(),
            outside: 0,
            shown_milli: 1_000,
        });
    }

    /// A member's front end comes.
    fn rent(&mut self, world: &mut World, member: usize) {
        let id = world.members[member].id();
        let record = Tenant {
            nonce: [9; 16],
            name: "Rooms".to_owned(),
            member: id,
            home: world.nodes[member].key,
            region: Some(region(member % REGIONS.len())),
            ended: false,
        };
        self.tenants.push(record.id(id));
        self.act(world, member, Act::Tenant(record));
    }

    /// A node gets the secrets of its member's servers.
    pub fn serve(&self, world: &mut World, node: usize) {
        let own = self.machines.iter().filter(|one| one.owner == node);
        let own: BTreeSet<ServerId> = own.map(|one| one.id).collect();
        world.give(node, Input::Serving(own));
    }

    pub fn plan(&mut self, world: &mut World, after: u64, happening: Happening) {
        self.plans.insert(self.planned, happening);
        world.push(world.now + after, 0, Event::Planned(self.planned));
        self.planned += 1;
    }

    /// People plan these meetings.
    pub fn take(&mut self, world: &mut World, meetings: Vec<Meeting>) {
        for meeting in meetings {
            let number = self.meetings.len();
            let tenant = self.tenants[meeting.member];
            let key = (tenant, Room::of(tenant, &format!("room {number}")));
            if let Some(users) = meeting.history {
                self.remember(world, meeting.member, key, users);
            }
            let after = (self.begin + meeting.start).saturating_sub(world.now);
            self.rooms.insert(key, number);
            self.keys.push(key);
            self.runs.push(Run::new());
            self.meetings.push(meeting);
            self.plan(world, after, Happening::Arrive(number));
            let first = self.meetings[number].departures.first().copied();
            let after = (self.begin + first.unwrap_or_default()).saturating_sub(world.now);
            self.plan(world, after, Happening::Leave(number));
        }
        self.plan(world, SAMPLE_MS, Happening::Sample);
        for member in 0..MEMBERS {
            let first = self.random.below(GATHER_MS);
            self.plan(world, first, Happening::Gather(member));
        }
    }

    /// A room had meetings before.
    fn remember(&self, world: &mut World, node: usize, key: Key, users: u32) {
        let kept = Kept {
            server: self.machines[0].id,
            at: Timestamp(1_700_000_000_000),
            standing: Standing::Ended,
            history: Some(History::first(users)),
        };
        let bytes = kept.to_bytes();
        if let Some(core) = &mut world.nodes[node].core {
            let restored = core.restore_room(key.0, key.1, &bytes);
            debug_assert!(restored.is_ok());
        }
        world.nodes[node].disk.rooms.insert(key, bytes);
    }

    /// Time passes.
    pub fn run(&mut self, world: &mut World, milliseconds: u64) {
        world.run_until(world.now + milliseconds, self);
    }

    fn drain(&mut self, world: &mut World) {
        while let Some((node, wanted)) = next(world) {
            match wanted {
                Output::Wish(act) => {
                    let member = world.nodes[node].member;
                    let key = world.members[member].node.clone();
                    world.act_on(node, member, key, act);
                }
                Output::Called { ticket, parts } => self.called(world, ticket, &parts),
                Output::Serve {
                    job,
                    server,
                    tenant,
                    room,
                    call,
                    within_ms,
                } => {
                    let room = room.map(|room| (tenant, room));
                    self.served(world, node, (job, within_ms), server, room, call.method);
                }
                _ => {}
            }
        }
    }

    fn happen(&mut self, world: &mut World, happening: Happening) {
        match happening {
            Happening::Create(meeting) => self.create(world, meeting),
            Happening::Arrive(meeting) => self.arrive(world, meeting),
            Happening::Join(meeting) => self.join(world, meeting),
            Happening::Enter(meeting, machine) => self.enter(world, meeting, machine),
            Happening::Leave(meeting) => self.leave(world, meeting),
            Happening::Effect(effect) => self.effect(world, effect),
            Happening::Served {
                node,
                incarnation,
                job,
                served,
            } => {
                if world.nodes[node].is_up() && world.nodes[node].incarnation == incarnation {
                    world.give(node, Input::Served { job, served });
                }
            }
            Happening::Expire(machine, key, created) => self.expire(machine, key, created),
            Happening::Poll(machine) => {
                let server = self.machines[machine].id;
                let seen = self.machines[machine].seen(world.now);
                world.give(self.machines[machine].owner, Input::Polled { server, seen });
                self.plan(world, POLL_MS, Happening::Poll(machine));
            }
            Happening::Sample => {
                self.sample(world);
                self.plan(world, SAMPLE_MS, Happening::Sample);
            }
            Happening::RoundTrips => {
                self.measure(world);
                self.plan(world, ROUND_TRIPS_MS, Happening::RoundTrips);
            }
            Happening::Gather(member) => {
                self.gather(world, member);
                self.plan(world, GATHER_MS, Happening::Gather(member));
            }
            Happening::Disturb(disturbance) => self.disturb(world, disturbance),
        }
    }

    fn measure(&mut self, world: &mut World) {
        for node in 0..world.nodes.len() {
            let peers: Vec<usize> = world.nodes[node].connections.keys().copied().collect();
            for peer in peers {
                let round_trip_ms = world.network.round_trip_ms(node, peer);
                let key = world.nodes[peer].key;
                let round_trip_ms = u32::try_from(round_trip_ms).unwrap_or(u32::MAX);
                world.give(node, Input::RoundTrip(key, round_trip_ms));
            }
        }
    }
}

fn next(world: &mut World) -> Option<(usize, Output)> {
    world.post.as_mut()?.wanted.pop_front()
}

pub fn region(number: usize) -> domain::region::Region {
    let (name, _) = REGIONS[number % REGIONS.len()];
    name.parse().expect("the names of the regions are regions")
}

impl Driver for Market {
    fn happen(&mut self, world: &mut World, plan: usize) {
        if plan == WANTED {
            self.drain(world);
        } else if let Some(happening) = self.plans.remove(&plan) {
            Market::happen(self, world, happening);
        }
    }
}
