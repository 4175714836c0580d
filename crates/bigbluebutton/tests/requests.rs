//! Calls are read, changed and sent on without losing anything.

use bigbluebutton::{
    Create, Join, Parameters,
    request::{End, RecordingFilter, SendChatMessage},
};
use proptest::prelude::*;

/// Names the API knows, names it does not, and values good and bad.
fn parameters() -> impl Strategy<Value = Parameters> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "name",
            "meetingID",
            "attendeePW",
            "moderatorPW",
            "duration",
            "maxParticipants",
            "record",
            "voiceBridge",
            "isBreakout",
            "parentMeetingID",
            "meta_a",
            "meta_B-c",
            "fullName",
            "firstName",
            "password",
            "role",
            "createTime",
            "userID",
            "guest",
            "redirect",
            "message",
            "userName",
            "recordID",
            "state",
            "limit",
            "offset",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z-]{1,8}",
    ];
    let value = prop_oneof![
        "[ -~é]{0,6}",
        prop::sample::select(vec![
            "true", "FALSE", "1", "12", "-3", "Room", "viewer", "a,b", ""
        ])
        .prop_map(str::to_owned),
    ];
    let known = Parameters::new()
        .with("meetingID", "room 1")
        .with("name", "Room")
        .with("fullName", "Ada")
        .with("message", "Tea");
    proptest::collection::vec((name, value), 0..12).prop_map(move |pairs| {
        let mut all: Parameters = pairs.into_iter().collect();
        all.merge(known.clone());
        all
    })
}

/// The first value of every name, as a servlet reads them.
fn firsts(parameters: &Parameters) -> std::collections::BTreeMap<String, String> {
    let mut firsts = std::collections::BTreeMap::new();
    for (name, value) in parameters.iter() {
        firsts
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }
    firsts
}

proptest! {
    #[test]
    fn a_create_sent_on_is_read_the_same(parameters in parameters()) {
        if let Ok(read) = Create::read(parameters) {
            let again = Create::read(read.clone().into_parameters());
            prop_assert_eq!(again, Ok(read));
        }
    }

    #[test]
    fn a_join_sent_on_is_read_the_same(parameters in parameters()) {
        if let Ok(read) = Join::read(parameters) {
            let again = Join::read(read.clone().into_parameters());
            prop_assert_eq!(again, Ok(read));
        }
    }

    #[test]
    fn nothing_without_a_field_is_lost(parameters in parameters()) {
        let before = firsts(&parameters);
        if let Ok(read) = Create::read(parameters) {
            let after = firsts(&read.into_parameters());
            for (name, value) in before {
                // An empty value and none are the same to a server; numbers may be written anew.
                if !value.is_empty() && name != "meetingID" && value.trim().parse::<u64>().is_err() {
                    let sent = after.get(&name).map(|sent| sent.to_ascii_lowercase());
                    let expected = match (name.as_str(), value.as_str()) {
                        ("record" | "isBreakout", "1") => "false".to_owned(),
                        _ => value.to_ascii_lowercase(),
                    };
                    prop_assert_eq!(sent, Some(expected), "{}", name);
                }
            }
        }
    }

    #[test]
    fn the_smaller_calls_sent_on_are_read_the_same(parameters in parameters()) {
        if let Ok(read) = End::read(parameters.clone()) {
            prop_assert_eq!(End::read(read.clone().into_parameters()), Ok(read));
        }
        if let Ok(read) = SendChatMessage::read(parameters.clone()) {
            prop_assert_eq!(SendChatMessage::read(read.clone().into_parameters()), Ok(read));
        }
        let read = RecordingFilter::read(parameters);
        prop_assert_eq!(RecordingFilter::read(read.clone().into_parameters()), read);
    }
}
