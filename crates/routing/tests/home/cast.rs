//! A create and the owners it asks.

use domain::id::{MemberId, ServerId, TenantId, Timestamp};
use routing::{
    Monotonic,
    ask::{Answer, Ask, Reply},
    candidate::{Health, Report, Server},
    capacity::{Capacity, Load},
    request::{AskId, MeetingId, Request, RequestId},
    search::{Input, Output, Rejected, Search},
    view::View,
};

pub const NOW: Monotonic = Monotonic(1_000_000);
pub const HOME: MemberId = MemberId([200; 32]);

pub fn owner(number: u8) -> MemberId {
    MemberId([number; 32])
}

pub fn server(number: u8) -> ServerId {
    ServerId([number; 16])
}

pub fn report(load: Load, time: u64) -> Report {
    Report {
        time: Timestamp(time),
        ..Report::of(load, Health::Up)
    }
}

/// One create that tries servers 1, 2, … of owners 1, 2, …, each a tenth fuller than the one before.
pub struct Story {
    pub view: View,
    pub search: Search,
    pub now: Monotonic,
}

impl Story {
    pub fn new(servers: u8) -> Self {
        let capacity = Capacity::from_cores(32, 10_000);
        let mut view = View::default();
        for number in 1..=servers {
            let described = Server::new(owner(number), "ca-east".parse().unwrap(), capacity);
            view.describe(server(number), described);
            let load = Load {
                cpu_units_milli: capacity.cpu_units_milli * (u64::from(number) - 1) / 10,
                ..Load::ZERO
            };
            view.learn(NOW, server(number), report(load, 1));
        }
        let (id, meeting) = (RequestId([1; 16]), MeetingId([1; 32]));
        let mut request = Request::new(id, meeting, TenantId([1; 16]), HOME);
        request.region = Some("ca-east".parse().unwrap());
        request.hint = Some(12);
        Self {
            view,
            search: Search::new(request, NOW, 1),
            now: NOW,
        }
    }

    pub fn give(&mut self, input: Input) -> Vec<Output> {
        self.search.handle(self.now, &mut self.view, input)
    }

    pub fn begin(&mut self) -> Ask {
        asked(&self.give(Input::Begin)).expect("a first ask")
    }

    pub fn answer(
        &mut self,
        ask: &Ask,
        answer: Answer,
        reports: Vec<(ServerId, Report)>,
    ) -> Vec<Output> {
        let reply = Reply {
            ask: ask.id,
            answer,
            contended: false,
            reports,
        };
        self.give(Input::Answered {
            owner: owner(ask.server.0[0]),
            reply,
        })
    }

    pub fn acknowledge(&mut self, ask: &Ask) -> Vec<Output> {
        let answer = Answer::Acknowledged {
            server: ask.server,
            time: Timestamp(5),
        };
        self.answer(ask, answer, Vec::new())
    }

    pub fn created(&mut self, ask: &Ask) -> Vec<Output> {
        self.give(Input::Created {
            owner: owner(ask.server.0[0]),
            ask: ask.id,
            server: ask.server,
        })
    }

    pub fn wake_after(&mut self, milliseconds: u64) -> Vec<Output> {
        self.now = self.now.plus_ms(milliseconds);
        self.give(Input::Wake)
    }
}

pub fn asked(outputs: &[Output]) -> Option<Ask> {
    outputs.iter().find_map(|output| match output {
        Output::Ask { ask, .. } => Some(ask.clone()),
        _ => None,
    })
}

pub fn cancelled(outputs: &[Output]) -> Option<AskId> {
    outputs.iter().find_map(|output| match output {
        Output::Cancel { ask, .. } => Some(*ask),
        _ => None,
    })
}

pub fn placed(outputs: &[Output]) -> Option<ServerId> {
    outputs.iter().find_map(|output| match output {
        Output::Placed(placed) => Some(placed.server),
        _ => None,
    })
}

pub fn rejected(outputs: &[Output]) -> Option<&Rejected> {
    outputs.iter().find_map(|output| match output {
        Output::Rejected(rejected) => Some(&**rejected),
        _ => None,
    })
}

pub const FULL: Answer = Answer::Full {
    score_ppm: 960_000,
    limit_ppm: 950_000,
};
pub const BUSIER: Answer = Answer::Busier {
    score_ppm: 2,
    ceiling_ppm: 1,
};
