//! Servers, owners and requests to try the rules with.

use domain::id::{MemberId, ServerId, TenantId, Timestamp};
use routing::{
    Monotonic,
    candidate::{Health, Report, Server},
    capacity::{Capacity, Load},
    request::{AskId, MeetingId, Request, RequestId},
    view::View,
};

pub const NOW: Monotonic = Monotonic(1_000_000);
pub const HOME: MemberId = MemberId([1; 32]);
pub const OWNER: MemberId = MemberId([2; 32]);

pub fn server(number: u8) -> ServerId {
    ServerId([number; 16])
}

pub fn owner(number: u8) -> MemberId {
    MemberId([number; 32])
}

pub fn ask(number: u8) -> AskId {
    AskId {
        request: RequestId([number; 16]),
        attempt: 1,
    }
}

pub fn report(load: Load, time: u64) -> Report {
    Report {
        time: Timestamp(time),
        ..Report::of(load, Health::Up)
    }
}

/// A meeting of ten people in `ca-east`.
pub fn request() -> Request {
    let mut request = Request::new(
        RequestId([9; 16]),
        MeetingId([8; 32]),
        TenantId([7; 16]),
        HOME,
    );
    request.region = Some("ca-east".parse().unwrap());
    request.hint = Some(10);
    request
}

/// Sixteen cores of another member in a region.
pub fn sixteen_cores(region: &str) -> Server {
    Server::new(
        OWNER,
        region.parse().unwrap(),
        Capacity::from_cores(16, 1_000),
    )
}

/// Adds a server with a load that makes it so full.
pub fn add(view: &mut View, number: u8, server: Server, full_ppm: u64) {
    let load = Load {
        cpu_units_milli: server.capacity.cpu_units_milli,
        ..Load::ZERO
    };
    view.describe(self::server(number), server);
    assert!(view.learn(NOW, self::server(number), report(load.part(full_ppm), 1)));
}
