//! Everything the laboratory knows, and what the passing of time does to it. No I/O: what is to
//! be told to others is collected for the server to send.

use std::collections::{BTreeMap, HashMap};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{Settings, people::Crowd, recording::Stored, room::Room};
use crate::{
    answer::{Created, Hook, TextTrack},
    checksum::{Algorithm, hexadecimal},
    client::CallBack,
    create::Create,
    failure::Failure,
    secret::Secret,
};

/// The voice bridge that a real server keeps for echo tests.
const ECHO_TEST_BRIDGE: &str = "99999";
/// Minutes an unused meeting lives unless its create says otherwise.
const UNUSED_MINUTES: u64 = 5;
/// Milliseconds of a minute.
pub(super) const MINUTE_MS: u64 = 60_000;

/// What happens at a time to come. A meeting is named by both its ids, so that what was meant for
/// one does not reach a later one of the same name.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// The meeting ends: it was long enough, unused or empty.
    End {
        meeting_id: String,
        internal_id: String,
        only_if: Condition,
    },
    /// A meeting that ends is gone.
    Gone {
        meeting_id: String,
        internal_id: String,
    },
    /// A recording is ready.
    RecordingReady { record_id: String },
    /// A simulated person comes.
    Arrive {
        meeting_id: String,
        internal_id: String,
        crowd: Crowd,
        number: u32,
    },
    /// A simulated person leaves.
    Leave {
        meeting_id: String,
        internal_user_id: String,
    },
}

/// When a meeting ends by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Condition {
    Always,
    NobodyCame,
    StillEmpty { emptied: u64 },
}

/// A call to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) url: String,
    pub(super) what: CallBack,
}

/// A person's session, by its token.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) meeting_id: String,
    pub(super) internal_user_id: String,
    pub(super) full_name: String,
}

pub(super) struct World {
    pub(super) secret: Secret,
    pub(super) base_url: String,
    pub(super) end_delay_ms: u64,
    pub(super) recording_delay_ms: u64,
    pub(super) max_rooms: usize,
    pub(super) rooms: HashMap<String, Room>,
    pub(super) bridges: HashMap<String, String>,
    pub(super) sessions: HashMap<String, Session>,
    pub(super) recordings: BTreeMap<String, Stored>,
    pub(super) tracks: BTreeMap<String, Vec<TextTrack>>,
    pub(super) hooks: BTreeMap<u64, Hook>,
    due: BTreeMap<(u64, u64), Due>,
    pub(super) outgoing: Vec<Outgoing>,
    random: ChaCha8Rng,
    sequence: u64,
}

impl World {
    pub(super) fn new(settings: &Settings, base_url: String) -> Self {
        Self {
            secret: settings.secret.clone(),
            base_url,
            end_delay_ms: settings.end_delay_ms,
            recording_delay_ms: settings.recording_delay_ms,
            max_rooms: settings.max_meetings,
            rooms: HashMap::new(),
            bridges: HashMap::new(),
            sessions: HashMap::new(),
            recordings: BTreeMap::new(),
            tracks: BTreeMap::new(),
            hooks: BTreeMap::new(),
            due: BTreeMap::new(),
            outgoing: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(settings.seed),
            sequence: 0,
        }
    }

    /// Loses every meeting, as a restart does; recordings and hooks are on disk.
    pub(super) fn forget_meetings(&mut self) {
        self.rooms.clear();
        self.bridges.clear();
        self.sessions.clear();
        self.due
            .retain(|_, due| matches!(due, Due::RecordingReady { .. }));
    }

    /// Lets everything happen that is due.
    pub(super) fn advance(&mut self, now_ms: u64) {
        while let Some(entry) = self
            .due
            .first_entry()
            .filter(|entry| entry.key().0 <= now_ms)
        {
            let ((at_ms, _), due) = entry.remove_entry();
            self.happen(at_ms, due);
        }
    }

    fn happen(&mut self, at_ms: u64, due: Due) {
        match due {
            Due::End {
                meeting_id,
                internal_id,
                only_if,
            } => {
                let ends = self
                    .room(&meeting_id, &internal_id)
                    .is_some_and(|room| match only_if {
                        Condition::Always => true,
                        Condition::NobodyCame => !room.has_user_joined,
                        Condition::StillEmpty { emptied } => {
                            room.people.is_empty() && room.emptied == emptied
                        }
                    });
                if ends {
                    self.begin_end(at_ms, &meeting_id);
                }
            }
            Due::Gone {
                meeting_id,
                internal_id,
            } => {
                if self.room(&meeting_id, &internal_id).is_some() {
                    self.finish(at_ms, &meeting_id);
                }
            }
            Due::RecordingReady { record_id } => self.recording_ready(&record_id),
            Due::Arrive {
                meeting_id,
                internal_id,
                crowd,
                number,
            } => {
                if self.room(&meeting_id, &internal_id).is_some() {
                    self.arrive(at_ms, &meeting_id, &crowd, number);
                }
            }
            Due::Leave {
                meeting_id,
                internal_user_id,
            } => {
                self.leave(at_ms, &meeting_id, &internal_user_id);
            }
        }
    }

    fn room(&self, meeting_id: &str, internal_id: &str) -> Option<&Room> {
        self.rooms
            .get(meeting_id)
            .filter(|room| room.internal_id == internal_id)
    }

    pub(super) fn schedule(&mut self, at_ms: u64, due: Due) {
        self.sequence += 1;
        self.due.insert((at_ms, self.sequence), due);
    }

    /// Creates a meeting, or finds it again when the passwords are the same.
    pub(super) fn create(&mut self, now_ms: u64, create: Create) -> Result<Created, Failure> {
        if let Some(room) = self
            .rooms
            .get(&create.meeting_id)
            .filter(|room| !room.ending)
        {
            let same = room.create.attendee_password == create.attendee_password
                && room.create.moderator_password == create.moderator_password;
            return if same {
                Ok(room.created(true))
            } else {
                Err(Failure::id_not_unique())
            };
        }
        if self.rooms.len() >= self.max_rooms {
            return Err(Failure::internal_error());
        }
        if self.rooms.contains_key(&create.meeting_id) {
            self.finish(now_ms, &create.meeting_id);
        }
        let voice_bridge = self.bridge(create.voice_bridge.as_deref())?;
        self.sequence += 1;
        let room = Room {
            internal_id: internal_id(&create.meeting_id, &voice_bridge, now_ms),
            created_at_ms: now_ms,
            voice_bridge,
            people: Vec::new(),
            has_user_joined: false,
            most_people: 0,
            ending: false,
            emptied: 0,
            sequence: self.sequence,
            received: 0,
            create,
        };
        self.schedule_ends(now_ms, &room);
        let created = room.created(false);
        self.bridges
            .insert(room.voice_bridge.clone(), room.create.meeting_id.clone());
        self.tell_hooks(
            now_ms,
            "meeting-created",
            &room.create.meeting_id,
            &room.internal_id,
        );
        self.rooms.insert(room.create.meeting_id.clone(), room);
        Ok(created)
    }

    fn schedule_ends(&mut self, now_ms: u64, room: &Room) {
        let unused = room.minutes("meetingExpireIfNoUserJoinedInMinutes", UNUSED_MINUTES);
        let duration = room.create.duration_minutes.unwrap_or_default();
        for (minutes, only_if) in [
            (unused, Condition::NobodyCame),
            (duration, Condition::Always),
        ] {
            if minutes > 0 {
                let due = Due::End {
                    meeting_id: room.create.meeting_id.clone(),
                    internal_id: room.internal_id.clone(),
                    only_if,
                };
                self.schedule(
                    now_ms.saturating_add(minutes.saturating_mul(MINUTE_MS)),
                    due,
                );
            }
        }
    }

    /// The number asked for unless another meeting has it, or a free one.
    fn bridge(&mut self, asked: Option<&str>) -> Result<String, Failure> {
        if let Some(asked) = asked {
            return if self.bridges.contains_key(asked) {
                Err(Failure::voice_bridge_not_unique())
            } else {
                Ok(asked.to_owned())
            };
        }
        loop {
            // Nine digits once five would not be enough, so that a free one is always near.
            let digits: u32 = if self.bridges.len() < 40_000 {
                90_000
            } else {
                900_000_000
            };
            let number = (digits / 9 + self.random.next_u32() % digits).to_string();
            if number != ECHO_TEST_BRIDGE && !self.bridges.contains_key(&number) {
                return Ok(number);
            }
        }
    }

    /// A word of small letters and digits nobody can guess.
    pub(super) fn token(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..length)
            .map(|_| char::from(LETTERS[(self.random.next_u32() % 36) as usize]))
            .collect()
    }
}

/// The server's id of a meeting: a hash of the caller's and the time. On the echo test's bridge a
/// real server loses the hash, and nobody can join.
fn internal_id(meeting_id: &str, voice_bridge: &str, now_ms: u64) -> String {
    if voice_bridge == ECHO_TEST_BRIDGE {
        return format!("-{now_ms}");
    }
    format!(
        "{}-{now_ms}",
        hexadecimal(&Algorithm::Sha1.hash(&[meeting_id.as_bytes()]))
    )
}
