//! What is written, read, and passed on by a gateway between the two.

use bigbluebutton::{
    Error, Failure,
    answer::{
        self, Attendee, Breakout, Created, Done, Index, Joined, Meeting, Meetings, Message,
        Metadata, Outcome, Recordings, Running,
    },
    xml::Element,
};
use proptest::prelude::*;

fn response(xml: &str) -> Element {
    match answer::read(xml.as_bytes()).expect("the answer is readable") {
        Outcome::Success(response) => response,
        Outcome::Failed(failure) => panic!("{failure}"),
    }
}

fn meeting() -> Meeting {
    Meeting {
        name: "Tea & talk".into(),
        meeting_id: "r1".into(),
        internal_id: "a0b1-1700000000000".into(),
        created_at_ms: 1_700_000_000_000,
        create_date: "Tue Nov 14 22:13:20 UTC 2023".into(),
        voice_bridge: "70757".into(),
        dial_number: "613-555-1234".into(),
        attendee_password: Some("ap".into()),
        moderator_password: Some("mp".into()),
        running: true,
        duration_minutes: 60,
        has_user_joined: true,
        recording: true,
        started_at_ms: 1_700_000_000_012,
        participant_count: 1,
        voice_participant_count: 1,
        video_count: 1,
        max_users: 25,
        moderator_count: 1,
        attendees: vec![Attendee {
            user_id: "w_1".into(),
            full_name: "Ada".into(),
            role: "MODERATOR".into(),
            is_presenter: true,
            has_joined_voice: true,
            has_video: true,
            client_type: "HTML5".into(),
            custom_data: Some([("bbb_x", "1")].into_iter().collect()),
            ..Attendee::default()
        }],
        metadata: [("bbb-origin", "moodle")].into_iter().collect(),
        ..Meeting::default()
    }
}

#[test]
fn a_meeting_is_written_in_the_order_of_a_server() {
    assert_eq!(
        meeting().to_xml(),
        "<response><returncode>SUCCESS</returncode><meetingName>Tea &amp; talk</meetingName>\
         <meetingID>r1</meetingID><internalMeetingID>a0b1-1700000000000</internalMeetingID>\
         <createTime>1700000000000</createTime>\
         <createDate>Tue Nov 14 22:13:20 UTC 2023</createDate><voiceBridge>70757</voiceBridge>\
         <dialNumber>613-555-1234</dialNumber><attendeePW>ap</attendeePW>\
         <moderatorPW>mp</moderatorPW><running>true</running><duration>60</duration>\
         <hasUserJoined>true</hasUserJoined><recording>true</recording>\
         <hasBeenForciblyEnded>false</hasBeenForciblyEnded><startTime>1700000000012</startTime>\
         <endTime>0</endTime><participantCount>1</participantCount>\
         <listenerCount>0</listenerCount><voiceParticipantCount>1</voiceParticipantCount>\
         <videoCount>1</videoCount><maxUsers>25</maxUsers><moderatorCount>1</moderatorCount>\
         <attendees><attendee><userID>w_1</userID><fullName>Ada</fullName>\
         <role>MODERATOR</role><isPresenter>true</isPresenter>\
         <isListeningOnly>false</isListeningOnly><hasJoinedVoice>true</hasJoinedVoice>\
         <hasVideo>true</hasVideo><clientType>HTML5</clientType>\
         <customdata><bbb_x>1</bbb_x></customdata></attendee></attendees>\
         <metadata><bbb-origin>moodle</bbb-origin></metadata>\
         <isBreakout>false</isBreakout></response>"
    );
}

#[test]
fn a_breakout_room_says_where_it_belongs() {
    let room = Meeting {
        is_breakout: true,
        breakout: Some(Breakout {
            parent_meeting_id: "p".into(),
            sequence: 2,
            free_join: true,
        }),
        breakout_rooms: vec!["x-1".into(), "x-2".into()],
        ..meeting()
    };
    let written = room.to_xml();
    assert!(written.ends_with(
        "<isBreakout>true</isBreakout><parentMeetingID>p</parentMeetingID><sequence>2</sequence>\
         <freeJoin>true</freeJoin><breakoutRooms><breakout>x-1</breakout><breakout>x-2</breakout>\
         </breakoutRooms></response>"
    ));
    assert_eq!(Meeting::from_response(response(&written)).unwrap(), room);
}

#[test]
fn a_gateway_replaces_the_id_and_drops_metadata_and_nothing_else() {
    let from_server = meeting().to_xml().replace(
        "<isBreakout>",
        "<pluginState a=\"1\"><x>2</x></pluginState><isBreakout>",
    );
    let mut read = Meeting::from_response(response(&from_server)).unwrap();
    read.metadata.set("gateway-tenant", "t1");
    read.meeting_id = "their own".into();
    read.metadata.remove("GATEWAY-tenant");
    let written = read.to_xml();
    assert!(written.contains("<meetingID>their own</meetingID><internalMeetingID>a0b1"));
    assert!(written.ends_with(
        "<isBreakout>false</isBreakout><pluginState a=\"1\"><x>2</x></pluginState></response>"
    ));
    assert!(!written.contains("gateway"));
}

#[test]
fn meetings_are_listed_and_none_is_said() {
    assert_eq!(
        Meetings::default().to_xml(),
        "<response><returncode>SUCCESS</returncode><meetings/><messageKey>noMeetings</messageKey>\
         <message>no meetings were found on this server</message></response>"
    );
    let all = Meetings(vec![
        meeting(),
        Meeting {
            meeting_id: "r2".into(),
            ..meeting()
        },
    ]);
    assert_eq!(Meetings::from_response(response(&all.to_xml())), all);
    let none = Meetings::from_response(response(&Meetings::default().to_xml()));
    assert_eq!(none, Meetings::default());
}

#[test]
fn a_server_of_another_age_is_understood() {
    let old = "<?xml version=\"1.0\"?>\n<response>\n  <returncode>success</returncode>\n  \
               <meetingID>r1</meetingID>\n  <participantCount>1,234</participantCount>\n  \
               <running> true </running>\n</response>\n";
    let read = Meeting::from_response(response(old)).unwrap();
    assert_eq!((read.participant_count, read.running), (1234, true));
}

#[test]
fn a_wrong_value_names_its_element() {
    let wrong = meeting()
        .to_xml()
        .replace("<videoCount>1<", "<videoCount>some<");
    let found = Meeting::from_response(response(&wrong));
    assert!(matches!(
        found,
        Err(Error::WrongValue {
            element: "videoCount",
            ..
        })
    ));
    let found = Meeting::from_response(response(
        "<response><returncode>SUCCESS</returncode></response>",
    ));
    assert!(matches!(
        found,
        Err(Error::Missing {
            element: "meetingID"
        })
    ));
}

#[test]
fn one_odd_meeting_hides_no_other() {
    let all = Meetings(vec![
        meeting(),
        Meeting {
            meeting_id: "r2".into(),
            duration_minutes: 5,
            ..meeting()
        },
    ]);
    let written = all.to_xml();
    for (odd, left) in [
        (written.replace("<duration>5<", "<duration>-5<"), 2),
        (written.replace("<duration>5<", "<duration>five<"), 2),
        (written.replace(">r2<", "><"), 1),
    ] {
        let read = Meetings::from_response(response(&odd));
        assert_eq!(read.0.len(), left);
        assert_eq!(read.0[0], all.0[0]);
        if let Some(odd) = read.0.get(1) {
            assert_eq!((odd.duration_minutes, odd.participant_count), (0, 1));
        }
    }
    let less = meeting()
        .to_xml()
        .replace("<duration>60<", "<duration>-60<");
    let read = Meeting::from_response(response(&less)).unwrap();
    assert_eq!(read.duration_minutes, 0);
}

#[test]
fn a_refusal_is_told_from_success() {
    let read = answer::read(Failure::meeting_not_found().to_xml().as_bytes()).unwrap();
    assert_eq!(read, Outcome::Failed(Failure::meeting_not_found()));
    for other in [
        "<html><body>Bad Gateway</body></html>",
        "<response/>",
        "not xml",
        "",
    ] {
        assert!(answer::read(other.as_bytes()).is_err(), "{other}");
    }
}

fn created() -> Created {
    Created {
        meeting_id: "r1".into(),
        internal_id: "a0b1-1700000000000".into(),
        parent_meeting_id: Created::NO_PARENT.into(),
        attendee_password: Some("ap".into()),
        moderator_password: None,
        created_at_ms: 1_700_000_000_000,
        voice_bridge: "70757".into(),
        dial_number: "613-555-1234".into(),
        create_date: "Tue Nov 14 22:13:20 UTC 2023".into(),
        has_user_joined: false,
        duration_minutes: 0,
        forcibly_ended: false,
        message_key: String::new(),
        message: String::new(),
        extra: Vec::new(),
    }
}

#[test]
fn a_created_meeting_has_its_message_even_when_it_is_empty() {
    let written = created().to_xml();
    assert_eq!(
        written,
        "<response><returncode>SUCCESS</returncode><meetingID>r1</meetingID>\
         <internalMeetingID>a0b1-1700000000000</internalMeetingID>\
         <parentMeetingID>bbb-none</parentMeetingID><attendeePW>ap</attendeePW>\
         <createTime>1700000000000</createTime><voiceBridge>70757</voiceBridge>\
         <dialNumber>613-555-1234</dialNumber>\
         <createDate>Tue Nov 14 22:13:20 UTC 2023</createDate>\
         <hasUserJoined>false</hasUserJoined><duration>0</duration>\
         <hasBeenForciblyEnded>false</hasBeenForciblyEnded><messageKey></messageKey>\
         <message></message></response>"
    );
    assert_eq!(
        Created::from_response(response(&written)).unwrap(),
        created()
    );
    let again = Created {
        message_key: Created::DUPLICATE.into(),
        message: Created::DUPLICATE_MESSAGE.into(),
        ..created()
    };
    assert!(
        Created::from_response(response(&again.to_xml()))
            .unwrap()
            .is_duplicate()
    );
}

#[test]
fn the_small_answers_are_written_and_read() {
    let index = Index {
        version: "2.0".into(),
        server_version: "3.0.0".into(),
        ..Index::default()
    };
    assert_eq!(
        index.to_xml(),
        "<response><returncode>SUCCESS</returncode><version>2.0</version>\
         <apiVersion>2.0</apiVersion><bbbVersion>3.0.0</bbbVersion></response>"
    );
    assert_eq!(
        Index::from_response(&response(&index.to_xml())).unwrap(),
        index
    );
    for running in [Running(true), Running(false)] {
        assert_eq!(
            Running::from_response(&response(&running.to_xml())).unwrap(),
            running
        );
    }
    for done in [
        Done::Published(false),
        Done::Deleted(true),
        Done::Updated(true),
        Done::Removed(true),
    ] {
        assert_eq!(
            Done::from_response(&response(&done.to_xml())).unwrap(),
            done
        );
    }
    assert_eq!(
        Message::default().to_xml(),
        "<response><returncode>SUCCESS</returncode><messageKey></messageKey><message></message>\
         </response>"
    );
    let end = Message::end_requested();
    assert_eq!(Message::from_response(&response(&end.to_xml())), end);
    let joined = Joined {
        message_key: Joined::SUCCESS.into(),
        message: Joined::SUCCESS_MESSAGE.into(),
        internal_meeting_id: "a0b1-1".into(),
        user_id: "w_1".into(),
        auth_token: "t".into(),
        session_token: "s".into(),
        guest_status: "ALLOW".into(),
        url: "https://h.example/html5client/?sessionToken=s".into(),
        extra: Vec::new(),
    };
    assert_eq!(
        Joined::from_response(response(&joined.to_xml())).unwrap(),
        joined
    );
}

#[test]
fn a_name_that_cannot_be_an_element_is_no_metadata() {
    let mut metadata = Metadata::new();
    assert!(metadata.set("gl-listed", "x"));
    assert!(!metadata.set("a b", "x"));
    assert!(!metadata.set("><script", "x"));
    assert_eq!(metadata.len(), 1);
}

prop_compose! {
    fn any_meeting()(
        texts in proptest::collection::vec("[ -~äößéñ€\n\t]{0,12}", 8),
        numbers in proptest::collection::vec(any::<u64>(), 10),
        flags in proptest::collection::vec(any::<bool>(), 8),
        people in 0usize..4,
        metadata in proptest::collection::btree_map("[a-z][a-z0-9-]{0,9}", "[ -~é]{0,9}", 0..5),
        passwords in proptest::option::of("[!-~]{2,9}"),
    ) -> Meeting {
        let attendee = Attendee {
            user_id: texts[0].clone(),
            full_name: texts[1].clone(),
            role: "VIEWER".into(),
            is_presenter: flags[0],
            is_listening_only: flags[1],
            has_joined_voice: flags[2],
            has_video: flags[3],
            client_type: texts[2].clone(),
            custom_data: flags[4].then(|| metadata.iter().collect()),
            extra: vec![],
        };
        Meeting {
            name: texts[3].clone(),
            meeting_id: format!("m{}", texts[4]),
            internal_id: texts[5].clone(),
            created_at_ms: numbers[0],
            create_date: texts[6].clone(),
            voice_bridge: texts[7].clone(),
            attendee_password: passwords.clone(),
            moderator_password: passwords,
            running: flags[5],
            duration_minutes: numbers[1],
            participant_count: numbers[2],
            video_count: numbers[3],
            attendees: vec![attendee; people],
            metadata: metadata.iter().collect(),
            is_breakout: flags[6],
            breakout: flags[6].then(|| Breakout {
                parent_meeting_id: texts[0].clone(), sequence: numbers[4], free_join: flags[7],
            }),
            ..Meeting::default()
        }
    }
}

proptest! {
    #[test]
    fn any_meeting_is_read_as_it_was_written(meeting in any_meeting()) {
        let all = Meetings(vec![meeting.clone(), meeting.clone()]);
        prop_assert_eq!(Meetings::from_response(response(&all.to_xml())), all);
        prop_assert_eq!(Meeting::from_response(response(&meeting.to_xml())).unwrap(), meeting);
    }

    #[test]
    fn a_mutated_answer_never_panics(
        meeting in any_meeting(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = Meetings(vec![meeting]).to_xml().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(Outcome::Success(response)) = answer::read(&bytes) {
            let _ = Meetings::from_response(response.clone());
            let _ = Recordings::from_response(response.clone());
            let _ = Created::from_response(response);
        }
    }
}
