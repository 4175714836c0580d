//! What the laboratory does wrong when it is told to.

use serde::{Deserialize, Serialize};

/// Faults of a server, each switched on by itself. Nothing is wrong by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Misbehaviour {
    /// The calls it is about, by name; none means all.
    pub calls: Vec<String>,
    /// Milliseconds every answer takes.
    pub latency_ms: u64,
    /// Milliseconds that are added at random.
    pub jitter_ms: u64,
    /// Milliseconds a create takes; until then the meeting is not found.
    pub create_ms: u64,
    /// Calls are carried out and never answered.
    pub hang: bool,
    /// Every answer has this HTTP status in place of the real one, and no XML.
    pub status: Option<u16>,
    /// Answers are a web page.
    pub wrong_xml: bool,
    /// Answers end in the middle.
    pub truncated_body: bool,
    /// Answers have this many bytes too many.
    pub oversized_body_bytes: Option<u64>,
    /// Connections are reset as soon as they are made.
    pub refuse_connections: bool,
}

impl Misbehaviour {
    /// Whether it is about a call.
    pub(super) fn concerns(&self, call_name: &str) -> bool {
        self.calls.is_empty() || self.calls.iter().any(|name| name == call_name)
    }
}
