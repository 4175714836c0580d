//! Which room of which tenant is on which server: what a home says alone, and keeps before it answers.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{ServerId, TenantId, Timestamp},
    record::{Placement, Room, Standing},
};
use routing::{
    Monotonic,
    floor::Placed,
    request::AskId,
    room::{History, Prediction},
};

/// A room of a tenant.
pub type Key = (TenantId, Room);

/// A room that had a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The server of the last meeting.
    pub server: ServerId,
    /// When it was placed or ended; later with every change.
    pub at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// The most people in past meetings, averaged.
    pub history: Option<History>,
}

impl Encode for Kept {
    fn encode(&self, encoder: &mut Encoder) {
        let history = self.history.map_or(0, History::peak_users_milli);
        encoder
            .array(4)
            .value(&self.server)
            .value(&self.at)
            .uint(self.standing as u64)
            .uint(history);
    }
}

impl Decode for Kept {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let (server, at) = (decoder.value()?, decoder.value()?);
        let standing = match decoder.uint_to("standing", 2)? {
            0 => Standing::Placed,
            1 => Standing::Ended,
            _ => Standing::Released,
        };
        let history = match decoder.uint()? {
            0 => None,
            milli => Some(History::from_milli(milli)),
        };
        Ok(Self {
            server,
            at,
            standing,
            history,
        })
    }
}

/// What is known of a running meeting beyond where it is; forgotten with a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The ask that was granted.
    pub ask: AskId,
    /// When it was placed.
    pub placed: Monotonic,
    /// What it was expected to take.
    pub prediction: Prediction,
    /// Joins so far.
    pub joins: u32,
    /// When the last of them was.
    pub joined: Monotonic,
}

/// The rooms that a node is the home of.
#[derive(Debug, Default)]
pub struct Rooms {
    kept: BTreeMap<Key, Kept>,
    live: BTreeMap<Key, Live>,
    /// Rooms of which the records may not say what is kept here.
    unsaid: BTreeSet<Key>,
}

impl Rooms {
    /// A room, if it had a meeting.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Kept> {
        self.kept.get(key)
    }

    /// The server a room's meeting is on.
    #[must_use]
    pub fn server(&self, key: &Key) -> Option<ServerId> {
        let kept = self.kept.get(key)?;
        (kept.standing == Standing::Placed).then_some(kept.server)
    }

    /// What is known of a running meeting.
    #[must_use]
    pub fn live(&self, key: &Key) -> Option<&Live> {
        self.live.get(key)
    }

    /// What is known of every running meeting.
    pub fn all_live(&self) -> impl Iterator<Item = &Live> {
        self.live.values()
    }

    /// All rooms whose meeting is on a server.
    pub fn placed(&self) -> impl Iterator<Item = (&Key, &Kept)> {
        let placed = |(_, kept): &(&Key, &Kept)| kept.standing == Standing::Placed;
        self.kept.iter().filter(placed)
    }

    /// Takes up what was kept before.
    pub fn restore(&mut self, key: Key, kept: Kept) {
        self.unsaid.insert(key);
        self.kept.insert(key, kept);
    }

    /// A meeting has a place.
    pub fn place(&mut self, key: Key, server: ServerId, now: Timestamp, live: Live) -> &Kept {
        self.live.insert(key, live);
        self.change(key, server, now, Standing::Placed)
    }

    /// A meeting is over, with the most people it had if that is known.
    pub fn end(
        &mut self,
        key: Key,
        now: Timestamp,
        standing: Standing,
        peak: Option<u32>,
    ) -> Option<&Kept> {
        self.live.remove(&key);
        let server = self.server(&key)?;
        if let (Some(kept), Some(peak)) = (self.kept.get_mut(&key), peak.filter(|peak| *peak > 0)) {
            let history = kept.history.map(|past| past.then(peak));
            kept.history = Some(history.unwrap_or_else(|| History::first(peak)));
        }
        Some(self.change(key, server, now, standing))
    }

    fn change(&mut self, key: Key, server: ServerId, now: Timestamp, standing: Standing) -> &Kept {
        self.unsaid.insert(key);
        let before = self.kept.get(&key);
        let kept = Kept {
            server,
            // What is said of one room has ascending times, however the clock is set.
            at: now.max(before.map_or(Timestamp(0), |before| before.at.plus_ms(1))),
            standing,
            history: before.and_then(|before| before.history),
        };
        self.kept.insert(key, kept);
        &self.kept[&key]
    }

    /// Somebody joins a meeting.
    pub fn join(&mut self, key: &Key, now: Monotonic) {
        if let Some(live) = self.live.get_mut(key) {
            live.joins = live.joins.saturating_add(1);
            live.joined = now;
        }
    }

    /// Whether something may not be recorded yet.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        !self.unsaid.is_empty()
    }

    /// What is to be recorded, at most so much; `said` tells what the records say of a room already.
    pub fn unsaid(
        &mut self,
        most: usize,
        said: impl Fn(&Key) -> Option<(ServerId, Timestamp, Standing)>,
    ) -> Vec<Placement> {
        let kept = &self.kept;
        self.unsaid.retain(|key| {
            kept.get(key)
                .is_some_and(|kept| said(key) != Some((kept.server, kept.at, kept.standing)))
        });
        let first = self.unsaid.iter().take(most);
        let placement = |key: &Key| {
            let kept = self.kept.get(key)?;
            Some(Placement {
                tenant: key.0,
                room: key.1,
                server: kept.server,
                at: kept.at,
                standing: kept.standing,
            })
        };
        first.filter_map(placement).collect()
    }

    /// The meetings on each server, for the floor below which no report of it counts.
    #[must_use]
    pub fn floors(&self, now: Monotonic) -> BTreeMap<ServerId, Vec<Placed>> {
        let mut floors: BTreeMap<ServerId, Vec<Placed>> = BTreeMap::new();
        for (key, live) in &self.live {
            if let Some(server) = self.server(key) {
                floors.entry(server).or_default().push(Placed {
                    prediction: live.prediction.load,
                    age_ms: now.since_ms(live.placed),
                    joins: live.joins,
                    joined_ms: now.since_ms(live.joined),
                });
            }
        }
        floors
    }
}
