//! A room of the demo: that of the circle which looks after the servers, with its weekly gathering.

use domain::id::Timestamp;
use serde_json::{Value, json};

use super::{account, delegate};
use crate::{
    clock,
    failure::{Failure, Outcome},
    run::Node,
};

/// What the room and its gathering are called, and the label of the token that makes them.
const TITLE: &str = "Look at the servers together (example)";
/// The circle whose gathering it is.
const CIRCLE: &str = "Server care";
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Makes the room, unless there is one.
pub async fn open(node: &Node) -> Outcome {
    let key = delegate(node).await?;
    let api = account(node, TITLE, Some(&key)).await?;
    let known = api.get("/api/rooms").await?;
    if known["rooms"].as_array().is_some_and(|all| !all.is_empty()) {
        return Ok(());
    }
    let circles = api.get("/api/circles").await?;
    let mut circles = circles["circles"].as_array().into_iter().flatten();
    let circle = circles.find(|circle| circle["name"] == CIRCLE);
    let circle = circle.ok_or_else(|| Failure::refused("the demo's circle is gone"))?;
    let Timestamp(start_ms) = next_thursday(clock::now());
    let gathering = json!({
        "circle": circle["id"], "title": TITLE, "start_ms": start_ms, "minutes": 30,
        "zone": "Europe/Madrid", "repetition": { "rhythm": "weeks", "every": 1 },
    });
    let gathering = api.act("gathering", gathering).await?;
    let room = json!({ "title": TITLE, "people": 15, "entrance": "anybody" });
    let room = api.post("/api/rooms", &room).await?;
    let path = format!("/api/rooms/{}/gathering", text(&room["id"]));
    let meets = json!({ "gathering": gathering["id"] });
    api.post(&path, &meets).await.map(drop)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The next Thursday that is not today, at 16:00 UTC. Days are counted from a Thursday.
fn next_thursday(now: Timestamp) -> Timestamp {
    let today = now.0 / DAY_MS;
    Timestamp((today + 7 - today % 7) * DAY_MS + 16 * 60 * 60 * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_on_a_thursday_to_come() {
        // Thursday 19 and Sunday 22 November 2026, 13:00 UTC.
        for now in [1_795_093_200_000, 1_795_352_400_000] {
            let next = next_thursday(Timestamp(now));
            assert_eq!(next, Timestamp(1_795_708_800_000));
        }
    }
}
