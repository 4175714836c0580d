//! The smaller calls, and the checks that several calls share.

use crate::{failure::Failure, query::Parameters};

/// The shortest and longest id and name of a meeting, in characters.
pub const MEETING_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=256;
/// The shortest and longest password, in characters.
pub const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=64;
/// The longest chat message, in characters.
pub const MAX_MESSAGE_CHARACTERS: usize = 500;
/// The longest name over a chat message, in characters.
pub const MAX_USER_NAME_CHARACTERS: usize = 255;
/// The most ids read from one list.
pub const MAX_IDS: usize = 1_000;

/// A call about one meeting: `isMeetingRunning`, `getMeetingInfo`, `insertDocument`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneMeeting {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// Everything else, in order.
    pub rest: Parameters,
}

impl OneMeeting {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// The refusal a server would answer with.
    pub fn read(mut parameters: Parameters) -> Result<Self, Failure> {
        parameters.take(crate::checksum::PARAMETER);
        Ok(Self {
            meeting_id: meeting_id(&mut parameters)?,
            rest: parameters,
        })
    }

    /// The parameters of the call, to be sent on.
    pub fn into_parameters(self) -> Parameters {
        let mut all = Parameters::new().with("meetingID", self.meeting_id);
        for (name, value) in self.rest.iter() {
            all.push(name, value);
        }
        all
    }
}

/// The call that ends a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// The moderator's password; may be missing since 2.6, and must be right where it is given.
    pub password: Option<String>,
    /// Everything else, in order.
    pub rest: Parameters,
}

impl End {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// The refusal a server would answer with.
    pub fn read(mut parameters: Parameters) -> Result<Self, Failure> {
        parameters.take(crate::checksum::PARAMETER);
        let meeting_id = meeting_id(&mut parameters)?;
        let password = password(&mut parameters, "password")?;
        Ok(Self {
            meeting_id,
            password,
            rest: parameters,
        })
    }

    /// The parameters of the call, to be sent on.
    pub fn into_parameters(self) -> Parameters {
        let mut all = Parameters::new().with("meetingID", self.meeting_id);
        if let Some(password) = self.password {
            all.push("password", password);
        }
        for (name, value) in self.rest.iter() {
            all.push(name, value);
        }
        all
    }
}

/// The call that writes into a meeting's public chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendChatMessage {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// The text.
    pub message: String,
    /// The name over it; a server's default is `System`.
    pub user_name: Option<String>,
    /// Everything else, in order.
    pub rest: Parameters,
}

impl SendChatMessage {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// The refusal a server would answer with.
    pub fn read(mut parameters: Parameters) -> Result<Self, Failure> {
        parameters.take(crate::checksum::PARAMETER);
        let meeting_id = meeting_id(&mut parameters)?;
        let message = parameters
            .take("message")
            .ok_or_else(Failure::missing_message)?;
        if !(1..=MAX_MESSAGE_CHARACTERS).contains(&message.chars().count()) {
            return Err(Failure::message_size());
        }
        let user_name = taken(&mut parameters, "userName");
        if user_name
            .as_deref()
            .is_some_and(|name| name.chars().count() > MAX_USER_NAME_CHARACTERS)
        {
            return Err(Failure::user_name_size());
        }
        Ok(Self {
            meeting_id,
            message,
            user_name,
            rest: parameters,
        })
    }

    /// The parameters of the call, to be sent on.
    pub fn into_parameters(self) -> Parameters {
        let mut all = Parameters::new()
            .with("meetingID", self.meeting_id)
            .with("message", self.message);
        if let Some(name) = self.user_name {
            all.push("userName", name);
        }
        for (name, value) in self.rest.iter() {
            all.push(name, value);
        }
        all
    }
}

/// Which recordings a call is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Ids of meetings; none means any.
    pub meeting_ids: Vec<String>,
    /// Beginnings of ids of recordings; none means any.
    pub record_ids: Vec<String>,
    /// `published`, `unpublished`, `processing`, `processed`, `deleted` or `any`; none means
    /// published and unpublished.
    pub states: Vec<String>,
    /// Metadata that must be equal: names without the prefix `meta_`.
    pub meta: Vec<(String, String)>,
    /// How many to leave out from the start.
    pub offset: Option<usize>,
    /// How many to answer with at most.
    pub limit: Option<usize>,
    /// Everything else, in order.
    pub rest: Parameters,
}

impl RecordingFilter {
    /// Reads the parameters of `getRecordings`.
    pub fn read(mut parameters: Parameters) -> Self {
        parameters.take(crate::checksum::PARAMETER);
        let number = |parameters: &mut Parameters, name: &str| {
            parameters
                .take(name)
                .and_then(|value| value.trim().parse().ok())
        };
        Self {
            meeting_ids: ids(&mut parameters, "meetingID"),
            record_ids: ids(&mut parameters, "recordID"),
            states: ids(&mut parameters, "state"),
            meta: parameters
                .take_where(|name| name.starts_with("meta_"))
                .into_iter()
                .map(|(name, value)| (name["meta_".len()..].to_owned(), value))
                .collect(),
            offset: number(&mut parameters, "offset"),
            limit: number(&mut parameters, "limit"),
            rest: parameters,
        }
    }

    /// The parameters of the call, to be sent on.
    pub fn into_parameters(self) -> Parameters {
        let mut all = Parameters::new();
        for (name, list) in [
            ("meetingID", self.meeting_ids),
            ("recordID", self.record_ids),
            ("state", self.states),
        ] {
            if !list.is_empty() {
                all.push(name, list.join(","));
            }
        }
        for (name, value) in self.meta {
            all.push(format!("meta_{name}"), value);
        }
        for (name, value) in [("offset", self.offset), ("limit", self.limit)] {
            if let Some(value) = value {
                all.push(name, value.to_string());
            }
        }
        for (name, value) in self.rest.iter() {
            all.push(name, value);
        }
        all
    }
}

/// Reads the ids of recordings that a call changes.
///
/// # Errors
/// `missingParamRecordID` when there is none.
pub fn record_ids(parameters: &mut Parameters) -> Result<Vec<String>, Failure> {
    let found = ids(parameters, "recordID");
    if found.is_empty() {
        Err(Failure::missing_record_id())
    } else {
        Ok(found)
    }
}

/// Takes a list separated by commas, without blanks and at most [`MAX_IDS`] long.
fn ids(parameters: &mut Parameters, name: &str) -> Vec<String> {
    let list = parameters.take(name).unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .take(MAX_IDS)
        .map(str::to_owned)
        .collect()
}

/// Takes a value unless it is empty.
pub(crate) fn taken(parameters: &mut Parameters, name: &str) -> Option<String> {
    parameters.take(name).filter(|value| !value.is_empty())
}

/// Takes and checks the id of a meeting.
pub(crate) fn meeting_id(parameters: &mut Parameters) -> Result<String, Failure> {
    let id = parameters.take("meetingID").unwrap_or_default();
    let id = crate::checksum::sanitized(&id);
    if id.is_empty() {
        return Err(Failure::missing_meeting_id());
    }
    if !MEETING_CHARACTERS.contains(&id.chars().count()) {
        return Err(Failure::meeting_id_size());
    }
    if id.contains(',') {
        return Err(Failure::meeting_id_comma());
    }
    Ok(id)
}

/// Checks the name of a meeting.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(Failure::empty_meeting_name());
    }
    if !MEETING_CHARACTERS.contains(&name.chars().count()) {
        return Err(Failure::meeting_name_size());
    }
    Ok(())
}

/// Takes and checks a password; an empty one counts as none.
pub(crate) fn password(parameters: &mut Parameters, name: &str) -> Result<Option<String>, Failure> {
    match taken(parameters, name) {
        Some(password) if !PASSWORD_CHARACTERS.contains(&password.chars().count()) => {
            Err(Failure::invalid_password())
        }
        password => Ok(password),
    }
}

/// Reads a boolean as servers do: `true`, `false`, `1` and `0` whatever the case, empty is none.
///
/// Servers let `1` pass and then read everything but `true` as false; so does this.
pub(crate) fn boolean(
    value: Option<&str>,
    refusal: fn() -> Failure,
) -> Result<Option<bool>, Failure> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false" | "0" | "1") => Ok(Some(false)),
        Some(_) => Err(refusal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> Parameters {
        Parameters::from_query(query).unwrap()
    }

    #[test]
    fn an_end_needs_no_password() {
        let end = End::read(parameters("meetingID=r1&password=")).unwrap();
        assert_eq!(end.password, None);
        let refused = End::read(parameters("meetingID=r1&password=x"));
        assert_eq!(refused, Err(Failure::invalid_password()));
    }

    #[test]
    fn a_chat_message_has_between_1_and_500_characters() {
        let read = |message: &str| {
            SendChatMessage::read(
                Parameters::new()
                    .with("meetingID", "r1")
                    .with("message", message),
            )
        };
        assert!(read(&"é".repeat(500)).is_ok());
        assert_eq!(read(&"x".repeat(501)), Err(Failure::message_size()));
        assert_eq!(read(""), Err(Failure::message_size()));
        let missing = SendChatMessage::read(parameters("meetingID=r1"));
        assert_eq!(missing, Err(Failure::missing_message()));
    }

    #[test]
    fn a_filter_of_recordings_is_read_and_written() {
        let query =
            "meetingID=a1%2Cb2&recordID=abc&state=any&meta_gl-listed=true&offset=5&limit=10&x=1";
        let filter = RecordingFilter::read(parameters(query));
        assert_eq!(filter.meeting_ids, ["a1", "b2"]);
        assert_eq!(filter.limit, Some(10));
        assert_eq!(filter.into_parameters().encode(), query);
    }

    #[test]
    fn outer_blanks_and_control_characters_are_no_part_of_an_id() {
        let read = OneMeeting::read(parameters("meetingID=+r%0A1+")).unwrap();
        assert_eq!(read.meeting_id, "r1");
    }
}
