//! Servers that do what they are asked, and remember which meetings they have.

use std::collections::BTreeMap;

use bigbluebutton::{
    Failure, Parameters,
    answer::{Format, Meeting, Meetings, Metadata, Recording, Recordings},
};
use domain::{id::TenantId, record::Room};
use federation::meetings::{
    Served,
    call::{Call, Method},
    scoped_id,
};

/// What a server says that created a meeting.
const CREATED: &str = "<response><returncode>SUCCESS</returncode><meetingID>m</meetingID>\
    <internalMeetingID>i-1</internalMeetingID><parentMeetingID>bbb-none</parentMeetingID>\
    <attendeePW>a</attendeePW><moderatorPW>m</moderatorPW><createTime>1800000000000</createTime>\
    <voiceBridge>70000</voiceBridge><dialNumber>0</dialNumber><createDate>x</createDate>\
    <hasUserJoined>false</hasUserJoined><duration>0</duration>\
    <hasBeenForciblyEnded>false</hasBeenForciblyEnded></response>";

/// How many people are in each meeting.
pub const PEOPLE: u64 = 7;

/// All servers as one.
#[derive(Default)]
pub struct Servers {
    /// The meetings that run, each with when it was created and the call that did so.
    running: BTreeMap<(TenantId, Room), (u64, Parameters)>,
    /// When the last meeting was created, in milliseconds since 1970.
    last_created_ms: u64,
    /// What was recorded, and whether it is published: whoever ends a recorded meeting leaves one.
    recorded: BTreeMap<(TenantId, Room), (bool, Metadata)>,
}

impl Servers {
    pub fn serve(&mut self, (tenant, room): (TenantId, Option<Room>), call: &Call) -> Served {
        let key = room.map(|room| (tenant, room));
        let done = match (call.method, key) {
            (Method::Create, Some(key)) => {
                let asked = Parameters::from_query(&call.query).unwrap();
                if !self.running.contains_key(&key) {
                    self.last_created_ms = self.last_created_ms.max(1_800_000_000_000) + 1;
                    self.running.insert(key, (self.last_created_ms, asked));
                }
                CREATED.to_owned()
            }
            // What was asked for stands in the address, so that tests see it.
            (Method::Join, Some(_)) => {
                format!("https://9.9.9.9/bigbluebutton/api/join?{}", call.query)
            }
            (Method::End, Some(key)) => match self.running.remove(&key) {
                Some((_, asked)) => {
                    if asked.get("record") == Some("true") {
                        let own_id = asked.get("meta_folkmoot-id").unwrap_or_default();
                        let mut metadata = Metadata::default();
                        metadata.set("folkmoot-id", own_id);
                        self.recorded.insert(key, (true, metadata));
                    }
                    message()
                }
                None => return refused(),
            },
            (Method::GetMeetingInfo, Some(key)) => match self.running.get(&key) {
                Some((created_at_ms, _)) => meeting(key, *created_at_ms).to_xml(),
                None => return refused(),
            },
            (Method::GetMeetings, _) => {
                let own = self.running.iter().filter(|((of, _), _)| *of == tenant);
                let all = own.flat_map(|(key, created)| listed(*key, created));
                Meetings(all.collect()).to_xml()
            }
            (Method::GetRecordings, _) => {
                let own = self.recorded.iter().filter(|((of, _), _)| *of == tenant);
                let recordings = own.map(|(key, kept)| recording(*key, kept));
                Recordings {
                    recordings: recordings.collect(),
                    ..Recordings::default()
                }
                .to_xml()
            }
            (Method::PublishRecordings, _) => {
                let publish = call.query.contains("publish=true");
                for (key, (published, _)) in &mut self.recorded {
                    if key.0 == tenant {
                        *published = publish;
                    }
                }
                message()
            }
            (Method::DeleteRecordings, _) => {
                self.recorded.retain(|(of, _), _| *of != tenant);
                message()
            }
            _ => CREATED.to_owned(),
        };
        Served::Done(done.into_bytes())
    }
}

fn refused() -> Served {
    Served::Refused(Failure::meeting_not_found().to_xml().into_bytes())
}

fn message() -> String {
    let said = "<response><returncode>SUCCESS</returncode><messageKey>done</messageKey>\
        <message>Done.</message></response>";
    said.to_owned()
}

/// The name of a meeting of which servers say what is not so.
pub const LIAR: &str = "Liar";

/// A meeting as a list of all has it.
fn listed(
    (tenant, room): (TenantId, Room),
    (created_at_ms, asked): &(u64, Parameters),
) -> Vec<Meeting> {
    let own_id = asked.get("meta_folkmoot-id").unwrap_or_default();
    let called = |own_id: &str, room| {
        let mut one = meeting((tenant, room), *created_at_ms);
        one.metadata.set("folkmoot-id", own_id);
        one
    };
    let mut first = called(own_id, room);
    if asked.get("name") != Some(LIAR) {
        return vec![first];
    }
    first.participant_count = 4_000_000_000;
    let elsewhere = Room::of(tenant, "made up");
    vec![
        called("made up", room),
        called(own_id, elsewhere),
        called("made up", elsewhere),
        first.clone(),
        first,
    ]
}

fn meeting((tenant, room): (TenantId, Room), created_at_ms: u64) -> Meeting {
    Meeting {
        meeting_id: scoped_id(tenant, room),
        internal_id: "i-1".to_owned(),
        running: true,
        created_at_ms,
        participant_count: PEOPLE,
        ..Meeting::default()
    }
}

fn recording(
    (tenant, room): (TenantId, Room),
    (published, own_id): &(bool, Metadata),
) -> Recording {
    let formats = [
        ("presentation", "https://9.9.9.9/playback"),
        ("video", "javascript:alert(1)"),
    ];
    let formats = formats.map(|(kind, url)| Format {
        kind: kind.to_owned(),
        url: url.to_owned(),
        length_minutes: Some(3),
        ..Format::default()
    });
    let mut recording = Recording {
        record_id: "r-1".to_owned(),
        meeting_id: scoped_id(tenant, room),
        published: *published,
        state: match published {
            true => "published".to_owned(),
            false => "unpublished".to_owned(),
        },
        started_at_ms: Some(1_800_000_000_000),
        metadata: own_id.clone(),
        ..Recording::default()
    };
    recording.set_formats(&formats);
    recording
}
