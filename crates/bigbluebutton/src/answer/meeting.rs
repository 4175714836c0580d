//! What servers say about meetings and the people in them.

use super::{Metadata, filled, flag, number, success};
use crate::{
    error::Error,
    xml::{Element, Writer},
};

/// A meeting, as `getMeetingInfo` and `getMeetings` describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meeting {
    /// Name of the meeting.
    pub name: String,
    /// The caller's id of the meeting. A gateway puts the tenant's own in its place.
    pub meeting_id: String,
    /// The server's id of the meeting.
    pub internal_id: String,
    /// When the meeting was created, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// When, for people.
    pub create_date: String,
    /// The number people dial.
    pub voice_bridge: String,
    /// The telephone number of the server.
    pub dial_number: String,
    /// Password of viewers.
    pub attendee_password: Option<String>,
    /// Password of moderators.
    pub moderator_password: Option<String>,
    /// Whether somebody is in.
    pub running: bool,
    /// Minutes until the meeting ends by itself; 0 is without end.
    pub duration_minutes: u64,
    /// Whether anybody was ever in.
    pub has_user_joined: bool,
    /// Whether the meeting may be recorded.
    pub recording: bool,
    /// Whether it was ended.
    pub forcibly_ended: bool,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: u64,
    /// When it ended, in milliseconds since 1970; 0 while it has not.
    pub ended_at_ms: u64,
    /// People in the meeting.
    pub participant_count: u64,
    /// People who only listen.
    pub listener_count: u64,
    /// People with a microphone.
    pub voice_participant_count: u64,
    /// Cameras.
    pub video_count: u64,
    /// The most people at once; 0 is without limit.
    pub max_users: u64,
    /// Moderators among the people.
    pub moderator_count: u64,
    /// The people.
    pub attendees: Vec<Attendee>,
    /// Metadata, names in lower case.
    pub metadata: Metadata,
    /// A message with the answer, where there is one: key and text.
    pub message: Option<(String, String)>,
    /// Whether it is a breakout room.
    pub is_breakout: bool,
    /// Of which room, for a breakout room.
    pub breakout: Option<Breakout>,
    /// The server's ids of the breakout rooms of this meeting.
    pub breakout_rooms: Vec<String>,
    /// What else the server said.
    pub extra: Vec<Element>,
}

/// Where a breakout room belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakout {
    /// The server's id of the room it belongs to.
    pub parent_meeting_id: String,
    /// Its number among its siblings.
    pub sequence: u64,
    /// Whether people choose their room.
    pub free_join: bool,
}

/// A person in a meeting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attendee {
    /// The caller's id of the person.
    pub user_id: String,
    /// The name others see.
    pub full_name: String,
    /// `MODERATOR` or `VIEWER`.
    pub role: String,
    /// Whether this person presents.
    pub is_presenter: bool,
    /// Whether this person only listens.
    pub is_listening_only: bool,
    /// Whether this person has a microphone on.
    pub has_joined_voice: bool,
    /// Whether this person has a camera on.
    pub has_video: bool,
    /// `HTML5` mostly.
    pub client_type: String,
    /// What the join call said in `userdata-…`.
    pub custom_data: Option<Metadata>,
    /// What else the server said.
    pub extra: Vec<Element>,
}

impl Meeting {
    /// Writes the answer to `getMeetingInfo`.
    pub fn to_xml(&self) -> String {
        success(|writer| self.write(writer))
    }

    fn write(&self, writer: &mut Writer) {
        writer.leaf("meetingName", &self.name);
        writer.leaf("meetingID", &self.meeting_id);
        writer.leaf("internalMeetingID", &self.internal_id);
        writer.plain("createTime", self.created_at_ms);
        writer.leaf("createDate", &self.create_date);
        writer.leaf("voiceBridge", &self.voice_bridge);
        writer.leaf("dialNumber", &self.dial_number);
        if let Some(password) = &self.attendee_password {
            writer.leaf("attendeePW", password);
        }
        if let Some(password) = &self.moderator_password {
            writer.leaf("moderatorPW", password);
        }
        writer.plain("running", self.running);
        writer.plain("duration", self.duration_minutes);
        writer.plain("hasUserJoined", self.has_user_joined);
        writer.plain("recording", self.recording);
        writer.plain("hasBeenForciblyEnded", self.forcibly_ended);
        writer.plain("startTime", self.started_at_ms);
        writer.plain("endTime", self.ended_at_ms);
        writer.plain("participantCount", self.participant_count);
        writer.plain("listenerCount", self.listener_count);
        writer.plain("voiceParticipantCount", self.voice_participant_count);
        writer.plain("videoCount", self.video_count);
        writer.plain("maxUsers", self.max_users);
        writer.plain("moderatorCount", self.moderator_count);
        writer.open("attendees");
        for attendee in &self.attendees {
            attendee.write(writer);
        }
        writer.close("attendees");
        self.metadata.write("metadata", writer);
        if let Some((key, message)) = &self.message {
            writer.leaf("messageKey", key);
            writer.leaf("message", message);
        }
        self.write_breakout(writer);
        writer.elements(&self.extra);
    }

    fn write_breakout(&self, writer: &mut Writer) {
        writer.plain("isBreakout", self.is_breakout);
        if let Some(breakout) = &self.breakout {
            writer.leaf("parentMeetingID", &breakout.parent_meeting_id);
            writer.plain("sequence", breakout.sequence);
            writer.plain("freeJoin", breakout.free_join);
        }
        if !self.breakout_rooms.is_empty() {
            writer.open("breakoutRooms");
            for room in &self.breakout_rooms {
                writer.leaf("breakout", room);
            }
            writer.close("breakoutRooms");
        }
    }

    /// Reads the answer to `getMeetingInfo`, or one `<meeting>`.
    ///
    /// # Errors
    /// When the id of the meeting is missing or a value is not of its kind.
    pub fn from_response(response: Element) -> Result<Self, Error> {
        let mut meeting = Self::default();
        for element in response.into_children() {
            meeting.take(element)?;
        }
        if meeting.meeting_id.is_empty() {
            return Err(Error::Missing {
                element: "meetingID",
            });
        }
        Ok(meeting)
    }

    /// One of a list. A value that is not of its kind counts as missing there, and only a meeting without
    /// an id is left out: one meeting must not hide the others, nor seem to have ended.
    fn listed(element: Element) -> Option<Self> {
        let mut meeting = Self::default();
        for element in element.into_children() {
            let _ = meeting.take(element);
        }
        (!meeting.meeting_id.is_empty()).then_some(meeting)
    }

    fn take(&mut self, element: Element) -> Result<(), Error> {
        match element.name() {
            "returncode" => {}
            "meetingName" => self.name = element.text(),
            "meetingID" => self.meeting_id = element.text(),
            "internalMeetingID" => self.internal_id = element.text(),
            "createTime" => self.created_at_ms = number(&element, "createTime")?,
            "createDate" => self.create_date = element.text(),
            "voiceBridge" => self.voice_bridge = element.text(),
            "dialNumber" => self.dial_number = element.text(),
            "attendeePW" => self.attendee_password = filled(&element),
            "moderatorPW" => self.moderator_password = filled(&element),
            "running" => self.running = flag(&element, "running")?,
            "duration" => self.duration_minutes = number(&element, "duration")?,
            "hasUserJoined" => self.has_user_joined = flag(&element, "hasUserJoined")?,
            "recording" => self.recording = flag(&element, "recording")?,
            "hasBeenForciblyEnded" => self.forcibly_ended = flag(&element, "hasBeenForciblyEnded")?,
            "startTime" => self.started_at_ms = number(&element, "startTime")?,
            "endTime" => self.ended_at_ms = number(&element, "endTime")?,
            "participantCount" => self.participant_count = number(&element, "participantCount")?,
            "listenerCount" => self.listener_count = number(&element, "listenerCount")?,
            "voiceParticipantCount" => {
                self.voice_participant_count = number(&element, "voiceParticipantCount")?;
            }
            "videoCount" => self.video_count = number(&element, "videoCount")?,
            "maxUsers" => self.max_users = number(&element, "maxUsers")?,
            "moderatorCount" => self.moderator_count = number(&element, "moderatorCount")?,
            "metadata" => self.metadata = Metadata::from_element(element),
            _ => return self.take_nested(element),
        }
        Ok(())
    }

    fn take_nested(&mut self, element: Element) -> Result<(), Error> {
        let breakout = &mut self.breakout;
        match element.name() {
            "attendees" => {
                let attendees = element.into_children().map(Attendee::from_element);
                self.attendees = attendees.collect::<Result<_, _>>()?;
            }
            "messageKey" => self.message.get_or_insert_default().0 = element.text(),
            "message" => self.message.get_or_insert_default().1 = element.text(),
            "isBreakout" => self.is_breakout = flag(&element, "isBreakout")?,
            "parentMeetingID" => {
                breakout.get_or_insert_default().parent_meeting_id = element.text();
            }
            "sequence" => breakout.get_or_insert_default().sequence = number(&element, "sequence")?,
            "freeJoin" => breakout.get_or_insert_default().free_join = flag(&element, "freeJoin")?,
            "breakoutRooms" => {
                self.breakout_rooms = element.children().map(Element::text).collect();
            }
            _ => self.extra.push(element),
        }
        Ok(())
    }
}

impl Attendee {
    fn write(&self, writer: &mut Writer) {
        writer.open("attendee");
        writer.leaf("userID", &self.user_id);
        writer.leaf("fullName", &self.full_name);
        writer.leaf("role", &self.role);
        writer.plain("isPresenter", self.is_presenter);
        writer.plain("isListeningOnly", self.is_listening_only);
        writer.plain("hasJoinedVoice", self.has_joined_voice);
        writer.plain("hasVideo", self.has_video);
        writer.leaf("clientType", &self.client_type);
        if let Some(custom_data) = &self.custom_data {
            custom_data.write("customdata", writer);
        }
        writer.elements(&self.extra);
        writer.close("attendee");
    }

    fn from_element(element: Element) -> Result<Self, Error> {
        let mut attendee = Self::default();
        for element in element.into_children() {
            match element.name() {
                "userID" => attendee.user_id = element.text(),
                "fullName" => attendee.full_name = element.text(),
                "role" => attendee.role = element.text(),
                "isPresenter" => attendee.is_presenter = flag(&element, "isPresenter")?,
                "isListeningOnly" => {
                    attendee.is_listening_only = flag(&element, "isListeningOnly")?
                }
                "hasJoinedVoice" => attendee.has_joined_voice = flag(&element, "hasJoinedVoice")?,
                "hasVideo" => attendee.has_video = flag(&element, "hasVideo")?,
                "clientType" => attendee.client_type = element.text(),
                "customdata" => attendee.custom_data = Some(Metadata::from_element(element)),
                _ => attendee.extra.push(element),
            }
        }
        Ok(attendee)
    }
}

/// The answer to `getMeetings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meetings(pub Vec<Meeting>);

impl Meetings {
    /// Writes the answer; an empty list has a message.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            if self.0.is_empty() {
                writer.empty("meetings");
                writer.leaf("messageKey", "noMeetings");
                writer.leaf("message", "no meetings were found on this server");
                return;
            }
            writer.open("meetings");
            for meeting in &self.0 {
                writer.open("meeting");
                meeting.write(writer);
                writer.close("meeting");
            }
            writer.close("meetings");
        })
    }

    /// Reads a successful answer. A meeting without an id is left out.
    pub fn from_response(response: Element) -> Self {
        let meetings = response
            .into_children()
            .filter(|element| element.name() == "meetings")
            .flat_map(Element::into_children)
            .filter(|element| element.name() == "meeting");
        Self(meetings.filter_map(Meeting::listed).collect())
    }
}
