//! The answer to `create`.

use super::{filled, flag, number, success};
use crate::{error::Error, xml::Element};

/// A meeting that was created, or found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// The server's id of the meeting; ids of recordings are the same.
    pub internal_id: String,
    /// The room a breakout room belongs to; [`Created::NO_PARENT`] otherwise.
    pub parent_meeting_id: String,
    /// Password of viewers.
    pub attendee_password: Option<String>,
    /// Password of moderators.
    pub moderator_password: Option<String>,
    /// When the meeting was created, in milliseconds since 1970; tells meetings of one id apart.
    pub created_at_ms: u64,
    /// The number people dial.
    pub voice_bridge: String,
    /// The telephone number of the server.
    pub dial_number: String,
    /// When, for people.
    pub create_date: String,
    /// Whether anybody was ever in.
    pub has_user_joined: bool,
    /// Minutes until the meeting ends by itself; 0 is without end.
    pub duration_minutes: u64,
    /// Whether it was ended.
    pub forcibly_ended: bool,
    /// Empty, or [`Created::DUPLICATE`].
    pub message_key: String,
    /// For people.
    pub message: String,
    /// What else the server said.
    pub extra: Vec<Element>,
}

impl Created {
    /// The parent of what is no breakout room.
    pub const NO_PARENT: &str = "bbb-none";
    /// The message key of a repeated create.
    pub const DUPLICATE: &str = "duplicateWarning";
    /// The message of a repeated create.
    pub const DUPLICATE_MESSAGE: &str =
        "This conference was already in existence and may currently be in progress.";

    /// Whether the meeting was there before.
    pub fn is_duplicate(&self) -> bool {
        self.message_key == Self::DUPLICATE
    }

    /// Writes the answer.
    pub fn to_xml(&self) -> String {
        success(|writer| {
            writer.leaf("meetingID", &self.meeting_id);
            writer.leaf("internalMeetingID", &self.internal_id);
            writer.leaf("parentMeetingID", &self.parent_meeting_id);
            if let Some(password) = &self.attendee_password {
                writer.leaf("attendeePW", password);
            }
            if let Some(password) = &self.moderator_password {
                writer.leaf("moderatorPW", password);
            }
            writer.plain("createTime", self.created_at_ms);
            writer.leaf("voiceBridge", &self.voice_bridge);
            writer.leaf("dialNumber", &self.dial_number);
            writer.leaf("createDate", &self.create_date);
            writer.plain("hasUserJoined", self.has_user_joined);
            writer.plain("duration", self.duration_minutes);
            writer.plain("hasBeenForciblyEnded", self.forcibly_ended);
            writer.leaf("messageKey", &self.message_key);
            writer.leaf("message", &self.message);
            writer.elements(&self.extra);
        })
    }

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When the id of the meeting is missing or a value is not of its kind.
    pub fn from_response(response: Element) -> Result<Self, Error> {
        let mut created = Self {
            meeting_id: String::new(),
            internal_id: String::new(),
            parent_meeting_id: Self::NO_PARENT.to_owned(),
            attendee_password: None,
            moderator_password: None,
            created_at_ms: 0,
            voice_bridge: String::new(),
            dial_number: String::new(),
            create_date: String::new(),
            has_user_joined: false,
            duration_minutes: 0,
            forcibly_ended: false,
            message_key: String::new(),
            message: String::new(),
            extra: Vec::new(),
        };
        for element in response.into_children() {
            match element.name() {
                "returncode" => {}
                "meetingID" => created.meeting_id = element.text(),
                "internalMeetingID" => created.internal_id = element.text(),
                "parentMeetingID" => created.parent_meeting_id = element.text(),
                "attendeePW" => created.attendee_password = filled(&element),
                "moderatorPW" => created.moderator_password = filled(&element),
                "createTime" => created.created_at_ms = number(&element, "createTime")?,
                "voiceBridge" => created.voice_bridge = element.text(),
                "dialNumber" => created.dial_number = element.text(),
                "createDate" => created.create_date = element.text(),
                "hasUserJoined" => created.has_user_joined = flag(&element, "hasUserJoined")?,
                "duration" => created.duration_minutes = number(&element, "duration")?,
                "hasBeenForciblyEnded" => {
                    created.forcibly_ended = flag(&element, "hasBeenForciblyEnded")?;
                }
                "messageKey" => created.message_key = element.text(),
                "message" => created.message = element.text(),
                _ => created.extra.push(element),
            }
        }
        if created.meeting_id.is_empty() {
            return Err(Error::Missing {
                element: "meetingID",
            });
        }
        Ok(created)
    }
}
