//! People of the laboratory: those who join through the API and those who are simulated.

use serde::{Deserialize, Serialize};

use super::{
    room::Person,
    world::{Due, Session, World},
};
use crate::{
    answer::{Joined, Metadata},
    failure::Failure,
    join::{Join, Role},
};

/// The most people in one meeting.
const MAX_CROWD: u32 = 10_000;

/// Simulated people who come to a meeting, spread evenly over a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crowd {
    /// How many come.
    pub people: u32,
    /// The first of them are moderators.
    pub moderators: u32,
    /// The first of them have their microphone on; the others only listen.
    pub microphones: u32,
    /// The first of them have their camera on.
    pub cameras: u32,
    /// Milliseconds until the last has come.
    pub arrive_over_ms: u64,
    /// Milliseconds each stays; 0 is until the meeting ends.
    pub stay_ms: u64,
}

impl World {
    /// Lets a person in, as the call `join` does.
    pub(super) fn join(&mut self, now_ms: u64, join: &Join) -> Result<Joined, Failure> {
        let room = self
            .rooms
            .get(&join.meeting_id)
            .filter(|room| !room.internal_id.starts_with('-'))
            .ok_or_else(Failure::invalid_meeting_identifier)?;
        if room.ending {
            return Err(Failure::meeting_forcibly_ended());
        }
        if join
            .create_time_ms
            .is_some_and(|time| time != room.created_at_ms as i64)
        {
            return Err(Failure::mismatch_create_time());
        }
        let attendee = room.create.attendee_password.as_deref();
        let moderator = room.create.moderator_password.as_deref();
        let role = match (join.role, join.password.as_deref()) {
            (Some(role), _) => role,
            (None, None) => return Err(Failure::join_role_or_password()),
            (None, Some(_)) if attendee.is_none() || moderator.is_none() => {
                return Err(Failure::join_role());
            }
            (None, password) if password == moderator => Role::Moderator,
            (None, password) if password == attendee => Role::Viewer,
            _ => return Err(Failure::join_password()),
        };
        let policy = room
            .create
            .rest
            .get("guestPolicy")
            .unwrap_or("ALWAYS_ACCEPT")
            .to_owned();
        let is_guest = join.guest == Some(true) && role == Role::Viewer;
        let (guest_status, key, message) = match policy.as_str() {
            "ASK_MODERATOR" if is_guest => (
                "WAIT",
                "guestWait",
                "Guest waiting for approval to join meeting.",
            ),
            "ALWAYS_DENY" if is_guest => ("DENY", "guestDeny", "Guest denied to join meeting."),
            _ => ("ALLOW", Joined::SUCCESS, Joined::SUCCESS_MESSAGE),
        };
        if room.is_full() || room.people.len() >= MAX_CROWD as usize {
            return Err(Failure::max_participants_reached());
        }
        let internal_meeting_id = room.internal_id.clone();
        let internal_user_id = format!("w_{}", self.token(12));
        let session_token = self.token(16);
        if guest_status == "ALLOW" {
            self.enter(now_ms, join, role, &internal_user_id, &session_token);
        }
        Ok(Joined {
            message_key: key.to_owned(),
            message: message.to_owned(),
            internal_meeting_id,
            user_id: internal_user_id,
            auth_token: self.token(12),
            url: format!(
                "{}/html5client/?sessionToken={session_token}",
                self.base_url
            ),
            session_token,
            guest_status: guest_status.to_owned(),
            extra: Vec::new(),
        })
    }

    fn enter(
        &mut self,
        now_ms: u64,
        join: &Join,
        role: Role,
        internal_user_id: &str,
        session_token: &str,
    ) {
        let custom: Metadata = join
            .rest
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("userdata-")?, value)))
            .collect();
        let person = Person {
            user_id: join
                .user_id
                .clone()
                .unwrap_or_else(|| internal_user_id.to_owned()),
            internal_user_id: internal_user_id.to_owned(),
            full_name: join.display_name(),
            role,
            has_microphone: false,
            has_camera: false,
            only_listens: true,
            custom_data: (!custom.is_empty()).then_some(custom),
            session_token: Some(session_token.to_owned()),
        };
        let session = Session {
            meeting_id: join.meeting_id.clone(),
            internal_user_id: internal_user_id.to_owned(),
            full_name: person.full_name.clone(),
        };
        self.sessions.insert(session_token.to_owned(), session);
        self.add(now_ms, &join.meeting_id, person);
    }

    fn add(&mut self, now_ms: u64, meeting_id: &str, person: Person) {
        let Some(room) = self.rooms.get_mut(meeting_id) else {
            return;
        };
        room.people.push(person);
        room.has_user_joined = true;
        room.most_people = room.most_people.max(room.people.len() as u64);
        let internal_id = room.internal_id.clone();
        self.tell_hooks(now_ms, "user-joined", meeting_id, &internal_id);
    }

    /// Lets a person leave; the last one out starts the wait for the meeting's end.
    pub(super) fn leave(&mut self, now_ms: u64, meeting_id: &str, internal_user_id: &str) {
        let Some(room) = self.rooms.get_mut(meeting_id) else {
            return;
        };
        let is_them = |person: &Person| person.internal_user_id == internal_user_id;
        let Some(position) = room.people.iter().position(is_them) else {
            return;
        };
        let person = room.people.remove(position);
        if let Some(token) = &person.session_token {
            self.sessions.remove(token);
        }
        let (internal_id, is_empty) = (room.internal_id.clone(), room.people.is_empty());
        self.tell_hooks(now_ms, "user-left", meeting_id, &internal_id);
        if is_empty {
            self.emptied(now_ms, meeting_id);
        }
    }

    /// Lets simulated people come. Returns whether there is such a meeting.
    pub(super) fn simulate(&mut self, now_ms: u64, meeting_id: &str, crowd: &Crowd) -> bool {
        let Some(room) = self.rooms.get(meeting_id).filter(|room| !room.ending) else {
            return false;
        };
        let internal_id = room.internal_id.clone();
        let people = crowd.people.min(MAX_CROWD);
        for number in 0..people {
            let share = u128::from(crowd.arrive_over_ms) * u128::from(number);
            let after_ms = (share / u128::from(people)) as u64;
            let due = Due::Arrive {
                meeting_id: meeting_id.to_owned(),
                internal_id: internal_id.clone(),
                crowd: crowd.clone(),
                number,
            };
            self.schedule(now_ms.saturating_add(after_ms), due);
        }
        self.advance(now_ms);
        true
    }

    pub(super) fn arrive(&mut self, at_ms: u64, meeting_id: &str, crowd: &Crowd, number: u32) {
        let full = self
            .rooms
            .get(meeting_id)
            .is_none_or(|room| room.ending || room.is_full());
        if full {
            return;
        }
        let internal_user_id = format!("w_{}", self.token(12));
        let has_microphone = number < crowd.microphones;
        let person = Person {
            user_id: internal_user_id.clone(),
            internal_user_id: internal_user_id.clone(),
            full_name: format!("Person {}", number + 1),
            role: if number < crowd.moderators {
                Role::Moderator
            } else {
                Role::Viewer
            },
            has_microphone,
            has_camera: number < crowd.cameras,
            only_listens: !has_microphone,
            custom_data: None,
            session_token: None,
        };
        self.add(at_ms, meeting_id, person);
        if crowd.stay_ms > 0 {
            let due = Due::Leave {
                meeting_id: meeting_id.to_owned(),
                internal_user_id,
            };
            self.schedule(at_ms.saturating_add(crowd.stay_ms), due);
        }
    }
}
