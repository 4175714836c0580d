//! The call that creates a meeting.

use crate::{failure::Failure, query::Parameters, request};

/// A meeting to create, checked as a server checks it.
///
/// What has no field of its own stays in `rest` and goes on unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The caller's id of the meeting.
    pub meeting_id: String,
    /// Name of the meeting.
    pub name: String,
    /// Password of those who come as viewers; a repeated call must give the same.
    pub attendee_password: Option<String>,
    /// Password of moderators; a repeated call must give the same.
    pub moderator_password: Option<String>,
    /// Minutes until the meeting ends by itself; none or 0 is without end.
    pub duration_minutes: Option<u64>,
    /// The most people at once; none or 0 is without limit.
    pub max_participants: Option<u64>,
    /// Whether the meeting may be recorded.
    pub record: Option<bool>,
    /// The number people dial; digits, kept as written.
    pub voice_bridge: Option<String>,
    /// Whether the meeting is a breakout room.
    pub is_breakout: Option<bool>,
    /// The room a breakout room belongs to.
    pub parent_meeting_id: Option<String>,
    /// `meta_…` parameters: names without the prefix, as written.
    pub meta: Vec<(String, String)>,
    /// Everything else, in order.
    pub rest: Parameters,
}

/// Prefix of the parameters that become metadata of the meeting and its recordings.
const META_PREFIX: &str = "meta_";

/// Parameters that make a meeting a breakout room of another one.
const OF_BREAKOUT_ROOMS: [&str; 5] = [
    "isBreakout",
    "isBreakoutRoom",
    "parentMeetingID",
    "sequence",
    "freeJoin",
];

/// Takes out of a call to create what would make its meeting a breakout room. Servers make those of their
/// meetings themselves; who may create meetings and knows the id of another's could join them to it.
pub fn leave_out_breakout_rooms(parameters: &mut Parameters) {
    parameters.take_where(|name| {
        OF_BREAKOUT_ROOMS
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    });
}

impl Create {
    /// Reads and checks the parameters of a call.
    ///
    /// # Errors
    /// The refusal a server would answer with.
    pub fn read(mut parameters: Parameters) -> Result<Self, Failure> {
        parameters.take(crate::checksum::PARAMETER);
        let meeting_id = request::meeting_id(&mut parameters)?;
        let name = parameters
            .take("name")
            .ok_or_else(Failure::missing_meeting_name)?;
        request::check_name(&name)?;
        let voice_bridge = request::taken(&mut parameters, "voiceBridge");
        if voice_bridge
            .as_deref()
            .is_some_and(|bridge| bridge.parse::<i64>().is_err())
        {
            return Err(Failure::voice_bridge_type());
        }
        let attendee_password = request::password(&mut parameters, "attendeePW")?;
        let moderator_password = request::password(&mut parameters, "moderatorPW")?;
        request::boolean(parameters.get("isBreakoutRoom"), Failure::breakout_type)?;
        let record = request::boolean(parameters.get("record"), Failure::record_type)?;
        parameters.take("record");
        let is_breakout = request::boolean(parameters.get("isBreakout"), Failure::breakout_type)?;
        parameters.take("isBreakout");
        let meta = parameters
            .take_where(|name| name.starts_with(META_PREFIX))
            .into_iter()
            .map(|(name, value)| (name[META_PREFIX.len()..].to_owned(), value))
            .collect();
        Ok(Self {
            meeting_id,
            name,
            attendee_password,
            moderator_password,
            duration_minutes: number(&mut parameters, "duration"),
            max_participants: number(&mut parameters, "maxParticipants"),
            record,
            voice_bridge,
            is_breakout,
            parent_meeting_id: request::taken(&mut parameters, "parentMeetingID"),
            meta,
            rest: parameters,
        })
    }

    /// The parameters of the call, to be sent on; those with a field first.
    pub fn into_parameters(self) -> Parameters {
        let mut all = Parameters::new()
            .with("name", self.name)
            .with("meetingID", self.meeting_id);
        let fields = [
            ("attendeePW", self.attendee_password),
            ("moderatorPW", self.moderator_password),
            (
                "duration",
                self.duration_minutes.map(|value| value.to_string()),
            ),
            (
                "maxParticipants",
                self.max_participants.map(|value| value.to_string()),
            ),
            ("record", self.record.map(|value| value.to_string())),
            ("voiceBridge", self.voice_bridge),
            (
                "isBreakout",
                self.is_breakout.map(|value| value.to_string()),
            ),
            ("parentMeetingID", self.parent_meeting_id),
        ];
        let mut rest = self.rest;
        for (name, value) in fields {
            if let Some(value) = value {
                rest.take(name);
                all.push(name, value);
            }
        }
        for (name, value) in self.meta {
            all.push(format!("{META_PREFIX}{name}"), value);
        }
        for (name, value) in rest.iter() {
            all.push(name, value);
        }
        all
    }

    /// The metadata a server keeps: names in lower case, only those that can name an element.
    pub fn metadata(&self) -> impl Iterator<Item = (String, &str)> {
        self.meta
            .iter()
            .filter(|(name, _)| {
                let mut bytes = name.bytes();
                bytes
                    .next()
                    .is_some_and(|first| first.is_ascii_alphabetic())
                    && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
    }

    /// The first value of a piece of metadata, by its name in lower case.
    pub fn meta(&self, name: &str) -> Option<&str> {
        self.meta
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Takes a number. A server uses its default for what is none, so that stays as it is.
fn number(parameters: &mut Parameters, name: &str) -> Option<u64> {
    let value = parameters.get(name)?.trim().parse().ok()?;
    parameters.take(name);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Create, Failure> {
        Create::read(Parameters::from_query(query).unwrap())
    }

    #[test]
    fn known_parameters_are_read_and_unknown_ones_kept() {
        let create = read(
            "name=Room&meetingID=r1&attendeePW=ap&moderatorPW=mp&duration=60&maxParticipants=25\
             &record=true&voiceBridge=01234&meta_bbb-Origin=moodle&lockSettingsDisableCam=true&new=1",
        )
        .unwrap();
        assert_eq!(create.duration_minutes, Some(60));
        assert_eq!(create.max_participants, Some(25));
        assert_eq!(create.record, Some(true));
        assert_eq!(create.voice_bridge.as_deref(), Some("01234"));
        assert_eq!(create.meta("bbb-origin"), Some("moodle"));
        assert_eq!(create.rest.encode(), "lockSettingsDisableCam=true&new=1");
        assert_eq!(
            create.into_parameters().encode(),
            "name=Room&meetingID=r1&attendeePW=ap&moderatorPW=mp&duration=60&maxParticipants=25\
             &record=true&voiceBridge=01234&meta_bbb-Origin=moodle&lockSettingsDisableCam=true&new=1"
        );
    }

    #[test]
    fn a_number_a_server_would_ignore_goes_on_as_it_is() {
        let create = read("name=Room&meetingID=r1&duration=long").unwrap();
        assert_eq!(create.duration_minutes, None);
        assert_eq!(
            create.clone().into_parameters().get("duration"),
            Some("long")
        );
        let forced = Create {
            duration_minutes: Some(30),
            ..create
        };
        assert_eq!(
            forced.into_parameters().encode(),
            "name=Room&meetingID=r1&duration=30"
        );
    }

    #[test]
    fn each_broken_rule_has_its_refusal() {
        let long = "x".repeat(257);
        let table = [
            ("name=Room".to_owned(), Failure::missing_meeting_id()),
            (
                "name=Room&meetingID=".to_owned(),
                Failure::missing_meeting_id(),
            ),
            (
                "name=Room&meetingID=r".to_owned(),
                Failure::meeting_id_size(),
            ),
            (
                format!("name=Room&meetingID={long}"),
                Failure::meeting_id_size(),
            ),
            (
                "name=Room&meetingID=a,b".to_owned(),
                Failure::meeting_id_comma(),
            ),
            ("meetingID=r1".to_owned(), Failure::missing_meeting_name()),
            (
                "name=&meetingID=r1".to_owned(),
                Failure::empty_meeting_name(),
            ),
            (
                "name=R&meetingID=r1".to_owned(),
                Failure::meeting_name_size(),
            ),
            (
                "name=Room&meetingID=r1&voiceBridge=x".to_owned(),
                Failure::voice_bridge_type(),
            ),
            (
                "name=Room&meetingID=r1&attendeePW=a".to_owned(),
                Failure::invalid_password(),
            ),
            (
                "name=Room&meetingID=r1&record=yes".to_owned(),
                Failure::record_type(),
            ),
            (
                "name=Room&meetingID=r1&isBreakoutRoom=x".to_owned(),
                Failure::breakout_type(),
            ),
        ];
        for (query, expected) in table {
            assert_eq!(read(&query), Err(expected), "{query}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(read(&format!("name=Room&meetingID={}", "é".repeat(256))).is_ok());
    }

    #[test]
    fn metadata_that_cannot_name_an_element_is_left_out() {
        let create =
            read("name=Room&meetingID=r1&meta_Ok-1=a&meta_9=b&meta_a.b=c&meta_=d").unwrap();
        assert_eq!(
            create.metadata().collect::<Vec<_>>(),
            [("ok-1".to_owned(), "a")]
        );
        assert_eq!(create.meta.len(), 4);
    }
}
