//! A meeting of the laboratory and the people in it.

use super::clock::for_people;
use crate::{
    answer::{Attendee, Breakout, Created, Meeting, Metadata},
    create::Create,
    join::Role,
};

/// The telephone number of the laboratory: one that belongs to nobody.
pub(super) const DIAL_NUMBER: &str = "613-555-1234";

/// A meeting.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub(super) create: Create,
    pub(super) internal_id: String,
    pub(super) created_at_ms: u64,
    pub(super) voice_bridge: String,
    pub(super) people: Vec<Person>,
    pub(super) has_user_joined: bool,
    /// The most people there ever were, for its recording.
    pub(super) most_people: u64,
    /// Set from the request to end until the meeting is gone.
    pub(super) ending: bool,
    /// Changes whenever the room empties, so that an old wait does not end a new company.
    pub(super) emptied: u64,
    /// Order of creation.
    pub(super) sequence: u64,
    /// Chat messages and documents received through the API.
    pub(super) received: u64,
}

/// A person in a meeting.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) user_id: String,
    pub(super) internal_user_id: String,
    pub(super) full_name: String,
    pub(super) role: Role,
    pub(super) has_microphone: bool,
    pub(super) has_camera: bool,
    pub(super) only_listens: bool,
    pub(super) custom_data: Option<Metadata>,
    /// Of those who came through the API.
    pub(super) session_token: Option<String>,
}

impl Room {
    /// The most people at once; 0 is without limit.
    pub(super) fn max_users(&self) -> u64 {
        self.create.max_participants.unwrap_or_default()
    }

    pub(super) fn is_full(&self) -> bool {
        self.max_users() > 0 && self.people.len() as u64 >= self.max_users()
    }

    /// A setting in minutes, or the server's default.
    pub(super) fn minutes(&self, name: &str, default: u64) -> u64 {
        self.create
            .rest
            .get(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }

    /// Whether the meeting left something to make a recording of.
    pub(super) fn has_recording_marks(&self) -> bool {
        self.create.record == Some(true) && self.has_user_joined
    }

    pub(super) fn created(&self, again: bool) -> Created {
        let parent = self.create.parent_meeting_id.as_deref();
        let text = |text: &str| {
            if again {
                text.to_owned()
            } else {
                String::new()
            }
        };
        Created {
            meeting_id: self.create.meeting_id.clone(),
            internal_id: self.internal_id.clone(),
            parent_meeting_id: parent.unwrap_or(Created::NO_PARENT).to_owned(),
            attendee_password: self.create.attendee_password.clone(),
            moderator_password: self.create.moderator_password.clone(),
            created_at_ms: self.created_at_ms,
            voice_bridge: self.voice_bridge.clone(),
            dial_number: DIAL_NUMBER.to_owned(),
            create_date: for_people(self.created_at_ms),
            has_user_joined: self.has_user_joined,
            duration_minutes: self.create.duration_minutes.unwrap_or_default(),
            forcibly_ended: self.ending,
            message_key: text(Created::DUPLICATE),
            message: text(Created::DUPLICATE_MESSAGE),
            extra: Vec::new(),
        }
    }

    pub(super) fn meeting(&self) -> Meeting {
        let count = |fits: fn(&Person) -> bool| {
            self.people.iter().filter(|person| fits(person)).count() as u64
        };
        Meeting {
            name: self.create.name.clone(),
            meeting_id: self.create.meeting_id.clone(),
            internal_id: self.internal_id.clone(),
            created_at_ms: self.created_at_ms,
            create_date: for_people(self.created_at_ms),
            voice_bridge: self.voice_bridge.clone(),
            dial_number: DIAL_NUMBER.to_owned(),
            attendee_password: self.create.attendee_password.clone(),
            moderator_password: self.create.moderator_password.clone(),
            running: !self.people.is_empty(),
            duration_minutes: self.create.duration_minutes.unwrap_or_default(),
            has_user_joined: self.has_user_joined,
            recording: self.create.record == Some(true),
            forcibly_ended: self.ending,
            started_at_ms: self.created_at_ms,
            ended_at_ms: 0,
            participant_count: self.people.len() as u64,
            listener_count: count(|person| person.only_listens),
            voice_participant_count: count(|person| person.has_microphone),
            video_count: count(|person| person.has_camera),
            max_users: self.max_users(),
            moderator_count: count(|person| person.role == Role::Moderator),
            attendees: self
                .people
                .iter()
                .enumerate()
                .map(|(position, person)| person.attendee(position == 0))
                .collect(),
            metadata: self.metadata(),
            is_breakout: self.create.is_breakout == Some(true),
            breakout: (self.create.is_breakout == Some(true)).then(|| self.breakout()),
            ..Meeting::default()
        }
    }

    pub(super) fn metadata(&self) -> Metadata {
        self.create.metadata().collect()
    }

    fn breakout(&self) -> Breakout {
        let rest = &self.create.rest;
        Breakout {
            parent_meeting_id: self.create.parent_meeting_id.clone().unwrap_or_default(),
            sequence: rest
                .get("sequence")
                .and_then(|value| value.parse().ok())
                .unwrap_or_default(),
            free_join: rest.get("freeJoin") == Some("true"),
        }
    }
}

impl Person {
    fn attendee(&self, is_presenter: bool) -> Attendee {
        Attendee {
            user_id: self.user_id.clone(),
            full_name: self.full_name.clone(),
            role: self.role.name().to_owned(),
            is_presenter,
            is_listening_only: self.only_listens,
            has_joined_voice: self.has_microphone,
            has_video: self.has_camera,
            client_type: "HTML5".to_owned(),
            custom_data: self.custom_data.clone(),
            extra: Vec::new(),
        }
    }
}
