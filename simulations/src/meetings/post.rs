//! What cores want of servers and front ends, and what happens to their words on meetings on the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::id::{ServerId, Timestamp};
use federation::{Output, meetings::wire::Said, message::Message};
use routing::{candidate::Report, capacity::Load};

use crate::{
    random::Random,
    world::{Event, World},
};

/// The plan under which the driver finds something in [`Post::wanted`].
pub const WANTED: usize = usize::MAX;

/// What goes through here.
#[derive(Debug)]
pub struct Post {
    /// What cores want, in order: the node, and a call to a server, an answer to a front end or a wish.
    pub wanted: VecDeque<(usize, Output)>,
    /// How many words on loads are lost, in a million.
    pub loads_lost: u64,
    /// Nodes that claim that their meetings fill these servers.
    pub claims: BTreeMap<usize, BTreeSet<ServerId>>,
    /// What owners last said of their servers, before any of it was lost: their own estimate.
    pub estimates: BTreeMap<ServerId, (Timestamp, Load)>,
    random: Random,
}

impl Post {
    pub fn new(seed: u64) -> Self {
        Self {
            wanted: VecDeque::new(),
            loads_lost: 0,
            claims: BTreeMap::new(),
            estimates: BTreeMap::new(),
            random: Random::new(seed, "loads"),
        }
    }

    fn note<'a>(&mut self, reports: impl IntoIterator<Item = &'a (ServerId, Report)>) {
        for (id, report) in reports {
            self.estimates.insert(*id, (report.time, report.load));
        }
    }
}

impl World {
    /// Keeps what a core wants until the driver's turn; without meetings nobody does.
    pub(crate) fn want(&mut self, node: usize, wanted: Output) {
        if let Some(post) = &mut self.post {
            post.wanted.push_back((node, wanted));
            self.push(self.now, node, Event::Planned(WANTED));
        }
    }

    /// A message as it leaves, if it does.
    pub(crate) fn post(&mut self, node: usize, message: Message) -> Option<Message> {
        let (Some(post), Message::Meetings(said)) = (&mut self.post, &message) else {
            return Some(message);
        };
        match said.as_ref() {
            Said::Answer(reply) => post.note(&reply.reports),
            Said::Loads { reports, .. } => {
                post.note(reports);
                if post.loads_lost > 0 && post.random.chance(post.loads_lost) {
                    return None;
                }
                if let Some(servers) = post.claims.get(&node) {
                    return Some(claim(servers, reports.clone()));
                }
            }
            _ => {}
        }
        Some(message)
    }
}

/// More joins than anyone could have.
fn claim(servers: &BTreeSet<ServerId>, reports: Vec<(ServerId, Report)>) -> Message {
    let all = Load {
        cpu_units_milli: 1 << 40,
        net_out_kbit_s: 1 << 40,
        users: 1 << 20,
        rooms: 1,
    };
    let floors = servers.iter().map(|server| (*server, all)).collect();
    Message::Meetings(Box::new(Said::Loads { reports, floors }))
}
