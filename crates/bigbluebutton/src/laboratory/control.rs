//! The laboratory's own address, `/laboratory`: what it knows, and how it is told to misbehave.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Misbehaviour, Shared, people::Crowd};

/// What `GET /laboratory` answers.
#[derive(Debug, Serialize)]
struct Status {
    meetings: usize,
    people: usize,
    recordings: usize,
    hooks: usize,
    calls: BTreeMap<&'static str, u64>,
    misbehaviour: Misbehaviour,
}

/// What `POST /laboratory` takes; each field is one thing to do.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Order {
    misbehaviour: Option<Misbehaviour>,
    forget_meetings: bool,
    simulate: Option<Simulate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulate {
    meeting_id: String,
    crowd: Crowd,
}

/// The state as JSON.
pub(super) fn status(shared: &Shared) -> String {
    let misbehaviour = shared.misbehaviour();
    let calls = shared.calls();
    let world = shared.world();
    let status = Status {
        meetings: world.rooms.len(),
        people: world.rooms.values().map(|room| room.people.len()).sum(),
        recordings: world.recordings.len(),
        hooks: world.hooks.len(),
        calls,
        misbehaviour,
    };
    serde_json::to_string(&status).expect("plain values are always JSON")
}

/// Carries out an order.
///
/// # Errors
/// A sentence for whoever gave the order.
pub(super) fn obey(shared: &Shared, body: &[u8]) -> Result<(), String> {
    let order: Order = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(misbehaviour) = order.misbehaviour {
        shared.misbehave(misbehaviour);
    }
    if order.forget_meetings {
        shared.change(|world, _| world.forget_meetings());
    }
    if let Some(Simulate { meeting_id, crowd }) = order.simulate {
        let known = shared.change(|world, now_ms| world.simulate(now_ms, &meeting_id, &crowd));
        if !known {
            return Err(format!("there is no meeting {meeting_id}"));
        }
    }
    Ok(())
}
