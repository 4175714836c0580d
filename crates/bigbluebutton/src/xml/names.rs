//! Names of elements that every answer is full of. They are kept once, so that a long answer costs
//! little more memory than its texts.

/// The names, sorted.
const NAMES: [&str; 85] = [
    "apiUrl",
    "apiVersion",
    "attendee",
    "attendeePW",
    "attendees",
    "bbb-context",
    "bbb-context-id",
    "bbb-context-name",
    "bbb-origin",
    "bbb-origin-server-name",
    "bbb-origin-version",
    "bbb-recording-ready-url",
    "bbbVersion",
    "breakout",
    "breakoutRooms",
    "callbackURL",
    "clientType",
    "createDate",
    "createTime",
    "customdata",
    "dialNumber",
    "duration",
    "endTime",
    "endcallbackurl",
    "format",
    "freeJoin",
    "fullName",
    "gl-listed",
    "graphqlApiUrl",
    "graphqlWebsocketUrl",
    "hasBeenForciblyEnded",
    "hasJoinedVoice",
    "hasUserJoined",
    "hasVideo",
    "hook",
    "hookID",
    "hooks",
    "image",
    "images",
    "internalMeetingID",
    "isBreakout",
    "isListeningOnly",
    "isPresenter",
    "length",
    "listenerCount",
    "maxUsers",
    "meeting",
    "meetingID",
    "meetingId",
    "meetingName",
    "meetings",
    "message",
    "messageKey",
    "metadata",
    "moderatorCount",
    "moderatorPW",
    "name",
    "parentMeetingID",
    "participantCount",
    "participants",
    "permanentHook",
    "playback",
    "preview",
    "processingTime",
    "published",
    "rawData",
    "rawSize",
    "recordID",
    "recording",
    "recordings",
    "response",
    "returncode",
    "role",
    "running",
    "sequence",
    "size",
    "startTime",
    "state",
    "type",
    "url",
    "userID",
    "version",
    "videoCount",
    "voiceBridge",
    "voiceParticipantCount",
];

/// The same name where it is kept, if it is.
pub(super) fn kept(name: &str) -> Option<&'static str> {
    NAMES
        .binary_search(&name)
        .ok()
        .map(|position| NAMES[position])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        assert!(NAMES.is_sorted());
        for name in NAMES {
            assert_eq!(kept(name), Some(name));
        }
        assert_eq!(kept("meetingid"), None);
    }
}
