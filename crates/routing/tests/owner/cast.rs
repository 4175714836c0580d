//! An owner with servers of sixteen cores, and those who ask it.

use std::collections::BTreeSet;

use domain::id::{MemberId, ServerId, TenantId, Timestamp};
use routing::{
    Monotonic,
    admission::{Admission, Input, Output},
    ask::{Answer, Ask, Reply},
    candidate::{Health, Server},
    capacity::{Capacity, Load},
    request::{AskId, MeetingId, RequestId},
};

pub const OWNER: MemberId = MemberId([1; 32]);
pub const HOME: MemberId = MemberId([2; 32]);
pub const OTHER: MemberId = MemberId([3; 32]);
pub const NOW: Monotonic = Monotonic(1_000_000);
pub const WALL: Timestamp = Timestamp(1_800_000_000_000);
pub const LIMIT_PPM: u64 = 950_000;

pub fn server(number: u8) -> ServerId {
    ServerId([number; 16])
}

pub fn sixteen_cores() -> Server {
    Server::new(
        OWNER,
        "ca-east".parse().unwrap(),
        Capacity::from_cores(16, 10_000),
    )
}

/// An owner with so many equal servers.
pub fn owner(servers: u8) -> Admission {
    let mut admission = Admission::new(OWNER);
    for number in 1..=servers {
        admission.describe(server(number), sixteen_cores(), Health::Up);
    }
    admission
}

/// Asks for meeting `number` with its first attempt.
pub fn ask(number: u8) -> Ask {
    Ask {
        id: AskId {
            request: RequestId([number; 16]),
            attempt: 1,
        },
        meeting: MeetingId([number; 32]),
        tenant: TenantId([1; 16]),
        member: HOME,
        server: server(1),
        features: BTreeSet::new(),
        test: false,
        users: 12,
        prediction: Load::typical(12),
        ceiling_ppm: None,
        start_within_ms: 400,
        finish_within_ms: 1_500,
    }
}

pub fn attempt(ask: &Ask, attempt: u32) -> Ask {
    Ask {
        id: AskId { attempt, ..ask.id },
        ..ask.clone()
    }
}

pub fn send(admission: &mut Admission, now: Monotonic, ask: Ask) -> Vec<Output> {
    let input = Input::Ask {
        ask,
        arrived: now,
        limit_ppm: LIMIT_PPM,
    };
    admission.handle(now, WALL, input)
}

pub fn reply(outputs: &[Output]) -> &Reply {
    let mut replies = outputs.iter().filter_map(|output| match output {
        Output::Reply { reply, .. } => Some(reply),
        _ => None,
    });
    replies.next_back().expect("an answer")
}

pub fn answer(outputs: &[Output]) -> Answer {
    reply(outputs).answer
}

pub fn creates(outputs: &[Output]) -> usize {
    outputs
        .iter()
        .filter(|output| matches!(output, Output::Create { .. }))
        .count()
}

/// Where it was granted.
pub fn granted(outputs: &[Output]) -> Option<ServerId> {
    match answer(outputs) {
        Answer::Acknowledged { server, .. } => Some(server),
        _ => None,
    }
}

pub fn created(admission: &mut Admission, now: Monotonic, ask: &Ask) -> Vec<Output> {
    let (member, ask) = (ask.member, ask.id);
    admission.handle(now, WALL, Input::Created { member, ask })
}

pub fn cancel(admission: &mut Admission, now: Monotonic, ask: &Ask) -> Vec<Output> {
    let (member, ask) = (ask.member, ask.id);
    admission.handle(now, WALL, Input::Cancel { member, ask })
}

pub fn load(admission: &mut Admission, now: Monotonic, number: u8) -> Load {
    let reports = admission.reports(now, WALL);
    reports
        .into_iter()
        .find(|(id, _)| *id == server(number))
        .unwrap()
        .1
        .load
}

/// Fills a server to this part of its processing, past this node.
pub fn fill(admission: &mut Admission, number: u8, part_ppm: u64) {
    let whole = Load {
        cpu_units_milli: sixteen_cores().capacity.cpu_units_milli,
        ..Load::ZERO
    };
    let measured = Input::Measured {
        server: server(number),
        meetings: Vec::new(),
        outside: whole.part(part_ppm),
    };
    admission.handle(NOW, WALL, measured);
}
