//! Recordings and hooks, written, read and passed on.

use bigbluebutton::{
    answer::{self, Format, Hook, HookCreated, Hooks, Image, Outcome, Recording, Recordings},
    xml::Element,
};

fn response(xml: &str) -> Element {
    match answer::read(xml.as_bytes()).expect("the answer is readable") {
        Outcome::Success(response) => response,
        Outcome::Failed(failure) => panic!("{failure}"),
    }
}

#[test]
fn hooks_are_written_and_read() {
    assert_eq!(
        Hooks::default().to_xml(),
        "<response><returncode>SUCCESS</returncode><hooks></hooks></response>"
    );
    let hook = Hook {
        hook_id: "1".into(),
        callback_url: "https://a/?b&c".into(),
        ..Hook::default()
    };
    let hooks = Hooks(vec![
        Hook {
            meeting_id: Some("r1".into()),
            ..hook.clone()
        },
        hook,
    ]);
    assert_eq!(
        Hooks::from_response(response(&hooks.to_xml())).unwrap(),
        hooks
    );
    for created in [
        HookCreated::New {
            hook_id: "1".into(),
            permanent: false,
            raw_data: true,
        },
        HookCreated::Duplicate {
            hook_id: "1".into(),
        },
    ] {
        assert_eq!(
            HookCreated::from_response(&response(&created.to_xml())).unwrap(),
            created
        );
    }
}

fn recording() -> Recording {
    let mut recording = Recording {
        record_id: "a0b1-1700000000000".into(),
        meeting_id: "r1".into(),
        internal_meeting_id: Some("a0b1-1700000000000".into()),
        name: "Tea".into(),
        published: true,
        state: "published".into(),
        started_at_ms: Some(1_700_000_000_000),
        ended_at_ms: None,
        participants: Some(3),
        metadata: [
            ("meetingId", "r1"),
            ("meetingName", "Tea"),
            ("gl-listed", "true"),
        ]
        .into_iter()
        .collect(),
        ..Recording::default()
    };
    recording.set_formats(&[
        Format {
            kind: "podcast".into(),
            url: "https://h/audio.ogg".into(),
            ..Format::default()
        },
        Format {
            kind: "presentation".into(),
            url: "https://h/playback/2.3/a0b1".into(),
            processing_time_ms: Some(7177),
            length_minutes: Some(33),
            images: vec![Image {
                url: "https://h/thumb-1.png".into(),
                alternative_text: "Welcome \"to\"".into(),
                width: 176,
                height: 136,
            }],
        },
    ]);
    recording
}

#[test]
fn a_recording_keeps_what_only_its_server_understands() {
    let all = Recordings {
        recordings: vec![recording()],
        extra: Vec::new(),
    };
    let from_server = all.to_xml().replace(
        "<length>33</length>",
        "<length>33</length><size>5</size><data><chapters n=\"2\"><c>a</c></chapters></data>",
    );
    let from_server =
        from_server.replace("</playback>", "</playback><rawSize>99</rawSize><download/>");
    let mut read = Recordings::from_response(response(&from_server));
    assert_eq!(read.to_xml(), from_server);
    assert_eq!(read.recordings[0].formats(), recording().formats());
    read.recordings[0].replace_meeting_id("theirs");
    let expected = from_server
        .replace("<meetingID>r1<", "<meetingID>theirs<")
        .replace("<meetingId>r1<", "<meetingId>theirs<");
    assert_eq!(read.to_xml(), expected);
}

#[test]
fn no_recordings_is_said() {
    let written = Recordings::default().to_xml();
    assert!(
        written.contains("<recordings/><messageKey>noRecordings</messageKey>"),
        "{written}"
    );
    assert_eq!(
        Recordings::from_response(response(&written)),
        Recordings::default()
    );
}
